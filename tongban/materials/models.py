import uuid

from django.db import models
from django.utils import timezone

from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.materials.reading.states import NOT_READ, ReadingState
from tongban.materials.states import DocumentState
from tongban.parties.models import Account, Party, Proofing


class Document(models.Model):
    """Papers somebody handed in as one thing: its pages in order. Kept files are safe copies, never the original bytes."""

    State = DocumentState

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="documents")
    by = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="documents")
    name = EncryptedField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.KEPT)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return f"document {self.pk}"


class Page(models.Model):
    """One page of a document. `file` and `preview` are names in the encrypted store; `turned` is in degrees clockwise."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="pages")
    order = models.PositiveSmallIntegerField()
    mime = models.CharField(max_length=40)
    file = models.CharField(max_length=80)
    file_page = models.PositiveSmallIntegerField(default=0)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    preview = models.CharField(max_length=80, blank=True, default="")
    turned = models.PositiveSmallIntegerField(default=0)
    damaged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["document", "order"]
        constraints = [
            models.CheckConstraint(condition=models.Q(turned__in=[0, 90, 180, 270]), name="page_is_turned_by_quarters"),
        ]
        indexes = [
            models.Index(fields=["document"], condition=models.Q(damaged_at__isnull=False), name="pages_damaged"),
            models.Index(fields=["sha256"], name="pages_by_content"),
        ]

    def __str__(self):
        return f"page {self.order} of {self.document_id}"


class Reading(models.Model):
    """What the machine read on a document: words with their places, values, how good the pages are. Never proof of anything.

    `lines` is a list of {page, text, confidence, box}, `values` maps names to {value, text, confidence, page, box}; pages
    count from 1, a box is [left, top, width, height] as parts of the page as it is shown. `round` counts how often it was
    asked for anew, so that an answer about pages that have changed since is not kept.
    """

    State = ReadingState

    document = models.OneToOneField(Document, on_delete=models.CASCADE, related_name="reading")
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    round = models.PositiveSmallIntegerField(default=1)
    tries = models.PositiveSmallIntegerField(default=0)
    begun = models.PositiveSmallIntegerField(default=0)
    pages_total = models.PositiveSmallIntegerField(default=0)
    pages_done = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=60, blank=True, default="")
    kind_confidence = models.FloatField(default=0.0)
    lines = EncryptedJSONField(default=list)
    values = EncryptedJSONField(default=dict)
    quality = models.JSONField(default=list)
    engine = models.CharField(max_length=60, blank=True, default="")
    error = models.CharField(max_length=40, blank=True, default="")
    asked_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pages_done__lte=models.F("pages_total")),
                name="reading_has_no_more_pages_than_there_are",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=ReadingState.DONE) | models.Q(read_at__isnull=False),
                name="reading_that_is_done_has_its_hour",
            ),
        ]

    @property
    def why(self):
        """Why it was not read, in words; empty when it was."""
        return NOT_READ.get(self.error, "")

    def __str__(self):
        return f"reading of document {self.document_id}"


class IdentityPicture(models.Model):
    """The page of a passport (or the like) as its holder photographed it, and what the machine read on it: for the officer who compares.

    One for each attempt: a new picture takes the place of the old one. Of what was read only the values are kept. The two indexes are
    blind: by them an officer is told that another account came with the same picture or number.
    """

    State = ReadingState

    proofing = models.OneToOneField(Proofing, on_delete=models.CASCADE, related_name="picture")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    mime = models.CharField(max_length=40)
    file = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    picture_index = models.CharField(max_length=64, db_index=True)
    number_index = models.CharField(max_length=64, blank=True, default="", db_index=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    begun = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=60, blank=True, default="")
    values = EncryptedJSONField(default=dict)
    quality = models.JSONField(default=dict)
    engine = models.CharField(max_length=60, blank=True, default="")
    error = models.CharField(max_length=40, blank=True, default="")
    sent_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    served_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["served_at"], condition=models.Q(served_at__isnull=False), name="identity_pictures_to_erase"
            ),
        ]

    @property
    def why(self):
        """Why it was not read, in words; empty when it was."""
        return NOT_READ.get(self.error, "")

    def __str__(self):
        return f"picture for proofing {self.proofing_id}"
