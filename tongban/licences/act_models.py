"""What the issuer does to a licence besides taking it away after a hearing, and what follows when a key is no longer trusted."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField
from tongban.licences.withdrawal_states import WithdrawalState


class LicenceAct(models.Model):
    """Corrected, cancelled or given back: by which officer, on which legal basis of the list, why. `made` is the corrected edition."""

    class Act(models.TextChoices):
        CORRECT = "correct", pgettext_lazy("of a licence", "corrected")
        RESUME = "resume", _("given back")
        CANCEL = "cancel", _("cancelled")

    licence = models.ForeignKey("licences.Licence", on_delete=models.PROTECT, related_name="acts")
    act = models.CharField(max_length=10, choices=Act.choices)
    basis = models.CharField(max_length=20)
    ground = models.CharField(max_length=300, blank=True, default="")
    reason = EncryptedField()
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="licence_acts")
    at = models.DateTimeField(default=timezone.now)
    made = models.OneToOneField(
        "licences.Licence", null=True, blank=True, on_delete=models.PROTECT, related_name="made_by_act"
    )
    fields = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["licence"], condition=~Q(act="resume"), name="licence_is_corrected_or_cancelled_once"
            ),
        ]

    def __str__(self):
        return f"{self.act} {self.licence_id}"


class KeyWithdrawal(models.Model):
    """A key is stolen or lost: one officer asks for its withdrawal and another confirms, or the operator does it at the machine.

    From then on what it signed answers "check again", and the worker signs and seals each licence anew with a key that is trusted.
    """

    key_id = models.CharField(max_length=60)
    department = models.CharField(max_length=20)
    licence_type = models.CharField(max_length=60)
    why = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=WithdrawalState.choices, default=WithdrawalState.ASKED)
    asked_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="asked_withdrawals"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="decided_withdrawals"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    licences = models.PositiveIntegerField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["key_id"], condition=~Q(state="dropped"), name="key_is_withdrawn_once"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="withdrawal_is_confirmed_by_another_officer",
            ),
        ]

    def __str__(self):
        return f"{self.key_id}: {self.state}"


class Reissue(models.Model):
    """One licence signed anew because its key was withdrawn: once for each withdrawal, and its holder is told once."""

    withdrawal = models.ForeignKey(KeyWithdrawal, on_delete=models.PROTECT, related_name="reissues")
    licence = models.ForeignKey("licences.Licence", on_delete=models.PROTECT, related_name="reissues")
    at = models.DateTimeField(default=timezone.now)
    key_id = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["withdrawal", "licence"], name="licence_reissued_once_for_a_withdrawal")
        ]

    def __str__(self):
        return f"{self.licence_id} for {self.withdrawal_id}"
