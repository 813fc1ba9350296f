"""Tickets and calls. A ticket may be anybody's: `party` only where the visitor showed who they are."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.cases.models import Case
from tongban.departments.models import Officer
from tongban.halls.models.appointments import Appointment
from tongban.halls.models.places import Category, Hall, Window
from tongban.halls.ticket_states import TicketState
from tongban.lib.fields import EncryptedField
from tongban.matters.models import Matter
from tongban.parties.models import Party

WAITS = Q(state__in=["waiting", "requeued"])


class NumberDay(models.Model):
    """The last number given of a category at a hall on a day; one conditional UPDATE takes the next."""

    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    prefix = models.CharField(max_length=2)
    last = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(
        null=True, blank=True
    )  # never goes back: a clock put back gives nobody an earlier place

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hall", "day", "prefix"], name="numbers_of_a_hall_once_a_day")]

    def __str__(self):
        return f"{self.hall_id} {self.day} {self.prefix}"


class TakenToday(models.Model):
    """How many numbers one person took of a category, or one phone number of all, on a day: counted up to the limit in one statement.
    `key` is a keyed hash with the day in it, so rows of two days cannot be joined."""

    key = models.CharField(max_length=64, unique=True)
    day = models.DateField(db_index=True)
    taken = models.PositiveSmallIntegerField(default=0)

    def __str__(self):
        return f"{self.day} {self.taken}"


def new_ticket_key() -> str:
    return secrets.token_urlsafe(12)


class Ticket(models.Model):
    """The right to be called. `waits_from` is when waiting began (issue, or the later of slot start and check-in); `place_after` orders a
    ticket that was skipped and came back: it stands behind that moment."""

    hall = models.ForeignKey(Hall, on_delete=models.PROTECT, related_name="tickets", db_index=False)
    day = models.DateField()
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+", db_index=False)
    label = models.CharField(max_length=6)  # A001
    key = models.CharField(max_length=24, unique=True, default=new_ticket_key)  # in the QR of the slip
    matter = models.ForeignKey(
        Matter, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    party = models.ForeignKey(
        Party, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets", db_index=False
    )
    phone = EncryptedField(blank=True, default="")
    phone_index = models.CharField(max_length=64, blank=True, default="")
    appointment = models.OneToOneField(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="ticket"
    )
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets")
    channel = models.CharField(max_length=12, default="machine")  # machine, phone, helper, robot, appointment, window
    language = models.CharField(max_length=10, default="zh-hans")
    elderly = models.BooleanField(default=False)
    issued_at = models.DateTimeField(default=timezone.now)
    waits_from = models.DateTimeField(default=timezone.now)
    place_after = models.DateTimeField(null=True, blank=True)
    estimate_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True
    )  # as said when it was issued, not rounded
    ahead = models.PositiveSmallIntegerField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=TicketState.choices, default=TicketState.WAITING)
    calls = models.PositiveSmallIntegerField(default=0)
    first_called_at = models.DateTimeField(null=True, blank=True)
    called_at = models.DateTimeField(null=True, blank=True)
    serving_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    requeues = models.PositiveSmallIntegerField(default=0)
    window = models.ForeignKey(
        Window, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets", db_index=False
    )
    only_window = models.ForeignKey(
        Window, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    officer = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    end_reason = models.CharField(max_length=20, blank=True, default="")  # why void
    on_the_spot = models.BooleanField(null=True)  # left with the decision (domain.md 5.4); null: nothing to decide
    come_back_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["hall", "category", "waits_from"], condition=WAITS, name="tickets_waiting"),
            models.Index(fields=["hall", "day", "-id"], name="tickets_of_a_day"),
            models.Index(fields=["party", "day"], condition=Q(party__isnull=False), name="tickets_of_a_party"),
            models.Index(fields=["phone_index", "day"], condition=~Q(phone_index=""), name="tickets_of_a_phone"),
            models.Index(
                fields=["hall", "category", "-ended_at"], condition=Q(state="done"), name="tickets_done_lately"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["hall", "day", "label"], name="ticket_number_once_a_day"),
            models.UniqueConstraint(
                fields=["window"], condition=Q(state__in=["called", "serving"]), name="window_has_one_visitor"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["called", "serving"]) | Q(window__isnull=False, officer__isnull=False),
                name="called_ticket_has_its_window",
            ),
        ]

    def __str__(self):
        return self.label

    @property
    def subject(self) -> str:
        return f"ticket:{self.pk}"


class TicketCall(models.Model):
    """One call of a ticket to a window: what screens show and voices say, and what statistics read."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="called", db_index=False)
    hall = models.ForeignKey(Hall, on_delete=models.CASCADE, related_name="+", db_index=False)
    window = models.ForeignKey(Window, on_delete=models.PROTECT, related_name="+", db_index=False)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    number = models.PositiveSmallIntegerField()  # first, second, third call
    out_of_turn = models.CharField(max_length=200, blank=True, default="")  # why not the computed next one

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["hall", "-id"], name="calls_of_a_hall"),
            models.Index(fields=["ticket", "number"], name="calls_of_a_ticket"),
        ]

    def __str__(self):
        return f"{self.ticket_id} {self.number}"
