from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.cases.carrying_states import CarryingState
from tongban.cases.models.application import Case
from tongban.lib.fields import EncryptedField
from tongban.matters.models import Matter
from tongban.parties.models import Account


class ListedMatter(models.Model):
    """One matter on somebody's list of what they want to do together; `case` is what was begun from there."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="listed")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.SET_NULL, related_name="listed")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["account", "matter"], name="matter_stands_once_on_a_list")]

    def __str__(self):
        return f"{self.matter_id} on the list of {self.account_id}"


class CarriedDraft(models.Model):
    """A draft carried to a second device of the same person: a phone, a terminal. Not a sign-in: it reaches this draft and nothing else.

    `code_index` is the keyed code of the QR, kept until the end so that a second scan is noticed; `begun_index` the session that
    showed it and alone may let the device in; `token_index` what the second device carries; `number` the digits it shows.
    """

    State = CarryingState

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="carried")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="carried")
    state = models.CharField(max_length=8, choices=CarryingState.choices, default=CarryingState.OFFERED)
    code_index = models.CharField(max_length=64, blank=True, default="")
    begun_index = models.CharField(max_length=64)
    token_index = models.CharField(max_length=64, blank=True, default="")
    number = EncryptedField(blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    device = EncryptedField(blank=True, default="")
    made_at = models.DateTimeField(default=timezone.now)
    code_until = models.DateTimeField()
    scanned_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=12, blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["account", "-id"], name="drafts_carried_by_account")]
        constraints = [
            models.UniqueConstraint(fields=["code_index"], condition=~Q(code_index=""), name="qr_carries_one_draft"),
            models.UniqueConstraint(fields=["token_index"], condition=~Q(token_index=""), name="device_has_one_draft"),
            models.UniqueConstraint(
                fields=["case"], condition=~Q(state="ended"), name="draft_is_carried_to_one_device_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(state="open")
                | (Q(opened_at__isnull=False) & Q(until__isnull=False) & Q(seen_at__isnull=False) & ~Q(token_index="")),
                name="device_at_work_was_let_in_and_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(state="ended") | (Q(ended_at__isnull=False) & Q(token_index="") & Q(code_index="")),
                name="carried_draft_that_ended_opens_nothing",
            ),
        ]

    def __str__(self):
        return f"draft {self.case_id} carried, {self.state}"
