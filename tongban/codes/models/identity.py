"""Who has a code, who reads codes for what, and who has read whose."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes.scene_states import SceneDraftState
from tongban.departments.models import Officer
from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedField
from tongban.parties.models import Account, Party, Person, new_ref


class IdentityCode(models.Model):
    """What the aliases of somebody's codes lead to: one row for a person, a company and whoever shows its code, a child and the parent
    who shows theirs, an officer; and one for each paper. It is made when a code is first shown, and what changes each minute is not kept.
    """

    class Sort(models.TextChoices):
        PERSON = "person", _("personal code")
        FAMILY = "family", _("family member's code")
        COMPANY = "company", _("company code")
        PAPER = "paper", _("paper code")
        STAFF = "staff", _("work badge")

    class State(models.TextChoices):
        GOOD = "good", _("in use")
        LOST = "lost", _("reported lost")
        ENDED = "ended", _("ended")

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    sort = models.CharField(max_length=10, choices=Sort.choices)
    party = models.ForeignKey(Party, null=True, blank=True, on_delete=models.CASCADE, related_name="identity_codes")
    shown_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, related_name="codes_shown", db_index=False
    )
    officer = models.OneToOneField(
        Officer, null=True, blank=True, on_delete=models.CASCADE, related_name="identity_code"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.GOOD)
    made_at = models.DateTimeField(default=timezone.now)
    # of papers
    payload = EncryptedField(blank=True, default="")
    mark = models.CharField(max_length=32, blank=True, default="")
    key_id = models.CharField(max_length=16, blank=True, default="")
    ends_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party"], condition=Q(sort="person"), name="person_has_one_code_of_their_own"
            ),
            models.UniqueConstraint(
                fields=["party", "shown_by", "sort"],
                condition=Q(sort__in=["family", "company"]),
                name="somebody_shows_a_party_under_one_code",
            ),
            models.UniqueConstraint(
                fields=["party"], condition=Q(sort="paper", state="good"), name="one_paper_code_is_good_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(sort="staff", officer__isnull=False, party__isnull=True)
                | (~Q(sort="staff") & Q(officer__isnull=True, party__isnull=False)),
                name="code_is_of_a_party_or_of_an_officer",
            ),
            models.CheckConstraint(condition=~Q(sort="paper") | Q(ends_at__isnull=False), name="paper_code_has_an_end"),
            models.CheckConstraint(
                condition=~Q(sort__in=["family", "company"]) | Q(shown_by__isnull=False),
                name="code_of_another_names_who_shows_it",
            ),
        ]

    def __str__(self):
        return f"{self.sort} {self.ref} ({self.state})"

    @property
    def number(self) -> str:
        """As it stands on paper, in threes."""
        return " ".join(self.ref[at : at + 3] for at in range(0, 12, 3)).upper()


class Scene(models.Model):
    """A purpose for which codes are read, and the only fields its readers are given. Configuration: written by one, put in force by another."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.JSONField()
    purpose = models.JSONField()
    basis = models.JSONField()
    fields = models.JSONField(default=list)
    sorts = models.JSONField(default=list)
    compares = models.BooleanField(default=False)  # somebody stands there and compares name and face
    in_force = models.BooleanField(default=True)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["slug"]

    def __str__(self):
        return self.slug

    @property
    def shown_name(self) -> str:
        return say(self.name)


class SceneDraft(models.Model):
    """A scene as one editor writes it: nothing of it holds before a second person has put it in force."""

    slug = models.SlugField(max_length=40)
    content = models.JSONField(default=dict)
    before = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=SceneDraftState.choices, default=SceneDraftState.DRAFT)
    revision = models.PositiveIntegerField(default=0)
    begun_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    given_back = models.CharField(max_length=500, blank=True, default="")
    checked_by = models.ForeignKey(Officer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["slug"], condition=Q(state__in=["draft", "in_check"]), name="one_open_draft_of_a_scene"
            ),
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("begun_by")),
                name="scene_is_checked_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="in_force") | Q(checked_by__isnull=False, checked_at__isnull=False),
                name="scene_in_force_was_checked",
            ),
        ]

    def __str__(self):
        return f"{self.slug} ({self.state})"

    @property
    def subject(self) -> str:
        return f"scene:{self.slug}"


class Reader(models.Model):
    """Whoever checks codes: a desk, a gate or a partner's system, at one place and for one scene.

    `operator` is who runs it: pseudonyms are one per scene and operator, so the branches of one library know the same reader and two
    libraries cannot join theirs. It shows who it is by its secret (kept as a digest) or by its key.
    """

    class Sort(models.TextChoices):
        DESK = "desk", _("a person with a scanner")
        GATE = "gate", _("a gate with nobody beside it")
        SYSTEM = "system", _("a partner's system")

    class State(models.TextChoices):
        ACTIVE = "active", _("in use")
        SUSPENDED = "suspended", _("suspended")

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    name = models.CharField(max_length=80)
    place = models.CharField(max_length=120)
    operator = models.CharField(max_length=80)
    sort = models.CharField(max_length=10, choices=Sort.choices, default=Sort.DESK)
    scene = models.ForeignKey(Scene, on_delete=models.PROTECT, related_name="readers")
    asks = models.BooleanField(default=False)  # shows a question that the phone has to answer
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    secret_digest = models.CharField(max_length=64, blank=True, default="")
    public_key = models.TextField(blank=True, default="")
    registered_at = models.DateTimeField(default=timezone.now)
    registered_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_why = models.CharField(max_length=300, blank=True, default="")
    last_seen_at = models.DateTimeField(null=True, blank=True)
    wallet_kind = models.ForeignKey(
        "licences.LicenceType", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    wallet_fields = models.JSONField(default=list, blank=True)  # the most it may ask a wallet to show of that licence

    class Meta:
        ordering = ["place", "name", "id"]

    def __str__(self):
        return f"{self.name} ({self.state})"


class CodeCheck(models.Model):
    """Somebody held out a code and somebody read it: which reader, where, for what, which fields it was given. The holder sees it.

    `mark` is a digest of the code and the reader: a second use finds the row taken. A paper code may be read again and has none.
    """

    mark = models.CharField(max_length=32, null=True, unique=True)
    code = models.ForeignKey(IdentityCode, null=True, on_delete=models.CASCADE, related_name="checks", db_index=False)
    reader = models.ForeignKey(Reader, null=True, on_delete=models.PROTECT, related_name="checks", db_index=False)
    by = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    scene = models.CharField(max_length=40, blank=True, default="")
    place = models.CharField(max_length=120, blank=True, default="")
    good = models.BooleanField()
    reason = models.CharField(max_length=20, blank=True, default="")
    fields = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["code", "-id"], name="checks_of_a_code"),
            models.Index(fields=["reader", "-id"], name="checks_by_a_reader"),
            models.Index(fields=["by", "-id"], condition=Q(by__isnull=False), name="checks_by_somebody"),
            models.Index(fields=["at"], name="checks_in_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(good=True, reason="") | ~Q(reason=""), name="refused_check_says_why")
        ]

    def __str__(self):
        return f"{self.scene} {'good' if self.good else self.reason}"
