import secrets

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department, Officer
from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.parties.models import Account, Party
from tongban.payments.states import BillState, PaymentState, ReductionState, RefundState

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0 o 1 i l: people read it aloud


def new_ref() -> str:
    """Sixteen characters nobody guesses: also the reference under which a gateway knows a payment."""
    return "".join(secrets.choice(ALPHABET) for _i in range(16))


class Bill(models.Model):
    """What one party owes one department for one thing, in fen. `about` is the subject it is for ("case:17"), `whole` that of the bundle.

    `total` is what is to be paid: the lines less what was reduced. `refunded` grows as money goes back.
    """

    State = BillState

    number = models.CharField(max_length=24, null=True, unique=True)
    about = models.CharField(max_length=60)
    occasion = models.CharField(max_length=30, default="fee")
    whole = models.CharField(max_length=60, blank=True, default="")
    payer = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="bills")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="bills")
    title = models.JSONField()
    label = models.CharField(max_length=30, blank=True, default="")
    link = models.CharField(max_length=120, blank=True, default="")
    total = models.PositiveBigIntegerField()
    refunded = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=14, choices=BillState.choices, default=BillState.OPEN)
    due = models.DateField()
    made_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["payer", "-id"], name="bills_of_payer"),
            models.Index(fields=["about"], name="bills_about"),
            models.Index(fields=["label"], name="bills_by_label"),
            models.Index(fields=["due", "id"], condition=Q(state="open"), name="bills_open_by_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["about", "occasion"], condition=~Q(state="cancelled"), name="one_bill_per_occasion"
            ),
            models.CheckConstraint(condition=Q(refunded__lte=F("total")), name="no_more_is_refunded_than_was_paid"),
            models.CheckConstraint(
                condition=~Q(state__in=["paid", "part_refunded", "refunded", "waived"]) | Q(settled_at__isnull=False),
                name="bill_settled_has_its_hour",
            ),
        ]

    def __str__(self):
        return self.number or f"bill {self.pk}"

    @property
    def subject(self) -> str:
        return f"bill:{self.pk}"

    @property
    def shown_title(self) -> str:
        return say(self.title)


class BillLine(models.Model):
    """One position of a bill: what for, in both languages, on which legal ground."""

    bill = models.ForeignKey(Bill, on_delete=models.CASCADE, related_name="lines")
    matter = models.CharField(max_length=100)
    text = models.JSONField()
    basis = models.JSONField(default=dict)
    amount = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"{self.matter} {self.amount}"


class Reduction(models.Model):
    """Less to pay, or nothing: proposed by one officer with reason and legal ground, granted by another."""

    bill = models.ForeignKey(Bill, on_delete=models.CASCADE, related_name="reductions")
    amount = models.PositiveBigIntegerField()
    reason = EncryptedField()
    ground = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=ReductionState.choices, default=ReductionState.PROPOSED)
    proposed_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="reductions_proposed")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="reductions_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="reduction_is_granted_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") | Q(decided_by__isnull=False), name="reduction_decided_by_somebody"
            ),
            models.UniqueConstraint(
                fields=["bill"], condition=Q(state="proposed"), name="one_reduction_waits_per_bill"
            ),
        ]

    def __str__(self):
        return f"{self.amount} off {self.bill_id}"


class Payment(models.Model):
    """One way to the till, for one bill or several. `ref` is our reference at the gateway: the same however often we ask.

    `page` is where the payer pays; `gateway_id` how the gateway calls it. Money taken at a window has gateway "window".
    """

    State = PaymentState

    class Method(models.TextChoices):
        ONLINE = "online", _("online")
        CASH = "cash", _("cash at a window")
        CARD = "card", _("card at a window")

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    payer = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="payments")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="payments")
    officer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="payments_taken")
    method = models.CharField(max_length=8, choices=Method.choices, default=Method.ONLINE)
    gateway = models.CharField(max_length=20)
    gateway_id = models.CharField(max_length=100, blank=True, default="")
    money_id = models.CharField(max_length=100, blank=True, default="")
    page = models.CharField(max_length=2000, blank=True, default="")
    amount = models.PositiveBigIntegerField()
    state = models.CharField(max_length=10, choices=PaymentState.choices, default=PaymentState.STARTED)
    why = models.CharField(max_length=60, blank=True, default="")
    simulated = models.BooleanField(default=False)
    started_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ask_at = models.DateTimeField(null=True, blank=True)
    asked = models.PositiveIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    paid_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["payer", "-id"], name="payments_of_payer"),
            models.Index(fields=["state", "-id"], name="payments_by_state"),
            models.Index(fields=["gateway_id"], name="payments_by_gateway_id"),
            models.Index(fields=["gateway", "paid_on"], name="payments_by_gateway_and_day"),
            models.Index(fields=["ask_at"], condition=Q(ask_at__isnull=False), name="payments_to_ask_about"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(confirmed_at__isnull=False), name="payment_confirmed_has_its_hour"
            ),
            models.CheckConstraint(
                condition=Q(method="online") | Q(officer__isnull=False), name="money_at_a_window_was_taken_by_somebody"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_payment_is_of_something"),
        ]

    def __str__(self):
        return f"{self.ref} ({self.state})"

    @property
    def subject(self) -> str:
        return f"payment:{self.pk}"


class Share(models.Model):
    """The part of a payment that is for one bill: money is kept apart, however it came.

    `running` while the payment may still succeed; `settles` when it paid the bill; neither is a share nobody needs, which goes back.
    """

    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="shares")
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="shares")
    amount = models.PositiveBigIntegerField()
    running = models.BooleanField(default=True)
    settles = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "bill"], name="bill_once_per_payment"),
            models.UniqueConstraint(fields=["bill"], condition=Q(running=True), name="one_running_payment_per_bill"),
            models.UniqueConstraint(fields=["bill"], condition=Q(settles=True), name="a_bill_is_paid_once"),
        ]

    def __str__(self):
        return f"{self.amount} of {self.payment_id} for {self.bill_id}"


class GatewayNotice(models.Model):
    """A call from a gateway as it came, sealed. One with a good signature takes effect once, however often it is sent."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", _("signed, to be carried out")
        TAKEN = "taken", _("carried out")
        NOTHING_NEW = "nothing_new", _("said nothing new")
        FORGED = "forged", _("not signed by the gateway")
        UNKNOWN = "unknown", _("names a payment we never began")
        DIFFERS = "differs", _("names another amount than ours")

    gateway = models.CharField(max_length=20)
    notice_id = models.CharField(max_length=100, blank=True, default="")
    kind = models.CharField(max_length=40, blank=True, default="")
    payment = models.ForeignKey(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
    content = EncryptedField()
    signed = models.BooleanField()
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    times = models.PositiveIntegerField(default=1)
    came_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["verdict", "-id"], name="notices_by_verdict")]
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "notice_id"], condition=Q(signed=True), name="signed_notice_takes_effect_once"
            ),
            models.CheckConstraint(
                condition=Q(signed=True) | Q(verdict="forged"), name="unsigned_notice_has_no_effect"
            ),
        ]

    def __str__(self):
        return f"{self.gateway} {self.notice_id or self.verdict}"


class Refund(models.Model):
    """Money that goes back: proposed by the platform or an officer, sent after a second person said yes. `ref` is ours at the gateway."""

    State = RefundState

    class Why(models.TextChoices):
        SURPLUS = "surplus", _("charged twice, or no longer owed")
        WITHDRAWN = "withdrawn", _("the application was withdrawn")
        REFUSED = "refused", _("the application was refused or ended")
        MISTAKE = "mistake", _("the fee was wrong")
        LATE_REDUCTION = "late_reduction", _("reduced after it was paid")

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    share = models.ForeignKey(Share, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveBigIntegerField()
    why = models.CharField(max_length=16, choices=Why.choices)
    reason = EncryptedField(blank=True, default="")
    state = models.CharField(max_length=10, choices=RefundState.choices, default=RefundState.PROPOSED)
    proposed_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds_proposed"
    )
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    gateway_id = models.CharField(max_length=100, blank=True, default="")
    problem = models.CharField(max_length=200, blank=True, default="")
    answer = EncryptedField(blank=True, default="")
    done_at = models.DateTimeField(null=True, blank=True)
    done_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "-id"], name="refunds_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(proposed_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="refund_is_confirmed_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed"]) | Q(decided_by__isnull=False) | Q(why="surplus"),
                name="only_a_surplus_goes_back_by_itself",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_refund_is_of_something"),
            models.UniqueConstraint(fields=["share"], condition=Q(why="surplus"), name="a_surplus_goes_back_once"),
        ]

    def __str__(self):
        return f"{self.ref} ({self.state})"

    @property
    def subject(self) -> str:
        return f"refund:{self.pk}"


class Receipt(models.Model):
    """What the payer takes away, one for each bill and one for each refund. What it says is kept as data; the PDF is drawn from it."""

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("receipt")
        REFUND = "refund", _("receipt of a refund")

    number = models.CharField(max_length=24, null=True, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="receipts")
    share = models.ForeignKey(Share, on_delete=models.PROTECT, related_name="receipts")
    refund = models.OneToOneField(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="receipt")
    amount = models.PositiveBigIntegerField()
    made_at = models.DateTimeField(default=timezone.now)
    content = EncryptedJSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["share"], condition=Q(kind="payment"), name="one_receipt_per_payment_of_a_bill"
            )
        ]

    def __str__(self):
        return self.number or f"receipt {self.pk}"


class Statement(models.Model):
    """What a gateway says of one day, laid beside what we know. Asked for again it is compared again."""

    gateway = models.CharField(max_length=20)
    day = models.DateField()
    taken_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True, default="")
    differences = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    paid = models.PositiveBigIntegerField(default=0)
    returned = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-day", "gateway"]
        constraints = [models.UniqueConstraint(fields=["gateway", "day"], name="one_statement_per_gateway_and_day")]

    def __str__(self):
        return f"{self.gateway} {self.day}"


class StatementLine(models.Model):
    """One movement of money: theirs, ours, or both. `note` is what an officer found out about a difference."""

    class Verdict(models.TextChoices):
        MATCHED = "matched", _("agrees")
        MISSING_HERE = "missing_here", _("the gateway has it, we have not")
        MISSING_THERE = "missing_there", _("we have it, the gateway has not")
        DIFFERS = "differs", _("the amounts differ")

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("payment")
        REFUND = "refund", _("refund")

    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reference = models.CharField(max_length=100)
    theirs = models.PositiveBigIntegerField(null=True, blank=True)
    ours = models.PositiveBigIntegerField(null=True, blank=True)
    verdict = models.CharField(max_length=14, choices=Verdict.choices)
    note = EncryptedField(blank=True, default="")
    cleared_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="differences_cleared"
    )
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "kind", "reference"], name="one_line_per_movement"),
            models.CheckConstraint(
                condition=Q(cleared_by__isnull=True) | Q(cleared_at__isnull=False),
                name="difference_cleared_has_its_hour",
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.reference} {self.verdict}"


# -- the twin: what the simulated payment service holds in its own books. Ours never read them but through the gateway.


class TwinCharge(models.Model):
    """A charge in the books of the simulated payment service."""

    reference = models.CharField(max_length=64, unique=True)
    key = models.CharField(max_length=16, unique=True, default=new_ref)
    title = models.CharField(max_length=200)
    amount = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, default="open")
    back = models.CharField(max_length=500)
    made_at = models.DateTimeField(default=timezone.now)
    closes_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    times = models.PositiveSmallIntegerField(default=1)

    def __str__(self):
        return f"{self.reference} {self.state}"


class TwinRefund(models.Model):
    """A refund in the books of the simulated payment service."""

    reference = models.CharField(max_length=64, unique=True)
    charge = models.ForeignKey(TwinCharge, on_delete=models.CASCADE, related_name="refunds")
    amount = models.PositiveBigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.reference} {self.amount}"
