import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.departments.models import Officer
from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.parties.models import Account, Party
from tongban.registers.states import RUNNING, DisputeState

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0 o 1 i l: people read it aloud


def new_ref() -> str:
    return "".join(secrets.choice(ALPHABET) for _i in range(12))


class Resource(models.Model):
    """Data that one authority holds and shares: which fields, on which terms."""

    class Share(models.TextChoices):
        UNCONDITIONAL = "unconditional", _("any department, after a formal check")
        CONDITIONAL = "conditional", _("named departments, named purposes")
        NONE = "none", _("only on the ground of a law")

    slug = models.SlugField(unique=True)
    name = models.JSONField()
    provider = models.CharField(max_length=20)
    share = models.CharField(max_length=14, choices=Share.choices)
    fields = models.JSONField(default=list)
    refresh = models.CharField(max_length=20, default="live")
    sensitive = models.BooleanField(default=False)

    class Meta:
        ordering = ["slug"]

    def __str__(self):
        return self.slug

    @property
    def shown_name(self) -> str:
        return say(self.name)


class Grant(models.Model):
    """A matter may read these fields of a resource, for this purpose and on this ground."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="grants")
    matter = models.CharField(max_length=100)
    fields = models.JSONField(default=list)
    purpose = models.CharField(max_length=40)
    ground = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "matter", "purpose"], name="one_grant_per_matter_and_purpose")
        ]

    def __str__(self):
        return f"{self.matter} reads {self.resource}"

    @property
    def needs_consent(self) -> bool:
        """Sensitive data (health, biometrics) only to spare somebody's typing: no law asks for that, so the person is asked."""
        return self.resource.sensitive and self.purpose == "prefill"


class Call(models.Model):
    """One reading of a register: for whom, for which matter and case, which fields, and whether it answered."""

    class Outcome(models.TextChoices):
        FOUND = "found", _("found")
        NOT_FOUND = "not_found", _("not found")
        REFUSED = "refused", pgettext_lazy("of a register", "refused")
        UNAVAILABLE = "unavailable", _("did not answer")
        NO_CONSENT = "no_consent", _("not asked: you did not agree")

    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="calls")
    of_party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="register_calls")
    matter = models.CharField(max_length=100)
    about = models.CharField(max_length=60, blank=True, default="")
    purpose = models.CharField(max_length=40)
    fields = models.JSONField(default=list)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["of_party", "-id"], name="register_calls_of_party")]

    def __str__(self):
        return f"{self.resource} for {self.matter}: {self.outcome}"


class Dispute(models.Model):
    """The person a value is about says that it is wrong, and what is right: the authority that keeps the register answers.

    `provider` is the department whose stewards see it; `about` the case in whose form the value stood.
    """

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="disputes")
    provider = models.CharField(max_length=20)
    field = models.CharField(max_length=100)
    label = models.JSONField(default=dict)
    matter = models.CharField(max_length=100, blank=True, default="")
    about = models.CharField(max_length=60, blank=True, default="")
    of_party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="disputes")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="disputes")
    before = EncryptedJSONField(default=dict)
    claimed = EncryptedJSONField(default=dict)
    why = EncryptedField(blank=True, default="")
    paper = models.UUIDField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=DisputeState.choices, default=DisputeState.OPEN)
    steward = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="disputes")
    opened_at = models.DateTimeField(default=timezone.now)
    due = models.DateField()
    provisional = models.BooleanField(default=False)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = EncryptedField(blank=True, default="")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["provider", "state", "due", "id"], name="disputes_by_provider"),
            models.Index(fields=["of_party", "-id"], name="disputes_of_party"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["resource", "of_party", "field"],
                condition=Q(state__in=sorted(RUNNING)),
                name="one_running_dispute_per_value",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["corrected", "upheld"]) | Q(answered_at__isnull=False, steward__isnull=False),
                name="answered_dispute_has_its_hour_and_steward",
            ),
        ]

    def __str__(self):
        return f"{self.resource}.{self.field} of {self.of_party_id}: {self.state}"

    @property
    def subject(self) -> str:
        return f"dispute:{self.pk}"

    @property
    def was(self):
        return (self.before or {}).get("value")

    @property
    def says(self):
        return (self.claimed or {}).get("value")


class Correction(models.Model):
    """A register changed what it holds after a dispute: what stood there, what stands there now, when and why. Never changed."""

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, related_name="correction")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="corrections")
    of_party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="corrections")
    field = models.CharField(max_length=100)
    before = EncryptedJSONField(default=dict)
    after = EncryptedJSONField(default=dict)
    why = EncryptedField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["of_party", "-id"], name="corrections_of_party")]

    def __str__(self):
        return f"{self.resource}.{self.field} of {self.of_party_id}"

    @property
    def was(self):
        return (self.before or {}).get("value")

    @property
    def now(self):
        return (self.after or {}).get("value")


class TwinChange(models.Model):
    """What the simulated authority has changed in its own records: it stands for a database that is not ours.

    `subject` is a keyed digest of the number, as an authority knows its people by number and not by our rows. `reference` is what
    we called the change: asked for again, it is not made again.
    """

    resource = models.CharField(max_length=60)
    subject = models.CharField(max_length=64)
    field = models.CharField(max_length=100)
    before = EncryptedJSONField(default=dict)
    after = EncryptedJSONField(default=dict)
    why = EncryptedField(blank=True, default="")
    reference = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["resource", "subject", "id"], name="twin_changes_of_subject")]

    def __str__(self):
        return f"{self.resource}.{self.field}: {self.reference}"


class Consent(models.Model):
    """A person agreed that a register is read for something no law asks for: to which words, from when, until revoked."""

    of_party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="consents")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="consents")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="consents")
    matter = models.CharField(max_length=100)
    purpose = models.CharField(max_length=40)
    text_version = models.CharField(max_length=20)
    text = models.JSONField(default=dict)
    given_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["of_party", "resource", "matter", "purpose"],
                condition=Q(revoked_at__isnull=True),
                name="one_consent_in_force_per_purpose",
            )
        ]

    def __str__(self):
        return f"{self.of_party_id} lets {self.matter} read {self.resource}"

    @property
    def shown_text(self) -> str:
        return say(self.text)
