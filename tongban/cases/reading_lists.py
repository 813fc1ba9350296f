"""A table of a form read from a file that an applicant brings: lines that fit, and for each other line why not. Pure: nothing is kept."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.lib import sheets
from tongban.lib.bilingual import say
from tongban.lib.formschema import MAX_ROWS, Field, Form
from tongban.lib.problems import Invalid, worded

LOOK_FOR_HEADINGS = 10  # lines: a title and who made the list often stand above them
ALSO = {  # how lists in offices call what a form asks for
    "name": {"姓名", "员工姓名", "名字", "name", "full name"},
    "id_no": {
        "证件号码",
        "证件号",
        "身份证号",
        "身份证号码",
        "身份证",
        "公民身份号码",
        "id",
        "id no",
        "id number",
        "id no.",
    },
    "lives_at": {"居住地", "住址", "现住址", "居住地址", "地址", "address"},
    "last_test": {"最近检测日期", "检测日期", "检测时间", "最近一次检测", "last test", "date of test", "test date"},
}
SHOWN_OF_A_BAD_LINE = 60
CELLS_AT_MOST = 4000  # the rest of a form has room within settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


@dataclass(frozen=True)
class BadLine:
    number: int
    shown: str
    reasons: tuple


@dataclass(frozen=True)
class ListRead:
    rows: list[dict[str, Any]]
    bad: list[BadLine]
    left_out: list[str]  # headings of the file that the form does not ask for


def read_list(content: bytes, field: Field, known: Mapping[str, Collection[str]] | None = None) -> ListRead:
    """What of this file goes into the table `field`. Raises Invalid where it is no table, or its columns cannot be told."""
    lines = sheets.read(content)
    at, places = _headings(lines, field)
    form = Form([field])
    rows: list[dict[str, Any]] = []
    bad: list[BadLine] = []
    seen: dict[str, int] = {}
    for line in lines[at + 1 :]:
        given = {name: line.cells[place] for name, place in places.items() if place < len(line.cells)}
        if not any(given.values()):
            continue
        reasons = [_ROUNDED for cell in given.values() if isinstance(cell, sheets.Rounded)][:1]
        if not reasons:
            judged = form.validate({field.id: [given]}, known=known)
            reasons = [_of_cell(field, name, said) for name, told in judged.errors.items() for said in told]
            cleaned = judged.values.get(field.id) or [{}]
        if not reasons:
            same = _sameness(field, cleaned[0])
            if same in seen:
                reasons = [worded(_("The same as line %(line)s."), line=seen[same])]
            elif len(rows) >= _most(field):
                reasons = [worded(_("Please enter at most %(most)s rows."), most=_most(field))]
            else:
                seen[same] = line.number
                rows.append(cleaned[0])
        if reasons:
            bad.append(BadLine(line.number, _shown(field, given), tuple(reasons)))
    used = set(places.values())
    left_out = [cell for place, cell in enumerate(lines[at].cells) if cell and place not in used]
    return ListRead(rows, bad, [cell[:40] for cell in left_out])


_ROUNDED = _(
    "The spreadsheet has shortened a long number. Set the column of numbers to “text”, type the number again and save."
)


def _most(field: Field) -> int:
    """No more than the page of the form can send again, a field a cell."""
    sendable = min(MAX_ROWS, CELLS_AT_MOST // len(field.columns))
    return min(int(field.max), sendable) if field.max is not None else sendable


def _headings(lines: Sequence[sheets.Line], field: Field) -> tuple[int, dict[str, int]]:
    """Which line names the columns, and where each stands."""
    best: tuple[int, dict[str, int]] = (0, {})
    for at, line in enumerate(lines[:LOOK_FOR_HEADINGS]):
        places: dict[str, int] = {}
        for place, cell in enumerate(line.cells):
            name = next((one.id for one in field.columns if _plain(cell) in _called(one)), None)
            if name is not None:
                places.setdefault(name, place)
        if len(places) > len(best[1]):
            best = at, places
    lacking = [say(one.label) for one in field.columns if one.required and one.id not in best[1]]
    if lacking:
        wanted = worded(_("No column of this file is called: %(names)s."), names=str(_(", ")).join(lacking))
        raise Invalid(
            "no-such-columns", wanted, errors={"file": [wanted]}, kept=sheets.KEPT,
            next_step=_("Name the columns in the first line as on this page, or use the empty list from here."),
        )  # fmt: skip
    return best


def _called(column: Field) -> set[str]:
    return {
        _plain(name)
        for name in (column.id, column.label.get("zh", ""), column.label.get("en", ""), *ALSO.get(column.id, ()))
    }


def _plain(heading: str) -> str:
    return re.sub(r"[\s_*：:()（）]+", "", heading).casefold()


def _of_cell(field: Field, name: str, said) -> Any:
    column = name.rpartition("-")[2]
    label = next((say(one.label) for one in field.columns if one.id == column), "")
    return worded(_("%(column)s: %(said)s"), column=label, said=said) if label else said


def _sameness(field: Field, row: Mapping[str, Any]) -> str:
    """Two lines are one where their number of a document is; without such a column, where everything is."""
    number = next((row.get(one.id) for one in field.columns if one.type == "id_number"), None)
    return str(number) if number else repr(sorted(row.items()))


def _shown(field: Field, given: Mapping[str, str]) -> str:
    """Enough of a line to find it again, its numbers covered."""
    parts = [one.mask(given[one.id]) if one.personal else given[one.id] for one in field.columns if given.get(one.id)]
    return " · ".join(parts)[:SHOWN_OF_A_BAD_LINE]
