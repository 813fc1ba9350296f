from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department, Officer
from tongban.lib.bilingual import say
from tongban.matters.type_states import TypeDraftState


class Theme(models.Model):
    slug = models.SlugField(unique=True)
    name = models.JSONField()
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "slug"]

    def __str__(self):
        return self.slug

    @property
    def shown_name(self) -> str:
        return say(self.name)


class MaterialType(models.Model):
    """A kind of document that matters may ask for, and what makes handing it in unnecessary."""

    slug = models.SlugField(unique=True)
    name = models.JSONField()
    kind = models.CharField(max_length=20)
    issued_by = models.CharField(max_length=100)
    licence_type = models.CharField(max_length=60, blank=True, default="")
    resource = models.CharField(max_length=60, blank=True, default="")
    commitment_ok = models.BooleanField(default=False)
    intermediary = models.BooleanField(default=False)
    note = models.JSONField(default=dict, blank=True)
    retention = models.JSONField(
        default=dict, blank=True
    )  # {"years", "basis"} by the law of this kind; empty: as its application

    class Meta:
        ordering = ["slug"]

    def __str__(self):
        return self.slug

    @property
    def shown_name(self) -> str:
        return say(self.name)


class Matter(models.Model):
    """Something people can apply for. What it is now stands in its one published version."""

    class Kind(models.TextChoices):
        MATTER = "matter", _("matter")
        BUNDLE = "bundle", _("one thing")

    slug = models.SlugField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.MATTER)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="matters")
    basic_code = models.CharField(max_length=12, blank=True, default="")
    item_code = models.CharField(max_length=80, null=True, blank=True, unique=True)
    popularity = models.PositiveSmallIntegerField(default=0)
    origin = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        ordering = ["slug"]

    def __str__(self):
        return self.slug

    @property
    def shown_name(self) -> str:
        """What the newest version calls it."""
        version = self.versions.order_by("-number").first()
        return version.shown_name if version else self.slug

    @property
    def implementing_code(self) -> str:
        """Issuer (18) + kind (1, last digit of the type code) + basic code (12) = 31 characters; domain.md 1.2."""
        version = self.versions.filter(state=MatterVersion.State.PUBLISHED).first()
        if not (version and self.basic_code):
            return ""
        return f"{self.department.uscc}{version.type_code[-1:]}{self.basic_code}"


class MatterVersion(models.Model):
    """All elements of the service guide, as published on a day. Never changed once published: running cases keep theirs."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        IN_CHECK = "in_check", _("being checked")
        SCHEDULED = "scheduled", _("takes effect later")
        PUBLISHED = "published", _("published")
        RETIRED = "retired", _("retired")
        DISCARDED = "discarded", _("discarded")

    class Unit(models.TextChoices):
        WORKING_DAY = "working_day", _("working day")
        CALENDAR_DAY = "calendar_day", _("calendar day")

    class PowerSource(models.TextChoices):
        OWN = "own", _("a power of this level")
        HANDED_DOWN = "handed_down", _("handed down by a higher level")
        ENTRUSTED = "entrusted", _("entrusted by another authority")

    class BodyNature(models.TextChoices):
        """The codes 1 to 3 of the national list of elements (domain.md 3.3)."""

        LEGAL_BODY = "legal_body", _("an authority by law")
        AUTHORISED = "authorised", _("an organisation authorised by a law or regulation")
        ENTRUSTED = "entrusted", _("an organisation that an authority has entrusted")

    class Decides(models.TextChoices):
        PEOPLE = "none", _("people decide")
        RULE = "rule", _("the machine decides when all rules pass, else people")
        FULL = "full", _("the machine decides")

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    effective_from = models.DateField(null=True)
    name = models.JSONField()
    type = models.CharField(max_length=20)
    type_code = models.CharField(max_length=2)
    objects_served = models.JSONField(default=list)
    level = models.CharField(max_length=20, default="district")
    power_source = models.CharField(max_length=12, choices=PowerSource.choices, blank=True, default="")
    body_nature = models.CharField(max_length=12, choices=BodyNature.choices, blank=True, default="")
    entrusted_to = models.JSONField(default=dict, blank=True)
    joint_departments = models.JSONField(default=list, blank=True)
    handling_office = models.JSONField(default=dict, blank=True)
    legal_basis = models.JSONField(default=list)
    authority_split = models.JSONField(default=dict, blank=True)
    handling_kind = models.CharField(max_length=10, default="promised")
    statutory_days = models.PositiveSmallIntegerField(null=True)
    promised_days = models.PositiveSmallIntegerField(null=True)
    time_unit = models.CharField(max_length=12, choices=Unit.choices, default=Unit.WORKING_DAY)
    special_procedures = models.JSONField(default=list, blank=True)
    visits = models.PositiveSmallIntegerField(null=True)
    visit_reason = models.JSONField(default=dict, blank=True)
    online_depth = models.PositiveSmallIntegerField(default=1)
    channels = models.JSONField(default=list)
    city_wide = models.BooleanField(default=False)
    cross_region = models.JSONField(default=list, blank=True)
    conditions = models.JSONField(default=dict)
    quota = models.JSONField(default=dict, blank=True)
    bars = models.JSONField(default=dict, blank=True)
    intermediary = models.JSONField(default=dict, blank=True)
    fee = models.JSONField(default=dict)
    situations = models.JSONField(default=list)
    requirements = models.JSONField(default=list)
    form = models.JSONField(default=list)
    result = models.JSONField(default=dict)
    validity = models.JSONField(default=dict)
    decided_by = models.CharField(max_length=6, choices=Decides.choices, default=Decides.PEOPLE)
    rules = models.JSONField(default=dict)
    rules_version = models.CharField(max_length=20, blank=True, default="")
    rule_tests = models.JSONField(default=list, blank=True)
    commitment = models.BooleanField(default=False)
    tolerant = models.BooleanField(default=False)
    cosigners = models.JSONField(null=True, blank=True)
    only_one = models.JSONField(null=True, blank=True)
    site_inspection = models.BooleanField(default=False)
    inspection_points = models.JSONField(default=list, blank=True)
    public_notice = models.BooleanField(default=False)
    notice_days = models.PositiveSmallIntegerField(null=True, blank=True)
    notice_unit = models.CharField(max_length=12, choices=Unit.choices, null=True, blank=True)  # null: working days
    appointment = models.BooleanField(default=False)
    express = models.BooleanField(default=False)
    pre_review = models.BooleanField(default=True)
    steps = models.JSONField(default=list)
    places = models.JSONField(default=list)
    contacts = models.JSONField(default=list)
    appeal = models.JSONField(default=list)
    rights = models.JSONField(default=dict)
    faqs = models.JSONField(default=list)
    editions = models.JSONField(default=list)
    members = models.JSONField(default=list)
    letters = models.JSONField(default=dict, blank=True)
    retention = models.JSONField(null=True, blank=True)
    note = models.JSONField(default=dict, blank=True)
    provenance = models.CharField(max_length=20, blank=True, default="")
    themes = models.ManyToManyField(Theme, related_name="versions", blank=True)
    why = models.JSONField(default=dict, blank=True)
    submitted_by = models.ForeignKey(Officer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    checked_by = models.ForeignKey(Officer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["matter", "number"], name="matter_version_has_its_number"),
            models.UniqueConstraint(
                fields=["matter"], condition=Q(state="published"), name="matter_has_one_published_version"
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(effective_from__isnull=False), name="published_version_has_its_day"
            ),
            models.UniqueConstraint(
                fields=["matter"], condition=Q(state__in=["draft", "in_check"]), name="matter_has_one_open_draft"
            ),
            models.UniqueConstraint(
                fields=["matter"], condition=Q(state="scheduled"), name="matter_has_one_version_to_come"
            ),
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("submitted_by")),
                name="version_is_checked_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["scheduled", "published"])
                | Q(submitted_by__isnull=True)
                | Q(checked_by__isnull=False),
                name="version_of_an_editor_was_checked",
            ),
        ]

    def __str__(self):
        return f"{self.matter} v{self.number}"

    @property
    def shown_name(self) -> str:
        return say(self.name)

    @property
    def online(self) -> bool:
        """Can be applied for online: depth 2 or more, an online channel, and a form to fill (domain.md 5.3).

        The form of a bundle is made of its members' (`bundling`).
        """
        reached = self.online_depth >= 2 and bool({"online_pc", "online_mobile"} & set(self.channels))
        return reached and bool(self.form or self.members)


class Draft(models.Model):
    """How a version came to be: taken up from which, saved by whom, given back with which words. Stays with the version."""

    version = models.OneToOneField(MatterVersion, on_delete=models.CASCADE, related_name="draft")
    base = models.ForeignKey(MatterVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    begun_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField()
    here = models.ForeignKey(Officer, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    here_at = models.DateTimeField(null=True, blank=True)
    given_back = models.TextField(blank=True, default="")
    clashes = models.JSONField(default=list, blank=True)

    def __str__(self):
        return f"draft of {self.version_id}"


class Save(models.Model):
    """One saving of a draft: what the elements were before and are since, so that it can be undone and looked at."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="saves")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=20)
    what = models.CharField(max_length=200, blank=True, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "number"], name="save_has_its_number")]

    def __str__(self):
        return f"{self.draft_id}/{self.number}"


class Retirement(models.Model):
    """A matter that ends on a day: what people are told instead, and where it leads them. A second person confirms it."""

    matter = models.OneToOneField(Matter, on_delete=models.CASCADE, related_name="retirement")
    on = models.DateField()
    forward_to = models.ForeignKey(Matter, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    words = models.JSONField(default=dict)
    asked_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(Officer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")),
                name="retirement_is_confirmed_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(confirmed_by__isnull=False), name="retirement_done_was_confirmed"
            ),
        ]

    def __str__(self):
        return f"{self.matter} on {self.on}"


class CodeList(models.Model):
    """Answers that the forms of many matters share. What it offers stands in its versions; the last one holds."""

    slug = models.SlugField(max_length=60, unique=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="code_lists")

    class Meta:
        ordering = ["slug"]

    def __str__(self):
        return self.slug


class CodeListVersion(models.Model):
    """A list as it has held since a moment. Never changed: what was sent under it keeps its words.

    `entries` in their order: code, zh, en, and where they apply `from`, `until` (days, both offered still) and `parent` (a code).
    """

    list = models.ForeignKey(CodeList, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.JSONField()
    entries = models.JSONField()
    since = models.DateTimeField()

    class Meta:
        ordering = ["list", "number"]
        constraints = [models.UniqueConstraint(fields=["list", "number"], name="code_list_version_has_its_number")]

    def __str__(self):
        return f"{self.list} v{self.number}"


class TypeDraft(models.Model):
    """A kind of document or licence, or a list of answers, as one editor writes it: nothing of it holds before a second person has put it in force.

    `content` is what the editor said, `before` what was in force when it was put in force (empty for a new one).
    """

    class Sort(models.TextChoices):
        DOCUMENT = "document", _("kind of document")
        LICENCE = "licence", _("kind of licence")
        LIST = "code_list", _("list of answers")

    sort = models.CharField(max_length=10, choices=Sort.choices)
    slug = models.SlugField(max_length=60)
    content = models.JSONField(default=dict)
    before = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=TypeDraftState.choices, default=TypeDraftState.DRAFT)
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
                fields=["sort", "slug"], condition=Q(state__in=["draft", "in_check"]), name="one_open_draft_of_a_type"
            ),
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("begun_by")),
                name="type_is_checked_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="in_force") | Q(checked_by__isnull=False, checked_at__isnull=False),
                name="type_in_force_was_checked",
            ),
        ]

    def __str__(self):
        return f"{self.sort} {self.slug} ({self.state})"

    @property
    def subject(self) -> str:
        return f"type:{self.sort}:{self.slug}"

    @property
    def shown_name(self) -> str:
        return say(self.content.get("name") or {}) or self.slug
