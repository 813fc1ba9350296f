"""One act on many cases: the list, what was asked, who confirmed it, and of each case what came of it."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from tongban.cases.batch_states import ALONE, BatchState, ItemState
from tongban.cases.models.application import Case, new_ref
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField, EncryptedJSONField


class Batch(models.Model):
    """`act` is one of `services.batching.ACTS`, `given` what the act asks for (a reason, days, points); `number` counts the cases it is
    to be done for. Where the act makes files, they may be fetched `until` then.
    """

    State = BatchState

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="batches")
    act = models.CharField(max_length=30)
    given = EncryptedJSONField(default=dict)
    state = models.CharField(max_length=8, choices=BatchState.choices)
    number = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField(default=timezone.now)
    lapses_at = models.DateTimeField(null=True, blank=True)
    second = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="confirmed_batches"
    )
    second_at = models.DateTimeField(null=True, blank=True)
    why_not = EncryptedField(blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    fetched = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "batches"
        indexes = [
            models.Index(fields=["officer", "-id"], name="batches_of_officer"),
            models.Index(fields=["lapses_at"], condition=Q(state="asked"), name="batches_waiting_for_second"),
            models.Index(fields=["until"], condition=Q(until__isnull=False), name="batches_with_files"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(second__isnull=True) | ~Q(second=F("officer")), name="batch_is_confirmed_by_another_person"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["running", "done"]) | Q(number__lte=ALONE) | Q(second__isnull=False),
                name="batch_over_ten_has_a_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="asked") | Q(lapses_at__isnull=False), name="batch_asked_for_has_its_end"
            ),
        ]

    def __str__(self):
        return f"{self.act} for {self.number} cases"

    @property
    def subject(self) -> str:
        return f"batch:{self.pk}"


class BatchItem(models.Model):
    """One case of the list. `mark` is how it stood when the list was made: done is only what was seen. `why` says in both languages
    why it was not done; `file` is the sealed part of a download.
    """

    State = ItemState

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="batch_items")
    place = models.PositiveSmallIntegerField()
    mark = models.CharField(max_length=60)
    state = models.CharField(max_length=8, choices=ItemState.choices, default=ItemState.WAITING)
    why = EncryptedJSONField(null=True)
    at = models.DateTimeField(null=True, blank=True)
    file = models.CharField(max_length=80, blank=True, default="")
    size = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["batch", "place"]
        indexes = [models.Index(fields=["batch", "state", "place"], name="batch_items_by_state")]
        constraints = [
            models.UniqueConstraint(fields=["batch", "case"], name="case_once_in_a_batch"),
            models.CheckConstraint(
                condition=~Q(state__in=["done", "failed"]) | Q(at__isnull=False), name="batch_item_done_has_its_hour"
            ),
        ]

    def __str__(self):
        return f"{self.place} of {self.batch_id}: {self.state}"
