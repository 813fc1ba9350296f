"""Which colour a person's code has. Blue, always, while no emergency order with health colours is in force where they live.

Nothing is stored that could stay on: an order that ended, was lifted or never began turns everything of it off at that second.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q, QuerySet

from tongban.codes.models import EmergencyOrder, HealthStatus
from tongban.codes.order_states import OrderState
from tongban.parties.models import Account, Person
from tongban.parties.rules import VERIFIED
from tongban.places.models import Division

BLUE, GREEN, YELLOW, RED, GREY = "blue", "green", "yellow", "red", "grey"
COLOURS = (BLUE, GREEN, YELLOW, RED, GREY)


def orders_in_force(at: datetime) -> QuerySet[EmergencyOrder]:
    """Every order that holds at this moment, the newest first. One that was lifted later than `at` held then."""
    began = EmergencyOrder.objects.filter(starts_at__lte=at, ends_at__gt=at)
    held = Q(state=OrderState.IN_FORCE) | Q(state=OrderState.LIFTED, lifted_at__gt=at)
    return began.filter(held).select_related("area").order_by("-id")


def order_in_force(
    at: datetime, area: Division | str | None = None, *, measure: str | None = None
) -> EmergencyOrder | None:
    """The order that holds at this moment (in this division, if one is named), or none, which is how it is by default.

    `measure`: only one that switches on `health_colours`, `server_diary` or `entry_rules`. Of several the newest.
    """
    code = area.code if isinstance(area, Division) else area
    for order in orders_in_force(at):
        if (measure is None or getattr(order, measure)) and (code is None or covers(order, code)):
            return order
    return None


def covers(order: EmergencyOrder, code: str) -> bool:
    """Whether a division lies in the order's area: codes of parts begin with that of the whole, which ends in zeros above a district."""
    return code.startswith(stem(order.area.code))


def concerns(order: EmergencyOrder, code: str | None) -> bool:
    """Whether somebody with an address there has a colour under this order: who lives in its area, and whoever is registered
    nowhere or in another city but has an account here, because they are somewhere here."""
    return code is None or covers(order, code) or code[:2] != order.area.code[:2]


def stem(code: str) -> str:
    if len(code) == 6:
        return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
    return code


def colour_of(party_id: int, at: datetime) -> str:
    return colours_of([party_id], at)[party_id]


def colours_of(ids: Iterable[int], at: datetime) -> dict[int, str]:
    """Colours of many at once, in a constant number of queries: one while no order is in force.

    Companies are blue, always. Under an order: a decided status; else grey where nobody proved who the person is, else green.
    """
    found = dict.fromkeys(ids, BLUE)
    orders = [order for order in orders_in_force(at) if order.health_colours]
    if not orders or not found:
        return found
    persons = list(
        Person.objects.filter(pk__in=list(found)).values_list("pk", "division__code", "same_as").order_by("pk")
    )
    records = _records_of({lead or pk for pk, _code, lead in persons})
    statuses = _statuses({one for same in records.values() for one in same}, orders, at)
    unproved = set(
        Account.objects.filter(person__in=[pk for pk, *_rest in persons], level__lt=VERIFIED).values_list(
            "person", flat=True
        )
    )
    for pk, code, lead in persons:
        decided = max((statuses[one] for one in records[lead or pk] if one in statuses), default=None)
        if decided is not None:
            found[pk] = decided[1]
        elif any(concerns(order, code) for order in orders):
            found[pk] = GREY if pk in unproved else GREEN
    return found


def _records_of(leads: set[int]) -> dict[int, list[int]]:
    """Several records may be one person: a status of one is a status of all."""
    records = {lead: [lead] for lead in leads}
    for pk, lead in Person.objects.filter(same_as__in=leads).exclude(pk=F("same_as")).values_list("pk", "same_as"):
        if lead is not None:
            records[lead].append(pk)
    return records


def statuses_in_force(at: datetime) -> QuerySet[HealthStatus]:
    """Decided statuses that hold at this moment; whether their order does is asked of the order."""
    holds = HealthStatus.objects.filter(since__lte=at, until__gt=at)
    return holds.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=at))


def _statuses(people: set[int], orders: list[EmergencyOrder], at: datetime) -> dict[int, tuple[int, str]]:
    rows = statuses_in_force(at).filter(person__in=people, order__in=orders)
    newest: dict[int, tuple[int, str]] = {}
    for pk, person, colour in rows.order_by("pk").values_list("pk", "person", "colour"):
        newest[person] = (pk, colour)
    return newest
