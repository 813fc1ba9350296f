"""Putting a bad rating right (demo/evaluation.yaml): who rang, what was done, and the call back that ends it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class FollowUpState(models.TextChoices):
    RECEIVED = "received", _("received")
    CONTACTED = "contacted", _("the person was contacted")
    RECTIFIED = "rectified", _("put right or explained")
    CLOSED = "closed", _("closed after the call back")


S = FollowUpState

CONTACT = move("contact", S.RECEIVED, S.CONTACTED, by=("supervisor", "coordinator"))
RECTIFY = move("rectify", S.CONTACTED, S.RECTIFIED, by=("supervisor", "coordinator"))
CALL_BACK = move("call_back", S.RECTIFIED, S.CLOSED, by=("coordinator",))

MOVES = [CONTACT, RECTIFY, CALL_BACK]
