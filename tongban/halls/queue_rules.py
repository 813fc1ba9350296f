"""Who is called next, and how long it will take: the rules of demo/halls.yaml and domain.md 5.4. Pure: a picture of the queue in, an answer out.

Within a category order is `place`: the moment from which somebody waits, or behind which a skipped ticket came back. Between categories it
is minutes waited times weight. A clock that was put back gives nobody an earlier place and nobody a negative wait.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

CALLABLE_BEFORE_SLOT = timedelta(minutes=5)
GUARANTEED_WITHIN = timedelta(minutes=10)
CALLS = 3
BETWEEN_CALLS = timedelta(seconds=20)
REQUEUE_WITHIN = timedelta(minutes=30)
REQUEUES = 1
BEHIND_THE_HEAD = 3
COME_BACK_AT = 3  # so many ahead: time to come back
SPARE_TURNS = 2  # beyond those: of one that waits alone, three turns were too few once in twenty
AT_MOST_TURNS = 3  # a turn may take so many times the mean before the promise to a booking breaks
PARKED_AT_MOST = timedelta(minutes=20)
LAST_SERVED = 20
EVERY_MATTER = "*"
PROMISED = GUARANTEED_WITHIN.total_seconds() / 60
LONGEST_WAIT = 16 * 60.0
SMALL = 5.0  # minutes
USUAL_MISSES = (0.85, 1.2)
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
        if now + (AT_MOST_TURNS * (k + 1) + SPARE_TURNS) * turn >= booked[k].moment + GUARANTEED_WITHIN:
            return booked[: k + 1]
    return []


def place_behind_three(waiting: Iterable[Waiting], now: datetime) -> datetime:
    """Where a skipped ticket of this category comes back: behind the third from the head, or behind all when they are fewer."""
    places = sorted(one.moment for one in waiting if not one.parked)
    return places[min(len(places), BEHIND_THE_HEAD) - 1] if places else now


# -- estimates


@dataclass(frozen=True, slots=True)
class Kind:
    """A category as estimates see it. `minutes`: how long one of it takes a window; `booked`: is promised to be called in time."""

    code: str
    weight: int
    kinds: frozenset[str]
    minutes: float
    booked: bool = False


@dataclass(frozen=True, slots=True)
class Coming:
    """Who is not here yet. `pace`: numbers a minute of each category, until in `until` minutes none is given any more; `booked`: of whom
    the slot is to come, in minutes from now, with the share of them that arrives."""

    pace: Mapping[str, float] = field(default_factory=dict)
    until: float = float("inf")
    booked: Sequence[tuple[float, float]] = ()


NOBODY = Coming()


@dataclass(frozen=True, slots=True)
class Estimate:
    """`minutes` is not rounded; None: no window is open that could call it. `misses`: between which shares of what was said nine of ten
    were called lately."""

    ahead: int
    minutes: float | None
    windows: int
    misses: tuple[float, float] = (1.0, 1.0)

    @property
    def shown(self) -> int | None:
        """Rounded up to five minutes, as people are told."""
        return None if self.minutes is None else rounded_up(self.minutes)

    @property
    def span(self) -> tuple[int, int] | None:
        """From when until when, to the nearest five minutes, where that is more than one such step; else one figure is as good."""
        if self.minutes is None:
            return None
        first, last = ((self.minutes + SMALL) * share - SMALL for share in self.misses)
        low, high = (5 * round(one / 5) for one in (first, last))
        return (low, high) if high - low > 5 and low > 0 else None

    @property
    def told(self) -> str | None:
        """What stands before "minutes": one figure, or from when until when."""
        if self.minutes is None:
            return None
        return str(self.shown) if self.span is None else "–".join(map(str, self.span))


def rounded_up(minutes: float) -> int:
    return 5 * ceil(round(minutes, 6) / 5)


class Picture:
    """The queue of one hall at one moment, for as many questions as there are: whom it holds, who is expected, and which windows are open.
    `busy`: at how many of them somebody stands."""

    def __init__(
        self,
        waiting: Iterable[Waiting],
        kinds: Sequence[Kind],
        open_windows: Mapping[str, int],
        now: datetime,
        coming: Coming = NOBODY,
        busy: Mapping[str, int] | None = None,
        misses: Mapping[str, tuple[float, float]] | None = None,
    ):
        self.now = now
        self.kinds = {kind.code: kind for kind in kinds}
        self.open = {kind: many for kind, many in open_windows.items() if many}
        self.coming = coming
        self.busy = busy or {}
        self.misses = misses or {}
        self.lines: dict[str, list[tuple[datetime, bool, int]]] = {}
        self.counted: dict[str, int] = {}
        self._moments: dict[str, list[float]] = {}
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
        **more: Any,
    ) -> "Picture":
        """Whoever is the last of a queue needs no places of it, only how many stand there; of its rivals since when each waits. Answers
        `estimate` of a new ticket and nothing else."""
        made = cls((), kinds, open_windows, now, **more)
        made.counted = dict(counted)
        made.lines = {code: sorted((moment, False, 0) for moment in line) for code, line in moments.items()}
        return made

    def windows_for(self, code: str) -> int:
        return sum(self.open.get(kind, 0) for kind in self.kinds[code].kinds)

    def waits(self, code: str) -> int:
        return self.counted.get(code) or len(self.lines.get(code, ()))

    def estimate(self, code: str, place: tuple[datetime, bool, int] | None = None) -> Estimate:
        """For a new ticket of this category, or for the one that stands at `place`.

        Ahead (weighted) is who will be called before it under the rule of weights: of its own category who stands before it, of another
        who has the larger wait times weight at the moment when its own turn would come; each weighs as long as its own category takes.
        Who is expected and will then go first takes time as well, but is not counted as standing before it. That moment is what is asked
        for, so it is looked for in a few steps.
        """
        kind = self.kinds[code]
        windows = self.windows_for(code)
        own = self.lines.get(code, [])
        before = self.waits(code) if place is None else bisect_right(own, place) - (place in own)
        waited = 0.0 if place is None else max((self.now - place[0]).total_seconds() / 60, 0.0)
        rivals = self._rivals(kind)
        if not windows:
            return Estimate(before + sum(self._overtake(one, kind.weight, waited, 0.0) for one in rivals), None, 0)
        at = kind.kinds & self.open.keys()
        mine = before * kind.minutes
        if all(self.open[one] <= self.busy.get(one, 0) for one in at):
            mine += (
                kind.minutes / 2
            )  # of those who stand at its windows the first goes after half a turn of one of them
        heavier = [
            one
            for one in self.kinds.values()
            if one.code != code and (one.weight > kind.weight or one.booked) and one.kinds & at
        ]
        # whoever can go to the fewest windows first, and each to windows that the asking one cannot use, as far as those suffice
        where = {one.code: sorted(one.kinds & self.open.keys(), key=at.__contains__) for one in (*rivals, *heavier)}
        those_here = sorted(rivals, key=lambda one: len(where[one.code]))

        def lacking(minutes: float) -> tuple[int, float]:
            """Who is before it if its turn comes then, and how many minutes of a window are lacking until it would be its turn."""
            free = {one: many * minutes for one, many in self.open.items()}
            many, over, left_out = before, 0.0, 0.0
            for one in those_here:
                found = self._overtake(one, kind.weight, waited, minutes)
                many += found
                beyond = _fill(free, where[one.code], found * one.minutes)
                over += beyond
                left_out += beyond and beyond / one.minutes  # a turn may have taken no time at all
            for one in heavier:
                come = self._will_overtake(one, kind.weight, waited, minutes)
                over += _fill(free, where[one.code], come * one.minutes)
            left = sum(free[one] for one in at)
            # whoever does not fit into the time keeps nobody from a window of another kind that is free
            return (many - round(left_out), mine - left) if left > 0 else (many, mine + over)

        low, high = 0.0, (mine + sum(len(self.lines[one.code]) * one.minutes for one in rivals)) / windows
        while high < LONGEST_WAIT and lacking(high)[1] > 1e-6:
            low, high = high, 2 * high + 1
        while high - low > 4e-4:
            middle = (low + high) / 2
            low, high = (low, middle) if lacking(middle)[1] <= 1e-6 else (middle, high)
        (many, longer), (few, shorter) = lacking(low), lacking(high)
        minutes = high
        if many <= few or longer <= shorter:
            minutes += min(shorter, 0.0) / windows
        else:  # its score passes that of several at once: they are called until that moment
            few += round((many - few) * min(-shorter / (longer - shorter), 1.0))
        minutes = self._promised(kind, place, round(max(minutes, 0.0), 3))
        return Estimate(few, minutes, windows, self.misses.get(code, (1.0, 1.0)))

    def _promised(self, kind: Kind, place: tuple[datetime, bool, int] | None, minutes: float) -> float:
        """A booking is called from five minutes before its slot, and ten minutes after its beginning at the latest."""
        if not kind.booked or place is None:
            return minutes
        first = (place[0] - CALLABLE_BEFORE_SLOT - self.now).total_seconds() / 60
        last = (place[0] + GUARANTEED_WITHIN - self.now).total_seconds() / 60
        return max(first, min(minutes, last) if last > 0 else minutes)

    def _rivals(self, kind: Kind) -> list[Kind]:
        """Other categories that the same windows call; without open windows, those which could."""
        at = {one for one in kind.kinds if self.open.get(one)} or kind.kinds
        return [
            other
            for other in self.kinds.values()
            if other.code != kind.code and other.weight and other.kinds & at and self.lines.get(other.code)
        ]

    def _overtake(self, rival: Kind, weight: int, waited: float, minutes: float) -> int:
        """How many of the rival's line have at least the score that a ticket of `weight` will have when it is called in `minutes`."""
        return bisect_right(self._since(rival.code), self._before(rival, weight, waited, minutes))

    def _will_overtake(self, later: Kind, weight: int, waited: float, minutes: float) -> float:
        """The same of those who are not here yet."""
        before = self._before(later, weight, waited, minutes)
        if later.booked:
            return sum(share for slot, share in self.coming.booked if slot < before)
        return self.coming.pace.get(later.code, 0.0) * max(0.0, min(before, self.coming.until))

    def _before(self, other: Kind, weight: int, waited: float, minutes: float) -> float:
        """Until when, in minutes from now, somebody of the other category must have come to go first then."""
        before = minutes - (weight / other.weight) * (minutes + waited)
        return max(before, minutes - PROMISED) if other.booked else before  # or the promise is due by then

    def _since(self, code: str) -> list[float]:
        """Since when each of a line waits, in minutes from now, the longest first."""
        if code not in self._moments:
            self._moments[code] = [(one[0] - self.now).total_seconds() / 60 for one in self.lines[code]]
        return self._moments[code]


def _fill(free: dict[str, float], kinds: Iterable[str], load: float) -> float:
    """Put work to windows, in this order; what does not fit comes back."""
    for kind in kinds:
        taken = min(load, free[kind])
        free[kind] -= taken
        load -= taken
    return load


def mean_minutes(last: Sequence[timedelta], otherwise: float) -> float:
    """The mean of the last twenty served; while there are fewer, the catalogue's figure stands for those that are missing."""
    seconds = [max(one.total_seconds(), 0.0) for one in last[:LAST_SERVED]]
    return (sum(seconds) / 60 + otherwise * (LAST_SERVED - len(seconds))) / LAST_SERVED


def spread(said_and_waited: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Between which shares of what was said nine of ten of the last twenty waited, and never closer than usual: the last twenty stood in
    one line together and missed alike. Five minutes are added to both, for nobody minds whether three minutes were one."""
    shares = [(max(waited, 0.0) + SMALL) / (said + SMALL) for said, waited in said_and_waited][:LAST_SERVED]
    shares = sorted(shares + [1.0] * (LAST_SERVED - len(shares)))
    return min(shares[1], USUAL_MISSES[0]), max(shares[-2], USUAL_MISSES[1])
