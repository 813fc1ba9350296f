"""What a matter that takes only one application counts by, and the exceptions from it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.cases.models.application import Case
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField
from tongban.matters.models import Matter
from tongban.parties.models import Account, Party


class Mark(models.Model):
    """What an application that was sent is about (an address, a number), as a blind index: found by, never read."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="subject_marks", db_index=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="+", db_index=False)
    field = models.CharField(max_length=60)
    index = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["matter", "index", "-case"], name="marks_of_matter")]
        constraints = [models.UniqueConstraint(fields=["case", "field"], name="answer_is_marked_once")]

    def __str__(self):
        return f"{self.field} of {self.case_id}"


class Turn(models.Model):
    """Whoever sends an application that is counted takes this row first, so that of two at once one counts the other."""

    key = models.CharField(max_length=64, unique=True)

    def __str__(self):
        return f"turn {self.pk}"


class OneMore(models.Model):
    """An exception: this party may send one more application for this matter. Asked for with a reason, or allowed at once.

    `case` is the application that it was used for.
    """

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="one_more")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    words = EncryptedField(blank=True, default="")
    asked_at = models.DateTimeField(default=timezone.now)
    officer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    allowed = models.BooleanField(null=True)
    reason = EncryptedField(blank=True, default="")
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.SET_NULL, related_name="one_more")

    class Meta:
        indexes = [
            models.Index(fields=["matter", "id"], condition=Q(allowed__isnull=True), name="exceptions_asked_for"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["party", "matter"], condition=Q(allowed__isnull=True), name="exception_is_asked_for_once"
            ),
            models.CheckConstraint(
                condition=Q(allowed__isnull=True)
                | (Q(officer__isnull=False) & Q(answered_at__isnull=False) & ~Q(reason="")),
                name="exception_answered_names_who_when_and_why",
            ),
            models.CheckConstraint(condition=Q(case__isnull=True) | Q(allowed=True), name="exception_used_was_allowed"),
            # of a bundle one for each of its matters
            models.UniqueConstraint(fields=["case", "matter"], name="application_uses_one_exception_a_matter"),
        ]

    def __str__(self):
        return f"one more of {self.party_id} for {self.matter_id}"


class Alike(models.Model):
    """An officer compared two applications: the later one is a duplicate of the earlier, or it is not. Nobody is asked twice."""

    earlier = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="alike_later")
    later = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="alike_earlier")
    duplicate = models.BooleanField()
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["earlier", "later"], name="two_applications_are_judged_once"),
            models.CheckConstraint(condition=Q(earlier__lt=models.F("later")), name="duplicate_is_the_later_one"),
        ]

    def __str__(self):
        return f"{self.later_id} beside {self.earlier_id}"
