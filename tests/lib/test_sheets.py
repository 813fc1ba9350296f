"""Tables brought as files: what spreadsheets write is read; what would harm the reader is a sentence."""

import datetime
import io
import random
import zipfile

import pytest
import xlsxwriter

from tongban.lib import sheets
from tongban.lib.problems import Invalid


def book(*rows, **options) -> bytes:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True, **options}) as made:
        sheet, day = made.add_worksheet(), made.add_format({"num_format": "yyyy-mm-dd"})
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, datetime.date):
                    sheet.write_datetime(number, place, datetime.datetime.combine(cell, datetime.time()), day)
                else:
                    sheet.write(number, place, cell)
    return held.getvalue()


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as held:
        return {name: held.read(name) for name in held.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return held.getvalue()


def cells(content: bytes) -> list[tuple[str, ...]]:
    return [line.cells for line in sheets.read(content)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_as_offices_save_it(encoding, delimiter):
    text = delimiter.join(["姓名", "检测"]) + "\r\n" + delimiter.join(["王示范", "2026-11-20"]) + "\r\n"

    assert cells(text.encode(encoding)) == [("姓名", "检测"), ("王示范", "2026-11-20")]


def test_lines_keep_the_number_that_the_spreadsheet_shows():
    assert [line.number for line in sheets.read(b"a,b\n\n\n1,2\n")] == [1, 4]
    assert [line.number for line in sheets.read(book(["a"], [], [], ["b"]))] == [1, 4]


@pytest.mark.parametrize("epoch", [False, True])
def test_a_workbook_gives_words_numbers_and_days(epoch):
    content = book(["姓名", "n", "d"], ["王 示范", 3.5, datetime.date(2026, 11, 20)], date_1904=epoch)

    assert cells(content) == [("姓名", "n", "d"), ("王 示范", "3.5", "2026-11-20")]


def test_a_number_that_the_spreadsheet_has_shortened_is_known_as_such():
    (cell,) = cells(book([990000195503120031]))[0]
    (in_csv,) = cells(b"9.90000195503120E+17")[0]
    (text,) = cells(book(["990000195503120031"]))[0]

    assert isinstance(cell, sheets.Rounded)
    assert isinstance(in_csv, sheets.Rounded)
    assert not isinstance(text, sheets.Rounded)


def with_entities() -> bytes:
    parts = parts_of(book(["x"]))
    laughs = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"<worksheet", laughs + b"<worksheet", 1)
    return packed(parts)


def unpacking_to_much() -> bytes:
    return packed(parts_of(book(["x"])) | {"xl/sharedStrings.xml": b"<sst>" + b" " * (sheets.LARGEST_PART + 1)})


def leading_nowhere() -> bytes:
    parts = parts_of(book(["x"]))
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(b"<v>0</v>", b"<v>77</v>")
    return packed(parts)


HARMFUL = {
    "entities": with_entities,
    "bomb": unpacking_to_much,
    "nowhere": leading_nowhere,
    "no sheet": lambda: packed({"xl/other.xml": b"<a/>"}),
    "many parts": lambda: packed({f"x{number}": b"" for number in range(sheets.MOST_PARTS + 1)}),
    "cut off": lambda: book(["x"])[:-200],
    "old excel": lambda: b"\xd0\xcf\x11\xe0" + bytes(600),
    "picture": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "binary": lambda: bytes(range(256)),
    "empty": lambda: b"\n , ,\n",
    "too large": lambda: b"a" * (sheets.LARGEST_FILE + 1),
    "too many lines": lambda: b"a\n" * (sheets.MOST_LINES + 1),
    "too many rows": lambda: book(*[["a"]] * (sheets.MOST_LINES + 1)),
    "one endless line": lambda: b"a," * 5000,
    "one endless cell": lambda: b"a" * 200_000,
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_what_cannot_be_read_is_said_and_nothing_else_happens(kind):
    with pytest.raises(Invalid) as refused:
        sheets.read(HARMFUL[kind]())

    assert refused.value.errors["file"]


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_is_read_or_refused_and_never_an_error_of_ours(seed):
    chance = random.Random(seed)
    workbook = parts_of(book(["姓名", "n"], ["王", 3], ["李", datetime.date(2026, 1, 2)]))
    for _time in range(60):
        parts = dict(workbook)
        name = chance.choice(["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"])
        harmed = bytearray(parts[name])
        for _place in range(chance.randint(1, 6)):
            harmed[chance.randrange(len(harmed))] = chance.randrange(256)
        parts[name] = bytes(harmed)
        try:
            sheets.read(packed(parts))
        except Invalid as refused:
            assert refused.errors
