"""Where time goes: how long a case lay on whose desk, and whom a limit was brought before when it came near or passed."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models.application import Case, Clock
from tongban.departments.models import Department, Officer
from tongban.lib.fields import EncryptedField


class DeskTime(models.Model):
    """One stay of a case on an officer's desk, from taking it to laying it down. Without `until` it lies there now."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="desk_times")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="desk_times")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["officer", "-id"], name="desk_times_of_officer")]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(until__isnull=True), name="case_lies_on_one_desk_at_a_time"
            )
        ]

    def __str__(self):
        return f"case {self.case_id} with {self.officer_id}"


class Escalation(models.Model):
    """A limit came near (yellow) or passed (red: the promise, black: the law): brought before whoever must look, once a light.

    It is over when somebody of `role` has said what happens, or when the clock stops.
    """

    class Level(models.TextChoices):
        YELLOW = "yellow", _("limit near")
        RED = "red", _("promise missed")
        BLACK = "black", _("limit of the law missed")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="escalations")
    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="escalations")
    level = models.CharField(max_length=6, choices=Level.choices)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="escalations")
    role = models.CharField(max_length=20)
    at = models.DateTimeField(default=timezone.now)
    over_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="escalations")
    answer = EncryptedField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["department", "role", "id"], condition=Q(over_at__isnull=True), name="escalations_waiting"
            ),
            models.Index(fields=["role", "id"], condition=Q(over_at__isnull=True), name="escalations_waiting_by_role"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["clock", "level"], name="limit_is_brought_up_once_a_light"),
            models.CheckConstraint(
                condition=Q(seen_by__isnull=True) | ~Q(answer=""), name="escalation_seen_has_an_answer"
            ),
        ]

    def __str__(self):
        return f"{self.level} of clock {self.clock_id}"
