"""Whoever must sign an application beside the applicant: each on the own account, for exactly what lies there."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import Move, move


class SignerState(models.TextChoices):
    ASKED = "asked", _("has not signed yet")
    SIGNED = "signed", _("has signed")
    DECLINED = "declined", _("declined")
    LAPSED = "lapsed", _("did not answer in time")


S = SignerState

INVITE = move("invite", set(), S.ASKED, by=("applicant", "agent"), guard="named in the answers; nobody co-signs for themselves")  # fmt: skip
SIGN = move("sign", S.ASKED, S.SIGNED, by=("cosigner", "window_officer"), guard="the person itself, face or window check just now, never by an agent; signs what was shown")  # fmt: skip
UNDO = move("undo", S.SIGNED, S.ASKED, by="platform", guard="something in the application was changed after the signature")  # fmt: skip
DECLINE = move("decline", {S.ASKED, S.SIGNED}, S.DECLINED, by="cosigner", guard="reason given; before the application is sent")  # fmt: skip
LAPSE = move("lapse", S.ASKED, S.LAPSED, by="platform", guard="30 days without an answer, after one reminder")
ASK_AGAIN = move("ask_again", {S.DECLINED, S.LAPSED, S.ASKED}, S.ASKED, by=("applicant", "agent"), guard="a new invitation; the one before holds no more")  # fmt: skip

MOVES: list[Move] = [INVITE, SIGN, UNDO, DECLINE, LAPSE, ASK_AGAIN]
