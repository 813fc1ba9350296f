"""What is asked of inspections of venues and of what they found."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from tongban.codes import queries_venues
from tongban.codes.colours import stem
from tongban.codes.models import Venue, VenueFinding, VenueVisit, VenueWorker, WorkerCheck
from tongban.codes.venue_states import VenueState
from tongban.codes.visit_states import FoundState, VisitState
from tongban.departments.models import Officer
from tongban.places.models import Division

SHOWN = 20
FIGURES_OF = timedelta(days=30)


def to_draw_from(area: Division, kind: str, today: date) -> QuerySet[Venue]:
    """Venues in use in the area, in the order in which the draw counts them."""
    rows = Venue.objects.filter(state=VenueState.ACTIVE, division__code__startswith=stem(area.code))
    rows = rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=today))
    return (rows.filter(kind=kind) if kind else rows).order_by("pk")


def workers_of(venue: Venue) -> QuerySet[VenueWorker]:
    return queries_venues.staff_of(venue)


def visit_by_ref(ref: str) -> VenueVisit | None:
    rows = VenueVisit.objects.select_related("venue__party", "inspector__department", "area", "instead_of")
    return rows.filter(ref=ref).first()


def of_inspector(officer: Officer, *, before: int | None = None) -> tuple[list[VenueVisit], int | None]:
    rows = VenueVisit.objects.filter(inspector=officer)
    return _page(rows, before)


def of_department(officer: Officer, *, before: int | None = None) -> tuple[list[VenueVisit], int | None]:
    """For whoever supervises: every draw, also those that were left, with their reason."""
    return _page(VenueVisit.objects.all(), before)


def _page(rows: QuerySet, before: int | None) -> tuple[list, int | None]:
    rows = rows.select_related("venue", "inspector", "area", "instead_of").order_by("-id")
    found = list((rows.filter(pk__lt=before) if before is not None else rows)[: SHOWN + 1])
    return found[:SHOWN], found[SHOWN - 1].pk if len(found) > SHOWN else None


def sample_of(visit: VenueVisit) -> list[VenueWorker]:
    """The drawn workers in the order of the draw; who has left the list meanwhile is not shown."""
    there = {row.pk: row for row in VenueWorker.objects.filter(pk__in=visit.sample).select_related("person")}
    return [there[pk] for pk in visit.sample if pk in there]


def checks_of(visit: VenueVisit) -> list[WorkerCheck]:
    return list(WorkerCheck.objects.filter(visit=visit).select_related("worker").order_by("id"))


def findings_of(venue: Venue, *, before: int | None = None) -> tuple[list[VenueFinding], int | None]:
    rows = VenueFinding.objects.filter(venue=venue).select_related("visit", "answered_by__person").order_by("-id")
    found = list((rows.filter(pk__lt=before) if before is not None else rows)[: SHOWN + 1])
    return found[:SHOWN], found[SHOWN - 1].pk if len(found) > SHOWN else None


def finding_by_key(pk: int) -> VenueFinding | None:
    return VenueFinding.objects.select_related("visit__inspector", "venue__party").filter(pk=pk).first()


def escalated(limit: int = SHOWN) -> list[VenueFinding]:
    rows = VenueFinding.objects.filter(state=FoundState.OVERDUE).select_related("venue", "visit__inspector")
    return list(rows.order_by("-id")[:limit])


def answered(officer: Officer | None, limit: int = SHOWN) -> list[VenueFinding]:
    """Answers that an inspector has to look at; for whoever supervises those of everybody."""
    rows = VenueFinding.objects.filter(state=FoundState.ANSWERED).select_related("venue", "visit__inspector")
    return list((rows.filter(visit__inspector=officer) if officer is not None else rows).order_by("id")[:limit])


def figures(at: datetime) -> dict[str, Any]:
    """Of the last 30 days, for whoever supervises: counts and no names."""
    since = at - FIGURES_OF
    visits = VenueVisit.objects.filter(drawn_at__gt=since).aggregate(
        drawn=Count("pk"),
        done=Count("pk", filter=Q(state=VisitState.DONE)),
        left=Count("pk", filter=Q(state=VisitState.LEFT)),
    )
    checks = WorkerCheck.objects.filter(at__gt=since).aggregate(
        checked=Count("pk"), not_fine=Count("pk", filter=Q(fine=False))
    )
    found = (
        VenueFinding.objects.filter(visit__drawn_at__gt=since).values("what").order_by("what").annotate(n=Count("pk"))
    )
    words = dict(VenueFinding.What.choices)
    return {**visits, **checks, "found": [(words[row["what"]], row["n"]) for row in found]}
