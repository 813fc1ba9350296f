"""Scans of many gates in one transaction: the same judgement as `verifying.verify`, for everybody who came together.

A request is known by who signed it and by its nonce, a scan by the number that its gate gave it, a code by its mark at its reader; each of the
three is a key of the database, so what comes twice is found in whichever process it arrives. A scan told again under its number hears the same
answer again: a gate that lost the line asks once more and nobody is refused for it.
"""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tongban.codes import keys, scene_fields
from tongban.codes.at_gate import mark_of
from tongban.codes.models import CodeCheck, DeviceKey, GateScan, IdentityCode, Reader, Scene, SignedRequest
from tongban.codes.payload import Code, Refused, judge
from tongban.codes.services import verifying
from tongban.codes.services.enrolling import DEVICES
from tongban.journal import services as journal
from tongban.lib import ed25519
from tongban.lib.problems import NotAllowed, Problem

LOOK_AGAIN_AFTER = (
    10.0  # seconds: a suspended reader or a changed scene is known at most this late; a revoked key at once
)
KEEP_REQUESTS = timedelta(minutes=5)
KEEP_SCANS = timedelta(days=30)
OFFLINE_AT_MOST = timedelta(days=30)
EPOCH = 1_577_836_800  # 2020: numbers of requests begin there


# -- whose devices


@dataclass(frozen=True, slots=True)
class Device:
    """A device as this process knows it: its key, and the reader it stands for with its scene."""

    pk: int
    key_id: str
    key: ed25519.Verifies
    ends_at: datetime | None
    reader: Reader
    scene: Scene


class Devices:
    """All devices that may ask, in memory. `refresh` asks the database whether something has changed; everything else does not ask."""

    def __init__(self) -> None:
        self._known: dict[str, Device] = {}
        self._version = -1
        self._looked = float("-inf")
        self._reading = threading.Lock()

    def get(self, key_id: str) -> Device | None:
        return self._known.get(key_id)

    def refresh(self) -> None:
        """Before keys are believed. One small question; all keys are read again when one was added or revoked, or after a while."""
        with self._reading:
            with connection.cursor() as cursor:
                cursor.execute("SELECT version FROM journal_topic WHERE name = %s", [DEVICES])
                version = (cursor.fetchone() or (0,))[0]
            tick = time.monotonic()
            if version == self._version and 0 <= tick - self._looked < LOOK_AGAIN_AFTER:
                return
            rows = DeviceKey.objects.exclude(state=DeviceKey.State.REVOKED).select_related(
                "reader__scene", "reader__wallet_kind__issuer"
            )
            known = {row.key_id: row for row in rows}
            self._known = {
                key_id: Device(
                    row.pk,
                    key_id,
                    ed25519.verify_key(bytes.fromhex(row.public_key)),
                    row.ends_at,
                    row.reader,
                    row.reader.scene,
                )
                for key_id, row in known.items()
            }
            self._version, self._looked = version, tick

    def forget(self) -> None:
        self._known, self._version, self._looked = {}, -1, float("-inf")


devices = Devices()


def admitted(device: Device | None, now: datetime) -> Device:
    """The device, if it may ask at this moment."""
    if device is None or (device.ends_at is not None and device.ends_at < now):
        raise NotAllowed(
            "device-key",
            _("This key is not registered here, or was revoked."),
            next_step=_("Enrol the device again with a code from the office."),
            status=401,
        )
    verifying.admit(device.reader, device.scene.slug, device.scene)
    return device


# -- scans


@dataclass(slots=True)
class Scan:
    """One code that one gate has read. `request` is the number of the signed request it came in, once for many; `let_in` what a gate
    has decided alone, at `at`."""

    device: Device
    number: str
    payload: str
    at: datetime
    request: int | None = None
    let_in: bool | None = None
    told: str = ""
    code: Code | None = None
    reason: str = ""
    pk: int = 0
    mark: str | None = None  # of this code at this reader, once the code was read

    def __post_init__(self) -> None:
        self.pk = _number(f"scan|{self.device.reader.pk}|{self.number}".encode())


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is answered for one scan. `problem`: the request itself was not taken in."""

    verdict: str = ""
    reason: str = ""
    kind: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    again: bool = False
    problem: Problem | None = None


def look_at(scan: Scan) -> Scan:
    """Judge the code itself, without the database. What is the same wherever it is asked is decided here."""
    try:
        scan.code = _judge(scan.payload, scan.at.timestamp())
        scan.mark = mark_of(scan.code, f"reader:{scan.device.reader.pk}")
        scan.reason = verifying.reason_against_kind(scan.code, scan.device.reader)
    except Refused as refused:
        scan.reason = refused.reason
    return scan


def _judge(text: str, at: float) -> Code:
    """With the keys as they are in the folder at this moment: one that another process has just made is known at once."""
    directory = verifying.key_directory()
    try:
        return judge(text, keys.ring(directory), at)
    except Refused as refused:
        if refused.reason != "unknown_key" or not keys.changed(directory):
            raise
        return judge(text, keys.ring(directory, anew=True), at)


def request_number(key_id: str, nonce: str, created: int) -> int:
    """Of a signed request: its second, and 32 bits of a digest of who and which. Two that fall together by chance (one in millions) are
    told apart by the next nonce, with which a gate asks again."""
    return ((created - EPOCH) & 0x7FFFFFFF) << 32 | _number(f"{key_id}|{nonce}".encode()) & 0xFFFFFFFF


def _number(of: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(of, digest_size=8, person=b"gates").digest(), "big") >> 1


REPLAYED = NotAllowed(
    "replayed",
    _("This request was taken in already."),
    next_step=_("Sign every request anew, with a nonce of its own."),
    status=401,
)


def record_scans(batch: Sequence[Scan], now: datetime) -> list[Recorded]:
    """Answer each of these, in order; on disk together when this returns. One that cannot be written keeps no other from it."""
    try:
        return _recorded(batch, now)
    except Exception:
        if len(batch) == 1:
            raise
        return [answer for scan in batch for answer in record_scans([scan], now)]


@transaction.atomic
def _recorded(batch: Sequence[Scan], now: datetime) -> list[Recorded]:
    devices.refresh()
    answers: list[Recorded | None] = [None] * len(batch)
    fresh = _take_in({scan.request for scan in batch if scan.request is not None})
    asked: dict[int, int] = {}  # number of the scan -> its place: one told twice in one batch is one
    seconds: list[tuple[int, int]] = []
    for place, scan in enumerate(batch):
        if scan.request is not None:
            if scan.request not in fresh:
                answers[place] = Recorded(problem=REPLAYED)
                continue
            if scan.let_in is None:
                fresh.discard(scan.request)  # one scan a request; a queue that is handed in is one request of many
        try:
            admitted(devices.get(scan.device.key_id), now)
        except NotAllowed as problem:
            answers[place] = Recorded(problem=problem)
            continue
        if scan.pk in asked:
            seconds.append((place, asked[scan.pk]))
        else:
            asked[scan.pk] = place
    known = _told_before(list(asked))
    entries = dict(zip((pk for pk in asked if pk not in known), _next_entries(len(asked) - len(known)), strict=True))
    claimed = _claim([(batch[asked[pk]], entry) for pk, entry in entries.items()])
    if len(claimed) < len(entries):  # told to another process at this very moment, which has committed by now
        known |= _told_before([pk for pk in entries if pk not in claimed])
    for pk, row in known.items():
        answers[asked[pk]] = _as_before(row, batch[asked[pk]])
    new = {asked[pk]: entry for pk, entry in entries.items() if pk in claimed}
    for place, answer in zip(new, _judged([batch[place] for place in new], list(new.values()), now), strict=True):
        answers[place] = answer
    for place, first in seconds:
        before = answers[first]
        same = before is not None and batch[place].payload == batch[first].payload
        answers[place] = (
            Recorded(before.verdict, before.reason, before.kind, before.fields, again=True)
            if same and before is not None
            else Recorded(problem=_another())
        )
    return [answer or Recorded(problem=REPLAYED) for answer in answers]


def _next_entries(count: int) -> list[int]:
    """Numbers for so many rows of checks, known before they are written: the row of a scan is written first, and names one."""
    table = CodeCheck._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])  # nobody else writes meanwhile
        last = (cursor.fetchone() or (0,))[0]
    return list(range(last + 1, last + 1 + count))


def _claim(scans: Sequence[tuple[Scan, int]]) -> set[int]:
    """The numbers of scans that nobody told us before."""
    rows = sorted(
        (scan.pk, entry, scan.let_in, _moment(scan.at) if scan.let_in is not None else None) for scan, entry in scans
    )
    return set(_inserted(GateScan, ("id", "entry_id", "let_in", "decided_at"), rows, "id"))


def _told_before(numbers: list[int]) -> dict[int, GateScan]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM codes_gatescan WHERE id IN ({', '.join(['%s'] * len(numbers)) or 'NULL'})",  # noqa: S608
            numbers,
        )
        found = [row[0] for row in cursor.fetchall()]
    return (
        GateScan.objects.select_related("entry__code__party", "entry__code__shown_by").in_bulk(found) if found else {}
    )


def _another() -> Problem:
    return NotAllowed("number-of-another-scan", _("This number belongs to another scan."), status=409)


def _take_in(numbers: set[int]) -> set[int]:
    """Those of the requests that were not taken in before."""
    return set(_inserted(SignedRequest, ("id",), [(number,) for number in sorted(numbers)], "id")) if numbers else set()


def take_in_once(number: int) -> None:
    """For requests that are no scans. Raises when this one was taken in before."""
    if not _take_in({number}):
        raise REPLAYED


def _as_before(row: GateScan, scan: Scan) -> Recorded:
    """What was answered then; the fields are read anew, because they are kept nowhere."""
    entry = row.entry
    mark = scan.mark
    if entry.good and mark is not None and mark != entry.mark:
        return Recorded(problem=_another())
    if not entry.good or entry.code is None:
        return Recorded(verifying.INVALID, entry.reason, again=True)
    if row.let_in is not None:  # told about later: nobody stands at the gate any more
        return Recorded(verifying.VALID, kind=entry.code.sort, again=True)
    values = scene_fields.values(entry.code, scan.device.reader, entry.at)
    return Recorded(verifying.VALID, "", entry.code.sort, values, again=True)


def _judged(scans: Sequence[Scan], entries: Sequence[int], now: datetime) -> list[Recorded]:
    """New scans: whose codes they are, what stands against them, and one row each."""
    if not scans:
        return []
    cards = _cards_of([scan.code for scan in scans if scan.code is not None and not scan.reason], now)
    marks: dict[str, int] = {}
    read: Counter[int] = Counter()
    held: list[IdentityCode | None] = []
    reasons = [scan.reason for scan in scans]
    for place, scan in enumerate(scans):
        card = None
        if scan.code is not None and not scan.reason:
            card = cards.get(scan.code.alias)
            reason = verifying.reason_against_card(card, scan.code, scan.at) if card else "ended"
            if card is not None and not reason and card.sort not in scan.device.scene.sorts:
                reason = "wrong_kind"
            if not reason:
                mark = scan.mark
                if mark is not None and marks.setdefault(mark, place) != place:
                    reason = "used"
            if card is not None and not reason and scan.let_in is None:  # what a gate let in alone is long past
                read[card.pk] += 1
                if verifying.read_too_often(card, now) or read[card.pk] > verifying.READ_AT_MOST:
                    reason = "too_often"
            reasons[place] = reason or scan.told
        held.append(card)
    values: list[dict[str, Any]] = [{} for _scan in scans]
    told = [at for at, scan in enumerate(scans) if held[at] is not None and not reasons[at] and scan.let_in is None]
    asked = [(card, scans[at].device.reader, scans[at].device.scene) for at in told if (card := held[at]) is not None]
    for at, known in zip(told, scene_fields.values_of_many(asked, now), strict=True):
        values[at] = known
    _write_checks(scans, entries, held, values, reasons)
    _follow(scans, held, now)
    return [
        Recorded(verifying.INVALID, reason)
        if reason or card is None
        else Recorded(verifying.VALID, "", card.sort, known)
        for card, known, reason in zip(held, values, reasons, strict=True)
    ]


@dataclass(slots=True)
class _OfPerson:
    died_on: date | None
    same_as_id: int | None


@dataclass(slots=True)
class _OfParty:
    pk: int
    kind: str
    person: _OfPerson


@dataclass(slots=True)
class _Card:
    """A person's own code or paper, as much of it as is asked: a model instance costs ten times as much to make, and nearly all codes
    at gates are these."""

    pk: int
    sort: str
    state: str
    mark: str
    ends_at: datetime | None
    party_id: int
    party: _OfParty
    read_often_since: datetime | None
    shown_by_id: None = None
    shown_by: None = None
    officer_id: None = None
    officer: None = None


_LIGHT = """SELECT c.id, c.sort, c.state, c.mark, c.ends_at, c.party_id, a.kind, p.died_on, p.same_as_id, (
        SELECT k.at FROM codes_codecheck k WHERE k.code_id = c.id AND k.good AND k.reader_id IS NOT NULL
        ORDER BY k.id DESC LIMIT 1 OFFSET %s) > %s
    FROM codes_identitycode c JOIN parties_party a ON a.id = c.party_id JOIN parties_person p ON p.party_id = c.party_id
    WHERE c.shown_by_id IS NULL AND c.officer_id IS NULL AND c.id IN ({})"""


def _cards_of(codes: Iterable[Code], now: datetime) -> dict[bytes, IdentityCode]:
    """Whose codes these are, in one question; in two where somebody shows the code of another."""
    ring = keys.ring(verifying.key_directory())
    of_key: dict[bytes, list[bytes]] = {}
    for code in codes:
        of_key.setdefault(code.kid, []).append(code.alias)
    numbers = {
        alias: number
        for kid, aliases in of_key.items()
        if (key := ring.get(kid)) is not None and key.opening is not None
        for alias, number in zip(aliases, key.cards_of(aliases), strict=True)
        if number < 1 << 63
    }
    if not numbers:
        return {}
    wanted = sorted(set(numbers.values()))
    with connection.cursor() as cursor:
        late = _moment(now - verifying.WITHIN)
        cursor.execute(_LIGHT.format(", ".join(["%s"] * len(wanted))), [verifying.READ_AT_MOST - 1, late, *wanted])
        rows = cursor.fetchall()
    found: dict[int, Any] = {
        pk: _Card(
            pk,
            sort,
            state,
            mark,
            _aware(ends),
            party,
            _OfParty(party, kind, _OfPerson(died, same)),
            now if often else None,
        )
        for pk, sort, state, mark, ends, party, kind, died, same, often in rows
    }
    if rest := [number for number in wanted if number not in found]:
        found |= verifying.cards().in_bulk(rest)
    return {alias: found[number] for alias, number in numbers.items() if number in found}


def _aware(moment: datetime | None) -> datetime | None:
    """SQLite keeps moments without their zone, which is UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


CHECKED = ("id", "mark", "code_id", "reader_id", "by_id", "scene", "place", "good", "reason", "fields", "at")


def _write_checks(
    scans: Sequence[Scan],
    entries: Sequence[int],
    held: Sequence[IdentityCode | None],
    values: Sequence[dict],
    reasons: list[str],
) -> None:
    """One row each. Where a mark is taken already the scan is refused (in `reasons`), and the row says so."""
    moment = _moments()

    def row(place: int, mark: str | None) -> tuple:
        scan, card, reason = scans[place], held[place], reasons[place]
        reader = scan.device.reader
        fields = json.dumps([] if reason else sorted(values[place]))
        return (
            entries[place], mark, card.pk if card else None, reader.pk, None, scan.device.scene.slug, reader.place, not reason,
            reason, fields, moment(scan.at),
        )  # fmt: skip

    good = {mark: place for place, scan in enumerate(scans) if not reasons[place] and (mark := scan.mark) is not None}
    written = _inserted(CodeCheck, CHECKED, [row(place, mark) for mark, place in sorted(good.items())], "mark")
    for mark, place in good.items():
        if mark not in written:
            reasons[place] = "used"
    rest = [place for place, scan in enumerate(scans) if reasons[place] or scan.mark is None]
    _inserted(CodeCheck, CHECKED, [row(place, None) for place in rest], "id")


def _moments() -> Callable[[datetime], Any]:
    """Moments as Django hands them over, without asking settings and connection for each."""
    if connection.vendor == "postgresql":
        return lambda at: at
    return lambda at: str((at if at.tzinfo is UTC else at.astimezone(UTC)).replace(tzinfo=None))


def _moment(at: datetime) -> Any:
    return _moments()(at)


def _follow(scans: Sequence[Scan], held: Sequence[IdentityCode | None], now: datetime) -> None:
    """Open pages of the holders hear of it, and the office sees that the readers live: once for all of them."""
    holders = {card.shown_by_id or card.party_id for card in held if card is not None}
    journal.touch(*(f"codes:{holder}" for holder in holders if holder))
    late = now - verifying.SEEN_WRITTEN_EVERY
    readers = {scan.device.reader.pk: scan.device.reader for scan in scans}
    unseen = [pk for pk, reader in readers.items() if reader.last_seen_at is None or reader.last_seen_at < late]
    if unseen:
        Reader.objects.filter(Q(last_seen_at__isnull=True) | Q(last_seen_at__lt=late), pk__in=unseen).update(
            last_seen_at=now
        )
        for pk in unseen:
            readers[pk].last_seen_at = now


ROWS_A_STATEMENT = 50


def _inserted(model, columns: Sequence[str], rows: Sequence[tuple], returning: str) -> dict:
    """Plain rows, as the database keeps them, in few statements, those that are there already left out: {first column told: last column
    told} of those written."""
    mark = f"({', '.join(['%s'] * len(columns))})"
    table, columns_named, fields_told = (
        model._meta.db_table,
        ", ".join(columns),
        returning,
    )  # of the model, never of anybody
    written: dict[Any, Any] = {}
    with connection.cursor() as cursor:
        for first in range(0, len(rows), ROWS_A_STATEMENT):
            some = rows[first : first + ROWS_A_STATEMENT]
            marks = ", ".join([mark] * len(some))
            cursor.execute(
                f"INSERT INTO {table} ({columns_named}) VALUES {marks} ON CONFLICT DO NOTHING RETURNING {fields_told}",  # noqa: S608
                [value for row in some for value in row],
            )
            written.update((row[0], row[-1]) for row in cursor.fetchall())
    return written


# -- what has served its time


@journal.every("forget signed requests", timedelta(minutes=1))
def _forget_requests() -> None:
    forget_requests(datetime.now(UTC))


def forget_requests(now: datetime) -> int:
    """Requests so old that their second alone keeps them out."""
    oldest = int((now - KEEP_REQUESTS).timestamp()) - EPOCH
    return SignedRequest.objects.filter(pk__lt=oldest << 32)._raw_delete(SignedRequest.objects.db)


@journal.every("forget scans of gates", timedelta(hours=6))
def _forget_scans() -> None:
    forget_scans(datetime.now(UTC))


def forget_scans(now: datetime) -> int:
    """Numbers of scans whose check has been forgotten."""
    oldest = CodeCheck.objects.filter(at__gte=now - KEEP_SCANS).order_by("at").values_list("pk", flat=True).first()
    rows = GateScan.objects.all() if oldest is None else GateScan.objects.filter(entry_id__lt=oldest)
    return rows._raw_delete(rows.db)
