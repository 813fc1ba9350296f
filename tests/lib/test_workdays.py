import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tongban.lib import yamls
from tongban.lib.problems import Invalid
from tongban.lib.workdays import Calendar, Due, ServiceHours, Year, end_of, light

ROOT = Path(__file__).parents[2]
LISTS = ROOT / "tongban/departments/calendars/cn"
CALENDAR = Calendar.load(LISTS)
DEMO = yamls.read(ROOT / "demo/calendar.yaml")
DAY = timedelta(days=1)


def listed(year: int) -> dict[date, bool]:
    days = json.loads((LISTS / f"{year}.json").read_text("utf-8"))["days"]
    return {date.fromisoformat(day["date"]): day["isOffDay"] for day in days}


ALL_LISTED = {day: off for year in range(2007, 2028) for day, off in listed(year).items()}


def is_working(day: date) -> bool:
    """The naive reading of the lists, the oracle of the property tests."""
    return not ALL_LISTED.get(day, day.weekday() >= 5)


def walk(start: date, working_days: int, is_counted=is_working) -> date:
    day = start
    while working_days:
        day += DAY
        working_days -= is_counted(day)
    return day


def test_the_worked_examples_of_the_district():
    assert [
        (one["due_on"], CALENDAR.due(date.fromisoformat(one["accepted_on"]), one["working_days"]))
        for one in DEMO["worked_examples"]
    ] == [(one["due_on"], Due(date.fromisoformat(one["due_on"]), False)) for one in DEMO["worked_examples"]]


def test_our_lists_agree_with_the_calendar_of_the_district():
    for said in DEMO["years"]:
        days = listed(said["year"])
        off = {day for day, is_off in days.items() if is_off and day.weekday() < 5}
        work = {day for day, is_off in days.items() if not is_off}
        assert off == set(map(date.fromisoformat, said["weekdays_off"]))
        assert work == set(map(date.fromisoformat, said["weekend_workdays"]))


def test_every_start_day_and_every_length_agrees_with_a_walk_day_by_day():
    day = date(2006, 12, 20)
    while day < date(2028, 1, 15):
        expected = day
        for working_days in range(1, 61):
            expected = walk(expected, 1)
            assert CALENDAR.due(day, working_days).day == expected, (day, working_days)
        day += DAY


def test_every_day_says_why_it_works_or_not():
    kinds = {
        "2026-11-20": (True, "weekday", ""),
        "2026-11-21": (False, "weekend", ""),
        "2026-02-17": (False, "holiday", "春节"),
        "2026-02-14": (True, "make_up_day", "春节"),
        "2018-12-29": (True, "make_up_day", "元旦"),  # announced in the list of 2019
    }

    found = {day: CALENDAR.is_working_day(date.fromisoformat(day)) for day in kinds}

    assert {day: (kind.working, kind.reason, kind.name) for day, kind in found.items()} == kinds
    assert not any(kind.provisional for kind in found.values())


def test_a_year_without_a_list_is_provisional_and_plain():
    assert CALENDAR.known_until == 2026
    assert CALENDAR.is_working_day(date(2027, 2, 17)).provisional
    assert CALENDAR.due(date(2026, 12, 30), 1) == Due(date(2026, 12, 31), False)
    assert CALENDAR.due(date(2026, 12, 30), 5) == Due(date(2027, 1, 6), True)
    assert CALENDAR.due(date(2006, 12, 31), 3) == Due(walk(date(2006, 12, 31), 3), False)


def test_when_the_list_arrives_the_same_promise_is_firm_and_later():
    arrived = Year(days_off=["2027-01-01"], workdays=["2027-01-03"], official=True)
    later = Calendar({**CALENDAR.years, 2027: arrived})

    assert later.due(date(2026, 12, 30), 5) == Due(date(2027, 1, 6), False)
    assert later.due(date(2026, 12, 30), 3) == Due(date(2027, 1, 4), False)
    assert CALENDAR.due(date(2026, 12, 30), 3) == Due(date(2027, 1, 4), True)


@given(st.dates(), st.integers(0, 10_000))
def test_no_day_and_no_length_raises(day, working_days):
    due = CALENDAR.due(day, working_days)

    assert due.day >= day
    assert due.provisional or day.year >= 2007 and due.day.year <= 2026


def test_an_empty_calendar_still_answers():
    assert Calendar({}).due(date(2026, 11, 20), 3) == Due(date(2026, 11, 25), True)


@pytest.mark.parametrize("working_days", [-1, 10_001])
def test_a_length_beyond_reason_is_refused_in_words(working_days):
    with pytest.raises(Invalid) as refused:
        CALENDAR.due(date(2026, 11, 20), working_days)

    assert list(refused.value.errors) == ["working_days"]


def test_nothing_to_count_is_the_day_itself_even_on_a_sunday():
    assert CALENDAR.due(date(2026, 11, 22), 0) == Due(date(2026, 11, 22), False)
    assert CALENDAR.due(date(2027, 11, 22), 0) == Due(date(2027, 11, 22), True)


@given(st.dates(date(2007, 1, 1), date(2027, 12, 31)), st.integers(-5, 400))
def test_days_between_agree_with_counting_them(start, length):
    end = start + timedelta(days=length)

    counted = sum(is_working(start + timedelta(days=place)) for place in range(1, max(length, 0) + 1))

    assert CALENDAR.working_days_between(start, end) == counted


@given(st.dates(date(2007, 1, 1), date(2026, 6, 1)), st.integers(1, 60))
def test_the_due_day_is_as_far_away_as_was_promised(start, working_days):
    assert CALENDAR.working_days_between(start, CALENDAR.due(start, working_days).day) == working_days


# --- receipt ---

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("moment", "received"),
    [
        ("2025-06-09 09:00", "2025-06-09"),
        ("2025-06-09 16:59", "2025-06-09"),
        ("2025-06-09 17:00", "2025-06-10"),
        ("2025-06-13 17:30", "2025-06-16"),  # Friday evening
        ("2025-06-14 10:00", "2025-06-16"),  # Saturday
        ("2025-09-28 10:00", "2025-09-28"),  # a Sunday that is a make-up day
        ("2025-10-01 10:00", "2025-10-09"),  # National Day week
    ],
)
def test_an_online_form_is_received_on_a_working_day_before_the_cut_off(moment, received):
    local = datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)

    assert CALENDAR.receipt_day(local) == date.fromisoformat(received)


def test_saturday_at_the_counter_runs_from_monday_and_online_from_tuesday():
    saturday = datetime(2025, 6, 14, 10, tzinfo=SHANGHAI)

    counter = CALENDAR.receipt_day(saturday, at_counter=True)
    online = CALENDAR.receipt_day(saturday)

    assert (counter, CALENDAR.due(counter, 1).day) == (date(2025, 6, 14), date(2025, 6, 16))
    assert (online, CALENDAR.due(online, 1).day) == (date(2025, 6, 16), date(2025, 6, 17))


def test_cut_off_and_weekend_rule_are_the_district_s_to_choose():
    evening = datetime(2025, 6, 13, 18, tzinfo=SHANGHAI)

    assert CALENDAR.receipt_day(evening, time(20)) == date(2025, 6, 13)
    assert CALENDAR.receipt_day(evening, weekends_count=True) == date(2025, 6, 14)


# --- pauses and extensions ---


def test_the_pause_of_the_district_s_example():
    said = {key: date.fromisoformat(value) for key, value in DEMO["pause_example"].items() if key.endswith("_on")}

    assert CALENDAR.working_days_between(said["accepted_on"], said["suspended_on"] - DAY) == 2
    assert CALENDAR.due_with_pauses(said["accepted_on"], 7, [(said["suspended_on"], said["resumed_on"])]) == Due(
        said["due_on"], False
    )


@settings(max_examples=300)
@given(
    st.dates(date(2024, 1, 1), date(2026, 3, 1)),
    st.integers(0, 40),
    st.lists(st.tuples(st.integers(-10, 60), st.integers(0, 20)), max_size=5),
)
def test_pauses_agree_with_a_walk_that_leaves_their_days_out(start, working_days, lengths):
    pauses = [(start + timedelta(days=begins), start + timedelta(days=begins + lasts)) for begins, lasts in lengths]

    def counts(day: date) -> bool:
        return is_working(day) and not any(begun <= day <= ended for begun, ended in pauses)

    due = CALENDAR.due_with_pauses(start, working_days, pauses)

    assert due.day >= walk(start, working_days, counts)
    assert CALENDAR.used(start, due.day, pauses) == working_days
    if not any(begun <= start <= ended or ended == start for begun, ended in pauses) or working_days:
        assert due.day == walk(start, working_days, counts)


def test_pauses_that_overlap_count_once():
    twice = [(date(2025, 6, 12), date(2025, 6, 18)), (date(2025, 6, 16), date(2025, 6, 20))]

    assert CALENDAR.due_with_pauses(date(2025, 6, 9), 7, twice) == Due(date(2025, 6, 27), False)


def test_while_a_pause_is_open_nobody_knows_the_day_but_what_is_left():
    due = CALENDAR.due_with_pauses(date(2025, 6, 9), 7, [(date(2025, 6, 12), None)])

    assert (due.day, due.left, due.paused, due.provisional) == (None, 5, True, True)


def test_an_open_pause_swallows_later_ones():
    pauses = [(date(2025, 6, 12), None), (date(2025, 6, 16), date(2025, 6, 20))]

    assert CALENDAR.due_with_pauses(date(2025, 6, 9), 7, pauses).left == 5


def test_a_pause_after_the_limit_changes_nothing():
    assert CALENDAR.due_with_pauses(date(2025, 6, 9), 7, [(date(2025, 6, 19), None)]) == Due(date(2025, 6, 18), False)


def test_a_pause_that_ends_before_it_begins_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="before it begins"):
        CALENDAR.due_with_pauses(date(2025, 6, 9), 7, [(date(2025, 6, 20), date(2025, 6, 12))])


@given(st.dates(date(2024, 1, 1), date(2026, 3, 1)), st.integers(1, 45), st.integers(1, 15))
def test_an_extension_is_the_longer_period_from_the_start(start, working_days, more):
    assert CALENDAR.extended(CALENDAR.due(start, working_days), more) == CALENDAR.due(start, working_days + more)


def test_an_extension_under_an_open_pause_adds_to_what_is_left():
    due = CALENDAR.due_with_pauses(date(2025, 6, 9), 7, [(date(2025, 6, 12), None)])

    assert CALENDAR.extended(due, 10).left == 15


# --- lights ---

STARTED, PROMISED, STATUTORY = date(2025, 6, 9), date(2025, 6, 18), date(2025, 7, 7)  # 7 and 20 working days


@pytest.mark.parametrize(
    ("today", "colour"),
    [
        ("2025-06-09", "green"),
        ("2025-06-13", "green"),  # the fourth of seven: four left with today
        ("2025-06-16", "green"),  # three of seven left, 43 %
        ("2025-06-17", "yellow"),  # two of seven left, 29 %
        ("2025-06-18", "yellow"),
        ("2025-06-19", "red"),
        ("2025-07-07", "red"),
        ("2025-07-08", "black"),
    ],
)
def test_the_lights_of_a_restaurant_s_seven_days(today, colour):
    assert light(date.fromisoformat(today), PROMISED, STATUTORY, STARTED, CALENDAR) == colour


def test_the_last_working_day_is_yellow_however_short_the_promise():
    due = CALENDAR.due(date(2025, 6, 12), 2).day

    assert [
        light(day, due, None, date(2025, 6, 12), CALENDAR) for day in (date(2025, 6, 12), date(2025, 6, 13), due)
    ] == [
        "green",
        "green",
        "yellow",
    ]


def test_days_of_a_pause_do_not_darken_the_light():
    pauses = [(date(2025, 6, 12), date(2025, 6, 20))]
    due = CALENDAR.due_with_pauses(STARTED, 7, pauses).day

    assert light(date(2025, 6, 20), due, STATUTORY, STARTED, CALENDAR, pauses=pauses) == "green"
    assert light(date(2025, 6, 20), due, STATUTORY, STARTED, CALENDAR) == "green"
    assert light(date(2025, 6, 26), due, STATUTORY, STARTED, CALENDAR, pauses=pauses) == "yellow"


def test_without_a_promise_the_law_s_date_gives_the_light():
    assert light(date(2025, 7, 7), None, STATUTORY, STARTED, CALENDAR) == "yellow"
    assert light(date(2025, 7, 8), None, STATUTORY, STARTED, CALENDAR) == "black"
    assert light(date(2025, 7, 8), None, None, STARTED, CALENDAR) == "green"


def test_a_clock_of_thirty_calendar_days_has_lights_too():
    start, due = date(2025, 6, 1), date(2025, 7, 1)

    assert [light(start + timedelta(days=days), due, None, start, None) for days in (0, 21, 22, 30, 31)] == [
        "green",
        "green",
        "yellow",
        "yellow",
        "red",
    ]


@given(st.dates(date(2024, 1, 1), date(2026, 1, 1)), st.integers(0, 30), st.integers(0, 30))
def test_a_light_never_turns_back(start, promised, more):
    order = ["green", "yellow", "red", "black"]
    promised_due, statutory_due = CALENDAR.due(start, promised).day, CALENDAR.due(start, promised + more).day

    seen = [
        order.index(light(start + timedelta(days=days), promised_due, statutory_due, start, CALENDAR))
        for days in range((statutory_due - start).days + 3)
    ]

    assert all(one <= other for one, other in pairwise(seen))
    assert seen[-1] == order.index("black")


# --- hours ---


@pytest.mark.parametrize(
    ("asked", "minutes", "due"),
    [
        ("2025-06-13 10:00", 120, "2025-06-13 12:00"),
        ("2025-06-13 16:00", 120, "2025-06-16 10:00"),  # over a weekend
        ("2025-06-14 12:00", 120, "2025-06-16 11:00"),
        ("2025-06-13 16:00", 60, "2025-06-13 17:00"),
        ("2025-06-13 17:00", 1, "2025-06-16 09:01"),
        ("2025-06-13 07:00", 60 * 20, "2025-06-17 13:00"),
    ],
)
def test_short_clocks_run_in_service_hours_only(asked, minutes, due):
    moment = datetime.fromisoformat(asked).replace(tzinfo=SHANGHAI)

    assert CALENDAR.due_in_hours(moment, timedelta(minutes=minutes)) == datetime.fromisoformat(due).replace(
        tzinfo=SHANGHAI
    )


def test_a_centre_open_every_day_answers_on_saturday():
    hours = ServiceHours(time(9), time(21), every_day=True)

    assert CALENDAR.due_in_hours(datetime(2025, 6, 14, 20, tzinfo=UTC), timedelta(hours=2), hours) == datetime(
        2025, 6, 15, 10, tzinfo=UTC
    )


def test_hours_that_never_open_are_a_mistake_of_ours():
    with pytest.raises(ValueError, match="open"):
        ServiceHours(time(17), time(9))


def test_a_due_day_ends_with_its_last_second_or_at_closing_time():
    assert end_of(date(2025, 6, 18), SHANGHAI).isoformat() == "2025-06-18T23:59:59+08:00"
    assert end_of(date(2025, 6, 18), SHANGHAI, time(17)).isoformat() == "2025-06-18T17:00:00+08:00"


def test_calendar_days_count_days_off_too_and_stand_still_in_a_pause():
    assert CALENDAR.due_in_days(date(2026, 9, 30), 7).day == date(2026, 10, 7)
    assert CALENDAR.due_in_days(date(2026, 9, 1), 7, [(date(2026, 9, 3), date(2026, 9, 10))]).day == date(2026, 9, 16)
    assert CALENDAR.due_in_days(date(2026, 9, 1), 7, [(date(2026, 9, 3), None)]) == Due(None, True, 6)
    assert CALENDAR.due_in_days(date(2026, 9, 1), 7, [(date(2026, 9, 9), None)]).day == date(2026, 9, 8)
