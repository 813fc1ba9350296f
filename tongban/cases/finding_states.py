"""What becomes of something the machine noticed on a paper. Nothing waits for it: it is shown, answered, or overruled by a person."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class FindingState(TextChoices):
    OPEN = "open", _("to be looked at")
    ANSWERED = "answered", _("right as it is, says the applicant")
    OVERRULED = "overruled", _("overruled by an officer")
    TAKEN_UP = "taken_up", _("taken into the notice")


OPEN, ANSWERED, OVERRULED, TAKEN_UP = (
    FindingState.OPEN,
    FindingState.ANSWERED,
    FindingState.OVERRULED,
    FindingState.TAKEN_UP,
)
UNSETTLED = (OPEN, ANSWERED)  # an applicant's word is not yet an officer's

OFFICERS = ("pre_reviewer", "window_officer", "dept_reviewer", "dept_approver", "inspector", "issuing_officer", "supervisor", "coordinator")  # fmt: skip

NOTICE = move("notice", set(), OPEN, by=("platform",), guard="the machine compared a paper with the answers")
SAY_IT_IS_RIGHT = move("say it is right", OPEN, ANSWERED, by=("applicant", "agent"), guard="the case can be changed")
OVERRULE = move("overrule", UNSETTLED, OVERRULED, by=OFFICERS, guard="with a reason")
TAKE_UP = move(
    "take up",
    UNSETTLED,
    TAKEN_UP,
    by=("pre_reviewer", "window_officer"),
    guard="an officer's notice names the same paper",
)
MOVES = [NOTICE, SAY_IT_IS_RIGHT, OVERRULE, TAKE_UP]
