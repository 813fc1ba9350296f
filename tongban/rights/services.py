"""Asking for a person: what a machine decided is looked at by a human of the department, within ten working days."""

import unicodedata
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties.models import Account
from tongban.rights import events
from tongban.rights.models import Review
from tongban.rights.states import PUT_RIGHT, STANDS

LOOKED_AT_WITHIN = (
    10  # working days; demonstration district, the law says without delay and standards say at most 30 days
)
LONGEST = 2000


@transaction.atomic
def ask_review(case: Case, *, account: Account, text: str = "", now: datetime | None = None) -> Review:
    """Have a person look at a decision of the machine. While one looks, asking again answers the same; it is looked at once."""
    now = now or timezone.now()
    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > LONGEST:
        raise Invalid(
            "text", errors={"text": [_("Please write at most 2,000 characters.")]}, kept=_("Nothing was sent yet.")
        )
    if not case.decided_by_machine:
        raise NotAllowed("people-decided", _("This was not decided by the machine: people have looked at it."))
    if Review.objects.filter(case=case).exclude(state="open").exists():
        raise NotAllowed(
            "looked-at-already",
            _("A person has already looked at this decision."),
            next_step=_("If you do not agree, ask for reconsideration as the decision says."),
        )
    due = departments.calendar().due(timezone.localdate(now), LOOKED_AT_WITHIN)
    assert due.day is not None
    try:
        with transaction.atomic():
            row = Review.objects.create(
                case=case, account=account, department=case.department.code, text=text, asked_at=now,
                due=due.day, provisional=due.provisional,
            )  # fmt: skip
    except IntegrityError:
        return Review.objects.get(case=case, state="open")
    journal.record(
        events.ReviewAsked(review=row.pk),
        subject=case.subject,
        actor=Actor(kind="applicant", role="applicant", account=account.pk, party=case.applicant_id),
    )
    _touched(row)
    return row


def stands(review: Review, *, officer: Officer, answer: str, now: datetime | None = None) -> Review:
    """A person looked: the decision is right as it is."""
    return _answer(review, STANDS, officer, answer, now)


def put_right(review: Review, *, officer: Officer, answer: str, now: datetime | None = None) -> Review:
    """A person looked: something was wrong, and is put right as written."""
    return _answer(review, PUT_RIGHT, officer, answer, now)


@transaction.atomic
def _answer(review: Review, step: Move, officer: Officer, answer: str, now: datetime | None) -> Review:
    answer = unicodedata.normalize("NFC", answer).strip()
    if not answer or len(answer) > LONGEST:
        sentence = _("Please write what you found, in 1 to 2,000 characters: the person reads it.")
        raise Invalid("answer", errors={"answer": [sentence]}, kept=_("Nothing was changed."))
    role = next((one for one in step.by if one in officer.roles), None)
    if role is None or not officer.active or (officer.department.code != review.department and role != "coordinator"):
        raise NotAllowed("not-your-move", _("This is for the department of the matter."), status=403)
    if officer.account.person_id is not None and officer.account.person_id == review.case.applicant_id:
        raise NotAllowed("own-matter", _("Nobody answers about their own case."), status=403)
    make(review, step, officer=officer, answer=answer, answered_at=now or timezone.now())
    journal.record(
        events.ReviewAnswered(review=review.pk, outcome=step.target),
        subject=review.case.subject,
        actor=Actor(
            kind="officer", role=role, account=officer.account_id, department=officer.department.code,
            name=officer.staff_no,
        ),
    )  # fmt: skip
    _touched(review)
    return review


def _touched(review: Review) -> None:
    journal.touch(review.subject, f"reviews:{review.department}", review.case.subject)
