"""Days to be kept that no clock of a case counts: an answer owed, an order to put right. A corrected calendar counts them anew.

A clock stores its length. Of these, each room says which rows are open, which field is the day, and from when and how long it is counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from tongban.departments import queries
from tongban.journal import services as journal
from tongban.lib.workdays import Calendar, Due

RECOUNT = "departments.recount_duties"
TOGETHER = 200


@dataclass(frozen=True)
class Duty:
    """`counted` of a row: the day it runs from and its working days; None where it was written before that was stored. Such a row keeps the
    day it was given, and only goes on to the next working day if that turned out to be off.

    `never_earlier`: somebody was given this day in writing, and no calendar takes time from them.
    `provisional`: the field, if there is one, that says the day rests on a year without a published list.
    `moved` is called with the rows that have another day now, in the same transaction.
    """

    name: str
    rows: Callable[[], QuerySet]
    day: str
    counted: Callable[[Any], tuple[date, int] | None]
    never_earlier: bool = False
    provisional: str = ""
    moved: Callable[[list[Any]], None] | None = None


DUTIES: dict[str, Duty] = {}


def enter(duty: Duty) -> None:
    DUTIES[duty.name] = duty


@journal.carrier(RECOUNT)
def recount(duty: str, after: int = 0, first: str = "") -> None:
    """Count the open rows of one duty again, 200 in a transaction; those over before `first` rest on no changed day. Twice finds nothing."""
    which, calendar = DUTIES[duty], queries.calendar()
    rows = which.rows().filter(pk__gt=after)
    if first:
        rows = rows.filter(**{f"{which.day}__gte": date.fromisoformat(first)})
    with transaction.atomic():
        found = list(rows.order_by("pk")[:TOGETHER])
        moved = [row for row in found if _counted_anew(which, row, calendar)]
        if moved and which.moved is not None:
            which.moved(moved)
        if len(found) == TOGETHER:
            journal.enqueue(RECOUNT, duty=duty, after=found[-1].pk, first=first)


def _counted_anew(duty: Duty, row: Any, calendar: Calendar) -> bool:
    """Whether it has another day now. What was done or counted by somebody else meanwhile is left as it is: the row decides."""
    before: date = getattr(row, duty.day)
    counted = duty.counted(row)
    due = calendar.due(*counted) if counted is not None else calendar.on_or_after(Due(before, False))
    day = due.day or before
    if duty.never_earlier:
        day = max(day, before)
    said: dict[str, Any] = {duty.day: day}
    if duty.provisional and counted is not None:
        said[duty.provisional] = due.provisional
    if all(getattr(row, name) == value for name, value in said.items()):
        return False
    if not _still(duty, row, before).update(**said):
        return False
    for name, value in said.items():
        setattr(row, name, value)
    return day != before


def _still(duty: Duty, row: Any, before: date) -> QuerySet:
    return duty.rows().filter(pk=row.pk, **{duty.day: before})
