"""The law of an emergency: an order, statuses of persons under it, and what a person says against one.

An order in force ends at its end by itself, and so does a status: no state says so, the clock does.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class OrderState(models.TextChoices):
    PROPOSED = "proposed", _("waits for a second person")
    IN_FORCE = "in_force", _("put in force")
    DROPPED = "dropped", _("not put in force")
    LIFTED = "lifted", _("lifted before its end")


class ProposalState(models.TextChoices):
    PROPOSED = "proposed", _("waits for the decision")
    DECIDED = "decided", _("decided")
    DROPPED = "dropped", _("not decided so")


class StatusState(models.TextChoices):
    HOLDS = "holds", _("holds until its end")
    FOLLOWED = "followed", _("followed by a later decision")
    LIFTED = "lifted", _("lifted")


class AppealState(models.TextChoices):
    OPEN = "open", _("waits for an answer")
    LIFTED = "lifted", _("right: the status was lifted")
    STANDS = "stands", _("answered: the status stands")


O, P, S, A = OrderState, ProposalState, StatusState, AppealState  # noqa: E741

PROPOSES, DECIDES, AUTHORITY = "health_officer", "health_approver", "emergency_authority"

PROPOSE_ORDER = move(
    "propose_order", (), O.PROPOSED, by=(PROPOSES, DECIDES), guard="basis from the list, area, measures, end date"
)
PUT_IN_FORCE = move(
    "put_in_force", O.PROPOSED, O.IN_FORCE, by=(AUTHORITY,), guard="somebody else than who proposed it; no other order of its area",
    document="public notice at /orders/",
)  # fmt: skip
DROP_ORDER = move("drop_order", O.PROPOSED, O.DROPPED, by=(AUTHORITY, PROPOSES, DECIDES), guard="reason written")
LIFT_ORDER = move("lift_order", O.IN_FORCE, O.LIFTED, by=(AUTHORITY,), guard="reason written; before its end")

PROPOSE_STATUS = move(
    "propose_status", (), P.PROPOSED, by=(PROPOSES, "platform"), guard="order in force, basis, evidence, end date, persons named"
)  # fmt: skip
DECIDE_STATUS = move(
    "decide_status", P.PROPOSED, P.DECIDED, by=(DECIDES,),
    guard="somebody else than who proposed it; more than ten persons only with the higher signature of a third",
    document="notice to each person",
)  # fmt: skip
DROP_STATUS = move("drop_status", P.PROPOSED, P.DROPPED, by=(DECIDES, PROPOSES), guard="reason written")

SET_STATUS = move("set_status", (), S.HOLDS, by=(DECIDES,), guard="a decided proposal names this person")
FOLLOW_STATUS = move("follow_status", S.HOLDS, S.FOLLOWED, by=(DECIDES,), guard="a later decision about this person")
LIFT_STATUS = move("lift_status", S.HOLDS, S.LIFTED, by=(DECIDES, AUTHORITY), guard="the person's appeal was right")

APPEAL = move("appeal", (), A.OPEN, by=("applicant", PROPOSES, DECIDES), clock="working days until the written answer")
FIND_RIGHT = move(
    "find_right", A.OPEN, A.LIFTED, by=(DECIDES, AUTHORITY), guard="had no hand in the status", document="written answer"
)  # fmt: skip
FIND_WRONG = move(
    "find_wrong", A.OPEN, A.STANDS, by=(DECIDES, AUTHORITY), guard="had no hand in the status", document="written answer"
)  # fmt: skip

ORDER_MOVES = [PROPOSE_ORDER, PUT_IN_FORCE, DROP_ORDER, LIFT_ORDER]
PROPOSAL_MOVES = [PROPOSE_STATUS, DECIDE_STATUS, DROP_STATUS]
STATUS_MOVES = [SET_STATUS, FOLLOW_STATUS, LIFT_STATUS]
APPEAL_MOVES = [APPEAL, FIND_RIGHT, FIND_WRONG]
MOVES = [*ORDER_MOVES, *PROPOSAL_MOVES, *STATUS_MOVES, *APPEAL_MOVES]
