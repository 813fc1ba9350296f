"""What a public screen shows: calls that stand, how long one waits, what to do in an emergency. No more than a passer-by may see."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from tongban.halls import hours, queries_tickets
from tongban.halls.models import Hall, HallEmergency, Machine, MachineKind, TicketCall
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.identifiers import mask_name
from tongban.parties.models import Party

NAMES = "names_on_screens"  # of the rules of a hall's queue; off until somebody switches it on
SEEN_EVERY = timedelta(minutes=1)
ROWS = 6


@dataclass(frozen=True)
class Shown:
    """One call as it stands there. `left` are the seconds until it leaves, counted by whoever shows it: clocks of displays are wrong."""

    pk: int
    label: str
    window: int
    number: int
    left: int
    name: str = ""

    @property
    def spelled(self) -> str:
        """As a voice reads it, sign by sign."""
        return " ".join(self.label)


@dataclass(frozen=True)
class Screen:
    """The whole state of a hall, fetched anew each time: nothing is patched, so nothing old stays."""

    hall: Hall
    at: datetime
    calls: list[Shown] = field(default_factory=list)
    categories: list[Any] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)
    waiting: int = 0
    open: bool = True
    opens_at: datetime | None = None
    emergency: HallEmergency | None = None


def machine(key: str, kind: MachineKind) -> Machine | None:
    """The thing in a hall whose own page this key opens."""
    if not key or len(key) > 40:
        return None
    return Machine.objects.select_related("hall").filter(key=key, kind=kind, hall__active=True).first()


def note_seen(row: Machine, now: datetime) -> None:
    """It shows something: written once a minute, for whoever looks which screens are dark."""
    if row.seen_at is None or row.seen_at < now - SEEN_EVERY:
        Machine.objects.filter(pk=row.pk).update(seen_at=now)


def emergency(hall: Hall) -> HallEmergency | None:
    return HallEmergency.objects.filter(hall=hall, ended_at__isnull=True).first()


def of_hall(hall: Hall, at: datetime | None = None, *, names: bool = False) -> Screen:
    """`names`: on a screen that stands in the hall, where the hall shows names; never on a page that anybody opens at home."""
    at = at or timezone.now()
    now_on = emergency(hall)
    if now_on is not None:
        return Screen(hall, at, emergency=now_on)
    board = queries_tickets.board(hall, at)
    is_open = hours.is_open(hall, at)
    return Screen(
        hall=hall,
        at=at,
        calls=_shown(board.calls[:ROWS], at, _names(hall, board.calls[:ROWS]) if names else {}),
        categories=[one for one in board.categories if one.waiting or one.estimate.windows],
        windows=[one.number for one in board.open_windows],
        waiting=board.waiting,
        open=is_open,
        opens_at=None if is_open else hours.next_opening(hall, at),
    )


def _shown(calls: list[TicketCall], at: datetime, names: dict[int, str]) -> list[Shown]:
    until = queries_tickets.SHOWN_FOR
    return [
        Shown(
            pk=call.pk,
            label=call.ticket.label,
            window=call.window.number,
            number=call.number,
            left=max(0, int((call.at + until - at).total_seconds())),
            name=names.get(call.ticket.party_id or 0, ""),
        )
        for call in calls
    ]


def _names(hall: Hall, calls: list[TicketCall]) -> dict[int, str]:
    """Masked, of those who are known; each call of somebody's name leaves one line in that person's list of reads."""
    parties = {call.ticket.party_id: call.pk for call in calls if call.ticket.party_id}
    if not parties or not queries_tickets.rules(hall).get(NAMES):
        return {}
    for party, call in parties.items():
        if cache.add(f"name-on-screen:{call}", 1, 600):
            journal.note_read(
                actor=PLATFORM,
                of_party=party,
                purpose="called on a screen",
                fields=["masked_name"],
                about=f"call:{call}",
            )
    rows = Party.objects.filter(pk__in=parties).only("name")
    return {row.pk: mask_name(row.name) for row in rows}
