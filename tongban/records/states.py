"""The law of what has served its time: what is kept, what is proposed, and what was destroyed by two people."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.lib.moves import move


class KeepingState(models.TextChoices):
    KEPT = "kept", _("kept")
    LISTED = "listed", _("on a list to be destroyed")
    ANONYMISED = "anonymised", _("made anonymous")


class DestructionState(models.TextChoices):
    PROPOSED = "proposed", _("waits for a second person")
    CONFIRMED = "confirmed", _("confirmed, being carried out")
    DONE = "done", _("carried out")
    DROPPED = "dropped", pgettext_lazy("of a list", "dropped")


class HandoverState(models.TextChoices):
    MADE = "made", _("package made, not handed over yet")
    RECEIVED = "received", _("received by the archive")


K, D, H = KeepingState, DestructionState, HandoverState

PUT_ON_LIST = move(
    "put_on_list", K.KEPT, K.LISTED, by=("coordinator",), guard="its time is over, nothing is open and nobody holds it"
)
TAKE_OFF_LIST = move(
    "take_off_list", K.LISTED, K.KEPT, by=("coordinator", "supervisor", "dept_approver", "platform"),
    guard="the list was dropped, or something was opened or held meanwhile",
)  # fmt: skip
ANONYMISE = move(
    "anonymise", K.LISTED, K.ANONYMISED, by=("platform",),
    guard="a second person confirmed the list; looked at again at this moment; the archive's receipt, where it goes there",
)  # fmt: skip

PROPOSE = move("propose", (), D.PROPOSED, by=("coordinator",), guard="at least one application is due")
CONFIRM = move(
    "confirm", D.PROPOSED, D.CONFIRMED, by=("coordinator", "supervisor", "dept_approver"),
    guard="somebody else than who proposed it; an approver for the own department",
)  # fmt: skip
DROP = move(
    "drop", D.PROPOSED, D.DROPPED, by=("coordinator", "supervisor", "dept_approver"), guard="reason written"
)  # fmt: skip
FINISH = move(
    "finish", D.CONFIRMED, D.DONE, by=("platform",), guard="every application on it was looked at",
    document="record of destruction",
)  # fmt: skip

RECEIVE = move("receive", H.MADE, H.RECEIVED, by=("platform",), guard="the archive's receipt names the package's hash")

MAKE_ANEW = move(
    "make_anew", {H.MADE, H.RECEIVED}, H.MADE, by=("platform",), guard="the application moved since, or our copy was damaged"
)  # fmt: skip

KEEPING_MOVES = [PUT_ON_LIST, TAKE_OFF_LIST, ANONYMISE]
DESTRUCTION_MOVES = [PROPOSE, CONFIRM, DROP, FINISH]
HANDOVER_MOVES = [RECEIVE, MAKE_ANEW]
MOVES = [*KEEPING_MOVES, *DESTRUCTION_MOVES, *HANDOVER_MOVES]
