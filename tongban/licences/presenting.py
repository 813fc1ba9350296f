"""A holder shows, shares or prints a licence: a code opens it for others, each look is written down, and the holder sees who looked.

A code is short and signed by us: what kind it is, ten bytes of chance, until when it holds, and a keyed code over both. Nonsense and
what is over are told apart from it without asking the database anything. What a code opens was fixed when it was made:

    show    60 seconds, from hand to hand: what anybody may see of the licence with the holder's whole name to compare; officers on duty
            see the whole face. Each verifier may use it once.
    share   an hour to 30 days, by link or QR, for somebody named: exactly the fields that were chosen
    print   as long as the licence: the state of the licence, and nothing of its face
"""

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib import unicode
from tongban.lib.bilingual import Bilingual
from tongban.lib.encryption import blind_index
from tongban.lib.identifiers import mask_id
from tongban.lib.problems import Invalid, NotAllowed, Problem, TooMany, worded
from tongban.licences import items, services, tokens
from tongban.licences.events import LicencePrinted, LicenceShared, LicenceShown, PresentationEnded
from tongban.licences.face_labels import label
from tongban.licences.items import Present
from tongban.licences.models import Licence, LicenceCheck, LicenceOpening, LicencePresentation
from tongban.licences.states import LicenceState, standing
from tongban.parties.models import Account

Kind = LicencePresentation.Kind

SHOWN_FOR = timedelta(seconds=60)
LATE = timedelta(seconds=30)  # somebody was still scanning
ONE_SHOWING = timedelta(minutes=10)  # codes that follow each other are one showing in the record of use
CODES_A_SHOWING = 60
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=30)
SHARES_AT_MOST = 50
WORDS_AT_MOST = 200
VIEWS_AT_MOST = 100
UNUSED_STAY = timedelta(days=1)
A_SLICE = 500

NEVER_SHOWN = {"photo", "qr", "merged_licences"}  # pictures, and lists that stand by themselves
COVERED = {"id_no"}  # also from officers: the case they work on has it, where they need it

_KINDS = {"s": Kind.SHOW, "h": Kind.SHARE, "p": Kind.PRINT}
_MARKS = {str(kind): mark.encode() for mark, kind in _KINDS.items()}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{31}")


# -- codes


def new_token(kind: str, expires_at: datetime | None) -> str:
    body = _MARKS[kind] + secrets.token_bytes(10) + _seconds(expires_at).to_bytes(4, "big")
    return urlsafe_b64encode(body + _signature(body)).rstrip(b"=").decode()


@dataclass(frozen=True)
class Read:
    kind: str
    expires_at: datetime | None


def read_token(token: str) -> Read | None:
    """What the code says of itself, if we signed it; None for everything else. Says nothing about whether it was ended."""
    if not _TOKEN.fullmatch(token):
        return None
    try:
        raw = urlsafe_b64decode(token + "=")
    except (ValueError, NotBase64):
        return None
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        return None  # another spelling of the same bytes
    body, signature = raw[:15], raw[15:]
    kind = _KINDS.get(chr(body[0]))
    if kind is None or not secrets.compare_digest(signature, _signature(body)):
        return None
    end = int.from_bytes(body[11:], "big")
    return Read(str(kind), datetime.fromtimestamp(end, tz=timezone.get_current_timezone()) if end else None)


def _signature(body: bytes) -> bytes:
    return bytes.fromhex(blind_index(body.hex(), "licences.presentation.signature"))[:8]


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment is not None else 0


def index_of(token: str) -> str:
    return blind_index(token, "licences.presentation")


# -- the holder's acts


@dataclass(frozen=True)
class Made:
    """`token` is what the code opens with; it is told once, and kept sealed only for shares and prints."""

    presentation: LicencePresentation
    token: str

    @property
    def until(self) -> datetime | None:
        return self.presentation.expires_at


def show(licence: Licence, *, account: Account, actor: Actor, now: datetime | None = None) -> Made:
    """A code for the next minute. Only what is in force is shown: a code must never look better than its licence."""
    now = now or timezone.now()
    _refuse_unless_in_force(licence, now)
    with transaction.atomic():
        recent = LicencePresentation.objects.filter(licence=licence, kind=Kind.SHOW, made_at__gt=now - ONE_SHOWING)
        many = recent.count()
        if many >= CODES_A_SHOWING:
            raise TooMany(
                "too-many-codes",
                _("Very many codes of this licence were made in the last ten minutes."),
                kept=_("The code you have stays good for its minute."),
                retry_after=120,
            )
        made = _make(licence, Kind.SHOW, account=account, expires_at=_whole(now + SHOWN_FOR), now=now)
        if not many:
            _record(LicenceShown(licence=licence.pk, presentation=made.presentation.pk), licence, actor)
    return made


def share(
    licence: Licence,
    *,
    account: Account,
    actor: Actor,
    receiver: str,
    purpose: str,
    fields: Sequence[str],
    lasts: timedelta,
    views_at_most: int | None = None,
    now: datetime | None = None,
) -> Made:
    """A link for somebody named: what they will see is fixed now."""
    now = now or timezone.now()
    _refuse_unless_in_force(licence, now)
    chosen = chosen_fields(licence, fields)
    errors: dict[str, list] = {}
    said = {"receiver": _words(receiver, errors, "receiver", _("Please say who it is for, a person or an office."))}
    said["purpose"] = _words(purpose, errors, "purpose", _("Please say what it is for."))
    if not chosen:
        errors["fields"] = [_("Please choose at least one line.")]
    if not SHORTEST <= lasts <= LONGEST:
        errors["lasts"] = [_("A share lasts from one hour to 30 days.")]
    if views_at_most is not None and not 1 <= views_at_most <= VIEWS_AT_MOST:
        errors["views"] = [_("It may be opened 1 to 100 times, or without a limit.")]
    if errors:
        raise Invalid("share", errors=errors, kept=_("Nothing was shared yet."))
    with transaction.atomic():
        Licence.objects.select_for_update().only("pk").get(pk=licence.pk)  # two hands do not pass the limit together
        if running(licence, now).filter(kind=Kind.SHARE).count() >= SHARES_AT_MOST:
            raise NotAllowed(
                "too-many-shares",
                _("This licence is shared with fifty already."),
                next_step=_("End a share that is not needed any more."),
            )
        made = _make(
            licence, Kind.SHARE, account=account, expires_at=_whole(now + lasts), now=now, fields=chosen,
            views_at_most=views_at_most, **said,
        )  # fmt: skip
        _record(LicenceShared(licence=licence.pk, presentation=made.presentation.pk), licence, actor)
    return made


def print_copy(licence: Licence, *, account: Account, actor: Actor, now: datetime | None = None) -> Made:
    """The code for a printed copy: it says the state of the licence and nothing of its face. One code, however often it is printed."""
    now = now or timezone.now()
    with transaction.atomic():
        Licence.objects.select_for_update().only("pk").get(pk=licence.pk)
        there = LicencePresentation.objects.filter(licence=licence, kind=Kind.PRINT, ended_at__isnull=True).first()
        if there is not None:
            made = Made(there, there.token)
        else:
            made = _make(licence, Kind.PRINT, account=account, expires_at=None, now=now)
        _record(LicencePrinted(licence=licence.pk, presentation=made.presentation.pk), licence, actor)
    return made


def end(presentation: LicencePresentation, *, actor: Actor, now: datetime | None = None) -> LicencePresentation:
    """From this moment on nobody opens it. A second end changes nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        rows = LicencePresentation.objects.filter(pk=presentation.pk, ended_at__isnull=True)
        if rows.update(ended_at=now):
            presentation.ended_at = now
            _record(
                PresentationEnded(licence=presentation.licence_id, presentation=presentation.pk),
                presentation.licence,
                actor,
            )
    return presentation


def running(licence: Licence, now: datetime):
    """What opens this licence at the moment, for others than offices."""
    return LicencePresentation.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now), licence=licence, ended_at__isnull=True
    ).order_by("-id")


def chosen_fields(licence: Licence, fields: Sequence[str]) -> list[str]:
    """Of these, what stands on the face, in its order."""
    wanted = set(fields)
    return [name for name in shareable(licence) if name in wanted]


def shareable(licence: Licence) -> list[str]:
    return [name for name in licence.type.face_fields if licence.face.get(name) and name not in NEVER_SHOWN]


# -- whoever has the code


@dataclass(frozen=True)
class Opener:
    """Who opens it. `key` tells one verifier from another; it is kept only as a keyed code. Officers and registered readers are named."""

    by: str
    key: str
    actor: Actor
    name: str = ""


@dataclass(frozen=True)
class Opened:
    """What the code opened: the licence as it stands at this moment and no more of its face than the code allows."""

    presentation: LicencePresentation
    licence: Licence
    signature: bool
    status: str
    reason: str
    checked_at: datetime
    holder: str
    face: list[dict[str, Any]]
    issuer: Bilingual
    items: Sequence[Present] = ()

    def as_verification(self) -> services.Verification:
        """In the shape of the public check, for programs. A printed code says the state and no number."""
        row, printed = self.licence, self.presentation.kind == Kind.PRINT
        held_by = {"field": "holder", "label": label(row.type.slug, "holder").text, "value": self.holder}
        return services.Verification(
            signature=self.signature,
            status=self.status,
            reason=self.reason,
            status_since=row.state_since,
            checked_at=self.checked_at,
            identifier=row.identifier[-12:] if printed else row.identifier,
            type=row.type.name,
            issuer=self.issuer,
            issued_on=row.issued_on,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            face=([held_by] if self.holder else []) + self.face,
            key_id=row.key_id,
            demonstration=row.demonstration,
            items=self.items,
        )


def found(token: str) -> LicencePresentation | None:
    """The presentation behind a code, whatever became of it. Nothing is counted and nothing of the face is read."""
    if read_token(token) is None:
        return None
    return (
        LicencePresentation.objects.select_related("licence__type", "licence__issuer", "licence__holder")
        .filter(index=index_of(token))
        .first()
    )


def why_not(presentation: LicencePresentation, now: datetime | None = None) -> Problem | None:
    """What whoever has this code is told instead, or None while it opens."""
    now = now or timezone.now()
    late = LATE if presentation.kind == Kind.SHOW else timedelta()
    if presentation.ended_at is not None:
        return NotAllowed(
            "share-ended",
            _("The holder has ended this."),
            next_step=_("Ask the holder to share it again if you still need it."),
            status=410,
        )
    if presentation.expires_at is not None and presentation.expires_at + late <= now:
        if presentation.kind == Kind.SHOW:
            return NotAllowed(
                "code-expired",
                _("This code is over: a code that is shown lasts 60 seconds."),
                next_step=_(
                    "Ask the holder to show the code that is on the screen now. If it does not change, it may be a picture of an old one."
                ),
                status=410,
            )
        return NotAllowed(
            "share-expired",
            _("The time for which this was shared is over."),
            next_step=_("Ask the holder to share it again if you still need it."),
            status=410,
        )
    if presentation.views_at_most is not None and presentation.views >= presentation.views_at_most:
        return NotAllowed(
            "share-used-up",
            worded(_("This could be opened %(count)s times, and it was."), count=presentation.views_at_most),
            next_step=_("Ask the holder to share it again if you still need it."),
            status=410,
        )
    return None


def open_it(presentation: LicencePresentation, *, opener: Opener, now: datetime | None = None) -> Opened:
    """Open it for one verifier: counted, written down where the holder sees it, and refused where it is over or was used here before.

    The row decides: the count goes up only while the presentation holds at that moment, so an end of the holder and a look of somebody
    else never both win; and a constraint keeps one verifier from using one shown code twice.
    """
    now = now or timezone.now()
    row, opener_key = presentation, blind_index(opener.key, "licences.opener")
    opened = _seen_by(row, opener, now)
    names, answer = [one["field"] for one in opened.face], (opened.reason or opened.status)[:20]
    try:
        with transaction.atomic():
            late = LATE if row.kind == Kind.SHOW else timedelta()
            won = LicencePresentation.objects.filter(
                Q(expires_at__isnull=True) | Q(expires_at__gt=now - late),
                Q(views_at_most__isnull=True) | Q(views__lt=F("views_at_most")),
                pk=row.pk,
                ended_at__isnull=True,
            ).update(views=F("views") + 1)
            if not won:
                row.refresh_from_db(fields=["ended_at", "views", "expires_at"])
                raise why_not(row, now) or NotAllowed("share-ended", _("The holder has ended this."), status=410)
            if (
                row.kind == Kind.PRINT and opener.by == LicenceOpening.By.ANYONE
            ):  # as any public check: a number, no more
                LicenceCheck.objects.create(licence=row.licence, at=now, channel="print", answer=answer)
                return opened
            LicenceOpening.objects.create(
                presentation=row,
                at=now,
                by=opener.by,
                opener=opener_key,
                name=opener.name[:200],
                department=opener.actor.department,
                fields=names,
                answer=answer,
                single=row.kind == Kind.SHOW,
            )
            journal.touch(f"licence:{row.licence_id}")
    except IntegrityError as twice:
        raise NotAllowed(
            "code-used-here",
            _("This code was used here already: each code works once for each verifier."),
            next_step=_(
                "Ask the holder for the next code; it comes by itself every minute. If the holder cannot show a new one, do not rely on it."
            ),
        ) from twice
    if names:
        journal.note_read(
            actor=opener.actor,
            of_party=row.licence.holder_id,
            purpose=f"licence:{row.kind}",
            fields=names,
            about=f"licence:{row.licence_id}",
        )
    return opened


def _seen_by(row: LicencePresentation, opener: Opener, now: datetime) -> Opened:
    licence, today = row.licence, timezone.localdate(now)
    trouble = services.trouble_with(licence)
    merged: Sequence[Present] = ()
    if trouble:
        status, reason = "unknown", trouble
    else:
        status, reason = items.judge(licence.state, licence.valid_from, licence.valid_to, today)
        if items.is_industry(licence):
            merged = items.present(licence, today)
            status, reason = standing(status, reason, [one.part for one in merged])
    return Opened(
        presentation=row,
        licence=licence,
        signature=not trouble,
        status=status,
        reason=reason,
        checked_at=now,
        holder=licence.holder.shown_name if row.kind != Kind.PRINT and not trouble else "",
        face=[] if trouble else _face(row, opener),
        issuer=services.issuer_name(licence.issuer, demo=licence.demonstration),
        items=merged if row.kind != Kind.PRINT else (),
    )


def _face(row: LicencePresentation, opener: Opener) -> list[dict[str, Any]]:
    licence = row.licence
    if row.kind == Kind.PRINT:
        return []
    if row.kind == Kind.SHARE:
        return lines_of(licence, row.fields)
    if opener.by == LicenceOpening.By.OFFICER:
        return lines_of(licence, shareable(licence), covered=COVERED)
    public = tokens.limited_face(licence.type.slug, licence.holder.kind, list(licence.type.face_fields), licence.face)
    return [one for one in public if one["field"] not in NEVER_SHOWN]


def lines_of(
    licence: Licence, fields: Sequence[str], *, covered: set[str] | frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """[{field, label, value}] of the face, in its order."""
    wanted, face = set(fields), licence.face
    return [
        {
            "field": name,
            "label": label(licence.type.slug, name).text,
            "value": mask_id(face[name]) if name in covered else face[name],
        }
        for name in licence.type.face_fields
        if name in wanted and face.get(name)
    ]


@journal.every("forget codes nobody used", timedelta(hours=1))
def forget_unused(now: datetime | None = None) -> int:
    """A code that was on a screen and that nobody opened says nothing to anybody after a day; that it was shown stays on record."""
    over = (now or timezone.now()) - UNUSED_STAY
    unused = LicencePresentation.objects.filter(kind=Kind.SHOW, expires_at__lt=over, views=0).order_by("expires_at")
    found = list(unused.values_list("pk", flat=True)[:A_SLICE])
    return LicencePresentation.objects.filter(pk__in=found, views=0).delete()[0]


# --


def _make(
    licence: Licence, kind: str, *, account: Account, expires_at: datetime | None, now: datetime, **more: Any
) -> Made:
    token = new_token(str(kind), expires_at)
    row = LicencePresentation.objects.create(
        licence=licence,
        kind=kind,
        index=index_of(token),
        token="" if kind == Kind.SHOW else token,
        account=account,
        made_at=now,
        expires_at=expires_at,
        **more,
    )
    return Made(row, token)


def _whole(moment: datetime) -> datetime:
    """In whole seconds, as the code says it."""
    return moment.replace(microsecond=0)


def _record(what: Any, licence: Licence, actor: Actor) -> None:
    journal.record(what, subject=f"licence:{licence.pk}", actor=actor)


def _words(text: str, errors: dict[str, list], name: str, missing: Any) -> str:
    said = " ".join(text.split())
    if not said:
        errors[name] = [missing]
    elif len(said) > WORDS_AT_MOST:
        errors[name] = [_("Please write at most 200 characters.")]
    elif sentence := unicode.unreadable(said):
        errors[name] = [sentence]
    return said


def refusal_to_show(licence: Licence, now: datetime) -> Problem | None:
    """Why a licence is not shown or shared now, or None."""
    today = timezone.localdate(now)
    status, _reason = items.judge(licence.state, licence.valid_from, licence.valid_to, today)
    if status == "valid":
        return None
    if licence.state == LicenceState.SUSPENDED:
        return NotAllowed(
            "licence-suspended",
            _("This licence is suspended, so it cannot be shown or shared for now."),
            next_step=_(
                "Its page says why and what you can do. Its printed code tells everybody that it is suspended."
            ),
        )
    return NotAllowed(
        "licence-not-in-force",
        _("This licence is not in force, so it cannot be shown or shared."),
        next_step=_("Its page says since when, and how to renew it where that is possible."),
    )


def _refuse_unless_in_force(licence: Licence, now: datetime) -> None:
    if (problem := refusal_to_show(licence, now)) is not None:
        raise problem


def share_words(values: Mapping[str, Any]) -> dict[str, str]:
    """What was typed into the form of a share, to be shown again beside a mistake."""
    return {name: str(values.get(name, ""))[:WORDS_AT_MOST] for name in ("receiver", "purpose", "lasts", "views")}
