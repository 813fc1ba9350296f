"""Pictures of pages with the places marked that the machine noticed: plain numbers for an SVG that lies over the picture.

Used by applicants and officers alike, so that both see the same. No inline style: the places are attributes of SVG.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tongban.cases import pre_review
from tongban.cases.models import MachineFinding
from tongban.materials.models import Page
from tongban.materials.queries import shown_size

WIDTH = 1000  # of the SVG; its height follows the page
PAPER = 1414  # of a page whose size is not known
BADGE = 24


@dataclass(frozen=True)
class Line:
    """One finding as a list shows it. `number` is the one on the picture."""

    finding: MachineFinding
    number: int
    sentence: object
    help: object

    @property
    def place(self) -> str:
        return f"mark-{self.finding.pk}" if self.finding.page else ""


@dataclass(frozen=True)
class Mark:
    pk: int
    number: int
    severity: str
    settled: bool
    whole: bool
    x: int
    y: int
    width: int
    height: int
    badge_x: int
    badge_y: int


def lines_of(findings: Sequence[MachineFinding]) -> list[Line]:
    """Numbered in their order, in the reader's language."""
    return [
        Line(
            one,
            number,
            pre_review.sentence_of(one.code, one.params or {}, one.confidence),
            pre_review.help_of(one.code),
        )
        for number, one in enumerate(findings, 1)
    ]


def size_of(page: Page) -> tuple[int, int]:
    width, height = shown_size(page)
    return WIDTH, round(WIDTH * height / width) if width and height else PAPER


def marks_on(page: Page, number: int, lines: Sequence[Line]) -> list[Mark]:
    """The places of a page; what concerns the whole page frames it."""
    width, height = size_of(page)
    marks, whole = [], 0
    for line in lines:
        one = line.finding
        if one.page != number:
            continue
        settled = one.state in {MachineFinding.State.OVERRULED, MachineFinding.State.TAKEN_UP}
        if one.box:
            left, top, across, down = one.box
            pad = 6
            x, y = max(0, round(left * width) - pad), max(0, round(top * height) - pad)
            wide = min(width - x, round(across * width) + 2 * pad)
            high = min(height - y, round(down * height) + 2 * pad)
            badge = (min(max(x, BADGE), width - BADGE), max(y, BADGE))
            marks.append(Mark(one.pk, line.number, one.severity, settled, False, x, y, wide, high, *badge))
        else:
            badge = (min(BADGE + 10 + whole * (2 * BADGE + 8), width - BADGE), BADGE + 10)
            whole += 1
            marks.append(Mark(one.pk, line.number, one.severity, settled, True, 5, 5, width - 10, height - 10, *badge))
    return marks
