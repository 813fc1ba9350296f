"""What editors ask of the catalogue: which matters are theirs, what stands where, what happened to a version."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from tongban.departments import queries as departments
from tongban.departments import rules as duty
from tongban.departments.models import Department, Officer
from tongban.lib.bilingual import say
from tongban.lib.formschema import ACTION
from tongban.matters import fees
from tongban.matters.editing import conditions, designing
from tongban.matters.editing.drafting import EVERYWHERE
from tongban.matters.models import Draft, MaterialType, Matter, MatterVersion, Theme

State = MatterVersion.State
PAGE = 30
MANY = 2000


def of(officer: Officer) -> QuerySet[Matter]:
    """The matters this officer works on: of the own department, or of all for the service office; certified for."""
    rows = Matter.objects.select_related("department")
    if officer.department.code != EVERYWHERE:
        rows = rows.filter(department=officer.department)
    certified = departments.certifications(officer, timezone.localdate())
    if duty.EVERY_MATTER not in certified:
        never = ~Q(versions__state__in=[State.PUBLISHED, State.RETIRED])
        rows = rows.filter(Q(slug__in=certified) | never & Q(origin="editor")).distinct()
    return rows


@dataclass(frozen=True)
class Line:
    """One matter in the list: what is in force, what is being written, what is to come."""

    matter: Matter
    published: MatterVersion | None
    draft: MatterVersion | None
    coming: MatterVersion | None
    ending: Any

    @property
    def name(self) -> str:
        one = self.published or self.draft or self.coming
        return one.shown_name if one else self.matter.slug


STATES = ("draft", "in_check", "scheduled", "published", "ended")


def page(
    officer: Officer, *, q: str = "", state: str = "", department: str = "", after: str = ""
) -> tuple[list[Line], str]:
    """A page of the catalogue by short name, and where the next one begins."""
    rows = of(officer)
    if state in ("draft", "in_check", "scheduled", "published"):
        rows = rows.filter(pk__in=MatterVersion.objects.filter(state=state).values("matter"))
    elif state == "ended":
        rows = rows.filter(retirement__isnull=False)
    if department:
        rows = rows.filter(department__code=department)
    if q:
        living = MatterVersion.objects.filter(state__in=[State.PUBLISHED, State.DRAFT, State.IN_CHECK, State.SCHEDULED])
        named = living.filter(Q(name__zh__icontains=q) | Q(name__en__icontains=q))
        rows = rows.filter(Q(slug__icontains=q) | Q(basic_code=q) | Q(pk__in=named.values("matter")))
    if after:
        rows = rows.filter(slug__gt=after)
    shown = (State.PUBLISHED, State.DRAFT, State.IN_CHECK, State.SCHEDULED)
    versions = MatterVersion.objects.filter(state__in=shown).select_related("draft__begun_by", "draft__here")
    versions = versions.only(
        *("matter", "number", "state", "effective_from", "name", "online_depth", "channels", "form", "provenance"),
        *("draft__begun_by__name", "draft__saved_at", "draft__given_back", "draft__here__name"),
    )
    rows = rows.select_related("department", "retirement").prefetch_related(
        Prefetch("versions", versions, to_attr="living")
    )
    found = list(rows.order_by("slug")[: PAGE + 1])
    lines = [_line(row) for row in found[:PAGE]]
    return lines, found[PAGE - 1].slug if len(found) > PAGE else ""


def _line(matter: Any) -> Line:
    by_state: dict[str, MatterVersion] = {one.state: one for one in matter.living}
    return Line(
        matter,
        by_state.get(State.PUBLISHED),
        by_state.get(State.DRAFT) or by_state.get(State.IN_CHECK),
        by_state.get(State.SCHEDULED),
        getattr(matter, "retirement", None),
    )


def versions(matter: Matter) -> list[MatterVersion]:
    """All versions, the newest first, with who wrote and who checked."""
    rows = matter.versions.select_related("draft__begun_by", "draft__base", "submitted_by", "checked_by")
    rows = rows.only(
        *("matter", "number", "state", "effective_from", "name", "why", "provenance"),
        *("submitted_by__name", "checked_by__name", "draft__begun_by__name", "draft__begun_at", "draft__base__number"),
    )
    return list(rows.order_by("-number")[:200])


def history(slug: str) -> tuple[Matter, list[MatterVersion]] | None:
    """What anybody may read: every version that was in force, since when, and what changed with it."""
    matter = Matter.objects.select_related("department", "retirement__forward_to").filter(slug=slug).first()
    if matter is None:
        return None
    rows = matter.versions.filter(state__in=[State.PUBLISHED, State.RETIRED], effective_from__isnull=False)
    found = list(rows.only("matter", "number", "state", "effective_from", "name", "why").order_by("-number")[:200])
    return (matter, found) if found else None


def in_force(matter: Matter | None) -> MatterVersion | None:
    return matter.versions.filter(state=State.PUBLISHED).only("name", "matter").first() if matter is not None else None


def coming(matter: Matter) -> MatterVersion | None:
    """The version that was passed for a later day: people may know it before."""
    return matter.versions.filter(state=State.SCHEDULED).only("effective_from", "why", "matter").first()


def draft_of(officer: Officer, pk: int) -> MatterVersion | None:
    """A version that editors work on or look at, if its matter is theirs."""
    rows = MatterVersion.objects.select_related(
        "matter__department", "draft__base", "draft__begun_by", "submitted_by", "checked_by"
    )
    return rows.filter(pk=pk, matter__in=of(officer), draft__isnull=False).first()


def saves(version: MatterVersion, *, before: int = 0) -> list[Any]:
    rows = version.draft.saves.select_related("by").order_by("-number")
    return list(rows.filter(number__lt=before)[:50] if before else rows[:50])


def lists(version: MatterVersion) -> dict[str, list]:
    """What can be chosen in the editor, by the names that `elements` uses."""
    materials = list(MaterialType.objects.only("slug", "name"))
    bodies = list(Department.objects.only("code", "name"))
    found: dict[str, list] = {
        "materials": sorted(((row.slug, row.shown_name) for row in materials), key=lambda one: one[1]),
        "themes": [(row.slug, row.shown_name) for row in Theme.objects.all()],
        "departments": [(row.code, row.shown_name) for row in bodies],
        "department_names": [(row.code, row.name) for row in bodies],
        "form_fields": [
            (one.get("id", ""), say(one.get("label") or {"zh": one.get("zh", ""), "en": one.get("en", "")}))
            for one in version.form
            if one.get("type") != ACTION
        ],
        "form_facts": [
            (fact.name, fact) for fact in conditions.facts_of_form(designing.readable(version.form)).values()
        ],
        "fee_answers": [(name, say(words)) for name, words in fees.answers(version.form)],
    }
    if version.matter.kind == Matter.Kind.BUNDLE:
        rows = MatterVersion.objects.filter(state=State.PUBLISHED, matter__kind=Matter.Kind.MATTER).select_related(
            "matter"
        )
        rows = rows.only("name", "online_depth", "channels", "form", "matter__slug").order_by("matter__slug")[:MANY]
        known = [(row.matter.slug, {"name": row.name, "online": row.online}) for row in rows]
        found["matter_names"] = known
        found["matters"] = [(slug, say(of_it["name"])) for slug, of_it in known]
        found["matters_here"] = [(one["matter"], say(one.get("name"))) for one in version.members]
    return found


def waiting_for(officer: Officer) -> int:
    """How many versions wait to be checked by somebody like this officer (at most 99)."""
    rows = MatterVersion.objects.filter(state=State.IN_CHECK, matter__in=of(officer)).exclude(submitted_by=officer)
    return len(rows.values_list("pk", flat=True)[:99])


def open_drafts() -> QuerySet[Draft]:
    return Draft.objects.filter(version__state__in=[State.DRAFT, State.IN_CHECK])
