"""What the machine noticed on papers, at the officer's desk: beside the page, to be set aside or taken into the notice."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import translation

from tongban.cases import noticed, pre_review
from tongban.cases.finding_states import UNSETTLED
from tongban.cases.models import Case, MachineFinding
from tongban.channels.pages.marked_pages import Line, lines_of, marks_on, size_of
from tongban.lib.bilingual import say


@dataclass(frozen=True)
class Desk:
    """One finding with what an officer can do: the mark of the notice it fills, and the words for it."""

    line: Line
    mark: str
    text: str
    open: bool
    take: str
    where: str


def put_beside(case: Case, materials: list[dict[str, Any]], *, any_there: bool) -> list[Desk]:
    """Everything noticed on the papers of the desk; pages get their marks (`drawn`, `size`), materials their count."""
    lines = lines_of(noticed.standing(case)) if any_there else []
    desks = []
    for one in materials:
        of_paper = [line for line in lines if line.finding.document_id == one["row"].document_id]
        one["noticed"] = sum(1 for line in of_paper if line.finding.state in UNSETTLED)
        desks += [_desk(case, line, say(one["row"].type.name)) for line in of_paper]
        for page in one["pages"]:
            page["size"] = size_of(page["page"])
            page["drawn"] = marks_on(page["page"], page["number"], of_paper)
    return desks


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


def _desk(case: Case, line: Line, paper: str) -> Desk:
    row = line.finding
    where = reverse("office:case", args=[case.ref])
    return Desk(
        line=line,
        mark=mark_of(row),
        text=words_for(case, row),
        open=row.state in UNSETTLED,
        take=f"{where}?take={row.pk}#noticed-{row.pk}",
        where=paper,
    )
