"""Who is called next, and how long it will take: the rules of demo/halls.yaml and domain.md 5.4. Pure: a picture of the queue in, an answer out.

Within a category order is `place`: the moment from which somebody waits, or behind which a skipped ticket came back. Between categories it
is minutes waited times weight. A clock that was put back gives nobody an earlier place and nobody a negative wait.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

CALLABLE_BEFORE_SLOT = timedelta(minutes=5)
GUARANTEED_WITHIN = timedelta(minutes=10)
CALLS = 3
BETWEEN_CALLS = timedelta(seconds=20)
REQUEUE_WITHIN = timedelta(minutes=30)
REQUEUES = 1
BEHIND_THE_HEAD = 3
COME_BACK_AT = 3  # so many ahead: time to come back
AT_MOST_TURNS = 3  # a turn may take so many times the mean before the promise to a booking breaks
PARKED_AT_MOST = timedelta(minutes=20)
LAST_SERVED = 20
EVERY_MATTER = "*"
ANY = frozenset({EVERY_MATTER})


@dataclass(frozen=True, slots=True)
class Waiting:
    """One ticket that waits. `kinds`: of windows that may call it; `booked`: has an appointment; `parked`: was at a window already and
    comes back to it."""

    pk: int
    category: str
    weight: int
    moment: datetime
    kinds: frozenset[str]
    came_back: bool = False
    booked: bool = False
    parked: bool = False
    only_window: int | None = None
    matter: str | None = None

    @property
    def place(self) -> tuple[datetime, bool, int]:
        return (self.moment, self.came_back, self.pk)

    @property
    def callable_from(self) -> datetime:
        return self.moment - CALLABLE_BEFORE_SLOT if self.booked else self.moment

    def may_be_called(self, now: datetime) -> bool:
        """Walk-ins always; a booking from five minutes before its slot, somebody who fetches something when they should be back."""
        return now >= self.callable_from if self.booked or self.parked else True

    def score(self, now: datetime) -> timedelta:
        """Minutes waited times weight."""
        return self.weight * max(now - self.moment, timedelta())


@dataclass(frozen=True, slots=True)
class Desk:
    """A window that asks. `certified`: matters of its officer; `turn`: how often one of the windows that serve bookings comes free."""

    window: int
    kind: str
    certified: frozenset[str] = ANY
    turn: timedelta = timedelta()

    def may_call(self, ticket: Waiting, orphans: Collection[str] = ()) -> bool:
        """`orphans`: matters for which nobody who is at a window is certified; those anybody calls, so that nobody waits for ever."""
        if ticket.only_window is not None:
            return ticket.only_window == self.window
        if self.kind not in ticket.kinds or ticket.weight == 0:
            return False
        return self.knows(ticket.matter) or ticket.matter in orphans

    def knows(self, matter: str | None) -> bool:
        return matter is None or EVERY_MATTER in self.certified or matter in self.certified


def in_turn(waiting: Iterable[Waiting], desk: Desk, now: datetime, orphans: Collection[str] = ()) -> list[Waiting]:
    """Whom this window calls, first to last: who comes back to this very window, bookings that would miss their ten minutes, then the
    largest wait times weight, ties to the older."""
    mine = [one for one in waiting if one.may_be_called(now) and desk.may_call(one, orphans)]
    pressing = {one.pk for one in must_be_called(mine, desk.turn, now)}

    def order(one: Waiting) -> tuple:
        if one.parked:
            return (0, timedelta(), one.place)
        if one.pk in pressing:
            return (1, timedelta(), one.place)
        return (2, -one.score(now), one.place)

    return sorted(mine, key=order)


def must_be_called(waiting: Iterable[Waiting], turn: timedelta, now: datetime) -> list[Waiting]:
    """Bookings that are called before all others now, or the promise to one of them breaks: behind the k before it, a booking needs k + 1
    turns, and a turn may take three times the mean. With one slow window that is from the first minute, with eighteen only near the end."""
    booked = sorted((one for one in waiting if one.booked), key=lambda one: one.place)
    for k in range(len(booked) - 1, -1, -1):
        if now + AT_MOST_TURNS * (k + 1) * turn >= booked[k].moment + GUARANTEED_WITHIN:
            return booked[: k + 1]
    return []


def place_behind_three(waiting: Iterable[Waiting], now: datetime) -> datetime:
    """Where a skipped ticket of this category comes back: behind the third from the head, or behind all when they are fewer."""
    places = sorted(one.moment for one in waiting if not one.parked)
    return places[min(len(places), BEHIND_THE_HEAD) - 1] if places else now


# -- estimates


@dataclass(frozen=True, slots=True)
class Kind:
    """A category as estimates see it."""

    code: str
    weight: int
    kinds: frozenset[str]
    minutes: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """`minutes` is not rounded; None: no window is open that could call it."""

    ahead: int
    minutes: float | None
    windows: int

    @property
    def shown(self) -> int | None:
        """Rounded up to five minutes, as people are told."""
        return None if self.minutes is None else rounded_up(self.minutes)


def rounded_up(minutes: float) -> int:
    return 5 * ceil(round(minutes, 6) / 5)


class Picture:
    """The queue of one hall at one moment, for as many questions as there are: whom it holds and which windows are open."""

    def __init__(
        self, waiting: Iterable[Waiting], kinds: Sequence[Kind], open_windows: Mapping[str, int], now: datetime
    ):
        self.now = now
        self.kinds = {kind.code: kind for kind in kinds}
        self.open = dict(open_windows)
        self.lines: dict[str, list[tuple[datetime, bool, int]]] = {}
        self.counted: dict[str, int] = {}
        for one in waiting:
            self.lines.setdefault(one.category, []).append(one.place)
        for line in self.lines.values():
            line.sort()

    @classmethod
    def for_newcomers(
        cls,
        counted: Mapping[str, int],
        moments: Mapping[str, list[datetime]],
        kinds: Sequence[Kind],
        open_windows: Mapping[str, int],
        now: datetime,
    ) -> "Picture":
        """Whoever is the last of a queue needs no places of it, only how many stand there; of its rivals since when each waits. Answers
        `estimate` of a new ticket and nothing else."""
        made = cls((), kinds, open_windows, now)
        made.counted = dict(counted)
        made.lines = {code: sorted((moment, False, 0) for moment in line) for code, line in moments.items()}
        return made

    def windows_for(self, code: str) -> int:
        return sum(self.open.get(kind, 0) for kind in self.kinds[code].kinds)

    def waits(self, code: str) -> int:
        return self.counted.get(code) or len(self.lines.get(code, ()))

    def joined(self, place: tuple[datetime, bool, int], code: str) -> None:
        """One more has come (many numbers are given from one picture)."""
        line = self.lines.setdefault(code, [])
        line.insert(bisect_right(line, place), place)

    def estimate(self, code: str, place: tuple[datetime, bool, int] | None = None) -> Estimate:
        """For a new ticket of this category, or for the one that stands at `place`.

        Ahead (weighted) is who will be called before it under the rule of weights: of its own category who stands before it, of another
        who has the larger wait times weight at the moment when its own turn would come; each weighs as long as its own category takes.
        That moment is what is asked for, so it is looked for in a few steps.
        """
        kind = self.kinds[code]
        windows = self.windows_for(code)
        own = self.lines.get(code, [])
        before = self.waits(code) if place is None else bisect_right(own, place) - (place in own)
        waited = timedelta() if place is None else max(self.now - place[0], timedelta())
        rivals = self._rivals(kind)
        if not windows:
            return Estimate(before + sum(self._overtakes(one, kind.weight, waited, 0.0) for one in rivals), None, 0)

        def until(minutes: float) -> tuple[int, float]:
            """Who is before it if its turn comes then, and how long the windows need for them."""
            found = [(rival, self._overtakes(rival, kind.weight, waited, minutes)) for rival in rivals]
            work = before * kind.minutes + sum(many * rival.minutes for rival, many in found)
            return before + sum(many for _rival, many in found), work / windows

        low, high = (
            0.0,
            (before * kind.minutes + sum(len(self.lines[one.code]) * one.minutes for one in rivals)) / windows,
        )
        for _step in range(24):
            middle = (low + high) / 2
            low, high = (low, middle) if until(middle)[1] <= middle else (middle, high)
        (many, longer), (few, shorter) = until(low), until(high)
        if many <= few or longer <= shorter:
            return Estimate(few, shorter, windows)
        # its score passes that of several at once: they are called until that moment
        served = (high - shorter) / (longer - shorter)
        return Estimate(few + round((many - few) * min(served, 1.0)), high, windows)

    def _rivals(self, kind: Kind) -> list[Kind]:
        """Other categories that the same windows call; without open windows, those which could."""
        at = {one for one in kind.kinds if self.open.get(one)} or kind.kinds
        return [
            other
            for other in self.kinds.values()
            if other.code != kind.code and other.weight and other.kinds & at and self.lines.get(other.code)
        ]

    def _overtakes(self, rival: Kind, weight: int, waited: timedelta, minutes: float) -> int:
        """How many of the rival's line have at least the score that a ticket of `weight` will have when it is called in `minutes`."""
        until = timedelta(minutes=minutes)
        needs = (weight / rival.weight) * (until + waited) - until
        return bisect_right(self.lines[rival.code], (self.now - needs, True, 1 << 62))


def mean_minutes(last: Sequence[timedelta], otherwise: float) -> float:
    """The mean of the last twenty served; while there are fewer, the catalogue's figure stands for those that are missing."""
    seconds = [max(one.total_seconds(), 0.0) for one in last[:LAST_SERVED]]
    return (sum(seconds) / 60 + otherwise * (LAST_SERVED - len(seconds))) / LAST_SERVED
