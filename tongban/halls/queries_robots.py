"""What a guide robot answers: asked in words, it names the matter, who takes it in this hall, how long one waits, and the way there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tongban.halls import queries_figures, queries_tickets, way_finding
from tongban.halls.models import Category, Hall, Machine, Window
from tongban.halls.queries_tickets import Board, CategoryNow
from tongban.halls.way_finding import Spot
from tongban.halls.window_states import WindowState
from tongban.matters import queries as matters

ANSWERS = 3
COLLECT, PERSONAL, BUSINESS, ASK = "D", "A", "B", "E"
COLLECTS = ("取件", "取证", "领证", "领取", "取结果", "collect", "pick up", "pick-up", "pickup")
HALF_A_WINDOW = (2.0, 2.5)


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
    able.sort(key=lambda one: (one.state != WindowState.OPEN, one.kind != category.window_kinds[0], one.number))
    now = next((one for one in board.categories if one.category.pk == category.pk), None)
    elsewhere = (
        now is not None and queries_figures.offer_elsewhere(hall, category, at, now.estimate) and now.waiting > 0
    )
    return Answer(slug, title, category, now, able, able[0] if able else None, elsewhere)


# -- the way


def way(
    hall: Hall,
    robot: Machine,
    target: Window | None,
    *,
    windows: Iterable[tuple[int, Spot]] | None = None,
    half: Spot = HALF_A_WINDOW,
    begin: Spot | None = None,
) -> list[Spot]:
    """From the robot to a window, in hundredths of the floor plan, around windows and through no other area. `windows`: where a drawing has
    put them, by number, `half` how large it draws one, `begin` where it has put the robot."""
    if target is None or target.x is None or target.y is None:
        return []
    if windows is None:
        windows = [
            (one.number, (one.x, one.y))
            for one in hall.windows.order_by("number")
            if one.x is not None and one.y is not None
        ]
    placed = dict(windows)
    end = placed.pop(target.number, (target.x, target.y))
    areas = [
        (one["x"], one["y"], one["x"] + one["w"], one["y"] + one["h"])
        for one in hall.areas
        if one.get("w") and one.get("h")
    ]
    things = [(x - half[0], y - half[1], x + half[0], y + half[1]) for x, y in placed.values()]
    return way_finding.way(begin or _stands(hall, robot), end, areas, things)


def _stands(hall: Hall, robot: Machine) -> Spot:
    if robot.x is not None and robot.y is not None:
        return (robot.x, robot.y)
    area = next((one for one in hall.areas if one["id"] == robot.area), None)
    if area is None:
        return (50.0, 95.0)
    return (area["x"] + area["w"] / 2, area["y"] + area["h"] / 2)
