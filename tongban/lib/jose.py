"""Signed JSON in its compact form (RFC 7515) with ES256 and nothing else: what credentials, their status lists and their proofs are made of.

The algorithm is the reader's, never the sender's: a header that names another one is refused before any key is looked at. There is one
spelling of everything: base64url without padding, no member named twice, no depth a reader could be lost in.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ALGORITHM = "ES256"
COORDINATE = 32
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LONGEST, DEEPEST = 200_000, 40
_ECDSA = ec.ECDSA(hashes.SHA256())

Signer = Callable[[bytes], bytes]


class Refused(ValueError):
    """Why something signed is not believed, in one word; the words after it are for whoever wrote the sender."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True)
class Jws:
    """Read and not yet believed: `check` says whether the key signed it."""

    header: Mapping[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def kid(self) -> str:
        return str(self.header.get("kid", ""))

    def check(self, key: ec.EllipticCurvePublicKey) -> None:
        """Raises Refused unless this key made the signature."""
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise Refused("key", "ES256 is signed with P-256")
        r, s = (int.from_bytes(half) for half in (self.signature[:COORDINATE], self.signature[COORDINATE:]))
        if len(self.signature) != 2 * COORDINATE or not 0 < r < ORDER or not 0 < s < ORDER:
            raise Refused("signature", "64 bytes, both numbers within the order of the curve")
        try:
            key.verify(encode_dss_signature(r, s), self.signed, _ECDSA)
        except InvalidSignature:
            raise Refused("signature") from None


def sign(header: Mapping[str, Any], payload: Mapping[str, Any], signer: Signer) -> str:
    """`signer` answers with 64 bytes for the bytes it is given (`raw_signer`, or a key that never leaves its room)."""
    signed = f"{packed(dict(header) | {'alg': ALGORITHM})}.{packed(payload)}"
    return f"{signed}.{encode(signer(signed.encode()))}"


def raw_signer(key: ec.EllipticCurvePrivateKey) -> Signer:
    def signer(signed: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(signed, _ECDSA))
        return r.to_bytes(COORDINATE) + s.to_bytes(COORDINATE)

    return signer


def read(text: str, *, kind: str | tuple[str, ...]) -> Jws:
    """Take it apart. `kind` is the `typ` it must have, so that what was signed for one thing is not used as another."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise Refused("malformed", "too long")
    parts = text.split(".")
    if len(parts) != 3:
        raise Refused("malformed", "three parts")
    return assemble(parts[0], parts[1], parts[2], kind=kind)


def assemble(protected: str, payload: str, signature: str, *, kind: str | tuple[str, ...]) -> Jws:
    header, claims = as_object(protected), as_object(payload)
    if header.get("alg") != ALGORITHM:
        raise Refused("algorithm", "only ES256")
    if header.get("typ") not in ((kind,) if isinstance(kind, str) else kind):
        raise Refused("type")
    if {"crit", "b64"} & set(header):
        raise Refused("malformed", "no extension of the header is understood")
    if "kid" in header and not isinstance(header["kid"], str):
        raise Refused("malformed", "kid")
    return Jws(header, claims, f"{protected}.{payload}".encode(), decode(signature))


def as_object(part: str) -> dict[str, Any]:
    value = parse(decode(part))
    if not isinstance(value, dict):
        raise Refused("malformed", "an object")
    return value


def parse(raw: bytes | str) -> Any:
    """JSON as it may be signed: no name twice in an object, no NaN, not deeper than anybody would write it."""
    try:
        value = json.loads(raw, object_pairs_hook=_once, parse_constant=_not_json)
        _sound(value, DEEPEST)
    except Refused:
        raise
    except (ValueError, RecursionError) as wrong:
        raise Refused("malformed", "JSON") from wrong
    return value


def packed(value: Any) -> str:
    return encode(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())


def encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (NotBase64, ValueError) as wrong:
        raise Refused("malformed", "base64url") from wrong
    if encode(raw) != text:
        raise Refused("malformed", "another spelling of the same bytes")
    return raw


# -- keys as JSON (RFC 7517)


def jwk_of(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    point = key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": encode(point.x.to_bytes(COORDINATE)),
        "y": encode(point.y.to_bytes(COORDINATE)),
    }


def key_of(jwk: Any) -> ec.EllipticCurvePublicKey:
    """A public P-256 key that somebody sent. One that brings its private half is refused: it is nobody's any more."""
    if not isinstance(jwk, Mapping) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise Refused("key", "a public P-256 key")
    if jwk.get("alg", ALGORITHM) != ALGORITHM or jwk.get("use", "sig") != "sig":
        raise Refused("key", "for signatures with ES256")
    halves = [jwk.get("x"), jwk.get("y")]
    if not all(isinstance(half, str) for half in halves):
        raise Refused("key", "x and y")
    x, y = (decode(str(half)) for half in halves)
    if len(x) != COORDINATE or len(y) != COORDINATE:
        raise Refused("key", "32 bytes each")
    try:
        return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()).public_key()
    except ValueError as wrong:
        raise Refused("key", "not a point of the curve") from wrong


def thumbprint(key: ec.EllipticCurvePublicKey) -> str:
    """RFC 7638: one name for one key."""
    return encode(sha256(json.dumps(jwk_of(key), sort_keys=True, separators=(",", ":")).encode()).digest())


def number(payload: Mapping[str, Any], name: str) -> int | float | None:
    """A moment in a payload: a number, or None when it is not there."""
    value = payload.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Refused("malformed", name)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("malformed", "a name twice in one object")
    return found


def _not_json(word: str) -> Any:
    raise Refused("malformed", word)


def _sound(value: Any, left: int) -> None:
    if left == 0:
        raise Refused("malformed", "too deep")
    if isinstance(value, str):
        value.encode()  # half a character fits no database and no page
    inside = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        _sound(one, left - 1)
