"""Acts of the licences room. `issue` runs inside the transaction of the decision; the sealed PDF follows as an errand.

Only the issuer (or the platform on its behalf) changes the state of a licence. Whoever verifies hears first whether the signature
holds, and only then what the status is.
"""

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BigIntegerField, CharField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed
from tongban.lib.encryption import blind_index
from tongban.lib.identifiers import licence_identifier
from tongban.lib.moves import Move, NotNow, make
from tongban.lib.problems import NotAllowed, Unavailable
from tongban.lib.written import insert
from tongban.licences import items, keys, paper, rendering, tokens
from tongban.licences.events import LicenceIssued, LicenceSealed, LicenceStateChanged
from tongban.licences.items import Present
from tongban.licences.models import Licence, LicenceCall, LicenceCheck, LicenceSerial, LicenceType
from tongban.licences.states import CANCEL, EXPIRE, RESUME, REVOKE, SUPERSEDE, SUSPEND, LicenceState, standing
from tongban.materials import store
from tongban.parties.models import Party
from tongban.registers import services as registers

SEAL = "licences.seal"
RESEAL = "licences.reseal"
MEND = "licences.mend"
LOOKED_AT = "looked at: licences"
AT_LEAST_A_TURN, TURNS_A_ROUND = 50, 1000  # every ten minutes: all of them within a week
SHELF = "licences"
ORPHANS_STAY = timedelta(days=1)


def key_directory() -> Path:
    return Path(str(settings.TONGBAN_KEYS)) / "seals"


def address() -> str:
    """The one public address that stands in every code."""
    return str(settings.PUBLIC_URL).rstrip("/")


# -- issuing


def issue(
    kind: LicenceType | str,
    *,
    holder: Party,
    face: Mapping[str, Any],
    decision: str,
    issued_on: date,
    valid_from: date,
    valid_to: date | None,
    actor: Actor,
    previous: Licence | None = None,
    issuer: Department | None = None,
    now: datetime | None = None,
) -> Licence:
    """Make the licence valid in the caller's transaction. Asked again for the same decision and type: the licence made then.

    With `previous` (same type, same holder) it is the next edition of the same number, and the earlier one is superseded. `issuer` is
    for a type that several departments issue; else it is the type's.
    """
    now = now or timezone.now()
    if isinstance(kind, str):
        kind = LicenceType.objects.select_related("issuer").get(slug=kind)
    issuer = issuer or kind.issuer
    with transaction.atomic(savepoint=False):  # an act of the decision: with it or not at all
        made = _made_for(decision=decision, kind=kind.pk)
        if made:
            return made[0]
        if previous is not None and (previous.type_id, previous.holder_id) != (kind.pk, holder.pk):
            raise NotAllowed("other-licence", _("This licence belongs to somebody else or is of another kind."))
        # Before the serial is taken: a new key writes files, and nobody should wait for that.
        key = _key(issuer, kind.slug, now)
        told: list[tuple[Any, str]] = []
        if previous is not None:
            make(previous, SUPERSEDE, state_since=now, state_reason=decision)
            told.append((_changed(previous), f"licence:{previous.pk}"))
        serial, edition = (previous.serial, previous.edition + 1) if previous else (_next_serial(kind), 1)
        row = Licence(
            type=kind,
            identifier=licence_identifier(kind.type_code, issuer.uscc, serial, edition),
            holder=holder,
            issuer=issuer,
            face=tokens.plain(dict(face)),
            state=LicenceState.VALID,
            state_since=now,
            serial=serial,
            edition=edition,
            issued_on=issued_on,
            valid_from=valid_from,
            valid_to=valid_to,
            decision=decision,
            token=tokens.new_token(),
            key_id=key.key_id,
            previous=previous,
            demonstration=settings.DEMO,
            created_at=now,
        )
        row.statement = _statement(row, key, now)
        insert(row)
        told.append((LicenceIssued(licence=row.pk, decision=decision), f"licence:{row.pk}"))
        journal.record_many(told, actor=actor)
        journal.enqueue(SEAL, once=f"seal:{row.pk}", licence=row.pk)
    return row


@composed(decision=CharField(), kind=BigIntegerField())
def _made_for(decision, kind):
    return Licence.objects.filter(decision=decision, type_id=kind).order_by("pk")


@journal.carrier(SEAL)
def put_seal(licence: int) -> None:
    """Draw the licence, seal it, keep it; outside any lock. The first one to finish wins, a second does nothing."""
    row = Licence.objects.select_related("type", "issuer", "holder").get(pk=licence)
    if row.sealed_at is not None:
        return
    now, before = timezone.now(), row.key_id
    key = keys.held(key_directory(), row.key_id, now=now) or _signed_anew(row, now)
    sealed = _sealed_pdf(row, key, now)
    name = store.put(sealed, shelf=SHELF)
    with transaction.atomic():
        won = Licence.objects.filter(pk=row.pk, sealed_at__isnull=True, key_id=before).update(
            key_id=row.key_id,
            statement=row.statement,
            pdf=name,
            pdf_sha256=hashlib.sha256(sealed).hexdigest(),
            sealed_at=now,
            updated_at=now,
        )
        if won:
            journal.record(
                LicenceSealed(licence=row.pk, decision=row.decision), subject=f"licence:{row.pk}", actor=PLATFORM
            )
        elif Licence.objects.filter(pk=row.pk, sealed_at__isnull=True).exists():
            # Its key was withdrawn while the sheet was drawn, and it is signed with another: drawn once more.
            journal.enqueue(SEAL, once=f"seal:{row.pk}:{name[:40]}", licence=row.pk)


@journal.carrier(RESEAL, slow=True)
def renew_seal(licence: int, withdrawn_key: str) -> None:
    """The document of a licence that was signed anew because its key was withdrawn (`withdrawing`), sealed with the key that signed."""
    row = Licence.objects.select_related("type", "issuer", "holder").get(pk=licence)
    if row.key_id == withdrawn_key or row.sealed_at is None:  # not signed anew yet; or its first seal is still to come
        return
    now, before = timezone.now(), (row.pdf_sha256, row.key_id)
    key = keys.held(key_directory(), row.key_id, now=now) or _signed_anew(row, now)
    sealed = _sealed_pdf(row, key, now)
    Licence.objects.filter(pk=row.pk, pdf_sha256=before[0], key_id=before[1]).update(
        key_id=row.key_id,
        statement=row.statement,
        pdf=store.put(sealed, shelf=SHELF),
        pdf_sha256=hashlib.sha256(sealed).hexdigest(),
        sealed_at=now,
        updated_at=now,
    )


@journal.carrier(MEND)
def mend(licence: int) -> None:
    """The stored file was damaged: drawn and sealed once more from what the licence says. A whole file is left as it is."""
    row = Licence.objects.select_related("type", "issuer", "holder").get(pk=licence)
    if row.sealed_at is None or is_whole(row):
        return
    now, damaged, before = timezone.now(), row.pdf_sha256, row.key_id
    key = keys.held(key_directory(), row.key_id, now=now) or _signed_anew(row, now)
    sealed = _sealed_pdf(row, key, now)
    Licence.objects.filter(pk=row.pk, pdf_sha256=damaged, key_id=before).update(
        key_id=row.key_id,
        statement=row.statement,
        pdf=store.put(sealed, shelf=SHELF),
        pdf_sha256=hashlib.sha256(sealed).hexdigest(),
        sealed_at=now,
        updated_at=now,
    )


def is_whole(licence: Licence) -> bool:
    try:
        store.get(licence.pdf, sha256=licence.pdf_sha256)
    except store.Damaged:
        return False
    return True


@journal.every("look at sealed licences", timedelta(minutes=10))
def look_at_some() -> int:
    """A slice of all sealed files is read at each turn; what storage has damaged is sealed again. Returns how many were read."""
    sealed = Licence.objects.filter(sealed_at__isnull=False).order_by("pk")
    many = max(AT_LEAST_A_TURN, sealed.count() // TURNS_A_ROUND)
    rows = list(sealed.filter(pk__gt=journal.place_of(LOOKED_AT)).only("pk", "pdf", "pdf_sha256")[:many])
    for row in rows:
        if not is_whole(row):
            _ask_to_mend(row)
    journal.keep_place(LOOKED_AT, rows[-1].pk if len(rows) == many else 0)
    return len(rows)


def _ask_to_mend(licence: Licence) -> None:
    journal.enqueue(MEND, once=f"mend:{licence.pk}:{licence.pdf_sha256[:16]}", licence=licence.pk)


def sealed_letter(letter: rendering.Letter, *, department: Department, now: datetime | None = None) -> bytes:
    """A notice or decision drawn and sealed with the department's own key for letters."""
    now = now or timezone.now()
    key = _key(department, "letters", now)
    return _seal(rendering.render_document(letter), key, department, now, reason=(letter.title or {}).get("zh", ""))


def archive_key(department: Department, now: datetime) -> keys.SigningKey:
    """The department's key for packages that go to an archive."""
    return _key(department, "archive", now)


# -- using and showing


def call(
    licence: Licence, *, about: str, matter: str, purpose: str, fields: Sequence[str], actor: Actor
) -> dict[str, Any]:
    """The licence instead of paper: the fields asked for, written down once per case and purpose where the holder sees it."""
    today = timezone.localdate()
    with transaction.atomic():
        row = Licence.objects.select_related("type").get(pk=licence.pk)
        if not _in_force(row, today):
            raise NotAllowed(
                "licence-not-in-force",
                _("This electronic licence is no longer valid, so it cannot stand in for the paper."),
                kept=_("Your answers are kept."),
                next_step=_("Please add the document another way, or renew the licence first."),
            )
        wanted = [name for name in row.type.face_fields if name in set(fields)]
        _entry, first = LicenceCall.objects.get_or_create(
            licence=row, about=about, purpose=purpose, defaults={"matter": matter, "fields": wanted}
        )
        if first:
            journal.note_read(
                actor=actor, of_party=row.holder_id, purpose=f"licence:{purpose}"[:60], fields=wanted, about=about
            )
    return {name: row.face[name] for name in wanted if name in row.face}


def open_pdf(licence: Licence) -> bytes:
    """The sealed file, byte for byte as it was sealed."""
    if not licence.pdf:
        raise Unavailable(
            "not-sealed-yet",
            _("The sealed document is being made."),
            kept=_("The licence itself is already valid."),
            next_step=_("Please come back in a minute."),
            retry_after=20,
        )
    try:
        return store.get(licence.pdf, sha256=licence.pdf_sha256)
    except store.Damaged as damage:
        _ask_to_mend(licence)
        raise Unavailable(
            "file-damaged",
            _("The stored document cannot be opened."),
            kept=_("The licence itself is still valid."),
            next_step=_("We have been told and will make it again."),
        ) from damage


VERIFIER = Actor(kind="anyone", role="verifier")  # who they are is not asked and not kept


@dataclass(frozen=True)
class Verification:
    """What a verifier hears. `signature` is judged first; while it does not hold, `status` is unknown and the face empty.

    `status`: valid, suspended, not_valid or unknown; `reason` says why (expired, superseded, revoked, cancelled, not_yet_valid;
    of an industry licence item_suspended, item_ended or item_gone; or, without a good signature: key_withdrawn, bad_signature,
    altered, ...). `status_age` in seconds: 0, asked of the source. `items`: what an industry licence merges, each as it is now.
    """

    signature: bool
    status: str
    reason: str
    status_since: datetime
    checked_at: datetime
    identifier: str
    type: Bilingual
    issuer: Bilingual
    issued_on: date
    valid_from: date
    valid_to: date | None
    face: list[dict[str, Any]]
    key_id: str
    demonstration: bool
    status_age: int = 0
    items: Sequence[Present] = ()


def verify(
    token: str, *, channel: str, checker: str = "", purpose: str = "", now: datetime | None = None
) -> Verification | None:
    """Answer whoever scanned the code; None when there is no such licence. That it was asked is kept, and who only if they are registered."""
    now = now or timezone.now()
    if not tokens.looks_like_token(token):
        return None
    row = Licence.objects.select_related("type", "issuer", "holder").filter(token=token).first()
    if row is None:
        return None
    read = tokens.read(row.statement, lambda key_id: keys.find(key_directory(), key_id))
    trouble = _trouble_with(row, read)
    merged: Sequence[Present] = ()
    if trouble:
        status, reason = "unknown", trouble
    else:
        status, reason = _status(row, timezone.localdate(now))
        if items.is_industry(row):
            merged = items.present(row, timezone.localdate(now))
            status, reason = standing(status, reason, [one.part for one in merged])
    LicenceCheck.objects.create(
        licence=row,
        at=now,
        channel=channel[:10],
        answer=(reason or status)[:20],
        checker=checker[:200] or None,
        purpose=purpose[:80] or None,
    )
    claims = read.claims if not trouble else {}
    face = list(claims.get("face", []))
    if face:
        journal.note_read(
            actor=VERIFIER,
            of_party=row.holder_id,
            purpose="licence:verification",
            fields=[str(one.get("field") or one.get("name") or "name") for one in face],
            about=f"licence:{row.pk}",
        )
    return Verification(
        signature=not trouble,
        status=status,
        reason=reason,
        status_since=row.state_since,
        checked_at=now,
        identifier=row.identifier,
        type=row.type.name,
        issuer=issuer_name(row.issuer, demo=row.demonstration),
        issued_on=row.issued_on,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        face=face,
        key_id=row.key_id,
        demonstration=row.demonstration,
        items=merged,
    )


# -- states


def suspend(licence: Licence, *, reason: str, actor: Actor, now: datetime | None = None) -> Licence:
    return _move(licence, SUSPEND, reason, actor, now)


def resume(licence: Licence, *, reason: str, actor: Actor, now: datetime | None = None) -> Licence:
    return _move(licence, RESUME, reason, actor, now)


def revoke(licence: Licence, *, reason: str, actor: Actor, now: datetime | None = None) -> Licence:
    return _move(licence, REVOKE, reason, actor, now)


def cancel(licence: Licence, *, reason: str, actor: Actor, now: datetime | None = None) -> Licence:
    return _move(licence, CANCEL, reason, actor, now)


@journal.every("expire licences", timedelta(hours=1))
def _expire() -> None:
    expire_due()


@journal.every("clean the store of licences", timedelta(days=1))
def clean() -> int:
    """Delete files no licence names any more (sealed anew, or sealed twice at once) and that are older than a day."""
    named = set(Licence.objects.exclude(pdf="").values_list("pdf", flat=True).iterator())
    return store.sweep(SHELF, named, before=timezone.now() - ORPHANS_STAY)


@journal.every("destroy ended seal keys", timedelta(days=1))
def _destroy_ended_keys() -> None:
    keys.destroy_ended(key_directory(), now=timezone.now())


def expire_due(today: date | None = None, *, now: datetime | None = None) -> int:
    """A daily duty: what ended yesterday or before is expired. Each in a transaction of its own; returns how many."""
    now = now or timezone.now()
    today = today or timezone.localdate(now)
    running = Licence.objects.filter(state__in=[LicenceState.VALID, LicenceState.SUSPENDED], valid_to__lt=today)
    expired = 0
    for row in list(running.order_by("id")):
        try:
            with transaction.atomic():
                make(row, EXPIRE, state_since=now, state_reason="")
                note_change(row, PLATFORM)
        except NotNow:  # somebody moved it in the meantime, which is as good
            continue
        expired += 1
    return expired


def issuer_name(department: Department, *, demo: bool) -> Bilingual:
    """In the demonstration every name says so, since real districts have departments of the same names."""
    name = department.name
    if not demo or name["zh"].startswith("示范"):
        return name
    return {"zh": f"示范区{name['zh']}", "en": f"{name['en']} of the Demonstration District"}


# --


def _move(licence: Licence, step: Move, reason: str, actor: Actor, now: datetime | None) -> Licence:
    now = now or timezone.now()
    only_the_issuer(licence.issuer, actor)
    with transaction.atomic():
        make(licence, step, state_since=now, state_reason=reason.strip()[:200])
        note_change(licence, actor)
    return licence


def only_the_issuer(issuer: Department, actor: Actor) -> None:
    """The authority itself, or the platform on its behalf."""
    if actor.kind == "platform" or (actor.kind == "officer" and actor.department == issuer.code):
        return
    raise NotAllowed(
        "not-the-issuer",
        _("Only the authority that issued this licence can change it."),
        kept=_("Nothing was changed."),
        status=403,
    )


def note_change(licence: Licence, actor: Actor) -> None:
    journal.record(_changed(licence), subject=f"licence:{licence.pk}", actor=actor)


def _changed(licence: Licence) -> LicenceStateChanged:
    return LicenceStateChanged(licence=licence.pk, state=str(licence.state))


def _next_serial(kind: LicenceType) -> str:
    """One statement holds the row until the commit, so nobody else gets this number."""
    table = LicenceSerial._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (type_id, last) VALUES (%s, 1) "  # noqa: S608 - our own names
            f"ON CONFLICT (type_id) DO UPDATE SET last = {table}.last + 1 RETURNING last",
            [kind.pk],
        )
        return f"{cursor.fetchone()[0]:09d}"


def _in_force(row: Licence, today: date) -> bool:
    return (
        row.state == LicenceState.VALID and row.valid_from <= today and (row.valid_to is None or row.valid_to >= today)
    )


def _status(row: Licence, today: date) -> tuple[str, str]:
    return items.judge(row.state, row.valid_from, row.valid_to, today)


def trouble_with(licence: Licence) -> str:
    """Why the signed statement does not speak for this licence, or "" when it does."""
    return _trouble_with(licence, tokens.read(licence.statement, lambda key_id: keys.find(key_directory(), key_id)))


def _trouble_with(row: Licence, read: tokens.Statement) -> str:
    """Why the signature does not speak for this row: it may be genuine and belong to another licence or another face."""
    if not read.genuine:
        return read.reason
    said = read.claims
    same = (
        said.get("identifier") == row.identifier
        and said.get("token") == row.token
        and said.get("valid_to") == tokens.plain(row.valid_to)
        and said.get("face_code") == _face_code(row.face)
    )
    return "" if same else "altered"


def _statement(row: Licence, key: keys.SigningKey, now: datetime) -> str:
    """No more of the face than anybody who scans the code may see; the whole face is bound by a keyed code."""
    kind = row.type
    claims = {
        "identifier": row.identifier,
        "token": row.token,
        "type": kind.slug,
        "type_name": kind.name,
        "issuer": row.issuer.code,
        "issuer_name": issuer_name(row.issuer, demo=row.demonstration),
        "issued_on": tokens.plain(row.issued_on),
        "valid_from": tokens.plain(row.valid_from),
        "valid_to": tokens.plain(row.valid_to),
        "face": tokens.limited_face(kind.slug, row.holder.kind, list(kind.face_fields), row.face),
        "face_code": _face_code(row.face),
        "demonstration": row.demonstration,
    }
    return tokens.sign(claims, key, now=now)


def _face_code(face: Mapping[str, Any]) -> str:
    return blind_index(tokens.canonical(tokens.plain(face)).decode(), "licences.face")


def _key(department: Department, what: str, now: datetime) -> keys.SigningKey:
    return keys.current(key_directory(), department.code, what, now=now, name=department.name.get("en", ""))


def _signed_anew(row: Licence, now: datetime) -> keys.SigningKey:
    """The key that signed the statement is gone (ended or withdrawn): seal and statement stay of one key."""
    key = _key(row.issuer, row.type.slug, now)
    row.key_id, row.statement = key.key_id, _statement(row, key, now)
    return key


def code_without_a_line(licence: Licence, now: datetime) -> str:
    """What a phone shows while it has no connection: the code of the paper, signed at this moment, so that its age can be read from it."""
    return _paper_code(licence, _key(licence.issuer, licence.type.slug, now), now)


def _paper_code(row: Licence, key: keys.SigningKey, now: datetime) -> str:
    """What the QR of the paper says: the address of the public check and, behind it, what is read without a network."""
    kind = row.type
    return paper.make(
        key,
        address=address(),
        token=row.token,
        issuer=row.issuer.code,
        kind=kind.slug,
        identifier=row.identifier,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        face=tokens.limited_face(kind.slug, row.holder.kind, list(kind.face_fields), row.face),
        demonstration=row.demonstration,
        now=now,
    )


def _sealed_pdf(row: Licence, key: keys.SigningKey, now: datetime) -> bytes:
    kind = row.type
    sheet = rendering.LicenceSheet(
        type_id=kind.slug,
        title=kind.name,
        identifier=row.identifier,
        issuer=issuer_name(row.issuer, demo=row.demonstration),
        face_fields=list(kind.face_fields),
        face=row.face,
        issued_on=row.issued_on,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        verify_url=_paper_code(row, key, now),
        holder_kind=row.holder.kind,
        statement=row.statement,
        demo=row.demonstration,
        photo=registers.picture(str(row.face.get("photo") or ""), of=row.holder, actor=PLATFORM),
    )
    return _seal(rendering.render_licence(sheet), key, row.issuer, now, reason=kind.name["zh"])


def _seal(pdf: bytes, key: keys.SigningKey, department: Department, now: datetime, *, reason: str) -> bytes:
    name = issuer_name(department, demo=settings.DEMO)
    words = "示范 demonstration" if settings.DEMO else "签发 issue"
    return _sealing().seal(
        pdf,
        key,
        appearance=rendering.render_seal(name, demo=settings.DEMO),
        now=now,
        reason=f"{reason} {words}".strip(),
        location="通办 Tongban",
        name=name["zh"],
    )


def _sealing() -> ModuleType:
    """pyHanko takes most of a second to import: only processes that seal or check pay for it."""
    return importlib.import_module("tongban.licences.sealing")
