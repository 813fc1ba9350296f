"""The life of a key's withdrawal: asked for by one, confirmed by another, then the worker makes good what the key had signed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class WithdrawalState(models.TextChoices):
    ASKED = "asked", _("waits for a second person")
    RUNNING = "running", _("licences are being signed anew")
    DONE = "done", _("every licence is signed anew")
    DROPPED = "dropped", _("not withdrawn")


S = WithdrawalState

CONFIRM = move(
    "confirm", S.ASKED, S.RUNNING, by=("dept_approver", "coordinator"), guard="another officer than the one who asked"
)
DROP_IT = move("drop_withdrawal", S.ASKED, S.DROPPED, by=("dept_approver", "coordinator"))
FINISH = move("finish", S.RUNNING, S.DONE, guard="no licence carries a signature of this key any more")
AGAIN = move("go_on", S.DONE, S.RUNNING, guard="a licence signed in the moment of the withdrawal was found")

MOVES = [CONFIRM, DROP_IT, FINISH, AGAIN]
