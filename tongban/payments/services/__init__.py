"""Everything that changes money: bills, payments, notices from gateways, refunds, the daily comparison. One file an act."""

from tongban.payments.services.billing import (
    cancel_for,
    grant_reduction,
    make_bill,
    propose_reduction,
    reject_reduction,
    remind,
)
from tongban.payments.services.hearing import take_notice
from tongban.payments.services.paying import (
    ask_soon,
    open_page,
    start,
    stop,
    take_at_window,
)
from tongban.payments.services.reconciling import clear, reconcile
from tongban.payments.services.refunding import approve, hand_back, propose, reject, send_again

__all__ = [
    "approve",
    "ask_soon",
    "cancel_for",
    "clear",
    "grant_reduction",
    "hand_back",
    "make_bill",
    "open_page",
    "propose",
    "propose_reduction",
    "reconcile",
    "reject",
    "reject_reduction",
    "remind",
    "send_again",
    "start",
    "stop",
    "take_at_window",
    "take_notice",
]
