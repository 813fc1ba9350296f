"""A hall's day for its staff: who comes, checked in, booked for callers, cancelled when the hall cannot keep it."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from tests import make
from tests.doors import enter
from tests.halls import booking_world as world
from tests.halls.booking_world import MONDAY_NINE, SUNDAY
from tongban.halls.models import Appointment, HallDay, Ticket
from tongban.journal.models import Job, ReadEntry
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

AT_TEN = MONDAY_NINE + timedelta(hours=1)


@pytest.fixture
def on(monkeypatch):
    def at(moment):
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    at(SUNDAY)
    return at


@pytest.fixture
def hall():
    return world.hall(general=1)


def officer(client, *roles):
    row = make.officer(*roles)
    enter(client, row.account)
    return row


def day_of(client, hall, day="2026-11-23"):
    return client.get(reverse("office:appointments"), {"hall": hall.code, "day": day}).content.decode()


def test_the_day_names_nobody_and_the_one_that_is_opened_is_written_down(client, hall, on):
    row = world.booked(hall, AT_TEN)
    officer(client, "window_officer")

    listed = day_of(client, hall)
    before = ReadEntry.objects.filter(of_party=row.party_id).count()
    page = client.get(reverse("office:appointment", args=[row.pk])).content.decode()

    assert "10:00" in listed and row.party.name not in listed
    assert row.party.name in page
    assert ReadEntry.objects.filter(of_party=row.party_id, about=row.subject).count() == before + 1


def test_checked_in_by_the_window_it_has_a_number(client, hall, on):
    row = world.booked(hall, AT_TEN)
    on(AT_TEN - timedelta(minutes=10))
    officer(client, "window_officer")

    page = client.post(reverse("office:appointment", args=[row.pk]), {"act": "check_in"}, follow=True).content.decode()

    row.refresh_from_db()
    assert (row.state, Ticket.objects.get().label) == ("checked_in", "Y001")
    assert "Y001" in page


def test_whoever_sits_at_no_window_books_for_the_hall_they_worked_in_last(client, hall, on):
    other = world.hall(general=1)
    officer(client, "helper")
    chosen = {}

    for one in (hall, other):
        client.get(reverse("office:tablet"), {"hall": one.code})
        chosen[one.code] = client.get(reverse("office:appointment_new")).context["hall"].code

    assert chosen == {hall.code: hall.code, other.code: other.code}


def test_who_rings_is_booked_in_one_step_and_told_by_text_message(client, hall, on):
    somebody = officer(client, "window_officer")
    said = {"hall": hall.code, "what": "personal", "at": AT_TEN.isoformat(), "name": "王阿姨", "phone": "13900000000"}

    page = client.post(reverse("office:appointment_new"), said, follow=True).content.decode()

    row = Appointment.objects.get()
    assert (row.state, row.channel, row.name, row.booked_by) == ("confirmed", "phone", "王阿姨", somebody)
    assert "王阿姨" in page
    assert Job.objects.filter(kind="halls.text_a_caller").count() == 1


def test_what_is_missing_is_said_beside_the_field_and_what_was_typed_stays(client, hall, on):
    officer(client, "helper")

    answer = client.post(
        reverse("office:appointment_new"),
        {"hall": hall.code, "what": "personal", "at": AT_TEN.isoformat(), "name": "王阿姨", "phone": "12"},
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "王阿姨" in page and "at which this person is reached" in page
    assert not Appointment.objects.exists()


def test_for_a_caller_it_is_moved_and_cancelled_later_than_two_hours_before(client, hall, on):
    row = world.booked(hall, AT_TEN)
    on(AT_TEN - timedelta(minutes=30))
    officer(client, "window_officer")
    said = {"hall": hall.code, "moves": row.pk, "at": (AT_TEN + timedelta(hours=3)).isoformat()}

    client.post(reverse("office:appointment_new"), said)
    new = Appointment.objects.get(moved_from=row)
    client.post(reverse("office:appointment", args=[new.pk]), {"act": "cancel"})

    new.refresh_from_db()
    assert (new.state, new.end_reason) == ("cancelled", "by_phone")


def test_a_day_that_was_closed_shows_whom_to_tell_and_tells_them(client, hall, on):
    row = world.booked(hall, AT_TEN)
    HallDay.objects.create(hall=hall, day=date(2026, 11, 23), hours=[])
    officer(client, "supervisor")

    page = day_of(client, hall)
    client.post(
        reverse("office:appointments_outside"), {"hall": hall.code, "reason_zh": "停电检修", "reason_en": "No power"}
    )

    row.refresh_from_db()
    told = Message.objects.get(party=row.party, kind="appointment_cancelled_by_hall")
    assert "1 appointment stands outside the opening hours" in page
    assert (row.state, row.end_reason) == ("cancelled", "hall")
    assert "停电检修" in told.body["zh"]


def test_a_window_officer_does_not_cancel_for_the_hall(client, hall, on):
    row = world.booked(hall, AT_TEN)
    officer(client, "window_officer")

    answer = client.post(reverse("office:appointment", args=[row.pk]), {"act": "cancel_by_hall", "reason_zh": "x"})

    row.refresh_from_db()
    assert (answer.status_code, row.state) == (404, "confirmed")


def test_the_day_takes_the_same_number_of_questions_for_one_and_for_many(
    client, hall, on, django_assert_max_num_queries
):
    officer(client, "window_officer")
    for number in range(6):
        world.booked(hall, MONDAY_NINE + timedelta(minutes=30 * number))

    with django_assert_max_num_queries(18):
        page = day_of(client, hall)

    assert page.count("data-href") == 6
