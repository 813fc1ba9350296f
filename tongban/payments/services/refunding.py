"""Money that goes back: proposed, confirmed by a second person, sent by the worker, told to the payer."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import NotNow, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.payments import events
from tongban.payments.gateways import NoAnswer, NotFound, Refused, gateway
from tongban.payments.models import Bill, Payment, Refund, Share
from tongban.payments.permission import permit
from tongban.payments.services import receipts
from tongban.payments.states import (
    ARRIVE,
    BOOKKEEPERS,
    BOUNCE,
    CASHIERS,
    HOLDS_MONEY,
    REFUND_ALL,
    REFUND_PART,
    REJECT,
    SEND,
    SEND_AGAIN,
    RefundState,
)

GOING = (RefundState.PROPOSED, RefundState.SENT, RefundState.FAILED)


def propose(bill: Bill, *, officer: Officer, amount: int, why: str, reason: str, now: datetime | None = None) -> Refund:
    """An officer proposes to give money back; another says yes or no."""
    permit(officer, bill, BOOKKEEPERS)
    errors: dict[str, list] = {}
    if not reason.strip():
        errors["reason"] = [_("Say the reason.")]
    if why not in set(Refund.Why.values) - {Refund.Why.SURPLUS}:
        errors["why"] = [_("Choose.")]
    if errors:
        raise Invalid("refund-incomplete", _("Something is still missing."), errors=errors)
    with transaction.atomic():
        held = Bill.objects.select_for_update().get(pk=bill.pk)
        share = held.shares.filter(settles=True).first()
        if held.state not in HOLDS_MONEY or share is None:
            raise NotAllowed("nothing-to-refund", _("Nothing of this bill can be refunded: it is not paid."))
        if not 0 < amount <= left_of(share, held):
            sentence = _("At most what was paid and is not yet going back can be refunded.")
            raise Invalid("refund-too-much", sentence, errors={"amount": [sentence]})
        if share.refunds.filter(state=RefundState.PROPOSED, amount=amount, why=why, proposed_by=officer).exists():
            raise NotAllowed(
                "refund-waits",
                _("You proposed the same refund already, and it waits for a second person."),
                kept=_("Nothing was changed."),
            )
        return write(share, amount, why=why, officer=officer, reason=reason.strip()[:2000], now=now or timezone.now())


def left_of(share: Share, bill: Bill) -> int:
    """What was paid for the bill, is not back, and is not on its way back. A surplus was never part of it."""
    going = share.refunds.filter(state__in=GOING).exclude(why=Refund.Why.SURPLUS)
    return bill.total - bill.refunded - sum(going.values_list("amount", flat=True))


def write(share: Share, amount: int, *, why: str, officer: Officer | None, reason: str, now: datetime) -> Refund:
    """Write the proposal down; the caller holds the bill."""
    row = Refund.objects.create(
        share=share, amount=amount, why=why, reason=reason, proposed_by=officer, proposed_at=now
    )
    actor = PLATFORM if officer is None else permit(officer, share.bill, BOOKKEEPERS)
    journal.record(events.RefundProposed(refund=row.pk), subject=share.bill.about, actor=actor)
    _changed(row)
    return row


def give_back_surplus(share: Share, amount: int, *, now: datetime) -> bool:
    """What was charged though nobody owed it goes back to where it came from, without anybody being asked. Once."""
    if Refund.objects.filter(share=share, why=Refund.Why.SURPLUS).exists():
        return False
    row = Refund.objects.create(
        share=share, amount=amount, why=Refund.Why.SURPLUS, state=RefundState.SENT, proposed_at=now
    )
    journal.record(events.RefundSent(refund=row.pk), subject=share.bill.about, actor=PLATFORM)
    _send(row)
    _changed(row)
    return True


def approve(refund: Refund, *, officer: Officer, now: datetime | None = None) -> Refund:
    """The second person says yes: the worker sends it; money from a window waits there to be handed back."""
    actor = _second(refund, officer)
    with transaction.atomic():
        make(refund, SEND, decided_by=officer, decided_at=now or timezone.now())
        journal.record(events.RefundSent(refund=refund.pk), subject=refund.share.bill.about, actor=actor)
        _send(refund)
        _changed(refund)
    return refund


def reject(refund: Refund, *, officer: Officer, answer: str, now: datetime | None = None) -> Refund:
    actor = _second(refund, officer)
    if not answer.strip():
        raise Invalid("reason-missing", _("Say the reason."), errors={"answer": [_("Say the reason.")]})
    with transaction.atomic():
        make(refund, REJECT, decided_by=officer, decided_at=now or timezone.now(), answer=answer.strip()[:2000])
        journal.record(events.RefundRejected(refund=refund.pk), subject=refund.share.bill.about, actor=actor)
        _changed(refund)
    return refund


def send_again(refund: Refund, *, officer: Officer) -> Refund:
    """Whoever looked at a refund that bounced has it sent once more, under the same reference."""
    actor = permit(officer, refund.share.bill, BOOKKEEPERS)
    with transaction.atomic():
        make(refund, SEND_AGAIN, problem="")
        journal.record(events.RefundSent(refund=refund.pk), subject=refund.share.bill.about, actor=actor)
        _send(refund)
        _changed(refund)
    return refund


def hand_back(refund: Refund, *, officer: Officer, now: datetime | None = None) -> Refund:
    """Cash or card money is handed back at a window."""
    if refund.share.payment.method == Payment.Method.ONLINE:
        raise NotAllowed("not-at-the-window", _("This goes back the way it came; nothing is handed out at a window."))
    actor = permit(officer, refund.share.bill, CASHIERS)
    _arrived(refund, gateway_id=officer.staff_no, actor=actor, now=now or timezone.now())
    return refund


@journal.carrier("payments.refund", outward=True)
def carry_back(refund: int) -> None:
    """Have the gateway give it back; the same reference is given back once. Refused, it waits for a person."""
    row = Refund.objects.select_related("share__payment").get(pk=refund)
    if row.state != RefundState.SENT:
        return
    payment = row.share.payment
    service = gateway(payment.gateway)
    if service is None:
        raise NoAnswer(f"{payment.gateway} is switched off")
    try:
        done = service.refund(payment.ref, payment.money_id, refund=row.ref, amount=row.amount, reason=row.why)
    except (Refused, NotFound) as refusal:
        with transaction.atomic():
            make(row, BOUNCE, problem=str(refusal)[:200])
            journal.record(events.RefundFailed(refund=row.pk), subject=row.share.bill.about, actor=PLATFORM)
            _changed(row)
        return
    _arrived(row, gateway_id=done, actor=PLATFORM, now=timezone.now())


# --


def _second(refund: Refund, officer: Officer) -> Actor:
    actor = permit(officer, refund.share.bill, BOOKKEEPERS)
    if refund.proposed_by_id == officer.pk:
        raise NotAllowed(
            "second-person", _("You proposed this yourself."), next_step=_("A second person must say yes or no.")
        )
    return actor


def _send(refund: Refund) -> None:
    if refund.share.payment.method == Payment.Method.ONLINE:
        again = Refund.objects.get(pk=refund.pk).version
        journal.enqueue("payments.refund", once=f"refund:{refund.pk}:{again}", refund=refund.pk)


def _arrived(refund: Refund, *, gateway_id: str, actor: Actor, now: datetime) -> None:
    with transaction.atomic():
        bill = (
            Bill.objects.select_for_update(of=("self",))
            .select_related("payer", "department")
            .get(pk=refund.share.bill_id)
        )
        try:
            make(
                refund, ARRIVE, gateway_id=gateway_id[:100], done_at=now, done_on=timezone.localtime(now).date(), problem=""
            )  # fmt: skip
        except NotNow:
            if Refund.objects.filter(pk=refund.pk, state=RefundState.DONE).exists():
                return
            raise
        if refund.why != Refund.Why.SURPLUS:
            back = bill.refunded + refund.amount
            make(bill, REFUND_ALL if back >= bill.total else REFUND_PART, refunded=back)
        receipts.of_refund(refund, bill, now=now)
        journal.record(events.RefundDone(refund=refund.pk), subject=bill.about, actor=actor)
        _changed(refund)


def _changed(refund: Refund) -> None:
    bill = refund.share.bill
    journal.touch(bill.subject, bill.about, f"payment:{refund.share.payment_id}", f"party:{bill.payer_id}")
