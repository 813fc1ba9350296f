"""What the machine noticed on papers, at the officer's desk: beside the page, to be set aside or taken into the notice."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import translation

from tongban.cases import noticed, pre_review
from tongban.cases.finding_states import UNSETTLED
from tongban.cases.models import Case, MachineFinding
from tongban.channels.pages.marked_pages import Line, lines_of, marks_on, size_of


@dataclass(frozen=True)
class Desk:
    """One finding with what an officer can do: the mark of the notice it fills, and the words for it."""

    line: Line
    mark: str
    text: str
    open: bool
    take: str


def put_beside(case: Case, materials: list[dict[str, Any]]) -> None:
    """Give every material and page of the desk what was noticed there: `noticed`, and for pages `drawn` and `size`."""
    found = noticed.standing(case)
    lines = lines_of(found)
    for one in materials:
        of_paper = [line for line in lines if line.finding.document_id == one["row"].document_id]
        numbers = {page["number"] for page in one["pages"]}
        one["noticed"] = [_desk(case, line) for line in of_paper if line.finding.page not in numbers]
        for page in one["pages"]:
            here = [line for line in of_paper if line.finding.page == page["number"]]
            page["noticed"] = [_desk(case, line) for line in here]
            page["size"] = size_of(page["page"])
            page["drawn"] = marks_on(page["page"], page["number"], here)


def taken(case: Case, pk: str) -> dict[str, str]:
    """The marks of the notice, filled with one finding: what the link without script leads to."""
    row = case.machine_findings.filter(pk=pk).first() if pk.isascii() and pk.isdigit() and len(pk) < 18 else None
    if row is None or row.state not in UNSETTLED:
        return {}
    name = mark_of(row)
    return {f"wrong-{name}": "1", f"text-{name}": words_for(case, row)}


def mark_of(row: MachineFinding) -> str:
    return f"page-{row.page}-{row.material}" if row.page else f"material-{row.material}"


def words_for(case: Case, row: MachineFinding) -> str:
    """The sentence and what to do, in the language of whoever will read the notice."""
    language = (case.account.language if case.account else "") or "zh-hans"
    with translation.override(language):
        said = str(pre_review.sentence_of(row.code, row.params or {}, row.confidence))
        todo = str(pre_review.help_of(row.code))
    return f"{said} {todo}" if language.startswith("en") else f"{said}{todo}"


def _desk(case: Case, line: Line) -> Desk:
    row = line.finding
    where = reverse("office:case", args=[case.ref])
    return Desk(
        line, mark_of(row), words_for(case, row), row.state in UNSETTLED, f"{where}?take={row.pk}#page-{row.page}"
    )
