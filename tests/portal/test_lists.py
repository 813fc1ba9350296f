"""A staff list from a file: shown before it is taken, each line that does not fit named with its number and why."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.cases import ways  # noqa: F401
from tests.lib.test_sheets import book
from tests.portal.test_certificates import NUMBER, company, matter, registers  # noqa: F401
from tongban.cases.models import Case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english", "company")]

HEAD = ["姓名", "身份证号", "居住地", "最近检测日期"]
GOOD = ["员工甲", NUMBER, "示范路2号", "2026-11-20"]
OTHER = "990000199001010017"


@pytest.fixture
def draft(client) -> Case:
    assert client.post(f"/matters/{matter('resumption-of-work').slug}/apply/", {}).status_code == 302
    return Case.objects.latest("id")


def address(case: Case, field="staff") -> str:
    return f"/apply/{case.ref}/form/{field}/file"


def sent(client, case: Case, content, name="staff.xlsx", **more):
    content = content if isinstance(content, bytes) else book(*content)
    return client.post(address(case), {"file": SimpleUploadedFile(name, content), **more})


def signed(answer) -> str:
    return re.search(r'name="rows" value="([^"]+)"', answer.content.decode()).group(1)


def test_a_list_is_read_shown_and_only_then_taken(client, draft):
    shown = sent(client, draft, [["2026年复工员工名册"], HEAD, GOOD])

    page = shown.content.decode()
    assert shown.status_code == 200
    assert "1 line can be taken" in page and "员工甲" in page
    assert NUMBER not in re.sub(r'name="rows" value="[^"]+"', "", page)  # covered, as everywhere
    draft.refresh_from_db()
    assert not draft.value("staff")

    taken = client.post(address(draft), {"rows": signed(shown), "way": "replace"})

    assert taken.status_code == 302 and taken.url.endswith("/form/#id_staff")
    draft.refresh_from_db()
    assert draft.value("staff") == [
        {"name": "员工甲", "id_no": NUMBER, "lives_at": "示范路2号", "last_test": "2026-11-20"}
    ]


def test_each_line_that_cannot_be_read_is_said_with_its_number_and_reason(client, draft):
    rows = [HEAD, GOOD, ["员工乙", "990000199001010019", "示范路3号", "2026-11-20"], ["", OTHER, "x", "2026-11-20"],
            ["员工丁", OTHER, "示范路3号", "2026-02-31"], GOOD, ["员工戊", 990000195503120031, "x", "2026-11-20"]]  # fmt: skip

    page = sent(client, draft, rows).content.decode()

    assert "1 line can be taken" in page and "5 lines cannot be taken" in page
    said = re.findall(r"<strong>Line (\d+)</strong>.*?<br>(.*?)</li>", page, re.S)
    assert [number for number, _reason in said] == ["3", "4", "5", "6", "7"]
    for (_number, reason), wanted in zip(
        said,
        (
            "The last character does not fit",
            "Please fill in: Name",
            "date that exists",
            "same as line 2",
            "shortened a long number",
        ),
        strict=True,
    ):
        assert wanted in reason
    assert OTHER not in page


def test_rows_can_be_added_to_those_that_were_typed(client, draft):
    for way in ("replace", "add", "add"):
        name = "员工乙" if way == "add" else "员工甲"
        number = OTHER if way == "add" else NUMBER
        shown = sent(client, draft, [HEAD, [name, number, "示范路2号", "2026-11-20"]])
        client.post(address(draft), {"rows": signed(shown), "way": way})

    draft.refresh_from_db()
    assert [row["name"] for row in draft.value("staff")] == ["员工甲", "员工乙"]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"%PDF-1.7", "not a table"),
        (b"who,what\n1,2\n", "No column of this file is called: Name"),
        ("姓名,身份证号,居住地,最近检测日期\n".encode(), "No line of this file can be taken"),
        (b"", "The file is empty"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_the_way_on(client, draft, content, wanted):
    answer = sent(client, draft, content, name="x.csv")

    assert answer.status_code == 422
    assert wanted in answer.content.decode()
    draft.refresh_from_db()
    assert not draft.value("staff")


def test_only_what_was_shown_here_is_taken(client, draft):
    good = signed(sent(client, draft, [HEAD, GOOD]))
    other = Case.objects.get(pk=draft.pk)
    client.post(f"/matters/{draft.matter.slug}/apply/", {})
    second = Case.objects.latest("id")
    assert second.pk != other.pk

    for rows in (good[:-3] + "AAA", "x", good):
        answer = client.post(address(second), {"rows": rows, "way": "replace"})
        assert answer.status_code == 422 and "This preview is over" in answer.content.decode()

    second.refresh_from_db()
    assert not second.value("staff")


def test_only_a_table_of_the_form_has_this_page_and_its_empty_list_can_be_filled_in(client, draft):
    assert client.get(address(draft, "contact")).status_code == 404
    assert client.get(address(draft, "nothing")).status_code == 404
    empty = client.get(address(draft) + "?empty=1").content
    assert empty.decode("utf-8-sig").strip() == "Name,Document number,Lives at,Day of last test"

    filled = io.BytesIO(empty + ",".join(GOOD).encode()).getvalue()
    assert "1 line can be taken" in sent(client, draft, filled, name="x.csv").content.decode()


def test_the_way_there_keeps_what_was_typed_before(client, draft):
    typed = {"revision": draft.revision, "tab": "t", "contact": "李四", "from-file": "staff"}

    there = client.post(f"/apply/{draft.ref}/form/", typed)

    assert there.url == address(draft)
    draft.refresh_from_db()
    assert draft.value("contact") == "李四"
