"""A signature on the glass: lines of points between 0 and 1000, whatever the size of the glass."""

from collections.abc import Sequence


def bounded(strokes: Sequence) -> list:
    """Lines of [x, y] between 0 and 1000; what is no such line is left out."""
    kept: list = []
    for line in strokes[:60] if isinstance(strokes, list) else []:
        points = [
            [round(min(max(float(axis), 0.0), 1000.0)) for axis in point]
            for point in (line[:400] if isinstance(line, list) else [])
            if isinstance(point, list)
            and len(point) == 2
            and all(type(axis) in (int, float) and axis == axis for axis in point)  # no NaN
        ]
        if points:
            kept.append(points)
    return kept
