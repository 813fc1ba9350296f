"""Who sits at which window, and whether people are called to it. One officer at one window; it is given up empty."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.halls import events
from tongban.halls.models import Hall, HallEmergency, Ticket, Window
from tongban.halls.models.tickets import WAITS
from tongban.halls.ticket_states import TicketState
from tongban.halls.window_states import CLOSE, DESK, OPEN, PAUSE, RESUME
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed, worded

PAUSE_REASONS = {
    "break": _("break"),
    "meal": _("meal"),
    "paperwork": _("finishing a case"),
    "meeting": _("talk with colleagues"),
    "help": _("helping at another window"),
    "device": _("a device does not work"),
}
EMERGENCY = "emergency"  # the supervisor stopped the hall: nobody chooses it at a desk


@transaction.atomic
def open_window(window: Window, *, officer: Officer, actor: Actor, at: datetime | None = None) -> Window:
    """This officer sits down here. A supervisor may open a window for somebody."""
    _hall_goes_on(window)
    held = _held(window)
    _may(actor, OPEN)
    if actor.role in DESK and officer.account_id != actor.account:
        raise NotAllowed("not-your-window", _("You open a window for yourself; a supervisor may do it for others."))
    if not officer.active or not set(DESK) & set(officer.roles):
        raise NotAllowed("cannot-sit-here", _("This person does not work at windows."))
    other = Window.objects.select_related("hall").filter(officer=officer).exclude(pk=held.pk).first()
    if other is not None:
        raise _sits_elsewhere(other)
    try:
        with transaction.atomic():
            _moved(held, OPEN, actor, at, officer=officer, ready_at=None, pause_reason="")
    except IntegrityError as late:  # opened two at the same moment
        raise _sits_elsewhere(Window.objects.select_related("hall").filter(officer=officer).first()) from late
    return _same(window, held)


@transaction.atomic
def pause_window(window: Window, *, reason: str, actor: Actor, at: datetime | None = None) -> Window:
    """Nobody is called here for a while. Whoever stands here is served to the end."""
    if reason not in PAUSE_REASONS:
        raise Invalid("reason", errors={"reason": [_("Please choose a reason from the list.")]})
    held = _held(window)
    _own(held, actor, PAUSE)
    _moved(held, PAUSE, actor, at, pause_reason=reason)
    return _same(window, held)


@transaction.atomic
def halted(window: Window, *, actor: Actor, at: datetime | None = None) -> Window:
    """Paused with all others, because the supervisor stopped the hall."""
    held = _held(window)
    _may(actor, PAUSE)
    _moved(held, PAUSE, actor, at, pause_reason=EMERGENCY)
    return _same(window, held)


@transaction.atomic
def resume_window(window: Window, *, actor: Actor, at: datetime | None = None) -> Window:
    _hall_goes_on(window)
    held = _held(window)
    _own(held, actor, RESUME)
    _moved(held, RESUME, actor, at, pause_reason="", ready_at=None)
    return _same(window, held)


@transaction.atomic
def close_window(window: Window, *, actor: Actor, at: datetime | None = None) -> Window:
    """The officer gets up. Whoever waited for this window alone waits in their queue again, with the time of issue."""
    held = _held(window)
    _own(held, actor, CLOSE)
    there = Ticket.objects.filter(window=held, state__in=[TicketState.CALLED, TicketState.SERVING]).first()
    if there is not None:
        raise NotAllowed(
            "window-has-a-visitor",
            worded(_("Number %(number)s is at this window or called to it."), number=there.label),
            kept=_("The window stays open."),
            next_step=_("Finish with this person, send them on, or skip them after the third call."),
        )
    Ticket.objects.filter(WAITS, only_window=held).update(only_window=None)
    _moved(held, CLOSE, actor, at, officer=None, pause_reason="", ready_at=None)
    return _same(window, held)


def _held(window: Window) -> Window:
    return Window.objects.select_for_update(of=("self",)).select_related("hall", "officer").get(pk=window.pk)


def _hall_goes_on(window: Window) -> None:
    """The hall is held first, before its windows, as by whoever stops it: a window that opens at that moment is stopped too."""
    Hall.objects.select_for_update(no_key=True).get(pk=window.hall_id)
    if HallEmergency.objects.filter(hall=window.hall_id, ended_at__isnull=True).exists():
        raise NotAllowed(
            "hall-has-stopped",
            _("The hall has been stopped by its supervisor."),
            next_step=_("Windows go on by themselves when the supervisor ends it."),
        )


def _may(actor: Actor, step: Move) -> None:
    if not step.may_be_made_by(actor.role):
        raise NotAllowed("not-your-move", worded(_("A %(role)s cannot do this."), role=actor.role))


def _own(window: Window, actor: Actor, step: Move) -> None:
    _may(actor, step)
    if actor.role in DESK and (window.officer is None or window.officer.account_id != actor.account):
        raise NotAllowed(
            "not-your-window",
            _("You do not sit at this window."),
            next_step=_("Open a window first, then call people to it."),
        )


def _sits_elsewhere(other: Window | None) -> NotAllowed:
    if other is None:
        return NotAllowed("sits-elsewhere", _("This officer sits at another window."))
    return NotAllowed(
        "sits-elsewhere",
        worded(
            _("This officer sits at window %(number)s of %(hall)s."), number=other.number, hall=other.hall.shown_name
        ),
        next_step=_("Close that window first."),
    )


def _moved(window: Window, step: Move, actor: Actor, at: datetime | None, **changes: Any) -> None:
    by = changes.get("officer") or window.officer
    make(window, step, state_since=at or timezone.now(), **changes)
    what = events.WindowMoved(window=window.pk, move=step.name, officer=by.pk if by is not None else None)
    journal.record(what, subject=window.subject, actor=actor)
    journal.touch(window.hall.topic)


def _same(window: Window, held: Window) -> Window:
    """The row that was passed in follows."""
    for name in ("state", "state_since", "pause_reason", "officer", "ready_at"):
        setattr(window, name, getattr(held, name))
    return window


def close_all(hall_id: int, *, at: datetime | None = None) -> int:
    """Left open overnight: closed, so that the morning begins with empty windows."""
    closed = 0
    for window in Window.objects.filter(~Q(state="closed"), hall=hall_id):
        try:
            close_window(window, actor=PLATFORM, at=at)
            closed += 1
        except NotAllowed:
            continue
    return closed
