"""A day of a hall, lived through in a computer with SimPy (decision 35). Pure: times are minutes since midnight, chance comes from a seed.

Two ways of running the hall meet the same visitors: the same seed gives the same arrivals and the same time at the window on both sides,
so that what differs is the hall. `compare` says how sure the difference is.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, sqrt
from random import Random
from statistics import fmean, stdev
from typing import Any

import simpy

QUARTER = 15
HALF_HOUR = 30
PROMISED = 15  # minutes: the goal of the hall
GENERAL = "general"


@dataclass(frozen=True)
class Queue:
    """A category: who may call it and how long its visitors take, as minutes that were measured or assumed."""

    code: str
    weight: int
    kinds: frozenset[str]
    minutes: tuple[float, ...]


@dataclass(frozen=True)
class Staff:
    """So many windows of a kind are open from then to then."""

    kind: str
    begins: float
    ends: float
    windows: int


@dataclass(frozen=True)
class Demand:
    """How many come: for each category the mean number in each quarter of an hour from `opens`. `lines`: shares of what they come for."""

    opens: int
    quarters: Mapping[str, Sequence[float]]
    lines: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plan:
    """One way of running the hall. `dedicated`: so many counters, each of one department, stand where comprehensive windows would."""

    staff: tuple[Staff, ...]
    times: float = 1.0  # of the usual demand
    dedicated: int = 0
    walk: float = 0.5  # minutes from the call to the window


@dataclass(slots=True)
class Visitor:
    at: float
    code: str
    minutes: float
    lot: float  # which department's line, where each has counters of its own
    called: float | None = None


@dataclass(frozen=True)
class Day:
    """What a simulated day gave."""

    mean: float
    p90: float
    within: float  # share called within fifteen minutes
    longest: float
    visitors: int
    unserved: int
    busy: float  # share of the open windows' time in which they had somebody
    hours: float  # hours of open windows
    over: float  # minutes after closing until the last left
    by_category: Mapping[str, float] = field(default_factory=dict)
    by_half_hour: Mapping[int, float] = field(default_factory=dict)


def visitors(demand: Demand, queues: Mapping[str, Queue], *, times: float, most: float, seed: int) -> list[Visitor]:
    """Who comes on the day of this seed. Drawn for the larger demand of a comparison and thinned, so that fewer visitors are some of the same."""
    chance = Random(seed)  # noqa: S311
    found = []
    for code in sorted(demand.quarters):
        for place, mean in enumerate(demand.quarters[code]):
            for _ in range(_poisson(chance, mean * most)):
                at = demand.opens + (place + chance.random()) * QUARTER
                kept, minutes, lot = chance.random(), chance.choice(queues[code].minutes), chance.random()
                if kept * most < times:
                    found.append(Visitor(at, code, minutes, lot))
    return sorted(found, key=lambda visitor: visitor.at)


def _poisson(chance: Random, mean: float) -> int:
    """Counts exponential gaps: means here are small."""
    count, gone = 0, chance.expovariate(1.0) if mean > 0 else 1.0
    while gone < mean:
        count += 1
        gone += chance.expovariate(1.0)
    return count


class _Hall:
    def __init__(self, plan: Plan, queues: Mapping[str, Queue], lines: Sequence[float], closes: float):
        self.env = simpy.Environment()
        self.plan, self.queues, self.closes = plan, queues, closes
        self.waiting: dict[Any, deque[Visitor]] = defaultdict(deque)
        self.idle: list[tuple[simpy.Event, str, int | None]] = []
        self.busy = 0.0
        self.last = 0.0
        total = sum(lines) or 1.0
        self.bounds = []
        so_far = 0.0
        for share in lines:
            so_far += share / total
            self.bounds.append(so_far)

    def line_of(self, visitor: Visitor) -> int | None:
        if not self.plan.dedicated or GENERAL not in self.queues[visitor.code].kinds:
            return None
        return next((place for place, bound in enumerate(self.bounds) if visitor.lot < bound), len(self.bounds) - 1)

    def arrive(self, coming: list[Visitor]):
        for visitor in coming:
            if visitor.at > self.env.now:
                yield self.env.timeout(visitor.at - self.env.now)
            line = self.line_of(visitor)
            self.waiting[visitor.code if line is None else line].append(visitor)
            for place, (bell, kind, own) in enumerate(self.idle):
                if own == line and (line is not None or kind in self.queues[visitor.code].kinds):
                    del self.idle[place]
                    bell.succeed()
                    break

    def next_for(self, kind: str, line: int | None) -> Visitor | None:
        """The computed order of a real window: the largest waiting time times weight, the older where two are alike."""
        if line is not None:
            return self.waiting[line].popleft() if self.waiting[line] else None
        best, chosen = (-1.0, 0.0), None
        for code, queue in self.queues.items():
            if (row := self.waiting.get(code)) and kind in queue.kinds:
                rank = ((self.env.now - row[0].at) * queue.weight, -row[0].at)
                if rank > best:
                    best, chosen = rank, row
        return chosen.popleft() if chosen else None

    def window(self, kind: str, begins: float, ends: float, line: int | None = None):
        """Whoever came before closing is still called: the last shift stays until nobody waits."""
        env = self.env
        if begins > env.now:
            yield env.timeout(begins - env.now)
        while env.now < ends or ends >= self.closes:
            visitor = self.next_for(kind, line)
            if visitor is None:
                if env.now >= ends:
                    return
                bell = env.event()
                self.idle.append((bell, kind, line))
                yield bell | env.timeout(ends - env.now)
                if not bell.triggered:
                    self.idle = [one for one in self.idle if one[0] is not bell]
                continue
            visitor.called = env.now
            begun = env.now
            yield env.timeout(self.plan.walk + visitor.minutes)
            self.busy += env.now - begun
            self.last = max(self.last, env.now)


def live_through(plan: Plan, queues: Mapping[str, Queue], coming: Iterable[Visitor], lines: Sequence[float]) -> Day:
    """One day of one plan. The visitors are its own copies: whoever asks again gets the same."""
    crowd = [Visitor(one.at, one.code, one.minutes, one.lot) for one in coming]
    closes = max((shift.ends for shift in plan.staff), default=0.0)
    hall = _Hall(plan, queues, lines if plan.dedicated else (), closes)
    hours = 0.0
    for shift in plan.staff:
        if plan.dedicated and shift.kind == GENERAL:
            continue
        hours += shift.windows * (shift.ends - shift.begins) / 60
        for _ in range(shift.windows):
            hall.env.process(hall.window(shift.kind, shift.begins, shift.ends))
    if plan.dedicated:
        own = [shift for shift in plan.staff if shift.kind == GENERAL]
        begins, ends = min((s.begins for s in own), default=0.0), max((s.ends for s in own), default=closes)
        hours += plan.dedicated * (ends - begins) / 60
        for line, counters in enumerate(allotted(plan.dedicated, lines)):
            for _ in range(counters):
                hall.env.process(hall.window(GENERAL, begins, ends, line))
    hall.env.process(hall.arrive(crowd))
    hall.env.run()
    return _day(crowd, hall, hours, closes)


def _day(crowd: list[Visitor], hall: _Hall, hours: float, closes: float) -> Day:
    waits = sorted(one.called - one.at for one in crowd if one.called is not None)
    by_category, by_half_hour = defaultdict(list), defaultdict(list)
    for one in crowd:
        if one.called is not None:
            by_category[one.code].append(one.called - one.at)
            by_half_hour[int(one.at // HALF_HOUR) * HALF_HOUR].append(one.called - one.at)
    return Day(
        mean=fmean(waits) if waits else 0.0,
        p90=waits[max(0, ceil(0.9 * len(waits)) - 1)] if waits else 0.0,
        within=sum(wait <= PROMISED for wait in waits) / len(waits) if waits else 1.0,
        longest=waits[-1] if waits else 0.0,
        visitors=len(crowd),
        unserved=len(crowd) - len(waits),
        busy=hall.busy / (hours * 60) if hours else 0.0,
        hours=hours,
        over=max(0.0, hall.last - closes),
        by_category={code: fmean(found) for code, found in sorted(by_category.items())},
        by_half_hour={at: fmean(found) for at, found in sorted(by_half_hour.items())},
    )


def shares(lines: int, known: Sequence[float] = ()) -> tuple[float, ...]:
    """How demand is spread over so many departments: as it was, the rest of it after Zipf's law, which popularity follows."""
    ranked = sorted((share for share in known if share > 0), reverse=True)[:lines]
    if not ranked:
        return tuple(1 / place for place in range(1, lines + 1))
    return tuple(ranked) + tuple(ranked[-1] * len(ranked) / place for place in range(len(ranked) + 1, lines + 1))


def allotted(counters: int, lines: Sequence[float]) -> list[int]:
    """Counters given to departments by their share of visitors, one at least to each: whoever has the most to do for a counter gets the next."""
    given = [1] * len(lines)
    for _ in range(counters - len(lines)):
        busiest = max(range(len(lines)), key=lambda place: lines[place] / given[place])
        given[busiest] += 1
    return given


# -- how sure


@dataclass(frozen=True)
class Mean:
    """The mean of the simulated days; the true one lies within `give` of it in nineteen of twenty such simulations."""

    value: float
    give: float


def mean(found: Sequence[float]) -> Mean:
    if len(found) < 2:
        return Mean(found[0] if found else 0.0, 0.0)
    return Mean(fmean(found), t95(len(found) - 1) * stdev(found) / sqrt(len(found)))


def t95(degrees: int) -> float:
    """Student's quantile for 95 %, by Cornish and Fisher: right to two digits from eight degrees of freedom."""
    z = 1.959964
    return (
        z
        + (z**3 + z) / (4 * degrees)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * degrees**3)
    )


MEASURES = ("mean", "p90", "within", "longest", "busy", "over")


def sample(day: Day) -> dict[str, Any]:
    """A day as it is kept until the run is complete."""
    return {
        **{name: round(getattr(day, name), 4) for name in MEASURES},
        "visitors": day.visitors,
        "unserved": day.unserved,
        "hours": round(day.hours, 2),
        "by_category": {code: round(value, 3) for code, value in day.by_category.items()},
        "by_half_hour": {str(at): round(value, 3) for at, value in day.by_half_hour.items()},
    }


def compare(ones: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Side by side: each side's means, and of the difference day by day how far it can be trusted."""

    def of(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        values = {name: mean([row[name] for row in rows]) for name in MEASURES}
        return {
            **{name: {"value": one.value, "give": one.give} for name, one in values.items()},
            "visitors": fmean(row["visitors"] for row in rows),
            "unserved": sum(row["unserved"] for row in rows),
            "hours": fmean(row["hours"] for row in rows),
            "by_category": _means(rows, "by_category"),
            "by_half_hour": _means(rows, "by_half_hour"),
        }

    apart = mean([other["mean"] - one["mean"] for one, other in zip(ones, others, strict=True)])
    return {
        "as_is": of(ones),
        "asked": of(others),
        "difference": {"value": apart.value, "give": apart.give},
        "sure": abs(apart.value) > apart.give,
    }


def _means(rows: Sequence[dict[str, Any]], name: str) -> dict[str, float]:
    found = defaultdict(list)
    for row in rows:
        for key, value in row[name].items():
            found[key].append(value)
    return {key: fmean(values) for key, values in sorted(found.items(), key=lambda one: (len(one[0]), one[0]))}
