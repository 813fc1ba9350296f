"""Bills: made in the act that makes the fee due, reduced or waived by two people, cancelled when nothing is owed any more."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department, Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import services as notices
from tongban.parties.models import Party
from tongban.payments import events, rules
from tongban.payments.models import Bill, BillLine, Reduction, Share
from tongban.payments.permission import permit
from tongban.payments.services import refunding
from tongban.payments.states import (
    BOOKKEEPERS,
    CANCEL_BILL,
    GRANT_REDUCTION,
    HOLDS_MONEY,
    REJECT_REDUCTION,
    WAIVE,
    BillState,
)


@dataclass(frozen=True)
class Line:
    """One position: for which matter, in which words, how much, on which ground."""

    matter: str
    text: Bilingual
    amount: int
    basis: Bilingual = field(default_factory=dict)


def make_bill(
    *,
    about: str,
    payer: Party,
    department: Department,
    title: Bilingual,
    lines: Sequence[Line],
    actor: Actor,
    occasion: str = "fee",
    whole: str = "",
    label: str = "",
    link: str = "",
    due: date | None = None,
    now: datetime | None = None,
) -> Bill:
    """Write the bill in the transaction of the act that makes it due. The second time for an occasion answers the first bill."""
    now = now or timezone.now()
    with transaction.atomic():
        # whoever makes a bill holds what it is about: nobody else is making the same one now
        before = Bill.objects.filter(about=about, occasion=occasion).exclude(state=BillState.CANCELLED).first()
        if before is not None:
            return before
        total = sum(line.amount for line in lines)
        if total <= 0:
            raise ValueError("a bill is of something")
        today = timezone.localtime(now).date()
        row = Bill.objects.create(
            about=about, occasion=occasion, whole=whole, payer=payer, department=department, title=title, label=label,
            link=link, total=total, due=due or today + timedelta(days=rules.DUE_DAYS), made_at=now,
        )  # fmt: skip
        row.number = f"F{today:%Y%m%d}{row.pk:07d}"
        row.save(update_fields=["number"])
        BillLine.objects.bulk_create(
            BillLine(bill=row, matter=line.matter, text=line.text, basis=line.basis, amount=line.amount)
            for line in lines
        )
        journal.record(events.BillMade(bill=row.pk), subject=about, actor=actor)
        changed(row)
    return row


def cancel_for(about: str, *, why: str, actor: Actor = PLATFORM, now: datetime | None = None) -> None:
    """What this was for will not be made: open bills are cancelled, paid ones proposed for refund. A second time does nothing.

    A payment that is running is let run: if it succeeds, what it brings goes back by itself.
    """
    now = now or timezone.now()
    with transaction.atomic():
        for bill in Bill.objects.select_for_update().filter(about=about).order_by("pk"):
            if bill.state == BillState.OPEN:
                make(bill, CANCEL_BILL)
                journal.record(events.BillCancelled(bill=bill.pk), subject=about, actor=actor)
                changed(bill)
            elif bill.state in HOLDS_MONEY:
                share = bill.shares.filter(settles=True).first()
                if share is not None and (left := refunding.left_of(share, bill)) > 0:
                    refunding.write(share, left, why=why, officer=None, reason="", now=now)


def propose_reduction(
    bill: Bill, *, officer: Officer, amount: int, reason: str, ground: str, now: datetime | None = None
) -> Reduction:
    """Propose that less is paid, or nothing; another officer says yes or no."""
    actor = permit(officer, bill, BOOKKEEPERS)
    errors: dict[str, list] = {}
    if not reason.strip():
        errors["reason"] = [_("Say the reason.")]
    if not ground.strip():
        errors["ground"] = [_("Name the legal ground.")]
    if not 0 < amount <= bill.total:
        errors["amount"] = [_("The reduction is more than nothing and at most the whole bill.")]
    if errors:
        raise Invalid("reduction-incomplete", _("Something is still missing."), errors=errors)
    with transaction.atomic():
        bill = hold(bill)
        _open(bill)
        if bill.reductions.filter(state="proposed").exists():
            raise NotAllowed("reduction-waits", _("A reduction of this bill already waits for a second person."))
        row = Reduction.objects.create(
            bill=bill, amount=amount, reason=reason.strip()[:2000], ground=ground.strip()[:300], proposed_by=officer,
            proposed_at=now or timezone.now(),
        )  # fmt: skip
        journal.record(events.ReductionProposed(reduction=row.pk), subject=bill.about, actor=actor)
        changed(bill)
    return row


def grant_reduction(reduction: Reduction, *, officer: Officer, now: datetime | None = None) -> Reduction:
    """The second person says yes. A bill reduced to nothing is waived, and what waited for the money goes on."""
    now = now or timezone.now()
    actor = permit(officer, reduction.bill, BOOKKEEPERS)
    second_person(reduction.proposed_by_id, officer)
    with transaction.atomic():
        bill = hold(reduction.bill)
        _open(bill)
        make(reduction, GRANT_REDUCTION, decided_by=officer, decided_at=now)
        left = bill.total - reduction.amount
        if left < 0:
            raise NotAllowed("reduced-meanwhile", _("The bill was reduced meanwhile: this is more than what is left."))
        if left:
            Bill.objects.filter(pk=bill.pk).update(total=left)
            journal.record(events.BillReduced(bill=bill.pk, reduction=reduction.pk), subject=bill.about, actor=actor)
        else:
            make(bill, WAIVE, settled_at=now)
            journal.record(
                events.BillSettled(bill=bill.pk, about=bill.about, how="waived"), subject=bill.about, actor=actor
            )
        changed(bill)
    return reduction


def reject_reduction(reduction: Reduction, *, officer: Officer, now: datetime | None = None) -> Reduction:
    actor = permit(officer, reduction.bill, BOOKKEEPERS)
    second_person(reduction.proposed_by_id, officer)
    with transaction.atomic():
        make(reduction, REJECT_REDUCTION, decided_by=officer, decided_at=now or timezone.now())
        journal.record(events.ReductionRejected(reduction=reduction.pk), subject=reduction.bill.about, actor=actor)
        changed(reduction.bill)
    return reduction


@journal.every("remind of bills", timedelta(hours=1))
def remind(now: datetime | None = None) -> int:
    """Each open bill once, some days before it is due."""
    now = now or timezone.now()
    soon = timezone.localtime(now).date() + rules.REMIND_BEFORE
    rows = Bill.objects.filter(state=BillState.OPEN, due__lte=soon, reminded_at__isnull=True)
    told = 0
    for bill in rows.select_related("payer").order_by("due", "id")[:200]:
        with transaction.atomic():
            if not Bill.objects.filter(pk=bill.pk, reminded_at__isnull=True).update(reminded_at=now):
                continue
            notices.tell(
                bill.payer, "bill_due_soon", about=bill.about, link=f"/my/bills/{bill.number}/",
                params={"matter": bill.title, "number": bill.label, "due": bill.due.isoformat()},
                once=f"bill_due_soon:{bill.pk}", needs_answer=True,
            )  # fmt: skip
            told += 1
    return told


# --


def hold(bill: Bill) -> Bill:
    """The bill as the database has it, locked."""
    return Bill.objects.select_for_update(of=("self",)).select_related("payer", "department").get(pk=bill.pk)


def changed(bill: Bill) -> None:
    """Live pages of the bill, of its payer and of what it is about show something new."""
    journal.touch(bill.subject, bill.about, f"party:{bill.payer_id}")


def _open(bill: Bill) -> None:
    if bill.state != BillState.OPEN:
        raise NotAllowed("bill-not-open", _("This bill is not open any more."), kept=_("Nothing was changed."))
    if Share.objects.filter(bill=bill, running=True).exists():
        raise NotAllowed(
            "being-paid",
            _("This bill is being paid at this moment."),
            kept=_("Nothing was changed."),
            next_step=_("Wait until the payment has ended, then look again."),
        )


def second_person(first: int | None, officer: Officer) -> None:
    if first == officer.pk:
        raise NotAllowed(
            "second-person", _("You proposed this yourself."), next_step=_("A second person must say yes or no.")
        )
