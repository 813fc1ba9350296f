"""Somebody held out a code: is it good here, and what may this reader know?

`payload.judge` decides without the database; then one question finds whose code it is, one row says that it was used here, and the
fields are those of the reader's scene and no others. Nothing of a person is told with a refusal.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import at_gate, keys, scene_fields, scene_registers
from tongban.codes.at_gate import mark_of, paper_mark
from tongban.codes.models import CodeCheck, IdentityCode, Reader, Scene
from tongban.codes.payload import Code, Kind, Refused, judge
from tongban.journal import services as journal
from tongban.lib.problems import NotAllowed
from tongban.parties import queries as parties
from tongban.parties.models import Account, Company

VALID, INVALID = "valid", "invalid"
READ_AT_MOST, WITHIN = 20, timedelta(minutes=1)  # of one code's holder, at all readers together: nobody walks past more
SEEN_WRITTEN_EVERY = timedelta(seconds=30)  # the row of a reader is not what its scans wait for
SORTS = {
    Kind.PERSON: IdentityCode.Sort.PERSON,
    Kind.FAMILY: IdentityCode.Sort.FAMILY,
    Kind.COMPANY: IdentityCode.Sort.COMPANY,
    Kind.PAPER: IdentityCode.Sort.PAPER,
    Kind.STAFF: IdentityCode.Sort.STAFF,
}


@dataclass(frozen=True)
class Verdict:
    """`fields` holds plain values, never more than the scene's. `party` is for rooms of ours and is never sent out."""

    verdict: str
    reason: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    kind: str = ""
    party: int | None = field(default=None, repr=False)

    @property
    def good(self) -> bool:
        return self.verdict == VALID


def key_directory() -> Path:
    return _in(str(settings.TONGBAN_KEYS))


@lru_cache
def _in(folder: str) -> Path:
    return Path(folder) / "codes"


def verify(
    payload: str,
    *,
    reader: Reader,
    purpose: str,
    at: datetime,
    by: Account | None = None,
    said_at: datetime | None = None,
) -> Verdict:
    """The answer to this reader, for the purpose it is registered for. `by` is the officer who holds it, where one does. A reader that
    says what time it is there (`said_at`) is believed only against the code: it has to be good at both moments.

    A refusal is an answer, not an exception; NotAllowed is raised where this reader may not ask at all.
    """
    admit(reader, purpose)
    try:
        if said_at is not None:
            judge(payload, keys.ring(key_directory()), said_at.timestamp())
        code = judge(payload, keys.ring(key_directory()), at.timestamp())
    except Refused as refused:
        return _refused(refused.reason, reader=reader, by=by, at=at)
    if reason := reason_against_kind(code, reader):
        return _refused(reason, reader=reader, by=by, at=at)
    card = card_of(code)
    reason = reason_against_card(card, code, at) if card else "ended"
    if card is not None and not reason and card.sort not in reader.scene.sorts:
        reason = "wrong_kind"
    if card is not None and not reason and read_too_often(card, at):
        reason = "too_often"
    if card is None or reason:
        return _refused(reason, reader=reader, by=by, at=at, card=card)
    values = {**scene_fields.values(card, reader, at), **scene_registers.asked(card, reader)}
    mark = mark_of(code, f"reader:{reader.pk}")
    if not _written(card, mark, at=at, reader=reader, by=by, fields=sorted(values)):
        return _refused("used", reader=reader, by=by, at=at, card=card)
    return Verdict(VALID, fields=values, kind=card.sort, party=card.party_id)


def look(payload: str, *, by: Account, at: datetime) -> Verdict:
    """One citizen scans the code of another: valid or not, nothing else; and the other sees that somebody did."""
    try:
        code = judge(payload, keys.ring(key_directory()), at.timestamp())
        if code.kind not in SORTS:
            raise Refused({Kind.TRIAL: "trial", Kind.QUESTION: "question"}.get(code.kind, "other_gate"))
        card = card_of(code)
        if reason := reason_against_card(card, code, at) if card else "ended":
            raise Refused(reason)
    except Refused as refused:
        return Verdict(INVALID, refused.reason)
    if card is None or not _written(card, mark_of(code, f"account:{by.pk}"), at=at, by=by, fields=[]):
        return Verdict(INVALID, "used")
    return Verdict(VALID)


# -- the parts, for whoever answers many at once (gates)


def admit(reader: Reader, purpose: str, scene: Scene | None = None) -> None:
    """`scene`: the reader's, by whoever has it in hand already."""
    scene = scene or reader.scene
    if reader.state != Reader.State.ACTIVE:
        raise NotAllowed(
            "reader-suspended",
            _("This reader is suspended. It gets no answers."),
            next_step=_("Ask the service office that registered it."),
            status=403,
        )
    if purpose != scene.slug or not scene.in_force:
        raise NotAllowed(
            "purpose-not-registered",
            _("This reader is not registered for that purpose."),
            next_step=_("Use the purpose it was registered for, or have the other one registered."),
            status=403,
        )


def reason_against_kind(code: Code, reader: Reader) -> str:
    return at_gate.reason_against_kind(code, reader=reader.pk, sort=reader.sort, asks=reader.asks)


def card_of(code: Code) -> IdentityCode | None:
    key = keys.ring(key_directory()).get(code.kid)
    if key is None or key.opening is None:
        return None
    return cards().filter(pk=key.card_of(code.alias)).first()


def cards() -> QuerySet[IdentityCode]:
    """With what is asked of each of them, and when a reader read it for the twentieth time before now."""
    reads = CodeCheck.objects.filter(code=OuterRef("pk"), good=True, reader__isnull=False).order_by("-id")
    return IdentityCode.objects.select_related("party__person", "shown_by").only(
        "ref", "sort", "state", "mark", "ends_at", "officer", "party__kind", "party__person__died_on",
        "party__person__same_as", "party__person__party", "shown_by__party", "shown_by__died_on", "shown_by__same_as", "shown_by__kind",
    ).annotate(read_often_since=Subquery(reads.values("at")[READ_AT_MOST - 1 : READ_AT_MOST]))  # fmt: skip


def read_too_often(card: IdentityCode, at: datetime) -> bool:
    """Whether this one holder's code is read faster than anybody walks: passed on, or drawn by a machine. Counted by the holder and never
    by the reader, so a full hall does not know of it; after a minute it is over."""
    since = card.read_often_since  # type: ignore[attr-defined]
    return since is not None and since > at - WITHIN


def reason_against_card(card: IdentityCode, code: Code, at: datetime) -> str:
    """Whether what the code leads to still holds at this moment: lost papers, rights that ended, people who died."""
    if code.kind is not Kind.ANSWER and SORTS[code.kind] != card.sort:
        return "altered"
    if card.state != IdentityCode.State.GOOD:
        return str(card.state)
    if card.sort == IdentityCode.Sort.PAPER:
        if card.mark != paper_mark(code.alias):
            return "ended"
        if card.ends_at is not None and card.ends_at < at:
            return "paper_expired"
    return "" if still_holds(card, at) else "right_ended" if card.shown_by_id else "ended"


def still_holds(card: IdentityCode, at: datetime) -> bool:
    if card.officer is not None:
        return card.officer.active and card.officer.account.is_active
    if card.shown_by is not None and card.party is not None:
        today = timezone.localdate(at)
        powers = parties.powers_of(card.shown_by, today, over=card.party)
        if card.sort == IdentityCode.Sort.COMPANY:
            open_ = Company.objects.filter(party=card.party_id, status=Company.Status.ACTIVE).exists()
            return open_ and any(power.by in {"representative", "clerk"} for power in powers)
        return any(power.by in {"parent", "guardian"} for power in powers) and _lives(card)
    return _lives(card)


def _lives(card: IdentityCode) -> bool:
    person = getattr(card.party, "person", None)
    return person is not None and person.died_on is None


# -- what is written


@transaction.atomic
def _written(
    card: IdentityCode,
    mark: str | None,
    *,
    at: datetime,
    fields: list[str],
    reader: Reader | None = None,
    by: Account | None = None,
) -> bool:
    """One row: the code is used here, and its holder sees it. False when the row is there already."""
    try:
        with transaction.atomic():
            CodeCheck.objects.create(
                mark=mark, code=card, reader=reader, by=by, scene=reader.scene.slug if reader else "",
                place=reader.place if reader else "", good=True, fields=fields, at=at,
            )  # fmt: skip
    except IntegrityError:
        return False
    _follow(card, reader, at)
    return True


@transaction.atomic
def _refused(
    reason: str, *, reader: Reader, at: datetime, by: Account | None = None, card: IdentityCode | None = None
) -> Verdict:
    CodeCheck.objects.create(
        code=card, reader=reader, by=by, scene=reader.scene.slug, place=reader.place, good=False, reason=reason, at=at
    )
    _follow(card, reader, at)
    return Verdict(INVALID, reason)


def _follow(card: IdentityCode | None, reader: Reader | None, at: datetime) -> None:
    """The holder's open page hears of it, and the office sees that the reader lives."""
    if card is not None and (card.shown_by_id or card.party_id):
        journal.touch(f"codes:{card.shown_by_id or card.party_id}")
    if reader is not None and (reader.last_seen_at is None or at - reader.last_seen_at > SEEN_WRITTEN_EVERY):
        late = Q(last_seen_at__isnull=True) | Q(last_seen_at__lt=at - SEEN_WRITTEN_EVERY)
        Reader.objects.filter(late, pk=reader.pk).update(last_seen_at=at)
