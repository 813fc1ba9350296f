"""Many hands for one place of a slot: the row of the place decides; whoever is second is told what is free next.

TONGBAN_SLOTS=10000 TONGBAN_CLIENTS=50 makes it the full size (`bench/slots.py` does, and measures).
"""

import os
import threading
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection, connections, transaction

from tests.halls import booking_world as world
from tests.halls.booking_world import MONDAY_NINE, SUNDAY
from tests.many_hands.hands import problems, together
from tongban.halls.models import Appointment, EarlierWish, SlotPlace
from tongban.halls.services import booking, waiting_list
from tongban.halls.services.booking import Wanted
from tongban.journal.actors import PLATFORM

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

SLOTS = int(os.environ.get("TONGBAN_SLOTS", "6"))
SLOTS_OF_A_WEEK = 80  # of one hall: five days of sixteen
CLIENTS = int(os.environ.get("TONGBAN_CLIENTS", "6"))


def holding(hall, holder, at=MONDAY_NINE, **given):
    return lambda: world.hold(hall, at, holder, **given).pk


def one_place(hall):
    """A hall whose slots have two places in queue A; one of them is taken."""
    world.booked(hall)


def test_of_many_for_the_last_place_exactly_one_has_it_and_the_others_are_told_what_is_free():
    hall = world.hall(general=1)
    one_place(hall)
    people = [world.who() for _number in range(CLIENTS)]

    answers = together(*(holding(hall, one) for one in people))

    lost = problems(answers)
    assert len(answers) - len(lost) == 1
    assert {type(one) for one in lost} == {booking.JustTaken}
    assert all(len(one.free) == 3 for one in lost)
    assert SlotPlace.objects.filter(begins_at=MONDAY_NINE).count() == 2


def test_no_place_of_any_slot_is_held_twice_when_everybody_wants_every_slot():
    """Every client goes through the same slots, each with two places; the winners are counted by the table and not by the answers. Of each
    slot one who came too late reads what is free next, and this time is not among it."""
    halls = [world.hall(general=1) for _number in range(1 + (SLOTS - 1) // SLOTS_OF_A_WEEK)]
    clients, owner = [world.who() for _number in range(CLIENTS)], world.who().party
    slots = [
        (halls[number // SLOTS_OF_A_WEEK], MONDAY_NINE + timedelta(days=number % 5, minutes=30 * (number // 5 % 16)))
        for number in range(SLOTS)
    ]
    queue = world.category()
    won: list[list[int]] = [[] for _client in clients]
    lost, told = [0] * CLIENTS, [0] * CLIENTS
    wrong: list[object] = []

    def run(place):
        actor = world.actor_of(clients[place])
        try:
            for number, (hall, at) in enumerate(slots):
                try:
                    row = booking.hold(Wanted(hall, queue, at), clients[place], actor=actor, now=SUNDAY)
                except booking.JustTaken as late:
                    lost[place] += 1
                    if number % CLIENTS == place:
                        told[place] += len(late.free) > 0
                        wrong.extend(slot for slot in late.free if slot.begins_at == at)
                    continue
                won[place].append(row.pk)
                Appointment.objects.filter(pk=row.pk).update(party=owner)  # so that one a day does not end it
        except Exception as problem:
            wrong.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3600)

    winners = [pk for rows in won for pk in rows]
    assert wrong == []
    places = range(min(2, CLIENTS))  # one client alone has one time of each slot
    assert len(winners) == len(set(winners)) == len(places) * SLOTS
    assert sum(lost) == SLOTS * CLIENTS - len(winners)
    assert all(told) or CLIENTS < 3 or SLOTS < 2 * CLIENTS
    held = sorted(SlotPlace.objects.values_list("hall_id", "begins_at", "place"))
    assert held == sorted((hall.pk, at, place) for hall, at in slots for place in places)


def test_two_tabs_of_one_person_book_one_time_a_day():
    hall = world.hall(general=2)
    someone = world.who()

    answers = together(*(holding(hall, someone, MONDAY_NINE + timedelta(minutes=30 * number)) for number in range(4)))

    assert (Appointment.objects.count(), len(problems(answers))) == (1, 3)


def test_confirmed_and_lapsed_at_once_it_is_one_of_both_and_the_place_agrees():
    hall = world.hall(general=1)
    row = world.hold(hall)
    later = SUNDAY + timedelta(minutes=6)

    together(
        lambda: booking.confirm(Appointment.objects.get(pk=row.pk), actor=PLATFORM, now=later),
        lambda: booking.lapse_holds(later),
        lambda: booking.cancel(Appointment.objects.get(pk=row.pk), actor=PLATFORM, now=later),
    )

    row.refresh_from_db()
    assert row.state in ("confirmed", "lapsed", "cancelled")
    held = SlotPlace.objects.filter(appointment=row).exists()
    assert held == (row.state == "confirmed")


def test_two_workers_offer_a_place_once():
    hall = world.hall(general=1)
    rows = [world.booked(hall) for _number in range(2)]
    for _number in range(3):
        one = world.who()
        waiting_list.wish(
            hall, world.category(), party=one.party, account=one.account, from_day=MONDAY_NINE.date(),
            until_day=MONDAY_NINE.date(), actor=PLATFORM, now=SUNDAY,
        )  # fmt: skip
    booking.cancel(rows[0], actor=PLATFORM, now=SUNDAY)
    SlotPlace.objects.filter(appointment=None).update(rests_until=SUNDAY)
    full = [MONDAY_NINE + timedelta(minutes=30 * number) for number in range(1, 16)]
    SlotPlace.objects.bulk_create(
        SlotPlace(
            hall=hall, category=world.category(), begins_at=at, place=place, rests_until=SUNDAY + timedelta(days=1)
        )
        for at in full
        for place in (0, 1)
    )

    together(*[lambda: waiting_list.offer_all(SUNDAY)] * 3)

    assert EarlierWish.objects.filter(state="offered").count() == 1
    assert SlotPlace.objects.filter(begins_at=MONDAY_NINE).count() == 2


def test_control_without_the_row_of_the_place_two_have_the_last_one(monkeypatch):
    """What is looked at first and written afterwards is given twice: on PostgreSQL both have looked before either has written."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    hall = world.hall(general=1)
    one_place(hall)
    people = [world.who() for _number in range(2)]
    both_have_looked, look, taken = threading.Barrier(2), booking._free_places, count(5)

    def looking_at_once(*given):
        found = look(*given)
        both_have_looked.wait(20)
        return [(at, next(taken)) for at, _place in found]  # a number of its own for each: no row in the way

    monkeypatch.setattr(booking, "_free_places", looking_at_once)

    answers = together(*(holding(hall, one) for one in people))

    assert problems(answers) == []
    assert SlotPlace.objects.filter(begins_at=MONDAY_NINE).count() == 3  # of two


def test_control_the_test_sees_a_place_that_is_held_twice():
    hall = world.hall(general=1)
    world.hold(hall)
    held = SlotPlace.objects.get()

    with pytest.raises(Exception, match="a_place_of_a_slot_is_held_once|UNIQUE"), transaction.atomic():
        SlotPlace.objects.create(
            hall=hall, category=held.category, begins_at=held.begins_at, place=held.place, rests_until=SUNDAY
        )
