"""What the payer is told when something happened to the money. One consequence, one call each."""

from tongban.journal.services import on
from tongban.lib.money import in_yuan
from tongban.notices import services as notices
from tongban.payments import events
from tongban.payments.models import Bill, Payment, Refund


def _tell(bill: Bill, kind: str, *, once: str, needs_answer: bool = False, **more) -> None:
    notices.tell(
        bill.payer,
        kind,
        about=bill.about,
        link=f"/my/bills/{bill.number}/",
        params={"matter": bill.title, "number": bill.label, "due": bill.due.isoformat(), "amount": str(in_yuan(bill.total)), **more},
        once=f"{kind}:{once}",
        needs_answer=needs_answer,
    )  # fmt: skip


@on(events.BillMade)
def tell_bill(event):
    bill = Bill.objects.select_related("payer").get(pk=event.bill)
    if bill.state == Bill.State.OPEN:
        _tell(bill, "bill_made", once=str(bill.pk), needs_answer=True)


@on(events.BillSettled)
def tell_settled(event):
    bill = Bill.objects.select_related("payer").get(pk=event.bill)
    _tell(bill, "bill_waived" if event.how == "waived" else "bill_paid", once=str(bill.pk))


@on(events.BillReduced)
def tell_reduced(event):
    _tell(Bill.objects.select_related("payer").get(pk=event.bill), "bill_reduced", once=str(event.reduction))


@on(events.RefundSent)
def tell_where_it_waits(event):
    """Money from a window goes nowhere by itself: whoever paid it there has to know that it can be fetched."""
    refund = Refund.objects.select_related("share__bill__payer", "share__payment").get(pk=event.refund)
    if refund.share.payment.method != Payment.Method.ONLINE and refund.state == Refund.State.SENT:
        _tell(
            refund.share.bill,
            "refund_at_window",
            once=str(refund.pk),
            needs_answer=True,
            amount=str(in_yuan(refund.amount)),
        )


@on(events.RefundDone)
def tell_refunded(event):
    refund = Refund.objects.select_related("share__bill__payer", "share__payment").get(pk=event.refund)
    kind = "surplus_refunded" if refund.why == Refund.Why.SURPLUS else "bill_refunded"
    if refund.share.payment.method != Payment.Method.ONLINE:
        kind = "refund_handed_back"
    _tell(refund.share.bill, kind, once=str(refund.pk), amount=str(in_yuan(refund.amount)))


@on(events.PaymentOutOfSight)
def tell_out_of_sight(event):
    payment = Payment.objects.get(pk=event.payment)
    share = payment.shares.select_related("bill__payer").order_by("pk").first()
    if share is not None:
        _tell(share.bill, "payment_being_looked_at", once=str(payment.pk))
