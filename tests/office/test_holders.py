"""What holders let an office do: open a licence by their code or from a case, and answer what they say is wrong on one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tests.doors import enter
from tongban.journal.actors import PLATFORM, Actor
from tongban.journal.models import ReadEntry
from tongban.licences import authorising, reporting, services
from tongban.licences.models import FaceReport, Licence, LicenceAuthority, LicenceCall

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]


@pytest.fixture
def holder():
    make.calendar()
    return make.account(make.person("张示范"))


@pytest.fixture
def row(holder) -> Licence:
    today = timezone.localdate()
    kind = make.licence_type("driving", face_fields=["name", "address", "valid_to"])
    return services.issue(
        kind, holder=holder.person, face={"name": "张示范", "address": "示范路1号"}, decision="case:1", issued_on=today,
        valid_from=today, valid_to=None, actor=PLATFORM,
    )  # fmt: skip


@pytest.fixture
def let_in(row, holder) -> LicenceAuthority:
    return authorising.authorise(
        row, department=make.department("EDU"), purpose="enrolling my child", fields=["address"],
        until=timezone.localdate() + timedelta(days=3), account=holder,
        actor=Actor("applicant", "applicant", holder.pk, holder.person_id),
    )  # fmt: skip


def at_the_desk(client, *roles, of="EDU"):
    officer = make.officer(*roles, of=make.department(of))
    enter(client, officer.account, second_factor=True)
    return officer


def test_an_officer_opens_it_by_the_code_and_sees_the_chosen_lines_alone(client, let_in, row):
    officer = at_the_desk(client, "window_officer")

    found = client.get("/office/let-in/", {"code": let_in.code.lower()}).content.decode()
    opened = client.post(f"/office/let-in/{let_in.pk}/open", {"code": let_in.code}).content.decode()

    assert "enrolling my child" in found and "示范路1号" not in found and "张示范" not in found
    assert "示范路1号" in opened and "Status: valid" in opened
    call = LicenceCall.objects.get()
    assert (call.officer, call.office, call.fields) == (officer, "EDU", ["address"])
    assert ReadEntry.objects.get(purpose="licence:authority").department == "EDU"


def test_nothing_opens_without_the_code_or_a_case_of_the_holder(client, let_in):
    at_the_desk(client, "window_officer")

    answers = [
        client.get("/office/let-in/", {"code": "AAAAAAAAAA"}).status_code,
        client.post(f"/office/let-in/{let_in.pk}/open").status_code,
        client.post(f"/office/let-in/{let_in.pk}/open", {"code": "AAAAAAAAAA"}).status_code,
        client.get(f"/office/let-in/{let_in.pk}/open").status_code,
    ]

    assert answers == [404, 403, 403, 302]
    assert not LicenceCall.objects.exists()


def test_another_office_finds_nothing_even_with_the_code(client, let_in):
    at_the_desk(client, "window_officer", of="TAX")

    assert client.get("/office/let-in/", {"code": let_in.code}).status_code == 404
    assert client.post(f"/office/let-in/{let_in.pk}/open", {"code": let_in.code}).status_code == 404


def test_from_a_case_of_the_holder_it_opens_and_the_holder_sees_which(client, let_in, holder):
    matter = make.matter(department=make.department("EDU"))
    case = make.case("under_review", matter, account_=holder)
    stranger = make.case("under_review", matter)
    officer = at_the_desk(client, "dept_reviewer")

    listed = client.get("/office/let-in/", {"case": case.ref})
    opened = client.post(f"/office/let-in/{let_in.pk}/open", {"case": case.ref})
    other = client.post(f"/office/let-in/{let_in.pk}/open", {"case": stranger.ref})

    assert listed.context["rows"] == [let_in] and opened.status_code == 200 and other.status_code == 404
    assert [(one.officer, one.for_case) for one in LicenceCall.objects.all()] == [(officer, case.number)]


# -- “this is wrong”


@pytest.fixture
def report(row, holder) -> FaceReport:
    return reporting.report(
        row, "address", says="示范路2号", why="moved", account=holder,
        actor=Actor("applicant", "applicant", holder.pk, holder.person_id),
    )  # fmt: skip


def test_the_issuer_sees_what_waits_and_corrects_it_in_one_act(client, report, row):
    at_the_desk(client, "dept_approver", of="PSB")

    waiting = client.get("/office/licence-reports/").content.decode()
    shown = client.get(f"/office/licence-reports/{report.ref}/").content.decode()
    done = client.post(f"/office/licence-reports/{report.ref}/correct", {"answer": "You are right.", "zh": "示范路2号"})

    assert report.ref in waiting and "示范路1号" in shown and "示范路2号" in shown and "moved" in shown
    assert done.status_code == 302
    assert Licence.objects.get(previous=row).face["address"] == "示范路2号"
    assert "You are right." in client.get(f"/office/licence-reports/{report.ref}/").content.decode()
    assert report.ref in client.get("/office/licence-reports/?tab=over").content.decode()


def test_a_reviewer_answers_that_it_is_right_but_corrects_nothing(client, report, row):
    at_the_desk(client, "dept_reviewer", of="PSB")

    refused = client.post(f"/office/licence-reports/{report.ref}/correct", {"answer": "x", "zh": "示范路2号"})
    empty = client.post(f"/office/licence-reports/{report.ref}/keep", {"answer": " "})
    kept = client.post(f"/office/licence-reports/{report.ref}/keep", {"answer": "The register says the same."})

    assert (refused.status_code, empty.status_code, kept.status_code) == (403, 422, 302)
    assert Licence.objects.count() == 1
    assert FaceReport.objects.get().state == "upheld"


def test_other_departments_find_no_report(client, report):
    at_the_desk(client, "dept_approver", of="TAX")

    assert report.ref not in client.get("/office/licence-reports/").content.decode()
    assert client.get(f"/office/licence-reports/{report.ref}/").status_code == 404
