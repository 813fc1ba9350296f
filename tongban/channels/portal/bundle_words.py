"""The plan of a bundle as people read it: which matters, why, in which order, by when, what it costs and what to bring.

Answers stand in the address (`?chosen=alcohol-retail,fire-check:inspect`), so that a notice can be kept, sent on and printed.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tongban.cases import planning, rules
from tongban.cases.models import Case
from tongban.channels.pages import promise_words
from tongban.channels.pages.bundle_answers import OF, chosen
from tongban.channels.pages.templatetags.tongban import money
from tongban.channels.portal import guide_words
from tongban.departments import queries as departments_asked
from tongban.lib.bilingual import both, say
from tongban.licences.models import Licence
from tongban.matters import bundling
from tongban.matters.models import MaterialType, Matter, MatterVersion

BY_MEMBERS = both("各事项结果一并送达", "The results of all its matters")


# -- answers in the address


def is_canonical(query: QueryDict) -> bool:
    """Whether the answers stand in the address the one way in which it is shared."""
    return len(query.getlist("chosen")) < 2 and not any(name.startswith(OF) for name in query)


def canonical(query: QueryDict) -> str:
    if "chosen" not in query and not any(name.startswith(OF) for name in query):
        return ""
    return "?chosen=" + quote(",".join(chosen(query)), safe=",:-")


# -- the errand: the same plan while somebody applies


def beginning(version: MatterVersion, query: QueryDict) -> dict | None:
    """What the page before a draft says of a bundle: what applies by the answers given at the guide; None for a single matter."""
    if version.matter.kind != Matter.Kind.BUNDLE:
        return None
    plan = bundling.plan(version, chosen(query))
    return {"plan": plan, "waves": waves(plan), "chosen": plan.chosen, "back": canonical(query)}


def asked_by(case: Case) -> dict[str, list[str]]:
    """{field: who asks for it}, where it is not all of them and the heading above does not say it already."""
    if not planning.is_bundle(case):
        return {}
    plan = planning.plan_of(case)
    names = {one.slug: say(one.name) for one in plan.members}
    return {
        one["id"]: [names[slug] for slug in one["asked_by"]]
        for one in plan.form
        if len(one["asked_by"]) < len(names) and not one["section"].startswith(f"{bundling.TOGETHER}-")
    }


def checked(case: Case) -> dict | None:
    """What the last page before sending says of a bundle: members, fees, the promise."""
    if not planning.is_bundle(case):
        return None
    plan = planning.plan_of(case).with_fees_of(rules.plain_values(case.values))
    return {
        "plan": plan,
        "waves": waves(plan),
        "fees": fees(plan),
        "figures": figures(plan),
        "days": ngettext("%(n)s working day", "%(n)s working days", plan.promised_days) % {"n": plan.promised_days}
        if plan.promised_days
        else _("On the spot"),
    }


# -- the notice


def waves(plan: bundling.Plan, address: Callable[[str], str] | None = None) -> list[dict]:
    names = {one.slug: say(one.name) for one in plan.members}
    return [
        {"title": _wave_title(number, members), "members": [_member(one, names, address) for one in members]}
        for number, members in enumerate(plan.waves)
    ]


def notice(
    plan: bundling.Plan,
    *,
    types: Mapping[str, MaterialType],
    licence_names: Mapping[str, str],
    resource_names: Mapping[str, str],
    departments: Mapping[str, str],
    held: Mapping[str, Licence] | None,
    today: date,
    address: Callable[[str], str],
) -> dict:
    names = {one.slug: say(one.name) for one in plan.members}
    papers: list[dict[str, Any]] = []
    for one in plan.requirements:
        detail = {"originals": one.originals, "copies": one.copies, "electronic": 1, "when": one.when or {}}
        line = guide_words.document(
            plan.version, one, detail, types.get(one.slug), [], licence_names, resource_names, departments, held
        )
        papers.append({"one": line, "asked_by": [names[slug] for slug in one.asked_by], "times": len(one.asked_by)})
    running = waves(plan, address)
    due = departments_asked.calendar().due(today, plan.promised_days) if plan.promised_days else None
    return {
        "figures": figures(plan),
        "waves": running,
        "count": len(plan.members),
        "departments": len({one.version.matter.department_id for one in plan.members}),
        "bring": [one for one in papers if one["one"].state in ("upload", "later")],
        "ready": [one for one in papers if one["one"].state in ("have", "made")],
        "made": [
            {
                "name": types[one.slug].shown_name if one.slug in types else one.slug,
                "by": names[one.by],
                "asked_by": [names[slug] for slug in one.asked_by],
            }
            for one in plan.made
        ],
        "fees": fees(plan),
        "due": due.day if due else today,
        "provisional": bool(due and due.provisional),
        "days": plan.promised_days,
        "in_person": [one["name"] for wave in running for one in wave["members"] if one["in_person"]],
        "visits": plan.together.visits,
        "result": say(plan.version.result.get("name")) or say(BY_MEMBERS),
        "validity": say(plan.version.validity.get("text")),
    }


def _wave_title(number: int, members: Iterable[bundling.Member]) -> str:
    several = len(list(members)) > 1
    if number == 0:
        return _("At the same time") if several else _("First")
    return _("Then, at the same time") if several else _("Then")


def _member(one: bundling.Member, names: Mapping[str, str], address: Callable[[str], str] | None) -> dict:
    version = one.version
    situations = {each["id"]: each for each in version.situations}
    return {
        "slug": one.slug,
        "name": say(one.name),
        "href": address(one.slug) if address else "",
        "department": say(version.matter.department.name),
        "why": say(one.why),
        "mandatory": one.mandatory,
        "days": promise_words.days_in_words(version, one.situation),
        "fee": guide_words.fee_in_words(version),
        "in_person": one.in_person,
        "inspected": one.inspected,
        "situation": guide_words.listed(say(situations[each]) for each in one.situation if each in situations),
        "after": [names[slug] for slug in one.after],
        "result": say(version.result.get("name")),
    }


def figures(plan: bundling.Plan) -> list[dict]:
    """Separately and together, each with its words; a figure that does not become smaller shows only what it is."""
    apart, together = plan.separately, plan.together
    rows = [
        (_("Applications"), apart.applications, together.applications, ""),
        (_("Documents"), apart.documents, together.documents, ""),
        (
            _("Promised time"),
            apart.days,
            together.days,
            ngettext("working day", "working days", together.days) if together.days else "",
        ),
        (_("Visits"), apart.visits, together.visits, ""),
    ]
    return [
        {
            "label": label,
            "before": before if before > after else "",
            "after": after if after or label != _("Promised time") else _("On the spot"),
            "unit": unit,
            "words": _("%(before)s become %(after)s") % {"before": before, "after": after} if before > after else "",
        }
        for label, before, after, unit in rows
    ]


def fees(plan: bundling.Plan) -> dict:
    """Each fee by itself, and the sum of what is known."""
    rows = [
        {
            "name": say(one.name),
            "amount": money(one.amount) if one.amount is not None else say(one.text),
            "cases": [{"name": say(case["name"]), "amount": money(case["amount"])} for case in one.cases],
            "charged": one.charged,
            "how": say(one.text) if one.told else "",
        }
        for one in plan.fees
    ]
    return {
        "rows": [one for one in rows if one["charged"]],
        "free": [one["name"] for one in rows if not one["charged"]],
        "total": money(plan.fee_total) if plan.fee_total or not plan.fee_open else "",
        "open": bool(plan.fee_open),
    }
