"""What runs beside a case: requests for correction and what staff changed, promises, papers that follow later, hearings,
opinions of others, and decisions looked at again."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.cases.models.application import Case, CaseMaterial
from tongban.cases.procedure_states import AppealState, HearingState, PromiseState
from tongban.departments.models import Department, Officer
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.materials.models import Document
from tongban.parties.models import Account, Party


class CorrectionRequest(models.Model):
    """One request for correction; its points are the findings of the same `round`. The first is a window's, a second a supervisor's.

    `only_marked`: while it is open, nothing but what is marked can be changed.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="correction_requests")
    round = models.PositiveSmallIntegerField()
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="correction_requests")
    at = models.DateTimeField(default=timezone.now)
    only_marked = models.BooleanField(default=False)
    second = models.BooleanField(default=False)
    why_again = EncryptedField(blank=True, default="")
    recalled_at = models.DateTimeField(null=True, blank=True)
    recalled_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="recalled_requests"
    )
    why_recalled = EncryptedField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "round"], name="correction_request_once_a_round"),
            models.CheckConstraint(
                condition=Q(second=False) | ~Q(why_again=""), name="second_correction_request_has_a_reason"
            ),
        ]

    def __str__(self):
        return f"correction {self.round} of {self.case_id}"


class StaffChange(models.Model):
    """Something that staff changed in what an applicant handed in, with the reason: the applicant sees before and after, and may undo it."""

    class What(models.TextChoices):
        FIELD = "field", _("an answer")
        ADDED = "added", _("a document added")
        REMOVED = "removed", _("a document taken out")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="staff_changes")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="staff_changes")
    at = models.DateTimeField(default=timezone.now)
    what = models.CharField(max_length=8, choices=What.choices)
    field = models.CharField(max_length=60, blank=True, default="")
    material = models.CharField(max_length=60, blank=True, default="")
    before = EncryptedJSONField(null=True)
    after = EncryptedJSONField(null=True)
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.PROTECT, related_name="staff_changes"
    )
    reason = EncryptedField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_why = EncryptedField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(field="") | ~Q(material=""), name="staff_change_names_what_was_changed")
        ]

    def __str__(self):
        return f"{self.what} {self.field or self.material}"


class Promise(models.Model):
    """A matter decided on the applicant's signed promise, and what the check afterwards found.

    `text` is what was shown and signed, in both languages; `check_by` the day by which the department looks. `put_right_days` is how long
    the order gives, in working days; none in an order written before this was stored.
    """

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="promise")
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="promises")
    state = models.CharField(max_length=10, choices=PromiseState.choices, default=PromiseState.CHOSEN)
    text = models.JSONField(default=list)
    chosen_at = models.DateTimeField(default=timezone.now)
    signed_at = models.DateTimeField(null=True, blank=True)
    check_by = models.DateField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    checked_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="checked_promises"
    )
    place = EncryptedField(blank=True, default="")
    seen = EncryptedField(blank=True, default="")
    put_right_by = models.DateField(null=True, blank=True)
    put_right_days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["check_by", "id"], condition=Q(state__in=["to_check", "put_right"]), name="promises_to_check"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["chosen", "left"]) | Q(signed_at__isnull=False),
                name="promise_kept_to_was_signed",
            )
        ]

    def __str__(self):
        return f"promise of case {self.case_id}"


class BrokenPromise(models.Model):
    """The credit record of a promise found false: who has one is not decided on a promise again."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="broken_promises")
    promise = models.OneToOneField(Promise, on_delete=models.PROTECT, related_name="broken")
    at = models.DateTimeField(default=timezone.now)
    reason = EncryptedField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"broken promise {self.pk}"


class Tolerance(models.Model):
    """A paper that an application was accepted without, to be supplied by a day of its own. Nobody decides before it is settled."""

    class Settled(models.TextChoices):
        SUPPLIED = "supplied", _("supplied")
        WAIVED = "waived", _("decided without it")
        LATE = "late", _("not supplied in time")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="tolerances")
    material = models.ForeignKey(CaseMaterial, on_delete=models.CASCADE, related_name="tolerances")
    officer = models.ForeignKey(Officer, null=True, on_delete=models.PROTECT, related_name="tolerances")
    at = models.DateTimeField(default=timezone.now)
    due = models.DateField()
    settled = models.CharField(max_length=8, choices=Settled.choices, blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="settled_tolerances"
    )
    why = EncryptedField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["due", "id"], condition=Q(settled=""), name="papers_still_to_come")]
        constraints = [
            models.UniqueConstraint(fields=["material"], name="paper_is_tolerated_once"),
            models.CheckConstraint(
                condition=Q(settled="") | Q(settled_at__isnull=False), name="settled_paper_has_its_hour"
            ),
        ]

    def __str__(self):
        return f"{self.material_id} by {self.due}"


class Hearing(models.Model):
    """The applicant or holder is heard before a refusal or a revocation. Led by somebody who did not handle the case."""

    class About(models.TextChoices):
        REFUSAL = "refusal", _("before a refusal")
        REVOCATION = "revocation", _("before a revocation")

    class Result(models.TextChoices):
        AS_PLANNED = "as_planned", _("the office goes on as it planned")
        OTHERWISE = "otherwise", _("what was heard changes the plan")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="hearings")
    about = models.CharField(max_length=10, choices=About.choices)
    state = models.CharField(max_length=10, choices=HearingState.choices, default=HearingState.OFFERED)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="offered_hearings")
    offered_at = models.DateTimeField(default=timezone.now)
    reason = EncryptedField()
    ground = EncryptedField(blank=True, default="")
    ask_by = models.DateField()
    asked_at = models.DateTimeField(null=True, blank=True)
    wish = EncryptedField(blank=True, default="")
    hold_by = models.DateField(null=True, blank=True)
    meets_at = models.DateTimeField(null=True, blank=True)
    place = models.CharField(max_length=300, blank=True, default="")
    leader = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="led_hearings")
    participants = EncryptedField(blank=True, default="")
    record = EncryptedField(blank=True, default="")
    came = models.BooleanField(null=True)
    result = models.CharField(max_length=10, choices=Result.choices, blank=True, default="")
    over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "about"], name="heard_once_about_one_thing"),
            models.CheckConstraint(
                condition=~Q(state="held") | (~Q(record="") & ~Q(result="")), name="hearing_held_has_record_and_result"
            ),
            models.CheckConstraint(
                condition=~Q(state="invited") | (Q(meets_at__isnull=False) & Q(leader__isnull=False)),
                name="hearing_invited_to_has_day_and_leader",
            ),
        ]

    def __str__(self):
        return f"hearing of case {self.case_id} {self.about}"


class Consultation(models.Model):
    """Another department or an expert is asked for an opinion and sees only what is named here. No clock of the decision stops for it.

    `days`: working days to answer; none where it was asked before this was stored.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="consultations")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="asked_opinions")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="asked_opinions")
    question = EncryptedField()
    fields = models.JSONField(default=list)
    materials = models.JSONField(default=list)
    asked_at = models.DateTimeField(default=timezone.now)
    due = models.DateField()
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="given_opinions"
    )
    position = models.CharField(
        max_length=10,
        choices=[
            ("agrees", pgettext_lazy("opinion", "agrees")),
            ("agrees_if", _("agrees under conditions")),
            ("objects", _("objects")),
        ],
        blank=True,
        default="",
    )
    answer = EncryptedField(blank=True, default="")
    recalled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["department", "due", "id"],
                condition=Q(answered_at__isnull=True, recalled_at__isnull=True),
                name="opinions_to_give",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | (~Q(answer="") & Q(answered_by__isnull=False)),
                name="opinion_given_has_words_and_a_name",
            ),
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("officer")), name="opinion_is_anothers"
            ),
        ]

    def __str__(self):
        return f"opinion of {self.department_id} on case {self.case_id}"


class Appeal(models.Model):
    """Reconsideration of a decision, asked for within 60 days; whoever handled the case does not judge it."""

    class Follows(models.TextChoices):
        ANEW = "anew", _("the application is decided anew")
        REVOKED = "revoked", _("the decision is to be revoked")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="appeals")
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="appeals")
    decision = models.CharField(max_length=12)
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.ASKED)
    wish = EncryptedField()
    asked_at = models.DateTimeField(default=timezone.now)
    due = models.DateField()
    judged_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="judged_appeals"
    )
    reason = EncryptedField(blank=True, default="")
    follows = models.CharField(max_length=8, choices=Follows.choices, blank=True, default="")
    over_at = models.DateTimeField(null=True, blank=True)
    anew = models.OneToOneField(Case, null=True, blank=True, on_delete=models.SET_NULL, related_name="out_of_appeal")
    court_on = models.DateField(null=True, blank=True)
    court_note = EncryptedField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["due", "id"], condition=Q(state="asked"), name="appeals_to_judge")]
        constraints = [
            models.UniqueConstraint(fields=["case", "decision"], name="decision_is_looked_at_again_once"),
            models.CheckConstraint(
                condition=~Q(state__in=["upheld", "changed"]) | (Q(judged_by__isnull=False) & ~Q(reason="")),
                name="appeal_judged_names_who_and_why",
            ),
        ]

    def __str__(self):
        return f"appeal about case {self.case_id}"
