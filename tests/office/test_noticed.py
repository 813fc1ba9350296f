"""At the desk: the same findings beside the page; overruled with a reason only; taken into the notice; counted."""

import pytest
from django.test import Client

from tests import make
from tests.cases import papers_read as papers
from tests.cases.papers_read import value
from tests.office.desks import at_the_desk, officer_for, press
from tongban.cases.models import Case
from tongban.journal.models import ReadEntry
from tongban.materials.models import Page

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def case() -> Case:
    case = papers.draft(papers.matter(department=make.department("PSB")))
    Page.objects.update(width=600, height=800)
    papers.read(case, values={"valid_to": value("2020-05-03"), "tenant": value("王" + SCRIPT)})
    papers.send(case)
    papers.work()
    return Case.objects.get(pk=case.pk)


@pytest.fixture
def reviewer():
    return officer_for("pre_reviewer")


@pytest.fixture
def desk(reviewer) -> Client:
    client = at_the_desk(reviewer)
    client.cookies["language"] = "en"
    return client


def finding(case: Case, code="expired"):
    return case.machine_findings.get(code=code)


def overrule(client, case, row, reason):
    return client.post(f"/office/cases/{case.ref}/noticed/{row.pk}/overrule", {"reason": reason})


def test_officers_see_the_same_findings_and_places_as_the_applicant(desk, case):
    shown = desk.get(f"/office/cases/{case.ref}/").content.decode()

    assert "“Lease” ended on 3 May 2020." in shown
    assert f'<g class="tb-mark" id="mark-{finding(case).pk}"' in shown
    assert SCRIPT not in shown and "&lt;script&gt;alert(1)" in shown


def test_overruling_takes_a_reason(desk, case, reviewer):
    row = finding(case)

    without = overrule(desk, case, row, "  ")
    row.refresh_from_db()
    assert (without.status_code, row.state) == (422, "open")

    done = overrule(desk, case, row, "The lease was extended.")
    row.refresh_from_db()
    assert done["Location"] == f"/office/cases/{case.ref}/#noticed-{row.pk}"
    assert (row.state, row.overruled_by) == ("overruled", reviewer)
    assert "The lease was extended." in desk.get(f"/office/cases/{case.ref}/").content.decode()
    assert ReadEntry.objects.filter(reader=reviewer.account_id, about=case.subject, fields=["materials"]).exists()


def test_overruling_twice_says_who_was_faster(desk, case):
    row = finding(case)
    overrule(desk, case, row, "first")

    assert overrule(desk, case, row, "second").status_code == 409


def test_an_officer_of_another_department_and_a_reader_overrule_nothing(case):
    for officer in (officer_for("dept_reviewer", "HRB"), officer_for("auditor")):
        assert overrule(at_the_desk(officer), case, finding(case), "because").status_code in {403, 404}

    assert finding(case).state == "open"


def test_a_finding_of_another_case_is_not_there(desk, case):
    other = papers.draft(papers.matter(department=make.department("PSB")))

    assert (
        desk.post(f"/office/cases/{case.ref}/noticed/{finding(case).pk + 1000}/overrule", {"reason": "x"}).status_code
        == 404
    )
    assert other.machine_findings.count() == 0


def test_the_link_fills_the_mark_of_the_notice_in_the_applicants_language(desk, case):
    row = finding(case)

    shown = desk.get(f"/office/cases/{case.ref}/?take={row.pk}").content.decode()

    assert 'name="wrong-page-1-addr-rent" value="1" checked' in shown
    assert "ended on 2020年5月3日" in shown or "2020年5月3日" in shown


@pytest.mark.parametrize("take", ["", "x", "0", "99999999999999999999", "-1", "²"])
def test_a_link_that_names_nothing_fills_nothing(desk, case, take):
    answer = desk.get(f"/office/cases/{case.ref}/", {"take": take})

    assert answer.status_code == 200
    assert "checked" not in answer.content.decode()


def test_what_was_taken_into_the_notice_is_settled(desk, case):
    row = finding(case)

    answer = press(
        desk, case, "pre_review_return",
        {"wrong-page-1-addr-rent": "1", "text-page-1-addr-rent": "This lease has ended."},
    )  # fmt: skip

    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.state, Case.objects.get(pk=case.pk).state) == ("taken_up", "pre_review_returned")


def test_figures_say_how_often_each_comparison_is_overruled(desk, case):
    overrule(desk, case, finding(case), "The lease was extended.")
    auditor = at_the_desk(officer_for("auditor"))

    rows = {row["code"]: row for row in auditor.get("/office/noticed/").context["rows"]}

    assert (rows["expired"]["found"], rows["expired"]["overruled"], rows["expired"]["share"]) == (1, 1, 100)
    assert rows["name_differs"]["share"] == 0
    assert desk.get("/office/noticed/").status_code == 403
