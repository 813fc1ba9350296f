"""“This is wrong”: a dispute reaches the authority that keeps the register, is answered within working days, and corrects it.

The steward's word is one transaction; the register itself is told afterwards by the worker, as nothing outside is awaited with a
row in the hand. Only when the register has taken the value is the dispute called corrected.
"""

import json
import unicodedata
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import services as parties
from tongban.parties.models import Account, Party
from tongban.registers import events
from tongban.registers.gateways.authority import NoAnswer, NotFound, Refused, authority
from tongban.registers.models import Correction, Dispute, Resource
from tongban.registers.services import subject_of
from tongban.registers.states import ANSWER_DAYS, CORRECT, DONE, NOT_TAKEN, TAKE, UPHOLD, WITHDRAW

log = structlog.get_logger("registers")

LONGEST = 2000
RUNNING_AT_MOST = 20
# what our own record of a party follows, once the register that it came from is corrected
OWN_RECORD = {("population-base", "name"), ("company-status", "name")}


@transaction.atomic
def open_dispute(
    resource: Resource,
    field: str,
    *,
    of: Party,
    account: Account,
    was: Any,
    says: Any,
    why: str = "",
    paper: UUID | None = None,
    label: dict | None = None,
    matter: str = "",
    about: str = "",
    provider: str = "",
    now: datetime | None = None,
) -> Dispute:
    """Say that a value is wrong. While one about the same value runs, a second is not opened: the sentence says so."""
    now = now or timezone.now()
    why = unicodedata.normalize("NFC", why).strip()
    errors: dict[str, list] = {}
    if says in (None, "", [], {}):
        errors["says"] = [_("Please write what is right.")]
    elif len(json.dumps(says, ensure_ascii=False, default=str)) > LONGEST:
        errors["says"] = [_("Please write at most 2,000 characters.")]
    elif says == was:
        errors["says"] = [_("This is what the register already says.")]
    if len(why) > LONGEST:
        errors["why"] = [_("Please write at most 2,000 characters.")]
    if errors:
        raise Invalid("dispute", errors=errors, kept=_("Nothing was sent yet."))
    if Dispute.objects.filter(of_party=of, state__in=["open", "taken", "correcting"]).count() >= RUNNING_AT_MOST:
        raise NotAllowed(
            "too-many-disputes",
            _("Twenty of your values are being checked already."),
            next_step=_("Wait for an answer to one of them, or call the help line."),
        )
    due = departments.calendar().due(timezone.localdate(now), ANSWER_DAYS)
    assert due.day is not None
    try:
        with transaction.atomic():
            row = Dispute.objects.create(
                resource=resource,
                provider=provider or resource.provider,
                field=field,
                label=label or {},
                matter=matter,
                about=about,
                of_party=of,
                account=account,
                before={"value": was},
                claimed={"value": says},
                why=why,
                paper=paper,
                opened_at=now,
                due=due.day,
                provisional=due.provisional,
            )
    except IntegrityError as twice:
        raise NotAllowed(
            "dispute-runs",
            _("You have already said that this value is wrong; it is being checked."),
            next_step=_("“My disputes” says by when it is answered."),
        ) from twice
    journal.record(events.DisputeOpened(dispute=row.pk), subject=row.subject, actor=_person(account, of))
    _touched(row)
    return row


def take(dispute: Dispute, *, officer: Officer) -> Dispute:
    """A steward begins to check it."""
    return _go(dispute, TAKE, officer, what=events.DisputeMoved(dispute=dispute.pk, move=TAKE.name), steward=officer)


def correct(dispute: Dispute, *, officer: Officer, answer: str, now: datetime | None = None) -> Dispute:
    """The person is right: the register gets the value; the worker carries it there."""
    answer = _written(answer)
    with transaction.atomic():
        row = _go(
            dispute, CORRECT, officer, what=events.DisputeMoved(dispute=dispute.pk, move=CORRECT.name),
            steward=officer, answer=answer, answered_at=now or timezone.now(),
        )  # fmt: skip
        journal.enqueue("registers.correct", dispute=row.pk)
    return row


def uphold(dispute: Dispute, *, officer: Officer, answer: str, now: datetime | None = None) -> Dispute:
    """The register is right: the reason goes to the person, with the ways to challenge it."""
    return _go(
        dispute, UPHOLD, officer, what=events.DisputeAnswered(dispute=dispute.pk, outcome="upheld"),
        steward=officer, answer=_written(answer), answered_at=now or timezone.now(),
    )  # fmt: skip


@transaction.atomic
def withdraw(dispute: Dispute, *, account: Account) -> Dispute:
    """The person takes it back before it is answered."""
    make(dispute, WITHDRAW)
    journal.record(
        events.DisputeMoved(dispute=dispute.pk, move=WITHDRAW.name),
        subject=dispute.subject,
        actor=_person(account, dispute.of_party),
    )
    _touched(dispute)
    return dispute


@journal.carrier("registers.correct")
def carry_correction(dispute: int) -> None:
    """Write the value into the register, then say so. Asked again after a crash, the register knows the reference."""
    row = Dispute.objects.select_related("resource", "of_party", "steward").get(pk=dispute)
    if row.state != "correcting":
        return
    subject = subject_of(row.of_party)
    try:
        if subject is None:
            raise NotFound(row.resource.slug)
        authority().correct(
            row.resource.slug, subject, row.field, row.says, reference=f"dispute:{row.ref}", why=row.answer
        )
    except NoAnswer:
        raise  # the worker tries again
    except (NotFound, Refused) as refusal:
        if (row.resource.slug, row.field) not in OWN_RECORD:
            log.warning("the register did not take a correction", resource=row.resource.slug, reason=str(refusal)[:200])
            _not_taken(row)
            return
    _done(row)


@transaction.atomic
def _done(row: Dispute) -> None:
    make(row, DONE)
    Correction.objects.create(
        dispute=row,
        resource=row.resource,
        of_party=row.of_party,
        field=row.field,
        before=row.before,
        after=row.claimed,
        why=row.answer,
    )
    if (row.resource.slug, row.field) in OWN_RECORD and isinstance(row.says, str):
        parties.follow_register(row.of_party, name=row.says)
    journal.record(events.DisputeAnswered(dispute=row.pk, outcome="corrected"), subject=row.subject, actor=PLATFORM)
    _touched(row)


@transaction.atomic
def _not_taken(row: Dispute) -> None:
    make(row, NOT_TAKEN, answered_at=None)
    journal.record(events.DisputeMoved(dispute=row.pk, move=NOT_TAKEN.name), subject=row.subject, actor=PLATFORM)
    _touched(row)


@transaction.atomic
def _go(dispute: Dispute, step: Move, officer: Officer, *, what, **changes) -> Dispute:
    """One steward's step. Who is not of the department that keeps the register, or is the person concerned, is refused."""
    role = next((one for one in step.by if one in officer.roles), None)
    ours = officer.department.code == dispute.provider or role == "coordinator" or "coordinator" in officer.roles
    if role is None or not officer.active or not ours:
        raise NotAllowed("not-your-register", _("This register is kept by another department."), status=403)
    if officer.account.person_id is not None and officer.account.person_id == dispute.of_party_id:
        raise NotAllowed("own-matter", _("Nobody answers a dispute about their own data."), status=403)
    make(dispute, step, **changes)
    journal.record(
        what,
        subject=dispute.subject,
        actor=Actor(
            kind="officer", role=role, account=officer.account_id, department=officer.department.code,
            name=officer.staff_no,
        ),
    )  # fmt: skip
    _touched(dispute)
    return dispute


def _written(answer: str) -> str:
    answer = unicodedata.normalize("NFC", answer).strip()
    if not answer or len(answer) > LONGEST:
        sentence = _("Please write what you found, in 1 to 2,000 characters: the person reads it.")
        raise Invalid("answer", errors={"answer": [sentence]}, kept=_("Nothing was changed."))
    return answer


def _touched(row: Dispute) -> None:
    journal.touch(row.subject, f"disputes:{row.provider}", f"party:{row.of_party_id}")


def _person(account: Account, party: Party) -> Actor:
    return Actor(kind="applicant", role="applicant", account=account.pk, party=party.pk)
