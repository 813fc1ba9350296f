"""The law of an act on many cases at once: up to ten alone, more only after a second person has seen the list."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.lib.moves import Move, move

ALONE = 10  # cases at once by oneself (security.md: bulk operations have four eyes)
AT_MOST = 500  # cases in one list
AT_ONCE = timedelta(minutes=10)  # the same act within this time counts together: eleven in two halves are eleven
LAPSES_AFTER = timedelta(hours=24)
KEPT_FOR = timedelta(hours=24)  # files that were taken along
REASON_AT_LEAST = 10  # characters, as everywhere a second person reads it


class BatchState(models.TextChoices):
    ASKED = "asked", _("waits for a second person")
    RUNNING = "running", _("is being done")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")
    REFUSED = "refused", _("refused by the second person")
    LAPSED = "lapsed", _("nobody confirmed it in time")


class ItemState(models.TextChoices):
    WAITING = "waiting", _("waits")
    DONE = "done", _("done")
    FAILED = "failed", _("not done")
    LEFT_OUT = "left_out", _("left out from the beginning")
    STOPPED = "stopped", pgettext_lazy("of a case in a list", "not reached")


B = BatchState
OVER = {B.DONE, B.STOPPED, B.REFUSED, B.LAPSED}
TRY_AGAIN = {ItemState.FAILED, ItemState.STOPPED, ItemState.LEFT_OUT}

CONFIRM = move(
    "confirm", B.ASKED, B.RUNNING, by=("supervisor", "coordinator", "dept_approver"),
    guard="another officer than the one who asked; no own case in the list; within 24 hours",
)  # fmt: skip
REFUSE = move(
    "refuse", B.ASKED, B.REFUSED, by=("supervisor", "coordinator", "dept_approver"),
    guard="another officer than the one who asked; reason given",
)  # fmt: skip
LAPSE = move("lapse", B.ASKED, B.LAPSED, by=("platform",), guard="24 hours without a word")
TAKE_BACK = move("take back", B.ASKED, B.STOPPED, by=("officer who asked",))
STOP = move("stop", B.RUNNING, B.STOPPED, by=("officer who asked", "second person"), guard="what is done stays done")
END = move("end", B.RUNNING, B.DONE, by=("platform",), guard="every case has its answer")

MOVES: list[Move] = [CONFIRM, REFUSE, LAPSE, TAKE_BACK, STOP, END]
