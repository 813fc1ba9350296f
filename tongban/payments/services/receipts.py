"""Receipts: one for each bill that is settled and each refund that arrived, written in the same transaction."""

from datetime import datetime

from django.utils import timezone

from tongban.lib.bilingual import Bilingual
from tongban.payments.gateways import gateway
from tongban.payments.models import Bill, Payment, Receipt, Refund, Share

HOW: dict[str, Bilingual] = {
    "cash": {"zh": "窗口现金", "en": "Cash at a window"},
    "card": {"zh": "窗口刷卡", "en": "Card at a window"},
}


def of_payment(share: Share, bill: Bill, payment: Payment, *, paid_at: datetime, now: datetime) -> Receipt:
    return _write(
        Receipt(kind=Receipt.Kind.PAYMENT, bill=bill, share=share, amount=share.amount, made_at=now),
        bill, payment, moment=paid_at, reference=payment.ref,
    )  # fmt: skip


def of_refund(refund: Refund, bill: Bill, *, now: datetime) -> Receipt:
    row = Receipt(
        kind=Receipt.Kind.REFUND, bill=bill, share=refund.share, refund=refund, amount=refund.amount, made_at=now
    )
    row.content = {"why": refund.why, "at_window": refund.share.payment.method != Payment.Method.ONLINE}
    return _write(row, bill, refund.share.payment, moment=now, reference=refund.ref)


def _write(row: Receipt, bill: Bill, payment: Payment, *, moment: datetime, reference: str) -> Receipt:
    service = gateway(payment.gateway)
    how = HOW.get(payment.method) or (service.title if service else {"zh": payment.gateway, "en": payment.gateway})
    row.content |= {
        "title": bill.title,
        "payer": bill.payer.names,
        "department": bill.department.name,
        "bill": bill.number,
        "label": bill.label,
        "lines": [{"text": line.text, "basis": line.basis, "amount": line.amount} for line in bill.lines.all()],
        "reduced": sum(line.amount for line in bill.lines.all()) - bill.total,
        "how": how,
        "reference": reference,
        "moment": moment.isoformat(),
        "simulated": payment.simulated,
    }
    row.save()
    row.number = (
        f"{'T' if row.kind == Receipt.Kind.REFUND else 'R'}{timezone.localtime(row.made_at):%Y%m%d}{row.pk:07d}"
    )
    row.save(update_fields=["number"])
    return row
