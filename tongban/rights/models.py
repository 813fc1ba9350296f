import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField
from tongban.parties.models import Account, Party
from tongban.rights.states import ExportState, ReviewState


def new_name() -> str:
    return secrets.token_urlsafe(18)


class Export(models.Model):
    """A copy of everything held about a party or an account, or of one application (`case`), made by the worker; for its asker alone, and
    for seven days."""

    name = models.CharField(max_length=24, unique=True, default=new_name, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="exports")
    party = models.ForeignKey(Party, null=True, on_delete=models.CASCADE, related_name="exports")
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.CASCADE, related_name="exports")
    language = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=ExportState.choices, default=ExportState.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)
    file = models.CharField(max_length=90, blank=True, default="")
    size = models.PositiveBigIntegerField(default=0)
    asked_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    downloads = models.PositiveIntegerField(default=0)
    warned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "party"],
                condition=Q(state__in=["waiting", "making"], case__isnull=True),
                name="one_export_made_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=["waiting", "making"], party__isnull=True, case__isnull=True),
                name="one_export_of_an_account_made_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=["waiting", "making"], case__isnull=False),
                name="one_application_packed_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | ~Q(file="") & Q(until__isnull=False), name="ready_export_has_its_file"
            ),
        ]

    def __str__(self):
        return f"export {self.pk} ({self.state})"

    @property
    def topic(self) -> str:
        return f"export:{self.pk}"


class Review(models.Model):
    """Somebody asks for a person to look at what a machine decided about them."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reviews")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="reviews")
    department = models.CharField(max_length=20)
    text = EncryptedField(blank=True, default="")
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN)
    asked_at = models.DateTimeField(default=timezone.now)
    due = models.DateField()
    provisional = models.BooleanField(default=False)
    officer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="reviews_asked")
    answer = EncryptedField(blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["department", "state", "due", "id"], name="reviews_by_department")]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(state="open"), name="one_open_review_per_case"),
            models.CheckConstraint(
                condition=Q(state="open") | Q(answered_at__isnull=False, officer__isnull=False),
                name="answered_review_has_its_hour_and_officer",
            ),
        ]

    def __str__(self):
        return f"review of {self.case_id}: {self.state}"

    @property
    def subject(self) -> str:
        return f"review:{self.pk}"


class Erasure(models.Model):
    """The log of what was erased: of which table, how many rows, why and when. It names nobody."""

    class Why(models.TextChoices):
        RETENTION = "retention", _("its time is over")
        CLOSED = "closed", _("an account was closed")

    table = models.CharField(max_length=60)
    rows = models.PositiveIntegerField()
    why = models.CharField(max_length=10, choices=Why.choices)
    before = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="erasures_by_time")]

    def __str__(self):
        return f"{self.rows} of {self.table}"
