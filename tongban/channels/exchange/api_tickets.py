"""How a number stands, by the open interface. Opened by its slip, as its page is. Numbers are taken at `presses`."""

from datetime import date
from typing import Annotated

from django.http import Http404
from django.utils import timezone
from ninja import Path
from pydantic import Field

from tongban.channels.exchange.api import Strict
from tongban.channels.exchange.api_robots import FROM, UNTIL, api, between
from tongban.halls import queries_tickets
from tongban.halls.ticket_states import TicketState

Slip = Annotated[str, Path(min_length=1, max_length=24, pattern=r"^[A-Za-z0-9_-]+$", description="From its answer")]


class TicketNow(Strict):
    number: str
    hall: str
    queue: str
    day: date
    state: str = Field(description="waiting, called, serving, skipped, requeued, done or void")
    ahead: int | None = Field(description="How many are called before it; null: it does not wait")
    minutes: int | None = Field(
        description="About how long, rounded up to five; null: no window is open, or it does not wait"
    )
    minutes_from: int | None = Field(description=FROM)
    minutes_until: int | None = Field(description=UNTIL)
    window: int | None = Field(description="Where it is called or served")
    calls: int = Field(description="How often it was called; after the third it is skipped")


@api.get("/tickets/{slip}", response=TicketNow, tags=["tickets"])
def ticket_now(request, slip: Slip):
    """Whose turn it is not yet, how many are before, and to which window it is called."""
    row, now = queries_tickets.by_key(slip), timezone.now()
    if row is None:
        raise Http404
    waits = row.state in (TicketState.WAITING, TicketState.REQUEUED) and row.day == timezone.localdate(now)
    standing = queries_tickets.standing(row, now) if waits else None
    here = row.window if row.state in (TicketState.CALLED, TicketState.SERVING) else None
    return {
        "number": row.label,
        "hall": row.hall.code,
        "queue": row.category.code,
        "day": row.day,
        "state": row.state,
        "ahead": standing.ahead if standing else None,
        "minutes": standing.shown if standing else None,
        **between(standing),
        "window": here.number if here else None,
        "calls": row.calls,
    }
