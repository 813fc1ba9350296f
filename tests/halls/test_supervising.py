"""The supervisor hears of long waits once a rise, opens windows, moves staff, and stops a hall with one press."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tests.halls import queue_world as world
from tongban.halls import queries_figures, queries_screens
from tongban.halls.models import HallAlarm, HallEmergency, Window
from tongban.halls.services import supervising, tickets, windows
from tongban.halls.ticket_states import TicketState
from tongban.journal.actors import Actor
from tongban.journal.models import Event, Job
from tongban.lib.problems import NotAllowed
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
VISITOR = Actor("applicant", "visitor")


@pytest.fixture
def now(monkeypatch):
    stands = {"at": world.TEN}
    monkeypatch.setattr(timezone, "now", lambda: stands["at"])
    return stands


@pytest.fixture
def hall(now):
    return world.hall("general general")


@pytest.fixture
def supervisor():
    return make.officer("supervisor", person=make.person())


def come(hall, count, category="A", **given):
    return [
        tickets.issue(hall, category, actor=VISITOR, channel="machine", language="zh-hans", at=timezone.now(), **given)
        for _ in range(count)
    ]


def told(kind) -> int:
    return Message.objects.filter(kind=kind).count()


def test_a_rise_above_fifteen_minutes_tells_the_supervisor_once(hall, supervisor):
    world.sit_down(hall.windows.first())
    come(hall, 2)
    assert supervising.watch(hall, timezone.now()) == 1
    assert told("hall_waits") == 1

    come(hall, 1)
    assert supervising.watch(hall, timezone.now()) == 0
    assert told("hall_waits") == 1


def test_short_waits_ring_no_alarm(hall, supervisor):
    world.sit_down(hall.windows.first())
    come(hall, 1)

    assert supervising.watch(hall, timezone.now()) == 0
    assert not HallAlarm.objects.exists()


def test_an_alarm_ends_when_the_queue_is_short_again_and_a_new_rise_tells_again(hall, supervisor):
    window, actor = world.sit_down(hall.windows.first())
    first = come(hall, 2)
    supervising.watch(hall, timezone.now())

    for ticket in first:
        tickets.leave(ticket, reason=tickets.GIVEN_BACK, actor=VISITOR, at=timezone.now())
    supervising.watch(hall, timezone.now())
    assert HallAlarm.objects.get().ended_at is not None

    come(hall, 2)
    assert supervising.watch(hall, timezone.now()) == 1
    assert told("hall_waits") == 2


def test_beyond_twenty_five_minutes_new_numbers_are_offered_elsewhere(hall, supervisor):
    world.sit_down(hall.windows.first())
    come(hall, 3)
    category = queries_figures.Category.objects.get(code="A")
    assert not queries_figures.offer_elsewhere(hall, category, timezone.now())

    come(hall, 1)
    assert queries_figures.offer_elsewhere(hall, category, timezone.now())
    assert supervising.watch(hall, timezone.now()) == 2  # both thresholds at once: each rings


def test_a_window_that_calls_nobody_for_three_minutes_while_people_wait_is_shown_as_paused(hall, now):
    window, actor = world.sit_down(hall.windows.first())
    come(hall, 1)

    def shown():
        return next(desk for desk in queries_figures.desks(hall, timezone.now()) if desk.window.pk == window.pk)

    assert shown().shown == "open"
    now["at"] += timedelta(minutes=3)
    assert shown().shown == "idle"
    assert shown().looks == "paused"

    tickets.call_next(window, actor=actor, at=timezone.now())
    assert shown().shown == "open"


def test_a_window_without_anybody_waiting_is_open_however_long(hall, now):
    world.sit_down(hall.windows.first())
    now["at"] += timedelta(hours=1)

    assert {desk.shown for desk in queries_figures.desks(hall, timezone.now())} == {"open", "closed"}


def test_staff_move_from_one_window_to_another_in_one_act(hall, supervisor):
    source, _actor = world.sit_down(hall.windows.first())
    target = hall.windows.last()
    officer = source.officer

    supervising.move_officer(source, target, by=supervisor, at=timezone.now())

    assert Window.objects.get(pk=source.pk).officer is None
    assert Window.objects.get(pk=target.pk).officer == officer


def test_nobody_is_moved_away_from_a_visitor(hall, supervisor):
    source, actor = world.sit_down(hall.windows.first())
    come(hall, 1)
    tickets.call_next(source, actor=actor, at=timezone.now())

    with pytest.raises(NotAllowed):
        supervising.move_officer(source, hall.windows.last(), by=supervisor, at=timezone.now())
    assert Window.objects.get(pk=source.pk).state == "open"


def test_one_press_stops_every_window_and_one_lets_those_go_on_that_it_stopped(hall, supervisor):
    (one, first), (two, second) = world.open_all(hall)
    windows.pause_window(two, reason="break", actor=second, at=timezone.now())

    supervising.stop_hall(hall, kind="fire", by=supervisor, at=timezone.now())
    assert set(hall.windows.values_list("state", flat=True)) == {"paused"}
    assert queries_screens.of_hall(hall).emergency.kind == "fire"

    supervising.go_on(hall, by=supervisor, at=timezone.now())
    assert Window.objects.get(pk=one.pk).state == "open"
    assert Window.objects.get(pk=two.pk).state == "paused"  # on a break before, and still
    assert queries_screens.of_hall(hall).emergency is None
    assert {"HallStopped", "HallGoesOn"} <= set(Event.objects.values_list("kind", flat=True))


def test_while_a_hall_is_stopped_no_window_opens_and_nobody_is_skipped(hall, supervisor, now):
    (window, actor), (_two, _second) = world.open_all(hall)
    come(hall, 1)
    ticket = tickets.call_next(window, actor=actor, at=timezone.now())
    supervising.stop_hall(hall, kind="power", by=supervisor, at=timezone.now())

    with pytest.raises(NotAllowed):
        windows.resume_window(window, actor=actor, at=timezone.now())
    now["at"] += timedelta(minutes=5)
    tickets.call_on(ticket.pk, ticket.calls, at=timezone.now().isoformat())
    ticket.refresh_from_db()
    assert (ticket.state, ticket.calls) == (TicketState.CALLED, 1)

    supervising.go_on(hall, by=supervisor, at=timezone.now())
    tickets.call_on(ticket.pk, ticket.calls, at=timezone.now().isoformat())
    ticket.refresh_from_db()
    assert ticket.calls == 2


def test_everybody_with_a_number_who_can_be_reached_is_told_of_stop_and_end_once(hall, supervisor, monkeypatch):
    sent = []
    monkeypatch.setattr(
        supervising.notices, "text_a_caller", lambda phone, words, reference: sent.append((phone, words, reference))
    )
    world.open_all(hall)
    known = make.account()
    come(hall, 1, party=known.person.party)
    come(hall, 1, phone="13900001111")
    come(hall, 1)

    supervising.stop_hall(hall, kind="fire", by=supervisor, at=timezone.now())
    run_errands()
    assert told("hall_stopped") == 1
    assert [phone for phone, _words, _reference in sent] == ["13900001111"]
    assert HallEmergency.objects.get().told == 2

    supervising.go_on(hall, by=supervisor, at=timezone.now())
    run_errands()
    assert told("hall_goes_on") == 1
    assert len(sent) == 2


def run_errands():
    for job in Job.objects.filter(kind=supervising.TELL_STOPPED, state=Job.WAITING):
        supervising.tell_stopped(**job.payload)
        Job.objects.filter(pk=job.pk).delete()


def test_a_hall_is_stopped_once_and_only_by_its_supervisor(hall, supervisor):
    supervising.stop_hall(hall, kind="fire", by=supervisor, at=timezone.now())
    with pytest.raises(NotAllowed):
        supervising.stop_hall(hall, kind="power", by=supervisor, at=timezone.now())
    with pytest.raises(NotAllowed):
        supervising.go_on(hall, by=make.officer("window_officer"), at=timezone.now())
    assert HallEmergency.objects.get().kind == "fire"
