"""What stands where: lines with their places, what is beside and below them, and the whole as running text."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from tongban.materials.reading.words import bare, plain


@dataclass(frozen=True)
class Line:
    """One line of a page. Places are parts of the page, the lean taken out; `box` is where it is shown."""

    page: int
    text: str
    bare: str
    confidence: float
    left: float
    top: float
    wide: float
    tall: float
    box: tuple[float, ...]

    @property
    def right(self) -> float:
        return self.left + self.wide

    def edge_of(self, place: int) -> float:
        """About where a letter of the line stands: Chinese ones are twice as wide as others."""
        widths = [2 if letter > "\u2e7f" else 1 for letter in self.text]
        return self.left + self.wide * sum(widths[:place]) / max(1, sum(widths))

    @property
    def middle(self) -> float:
        return self.top + self.tall / 2


class Sheet:
    """All lines of a document in the order they are read."""

    def __init__(self, lines: Iterable[dict]):
        self.lines = _in_reading_order([line for line in map(_line, lines) if line.bare or "<" in line.text])
        pieces, self._begins, at = [], [], 0
        for line in self.lines:
            self._begins.append(at)
            pieces.append(line.text)
            at += len(line.text)
        self.flow = "".join(pieces)  # sentences go on over line ends

    def line_at(self, place: int) -> Line:
        return self.lines[max(0, bisect_right(self._begins, place) - 1)]

    def rows(self) -> list[list[Line]]:
        """Lines side by side: a title printed with wide gaps is one row."""
        rows: list[list[Line]] = []
        for line in self.lines:
            last = rows[-1][-1] if rows else None
            if last and last.page == line.page and abs(last.middle - line.middle) < 0.5 * min(last.tall, line.tall):
                rows[-1].append(line)
            else:
                rows.append([line])
        return rows

    def beside(self, label: Line) -> list[Line]:
        """What stands to the right at the same height, the nearest first."""
        found = [
            line
            for line in self.lines
            if line.page == label.page
            and line is not label
            and line.left > label.left + 0.5 * label.wide  # boxes are generous and overlap
            and line.left - label.right < 0.5
            and (
                abs(line.middle - label.middle) < 0.75 * max(line.tall, label.tall)
                or line.top <= label.middle <= line.top + line.tall
            )
        ]
        return sorted(found, key=lambda line: (line.left - label.right) + abs(line.middle - label.middle))

    def below(self, label: Line, *, reach: float = 2.4) -> list[Line]:
        """What stands under it and begins where it begins, the nearest first."""
        found = [
            line
            for line in self.lines
            if line.page == label.page
            and line is not label
            and 0.3 * label.tall < line.middle - label.middle < reach * max(label.tall, line.tall)
            and line.left < label.right
            and line.right > label.left
        ]
        return sorted(found, key=lambda line: line.middle)

    def begins_its_row(self, line: Line, edge: float) -> bool:
        """Nothing stands to its left in the column that begins at this edge: no label of its own."""
        return not any(
            other.page == line.page
            and other is not line
            and abs(other.middle - line.middle) < 0.5 * max(other.tall, line.tall)
            and other.left < line.left - 0.02
            and abs(other.left - edge) < 0.03
            for other in self.lines
        )

    def continued(self, line: Line, *, begins: float | None = None, at_most: int = 3) -> list[Line]:
        """The lines in which a long value goes on: close beneath, beginning at the same edge (or at `begins`, where it began)."""
        found, last = [], line
        edges = [line.left] if begins is None else [line.left, begins]
        for _turn in range(at_most):
            after = [
                other
                for other in self.lines
                if other.page == last.page
                and 0.4 * last.tall < other.middle - last.middle < 2.0 * max(last.tall, other.tall)
                and any(abs(other.left - edge) < 0.025 for edge in edges)
            ]
            if not after:
                break
            last = min(after, key=lambda other: other.middle)
            edges = [last.left]
            found.append(last)
        return found


def _line(row: dict) -> Line:
    left, top, wide, tall = row.get("flat") or row["box"]
    text = plain(row["text"])
    return Line(int(row["page"]), text, bare(text), float(row["confidence"]), left, top, wide, tall, tuple(row["box"]))


def _in_reading_order(lines: list[Line]) -> list[Line]:
    """Row by row; what overlaps by half its height is one row."""
    ordered: list[Line] = []
    for page in sorted({line.page for line in lines}):
        row: list[Line] = []
        for line in sorted((line for line in lines if line.page == page), key=lambda line: line.middle):
            if row and line.middle - row[0].middle > 0.5 * max(row[0].tall, line.tall):
                ordered += sorted(row, key=lambda one: one.left)
                row = []
            row.append(line)
        ordered += sorted(row, key=lambda one: one.left)
    return ordered


def spaced(label: str) -> str:
    """A label as a pattern: 姓 名 and 姓名 are the same."""
    return r"\s*".join(re.escape(letter) for letter in label if not letter.isspace())
