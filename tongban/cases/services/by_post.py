"""Paper that came by post, and what was said on the telephone: an officer registers both, and the applicant reads it in the case."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, only_one, rules
from tongban.cases.models import Case, PhoneNote, PostedPaper
from tongban.cases.moving import acting, again, changed, go
from tongban.cases.permission import permit, permit_to_work
from tongban.cases.services import intake
from tongban.cases.services.at_window import ROLE, Signature, content_of, published_for
from tongban.cases.services.drafting import draft_for
from tongban.cases.states import ACCEPTANCE_DAYS, CORRECT, CREATE, ENDED, HAND_IN, CaseState, ClockKind
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import Invalid, NotAllowed
from tongban.materials.models import Document
from tongban.matters.models import Matter
from tongban.parties.models import Account, Party, Person

LONGEST = 4000
LONG_AGO = timedelta(days=60)  # older than this is a slip of the pen


def begin_by_post(
    matter: Matter,
    *,
    party: Party,
    person: Person,
    officer: Officer,
    received_on: date | None,
    kept_at: str,
    note: str = "",
    now: datetime | None = None,
) -> Case:
    """A signed application came by post: a draft in the applicant's name, to be filled in from the paper and handed in."""
    now = now or timezone.now()
    errors = _wrong(received_on, kept_at, now)
    if errors or received_on is None:
        raise Invalid("post-incomplete", errors=errors)
    version = published_for(matter, party)
    only_one.refuse_to_begin(version, party, clocks.local_day(now))
    permit(officer, Case(matter=matter, version=version, department=matter.department, applicant=party), CREATE)
    return draft_for(
        version, party=party, person=person, account=Account.objects.filter(person=person).first(),
        actor=acting(officer, ROLE), channel=Case.Channel.POST, situation=(), now=now, officer=officer,
        also=lambda case: _register(
            case, PostedPaper.What.APPLICATION, officer, received_on, kept_at, note, None, now
        ),
    )  # fmt: skip


def may_type_in(case: Case, officer: Officer) -> None:
    """Raises NotAllowed unless this is a posted application that this officer may take in."""
    if case.channel != Case.Channel.POST or case.state != CaseState.DRAFT:
        raise NotAllowed("not-posted", _("This application did not come by post."), status=403)
    permit(officer, case, HAND_IN)


def hand_in_posted(case: Case, *, officer: Officer, now: datetime | None = None) -> Case:
    """Take in what was typed from the paper. The clock runs from the day the paper reached the office, not from today."""
    may_type_in(case, officer)
    paper = case.posted.filter(what=PostedPaper.What.APPLICATION).order_by("-id").first()
    if paper is None:
        raise NotAllowed("not-posted", _("This application did not come by post."), status=403)
    signed = Signature(how=Case.Signed.PAPER, content=content_of(case), kept=paper.kept_at)
    return intake.hand_in(case, officer=officer, signed=signed, received_on=paper.received_on, now=now)


def register_paper(
    case: Case,
    *,
    officer: Officer,
    received_on: date | None,
    kept_at: str,
    note: str = "",
    document: Document | None = None,
    now: datetime | None = None,
) -> PostedPaper:
    """A further paper for a case that goes on: it lies with the case, and the applicant sees that it has come."""
    now = now or timezone.now()
    permit_to_work(officer, case)
    errors = _wrong(received_on, kept_at, now)
    if errors or received_on is None:
        raise Invalid("post-incomplete", errors=errors)
    with transaction.atomic():
        case = again(case)
        if case.state in ENDED:
            raise NotAllowed(
                "case-over",
                _("This case is over."),
                next_step=_("Send the paper back, or begin a new application with it."),
            )
        return _register(case, PostedPaper.What.PAPER, officer, received_on, kept_at, note, document, now)


def may_register(case: Case, *, officer: Officer, received_on: date | None, kept_at: str) -> None:
    """Before anything of the paper is typed in: may this officer, and is it known when it came and where it lies?"""
    permit(officer, case, HAND_IN)
    errors = _wrong(received_on, kept_at, timezone.now())
    if errors:
        raise Invalid("post-incomplete", errors=errors)


def correct_by_post(
    case: Case,
    *,
    officer: Officer,
    received_on: date | None,
    kept_at: str,
    note: str = "",
    now: datetime | None = None,
) -> Case:
    """The applicant's signed answer to a correction notice came by post, and what it says was typed in: the move is the applicant's.

    What counts is the day on which it reached the office: for the applicant's thirty days, and for the five of the window.
    """
    now = now or timezone.now()
    may_register(case, officer=officer, received_on=received_on, kept_at=kept_at)
    if received_on is None:  # may_register has said so
        return case
    with transaction.atomic():
        case = again(case)
        intake.all_answered(case)
        intake.complete(case, rules.SIGNING_LEVEL)  # signed by hand
        only_one.count(case, now)
        actor = Actor(
            kind="officer", role="applicant", account=officer.account_id, party=case.applicant_id,
            department=officer.department.code, name=officer.staff_no,
        )  # fmt: skip
        go(
            case, CORRECT, actor=actor, officer=officer, now=now, reason="by post",
            what=events.CaseCorrected(case=case.pk), received_on=received_on,
        )  # fmt: skip
        intake.hand_in_papers(case, actor)
        clocks.stop(case, ClockKind.APPLICANT_CORRECTION, received_on)
        clocks.start(case, ClockKind.ACCEPTANCE, received_on, ACCEPTANCE_DAYS)
        intake.promise(case, clocks.local_day(now))
        _register(case, PostedPaper.What.CORRECTION, officer, received_on, kept_at, note, None, now)
    return case


def _register(case, what, officer, received_on, kept_at, note, document, now) -> PostedPaper:
    row = PostedPaper.objects.create(
        case=case, what=what, officer=officer, received_on=received_on, kept_at=kept_at.strip()[:120],
        note=note.strip()[:LONGEST], document=document, at=now,
    )  # fmt: skip
    journal.record(
        events.PaperRegistered(case=case.pk, paper=row.pk, what=str(what)),
        subject=case.subject,
        actor=acting(officer, ROLE),
    )
    changed(case)
    return row


def _wrong(received_on: date | None, kept_at: str, now: datetime) -> dict[str, list]:
    errors: dict[str, list] = {}
    today = clocks.local_day(now)
    if received_on is None:
        errors["received_on"] = [_("Say on which day it reached the office: the stamp of the post room.")]
    elif received_on > today:
        errors["received_on"] = [_("This day has not come yet.")]
    elif received_on < today - LONG_AGO:
        errors["received_on"] = [_("This is more than 60 days ago. Please look at the stamp again.")]
    if not kept_at.strip():
        errors["kept_at"] = [_("Say where the original lies, so that a colleague finds it.")]
    return errors


# -- the telephone


def note_call(
    case: Case,
    *,
    officer: Officer,
    caller: str,
    text: str,
    name: str = "",
    next_step: str = "",
    now: datetime | None = None,
) -> PhoneNote:
    """What was said on the telephone: who called, what about, what follows. It stands in the case for both sides."""
    permit_to_work(officer, case)
    errors: dict[str, list] = {}
    if caller not in PhoneNote.Caller.values:
        errors["caller"] = [_("Say who called.")]
    if not text.strip() or len(text) > LONGEST:
        errors["text"] = [_("Write between 1 and 4,000 characters.")]
    if len(next_step) > LONGEST:
        errors["next_step"] = [_("Write between 1 and 4,000 characters.")]
    if errors:
        raise Invalid("note-incomplete", errors=errors, kept=_("What you wrote stands here still."))
    with transaction.atomic():
        row = PhoneNote.objects.create(
            case=case, officer=officer, caller=caller, name=name.strip()[:200], text=text.strip(),
            next_step=next_step.strip(), at=now or timezone.now(),
        )  # fmt: skip
        role = next(iter(officer.roles), "")
        journal.record(events.CallNoted(case=case.pk, note=row.pk), subject=case.subject, actor=acting(officer, role))
        changed(case)
    return row
