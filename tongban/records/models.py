"""What has served its time: until when each application is kept, what stops its end, who destroyed what, and what the archive took.

A record of destruction names kinds, numbers and rules and nobody whose data it was.
"""

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.departments.models import Department, Officer
from tongban.lib.fields import EncryptedField
from tongban.parties.models import Account, Party
from tongban.records.states import DestructionState, HandoverState, KeepingState

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0 o 1 i l: people read it aloud


def new_ref() -> str:
    return "".join(secrets.choice(ALPHABET) for _i in range(10))


class Destruction(models.Model):
    """A list of applications of one department whose time is over: proposed by one, confirmed by another, carried out by the worker."""

    ref = models.CharField(max_length=10, unique=True, default=new_ref, editable=False)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="destructions")
    due_by = models.DateField()
    state = models.CharField(max_length=10, choices=DestructionState.choices, default=DestructionState.PROPOSED)
    proposed_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="destructions_proposed")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="destructions_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    why_dropped = models.CharField(max_length=300, blank=True, default="")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="destruction_is_confirmed_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="destruction_decided_has_its_hour_and_officer",
            ),
            models.UniqueConstraint(
                fields=["department"], condition=Q(state="proposed"), name="one_list_of_a_department_waits"
            ),
        ]

    def __str__(self):
        return f"destruction {self.ref} ({self.state})"

    @property
    def subject(self) -> str:
        return f"destruction:{self.pk}"


class DestructionLine(models.Model):
    """One kind of thing on a list: how many, by which rule, and what became of them. It names nobody."""

    destruction = models.ForeignKey(Destruction, on_delete=models.CASCADE, related_name="lines")
    matter = models.CharField(max_length=100)
    rule = models.JSONField()
    mark = models.CharField(max_length=64)
    first_ended = models.DateField()
    last_ended = models.DateField()
    listed = models.PositiveIntegerField(default=0)
    anonymised = models.PositiveIntegerField(default=0)
    handed_over = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    papers = models.PositiveIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["destruction", "mark"], name="one_line_per_kind_of_thing"),
            models.CheckConstraint(
                condition=Q(listed__gte=F("anonymised") + F("left_out")), name="no_more_is_destroyed_than_was_listed"
            ),
        ]

    def __str__(self):
        return f"{self.listed} of {self.matter}"


class Keeping(models.Model):
    """How long an application is kept, as it was found when somebody last looked: `until` is its last day, none is for ever.

    Found a little at a time for cases of any age (`services.find_due_dates`); before anything is done it is computed again.
    """

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="keeping")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+", db_index=False)
    matter = models.CharField(max_length=100)
    rule = models.JSONField()
    ended_on = models.DateField()
    until = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=KeepingState.choices, default=KeepingState.KEPT)
    destruction = models.ForeignKey(
        Destruction, null=True, blank=True, on_delete=models.PROTECT, related_name="keepings"
    )
    anonymised_at = models.DateTimeField(null=True, blank=True)
    put_off = models.DateField(null=True, blank=True)  # something stopped it: until then it is on no list

    class Meta:
        indexes = [
            models.Index(
                fields=["department", "until", "case"],
                condition=Q(state="kept", until__isnull=False),
                name="kept_until_by_department",
            ),
            models.Index(fields=["destruction", "case"], condition=Q(state="listed"), name="listed_to_be_destroyed"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="listed") | Q(destruction__isnull=False), name="listed_case_names_its_list"
            ),
            models.CheckConstraint(
                condition=~Q(state="anonymised") | Q(anonymised_at__isnull=False),
                name="case_made_anonymous_has_its_hour",
            ),
        ]

    def __str__(self):
        return f"case {self.case_id} until {self.until}"


class Hold(models.Model):
    """Somebody stops the end of an application's time: why, until when, and who let it go on. Without a day it lasts until it is lifted."""

    class Why(models.TextChoices):
        LITIGATION = "litigation", _("an action before a court")
        AUDIT = "audit", _("an audit or inspection")
        COMPLAINT = "complaint", _("a complaint or report")
        INVESTIGATION = "investigation", _("an investigation")
        REQUEST = "request", _("the person concerned asked for it")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="holds")
    why = models.CharField(max_length=14, choices=Why.choices)
    words = EncryptedField()
    until = models.DateField(null=True, blank=True)
    placed_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="holds_placed")
    placed_at = models.DateTimeField(default=timezone.now)
    lifted_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="holds_lifted")
    lifted_at = models.DateTimeField(null=True, blank=True)
    why_lifted = EncryptedField(blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | (Q(lifted_by__isnull=False) & ~Q(why_lifted="")),
                name="hold_lifted_has_its_officer_and_reason",
            ),
        ]

    def __str__(self):
        return f"hold {self.pk} of case {self.case_id}"


class Handover(models.Model):
    """An application's package for the archive. `file` is ours, sealed, until the archive's receipt names the same hash; then only this row stays."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="handover")
    name = models.CharField(max_length=60, unique=True)
    state = models.CharField(max_length=10, choices=HandoverState.choices, default=HandoverState.MADE)
    file = models.CharField(max_length=90, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    archive = models.CharField(max_length=60, blank=True, default="")
    receipt = models.CharField(max_length=100, blank=True, default="")
    simulated = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)
    received_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="received") | (~Q(receipt="") & Q(received_at__isnull=False)),
                name="handover_received_has_a_receipt",
            ),
        ]

    def __str__(self):
        return f"{self.name} ({self.state})"


class Nobody(models.Model):
    """Who stands where somebody stood: a party of each kind without a name, and an account nobody signs in with."""

    kind = models.CharField(max_length=10, primary_key=True)
    party = models.ForeignKey(Party, null=True, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self):
        return f"nobody ({self.kind})"
