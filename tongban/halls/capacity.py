"""How many bookings a hall takes, and from when: pure. The numbers come from `HallRules` (demo/halls.yaml), hours from `hours`.

A slot of a category has `windows x slot minutes / average minutes x share` places. Categories that are called by the same windows do
not sell the same minutes twice: what is booked in one is missing in the others (`left`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Any

from tongban.lib.workdays import Calendar

SHARE = 60  # of a hundred; the rest is kept for those who just come
VIDEO_FROM = 1000  # numbers of places at a screen, so that they are nobody else's


@dataclass(frozen=True)
class Rules:
    """What demo/halls.yaml says of appointments, with its numbers where an installation says nothing."""

    slot_minutes: int = 30
    ahead: int = 5
    per_day: int = 1
    change_until: int = 120
    grace_minutes: int = 15
    hold_minutes: int = 5
    hold_minutes_elderly: int = 30
    same_day_until: int = 120
    no_shows: int = 2
    cancellations: int = 5
    within_days: int = 30
    blocked_days: int = 30
    bookings_of_a_matter: int = 3
    released_at: int = 12  # o'clock, on the first day on which a day may be booked
    lot_minutes: int = 10  # after that: those who asked before have been served by lot, now everybody
    offer_minutes: int = 120
    offers: int = 3
    rest_minutes: tuple[int, int] = (5, 45)  # how long a cancelled place rests before it is offered

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Rules":
        names = {
            "slot_minutes": "slot_minutes",
            "book_ahead_working_days": "ahead",
            "per_person_per_day": "per_day",
            "change_or_cancel_until_minutes_before": "change_until",
            "grace_minutes": "grace_minutes",
            "hold_minutes": "hold_minutes",
            "hold_minutes_elderly": "hold_minutes_elderly",
            "no_shows": "no_shows",
            "cancellations": "cancellations",
            "within_days": "within_days",
            "blocked_days": "blocked_days",
            "released_at": "released_at",
            "lot_minutes": "lot_minutes",
            "offer_minutes": "offer_minutes",
            "offers": "offers",
        }
        given: dict[str, Any] = {own: int(values[word]) for word, own in names.items() if word in values}
        return cls(**given)


@dataclass(frozen=True)
class Planned:
    """So many windows of a kind from then till then."""

    kind: str
    begins: time
    ends: time
    windows: int


@dataclass(frozen=True)
class Queue:
    """A category as capacity sees it."""

    key: int
    average_minutes: int
    window_kinds: frozenset[str]
    bookable: bool = True


def planned_on(day: date, rows: Iterable[Any]) -> list[Planned]:
    """The shifts of a day: those of the day itself win over those of its weekday, kind by kind."""
    rows = list(rows)
    own = {row.kind for row in rows if row.day == day}
    return [
        Planned(row.kind, row.begins, row.ends, row.windows)
        for row in rows
        if row.day == day or (row.weekday == day.weekday() and row.day is None and row.kind not in own)
    ]


def as_worked(day: date, rows: Iterable[Any], *, like_weekday: int | None = None) -> list[Planned]:
    """On a make-up day the shifts of an ordinary working day, where none of its own were planned."""
    rows = list(rows)
    found = planned_on(day, rows)
    if found or like_weekday is None:
        return found
    return [
        Planned(row.kind, row.begins, row.ends, row.windows)
        for row in rows
        if row.day is None and row.weekday == like_weekday
    ]


def windows_at(shifts: Iterable[Planned], begins: time, ends: time) -> dict[str, int]:
    """Windows of each kind that are planned for the whole of a slot: half a slot serves nobody to the end."""
    open_: dict[str, int] = {}
    for shift in shifts:
        if shift.begins <= begins and ends <= shift.ends:
            open_[shift.kind] = open_.get(shift.kind, 0) + shift.windows
    return open_


def places(windows: int, slot_minutes: int, average_minutes: int, share: int = SHARE) -> int:
    """Whole places; a hall with one window has one, even where a visit takes longer than the share of a slot."""
    if windows <= 0 or average_minutes <= 0:
        return 0
    return max(1, windows * slot_minutes * share // (average_minutes * 100))


def windows_for(queue: Queue, open_: Mapping[str, int]) -> int:
    return sum(number for kind, number in open_.items() if kind in queue.window_kinds)


def left(
    queue: Queue,
    queues: Iterable[Queue],
    open_: Mapping[str, int],
    taken: Mapping[int, int],
    slot_minutes: int,
    share: int = SHARE,
) -> int:
    """Places of a queue that are still free in a slot, when `taken` {queue: places} are booked.

    Windows are shared: what others booked beyond the windows that only they have comes from the minutes that this queue could use.
    """
    own = places(windows_for(queue, open_), slot_minutes, queue.average_minutes, share) - taken.get(queue.key, 0)
    if own <= 0:
        return 0
    minutes = windows_for(queue, open_) * slot_minutes * share / 100 - taken.get(queue.key, 0) * queue.average_minutes
    booked_here = taken.get(queue.key, 0)
    for other in queues:
        if other.key == queue.key or not other.window_kinds & queue.window_kinds:
            continue
        alone = sum(number for kind, number in open_.items() if kind in other.window_kinds - queue.window_kinds)
        spilled = taken.get(other.key, 0) * other.average_minutes - alone * slot_minutes * share / 100
        minutes -= max(0.0, spilled)
        booked_here += taken.get(other.key, 0)
    by_minutes = int(minutes // queue.average_minutes)
    if not booked_here:
        by_minutes = max(1, by_minutes)
    return max(0, min(own, by_minutes))


def starts(spans: Iterable[tuple[datetime, datetime]], slot_minutes: int) -> list[datetime]:
    """When slots begin in the opening hours: from each opening on, as long as a whole slot fits."""
    step = timedelta(minutes=slot_minutes)
    found = []
    for begins, ends in spans:
        at = begins
        while at + step <= ends:
            found.append(at)
            at += step
    return found


def units_in_slots(units: int, slot_minutes: int, average_minutes: int) -> list[int]:
    """How many places a visit takes in each slot it lasts: two errands of 15 minutes fill one slot of 30, a third reaches into the next."""
    in_one = max(1, slot_minutes // average_minutes)
    return [min(in_one, units - in_one * number) for number in range(ceil(units / in_one))]


# -- from when


def last_day(today: date, calendar: Calendar, ahead: int) -> date:
    """The last day that may be booked today."""
    day = today
    for _number in range(ahead):
        day = calendar.next_working_day(day)
    return day


def released_on(day: date, calendar: Calendar, ahead: int) -> date:
    """The first day on which `day` may be booked."""
    first = day
    while last_day(first - timedelta(days=1), calendar, ahead) >= day:
        first -= timedelta(days=1)
    return first


@dataclass(frozen=True)
class Release:
    """`at`: those who asked before are served by lot; `open_at`: the rest is for everybody."""

    at: datetime
    open_at: datetime

    def drawing(self, now: datetime) -> bool:
        return self.at <= now < self.open_at


def release(day: date, calendar: Calendar, rules: Rules, zone: Any) -> Release:
    first = released_on(day, calendar, rules.ahead)
    at = datetime.combine(first, time(rules.released_at), tzinfo=zone)
    return Release(at, at + timedelta(minutes=rules.lot_minutes))


def lot_order(wishes: Iterable[Any], released_at: datetime) -> list[Any]:
    """Who is asked first: those who wished before the release, as the lot fell; after them whoever came, in order."""
    return sorted(
        wishes,
        key=lambda wish: (
            (0, wish.drawn, wish.pk) if wish.made_at <= released_at else (1, wish.made_at.timestamp(), wish.pk)
        ),
    )
