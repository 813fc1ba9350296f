"""Halls at four levels and what stands in them (domain.md 3.9). Nothing here is about a visitor."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department, Officer
from tongban.halls.window_states import WindowState
from tongban.lib.bilingual import say
from tongban.places.models import Division


class HallLevel(models.TextChoices):
    CITY = "city", _("city")
    DISTRICT = "district", _("district")
    SUBDISTRICT = "subdistrict", _("subdistrict")
    TOWN = "town", _("town")
    VILLAGE = "village", _("village")


class WindowKind(models.TextChoices):
    GENERAL = "general", _("comprehensive window")
    SPECIALISED = "specialised", _("specialised window")
    ISSUING = "issuing", _("unified issuing window")
    DIFFICULTIES = "difficulties", _("window for what could not be done")
    DO_AT_ONCE = "do_at_once", _("do-at-once office")
    PRIORITY = "priority", _("priority window")
    CONSULTATION = "consultation", _("consultation seat")


class MachineKind(models.TextChoices):
    KIOSK = "kiosk", _("self-service terminal")
    TICKETS = "tickets", _("ticket machine")
    SCREEN = "screen", _("public screen")
    RATING = "rating", _("rating device")
    COMPUTER = "computer", _("computer to reserve")
    LOCKER = "locker", _("locker")
    ROBOT = "robot", _("guide robot")


class Hall(models.Model):
    """A service centre. `hours` is {workdays, saturday, sunday: ["09:00-17:00", ...] or null, lunch_service}; times are local."""

    code = models.SlugField(max_length=60, unique=True)
    level = models.CharField(max_length=12, choices=HallLevel.choices)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="halls")
    name = models.JSONField()
    address = models.JSONField()
    lat = models.FloatField()
    lng = models.FloatField()
    hours = models.JSONField(default=dict)
    stop_minutes = models.PositiveSmallIntegerField(default=30)  # before closing, from when no ticket is given
    areas = models.JSONField(default=list)  # {id, zh, en, x, y, w, h}: the last four in hundredths of the floor plan
    languages = models.JSONField(default=list)
    self_service = models.JSONField(default=dict)  # {open_24h, kiosks}
    virtual_seats = models.PositiveSmallIntegerField(default=0)
    notice = models.JSONField(default=dict)  # what the hall says on its page, in two languages
    phone = models.CharField(max_length=30, blank=True, default="")
    facilities = models.JSONField(null=True, blank=True)  # of FACILITIES; null: nobody has said
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
        indexes = [
            models.Index(fields=["lat", "lng"], condition=Q(active=True), name="halls_by_place"),
            models.Index(fields=["level", "code"], name="halls_by_level"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lat__gte=-90, lat__lte=90, lng__gte=-180, lng__lte=180), name="hall_stands_on_the_earth"
            )
        ]

    def __str__(self):
        return self.code

    @property
    def subject(self) -> str:
        return f"hall:{self.pk}"

    @property
    def topic(self) -> str:
        """The live topic that changes with every ticket and window of this hall."""
        return f"hall:{self.pk}"

    @property
    def shown_name(self) -> str:
        return say(self.name)

    @property
    def shown_address(self) -> str:
        return say(self.address)


class HallDay(models.Model):
    """A day on which a hall keeps other hours than usual; an empty list: closed."""

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    hours = models.JSONField(default=list)
    reason = models.JSONField(default=dict)
    entered_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["hall", "day"], name="one_exception_of_a_hall_a_day")]

    def __str__(self):
        return f"{self.hall_id} {self.day}"


class HallMove(models.Model):
    """From this day on the hall is somewhere else: its bookings go along and their holders are told."""

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="moves", db_index=False)
    on = models.DateField()
    address = models.JSONField()
    lat = models.FloatField()
    lng = models.FloatField()
    entered_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    told_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["hall", "on"], name="one_move_of_a_hall_a_day")]

    def __str__(self):
        return f"{self.hall_id} {self.on}"


class Window(models.Model):
    """A place where somebody is served. A reserve window is opened by the supervisor when waiting grows."""

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="windows", db_index=False)
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=WindowKind.choices)
    area = models.CharField(max_length=30, blank=True, default="")
    department = models.ForeignKey(Department, null=True, blank=True, on_delete=models.PROTECT, related_name="windows")
    reserve = models.BooleanField(default=False)
    x = models.FloatField(null=True, blank=True)  # on the floor plan, in hundredths of its width
    y = models.FloatField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=WindowState.choices, default=WindowState.CLOSED)
    state_since = models.DateTimeField(default=timezone.now)
    pause_reason = models.CharField(max_length=20, blank=True, default="")
    officer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="windows")
    ready_at = models.DateTimeField(null=True, blank=True)  # when the officer last asked for somebody

    class Meta:
        ordering = ["hall_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["hall", "number"], name="window_number_once_a_hall"),
            models.UniqueConstraint(
                fields=["officer"], condition=Q(officer__isnull=False), name="officer_sits_at_one_window"
            ),
            models.CheckConstraint(
                condition=Q(state="closed", officer__isnull=True) | (~Q(state="closed") & Q(officer__isnull=False)),
                name="open_window_has_its_officer",
            ),
        ]

    def __str__(self):
        return f"{self.hall_id}/{self.number}"

    @property
    def subject(self) -> str:
        return f"window:{self.pk}"


class Shift(models.Model):
    """How many windows of a kind are planned to be open, by weekday (0 Monday) or on one day, which wins. Bookable places are counted from it."""

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="shifts", db_index=False)
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)
    day = models.DateField(null=True, blank=True)
    kind = models.CharField(max_length=12, choices=WindowKind.choices)
    begins = models.TimeField()
    ends = models.TimeField()
    windows = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["hall_id", "weekday", "day", "begins"]
        indexes = [models.Index(fields=["hall", "day"], name="shifts_of_a_hall")]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=models.F("begins")), name="shift_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(weekday__isnull=False, weekday__lt=7, day__isnull=True)
                | Q(weekday__isnull=True, day__isnull=False),
                name="shift_is_of_a_weekday_or_of_a_day",
            ),
        ]

    def __str__(self):
        return f"{self.hall_id} {self.kind} {self.begins}"


def new_key() -> str:
    return secrets.token_urlsafe(18)


class Machine(models.Model):
    """A thing in a hall that a page runs on or that can be reserved. `key` opens its own page and nothing else."""

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="machines", db_index=False)
    kind = models.CharField(max_length=10, choices=MachineKind.choices)
    number = models.PositiveSmallIntegerField()
    name = models.JSONField(default=dict)
    key = models.CharField(max_length=40, unique=True, default=new_key)
    area = models.CharField(max_length=30, blank=True, default="")
    x = models.FloatField(null=True, blank=True)
    y = models.FloatField(null=True, blank=True)
    working = models.BooleanField(default=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    plays = models.JSONField(default=dict)  # what a screen or a robot has to do now

    class Meta:
        ordering = ["hall_id", "kind", "number"]
        constraints = [
            models.UniqueConstraint(fields=["hall", "kind", "number"], name="machine_number_once_a_hall_and_kind")
        ]

    def __str__(self):
        return f"{self.hall_id} {self.kind} {self.number}"

    @property
    def shown_name(self) -> str:
        return say(self.name)


class Category(models.Model):
    """A queue: A personal, B business ... `weight` multiplies the waiting minutes; `window_kinds` may call it. Code is the prefix of its numbers."""

    code = models.CharField(max_length=2, unique=True)
    name = models.JSONField()
    weight = models.PositiveSmallIntegerField(default=1)
    average_minutes = models.PositiveSmallIntegerField()
    window_kinds = models.JSONField(default=list)
    bookable = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "code"]
        verbose_name_plural = "categories"

    def __str__(self):
        return self.code

    @property
    def shown_name(self) -> str:
        return say(self.name)


class HallRules(models.Model):
    """Limits and times of queue or appointments, of every hall, or of one that has its own. The words are those of demo/halls.yaml."""

    hall = models.ForeignKey(
        Hall, null=True, blank=True, on_delete=models.CASCADE, related_name="rules", db_index=False
    )
    about = models.CharField(max_length=12, choices=[("queue", "queue"), ("appointments", "appointments")])
    values = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "hall rules"
        constraints = [
            models.UniqueConstraint(fields=["hall", "about"], name="rules_once_a_hall"),
            models.UniqueConstraint(fields=["about"], condition=Q(hall__isnull=True), name="common_rules_once"),
        ]

    def __str__(self):
        return f"{self.hall_id or '*'} {self.about}"
