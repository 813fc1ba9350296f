"""What holders of a number are told: in the inbox where they are known, by text message where they left a number. After the commit.

Every line is said once, and only while it is still true: a call that was answered meanwhile is not sent any more.
"""

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from tongban.halls import hours
from tongban.halls import queries_tickets as queries
from tongban.halls.models import Hall, Ticket
from tongban.halls.queue_rules import COME_BACK_AT
from tongban.halls.services import tickets
from tongban.halls.ticket_states import AT_TABLE, TicketState
from tongban.journal import services as journal
from tongban.lib.bilingual import say
from tongban.lib.problems import worded
from tongban.notices import services as notices
from tongban.notices.gateways.sms import text_messages

TEXT = "halls.text"
REFERENCES = uuid.UUID("0c5ff2c4-58b1-4d27-9f0a-5d1b4d9a3a11")
CALLED, NEAR, SKIPPED, VOID, CLOSED = "called", "near", "skipped", "void", "closed"
NOT_TOLD = {tickets.GIVEN_BACK, AT_TABLE}  # who gave it back, or sits at the table, knows
TEXTS = {
    CALLED: _("Number %(number)s: please go to window %(window)s."),
    NEAR: _("Number %(number)s: %(count)s more before you. Please come back to the waiting area."),
    SKIPPED: _("Number %(number)s was called three times. You may wait again once within 30 minutes: open your number."),
    VOID: _("Number %(number)s is no longer valid. Please take a new one."),
    CLOSED: _("Number %(number)s could not be called today, we are sorry. Please book a time: whoever booked is called first."),
}  # fmt: skip


def _ticket(pk: int) -> Ticket | None:
    return queries.whole().select_related("party").filter(pk=pk).first()


def link_to(ticket: Ticket) -> str:
    return f"/ticket/{ticket.key}/"


def called(pk: int, number: int) -> None:
    """The first call tells; the others are heard on the spot."""
    ticket = _ticket(pk)
    if ticket is None or ticket.state != TicketState.CALLED or ticket.window is None or number != 1:
        return
    once = f"{ticket.subject}:called:{ticket.called_at:%H%M%S}"
    if ticket.party is not None:
        params = _params(ticket) | {"door": ticket.window.number}
        notices.tell(
            ticket.party, "ticket_called", about=ticket.subject, link=link_to(ticket), params=params, once=once
        )
    else:
        _text(ticket, CALLED, once, window=ticket.window.number)


def skipped(pk: int) -> None:
    ticket = _ticket(pk)
    if ticket is None or ticket.state != TicketState.SKIPPED:
        return
    once = f"{ticket.subject}:skipped"
    if ticket.party is not None:
        notices.tell(
            ticket.party,
            "ticket_skipped",
            about=ticket.subject,
            link=link_to(ticket),
            params=_params(ticket),
            once=once,
        )
    else:
        _text(ticket, SKIPPED, once)


def voided(pk: int, reason: str) -> None:
    ticket = _ticket(pk)
    if ticket is None or reason in NOT_TOLD:
        return
    once = f"{ticket.subject}:void"
    closed = reason in (tickets.DAY_OVER, tickets.HALL_CLOSED)
    if ticket.party is None:
        _text(ticket, CLOSED if closed else VOID, once)
    elif closed:
        params = _params(ticket) | {"title": opens(ticket.hall, ticket.ended_at or timezone.now())}
        notices.tell(ticket.party, "ticket_hall_closed", about=ticket.subject, link="/halls/", params=params, once=once)
    else:
        notices.tell(
            ticket.party, "ticket_void", about=ticket.subject, link="/halls/", params=_params(ticket), once=once
        )


def opens(hall: Hall, at: datetime) -> str:
    found = hours.next_opening(hall, at)
    return f"{timezone.localtime(found):%Y-%m-%d %H:%M}" if found is not None else "-"


def near(pk: int, at: datetime | None = None) -> int:
    """Somebody of the hall of this ticket was called or went: those who now have three ahead, and had more when they came, are told."""
    ticket = Ticket.objects.select_related("hall").filter(pk=pk).first()
    at = at or timezone.now()
    if ticket is None or ticket.day != timezone.localdate(at):
        return 0
    far = (
        queries.whole()
        .select_related("party")
        .filter(
            pk__in=[one.pk for one in queries.waiting(ticket.hall, ticket.day)],
            come_back_told_at__isnull=True,
            ahead__gt=COME_BACK_AT,
        )
        .exclude(party__isnull=True, phone_index="")
    )
    candidates = list(far)
    if not candidates:
        return 0
    seen = queries.picture(ticket.hall, at)
    told = 0
    for one in candidates:
        ahead = seen.estimate(one.category.code, queries.place_of(one)).ahead
        if ahead > COME_BACK_AT:
            continue
        if not Ticket.objects.filter(pk=one.pk, come_back_told_at__isnull=True).update(come_back_told_at=at):
            continue
        told += 1
        once = f"{one.subject}:near"
        if one.party is not None:
            params = _params(one) | {"count": ahead}
            notices.tell(one.party, "ticket_near", about=one.subject, link=link_to(one), params=params, once=once)
        else:
            _text(one, NEAR, once, count=ahead)
    return told


def _params(ticket: Ticket) -> dict[str, Any]:
    return {"number": ticket.label, "place": ticket.hall.name}


def _text(ticket: Ticket, kind: str, once: str, **values: Any) -> None:
    if ticket.phone_index:
        journal.enqueue(TEXT, once=f"text:{once}"[:80], ticket=ticket.pk, line=kind, occasion=once, values=values)


@journal.carrier(TEXT, outward=True)
def carry_text(ticket: int, line: str, occasion: str, values: dict[str, Any]) -> None:
    """To whoever left nothing but a phone number. Tried again it carries the same reference."""
    row = _ticket(ticket)
    provider = text_messages()
    if row is None or not row.phone or provider is None:
        return
    if line == CALLED and row.state != TicketState.CALLED:
        return
    with translation.override(row.language):
        words = worded(TEXTS[line], number=row.label, **values)
        provider.send(row.phone, f"【通办】{say(row.hall.name)}: {words}", str(uuid.uuid5(REFERENCES, occasion)))
