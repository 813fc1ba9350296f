"""Numbers: taken, called, skipped, come back, sent on, given back; nobody is lost."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import make
from tests.halls import queue_world as world
from tests.halls.queue_world import TEN, after
from tongban.halls import queries_tickets as queries
from tongban.halls import queue_rules
from tongban.halls.models import Appointment, HallDay, Ticket, TicketCall
from tongban.halls.services import tickets, windows
from tongban.halls.services.tickets import VISITOR
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed, TooMany

pytestmark = pytest.mark.django_db


def take(hall, category="A", at=TEN, **given):
    return tickets.issue(hall, category, actor=VISITOR, channel="machine", at=at, **given)


def refused(act, *args, **given) -> str:
    with pytest.raises((NotAllowed, Invalid, TooMany)) as problem:
        act(*args, **given)
    assert str(problem.value)
    return problem.value.code


# -- numbers


def test_numbers_of_a_queue_follow_each_other_and_begin_anew_every_morning():
    hall = world.hall()

    today = [take(hall, at=after(minute)).label for minute in range(3)]
    tomorrow = take(hall, at=TEN + timedelta(days=1))

    assert today == ["A001", "A002", "A003"]
    assert take(hall, "B").label == "B001"
    assert (tomorrow.label, tomorrow.day) == ("A001", TEN.date() + timedelta(days=1))


def test_two_halls_count_for_themselves():
    assert take(world.hall()).label == take(world.hall()).label == "A001"


def test_after_nine_hundred_and_ninety_nine_numbers_go_on():
    hall = world.hall()
    tickets.take_numbers(hall, TEN.date(), "A", 999, TEN)

    assert take(hall).label == "A1000"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (after(-61), "hall-closed"),
        (after(390), "numbers-stopped"),
        (after(421), "hall-closed"),
        (TEN + timedelta(days=5), "hall-closed"),
    ],
)
def test_no_number_before_opening_shortly_before_closing_overnight_and_at_weekends(at, code):
    hall = world.hall()

    assert refused(take, hall, at=at) == code
    assert not Ticket.objects.exists()


def test_no_number_on_a_holiday_and_the_sentence_names_the_next_opening(in_english):
    hall = world.hall()
    HallDay.objects.create(hall=hall, day=TEN.date(), hours=[])

    with pytest.raises(NotAllowed) as problem:
        take(hall)

    assert "2026-11-24 09:00" in str(problem.value)


def test_no_number_of_a_queue_that_nobody_here_calls():
    assert refused(take, world.hall("general"), "C") == "no-window-for-this"


def test_slips_of_the_self_service_area_are_given_at_night():
    hall = world.hall(self_service={"open_24h": True, "kiosks": 2})

    assert take(hall, "K", at=after(600)).label == "K001"


def test_limits_of_a_day_for_a_person_and_a_phone():
    hall, other, person = world.hall("general issuing"), world.hall(), make.person()
    for _number in range(3):
        take(hall, party=person)
    for _number in range(5):
        take(hall, phone="138 0000 1111")

    assert refused(take, other, party=person) == "numbers-of-the-day"  # in whatever hall
    assert refused(take, hall, "D", phone="13800001111") == "numbers-of-the-day"  # of whatever queue
    assert take(hall, "D", party=person).label == "D001"
    assert take(hall, at=TEN + timedelta(days=1), party=person).label == "A001"


def test_a_wrong_phone_number_takes_no_number():
    assert refused(take, world.hall(), phone="12") == "phone"


def test_a_clock_that_was_put_back_gives_nobody_an_earlier_place():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    first = take(hall, at=after(60))
    second = take(hall, at=after(0))

    assert second.waits_from == first.waits_from
    assert tickets.call_next(window, actor=actor, at=after(5)) == first


# -- who is next


def test_the_next_is_the_longest_wait_times_weight():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    a = take(hall, "A", at=after(0))
    p = take(hall, "P", at=after(10))

    assert tickets.call_next(window, actor=actor, at=after(13)) == a  # 13 against 3 x 3
    tickets.serve(a, actor=actor, at=after(13))
    tickets.finish(a, actor=actor, at=after(14))
    later = take(hall, "A", at=after(11))
    assert tickets.call_next(window, actor=actor, at=after(20)) == p  # 30 against 9
    assert Ticket.objects.get(pk=later.pk).state == "waiting"


def test_a_window_calls_only_what_its_kind_may_call():
    hall = world.hall("general issuing")
    (general, at_general), (issuing, at_issuing) = world.open_all(hall)
    d = take(hall, "D")

    assert tickets.call_next(general, actor=at_general, at=after(1)) is None
    assert tickets.call_next(issuing, actor=at_issuing, at=after(1)) == d


def test_a_matter_is_called_by_an_officer_certified_for_it_while_there_is_one():
    hall = world.hall("general general")
    one, two = queries.Window.objects.filter(hall=hall).order_by("number")
    matter = make.matter()
    one, not_certified = world.sit_down(one, certified=("something-else",))
    ticket = take(hall, matter=matter)

    two, certified = world.sit_down(two, certified=(matter.slug,))
    assert tickets.call_next(one, actor=not_certified, at=after(1)) is None
    windows.close_window(two, actor=certified)
    assert tickets.call_next(one, actor=not_certified, at=after(1)) == ticket  # rather than never


def test_a_window_has_one_visitor_and_its_own_officer():
    hall = world.hall("general general")
    (one, actor), (two, other) = world.open_all(hall)
    take(hall), take(hall)
    called = tickets.call_next(one, actor=actor, at=after(1))

    assert refused(tickets.call_next, one, actor=actor, at=after(2)) == "window-has-a-visitor"
    assert refused(tickets.call_next, two, actor=actor, at=after(2)) == "not-your-window"
    assert refused(tickets.serve, called, actor=other) == "not-your-visitor"
    assert refused(tickets.call_next, two, actor=VISITOR, at=after(2)) == "not-your-move"


def test_a_paused_window_calls_nobody():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    take(hall)
    windows.pause_window(window, reason="meal", actor=actor)

    assert refused(tickets.call_next, window, actor=actor, at=after(1)) == "window-not-open"
    windows.resume_window(window, actor=actor)
    assert tickets.call_next(window, actor=actor, at=after(1)).label == "A001"


def test_out_of_turn_needs_a_reason_and_it_is_kept():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    take(hall)
    friend = take(hall, at=after(1))

    assert refused(tickets.call, friend, window, reason="  ", actor=actor, at=after(2)) == "out-of-turn"
    tickets.call(friend, window, reason="cannot stand any longer", actor=actor, at=after(2))

    assert TicketCall.objects.get().out_of_turn == "cannot stand any longer"
    assert Event.objects.get(kind="TicketCalled").payload["out_of_turn"] is True


def test_whoever_is_next_is_called_by_hand_without_a_reason():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    first = take(hall)

    tickets.call(first, window, reason="", actor=actor, at=after(2))

    assert TicketCall.objects.get().out_of_turn == ""


# -- three calls, coming back


def calling(hall, minute=1.0):
    [(window, actor)] = world.open_all(hall)
    return window, actor, tickets.call_next(window, actor=actor, at=after(minute))


def seconds(minute, count):
    return after(minute) + timedelta(seconds=count)


def test_a_number_is_called_three_times_twenty_seconds_apart_and_then_skipped():
    hall = world.hall("general")
    take(hall)
    _window, actor, ticket = calling(hall)

    assert refused(tickets.call_again, ticket, actor=actor, at=seconds(1, 10)) == "too-soon"
    assert refused(tickets.skip, ticket, actor=actor, at=seconds(1, 20)) == "fewer-than-three-calls"
    tickets.call_again(ticket, actor=actor, at=seconds(1, 20))
    tickets.call_again(ticket, actor=actor, at=seconds(1, 40))
    assert refused(tickets.call_again, ticket, actor=actor, at=seconds(1, 60)) == "called-three-times"
    assert refused(tickets.skip, ticket, actor=actor, at=seconds(1, 59)) == "too-soon"
    skipped = tickets.skip(ticket, actor=actor, at=seconds(1, 60))

    assert skipped.state == "skipped"
    assert list(TicketCall.objects.order_by("id").values_list("number", flat=True)) == [1, 2, 3]


def test_the_worker_calls_on_when_the_desk_does_nothing():
    hall = world.hall("general")
    take(hall)
    _window, _actor, ticket = calling(hall)

    for number in (1, 2, 3):
        tickets.call_on(ticket.pk, number, at=seconds(1, 20 * number).isoformat())
        tickets.call_on(ticket.pk, number, at=seconds(1, 20 * number).isoformat())  # told twice

    ticket.refresh_from_db()
    assert (ticket.state, ticket.calls) == ("skipped", 3)


def test_the_worker_leaves_alone_who_has_come():
    hall = world.hall("general")
    take(hall)
    _window, actor, ticket = calling(hall)
    tickets.serve(ticket, actor=actor, at=seconds(1, 15))

    tickets.call_on(ticket.pk, 1, at=seconds(1, 20).isoformat())

    ticket.refresh_from_db()
    assert (ticket.state, ticket.calls) == ("serving", 1)


def skipped(hall):
    window, actor, ticket = calling(hall)
    for number in (1, 2, 3):
        tickets.call_on(ticket.pk, number, at=seconds(1, 20 * number).isoformat())
    return window, actor, Ticket.objects.get(pk=ticket.pk)


def test_whoever_was_skipped_comes_back_once_three_places_behind_the_head():
    hall = world.hall("general")
    for minute in range(6):
        take(hall, at=after(minute / 10))
    window, actor, ticket = skipped(hall)
    tickets.requeue(ticket, actor=VISITOR, at=after(10))

    order = []
    for minute in range(6):
        one = tickets.call_next(window, actor=actor, at=after(11 + minute))
        order.append(one.label)
        tickets.serve(one, actor=actor)
        tickets.finish(one, actor=actor)

    assert order == ["A002", "A003", "A004", "A001", "A005", "A006"]


def test_whoever_is_skipped_again_is_void():
    hall = world.hall("general")
    take(hall)
    window, actor, ticket = skipped(hall)
    tickets.requeue(ticket, actor=VISITOR, at=after(10))
    tickets.call_next(window, actor=actor, at=after(11))
    for number in (1, 2, 3):
        tickets.call_on(ticket.pk, number, at=seconds(11, 20 * number).isoformat())

    ticket.refresh_from_db()
    assert (ticket.state, ticket.end_reason) == ("void", "not_there")


def test_after_thirty_minutes_nobody_comes_back():
    hall = world.hall("general")
    take(hall)
    _window, _actor, ticket = skipped(hall)

    assert refused(tickets.requeue, ticket, actor=VISITOR, at=after(33)) == "too-late-to-come-back"
    tickets.give_up(ticket.pk, at=after(33).isoformat())
    ticket.refresh_from_db()
    assert (ticket.state, ticket.end_reason) == ("void", "too_late")


# -- sent on, parked, given back


def test_sent_to_another_queue_number_and_time_of_issue_stay():
    hall = world.hall("general issuing")
    (general, actor), (issuing, at_issuing) = world.open_all(hall)
    ticket = take(hall)
    before = take(hall, "D", at=after(5))
    tickets.serve(tickets.call_next(general, actor=actor, at=after(6)), actor=actor, at=after(6))

    moved = tickets.transfer(ticket, category="D", actor=actor)

    assert (moved.state, moved.label, moved.waits_from) == ("waiting", "A001", TEN)
    assert tickets.call_next(issuing, actor=at_issuing, at=after(8)) == ticket  # eight minutes against three
    assert Ticket.objects.get(pk=before.pk).state == "waiting"


def test_sent_to_one_window_it_waits_for_that_window_until_it_closes():
    hall = world.hall("general general general")
    (one, actor), (two, at_two), (three, at_three) = world.open_all(hall)
    ticket = take(hall)
    tickets.call_next(one, actor=actor, at=after(1))
    tickets.transfer(ticket, window=two, actor=actor)

    assert tickets.call_next(three, actor=at_three, at=after(2)) is None
    windows.close_window(two, actor=at_two)
    assert tickets.call_next(three, actor=at_three, at=after(3)) == ticket


def test_whoever_fetches_something_comes_back_to_the_same_window_first():
    hall = world.hall("general general")
    (one, actor), (two, at_two) = world.open_all(hall)
    ticket = take(hall)
    take(hall, at=after(0)), take(hall, at=after(0))
    tickets.serve(tickets.call_next(one, actor=actor, at=after(1)), actor=actor, at=after(1))
    tickets.park(ticket, actor=actor, at=after(2))
    waited_longer = tickets.call_next(one, actor=actor, at=after(3))
    assert waited_longer.label == "A002"
    tickets.serve(waited_longer, actor=actor)
    tickets.finish(waited_longer, actor=actor)
    tickets.back(ticket, actor=VISITOR, at=after(5))

    assert tickets.call_next(two, actor=at_two, at=after(6)).label == "A003"
    assert tickets.call_next(one, actor=actor, at=after(6)) == ticket


def test_a_number_that_is_given_back_is_not_called():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    ticket = take(hall)
    tickets.leave(ticket, reason="given_back", actor=VISITOR, at=after(1))

    assert tickets.call_next(window, actor=actor, at=after(2)) is None
    assert refused(tickets.leave, ticket, reason="given_back", actor=VISITOR) == "not-in-this-state"


def test_a_day_that_ends_loses_nobody():
    hall = world.hall("general general")
    (one, actor), (two, at_two) = world.open_all(hall)
    served, called, waiting = take(hall), take(hall), take(hall)
    tickets.serve(tickets.call_next(one, actor=actor, at=after(1)), actor=actor, at=after(1))
    tickets.call_next(two, actor=at_two, at=after(1))

    assert tickets.close_day(hall, day=TEN.date(), at=after(420)) == 2

    ends = {one.label: (one.state, one.end_reason) for one in Ticket.objects.all()}
    assert ends == {
        served.label: ("done", "day_over"),
        called.label: ("void", "day_over"),
        waiting.label: ("void", "day_over"),
    }
    assert Event.objects.filter(kind="TicketVoided").count() == 2


# -- bookings


def booked(hall, begins, category="A", state="confirmed"):
    return Appointment.objects.create(
        hall=hall, category=queries.Category.objects.get(code=category), begins_at=begins,
        ends_at=begins + timedelta(minutes=30), place=Appointment.objects.count(), party=make.person(), state=state,
    )  # fmt: skip


def test_a_booking_is_called_from_five_minutes_before_its_slot():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    appointment = booked(hall, after(30))
    ticket = tickets.check_in(appointment, actor=VISITOR, at=after(2))

    assert (ticket.label, ticket.waits_from, ticket.party_id) == ("Y001", after(30), appointment.party_id)
    assert tickets.call_next(window, actor=actor, at=after(24)) is None
    assert tickets.call_next(window, actor=actor, at=after(25)) == ticket
    tickets.serve(ticket, actor=actor)
    tickets.finish(ticket, actor=actor)
    appointment.refresh_from_db()
    assert appointment.state == "served"


def test_a_booking_is_called_within_ten_minutes_however_long_others_have_waited():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    for _person in range(20):
        take(hall, at=after(0))
    ticket = tickets.check_in(booked(hall, after(60)), actor=VISITOR, at=after(50))

    assert tickets.call_next(window, actor=actor, at=after(60)) == ticket


def test_a_late_booking_is_a_walk_in():
    hall = world.hall()
    ticket = tickets.check_in(booked(hall, after(0)), actor=VISITOR, at=after(16))

    assert (ticket.label, ticket.waits_from) == ("A001", after(16))


def test_a_booking_is_checked_in_once_at_its_hall_on_its_day():
    hall, other = world.hall(), world.hall()
    appointment = booked(hall, after(10))

    def arrive(at_hall, at):
        tickets.issue(at_hall, "Y", actor=VISITOR, channel="machine", appointment=appointment, at=at)

    assert refused(arrive, other, after(5)) == "appointment-of-another-hall"
    assert refused(arrive, hall, after(5) - timedelta(days=3)) == "appointment-of-another-day"
    arrive(hall, after(5))
    assert refused(arrive, hall, after(6)) == "checked-in-already"
    assert refused(take, hall, "Y") == "needs-a-booking"


# -- slips


def test_a_slip_of_another_hall_of_another_day_or_a_copy_of_a_used_one_is_refused_with_a_sentence():
    hall, other = world.hall(), world.hall()
    ticket = take(hall)

    assert queries.presented(ticket.key, hall, after(5)) == ticket
    assert refused(queries.presented, ticket.key, other, after(5)) == "ticket-of-another-hall"
    assert refused(queries.presented, ticket.key, hall, TEN + timedelta(days=1)) == "ticket-of-another-day"
    assert refused(queries.presented, "x" * 16, hall, after(5)) == "no-such-ticket"
    tickets.leave(ticket, reason="given_back", actor=VISITOR)
    assert refused(queries.presented, ticket.key, hall, after(5)) == "ticket-used"


# -- how long it takes


def test_the_estimate_is_those_ahead_times_the_mean_over_the_open_windows():
    hall = world.hall("general general")
    world.open_all(hall)
    for _person in range(5):
        take(hall)

    said = queries.estimate(hall, queries.Category.objects.get(code="A"), after(1))

    assert (said.ahead, said.minutes, said.windows, said.shown) == (5, 20.0, 2, 20)


def test_the_mean_is_that_of_the_last_twenty_served_here():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    for number in range(20):
        take(hall, at=after(number))
        tickets.serve(tickets.call_next(window, actor=actor, at=after(number)), actor=actor, at=after(number))
        tickets.finish(queries.at_window(window), actor=actor, at=after(number + 0.5))
    take(hall, at=after(30))

    said = queries.estimate(hall, queries.Category.objects.get(code="A"), after(31))

    assert (said.ahead, round(said.minutes, 3)) == (1, 0.5)


def test_a_window_is_kept_from_the_first_call_until_the_goodbye():
    """Also while somebody stands up and walks: twenty turns of a minute's walk and a minute's work, the second call after twenty seconds."""
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    for number in range(20):
        take(hall, at=after(3 * number))
        called = tickets.call_next(window, actor=actor, at=after(3 * number))
        called = tickets.call_again(called, actor=actor, at=after(3 * number + 0.5))
        tickets.serve(called, actor=actor, at=after(3 * number + 1))
        tickets.finish(called, actor=actor, at=after(3 * number + 2))

    seen = queries.picture(hall, after(61))

    assert seen.kinds["A"].minutes == pytest.approx(2 - 0.5 + 1 / 3)  # the calls are taken for twenty seconds apart


def test_who_comes_first_later_is_expected_as_they_came_today_and_as_they_booked():
    hall = world.hall("general general")
    (window, actor), _other = world.open_all(hall)
    for number in range(12):
        take(hall, at=after(5 * number))
        take(hall, "P", at=after(5 * number))
    booked(hall, after(90)), booked(hall, after(90)), booked(hall, after(120))
    booked(hall, after(20), state="no_show"), booked(hall, after(20), state="served")
    booked(hall, after(90), state="cancelled"), booked(hall, after(60 * 24 + 90))

    found, kinds = queries.coming(hall, after(60), queries.categories())

    assert found.pace == {"A": pytest.approx(0.2), "P": pytest.approx(0.2)}
    assert found.until == 6 * 60 + 30 - 60  # half past four
    share = pytest.approx((1 + 9) / (2 + 10))
    assert sorted(found.booked) == [(30.0, 2 * share.expected), (60.0, share.expected)]
    assert kinds == {"general"}


def test_the_last_of_the_line_hears_of_those_who_will_go_first():
    hall = world.hall("general")
    world.open_all(hall)
    for number in range(6):
        take(hall, at=after(number))

    alone = queries.estimate(hall, queries.Category.objects.get(code="A"), after(10)).minutes
    booked(hall, after(20)), booked(hall, after(30))
    with_bookings = queries.estimate(hall, queries.Category.objects.get(code="A"), after(10))

    assert alone == 48.0
    assert with_bookings.ahead == 6
    assert with_bookings.minutes == pytest.approx(48 + 2 * 0.9 * 10, abs=0.01)


def test_somebody_at_the_only_window_is_half_a_turn_to_wait():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    take(hall)
    category = queries.Category.objects.get(code="A")

    free = queries.estimate(hall, category, after(1)).minutes
    tickets.call_next(window, actor=actor, at=after(1))

    assert (free, queries.estimate(hall, category, after(1)).minutes) == (8.0, 4.0)


def test_the_promise_to_bookings_is_reckoned_with_the_windows_that_may_call_them():
    """Bookings of A are called by the general window alone, whose next turn may be too late; reckoned with six windows there is time."""
    hall = world.hall("general" + " priority" * 5)
    (window, actor), *_others = world.open_all(hall)
    take(hall, at=after(-50))
    tickets.check_in(booked(hall, after(0)), actor=VISITOR, at=after(-1))
    line = queries.waiting(hall, TEN.date())
    desk = queries.desk_of(window, window.officer, queries.picture(hall, TEN), booked=True)

    assert desk.turn == timedelta(minutes=10)  # of appointments the catalogue says ten minutes
    assert tickets.call_next(window, actor=actor, at=TEN).label == "Y001"
    too_many = queue_rules.in_turn(line, replace(desk, turn=timedelta(minutes=10 / 6)), TEN)
    assert [one.category for one in too_many] == ["A", "Y"]  # the control


def test_without_an_open_window_no_time_is_promised():
    hall = world.hall()
    take(hall)

    said = queries.estimate(hall, queries.Category.objects.get(code="A"), after(1))

    assert (said.ahead, said.shown) == (1, None)


def test_a_ticket_knows_how_many_are_called_before_it_and_that_number_only_falls():
    hall = world.hall("general")
    [(window, actor)] = world.open_all(hall)
    mine = [take(hall, at=after(minute / 10)) for minute in range(4)][-1]

    seen = [queries.ahead_of(mine, after(1))]
    for minute in range(3):
        one = tickets.call_next(window, actor=actor, at=after(1 + minute))
        tickets.serve(one, actor=actor)
        tickets.finish(one, actor=actor)
        seen.append(queries.ahead_of(Ticket.objects.get(pk=mine.pk), after(2 + minute)))

    assert seen == [3, 2, 1, 0]


def test_the_board_shows_calls_that_stand_and_no_old_ones(django_assert_max_num_queries):
    hall = world.hall("general general")
    (one, actor), _other = world.open_all(hall)
    take(hall), take(hall), take(hall)
    tickets.call_next(one, actor=actor, at=after(1))

    with django_assert_max_num_queries(9):
        board = queries.board(hall, after(2))
    later = queries.board(hall, after(10))

    assert [call.ticket.label for call in board.calls] == ["A001"]
    assert (board.waiting, len(board.open_windows)) == (2, 2)
    assert {row.category.code: (row.waiting, row.minutes) for row in board.categories}["A"] == (2, 10)
    assert later.calls == []


def test_every_act_touches_the_topic_of_its_hall(monkeypatch):
    touched = []
    monkeypatch.setattr(tickets.journal, "touch", lambda *names: touched.extend(names))
    hall = world.hall("general general")

    def told(act, *args, **given):
        touched.clear()
        answer = act(*args, **given)
        assert touched == [hall.topic], act
        return answer

    one, two = queries.Window.objects.filter(hall=hall).order_by("number")
    actor = world.sit_down(two)[1]
    window, actor = world.sit_down(one)
    first, second = told(take, hall), told(take, hall, "B", at=after(3))
    told(tickets.call_next, window, actor=actor, at=after(1))
    told(tickets.serve, first, actor=actor)
    told(tickets.park, first, actor=actor, at=after(2))
    told(tickets.back, first, actor=VISITOR, at=after(3))
    told(tickets.call_next, window, actor=actor, at=after(4))
    told(tickets.call_again, first, actor=actor, at=after(5))
    told(tickets.call_again, first, actor=actor, at=after(6))
    told(tickets.skip, first, actor=actor, at=after(7))
    told(tickets.requeue, first, actor=VISITOR, at=after(8))
    told(tickets.leave, first, reason="given_back", actor=VISITOR)
    told(tickets.call, second, window, reason="", actor=actor, at=after(9))
    told(tickets.transfer, second, category="A", actor=actor)
    told(windows.pause_window, window, reason="meal", actor=actor)
    told(windows.resume_window, window, actor=actor)
    told(windows.close_window, window, actor=actor)


def test_only_ids_are_written_down():
    hall = world.hall()
    take(hall, party=make.person(name="王小明"), phone="13800001111")

    event = Event.objects.get(kind="TicketIssued")
    assert set(event.payload) == {"ticket"}
    assert timezone.is_aware(event.at)


def test_the_queue_is_read_along_its_own_index_and_not_through_all_numbers_ever_given():
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL goes by its statistics")
    hall = world.hall()
    known = queries.categories()
    with CaptureQueriesContext(connection) as asked:
        queries.waiting(hall, TEN.date(), known), queries.unfinished()
    with connection.cursor() as cursor:
        plans = []
        for one in asked.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {one['sql']}")
            plans.append(cursor.fetchall()[0][3])

    assert ["tickets_waiting" in plans[0], "tickets_waiting" in plans[1], "window_has_one_visitor" in plans[2]] == [
        True
    ] * 3


# -- many at once


def test_many_who_come_together_have_each_their_number_or_a_sentence():
    hall, person = world.hall("general issuing"), make.person()
    world.open_all(hall)
    take(hall)
    asked = [
        tickets.Asked("A"), tickets.Asked("D"), tickets.Asked("A", phone="12"), tickets.Asked("C"),
        *[tickets.Asked("A", party=person.pk)] * 4,
    ]  # fmt: skip

    answers = tickets.issue_many(hall, asked, actor=VISITOR, at=after(1))

    assert [one.label if isinstance(one, Ticket) else one.code for one in answers] == [
        "A002", "D001", "phone", "no-window-for-this", "A003", "A004", "A005", "numbers-of-the-day",
    ]  # fmt: skip
    assert [one.ahead for one in answers if isinstance(one, Ticket) and one.label[0] == "A"] == [1, 2, 3, 4]
    assert Ticket.objects.count() == Event.objects.filter(kind="TicketIssued").count() == 6
    assert take(hall, at=after(2)).ahead == 5


def test_many_take_as_few_statements_as_one(django_assert_num_queries):
    hall = world.hall()
    take(hall)  # the calendar is known from now on
    with CaptureQueriesContext(connection) as one:
        tickets.issue_many(hall, [tickets.Asked("A")], actor=VISITOR, at=TEN)

    with django_assert_num_queries(len(one)):
        tickets.issue_many(hall, [tickets.Asked("A")] * 20, actor=VISITOR, at=TEN)


def test_many_before_opening_get_no_number():
    answers = tickets.issue_many(world.hall(), [tickets.Asked("A")] * 3, actor=VISITOR, at=after(-90))

    assert {one.code for one in answers} == {"hall-closed"}
    assert not Ticket.objects.exists()


def test_a_number_stands_in_the_database_as_it_was_handed_over():
    hall = world.hall()
    world.open_all(hall)

    told = [
        tickets.issue(hall, "A", actor=VISITOR, channel="machine", phone="13800001234", elderly=True, at=TEN),
        *tickets.issue_many(hall, [tickets.Asked("P", language="en")], actor=VISITOR, at=after(2)),
    ]

    columns = [field.attname for field in Ticket._meta.concrete_fields]
    for one in told:
        row = Ticket.objects.get(pk=one.pk)
        assert {name: getattr(row, name) for name in columns} == {name: getattr(one, name) for name in columns}
