"""A day of one hall through the real services: people arrive, book, wait, are called, do not come, come back, are sent on, give up."""

import heapq
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.halls import queue_world as world
from tests.halls.queue_world import TEN
from tongban.halls import queries_tickets as queries
from tongban.halls.models import Appointment, Category, Ticket
from tongban.halls.queue_rules import NOBODY
from tongban.halls.services import days, tickets, windows
from tongban.halls.services.tickets import VISITOR

OPENS, LAST_NUMBER, CLOSES = TEN - timedelta(hours=1), TEN + timedelta(minutes=389), TEN + timedelta(hours=7)
MIX = [("A", 55), ("B", 15), ("D", 15), ("P", 10), ("C", 5)]
MEAN = {"A": 7, "B": 11, "C": 14, "D": 3, "P": 8, "Y": 8}


@dataclass
class Day:
    visitors: int
    ends: Counter = field(default_factory=Counter)
    happened: Counter = field(default_factory=Counter)
    jumped: list[str] = field(default_factory=list)  # called before somebody of their class who stood before them
    late: list[float] = field(default_factory=list)  # minutes after slot start, of bookings checked in on time
    waited: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)  # estimate at issue against the wait, in minutes
    bare: list[float] = field(default_factory=list)  # the same where nobody is expected who goes first
    ranges: list[tuple[int, int]] = field(default_factory=list)  # told instead of one figure
    in_range: int = 0


def a_day(visitors: int, windows_: str, seed: int = 7, booked_share: float = 0.12) -> Day:
    """Everything that happens, in the order of its time; the time is passed in."""
    chance, day = random.Random(seed), Day(visitors)
    hall = world.hall(windows_)
    desks = world.open_all(hall)
    order, agenda = itertools.count(), []

    def at(moment: datetime, act, *given) -> None:
        heapq.heappush(agenda, (moment, next(order), act, given))

    free: set[int] = set(range(len(desks)))

    said: dict[int, tuple[float | None, tuple[int, int] | None]] = {}

    def arrive(now, category):
        seen = queries.picture_for_newcomers(hall, {category}, now, queries.categories())
        told = seen.estimate(category)
        seen.coming, seen.busy = NOBODY, {}
        ticket = tickets.issue(hall, category, actor=VISITOR, channel="machine", phone="", at=now)
        said[ticket.pk] = (seen.estimate(category).minutes, told.span)
        wake(now)

    def check_in(now, appointment):
        tickets.check_in(appointment, actor=VISITOR, at=now)
        wake(now)

    def wake(now):
        for place in sorted(free):
            ask(now, place)

    def ask(now, place):
        window, actor = desks[place]
        called = tickets.call_next(window, actor=actor, at=now)
        if called is None:
            free.add(place)
            return
        free.discard(place)
        day.happened["called"] += 1
        day.jumped += _jumped(called)
        if chance.random() < 0.06:
            for number in (1, 2, 3):
                at(now + timedelta(seconds=20 * number), call_on, place, called.pk, number)
        else:
            at(now + timedelta(seconds=chance.uniform(15, 19)), serve, place, called.pk)

    def call_on(now, place, pk, number):
        tickets.call_on(pk, number, at=now.isoformat())
        if number == 3:
            day.happened["skipped"] += 1
            if chance.random() < 0.6:
                at(now + timedelta(minutes=chance.uniform(1, 25)), come_back, pk)
            else:
                at(now + timedelta(minutes=31), give_up, pk)
            ask(now, place)

    def come_back(now, pk):
        ticket = Ticket.objects.get(pk=pk)
        if ticket.state == "skipped" and ticket.requeues == 0:
            tickets.requeue(ticket, actor=VISITOR, at=now)
            day.happened["requeued"] += 1
            wake(now)

    def give_up(now, pk):
        tickets.give_up(pk, at=now.isoformat())

    def serve(now, place, pk):
        ticket = Ticket.objects.select_related("category").get(pk=pk)
        tickets.serve(ticket, actor=desks[place][1], at=now)
        needed = timedelta(minutes=chance.gammavariate(3, MEAN[ticket.category.code] / 3))
        at(now + needed, end, place, pk, chance.random())

    def end(now, place, pk, what):
        ticket, actor = Ticket.objects.select_related("category").get(pk=pk), desks[place][1]
        if what < 0.04 and ticket.category.code in "AB":
            tickets.transfer(ticket, category="D", actor=actor, at=now)
            day.happened["transferred"] += 1
        elif what < 0.07:
            tickets.park(ticket, actor=actor, minutes=10, at=now)
            at(now + timedelta(minutes=chance.uniform(2, 9)), back, pk)
            day.happened["parked"] += 1
        else:
            tickets.finish(ticket, on_the_spot=what < 0.7, actor=actor, at=now)
        ask(now, place)

    def back(now, pk):
        tickets.back(Ticket.objects.get(pk=pk), actor=VISITOR, at=now)
        wake(now)

    def give_back(now):
        waiting = Ticket.objects.filter(hall=hall, state="waiting").order_by("id").last()
        if waiting is not None:
            tickets.leave(waiting, reason="given_back", actor=VISITOR, at=now)
            day.happened["given back"] += 1

    def go_home(now, place):
        """Windows close one by one once nobody waits, at the latest an hour after closing."""
        if place in free and not queries.waiting(hall, TEN.date()):
            windows.close_window(desks[place][0], actor=desks[place][1], at=now)
            free.discard(place)
            return
        if now < CLOSES + timedelta(hours=1):
            at(now + timedelta(minutes=3), go_home, place)

    category = Category.objects.get(code="A")
    for number in range(visitors):
        if chance.random() < booked_share:
            slot = OPENS + timedelta(minutes=30 * chance.randrange(1, 15))
            row = Appointment(
                hall=hall, category=category, begins_at=slot, ends_at=slot + timedelta(minutes=30), place=number,
                phone_index=f"{number:064d}", state="confirmed",
            )  # fmt: skip
            row.save()
            at(slot + timedelta(minutes=chance.uniform(-20, 14)), check_in, row)
        else:
            [kind] = chance.choices([code for code, _share in MIX], [share for _code, share in MIX])
            at(OPENS + chance.random() * (LAST_NUMBER - OPENS), arrive, kind)
            if chance.random() < 0.02:
                at(OPENS + chance.random() * (LAST_NUMBER - OPENS), give_back)
    for place in range(len(desks)):
        at(CLOSES, go_home, place)
    while agenda:
        now, _number, act, given = heapq.heappop(agenda)
        act(now, *given)
    days.end_days(CLOSES + timedelta(hours=3))
    for ticket in Ticket.objects.filter(hall=hall).select_related("appointment"):
        day.ends[ticket.state] += 1
        if ticket.first_called_at is None:
            continue
        waited = (ticket.first_called_at - ticket.waits_from).total_seconds() / 60
        day.waited.append(max(waited, 0))
        if ticket.label.startswith("Y"):
            if ticket.waits_from == ticket.appointment.begins_at:
                day.late.append(waited)
        elif ticket.estimate_minutes is not None:
            day.errors.append(ticket.estimate_minutes - waited)
            bare, span = said[ticket.pk]
            day.bare.append((bare or 0.0) - waited)
            if span is not None:
                day.ranges.append(span)
                day.in_range += span[0] - 2.5 <= waited <= span[1] + 2.5  # they are told to the nearest five
    return day


def _jumped(called: Ticket) -> list[str]:
    """Said by the rows alone, without the rules that chose: somebody of the same queue stood before and waits still."""
    if called.appointment_id or called.place_after or called.only_window_id:
        return []
    before = Ticket.objects.filter(
        hall=called.hall_id, category=called.category_id, state="waiting", waits_from__lt=called.waits_from,
        only_window=None, place_after=None,
    )  # fmt: skip
    return [f"{called.label} before {other.label}" for other in before]
