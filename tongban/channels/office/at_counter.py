"""Between the intake at a window and the number that was called: whose ticket it is, and which cases were worked on for it."""

from typing import Any

from tongban.cases.models import Case
from tongban.channels import doorkeeper
from tongban.departments.models import Officer
from tongban.halls import queries_tickets as queue
from tongban.halls.models import Ticket, Window
from tongban.halls.services import desk
from tongban.halls.ticket_states import TicketState
from tongban.lib.problems import NotAllowed
from tongban.parties.models import Party

KEPT = "counter"


def window_of(officer: Officer) -> Window | None:
    """Where this officer sits now."""
    return Window.objects.select_related("hall").filter(officer=officer).first()


def served_by(officer: Officer) -> Ticket | None:
    """The number that stands at this officer's window."""
    window = window_of(officer)
    ticket = queue.at_window(window) if window is not None else None
    return ticket if ticket is not None and ticket.state == TicketState.SERVING else None


def remember(request, window: Window | None, ticket: Ticket | None) -> None:
    """For the line above the pages of the intake: no question of the database on each of them."""
    kept: dict[str, Any] | None = None
    if window is not None:
        serving = ticket is not None and ticket.state == TicketState.SERVING
        kept = {"window": window.number, "label": ticket.label if ticket is not None and serving else ""}
    if request.session.get(KEPT) != kept:
        if kept is None:
            request.session.pop(KEPT, None)
        else:
            request.session[KEPT] = kept


def at_counter(request) -> bool:
    return KEPT in request.session


def met(request, officer: Officer, party: Party) -> None:
    """The document was compared while a number is served here: it is this person's number."""
    if not at_counter(request) or (ticket := served_by(officer)) is None:
        return
    desk.meet(ticket, party, actor=doorkeeper.actor_of(request))


def worked_on(request, officer: Officer, case: Case) -> None:
    if not at_counter(request) or (ticket := served_by(officer)) is None:
        return
    try:
        desk.work_on(ticket, case, actor=doorkeeper.actor_of(request))
    except NotAllowed:
        return  # the number has left the window in this very moment; the case is worked on all the same
