"""The questions of a bundle's guide on a page, and the answers that an address or a form carries."""

from django.http import QueryDict

from tongban.cases import planning
from tongban.cases.models import Case
from tongban.channels.pages import promise_words
from tongban.lib.bilingual import say
from tongban.matters import bundling

OF = "of-"  # a radio group needs a name of its own: of-fire-check=inspect is the answer fire-check:inspect
MOST_ANSWERS, LONGEST_ANSWER = 60, 120


def chosen(query: QueryDict) -> list[str]:
    """The answers in an address or a form, however they were written there."""
    said = [part.strip() for value in query.getlist("chosen") for part in value[:4000].split(",")]
    said += [f"{name[len(OF) :]}:{query[name]}" for name in query if name.startswith(OF) and query[name]]
    return [one for one in dict.fromkeys(said) if one and len(one) <= LONGEST_ANSWER][:MOST_ANSWERS]


def questions(plan: bundling.Plan) -> dict[str, list[dict]]:
    """`ticks`: yes when ticked; `choices`: one of several, only for matters that apply."""
    applying = {one.slug for one in plan.members}
    ticks, choices = [], []
    for one in plan.questions:
        line = {"id": one.id, "text": say(one.text), "help": say(one.help) if one.help else ""}
        if not one.options:
            ticks.append({**line, "on": one.id in plan.chosen})
        elif one.member in applying:
            version = plan.member(one.member).version
            hints = {
                f"{one.member}:{each['id']}": promise_words.about_situation(version, each)
                for each in version.situations
            }
            options = [
                {
                    "value": each.id.split(":", 1)[1],
                    "label": say(each.name),
                    "hint": hints.get(each.id, ""),
                    "on": each.id in plan.chosen,
                }
                for each in one.options
            ]
            choices.append({**line, "name": f"{OF}{one.member}", "options": options, "open": one in plan.unanswered})
    return {"ticks": ticks, "choices": choices}


def of_case(case: Case) -> dict[str, list[dict]] | None:
    """The questions of a draft; None where it is of a single matter."""
    return questions(planning.plan_of(case)) if planning.is_bundle(case) else None


def answered(case: Case, post: QueryDict) -> list[str]:
    """The answers a page of questions sent; parts that apply because of what the applicant holds stay."""
    held = bundling.by_holding(case.version)
    return [*(one for one in case.situation if one in held), *(one for one in chosen(post) if one not in held)]


def asks(case: Case) -> bool:
    """Whether there is anything to choose before the form."""
    return bool(planning.plan_of(case).questions) if planning.is_bundle(case) else len(case.version.situations) > 1
