"""A message to many: written, confirmed by another person where it is for more than ten, sent in slices, stopped at any time."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class CircularState(models.TextChoices):
    DRAFT = "draft", _("being written")
    ASKED = "asked", _("waits for a second person")
    SENDING = "sending", _("being sent")
    PAUSED = "paused", _("paused")
    SENT = "sent", _("sent")
    STOPPED = "stopped", _("stopped")
    DECLINED = "declined", _("declined by the second person")


S = CircularState
WRITERS = ("coordinator", "dept_approver", "dept_reviewer", "supervisor")

ASK = move("ask", S.DRAFT, S.ASKED, by=WRITERS, guard="more than ten receivers")
SEND = move("send", S.DRAFT, S.SENDING, by=WRITERS, guard="at most ten receivers")
CONFIRM = move("confirm", S.ASKED, S.SENDING, by=("coordinator", "dept_approver", "supervisor"), guard="somebody else than the writer")  # fmt: skip
DECLINE = move("decline", S.ASKED, S.DECLINED, by=("coordinator", "dept_approver", "supervisor"), guard="somebody else than the writer")  # fmt: skip
PAUSE = move("pause", S.SENDING, S.PAUSED, by=WRITERS)
GO_ON = move("go_on", S.PAUSED, S.SENDING, by=WRITERS)
STOP = move("stop", {S.DRAFT, S.ASKED, S.SENDING, S.PAUSED}, S.STOPPED, by=(*WRITERS, "platform"))
FINISH = move("finish", S.SENDING, S.SENT, by=("platform",))

MOVES = [ASK, SEND, CONFIRM, DECLINE, PAUSE, GO_ON, STOP, FINISH]
