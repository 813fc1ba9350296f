"""A department's own ready answers: added, changed, moved up and taken out by the coordinating office. Nothing that was sent changes."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events, talking
from tongban.cases.models import ReadyAnswer
from tongban.cases.moving import acting
from tongban.departments.models import Department, Officer
from tongban.journal import services as journal
from tongban.lib.problems import Invalid, NotAllowed

EDITED_BY = "coordinator"
LONGEST = 500
AT_MOST = 30
KEPT = _("Nothing was changed. What you typed stands here still.")


def put(
    department: Department,
    *,
    officer: Officer,
    zh: str,
    en: str,
    waits: bool,
    key: str = "",
    now: datetime | None = None,
) -> ReadyAnswer:
    """Add one, or change the one with this key. The same words twice are one answer."""
    words = {"zh": zh.strip(), "en": en.strip()}
    errors: dict[str, list] = {}
    for language, said in words.items():
        if not 2 <= len(said) <= LONGEST:
            errors[language] = [_("Write between 2 and 500 characters.")]
        elif talking.asks_for_papers(said):
            errors[language] = [
                _("This reads like asking for a paper: papers are asked for once, in a correction notice.")
            ]
    if errors:
        raise Invalid("ready-answer", errors=errors, kept=KEPT)
    with transaction.atomic():
        rows = _own(department, officer)
        row = next((one for one in rows if key in (one.first, str(one.pk))), None) if key else None
        if key and row is None:
            raise _gone()
        same = next((one for one in rows if one.words == words and one is not row), None)
        if same is not None:
            return same
        if row is None:
            if len(rows) >= AT_MOST:
                raise NotAllowed("ready-full", _("There are 30 already. Take one out first."), kept=KEPT)
            row = ReadyAnswer(department=department, place=rows[-1].place + 1 if rows else 1)
        row.words, row.waits, row.changed_by, row.changed_at = words, waits, officer, now or timezone.now()
        row.save()
        _note(department, officer)
    return row


def take_out(department: Department, *, officer: Officer, key: str) -> None:
    """Nobody is offered it any more. Without any of its own a department has those every office begins with."""
    with transaction.atomic():
        rows = _own(department, officer)
        row = next((one for one in rows if key in (one.first, str(one.pk))), None)
        if row is None:
            raise _gone()
        row.delete()
        _note(department, officer)


def move_up(department: Department, *, officer: Officer, key: str) -> None:
    """One place further up; the first stays the first."""
    with transaction.atomic():
        rows = _own(department, officer)
        at = next((number for number, one in enumerate(rows) if key in (one.first, str(one.pk))), None)
        if at is None:
            raise _gone()
        if at:
            above, row = rows[at - 1], rows[at]
            above.place, row.place = row.place, above.place
            ReadyAnswer.objects.bulk_update([above, row], ["place"])
            _note(department, officer)


def _own(department: Department, officer: Officer) -> list[ReadyAnswer]:
    """The department's own rows, held; made out of those every office begins with when it has none yet."""
    if EDITED_BY not in officer.roles or not officer.active:
        raise NotAllowed("not-a-coordinator", _("Ready answers are kept by the coordinating office."), status=403)
    Department.objects.select_for_update().get(pk=department.pk)
    rows = list(ReadyAnswer.objects.filter(department=department))
    if rows:
        return rows
    return ReadyAnswer.objects.bulk_create(
        ReadyAnswer(department=department, first=one.key, words=one.words, waits=one.waits, place=number)
        for number, one in enumerate(talking.READY, 1)
    )


def _note(department: Department, officer: Officer) -> None:
    journal.record(
        events.ReadyAnswersChanged(department=department.pk),
        subject=f"department:{department.pk}",
        actor=acting(officer, EDITED_BY),
    )


def _gone() -> NotAllowed:
    return NotAllowed("ready-gone", _("This answer was taken out a moment ago."), kept=KEPT)
