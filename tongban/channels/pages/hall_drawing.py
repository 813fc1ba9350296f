"""Maps and floor plans as plain shapes for a template to draw: our own vector data, no server of anybody else's."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from tongban.halls import circle
from tongban.halls.circle import Point, Reached
from tongban.halls.models import Grid, Hall, Machine, MachineKind, Window
from tongban.halls.queries_places import Near
from tongban.halls.window_states import WindowState
from tongban.lib.bilingual import say
from tongban.places.models import Division

WIDE, HIGH = 1000, 720  # of a map, in its own units
PLAN_WIDE, PLAN_HIGH = 1000, 620
STEPS = (5, 10, 15)
LETTERS = {
    MachineKind.KIOSK: "K",
    MachineKind.TICKETS: "T",
    MachineKind.SCREEN: "S",
    MachineKind.RATING: "R",
    MachineKind.COMPUTER: "C",
    MachineKind.LOCKER: "L",
    MachineKind.ROBOT: "B",
}


class Sheet:
    """Places on the earth to places on a sheet of a few kilometres; north is up."""

    def __init__(self, middle: Point, metres_across: float, *, high: int = HIGH):
        self.middle, self.scale, self.high = middle, WIDE / metres_across, high
        self._narrow = max(1e-6, math.cos(math.radians(middle.lat)))

    def place(self, point: Point) -> tuple[float, float]:
        across = (point.lng - self.middle.lng) * circle.METRES_A_DEGREE * self._narrow
        up = (point.lat - self.middle.lat) * circle.METRES_A_DEGREE
        return round(WIDE / 2 + across * self.scale, 1), round(self.high / 2 - up * self.scale, 1)

    def length(self, metres: float) -> float:
        return round(metres * self.scale, 1)

    def shows(self, point: Point) -> bool:
        x, y = self.place(point)
        return 0 <= x <= WIDE and 0 <= y <= self.high

    def bar(self) -> tuple[float, str]:
        """A length to measure by, at most a quarter of the sheet, and how it is called."""
        most = WIDE / self.scale / 4
        metres = next(step for step in (10_000, 5_000, 2_000, 1_000, 500, 200, 100, 0) if step <= most)
        words = f"{metres // 1000} km" if metres >= 1000 else f"{metres} m"
        return self.length(metres), words


@dataclass(frozen=True)
class Pin:
    x: float
    y: float
    number: int
    name: str
    href: str
    state: str = ""  # open, closed


@dataclass(frozen=True)
class Area:
    x: float
    y: float
    r: float
    name: str
    tone: str = ""
    number: int = 0


@dataclass
class Map:
    high: int
    title: str
    rings: list[dict[str, Any]] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    names: list[Area] = field(default_factory=list)
    here: tuple[float, float] | None = None
    bar: float = 0
    bar_words: str = ""
    wide: int = WIDE

    @property
    def bar_y(self) -> int:
        return self.high - 40


ACROSS = circle.REACH * 2 * 1.45  # metres that the map of the circle shows


def of_the_circle(
    at: Point,
    found: Iterable[Near],
    open_now: Iterable[int],
    hrefs: Mapping[int, str],
    around: Iterable[Division] = (),
) -> Map:
    """What a quarter of an hour's walk reaches: rings of five, ten and fifteen minutes and the halls, numbered as in the list beside."""
    sheet = Sheet(at, ACROSS)
    opened = set(open_now)
    drawn = Map(HIGH, _("What a walk of 15 minutes reaches"), here=sheet.place(at))
    for step in reversed(STEPS):
        r = sheet.length(circle.reach(step))
        drawn.rings.append({"r": r, "minutes": step, "top": round(HIGH / 2 - r + 26, 1)})
    for row in around:
        place = Point(row.lat or 0.0, row.lng or 0.0)
        if sheet.shows(place):
            x, y = sheet.place(place)
            drawn.names.append(Area(x, y - 46, 0, say(row.name)))
    for number, one in enumerate(found, 1):
        place = Point(one.hall.lat, one.hall.lng)
        if sheet.shows(place):
            x, y = sheet.place(place)
            state = "open" if one.hall.pk in opened else "closed"
            drawn.pins.append(Pin(x, y, number, one.hall.shown_name, hrefs.get(one.hall.pk, ""), state))
    drawn.bar, drawn.bar_words = sheet.bar()
    return drawn


def tone(share: float) -> str:
    """Four steps from nobody to everybody, for colours that are also said in words."""
    return "none" if share < 0.01 else "low" if share < 0.5 else "high" if share < 0.95 else "all"


def of_the_district(grids: Iterable[tuple[Grid, Reached]], halls: Iterable[Hall], hrefs: Mapping[int, str]) -> Map:
    grids, halls = list(grids), list(halls)
    if not grids:
        return Map(HIGH, "")
    edges = [circle.box(Point(grid.lat, grid.lng), grid.radius) for grid, _reached in grids]
    south, north = min(edge.south for edge in edges), max(edge.north for edge in edges)
    west, east = min(edge.west for edge in edges), max(edge.east for edge in edges)
    middle = Point((south + north) / 2, (west + east) / 2)
    across = circle.metres(Point(middle.lat, west), Point(middle.lat, east))
    up = circle.metres(Point(south, middle.lng), Point(north, middle.lng))
    sheet = Sheet(middle, max(across, up * WIDE / HIGH) * 1.06)
    drawn = Map(HIGH, _("Grids of the district and its halls"))
    for number, (grid, reached) in enumerate(
        grids, 1
    ):  # names would lie upon each other: the table says which number is whose
        x, y = sheet.place(Point(grid.lat, grid.lng))
        drawn.areas.append(Area(x, y, sheet.length(grid.radius), grid.shown_name, tone(reached.share), number))
    for hall in halls:
        place = Point(hall.lat, hall.lng)
        if sheet.shows(place):
            x, y = sheet.place(place)
            drawn.pins.append(Pin(x, y, 0, hall.shown_name, hrefs.get(hall.pk, "")))
    drawn.bar, drawn.bar_words = sheet.bar()
    return drawn


# -- the floor plan


@dataclass(frozen=True)
class Room:
    id: str
    name: str
    x: float
    y: float
    w: float
    h: float
    lines: list[str]

    @property
    def words_x(self) -> float:
        return self.x + 12


DESK_WIDE, DESK_HIGH = 40, 34


@dataclass(frozen=True)
class Desk:
    number: int
    x: float
    y: float
    state: str
    words: str
    reserve: bool

    @property
    def left(self) -> float:
        return round(self.x - DESK_WIDE / 2, 1)

    @property
    def top(self) -> float:
        return round(self.y - DESK_HIGH / 2, 1)


@dataclass(frozen=True)
class Thing:
    letter: str
    kind: str
    x: float
    y: float
    working: bool
    words: str


@dataclass(frozen=True)
class Plan:
    rooms: list[Room]
    desks: list[Desk]
    things: list[Thing]
    legend: list[tuple[str, str]]
    wide: int = PLAN_WIDE
    high: int = PLAN_HIGH


STRIP, ROW, EVERY = 66, 44, 52  # for the name of a room; for each row of windows, and each window in it


@dataclass(frozen=True)
class _Floor:
    """Hundredths of the plan to its own units. It is drawn as high as its fullest room needs; what stands in a room stands below its name."""

    areas: list[Mapping[str, Any]]
    high: float

    def x(self, hundredths: float) -> float:
        return round(hundredths * PLAN_WIDE / 100, 1)

    def y(self, hundredths: float) -> float:
        return round(hundredths * self.high / 100, 1)

    def standing(self, x: float, y: float) -> tuple[float, float]:
        room = next((one for one in self.areas if "x" in one and _in_room(one, x, y)), None)
        if room is None:
            return self.x(x), self.y(y)
        top, deep = self.y(room["y"]), self.y(room["h"])
        strip = min(STRIP, deep / 2)
        return self.x(x), round(top + strip + (y - room["y"]) / room["h"] * (deep - strip), 1)


def _in_room(room: Mapping[str, Any], x: float, y: float) -> bool:
    return room["x"] <= x <= room["x"] + room["w"] and room["y"] <= y <= room["y"] + room["h"] and room["h"] > 0


def _height(areas: list[Mapping[str, Any]], places: list[tuple[float, float]]) -> float:
    high = float(PLAN_HIGH)
    for room in areas:
        if "x" in room and room["w"] > 0 and room["h"] > 0:
            rows = len({round(y, 1) for x, y in places if _in_room(room, x, y)})
            high = max(high, (STRIP + rows * ROW) * 100 / room["h"])
    return round(min(high, 2.2 * PLAN_HIGH), 0)


def in_lines(words: str, wide: float, size: float = 22) -> list[str]:
    """A name broken so that it stays in its room: Chinese by characters, other words between them."""
    most = max(4, int((wide - 20) / size * (1 if any(ord(letter) > 0x2E7F for letter in words) else 1.9)))
    if len(words) <= most:
        return [words]
    if " " not in words:
        return [words[at : at + most] for at in range(0, len(words), most)][:3]
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:3]


def floor_plan(hall: Hall, windows: Iterable[Window], machines: Iterable[Machine]) -> Plan:
    windows, machines, areas = list(windows), list(machines), hall.areas or []
    spots = [(one.x, one.y) for one in windows if one.x is not None and one.y is not None]
    spots += [(one.x, one.y) for one in machines if one.x is not None and one.y is not None]
    floor = _Floor(areas, _height(areas, spots))
    rooms = []
    for area in areas:
        x, y = floor.x(area.get("x", 0)), floor.y(area.get("y", 0))
        w, h = floor.x(area.get("w", 100)), floor.y(area.get("h", 100))
        name = say({"zh": area.get("zh", ""), "en": area.get("en", "")})
        rooms.append(Room(str(area.get("id", "")), name, x, y, w, h, in_lines(name, w)))
    desks = [
        Desk(
            window.number,
            *floor.standing(window.x, window.y),
            window.state,
            f"{window.number} {window.get_kind_display()}, {WindowState(window.state).label}",
            window.reserve,
        )
        for window in windows
        if window.x is not None and window.y is not None
    ]
    things, kinds = [], []
    for machine in machines:
        if machine.x is None or machine.y is None:
            continue
        kind = MachineKind(machine.kind)
        if kind not in kinds:
            kinds.append(kind)
        words = f"{kind.label} {machine.number}" + ("" if machine.working else f", {_('out of order')}")
        x, y = floor.standing(machine.x, machine.y)
        things.append(Thing(LETTERS[kind], machine.kind, x, y, machine.working, words))
    return Plan(rooms, desks, things, [(LETTERS[kind], str(kind.label)) for kind in kinds], high=int(floor.high))
