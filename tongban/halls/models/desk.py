"""What the desk of a window keeps beside a ticket: the cases worked on, what the officer noted, and who was asked to rate on the device."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.cases.models import Case
from tongban.departments.models import Officer
from tongban.halls.models.places import Machine
from tongban.halls.models.tickets import Ticket
from tongban.lib.fields import EncryptedField
from tongban.parties.models import Account


class TicketCase(models.Model):
    """A case or draft that was worked on while this ticket was served. A draft that is deleted takes its line along."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="worked_on", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="served_at")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["ticket", "case"], name="case_once_a_ticket")]

    def __str__(self):
        return f"{self.ticket_id} {self.case_id}"


class DeskNote(models.Model):
    """What the officer wrote about this visit: what was asked and what was advised. `revision` counts its savings."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="note")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", db_index=False)
    words = EncryptedField(blank=True, default="")
    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"note of {self.ticket_id}"


def new_ask_key() -> str:
    return secrets.token_urlsafe(18)


class RatingAsk(models.Model):
    """The rating device of a window shows this case to the visitor, for a few minutes or until it is answered. `key` is in its form."""

    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="+", db_index=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=40, unique=True, default=new_ask_key)
    asked_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["machine"], condition=Q(ended_at__isnull=True), name="device_asks_one_at_a_time"
            )
        ]

    def __str__(self):
        return f"{self.machine_id} {self.ticket_id}"
