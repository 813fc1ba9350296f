"""Many ticket machines and many windows at once: no number twice, nobody called twice, no limit overstepped, nobody lost."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from tests import make
from tests.halls import queue_world as world
from tests.halls.queue_world import TEN, after
from tests.many_hands.hands import problems, together
from tongban.halls.models import Machine, NumberDay, Ticket, TicketCall
from tongban.halls.services import pressing, tickets, windows
from tongban.halls.services.tickets import VISITOR

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def take(hall, category="A", **given):
    return lambda: tickets.issue(hall, category, actor=VISITOR, channel="machine", at=TEN, **given).label


def call(window, actor):
    def act():
        ticket = tickets.call_next(window, actor=actor, at=after(1))
        return None if ticket is None else ticket.label

    return act


def test_machines_that_give_numbers_at_once_give_each_once_and_none_is_left_out():
    hall = world.hall()

    given = together(*[take(hall) for _machine in range(12)])

    assert sorted(given) == [f"A{number:03d}" for number in range(1, 13)]


def test_control_a_number_that_is_read_and_then_written_is_given_twice_on_postgresql(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    hall = world.hall()
    take(hall)()
    both_have_read = threading.Barrier(2)

    def read_then_write(hall, day, prefix, count, at):
        row = NumberDay.objects.get(hall=hall, day=day, prefix=prefix)
        both_have_read.wait(20)
        NumberDay.objects.filter(pk=row.pk).update(last=row.last + count)
        return row.last + count, at

    monkeypatch.setattr(tickets, "take_numbers", read_then_write)

    answers = together(take(hall), take(hall))

    assert [type(one) for one in problems(answers)] == [IntegrityError]  # only `ticket_number_once_a_day` held it up


def test_windows_that_call_at_once_each_call_somebody_else():
    hall = world.hall("general " * 8)
    desks = world.open_all(hall)
    for _person in range(5):
        take(hall)()

    called = together(*[call(window, actor) for window, actor in desks])

    assert problems(called) == []
    assert sorted(label for label in called if label) == [f"A{number:03d}" for number in range(1, 6)]
    assert called.count(None) == 3
    assert TicketCall.objects.count() == 5


def test_control_without_the_condition_two_windows_call_one_person_on_postgresql(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    hall = world.hall("general general")
    desks = world.open_all(hall)
    take(hall)()
    both_have_looked, look = threading.Barrier(2), tickets._in_turn

    def looking_at_once(*given):
        found = look(*given)
        both_have_looked.wait(20)
        return found

    def without_condition(ticket, window, officer, actor, now, *, out_of_turn=""):
        Ticket.objects.filter(pk=ticket.pk).update(state="called", window=window, officer=officer)
        return True

    monkeypatch.setattr(tickets, "_in_turn", looking_at_once)
    monkeypatch.setattr(tickets, "_called", without_condition)

    assert together(*[call(window, actor) for window, actor in desks]) == ["A001", "A001"]


def test_the_row_decides_when_both_have_looked_at_the_same_queue_on_postgresql(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    hall = world.hall("general general")
    desks = world.open_all(hall)
    take(hall)()
    both_have_looked, look = threading.Barrier(2), tickets._in_turn

    def looking_at_once(*given):
        found = look(*given)
        both_have_looked.wait(20)
        return found

    monkeypatch.setattr(tickets, "_in_turn", looking_at_once)

    called = together(*[call(window, actor) for window, actor in desks])

    assert sorted(called, key=str) == ["A001", None]


def test_one_window_pressed_many_times_calls_one_person():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    for _person in range(4):
        take(hall)()

    called = together(*[call(window, actor) for _press in range(4)])

    assert len(problems(called)) == 3
    assert {one.code for one in problems(called)} == {"window-has-a-visitor"}
    assert Ticket.objects.filter(state="called").count() == 1


def test_a_limit_of_a_day_holds_at_many_machines_at_once():
    hall, person = world.hall(), make.person()

    answers = together(*[take(hall, party=person) for _machine in range(8)])

    assert (len(problems(answers)), Ticket.objects.count()) == (5, 3)


def pressed(machine, number, **about):
    asked = tickets.Asked("A", **about)

    def act():
        [given] = pressing.give([pressing.Press(machine, number, asked)], at=TEN)
        return given.ticket.label

    return act


def test_one_press_told_many_times_at_once_is_one_number():
    machine = Machine.objects.create(hall=world.hall(), kind="tickets", number=1)

    given = together(*[pressed(machine, "press-0001") for _told in range(8)])

    assert given == ["A001"] * 8
    assert Ticket.objects.count() == 1


def test_control_without_its_key_one_press_is_many_numbers(monkeypatch):
    machine = Machine.objects.create(hall=world.hall(), kind="tickets", number=1)
    monkeypatch.setattr(pressing.journal, "first_of", lambda scope, results: set(results))

    together(*[pressed(machine, "press-0001") for _told in range(4)])

    assert Ticket.objects.count() == 4


def test_batches_with_the_same_phones_in_another_order_do_not_wait_for_each_other_in_a_circle():
    hall, phones = world.hall(), [f"1380000{number:04}" for number in range(40)]

    def batch(numbers):
        asked = [tickets.Asked("A", phone=number) for number in numbers]
        return lambda: len([tickets.issue_many(hall, asked, actor=VISITOR, at=TEN) for _round in range(2)])

    assert together(batch(phones), batch(phones[::-1])) == [2, 2]
    assert Ticket.objects.count() == 160


def test_a_number_that_is_given_back_while_it_is_called_ends_as_one_of_both():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    take(hall)()
    ticket = Ticket.objects.get()

    together(call(window, actor), lambda: tickets.leave(ticket, reason="given_back", actor=VISITOR, at=after(1)))

    ticket.refresh_from_db()
    assert (
        ticket.state == "void"
    )  # given back before the call, or while being called: both are allowed, and it stays so
    assert not Ticket.objects.filter(state="called").exists()


def test_the_worker_and_the_desk_that_call_again_at_once_call_once():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    take(hall)()
    call(window, actor)()
    ticket = Ticket.objects.get()
    at = after(1) + timedelta(seconds=21)

    together(
        lambda: tickets.call_again(ticket, actor=actor, at=at),
        lambda: tickets.call_on(ticket.pk, 1, at=at.isoformat()),
    )

    ticket.refresh_from_db()
    assert (ticket.calls, TicketCall.objects.count()) == (2, 2)


def test_one_officer_opens_one_window_of_two_at_once():
    hall = world.hall("general general")
    one, two = hall.windows.order_by("number")
    officer = make.officer("window_officer")
    actor = world.acting(officer, "window_officer")

    answers = together(
        *[lambda window=window: windows.open_window(window, officer=officer, actor=actor) for window in (one, two)]
    )

    assert [problem.code for problem in problems(answers)] == ["sits-elsewhere"]
    assert hall.windows.filter(state="open").count() == 1
