"""Round tables: who sits there, what was noted, who does what until when, and the letter about it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.cases.models import Case
from tongban.departments.models import Department, Officer
from tongban.halls.models.appointments import Appointment
from tongban.halls.models.places import Hall
from tongban.halls.round_table_states import TableState
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.parties.models import Party


class RoundTable(models.Model):
    """It outlives the appointment it was booked by: hall, time and matters are its own, the letter says what was said then."""

    appointment = models.OneToOneField(
        Appointment, null=True, blank=True, on_delete=models.SET_NULL, related_name="round_table"
    )
    hall = models.ForeignKey(Hall, on_delete=models.PROTECT, related_name="round_tables", db_index=False)
    party = models.ForeignKey(
        Party, null=True, blank=True, on_delete=models.PROTECT, related_name="round_tables", db_index=False
    )
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    room = models.CharField(max_length=40)  # where in the hall
    about = EncryptedField(blank=True, default="")  # the visitor reads it
    matters = models.JSONField(default=list)  # their slugs
    led_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=8, choices=TableState.choices, default=TableState.PLANNED)
    screen = models.PositiveIntegerField(default=1)  # which link of the shared screen opens it
    made_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    result = EncryptedField(blank=True, default="")
    result_en = EncryptedField(blank=True, default="")
    number = models.CharField(max_length=40, blank=True, default="")
    letter = EncryptedJSONField(null=True, blank=True)  # everything it says, as it was said then

    class Meta:
        ordering = ["-begins_at", "-id"]
        indexes = [
            models.Index(fields=["hall", "begins_at"], name="tables_of_a_hall"),
            models.Index(fields=["party", "-begins_at"], condition=Q(party__isnull=False), name="tables_of_a_party"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["hall", "room", "begins_at"],
                condition=Q(state__in=["planned", "open"]),
                name="one_round_table_at_a_place",
            ),
            models.CheckConstraint(
                condition=~Q(state="ended") | (Q(ended_at__isnull=False) & ~Q(number="")),
                name="ended_table_has_its_letter",
            ),
        ]

    def __str__(self):
        return f"{self.hall_id} {self.begins_at:%F %H:%M} {self.room}"

    @property
    def subject(self) -> str:
        return f"round-table:{self.pk}"

    @property
    def topic(self) -> str:
        return self.subject


class RoundTableSeat(models.Model):
    """A department was asked to come; `officer` is who of it said that they do."""

    table = models.ForeignKey(RoundTable, on_delete=models.CASCADE, related_name="seats", db_index=False)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="table_seats")
    officer = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["table", "department"], name="department_once_at_a_table")]

    def __str__(self):
        return f"{self.table_id} {self.department_id}"


class RoundTableNote(models.Model):
    """Written down at the table, a line for each writing: nobody writes over anybody."""

    table = models.ForeignKey(RoundTable, on_delete=models.CASCADE, related_name="notes", db_index=False)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    words = EncryptedField()
    internal = models.BooleanField(default=False)  # for the officers alone
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["table", "id"], name="notes_of_a_table")]

    def __str__(self):
        return f"{self.table_id} {self.at:%H:%M}"


class RoundTableTask(models.Model):
    """What somebody does after it: a department, or, without one, the visitor."""

    table = models.ForeignKey(RoundTable, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    words = EncryptedField()
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    due_on = models.DateField()
    set_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(  # nobody where the visitor did
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["due_on", "id"]
        indexes = [
            models.Index(fields=["table", "due_on"], name="tasks_of_a_table"),
            models.Index(fields=["department", "due_on"], condition=Q(done_at__isnull=True), name="table_tasks_open"),
        ]

    def __str__(self):
        return f"{self.table_id} {self.due_on}"


class RoundTableCase(models.Model):
    """An application that lies on the table."""

    table = models.ForeignKey(RoundTable, on_delete=models.CASCADE, related_name="laid", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["table", "case"], name="case_once_on_a_table")]

    def __str__(self):
        return f"{self.table_id} {self.case_id}"
