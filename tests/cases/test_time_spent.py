"""Where time goes: with whom a case was and how long, on whose desk, and what becomes of limits that come near or pass."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import make
from tests.cases import ways
from tongban.cases import clocks, queries, services, time_spent
from tongban.cases.models import Case, Clock, DeskTime, Escalation
from tongban.cases.services import escalating
from tongban.departments import queries as departments
from tongban.departments.models import CalendarYear
from tongban.departments.services import CALENDARS, load_calendar_year, load_published_calendars
from tongban.lib.problems import Invalid, NotAllowed
from tongban.lib.workdays import GREEN, Calendar, Due, light

pytestmark = pytest.mark.django_db

HERE = ZoneInfo("Asia/Shanghai")


def at(day: str, hour="10:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=HERE)


@pytest.fixture(autouse=True)
def published():
    CalendarYear.objects.all().delete()
    load_published_calendars()


def under_review(day="2025-06-09", *, promised=7, statutory=20) -> Case:
    matter = ways.matter_with_everything(promised_days=promised, statutory_days=statutory)
    CalendarYear.objects.all().delete()
    load_published_calendars()
    return make.case("under_review", matter, now=at(day))


# -- desks


def test_a_stay_on_a_desk_is_written_from_taking_to_laying_down():
    case = under_review()
    officer = ways.of_department("dept_reviewer", case)

    services.claim(case, officer=officer, now=at("2025-06-10"))
    services.claim(case, officer=officer, now=at("2025-06-11"))  # already there: nothing new
    services.release(case, officer=officer, now=at("2025-06-12"))
    services.claim(case, officer=officer, now=at("2025-06-13"))
    services.conclude(case, officer=officer, proposal="approve", opinion="In order.", now=at("2025-06-16"))

    stays = time_spent.by_desk(case)
    assert [(stay.officer, stay.working_days) for stay in stays] == [(officer, 2), (officer, 1)]
    assert time_spent.days_on_desk(officer, [case.pk]) == {case.pk: 3}


def test_time_under_an_excluded_step_is_nobodys_desk_time():
    case = under_review()
    officer = ways.of_department("dept_reviewer", case)
    services.claim(case, officer=officer, now=at("2025-06-10"))

    services.suspend(case, officer=officer, kind="expert_review", planned_days=3, why="experts", now=at("2025-06-11"))
    assert not DeskTime.objects.filter(case=case, until__isnull=True).exists()
    services.resume(case, officer=officer, result="agreed", now=at("2025-06-20"))

    lying = DeskTime.objects.get(case=case, until__isnull=True)
    assert (lying.officer, lying.since) == (officer, at("2025-06-20"))


def test_the_days_of_all_places_add_up_to_the_days_since_receipt():
    case = under_review("2025-06-09")
    officer = ways.of_department("dept_reviewer", case)
    services.suspend(case, officer=officer, kind="expert_review", planned_days=3, why="experts", now=at("2025-06-12"))
    services.resume(case, officer=officer, result="agreed", now=at("2025-06-20"))
    now = at("2025-06-25")

    spent = time_spent.by_place(Case.objects.get(pk=case.pk), now=now)

    days = {one.place: one.working_days for one in spent}
    assert (days["department"], days["not_counted"]) == (3 + 3, 6)
    assert sum(days.values()) == departments.calendar().working_days_between(case.received_on, now.date())
    assert [one.place for one in spent if one.running] == ["department"]


# -- what if


def test_if_the_applicant_answers_today_the_promise_is_shown():
    case = make.case("correction_requested", now=at("2025-06-09"))

    shown = clocks.forecast(case, now=at("2025-06-11"))

    assert shown["who"] == "applicant"
    assert shown["now"] == clocks.expected(case, sent=at("2025-06-11"))["promised"]
    assert shown["by"] == case.clocks.get(kind="applicant_correction").due
    assert shown["then"].day > shown["now"].day


def test_if_the_excluded_step_ends_today_or_as_planned():
    """domain.md 5.1.4: resumed on 2025-06-20 it would be due 2025-06-27; and so it is when it happens."""
    case = under_review("2025-06-09")
    officer = ways.of_department("dept_reviewer", case)
    services.suspend(case, officer=officer, kind="expert_review", planned_days=3, why="experts", now=at("2025-06-12"))
    case.refresh_from_db()

    shown = clocks.forecast(case, now=at("2025-06-20"))
    services.resume(case, officer=officer, result="agreed", now=at("2025-06-20"))
    case.refresh_from_db()

    assert shown["now"] == Due(date(2025, 6, 27), False)
    assert case.promised_due == shown["now"].day
    assert clocks.forecast(case, now=at("2025-06-20")) == {}


# -- limits in months, and the end of one's own time


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        ("2025-01-31", 1, "2025-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2025-03-31", 6, "2025-09-30"),
        ("2025-11-30", 3, "2026-02-28"),
        ("2025-08-15", 2, "2025-10-15"),
    ],
)
def test_a_limit_in_months_ends_on_the_same_day_or_the_last_of_the_month(start, months, due):
    assert departments.calendar().due_in_months(date.fromisoformat(start), months).day == date.fromisoformat(due)


def test_the_applicants_own_time_never_ends_on_a_day_off_but_the_offices_may():
    theirs = Clock(kind="litigation", started_on=date(2025, 4, 1), limit=6, unit="month")  # 1 October
    ours = Clock(kind="commitment_check", started_on=date(2025, 8, 1), limit=2, unit="month")

    assert clocks.due_of(theirs, departments.calendar()).day == date(2025, 10, 9)
    assert clocks.due_of(ours, departments.calendar()).day == date(2025, 10, 1)


PUBLISHED = Calendar.load(CALENDARS)
DAYS = st.dates(date(2024, 1, 1), date(2026, 6, 30))


@settings(max_examples=300, deadline=None)
@given(DAYS, st.integers(0, 45), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=3))
def test_the_day_of_warning_is_the_first_day_the_light_is_yellow(start, length, stays):
    pauses = [
        (start.fromordinal(start.toordinal() + begin), start.fromordinal(start.toordinal() + begin + days))
        for begin, days in stays
    ]
    due = PUBLISHED.due_with_pauses(start, length, pauses).day

    first = PUBLISHED.yellow_from(start, length, pauses)
    day = start
    while light(day, due, None, start, PUBLISHED, pauses=pauses) == GREEN:
        day = day.fromordinal(day.toordinal() + 1)

    assert first == day


# -- a corrected calendar


def test_a_corrected_calendar_moves_only_what_rests_on_the_changed_days():
    near, far = under_review("2026-03-02", promised=3), under_review("2026-03-02", promised=10)
    listed = CalendarYear.objects.get(year=2026)
    before = near.promised_due

    load_calendar_year(2026, {**listed.days_off, "2026-03-12": "storm"}, listed.workdays, official=True)
    ways.work()
    near.refresh_from_db()
    far.refresh_from_db()

    assert near.promised_due == before
    assert far.promised_due == date(2026, 3, 17)


def test_many_cases_are_counted_anew_in_few_questions(django_assert_max_num_queries):
    cases = [under_review("2026-03-02", promised=10) for _ in range(3)]
    listed = CalendarYear.objects.get(year=2026)
    load_calendar_year(2026, {**listed.days_off, "2026-03-12": "storm"}, listed.workdays, official=True)
    departments.forget_calendar()

    with django_assert_max_num_queries(5 + 2 * len(cases)):  # not one a clock
        moved = clocks.recount([case.pk for case in cases])

    assert len(moved) == 3


# -- limits brought up


def brought(case: Case) -> list[tuple[str, str]]:
    return list(Escalation.objects.filter(case=case).order_by("id").values_list("level", "role"))


def test_a_limit_is_brought_up_once_a_light_before_the_one_who_must_answer():
    case = under_review("2026-03-02", promised=5, statutory=10)  # promised 9 March, law 16 March

    with time_machine.travel(at("2026-03-06"), tick=False):
        services.escalate()
    assert brought(case) == []
    for day in ("2026-03-09", "2026-03-09", "2026-03-10", "2026-03-17", "2026-03-18"):
        with time_machine.travel(at(day), tick=False):
            services.escalate()

    assert brought(case) == [("yellow", "dept_reviewer"), ("red", "dept_approver"), ("black", "coordinator")]


def test_an_overdue_excluded_step_raises_its_own_alarm():
    case = under_review("2025-06-09")
    officer = ways.of_department("dept_reviewer", case)
    services.suspend(case, officer=officer, kind="expert_review", planned_days=3, why="experts", now=at("2025-06-12"))

    with time_machine.travel(at("2025-06-20"), tick=False):
        services.escalate()

    assert [e.clock.kind for e in Escalation.objects.filter(case=case)] == ["special_procedure"]


def test_the_applicants_own_limit_is_nobodys_alarm():
    case = make.case("correction_requested", now=at("2025-06-09"))

    with time_machine.travel(at("2026-01-05"), tick=False):
        services.escalate()

    assert brought(case) == []


def test_it_is_answered_once_by_the_role_it_was_brought_before():
    case = under_review("2026-03-02", promised=5)
    with time_machine.travel(at("2026-03-10"), tick=False):
        services.escalate()
    row = Escalation.objects.get(case=case, level="red")
    reviewer, approver = ways.of_department("dept_reviewer", case), ways.of_department("dept_approver", case)

    assert [e.pk for e in queries.brought_up(approver)[0]] == [row.pk]
    with pytest.raises(NotAllowed):
        services.answer_escalation(row, officer=reviewer, answer="I do it today.")
    with pytest.raises(Invalid):
        services.answer_escalation(row, officer=approver, answer=" ")
    services.answer_escalation(row, officer=approver, answer="A second reviewer helps from today.")
    with pytest.raises(NotAllowed):
        services.answer_escalation(row, officer=approver, answer="Once more.")

    row.refresh_from_db()
    assert (row.seen_by, row.answer) == (approver, "A second reviewer helps from today.")
    assert queries.count_brought_up(approver) == 0


def test_what_is_settled_meanwhile_needs_no_answer():
    case = under_review("2026-03-02", promised=5)
    with time_machine.travel(at("2026-03-10"), tick=False):
        services.escalate()
    clocks.stop_all(case, date(2026, 3, 11))

    assert not Escalation.objects.filter(case=case, over_at__isnull=True).exists()


@pytest.mark.parametrize("how", ["suspended", "extended"])
def test_a_limit_that_moves_away_waits_for_no_answer_and_is_brought_up_anew_when_it_is_near_again(how):
    case = under_review("2026-03-02", promised=5, statutory=30)  # promised 9 March, warned of on that day
    with time_machine.travel(at("2026-03-09"), tick=False):
        services.escalate()
        assert brought(case) == [("yellow", "dept_reviewer")]
        if how == "suspended":
            officer = ways.of_department("dept_reviewer", case)
            services.suspend(case, officer=officer, kind="expert_review", planned_days=30, why="experts")
        else:
            services.extend(case, officer=ways.of_department("dept_approver", case), days=5, why="many pages")
        services.escalate()
        assert brought(case) == []

    if how == "extended":
        with time_machine.travel(at("2026-03-16"), tick=False):
            services.escalate()
        assert brought(case) == [("yellow", "dept_reviewer")]


def test_a_promise_is_missed_no_more_when_its_day_turns_out_to_have_been_a_day_off():
    case = under_review("2026-03-02", promised=5, statutory=30)
    with time_machine.travel(at("2026-03-10"), tick=False):
        services.escalate()
        assert brought(case) == [("red", "dept_approver")]
        listed = CalendarYear.objects.get(year=2026)
        load_calendar_year(2026, {**listed.days_off, "2026-03-09": "storm"}, listed.workdays, official=True)
        ways.work()

        services.escalate()

    assert brought(case) == [("yellow", "dept_reviewer")]  # it ends today


def test_what_was_missed_before_it_was_suspended_stays_missed():
    case = under_review("2026-03-02", promised=5, statutory=30)
    with time_machine.travel(at("2026-03-11"), tick=False):
        services.escalate()
        officer = ways.of_department("dept_reviewer", case)
        services.suspend(case, officer=officer, kind="expert_review", planned_days=30, why="experts")

        assert brought(case) == [("red", "dept_approver")]
        assert Escalation.objects.get(case=case).over_at is None


def test_an_officer_sees_none_of_another_department():
    under_review("2026-03-02", promised=5)
    with time_machine.travel(at("2026-03-10"), tick=False):
        services.escalate()
    stranger = make.officer("dept_approver", of=make.department("ZZZ"))

    assert queries.brought_up(stranger)[0] == []


def test_a_light_is_brought_up_only_while_its_clock_runs():
    """Negative control of the lock: a clock that stopped between looking and writing raises nothing."""
    case = under_review("2026-03-02", promised=5)
    with time_machine.travel(at("2026-03-10"), tick=False):
        seen = list(escalating._wanting("red", date(2026, 3, 10)))
        clocks.stop_all(case, date(2026, 3, 10))
        done = [escalating._bring_up(clock, "red") for clock in seen]

    assert seen and set(done) == {0}


def test_clocks_of_an_older_district_get_their_day_of_warning():
    case = under_review("2026-03-02", promised=5)
    Clock.objects.filter(case=case).update(warn_on=None)

    with time_machine.travel(at("2026-03-09"), tick=False):
        services.escalate()

    assert brought(case) == [("yellow", "dept_reviewer")]
    assert not Clock.objects.filter(case=case, warn_on__isnull=True, stopped_on__isnull=True).exists()
