"""Somebody helps: with a short-lived code from the person's own device they prepare the application, and never sign it.

The person ends it at once, the helper ends it, or an hour does. What a helper does not get is numbers of people, telephones
and accounts in full, papers that were handed in, and the move that sends.
"""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events, queries, standing
from tongban.cases.models import ALPHABET, Case, Hand
from tongban.cases.moving import again, applying, changed
from tongban.cases.states import EDITABLE
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.encryption import blind_index
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import services as notices
from tongban.parties import queries as parties
from tongban.parties.models import Account

CODE_LASTS = timedelta(minutes=10)
HELP_LASTS = timedelta(hours=1)
CODE_LETTERS = 8  # 40 bits for ten minutes


def invite(case: Case, *, account: Account, now: datetime | None = None) -> tuple[Hand, str]:
    """A code for one helper, once, within ten minutes. A code that nobody has used yet is replaced."""
    now = now or timezone.now()
    code = "".join(secrets.choice(ALPHABET) for _i in range(CODE_LETTERS))
    with transaction.atomic():
        case = again(case)
        _open(case)
        case.hands.filter(kind=Hand.Kind.HELPER, taken_at__isnull=True, ended_at__isnull=True).update(
            ended_at=now, ended_by="person", code_index=""
        )
        hand = Hand.objects.create(
            case=case, kind=Hand.Kind.HELPER, code_index=_index(code), made_at=now, code_until=now + CODE_LASTS
        )
        journal.record(
            events.HelperInvited(case=case.pk, hand=hand.pk), subject=case.subject, actor=applying(account, case)
        )
    return hand, code


def take(code: str, *, actor: Actor, account: Account, now: datetime | None = None) -> Hand:
    """The helper types the code: from now on, for an hour, they may prepare. Of two who type it one gets in."""
    now = now or timezone.now()
    held = Hand.objects.filter(
        code_index=_index(_bare(code)), code_until__gt=now, taken_at__isnull=True, ended_at__isnull=True
    )
    hand = held.select_related("case", "case__applicant").first()
    if hand is None:
        raise _no_such_code()
    if queries.is_own(account, hand.case):
        raise NotAllowed(
            "own-draft", _("This is your own application."), next_step=_("Open it under “Drafts”: you need no code.")
        )
    with transaction.atomic():
        case = again(hand.case)
        _open(case)
        took = held.filter(pk=hand.pk).update(
            taken_at=now,
            until=now + HELP_LASTS,
            account=account,
            officer=getattr(account, "officer", None),
            code_index="",
        )
        if not took:
            raise _no_such_code()
        journal.record(events.HandTaken(case=case.pk, hand=hand.pk), subject=case.subject, actor=actor)
        changed(case)
    hand.refresh_from_db()
    return hand


def stop(hand: Hand, *, by: str, actor: Actor, now: datetime | None = None) -> None:
    """End it: `by` the person or the helper. From the next request on nothing opens. A second time does nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        ended = Hand.objects.filter(pk=hand.pk, ended_at__isnull=True).update(ended_at=now, ended_by=by, code_index="")
        if ended:
            journal.record(
                events.HandEnded(case=hand.case_id, hand=hand.pk, by=by), subject=f"case:{hand.case_id}", actor=actor
            )
            changed(hand.case)


def say_it_is_ready(case: Case, *, account: Account, now: datetime | None = None) -> bool:
    """An agent who prepares and does not sign tells whoever signs, once a day; whether anybody could be told."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    with transaction.atomic():
        case = again(case)
        _open(case)
        standing.prepare(account, case, now)
        signers = [one for one in parties.own_accounts(case.applicant, today) if one.person_id != account.person_id]
        notices.tell(
            case.applicant,
            "ready_to_sign",
            about=case.subject,
            link=f"/apply/{case.ref}/check/",
            params={"name": account.person.names if account.person else "", "matter": case.version.name},
            once=f"ready:{case.pk}:{account.person_id}:{today}",
            needs_answer=True,
            to=signers,
        )
    return bool(signers)


def _open(case: Case) -> None:
    if case.state not in EDITABLE:
        raise NotAllowed("not-editable", _("This was sent and cannot be changed now."))


def _bare(code: str) -> str:
    return "".join(letter for letter in code.lower() if letter.isalnum())


def _index(code: str) -> str:
    return blind_index(code, "cases.hand")


def _no_such_code() -> Invalid:
    sentence = _("This code does not hold. It may be over ten minutes old, or used already.")
    return Invalid("no-such-code", sentence, errors={"code": [sentence]}, next_step=_("Ask the person for a new one."))
