import uuid

from django.db import models
from django.utils import timezone

from tongban.materials.states import DocumentState
from tongban.parties.models import Account, Party


class Document(models.Model):
    """Papers somebody handed in as one thing: its pages in order. Kept files are safe copies, never the original bytes."""

    State = DocumentState

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="documents")
    by = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="documents")
    name = models.CharField(max_length=200)
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

    class Meta:
        ordering = ["document", "order"]
        constraints = [
            models.CheckConstraint(condition=models.Q(turned__in=[0, 90, 180, 270]), name="page_is_turned_by_quarters"),
        ]

    def __str__(self):
        return f"page {self.order} of {self.document_id}"
