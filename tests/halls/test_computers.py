import datetime

import pytest
import time_machine
from django.utils import timezone

from tests import doors, make
from tests.halls import standing
from tongban.halls.models import ComputerHour, Machine
from tongban.halls.services import computers
from tongban.journal.actors import Actor
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 10, 14, 10, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
WHO = Actor("applicant", "applicant")


def at(text):
    return timezone.make_aware(datetime.datetime.fromisoformat(text))


def take(hall, when, who, now=NOW):
    return computers.reserve(hall, at(when), party=who, actor=WHO, now=now)


def with_computers(count=2, **given):
    hall = standing.hall(**given)
    Machine.objects.bulk_create([Machine(hall=hall, kind="computer", number=n + 1) for n in range(count)])
    return hall


@pytest.fixture
def hall():
    make.calendar()
    return with_computers()


def test_an_hour_goes_to_the_first_free_computer_and_a_broken_one_to_nobody(hall):
    hall.machines.filter(kind="computer", number=1).update(working=False)

    row = take(hall, "2026-10-14 14:00", make.person())

    assert row.machine.number == 2
    with pytest.raises(NotAllowed) as refused:
        take(hall, "2026-10-14 14:00", make.person())
    assert refused.value.code == "no-computer-free"


def test_whoever_asks_twice_for_an_hour_has_it_once(hall):
    who = make.person()

    assert take(hall, "2026-10-14 14:00", who) == take(hall, "2026-10-14 14:00", who)
    assert ComputerHour.objects.count() == 1
    assert Event.objects.filter(kind="ComputerReserved").count() == 1


def test_two_hours_a_day_and_one_computer_at_a_time(hall):
    who = make.person()
    take(hall, "2026-10-14 14:00", who)
    with pytest.raises(NotAllowed) as elsewhere:
        take(with_computers(), "2026-10-14 14:00", who)
    take(hall, "2026-10-14 15:00", who)
    with pytest.raises(NotAllowed) as third:
        take(hall, "2026-10-14 16:00", who)

    assert (elsewhere.value.code, third.value.code) == ("computer-at-that-hour", "computers-a-day")
    assert take(hall, "2026-10-15 09:00", who)


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("2026-10-14 09:00", "hour-not-offered"),  # over
        ("2026-10-14 14:30", "no-such-hour"),
        ("2026-10-14 17:00", "no-such-hour"),  # would end after closing
        ("2026-10-17 10:00", "no-such-hour"),  # Saturday
        ("2026-10-19 10:00", "hour-not-offered"),  # too far ahead
    ],
)
def test_hours_that_are_not_offered_are_refused(hall, when, code):
    with pytest.raises(NotAllowed) as refused:
        take(hall, when, make.person())

    assert refused.value.code == code


def test_the_hour_that_runs_can_be_had_until_ten_minutes_before_its_end(hall):
    assert take(hall, "2026-10-14 10:00", make.person(), now=at("2026-10-14 10:50"))
    with pytest.raises(NotAllowed):
        take(hall, "2026-10-14 10:00", make.person(), now=at("2026-10-14 10:51"))


def test_what_is_given_back_somebody_else_can_have_and_twice_is_once(hall):
    hall.machines.filter(kind="computer", number=2).update(working=False)
    row = take(hall, "2026-10-14 14:00", make.person())

    assert computers.give_back(row, actor=WHO)
    assert not computers.give_back(row, actor=WHO)
    assert take(hall, "2026-10-14 14:00", make.person()).machine == row.machine
    assert Event.objects.filter(kind="ComputerGivenBack").count() == 1


@time_machine.travel(NOW, tick=False)
def test_the_page_shows_what_is_free_reserves_and_gives_back(client, hall, in_english):
    account = make.account()
    doors.enter(client, account)
    address = f"/halls/{hall.code}/computers/"
    assert "2 computers are free at this moment" in client.get(address).content.decode()

    page = client.post(address, {"at": "2026-10-14T02:00:00+00:00"}, follow=True).content.decode()
    assert "Computer 1 is yours from 10:00 for an hour." in page
    assert "1 computer is free at this moment" in page

    row = ComputerHour.objects.get()
    stranger = make.account()
    client.logout()
    doors.enter(client, stranger)
    client.post(address, {"act": "give_back", "hour": row.pk})
    row.refresh_from_db()
    assert row.ended_at is None  # somebody else's

    client.logout()
    doors.enter(client, account)
    assert "Given back." in client.post(address, {"act": "give_back", "hour": row.pk}, follow=True).content.decode()
    assert [
        client.post(address, {"at": wrong}).status_code for wrong in ("", "x", "2026-10-14T10:00", "2026-99-99")
    ] == [404] * 4
    assert client.get(f"/halls/{standing.hall().code}/computers/").status_code == 404  # has none
