"""What is asked about inspections and public notices, each from somebody's eyes."""

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from tongban.cases.inspection_states import InspectionState
from tongban.cases.models import Case, Inspection, PublicNotice, PublicObjection
from tongban.cases.permission import handler_of
from tongban.cases.states import IN_REVIEW
from tongban.departments.models import Officer
from tongban.parties.models import Party

AT_MOST = 50
OPEN_STATES = [InspectionState.ORDERED, InspectionState.PLANNED]


def _with_case(rows: QuerySet[Inspection]) -> QuerySet[Inspection]:
    return rows.select_related(
        "case__department", "case__version", "case__applicant", "case__matter", "first", "second"
    )


def of_inspector(officer: Officer) -> list[Inspection]:
    """What this officer is named for and is not done, the next first; without a day last."""
    rows = Inspection.objects.filter(Q(first=officer) | Q(second=officer), state__in=OPEN_STATES)
    return list(_with_case(rows).order_by(F("planned_for").asc(nulls_last=True), "id")[:AT_MOST])


def to_plan(officer: Officer) -> list[Inspection]:
    """Ordered in this officer's department and not planned yet, or planned without somebody: the oldest first."""
    rows = Inspection.objects.filter(
        Q(planned_for__isnull=True) | Q(first__isnull=True) | Q(second__isnull=True),
        case__department=officer.department,
        state__in=OPEN_STATES,
    ).exclude(Q(first=officer) | Q(second=officer))
    return list(_with_case(rows).order_by("id")[:AT_MOST])


def by_ref(ref: str) -> Inspection | None:
    return _with_case(Inspection.objects.filter(ref=ref)).first()


def of_case(case: Case) -> list[Inspection]:
    """Every inspection of a case, the newest first, with who signed."""
    rows = Inspection.objects.filter(case=case).select_related("first__department", "second__department")
    return list(rows.prefetch_related("signatures").order_by("-id"))


def notices_open(*, before: int | None = None, limit: int = 25) -> tuple[list[PublicNotice], int | None]:
    """What is published now, the newest first, and where the next page begins."""
    rows = PublicNotice.objects.filter(over_at__isnull=True, until__gte=timezone.localdate())
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows.select_related("case__version", "case__department").order_by("-id")[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def notice_by_ref(ref: str) -> PublicNotice | None:
    """A notice by its address; one that is over stays readable for a year, without a way to object."""
    return PublicNotice.objects.filter(ref=ref).select_related("case__version", "case__department").first()


def objection_of(party: Party, notice: PublicNotice) -> PublicObjection | None:
    return PublicObjection.objects.filter(party=party, notice=notice).first()


def objections_to_answer(officer: Officer) -> QuerySet[PublicObjection]:
    """What nobody has answered yet in this officer's department, the notice that ends first at the top; not about an application of their own."""
    rows = PublicObjection.objects.filter(
        answered_at__isnull=True, taken_back_at__isnull=True, notice__case__department=officer.department,
        notice__case__state__in=IN_REVIEW,
    ).exclude(notice__case__applicant__in=handler_of(officer).parties)  # fmt: skip
    return rows.select_related("notice__case__version").order_by("notice__until", "id")


def objections_of(case: Case) -> list[PublicObjection]:
    """What was objected to notices of this case, the oldest first; what was taken back stands among them."""
    rows = PublicObjection.objects.filter(notice__case=case)
    return list(rows.select_related("notice", "party", "answered_by").order_by("id"))
