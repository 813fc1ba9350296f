"""The supervisor hears of long waits once a rise, opens windows, moves staff, and stops a hall with one press."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import doors, make
from tests.halls import queue_world as world
from tongban.halls import queries_figures, queries_screens, queries_tickets
from tongban.halls.models import Appointment, Category, HallAlarm, HallEmergency, Machine, Ticket, Window
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


def test_a_supervisor_without_a_mailbox_sees_it_at_the_bell_and_each_queue_once(hall, client):
    alone, elsewhere = make.officer("supervisor"), make.officer("window_officer")
    world.sit_down(hall.windows.first())
    come(hall, 8)
    supervising.watch(hall, timezone.now())
    assert HallAlarm.objects.filter(ended_at__isnull=True).count() == 2  # above 15 and above 25

    assert [one.minutes for one in queries_figures.alarms(hall)] == [25]
    assert [one.minutes for one in queries_figures.ringing_for(alone)] == [25]
    assert queries_figures.ringing_for(elsewhere) == []
    doors.enter(client, alone.account)
    page = client.get("/office/for-you/").content.decode()
    assert f"/office/hall/?hall={hall.code}" in page
    assert '<span class="tb-count">1</span>' in page


def test_windows_kept_in_reserve_are_offered_first(hall, supervisor, client):
    last = hall.windows.order_by("-number").first()
    Window.objects.filter(pk=last.pk).update(reserve=True)
    make.officer("window_officer")
    doors.enter(client, supervisor.account)

    page = client.get(f"/office/hall/?hall={hall.code}").content.decode()

    offered = page[page.index('name="window"') :]
    assert offered.index(f'value="{last.number}"') < offered.index(f'value="{last.number - 1}"')


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
    now["at"] += timedelta(seconds=20)
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


# -- nobody is sent into a hall that has stopped


def stop(hall, supervisor, kind="fire"):
    return supervising.stop_hall(hall, kind=kind, by=supervisor, at=timezone.now())


def test_a_stopped_hall_gives_no_number_to_anybody_and_says_where_to_go(hall, supervisor, in_english):
    near = world.hall(name={"zh": "邻近大厅", "en": "Hall next door"})
    stop(hall, supervisor)

    with pytest.raises(NotAllowed) as refused:
        come(hall, 1)
    assert refused.value.code == "hall-has-stopped"
    assert str(refused.value.sentence) == "Demo hall has stopped for the moment and gives no numbers."
    assert "Hall next door, 1 Demo Road" in str(refused.value.next_step)
    with pytest.raises(NotAllowed, match="stopped"):
        tickets.issue(hall, "K", actor=VISITOR, channel="machine", at=timezone.now())
    many = tickets.issue_many(hall, [tickets.Asked("A")] * 2, actor=VISITOR, at=timezone.now())
    assert {one.code for one in many} == {"hall-has-stopped"}
    assert len(come(near, 1)) == 1

    supervising.go_on(hall, by=supervisor, at=timezone.now())
    assert [one.label for one in come(hall, 1)] == ["A001"]


def test_a_hall_that_has_stopped_itself_is_not_named_as_the_place_to_go(hall, supervisor, in_english):
    stop(world.hall(name={"zh": "邻近大厅", "en": "Hall next door"}), supervisor)
    stop(hall, supervisor)

    assert "next door" not in str(tickets.why_none(hall, timezone.now()).next_step)


def test_a_booking_is_not_checked_in_and_not_lost_while_the_hall_is_stopped(hall, supervisor, in_english):
    booked = booked_at(hall, minutes=0)
    stop(hall, supervisor)
    with pytest.raises(NotAllowed, match="stopped"):
        tickets.check_in(booked, actor=VISITOR, at=timezone.now())
    booked.refresh_from_db()
    assert booked.state == "confirmed"

    supervising.go_on(hall, by=supervisor, at=timezone.now())
    assert tickets.check_in(booked, actor=VISITOR, at=timezone.now()).label == "Y001"


def booked_at(hall, minutes):
    begins = world.after(minutes)
    return Appointment.objects.create(
        hall=hall, category=Category.objects.get(code="A"), begins_at=begins, ends_at=begins + timedelta(minutes=30),
        place=0, party=make.person(), state="confirmed",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["fire", "power"])
def test_machine_phone_slip_robot_and_interface_all_say_it(client, hall, supervisor, kind, in_english):
    machine = Machine.objects.create(hall=hall, kind="tickets", number=1)
    robot = Machine.objects.create(hall=hall, kind="robot", number=1)
    held = come(hall, 1)[0]
    stop(hall, supervisor, kind)
    said = "Demo hall has stopped for the moment and gives no numbers."

    page = client.get(f"/machine/{machine.key}/").content.decode()
    assert "大厅暂停办理" in page
    assert said in page
    assert "?for=A" not in page
    assert said in client.post(f"/machine/{machine.key}/take", {"for": "A"}).content.decode()
    assert said in client.get(f"/halls/{hall.code}/ticket/").content.decode()
    assert said in client.post(f"/robot/{robot.key}/take", {"for": "A"}).content.decode()
    answer = client.post(f"/api/v1/robots/{robot.key}/tickets", {"queue": "A"}, content_type="application/json")
    assert (answer.status_code, answer.json()["title"]) == (409, said)
    slip = client.get(f"/ticket/{held.key}/").content.decode()
    assert "Your place is kept" in slip
    assert queries_tickets.waiting(hall, timezone.localdate())[0].pk == held.pk  # the only number there is


def test_the_tablet_gives_no_number_in_a_stopped_hall(client, hall, supervisor, in_english):
    guide = make.officer("helper", person=make.person())
    doors.enter(client, guide.account)
    stop(hall, supervisor)

    page = client.get(f"/office/tablet/?hall={hall.code}").content.decode()
    assert "has stopped for the moment and gives no numbers" in page
    assert "Give the number" not in page
    answer = client.post("/office/tablet/", {"category": "A"})
    assert "has stopped for the moment" in answer.content.decode()
    assert not Ticket.objects.exists()


# -- after it


def test_whoever_had_been_called_is_called_anew_and_not_skipped(hall, supervisor, now):
    (window, actor), _second = world.open_all(hall)
    come(hall, 1)
    ticket = tickets.call_next(window, actor=actor, at=timezone.now())
    for _again in (2, 3):
        now["at"] += timedelta(seconds=20)
        tickets.call_again(ticket, actor=actor, at=timezone.now())
    stop(hall, supervisor)
    now["at"] += timedelta(minutes=40)

    supervising.go_on(hall, by=supervisor, at=timezone.now())
    tickets.call_on(ticket.pk, 3, at=timezone.now().isoformat())  # what was planned before the alarm

    ticket.refresh_from_db()
    assert (ticket.state, ticket.calls, ticket.called_at) == (TicketState.CALLED, 1, timezone.now())
    assert [call.label for call in queries_screens.of_hall(hall).calls] == ["A001"]


def test_it_goes_on_in_the_order_of_before(hall, supervisor, now):
    (window, actor), _second = world.open_all(hall)
    first, second = come(hall, 2)
    stop(hall, supervisor)
    now["at"] += timedelta(minutes=30)
    supervising.go_on(hall, by=supervisor, at=timezone.now())
    come(hall, 1)

    called = []
    for _turn in range(3):
        ticket = tickets.call_next(window, actor=actor, at=timezone.now())
        tickets.serve(ticket, actor=actor, at=timezone.now())
        tickets.finish(ticket, actor=actor, at=timezone.now())
        called.append(ticket.label)

    assert called == [first.label, second.label, "A003"]


def test_time_in_which_the_hall_stood_still_is_nobodys_delay(hall, supervisor, now):
    (window, actor), _second = world.open_all(hall)
    come(hall, 1)
    ticket = tickets.call_next(window, actor=actor, at=timezone.now())
    for _again in (2, 3):
        now["at"] += timedelta(seconds=20)
        tickets.call_again(ticket, actor=actor, at=timezone.now())
    now["at"] += timedelta(seconds=20)
    tickets.skip(ticket, actor=actor, at=timezone.now())
    now["at"] += timedelta(minutes=10)
    stop(hall, supervisor)
    now["at"] += timedelta(minutes=30)
    supervising.go_on(hall, by=supervisor, at=timezone.now())
    now["at"] += timedelta(minutes=5)

    tickets.give_up(ticket.pk, at=timezone.now().isoformat())
    ticket.refresh_from_db()
    assert ticket.state == TicketState.SKIPPED
    tickets.requeue(ticket, actor=VISITOR, at=timezone.now())
    ticket.refresh_from_db()
    assert ticket.state == TicketState.REQUEUED


def test_and_after_thirty_minutes_of_an_open_hall_the_number_is_void(hall, supervisor, now):
    (window, actor), _second = world.open_all(hall)
    come(hall, 1)
    ticket = tickets.call_next(window, actor=actor, at=timezone.now())
    for _again in (2, 3):
        now["at"] += timedelta(seconds=20)
        tickets.call_again(ticket, actor=actor, at=timezone.now())
    now["at"] += timedelta(seconds=20)
    tickets.skip(ticket, actor=actor, at=timezone.now())
    stop(hall, supervisor)
    now["at"] += timedelta(minutes=1)
    supervising.go_on(hall, by=supervisor, at=timezone.now())
    now["at"] += timedelta(minutes=31)

    tickets.give_up(ticket.pk, at=timezone.now().isoformat())
    ticket.refresh_from_db()
    assert ticket.state == TicketState.VOID
