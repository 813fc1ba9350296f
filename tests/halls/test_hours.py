import datetime

import pytest
from django.utils import timezone

from tests.halls import standing
from tongban.departments.models import CalendarYear
from tongban.halls import hours
from tongban.halls.models import HallDay
from tongban.lib.workdays import Calendar, Year

VILLAGE = {"workdays": ["09:00-11:30", "13:30-17:00"], "saturday": None, "sunday": None}
CENTRE = {"workdays": ["08:30-17:00"], "saturday": ["09:00-16:00"], "sunday": ["09:00-16:00"]}
YEAR = Calendar({2026: Year(days_off={"2026-10-01", "2026-10-03"}, workdays={"2026-10-10"}, names={})})


def at(text):
    return timezone.make_aware(datetime.datetime.fromisoformat(text))


def written(week, day, exception=None):
    day = datetime.date.fromisoformat(day)
    return [
        f"{begins:%H:%M}-{ends:%H:%M}"
        for begins, ends in hours.spans_of(week, day, YEAR.is_working_day(day), exception)
    ]


@pytest.mark.parametrize(
    ("week", "day", "open_then"),
    [
        (VILLAGE, "2026-10-14", ["09:00-11:30", "13:30-17:00"]),  # Wednesday: closed over lunch
        (VILLAGE, "2026-10-17", []),  # Saturday
        (CENTRE, "2026-10-17", ["09:00-16:00"]),
        (CENTRE, "2026-10-10", ["08:30-17:00"]),  # a Saturday made up for: the hours of a working day
        (VILLAGE, "2026-10-10", ["09:00-11:30", "13:30-17:00"]),
        (CENTRE, "2026-10-01", []),  # a public holiday on a Thursday
        (CENTRE, "2026-10-03", []),  # and on a Saturday on which the hall would be open
    ],
)
def test_a_day_has_the_hours_of_its_kind(week, day, open_then):
    assert written(week, day) == open_then


def test_what_was_entered_for_a_day_goes_before_the_week_and_before_a_holiday():
    assert written(CENTRE, "2026-10-14", ["13:00-15:00", "09:00-10:00"]) == ["09:00-10:00", "13:00-15:00"]
    assert written(CENTRE, "2026-10-14", []) == []
    assert written(CENTRE, "2026-10-01", ["10:00-12:00"]) == ["10:00-12:00"]


@pytest.mark.parametrize("wrong", ["17:00-09:00", "09:00", "09:00-09:00", "9-17-18", "25:00-26:00", ""])
def test_hours_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match=r"."):
        hours.parse_span(wrong)


@pytest.fixture
def october(db, monkeypatch):
    monkeypatch.setattr("tongban.departments.queries.LOOK_AGAIN_AFTER", 3600)  # a slow machine asks no second time
    CalendarYear.objects.create(
        year=2026,
        official=True,
        days_off={f"2026-10-0{day}": "国庆节" for day in range(1, 9)},
        workdays={"2026-10-10": "国庆节"},
    )


def test_a_hall_is_open_from_the_first_minute_to_the_last_and_closed_over_lunch(october):
    hall = standing.hall(hours=VILLAGE)

    moments = ["08:59:59", "09:00:00", "11:29:59", "11:30:00", "13:30:00", "16:59:59", "17:00:00"]

    assert [hours.is_open(hall, at(f"2026-10-14 {moment}")) for moment in moments] == [
        False, True, True, False, True, True, False,
    ]  # fmt: skip


def test_numbers_stop_before_the_hall_closes(october):
    hall = standing.hall(hours={**VILLAGE, "ticket_stop_minutes_before_close": 15})

    assert hours.tickets_until(hall, datetime.date(2026, 10, 14)) == at("2026-10-14 16:45")
    assert hours.tickets_until(hall, datetime.date(2026, 10, 1)) is None
    moments = ["08:00", "11:20", "12:00", "16:44", "16:45"]
    assert [hours.takes_tickets(hall, at(f"2026-10-14 {moment}")) for moment in moments] == [
        False, True, False, True, False,
    ]  # fmt: skip


def test_the_next_opening_steps_over_holidays_nights_and_days_entered_as_closed(october):
    hall = standing.hall(hours=VILLAGE)
    HallDay.objects.create(hall=hall, day="2026-10-09", hours=[], reason={"zh": "停电", "en": "No power"})

    assert hours.next_opening(hall, at("2026-09-30 18:00")) == at("2026-10-10 09:00")
    assert hours.next_opening(hall, at("2026-10-14 12:00")) == at("2026-10-14 13:30")
    assert hours.next_opening(hall, at("2026-10-14 09:00")) == at("2026-10-14 13:30")


def test_a_hall_that_never_opens_or_is_given_up_has_no_next_opening(october):
    never = standing.hall(hours={"workdays": None, "saturday": None, "sunday": None})
    given_up = standing.hall()
    given_up.active = False

    assert hours.next_opening(never, at("2026-10-14 12:00")) is None
    assert hours.next_opening(given_up, at("2026-10-14 12:00")) is None
    assert not hours.is_open(given_up, at("2026-10-14 12:00"))


def test_hours_of_many_halls_are_one_question(october, django_assert_num_queries):
    halls = [standing.hall() for _ in range(3)]
    HallDay.objects.create(hall=halls[1], day="2026-10-14", hours=[])
    hours.is_open(halls[0], at("2026-10-14 10:00"))  # the calendar is known from here on

    with django_assert_num_queries(1):
        openings = hours.Openings.now(halls, at("2026-10-14 10:00"), days=7)
        assert [openings.is_open(hall, at("2026-10-14 10:00")) for hall in halls] == [True, False, True]
        assert openings.next_opening(halls[1], at("2026-10-14 10:00")) == at("2026-10-15 09:00")
        assert openings.closes(halls[0], at("2026-10-14 10:00")) == at("2026-10-14 17:00")
