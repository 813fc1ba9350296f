"""Looking at premises: planned with the applicant, recorded and signed by two on the spot; and notices on which the public may object."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.cases.inspection_states import InspectionState
from tongban.cases.models.application import Case, new_ref
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.materials.models import Document
from tongban.matters.models import MatterVersion
from tongban.parties.models import Account, Party


class Inspection(models.Model):
    """A visit of two inspectors. What they see is written while they stand there, also without a connection.

    `points` is the list as it was when the visit was ordered; `answers` {point: {"answer": yes|no|none, "remark"}}; `revision` and `saver`
    notice two phones. `content` is the hash of what both signed.
    """

    class Kind(models.TextChoices):
        SITE = "site", _("site inspection")
        PROMISE = "promise", _("check of a promise")

    class Finding(models.TextChoices):
        IN_ORDER = "in_order", pgettext_lazy("of a place inspected", "in order")
        WITH_FAULTS = "with_faults", _("with faults that can be put right")
        NOT_IN_ORDER = "not_in_order", pgettext_lazy("of a place inspected", "not in order")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="inspections")
    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SITE)
    state = models.CharField(max_length=10, choices=InspectionState.choices, default=InspectionState.ORDERED)
    ordered_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="ordered_inspections"
    )
    ordered_at = models.DateTimeField(default=timezone.now)
    why = EncryptedField(blank=True, default="")
    place = EncryptedField(blank=True, default="")
    points = models.JSONField(default=list)
    planned_for = models.DateTimeField(null=True, blank=True)
    wish = EncryptedField(blank=True, default="")
    first = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="inspections")
    second = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="seconded_inspections"
    )
    answers = EncryptedJSONField(default=dict)
    record = EncryptedField(blank=True, default="")
    present = EncryptedField(blank=True, default="")
    position = EncryptedJSONField(null=True)
    finding = models.CharField(max_length=12, choices=Finding.choices, blank=True, default="")
    revision = models.PositiveIntegerField(default=0)
    saver = models.CharField(max_length=24, blank=True, default="")
    saved_at = models.DateTimeField(null=True, blank=True)
    content = models.CharField(max_length=64, blank=True, default="")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["first", "planned_for"], condition=Q(done_at__isnull=True), name="inspections_of_first"
            ),
            models.Index(
                fields=["second", "planned_for"], condition=Q(done_at__isnull=True), name="inspections_of_second"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind"],
                condition=Q(state__in=["ordered", "planned"]),
                name="case_has_one_open_inspection_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(first__isnull=True) | Q(second__isnull=True) | ~Q(first=F("second")),
                name="two_different_people_inspect",
            ),
            models.CheckConstraint(
                condition=~Q(state="done")
                | (Q(first__isnull=False) & Q(second__isnull=False) & Q(done_at__isnull=False) & ~Q(finding="")),
                name="inspection_done_has_two_inspectors_and_a_finding",
            ),
        ]

    def __str__(self):
        return f"inspection {self.ref}"


class InspectionPhoto(models.Model):
    """A photograph taken on the spot. `key` is the phone's own name for it: sent twice, it is kept once."""

    inspection = models.ForeignKey(Inspection, on_delete=models.CASCADE, related_name="photos")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="inspection_photos")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="inspection_photos")
    point = models.CharField(max_length=40, blank=True, default="")
    key = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["inspection", "key"], name="photo_of_a_phone_is_kept_once")]

    def __str__(self):
        return f"photo {self.pk} of {self.inspection_id}"


class InspectionSignature(models.Model):
    """Who stands for the record: an inspector by the own account, or the person on the spot by hand on the glass. It holds for one content."""

    class Way(models.TextChoices):
        ACCOUNT = "account", _("signed in with the own account")
        GLASS = "glass", _("signed on the glass")
        PAPER = "paper", _("signed on paper, photographed")
        REFUSED = "refused", _("would not sign")
        ABSENT = "absent", _("nobody was there")

    inspection = models.ForeignKey(Inspection, on_delete=models.CASCADE, related_name="signatures")
    officer = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="inspection_signatures"
    )
    way = models.CharField(max_length=8, choices=Way.choices)
    name = EncryptedField(blank=True, default="")
    strokes = EncryptedJSONField(default=list)
    content = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["inspection", "officer"], condition=Q(officer__isnull=False), name="inspector_signs_once"
            ),
            models.UniqueConstraint(
                fields=["inspection"], condition=Q(officer__isnull=True), name="one_signature_of_the_person_there"
            ),
            models.CheckConstraint(
                condition=Q(officer__isnull=True) | Q(way="account"), name="inspector_signs_with_the_own_account"
            ),
        ]

    def __str__(self):
        return f"{self.way} for {self.inspection_id}"


class PublicNotice(models.Model):
    """What is published before a decision, for objections until a day. The applicant's name stands in it only as the law of the matter wants."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="public_notices")
    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="public_notices")
    text = models.JSONField(default=dict)
    published_at = models.DateTimeField(default=timezone.now)
    days = models.PositiveSmallIntegerField()
    unit = models.CharField(
        max_length=12, choices=MatterVersion.Unit.choices, null=True, blank=True
    )  # null: working days
    until = models.DateField()
    over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["-id"], condition=Q(over_at__isnull=True), name="public_notices_open")]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(over_at__isnull=True), name="case_has_one_open_public_notice"
            )
        ]

    def __str__(self):
        return f"public notice {self.ref}"


class PublicObjection(models.Model):
    """What somebody says against a decision that was announced. Every one is answered in writing before anybody decides."""

    notice = models.ForeignKey(PublicNotice, on_delete=models.CASCADE, related_name="objections")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="public_objections")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="public_objections")
    text = EncryptedField()
    at = models.DateTimeField(default=timezone.now)
    taken_back_at = models.DateTimeField(null=True, blank=True)
    answer = EncryptedField(blank=True, default="")
    followed = models.BooleanField(null=True)
    answered_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="answered_objections"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "party"], name="party_objects_once_to_a_notice"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | (Q(followed__isnull=False) & ~Q(answer="")),
                name="answered_objection_has_its_answer",
            ),
        ]

    def __str__(self):
        return f"objection {self.pk}"
