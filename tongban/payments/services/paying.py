"""Paying: begun once however often it is pressed, confirmed once however often it is heard, and never forgotten in between."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib import money
from tongban.lib.bilingual import say, short
from tongban.lib.moves import NotNow, make
from tongban.lib.problems import Invalid, NotAllowed, Unavailable, worded
from tongban.parties import mandates
from tongban.parties.models import Account, Party
from tongban.parties.states import Act
from tongban.payments import events, rules
from tongban.payments.gateways import Answer, NoAnswer, NotFound, Order, Refused, Standing, gateway, gateways
from tongban.payments.models import Bill, Payment, Share
from tongban.payments.permission import permit
from tongban.payments.services import receipts, refunding
from tongban.payments.services.billing import changed
from tongban.payments.states import (
    CASHIERS,
    CONFIRM,
    EXPIRE,
    FAIL,
    LOSE_SIGHT,
    PAY,
    RUNNING,
    BillState,
    PaymentState,
)

log = structlog.get_logger("payments")

WINDOW = "window"


def start(
    bills: Sequence[Bill], *, party: Party, account: Account, by: str = "", now: datetime | None = None
) -> Payment:
    """Begin to pay these bills together. Pressed again, in another tab or by another clerk, it answers the payment that runs."""
    now = now or timezone.now()
    offered = gateways()
    chosen = next((one for one in offered if one.name == by), offered[0] if offered else None)
    if chosen is None:
        raise Unavailable(
            "no-gateway",
            _("Paying online is not set up here."),
            kept=_("Nothing was charged."),
            next_step=_("Please pay at a window."),
        )
    if not bills:
        raise Invalid("no-bill", _("Choose at least one bill."), errors={"bill": [_("Choose at least one bill.")]})
    with transaction.atomic():
        held = _held(bills)
        if any(bill.payer_id != party.pk for bill in held):
            raise NotAllowed("not-your-bill", _("This bill is somebody else's."), status=403)
        running = _running(held)
        if running is not None:
            if {share.bill_id for share in running.shares.all()} == {bill.pk for bill in held}:
                return running
            raise _being_paid()
        _all_open(held)
        powers = _may_pay(held, party, account, now)
        row = Payment.objects.create(
            payer=party, account=account, gateway=chosen.name, amount=sum(bill.total for bill in held),
            simulated=chosen.simulated, started_at=now, expires_at=now + rules.PAY_WITHIN,
            ask_at=now + rules.FIRST_QUESTION,
        )  # fmt: skip
        _share_out(row, held)
        role = "applicant" if all(power.own for power in powers.values()) else "agent"
        actor = Actor(kind="applicant", role=role, account=account.pk, party=party.pk)
        for bill in held:
            matter = bill.lines.values_list("matter", flat=True).first() or ""
            mandates.note(
                powers[matter], agent=account.person, account=account, act=Act.PAY, what="pay", about=bill.about,
                matter=matter, now=now,
            )  # fmt: skip
        journal.record(events.PaymentStarted(payment=row.pk, gateway=chosen.name), subject=row.subject, actor=actor)
        for bill in held:
            changed(bill)
    return row


def _may_pay(held: Sequence[Bill], party: Party, account: Account, now: datetime) -> dict[str, mandates.Power]:
    """{matter: the power by which this account pays there}, held until the payment stands; the limit of a mandate is for all together."""
    yuan = -(-sum(bill.total for bill in held) // 100)
    matters = {line.matter for bill in held for line in bill.lines.all()} or {""}
    return {
        matter: mandates.hold(account, party, act=Act.PAY, matter=matter, amount=yuan, now=now)
        for matter in sorted(matters)
    }


def _what_for(titles: list[str]) -> str:
    """As it stands on the page of the payment service."""
    if len(titles) == 1:
        return titles[0]
    return gettext("%(title)s and %(more)d more") % {"title": titles[0], "more": len(titles) - 1}


def open_page(payment: Payment) -> str:
    """The gateway's page for this payment, asked for outside of any lock; asked for again it is the same page."""
    if payment.page or payment.state != PaymentState.STARTED:
        return payment.page
    service = gateway(payment.gateway)
    if service is None:
        raise Unavailable("no-gateway", _("The payment service is switched off."), kept=_("Nothing was charged."))
    titles = [say(share.bill.title) for share in payment.shares.select_related("bill")]
    order = Order(
        reference=payment.ref,
        amount=payment.amount,
        title=_what_for(titles),
        back=f"{settings.PUBLIC_URL}/my/payments/{payment.ref}/",
        notices=f"{settings.PUBLIC_URL}/gateways/{payment.gateway}/notices",
        expires_at=payment.expires_at,
        language=short(get_language()),
    )
    try:
        begun = service.start(order)
    except NoAnswer as silence:
        raise Unavailable(
            "gateway-silent",
            _("The payment service does not answer."),
            kept=_("Nothing was charged, and your bills are unchanged."),
            next_step=_("Try again in a few minutes: it goes on with this payment and does not begin a second one."),
        ) from silence
    except Refused as refusal:
        _end(payment, FAIL, why=str(refusal))
        raise NotAllowed(
            "gateway-refused",
            _("The payment service does not take this payment."),
            kept=_("Nothing was charged."),
            next_step=_("Please pay at a window, or ring the help line."),
        ) from refusal
    Payment.objects.filter(pk=payment.pk, page="").update(page=begun.page, gateway_id=begun.gateway_id)
    payment.refresh_from_db(fields=["page", "gateway_id"])
    return payment.page


def stop(payment: Payment, *, account: Account) -> Payment:
    """The payer wants it no more. It ends only when the gateway says that it cannot be paid any more."""
    if payment.state not in RUNNING:
        return payment
    service = gateway(payment.gateway)
    try:
        if service is None:
            raise NoAnswer(payment.gateway)
        hear(payment, service.close(payment.ref, payment.gateway_id))
    except NotFound as nothing:
        if payment.page and payment.expires_at > timezone.now():
            until = timezone.localtime(payment.expires_at).strftime("%H:%M")
            raise NotAllowed(
                "not-stopped-yet",
                worded(_("The page of the payment service can still be used until %(time)s."), time=until),
                kept=_("If you do not pay there, nothing is charged."),
                next_step=_("After that you can begin anew."),
            ) from nothing
        _end(payment, EXPIRE, why="never begun")
    except (NoAnswer, Refused) as silence:
        raise Unavailable(
            "gateway-silent",
            _("The payment service did not say whether it stopped."),
            kept=_("The payment stays as it is; nothing is charged twice."),
            next_step=_("Please look again in a few minutes."),
        ) from silence
    payment.refresh_from_db()
    return payment


def take_at_window(
    bills: Sequence[Bill], *, officer: Officer, method: str, counted: int | None = None, now: datetime | None = None
) -> Payment:
    """Cash or card at a window: the bills are settled with it, each with its receipt. `counted` is the sum the officer had before them."""
    now = now or timezone.now()
    if method not in {Payment.Method.CASH, Payment.Method.CARD}:
        raise Invalid("method-missing", _("Choose how it was paid."), errors={"method": [_("Choose how it was paid.")]})
    if not bills:
        raise Invalid("no-bill", _("Choose at least one bill."), errors={"bill": [_("Choose at least one bill.")]})
    actors = [permit(officer, bill, CASHIERS) for bill in bills]
    with transaction.atomic():
        held = _held(bills)
        if _running(held) is not None:
            raise _being_paid()
        _all_open(held)
        if len({bill.payer_id for bill in held}) > 1:
            raise NotAllowed("several-payers", _("These bills have different payers."))
        total = sum(bill.total for bill in held)
        if counted is not None and counted != total:
            raise NotAllowed(
                "bill-changed",
                worded(_("The bill was changed meanwhile: it is %(sum)s now."), sum=f"¥{money.in_yuan(total)}"),
                kept=_("Nothing was recorded as taken."),
                next_step=_("Count again, and give back what is too much."),
            )
        row = Payment.objects.create(
            payer=held[0].payer, officer=officer, method=method, gateway=WINDOW, gateway_id=officer.staff_no,
            amount=total, started_at=now, expires_at=now, simulated=settings.DEMO,
        )  # fmt: skip
        _share_out(row, held)
        confirm(row, Answer(Standing.PAID, amount=row.amount, at=now), actor=actors[0], now=now)
    return row


def hear(payment: Payment, answer: Answer, *, now: datetime | None = None) -> bool:
    """What a gateway says of a payment, in a notice or when asked, takes effect here. True when it changed something."""
    now = now or timezone.now()
    if answer.standing is Standing.PAID:
        if answer.amount != payment.amount:
            return _out_of_sight(payment, "another amount")
        return confirm(payment, answer, now=now)
    if answer.standing is Standing.OPEN or payment.state not in RUNNING:
        return False
    return _end(payment, FAIL if answer.standing is Standing.FAILED else EXPIRE)


def confirm(payment: Payment, answer: Answer, *, actor: Actor = PLATFORM, now: datetime | None = None) -> bool:
    """The money is there. Each bill is settled once; what nobody owes any more goes back by itself. A second time does nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        row = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
        if row.state == PaymentState.CONFIRMED:
            return _surplus_again(row, answer, now)
        paid_at = answer.at or now
        make(
            row, CONFIRM, confirmed_at=now, paid_on=timezone.localtime(paid_at).date(), ask_at=None, why="",
            gateway_id=answer.gateway_id or row.gateway_id, money_id=answer.money_id,
        )  # fmt: skip
        shares = list(row.shares.order_by("bill_id"))
        bills = {bill.pk: bill for bill in _held([share.bill for share in row.shares.select_related("bill")])}
        for share in shares:
            bill = bills[share.bill_id]
            settles = bill.state == BillState.OPEN and bill.total == share.amount
            Share.objects.filter(pk=share.pk).update(running=False, settles=settles)
            share.running, share.settles = False, settles
            if settles:
                make(bill, PAY, settled_at=now)
                receipts.of_payment(share, bill, row, paid_at=paid_at, now=now)
                journal.record(
                    events.BillSettled(bill=bill.pk, about=bill.about, how="paid"), subject=bill.about, actor=actor
                )
            if surplus := share.amount * (max(answer.times, 1) - settles):
                refunding.give_back_surplus(share, surplus, now=now)
            changed(bill)
        journal.record(events.PaymentConfirmed(payment=row.pk), subject=row.subject, actor=actor)
        journal.touch(row.subject)
    payment.refresh_from_db()
    return True


def ask_soon(payment: Payment) -> None:
    """Ask the gateway now; at most once in ten seconds, however often somebody presses."""
    slot = int(timezone.now().timestamp() // 10)
    if payment.state in RUNNING:
        with transaction.atomic():
            journal.enqueue("payments.ask", once=f"ask:{payment.pk}:{slot}", payment=payment.pk)


@journal.carrier("payments.ask", outward=True)
def ask(payment: int) -> None:
    """Ask the gateway how it stands; when the time is over, let it be closed first. Silence is asked again by the duty."""
    row = Payment.objects.get(pk=payment)
    service = gateway(row.gateway)
    if row.state not in RUNNING:
        return
    over = row.expires_at <= timezone.now()
    try:
        if service is None:
            raise NoAnswer(f"{row.gateway} is switched off")
        answer = (service.close if over else service.status)(row.ref, row.gateway_id)
    except NotFound:
        if over:
            _end(row, EXPIRE, why="never begun")
        return
    except (NoAnswer, Refused) as silence:
        log.warning("payment not known", payment=row.pk, gateway=row.gateway, why=str(silence)[:200])
        if over:
            _out_of_sight(row, "no answer")
        return
    hear(row, answer)


@journal.carrier("payments.ask_anyway", outward=True)
def ask_anyway(payment: int) -> None:
    """The gateway's list has money of a payment that we thought had ended: ask, and take what is there."""
    row = Payment.objects.get(pk=payment)
    service = gateway(row.gateway)
    if service is None:
        raise NoAnswer(f"{row.gateway} is switched off")
    hear(row, service.status(row.ref, row.gateway_id))


@journal.every("ask about payments", timedelta(seconds=15))
def ask_about_running(now: datetime | None = None) -> int:
    """A notice that never comes is not waited for: payments that run are asked about, more and more seldom."""
    now = now or timezone.now()
    due = list(Payment.objects.filter(ask_at__lte=now, state__in=RUNNING).order_by("ask_at")[:200])
    for row in due:
        with transaction.atomic():
            following = now + rules.question_after(row.asked)
            if row.expires_at > now:
                following = min(following, row.expires_at + timedelta(seconds=5))
            mine = Payment.objects.filter(pk=row.pk, asked=row.asked, ask_at__isnull=False)
            if mine.update(asked=row.asked + 1, ask_at=following):
                journal.enqueue("payments.ask", once=f"ask:{row.pk}:q{row.asked}", payment=row.pk)
    return len(due)


# --


def _held(bills: Sequence[Bill]) -> list[Bill]:
    """These bills, locked in the order of their keys, so that nobody waits for nobody."""
    keys = sorted({bill.pk for bill in bills})
    rows = Bill.objects.select_for_update(of=("self",)).select_related("payer", "department").filter(pk__in=keys)
    return list(rows.order_by("pk"))


def _running(bills: Sequence[Bill]) -> Payment | None:
    share = Share.objects.filter(bill__in=bills, running=True).select_related("payment").order_by("pk").first()
    return share.payment if share else None


def _all_open(bills: Sequence[Bill]) -> None:
    over = [bill for bill in bills if bill.state != BillState.OPEN]
    if over:
        raise NotAllowed(
            "bill-not-open",
            worded(_("“%(title)s” is not open any more: %(state)s."), title=over[0].shown_title, state=over[0].get_state_display()),
            kept=_("Nothing was charged."),
            next_step=_("Look at your bills again."),
        )  # fmt: skip


def _being_paid() -> NotAllowed:
    return NotAllowed(
        "being-paid",
        _("One of these bills is being paid at this moment."),
        kept=_("Nothing was charged a second time."),
        next_step=_("Go on with that payment, or stop it first."),
    )


def _share_out(payment: Payment, bills: Sequence[Bill]) -> None:
    try:
        with transaction.atomic():
            Share.objects.bulk_create(Share(payment=payment, bill=bill, amount=bill.total) for bill in bills)
    except IntegrityError as taken:  # the last guard: one running payment per bill
        raise _being_paid() from taken


def _end(payment: Payment, step, *, why: str = "") -> bool:
    """It ended without money; its bills can be paid anew."""
    with transaction.atomic():
        row = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
        try:
            make(row, step, why=why[:60], ask_at=None)
        except NotNow:  # heard otherwise meanwhile
            return False
        row.shares.update(running=False)
        journal.record(events.PaymentEnded(payment=row.pk, state=row.state), subject=row.subject, actor=PLATFORM)
        for share in row.shares.select_related("bill"):
            changed(share.bill)
        journal.touch(row.subject)
    payment.refresh_from_db()
    return True


def _out_of_sight(payment: Payment, why: str) -> bool:
    """Nobody knows, or something is wrong with it: the bills stay held, so that nothing is charged twice, and a person sees it."""
    with transaction.atomic():
        row = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
        if row.state != PaymentState.STARTED:
            return False
        make(row, LOSE_SIGHT, why=why[:60])
        journal.record(events.PaymentOutOfSight(payment=row.pk, why=why), subject=row.subject, actor=PLATFORM)
        journal.touch(row.subject)
    payment.refresh_from_db()
    return True


def _surplus_again(row: Payment, answer: Answer, now: datetime) -> bool:
    """Heard later that it was charged more than once: what is too much goes back, once."""
    if answer.times < 2:
        return False
    given = [
        refunding.give_back_surplus(share, share.amount * (answer.times - 1), now=now)
        for share in row.shares.filter(settles=True)
    ]
    return any(given)
