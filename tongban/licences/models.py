from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department, Officer
from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.licences.act_models import KeyWithdrawal, LicenceAct, Reissue  # noqa: F401 - tables of this room
from tongban.licences.credential_models import (  # noqa: F401 - tables of this room
    Credential,
    CredentialOffer,
    CredentialRequest,
    StatusList,
)
from tongban.licences.proceeding_states import ProceedingState
from tongban.licences.states import LicenceState
from tongban.licences.wallet_models import (  # noqa: F401 - tables of this room
    FaceReport,
    LicenceAuthority,
    LicenceOpening,
    LicencePresentation,
    LicenceReminder,
)
from tongban.parties.models import Account, Party


class LicenceType(models.Model):
    """A kind of licence. `told_apart_by` names the face fields in which two licences of one holder differ (two shops, two children); where it is
    empty a holder has one, and a new one replaces it.
    """

    slug = models.SlugField(max_length=60, unique=True)
    name = models.JSONField()
    holder_kind = models.CharField(max_length=10)
    issuer = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="licence_types")
    type_code = models.CharField(max_length=12, unique=True)
    face_fields = models.JSONField(default=list)
    told_apart_by = models.JSONField(default=list, blank=True)
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
            models.Index(fields=["id"], condition=~Q(state="valid"), name="licences_not_valid"),
            models.Index(fields=["key_id", "id"], name="licences_by_key"),
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
    """Somebody verified a licence. A registered reader is named to the holder; of anybody else nothing is kept but that it was done."""

    licence = models.ForeignKey(Licence, on_delete=models.CASCADE, related_name="checks")
    at = models.DateTimeField(default=timezone.now)
    channel = models.CharField(max_length=10)
    answer = models.CharField(max_length=20)
    checker = models.CharField(max_length=200, null=True, blank=True)
    purpose = models.CharField(max_length=80, null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["licence", "-id"], name="checks_of_licence")]

    def __str__(self):
        return f"{self.answer} at {self.at}"


class LicenceCall(models.Model):
    """A licence used instead of paper: for which case and purpose, which fields. `authority`, `officer`, `office`: opened at an office
    that the holder let in, each time a row of its own; `for_case` is the case it was looked at for, where there is one."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="calls")
    authority = models.ForeignKey(
        LicenceAuthority, null=True, blank=True, on_delete=models.SET_NULL, related_name="calls"
    )
    officer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="licence_calls")
    office = models.CharField(max_length=20, null=True, blank=True)
    for_case = models.CharField(max_length=60, null=True, blank=True)
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


class LicenceItem(models.Model):
    """One permit that an industry licence (`whole`) merges, as it stood when that edition was sealed.

    What it is now stands with the permit: at its own e-licence, followed to its newest edition; where the member's result is no
    e-licence, in `state` of the item in the newest edition. `key` names the permit across editions: the matter that granted it.
    """

    whole = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="items")
    order = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=100)
    name = models.JSONField()
    licence = models.ForeignKey(Licence, null=True, blank=True, on_delete=models.PROTECT, related_name="merged_in")
    number = models.CharField(max_length=80)
    regulator = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="merged_permits")
    mandatory = models.BooleanField(default=False)
    issued_on = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    decision = models.CharField(max_length=60, blank=True, default="")
    state = models.CharField(max_length=12, choices=LicenceState.choices, default=LicenceState.VALID)
    state_since = models.DateTimeField(default=timezone.now)
    state_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["whole", "order"]
        constraints = [
            models.UniqueConstraint(fields=["whole", "key"], name="permit_merged_once_in_an_edition"),
            models.CheckConstraint(
                condition=Q(licence__isnull=True) | Q(state="valid"), name="merged_licence_keeps_its_own_state"
            ),
        ]

    def __str__(self):
        return f"{self.key} in {self.whole_id}"

    @property
    def shown_name(self) -> str:
        return say(self.name)


class Proceeding(models.Model):
    """A department means to suspend or revoke a permit it issued: the holder is told and heard, then another officer decides.

    `urgent`: a suspension that cannot wait; it holds from the beginning, and is confirmed or lifted once the holder was heard.
    `item` is set where the permit is no e-licence of its own but a line of the industry licence.
    """

    class Aim(models.TextChoices):
        SUSPEND = "suspend", _("suspend")
        REVOKE = "revoke", _("revoke")

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="proceedings")
    item = models.ForeignKey(LicenceItem, null=True, blank=True, on_delete=models.PROTECT, related_name="proceedings")
    aim = models.CharField(max_length=10, choices=Aim.choices)
    state = models.CharField(max_length=12, choices=ProceedingState.choices, default=ProceedingState.OPEN)
    urgent = models.BooleanField(default=False)
    reason = EncryptedField()
    ground = models.CharField(max_length=300)
    opened_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="opened_proceedings")
    opened_at = models.DateTimeField(default=timezone.now)
    answer_until = models.DateField()
    statement = EncryptedField(blank=True, default="")
    stated_by = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="statements")
    stated_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="decided_proceedings"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    conclusion = EncryptedField(blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["licence"],
                condition=Q(state="open", item__isnull=True),
                name="one_open_proceeding_per_licence",
            ),
            models.UniqueConstraint(
                fields=["item"], condition=Q(state="open", item__isnull=False), name="one_open_proceeding_per_item"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("opened_by")),
                name="proceeding_is_decided_by_another_officer",
            ),
            models.CheckConstraint(
                condition=~Q(state="open") | Q(decided_at__isnull=True), name="open_proceeding_is_undecided"
            ),
            models.CheckConstraint(condition=~Q(urgent=True) | Q(aim="suspend"), name="only_a_suspension_is_urgent"),
        ]

    def __str__(self):
        return f"{self.aim} {self.licence_id}: {self.state}"
