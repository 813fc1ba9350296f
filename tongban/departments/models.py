import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import say
from tongban.parties.models import Account


class Department(models.Model):
    """A body that decides, and its one review office."""

    code = models.CharField(max_length=20, unique=True)
    name = models.JSONField()
    kind = models.CharField(max_length=20, default="business")
    uscc = models.CharField(max_length=18, unique=True)
    phone = models.CharField(max_length=30, blank=True, default="")
    in_comprehensive_window = models.BooleanField(default=False)
    cutoff = models.TimeField(default=datetime.time(17, 0))

    class Meta:
        ordering = ["code"]

    def __str__(self):
        return self.code

    @property
    def shown_name(self) -> str:
        return say(self.name)


class Role(models.TextChoices):
    WINDOW_OFFICER = "window_officer", _("comprehensive window officer")
    PRE_REVIEWER = "pre_reviewer", _("online pre-review officer")
    DEPT_REVIEWER = "dept_reviewer", _("reviewer in the department")
    DEPT_APPROVER = "dept_approver", _("approver in the department")
    INSPECTOR = "inspector", _("inspector")
    ISSUING_OFFICER = "issuing_officer", _("issuing officer")
    HELPER = "helper", _("helper")
    COORDINATOR = "coordinator", _("government service office")
    SUPERVISOR = "supervisor", _("hall supervisor")
    AUDITOR = "auditor", _("supervision and audit, read only")
    CONTENT_EDITOR = "content_editor", _("content editor of the catalogue")
    CATALOGUE_MANAGER = "catalogue_manager", _("catalogue manager")
    HEALTH_OFFICER = "health_officer", _("health officer in an emergency")
    HEALTH_APPROVER = "health_approver", _("deciding officer of the health department in an emergency")
    EMERGENCY_AUTHORITY = "emergency_authority", _("emergency command: puts orders in force, signs long lists")


class Officer(models.Model):
    """A member of staff: works for one department, in one or several roles."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="officer")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="officers")
    staff_no = models.CharField(max_length=20, unique=True)
    name = models.JSONField()
    roles = models.JSONField(default=list)
    active = models.BooleanField(default=True)

    def __str__(self):
        return self.staff_no

    @property
    def shown_name(self) -> str:
        return say(self.name)


class Certification(models.Model):
    """An officer may handle this matter; `*` stands for every matter of the officer's reach."""

    officer = models.ForeignKey(Officer, on_delete=models.CASCADE, related_name="certifications")
    matter = models.CharField(max_length=100)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["officer", "matter"], name="certified_once_per_matter")]

    def __str__(self):
        return f"{self.officer} {self.matter}"


class Absence(models.Model):
    """Days on which an officer is not there, first and last included; `substitute` may take over what lies on their desk."""

    officer = models.ForeignKey(Officer, on_delete=models.CASCADE, related_name="absences", db_index=False)
    first_day = models.DateField()
    last_day = models.DateField()
    substitute = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="stands_in", db_index=False
    )
    entered_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        ordering = ["first_day", "id"]
        indexes = [
            models.Index(fields=["officer", "last_day"], name="absences_of_officer"),
            models.Index(fields=["substitute", "last_day"], name="absences_by_substitute"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=models.F("first_day")), name="absence_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(substitute__isnull=True) | ~Q(substitute=models.F("officer")),
                name="nobody_stands_in_for_themselves",
            ),
        ]

    def __str__(self):
        return f"{self.officer_id} from {self.first_day} to {self.last_day}"


class CalendarYear(models.Model):
    """Working days of one year. Without `official` every date that falls into it is provisional."""

    year = models.PositiveSmallIntegerField(unique=True)
    days_off = models.JSONField(default=dict)
    workdays = models.JSONField(default=dict)
    official = models.BooleanField(default=False)
    source = models.CharField(max_length=200, blank=True, default="")
    loaded_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["year"]
        constraints = [
            models.CheckConstraint(condition=Q(year__gte=1990) & Q(year__lte=2200), name="calendar_year_is_plausible")
        ]

    def __str__(self):
        return str(self.year)
