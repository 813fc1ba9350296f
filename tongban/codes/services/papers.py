"""Codes on paper, for people without a phone: four on a sheet, good for 180 days, and dead at once when one is reported lost."""

from datetime import datetime, time

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import keys, payload
from tongban.codes.events import PaperCodeEnded, PaperCodeMade
from tongban.codes.models import IdentityCode
from tongban.codes.payload import Kind
from tongban.codes.scene_fields import SIXTY, years
from tongban.codes.services.verifying import key_directory, paper_mark
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib import covered
from tongban.lib.problems import NotAllowed
from tongban.licences.rendering import PaperCodes, render_paper_codes
from tongban.parties import queries as parties
from tongban.parties import rules
from tongban.parties.models import Account, Person

LIVES = keys.PAPER_LIVES
MAY_FETCH = frozenset({"self", "record", "parent", "guardian", "mandate"})
ANSWERS = frozenset({"self", "record", "parent", "guardian"})


def who_needs(person: Person, at: datetime, *, disabled: bool = False) -> bool:
    """People of sixty or over, minors, and people with a disability; it is the person's word that tells of the last."""
    today = timezone.localdate(at)
    return disabled or years(person.birth_date, today) >= SIXTY or rules.is_minor(person.birth_date, today)


def papers_of(person: Person) -> list[IdentityCode]:
    """The paper that is good, and those before it, newest first."""
    return list(IdentityCode.objects.filter(party=person.pk, sort=IdentityCode.Sort.PAPER).order_by("-id")[:20])


@transaction.atomic
def make(person: Person, *, account: Account, actor: Actor, at: datetime, disabled: bool = False) -> IdentityCode:
    """A new paper code. The one before dies with it: who finds the old sheet finds nothing."""
    _permit(account, person, at, MAY_FETCH)
    if person.died_on is not None or not who_needs(person, at, disabled=disabled):
        raise NotAllowed(
            "paper-not-needed",
            _("Paper codes are for people of 60 or over, for minors and for people with a disability."),
            next_step=_(
                "Show the code on the phone. If you cannot use one because of a disability, say so on this page."
            ),
        )
    person = Person.objects.select_for_update().get(pk=person.pk)
    _end(person, IdentityCode.State.ENDED, actor, at, why="renewed")
    last_day = timezone.localdate(at) + LIVES
    ends = timezone.make_aware(datetime.combine(last_day, time(23, 59, 59)))
    try:
        with transaction.atomic():
            row = IdentityCode.objects.create(
                sort=IdentityCode.Sort.PAPER, party_id=person.pk, made_at=at, made_by=account, ends_at=ends
            )
    except IntegrityError:
        raise NotAllowed(
            "paper-made-meanwhile",
            _("Another paper was made at this moment."),
            next_step=_("Reload the page and print that one."),
        ) from None
    key, begins = keys.current(key_directory(), now=at), int(at.timestamp())
    row.payload = payload.issue(key, Kind.PAPER, row.pk, issued_at=begins, expires_at=int(ends.timestamp()))
    row.mark = paper_mark(payload.judge(row.payload, {key.kid: key}, begins).alias)
    row.key_id = key.key_id
    row.save(update_fields=["payload", "mark", "key_id"])
    journal.record(PaperCodeMade(code=row.pk), subject=f"code:{row.ref}", actor=actor)
    return row


@transaction.atomic
def report_lost(person: Person, *, account: Account, actor: Actor, at: datetime) -> bool:
    """The number dies in this moment. Reported twice: nothing more happens."""
    _permit(account, person, at, ANSWERS)
    return _end(person, IdentityCode.State.LOST, actor, at, why="lost")


def draw(row: IdentityCode, person: Person) -> bytes:
    """Four to a sheet, to be cut out: one for the purse, one for the coat, one at home, one for the family."""
    return render_paper_codes(
        PaperCodes(
            payload=row.payload,
            name=covered.name(person.name),
            number=row.number,
            until=timezone.localdate(row.ends_at) if row.ends_at else timezone.localdate(),
            dated=timezone.localdate(row.made_at),
            phone=settings.HELP_PHONE,
            demo=settings.DEMO,
        )
    )


def _end(person: Person, state: str, actor: Actor, at: datetime, *, why: str) -> bool:
    rows = IdentityCode.objects.filter(party=person.pk, sort=IdentityCode.Sort.PAPER, state=IdentityCode.State.GOOD)
    ended = False
    for pk, ref in list(rows.values_list("pk", "ref")):
        if rows.filter(pk=pk).update(state=state, ended_at=at):
            journal.record(PaperCodeEnded(code=pk, why=why), subject=f"code:{ref}", actor=actor)
            ended = True
    return ended


def _permit(account: Account, person: Person, at: datetime, standings: frozenset[str]) -> None:
    if account.level < rules.VERIFIED or not any(
        power.by in standings for power in parties.over(account, person, timezone.localdate(at))
    ):
        raise NotAllowed(
            "not-your-paper",
            _("You may not do this for this person."),
            next_step=_("Relatives may, once they are entered as parents or guardians or have a mandate."),
            status=403,
        )
