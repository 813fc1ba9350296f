"""What an officer's desk holds beside the cases themselves: views, labels, notes among colleagues, cases handed over."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models.application import Case
from tongban.departments.models import Department, Officer
from tongban.lib.fields import EncryptedField


class SavedView(models.Model):
    """A queue as somebody narrowed it, kept under a name. `asked` are the words of its address; `shared` shows it to the department."""

    owner = models.ForeignKey(Officer, on_delete=models.CASCADE, related_name="views")
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="views")
    name = models.CharField(max_length=60)
    asked = models.JSONField(default=dict)
    shared = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["department", "name"], condition=Q(shared=True), name="views_shared_in_department")
        ]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_of_a_name_once_per_officer")]

    def __str__(self):
        return self.name


class DeskHabit(models.Model):
    """How an officer likes to work: the view they begin with, and whether single keys do anything."""

    officer = models.OneToOneField(Officer, on_delete=models.CASCADE, related_name="habit")
    begins_with = models.ForeignKey(SavedView, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    keys = models.BooleanField(default=True)

    def __str__(self):
        return f"habit of {self.officer_id}"


class Label(models.Model):
    """A word of a department that sorts its cases. It is work inside the office and never stands on a page of the applicant."""

    class Colour(models.TextChoices):
        TEAL = "teal", _("teal")
        INDIGO = "indigo", _("indigo")
        PLUM = "plum", _("plum")
        PERSIMMON = "persimmon", _("persimmon")
        GOLD = "gold", _("gold")
        MOSS = "moss", _("moss")
        SLATE = "slate", _("slate")

    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="labels")
    name = models.CharField(max_length=30)
    colour = models.CharField(max_length=10, choices=Colour.choices, default=Colour.TEAL)
    made_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["department", "name"], name="label_of_a_name_once_per_department")
        ]

    def __str__(self):
        return self.name


class CaseLabel(models.Model):
    """A label on a case: who put it there."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="labels", db_index=False)
    label = models.ForeignKey(Label, on_delete=models.PROTECT, related_name="cases", db_index=False)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["label", "case"], name="cases_of_label")]
        constraints = [models.UniqueConstraint(fields=["case", "label"], name="label_once_on_a_case")]

    def __str__(self):
        return f"{self.label_id} on {self.case_id}"


class StaffNote(models.Model):
    """What a colleague should know about a case. Read in the writer's department, and with `for_all` by whoever works on the case.

    `text` is the note as it stands; what it said before is kept in NoteEdit.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="staff_notes")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+", db_index=False)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="staff_notes")
    text = EncryptedField()
    for_all = models.BooleanField(default=False)
    pinned_at = models.DateTimeField(null=True, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"staff note {self.pk}"


class NoteEdit(models.Model):
    """What a note said before it was changed."""

    note = models.ForeignKey(StaffNote, on_delete=models.CASCADE, related_name="edits")
    text = EncryptedField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"note {self.note_id} until {self.at}"


class Mention(models.Model):
    """A colleague a note is meant for: it waits with them until they have seen it."""

    note = models.ForeignKey(StaffNote, on_delete=models.CASCADE, related_name="mentions")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="mentions", db_index=False)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["officer", "id"], condition=Q(seen_at__isnull=True), name="mentions_not_seen")]
        constraints = [models.UniqueConstraint(fields=["note", "officer"], name="colleague_mentioned_once_in_a_note")]

    def __str__(self):
        return f"{self.officer_id} in note {self.note_id}"


class PassingOn(models.Model):
    """A case held out to a colleague. Until they take it, it stays on the desk of whoever gives it."""

    class State(models.TextChoices):
        OFFERED = "offered", _("offered")
        TAKEN = "taken", _("taken")
        GIVEN_BACK = "given_back", _("given back")
        RECALLED = "recalled", _("taken back")
        OVER = "over", _("over, the case moved on")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="passings_on")
    giver = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="passed_on", db_index=False)
    taker = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="passed_to", db_index=False)
    note = EncryptedField(blank=True, default="")
    answer = EncryptedField(blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OFFERED)
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["taker", "id"], condition=Q(state="offered"), name="passings_on_to_taker"),
            models.Index(fields=["giver", "id"], condition=Q(state="offered"), name="passings_on_of_giver"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(state="offered"), name="case_is_held_out_to_one_colleague"
            ),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="nobody_passes_on_to_themselves"),
        ]

    def __str__(self):
        return f"case {self.case_id} from {self.giver_id} to {self.taker_id}"
