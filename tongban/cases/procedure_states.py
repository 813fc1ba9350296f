"""The law of what runs beside a case: a promise and its check, a hearing, a decision looked at again."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class PromiseState(TextChoices):
    CHOSEN = "chosen", _("chosen, not signed yet")
    SIGNED = "signed", _("signed")
    TO_CHECK = "to_check", _("to be checked")
    KEPT = "kept", _("found true")
    PUT_RIGHT = "put_right", _("to be put right")
    FALSE = "false", _("found false")
    BROKEN = "broken", _("found false, decision revoked")
    LEFT = "left", _("given up: the ordinary way")


P = PromiseState
CHOOSE = move(
    "choose",
    {P.LEFT},
    P.CHOSEN,
    by=("applicant",),
    guard="the matter has this way, and no promise of this person was found false",
)
SIGN = move(
    "sign", P.CHOSEN, P.SIGNED, by=("applicant",), guard="with the application", document="the promise as it was shown"
)
LEAVE = move(
    "leave",
    {P.CHOSEN, P.SIGNED},
    P.LEFT,
    by=("applicant", "platform"),
    guard="before a decision; or it was not granted",
)
GRANT = move(
    "grant",
    P.SIGNED,
    P.TO_CHECK,
    by=("platform",),
    guard="granted on the promise",
    clock="starts commitment_check (2 months)",
)
FIND_KEPT = move(
    "find kept",
    {P.TO_CHECK, P.PUT_RIGHT},
    P.KEPT,
    by=("inspector", "dept_reviewer"),
    guard="what was seen, where, by whom",
    clock="stops commitment_check",
)
ORDER_PUT_RIGHT = move(
    "order to put right",
    P.TO_CHECK,
    P.PUT_RIGHT,
    by=("inspector", "dept_reviewer"),
    guard="what is not as promised, and a day",
    document="order to put right",
)
FIND_FALSE = move(
    "find false",
    {P.TO_CHECK, P.PUT_RIGHT},
    P.FALSE,
    by=("inspector", "dept_reviewer"),
    guard="what was seen, where, by whom",
    clock="stops commitment_check; starts hearing_request",
    document="hearing notice",
)
FIND_TRUE_AFTER_ALL = move("find true after all", P.FALSE, P.KEPT, by=("dept_approver",), guard="after the hearing")
BREAK = move(
    "break", P.FALSE, P.BROKEN, by=("dept_approver",), guard="the decision is revoked", document="revocation decision"
)
PROMISE_MOVES = [CHOOSE, SIGN, LEAVE, GRANT, FIND_KEPT, ORDER_PUT_RIGHT, FIND_FALSE, FIND_TRUE_AFTER_ALL, BREAK]  # fmt: skip
PROMISE_OVER = {P.KEPT, P.BROKEN, P.LEFT}


class HearingState(TextChoices):
    OFFERED = "offered", _("you may ask for it")
    ASKED = "asked", _("asked for")
    INVITED = "invited", _("day and place are set")
    HELD = "held", _("held")
    NOT_ASKED = "not_asked", _("not asked for")


H = HearingState
OFFER = move(
    "offer",
    set(),
    H.OFFERED,
    by=("dept_reviewer", "dept_approver", "inspector"),
    guard="a refusal that the law wants heard, or a revocation; reason given",
    clock="starts hearing_request (5 working days)",
    document="hearing notice",
)
ASK = move(
    "ask",
    H.OFFERED,
    H.ASKED,
    by=("applicant",),
    guard="within 5 working days",
    clock="stops hearing_request; starts hearing_hold (20 working days)",
)
DECLINE = move("decline", H.OFFERED, H.NOT_ASKED, by=("applicant",), clock="stops hearing_request")
RUN_OUT = move(
    "run out", H.OFFERED, H.NOT_ASKED, by=("platform",), guard="5 working days over", clock="stops hearing_request"
)
INVITE = move(
    "invite",
    {H.ASKED, H.INVITED},
    H.INVITED,
    by=("dept_reviewer", "dept_approver"),
    guard="at least 7 days before; led by somebody who did not handle the case",
    document="invitation to the hearing",
)
HOLD = move(
    "hold",
    H.INVITED,
    H.HELD,
    by=("dept_reviewer", "dept_approver"),
    guard="record and result written by whoever led it",
    clock="stops hearing_hold",
    document="record of the hearing",
)
HEARING_MOVES = [OFFER, ASK, DECLINE, RUN_OUT, INVITE, HOLD]
HEARING_OVER = {H.HELD, H.NOT_ASKED}


class AppealState(TextChoices):
    ASKED = "asked", _("being looked at again")
    UPHELD = "upheld", _("the decision stands")
    CHANGED = "changed", _("the decision is changed")
    WITHDRAWN = "withdrawn", _("withdrawn by you")


A = AppealState
APPEAL = move(
    "appeal",
    set(),
    A.ASKED,
    by=("applicant",),
    guard="within 60 days of the decision, not twice",
    document="receipt of the request for reconsideration",
)
UPHOLD = move(
    "uphold",
    A.ASKED,
    A.UPHELD,
    by=("coordinator",),
    guard="reason; whoever handled the case does not judge it",
    document="reconsideration decision",
)
CHANGE = move(
    "change",
    A.ASKED,
    A.CHANGED,
    by=("coordinator",),
    guard="reason and what follows; whoever handled the case does not judge it",
    document="reconsideration decision",
)
TAKE_BACK = move("take back", A.ASKED, A.WITHDRAWN, by=("applicant",))
APPEAL_MOVES = [APPEAL, UPHOLD, CHANGE, TAKE_BACK]
APPEAL_OVER = {A.UPHELD, A.CHANGED, A.WITHDRAWN}

MOVES = [*PROMISE_MOVES, *HEARING_MOVES, *APPEAL_MOVES]

COMMITMENT_CHECK_MONTHS = 2  # demonstration district
COMMITMENT_DECIDED_WITHIN = 1  # working day: a licence at once, against a promise
PUT_RIGHT_AT_MOST = 30  # working days
HEARING_REQUEST_DAYS = 5  # Administrative Licensing Law, art. 47
HEARING_HOLD_DAYS = 20  # the same
HEARING_TOLD_BEFORE = 7  # calendar days, Administrative Licensing Law, art. 48
SUPPLY_DAYS = 5  # working days for a paper that may follow later, where the officer names no other
OPINION_DAYS = 5  # working days for another department's opinion, where the officer names no other
APPEAL_WITHIN = 60  # calendar days, Administrative Reconsideration Law
LITIGATION_MONTHS = 6  # Administrative Litigation Law
