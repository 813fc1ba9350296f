"""Questions and answers inside a case."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events, standing
from tongban.cases.models import Case, Question
from tongban.cases.moving import acting, changed
from tongban.cases.permission import permit_to_work
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.problems import Invalid
from tongban.parties.models import Account
from tongban.parties.states import Act

LONGEST = 4000


def ask(case: Case, *, account: Account, text: str, key: str, now: datetime | None = None) -> Question:
    """The applicant writes. Sent twice with one key it stands there once."""
    now = now or timezone.now()
    text = _written(text)

    def write() -> str:
        actor = standing.act_as_applicant(account, case, Act.SEE, "ask", now)
        question = Question.objects.create(case=case, account=account, text=text, at=now)
        journal.record(
            events.QuestionAsked(case=case.pk, question=question.pk),
            subject=case.subject,
            actor=actor,
        )
        changed(case)
        return str(question.pk)

    pk, _done = journal.once("ask", f"{case.pk}:{key}", write)
    return Question.objects.get(pk=pk)


def answer(case: Case, *, officer: Officer, text: str, now: datetime | None = None) -> Question:
    now = now or timezone.now()
    text = _written(text)
    permit_to_work(officer, case)
    with transaction.atomic():
        question = Question.objects.create(case=case, officer=officer, text=text, at=now)
        journal.record(
            events.QuestionAnswered(case=case.pk, question=question.pk),
            subject=case.subject,
            actor=acting(officer, next(iter(officer.roles), "")),
        )
        changed(case)
    return question


def _written(text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise Invalid(
            "text",
            _("Write between 1 and 4,000 characters."),
            errors={"text": [_("Write between 1 and 4,000 characters.")]},
        )
    return text
