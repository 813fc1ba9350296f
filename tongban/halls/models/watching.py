"""What the supervisor of a hall sees and does: alarms, an emergency, simulations. Nothing here is about a visitor."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.halls.models.places import Category, Hall


class HallAlarm(models.Model):
    """From then to then a new ticket of this queue would have waited longer than `minutes`. Its supervisors are told once a rise."""

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="alarms", db_index=False)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+", db_index=False)
    minutes = models.PositiveSmallIntegerField()  # the threshold that was passed
    estimate = models.PositiveSmallIntegerField()  # the largest estimate while it lasted
    raised_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["hall", "-id"], name="alarms_of_a_hall")]
        constraints = [
            models.UniqueConstraint(
                fields=["hall", "category", "minutes"],
                condition=Q(ended_at__isnull=True),
                name="alarm_rings_once_a_rise",
            )
        ]

    def __str__(self):
        return f"{self.hall_id} {self.category_id} {self.minutes}"


class HallSupervisor(models.Model):
    """This supervisor is one of this hall. Whoever was ever named for one supervises no other; whoever never was, every hall.

    A row that ended stays: taking somebody from their last hall gives them no hall, and never all.
    """

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="supervisors", db_index=False)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="supervises")
    named_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    since = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["hall", "officer"], condition=Q(ended_at__isnull=True), name="supervisor_once_a_hall"
            )
        ]

    def __str__(self):
        return f"{self.hall_id} {self.officer_id}"


class EmergencyKind(models.TextChoices):
    FIRE = "fire", _("Fire or smoke")
    POWER = "power", _("No power or no network")
    MEDICAL = "medical", _("Somebody needs a doctor")
    OTHER = "other", _("Something else")


class HallEmergency(models.Model):
    """All windows of a hall were stopped with one press. `windows`: those it paused, which go on when it ends."""

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="emergencies", db_index=False)
    kind = models.CharField(max_length=10, choices=EmergencyKind.choices)
    windows = models.JSONField(default=list)
    began_at = models.DateTimeField(default=timezone.now)
    began_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    told = models.PositiveIntegerField(default=0)  # people with a ticket who were told

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "hall emergencies"
        indexes = [models.Index(fields=["hall", "-id"], name="emergencies_of_a_hall")]
        constraints = [
            models.UniqueConstraint(fields=["hall"], condition=Q(ended_at__isnull=True), name="one_emergency_at_a_time")
        ]

    def __str__(self):
        return f"{self.hall_id} {self.began_at:%F %H:%M}"

    @property
    def subject(self) -> str:
        return f"hall:{self.hall_id}"


class SimulationRun(models.Model):
    """A day of a hall, lived through many times in two ways: as it is, and as the supervisor asks. Worked out by the worker."""

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="simulations", db_index=False)
    asked_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField(default=timezone.now)
    question = models.JSONField(default=dict)
    source = models.JSONField(
        default=dict
    )  # from which tickets demand and service times come, or that they are assumed
    days = models.PositiveSmallIntegerField(default=30)  # simulated days for each side
    done = models.PositiveSmallIntegerField(default=0)  # days of both sides together
    samples = models.JSONField(default=dict)  # what each simulated day gave, so that an interrupted run goes on
    result = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True, blank=True)
    failed = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["hall", "-id"], name="simulations_of_a_hall")]

    def __str__(self):
        return f"{self.hall_id} {self.asked_at:%F %H:%M}"

    @property
    def steps(self) -> int:
        return self.days * 2

    @property
    def topic(self) -> str:
        return f"simulation:{self.pk}"
