"""Ticket machines of others: a number for a press, the same number for the same press, and how it stands."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.halls import queue_world as world
from tests.halls.queue_world import TEN, after
from tongban.channels.exchange import presses
from tongban.halls import queries_tickets
from tongban.halls.models import Machine, Ticket
from tongban.halls.services import tickets
from tongban.journal.models import Event, IdempotencyKey
from tongban.lib.rates import Rates

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
ADDRESS = "/api/v1/tickets"


@pytest.fixture(autouse=True)
def ten_o_clock(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: TEN)
    monkeypatch.setattr("tongban.channels.exchange.views_gates.time.time", TEN.timestamp)
    monkeypatch.setattr(presses.PRESSING, "pace", Rates(a_second=5, at_once=120))


@pytest.fixture
def hall():
    return world.hall("general issuing")


@pytest.fixture
def machine(hall):
    return Machine.objects.create(hall=hall, kind="tickets", number=1)


def press(client, machine, number="press-0001", queue="A", **more):
    key = machine if isinstance(machine, str) else machine.key
    body = {"press": number, "queue": queue, **more}
    return client.post(ADDRESS, json.dumps(body), content_type="application/json", headers={"Authorization": f"Bearer {key}"})  # fmt: skip


def test_a_press_is_a_number_with_its_place_and_its_slip(client, hall, machine):
    world.open_all(hall)
    press(client, machine, "press-0000")

    told = press(client, machine, "press-0001", language="en", elderly=True)

    row = Ticket.objects.get(label="A002")
    assert (row.language, row.elderly, row.channel, row.hall) == ("en", True, "machine", hall)
    assert told.status_code == 200
    assert told.json() == {
        "number": "A002", "queue": "A", "ahead": 1, "minutes": 10, "slip": row.key, "page": f"/ticket/{row.key}/", "again": False,
    }  # fmt: skip
    assert Event.objects.filter(kind="TicketIssued").values_list("subject", flat=True).last() == row.subject


def test_the_same_press_told_again_is_the_same_number(client, machine):
    first = press(client, machine).json()

    assert press(client, machine).json() == first | {"again": True}
    assert Ticket.objects.count() == 1


def test_a_number_of_a_press_is_its_machines_own_and_for_one_thing(client, hall, machine):
    other = Machine.objects.create(hall=hall, kind="tickets", number=2)
    assert press(client, machine).json()["number"] == "A001"

    assert press(client, other).json()["number"] == "A002"
    told = press(client, machine, queue="D")
    assert (told.status_code, told.json()["code"]) == (409, "number-of-another-press")
    assert Ticket.objects.count() == 2


def test_a_refused_press_is_not_kept_and_may_be_told_again(client, machine, monkeypatch):
    monkeypatch.setattr("tongban.channels.exchange.views_gates.time.time", after(-90).timestamp)
    told = press(client, machine)
    assert (told.status_code, told.json()["code"]) == (409, "hall-closed")
    assert not IdempotencyKey.objects.exists()

    monkeypatch.setattr("tongban.channels.exchange.views_gates.time.time", TEN.timestamp)
    assert press(client, machine).json()["number"] == "A001"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"kind": "robot"}, 401, "machine-key"),
        ({"working": False}, 409, "machine-broken"),
    ],
)
def test_only_a_working_ticket_machine_is_answered(client, machine, change, status, code):
    Machine.objects.filter(pk=machine.pk).update(**change)

    told = press(client, machine)

    assert (told.status_code, told.json()["code"]) == (status, code)
    assert press(client, "guessed-key").status_code == 401
    assert client.post(ADDRESS, "{}", content_type="application/json").status_code == 401
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"number": "x"}, {"queue": ""}, {"queue": "ZZ"}, {"phone": "12"}, {"matter": "no-such"}, {"language": "xx"}, {"elderly": 1}, {"more": 1}],
)  # fmt: skip
def test_what_is_not_understood_takes_no_number(client, machine, wrong):
    told = press(client, machine, **wrong)

    assert told.status_code == 422
    assert not Ticket.objects.exists()


def test_one_machine_that_asks_too_fast_is_slowed_and_no_other(client, hall, machine, monkeypatch):
    monkeypatch.setattr(presses.PRESSING, "pace", Rates(a_second=1, at_once=2))
    other = Machine.objects.create(hall=hall, kind="tickets", number=2)

    told = [press(client, machine, f"press-{number:04}").status_code for number in range(3)]

    assert told == [200, 200, 429]
    assert press(client, other).status_code == 200


def test_presses_of_two_halls_that_come_together_have_each_their_own_answer(machine):
    elsewhere = Machine.objects.create(hall=world.hall("general"), kind="tickets", number=1)

    def taken(which, number, queue="A"):
        headers = {"authorization": f"Bearer {which.key}", "accept-language": "en"}
        body = json.dumps({"press": number, "queue": queue}).encode()
        return presses.PRESSING.take(headers, body, TEN.timestamp())

    together = [
        taken(machine, "press-0001"), taken(elsewhere, "press-0001"), taken(machine, "press-0002", "C"), taken(machine, "press-0001"),
        taken(machine, "press-0001", "D"), taken(machine, "press-0003"),
    ]  # fmt: skip
    answers = [json.loads(one.body) for one in presses.PRESSING.together(together, TEN.timestamp())]

    assert [one.get("number", one.get("code")) for one in answers] == [
        "A001", "A001", "no-window-for-this", "A001", "number-of-another-press", "A002",
    ]  # fmt: skip
    assert [one.get("again") for one in answers] == [False, False, None, True, None, False]
    assert answers[0]["slip"] == answers[3]["slip"] != answers[1]["slip"]


def test_many_presses_take_as_few_statements_as_one(machine):
    def statements(*numbers):
        headers = {"authorization": f"Bearer {machine.key}"}
        bodies = [json.dumps({"press": number, "queue": "A"}).encode() for number in numbers]
        taken = [presses.PRESSING.take(headers, body, TEN.timestamp()) for body in bodies]
        with CaptureQueriesContext(connection) as asked:
            presses.PRESSING.together(taken, TEN.timestamp())
        return len(asked)

    statements("press-warm")
    assert statements(*[f"press-{number:04}" for number in range(30)]) == statements("press-last")


def test_how_a_number_stands_until_it_is_served(client, hall, machine, monkeypatch):
    [(window, actor), *_others] = world.open_all(hall)
    press(client, machine, "press-0000")
    slip = press(client, machine).json()["slip"]

    def state():
        return client.get(f"{ADDRESS}/{slip}").json()

    waits = {"number": "A002", "hall": hall.code, "queue": "A", "day": "2026-11-23", "state": "waiting", "ahead": 1}
    one_figure, nothing = {"minutes_from": None, "minutes_until": None}, {"window": None, "calls": 0}
    assert state() == waits | {"minutes": 10, **one_figure} | nothing
    with monkeypatch.context() as lately:  # as on a day on which what was said was often far too little
        lately.setattr(queries_tickets, "spread", lambda _said: (1.0, 3.0))
        assert state() == waits | {"minutes": 10, "minutes_from": 10, "minutes_until": 35} | nothing
    tickets.finish(tickets.serve(tickets.call_next(window, actor=actor), actor=actor), actor=actor)
    tickets.call_next(window, actor=actor)
    assert state() == waits | {
        "state": "called", "ahead": None, "minutes": None, **one_figure, "window": window.number, "calls": 1,
    }  # fmt: skip
    assert client.get(f"{ADDRESS}/no-such-slip").status_code == 404
