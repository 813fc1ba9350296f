"""Health passes (EU digital COVID certificates): HC1 = base45(zlib(COSE_Sign1(CWT))), verified against certificates one trusts.

Everything here is pure: a text, a moment and a trust go in, an answer comes out. Nothing a stranger sends raises. What is not under
a good signature is never shown: the answer about a forged pass holds its reason and nothing else.

Strict where the specification is (base45, zlib, one statement and nothing after it, times, key usage, the required fields), lenient where
issuers of member states really differ: tags 18 and 61, key id or algorithm only in the unprotected header, empty groups
beside the one that counts, days written as times, times with fractions or without the colon in the offset, days of birth of which
only the year is known.
"""

import hashlib
import re
import warnings
import zlib
from calendar import monthrange
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal

import cbor2
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from tongban.codes.pass_rules import DEFAULT, NOT_FOUND, POSITIVE, Light, Lit, PassRules
from tongban.lib import base45, cose

Reason = Literal[
    "prefix", "encoding", "compression", "structure", "signature", "unknown_key", "not_yet_valid", "expired", "key_usage", "content",
]  # fmt: skip
REASONS: tuple[Reason, ...] = Reason.__args__  # type: ignore[attr-defined]
Kind = Literal["v", "t", "r"]
KINDS: tuple[Kind, ...] = ("v", "t", "r")

PREFIX = "HC1:"
LONGEST_TEXT = 16_384  # the largest QR code holds 4,296 such characters; what comes by other ways is not much longer
LARGEST_STATEMENT = 64 * 1024  # a few hundred bytes in life; more is a bomb

_ISS, _EXP, _NBF, _IAT, _HCERT = 1, 4, 5, 6, -260
_EU_DCC = 1
_AROUND = " \t\r\n\f\v\0\ufeff\u200b"

_ARCS = ("1.3.6.1.4.1.1847.2021.1", "1.3.6.1.4.1.0.1847.2021.1")  # as registered, and as the first signers wrote it
_NUMBERS: dict[int, Kind] = {1: "t", 2: "v", 3: "r"}
_USAGE = {f"{arc}.{number}": kind for arc in _ARCS for number, kind in _NUMBERS.items()}


# -- whom one trusts


@dataclass(frozen=True)
class SignerKey:
    """A signer's certificate. `kinds` are what its key may sign; every kind when the certificate does not limit it."""

    kid: bytes
    public_key: Any
    not_before: datetime
    not_after: datetime
    kinds: frozenset[Kind]
    limited: bool
    subject: str
    country: str
    algorithm: str


class Trust:
    """Certificates by key id; several of one id are all tried."""

    def __init__(self, keys: Iterable[SignerKey] = ()):
        self._by_kid: dict[bytes, list[SignerKey]] = {}
        for key in keys:
            self._by_kid.setdefault(key.kid, []).append(key)

    @classmethod
    def of(cls, certificates: Iterable[bytes]) -> "Trust":
        """From certificates in DER; ValueError at the first that is none. Those whose keys sign no passes verify nothing."""
        keys = []
        for der in dict.fromkeys(certificates):
            with suppress(SignsNoPasses):
                keys.append(signer(der))
        return cls(keys)

    def named(self, kid: bytes | None) -> list[SignerKey]:
        return self._by_kid.get(kid, []) if kid else []

    def __len__(self) -> int:
        return sum(map(len, self._by_kid.values()))


def kid_of(der: bytes) -> bytes:
    return hashlib.sha256(der).digest()[:8]


class SignsNoPasses(ValueError):
    """A certificate, but its key is neither P-256 nor RSA of 2048 to 8192 bits."""


@lru_cache(maxsize=1024)
def signer(der: bytes) -> SignerKey:
    """What a certificate says; ValueError when it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # serial numbers and countries that real issuers write and the standard does not
            certificate = x509.load_der_x509_certificate(der)
            key = certificate.public_key()
            kinds = _allowed(certificate)
            subject = _subject(certificate)
            begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as wrong:
        raise ValueError("not an X.509 certificate in DER") from wrong
    algorithm = {cose.ES256: "ES256", cose.PS256: "PS256"}.get(cose.algorithm_of(key) or 0)
    if algorithm is None:
        raise SignsNoPasses("the key of this certificate signs no passes: P-256, or RSA of 2048 to 8192 bits")
    return SignerKey(
        kid=kid_of(der),
        public_key=key,
        not_before=begins,
        not_after=ends,
        kinds=kinds or frozenset(KINDS),
        limited=bool(kinds),
        subject=subject[0],
        country=subject[1],
        algorithm=algorithm,
    )


def _allowed(certificate: x509.Certificate) -> frozenset[Kind]:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(_USAGE[oid.dotted_string] for oid in usage if oid.dotted_string in _USAGE)


def _subject(certificate: x509.Certificate) -> tuple[str, str]:
    def first(oid: x509.ObjectIdentifier) -> str:
        found = certificate.subject.get_attributes_for_oid(oid)
        value = found[0].value if found else ""
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    name = first(NameOID.COMMON_NAME) or first(NameOID.ORGANIZATION_NAME) or certificate.subject.rfc4514_string()
    return name, first(NameOID.COUNTRY_NAME)


# -- the answer


@dataclass(frozen=True)
class Holder:
    """As the issuer signed it; `dob` may be a year, a month, or empty when nobody knows it."""

    name: str
    dob: str


@dataclass(frozen=True)
class Test:
    """`type` and `result` are the codes of the value sets (LOINC, SNOMED CT); `sampled_at` as signed."""

    __test__ = False

    type: str
    sampled_at: str
    result: str
    centre: str | None

    @property
    def moment(self) -> datetime:
        return _moment(self.sampled_at)

    def light(self, rules: PassRules, at: datetime) -> Lit:
        return rules.of_test(self.type, self.result, self.moment, at=at)

    @property
    def outcome(self) -> Literal["negative", "positive", "unknown"]:
        if self.result == POSITIVE:
            return "positive"
        return "negative" if self.result == NOT_FOUND else "unknown"


@dataclass(frozen=True)
class Vaccination:
    dose: int
    of: int
    first: date  # the same day, unless the issuer wrote only the month or the year
    last: date

    def light(self, rules: PassRules, at: datetime) -> Lit:
        return rules.of_vaccination(self.dose, self.of, self.first, self.last, at=at)


@dataclass(frozen=True)
class Recovery:
    positive: tuple[date, date]
    valid_from: tuple[date, date]
    valid_until: tuple[date, date]

    def light(self, rules: PassRules, at: datetime) -> Lit:
        return rules.of_recovery(self.positive, self.valid_from, self.valid_until, at=at)


@dataclass(frozen=True)
class Answer:
    valid: bool
    reason: Reason | None
    light: Light
    why: tuple[str, ...] = ()
    kind: Kind | None = None
    holder: Holder | None = None
    entry: Test | Vaccination | Recovery | None = None
    issuer: str = ""
    ends: datetime | None = None
    key: SignerKey | None = None

    @property
    def test(self) -> Test | None:
        return self.entry if isinstance(self.entry, Test) else None

    def as_contract(self) -> dict[str, Any]:
        """The public contract of POST /api/v1/passes/verify and of `tongban verify-pass`, exactly."""
        holder, test = self.holder, self.test
        return {
            "verdict": "valid" if self.valid else "invalid",
            "reason": self.reason,
            "kind": self.kind,
            "holder": {"name": holder.name, "dob": holder.dob} if holder else None,
            "test": {
                "type": test.type,
                "sampled_at": test.sampled_at,
                "result": test.result,
                "centre": test.centre,
            }
            if test
            else None,
            "light": self.light,
        }


class _Wrong(Exception):
    def __init__(self, reason: Reason):
        super().__init__(reason)
        self.reason = reason


def verify(text: str, *, at: datetime, trust: Trust, rules: PassRules = DEFAULT) -> Answer:
    """Judge what a scanner read. `at` must know its zone."""
    try:
        statement, claims, content = unpack(text)
    except _Wrong as wrong:
        return _refused(wrong.reason)
    keys = trust.named(statement.kid)
    if not keys:
        return _refused("unknown_key")
    keys = [key for key in keys if _signed_by(key, statement)]
    if not keys:
        return _refused("signature")
    shown: dict[str, Any] = {"issuer": _word(claims.get(_ISS))}
    try:
        kind, written = _group(content)
        holder = _holder(content)
        entry = max((_entry(kind, one) for one in written), key=_weight)
    except (ValueError, OverflowError):
        return _refused(_out_of_time(claims, at) or "content")
    shown |= {"kind": kind, "holder": holder, "entry": entry, "ends": _when(claims.get(_EXP))}
    if (reason := _out_of_time(claims, at)) is not None:
        return _refused(reason, **shown)
    reasons = [(key, _key_refuses(key, kind, at)) for key in keys]
    fits = next((key for key, refusal in reasons if refusal is None), None)
    if fits is None:
        return _refused(reasons[0][1] or "signature", **shown)
    light, why = entry.light(rules, at)
    return Answer(valid=True, reason=None, light=light, why=why, key=fits, **shown)


def _refused(reason: Reason, **shown: Any) -> Answer:
    return Answer(valid=False, reason=reason, light="red", why=(reason,), **shown)


def unpack(text: str) -> tuple[cose.Sign1, Mapping, Mapping]:
    """The statement, its claims and the certificate inside, none of it verified."""
    text = text.strip(_AROUND)  # no base45 text ends in a space of its own: three characters would say too much
    if not text.startswith(PREFIX):
        raise _Wrong("prefix")
    packed = _unpacked(text[len(PREFIX) :])
    try:
        statement = cose.read(packed)
        claims = cose.plain(statement.payload)
        if not isinstance(claims, Mapping):
            raise _Wrong("structure")
        for claim, needed in ((_EXP, True), (_NBF, False), (_IAT, False)):
            if claim in claims or needed:
                _seconds(claims.get(claim))
        inside = claims.get(_HCERT)
        content = inside.get(_EU_DCC) if isinstance(inside, Mapping) else None
    except ValueError:
        raise _Wrong("structure") from None
    if not isinstance(content, Mapping):
        raise _Wrong("structure")
    return statement, claims, content


def _unpacked(body: str) -> bytes:
    if not body or len(body) > LONGEST_TEXT:
        raise _Wrong("encoding")
    try:
        packed = base45.decode(body)
    except ValueError:
        raise _Wrong("encoding") from None
    opener = zlib.decompressobj()
    try:
        content = opener.decompress(packed, LARGEST_STATEMENT + 1)
    except zlib.error:
        raise _Wrong("compression") from None
    if len(content) > LARGEST_STATEMENT or not opener.eof or opener.unused_data:
        raise _Wrong("compression")
    return content


def _signed_by(key: SignerKey, statement: cose.Sign1) -> bool:
    try:
        cose.verify(statement, key.public_key)
    except cose.InvalidSignature:
        return False
    return True


# -- times


def _seconds(value: Any) -> float:
    """A time of a CWT: seconds since 1970, tagged as such or not."""
    if isinstance(value, cbor2.CBORTag) and value.tag == 1:
        value = value.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:  # also what is no number
        raise ValueError("not a time")
    return value


def _when(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(_seconds(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _out_of_time(claims: Mapping, at: datetime) -> Reason | None:
    now = at.timestamp()
    if any(claim in claims and _seconds(claims[claim]) > now for claim in (_NBF, _IAT)):
        return "not_yet_valid"
    return "expired" if now >= _seconds(claims[_EXP]) else None


def _key_refuses(key: SignerKey, kind: Kind, at: datetime) -> Reason | None:
    if at < key.not_before:
        return "not_yet_valid"
    if at > key.not_after:
        return "expired"
    return None if kind in key.kinds else "key_usage"


# -- content

_DAY = re.compile(r"(?P<year>(?:18|19|20|21)\d\d)(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:T.*)?)?)?", re.ASCII)
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?\s?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.I | re.ASCII,
)
_VERSION = re.compile(r"1\.(?P<minor>\d{1,3})(?:\.\d{1,3})?", re.ASCII)
_ENTRY_NEEDS: dict[Kind, tuple[str, ...]] = {
    "v": ("tg", "vp", "mp", "ma", "co", "is", "ci"),
    "t": ("tg", "tt", "tr", "co", "is", "ci"),
    "r": ("tg", "co", "is", "ci"),
}


def _word(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _said(value: Any) -> str:
    """A date or time as signed: text, or text under a tag."""
    if isinstance(value, cbor2.CBORTag) and value.tag in (0, 1004):
        value = value.value
    if isinstance(value, cbor2.CBORTag) and value.tag == 1:
        value = datetime.fromtimestamp(_seconds(value), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not isinstance(value, str):
        raise ValueError("not a date")
    return value.strip()


def days(value: Any) -> tuple[date, date]:
    """The first and the last day a date can mean: a year, a month, a day, a day with a time behind it."""
    found = _DAY.fullmatch(_said(value))
    if found is None:
        raise ValueError("not a date")
    year = int(found["year"])
    if found["month"] is None:
        return date(year, 1, 1), date(year, 12, 31)
    month = int(found["month"])
    if found["day"] is None:
        first = date(year, month, 1)
        return first, date(year, month, monthrange(year, month)[1])
    day = date(year, month, int(found["day"]))
    if len(found[0]) > len("2021-02-03"):
        _moment(found[0])
    return day, day


def _moment(value: Any) -> datetime:
    """A time of sampling; without a zone it is read as UTC, without a clock as the beginning of the day (so it is never too young)."""
    found = _MOMENT.fullmatch(_said(value))
    if found is None:
        raise ValueError("not a time")
    clock = time.fromisoformat(found["clock"]) if found["clock"] else time()
    moment = datetime.combine(date.fromisoformat(found["day"]), clock, tzinfo=UTC)
    zone = found["zone"]
    if zone and zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
        if hours > 18 or minutes > 59:
            raise ValueError("not a time")
        shift = timedelta(hours=hours, minutes=minutes)
        moment += -shift if zone[0] == "+" else shift
    return moment


def _group(content: Mapping) -> tuple[Kind, list[Mapping]]:
    """The one group in it. Empty groups beside it are what some issuers write; two that say something are none.

    It has one entry; before version 1.2 of the schema there could be several.
    """
    version = content.get("ver")
    found = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if found is None:
        raise ValueError("a version of the schema that is not known")
    full: list[Kind] = [kind for kind in KINDS if content.get(kind) not in (None, [], ())]
    if len(full) != 1:
        raise ValueError("exactly one of vaccination, test and recovery")
    entries = content[full[0]]
    if not isinstance(entries, list | tuple) or not all(isinstance(one, Mapping) for one in entries):
        raise ValueError("a group is a list")
    if len(entries) > (1 if int(found["minor"]) >= 2 else 10):
        raise ValueError("exactly one entry")
    return full[0], list(entries)


def _weight(entry: Test | Vaccination | Recovery) -> tuple:
    """Of several entries the one that counts: a positive test before all others, then the newest."""
    if isinstance(entry, Test):
        return entry.outcome == "positive", entry.moment
    return (entry.last, entry.dose) if isinstance(entry, Vaccination) else (entry.positive[1], 0)


def _holder(content: Mapping) -> Holder:
    name = content.get("nam")
    if not isinstance(name, Mapping) or "dob" not in content:
        raise ValueError("nobody's pass")
    given, family = _word(name.get("gn")), _word(name.get("fn"))
    latin_given, latin_family = (" ".join(_word(name.get(part)).replace("<", " ").split()) for part in ("gnt", "fnt"))
    shown = " ".join(part for part in (given or latin_given, family or latin_family) if part)
    if not shown:
        raise ValueError("a pass without a name")
    born = content["dob"]
    born = "" if born is None else _said(born)
    if born:
        days(born)
    return Holder(shown, born)


def _entry(kind: Kind, entry: Mapping) -> Test | Vaccination | Recovery:
    if any(not isinstance(entry.get(needed), str) for needed in _ENTRY_NEEDS[kind]):
        raise ValueError("something the schema needs is missing")  # it may be empty: the schema says no more
    if kind == "v":
        return Vaccination(_count(entry.get("dn")), _count(entry.get("sd")), *days(entry.get("dt")))
    if kind == "r":
        return Recovery(days(entry.get("fr")), days(entry.get("df")), days(entry.get("du")))
    sampled = _said(entry.get("sc"))
    _moment(sampled)
    if not _word(entry["tr"]):
        raise ValueError("a test without a result")
    return Test(_word(entry["tt"]), sampled, _word(entry["tr"]), _word(entry.get("tc")) or None)


def _count(value: Any) -> int:
    """A number of doses: whole, from 1; some issuers write it as 2.0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or not 1 <= value <= 99:
        raise ValueError("not a number of doses")
    if int(value) != value:
        raise ValueError("not a number of doses")
    return int(value)
