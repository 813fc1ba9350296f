"""The errand's common ground: what was typed into a form, where known values came from, pages added to a paper.

Used by whoever fills in a draft: the applicant, an officer at the window with the applicant beside, a helper with a code.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.cases import offering, rules, services
from tongban.cases.models import Case, CaseMaterial
from tongban.channels.pages import filling
from tongban.channels.pages.templatetags.tongban import day
from tongban.departments.models import Officer
from tongban.lib.bilingual import say
from tongban.lib.formschema import Field, Form
from tongban.lib.problems import Problem
from tongban.licences.models import LicenceType
from tongban.materials import services as documents
from tongban.materials.models import Page
from tongban.parties.models import Account
from tongban.places import queries as places
from tongban.registers.models import Resource


def is_covered(one: Field) -> bool:
    """What only the applicant sees in full."""
    return one.personal


def named(one: Field, shown: str) -> str:
    """An answer as people read it: an area by its name, whose code only its register needs; a date as everywhere on the page."""
    if one.type == "date" and shown:
        return day(shown)
    row = places.division(shown) if one.type == "division" and shown else None
    return say(row.name) if row is not None else shown


def known_codes() -> dict:
    """The codes that fields may choose from beside their own options."""
    return {"division": set(places.divisions().values_list("code", flat=True))}


def divisions() -> list[tuple[str, str]]:
    return [(one.code, say(one.name)) for one in places.divisions()]


def answers_typed(request, case: Case, asked: Form, *, leave: Collection[str] = (), account: Account | None = None):
    """What was typed, as far as the fields of this page go: (judged, {field: answer, None where it was emptied}).

    `leave`: fields that whoever types here may not answer; what is sent for them is not looked at. `account`: for whom a second
    device works that is not signed in.
    """
    stored = rules.plain_values(case.values)
    given = {field: held["value"] for field, held in case.values.items() if held["source"] != "applicant"}
    typed = request.POST.copy()
    for name in [name for name in typed if name.split("-")[0] in leave]:
        del typed[name]
    files = {name: held for name, held in request.FILES.lists() if name.split("-")[0] not in leave}
    name, _dash, number = typed.get("remove-row", "").rpartition("-")
    if name in asked:
        typed[f"{name}-{number}-remove"] = "on"
    cleaned = asked.validate(
        typed, request.FILES if not leave else files, kept=stored, fixed=given, partial=True, known=known_codes()
    )
    for one in asked.reckoned_fields:  # judged when everything is together: this page may hold a part of what it takes
        cleaned.errors.pop(one.id, None)
    draft = dict(cleaned.draft)
    for name, held in cleaned.files.items():
        document = documents.keep(held, owner=case.applicant, by=account or request.user, name=say(asked[name].label))
        draft[name] = str(document.key)
    # A question that follows from an answer given just now was not on the page yet: what is known for it stays.
    on_page = {one.id for one in asked.visible(stored)} | {name.split("-")[0] for name in typed}
    shown = {one.id for one in asked.visible({**stored, **draft})} & on_page - set(leave)
    answers = {one.id: draft.get(one.id) for one in asked if one.id in shown and not (one.readonly and one.id in given)}
    return cleaned, answers


def save(
    request, case: Case, answers: Mapping, *, step: str, account: Account | None = None, carried: int | None = None
) -> Case:
    """Keep what was typed, if the page still shows what is kept. `carried`: the second device it was typed on."""
    try:
        revision = int(request.POST.get("revision", ""))
    except ValueError:
        revision = -1
    return services.save(
        case,
        dict(answers),
        revision=revision,
        account=account or request.user,
        saver=request.POST.get("tab", ""),
        step=step,
        carried=carried,
    )


def saved(case: Case, asked: Form, left: Collection[str] = ()) -> JsonResponse:
    """What a page that saves by itself is told: when, which revision it shows now, and what formulas make of the answers."""
    told = {"saved_at": timezone.localtime(case.saved_at).strftime("%H:%M"), "revision": case.revision}
    found = filling.results(asked, rules.plain_values(case.values), left)
    return JsonResponse({**told, "reckoned": found} if found else told)


def with_one_more_row(request, values: dict) -> dict:
    """An empty row at the end of the repeated group whose button was pressed (`add-row=staff`)."""
    name = request.POST.get("add-row")
    return {**values, name: [*(values.get(name) or []), {}]} if name else values


def labels_of(asked: Form, errors) -> dict[str, str]:
    """What each wrong field is called; a cell of a repeated group by its group, row and column."""
    labels = {one.id: say(one.label) for one in asked}
    for name in errors:
        head, *inner = name.split("-")
        if inner and head in asked:
            parts = {part.id.rpartition("-")[2]: say(part.label) for part in (*asked[head].columns, *asked[head].parts)}
            row = inner.pop(0) if inner[0].isdecimal() else None
            words = [labels[head], str(int(row) + 1) if row else "", parts.get("-".join(inner), "")]
            labels[name] = " ".join(word for word in words if word)
    return labels


def from_sources(case: Case) -> dict[str, dict]:
    """What stands in the form because some source said so: {field: what is held}, disputed values by the source that gave them."""
    return {
        field: {**one, "source": one.get("given_source") or one["source"]}
        for field, one in case.values.items()
        if one["source"] != "applicant" or "given_source" in one
    }


def sources(case: Case) -> dict[str, dict]:
    """Where each prefilled value came from, in words: {field: {"name", "at", "changed", "own"}}."""
    held = from_sources(case)
    names = names_of_sources({one["source"] for one in held.values()})
    return {
        field: {
            "name": names.get(one["source"], one["source"]),
            "at": datetime.fromisoformat(one["at"]),
            "changed": one["changed"],
            "own": "dispute" in one,
        }
        for field, one in held.items()
    } | _offered(case)


def names_of_sources(sources: Iterable[str]) -> dict[str, Any]:
    kinds: dict[str, set[str]] = {}
    for one in sources:
        kind, _colon, slug = one.partition(":")
        kinds.setdefault(kind, set()).add(slug)
    names = {
        f"register:{row.slug}": row.shown_name for row in Resource.objects.filter(slug__in=kinds.get("register", ()))
    }
    names |= {
        f"licence:{row.slug}": row.shown_name for row in LicenceType.objects.filter(slug__in=kinds.get("licence", ()))
    }
    names["account"] = _("your record")
    names |= {f"paper:{slug}": _("your upload, read by machine") for slug in kinds.get("paper", ())}
    return names


def _offered(case: Case) -> dict[str, dict]:
    """What another draft or a link brought: the applicant's own answer as soon as they sign, and until they change it said so."""
    return {
        field: {
            "name": _by_whom(one["offered"]),
            "at": datetime.fromisoformat(one["at"]),
            "changed": False,
            "own": True,
            "earlier": one["offered"] == offering.EARLIER,
        }
        for field, one in case.values.items()
        if "offered" in one
    }


def _by_whom(offered: str) -> str:
    if offered == offering.EARLIER:
        return _("an earlier application; please check it")
    return _("the link you opened; please check it") if offered == offering.LINK else _("your list")


# -- papers


def add_pages(case: Case, row: CaseMaterial, files, account: Account, *, seen_by: Officer | None = None) -> None:
    """Further pages of a paper, or its first. `seen_by`: the officer who holds the original in hand."""
    if row.document is not None and row.how == CaseMaterial.How.UPLOAD:
        if row.document.state == "kept":
            documents.add_pages(row.document, files, by=account)
            return
        document = documents.copy(row.document, by=account)  # what was handed in stays as it was
        documents.add_pages(document, files, by=account)
    else:
        document = documents.keep(files, owner=case.applicant, by=account, name=row.type.shown_name)
    services.attach(case, row.type.slug, document, account=account, seen_by=seen_by)


def why_not(refused: Problem | None) -> list[str]:
    """The sentences of a refusal, as they stand beside the field it is about."""
    if refused is None:
        return []
    said = [str(reason) for reasons in getattr(refused, "errors", {}).values() for reason in reasons]
    return said or [str(refused)]


def take_out(case: Case, row: CaseMaterial, page_id: str, account: Account) -> None:
    """One page out; with the last one the paper."""
    page = Page.objects.filter(pk=page_id if page_id.isdecimal() else 0, document=row.document).first()
    if page is None or row.document is None:
        raise Http404
    if row.document.pages.count() == 1:
        services.detach(case, row.type.slug, account=account)
    elif row.document.state == "kept":
        documents.remove_page(page, by=account)
    else:
        document = documents.copy(row.document, by=account)  # what was handed in stays as it was
        documents.remove_page(document.pages.get(order=page.order), by=account)
        services.attach(case, row.type.slug, document, account=account)
