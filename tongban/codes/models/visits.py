"""Inspections of venues: what was drawn and by which seed, who was checked with what result, what was found and what the venue says."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes.models.venues import Venue, VenueKind, VenueWorker
from tongban.codes.visit_states import FoundState, VisitState
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.materials.models import Document
from tongban.parties.models import Account, Person, new_ref
from tongban.places.models import Division


class VenueVisit(models.Model):
    """One inspection of a venue that chance chose. The seed stands here, so anybody can draw again and see that it comes out the same.

    `turn` counts the draws of an inspector on a day; `instead_of` is the draw that was left for this one, and then `why_again` says why.
    """

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    inspector = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="venue_visits", db_index=False)
    area = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="venue_visits")
    kind = models.CharField(max_length=20, choices=VenueKind.choices, blank=True, default="")
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="visits", db_index=False)
    seed = models.CharField(max_length=32)
    among = models.PositiveIntegerField()  # venues that could have been drawn
    staff = models.PositiveIntegerField(default=0)  # workers that could have been
    sample = models.JSONField(default=list)  # ids of workers on the venue's list
    day = models.DateField()
    turn = models.PositiveSmallIntegerField()
    instead_of = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="followed_by"
    )
    why_again = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(max_length=8, choices=VisitState.choices, default=VisitState.DRAWN)
    drawn_at = models.DateTimeField(default=timezone.now)
    note = EncryptedField(blank=True, default="")
    place = EncryptedField(blank=True, default="")
    position = models.JSONField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)
    saver = models.CharField(max_length=24, blank=True, default="")
    saved_at = models.DateTimeField(null=True, blank=True)
    why_fewer = EncryptedField(blank=True, default="")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["inspector", "-id"], name="visits_of_an_inspector"),
            models.Index(fields=["venue", "-id"], name="visits_of_a_venue"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["inspector", "day", "turn"], name="one_draw_at_a_time"),
            models.CheckConstraint(
                condition=Q(instead_of__isnull=True) | ~Q(why_again=""), name="second_draw_names_its_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_at__isnull=False), name="visit_done_has_its_hour"
            ),
        ]

    def __str__(self):
        return f"visit {self.ref} ({self.state})"

    @property
    def subject(self) -> str:
        return f"visit:{self.pk}"


class WorkerCheck(models.Model):
    """One scan of a worker: by identity code or health pass. `seen` is what the inspector saw, sealed; it goes after half a year.

    `key` is the phone's own name for the scan, so that what waited for a connection is written down once.
    """

    class How(models.TextChoices):
        CODE = "code", _("identity code")
        PASS = "pass", _("health pass")
        LIST = "list", _("by the staff list")

    visit = models.ForeignKey(VenueVisit, on_delete=models.CASCADE, related_name="checks", db_index=False)
    key = models.CharField(max_length=40)
    how = models.CharField(max_length=4, choices=How.choices)
    worker = models.ForeignKey(
        VenueWorker, null=True, blank=True, on_delete=models.SET_NULL, related_name="checks", db_index=False
    )
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="worker_checks")
    at = models.DateTimeField()
    fine = models.BooleanField()
    seen = EncryptedJSONField(default=dict)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["at"], name="worker_checks_in_time")]
        constraints = [models.UniqueConstraint(fields=["visit", "key"], name="a_scan_is_written_down_once")]

    def __str__(self):
        return f"check {self.pk} of visit {self.visit_id}"


class VenueFinding(models.Model):
    """What was not in order at a venue, until when it is put right, and what the venue says.

    `counted_from`: the day its working days run from; none where it was found before this was stored.
    """

    class What(models.TextChoices):
        TEST_POSITIVE = "test_positive", _("a worker with a positive test is at work")
        TEST_OVERDUE = "test_overdue", _("tests of workers are overdue")
        NOT_ON_LIST = "not_on_list", _("somebody works here who is not on the staff list")
        CODE_MISSING = "code_missing", _("the venue code does not hang at the entrance")
        REGISTER_MISSING = "register_missing", _("no register for people without a phone")
        VENTILATION = "ventilation", _("ventilation does not work")
        DISINFECTION = "disinfection", _("disinfection is not in order")
        OTHER = "other", _("something else")

    visit = models.ForeignKey(VenueVisit, on_delete=models.PROTECT, related_name="findings")
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="findings", db_index=False)
    what = models.CharField(max_length=20, choices=What.choices)
    words = EncryptedField(blank=True, default="")
    due = models.DateField()
    counted_from = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=FoundState.choices, default=FoundState.OPEN)
    answer = EncryptedField(blank=True, default="")
    answered_by = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="venue_answers"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    given_back = EncryptedField(blank=True, default="")
    escalated_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="findings_closed"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["venue", "-id"], name="findings_of_a_venue"),
            models.Index(fields=["due"], condition=Q(state="open"), name="findings_by_their_last_day"),
            models.Index(fields=["-id"], condition=Q(state="overdue"), name="findings_with_the_supervisor"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["visit", "what"], name="one_finding_of_a_kind"),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_by__isnull=False, closed_at__isnull=False),
                name="finding_closed_has_its_officer",
            ),
        ]

    def __str__(self):
        return f"{self.what} at venue {self.venue_id} ({self.state})"


class VisitPhoto(models.Model):
    """A photograph taken on the spot, through the gate of materials; the phone's own name keeps it from coming twice."""

    visit = models.ForeignKey(VenueVisit, on_delete=models.CASCADE, related_name="photos")
    key = models.CharField(max_length=40)
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="visit_photo")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["visit", "key"], name="a_photo_of_a_visit_is_kept_once")]

    def __str__(self):
        return f"photo {self.pk} of visit {self.visit_id}"
