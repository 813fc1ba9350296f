"""What a guide robot answers: asked in words, it names the matter, who takes it in this hall, how long one waits, and the way there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tongban.halls import queries_figures, queries_tickets
from tongban.halls.models import Category, Hall, Machine, Window
from tongban.halls.queries_tickets import Board, CategoryNow
from tongban.halls.window_states import WindowState
from tongban.matters import queries as matters

ANSWERS = 3
COLLECT, PERSONAL, BUSINESS, ASK = "D", "A", "B", "E"
COLLECTS = ("取件", "取证", "领证", "领取", "取结果", "collect", "pick up", "pick-up", "pickup")
Spot = tuple[float, float]


@dataclass(frozen=True)
class Answer:
    """`matter` is None where only a queue was understood (to collect a result, or to ask somebody)."""

    slug: str
    title: str
    category: Category
    now: CategoryNow | None
    windows: list[Window] = field(default_factory=list)
    target: Window | None = None
    elsewhere: bool = False

    @property
    def open_windows(self) -> list[Window]:
        return [one for one in self.windows if one.state == WindowState.OPEN]


def answers(hall: Hall, words: str, at: datetime, language: str | None = None) -> list[Answer]:
    """The best matters of the catalogue for these words, each with its queue here; to be asked again by a person where none fits."""
    board = queries_tickets.board(hall, at)
    known = {one.code: one for one in queries_tickets.offered(hall)}
    words = words.strip()[:200]
    if not words:
        return []
    if any(one in words.casefold() for one in COLLECTS) and COLLECT in known:
        return [_answer(hall, "", known[COLLECT].shown_name, known[COLLECT], board, at)]
    found = matters.search(words, filters={"kind": "matter"}, language=language, limit=ANSWERS).items
    rows = []
    for hit in found:
        code = PERSONAL if "person" in (hit.entry.objects or ("person",)) else BUSINESS
        if code in known:
            rows.append(_answer(hall, hit.entry.id, hit.title, known[code], board, at))
    return rows


def somebody(hall: Hall, at: datetime) -> Answer | None:
    """Where a person answers, if the words were not understood."""
    known = {one.code: one for one in queries_tickets.offered(hall)}
    return (
        _answer(hall, "", known[ASK].shown_name, known[ASK], queries_tickets.board(hall, at), at)
        if ASK in known
        else None
    )


def _answer(hall: Hall, slug: str, title: str, category: Category, board: Board, at: datetime) -> Answer:
    able = [one for one in board.windows if one.kind in category.window_kinds]
    able.sort(key=lambda one: (one.kind != category.window_kinds[0], one.state != WindowState.OPEN, one.number))
    now = next((one for one in board.categories if one.category.pk == category.pk), None)
    elsewhere = (
        now is not None and queries_figures.offer_elsewhere(hall, category, at, now.estimate) and now.waiting > 0
    )
    return Answer(slug, title, category, now, able, able[0] if able else None, elsewhere)


# -- the way


def way(hall: Hall, robot: Machine, target: Window | None, *, end: Spot | None = None) -> list[Spot]:
    """From the robot to a window, in hundredths of the floor plan: out of its area by the aisle between areas, along it, in front of the
    window. `end`: where a drawing has put the window."""
    if target is None or target.x is None or target.y is None:
        return []
    begin = _stands(hall, robot)
    end = end or (target.x, target.y)
    aisle = _aisle(hall.areas, begin, end)
    points = [begin, (begin[0], aisle), (end[0], aisle), end]
    return [point for place, point in enumerate(points) if place == 0 or point != points[place - 1]]


def _stands(hall: Hall, robot: Machine) -> Spot:
    if robot.x is not None and robot.y is not None:
        return (robot.x, robot.y)
    area = next((one for one in hall.areas if one["id"] == robot.area), None)
    if area is None:
        return (50.0, 95.0)
    return (area["x"] + area["w"] / 2, area["y"] + area["h"] / 2)


def _aisle(areas: Iterable[dict[str, Any]], begin: Spot, end: Spot) -> float:
    """The edge between rows of areas that makes the shorter way."""
    edges = sorted({round(edge, 2) for one in areas for edge in (one["y"], one["y"] + one["h"])} - {0.0, 100.0}) or [
        50.0
    ]
    return min(edges, key=lambda edge: abs(edge - begin[1]) + abs(edge - end[1]))
