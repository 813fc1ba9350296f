"""A value of a register is disputed by the person it is about: who checks it, and how it ends."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class DisputeState(models.TextChoices):
    OPEN = "open", _("waits for the authority that keeps the register")
    TAKEN = "taken", _("is being checked")
    CORRECTING = "correcting", _("the register is being corrected")
    CORRECTED = "corrected", _("corrected")
    UPHELD = "upheld", _("not corrected")
    WITHDRAWN = "withdrawn", _("withdrawn")


S = DisputeState

RUNNING = {S.OPEN, S.TAKEN, S.CORRECTING}
WAITING = {S.OPEN, S.TAKEN}
STEWARDS = ("dept_reviewer", "dept_approver", "coordinator")

DISPUTE = move("dispute", set(), S.OPEN, by=("applicant", "agent"), clock="5 working days to an answer")
TAKE = move("take", S.OPEN, S.TAKEN, by=STEWARDS, guard="of the department that provides the register")
CORRECT = move("correct", WAITING, S.CORRECTING, by=STEWARDS, guard="what was found is written", clock="stops")
DONE = move("corrected", S.CORRECTING, S.CORRECTED, by=("platform",), guard="the register has taken the new value")
NOT_TAKEN = move("not_taken", S.CORRECTING, S.TAKEN, by=("platform",), guard="the register will not take it")
UPHOLD = move(
    "uphold",
    WAITING,
    S.UPHELD,
    by=STEWARDS,
    guard="reason written; the person is told how to challenge it",
    clock="stops",
)
WITHDRAW = move("withdraw", WAITING, S.WITHDRAWN, by=("applicant", "agent"), clock="stops")

MOVES = [DISPUTE, TAKE, CORRECT, DONE, NOT_TAKEN, UPHOLD, WITHDRAW]

ANSWER_DAYS = 5  # demo/data_catalogue.yaml: the provider answers a correction ticket within 5 working days
