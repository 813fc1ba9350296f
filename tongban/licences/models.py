from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.departments.models import Department
from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedJSONField
from tongban.licences.states import LicenceState
from tongban.parties.models import Party


class LicenceType(models.Model):
    slug = models.SlugField(max_length=60, unique=True)
    name = models.JSONField()
    holder_kind = models.CharField(max_length=10)
    issuer = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="licence_types")
    type_code = models.CharField(max_length=12, unique=True)
    face_fields = models.JSONField(default=list)
    validity = models.JSONField(default=dict)
    for_identity = models.BooleanField(default=False)

    class Meta:
        ordering = ["slug"]

    def __str__(self):
        return self.slug

    @property
    def shown_name(self) -> str:
        return say(self.name)


class Licence(models.Model):
    """An electronic licence. It exists from the moment of the decision (its signed `statement`); its sealed PDF follows at once.

    `token` opens the public check and is printed as a QR; `decision` ties it to the one decision that made it.
    """

    type = models.ForeignKey(LicenceType, on_delete=models.PROTECT, related_name="licences")
    identifier = models.CharField(max_length=80, unique=True)
    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="licences")
    issuer = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="licences")
    face = EncryptedJSONField(default=dict)
    state = models.CharField(max_length=12, choices=LicenceState.choices, default=LicenceState.VALID)
    state_since = models.DateTimeField(default=timezone.now)
    state_reason = models.CharField(max_length=200, blank=True, default="")
    serial = models.CharField(max_length=12)
    edition = models.PositiveSmallIntegerField(default=1)
    issued_on = models.DateField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    decision = models.CharField(max_length=60)
    token = models.CharField(max_length=32, unique=True)
    statement = models.TextField(default="")
    key_id = models.CharField(max_length=60, blank=True, default="")
    pdf = models.CharField(max_length=80, blank=True, default="")
    pdf_sha256 = models.CharField(max_length=64, blank=True, default="")
    sealed_at = models.DateTimeField(null=True, blank=True)
    previous = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="next")
    demonstration = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["holder", "-id"], name="licences_of_holder"),
            models.Index(fields=["valid_to"], condition=Q(state="valid"), name="licences_valid_by_end"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["decision", "type"], name="licence_once_per_decision"),
            models.UniqueConstraint(fields=["type", "serial", "edition"], name="licence_serial_once_per_type"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="licence_ends_after_it_began",
            ),
        ]

    def __str__(self):
        return self.identifier


class LicenceSerial(models.Model):
    """The last serial number given for a type: taken by one UPDATE, so no two licences share it."""

    type = models.OneToOneField(LicenceType, on_delete=models.CASCADE, related_name="counter")
    last = models.BigIntegerField(default=0)

    def __str__(self):
        return f"{self.type} {self.last}"


class LicenceCheck(models.Model):
    """Somebody verified a licence. Nothing about who they are is kept, only that it was done."""

    licence = models.ForeignKey(Licence, on_delete=models.CASCADE, related_name="checks")
    at = models.DateTimeField(default=timezone.now)
    channel = models.CharField(max_length=10)
    answer = models.CharField(max_length=20)

    class Meta:
        indexes = [models.Index(fields=["licence", "-id"], name="checks_of_licence")]

    def __str__(self):
        return f"{self.answer} at {self.at}"


class LicenceCall(models.Model):
    """A licence used instead of paper: for which case and purpose, which fields."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="calls")
    about = models.CharField(max_length=60)
    matter = models.CharField(max_length=100)
    purpose = models.CharField(max_length=60)
    fields = models.JSONField(default=list)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["licence", "about", "purpose"], name="licence_called_once_per_case")
        ]

    def __str__(self):
        return f"{self.licence} for {self.about}"
