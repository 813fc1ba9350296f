"""What becomes of a bill, of a payment and of a refund: the law of money, read first."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.lib.moves import move

CASHIERS = ("window_officer", "issuing_officer")  # who takes money at a window
BOOKKEEPERS = (
    "issuing_officer",
    "coordinator",
    "supervisor",
    "dept_approver",
)  # who proposes and confirms refunds and reductions
READERS = (*BOOKKEEPERS, "window_officer", "auditor")


class BillState(models.TextChoices):
    OPEN = "open", _("to pay")
    PAID = "paid", _("paid")
    PART_REFUNDED = "part_refunded", _("partly refunded")
    REFUNDED = "refunded", _("refunded")
    WAIVED = "waived", _("waived")
    CANCELLED = "cancelled", pgettext_lazy("of a bill", "cancelled")


B = BillState

SETTLED = {B.PAID, B.PART_REFUNDED, B.WAIVED, B.REFUNDED}  # given back by two people, nothing is owed any more either
HOLDS_MONEY = {B.PAID, B.PART_REFUNDED}

MAKE_BILL = move(
    "make_bill", (), B.OPEN, by=("platform", *CASHIERS), guard="a fee is due for this; one bill per occasion"
)
PAY = move(
    "pay",
    B.OPEN,
    B.PAID,
    by=("platform", *CASHIERS),
    guard="the gateway or the window has the whole sum",
    document="receipt",
)
WAIVE = move(
    "waive",
    B.OPEN,
    B.WAIVED,
    by=BOOKKEEPERS,
    guard="reason and legal ground; confirmed by a second person; nobody is paying it now",
)
CANCEL_BILL = move(
    "cancel_bill", B.OPEN, B.CANCELLED, by=("platform", *BOOKKEEPERS), guard="what it was for will not be made"
)
REFUND_PART = move(
    "refund_part",
    HOLDS_MONEY,
    B.PART_REFUNDED,
    by=("platform",),
    guard="part of the sum went back",
    document="receipt of refund",
)
REFUND_ALL = move(
    "refund_all",
    HOLDS_MONEY,
    B.REFUNDED,
    by=("platform",),
    guard="the whole sum went back",
    document="receipt of refund",
)

BILL_MOVES = [MAKE_BILL, PAY, WAIVE, CANCEL_BILL, REFUND_PART, REFUND_ALL]


class PaymentState(models.TextChoices):
    STARTED = "started", _("begun, not heard yet")
    UNKNOWN = "unknown", _("not known: the payment service is being asked")
    CONFIRMED = "confirmed", _("paid")
    FAILED = "failed", _("failed, nothing was charged")
    EXPIRED = "expired", _("ended without payment")


P = PaymentState

RUNNING = {P.STARTED, P.UNKNOWN}

START = move("start", (), P.STARTED, by=("applicant", "agent"), guard="every bill is open and nobody else is paying it")
CONFIRM = move(
    "confirm", {P.STARTED, P.UNKNOWN, P.FAILED, P.EXPIRED}, P.CONFIRMED, by=("platform", *CASHIERS),
    guard="signed notice, answer of the gateway or cash in hand; amount is the one asked for", document="receipt",
)  # fmt: skip
FAIL = move("fail", RUNNING, P.FAILED, by=("platform",), guard="the gateway says it was declined")
EXPIRE = move(
    "expire", RUNNING, P.EXPIRED, by=("platform",), guard="the gateway has closed it: it cannot be paid any more"
)
LOSE_SIGHT = move(
    "lose_sight",
    P.STARTED,
    P.UNKNOWN,
    by=("platform",),
    guard="time is over and the gateway does not answer, or it answers another amount",
)

PAYMENT_MOVES = [START, CONFIRM, FAIL, EXPIRE, LOSE_SIGHT]


class RefundState(models.TextChoices):
    PROPOSED = "proposed", _("waits for a second person")
    SENT = "sent", _("on its way")
    DONE = "done", _("refunded")
    REJECTED = "rejected", _("not granted")
    FAILED = "failed", _("could not be sent: a person looks at it")


R = RefundState

PROPOSE = move(
    "propose", (), R.PROPOSED, by=("platform", *BOOKKEEPERS), guard="at most what was paid and not yet given back"
)
SEND = move(
    "send", R.PROPOSED, R.SENT, by=("platform", *BOOKKEEPERS),
    guard="another person than the proposer; the platform alone only for a surplus: charged twice, or no longer owed",
)  # fmt: skip
SEND_AGAIN = move("send_again", R.FAILED, R.SENT, by=BOOKKEEPERS, guard="whoever looked at it found it can be sent")
ARRIVE = move(
    "arrive",
    R.SENT,
    R.DONE,
    by=("platform", *CASHIERS),
    guard="the gateway confirms, or cash was handed back",
    document="receipt of refund",
)
BOUNCE = move("bounce", R.SENT, R.FAILED, by=("platform",), guard="the gateway will not take it")
REJECT = move(
    "reject",
    {R.PROPOSED, R.FAILED},
    R.REJECTED,
    by=BOOKKEEPERS,
    guard="reason written; another person than the proposer",
)

REFUND_MOVES = [PROPOSE, SEND, SEND_AGAIN, ARRIVE, BOUNCE, REJECT]


class ReductionState(models.TextChoices):
    PROPOSED = "proposed", _("waits for a second person")
    GRANTED = "granted", _("granted")
    REJECTED = "rejected", _("not granted")


PROPOSE_REDUCTION = move(
    "propose_reduction", (), ReductionState.PROPOSED, by=BOOKKEEPERS, guard="reason and legal ground"
)
GRANT_REDUCTION = move(
    "grant_reduction", ReductionState.PROPOSED, ReductionState.GRANTED, by=BOOKKEEPERS,
    guard="another person than the proposer; the bill is open and nobody is paying it now",
)  # fmt: skip
REJECT_REDUCTION = move(
    "reject_reduction",
    ReductionState.PROPOSED,
    ReductionState.REJECTED,
    by=BOOKKEEPERS,
    guard="another person than the proposer",
)

REDUCTION_MOVES = [PROPOSE_REDUCTION, GRANT_REDUCTION, REJECT_REDUCTION]

MOVES = [*BILL_MOVES, *PAYMENT_MOVES, *REFUND_MOVES, *REDUCTION_MOVES]
