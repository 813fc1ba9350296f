"""Signatures that applicants write on the glass of a window."""

from django.db import models
from django.utils import timezone

from tongban.cases.models.application import Case
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedJSONField


class GlassSignature(models.Model):
    """The applicant wrote their name on the glass, under exactly this content. Lines of points, see cases/glass.py."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="glass_signatures")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    content = models.CharField(max_length=64)
    strokes = EncryptedJSONField(default=list)
    signed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"glass signature {self.pk}"
