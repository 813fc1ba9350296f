"""What applicants see of reading their papers: how far it is, what was noticed, what it offers to the form."""

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from tongban.cases import noticed, rules, services
from tongban.cases.models import Case, CaseMaterial, MachineFinding
from tongban.channels.pages.live import stand_before
from tongban.channels.pages.marked_pages import Line, lines_of
from tongban.lib.bilingual import say
from tongban.materials.models import Reading
from tongban.materials.reading.states import BEGUN


@dataclass(frozen=True)
class Offered:
    """A value for one answer of the form; `typed` is what stands there now."""

    material: str
    field: str
    label: str
    value: str
    typed: str
    page: int | None
    unsure: bool


@dataclass
class PaperRead:
    """One uploaded paper, as far as the machine is with it."""

    reading: Reading | None
    href: str
    lines: list[Line] = field(default_factory=list)
    offers: list[Offered] = field(default_factory=list)
    taken: list[dict] = field(default_factory=list)

    @property
    def begun(self) -> bool:
        return self.reading is not None and self.reading.state in BEGUN

    @property
    def done(self) -> bool:
        return self.reading is not None and self.reading.state == Reading.State.DONE

    @property
    def failed(self) -> bool:
        return self.reading is not None and self.reading.state == Reading.State.FAILED

    @property
    def at(self) -> int:
        """The page that is being read now."""
        return min(self.reading.pages_done + 1, self.total) if self.reading else 0

    @property
    def total(self) -> int:
        return max(self.reading.pages_total, 1) if self.reading else 0

    @property
    def steps(self) -> int:
        """Of the bar that shows how far it is: two a page, so that it moves before the first is read."""
        return 2 * self.total

    @property
    def step(self) -> int:
        return min(2 * self.reading.pages_done + 1, self.steps) if self.reading else 0

    @property
    def topics(self) -> str:
        """What a page that shows it listens to."""
        return f"document:{self.reading.document_id}" if self.reading else ""

    @property
    def open_lines(self) -> list[Line]:
        return [one for one in self.lines if one.finding.state == MachineFinding.State.OPEN]


def papers_of(request, case: Case) -> dict[str, PaperRead]:
    """{material: what was read} for every upload of the case."""
    rows = list(noticed.uploads_of(case))
    if waits := [paper.topics for row in rows if (paper := PaperRead(reading_of(row), "")).begun]:
        stand_before(request, *waits)
        rows = list(noticed.uploads_of(case))
    found = noticed.standing(case)
    offered = offers_of(case)
    return {
        row.type.slug: PaperRead(
            reading=reading_of(row),
            href=reverse("portal:apply_picture", args=[case.ref, row.type.slug]),
            lines=lines_of([one for one in found if one.document_id == row.document_id]) if _is_done(row) else [],
            offers=[one for one in offered if one.material == row.type.slug],
            taken=taken_from(case, row.type.slug),
        )
        for row in rows
    }


def reading_of(row: CaseMaterial) -> Reading | None:
    return getattr(row.document, "reading", None)  # a document nobody asked to read has none


def _is_done(row: CaseMaterial) -> bool:
    reading = reading_of(row)
    return reading is not None and reading.state == Reading.State.DONE


def offers_of(case: Case) -> list[Offered]:
    asked = rules.form_of(case)
    return [
        Offered(
            material=row.type.slug,
            field=one.field,
            label=say(asked[one.field].label),
            value=asked[one.field].display(one.value, masked=None),
            typed=asked[one.field].display(case.value(one.field), masked=None),
            page=one.page,
            unsure=one.confidence < 0.85,
        )
        for row, one in services.offers(case)
        if one.field in asked
    ]


def changeable(case: Case) -> set[str]:
    """Answers that the applicant may change."""
    return {one.id for one in rules.form_of(case) if not one.readonly}


def taken_from(case: Case, material: str) -> list[dict[str, Any]]:
    """What stands in the form from this paper."""
    asked = rules.form_of(case)
    return [
        {"label": say(asked[name].label), "value": asked[name].display(held["value"]), "field": name}
        for name, held in case.values.items()
        if held.get("source") == f"paper:{material}" and not held.get("changed") and name in asked
    ]
