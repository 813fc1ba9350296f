"""What a holder does with a licence: shows, shares and prints it, lets an office open it, says that it is wrong; and who looked."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department, Officer
from tongban.lib.fields import EncryptedField
from tongban.licences.report_states import ReportState
from tongban.parties.models import Account


class LicencePresentation(models.Model):
    """One code that opens one licence: for a minute from hand to hand, for days by a link, or for years on a printed copy.

    The code itself is kept only where the holder may want to see it again, and sealed; it is found by its `index`.
    """

    class Kind(models.TextChoices):
        SHOW = "show", _("shown")
        SHARE = "share", _("shared")
        PRINT = "print", _("printed")

    licence = models.ForeignKey("licences.Licence", on_delete=models.CASCADE, related_name="presentations")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    index = models.CharField(max_length=64, unique=True)
    token = EncryptedField(blank=True, default="")
    receiver = EncryptedField(blank=True, default="")
    purpose = EncryptedField(blank=True, default="")
    fields = models.JSONField(default=list)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="presentations")
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0)
    views_at_most = models.PositiveSmallIntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["licence", "-id"], name="presentations_of_licence"),
            models.Index(fields=["expires_at"], condition=Q(kind="show"), name="shown_codes_by_end"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="print") | Q(expires_at__isnull=False), name="shown_and_shared_codes_have_an_end"
            ),
            models.CheckConstraint(
                condition=Q(views_at_most__isnull=True) | Q(views__lte=F("views_at_most")),
                name="share_is_opened_as_often_as_allowed",
            ),
        ]

    def __str__(self):
        return f"{self.kind} of {self.licence_id}"


class LicenceOpening(models.Model):
    """Somebody opened a licence by a code of its holder. `opener` tells one from another and does not say who; officers and registered
    readers are named."""

    class By(models.TextChoices):
        ANYONE = "anyone", _("somebody without sign-in")
        OFFICER = "officer", _("an officer")
        READER = "reader", _("a registered reader")

    presentation = models.ForeignKey(LicencePresentation, on_delete=models.CASCADE, related_name="openings")
    at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=10, choices=By.choices)
    opener = models.CharField(max_length=64)
    name = models.CharField(max_length=200, blank=True, default="")
    department = models.CharField(max_length=20, blank=True, default="")
    fields = models.JSONField(default=list)
    answer = models.CharField(max_length=20)
    single = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["presentation", "opener"], condition=Q(single=True), name="shown_code_once_per_verifier"
            )
        ]

    def __str__(self):
        return f"{self.presentation_id} by {self.by}"


class LicenceAuthority(models.Model):
    """The holder lets one office open this licence for one purpose until a day. Each opening is a LicenceCall."""

    licence = models.ForeignKey("licences.Licence", on_delete=models.CASCADE, related_name="authorities")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="licence_authorities")
    code = EncryptedField()
    index = models.CharField(max_length=64, unique=True)
    purpose = EncryptedField()
    fields = models.JSONField(default=list)
    given_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="licence_authorities")
    given_at = models.DateTimeField(default=timezone.now)
    until = models.DateField()
    openings = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="ended_licence_authorities"
    )

    class Meta:
        indexes = [models.Index(fields=["licence", "-id"], name="authorities_of_licence")]

    def __str__(self):
        return f"{self.department_id} may open {self.licence_id}"


class FaceReport(models.Model):
    """The holder says that a value on the face is wrong: the issuer answers, and puts it right by a new edition."""

    ref = models.CharField(max_length=22, unique=True)
    licence = models.ForeignKey("licences.Licence", on_delete=models.CASCADE, related_name="reports")
    field = models.CharField(max_length=60)
    was = EncryptedField(blank=True, default="")
    says = EncryptedField()
    why = EncryptedField(blank=True, default="")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="face_reports")
    at = models.DateTimeField(default=timezone.now)
    due = models.DateField()
    state = models.CharField(max_length=10, choices=ReportState.choices, default=ReportState.OPEN)
    answer = EncryptedField(blank=True, default="")
    officer = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="answered_face_reports"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    edition = models.ForeignKey(
        "licences.Licence", null=True, blank=True, on_delete=models.SET_NULL, related_name="corrects"
    )

    class Meta:
        indexes = [models.Index(fields=["due", "id"], condition=Q(state="open"), name="open_face_reports_by_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["licence", "field"], condition=Q(state="open"), name="one_open_report_for_each_value"
            )
        ]

    def __str__(self):
        return f"{self.field} of {self.licence_id}: {self.state}"

    @property
    def subject(self) -> str:
        return f"face-report:{self.pk}"


class LicenceReminder(models.Model):
    """That the holder was told so many days before the end: nobody is told twice."""

    licence = models.ForeignKey("licences.Licence", on_delete=models.CASCADE, related_name="reminders")
    days = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["licence", "days"], name="reminded_once_before_each_end")]

    def __str__(self):
        return f"{self.days} days before {self.licence_id}"
