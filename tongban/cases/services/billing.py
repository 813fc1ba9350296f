"""The fee of a case: its bill is made in the act that makes it due, and nothing is issued while it is owed."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, rules
from tongban.cases.models import Case
from tongban.cases.moving import acting, again, changed
from tongban.cases.permission import permit
from tongban.cases.states import ISSUE, CaseState
from tongban.departments.models import Officer
from tongban.journal.actors import Actor
from tongban.lib import money
from tongban.lib.bilingual import Bilingual, both
from tongban.lib.problems import Invalid, NotAllowed
from tongban.payments import queries as payments
from tongban.payments import services as till
from tongban.payments.models import Bill
from tongban.payments.services.billing import Line

AT_ACCEPTANCE, AFTER_APPROVAL = "acceptance", "approval"


def charge(case: Case, moment: str, *, actor: Actor, now: datetime) -> bool:
    """Make the bill if this is the moment of the matter's fee. True when something is owed, so that issuing waits.

    Where the amount cannot be told from the matter (by value), no bill is made: an officer sets it (`set_fee`). Answers stand since
    acceptance, so what was billed stays what they say.
    """
    fee = case.version.fee or {}
    if not fee.get("charged"):
        return False
    amount = rules.fee_of(fee, case.licence, case)
    if amount == 0:
        return False
    if amount is not None and (fee.get("when") or AFTER_APPROVAL) == moment:
        _bill(case, amount, ground={}, actor=actor, now=now)
    wait_for_payment(case, now)
    return owes(case)


def wait_for_payment(case: Case, now: datetime) -> None:
    """The clock of issuing stands still while a bill is open; where the fee is not set yet, the office is late and not the applicant."""
    bill = payments.bill_for(case.subject)
    if bill is not None and owes(case):
        clocks.wait_for_payment(case, clocks.local_day(now))
        clocks.show(case)


def go_on_when_paid(case: Case, now: datetime) -> None:
    """The days go on from the day on which it was paid or waived, whenever that is heard of."""
    waiting = clocks.waiting_for_payment(case)
    if not waiting:
        return
    bill = payments.bill_for(case.subject)
    clocks.paid(waiting, clocks.local_day((bill.settled_at if bill is not None else None) or now))
    clocks.show(case)


def owes(case: Case) -> bool:
    """Whether the result waits for money."""
    fee = case.version.fee or {}
    if not fee.get("charged") or rules.fee_of(fee, case.licence, case) == 0:
        return False
    return not payments.settled(case.subject)


def set_fee(case: Case, *, officer: Officer, amount: str, ground: str, now: datetime | None = None) -> Bill:
    """An officer says how much it is, where the matter alone cannot: the bill is made and the applicant told."""
    now = now or timezone.now()
    permit(officer, case, ISSUE)
    fen = money.typed(amount)
    if not fen:
        sentence = _("Write an amount above nothing.")
        raise Invalid("amount-missing", sentence, errors={"amount": [sentence]})
    if not ground.strip():
        raise Invalid("ground-missing", _("Name the legal ground."), errors={"ground": [_("Name the legal ground.")]})
    with transaction.atomic():
        case = again(case)
        if case.state != CaseState.APPROVED or not (case.version.fee or {}).get("charged"):
            raise NotAllowed("no-fee-now", _("No fee is due for this case now."))
        if payments.bill_for(case.subject) is not None:
            raise NotAllowed("billed", _("There is a bill already."), next_step=_("Reduce it, if it is too much."))
        text = ground.strip()[:300]
        row = _bill(case, fen, ground={"zh": text, "en": text}, actor=acting(officer, "issuing_officer"), now=now)
        wait_for_payment(case, now)
        changed(case)
    return row


def _bill(case: Case, amount: int, *, ground: Bilingual, actor: Actor, now: datetime) -> Bill:
    fee = case.version.fee or {}
    return till.make_bill(
        about=case.subject,
        whole=f"case:{case.parent_id}" if case.parent_id else "",
        payer=case.applicant,
        department=case.department,
        title=case.version.name,
        label=case.number or "",
        link=f"/my/cases/{case.ref}/",
        lines=[Line(case.matter.slug, _what_for(case, amount), amount, ground or fee.get("basis") or {})],
        actor=actor,
        now=now,
    )


def _what_for(case: Case, amount: int) -> Bilingual:
    """What the bill is for; where the fee follows from answers, how it was reckoned from which."""
    fee = case.version.fee or {}
    name = fee.get("name") or FEE
    if not fee.get("reckoned") or (made := rules.fee_for(case)).amount != amount:
        return name
    return both(f"{name.get('zh', '')}：{made.text['zh']}", f"{name.get('en', '')}: {made.text['en']}")


FEE: Bilingual = {"zh": "办理费", "en": "Fee of the service"}
