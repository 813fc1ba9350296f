"""What halls do when something has happened in them. Loading this enters the room's duties and errands, too."""

from tongban.halls.events import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentMissed,
    TicketCalled,
    TicketMoved,
    TicketVoided,
)
from tongban.halls.services import booking, days, places, round_tables, simulations, supervising, telling
from tongban.halls.ticket_states import SKIP
from tongban.journal.services import on

APPOINTMENTS, MOVES, DAYS, SUPERVISOR, SIMULATIONS = booking, places, days, supervising, simulations


@on(TicketCalled)
def tell_whom_it_calls(event):
    telling.called(event.ticket, event.number)


@on(TicketCalled, TicketVoided)
def tell_who_should_come_back(event):
    telling.near(event.ticket)


@on(TicketMoved)
def tell_who_was_skipped(event):
    if event.move == SKIP.name:
        telling.skipped(event.ticket)


@on(TicketVoided)
def tell_whose_number_is_void(event):
    telling.voided(event.ticket, event.reason)


@on(AppointmentConfirmed)
def move_its_table(event):
    round_tables.follow(event.appointment, event.moved_from)


@on(AppointmentCancelled)
def call_off_its_table(event):
    if event.why != "moved":
        round_tables.call_off(event.appointment, event.why)


@on(AppointmentMissed)
def call_off_a_missed_table(event):
    round_tables.call_off(event.appointment, "missed")
