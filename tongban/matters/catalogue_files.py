"""Catalogues as files: rows of department, main item, name, item code and kind, in JSON or CSV. No database here.

A bad row is named with its line and the reason, the good ones go on. What is written can be read again and is the same.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.lib.problems import Invalid, worded
from tongban.lib.unicode import is_assigned

LARGEST_FILE = 64 * 1024 * 1024
MOST_ROWS = 200_000
LONGEST = {"department": 100, "main_item": 300, "name": 300, "item_code": 80, "task_type": 2}
FIELDS = tuple(LONGEST)
REQUIRED = ("department", "name", "item_code", "task_type")

# Kinds of matters by the national list (domain.md 3.3); files write them with or without the leading nought.
TASK_TYPES = {"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "20"}

# Column names as departments' own systems write them.
COLUMNS = {
    "部门": "department",
    "部门名称": "department",
    "实施主体": "department",
    "主项": "main_item",
    "主项名称": "main_item",
    "parent": "main_item",
    "事项名称": "name",
    "名称": "name",
    "item code": "item_code",
    "code": "item_code",
    "事项编码": "item_code",
    "实施编码": "item_code",
    "编码": "item_code",
    "事项类型": "task_type",
    "类型": "task_type",
    "type": "task_type",
}

_ITEM_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{4,79}")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Row:
    department: str
    main_item: str
    name: str
    item_code: str
    task_type: str
    line: int = 0

    def content(self) -> dict[str, str]:
        """What a file says of this row; its place in the file is not part of it."""
        return {name: value for name, value in asdict(self).items() if name != "line"}


@dataclass(frozen=True, slots=True)
class Refused:
    """`reason` may be lazy: it is said in the language of whoever reads."""

    line: int
    reason: str | Promise
    said: str = ""


def read(path: Path) -> Iterator[Row | Refused]:
    """Rows as they stand in the file. What cannot be read as a whole raises `Invalid` before the first row."""
    path = Path(path)
    if not path.is_file():
        raise Invalid(
            "no-such-file", worded(_("There is no file %(name)s."), name=path.name), kept=_("Nothing was changed.")
        )
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise Invalid(
            "file-too-large",
            worded(
                _("The file has %(size)s MB; at most %(most)s MB can be taken in."),
                size=size >> 20,
                most=LARGEST_FILE >> 20,
            ),
            kept=_("Nothing was changed."),
            next_step=_("Split it into several files."),
        )
    encoding = encoding_of(path)
    rows = _from_json(path, encoding) if _is_json(path, encoding) else _from_csv(path, encoding)
    return _each_once(rows)


def encoding_of(path: Path) -> str:
    """UTF-8 with or without a mark at its beginning, else GB 18030, the encoding of office programs in China."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with open(path, encoding=encoding, newline="") as file:
                while file.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise Invalid(
        "not-text",
        worded(_("%(name)s is not a text file in UTF-8 or GB 18030."), name=path.name),
        kept=_("Nothing was changed."),
        next_step=_("Save it as CSV with UTF-8 and try again."),
    )


def _is_json(path: Path, encoding: str) -> bool:
    with open(path, encoding=encoding) as file:
        return file.read(4096).lstrip()[:1] in ("[", "{")


def _each_once(rows: Iterator[Row | Refused]) -> Iterator[Row | Refused]:
    seen: dict[str, tuple[int, dict]] = {}
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            yield Refused(row.line, worded(_("More than %(most)s rows: the rest was not read."), most=MOST_ROWS))
            return
        if isinstance(row, Row):
            key = row.item_code.lower()
            earlier = seen.get(key)
            if earlier and earlier[1] == row.content():
                continue
            if earlier:
                reason = worded(_("Line %(line)s already gave this item code to something else."), line=earlier[0])
                row = Refused(row.line, reason, row.item_code)
            else:
                seen[key] = (row.line, row.content())
        yield row


# -- JSON: an array of objects, or an object that holds one


def _from_json(path: Path, encoding: str) -> Iterator[Row | Refused]:
    """Object by object, so that one broken object costs itself and not the file."""
    text = path.read_text(encoding=encoding)
    decoder = json.JSONDecoder()
    at = text.find("[")
    if at < 0:
        raise Invalid("no-rows", _("The file holds no list of matters."), kept=_("Nothing was changed."))
    at, line, counted = at + 1, 1 + text.count("\n", 0, at + 1), at + 1
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        line += text.count("\n", counted, at)
        counted = at
        if at >= len(text):
            yield Refused(line, _("The file ends in the middle of the list."))
            return
        if text[at] == "]":
            return
        try:
            given, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as wrong:
            place = line + text.count("\n", at, getattr(wrong, "pos", at))
            yield Refused(place, _("This cannot be read as JSON."), text[at : at + 60])
            following = re.compile(r"[\r\n]\s*\{").search(text, at + 1) or re.compile(r",\s*\{").search(text, at + 1)
            if following is None:
                return
            end = following.end() - 1
        else:
            yield _row(given, line)
        line += text.count("\n", counted, end)
        at = counted = end


# -- CSV


def _from_csv(path: Path, encoding: str) -> Iterator[Row | Refused]:
    with open(path, encoding=encoding, newline="") as file:
        first = file.readline(65_536)
        delimiter = max(",;\t", key=first.count)
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter)
        header = _header(reader)
        before = reader.line_num
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Refused(reader.line_num, _("This cannot be read as a row of CSV."))
                continue
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                reason = worded(
                    _("The row has %(found)s cells where the first line names %(wanted)s."),
                    found=len(cells),
                    wanted=len(header),
                )
                yield Refused(line, reason, delimiter.join(cells)[:60])
                continue
            yield _row(dict(zip(header, map(_unquoted, cells), strict=True)), line)


def _header(reader) -> list[str]:
    try:
        named = [cell.strip().casefold() for cell in next(reader)]
    except (StopIteration, csv.Error):
        raise Invalid("no-rows", _("The file is empty."), kept=_("Nothing was changed.")) from None
    header = [COLUMNS.get(name, name.replace(" ", "_")) for name in named]
    missing = [name for name in REQUIRED if name not in header]
    if missing or len(set(header)) != len(header):
        raise Invalid(
            "no-such-columns",
            worded(_("The first line must name the columns once each: %(columns)s."), columns=", ".join(FIELDS)),
            errors={"columns": missing},
            kept=_("Nothing was changed."),
        )
    return header


# -- one row


def _row(given, line: int) -> Row | Refused:
    if not isinstance(given, dict):
        return Refused(line, _("This is not a row with names and values."), str(given)[:60])
    values = {}
    for name, longest in LONGEST.items():
        value = given.get(name, "")
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            value = ""
        if not isinstance(value, str):
            return Refused(line, worded(_("%(field)s is not text."), field=name), str(value)[:60])
        value = value.strip()
        if len(value) > longest:
            reason = worded(_("%(field)s is longer than %(most)s characters."), field=name, most=longest)
            return Refused(line, reason, value[:60])
        if any(unicodedata.category(one) in ("Cc", "Cs", "Co") or not is_assigned(one) for one in value):
            return Refused(
                line, worded(_("%(field)s holds characters that cannot be written."), field=name), value[:60]
            )
        if not value and name in REQUIRED:
            return Refused(line, worded(_("%(field)s is missing."), field=name), str(given.get("name") or "")[:60])
        values[name] = value
    if not _ITEM_CODE.fullmatch(values["item_code"]):
        return Refused(
            line, _("The item code may only hold letters, digits and hyphens, at least five."), values["item_code"]
        )
    if values["task_type"].zfill(2) not in TASK_TYPES:
        return Refused(
            line, worded(_("There is no kind of matter %(code)s."), code=values["task_type"]), values["name"]
        )
    return Row(**values, line=line)


# -- writing


def write(rows: Iterable[Row], path: Path) -> int:
    """JSON or CSV by the name of the file. Read again, it gives the same rows."""
    path = Path(path)
    if path.suffix.lower() == ".csv":
        with open(path, "w", encoding="utf-8-sig", newline="") as file:
            return write_csv(rows, file)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        return write_json(rows, file)


def write_csv(rows: Iterable[Row], file: io.TextIOBase) -> int:
    writer = csv.writer(file)
    writer.writerow(FIELDS)
    count = 0
    for row in rows:
        writer.writerow([_quoted(row.content()[name]) for name in FIELDS])
        count += 1
    return count


def write_json(rows: Iterable[Row], file: io.TextIOBase) -> int:
    file.write("[")
    count = 0
    for row in rows:
        file.write(",\n" if count else "\n")
        file.write(json.dumps(row.content(), ensure_ascii=False, indent=0))
        count += 1
    file.write("\n]\n")
    return count


def _quoted(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe before it, and loses it on the way back."""
    return "'" + cell if _FORMULA.match(cell) else cell


def _unquoted(cell: str) -> str:
    return cell[1:] if _QUOTED_FORMULA.match(cell) else cell


def read_department_map(path: Path) -> dict[str, str]:
    """Names in the file -> codes of our departments: a JSON object, or CSV of two columns."""
    path = Path(path)
    if not path.is_file():
        raise Invalid(
            "no-such-file", worded(_("There is no file %(name)s."), name=path.name), kept=_("Nothing was changed.")
        )
    encoding = encoding_of(path)
    if _is_json(path, encoding):
        try:
            given = json.loads(path.read_text(encoding=encoding))
        except (json.JSONDecodeError, RecursionError):
            given = None
    else:
        with open(path, encoding=encoding, newline="") as file:
            rows = [row for row in csv.reader(file) if any(row)]
        given = dict(rows) if all(len(row) == 2 for row in rows) else None
    if not isinstance(given, dict) or not all(isinstance(v, str) and v.strip() for v in given.values()):
        raise Invalid(
            "department-map",
            _("The department map must give one code of a department for each name."),
            kept=_("Nothing was changed."),
        )
    return {name.strip(): code.strip() for name, code in given.items()}
