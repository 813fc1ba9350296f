"""What a gate shows who it is by, and what it has already told us."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tongban.codes.models.identity import CodeCheck, Reader
from tongban.departments.models import Officer


class Enrolment(models.Model):
    """A one-time code for one device: typed into it at its place, it lets the device register the key it has made. Only a digest is kept."""

    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="enrolments")
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reader"], condition=Q(used_at__isnull=True), name="reader_has_one_open_enrolment"
            )
        ]

    def __str__(self):
        return f"enrolment of {self.reader_id}"


class DeviceKey(models.Model):
    """The public half of a key that a device made and never gives away. `key_id` follows from the key, so nobody chooses it."""

    class State(models.TextChoices):
        ACTIVE = "active", _("in use")
        REPLACED = "replaced", _("replaced by a new key")
        REVOKED = "revoked", _("revoked")

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="device_keys")
    key_id = models.CharField(max_length=32, unique=True)
    public_key = models.CharField(max_length=64)
    device = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    enrolled_at = models.DateTimeField()
    enrolled_by = models.ForeignKey(Officer, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    ends_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(Officer, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    bundle_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="revoked") | Q(revoked_at__isnull=False), name="revoked_device_key_has_its_hour"
            ),
            models.CheckConstraint(
                condition=~Q(state="replaced") | Q(ends_at__isnull=False), name="replaced_device_key_has_an_end"
            ),
        ]

    def __str__(self):
        return f"{self.key_id} ({self.state})"


class SignedRequest(models.Model):
    """A signed request that was taken in: its second in the upper half of the number, a digest of key and nonce in the lower. The same
    request again finds its number taken, in whichever process it arrives. Gone when its second is too old to be taken in anyway."""

    id = models.BigIntegerField(primary_key=True)

    def __str__(self):
        return str(self.pk)


class GateScan(models.Model):
    """A scan that a gate told us under a number of its own: told again, nothing is written and the answer is the same.

    The row's number is a digest of the gate's key and the gate's number. `let_in` is what a gate decided alone while it could not reach us.
    """

    id = models.BigIntegerField(primary_key=True)
    entry = models.ForeignKey(  # swept beside it, not with it: a cascade would look through the whole table
        CodeCheck, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    let_in = models.BooleanField(null=True)
    decided_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"scan {self.pk}"
