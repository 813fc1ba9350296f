"""Tables that people bring as files: CSV in the spellings that spreadsheets write, and the first sheet of an XLSX.

The file is a stranger's. Nothing is unpacked beyond what is read of it, no document type is followed, no formula is computed; sizes, rows, columns
and cells are limited before and while it is read. Whatever is wrong is one Invalid with a sentence.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite

from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from .problems import Invalid, worded

LARGEST_FILE = 2 * 1024 * 1024
LARGEST_PART = 16 * 1024 * 1024  # of an XLSX, unpacked
MOST_PARTS = 500
MOST_LINES = 2_000
MOST_COLUMNS = 60
MOST_ROWS = 20_000  # of a sheet, empty ones between them too
LONGEST_CELL = 1_000
EXACT_DIGITS = 15  # a spreadsheet keeps no more of a number

KEPT = _("Nothing was changed.")


class Rounded(str):
    """A number with more digits than a spreadsheet keeps: its last ones are lost."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: its number as the spreadsheet shows it, and its cells."""

    number: int
    cells: tuple[str, ...]


def read(content: bytes) -> list[Line]:
    """The lines that say something. Raises Invalid."""
    if len(content) > LARGEST_FILE:
        raise _refused("too-large", worded(_("The file is larger than %(most)s MB."), most=LARGEST_FILE >> 20))
    if content.startswith(b"PK\x03\x04"):
        lines: Iterable[Line] = _xlsx(content)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refused("old-or-locked", _("This is an old Excel file, or one with a password."))
    elif content.startswith((b"%PDF-", b"\xff\xd8\xff", b"\x89PNG")):
        raise _refused("not-a-table", _("This is a picture or a PDF, not a table."))
    else:
        lines = _csv(content)
    found = []
    for line in lines:
        if any(cell.strip() for cell in line.cells):
            found.append(line)
        if len(found) > MOST_LINES:
            raise _refused("too-many", worded(_("The table has more than %(most)s lines."), most=MOST_LINES))
    if not found:
        raise _refused("empty", _("The file is empty."))
    return found


def _refused(code: str, sentence) -> Invalid:
    return Invalid(
        code, sentence, errors={"file": [sentence]}, kept=KEPT,
        next_step=_("Save the list as XLSX or CSV and choose it again."),
    )  # fmt: skip


def _cut(cell: str) -> str:
    return "".join(letter for letter in cell[:LONGEST_CELL] if letter >= " " or letter in "\n\t").strip()


# -- CSV


def _csv(content: bytes) -> Iterator[Line]:
    text = _text(content)
    first = text[:65_536].split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise _refused(
                "not-a-table", worded(_("Line %(line)s cannot be read as part of a table."), line=before + 1)
            ) from None
        number, before = before + 1, reader.line_num
        if len(cells) > MOST_COLUMNS:
            raise _refused("not-a-table", worded(_("Line %(line)s cannot be read as part of a table."), line=number))
        yield Line(number, tuple(_scientific(_cut(cell)) for cell in cells))


_WRITTEN_SHORT = re.compile(r"[+-]?[0-9](?:\.[0-9]+)?E\+?(1[0-9]|2[0-9])", re.I)


def _scientific(cell: str) -> str:
    """9.90E+17: a spreadsheet took a long number for a quantity and saved how it showed it."""
    return Rounded(cell) if _WRITTEN_SHORT.fullmatch(cell) else cell


def _text(content: bytes) -> str:
    if b"\x00" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused("not-a-table", _("This file is not a table we can read."))
    ways = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for way in ways:
        try:
            return content.decode(way)
        except UnicodeDecodeError:
            continue
    raise _refused("not-a-table", _("This file is not a table we can read."))


# -- XLSX


def _xlsx(content: bytes) -> list[Line]:
    _look_inside(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
        sheet = book.get_sheet_by_name(shown[0])
        if sheet.total_height > MOST_ROWS:
            raise _too_many()
        first = (sheet.start or (0, 0))[0]
        rows = sheet.to_python(skip_empty_area=True)
    except (CalamineError, OSError, ValueError, OverflowError, IndexError):
        raise _no_table() from None
    lines = []
    for number, row in enumerate(rows, first + 1):
        cells = [_shown(cell) for cell in row[:MOST_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            lines.append(Line(number, tuple(cells)))
        if len(lines) > MOST_LINES:
            raise _too_many()
    return lines


def _look_inside(content: bytes) -> None:
    """Before anybody reads it: unpacked piece by piece and counted (what a file says of its own size is not believed), no document type."""
    left = LARGEST_PART
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as held:
            parts = held.infolist()
            if len(parts) > MOST_PARTS:
                raise _no_table()
            for one in parts:
                with held.open(one) as part:
                    before = b""
                    while piece := part.read(65_536):
                        left -= len(piece)
                        if left < 0:
                            raise _refused("too-large", _("This file unpacks to more than we read."))
                        if b"<!DOCTYPE" in before + piece:
                            raise _no_table()
                        before = piece[-9:]
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError):
        raise _no_table() from None


def _no_table() -> Invalid:
    return _refused("not-a-table", _("This file is not a table we can read."))


def _too_many() -> Invalid:
    return _refused("too-many", worded(_("The table has more than %(most)s lines."), most=MOST_LINES))


def _shown(cell) -> str:
    """What the spreadsheet would show: days as 2026-11-20, numbers without the trace of being a fraction inside."""
    if isinstance(cell, datetime | date):
        return cell.strftime("%Y-%m-%d")
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return _cut(str(cell))
    if not isfinite(cell) or abs(cell) >= 1e30:
        return _cut(str(cell))
    if cell == int(cell):
        digits = str(int(cell))
        return Rounded(digits) if len(digits.lstrip("-")) > EXACT_DIGITS else digits
    return _cut(format(Decimal(str(cell)).normalize(), "f"))
