from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case


class Measure(models.TextChoices):
    """What is counted for every case (definitions: indicators/rules.py, after peers.md A.7)."""

    PREFILLED = "prefilled", _("Answers filled in")
    FIRST_TIME = "first_time", _("Right the first time")
    AVOIDED = "avoided", _("Papers not needed")
    NOTHING_BROUGHT = "nothing_brought", _("Nothing to bring")
    NO_VISIT = "no_visit", _("Without coming")


class Part(models.Model):
    """What one case adds to one measure, once: `part` of `whole`. Below it stand the cases that fell short."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="parts")
    measure = models.CharField(max_length=16, choices=Measure.choices)
    matter = models.CharField(max_length=100)
    department = models.CharField(max_length=20)
    day = models.DateField()
    part = models.PositiveIntegerField()
    whole = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "measure"], name="case_counts_once_per_measure"),
            models.CheckConstraint(condition=models.Q(part__lte=models.F("whole")), name="part_is_not_more_than_whole"),
        ]
        indexes = [
            models.Index(
                fields=["matter", "measure", "-id"],
                condition=models.Q(part__lt=models.F("whole")),
                name="parts_that_fell_short",
            )
        ]

    def __str__(self):
        return f"{self.measure} of {self.case_id}: {self.part}/{self.whole}"


class DailySum(models.Model):
    """Parts and wholes of one matter, measure and day, kept up as cases come in: a year of a matter is 365 rows."""

    matter = models.CharField(max_length=100)
    department = models.CharField(max_length=20)
    measure = models.CharField(max_length=16, choices=Measure.choices)
    day = models.DateField()
    part = models.PositiveBigIntegerField(default=0)
    whole = models.PositiveBigIntegerField(default=0)
    cases = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["matter", "measure", "day"], name="one_sum_per_matter_measure_and_day")
        ]
        indexes = [models.Index(fields=["department", "day"], name="sums_of_department_by_day")]

    def __str__(self):
        return f"{self.matter} {self.measure} {self.day}: {self.part}/{self.whole}"
