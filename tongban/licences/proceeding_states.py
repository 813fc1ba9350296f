"""Before a department takes a permit away: the holder is told and heard, and another officer decides."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.lib.moves import move

ANSWER_WITHIN_DAYS = 5  # Administrative Penalty Law, art. 64: a hearing may be asked for within five days


class ProceedingState(models.TextChoices):
    OPEN = "open", _("the holder is being heard")
    CARRIED_OUT = "carried_out", _("decided and carried out")
    DROPPED = "dropped", pgettext_lazy("of a proceeding", "dropped")


S = ProceedingState

CARRY_OUT = move(
    "carry_out", S.OPEN, S.CARRIED_OUT, by=("dept_approver",),
    guard="the holder has answered, or the days for answering are over; another officer than the one who opened it",
    document="decision to suspend or revoke",
)  # fmt: skip
DROP = move(
    "drop", S.OPEN, S.DROPPED, by=("dept_approver",), guard="a reason is given; an urgent suspension is lifted with it"
)  # fmt: skip

MOVES = [CARRY_OUT, DROP]
