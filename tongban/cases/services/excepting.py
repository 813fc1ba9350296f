"""One application more than a matter takes: asked for with a reason, answered by the department with one."""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events, standing
from tongban.cases.models import Case, OneMore
from tongban.cases.moving import acting
from tongban.cases.permission import handler_of
from tongban.departments.models import Officer, Role
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import Invalid, NotAllowed
from tongban.matters import repeating
from tongban.matters.models import Matter, MatterVersion
from tongban.parties import mandates
from tongban.parties import queries as parties
from tongban.parties.models import Account, Party
from tongban.parties.states import Act

LONGEST = 1000
MAY_ANSWER = (Role.DEPT_REVIEWER, Role.DEPT_APPROVER)


def ask_for_one_more(
    matter: Matter, *, party: Party, account: Account, words: str, now: datetime | None = None
) -> OneMore:
    """Explain why one more is needed. Asked a second time before the answer, the words are those of the last time."""
    now = now or timezone.now()
    held = parties.over(account, party, timezone.localdate(now))
    power = mandates.choose(held, act=Act.PREPARE, matter=matter.slug)
    if power is None:
        raise mandates.no_power_for(held, Act.PREPARE)
    return _ask(matter, party, account, words, standing.actor_by(power, account, party), now)


def ask_at_window(
    matter: Matter, *, party: Party, officer: Officer, words: str, now: datetime | None = None
) -> OneMore:
    """The same for somebody who stands at a window: the officer writes down what they say."""
    return _ask(matter, party, None, words, acting(officer, Role.WINDOW_OFFICER), now or timezone.now())


def _ask(matter: Matter, party: Party, account: Account | None, words: str, actor: Actor, now: datetime) -> OneMore:
    words = words.strip()
    if not words or len(words) > LONGEST:
        sentence = _("Write in one or two sentences why another one is needed.")
        raise Invalid("words-missing", sentence, errors={"words": [sentence]})
    version = MatterVersion.objects.filter(matter=matter, state=MatterVersion.State.PUBLISHED).first()
    if version is None or repeating.rule_of(version) is None:
        raise NotAllowed("no-rule", _("For this matter you may apply as often as you need to."))
    waiting = OneMore.objects.filter(party=party, matter=matter, allowed__isnull=True)
    try:
        with transaction.atomic():
            row = waiting.select_for_update().first()
            if row is not None:
                row.words = words
                row.save(update_fields=["words"])
                return row
            row = OneMore.objects.create(matter=matter, party=party, account=account, words=words, asked_at=now)
            journal.record(events.OneMoreAsked(one_more=row.pk), subject=f"party:{party.pk}", actor=actor)
    except IntegrityError:  # sent twice at once: one of them is there now
        row = waiting.get()
    return row


def may_answer(officer: Officer, matter: Matter, party: Party) -> None:
    """Raises NotAllowed unless this officer decides in the department of the matter, is certified for it, and it is not their own."""
    handler = handler_of(officer)
    here = handler.active and officer.department_id == matter.department_id and handler.roles & set(MAY_ANSWER)
    if not here or not {"*", matter.slug} & handler.certified:
        raise NotAllowed("not-yours", _("Whoever decides this matter in its department answers this."), status=403)
    if party.pk in handler.parties:
        raise NotAllowed("own-case", _("Nobody handles their own case."), status=403)


def answer_one_more(
    row: OneMore, *, officer: Officer, allowed: bool, reason: str, now: datetime | None = None
) -> OneMore:
    """Allow one more application or decline it, with the reason the applicant reads. The first answer holds."""
    now = now or timezone.now()
    may_answer(officer, row.matter, row.party)
    reason = _reasoned(reason)
    with transaction.atomic():
        open_ = OneMore.objects.select_for_update().filter(pk=row.pk, allowed__isnull=True).first()
        if open_ is None:
            raise NotAllowed("answered", _("This was answered already."), kept=_("Nothing was changed."))
        _answer(open_, officer, allowed, reason, now)
    return open_


def allow_one_more(
    matter: Matter, *, party: Party, officer: Officer, reason: str, now: datetime | None = None
) -> OneMore:
    """An officer allows one more without being asked: what waits for an answer is answered by it.

    While one that was allowed is unused, allowing again changes nothing and gives that one.
    """
    now = now or timezone.now()
    may_answer(officer, matter, party)
    reason = _reasoned(reason)
    with transaction.atomic():
        _take_turns(party)
        rows = OneMore.objects.select_for_update().filter(party=party, matter=matter)
        free = rows.filter(allowed=True, case__isnull=True).first()
        if free is not None:
            return free
        row = rows.filter(allowed__isnull=True).first() or OneMore(matter=matter, party=party, asked_at=now)
        _answer(row, officer, True, reason, now)
    return row


def _take_turns(party: Party) -> None:
    """Where nobody asked there is no row to wait at: officers who allow at the same moment wait at the party's."""
    Party.objects.select_for_update(no_key=True).only("pk").get(pk=party.pk)


def _reasoned(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > LONGEST:
        sentence = _("Say the reason in words the applicant understands.")
        raise Invalid("reason-missing", sentence, errors={"reason": [sentence]})
    return reason


def _answer(row: OneMore, officer: Officer, allowed: bool, reason: str, now: datetime) -> None:
    row.officer, row.allowed, row.reason, row.answered_at = officer, allowed, reason, now
    row.save()
    role = next(one for one in MAY_ANSWER if one in officer.roles)
    journal.record(
        events.OneMoreAnswered(one_more=row.pk, allowed=allowed),
        subject=f"party:{row.party_id}",
        actor=acting(officer, role),
    )


def waiting_for(officer: Officer, limit: int = 50) -> list[OneMore]:
    """What people explained to this officer's department and nobody has answered, the oldest first; never one's own."""
    if not set(officer.roles) & set(MAY_ANSWER):
        return []
    handler = handler_of(officer)
    rows = OneMore.objects.filter(allowed__isnull=True, matter__department=officer.department_id)
    if "*" not in handler.certified:
        rows = rows.filter(matter__slug__in=handler.certified)
    rows = rows.exclude(party__in=handler.parties).select_related("matter", "party", "account__person")
    return list(rows.order_by("id")[:limit])


def others_of(wishes: Iterable[OneMore], limit: int = 5) -> dict[int, list[Case]]:
    """{wish: what its party applied for already in this matter, the newest first}: what an officer answers by."""
    wishes = list(wishes)
    rows = Case.objects.filter(
        applicant__in={row.party_id for row in wishes}, matter__in={row.matter_id for row in wishes}, number__isnull=False
    ).only("ref", "number", "state", "submitted_at", "matter", "applicant")  # fmt: skip
    found = list(rows.order_by("-id")[:500])
    return {
        row.pk: [one for one in found if (one.applicant_id, one.matter_id) == (row.party_id, row.matter_id)][:limit]
        for row in wishes
    }
