"""Dates of birth stay dates: Shanghai's clocks changed 29 times between 1901 and 1991, and midnight of 1 June 1940 never was."""

import datetime
import os
import time
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests import make
from tongban.channels.pages.templatetags.tongban import day as in_words
from tongban.lib.formschema import Form
from tongban.lib.identifiers import check_resident_id, mod_11_2
from tongban.parties.models import Person

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2030, 12, 31)
DAYS = [FIRST + datetime.timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
SHANGHAI = ZoneInfo("Asia/Shanghai")
BORN = Form.from_demo([{"id": "born", "zh": "出生日期", "en": "Date of birth", "type": "date"}])
ZONES = ["Asia/Shanghai", "America/Los_Angeles"]


def changes_of_the_clock() -> list[datetime.date]:
    def midnight(day):
        return datetime.datetime.combine(day, datetime.time(), SHANGHAI).utcoffset()

    return [day for before, day in zip(DAYS, DAYS[1:], strict=False) if midnight(before) != midnight(day)]


@pytest.fixture(params=ZONES)
def on_a_machine_in(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    os.environ.pop("TZ", None)
    time.tzset()


def test_every_day_from_1900_to_2030_is_the_same_day_in_forms_in_identity_numbers_and_in_words(on_a_machine_in):
    shifted = []
    today = LAST + datetime.timedelta(days=1)
    for born in DAYS:
        kept = BORN.validate({"born": born.isoformat()}, today=today).values["born"]
        number = f"990000{born:%Y%m%d}123"
        read = check_resident_id(number + mod_11_2(number), today=today).facts["birth_date"]
        if (str(kept), read) != (born.isoformat(), born):
            shifted.append((born, kept, read))
    with translation.override("en"):
        for born in [*changes_of_the_clock(), datetime.date(1940, 6, 1), FIRST, LAST]:
            if in_words(born) != f"{born.day} {born:%B} {born.year}":
                shifted.append((born, in_words(born)))

    print(f"\n{len(DAYS)} days on a machine in {on_a_machine_in}: {len(shifted)} shifted")
    assert len(DAYS) == 47_847
    assert shifted == []


def test_control_through_midnight_in_shanghai_and_utc_days_would_shift():
    """What a careless conversion does: the day at midnight here, read in UTC."""
    shifted = [
        born
        for born in DAYS
        if datetime.datetime.combine(born, datetime.time(), SHANGHAI).astimezone(datetime.UTC).date() != born
    ]

    assert len(shifted) == len(DAYS)
    assert len(changes_of_the_clock()) >= 10


@pytest.mark.django_db
@pytest.mark.postgres
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dates(FIRST, LAST))
@example(datetime.date(1940, 6, 1))
@example(datetime.date(1919, 4, 13))
@example(datetime.date(1986, 5, 4))
@example(datetime.date(1991, 9, 15))
def test_a_date_of_birth_comes_back_from_the_database_as_it_went_in(born):
    row = make.person(birth_date=born)
    with timezone.override("America/Los_Angeles"):
        assert Person.objects.get(pk=row.pk).birth_date == born


@pytest.mark.django_db
@pytest.mark.postgres
def test_the_days_on_which_clocks_changed_come_back_as_they_went_in():
    days = [*changes_of_the_clock(), datetime.date(1940, 6, 1)]
    rows = {make.person(birth_date=day).pk: day for day in days}

    assert dict(Person.objects.filter(pk__in=rows).values_list("pk", "birth_date")) == rows
