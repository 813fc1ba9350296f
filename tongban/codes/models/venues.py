"""Venues, what hangs at their entrances, what is counted there, and who works there.

Who came is not in here. Entrances hold counts of ten minutes; what a phone visited stays on the phone. Only under an emergency order
that says so a visit is written down, sealed to the health office (`SealedVisit`): this server cannot read it back.
"""

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.codes.venue_states import PosterState, VenueReportState, VenueState, WorkerState
from tongban.departments.models import Officer
from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedField
from tongban.parties.models import Account, Party, Person
from tongban.places.models import Division


class VenueKind(models.TextChoices):
    """The kinds of demo/digital_codes.yaml, by the words the application uses."""

    SCHOOL = "school", _("school")
    COMPOUND = "residential compound", _("residential compound")
    OFFICE = "government office", _("government office")
    HALL = "service hall", _("service hall")
    MALL = "mall", _("shopping mall")
    MARKET = "wet market", _("wet market")
    SUPERMARKET = "supermarket", _("supermarket")
    RESTAURANT = "restaurant", _("restaurant")
    SHOP = "street shop", _("street shop")
    CINEMA = "cinema", _("cinema or theatre")
    LIBRARY = "library", _("library")
    HOTEL = "hotel", _("hotel")
    GYM = "gym", _("gym")
    PARK = "park", _("park")
    HOSPITAL = "hospital", _("hospital")
    TRANSPORT = "transport", _("station or stop")
    FACTORY = "factory", _("factory")
    BUILDING = "office building", _("office building")
    SITE = "construction site", _("construction site")


class EntryLevel(models.TextChoices):
    """What is asked at an entrance, from nothing to most."""

    OFF = "off", _("nothing is asked")
    REGISTER = "register", _("scan when you come in")
    GREEN = "green", _("green code")
    TEST_72 = "test_72h", _("green code and a negative test of the last 72 hours")
    TEST_48 = "test_48h", _("green code and a negative test of the last 48 hours")


class Outcome(models.TextChoices):
    PASS = "pass", _("come in")
    WARN = "warn", _("show the guard more")
    REFUSE = "refuse", _("cannot come in now")


class How(models.TextChoices):
    OWN = "own", _("scanned by the visitor")
    GUEST = "guest", _("guest without an account")
    STAFF = "staff", _("scanned by the staff")
    MANUAL = "manual", _("written down by the staff")


class Venue(models.Model):
    """A place with entrances, made by a granted application. Name and address are public: they hang on its doors."""

    code_no = models.CharField(max_length=40, unique=True)
    case = models.OneToOneField(Case, null=True, blank=True, on_delete=models.PROTECT, related_name="venue")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="venues")
    kind = models.CharField(max_length=20, choices=VenueKind.choices)
    name = models.JSONField()
    address = models.JSONField()
    division = models.ForeignKey(Division, null=True, blank=True, on_delete=models.PROTECT, related_name="venues")
    capacity = models.PositiveIntegerField(null=True, blank=True)
    turns_back = models.BooleanField(default=False)  # when full: refuse, not only warn
    stay_minutes = models.PositiveSmallIntegerField(default=60)
    manager_name = EncryptedField(blank=True, default="")
    manager_phone = EncryptedField(blank=True, default="")
    valid_until = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=VenueState.choices, default=VenueState.ACTIVE)
    state_reason = models.CharField(max_length=300, blank=True, default="")
    state_since = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["division", "-id"], name="venues_of_a_division"),
            models.Index(fields=["kind", "-id"], name="venues_of_a_kind"),
            models.Index(fields=["party", "-id"], name="venues_of_a_party"),
            models.Index(fields=["-id"], condition=Q(state="suspended"), name="venues_suspended"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(capacity__isnull=True) | Q(capacity__gt=0), name="venue_holds_somebody"),
            models.CheckConstraint(
                condition=~Q(state="suspended") | ~Q(state_reason=""), name="suspended_venue_has_its_reason"
            ),
        ]

    def __str__(self):
        return self.code_no

    @property
    def subject(self) -> str:
        return f"venue:{self.pk}"

    @property
    def shown_name(self) -> str:
        return say(self.name)

    @property
    def shown_address(self) -> str:
        return say(self.address)


class Entrance(models.Model):
    """A way in: with a venue code or with a checking device, never both."""

    class Control(models.TextChoices):
        CODE = "code", _("venue code")
        DEVICE = "device", _("checking device")

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="entrances")
    name = models.JSONField()
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    control = models.CharField(max_length=6, choices=Control.choices, default=Control.CODE)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"entrance {self.pk} of {self.venue_id}"

    @property
    def shown_name(self) -> str:
        return say(self.name)


def new_mark() -> str:
    return secrets.token_urlsafe(9)


class Poster(models.Model):
    """One printed code. What is printed is signed; the row only says whether it still hangs there."""

    entrance = models.ForeignKey(Entrance, on_delete=models.CASCADE, related_name="posters")
    mark = models.CharField(max_length=12, unique=True, default=new_mark, editable=False)
    place = models.CharField(max_length=60, blank=True, default="")
    state = models.CharField(max_length=10, choices=PosterState.choices, default=PosterState.CURRENT)
    made_by = models.ForeignKey(Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    instead_of = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replacement"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="current", ended_at__isnull=True) | (~Q(state="current") & Q(ended_at__isnull=False)),
                name="poster_that_ended_has_its_hour",
            ),
        ]

    def __str__(self):
        return f"poster {self.pk} ({self.state})"


class EntryRule(models.Model):
    """What is asked at the entrances of one kind of venue, or what is in force in one place, from when until when.

    Asking for a colour or a test takes an emergency order besides: without one such a rule asks nobody for anything.
    """

    kind = models.CharField(max_length=20, choices=VenueKind.choices, blank=True, default="")
    venue = models.ForeignKey(Venue, null=True, blank=True, on_delete=models.PROTECT, related_name="rules")
    level = models.CharField(max_length=10, choices=EntryLevel.choices)
    words = models.JSONField(default=dict)
    basis = models.CharField(max_length=200)
    staff_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    first_day = models.DateField()
    last_day = models.DateField()
    published_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(default=timezone.now)
    withdrawn_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["kind", "last_day"], condition=Q(withdrawn_at__isnull=True), name="entry_rules_of_a_kind"
            ),
            models.Index(
                fields=["venue", "last_day"], condition=Q(withdrawn_at__isnull=True), name="entry_rules_of_a_venue"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind="") & Q(venue__isnull=False)) | (~Q(kind="") & Q(venue__isnull=True)),
                name="entry_rule_is_of_a_kind_or_a_place",
            ),
            models.CheckConstraint(condition=Q(last_day__gte=models.F("first_day")), name="entry_rule_has_its_end"),
            models.CheckConstraint(condition=~Q(basis=""), name="entry_rule_names_its_basis"),
        ]

    def __str__(self):
        return f"rule {self.pk}: {self.level}"


class EntranceCount(models.Model):
    """How many were let in, warned and refused at one entrance in ten minutes. All that stays of a day without an order."""

    entrance = models.BigIntegerField(db_column="entrance_id")  # its key and no reference: a count leads to nobody
    slot = models.DateTimeField()
    passed = models.PositiveIntegerField(default=0)
    warned = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["slot", "entrance"]
        indexes = [models.Index(fields=["slot"], name="entrance_counts_in_time")]
        constraints = [models.UniqueConstraint(fields=["entrance", "slot"], name="one_count_of_ten_minutes")]

    def __str__(self):
        return f"{self.entrance} at {self.slot}"


class CountedOnce(models.Model):
    """A keyed mark of a visitor at a place for ten minutes, so that nobody is counted twice. Gone soon after; says no name."""

    mark = models.CharField(max_length=64, primary_key=True)
    entrance = models.BigIntegerField(db_column="entrance_id")
    slot = models.DateTimeField()
    result = models.CharField(max_length=6, choices=Outcome.choices)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="counted_marks_in_time")]

    def __str__(self):
        return f"{self.entrance} at {self.at}"


class Passage(models.Model):
    """What the guard has just seen: which entrance, when, with what result. Nobody's name; gone after half an hour."""

    venue = models.BigIntegerField(db_column="venue_id")
    entrance = models.BigIntegerField(db_column="entrance_id")
    at = models.DateTimeField()
    result = models.CharField(max_length=6, choices=Outcome.choices)
    reason = models.CharField(max_length=30)
    how = models.CharField(max_length=6, choices=How.choices)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["venue", "-id"], name="passages_of_a_venue"),
            models.Index(fields=["at"], name="passages_in_time"),
        ]

    def __str__(self):
        return f"{self.result} at {self.at}"


class VenueWorker(models.Model):
    """Somebody who works at a venue, by their own yes. The manager sees whether a test is due, never what it said."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="workers", db_index=False)
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="works_at", db_index=False
    )
    name = EncryptedField()
    job = models.CharField(max_length=40, blank=True, default="")
    guard = models.BooleanField(default=False)
    code_index = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=8, choices=WorkerState.choices, default=WorkerState.INVITED)
    invited_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    agreed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["venue", "state", "id"], name="workers_of_a_venue"),
            models.Index(fields=["person", "state"], name="venues_of_a_worker"),
            models.Index(fields=["code_index"], condition=Q(state="invited"), name="workers_by_their_code"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="works") | Q(person__isnull=False, agreed_at__isnull=False),
                name="worker_has_agreed",
            ),
            models.UniqueConstraint(
                fields=["venue", "person"], condition=Q(state="works"), name="a_worker_stands_on_a_list_once"
            ),
        ]

    def __str__(self):
        return f"worker {self.pk} of venue {self.venue_id}"


class SealedVisit(models.Model):
    """A visit under an emergency order, sealed to the health office with the key of its day.

    Only day, place and order stand beside it. Without the office's own key, or once the key of the day is destroyed, nobody reads it.
    """

    day = models.DateField()
    venue = models.BigIntegerField(db_column="venue_id")
    order = models.BigIntegerField(db_column="order_id")
    sealed = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["day", "venue"], name="sealed_visits_of_a_day")]

    def __str__(self):
        return f"visit on {self.day}"


class VenueReport(models.Model):
    """Somebody says that a poster is not what it should be. Without a name, unless they wish to be reached."""

    class What(models.TextChoices):
        FORGED = "forged", _("the code is not ours")
        ALTERED = "altered", _("the code was changed")
        REPLACED = "replaced", _("the code was replaced and still hangs there")
        ELSEWHERE = "elsewhere", _("it names another place than where it hangs")
        SUSPENDED = "suspended", _("the venue is suspended")
        OTHER = "other", _("something else")

    venue = models.ForeignKey(Venue, null=True, blank=True, on_delete=models.PROTECT, related_name="reports")
    entrance = models.ForeignKey(Entrance, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    what = models.CharField(max_length=10, choices=What.choices)
    place = EncryptedField(blank=True, default="")
    text = EncryptedField(blank=True, default="")
    contact = EncryptedField(blank=True, default="")
    party = models.ForeignKey(Party, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=6, choices=VenueReportState.choices, default=VenueReportState.OPEN)
    at = models.DateTimeField(default=timezone.now)
    found = EncryptedField(blank=True, default="")
    closed_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["-id"], condition=Q(state="open"), name="venue_reports_to_look_at")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open") | Q(closed_by__isnull=False, closed_at__isnull=False),
                name="closed_report_has_its_officer",
            ),
        ]

    def __str__(self):
        return f"report {self.pk} ({self.what})"


class DivisionDay(models.Model):
    """Entries of one division and kind of venue on one day, summed from the counts: how venue codes spread."""

    division = models.CharField(max_length=12, blank=True, default="")  # its code; empty where nobody said
    kind = models.CharField(max_length=20, choices=VenueKind.choices)
    day = models.DateField()
    passed = models.PositiveBigIntegerField(default=0)
    warned = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "division", "kind"], name="one_sum_of_a_day")]

    def __str__(self):
        return f"{self.day} {self.division} {self.kind}"


class VenueTally(models.Model):
    """How many venues of a kind are in use in a division: counted in the act that makes or ends one."""

    division = models.CharField(max_length=12, blank=True, default="")
    kind = models.CharField(max_length=20, choices=VenueKind.choices)
    venues = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "venue tallies"
        constraints = [models.UniqueConstraint(fields=["division", "kind"], name="one_tally_of_a_kind")]

    def __str__(self):
        return f"{self.division} {self.kind}: {self.venues}"
