"""What credentials in wallets are worth, for anybody, without asking about one of them: token status lists (draft-ietf-oauth-status-list).

Two bits a credential, at a place drawn by chance among 131,072. What a list says is always taken from the licences themselves, at most
five seconds ago; it is signed again when that has changed, and every few minutes. Whoever fetches a list does not say which place
they look at.
"""

import secrets
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import cbor2
from django.conf import settings
from django.core.cache import caches
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from tongban.departments.models import Department
from tongban.lib import jose
from tongban.licences import items, keys, services
from tongban.licences.credential_models import LIST_SIZE, Credential, StatusList
from tongban.licences.models import Licence, LicenceItem
from tongban.licences.states import NOT_VALID_NOW, SUSPENDED, VALID, LicenceState, Part, standing

BITS = 2
GOOD, INVALID, HELD = 0, 1, 2
"""The values of the draft: valid, invalid, suspended."""

FULL = LIST_SIZE // 2
"""Of a list half taken every second place drawn is free; then the next one begins."""

LOOKED_EVERY = timedelta(seconds=5)
SIGNED_EVERY = timedelta(minutes=5)
HOLDS_FOR = timedelta(hours=24)
KEY = "status-list"
JWT_TYPE, CWT_TYPE = "statuslist+jwt", "application/statuslist+cwt"
AT_ONCE = 400


@dataclass(frozen=True)
class Signed:
    token: str
    signed_at: datetime

    @property
    def tag(self) -> str:
        return f'"{sha256(self.token.encode()).hexdigest()[:24]}"'


def address(key: str) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}/status-lists/{key}"


def addresses() -> list[str]:
    return [address(key) for key in StatusList.objects.order_by("id").values_list("key", flat=True)]


# -- places


def enter(issuer: Department, **credential: Any) -> Credential:
    """Write the credential down at a free place of a list of this department. The place belongs to it alone: the database says so."""
    with transaction.atomic():
        listed = _taken_from(issuer)
        for _turn in range(64):
            try:
                with transaction.atomic():
                    return Credential.objects.create(
                        status_list=listed, index=secrets.randbelow(LIST_SIZE), **credential
                    )
            except IntegrityError as wrong:
                if "index" not in str(wrong) and "place_in_a_status_list" not in str(wrong):
                    raise
        raise RuntimeError(f"no free place in list {listed.pk}: fewer than half of its places should be taken")


def _taken_from(issuer: Department) -> StatusList:
    while True:
        open_one = StatusList.objects.filter(issuer_id=issuer.pk, taken__lt=FULL).order_by("id").first()
        if open_one is None:
            return StatusList.objects.create(key=secrets.token_urlsafe(16), issuer_id=issuer.pk, taken=1)
        if StatusList.objects.filter(pk=open_one.pk, taken__lt=FULL).update(taken=F("taken") + 1):
            return open_one


# -- what they say


def worth(credential: Credential, *, today: date) -> tuple[str, str]:
    """(status, reason) of one credential at this moment: valid, suspended or not_valid, and why."""
    return worths([credential], today=today)[0]


def worths(copies: Sequence[Credential], *, today: date) -> list[tuple[str, str]]:
    """The same of several copies; what a licence is worth is asked once."""
    found = {key_id: keys.find(services.key_directory(), key_id) for key_id in {one.key_id for one in copies}}
    known: dict[int, tuple[str, str]] = {}
    answers = []
    for one in copies:
        key = found[one.key_id]
        if one.ended_at is not None:
            answers.append((NOT_VALID_NOW, "ended"))
        elif key is None or key.withdrawn_at is not None:
            answers.append((NOT_VALID_NOW, "key_withdrawn"))
        else:
            if one.licence_id not in known:
                known[one.licence_id] = _worth_of(one.licence, today)
            answers.append(known[one.licence_id])
    return answers


def _worth_of(licence: Licence, today: date) -> tuple[str, str]:
    status, reason = items.judge(licence.state, licence.valid_from, licence.valid_to, today)
    if items.is_industry(licence):
        return standing(status, reason, [one.part for one in items.present(licence, today)])
    return status, reason


def said_by(listed: StatusList, *, today: date) -> bytes:
    """The list as bytes: only what is not simply valid is read from the database."""
    withdrawn = list(keys.withdrawn(services.key_directory()))
    doubtful = Credential.objects.filter(status_list=listed).filter(
        Q(ended_at__isnull=False)
        | Q(key_id__in=withdrawn)
        | ~Q(licence__state=LicenceState.VALID)
        | Q(licence__valid_to__lt=today)
        | Q(licence__type__slug=items.INDUSTRY)
    )
    told = doubtful.values_list(
        "index", "ended_at", "key_id", "licence_id", "licence__state", "licence__valid_from", "licence__valid_to",
        "licence__type__slug",
    ).order_by("index")  # fmt: skip
    rows = list(told)
    parts = _parts({row[3] for row in rows if row[7] == items.INDUSTRY and row[1] is None}, today)
    content = bytearray(LIST_SIZE * BITS // 8)
    for index, ended_at, key_id, licence, state, valid_from, valid_to, slug in rows:
        status, reason = items.judge(state, valid_from, valid_to, today)
        if slug == items.INDUSTRY:
            status, reason = standing(status, reason, parts.get(licence, []))
        value = INVALID if ended_at is not None or key_id in withdrawn else _value(status, reason)
        content[index // 4] |= value << index % 4 * BITS
    return bytes(content)


def value_at(content: bytes, index: int, bits: int = BITS) -> int:
    """As every reader of a list looks a place up."""
    return content[index * bits // 8] >> index * bits % 8 & (1 << bits) - 1


def _value(status: str, reason: str) -> int:
    """What only begins later is not taken back: the credential itself says from when it holds."""
    if status == SUSPENDED:
        return HELD
    return GOOD if status == VALID or reason == items.NOT_YET else INVALID


def _parts(wholes: Collection[int], today: date) -> dict[int, list[Part]]:
    """The permits of many industry licences as they stand now, in a number of questions that does not grow with each of them."""
    found: dict[int, list[Part]] = {}
    for some in _slices(sorted(wholes)):
        lines = list(
            LicenceItem.objects.filter(whole_id__in=some).values_list(
                "whole_id", "key", "mandatory", "licence__type_id", "licence__serial", "whole__type_id", "whole__serial"
            )
        )
        newest = _newest({line[4] for line in lines if line[4] is not None})
        loose = _loose({line[6] for line in lines if line[4] is None})
        for whole, key, mandatory, kind, serial, whole_kind, whole_serial in lines:
            state, begins, ends = newest[kind, serial] if serial is not None else loose[whole_kind, whole_serial, key]
            found.setdefault(whole, []).append(Part(items.judge(state, begins, ends, today)[0], mandatory, ends))
    return found


def _newest(serials: Iterable[str]) -> dict[tuple[int, str], tuple]:
    rows: dict[tuple[int, str], tuple] = {}
    for some in _slices(sorted(serials)):
        editions = Licence.objects.filter(serial__in=some).order_by("edition")
        for kind, serial, *state in editions.values_list("type_id", "serial", "state", "valid_from", "valid_to"):
            rows[kind, serial] = tuple(state)
    return rows


def _loose(serials: Iterable[str]) -> dict[tuple[int, str, str], tuple]:
    rows: dict[tuple[int, str, str], tuple] = {}
    for some in _slices(sorted(serials)):
        lines = LicenceItem.objects.filter(licence__isnull=True, whole__serial__in=some).order_by("whole__edition")
        named = lines.values_list("whole__type_id", "whole__serial", "key", "state", "issued_on", "valid_to")
        for kind, serial, key, *state in named:
            rows[kind, serial, key] = tuple(state)
    return rows


def _slices(values: list) -> Iterable[list]:
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))


# -- signed


def signed(key: str, *, now: datetime, today: date) -> Signed | None:
    """The list for whoever verifies; None when there is none with this key."""
    held: tuple[datetime, Signed] | None = caches["process"].get(f"status-list:{key}")
    if held is not None and timedelta() <= now - held[0] < LOOKED_EVERY:
        return held[1]
    listed = StatusList.objects.select_related("issuer").filter(key=key).first()
    if listed is None:
        return None
    content = said_by(listed, today=today)
    said = sha256(content).hexdigest()
    fresh = listed.signed_at is not None and timedelta() <= now - listed.signed_at < SIGNED_EVERY
    signer = keys.find(services.key_directory(), listed.key_id) if listed.key_id else None
    if said != listed.said_sha256 or not fresh or signer is None or signer.withdrawn_at is not None:
        listed = _sign(listed, content, said, now)
    answer = Signed(listed.token, listed.signed_at or now)
    caches["process"].set(f"status-list:{key}", (now, answer), LOOKED_EVERY.total_seconds())
    return answer


def _sign(listed: StatusList, content: bytes, said: str, now: datetime) -> StatusList:
    """Of two processes that sign at once the later one stays; both say what is true."""
    key = _key(listed, now)
    claims = {
        "iss": settings.PUBLIC_URL.rstrip("/"),
        "sub": address(listed.key),
        "iat": int(now.timestamp()),
        "exp": int((now + HOLDS_FOR).timestamp()),
        "ttl": int(SIGNED_EVERY.total_seconds()),
        "status_list": {"bits": BITS, "lst": jose.encode(zlib.compress(content, 9))},
    }
    listed.token = jose.sign({"typ": JWT_TYPE, "kid": key.key_id}, claims, key.sign_es256)
    listed.said_sha256, listed.key_id, listed.signed_at = said, key.key_id, now
    listed.save(update_fields=["token", "said_sha256", "key_id", "signed_at"])
    return listed


def as_cwt(answer: Signed, *, now: datetime) -> bytes | None:
    """The same list for readers of CBOR; None while its key may not sign any more and nobody has asked for the list itself."""
    claims = jose.as_object(answer.token.split(".")[1])
    head = jose.as_object(answer.token.split(".")[0])
    key = keys.held(services.key_directory(), str(head["kid"]), now=now)
    if key is None:
        return None
    said = claims["status_list"]
    payload = cbor2.dumps(
        {
            1: claims["iss"],
            2: claims["sub"],
            4: claims["exp"],
            6: claims["iat"],
            65534: claims["ttl"],
            65533: {"bits": said["bits"], "lst": jose.decode(said["lst"])},
        }
    )
    protected = cbor2.dumps({1: -7, 4: key.key_id.encode(), 16: CWT_TYPE})
    signature = key.sign_es256(cbor2.dumps(["Signature1", protected, b"", payload]))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def _key(listed: StatusList, now: datetime) -> keys.SigningKey:
    issuer = listed.issuer
    return keys.current(services.key_directory(), issuer.code, KEY, now=now, name=issuer.name.get("en", ""))


@dataclass(frozen=True)
class Read:
    """A list somebody published, taken apart: ours, or the vector of the draft."""

    bits: int
    content: bytes

    def value(self, index: int) -> int:
        if not 0 <= index < len(self.content) * 8 // self.bits:
            raise jose.Refused("index")
        return value_at(self.content, index, self.bits)


def unpacked(said: Any, *, largest: int = 2**22) -> Read:
    """The `status_list` of a token. What unpacks to more than anybody's list is refused before it fills the memory."""
    if not isinstance(said, dict) or said.get("bits") not in (1, 2, 4, 8) or isinstance(said.get("bits"), bool):
        raise jose.Refused("malformed", "bits")
    packed = said.get("lst")
    raw = packed if isinstance(packed, bytes) else jose.decode(packed) if isinstance(packed, str) else None
    if raw is None:
        raise jose.Refused("malformed", "lst")
    engine = zlib.decompressobj()
    try:
        content = engine.decompress(raw, largest)
    except zlib.error as wrong:
        raise jose.Refused("malformed", "zlib") from wrong
    if engine.unconsumed_tail or not engine.eof or engine.unused_data:
        raise jose.Refused("malformed", "too long, or cut off")
    return Read(said["bits"], content)
