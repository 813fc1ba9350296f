"""Getting the result on paper: the package, what lies in it, who took it with which document, and where a parcel was."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.cases.delivery_states import DeliveryState, Parcel, Way
from tongban.cases.models.application import Case, new_ref
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.licences.models import Licence
from tongban.parties.models import IdKind, Party, Person


class Delivery(models.Model):
    """One package for one errand: everything that a case and its members gave, on paper, on its way to one person.

    `case` is the errand: of a bundle the whole. `place` {"hall", "name", "address", "hours"} is the hall where it waits. `code` is shown
    to the applicant and found by its keyed index; it dies with what it opens. `due_from` is the day that the working days until `due` are
    counted from; none where it was prepared before this was stored. `address` {"name", "phone", "address"}; `collector`
    {"name", "id_kind", "id_no"} is somebody the applicant named. `since` is the first day on which it could be had.
    """

    State = DeliveryState
    Way = Way

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="deliveries")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="deliveries")
    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    way = models.CharField(max_length=8, choices=Way.choices)
    state = models.CharField(max_length=12, choices=DeliveryState.choices, default=DeliveryState.CHOSEN)
    hall = models.CharField(max_length=60, blank=True, default="")
    place = models.JSONField(default=dict)
    address = EncryptedJSONField(default=dict)
    collector = EncryptedJSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    due = models.DateField(null=True, blank=True)
    due_from = models.DateField(null=True, blank=True)
    prepared_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="prepared_deliveries"
    )
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    reminded = models.PositiveSmallIntegerField(default=0)
    code = EncryptedField(blank=True, default="")
    code_index = models.CharField(max_length=64, blank=True, default="")
    door = models.CharField(max_length=20, blank=True, default="")
    carrier = models.CharField(max_length=60, blank=True, default="")
    tracking = models.CharField(max_length=40, blank=True, default="")
    came_back_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["state", "due", "id"], name="deliveries_by_state_and_due"),
            models.Index(fields=["state", "until", "id"], name="deliveries_by_state_and_end"),
            models.Index(fields=["party", "state"], name="deliveries_of_party"),
            models.Index(fields=["tracking"], condition=~Q(tracking=""), name="deliveries_by_tracking"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(state__in=["chosen", "preparing"]),
                name="one_package_being_made_per_errand",
            ),
            models.UniqueConstraint(fields=["code_index"], condition=~Q(code_index=""), name="code_opens_one_package"),
            models.CheckConstraint(
                condition=~Q(state="posted") | ~Q(tracking=""), name="posted_package_can_be_tracked"
            ),
            models.CheckConstraint(
                condition=~Q(state="in_locker") | ~Q(door=""), name="package_in_a_locker_has_a_door"
            ),
            models.CheckConstraint(
                condition=~Q(state="waiting") | (~Q(code_index="") & Q(until__isnull=False)),
                name="package_that_waits_has_a_code_and_an_end",
            ),
        ]

    def __str__(self):
        return f"package {self.ref}"

    @property
    def subject(self) -> str:
        return f"delivery:{self.pk}"

    @property
    def is_made_anew(self) -> bool:
        """The parcel it was sent in before is lost; one that came back keeps its number."""
        return self.state == DeliveryState.PREPARING and self.came_back_at is not None and not self.tracking


class Collection(models.Model):
    """Somebody stood at a window, their document was compared, and they took what is listed, once. `content` is what they signed for."""

    class As(models.TextChoices):
        OWN = "own", "own"
        POWER = "power", "power"
        NAMED = "named", "named"

    class Signed(models.TextChoices):
        GLASS = "glass", "glass"
        PAPER = "paper", "paper"

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="collections")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="collections")
    hall = models.CharField(max_length=60, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    taker_as = models.CharField(max_length=6, choices=As.choices)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="taken")
    name = EncryptedField()
    id_kind = models.CharField(max_length=20, choices=IdKind.choices)
    id_end = EncryptedField()
    signed = models.CharField(max_length=6, choices=Signed.choices)
    strokes = EncryptedJSONField(default=list)
    kept = models.CharField(max_length=120, blank=True, default="")
    content = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(signed="paper") | ~Q(kept=""), name="signed_paper_is_kept_somewhere")
        ]

    def __str__(self):
        return f"collection {self.ref}"


class DeliveryItem(models.Model):
    """One result in a package. Handed over once: with a hand-over at a window, or with the whole package."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="items")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="delivery_items")
    licence = models.ForeignKey(Licence, null=True, blank=True, on_delete=models.PROTECT, related_name="delivery_items")
    name = models.JSONField()
    collection = models.ForeignKey(Collection, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "case"], name="result_once_in_a_package"),
            models.CheckConstraint(
                condition=Q(collection__isnull=True) | Q(taken_at__isnull=False), name="result_handed_over_has_its_hour"
            ),
        ]

    def __str__(self):
        return f"result {self.case_id} in {self.delivery_id}"


class TrackingEvent(models.Model):
    """What a courier or a locker said, each notice once however often it is sent. `at` is their hour, `heard_at` ours."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tracked")
    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=Parcel.choices)
    where = models.CharField(max_length=120, blank=True, default="")
    at = models.DateTimeField()
    heard_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["delivery", "key"], name="notice_of_a_parcel_counts_once")]

    def __str__(self):
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class TwinParcel(models.Model):
    """A parcel in the books of the simulated courier. It keeps no address: the twin sends nothing."""

    reference = models.CharField(max_length=64, unique=True)
    tracking = models.CharField(max_length=40, unique=True)
    key = models.CharField(max_length=16, unique=True, default=new_ref)
    told = models.PositiveSmallIntegerField(default=0)
    over = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return self.tracking


class TwinDoor(models.Model):
    """A door of the simulated locker: free, or holding a package behind a code until a day."""

    hall = models.CharField(max_length=60)
    door = models.CharField(max_length=20)
    reference = models.CharField(max_length=64, blank=True, default="")
    code_index = models.CharField(max_length=64, blank=True, default="")
    until = models.DateField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hall", "door"], name="door_once_in_a_hall"),
            models.UniqueConstraint(
                fields=["reference"], condition=~Q(reference=""), name="package_lies_behind_one_door"
            ),
        ]

    def __str__(self):
        return f"{self.hall} {self.door}"
