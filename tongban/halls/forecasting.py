"""What the next two hours of a hall will be like: how many come as on past days, how many the open windows take. Pure.

Arrivals of a quarter are the mean of the same weekday's, moved towards how today went so far: a morning with half as many again makes the
afternoon busier too, and little has been seen at nine. Queues are shares of people, served in the computed order, five minutes at a time.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

QUARTER = timedelta(minutes=15)
STEP = 5  # minutes
AHEAD = 8  # quarters
ENOUGH = 20.0  # so many expected visitors so far, and today counts as much as the past


@dataclass(frozen=True)
class Line:
    """A category as it stands: how many wait and since when the first does."""

    code: str
    weight: int
    kinds: frozenset[str]
    minutes: float
    waiting: int = 0
    longest: float = 0.0  # minutes that the first has waited


@dataclass(frozen=True)
class Point:
    """The state at the end of a quarter. `worst` is the category for which a new ticket would wait longest."""

    at: datetime
    coming: float
    waiting: float
    minutes: float
    worst: str


def factor(so_far: float, expected: float) -> float:
    """By how much today differs from other days: what was seen, as far as enough was seen."""
    return (so_far + ENOUGH) / (expected + ENOUGH)


def ahead(
    now: datetime,
    lines: Sequence[Line],
    windows: Mapping[str, int],
    expected: Mapping[str, Sequence[float]],
    *,
    times: float = 1.0,
    quarters: int = AHEAD,
) -> list[Point]:
    """`expected[code]` are the quarters from now on; what is missing there is nobody."""
    queues = {line.code: deque([[-line.longest, float(line.waiting)]] if line.waiting else []) for line in lines}
    by_code = {line.code: line for line in lines}
    points = []
    for quarter in range(quarters):
        coming = {code: _at(expected.get(code, ()), quarter) * times for code in by_code}
        for step in range(int(QUARTER.total_seconds() // 60 // STEP)):
            clock = quarter * 15.0 + step * STEP
            for code, many in coming.items():
                if many > 0:
                    queues[code].append([clock, many * STEP / 15])
            _serve(queues, by_code, windows, clock)
        points.append(_point(now + (quarter + 1) * QUARTER, sum(coming.values()), queues, by_code, windows))
    return points


def _serve(queues: dict[str, deque], lines: Mapping[str, Line], windows: Mapping[str, int], clock: float) -> None:
    for kind in sorted(windows, key=lambda one: sum(one in line.kinds for line in lines.values())):
        left = windows[kind] * float(STEP)
        while left > 1e-9:
            mine = [line for line in lines.values() if kind in line.kinds and queues[line.code]]
            if not mine:
                break
            line = max(mine, key=lambda one: (clock + STEP - queues[one.code][0][0]) * one.weight)
            head = queues[line.code][0]
            served = min(head[1], left / line.minutes)
            left -= served * line.minutes
            head[1] -= served
            if head[1] <= 1e-9:
                queues[line.code].popleft()


def _point(at, coming, queues, lines: Mapping[str, Line], windows: Mapping[str, int]) -> Point:
    waits = {}
    for code, line in lines.items():
        open_now = sum(many for kind, many in windows.items() if kind in line.kinds)
        many = sum(one[1] for one in queues[code])
        waits[code] = many * line.minutes / open_now if open_now else 0.0
    worst = max(waits, key=lambda code: waits[code], default="")
    return Point(at, coming, sum(one[1] for row in queues.values() for one in row), waits.get(worst, 0.0), worst)


def _at(values: Sequence[float], place: int) -> float:
    return values[place] if place < len(values) else 0.0
