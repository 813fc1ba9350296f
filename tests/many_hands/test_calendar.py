"""A calendar put right while officers go on: each limit comes out by what both did, and everybody is told once."""

import threading
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection

from tests import make
from tests.cases import ways
from tests.many_hands.hands import problems, together
from tongban.cases import clocks, services
from tongban.cases.models import Case, Clock, Promise
from tongban.cases.procedure_states import FIND_KEPT
from tongban.departments import duties
from tongban.departments import queries as departments
from tongban.departments.models import CalendarYear
from tongban.departments.services import load_calendar_year, load_published_calendars
from tongban.lib.moves import make as make_move
from tongban.notices.models import Message

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HERE = ZoneInfo("Asia/Shanghai")
BEFORE, TODAY = (datetime(2025, 6, day, 10, tzinfo=HERE) for day in (9, 12))


def running() -> Case:
    """Promised to 18 June, and the 16th is a storm that nobody has counted yet."""
    matter = ways.matter_with_everything(promised_days=7, statutory_days=20)
    CalendarYear.objects.all().delete()
    load_published_calendars()
    case = make.case("under_review", matter, now=BEFORE)
    assert case.promised_due == date(2025, 6, 18)
    year = CalendarYear.objects.get(year=2025)
    load_calendar_year(2025, {**year.days_off, "2025-06-16": "storm"}, year.workdays, official=True)
    departments.forget_calendar()
    Message.objects.all().delete()
    return case


def fresh(case: Case) -> Case:
    return Case.objects.select_related("matter", "version", "department", "applicant", "account").get(pk=case.pk)


def recount() -> None:
    departments.forget_calendar()
    services.recount(first="2025-06-16", last="2025-06-16")


def stands(case: Case) -> tuple[date | None, date]:
    promised = Clock.objects.get(case=case, kind="decision_promised", stopped_on=None)
    return fresh(case).promised_due, promised.due


def test_extending_and_counting_anew_at_once_count_both_and_tell_of_the_storm_once():
    case = running()
    officer = ways.of_department("dept_approver", case)
    with time_machine.travel(TODAY, tick=False):
        answers = together(
            recount, recount, lambda: services.extend(fresh(case), officer=officer, days=2, why="the river rose")
        )
        recount()

    assert problems(answers) == []
    assert stands(case) == (date(2025, 6, 23), date(2025, 6, 23))  # 19 June by the storm, two working days more
    assert Message.objects.filter(kind="dates_changed").count() <= 1  # none where the extension counted the storm, too


def test_counting_anew_twice_at_once_tells_once():
    case = running()
    with time_machine.travel(TODAY, tick=False):
        answers = together(recount, recount, recount)

    assert problems(answers) == []
    assert stands(case) == (date(2025, 6, 19), date(2025, 6, 19))
    assert Message.objects.filter(kind="dates_changed").count() == 1


def to_put_right() -> Promise:
    """Ordered on the 9th to be put right in five working days, and the 16th is a storm that nobody has counted yet."""
    case = running()
    return Promise.objects.create(
        case=case,
        state="put_right",
        signed_at=BEFORE,
        checked_at=BEFORE,
        put_right_by=date(2025, 6, 16),
        put_right_days=5,
    )


def recount_orders() -> None:
    departments.forget_calendar()
    duties.recount("orders to put right", first="2025-06-16")


def test_an_order_counted_anew_by_three_at_once_is_told_once():
    row = to_put_right()
    with time_machine.travel(TODAY, tick=False):
        answers = together(recount_orders, recount_orders, recount_orders)

    assert problems(answers) == []
    row.refresh_from_db()
    assert row.put_right_by == date(2025, 6, 17)
    assert Message.objects.filter(kind="put_right_day_changed").count() == 1


@pytest.mark.parametrize("row_decides", [True, False])
def test_an_order_done_while_it_is_counted_anew_is_left_alone_and_without_the_row_deciding_it_is_not(
    monkeypatch, row_decides
):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    row = to_put_right()
    read, done, still = threading.Event(), threading.Event(), duties._still

    def late(duty, one, before):
        read.set()
        done.wait(20)
        return still(duty, one, before) if row_decides else Promise.objects.filter(pk=one.pk)

    def put_right():
        read.wait(20)
        make_move(Promise.objects.get(pk=row.pk), FIND_KEPT)
        done.set()

    monkeypatch.setattr(duties, "_still", late)
    with time_machine.travel(TODAY, tick=False):
        answers = together(recount_orders, put_right)

    assert problems(answers) == []
    row.refresh_from_db()
    assert row.put_right_by == date(2025, 6, 16 if row_decides else 17)
    assert Message.objects.filter(kind="put_right_day_changed").count() == (0 if row_decides else 1)


def test_control_without_holding_the_case_an_extension_is_lost_on_postgresql(monkeypatch):
    """The clocks were read before the extension and are written after it. SQLite never shows it: there one writes at a time."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    case = running()
    officer = ways.of_department("dept_approver", case)
    read, extended, keep = threading.Event(), threading.Event(), clocks._keep_alike

    def late(rows, names, **besides):
        if rows and isinstance(rows[0], Clock):
            read.set()
            extended.wait(20)
        keep(rows, names, **besides)

    def extending():
        read.wait(20)
        services.extend(fresh(case), officer=officer, days=2, why="the river rose")
        extended.set()

    monkeypatch.setattr(Case.objects, "select_for_update", lambda *given, **more: Case.objects.all())
    monkeypatch.setattr(clocks, "_keep_alike", late)
    with time_machine.travel(TODAY, tick=False):
        answers = together(recount, extending)

    assert problems(answers) == []
    assert stands(case)[1] == date(2025, 6, 19)  # two days were granted and are not counted
