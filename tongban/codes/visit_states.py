"""The law of an inspection of a venue: drawn, done on the spot, its findings answered and closed. Findings that nobody answers go up."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class VisitState(models.TextChoices):
    DRAWN = "drawn", _("drawn")
    DONE = "done", _("done")
    LEFT = "left", _("not done, drawn again")


class FoundState(models.TextChoices):
    OPEN = "open", _("to be put right")
    ANSWERED = "answered", _("answered by the venue")
    OVERDUE = "overdue", _("overdue, with the supervisor")
    CLOSED = "closed", _("put right")


V, F = VisitState, FoundState

DRAW = move(
    "draw", (), V.DRAWN, by=("inspector",), guard="seed and sample written down; a second draw names its reason"
)
FINISH_VISIT = move(
    "finish_visit",
    V.DRAWN,
    V.DONE,
    by=("inspector",),
    guard="workers of the sample checked or said why not",
    document="record for the venue",
)
LEAVE_VISIT = move("leave_visit", V.DRAWN, V.LEFT, by=("inspector",), guard="reason written")

FIND = move("find", (), F.OPEN, by=("inspector",), clock="days until it is put right")
ANSWER_FOUND = move("answer_found", {F.OPEN, F.OVERDUE, F.ANSWERED}, F.ANSWERED, by=("applicant",))
GIVE_BACK = move(
    "give_back",
    F.ANSWERED,
    F.OPEN,
    by=("inspector", "supervisor"),
    guard="reason written",
    clock="days until it is put right",
)
ESCALATE = move("escalate", F.OPEN, F.OVERDUE, by=("platform",), guard="its last day is over")
CLOSE_FOUND = move(
    "close_found",
    {F.OPEN, F.ANSWERED, F.OVERDUE},
    F.CLOSED,
    by=("inspector", "supervisor"),
    guard="seen that it is put right",
)

VISIT_MOVES = [DRAW, FINISH_VISIT, LEAVE_VISIT]
FOUND_MOVES = [FIND, ANSWER_FOUND, GIVE_BACK, ESCALATE, CLOSE_FOUND]
MOVES = [*VISIT_MOVES, *FOUND_MOVES]
