"""Limits that were brought up and the working calendar, as officers meet them."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.cases import ways
from tests.doors import enter
from tests.office.desks import officer_for
from tongban.cases import services
from tongban.cases.models import Case, Escalation
from tongban.departments.models import CalendarYear
from tongban.departments.services import load_published_calendars

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
HERE = ZoneInfo("Asia/Shanghai")


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=HERE)


def missed(count: int = 1) -> list[Case]:
    """Cases whose promise was missed and brought up."""
    matter = ways.matter_with_everything(promised_days=5, statutory_days=30)
    CalendarYear.objects.all().delete()
    load_published_calendars()
    cases = [make.case("under_review", matter, now=at("2026-03-02")) for _ in range(count)]
    with time_machine.travel(at("2026-03-12"), tick=False):
        services.escalate()
    return cases


def test_who_leads_answers_for_a_missed_promise_and_the_case_says_so(client):
    (case,) = missed()
    approver = ways.of_department("dept_approver", case)
    enter(client, approver.account)
    row = Escalation.objects.get(case=case)

    listed = client.get("/office/limits/").content.decode()
    empty = client.post(f"/office/limits/{row.pk}", {"answer": ""})
    answered = client.post(f"/office/limits/{row.pk}", {"answer": "A second reviewer helps from today."}, follow=True)
    page = client.get(f"/office/cases/{case.ref}/").content.decode()

    assert case.number in listed and "promise missed" in listed
    assert empty.status_code == 422 and "Write what happens now." in empty.content.decode()
    assert case.number not in answered.content.decode()
    assert "A second reviewer helps from today." in page and "Where the time went" in page


def test_another_department_neither_sees_nor_answers_it(client):
    (case,) = missed()
    row = Escalation.objects.get(case=case)
    stranger = make.officer("dept_approver", of=make.department("ZZZ"))
    enter(client, stranger.account)

    assert case.number not in client.get("/office/limits/").content.decode()
    assert client.post(f"/office/limits/{row.pk}", {"answer": "I answer."}).status_code == 404
    assert Escalation.objects.get(pk=row.pk).over_at is None


def test_the_list_asks_as_often_for_one_as_for_twelve(client):
    (case,) = missed()
    enter(client, ways.of_department("dept_approver", case).account)
    client.get("/office/limits/")
    with CaptureQueriesContext(connection) as one:
        client.get("/office/limits/")
    for more in missed(11):
        Case.objects.filter(pk=more.pk).update(department=case.department)
    Escalation.objects.update(department=case.department)
    with CaptureQueriesContext(connection) as many:
        client.get("/office/limits/")

    assert len(many) <= len(one) + 1  # the calendar is looked at once a second


def test_the_coordinator_puts_a_day_right_after_seeing_what_moves(client):
    matter = ways.matter_with_everything(promised_days=10, statutory_days=30)
    CalendarYear.objects.all().delete()
    load_published_calendars()
    case = make.case("under_review", matter, now=at("2026-03-02"))
    assert case.promised_due == date(2026, 3, 16)
    enter(client, officer_for("coordinator").account)
    wanted = {"day": "2026-03-12", "kind": "off", "name": "storm", "source": "Notice 7"}

    shown = client.get("/office/calendar/2026/").content.decode()
    preview = client.post("/office/calendar/2026/", wanted).content.decode()
    before = CalendarYear.objects.get(year=2026).days_off
    done = client.post("/office/calendar/2026/", {**wanted, "sure": "1"}, follow=True).content.decode()
    ways.work()
    case.refresh_from_db()

    assert shown.count("of-month") >= 12
    assert "2 running limits end on another day. The applicant of 1 case is told." in preview
    assert re.findall(r"<td data-label=.(?:Until now|From then on).>(?:<strong>)?([^<]+)", preview) == [
        "Mon 16 Mar", "Tue 17 Mar", "Tue 14 Apr", "Wed 15 Apr",
    ]  # fmt: skip
    assert case.number in preview and "2026-03-12" not in before
    assert "was put right" in done
    assert (case.promised_due, CalendarYear.objects.get(year=2026).source) == (date(2026, 3, 17), "Notice 7")


@pytest.mark.parametrize("wrong", [{"day": "31.2."}, {"kind": "maybe"}, {"name": ""}])
def test_a_day_that_is_not_said_wholly_changes_nothing(client, wrong):
    load_published_calendars()
    enter(client, officer_for("coordinator").account)
    before = CalendarYear.objects.get(year=2026).days_off

    answer = client.post(
        "/office/calendar/2026/", {"day": "2026-03-12", "kind": "off", "name": "storm", "sure": "1", **wrong}
    )

    assert answer.status_code == 422
    assert CalendarYear.objects.get(year=2026).days_off == before


def test_others_read_the_calendar_and_do_not_change_it(client):
    load_published_calendars()
    enter(client, officer_for("supervisor").account)

    assert client.get("/office/calendar/2026/").status_code == 200
    assert (
        client.post(
            "/office/calendar/2026/", {"day": "2026-03-12", "kind": "off", "name": "x", "sure": "1"}
        ).status_code
        == 403
    )


def test_a_year_without_a_list_says_that_it_is_provisional(client):
    CalendarYear.objects.all().delete()
    enter(client, officer_for("coordinator").account)

    page = client.get("/office/calendar/2031/").content.decode()

    assert "No list was published for this year yet" in page
    assert client.get("/office/calendar/1200/").status_code == 404


def test_the_applicant_reads_what_becomes_of_the_promise_if_they_answer_today(client):
    with time_machine.travel(at("2026-03-04"), tick=False):
        CalendarYear.objects.all().delete()
        case = make.case("correction_requested", now=at("2026-03-02"))
        load_published_calendars()
        enter(client, case.account)
        page = client.get(f"/my/cases/{case.ref}/").content.decode()

    assert "If you answer today, the promised date is" in page
