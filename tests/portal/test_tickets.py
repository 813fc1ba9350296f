"""Taking a number at the machine and by phone, and the slip that goes on."""

import re
from datetime import timedelta

import pytest
from django.core import signing

from tests import make
from tests.halls import queue_world as world
from tests.halls.queue_world import TEN, after
from tongban.channels.portal import views_tickets
from tongban.halls.models import Appointment, Category, Machine, Ticket
from tongban.halls.services import tickets
from tongban.halls.services.tickets import VISITOR
from tongban.parties import rules

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


class Clock:
    def __init__(self):
        self.now = TEN


@pytest.fixture
def clock(monkeypatch):
    """It is Monday, ten, in the services and pages of numbers."""
    clock = Clock()
    real = views_tickets.timezone

    class Timezone:
        def __getattr__(self, name):
            return getattr(real, name)

        def now(self):
            return clock.now

    monkeypatch.setattr(views_tickets, "timezone", Timezone())
    monkeypatch.setattr(tickets, "timezone", Timezone())
    return clock


def machine_of(hall) -> Machine:
    return Machine.objects.create(hall=hall, kind="tickets", number=1)


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_the_machine_shows_its_queues_in_both_languages_and_gives_a_number_with_two_presses(client, clock):
    hall = world.hall("general issuing")
    machine = machine_of(hall)

    first = client.get(f"/machine/{machine.key}/")
    assert [one["code"] for one in first.context["queues"]] == ["A", "B", "D", "P", "Y"]
    assert "请选择要办的事" in text(first) and "What do you come for?" in text(first)
    second = client.get(f"/machine/{machine.key}/?for=A")
    assert "直接取号" in text(second)
    taken = client.post(f"/machine/{machine.key}/take", {"for": "A", "large": "1"})
    slip = client.get(taken.url)

    ticket = Ticket.objects.get()
    assert (ticket.label, ticket.channel, ticket.elderly) == ("A001", "machine", True)
    assert "A001" in text(slip) and "<svg" in slip.content.decode()
    assert "您是下一位" in text(slip)


def test_a_slip_is_shown_at_its_machine_for_five_minutes(client, clock):
    hall, other = world.hall(), world.hall()
    machine = machine_of(hall)
    ticket = tickets.issue(hall, "A", actor=VISITOR, channel="machine", at=TEN)

    assert client.get(f"/machine/{machine.key}/{ticket.key}/").status_code == 200
    assert client.get(f"/machine/{machine_of(other).key}/{ticket.key}/").status_code == 302
    clock.now = after(6)
    assert client.get(f"/machine/{machine.key}/{ticket.key}/").status_code == 302


def test_an_identity_card_binds_the_number_to_its_person_and_says_nothing_about_them(client, clock):
    number = "990000199001010017"
    index = rules.index_of("id_card", rules.check_number("id_card", number))
    hall, person = world.hall(), make.person(name="王小明", id_no=number, id_index=index)
    machine = machine_of(hall)

    wrong = client.post(f"/machine/{machine.key}/take", {"for": "A", "id_no": "123"})
    assert wrong.status_code == 422 and "No number was taken yet." in text(wrong)
    taken = client.post(f"/machine/{machine.key}/take", {"for": "A", "id_no": number})

    assert Ticket.objects.get().party_id == person.pk
    assert "王小明" not in client.get(taken.url).content.decode()


def test_a_code_that_is_not_valid_takes_no_number(client, clock):
    machine = machine_of(world.hall())

    answer = client.post(f"/machine/{machine.key}/take", {"for": "A", "payload": "TB1:nothing"})

    assert answer.status_code == 409
    assert not Ticket.objects.exists()


def test_a_booking_is_checked_in_by_the_phone_number_it_was_made_with(client, clock):
    hall = world.hall()
    machine = machine_of(hall)
    Appointment.objects.create(
        hall=hall, category=Category.objects.get(code="A"), begins_at=after(10), ends_at=after(40), place=0,
        phone="13800001111", phone_index=tickets.phone_index("13800001111"), state="confirmed",
    )  # fmt: skip

    missing = client.post(f"/machine/{machine.key}/take", {"for": "Y", "phone": "13900001111"})
    assert missing.status_code == 409 and "No booking for today" in text(missing)
    client.post(f"/machine/{machine.key}/take", {"for": "Y", "phone": "138 0000 1111"})

    ticket = Ticket.objects.get()
    assert (ticket.label, ticket.appointment.state) == ("Y001", "checked_in")
    again = client.post(f"/machine/{machine.key}/take", {"for": "Y", "phone": "13800001111"})
    assert "checked in already" in text(again)


def test_a_closed_hall_a_broken_machine_and_a_wrong_key(client, clock):
    hall = world.hall()
    machine = machine_of(hall)
    clock.now = after(-120)
    closed = client.get(f"/machine/{machine.key}/")
    assert "is closed now" in text(closed) and "2026-11-23 09:00" in text(closed)
    clock.now = TEN
    Machine.objects.update(working=False)

    assert "out of order" in text(client.get(f"/machine/{machine.key}/"))
    assert client.post(f"/machine/{machine.key}/take", {"for": "A"}).status_code == 409
    assert client.get("/machine/nothing/").status_code == 404
    screen = Machine.objects.create(hall=hall, kind="screen", number=1)
    assert client.get(f"/machine/{screen.key}/").status_code == 404


def test_a_waiting_of_more_than_twenty_five_minutes_offers_something_else(client, clock):
    hall = world.hall("general")
    world.open_all(hall)
    machine = machine_of(hall)
    assert "Waiting is long now" not in text(client.get(f"/machine/{machine.key}/"))
    for _person in range(5):
        tickets.issue(hall, "A", actor=VISITOR, channel="machine", at=TEN)

    assert "Waiting is long now" in text(client.get(f"/machine/{machine.key}/"))


# -- by phone


def test_a_number_by_phone_needs_an_account_or_the_code_of_the_machine(client, clock):
    hall = world.hall()
    page = f"/halls/{hall.code}/ticket/"

    assert "For people who are signed in" in text(client.get(page))
    assert client.post(page, {"category": "A", "phone": "13800001111"}).status_code == 409
    here = views_tickets.here(hall).split("?here=")[1]
    assert client.post(page, {"category": "A", "here": here}).status_code == 422  # no phone number
    taken = client.post(page, {"category": "A", "here": here, "phone": "13800001111"})

    ticket = Ticket.objects.get()
    assert (taken.url, ticket.channel) == (f"/ticket/{ticket.key}/", "phone")


@pytest.mark.parametrize("which", ["old", "of another hall", "made up"])
def test_a_code_of_the_machine_that_is_old_or_of_another_hall_is_worth_nothing(client, clock, which, monkeypatch):
    hall, other = world.hall(), world.hall()
    if which == "old":
        monkeypatch.setattr(views_tickets, "HERE_LASTS", timedelta(seconds=-1))
    token = (
        "x" if which == "made up" else signing.dumps((other if "other" in which else hall).pk, salt=views_tickets.HERE)
    )
    page = f"/halls/{hall.code}/ticket/"

    assert "The code of the machine is too old" in text(client.get(page, {"here": token}))
    assert client.post(page, {"category": "A", "here": token, "phone": "13800001111"}).status_code == 409
    assert not Ticket.objects.exists()


def test_whoever_is_signed_in_takes_a_number_from_anywhere(client, clock):
    hall, account = world.hall(), make.account()
    client.force_login(account)

    client.post(f"/halls/{hall.code}/ticket/", {"category": "A"})

    assert Ticket.objects.get().party_id == account.person_id
    assert "Your number A001" in text(client.get(f"/halls/{hall.code}/ticket/"))


# -- the slip


def test_the_slip_says_the_place_in_line_and_the_window_when_called(client, clock):
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    for _person in range(3):
        tickets.issue(hall, "A", actor=VISITOR, channel="machine", at=TEN)
    mine = tickets.issue(hall, "A", actor=VISITOR, channel="machine", at=TEN)
    page = f"/ticket/{mine.key}/"
    clock.now = after(1)

    assert "You are number 4 in line" in text(client.get(page))
    assert "about 20–30 minutes" in text(client.get(page))  # as far as nobody was served here yet
    assert hall.topic in client.get(page).content.decode()  # the page is live
    for _person in range(3):
        one = tickets.call_next(window, actor=actor, at=after(1))
        tickets.serve(one, actor=actor)
        tickets.finish(one, actor=actor)
    assert "You are the next" in text(client.get(page))
    tickets.call_next(window, actor=actor, at=after(1))
    assert "Please go to window 1" in text(client.get(page))


def test_a_number_is_given_back_and_waits_again_from_the_slip(client, clock):
    hall = world.hall("general")
    ticket = tickets.issue(hall, "A", actor=VISITOR, channel="machine", at=TEN)
    Ticket.objects.filter(pk=ticket.pk).update(state="skipped", ended_at=TEN)

    assert "Wait again" in text(client.get(f"/ticket/{ticket.key}/"))
    client.post(f"/ticket/{ticket.key}/return")
    assert Ticket.objects.get().state == "requeued"
    client.post(f"/ticket/{ticket.key}/give-back")
    assert "No longer valid" in text(client.get(f"/ticket/{ticket.key}/"))
    assert client.post(f"/ticket/{ticket.key}/give-back").status_code == 409
    assert client.post(f"/ticket/{ticket.key}/something").status_code == 404


def test_a_slip_of_yesterday_says_so(client, clock):
    ticket = tickets.issue(world.hall(), "A", actor=VISITOR, channel="machine", at=TEN)
    clock.now = TEN + timedelta(days=1)

    assert "This number was for another day." in text(client.get(f"/ticket/{ticket.key}/"))
    assert client.get("/ticket/made-up/").status_code == 404
