from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.cases.models.application import Case
from tongban.cases.signer_states import SignerState
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField
from tongban.parties.models import Account, IdKind


class Signer(models.Model):
    """Somebody who must sign beside the applicant: named in the answers (`source`), found by the number behind `id_index`.

    `content` is what they signed (`cases.signing.content_of`); a change of the application afterwards takes the signature away.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="signers")
    source = models.CharField(max_length=60)
    role = models.JSONField(default=dict)
    name = EncryptedField()
    id_kind = models.CharField(max_length=20, choices=IdKind.choices)
    id_index = models.CharField(max_length=64, db_index=True)
    id_end = models.CharField(max_length=4)
    state = models.CharField(max_length=10, choices=SignerState.choices, default=SignerState.ASKED)
    code_index = models.CharField(max_length=64, blank=True, default="", db_index=True)
    asked_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    content = models.CharField(max_length=32, blank=True, default="")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="cosigned")
    officer = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="cosignings_taken"
    )
    paper_kept = models.CharField(max_length=120, blank=True, default="")
    undone_at = models.DateTimeField(null=True, blank=True)
    reason = EncryptedField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["until"], condition=Q(state="asked"), name="signers_asked_by_end")]
        constraints = [
            models.UniqueConstraint(fields=["case", "id_index"], name="nobody_signs_a_case_twice"),
            models.CheckConstraint(
                condition=~Q(state="signed") | (Q(signed_at__isnull=False) & ~Q(content="")),
                name="signature_has_its_hour_and_its_content",
            ),
        ]

    def __str__(self):
        return f"signer {self.pk} of {self.case_id}"
