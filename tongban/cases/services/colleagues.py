"""Notes among colleagues: written, changed with what they said before, pinned, and brought before the colleague they name."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events, queries, rules
from tongban.cases.models import Case, Mention, NoteEdit, StaffNote
from tongban.cases.moving import acting, again
from tongban.cases.permission import permit_to_work
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.problems import Invalid, NotAllowed

LONGEST = 4000


def notes_of(case: Case, officer: Officer) -> QuerySet[StaffNote]:
    """What this officer may read: notes of the own department, notes for all who work on the case, and those that name them."""
    rows = case.staff_notes.select_related("officer", "department").prefetch_related("edits", "mentions__officer")
    if not rules.READING_ROLES & set(officer.roles):
        named = Q(pk__in=Mention.objects.filter(officer=officer, note__case=case).values("note"))
        rows = rows.filter(Q(department=officer.department_id) | Q(for_all=True) | named)
    return rows


def beside(case: Case, department: int | None) -> str:
    """The topic of what a department puts beside a case: its notes and labels; without one that of notes for all departments."""
    return f"{case.subject}:beside:{department or 'all'}"


def beside_topics(subject: str, officer: Officer) -> list[str]:
    """What the page of a case listens to for an officer, beside the case itself."""
    return [f"{subject}:beside:{officer.department_id}", f"{subject}:beside:all"]


def write_note(
    case: Case,
    *,
    officer: Officer,
    text: str,
    for_all: bool = False,
    mention: Officer | None = None,
    now: datetime | None = None,
) -> StaffNote:
    """A note for colleagues. It is never shown on the applicant's pages; the copy of their data holds it."""
    permit_to_work(officer, case)
    text = _checked(text)
    if mention is not None:
        _may_be_told(case, mention)
    with transaction.atomic():
        case = again(case)
        note = StaffNote.objects.create(
            case=case,
            department=officer.department,
            officer=officer,
            text=text,
            for_all=for_all,
            at=now or timezone.now(),
        )
        if mention is not None and mention.pk != officer.pk:
            Mention.objects.create(note=note, officer=mention)
        _told(case, officer, note, mention)
    return note


def change_note(note: StaffNote, *, officer: Officer, text: str, now: datetime | None = None) -> StaffNote:
    """The writer alone, and what it said before stays. The same words again change nothing."""
    permit_to_work(officer, note.case)
    if note.officer_id != officer.pk:
        raise NotAllowed("not-your-note", _("Only whoever wrote a note changes it."), status=403)
    text, now = _checked(text), now or timezone.now()
    with transaction.atomic():
        case = again(note.case)
        row = StaffNote.objects.get(pk=note.pk)
        if row.text != text:
            NoteEdit.objects.create(note=row, text=row.text, at=now)
            row.text, row.edited_at = text, now
            row.save(update_fields=["text", "edited_at"])
            _told(case, officer, row, None)
    return row


def pin_note(note: StaffNote, *, officer: Officer, on: bool, now: datetime | None = None) -> StaffNote:
    """Above the others, or among them again: anybody of the writer's department."""
    permit_to_work(officer, note.case)
    if note.department_id != officer.department_id:
        raise NotAllowed("not-your-note", _("This note belongs to another department."), status=403)
    note.pinned_at = (now or timezone.now()) if on else None
    note.save(update_fields=["pinned_at"])
    return note


def see_mentions(case: Case, officer: Officer, *, now: datetime | None = None) -> int:
    """Whoever opens the notes of a case has seen where they were named."""
    rows = Mention.objects.filter(officer=officer, seen_at__isnull=True, note__case=case)
    return Mention.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(seen_at=now or timezone.now())


def _may_be_told(case: Case, mention: Officer) -> None:
    if not mention.active or not queries.visible_to(mention).filter(pk=case.pk).exists():
        raise Invalid(
            "colleague-may-not-see",
            errors={"mention": [_("This colleague does not work with such cases, so the note would tell them what they need not know.")]},
            kept=_("What you wrote stands here still."),
        )  # fmt: skip


def _checked(text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST:
        wrong = [_("Write between 1 and 4,000 characters.")]
        raise Invalid("note-incomplete", errors={"note": wrong}, kept=_("What you wrote stands here still."))
    return text


def _told(case: Case, officer: Officer, note: StaffNote, mention: Officer | None) -> None:
    """The bell of the colleague rings; the applicant's pages hear nothing."""
    actor = acting(officer, next(iter(officer.roles), ""))
    journal.record(events.StaffNoteWritten(case=case.pk, note=note.pk), subject=case.subject, actor=actor)
    names = {f"queue:{case.department.code}", beside(case, None if note.for_all else note.department_id)}
    journal.touch(*sorted(names | ({f"desk:{mention.pk}"} if mention is not None else set())))
