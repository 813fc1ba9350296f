from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.departments.models import Officer
from tongban.evaluations.states import FollowUpState
from tongban.lib.encryption import blind_index
from tongban.lib.fields import EncryptedField
from tongban.parties.models import Account


class Grade(models.IntegerChoices):
    VERY_SATISFIED = 1, _("Very satisfied")
    SATISFIED = 2, _("Satisfied")
    BASICALLY_SATISFIED = 3, _("Basically satisfied")
    DISSATISFIED = 4, _("Dissatisfied")
    VERY_DISSATISFIED = 5, _("Very dissatisfied")


BAD = {Grade.DISSATISFIED, Grade.VERY_DISSATISFIED}


class Invitation(models.Model):
    """A case may be rated: asked once, reminded once, never rated in silence."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="invitation")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    invited_at = models.DateTimeField(default=timezone.now)
    reminded_at = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return f"invitation for {self.case_id}"


class Rating(models.Model):
    """What the applicant thought of the service. Given once, never changed by anybody: the database refuses (decision 0018).

    Only the seal of the words may be renewed, with the keys. `words` is their keyed mark: it never changes, so whoever puts other
    words under a new seal is found by `tongban verify-all`.
    """

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="rating")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="ratings")
    grade = models.PositiveSmallIntegerField(choices=Grade.choices)
    reasons = models.JSONField(default=list)
    dimensions = models.JSONField(default=dict)
    text = EncryptedField(blank=True, default="")
    words = models.CharField(max_length=64, null=True, editable=False)
    named = models.BooleanField(default=False)
    channel = models.CharField(max_length=16, default="portal")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(grade__gte=1) & Q(grade__lte=5), name="grade_is_one_of_five")]

    def __str__(self):
        return f"{self.grade} for {self.case_id}"

    def save(self, *args, **kwargs):
        if self._state.adding:
            self.words = mark_of(self.case_id, self.text)
        super().save(*args, **kwargs)


def mark_of(case_id: int, text: str) -> str:
    """The keyed mark of what was written about this case."""
    return blind_index(f"{case_id}:{text}", "evaluations.rating.text")


def mark_of_erased(case_id: int) -> str:
    """The keyed mark of a rating that lost its words and its person when the case had served its time."""
    return blind_index(f"{case_id}", "evaluations.rating.erased")


class FollowUp(models.Model):
    """Putting a bad rating right: contact in 1 working day, simple faults in 5, complex ones in 15 (Shanghai rule)."""

    rating = models.OneToOneField(Rating, on_delete=models.PROTECT, related_name="follow_up")
    state = models.CharField(max_length=12, choices=FollowUpState.choices, default=FollowUpState.RECEIVED)
    complex = models.BooleanField(default=False)
    contact_due = models.DateField()
    simple_due = models.DateField()
    complex_due = models.DateField()
    provisional = models.BooleanField(default=False)
    officer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="follow_ups")
    contacted_at = models.DateTimeField(null=True, blank=True)
    contact_note = EncryptedField(blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)
    explanation = EncryptedField(blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return f"follow-up of {self.rating_id}: {self.state}"
