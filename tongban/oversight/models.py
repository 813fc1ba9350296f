from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField
from tongban.parties.models import Account, Party


class Verdict(models.TextChoices):
    IN_ORDER = "in_order", _("in order")
    NOT_IN_ORDER = "not_in_order", _("not in order")


class Look(models.Model):
    """An officer looked at somebody without a case of their own: at once, for a reason, seen by another person afterwards.

    Without `party` nobody was found. `about` is the case, where one was opened. Until `ends_at` the officer need not ask again.
    """

    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="looks")
    role = models.CharField(max_length=30)
    department = models.CharField(max_length=20)
    party = models.ForeignKey(Party, null=True, on_delete=models.PROTECT, related_name="looks")
    about = models.CharField(max_length=60, blank=True, default="")
    purpose = models.CharField(max_length=20)
    reason = EncryptedField()
    law_code = models.CharField(max_length=20, blank=True, default="")
    hidden_until = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=14, choices=Verdict.choices, blank=True, default="")
    opinion = EncryptedField(blank=True, default="")
    closed_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="closed_looks")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["officer", "ends_at"], name="looks_by_officer"),
            models.Index(fields=["id"], condition=Q(closed_at__isnull=True), name="looks_not_yet_seen"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True) | ~Q(closed_by=F("officer")), name="look_is_seen_by_another_person"
            ),
            models.CheckConstraint(
                condition=Q(hidden_until__isnull=True) | ~Q(law_code=""), name="delayed_look_names_its_law"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(verdict=""), name="look_that_was_seen_has_a_verdict"
            ),
        ]

    def __str__(self):
        return f"look {self.pk} of {self.officer}"


class Allowance(models.Model):
    """A second person allows an officer more than one person alone may: more people in an hour, or a larger export."""

    class Kind(models.TextChoices):
        PEOPLE = "people", _("more people in an hour")
        EXPORT = "export", _("a larger export")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="allowances")
    number = models.PositiveIntegerField()
    reason = EncryptedField()
    asked_at = models.DateTimeField(default=timezone.now)
    granted = models.BooleanField(null=True)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="decided_allowances"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["officer", "kind", "until"], name="allowances_of_officer")]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("officer")),
                name="second_person_is_another_person",
            ),
            models.CheckConstraint(
                condition=~Q(granted=True) | Q(until__isnull=False, decided_by__isnull=False),
                name="allowance_granted_has_its_end",
            ),
        ]

    def __str__(self):
        return f"{self.kind} +{self.number} for {self.officer}"


class ReadQuestion(models.Model):
    """Somebody does not recognise a look at their data and asks; whoever supervises answers."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="read_questions")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="read_questions")
    entry = models.BigIntegerField()
    text = EncryptedField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    due = models.DateField()
    verdict = models.CharField(max_length=14, choices=Verdict.choices, blank=True, default="")
    answer = EncryptedField(blank=True, default="")
    answered_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="answered_read_questions"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(answered_at__isnull=True), name="read_questions_open"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["party", "entry"], name="read_is_asked_about_once"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | ~Q(verdict=""), name="read_question_answered_has_a_verdict"
            ),
        ]

    def __str__(self):
        return f"question {self.pk} about read {self.entry}"


class Alert(models.Model):
    """Something that somebody should look at: an account that tries numbers, a law used for delaying, a look at a data base by hand."""

    class Kind(models.TextChoices):
        MANY_NOT_FOUND = "many_not_found", _("one account asks for many things that are not there")
        BY_HAND = "by_hand", _("the data was opened by hand on the machine")
        MANY_PEOPLE = "many_people", _("an officer wanted to see more people than one hour allows")
        LAW_REFUSED = "law_refused", _("an officer named a law that is not theirs to use")
        SECOND_CORRECTION = "second_correction", _("correction was asked for a second time")
        LOG_MISSING = "log_missing", _("rows of the log were taken out of the database")

    kind = models.CharField(max_length=20, choices=Kind.choices)
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="alerts")
    note = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    seen_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="seen_alerts")
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(seen_at__isnull=True), name="alerts_not_yet_seen")]
        constraints = [
            models.CheckConstraint(
                condition=Q(seen_at__isnull=True) | Q(seen_by__isnull=False), name="alert_seen_names_who_saw_it"
            )
        ]

    def __str__(self):
        return f"{self.kind} {self.at}"
