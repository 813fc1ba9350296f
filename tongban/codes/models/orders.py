"""Emergency orders, and the statuses of persons that exist only under one. Every one has an end; the database refuses one without."""

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.codes.order_states import AppealState, OrderState, ProposalState, StatusState
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField
from tongban.parties.models import Account, Person
from tongban.places.models import Division

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0 o 1 i l: people read it aloud
ALONE_AT_MOST = 10  # persons on one list; more need the higher signature (the Zhengzhou case, security.md 26)


def new_ref() -> str:
    return "".join(secrets.choice(ALPHABET) for _i in range(10))


class Colour(models.TextChoices):
    GREEN = "green", pgettext_lazy("health code", "green")
    YELLOW = "yellow", _("yellow")
    RED = "red", _("red")


class EmergencyOrder(models.Model):
    """What an emergency switches on, where and until when: proposed by one, put in force by another with the higher right.

    In force between `starts_at` and `ends_at` unless lifted: nothing has to happen for it to end. Prolonging is another order.
    """

    ref = models.CharField(max_length=10, unique=True, default=new_ref, editable=False)
    basis = models.CharField(max_length=20)
    area = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="orders")
    title = models.JSONField()
    reason = models.JSONField()
    health_colours = models.BooleanField(default=False)
    server_diary = models.BooleanField(default=False)
    entry_rules = models.JSONField(default=dict)  # {venue kind: entry rule}
    prolongs = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="prolonged_by")
    state = models.CharField(max_length=10, choices=OrderState.choices, default=OrderState.PROPOSED)
    proposed_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="orders_proposed")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="orders_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    why_dropped = models.CharField(max_length=300, blank=True, default="")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="orders_lifted"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    why_lifted = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["ends_at"], condition=Q(state="in_force"), name="orders_by_their_end")]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")) | Q(state="dropped"),
                name="order_is_put_in_force_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "dropped"])
                | Q(decided_by__isnull=False, decided_at__isnull=False, starts_at__isnull=False),
                name="order_in_force_has_its_officer_and_hour",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="order_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=~Q(state="lifted") | Q(lifted_by__isnull=False, lifted_at__isnull=False),
                name="order_lifted_has_its_officer_and_hour",
            ),
        ]

    def __str__(self):
        return f"order {self.ref} ({self.state})"

    @property
    def subject(self) -> str:
        return f"order:{self.pk}"


class StatusProposal(models.Model):
    """One or several persons are to have a status: nothing has changed for anybody until another person decides.

    `proposed_by` is empty where a rule of the machine proposed it. `persons` is written down when it is proposed and stands in the
    constraint, so that a list cannot grow after it was signed.
    """

    ref = models.CharField(max_length=10, unique=True, default=new_ref, editable=False)
    order = models.ForeignKey(EmergencyOrder, on_delete=models.PROTECT, related_name="proposals")
    colour = EncryptedField(choices=Colour.choices)
    basis = EncryptedField()
    reason = EncryptedField()  # what each person reads
    until = models.DateTimeField()
    persons = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=ProposalState.choices, default=ProposalState.PROPOSED)
    rule = models.CharField(max_length=60, blank=True, default="")
    proposed_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="statuses_proposed"
    )
    proposed_at = models.DateTimeField(default=timezone.now)
    signed_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="statuses_signed"
    )
    signed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="statuses_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    why_dropped = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["order", "state", "id"], name="proposals_of_an_order")]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(proposed_by__isnull=True)
                | ~Q(decided_by=F("proposed_by"))
                | Q(state="dropped"),
                name="status_is_decided_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True)
                | (
                    (Q(proposed_by__isnull=True) | ~Q(signed_by=F("proposed_by")))
                    & (Q(decided_by__isnull=True) | ~Q(signed_by=F("decided_by")))
                ),
                name="higher_signature_is_of_a_third_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="decided") | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="decided_status_has_its_officer_and_hour",
            ),
            models.CheckConstraint(
                condition=~Q(state="decided") | Q(persons__lte=ALONE_AT_MOST) | Q(signed_by__isnull=False),
                name="long_list_has_the_higher_signature",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=False) | ~Q(rule=""), name="status_is_proposed_by_somebody_or_a_rule"
            ),
            models.CheckConstraint(condition=~Q(basis="") & ~Q(reason=""), name="status_has_basis_and_reason"),
        ]

    def __str__(self):
        return f"proposal {self.ref} ({self.state})"

    @property
    def subject(self) -> str:
        return f"status-proposal:{self.pk}"


class StatusLine(models.Model):
    """One person on a proposal, and the document or test it rests on."""

    proposal = models.ForeignKey(StatusProposal, on_delete=models.CASCADE, related_name="lines")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="status_lines")
    evidence = EncryptedField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "person"], name="a_person_stands_on_a_list_once"),
            models.CheckConstraint(condition=~Q(evidence=""), name="status_names_its_evidence"),
        ]

    def __str__(self):
        return f"line {self.pk} of proposal {self.proposal_id}"


class HealthStatus(models.Model):
    """A person's status under an order, from a decided proposal, until its end. The basis is for the person and the office, never for a guard."""

    line = models.OneToOneField(StatusLine, on_delete=models.PROTECT, related_name="status")
    order = models.ForeignKey(EmergencyOrder, on_delete=models.PROTECT, related_name="statuses")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="statuses", db_index=False)
    colour = EncryptedField(choices=Colour.choices)
    basis = EncryptedField()
    state = models.CharField(max_length=10, choices=StatusState.choices, default=StatusState.HOLDS)
    since = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(
        null=True, blank=True
    )  # when the person had the notice: in the inbox, or handed over
    told_how = models.CharField(
        max_length=8, blank=True, default="", choices=[("message", _("message")), ("paper", _("on paper"))]
    )
    end_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["person", "until"], name="statuses_of_a_person"),
            models.Index(fields=["since"], name="statuses_by_day"),
            models.Index(fields=["id"], condition=Q(told_at__isnull=True), name="status_notices_to_hand_over"),
            models.Index(fields=["until"], condition=Q(end_told_at__isnull=True), name="statuses_whose_end_is_untold"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="status_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(state="holds") | Q(ended_at__isnull=False), name="status_ended_has_its_hour"
            ),
            models.UniqueConstraint(
                fields=["person", "order"], condition=Q(state="holds"), name="one_status_of_a_person_holds"
            ),
        ]

    def __str__(self):
        return f"status {self.pk}"

    @property
    def subject(self) -> str:
        return f"status:{self.pk}"


class StatusDay(models.Model):
    """How many statuses were decided on a day, by basis and colour: what everybody may see, counted in the act that decides."""

    day = models.DateField()
    basis = models.CharField(max_length=30)
    colour = models.CharField(max_length=6, choices=Colour.choices)
    persons = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day", "basis", "colour"]
        constraints = [models.UniqueConstraint(fields=["day", "basis", "colour"], name="one_count_of_a_day_and_basis")]

    def __str__(self):
        return f"{self.persons} on {self.day}"


class StatusAppeal(models.Model):
    """The person says the status is wrong: answered in writing by somebody who had no hand in it, within working days."""

    status = models.OneToOneField(HealthStatus, on_delete=models.PROTECT, related_name="appeal")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="status_appeals")
    taken_by = models.ForeignKey(  # who wrote down what was said at a window or by telephone
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="status_appeals_taken"
    )
    text = EncryptedField()
    at = models.DateTimeField(default=timezone.now)
    due = models.DateField()
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.OPEN)
    answer = EncryptedField(blank=True, default="")
    answered_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="status_appeals_answered"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due", "id"]
        indexes = [models.Index(fields=["due", "id"], condition=Q(state="open"), name="status_appeals_that_wait")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open") | (Q(answered_by__isnull=False, answered_at__isnull=False) & ~Q(answer="")),
                name="status_appeal_is_answered_in_writing",
            ),
            models.CheckConstraint(
                condition=Q(account__isnull=False, taken_by__isnull=True)
                | Q(account__isnull=True, taken_by__isnull=False),
                name="status_appeal_is_sent_or_taken_down",
            ),
        ]

    def __str__(self):
        return f"appeal {self.pk} against status {self.status_id}"
