"""What the page of things to be done together says: each matter, all papers once, what it comes to, and where one errand would do."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tongban.cases.models import Case, ListedMatter
from tongban.cases.states import CaseState
from tongban.channels.pages import promise_words
from tongban.channels.pages.templatetags.tongban import money
from tongban.channels.portal import guide_words
from tongban.lib.bilingual import say
from tongban.licences.models import Licence
from tongban.matters import bundling, promises
from tongban.matters.models import MaterialType, Matter, MatterVersion

TO_BRING = ("upload", "later")
OFFERED_AT_MOST = 2


@dataclass
class Line:
    """One matter on the list, as the page shows it."""

    slug: str
    name: str
    version: MatterVersion | None
    case: Case | None = None
    plan: bundling.Plan | None = None
    for_me: bool = True
    papers: list = field(default_factory=list)

    @property
    def begun(self) -> bool:
        return self.case is not None

    @property
    def sent(self) -> bool:
        return self.case is not None and self.case.state != CaseState.DRAFT

    @property
    def situation(self) -> list[str]:
        return self.case.situation if self.case is not None else []

    @property
    def startable(self) -> bool:
        return self.case is None and self.version is not None and self.version.online

    @property
    def department(self) -> str:
        return say(self.version.matter.department.name) if self.version else ""

    @property
    def served(self) -> str:
        return guide_words.listed(guide_words.served(self.version)) if self.version else ""

    @property
    def days(self) -> str:
        if self.plan is not None:
            days = self.plan.promised_days
            return ngettext("%(n)s working day", "%(n)s working days", days) % {"n": days} if days else _("On the spot")
        return promise_words.days_in_words(self.version, self.situation) if self.version else ""

    @property
    def visits(self) -> str:
        return guide_words.visits_in_words(self.version) if self.version else ""

    @property
    def fee(self) -> str:
        if self.plan is not None:
            if self.plan.fee_total or not self.plan.fee_open:
                return money(self.plan.fee_total) + (" +" if self.plan.fee_open else "")
            return _("As its matters say")
        return guide_words.fee_in_words(self.version) if self.version else ""


def lines(
    slugs: Iterable[str], rows: Mapping[str, ListedMatter], serves: Callable[[MatterVersion], bool]
) -> list[Line]:
    """In the order of the list; `rows` of whoever is signed in."""
    slugs = list(slugs)
    published = MatterVersion.objects.filter(matter__slug__in=slugs, state=MatterVersion.State.PUBLISHED)
    versions = {one.matter.slug: one for one in published.select_related("matter__department")}
    found = []
    for slug in slugs:
        row, version = rows.get(slug), versions.get(slug)
        if row is None and version is None:
            continue
        name = version.shown_name if version else say(row.case.version.name) if row and row.case else slug
        line = Line(slug=slug, name=name, version=version, case=row.case if row else None)
        if version is not None:
            line.for_me = serves(version)
            if version.matter.kind == Matter.Kind.BUNDLE:
                line.plan = bundling.plan(version, ())
        found.append(line)
    return found


def materials_of(found: Iterable[Line]) -> set[str]:
    slugs: set[str] = set()
    for line in found:
        if line.plan is not None:
            slugs |= {one.slug for one in line.plan.requirements}
        elif line.version is not None:
            slugs |= {row["material"] for row in line.version.requirements}
            slugs |= {slug for one in line.version.situations for slug in one.get("adds", ())}
    return slugs


def papers(
    found: Iterable[Line],
    types: Mapping[str, MaterialType],
    licence_names: Mapping[str, str],
    resource_names: Mapping[str, str],
    held: Mapping[str, Licence] | None,
    departments: Mapping[str, str],
) -> dict[str, Any]:
    """Every paper once, with the matters that want it: what is to be brought, and what is there already."""
    merged: dict[str, dict] = {}
    for line in found:
        if line.sent:
            continue
        for one in _needed(line, types, licence_names, resource_names, held, departments):
            row = merged.setdefault(one.slug, {"one": one, "asked_by": [], "required": False})
            row["asked_by"].append(line.name)
            row["required"] |= one.required
            if (
                one.state in TO_BRING
                and row["one"].state not in TO_BRING
                or one.state == row["one"].state
                and row["one"].when
                and not one.when
            ):  # one that wants it on paper decides
                row["one"] = one
    rows = sorted(merged.values(), key=lambda row: not row["required"])
    return {
        "bring": [row for row in rows if row["one"].state in TO_BRING],
        "ready": [row for row in rows if row["one"].state not in TO_BRING],
        "once": sum(len(row["asked_by"]) - 1 for row in rows),
    }


def _needed(line: Line, types, licence_names, resource_names, held, departments) -> list:
    if line.version is None:
        return []
    own = held if line.for_me else None
    if line.plan is None:
        return guide_words.documents(
            line.version, line.case.situation if line.case else [], types, licence_names, resource_names, own,
            departments=departments,
        )  # fmt: skip
    return [
        guide_words.document(
            line.plan.version, one,
            {"originals": one.originals, "copies": one.copies, "electronic": 1, "when": one.when or {}},
            types.get(one.slug), [], licence_names, resource_names, departments, own,
        )
        for one in line.plan.requirements
    ]  # fmt: skip


def totals(found: Iterable[Line], bring: int) -> list[dict]:
    """What it comes to, in large numerals; what a department has not said is not counted as nothing."""
    still = [line for line in found if not line.sent and line.version is not None]
    fee, open_fees, visits, unsaid = 0, False, 0, False
    for line in still:
        version = line.version
        assert version is not None
        if line.plan is not None:
            fee += int(line.plan.fee_total or 0)
            open_fees |= bool(line.plan.fee_open)
        elif version.fee.get("charged"):
            fee += version.fee.get("amount") or 0
            open_fees |= not version.fee.get("amount")
        elif not version.fee:
            open_fees = True
        together = line.plan.together.visits if line.plan is not None else version.visits
        visits += together or 0
        unsaid |= together is None
    days = [
        line.plan.promised_days if line.plan else promises.days(line.version, line.situation)
        for line in still
        if line.version
    ]
    longest = max((one for one in days if one is not None), default=None)
    return [
        {"label": _("Matters"), "value": len(still), "unit": "", "note": ""},
        {"label": _("Documents to add"), "value": bring, "unit": "", "note": _("each once, for all of them")},
        {
            "label": _("Visits"),
            "value": visits,
            "unit": "",
            "note": _("Not every department has said.") if unsaid else _("at most, if none can be joined") if visits > 1 else "",
        },
        {
            "label": _("Fees"),
            "value": money(fee) if fee else _("Not stated") if open_fees else _("Free"),
            "note": _("and what depends on your case") if open_fees and fee else "",
            "words": not fee,
        },
        {
            "label": _("The last one is done within"),
            "value": _("Not stated") if longest is None else longest or _("On the spot"),
            "unit": ngettext("working day", "working days", longest) if longest else "",
            "note": _("They run side by side."),
            "words": not longest,
        },
    ]  # fmt: skip


def one_errand(found: Iterable[Line]) -> list[dict]:
    """Bundles that are made of two or more of these: the same thing with one form, one set of papers and one promise."""
    names = {line.slug: line.name for line in found if line.startable}
    here = {line.slug for line in found}
    if len(names) < 2:
        return []
    rows = MatterVersion.objects.filter(matter__kind=Matter.Kind.BUNDLE, state=MatterVersion.State.PUBLISHED)
    offers = []
    for row in rows.select_related("matter").only(
        "name", "members", "matter__slug", "online_depth", "channels", "form"
    ):
        members = [member["matter"] for member in row.members]
        covered = [slug for slug in members if slug in names]
        further = [one["matter"] for one in row.members if one.get("required") and one["matter"] not in names]
        if row.matter.slug in here or not row.online or len(covered) < 2 or len(further) > len(covered):
            continue
        offers.append((len(further), -len(covered), row, covered, further))
    offers.sort(key=lambda one: (one[1], one[0], one[2].matter.slug))
    chosen: list[dict] = []
    taken: set[str] = set()
    for _further, _covered, row, covered, further in offers:
        if not taken & set(covered) and len(chosen) < OFFERED_AT_MOST:
            taken |= set(covered)
            chosen.append({"slug": row.matter.slug, "name": row.shown_name, "covers": [names[one] for one in covered], "further": further})  # fmt: skip
    more = {slug for one in chosen for slug in one["further"]}
    others = MatterVersion.objects.filter(matter__slug__in=more, state=MatterVersion.State.PUBLISHED)
    also = {one.matter.slug: one.shown_name for one in others.select_related("matter").only("name", "matter__slug")}
    return [{**one, "further": [also[slug] for slug in one["further"] if slug in also]} for one in chosen]
