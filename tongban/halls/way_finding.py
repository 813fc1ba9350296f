"""The way through a hall on its floor plan: along the aisles between areas, around windows, through no area but the first and the last. Pure.

Spots are hundredths of the plan. A way turns as seldom as it can: it is read at a glance by somebody who stands before a screen.
"""

import heapq
from collections.abc import Iterable
from functools import lru_cache

Spot = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom

TURN = 6.0  # hundredths of a detour that one turn less is worth
BESIDE = 0.6  # that far from a window one walks
CLOSE = 1e-6


def way(begin: Spot, end: Spot, areas: Iterable[Box], things: Iterable[Box]) -> list[Spot]:
    """Corners of the way from one spot to the other; `things` are windows, the one where it ends not among them. Where everything is
    built up, the straight way."""
    rooms = tuple(one for one in areas if not (_holds(one, begin) or _holds(one, end)))
    boxes = tuple(
        (left - BESIDE, top - BESIDE, right + BESIDE, bottom + BESIDE)
        for left, top, right, bottom in things
        if not (_holds((left, top, right, bottom), end) or _holds((left, top, right, bottom), begin))
    )
    return list(_found(begin, end, tuple(sorted(rooms)), tuple(sorted(boxes))))


def crosses(one: Spot, other: Spot, box: Box) -> bool:
    """Does this upright or level line go through the inside of the box?"""
    left, right = sorted((one[0], other[0]))
    top, bottom = sorted((one[1], other[1]))
    return left < box[2] - CLOSE and right > box[0] + CLOSE and top < box[3] - CLOSE and bottom > box[1] + CLOSE


def _holds(box: Box, spot: Spot) -> bool:
    return box[0] - CLOSE <= spot[0] <= box[2] + CLOSE and box[1] - CLOSE <= spot[1] <= box[3] + CLOSE


@lru_cache(maxsize=512)
def _found(begin: Spot, end: Spot, rooms: tuple[Box, ...], boxes: tuple[Box, ...]) -> tuple[Spot, ...]:
    closed = (*rooms, *boxes)
    across = _lines((begin[0], end[0]), [edge for box in closed for edge in (box[0], box[2])])
    down = _lines((begin[1], end[1]), [edge for box in closed for edge in (box[1], box[3])])
    first, last = (across.index(begin[0]), down.index(begin[1])), (across.index(end[0]), down.index(end[1]))
    best: dict[tuple[int, int, int], float] = {}
    came: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    waiting: list[tuple[float, tuple[int, int, int]]] = [(0.0, (*first, -1))]
    while waiting:
        cost, here = heapq.heappop(waiting)
        if here[:2] == last:
            return _corners(here, came, across, down)
        if best.get(here, cost) < cost:
            continue
        for heading, (right, below) in enumerate(((1, 0), (-1, 0), (0, 1), (0, -1))):
            column, row = here[0] + right, here[1] + below
            if not (0 <= column < len(across) and 0 <= row < len(down)):
                continue
            one, other = (across[here[0]], down[here[1]]), (across[column], down[row])
            if any(crosses(one, other, box) for box in closed):
                continue
            turns = here[2] not in (-1, heading)
            further = cost + abs(one[0] - other[0]) + abs(one[1] - other[1]) + TURN * turns
            there = (column, row, heading)
            if further < best.get(there, float("inf")) - CLOSE:
                best[there], came[there] = further, here
                heapq.heappush(waiting, (further, there))
    return (begin, end)


def _lines(ends: tuple[float, float], edges: list[float]) -> list[float]:
    """Nobody walks along the outer wall."""
    return sorted({*ends, *(edge for edge in edges if 0 < edge < 100)})


def _corners(
    here: tuple[int, int, int],
    came: dict[tuple[int, int, int], tuple[int, int, int]],
    across: list[float],
    down: list[float],
) -> tuple[Spot, ...]:
    passed = [here]
    while passed[-1] in came:
        passed.append(came[passed[-1]])
    passed.reverse()
    spots = [(across[column], down[row]) for column, row, _heading in passed]
    kept = [
        spot
        for place, spot in enumerate(spots)
        if place in (0, len(spots) - 1) or passed[place][2] != passed[place + 1][2]
    ]
    return tuple(kept)
