"""Two records that may be one person: told apart, or joined by two officers, and taken apart again where that was wrong."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import Move, move


class SameState(models.TextChoices):
    FOUND = "found", _("to be looked at")
    DIFFERENT = "different", _("two persons")
    PROPOSED = "proposed", _("proposed as one person")
    JOINED = "joined", _("one person")
    PARTED = "parted", _("taken apart again")


S = SameState
STEWARDS = ("coordinator", "supervisor")

FIND = move("find", set(), S.FOUND, by="platform", guard="the same number under another kind of document, or the same name and day of birth")  # fmt: skip
TELL_APART = move("tell_apart", {S.FOUND, S.PROPOSED}, S.DIFFERENT, by=STEWARDS, guard="nobody judges about themselves")
PROPOSE = move("propose", {S.FOUND, S.DIFFERENT, S.PARTED}, S.PROPOSED, by=STEWARDS, guard="both documents seen, reason given, the leading record named")  # fmt: skip
JOIN = move("join", S.PROPOSED, S.JOINED, by=STEWARDS, guard="another officer than the one who proposed it")
PART = move("part", S.JOINED, S.PARTED, by=STEWARDS, guard="reason given; nothing was moved, so each has its own again")

MOVES: list[Move] = [FIND, TELL_APART, PROPOSE, JOIN, PART]
