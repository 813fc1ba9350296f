"""Family bonds that let one act for another: parents for minors, guardians for wards."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import Move, move


class KinState(models.TextChoices):
    CLAIMED = "claimed", _("being checked")
    CONFIRMED = "confirmed", _("confirmed")
    OBJECTED = "objected", _("objected to")
    REFUSED = "refused", _("not confirmed")
    ENDED = "ended", _("ended")


K = KinState
CHECKERS = ("window_officer", "coordinator")

CLAIM = move("claim", set(), K.CLAIMED, by="guardian", guard="court and number of the judgment named")
FIND = move("find", set(), K.CONFIRMED, by="parent", guard="the family register says so")
CONFIRM = move("confirm", {K.CLAIMED, K.OBJECTED}, K.CONFIRMED, by=CHECKERS, guard="the judgment was seen; nobody decides about the own family")  # fmt: skip
REFUSE_CLAIM = move("refuse_claim", {K.CLAIMED, K.OBJECTED}, K.REFUSED, by=CHECKERS, guard="reason given")
OBJECT = move("object", K.CONFIRMED, K.OBJECTED, by="ward", guard="from this second on the guardian does nothing until a person has decided")  # fmt: skip
END_BOND = move("end_bond", {K.CLAIMED, K.CONFIRMED, K.OBJECTED}, K.ENDED, by=("platform", "guardian", *CHECKERS), guard="the child is 18, somebody died, or the court ended it")  # fmt: skip

MOVES: list[Move] = [CLAIM, FIND, CONFIRM, REFUSE_CLAIM, OBJECT, END_BOND]
OVER = {K.REFUSED, K.ENDED}
