"""Applicants see how far reading is, what was noticed and where, what to do, and take values over by pressing; nothing runs."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.cases import papers_read as papers
from tests.cases.papers_read import value
from tests.doors import enter
from tongban.cases.models import Case
from tongban.journal.models import ReadEntry
from tongban.materials.models import Page, Reading

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
EXPIRED = {"valid_to": value("2020-05-03"), "filing_no": value("ZL2025-0001")}


@pytest.fixture
def applicant(client):
    account = make.account()
    enter(client, account, present=True)
    client.cookies["language"] = "en"
    return account


@pytest.fixture
def case(applicant) -> Case:
    case = papers.draft(account_=applicant)
    Page.objects.update(width=600, height=800)
    return case


def page(client, case, where="materials/") -> str:
    answer = client.get(f"/apply/{case.ref}/{where}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_while_it_is_read_the_page_says_how_far_it_is(client, case):
    Reading.objects.update(state="running", pages_total=3, pages_done=1)

    shown = page(client, case)

    assert "Being read: page 2 of 3" in shown
    assert re.search(r'<progress max="6" value="3"', shown)
    assert 'id="reading-addr-rent"' in shown and "tb-live" in shown


def test_what_was_noticed_stands_at_the_paper_with_what_to_do(client, case):
    papers.read(case, values=EXPIRED)

    shown = page(client, case)

    assert "“Lease” ended on 3 May 2020." in shown
    assert "Please add one that is still in force." in shown
    assert "You can send the application all the same." in shown
    assert "Being read" not in shown


def test_a_paper_in_order_says_so(client, case):
    papers.read(case, values={"valid_to": value("2099-01-01")})

    assert "Read, and nothing was noticed." in page(client, case)


def test_a_paper_that_could_not_be_read_goes_to_a_person(client, case):
    Reading.objects.update(state="failed")

    assert "The machine could not read this paper; a person will look at it." in page(client, case)


def test_the_picture_has_the_places_marked_without_inline_style(client, case):
    papers.read(case, values={**EXPIRED, "tenant": value("王演习", box=[0.1, 0.5, 0.2, 0.1])})

    answer = client.get(f"/apply/{case.ref}/materials/addr-rent/picture")
    shown = answer.content.decode()

    rows = {row.code: row.pk for row in case.machine_findings.all()}
    marks = re.search(r'<svg class="tb-marks" viewBox="0 0 1000 1333".*?</svg>', shown)[0]
    assert (
        f'<g class="tb-mark" id="mark-{rows["name_differs"]}" data-severity="warning"><rect x="94" y="660" width="212" height="145"'
        in marks
    )
    assert f'href="#mark-{rows["expired"]}"' in shown
    assert "style=" not in shown.replace("stylesheet", "")
    assert ReadEntry.objects.filter(of_party=case.applicant_id, about=case.subject, fields=["materials"]).exists()


def test_what_concerns_a_whole_page_frames_it(client, case):
    papers.read(case, quality=[{"page": 1, "blurred": True}])

    assert re.search(r'<g class="tb-mark"[^>]*data-whole', page(client, case, "materials/addr-rent/picture"))


@pytest.mark.parametrize("where", ["materials/", "materials/addr-rent/picture", "check/", "form/"])
def test_script_on_a_paper_is_only_text(client, case, where):
    values = {
        "tenant": value("王" + SCRIPT),
        "filing_no": value(SCRIPT),
        "valid_to": value("2020-01-01", page=SCRIPT, box=[SCRIPT] * 4),
    }
    papers.read(case, values=values, lines=[papers.line(SCRIPT)], kind_confidence=0.9)

    shown = page(client, case, where)

    assert "<script>alert" not in shown and "<img src=x" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_it_is_right_as_it_is(client, case):
    papers.read(case, values=EXPIRED)
    row = case.machine_findings.get()

    answer = client.post(f"/apply/{case.ref}/noticed/{row.pk}", {"from": "check"})

    row.refresh_from_db()
    assert answer["Location"] == f"/apply/{case.ref}/check/"
    assert row.state == "answered"
    assert "right, you say; an officer will look" in page(client, case, "check/")


def test_a_value_is_taken_by_pressing_and_its_source_stands_in_the_form(client, case):
    papers.read(case, values=EXPIRED)
    offered = page(client, case)
    assert "Read from your paper: Lease filing number" in offered and "ZL2025-0001" in offered

    answer = client.post(f"/apply/{case.ref}/materials/addr-rent/take/lease_no", {"from": "form"})

    assert answer["Location"] == f"/apply/{case.ref}/form/"
    form = client.get(answer["Location"])
    assert form.context["sources"]["lease_no"]["name"] == "your upload, read by machine"
    assert 'value="ZL2025-0001"' in form.content.decode()
    assert form.context["known"] == 1  # the name, from the record; what comes from a paper is not called known


def test_before_sending_the_page_says_please_look_and_lets_go_on(client, case):
    papers.read(case, values=EXPIRED)
    check = page(client, case, "check/")
    assert "Please look" in check and 'name="remark"' in check

    answer = client.post(f"/apply/{case.ref}/submit", {"sign": "true", "key": "one", "remark": "It goes on by word."})

    assert answer["Location"].endswith("?sent=1")
    assert Case.objects.get(pk=case.pk).state == "submitted"
    assert case.machine_findings.get().remark == "It goes on by word."


def test_a_remark_that_is_too_long_is_said_and_nothing_is_lost(client, case):
    papers.read(case, values=EXPIRED)

    answer = client.post(f"/apply/{case.ref}/submit", {"sign": "true", "key": "one", "remark": "x" * 501})

    assert answer.status_code == 422
    assert "x" * 501 in answer.content.decode()
    assert Case.objects.get(pk=case.pk).state == "draft"


def test_nobody_sees_or_answers_what_was_noticed_on_anothers_paper(client, case):
    papers.read(case, values=EXPIRED)
    row = case.machine_findings.get()
    enter(client, make.account(), present=True)

    answers = [
        client.get(f"/apply/{case.ref}/materials/addr-rent/picture"),
        client.post(f"/apply/{case.ref}/noticed/{row.pk}"),
        client.post(f"/apply/{case.ref}/materials/addr-rent/take/lease_no"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert case.machine_findings.get().state == "open"


def test_the_page_asks_as_often_for_one_finding_as_for_many(client, case):
    papers.read(case, values=EXPIRED)
    page(client, case)
    with CaptureQueriesContext(connection) as one:
        page(client, case)
    papers.read(case, values={**EXPIRED, "tenant": value("王演习"), "valid_from": value("2099-01-01")},
                quality=[{"page": 1, "blurred": True, "dark": True, "cut": True}])  # fmt: skip
    page(client, case)
    with CaptureQueriesContext(connection) as many:
        page(client, case)

    assert case.machine_findings.count() > 4
    assert len(many) == len(one)
