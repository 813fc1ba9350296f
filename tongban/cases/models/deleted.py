from django.db import models
from django.utils import timezone

from tongban.cases.models.application import Case
from tongban.lib.fields import EncryptedJSONField
from tongban.matters.models import Matter, MatterVersion
from tongban.parties.models import Account, Party


class DeletedDraft(models.Model):
    """A draft that was deleted, sealed as a whole and kept for a week in case it was a slip.

    A table of its own: what is deleted is in no list, at no window and in no count, whatever asks for drafts. `key` and `ref` are
    those the draft had and has again when it is taken back.
    """

    ref = models.CharField(max_length=12, unique=True)
    key = models.PositiveBigIntegerField(unique=True)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(MatterVersion, on_delete=models.PROTECT, related_name="+")
    applicant = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="deleted_drafts")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="deleted_drafts")
    channel = models.CharField(max_length=16, choices=Case.Channel.choices)
    held = EncryptedJSONField(default=dict)
    deleted_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-deleted_at", "-id"]

    def __str__(self):
        return f"deleted draft {self.ref}"
