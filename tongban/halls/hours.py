"""When a hall is open: its week, public holidays and make-up days, days with hours of their own. Times are local.

`spans_of` judges and touches nothing; the questions below it fetch what it needs: `Openings` for many halls in one statement, the rest for one.
On a make-up day a hall keeps the hours of a working day, on a public holiday it is closed; a day entered for the hall goes before both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import BigIntegerField, DateField
from django.utils import timezone

from tongban.departments import queries as departments
from tongban.halls.models import Hall, HallDay
from tongban.lib.composed import composed
from tongban.lib.workdays import HOLIDAY, MAKE_UP_DAY, Calendar, DayKind

Span = tuple[datetime, datetime]

LOOK_AHEAD = 60  # days: longer than any closing that is worth waiting for
WEEK = ["workdays", "saturday", "sunday"]


def parse_span(written: str) -> tuple[time, time]:
    """`09:00-17:30` as two times; a ValueError where it is none or ends before it begins."""
    begins, ends = (time.fromisoformat(part.strip()) for part in written.split("-"))
    if ends <= begins or begins.tzinfo or ends.tzinfo:
        raise ValueError(written)
    return begins, ends


def hours_of(hours: Mapping[str, Any], day: date, kind: DayKind, exception: list[str] | None = None) -> list[str]:
    """The written hours of a day: what was entered for it, else by the kind of day."""
    if exception is not None:
        return list(exception)
    if kind.reason == HOLIDAY:
        return []
    if kind.reason == MAKE_UP_DAY or day.weekday() < 5:
        return list(hours.get("workdays") or [])
    return list(hours.get("saturday" if day.weekday() == 5 else "sunday") or [])


def spans_of(hours: Mapping[str, Any], day: date, kind: DayKind, exception: list[str] | None = None) -> list[Span]:
    return sorted(
        (_at(day, begins), _at(day, ends)) for begins, ends in map(parse_span, hours_of(hours, day, kind, exception))
    )


def _at(day: date, hour: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, hour))


@dataclass(frozen=True)
class OpenDay:
    """One day of one hall as a page shows it. `name`: of the holiday; `reason`: why hours differ, in two languages, {} where they do not."""

    day: date
    spans: list[Span]
    kind: DayKind
    reason: dict[str, str]
    differs: bool = False


class Openings:
    """Hours of many halls between two days, fetched once."""

    def __init__(self, halls: Iterable[Hall], first: date, last: date, calendar: Calendar | None = None):
        self.halls = list(halls)
        self.first, self.last = first, last
        self.calendar = calendar or departments.calendar()
        rows: Iterable[HallDay]
        if len(self.halls) == 1:
            rows = _days_of(hall=self.halls[0].pk, first=first, last=last)
        else:
            rows = HallDay.objects.filter(hall__in=[hall.pk for hall in self.halls], day__gte=first, day__lte=last)
            rows = rows.only("hall_id", "day", "hours", "reason")
        self.days = {(row.hall_id, row.day): row for row in rows}

    @classmethod
    def now(cls, halls: Iterable[Hall], at: datetime, days: int = 1) -> "Openings":
        today = timezone.localdate(at)
        return cls(halls, today, today + timedelta(days=days - 1))

    def day(self, hall: Hall, day: date) -> OpenDay:
        if not self.first <= day <= self.last:
            raise ValueError(f"{day} was not fetched")
        row, kind = self.days.get((hall.pk, day)), self.calendar.is_working_day(day)
        spans = spans_of(hall.hours, day, kind, None if row is None else row.hours)
        return OpenDay(day, spans, kind, row.reason if row else {}, row is not None)

    def spans(self, hall: Hall, day: date) -> list[Span]:
        return self.day(hall, day).spans

    def is_open(self, hall: Hall, at: datetime) -> bool:
        return hall.active and any(begins <= at < ends for begins, ends in self.spans(hall, timezone.localdate(at)))

    def closes(self, hall: Hall, at: datetime) -> datetime | None:
        """When the hours that run now end; None while it is closed."""
        return next((e for b, e in self.spans(hall, timezone.localdate(at)) if b <= at < e), None)

    def next_opening(self, hall: Hall, at: datetime) -> datetime | None:
        """The next time doors open after `at`, within the days fetched. An open hall: the time after this one."""
        day = max(self.first, timezone.localdate(at))
        while day <= self.last:
            for begins, _ends in self.spans(hall, day):
                if begins > at:
                    return begins
            day += timedelta(days=1)
        return None


@composed(hall=BigIntegerField(), first=DateField(), last=DateField())
def _days_of(hall, first, last):
    return HallDay.objects.filter(hall_id=hall, day__gte=first, day__lte=last)


def spans(hall: Hall, day: date) -> list[Span]:
    """The hours of a hall on a day, the earliest first; empty: closed."""
    return Openings([hall], day, day).spans(hall, day)


def is_open(hall: Hall, at: datetime) -> bool:
    return Openings.now([hall], at).is_open(hall, at)


def tickets_until(hall: Hall, day: date) -> datetime | None:
    """From when no ticket is given any more on this day; None when the hall is closed all day."""
    return last_ticket(hall, spans(hall, day))


def last_ticket(hall: Hall, of_the_day: list[Span]) -> datetime | None:
    if not of_the_day:
        return None
    begins, ends = of_the_day[-1]
    return max(begins, ends - timedelta(minutes=hall.stop_minutes))


def takes_tickets(hall: Hall, at: datetime) -> bool:
    """Open, and early enough for the number still to be called today."""
    of_the_day = spans(hall, timezone.localdate(at))
    until = last_ticket(hall, of_the_day)
    return hall.active and until is not None and at < until and any(begins <= at < ends for begins, ends in of_the_day)


def next_opening(hall: Hall, at: datetime) -> datetime | None:
    """When doors open next after `at`; None where the coming two months hold nothing."""
    return Openings.now([hall], at, LOOK_AHEAD).next_opening(hall, at) if hall.active else None
