"""The law of tickets: a right to be called at a window, from the number to the goodbye (demo/halls.yaml, domain.md 3.9)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.lib.moves import move


class TicketState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("ticket", "waiting")
    CALLED = "called", _("called")
    SERVING = "serving", _("being served")
    DONE = "done", _("served")
    SKIPPED = "skipped", _("called three times, nobody came")
    REQUEUED = "requeued", _("waiting again after being skipped")
    VOID = "void", _("no longer valid")


AT_TABLE = "at_table"  # why a number is void whose holder sits at a round table: nobody left

T = TicketState
DESK = ("window_officer", "issuing_officer")

ISSUE = move(
    "issue_ticket",
    set(),
    T.WAITING,
    by=("visitor", "helper", "supervisor"),
    guard="hall takes tickets now; limits of the day",
)
CALL = move("call_ticket", {T.WAITING, T.REQUEUED}, T.CALLED, by=DESK, guard="the computed next one, or a reason")
SERVE = move("serve_ticket", T.CALLED, T.SERVING, by=DESK, guard="the window that called it")
FINISH = move(
    "finish_ticket", T.SERVING, T.DONE, by=(*DESK, "platform"), guard="the window that serves it; left open overnight"
)
SKIP = move(
    "skip_ticket", T.CALLED, T.SKIPPED, by=(*DESK, "platform"), guard="called three times, twenty seconds apart"
)
REQUEUE = move(
    "requeue_ticket", T.SKIPPED, T.REQUEUED, by=("visitor", "helper", *DESK), guard="once, within thirty minutes"
)
TRANSFER = move("transfer_ticket", {T.CALLED, T.SERVING}, T.WAITING, by=DESK, guard="keeps the time of issue")
PARK = move(
    "park_ticket", T.SERVING, T.REQUEUED, by=DESK, guard="the visitor fetches something and comes back to this window"
)
LEAVE = move(
    "leave_queue",
    {T.WAITING, T.REQUEUED, T.SKIPPED, T.CALLED},
    T.VOID,
    by=("visitor", "platform", *DESK, "supervisor"),
    guard="given back, too late, or the hall has closed; the holder is told",
)

TICKET_MOVES = [ISSUE, CALL, SERVE, FINISH, SKIP, REQUEUE, TRANSFER, PARK, LEAVE]
MOVES = TICKET_MOVES
