"""What is asked of orders, statuses, appeals and their public figures."""

from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from tongban.codes import bases, colours
from tongban.codes.models import EmergencyOrder, HealthStatus, StatusAppeal, StatusDay, StatusLine, StatusProposal
from tongban.codes.order_states import AppealState, OrderState, ProposalState
from tongban.parties.models import Party

SHOWN = 20
FEW = 5  # a figure below it could point at somebody
FIGURES_OF = timedelta(days=30)


# -- orders


def order_by_ref(ref: str) -> EmergencyOrder | None:
    rows = EmergencyOrder.objects.select_related("area", "proposed_by", "decided_by", "lifted_by", "prolongs")
    return rows.filter(ref=ref).first()


def published(
    at: datetime, *, before: int | None = None
) -> tuple[list[EmergencyOrder], list[EmergencyOrder], int | None]:
    """For everybody: what is in force now; what was (the newest first), and where the next page begins."""
    now = list(colours.orders_in_force(at))
    rows = EmergencyOrder.objects.filter(state__in=[OrderState.IN_FORCE, OrderState.LIFTED]).select_related("area")
    rows = rows.exclude(pk__in=[row.pk for row in now])
    if before is not None:
        rows = rows.filter(pk__lt=before)
    past, following = _page(rows.order_by("-id"))
    return now, past, following


def orders(*, before: int | None = None) -> tuple[list[EmergencyOrder], int | None]:
    rows = EmergencyOrder.objects.select_related("area", "proposed_by", "decided_by").order_by("-id")
    return _page(rows.filter(pk__lt=before) if before is not None else rows)


def standing(row: EmergencyOrder, at: datetime) -> str:
    """How an order stands at this moment: what the state alone does not say is that its end has come."""
    return "ended" if row.state == OrderState.IN_FORCE and row.ends_at <= at else str(row.state)


def measures_of(row: EmergencyOrder) -> list[str]:
    return [name for name in bases.MEASURES if getattr(row, name)]


# -- figures


def figures(today: date) -> list[dict]:
    """By day and basis, for everybody. Under five is said as "under five", and there is no sum from which it could be taken out."""
    rows = StatusDay.objects.filter(day__gt=today - FIGURES_OF).order_by("-day", "basis", "colour")
    return [
        {
            "day": row.day,
            "basis": bases.STATUS_BASES[row.basis].name,
            "colour": row.colour,
            "colour_words": bases.COLOUR_WORDS[row.colour],
            "persons": row.persons if row.persons >= FEW else None,
        }
        for row in rows
        if row.persons
    ]


# -- proposals, notices, appeals at the office


def proposals(*, before: int | None = None) -> tuple[list[StatusProposal], int | None]:
    rows = StatusProposal.objects.select_related("proposed_by", "decided_by", "order__area").order_by("-id")
    return _page(rows.filter(pk__lt=before) if before is not None else rows)


def waiting(limit: int = SHOWN) -> list[StatusProposal]:
    rows = StatusProposal.objects.filter(state=ProposalState.PROPOSED).select_related("proposed_by", "order__area")
    return list(rows.order_by("id")[:limit])


def proposal_by_ref(ref: str) -> StatusProposal | None:
    rows = StatusProposal.objects.select_related("order__area", "proposed_by", "signed_by", "decided_by")
    return rows.filter(ref=ref).first()


def lines_of(row: StatusProposal, *, after: int = 0) -> tuple[list[StatusLine], int | None]:
    rows = StatusLine.objects.filter(proposal=row, pk__gt=after).select_related("person").order_by("id")
    return _page(rows)


def notices_to_hand_over(*, after: int = 0) -> tuple[list[HealthStatus], int | None]:
    """Of people without an account: somebody has to bring them the paper."""
    rows = HealthStatus.objects.filter(told_at__isnull=True, pk__gt=after).select_related("line__proposal", "person")
    return _page(rows.order_by("id"))


def status_by_key(pk: int) -> HealthStatus | None:
    rows = HealthStatus.objects.select_related("line__proposal", "person", "order__area", "appeal")
    return rows.filter(pk=pk).first()


def appeals_waiting(*, limit: int = SHOWN) -> list[StatusAppeal]:
    rows = StatusAppeal.objects.filter(state=AppealState.OPEN).select_related("status__line__proposal")
    return list(rows.order_by("due", "id")[:limit])


def appeal_by_key(pk: int) -> StatusAppeal | None:
    rows = StatusAppeal.objects.select_related(
        "status__line__proposal", "status__person", "status__order", "answered_by", "taken_by"
    )
    return rows.filter(pk=pk).first()


# -- the person's own


def statuses_of(party: Party, limit: int = SHOWN) -> list[HealthStatus]:
    """All of them, the newest first, whichever of the person's records they stand at."""
    return list(_of(party).order_by("-id")[:limit])


def status_of(party: Party, pk: int) -> HealthStatus | None:
    return _of(party).filter(pk=pk).first()


def _of(party: Party) -> QuerySet[HealthStatus]:
    same = Q(person=party.pk) | Q(person__same_as=party.pk)
    person = getattr(party, "person", party)
    if getattr(person, "same_as_id", None):
        same |= Q(person__same_as=person.same_as_id) | Q(person=person.same_as_id)
    return HealthStatus.objects.filter(same).select_related("line__proposal", "order__area", "appeal__answered_by")


def holds(row: HealthStatus, at: datetime) -> bool:
    order = row.order
    in_force = order.starts_at is not None and order.starts_at <= at < order.ends_at
    lifted = order.lifted_at is not None and order.lifted_at <= at
    ended = row.ended_at is not None and row.ended_at <= at
    return in_force and not lifted and not ended and row.since <= at < row.until


def _page(rows: QuerySet) -> tuple[list, int | None]:
    found = list(rows[: SHOWN + 1])
    return found[:SHOWN], found[SHOWN - 1].pk if len(found) > SHOWN else None
