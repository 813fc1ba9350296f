from tongban.journal.services import event


@event
class BillMade:
    bill: int


@event
class BillSettled:
    """Paid or waived: whatever waited for the money may go on."""

    bill: int
    about: str
    how: str


@event
class BillCancelled:
    bill: int


@event
class BillReduced:
    bill: int
    reduction: int


@event
class ReductionProposed:
    reduction: int


@event
class ReductionRejected:
    reduction: int


@event
class PaymentStarted:
    payment: int
    gateway: str


@event
class PaymentConfirmed:
    payment: int


@event
class PaymentEnded:
    """Without money: declined, closed or run out."""

    payment: int
    state: str


@event
class PaymentOutOfSight:
    """The gateway does not answer, or answers another amount than was asked for."""

    payment: int
    why: str


@event
class NoticeRefused:
    """Somebody sent a notice that the gateway did not sign, or that names something we never asked it."""

    gateway: str
    verdict: str


@event
class RefundProposed:
    refund: int


@event
class RefundSent:
    refund: int


@event
class RefundDone:
    refund: int


@event
class RefundFailed:
    refund: int


@event
class RefundRejected:
    refund: int


@event
class DayReconciled:
    statement: int
    differences: int


@event
class DifferenceCleared:
    line: int
