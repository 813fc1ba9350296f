"""Who is told what about a number, and the end of the day."""

from datetime import timedelta

import pytest

from tests import make
from tests.halls import queue_world as world
from tests.halls.queue_world import TEN, after
from tongban.halls.models import TakenToday, Ticket, Window
from tongban.halls.services import days, telling, tickets, windows
from tongban.halls.services.tickets import VISITOR
from tongban.journal.models import Job
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db


def take(hall, at=TEN, **given):
    return tickets.issue(hall, "A", actor=VISITOR, channel="machine", at=at, **given)


def told(account) -> list[str]:
    return list(Message.objects.filter(account=account).order_by("id").values_list("kind", flat=True))


@pytest.fixture
def texts(monkeypatch):
    sent = []

    class Provider:
        def send(self, to, text, reference):
            if reference not in {one[2] for one in sent}:
                sent.append((to, text, reference))

    monkeypatch.setattr(telling, "text_messages", Provider)
    return sent


def carried():
    for job in Job.objects.filter(kind=telling.TEXT).order_by("id"):
        telling.carry_text(**job.payload)


def test_whoever_is_called_is_told_once_and_only_while_the_call_stands():
    hall, account = world.hall("general"), make.account()
    [(window, actor)] = world.open_all(hall)
    ticket = take(hall, party=account.person)
    tickets.call_next(window, actor=actor, at=after(1))

    telling.called(ticket.pk, 1)
    telling.called(ticket.pk, 1)
    assert told(account) == ["ticket_called"]
    assert "A001" in Message.objects.get().body["zh"]

    Message.objects.all().delete()
    tickets.serve(ticket, actor=actor)
    telling.called(ticket.pk, 1)
    assert told(account) == []


def test_a_phone_number_alone_gets_a_text_message_in_its_language(texts):
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    ticket = take(hall, phone="13800001111", language="en")
    tickets.call_next(window, actor=actor, at=after(1))
    telling.called(ticket.pk, 1)
    carried(), carried()

    [(to, text, _reference)] = texts
    assert to == "13800001111"
    assert "A001" in text and "window 1" in text
    assert len(text) <= 160


def test_whoever_was_far_away_is_told_when_three_are_ahead():
    hall, account, near = world.hall("general"), make.account(), make.account()
    [(window, actor)] = world.open_all(hall)
    here = take(hall, party=near.person)
    for _person in range(4):
        take(hall)
    far = take(hall, party=account.person)
    assert (here.ahead, far.ahead) == (0, 5)

    counts = []
    for minute in (1, 2, 3):
        one = tickets.call_next(window, actor=actor, at=after(minute))
        counts.append((telling.near(one.pk, after(minute)), told(account)))
        tickets.serve(one, actor=actor)
        tickets.finish(one, actor=actor)

    assert counts == [(0, []), (1, ["ticket_near"]), (0, ["ticket_near"])]
    assert told(near) == []  # stood near from the beginning


def test_whoever_was_skipped_hears_how_to_come_back():
    hall, account = world.hall("general"), make.account()
    world.open_all(hall)
    ticket = take(hall, party=account.person)
    Ticket.objects.filter(pk=ticket.pk).update(state="skipped")

    telling.skipped(ticket.pk)

    assert told(account) == ["ticket_skipped"]


def test_when_a_hall_closes_with_people_waiting_everybody_hears_what_to_do_next(texts):
    hall, account = world.hall("general"), make.account()
    [(window, actor)] = world.open_all(hall)
    known, by_phone = take(hall, party=account.person), take(hall, phone="13800001111", language="en")

    assert days.end_days(after(421)) == 0  # the window is open: whoever has a number is still called
    windows.close_window(window, actor=actor, at=after(421))
    assert days.end_days(after(422)) == 2
    for ticket in (known, by_phone):
        telling.voided(ticket.pk, "day_over")
    carried()

    assert told(account) == ["ticket_hall_closed"]
    assert "2026-11-24 09:00" in Message.objects.get().body["en"]
    assert [(to, "A002" in text) for to, text, _reference in texts] == [("13800001111", True)]


def test_who_gave_the_number_back_hears_nothing():
    hall, account = world.hall("general"), make.account()
    ticket = take(hall, party=account.person)
    tickets.leave(ticket, reason="given_back", actor=VISITOR)

    telling.voided(ticket.pk, "given_back")

    assert told(account) == []


def test_an_open_hall_is_never_ended_and_a_night_leaves_no_window_open():
    hall = world.hall("general general")
    (one, actor), _other = world.open_all(hall)
    ticket = take(hall)
    tickets.serve(tickets.call_next(one, actor=actor, at=after(1)), actor=actor, at=after(1))

    assert days.end_days(after(60)) == 0
    assert Window.objects.filter(state="open").count() == 2
    days.end_days(after(420 + 121))

    ticket.refresh_from_db()
    assert (ticket.state, ticket.end_reason) == ("done", "day_over")
    assert set(Window.objects.values_list("state", flat=True)) == {"closed"}


def test_numbers_of_yesterday_are_ended_in_the_morning():
    hall = world.hall("general")
    ticket = take(hall)

    assert days.end_days(TEN + timedelta(days=1)) == 1
    ticket.refresh_from_db()
    assert ticket.state == "void"


def test_counts_of_a_day_are_forgotten_after_two():
    take(world.hall(), phone="13800001111")

    assert days.forget_counts(TEN + timedelta(days=1)) == 0
    assert days.forget_counts(TEN + timedelta(days=2)) == 1
    assert not TakenToday.objects.exists()
