"""A second device of one's own, let into one draft: the code, the scan, the number compared, the work, the end."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import Move, move


class CarryingState(models.TextChoices):
    OFFERED = "offered", _("a code is shown")
    SCANNED = "scanned", _("a device waits for the number")
    OPEN = "open", _("a device works in it")
    ENDED = "ended", _("ended")


S = CarryingState

OFFER = move("offer", set(), S.OFFERED, by=("applicant", "agent"), guard="a draft one may prepare; the code before holds no more")  # fmt: skip
SCAN = move("scan", S.OFFERED, S.SCANNED, by="applicant", guard="the code, once, within 10 minutes; it opens nothing yet")  # fmt: skip
LET_IN = move("let_in", S.SCANNED, S.OPEN, by=("applicant", "agent"), guard="the number on the new device, typed on the device that showed the code; 3 tries")  # fmt: skip
CUT_OFF = move("cut_off", {S.OFFERED, S.SCANNED, S.OPEN}, S.ENDED, by=("applicant", "agent", "platform"), guard="by either device at once, by a second scan or wrong numbers, or by a new code")  # fmt: skip

MOVES: list[Move] = [OFFER, SCAN, LET_IN, CUT_OFF]
