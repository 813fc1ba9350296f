"""The fifteen-minute circle, in metres and minutes. Pure: distances are computed, nothing is asked.

Whoever walks makes 75 metres a minute and, between houses, 1.3 times the straight line: a quarter of an hour reaches 865 metres as the crow
flies (domain.md 5.4). What is near is first asked of an index by `box`, then measured with `metres`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

METRES_A_MINUTE = 75
DETOUR = 1.3
MINUTES = 15
REACH = METRES_A_MINUTE * MINUTES / DETOUR
EARTH = 6_371_008.8
METRES_A_DEGREE = math.pi * EARTH / 180
SAMPLES = 60  # points of a grid that are asked whether a hall is near
GOLDEN = math.pi * (3 - math.sqrt(5))


class Point(NamedTuple):
    lat: float
    lng: float


class Box(NamedTuple):
    south: float
    north: float
    west: float
    east: float


@dataclass(frozen=True)
class Disc:
    """A grid as it is measured: its middle, how far it reaches, who lives in it."""

    code: str
    at: Point
    radius: float
    population: int


@dataclass(frozen=True)
class Reached:
    """`share`: how much of a grid lies within the walk, 0 to 1; `people`: its population in that part."""

    code: str
    share: float
    people: int
    population: int
    machine: bool


def metres(one: Point, other: Point) -> float:
    """As the crow flies."""
    south, north = math.radians(one.lat), math.radians(other.lat)
    across = math.radians(other.lng - one.lng)
    half = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(across / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(half)))


def minutes(straight: float) -> int:
    """On foot, rounded up: nobody is promised a minute that they do not have."""
    return max(1, math.ceil(straight * DETOUR / METRES_A_MINUTE - 1e-9))


def reach(of_minutes: int) -> float:
    return METRES_A_MINUTE * of_minutes / DETOUR


def box(around: Point, radius: float) -> Box:
    """The degrees between which everything within `radius` lies. It ends at the date line and at the poles."""
    up = radius / METRES_A_DEGREE
    narrow = math.cos(math.radians(min(90.0, abs(around.lat) + up)))
    wide = 180.0 if narrow < 1e-6 else min(180.0, up / narrow)
    return Box(
        max(-90.0, around.lat - up),
        min(90.0, around.lat + up),
        max(-180.0, around.lng - wide),
        min(180.0, around.lng + wide),
    )


def scattered(disc: Disc, count: int = SAMPLES) -> list[Point]:
    """Points spread evenly over a disc, the same ones every time."""
    narrow = max(1e-6, math.cos(math.radians(disc.at.lat)))
    found = []
    for place in range(count):
        far, turned = disc.radius * math.sqrt((place + 0.5) / count) / METRES_A_DEGREE, place * GOLDEN
        found.append(Point(disc.at.lat + far * math.sin(turned), disc.at.lng + far * math.cos(turned) / narrow))
    return found


def coverage(discs: Iterable[Disc], halls: Iterable[Point], machines: Iterable[Point]) -> list[Reached]:
    """Of each grid, how much of it has one of `halls` within the walk, and whether a working machine stands in it."""
    halls, machines = list(halls), list(machines)
    reached = []
    for disc in discs:
        close = [hall for hall in halls if metres(disc.at, hall) <= disc.radius + REACH]
        within = sum(any(metres(point, hall) <= REACH for hall in close) for point in scattered(disc)) if close else 0
        share = within / SAMPLES
        machine = any(metres(disc.at, one) <= disc.radius for one in machines)
        reached.append(Reached(disc.code, share, round(disc.population * share), disc.population, machine))
    return reached


def of_everybody(reached: Iterable[Reached]) -> float | None:
    """The share of all people who have a hall within the walk; None where nobody is counted."""
    reached = list(reached)
    population = sum(one.population for one in reached)
    return sum(one.people for one in reached) / population if population else None


def read_point(lat: str, lng: str) -> Point | None:
    """A position as a device gives it; None where it is none on the earth."""
    try:
        north, east = float(lat), float(lng)
    except ValueError:
        return None
    return Point(north, east) if abs(north) <= 90 and abs(east) <= 180 else None
