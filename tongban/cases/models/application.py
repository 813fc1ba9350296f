import datetime
import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.finding_states import FindingState
from tongban.cases.states import CaseState, ClockKind
from tongban.departments.models import Department, Officer
from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.licences.models import Licence
from tongban.materials.models import Document
from tongban.matters.models import MaterialType, Matter, MatterVersion
from tongban.parties.models import Account, IdKind, Party, Person

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0 o 1 i l: people read it aloud


def new_ref() -> str:
    """Twelve characters a person can copy; 59 bits, so that nobody finds a case by guessing."""
    return "".join(secrets.choice(ALPHABET) for _i in range(12))


def new_query_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


QUEUE = ["state", "next_due", "id"]
NARROWED = ["channel", "received_on", "parent", "claimed_by", "warn_on"]


class Case(models.Model):
    """One application, from the first answer to the end.

    `values` holds what was answered: {field id: {"value", "source", "source_name", "at", "changed"}}; `revision` grows with every
    save so that two devices notice each other; `saver` is the page that saved last and may go on saving. `number` is given at submission (domain.md 3.5).
    A bundle is a case of its own and the `parent` of one case for each member, numbered as it is with "-01", "-02".
    """

    class Channel(models.TextChoices):
        ONLINE_PC = "online_pc", _("online, computer")
        ONLINE_MOBILE = "online_mobile", _("online, phone")
        KIOSK = "kiosk", _("terminal")
        WINDOW = "window", _("window")
        VIRTUAL_WINDOW = "virtual_window", _("video window")
        PHONE_HELP = "phone_help", _("helped by phone")
        POST = "post", _("by post")

    class Signed(models.TextChoices):
        ONLINE = "online", _("signed online")
        PAPER = "paper", _("signed by hand on paper")
        PHONE = "phone", _("confirmed by a code on the own phone")
        GLASS = "glass", _("signed by hand on the glass of the window")

    class Decision(models.TextChoices):
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")
        NOT_ACCEPTED = "not_accepted", _("not accepted")

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    number = models.CharField(max_length=21, null=True, blank=True, unique=True)
    query_code = models.CharField(max_length=6, default=new_query_code)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="cases", db_index=False)
    version = models.ForeignKey(MatterVersion, on_delete=models.PROTECT, related_name="cases")
    # matter and department are found by the indexes of queues: one of their own misleads SQLite into sorting a whole department
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="cases", db_index=False)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="members")
    applicant = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="cases")
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="cases")
    channel = models.CharField(max_length=16, choices=Channel.choices, default=Channel.ONLINE_PC)
    state = models.CharField(max_length=22, choices=CaseState.choices, default=CaseState.DRAFT)

    situation = models.JSONField(default=list, blank=True)
    values = EncryptedJSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    saver = models.CharField(max_length=24, blank=True, default="")
    step = models.CharField(max_length=20, default="situation")
    saved_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)

    submitted_at = models.DateTimeField(null=True, blank=True)
    received_on = models.DateField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    promised_due = models.DateField(null=True, blank=True)
    statutory_due = models.DateField(null=True, blank=True)
    provisional = models.BooleanField(default=False)
    next_due = models.DateField(null=True, blank=True)
    warn_on = models.DateField(null=True, blank=True)

    claimed_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="claimed")
    claimed_at = models.DateTimeField(null=True, blank=True)
    reviewer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="reviewed")
    opinion = EncryptedField(blank=True, default="")
    proposal = models.CharField(max_length=8, blank=True, default="")
    approver = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="decided")
    corrections = models.PositiveSmallIntegerField(default=0)
    extended_days = models.PositiveSmallIntegerField(default=0)
    with_people = models.BooleanField(default=False)

    decision = models.CharField(max_length=12, choices=Decision.choices, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_machine = models.BooleanField(default=False)
    reason = models.JSONField(default=dict, blank=True)
    ground = models.JSONField(default=dict, blank=True)
    rules_trace = EncryptedJSONField(default=dict)
    sampled = models.BooleanField(default=False)
    licence = models.ForeignKey(Licence, null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    delivery = models.CharField(max_length=12, blank=True, default="")
    committed = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    prepared_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="prepared")
    signed_how = models.CharField(max_length=8, choices=Signed.choices, blank=True, default="")
    paper_kept = models.CharField(max_length=120, blank=True, default="")

    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["applicant", "-id"], name="cases_of_applicant"),
            # what a queue is narrowed to stands behind its order: a row that does not answer is passed over without being read
            models.Index(fields=["department", *QUEUE, *NARROWED], name="cases_by_department_queue"),
            models.Index(fields=["matter", "department", "state", "next_due", "id"], name="cases_by_matter_and_queue"),
            models.Index(fields=[*QUEUE, *NARROWED], name="cases_by_state_and_due"),
            models.Index(  # with its state, or SQLite prefers the index of all queues
                fields=["department", "state", "next_due", "id"],
                condition=Q(state=CaseState.UNDER_REVIEW) & ~Q(opinion=""),
                name="cases_to_be_decided",
            ),
            models.Index(fields=["expires_at"], condition=Q(state="draft"), name="drafts_by_end"),
            models.Index(fields=["claimed_by", "-id"], name="cases_by_officer"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"]) | Q(number__isnull=False), name="case_sent_has_its_number"
            ),
            models.CheckConstraint(
                condition=Q(decision="") | Q(decided_at__isnull=False), name="case_decided_has_its_hour"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "approved", "issuing", "ready", "not_accepted"]) | ~Q(decision=""),
                name="case_at_its_end_has_a_decision",
            ),
            models.CheckConstraint(
                condition=Q(approver__isnull=True) | Q(reviewer__isnull=True) | ~Q(approver=models.F("reviewer")),
                name="approver_is_not_the_reviewer",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by_machine=True) | ~Q(decision="refused"), name="machine_never_refuses"
            ),
        ]

    def __str__(self):
        return self.number or f"draft {self.ref}"

    @property
    def subject(self) -> str:
        """What events, messages and register calls about this case carry."""
        return f"case:{self.pk}"

    @property
    def ends_soon(self) -> bool:
        """A draft whose last days have begun."""
        return self.expires_at is not None and self.expires_at - timezone.now() < datetime.timedelta(days=7)

    def value(self, field: str):
        """The plain value of one form field, or None."""
        return (self.values.get(field) or {}).get("value")


class CaseNumber(models.Model):
    """The last running number of a division and day: taken by one UPDATE."""

    division = models.CharField(max_length=6)
    day = models.DateField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["division", "day"], name="one_counter_per_division_and_day")]

    def __str__(self):
        return f"{self.division} {self.day} {self.last}"


class CaseMaterial(models.Model):
    """How one required material is satisfied: by a licence, shared data, an upload, a commitment, or made by the platform."""

    class How(models.TextChoices):
        LICENCE = "licence", _("electronic licence")
        DATA = "data", _("shared data")
        UPLOAD = "upload", _("uploaded")
        COMMITMENT = "commitment", _("written commitment")
        GENERATED = "generated", _("made by the platform")
        PAPER = "paper", _("paper seen at a window")
        LATER = "later", _("to be supplied later")
        MISSING = "missing", _("still missing")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="materials")
    type = models.ForeignKey(MaterialType, on_delete=models.PROTECT, related_name="case_materials")
    how = models.CharField(max_length=12, choices=How.choices)
    required = models.BooleanField(default=True)
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.PROTECT, related_name="case_materials"
    )
    licence = models.ForeignKey(Licence, null=True, blank=True, on_delete=models.PROTECT, related_name="case_materials")
    resource = models.CharField(max_length=60, blank=True, default="")
    trust = models.CharField(max_length=1, choices=[(level, level) for level in "ABCD"], default="C")
    seen_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="papers_seen")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "type"], name="material_once_per_case"),
            models.CheckConstraint(
                condition=~Q(how="upload") | Q(document__isnull=False), name="uploaded_material_has_its_document"
            ),
            models.CheckConstraint(
                condition=~Q(how="licence") | Q(licence__isnull=False), name="licensed_material_has_its_licence"
            ),
        ]

    def __str__(self):
        return f"{self.type} by {self.how}"


class Finding(models.Model):
    """One thing that is wrong with an application: a field, or a material and its page, with the reason in both languages."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="findings")
    round = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=[("pre_review", "pre_review"), ("correction", "correction")])
    field = models.CharField(max_length=60, blank=True, default="")
    material = models.CharField(max_length=60, blank=True, default="")
    page = models.PositiveSmallIntegerField(null=True, blank=True)
    text = EncryptedField()
    words = EncryptedJSONField(null=True)  # what a rule says: the same in each language
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = EncryptedField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(field="") | ~Q(material=""), name="finding_names_a_field_or_a_material")
        ]

    @property
    def said(self) -> str:
        """In the language of whoever reads, where both are known; else as the officer wrote it."""
        return say(self.words) if self.words else self.text

    def __str__(self):
        return f"{self.field or self.material}: {self.text[:40]}"


class MachineFinding(models.Model):
    """Something the machine noticed on a paper: a help for whoever looks, never a reason by itself.

    `params` fill its sentence (`pre_review.WORDS`) and may hold what stands on the paper; `field` is the answer it is about,
    if any; `box` is [left, top, width, height] as parts of the page. `mark` tells whether the same thing is found again.
    """

    State = FindingState

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="machine_findings")
    material = models.CharField(max_length=60)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="machine_findings")
    code = models.CharField(max_length=24)
    severity = models.CharField(max_length=8, choices=[("notice", _("notice")), ("warning", _("warning"))])
    field = models.CharField(max_length=60, blank=True, default="")
    params = EncryptedJSONField(default=dict)
    page = models.PositiveSmallIntegerField(null=True, blank=True)
    box = models.JSONField(null=True, blank=True)
    confidence = models.FloatField(default=1.0)
    mark = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=FindingState.choices, default=FindingState.OPEN)
    remark = EncryptedField(blank=True, default="")
    overruled_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="overruled_findings"
    )
    reason = EncryptedField(blank=True, default="")
    found_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["code", "state", "found_at"], name="machine_findings_by_code")]
        constraints = [
            models.UniqueConstraint(fields=["case", "mark"], name="machine_finding_once_per_case"),
            models.CheckConstraint(
                condition=~Q(state="overruled") | (Q(overruled_by__isnull=False) & ~Q(reason="")),
                name="finding_overruled_by_somebody_with_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.code} on {self.material}"


class Step(models.Model):
    """One move of a case, as it was made: the history that everybody sees."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField()
    move = models.CharField(max_length=24)
    source = models.CharField(max_length=22, blank=True, default="")
    target = models.CharField(max_length=22)
    role = models.CharField(max_length=20)
    officer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="steps")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="steps")
    reason = EncryptedField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["case", "id"], name="steps_of_case")]

    def __str__(self):
        return f"{self.move} {self.at:%Y-%m-%d %H:%M}"


class Clock(models.Model):
    """A limit that runs, stands still or has stopped. `due` is computed from facts and computed again when the calendar changes.

    `warn_on` is the first day on which its light is yellow.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="clocks")
    kind = models.CharField(max_length=22, choices=ClockKind.choices)
    started_on = models.DateField()
    limit = models.PositiveSmallIntegerField()
    unit = models.CharField(
        max_length=12,
        choices=[("working_day", _("working days")), ("calendar_day", _("calendar days")), ("month", _("months"))],
    )
    extended_by = models.PositiveSmallIntegerField(default=0)
    pauses = models.JSONField(default=list)
    due = models.DateField()
    warn_on = models.DateField(null=True, blank=True)
    provisional = models.BooleanField(default=False)
    stopped_on = models.DateField(null=True, blank=True)
    kept = models.BooleanField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["due"], condition=Q(stopped_on__isnull=True), name="clocks_running_by_due"),
            models.Index(fields=["warn_on"], condition=Q(stopped_on__isnull=True), name="clocks_running_by_warning"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind"],
                condition=Q(stopped_on__isnull=True),
                name="one_running_clock_of_a_kind_per_case",
            )
        ]

    def __str__(self):
        return f"{self.kind} until {self.due}"

    def pauses_as_dates(self) -> list[tuple[datetime.date, datetime.date | None]]:
        return [
            (datetime.date.fromisoformat(begin), datetime.date.fromisoformat(end) if end else None)
            for begin, end in self.pauses
        ]


class Question(models.Model):
    """One entry of the conversation inside a case."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="questions")
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="questions")
    officer = models.ForeignKey(Officer, null=True, on_delete=models.PROTECT, related_name="answers")
    text = EncryptedField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"question {self.pk}"


class CaseDocument(models.Model):
    """A paper the case produced: receipt, notice, decision. Its content is data; the PDF is drawn from it when asked for."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=40)
    number = models.CharField(max_length=40, unique=True)
    content = EncryptedJSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return self.number

    @property
    def shown_number(self) -> str:
        """Its number in the series of letters; receipts and what was made before there were series have none."""
        return self.letter.shown_number if hasattr(self, "letter") else ""

    @property
    def is_replaced(self) -> bool:
        """Whether a letter made later stands in its place."""
        return hasattr(self, "replaced")


class Visit(models.Model):
    """A person at a window: who compared them with which document. While it is open, and no longer, the officer works in their drafts."""

    class Proof(models.TextChoices):
        RECORD = "record", _("known here, compared with the document")
        REGISTER = "register", _("confirmed by the register, compared with the document")
        BY_HAND = "by_hand", _("in no register, compared with the document by hand")
        CODE = "code", _("by their identity code, compared with the face")

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="visits")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="visits")
    id_kind = models.CharField(max_length=20, choices=IdKind.choices)
    proof = models.CharField(max_length=10, choices=Proof.choices)
    begun_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["officer"], condition=Q(ended_at__isnull=True), name="officer_has_one_visitor_at_a_time"
            )
        ]

    def __str__(self):
        return f"visit {self.ref}"


class Hand(models.Model):
    """Somebody else's hands on an application: an officer with the person at the window, or a helper with a code of the person's.

    A hand prepares and never signs. It ends by itself, by the helper, or by the person at once. `code_index` is the
    keyed code of what the person reads out, empty as soon as somebody has used it.
    """

    class Kind(models.TextChoices):
        WINDOW = "window", _("with you at a window")
        HELPER = "helper", _("with a code of yours")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="hands")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    visit = models.ForeignKey(Visit, null=True, blank=True, on_delete=models.PROTECT, related_name="hands")
    officer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="hands")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="hands")
    code_index = models.CharField(max_length=64, blank=True, default="")
    made_at = models.DateTimeField(default=timezone.now)
    code_until = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=8, blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["account", "-id"], name="hands_of_helper")]
        constraints = [
            models.UniqueConstraint(fields=["code_index"], condition=~Q(code_index=""), name="code_leads_to_one_draft"),
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True) | (Q(until__isnull=False) & Q(account__isnull=False)),
                name="hand_at_work_has_a_name_and_an_end",
            ),
        ]

    def __str__(self):
        return f"{self.kind} at {self.case}"


class PhoneSignature(models.Model):
    """A signature by the person's own phone: a code sent there, said at the window. It holds for one content and nothing else."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="phone_signatures")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="phone_signatures")
    content = models.CharField(max_length=64)
    code_index = models.CharField(max_length=64)
    phone_end = models.CharField(max_length=4)
    sent_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"phone signature {self.pk}"


class PostedPaper(models.Model):
    """Paper that came by post: who registered it, on which day it reached the office, and where the original lies."""

    class What(models.TextChoices):
        APPLICATION = "application", _("signed application")
        CORRECTION = "correction", _("answer to a correction notice")
        PAPER = "paper", _("further paper")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="posted")
    what = models.CharField(max_length=12, choices=What.choices)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="registered_papers")
    received_on = models.DateField()
    document = models.ForeignKey(Document, null=True, blank=True, on_delete=models.PROTECT, related_name="posted")
    kept_at = models.CharField(max_length=120)
    note = EncryptedField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"{self.what} of {self.received_on}"


class PhoneNote(models.Model):
    """A telephone call about a case: who called, what was said, what follows. The applicant reads it too."""

    class Caller(models.TextChoices):
        APPLICANT = "applicant", _("the applicant called")
        OFFICE = "office", _("the office called")
        OTHER = "other", _("somebody else called")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="phone_notes")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="phone_notes")
    caller = models.CharField(max_length=10, choices=Caller.choices)
    name = EncryptedField(blank=True, default="")
    text = EncryptedField()
    next_step = EncryptedField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"phone note {self.pk}"
