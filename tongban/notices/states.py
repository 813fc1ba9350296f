"""A request to be rung up: called, or tried three times in vain."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class CallBackState(models.TextChoices):
    WAITING = "waiting", _("waiting for the call")
    CALLED = "called", _("called")
    GIVEN_UP = "given_up", _("not reached")


S = CallBackState
BY = ("window_officer", "coordinator", "helper")

REACH = move("reach", S.WAITING, S.CALLED, by=BY, clock="within one service hour of being asked")
TRY_AGAIN = move("try_again", S.WAITING, S.WAITING, by=BY, guard="nobody took the call; fewer than three tries")
GIVE_UP = move(
    "give_up", S.WAITING, S.GIVEN_UP, by=BY, guard="the third try in vain", document="message to the account"
)

MOVES = [REACH, TRY_AGAIN, GIVE_UP]
