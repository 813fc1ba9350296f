"""Packages of results on paper, as people look at them: the applicant's own, the lists of the issuing desk, one person's at one hall."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from tongban.cases import permission
from tongban.cases.delivery_states import OPEN, THERE, DeliveryState
from tongban.cases.models import Case, CaseDocument, Collection, Delivery, DeliveryItem, TrackingEvent
from tongban.departments.models import Officer
from tongban.parties.models import Party

A_PAGE = 50
COUNTED_TO = 200
TOGETHER = ("case", "case__version", "case__department", "case__applicant", "case__matter", "case__parent__matter")


def of_case(case: Case) -> list[Delivery]:
    """The packages of the errand, the newest first; of a part, those it lies in."""
    rows = Delivery.objects.filter(Q(case=case.pk) | Q(items__case=case.pk)).distinct().select_related("case")
    return list(rows.prefetch_related("items", "tracked").order_by("-id")[:5])


def to_fetch(party: Party, today: date) -> QuerySet[Delivery]:
    """What waits for this party at a hall or behind a door that its code opens, the first to end first."""
    there = Delivery.objects.filter(party=party.pk, state__in=THERE, until__gte=today).exclude(code="")
    return there.select_related("case__version", "case__matter").order_by("until", "id")


# -- the issuing desk

TABS = ("prepare", "waiting", "overdue", "locker", "posted", "unclaimed", "done")


def seen_by(officer: Officer) -> QuerySet[Delivery]:
    """Of everybody but oneself and those one acts for."""
    own = permission.handler_of(officer).parties
    rows = Delivery.objects.exclude(party_id__in=own) if own else Delivery.objects.all()
    return rows.select_related(*TOGETHER)


def _tab(rows: QuerySet[Delivery], tab: str, today: date) -> QuerySet[Delivery]:
    where = {
        "prepare": Q(state=DeliveryState.PREPARING),
        "waiting": Q(state=DeliveryState.WAITING),
        "overdue": Q(state=DeliveryState.PREPARING, due__lt=today),
        "locker": Q(state=DeliveryState.IN_LOCKER),
        "posted": Q(state=DeliveryState.POSTED),
        "unclaimed": Q(state=DeliveryState.UNCLAIMED),
        "done": Q(state=DeliveryState.HANDED_OVER),
    }
    return rows.filter(where[tab])


def page_of(officer: Officer, tab: str, *, today: date, after: int | None = None) -> tuple[list[Delivery], int | None]:
    """One page of a list, and where the next begins. What is to be done stands by its age, what is over with the newest first."""
    rows = _tab(seen_by(officer), tab, today)
    newest_first = tab in {"unclaimed", "done"}
    if after is not None:
        rows = rows.filter(pk__lt=after) if newest_first else rows.filter(pk__gt=after)
    several = Exists(DeliveryItem.objects.filter(delivery=OuterRef("pk")).order_by("pk")[1:2])
    rows = rows.annotate(more=several).order_by("-pk" if newest_first else "pk")
    found: list[Delivery] = [*rows[: A_PAGE + 1]]
    return found[:A_PAGE], found[A_PAGE - 1].pk if len(found) > A_PAGE else None


def counts(officer: Officer, today: date) -> dict[str, int]:
    """How many stand in each list that asks for work, up to a bound: nothing here counts a million rows."""
    rows = seen_by(officer).select_related(None)
    return {
        tab: len(_tab(rows, tab, today).values_list("pk", flat=True)[: COUNTED_TO + 1])
        for tab in ("prepare", "overdue", "waiting", "locker", "posted")
    }


def one(officer: Officer, ref: str) -> Delivery | None:
    return seen_by(officer).filter(ref=ref).first()


def of_person(row: Delivery, officer: Officer) -> list[Delivery]:
    """Everything on paper for the same person that is not over, this package first."""
    rows = seen_by(officer).filter(party=row.party_id, state__in=OPEN - {DeliveryState.CHOSEN}).order_by("pk")
    found = list(rows.prefetch_related("items__case__department", "items__licence", "tracked")[:30])
    return sorted(found, key=lambda one: one.pk != row.pk)


def to_print(row: Delivery, pk: int) -> DeliveryItem | None:
    return row.items.select_related("case", "licence__type").filter(pk=pk).first()


def collections_of(row: Delivery) -> list[Collection]:
    found = Collection.objects.filter(items__delivery=row.pk).distinct().select_related("officer", "person")
    return list(found.prefetch_related("items__case__department").order_by("-id"))


def collection(officer: Officer, ref: str) -> Collection | None:
    rows = Collection.objects.exclude(party_id__in=permission.handler_of(officer).parties)
    return rows.select_related("officer", "person", "party").filter(ref=ref).first()


def receipt(row: Collection, pk: int) -> CaseDocument | None:
    """The proof of delivery that one errand got in this hand-over."""
    errands = row.items.values("delivery__case")
    papers = CaseDocument.objects.filter(case__in=errands, kind="delivery_proof", made_at=row.at)
    return papers.select_related("case__department").filter(pk=pk).first()


def by_number(officer: Officer, number: str) -> Delivery | None:
    """The newest package of a case that is not over, by the case's number."""
    rows = seen_by(officer).filter(case__number=number, state__in=OPEN - {DeliveryState.CHOSEN})
    return rows.order_by("-id").first()


def tracked(row: Delivery) -> list[TrackingEvent]:
    """The latest first. Sent once more, it is the way of this parcel, and not of the one that came back or was lost."""
    said = sorted(row.tracked.all(), key=lambda one: (one.at, one.pk), reverse=True)
    if row.came_back_at is None or row.state not in {DeliveryState.POSTED, DeliveryState.HANDED_OVER}:
        return said
    of_this = [one for one in said if one.at > row.came_back_at]
    return of_this if of_this or row.state == DeliveryState.POSTED else said
