"""The small statement in the QR of a licence on paper: who issued it and what may be read of it, checked without a network.

    <public address>/verify/<token>#TB1:<base64url of a COSE_Sign1>

Any camera opens the address and asks us; what stands behind `#` never reaches a server and is what an installed verifier reads. The
signature says that the paper is genuine. Whether it is still in force is another question: a signed list of those that are not, with
its age. Nothing here needs Django, a database or a network (decision 30).
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tongban.lib import cose
from tongban.lib.ed25519 import Verifies, verify_key
from tongban.licences.keys import PublicKey, SigningKey

MARK = "TB1:"
KIND = "L1"
NUMBERS_BEGIN = "1.2.156.3005.2."  # the same on every licence: not worth room in a code
LONGEST = 1200
FACE_ROOM = 96  # bytes: what keeps the code readable in a print of 33 mm at 150 dpi
LONGEST_VALUE = 24
DAY_BEGINS = timezone(timedelta(hours=8))
FRESH = timedelta(hours=24)
CLOCKS_DIFFER = timedelta(minutes=5)

WHAT, ISSUER, TYPE, NUMBER, FROM, TO, SIGNED_AT, STATUS_ID, FACE, DEMO = range(10)
_EPOCH = date(1970, 1, 1)
_CODE = re.compile(
    r"(?:(?P<address>https?://[^\s#]{1,300})/verify/(?P<token>[A-Za-z0-9_-]{22})#)?TB1:(?P<body>[A-Za-z0-9_-]{40,1000})"
)

# What names the holder or the thing comes before what describes it.
_FIRST = (
    "operator",
    "company",
    "name",
    "holder",
    "venue",
    "clinic",
    "owner",
    "plate",
    "address",
    "scope",
    "category",
    "class",
)
_ELSEWHERE = {"valid_from", "valid_to", "issued_on", "photo", "qr", "merged_licences"}

SUSPENDED, SUPERSEDED, REVOKED, CANCELLED, ITEM_SUSPENDED, ITEM_GONE = range(1, 7)
SAYS = {
    SUSPENDED: ("suspended", ""),
    SUPERSEDED: ("not_valid", "superseded"),
    REVOKED: ("not_valid", "revoked"),
    CANCELLED: ("not_valid", "cancelled"),
    ITEM_SUSPENDED: ("suspended", "item_suspended"),
    ITEM_GONE: ("not_valid", "item_gone"),
}
FOR_EVER = {SUPERSEDED, REVOKED, CANCELLED}  # none of these is ever undone: an old list is enough to know it
# The frame of a tagged COSE_Sign1 by EdDSA with a name of eight bytes for its key: 18([<<{1: -8, 4: h'...'}>>, {}, <<claims>>, signature])
_BEFORE, _BETWEEN = bytes.fromhex("d2844da201270448"), (b"\xa0\x58", b"\xa0\x59")
_SIGNED_BEGINS = b"\x84\x6aSignature1\x4d"
_ENTRY = 9  # eight bytes that only the code itself leads to, one that says what it is


class NotOurs(ValueError):
    """Not a code of a licence, or a list that was not signed by the root: one word why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The parts of a code as they stand in it. Nothing inside is looked at before a signature held."""

    address: str
    token: str
    kid: bytes
    signed: bytes
    payload: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Code:
    """What a genuine code says."""

    address: str
    token: str
    claims: Mapping[int, Any]

    @property
    def number(self) -> str:
        return NUMBERS_BEGIN + self.claims[NUMBER]

    @property
    def status_id(self) -> bytes:
        return self.claims[STATUS_ID]

    @property
    def valid_to(self) -> date | None:
        days = self.claims[TO]
        return None if days is None else _EPOCH + timedelta(days=days)

    @property
    def valid_from(self) -> date:
        return _EPOCH + timedelta(days=self.claims[FROM])

    @property
    def signed_at(self) -> datetime:
        return datetime.fromtimestamp(self.claims[SIGNED_AT], UTC)


@dataclass(frozen=True)
class TrustedKey:
    key_id: str
    issuer: str
    type: str
    not_before: datetime
    not_after: datetime
    public: Verifies
    withdrawn_at: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """Signature and status, told apart. `signature`: good, or why not. `state`: valid, suspended, not_valid or unknown.

    `age` of the list of those not in force, None where there was none: a person reads "status as of 3 hours ago" from it.
    """

    signature: str
    state: str
    reason: str = ""
    age: timedelta | None = None
    code: Code | None = None
    key_id: str = ""


@dataclass(frozen=True)
class Trust:
    """The keys a verifier believes, as the root signed them. Several keys may share a short id: all are tried."""

    issued_at: datetime
    until: datetime
    address: str
    keys: Mapping[bytes, Sequence[TrustedKey]]
    names: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Statuses:
    """Licences that are not in force although their paper says nothing of it, as sorted entries of nine bytes."""

    issued_at: datetime
    ids: Sequence[bytes]
    says: bytes

    def of(self, status_id: bytes) -> int:
        place = bisect_left(self.ids, status_id)
        return self.says[place] if place < len(self.ids) and self.ids[place] == status_id else 0


# -- making


def key_ids(public: PublicKey) -> bytes:
    """Eight bytes that name a key in a code; not unique by promise."""
    return hashlib.sha256(_raw(public)).digest()[:8]


def status_id(token: str) -> bytes:
    """What the list of those not in force says instead of the token: nobody can go back from it to the licence."""
    return hashlib.sha256(b"tongban licence status:" + token.encode()).digest()[:8]


def make(
    key: SigningKey,
    *,
    address: str,
    token: str,
    issuer: str,
    kind: str,
    identifier: str,
    valid_from: date,
    valid_to: date | None,
    face: Sequence[Mapping[str, Any]],
    demonstration: bool,
    now: datetime,
) -> str:
    """The whole text of the QR. `face` is what the public check shows (`tokens.limited_face`): never more than that."""
    claims: dict[int, Any] = {
        WHAT: KIND,
        ISSUER: issuer,
        TYPE: kind,
        NUMBER: identifier.removeprefix(NUMBERS_BEGIN),
        FROM: (valid_from - _EPOCH).days,
        TO: (valid_to - _EPOCH).days if valid_to is not None else None,
        SIGNED_AT: int(now.timestamp()),
        STATUS_ID: status_id(token),
        FACE: small_face(face),
    }
    if demonstration:
        claims[DEMO] = True
    private = serialization.load_der_private_key(key.statement_private, password=None)
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise NotOurs("not an Ed25519 key")
    signed = cose.sign(cbor2.dumps(claims), private_key=private, kid=key_ids(key.public))
    return f"{address.rstrip('/')}/verify/{token}#{MARK}{_encode(signed)}"


def small_face(face: Sequence[Mapping[str, Any]], room: int = FACE_ROOM) -> list[list[Any]]:
    """As much of the public face as has room in a code, the most telling first; long words are cut and end in an ellipsis."""
    ranked = sorted(
        (one for one in face if one["field"] not in _ELSEWHERE),
        key=lambda one: _FIRST.index(one["field"]) if one["field"] in _FIRST else len(_FIRST),
    )
    kept: list[list[Any]] = []
    for one in ranked:
        for value in _spellings(one["value"]):
            size = len(cbor2.dumps([one["field"], value]))
            if size <= room:
                kept.append([one["field"], value])
                room -= size
                break
    return kept


def _spellings(value: Any) -> list[Any]:
    """The same, the fullest first: both languages, then one."""
    if isinstance(value, Mapping):
        chinese, english = _cut(value.get("zh", "")), _cut(value.get("en", ""))
        return [spelt for spelt in ([chinese, english] if chinese and english else None, chinese or english) if spelt]
    if isinstance(value, list | tuple):
        words = "、".join(
            str(one.get("zh") or one.get("en")) if isinstance(one, Mapping) else str(one) for one in value
        )
        return [_cut(words)] if words else []
    return [_cut(str(value))]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


# -- reading


def split(text: str) -> Frame:
    """The parts of a code. Anything that is not exactly framed as `make` frames it is `NotOurs`."""
    text = text.strip()
    if len(text) > LONGEST:
        raise NotOurs("too_long")
    found = _CODE.fullmatch(text)
    if found is None:
        raise NotOurs("not_a_licence_code")
    address, token, body = found.groups()
    try:
        raw = _decode(body)
    except ValueError as wrong:
        raise NotOurs("not_a_licence_code") from wrong
    start, length, shortest = (19, raw[18], 24) if raw[17:18] == b"\x58" else (20, int.from_bytes(raw[18:20]), 256)
    if (
        len(raw) < 110
        or raw[:8] != _BEFORE
        or raw[16:18] not in _BETWEEN
        or length < shortest
        or start + length + 66 != len(raw)
        or raw[-66:-64] != b"\x58\x40"
    ):
        raise NotOurs("not_a_licence_code")
    signed = b"".join(
        (_SIGNED_BEGINS, raw[3:16], b"\x40", raw[17:-66])
    )  # Sig_structure of RFC 9052, without a second coding
    return Frame(address or "", token or "", raw[8:16], signed, raw[start:-66], raw[-64:])


def check(text: str, trust: Trust, statuses: Statuses | None, *, now: datetime) -> Answer:
    """Signature first, then the calendar, then the list of those not in force with its age."""
    try:
        frame = split(text)
        signature, key, code = signature_of(frame, trust.keys.get(frame.kid, ()), address=trust.address)
    except NotOurs as wrong:
        return Answer("unreadable", "unknown", str(wrong))
    if code is None:
        return Answer(signature, "unknown", signature, key_id=key.key_id if key else "")
    age = max(timedelta(), now - statuses.issued_at) if statuses is not None else None
    state, reason = _state(code, statuses, age, now)
    if state == "valid" and now > trust.until:
        state, reason = "unknown", "keys_old"
    return Answer(signature, state, reason, age, code, key.key_id if key else "")


def signature_of(
    frame: Frame, candidates: Iterable[TrustedKey], *, address: str
) -> tuple[str, TrustedKey | None, Code | None]:
    """("good" or why not, the key it was, what it says if it is good): every key of that short id is tried.

    What strangers wrote is never parsed: the claims are read when a key we know has signed these very bytes. The rest of the code
    must belong to them.
    """
    why = "unknown_key"
    for key in candidates:
        try:
            key.public.verify(frame.signature, frame.signed)
        except InvalidSignature:
            why = "bad_signature"
            continue
        if key.withdrawn_at is not None:
            return "key_withdrawn", key, None
        claims = _claims(frame.payload)
        if not key.not_before.timestamp() <= claims[SIGNED_AT] <= key.not_after.timestamp():
            return "key_not_valid_then", key, None
        if (key.issuer, key.type) != (claims[ISSUER], claims[TYPE]):
            return "other_issuer", key, None
        if frame.address and (frame.address, status_id(frame.token)) != (address, claims[STATUS_ID]):
            return "put_together", key, None
        return "good", key, Code(frame.address, frame.token, claims)
    return why, None, None


def _claims(payload: bytes) -> dict[int, Any]:
    """Signed by a key of ours, and still only believed if it is what we write: a key signs one kind of statement."""
    try:
        claims = cbor2.loads(payload)
    except (ValueError, TypeError, cbor2.CBORError) as wrong:
        raise NotOurs("not_a_licence_code") from wrong
    if not _as_we_write(claims):
        raise NotOurs("not_a_licence_code")
    return claims


def _state(code: Code, statuses: Statuses | None, age: timedelta | None, now: datetime) -> tuple[str, str]:
    today = now.astimezone(DAY_BEGINS).date()
    said = statuses.of(code.status_id) if statuses is not None else 0
    if said in FOR_EVER:
        return SAYS[said]
    if code.valid_to is not None and code.valid_to < today:
        return "not_valid", "expired"
    if code.valid_from > today:
        return "not_valid", "not_yet_valid"
    if age is None:
        return "unknown", "no_status"
    if age > FRESH:
        return "unknown", "status_old"
    return SAYS.get(said, ("valid", "")) if said else ("valid", "")


_NAMES = (list(range(DEMO)), list(range(DEMO + 1)))


def _as_we_write(claims: Any) -> bool:
    if not isinstance(claims, Mapping) or list(claims) not in _NAMES:
        return False
    days = (claims[FROM], 0 if claims[TO] is None else claims[TO])
    return (
        claims[WHAT] == KIND
        and all(isinstance(claims[name], str) and claims[name] for name in (ISSUER, TYPE, NUMBER))
        and all(type(day) is int and 0 <= day < 1_000_000 for day in days)
        and type(claims[SIGNED_AT]) is int
        and 0 <= claims[SIGNED_AT] < 10**11
        and isinstance(claims[STATUS_ID], bytes)
        and len(claims[STATUS_ID]) == 8
        and isinstance(claims[FACE], list | tuple)
        and all(_face_line(line) for line in claims[FACE])
        and claims.get(DEMO, True) is True
    )


def _face_line(line: Any) -> bool:
    if not isinstance(line, list | tuple) or len(line) != 2 or not isinstance(line[0], str):
        return False
    value = line[1]
    return isinstance(value, str) or (
        isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(one, str) for one in value)
    )


# -- what the root signs for verifiers


def trust_list(
    publics: Iterable[PublicKey], *, address: str, now: datetime, names: Mapping[str, Any]
) -> dict[str, Any]:
    """The body of the trust list: every key there ever was, also those that ended (what they signed holds) and those withdrawn."""
    return {
        "kind": "tongban-trust-list",
        "iat": int(now.timestamp()),
        "exp": int((now + FRESH).timestamp()),
        "address": address.rstrip("/"),
        "keys": [
            {
                "kid": _encode(key_ids(public)),
                "key_id": public.key_id,
                "issuer": public.department,
                "type": public.licence_type,
                "x": _encode(_raw(public)),
                "nbf": int(public.not_before.timestamp()),
                "naf": int(public.not_after.timestamp()),
            }
            | ({"withdrawn": int(public.withdrawn_at.timestamp())} if public.withdrawn_at is not None else {})
            for public in publics
        ],
        **names,
    }


def status_list(entries: Iterable[tuple[bytes, int]], *, now: datetime) -> dict[str, Any]:
    packed = b"".join(sorted(status + bytes([says]) for status, says in entries))
    return {
        "kind": "tongban-licence-status",
        "iat": int(now.timestamp()),
        "exp": int((now + FRESH).timestamp()),
        "entries": _encode(packed),
    }


def sign_list(body: Mapping[str, Any], root: ec.EllipticCurvePrivateKey) -> str:
    """A compact JWS, ES256: what every browser can check by itself."""
    header = {"alg": "ES256", "typ": f"{body['kind']}+jws"}
    signed = f"{_encode(_json(header))}.{_encode(_json(body))}"
    r, s = decode_dss_signature(root.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{_encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def read_list(signed: str, root: ec.EllipticCurvePublicKey, kind: str) -> dict[str, Any]:
    """The body, if the root signed exactly this, as a list of this kind."""
    try:
        header, body, signature = signed.split(".")
        raw = _decode(signature)
        if len(raw) != 64 or json.loads(_decode(header)) != {"alg": "ES256", "typ": f"{kind}+jws"}:
            raise NotOurs("not_a_list")
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        root.verify(der, f"{header}.{body}".encode(), ec.ECDSA(SHA256()))
        content = json.loads(_decode(body))
    except (InvalidSignature, ValueError) as wrong:
        raise NotOurs("not_signed_by_the_root") from wrong
    if not isinstance(content, dict) or content.get("kind") != kind:
        raise NotOurs("not_a_list")
    return content


def trust_of(body: Mapping[str, Any]) -> Trust:
    found: dict[bytes, list[TrustedKey]] = {}
    for one in body["keys"]:
        found.setdefault(_decode(one["kid"]), []).append(
            TrustedKey(
                one["key_id"],
                one["issuer"],
                one["type"],
                _moment(one["nbf"]),
                _moment(one["naf"]),
                verify_key(_decode(one["x"])),
                _moment(one["withdrawn"]) if "withdrawn" in one else None,
            )
        )
    names = {name: body[name] for name in ("issuers", "types") if name in body}
    return Trust(_moment(body["iat"]), _moment(body["exp"]), body["address"], found, names)


def statuses_of(body: Mapping[str, Any]) -> Statuses:
    packed = _decode(body["entries"])
    starts = range(0, len(packed), _ENTRY)
    return Statuses(_moment(body["iat"]), [packed[at : at + 8] for at in starts], packed[8::_ENTRY])


def trusted(publics: Iterable[PublicKey]) -> dict[bytes, list[TrustedKey]]:
    """The same from the keys at hand: for whoever checks where they live."""
    found: dict[bytes, list[TrustedKey]] = {}
    for one in publics:
        key = TrustedKey(
            one.key_id, one.department, one.licence_type, one.not_before, one.not_after,
            verify_key(_raw(one)), one.withdrawn_at,
        )  # fmt: skip
        found.setdefault(key_ids(one), []).append(key)
    return found


# --


def _raw(public: PublicKey) -> bytes:
    key = x509.load_der_x509_certificate(public.statement_certificate).public_key()
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """One spelling only: what ends in bits that say nothing is another code."""
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(raw) != text:
        raise NotOurs("another_spelling")
    return raw
