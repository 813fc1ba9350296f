import datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tongban.departments import checks, queries, services
from tongban.departments.models import CalendarYear
from tongban.journal.models import Event
from tongban.lib import yamls
from tongban.lib.problems import Invalid

pytestmark = pytest.mark.django_db

DEMO = Path(__file__).parents[2] / "demo"


def day(text):
    return datetime.date.fromisoformat(text)


def test_the_published_lists_give_the_dates_of_the_demonstration_calendar():
    services.load_published_calendars()

    examples = yamls.read(DEMO / "calendar.yaml")["worked_examples"]
    counted = [queries.calendar().due(day(one["accepted_on"]), one["working_days"]).day for one in examples]

    assert counted == [day(one["due_on"]) for one in examples]


def test_the_published_lists_say_what_the_demonstration_calendar_says():
    services.load_published_calendars()
    calendar = queries.calendar()

    for year in yamls.read(DEMO / "calendar.yaml")["years"]:
        off = [one for one in year["weekdays_off"] if calendar.is_working_day(day(one)).working]
        worked = [one for one in year["weekend_workdays"] if not calendar.is_working_day(day(one)).working]
        assert (year["year"], off, worked) == (year["year"], [], [])


def test_a_year_not_announced_is_provisional_until_its_list_comes_and_the_change_is_an_event():
    services.load_published_calendars()
    before = queries.calendar().due(day("2026-12-30"), 5)
    last = Event.objects.order_by("id").last().pk

    services.load_calendar_year(2027, {"2027-01-01": "New Year", "2027-01-04": "moved"}, {}, official=True, source="x")
    after = queries.calendar().due(day("2026-12-30"), 5)

    assert (before.day, before.provisional) == (day("2027-01-06"), True)
    assert (after.day, after.provisional) == (day("2027-01-08"), False)
    assert [(event.kind, event.payload) for event in Event.objects.filter(pk__gt=last)] == [
        ("CalendarChanged", {"year": 2027, "first": "2027-01-01", "last": "2027-12-31"})
    ]


def test_loading_the_same_list_again_records_nothing():
    services.load_published_calendars()
    recorded = Event.objects.count()

    services.load_published_calendars()

    assert Event.objects.count() == recorded == CalendarYear.objects.count() == 21


def test_asking_for_the_calendar_again_asks_the_database_at_most_once_a_second():
    services.load_published_calendars()
    queries.calendar()

    with CaptureQueriesContext(
        connection,
    ) as captured:
        for _turn in range(50):
            queries.calendar()

    assert len(captured) <= 1


@pytest.mark.parametrize(
    ("off", "worked"),
    [({"2027-01-01": ""}, {"2027-01-01": ""}), ({"2031-01-01": ""}, {}), (["the first of May"], [])],
    ids=["off and worked", "another year", "no date"],
)
def test_a_list_that_contradicts_itself_is_refused_and_changes_nothing(off, worked):
    with pytest.raises(Invalid):
        services.load_calendar_year(2027, off, worked, official=True)

    assert not CalendarYear.objects.exists()


def test_check_names_the_year_that_is_missing():
    assert len(checks.problems(day("2026-05-05"))) == 1
    services.load_published_calendars()
    assert checks.problems(day("2026-05-05")) == []
    assert len(checks.problems(day("2026-12-05"))) == 1
