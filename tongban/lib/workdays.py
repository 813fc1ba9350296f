"""Promises are dates computed from stored facts: working days with holidays, make-up days, pauses and lights.

A working day is Monday to Friday without the days off, plus the make-up days. The day of the event never counts; day 1 is the
first working day after it. A year without a published list is computed as plain Monday to Friday and everything that rests on
it is marked provisional.
"""

import calendar as calendar_of_months
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from .problems import Invalid

LONGEST = 10_000  # working days: about forty years, beyond any period of law
LONGEST_MONTHS = 1_200

WEEKDAY, WEEKEND, HOLIDAY, MAKE_UP_DAY = "weekday", "weekend", "holiday", "make_up_day"
GREEN, YELLOW, RED, BLACK = "green", "yellow", "red", "black"

ONE_DAY = timedelta(days=1)

REASONS = {
    WEEKDAY: _("Monday to Friday"),
    WEEKEND: _("weekend"),
    HOLIDAY: _("public holiday"),
    MAKE_UP_DAY: _("make-up working day"),
}


@dataclass(frozen=True)
class Year:
    """The list of one year. It may name days of the year before (the days around 1 January are announced together)."""

    days_off: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    official: bool = True
    names: Mapping[date, str] = field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "days_off", frozenset(map(_as_date, self.days_off)))
        object.__setattr__(self, "workdays", frozenset(map(_as_date, self.workdays)))

    @classmethod
    def from_holiday_list(cls, listed: Mapping) -> "Year":
        """One year's file as published by holiday-cn: days with isOffDay; an empty list is a year not yet announced."""
        days = [(date.fromisoformat(day["date"]), day["isOffDay"], day.get("name", "")) for day in listed["days"]]
        return cls(
            days_off=frozenset(day for day, off, _name in days if off),
            workdays=frozenset(day for day, off, _name in days if not off),
            official=bool(days),
            names={day: name for day, _off, name in days},
        )


@dataclass(frozen=True)
class DayKind:
    working: bool
    reason: str
    provisional: bool
    name: str = ""


@dataclass(frozen=True)
class Due:
    """`day` is None while a pause is open: nobody can know yet; `left` is what remains to count after it ends."""

    day: date | None
    provisional: bool
    left: int = 0

    @property
    def paused(self) -> bool:
        return self.day is None


@dataclass(frozen=True)
class ServiceHours:
    opens: time = time(9)
    closes: time = time(17)
    every_day: bool = False

    def __post_init__(self):
        if self.opens >= self.closes:
            raise ValueError("service hours must open before they close")


class Calendar:
    def __init__(self, years: Mapping[int, Year]):
        self.years = dict(sorted(years.items()))
        self._kinds: dict[int, tuple[date, ...]] = {}

    @classmethod
    def load(cls, folder: Path) -> "Calendar":
        """Every `<year>.json` of the folder."""
        listed = (
            json.loads(path.read_text("utf-8")) for path in sorted(Path(folder).glob("[0-9][0-9][0-9][0-9].json"))
        )
        return cls({one["year"]: Year.from_holiday_list(one) for one in listed})

    @property
    def known_until(self) -> int | None:
        """The last year with a published list."""
        return max((number for number, year in self.years.items() if year.official), default=None)

    @cached_property
    def _listed(self) -> dict[date, tuple[bool, str]]:
        """Day -> (off, name); a later list has the last word on a day that two lists name."""
        listed = {}
        for year in self.years.values():
            listed.update({day: (True, year.names.get(day, "")) for day in year.days_off})
            listed.update({day: (False, year.names.get(day, "")) for day in year.workdays})
        return listed

    def _is_official(self, number: int) -> bool:
        year = self.years.get(number)
        return year is not None and year.official

    def is_working_day(self, day: date) -> DayKind:
        provisional = not self._is_official(day.year)
        if day in self._listed:
            off, name = self._listed[day]
            plain = day.weekday() < 5
            if off:
                return DayKind(False, HOLIDAY, provisional, name)
            return DayKind(True, WEEKDAY if plain else MAKE_UP_DAY, provisional, name)
        if day.weekday() < 5:
            return DayKind(True, WEEKDAY, provisional)
        return DayKind(False, WEEKEND, provisional)

    def _working_days_of(self, number: int) -> tuple[date, ...]:
        days = self._kinds.get(number)
        if days is None:
            first = date(number, 1, 1).toordinal()
            last = date(number, 12, 31).toordinal()
            every = (date.fromordinal(ordinal) for ordinal in range(first, last + 1))
            days = self._kinds[number] = tuple(day for day in every if self.is_working_day(day).working)
        return days

    def due(self, start: date, working_days: int) -> Due:
        """The day on which the Nth working day after `start` falls; none to count is the start day itself."""
        start = _day_of(start)
        _check(working_days)
        if working_days == 0:
            return Due(start, not self._is_official(start.year))
        return Due(*self._count(start, working_days))

    def _count(self, start: date, working_days: int) -> tuple[date, bool]:
        left, provisional = working_days, False
        first = min(start, date.max - ONE_DAY) + ONE_DAY
        for number in range(first.year, date.max.year + 1):
            days = self._working_days_of(number)
            provisional = provisional or not self._is_official(number)
            skipped = bisect_right(days, start) if number == first.year else 0
            if len(days) - skipped >= left:
                return days[skipped + left - 1], provisional
            left -= len(days) - skipped
        return date.max, True

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; 0 when `end` is not later."""
        start, end = _day_of(start), _day_of(end)
        if end <= start:
            return 0
        counted = 0
        for number in range(start.year, end.year + 1):
            days = self._working_days_of(number)
            low = bisect_right(days, start) if number == start.year else 0
            high = bisect_right(days, end) if number == end.year else len(days)
            counted += high - low
        return counted

    def next_working_day(self, day: date) -> date:
        return self._count(_day_of(day), 1)[0]

    def due_with_pauses(self, start: date, working_days: int, pauses: Iterable[tuple[date, date | None]] = ()) -> Due:
        """Neither the day a pause begins nor the day it ends counts, nor any between; pauses that overlap count once.

        Under a pause still open there is no due day yet, unless the limit fell before it.
        """
        _check(working_days)
        counted_until, left = _day_of(start), working_days
        provisional = False
        for begun, ended in _merged(pauses):
            if ended is not None and ended <= counted_until:
                continue
            used = self.working_days_between(counted_until, begun - ONE_DAY)
            if used >= left:
                break
            left -= used
            if ended is None:
                return Due(None, True, left)
            provisional = provisional or not all(map(self._is_official, range(counted_until.year, ended.year + 1)))
            counted_until = ended
        due = self.due(counted_until, left)
        return Due(due.day, due.provisional or provisional)

    def due_in_days(self, start: date, days: int, pauses: Iterable[tuple[date, date | None]] = ()) -> Due:
        """A limit in calendar days, paused as working days are. Never moved on because it ends on a day off: that would favour the office."""
        _check(days)
        counted_until, left = _day_of(start), days
        for begun, ended in _merged(pauses):
            if ended is not None and ended <= counted_until:
                continue
            used = max((begun - ONE_DAY - counted_until).days, 0)
            if used >= left:
                break
            left -= used
            if ended is None:
                return Due(None, True, left)
            counted_until = ended
        return Due(counted_until + timedelta(days=left), False)

    def due_in_months(self, start: date, months: int, pauses: Iterable[tuple[date, date | None]] = ()) -> Due:
        """A limit in calendar months: the same day of a later month, or its last one (31 January and a month is the end of February).

        Days of pauses, merged, are added behind it.
        """
        if not 0 <= months <= LONGEST_MONTHS:
            raise ValueError(f"{months} months are no limit")
        whole = _day_of(start).year * 12 + _day_of(start).month - 1 + months
        year, month = divmod(whole, 12)
        day = min(_day_of(start).day, calendar_of_months.monthrange(year, month + 1)[1])
        due = date(year, month + 1, day)
        for begun, ended in _merged(pauses):
            if begun > due:
                break
            if ended is None:
                return Due(None, True, (due - begun).days + 1)
            if ended > start:
                due += timedelta(days=(ended - max(begun, start)).days)
        return Due(due, False)

    def on_or_after(self, due: Due) -> Due:
        """The end of somebody's own time: one that falls on a day off is the next working day (Civil Code, art. 203)."""
        if due.day is None or self.is_working_day(due.day).working:
            return due
        return Due(self.next_working_day(due.day), due.provisional or not self._is_official(due.day.year), due.left)

    def yellow_from(
        self, start: date, length: int, pauses: Iterable[tuple[date, date | None]] = (), *, calendar_days: bool = False
    ) -> date | None:
        """The first day on which `light` is yellow for a limit of this length; None while a pause is open that hides it."""
        pauses = list(pauses)
        if calendar_days:
            due = self.due_in_days(start, length, pauses).day
            third = self.due_in_days(start, length - length * 3 // 10, pauses).day
            return None if due is None else min(due, third + ONE_DAY if third else due)
        due = self.due_with_pauses(start, length, pauses).day
        if due is None:
            return None
        third = self.due_with_pauses(start, length - length * 3 // 10, pauses).day
        before_last = self.due_with_pauses(start, max(length - 1, 0), pauses).day
        days = [due]
        if third is not None:
            days.append(third + ONE_DAY)
        if before_last is not None:
            days.append(self.next_working_day(before_last))
        return min(days)

    def used(self, start: date, today: date, pauses: Iterable[tuple[date, date | None]] = ()) -> int:
        """Working days that count against a clock: after `start`, up to and including `today`, outside pauses."""
        counted = self.working_days_between(start, today)
        for begun, ended in _merged(pauses):
            low = max(begun - ONE_DAY, _day_of(start))
            counted -= self.working_days_between(low, min(ended or date.max, _day_of(today)))
        return max(counted, 0)

    def extended(self, due: Due, by: int) -> Due:
        """A shown date moved on by working days. The same as counting the longer period from the start."""
        if due.day is None:
            return Due(None, True, due.left + by)
        later = self.due(due.day, by)
        return Due(later.day, later.provisional or due.provisional)

    def receipt_day(
        self, moment_local: datetime, cutoff: time = time(17), *, at_counter: bool = False, weekends_count: bool = False
    ) -> date:
        """The day from which a clock runs (that day itself never counts).

        Online: before the cut-off of a working day that day, else the next working day. At a counter: the day of the visit,
        a Saturday too. `weekends_count` lets online receipt fall on any day, where a district wants that.
        """
        day = moment_local.date()
        if at_counter:
            return day
        if moment_local.time() >= cutoff:
            return day + ONE_DAY if weekends_count else self.next_working_day(day)
        if weekends_count or self.is_working_day(day).working:
            return day
        return self.next_working_day(day)

    def due_in_hours(self, asked: datetime, length: timedelta, hours: ServiceHours = ServiceHours()) -> datetime:
        """A short clock that runs in service hours only, minute for minute."""
        moment, left = asked, length
        while True:
            if hours.every_day or self.is_working_day(moment.date()).working:
                opens = datetime.combine(moment.date(), hours.opens, moment.tzinfo)
                closes = datetime.combine(moment.date(), hours.closes, moment.tzinfo)
                begins = max(moment, opens)
                if begins < closes or (begins == closes and not left):
                    if begins + left <= closes:
                        return begins + left
                    left -= closes - begins
            moment = datetime.combine(moment.date() + ONE_DAY, time.min, moment.tzinfo)


def end_of(day: date, zone: tzinfo, closing: time | None = None) -> datetime:
    """The last moment of a due day: its last second online, closing time where a counter is needed."""
    return datetime.combine(day, closing or time(23, 59, 59), zone)


def light(
    today: date,
    promised_due: date | None,
    statutory_due: date | None,
    started: date,
    calendar: Calendar | None,
    *,
    pauses: Iterable[tuple[date, date | None]] = (),
) -> str:
    """green; yellow at 30% or on the last working day; red after the promised, black after the statutory date.

    Today counts as still there. Without a calendar the clock runs in calendar days. Without a promise the statutory date
    is the promise.
    """
    if statutory_due is not None and today > statutory_due:
        return BLACK
    promised = promised_due or statutory_due
    if promised is None:
        return GREEN
    if today > promised:
        return RED
    if today == promised:
        return YELLOW
    yesterday = max(today - ONE_DAY, started)
    if calendar is None:
        total, left = (promised - started).days, (promised - yesterday).days
        return YELLOW if left * 10 <= total * 3 else GREEN
    pauses = list(pauses)
    total = calendar.used(started, promised, pauses)
    left = total - calendar.used(started, yesterday, pauses)
    last_day = left <= 1 and today > started and calendar.is_working_day(today).working
    return YELLOW if last_day or left * 10 <= total * 3 else GREEN


def _as_date(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


def _day_of(day: date) -> date:
    return day.date() if isinstance(day, datetime) else day


def _check(working_days: int) -> None:
    if not 0 <= working_days <= LONGEST:
        raise Invalid(
            "working-days",
            _("The number of working days must be between 0 and 10,000."),
            errors={"working_days": [_("The number of working days must be between 0 and 10,000.")]},
        )


def _merged(pauses: Iterable[tuple[date, date | None]]) -> list[tuple[date, date | None]]:
    """In order, without overlaps; an open pause swallows whatever comes after it began."""
    merged: list[tuple[date, date | None]] = []
    for begun, ended in sorted(((_day_of(a), b and _day_of(b)) for a, b in pauses), key=lambda pause: pause[0]):
        if ended is not None and ended < begun:
            raise ValueError(f"a pause ends ({ended}) before it begins ({begun})")
        if merged and (merged[-1][1] is None or begun <= merged[-1][1]):
            last = merged[-1][1]
            merged[-1] = (merged[-1][0], None if last is None or ended is None else max(last, ended))
        else:
            merged.append((begun, ended))
    return merged
