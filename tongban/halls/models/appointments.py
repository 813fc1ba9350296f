"""Booked slots, the wish for an earlier one, computers that are reserved."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.halls.appointment_states import AppointmentState, WishState
from tongban.halls.models.places import Category, Hall, Machine
from tongban.lib.fields import EncryptedField
from tongban.matters.models import Matter
from tongban.parties.models import Party

TAKEN = Q(state__in=["held", "confirmed", "checked_in", "served"])


class VisitKind(models.TextChoices):
    QUICK = "quick", _("quick help")
    ROUND_TABLE = "round_table", _("round table")
    GENERAL = "general", _("comprehensive window")
    SPECIALIST = "specialist", _("specialist")
    VIDEO = "video", _("video")


def new_link() -> str:
    return secrets.token_urlsafe(24)


class Appointment(models.Model):
    """A slot of thirty minutes. `place` numbers the bookable places of a slot from 0: two people never hold the same one."""

    hall = models.ForeignKey(Hall, on_delete=models.PROTECT, related_name="appointments", db_index=False)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=VisitKind.choices, default=VisitKind.GENERAL)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    place = models.PositiveSmallIntegerField()
    places = models.PositiveSmallIntegerField(default=1)  # several people or services take several slots' worth of time
    matter = models.ForeignKey(
        Matter, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    more_matters = models.JSONField(default=list)  # codes of further matters of the same visit
    people = models.PositiveSmallIntegerField(default=1)
    party = models.ForeignKey(
        Party, null=True, blank=True, on_delete=models.PROTECT, related_name="appointments", db_index=False
    )
    name = EncryptedField(blank=True, default="")  # of a caller without an account
    phone = EncryptedField(blank=True, default="")
    phone_index = models.CharField(max_length=64, blank=True, default="")
    language = models.CharField(max_length=10, default="zh-hans")
    channel = models.CharField(max_length=10, default="online")  # online, phone, window
    booked_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    link = models.CharField(
        max_length=40, unique=True, default=new_link
    )  # opens this appointment to whoever was sent it
    state = models.CharField(max_length=10, choices=AppointmentState.choices, default=AppointmentState.HELD)
    held_until = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    moved_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, blank=True, default="")
    reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-begins_at", "-id"]
        indexes = [
            models.Index(fields=["hall", "begins_at", "category"], name="appointments_of_a_hall"),
            models.Index(
                fields=["party", "begins_at"], condition=Q(party__isnull=False), name="appointments_of_a_party"
            ),
            models.Index(
                fields=["phone_index", "begins_at"], condition=~Q(phone_index=""), name="appointments_of_a_phone"
            ),
            models.Index(fields=["held_until"], condition=Q(state="held"), name="appointments_held"),
            models.Index(fields=["ends_at"], condition=Q(state="confirmed"), name="appointments_to_come"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["hall", "category", "begins_at", "place"], condition=TAKEN, name="one_holder_of_a_place"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("begins_at")), name="appointment_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(party__isnull=False) | ~Q(phone_index=""), name="appointment_is_somebodys"
            ),
        ]

    def __str__(self):
        return f"{self.hall_id} {self.begins_at:%F %H:%M} {self.place}"

    @property
    def subject(self) -> str:
        return f"appointment:{self.pk}"


class SlotPlace(models.Model):
    """One bookable place that somebody holds. The unique constraint decides who: whoever comes second cannot write the row. A cancelled
    place stays here without an appointment until its rest is over, so that nobody who watches for it is faster than the waiting list."""

    hall = models.ForeignKey(Hall, on_delete=models.PROTECT, related_name="+", db_index=False)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+", db_index=False)
    begins_at = models.DateTimeField()
    place = models.PositiveSmallIntegerField()
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.CASCADE, related_name="taken_places"
    )
    rests_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["begins_at", "place"]
        indexes = [
            models.Index(fields=["rests_until"], condition=Q(appointment__isnull=True), name="slot_places_resting")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["hall", "begins_at", "category", "place"], name="a_place_of_a_slot_is_held_once"
            ),
            models.CheckConstraint(
                condition=Q(appointment__isnull=False) | Q(rests_until__isnull=False),
                name="slot_place_is_held_or_rests",
            ),
        ]

    def __str__(self):
        return f"{self.hall_id} {self.begins_at:%F %H:%M} {self.place}"


class EarlierWish(models.Model):
    """Somebody on the waiting list of a hall and category, for themselves or with an appointment that they would move."""

    hall = models.ForeignKey(Hall, on_delete=models.PROTECT, related_name="wishes", db_index=False)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+", db_index=False)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="earlier_wishes", db_index=False)
    matter = models.ForeignKey(
        Matter, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="wishes", db_index=False
    )
    from_day = models.DateField()
    until_day = models.DateField()
    drawn = models.FloatField(default=0.0)  # the lot that orders those who wished before the slots were released
    state = models.CharField(max_length=8, choices=WishState.choices, default=WishState.WAITING)
    offered = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    offered_until = models.DateTimeField(null=True, blank=True)
    offers = models.PositiveSmallIntegerField(default=0)  # made so far: three unanswered ones are enough
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["hall", "category", "made_at"], condition=Q(state="waiting"), name="wishes_waiting"),
            models.Index(fields=["party", "-id"], name="wishes_of_a_party"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["party", "hall", "category"],
                condition=Q(state__in=["waiting", "offered"]),
                name="one_wish_at_a_time",
            )
        ]

    def __str__(self):
        return f"{self.hall_id} {self.party_id}"


class ComputerHour(models.Model):
    """A computer of the self-service section reserved for somebody."""

    machine = models.ForeignKey(Machine, on_delete=models.PROTECT, related_name="hours", db_index=False)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="computer_hours", db_index=False)
    ended_at = models.DateTimeField(null=True, blank=True)  # given back

    class Meta:
        ordering = ["begins_at"]
        indexes = [models.Index(fields=["party", "begins_at"], name="computers_of_a_party")]
        constraints = [
            models.UniqueConstraint(
                fields=["machine", "begins_at"], condition=Q(ended_at__isnull=True), name="one_person_at_a_computer"
            )
        ]

    def __str__(self):
        return f"{self.machine_id} {self.begins_at}"
