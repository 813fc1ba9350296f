"""Guilloche line work for the frames of licences, drawn by us as SVG from sums of sines.

Nothing here comes from a real certificate: two braids run around the page, their beats meet at the corners, and a rosette lies
under the text. The lines are vectors: sharp at any size and hard to copy by hand.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin

Point = tuple[float, float]


@dataclass(frozen=True)
class Palette:
    """Accent for titles and lines, companion for the second braid, wash for the rosette under the text."""

    accent: str
    companion: str
    wash: str
    paper: str


PALETTES = {
    "person": Palette("#006161", "#6fb0ad", "#d9ebe8", "#fdfcf7"),
    "business": Palette("#84540f", "#cda45a", "#f1e4cb", "#fffcf5"),
    "property": Palette("#6b2140", "#be8298", "#f1dfe5", "#fffbf9"),
    "proof": Palette("#2b4878", "#8aa4cf", "#dfe7f4", "#fbfcff"),
}


@lru_cache(maxsize=16)
def frame(width: float, height: float, palette: Palette) -> str:
    """The border of a page of this size in millimetres."""
    inset, band, radius = 14.5, 9.0, 10.0
    route = _Route(width, height, inset, radius)
    waves = round(route.length / 11.5)
    waves += waves % 2
    strokes = []
    for strand in range(5):
        phase = 2 * pi * strand / 5
        strokes.append(_braid(route, waves, band / 2, phase, palette.companion, 0.11))
    for strand in range(6):
        phase = 2 * pi * strand / 6
        strokes.append(_braid(route, waves // 2, band / 2, phase, palette.accent, 0.14, ripple=0.34, beat=3))
    for strand in range(2):
        strokes.append(_braid(route, waves * 2, band * 0.14, pi * strand, palette.accent, 0.2))
    edges = [(inset - band / 2 - 1.1, 0.45), (inset - band / 2 - 2.3, 0.16), (inset + band / 2 + 1.1, 0.16)]
    for edge, weight in edges:
        strokes.append(
            f'<rect x="{edge:.2f}" y="{edge:.2f}" width="{width - 2 * edge:.2f}" height="{height - 2 * edge:.2f}" '
            f'rx="{max(radius + inset - edge, 0):.2f}" fill="none" stroke="{palette.accent}" stroke-width="{weight}"/>'
        )
    return _svg(width, height, strokes)


@lru_cache(maxsize=16)
def rosette(size: float, palette: Palette) -> str:
    """The flower under the text: rings of petals, each turned a little against the last."""
    middle = size / 2
    strokes = []
    for ring, (reach, petals, depth) in enumerate([(0.98, 24, 0.3), (0.72, 18, 0.42), (0.46, 12, 0.62)]):
        for strand in range(8):
            turn = 2 * pi * strand / 8
            points = []
            steps = petals * 10
            for step in range(steps + 1):
                angle = 2 * pi * step / steps
                distance = middle * reach * (1 - depth / 2 + depth / 2 * cos(petals * angle + turn))
                points.append(
                    (middle + distance * cos(angle + ring * 0.1), middle + distance * sin(angle + ring * 0.1))
                )
            strokes.append(_stroke(points, palette.wash, 0.2))
    return _svg(size, size, strokes)


@lru_cache(maxsize=16)
def creek(width: float, height: float, palette: Palette) -> str:
    """Slow parallel currents for the head of letters: the creek with eighteen bends."""
    strokes = []
    for strand in range(9):
        points = []
        for step in range(181):
            x = width * step / 180
            swell = 0.5 + 0.5 * sin(pi * step / 180)
            y = height / 2 + swell * height * 0.36 * sin(2 * pi * 9 * step / 180 / 2 + strand * 0.22) * (
                1 - strand * 0.07
            )
            points.append((x, y + (strand - 4) * 0.12))
        colour = palette.accent if strand in (0, 8) else palette.companion
        strokes.append(_stroke(points, colour, 0.12 if strand not in (0, 8) else 0.2))
    return _svg(width, height, strokes)


class _Route:
    """A walk around a rounded rectangle: where am I after `s` millimetres, and which way is outward."""

    def __init__(self, width: float, height: float, inset: float, radius: float) -> None:
        across, down, quarter = width - 2 * inset - 2 * radius, height - 2 * inset - 2 * radius, pi * radius / 2
        left, right, top, bottom = inset + radius, width - inset - radius, inset + radius, height - inset - radius
        self._radius = radius
        # (length, start point, direction in radians) for straights; (length, centre, angle at the start) for corners.
        self._legs: list[tuple[str, float, Point, float]] = [
            ("straight", across, (left, inset), 0.0),
            ("corner", quarter, (right, top), -pi / 2),
            ("straight", down, (width - inset, top), pi / 2),
            ("corner", quarter, (right, bottom), 0.0),
            ("straight", across, (right, height - inset), pi),
            ("corner", quarter, (left, bottom), pi / 2),
            ("straight", down, (inset, bottom), -pi / 2),
            ("corner", quarter, (left, top), pi),
        ]
        self.length = sum(leg[1] for leg in self._legs)

    def at(self, walked: float, outward: float) -> Point:
        walked %= self.length
        for kind, length, (x, y), angle in self._legs:
            if walked > length:
                walked -= length
                continue
            if kind == "straight":
                return x + walked * cos(angle) + outward * sin(angle), y + walked * sin(angle) - outward * cos(angle)
            turned = angle + walked / self._radius
            return x + (self._radius + outward) * cos(turned), y + (self._radius + outward) * sin(turned)
        return self.at(0, outward)


def _braid(
    route: _Route,
    waves: int,
    reach: float,
    phase: float,
    colour: str,
    weight: float,
    *,
    ripple: float = 0.0,
    beat: int = 1,
) -> str:
    points = []
    steps = waves * (8 if not ripple else 14)
    for step in range(steps + 1):
        turn = 2 * pi * waves * step / steps
        height = (1 - ripple) * sin(turn + phase) + ripple * sin(beat * turn - phase)
        points.append(route.at(route.length * step / steps, reach * height))
    return _stroke(points, colour, weight)


def _stroke(points: list[Point], colour: str, weight: float) -> str:
    """A smooth line through the points (Catmull-Rom as Bezier curves, in relative coordinates to stay small)."""
    first = points[0]
    drawn = [f"M{first[0]:.2f} {first[1]:.2f}"]
    for number in range(len(points) - 1):
        before, start = points[max(number - 1, 0)], points[number]
        end, after = points[number + 1], points[min(number + 2, len(points) - 1)]
        c1 = ((end[0] - before[0]) / 6, (end[1] - before[1]) / 6)
        c2 = (end[0] - start[0] - (after[0] - start[0]) / 6, end[1] - start[1] - (after[1] - start[1]) / 6)
        drawn.append(
            f"c{c1[0]:.2f} {c1[1]:.2f} {c2[0]:.2f} {c2[1]:.2f} {end[0] - start[0]:.2f} {end[1] - start[1]:.2f}"
        )
    return f'<path d="{"".join(drawn)}" fill="none" stroke="{colour}" stroke-width="{weight}"/>'


def _svg(width: float, height: float, strokes: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}">{"".join(strokes)}</svg>'
    )
