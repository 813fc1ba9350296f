import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.matters.questions import ITEMS
from tongban.lib.problems import Invalid
from tongban.matters import catalogue_files
from tongban.matters.catalogue_files import Refused, Row, read, read_department_map, write

GOOD = {
    "department": "区民政局",
    "main_item": "未分类",
    "name": "结婚登记预约",
    "item_code": "511A-0001",
    "task_type": "20",
}


def row(**changed) -> dict:
    return {**GOOD, **changed}


def a_file(tmp_path: Path, content, name="rows.json", encoding="utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(
        (content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)).encode(encoding)
    )
    return path


def refused(path: Path) -> list[tuple[int, str]]:
    return [(one.line, str(one.reason)) for one in read(path) if isinstance(one, Refused)]


@pytest.fixture(autouse=True)
def english(settings):
    from django.utils import translation

    with translation.override("en"):
        yield


def test_the_real_catalogue_is_read_whole_and_written_back_the_same(tmp_path):
    rows = list(read(ITEMS))

    assert len(rows) == 1135
    assert all(isinstance(one, Row) for one in rows)
    for name in ("out.json", "out.csv"):
        write(rows, tmp_path / name)
        assert [one.content() for one in read(tmp_path / name)] == json.loads(ITEMS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_office_programs_is_read(tmp_path, encoding, delimiter):
    lines = [["部门", "主项名称", "事项名称", "事项编码", "事项类型"], ["区民政局", "", "收养登记", "A-00001", "07"]]
    path = a_file(tmp_path, "\r\n".join(delimiter.join(line) for line in lines), "rows.csv", encoding)

    assert list(read(path)) == [Row("区民政局", "", "收养登记", "A-00001", "07", line=2)]


def test_bad_rows_are_named_with_line_and_reason_and_good_ones_kept(tmp_path):
    lines = [
        ",".join(GOOD),
        "区民政局,未分类,好的一行,A-00001,20",
        ",未分类,没有部门,A-00002,20",
        "区民政局,未分类,,A-00003,20",
        "区民政局,未分类,编码不对,A 3!,20",
        "区民政局,未分类,类型不对,A-00004,77",
        "区民政局,未分类,列多了,A-00005,20,什么",
        "区民政局,未分类,另一个名称,A-00001,20",
        "区民政局,未分类," + "长" * 301 + ",A-00006,20",
        "区民政局,未分类,又是好的,A-00007,1",
    ]
    path = a_file(tmp_path, "\n".join(lines), "rows.csv")

    assert [one.name for one in read(path) if isinstance(one, Row)] == ["好的一行", "又是好的"]
    assert refused(path) == [
        (3, "department is missing."),
        (4, "name is missing."),
        (5, "The item code may only hold letters, digits and hyphens, at least five."),
        (6, "There is no kind of matter 77."),
        (7, "The row has 6 cells where the first line names 5."),
        (8, "Line 2 already gave this item code to something else."),
        (9, "name is longer than 300 characters."),
    ]


def test_lines_count_on_through_cells_of_several_lines(tmp_path):
    content = 'department,name,item_code,task_type\n区民政局,"两行\n名称",A-00001,20\n区民政局,,A-00002,20\n'
    path = a_file(tmp_path, content, "rows.csv")

    assert refused(path) == [(2, "name holds characters that cannot be written."), (4, "name is missing.")]


def test_one_broken_object_costs_itself_and_not_the_file(tmp_path):
    content = (
        '[\n{"department": "区民政局", "name": "甲", "item_code": "A-00001", "task_type": "1"},\n'
        '{"department": "区民政局", "name": "乙" "item_code": "A-00002"},\n'
        '{"department": "区民政局", "name": "丙", "item_code": "A-00003", "task_type": 20},\n'
        '"just words",\n{"department": ["x"], "name": "丁", "item_code": "A-00004", "task_type": "1"}\n]'
    )
    path = a_file(tmp_path, content)

    assert [(one.name, one.line) for one in read(path) if isinstance(one, Row)] == [("甲", 2), ("丙", 4)]
    assert refused(path) == [
        (3, "This cannot be read as JSON."),
        (5, "This is not a row with names and values."),
        (6, "department is not text."),
    ]


def test_a_file_that_breaks_off_keeps_what_was_whole(tmp_path):
    path = a_file(tmp_path, json.dumps([GOOD, row(item_code="A-00002")], ensure_ascii=False, indent=0)[:-40])

    found = list(read(path))

    assert [one.item_code for one in found if isinstance(one, Row)] == ["511A-0001"]
    assert isinstance(found[-1], Refused)


def test_the_same_row_twice_is_one_row(tmp_path):
    assert len(list(read(a_file(tmp_path, [GOOD, GOOD])))) == 1


def test_rows_may_stand_inside_an_object(tmp_path):
    assert len(list(read(a_file(tmp_path, {"matters": [GOOD]})))) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no-rows"),
        (b"a,b,c\n1,2,3\n", "no-such-columns"),
        (b"{}", "no-rows"),
        (b"\xff\xfe\x00\x01\x80\x80\xff", "not-text"),
        (b"department,name,name,item_code,task_type\n", "no-such-columns"),
    ],
)
def test_a_file_that_is_none_says_so_before_anything_is_done(tmp_path, content, code):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)

    with pytest.raises(Invalid) as caught:
        list(read(path))

    assert caught.value.code == code
    assert "Nothing was changed." in str(caught.value)


def test_a_file_too_large_and_one_that_is_not_there(tmp_path, monkeypatch):
    path = a_file(tmp_path, [GOOD])
    monkeypatch.setattr(catalogue_files, "LARGEST_FILE", 10)

    with pytest.raises(Invalid, match="at most"):
        list(read(path))
    with pytest.raises(Invalid, match="There is no file nowhere.json"):
        list(read(tmp_path / "nowhere.json"))


def test_more_rows_than_can_be_are_cut_with_a_word(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue_files, "MOST_ROWS", 2)
    path = a_file(tmp_path, [row(item_code=f"A-0000{n}") for n in range(5)])

    found = list(read(path))

    assert [isinstance(one, Row) for one in found] == [True, True, False]
    assert "More than 2 rows" in str(found[-1].reason)


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-2", "@SUM(A1)", "'=1", "''@x", "'plain", "=cmd|' /C calc'!A0"])
def test_a_spreadsheet_sees_no_formula_and_the_way_back_gives_the_same(tmp_path, cell):
    path = tmp_path / "out.csv"
    write([Row("区民政局", cell, cell, "A-00001", "1")], path)

    with open(path, encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file))[1]

    assert not written[2].startswith(("=", "+", "-", "@"))
    assert [one.name for one in read(path)] == [cell]


@given(
    st.text(st.characters(blacklist_categories=("Cc", "Cs", "Co", "Cn")), min_size=1, max_size=60).filter(
        lambda t: t == t.strip()
    )
)
def test_any_name_survives_both_ways_of_writing(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("ways")
    rows = [Row("区民政局", name, name, "A-00001", "1")]

    for file in ("out.csv", "out.json"):
        write(rows, folder / file)
        assert [one.content() for one in read(folder / file)] == [rows[0].content()]


def test_a_department_map_in_both_forms(tmp_path):
    assert read_department_map(a_file(tmp_path, {"区民政局": "CAB"})) == {"区民政局": "CAB"}
    assert read_department_map(a_file(tmp_path, "区民政局,CAB\n区人社局,HRSS\n", "map.csv", "gb18030")) == {
        "区民政局": "CAB",
        "区人社局": "HRSS",
    }


@pytest.mark.parametrize("content", ["[1, 2]", '{"a": 1}', "{", "one,two,three\n"])
def test_a_map_that_is_none_is_refused(tmp_path, content):
    with pytest.raises(Invalid):
        read_department_map(a_file(tmp_path, content))
