"""The conversation inside a case: questions, answers, papers sent along; who waits for an answer until when, and who has read what."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, standing, talking
from tongban.cases.models import Case, Question, QuestionPaper, Talk
from tongban.cases.moving import acting, again, changed
from tongban.cases.permission import permit_to_work
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.encryption import blind_index
from tongban.lib.problems import Invalid, NotAllowed
from tongban.materials import services as documents
from tongban.parties.models import Account
from tongban.parties.states import Act

LONGEST = 4000
ANSWERED_WITHIN = 1  # working day


def is_open(case: Case, now: datetime | None = None) -> bool:
    """Until some days after the case ended; what was written stays readable."""
    return case.ended_at is None or (now or timezone.now()) <= case.ended_at + talking.OPEN_AFTER_THE_END


def ask(
    case: Case, *, account: Account, text: str, key: str, files: Sequence[BinaryIO] = (), now: datetime | None = None
) -> Question:
    """The applicant writes, with a paper if they like. Sent twice with one key it stands there once."""
    now = now or timezone.now()
    text = _written(text)
    _still_open(case, now)
    document = documents.keep(list(files), owner=case.applicant, by=account) if files else None

    def write() -> str:
        held = again(case)
        actor = standing.act_as_applicant(account, held, Act.SEE, "ask", now)
        question = Question.objects.create(case=held, account=account, text=text, at=now)
        if document is not None:
            documents.hand_in(document, actor=actor)
            QuestionPaper.objects.create(question=question, document=document)
        talk, _made = Talk.objects.get_or_create(case=held)
        if talk.waiting_since is None:
            talk.waiting_since = now
            day = departments.calendar().due(clocks.receipt_day(held, now), ANSWERED_WITHIN).day
            talk.due = day or timezone.localdate(now)
        talk.read_by_applicant, talk.read_by_applicant_at = question.pk, now
        talk.save()
        journal.record(
            events.QuestionAsked(case=held.pk, question=question.pk),
            subject=held.subject,
            actor=actor,
        )
        _shown(held)
        return str(question.pk)

    pk, done = journal.once("ask", f"{case.pk}:{key}:{_words(text)}", write)
    if document is not None and not done:
        documents.remove(document, by=account)
    return Question.objects.get(pk=pk)


def answer(
    case: Case,
    *,
    officer: Officer,
    text: str,
    ready: str = "",
    meant: bool = False,
    key: str = "",
    now: datetime | None = None,
) -> Question:
    """The office writes, or takes a `ready` answer of its department, in both languages. Sent twice with one key it stands there once.

    What looks like asking for a paper outside the list is sent only if it is `meant` otherwise. Who only says that an answer comes
    has not answered: the question waits on.
    """
    now = now or timezone.now()
    taken = next((one for one in talking.ready_of(officer.department_id) if one.key == ready), None) if ready else None
    if ready and taken is None:
        sentence = _("This ready answer was taken out a moment ago. Choose another one.")
        raise Invalid("ready-gone", sentence, errors={"text": [sentence]})
    holds = taken is not None and taken.waits and not text.strip()
    parts = [text.strip(), f"{taken.words['zh']}\n{taken.words['en']}" if taken is not None else ""]
    text = _written("\n\n".join(part for part in parts if part))
    permit_to_work(officer, case)
    _still_open(case, now)
    if not meant and talking.asks_for_papers(text):
        sentence = _(
            "This reads like asking for a paper. Papers that are not in the list cannot be asked for here: they belong into a "
            "correction notice, once and complete. If you mean something else, tick below and send it."
        )
        raise Invalid("asks-for-papers", sentence, errors={"text": [sentence]})

    def write() -> str:
        held = again(case)
        question = Question.objects.create(case=held, officer=officer, text=text, at=now)
        talk, _made = Talk.objects.get_or_create(case=held)
        if not holds:
            talk.waiting_since, talk.due = None, None
        talk.read_by_office, talk.read_by_office_at = question.pk, now
        talk.save()
        journal.record(
            events.QuestionAnswered(case=held.pk, question=question.pk),
            subject=held.subject,
            actor=acting(officer, next(iter(officer.roles), "")),
        )
        _shown(held)
        return str(question.pk)

    pk, _done = journal.once("answer", f"{case.pk}:{officer.pk}:{key or uuid4().hex}:{_words(text)}", write)
    return Question.objects.get(pk=pk)


@journal.every("questions in conversations that are closed", timedelta(days=1))
def let_go_of_what_nobody_can_answer(now: datetime | None = None) -> int:
    """Nobody can write there any more, so nothing of it waits at a desk."""
    rows = Talk.objects.filter(talking.closed(now or timezone.now()), waiting_since__isnull=False)
    return Talk.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:1000])).update(
        waiting_since=None, due=None
    )


def read_by_applicant(case: Case, now: datetime | None = None) -> None:
    """The applicant has the page open: what the office wrote counts as read. Written only where there is something new."""
    for talk in talking.talks(case):
        last = Question.objects.filter(case=talk.case_id).order_by("-id").values_list("pk", flat=True).first() or 0
        fresh = Talk.objects.filter(pk=talk.pk, read_by_applicant__lt=last)
        if fresh.update(read_by_applicant=last, read_by_applicant_at=now or timezone.now()):
            journal.touch(f"case:{talk.case_id}")


def read_by_office(case: Case, officer: Officer, now: datetime | None = None) -> bool:
    """The same for somebody who may answer; whoever only looks leaves no mark of an office that has read it. True: something was new."""
    talk = Talk.objects.filter(pk=case.pk).first()
    if talk is None:
        return False
    try:
        permit_to_work(officer, case)
    except NotAllowed:
        return False
    last = Question.objects.filter(case=case).order_by("-id").values_list("pk", flat=True).first() or 0
    fresh = Talk.objects.filter(pk=talk.pk, read_by_office__lt=last)
    if not fresh.update(read_by_office=last, read_by_office_at=now or timezone.now()):
        return False
    journal.touch(f"case:{case.pk}")
    return True


def _shown(case: Case) -> None:
    """Live pages of the case show it, and those of the whole it belongs to."""
    changed(case)
    if case.parent_id is not None:
        changed(Case.objects.select_related("department").get(pk=case.parent_id))


def _still_open(case: Case, now: datetime) -> None:
    if not is_open(case, now):
        raise NotAllowed(
            "talk-over",
            _("The conversation about this case is closed: it ended some time ago."),
            kept=_("What was written can still be read."),
            next_step=_("Ask to be rung up, or begin a new application."),
        )


def _words(text: str) -> str:
    """Other words from the same page, after a step back in the browser, are another entry and not lost."""
    return blind_index(text, "cases.talk")[:24]


def _written(text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise Invalid(
            "text",
            _("Write between 1 and 4,000 characters."),
            errors={"text": [_("Write between 1 and 4,000 characters.")]},
        )
    return text
