"""Lists of cases as files for a spreadsheet: every text stays text, also one that begins like a formula; days are days."""

import io
from collections.abc import Iterable
from datetime import date
from typing import Any

import xlsxwriter

from tongban.cases import clocks
from tongban.cases.models import Case
from tongban.lib.bilingual import Bilingual, say

HEADINGS: list[tuple[Bilingual, int]] = [
    ({"zh": "办件编号", "en": "Case number"}, 24),
    ({"zh": "事项", "en": "Matter"}, 34),
    ({"zh": "部门", "en": "Department"}, 26),
    ({"zh": "申请人", "en": "Applicant"}, 22),
    ({"zh": "状态", "en": "State"}, 18),
    ({"zh": "收件日", "en": "Received"}, 13),
    ({"zh": "到期", "en": "Due"}, 13),
    ({"zh": "经办人", "en": "Desk"}, 18),
]
LONGEST = 32_767  # letters that a cell holds
FORMULA_BEGINS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # wide ones too, where people type Chinese


def safe_cell(text) -> str:
    """A cell of a CSV file that a spreadsheet shows and never calculates; there is no other way there to say that it is text."""
    text = "" if text is None else str(text)
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text


def cells_of(case: Case) -> list[Any]:
    """One line, in the order of the headings. What stands still has no day."""
    due = None if case.next_due == clocks.FAR_AWAY else case.next_due
    return [
        case.number, say(case.version.name), say(case.department.name), case.applicant.shown_name, case.get_state_display(),
        case.received_on, due, case.claimed_by.shown_name if case.claimed_by else None,
    ]  # fmt: skip


def workbook(rows: Iterable[Case]) -> bytes:
    """The list as XLSX, one line in memory at a time. Nothing in it is ever a formula, a link or a guessed number."""
    held = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(held, options) as book:
        head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#E7F0EE", "bottom": 1}
        )
        day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet("办件 Cases")
        sheet.freeze_panes(1, 1)
        sheet.repeat_rows(0)
        for column, (_words, width) in enumerate(HEADINGS):
            sheet.set_column(column, column, width)
        sheet.set_row(0, 34)
        for column, (words, _width) in enumerate(HEADINGS):
            sheet.write_string(0, column, f"{words['zh']}\n{words['en']}", head)
        last = 0
        for last, case in enumerate(rows, 1):
            for column, value in enumerate(cells_of(case)):
                _write(sheet, last, column, value, day, text)
        sheet.autofilter(0, 0, last, len(HEADINGS) - 1)
    return held.getvalue()


def _write(sheet, row: int, column: int, value, day, text) -> None:
    if value is None or value == "":
        return
    if isinstance(value, date):
        sheet.write_datetime(row, column, value, day)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        sheet.write_string(row, column, str(value)[:LONGEST], text)
    else:
        sheet.write_number(row, column, value)
