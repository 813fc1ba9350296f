"""Checked in with one's own phone: in the hall, in time, and not by guessing."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from tests.halls import booking_world as world
from tests.halls.booking_world import MONDAY_NINE, SUNDAY
from tongban.channels.portal.views_tickets import here
from tongban.halls import queries_appointments as queries
from tongban.halls.models import Appointment, HallMove, Ticket

TEN = MONDAY_NINE + timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def on(monkeypatch):
    def at(moment):
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    at(SUNDAY)
    cache.clear()
    return at


@pytest.fixture
def visit(on):
    return world.booked(world.hall(), TEN)


def code_of(row, day=date(2026, 11, 23)):
    return queries.arrival_code(row.hall, day)


def by_link(client, row, **said):
    return client.post(reverse("portal:appointment_link", args=[row.link]), {"act": "arrive", **said})


def test_the_figures_of_today_bring_the_number_at_once(client, visit, on):
    on(TEN - timedelta(minutes=20))

    answer = by_link(client, visit, arrival=f"{code_of(visit)[:3]} {code_of(visit)[3:]}")

    ticket = Ticket.objects.get(appointment=visit)
    visit.refresh_from_db()
    assert answer["Location"] == reverse("portal:ticket", args=[ticket.key])
    assert (visit.state, ticket.channel) == ("checked_in", "phone")


@pytest.mark.parametrize("minutes", [-61, 31])
def test_too_early_and_too_late_one_does_not_arrive(client, visit, on, minutes):
    on(TEN + timedelta(minutes=minutes))

    answer = by_link(client, visit, arrival=code_of(visit))

    assert answer.status_code == 409
    assert "One arrives by phone from 2026-11-23 09:00 to 10:30." in answer.content.decode()
    assert not Ticket.objects.exists()


def test_figures_of_another_day_or_hall_do_not_count_and_five_tries_are_enough(client, visit, on):
    on(TEN)
    wrong = [code_of(visit, date(2026, 11, 22)), "", "abc", "０", "1" * 20]

    refused = [by_link(client, visit, arrival=one).status_code for one in wrong]
    late = by_link(client, visit, arrival=code_of(visit))

    assert refused == [422] * 5
    assert late.status_code == 429
    assert Appointment.objects.get(pk=visit.pk).state == "confirmed"


def test_whoever_scanned_the_machine_needs_no_figures_and_an_old_or_foreign_scan_is_none(client, visit, on):
    on(TEN)
    token = here(visit.hall).partition("here=")[2]

    foreign = by_link(client, visit, here=token + "x")
    answer = by_link(client, visit, here=token)

    assert (foreign.status_code, answer.status_code) == (422, 302)


def test_the_page_says_from_when_and_asks_only_in_time(client, visit, on):
    address = reverse("portal:appointment_link", args=[visit.link])
    on(TEN - timedelta(hours=3))
    before = client.get(address).content.decode()
    on(TEN - timedelta(minutes=30))
    now = client.get(address).content.decode()

    assert "from 09:00 on" in before and 'name="arrival"' not in before
    assert 'name="arrival"' in now and code_of(visit) not in now


def test_a_booking_after_the_day_a_hall_moves_says_the_new_address(client, visit):
    HallMove.objects.create(hall=visit.hall, on=date(2026, 11, 23), address={"zh": "新村路100号", "en": "100 Xincun Road"}, lat=31.2, lng=121.4)  # fmt: skip

    page = client.get(reverse("portal:appointment_link", args=[visit.link])).content.decode()
    calendar = client.get(reverse("portal:appointment_link_calendar", args=[visit.link])).content.decode()

    assert "100 Xincun Road" in page
    assert "100 Xincun Road" in calendar
