"""What people ask for about their data: a copy, and a person's look at what a machine decided."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class ExportState(models.TextChoices):
    WAITING = "waiting", _("waits")
    MAKING = "making", _("is being made")
    READY = "ready", _("ready to download")
    FAILED = "failed", _("could not be made")
    GONE = "gone", _("deleted")


class ReviewState(models.TextChoices):
    OPEN = "open", _("waits for a person")
    STANDS = "stands", _("looked at: the decision stands")
    PUT_RIGHT = "put_right", _("looked at: it is put right")


MAKE = move("make", {ExportState.WAITING, ExportState.MAKING}, ExportState.MAKING, by=("platform",))
READY = move("ready", ExportState.MAKING, ExportState.READY, by=("platform",), clock="7 days to download")
FAIL = move("fail", {ExportState.WAITING, ExportState.MAKING}, ExportState.FAILED, by=("platform",))
GO = move("go", set(ExportState.values) - {"gone"}, ExportState.GONE, by=("platform", "applicant"))

STANDS = move(
    "stands", ReviewState.OPEN, ReviewState.STANDS, by=("dept_reviewer", "dept_approver", "coordinator"),
    guard="reason written", clock="stops",
)  # fmt: skip
PUT_RIGHT = move(
    "put_right", ReviewState.OPEN, ReviewState.PUT_RIGHT, by=("dept_reviewer", "dept_approver", "coordinator"),
    guard="what is done is written", clock="stops",
)  # fmt: skip

MOVES = [MAKE, READY, GO, STANDS, PUT_RIGHT]
