"""The law of windows: who sits there, and whether the next person can be called to it."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.lib.moves import move


class WindowState(models.TextChoices):
    CLOSED = "closed", pgettext_lazy("window", "closed")
    OPEN = "open", _("open")
    PAUSED = "paused", _("paused")


W = WindowState
DESK = ("window_officer", "issuing_officer")

OPEN = move("open_window", W.CLOSED, W.OPEN, by=(*DESK, "supervisor"), guard="one officer at one window")
PAUSE = move("pause_window", W.OPEN, W.PAUSED, by=(*DESK, "supervisor"), guard="a reason from the list")
RESUME = move(
    "resume_window", W.PAUSED, W.OPEN, by=(*DESK, "supervisor"), guard="the hall is not stopped by an emergency"
)
CLOSE = move(
    "close_window",
    {W.OPEN, W.PAUSED},
    W.CLOSED,
    by=(*DESK, "supervisor", "platform"),
    guard="nobody is called or served there; left open overnight",
)

WINDOW_MOVES = [OPEN, PAUSE, RESUME, CLOSE]
MOVES = WINDOW_MOVES
