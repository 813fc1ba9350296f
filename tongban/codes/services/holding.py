"""Who has a code: shown on a phone, minute by minute; on paper, for half a year; at an officer's breast."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import keys, payload
from tongban.codes.models import IdentityCode, Reader
from tongban.codes.payload import Kind, Refused
from tongban.codes.services.verifying import SORTS, key_directory
from tongban.departments.models import Officer
from tongban.lib.problems import NotAllowed
from tongban.parties import queries as parties
from tongban.parties.models import Account, Party

KINDS = {sort: kind for kind, sort in SORTS.items()}
AHEAD = 3  # codes a phone has in hand: it goes on for two more minutes without a network, then says that it is stale
RENEWED_EARLY = 10  # seconds before the end of a minute in which the next code may be fetched


@dataclass(frozen=True)
class Shown:
    """One code and the minute it is for, in seconds since 1970."""

    payload: str
    begins: int
    ends: int


def may_show(account: Account, party: Party, at: datetime) -> IdentityCode.Sort | None:
    """Which code of this party the account may show now: its own, its child's or ward's, its company's; None for no code."""
    powers = {power.by for power in parties.over(account, party, timezone.localdate(at))}
    if account.level < 2:
        return None
    if party.kind == Party.Kind.COMPANY:
        return IdentityCode.Sort.COMPANY if powers & {"representative", "clerk"} else None
    if powers & {"self", "record"}:
        return IdentityCode.Sort.PERSON
    return IdentityCode.Sort.FAMILY if powers & {"parent", "guardian"} else None


def code_of(account: Account, party: Party, at: datetime) -> IdentityCode:
    """The row that the account's codes of this party lead to; made the first time."""
    sort = may_show(account, party, at)
    if sort is None:
        raise NotAllowed(
            "no-code",
            _("You may not show this code."),
            next_step=_("Codes are shown by the person, by parents and guardians, and by whoever acts for a company."),
            status=403,
        )
    own = sort == IdentityCode.Sort.PERSON
    wanted = {"sort": sort, "party_id": party.pk} | ({} if own else {"shown_by_id": account.person_id})
    return _made(wanted)


def badge_of(officer: Officer) -> IdentityCode:
    return _made({"sort": IdentityCode.Sort.STAFF, "officer_id": officer.pk})


def _made(wanted: dict) -> IdentityCode:
    found = IdentityCode.objects.filter(**wanted).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return IdentityCode.objects.create(**wanted)
    except IntegrityError:  # two pages opened at once
        return IdentityCode.objects.get(**wanted)


def shown_now(card: IdentityCode, at: datetime, *, ahead: int = AHEAD) -> list[Shown]:
    """The code of this minute and those of the next: each has its own alias, and none is good before its minute."""
    key = keys.current(key_directory(), now=at)
    kind, now = KINDS[IdentityCode.Sort(card.sort)], int(at.timestamp())
    return [
        Shown(payload.issue(key, kind, card.pk, issued_at=begins), begins, begins + payload.LIVES)
        for begins in range(now, now + ahead * payload.LIVES, payload.LIVES)
    ]


# -- gates that ask


def question(reader: Reader, at: datetime) -> Shown:
    """What a gate shows: it names the gate and holds for 20 seconds."""
    key, now = keys.current(key_directory(), now=at), int(at.timestamp())
    said = payload.issue(key, Kind.QUESTION, 0, issued_at=now, reader=reader.pk)
    return Shown(said, now, now + payload.ANSWER_LIVES)


def asked(said: str, at: datetime) -> tuple[Reader, int]:
    """The gate that asks, and until when. Raises Refused."""
    code = payload.judge(said, keys.ring(key_directory()), at.timestamp())
    if code.kind is not Kind.QUESTION:
        raise Refused("not_ours")
    reader = Reader.objects.select_related("scene").filter(pk=code.reader or 0, state=Reader.State.ACTIVE).first()
    if reader is None:
        raise Refused("ended")
    return reader, code.expires_at


def answer(card: IdentityCode, said: str, at: datetime) -> tuple[Reader, Shown]:
    """The code that this gate alone takes, and only while its question stands."""
    reader, ends = asked(said, at)
    key, now = keys.current(key_directory(), now=at), int(at.timestamp())
    made = payload.issue(key, Kind.ANSWER, card.pk, issued_at=now, expires_at=max(ends, now + 1), reader=reader.pk)
    return reader, Shown(made, now, ends)
