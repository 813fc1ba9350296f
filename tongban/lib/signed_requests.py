"""Requests that a device signs: a subset of HTTP Message Signatures (RFC 9421), the same for whoever signs and whoever checks.

    Content-Digest: sha-256=:<base64 of the body's SHA-256>:
    Signature-Input: gate=("@method" "@path" "content-digest");created=<seconds>;nonce="<16 to 64 letters>";keyid="<key>";alg="ed25519"
    Signature: gate=:<base64>:

Exactly these three components in this order, exactly these parameters, one signature, no query. What is not written so is refused: a
checker that understands fewer spellings has fewer ways to be fooled. `alg` must be the one of the key (`ed25519`, or `hmac-sha256` for a
session): the sender does not choose how a signature is checked.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tongban.lib.ed25519 import Verifies

COMPONENTS = '("@method" "@path" "content-digest")'
ED25519, HMAC = "ed25519", "hmac-sha256"
LENGTHS = {ED25519: 64, HMAC: 32}
CLOCKS_MAY_DIFFER = 60  # seconds
HEADER_AT_MOST = 600

_INPUT = re.compile(
    r"gate=(?P<signed>"
    + re.escape(COMPONENTS)
    + r';created=(?P<created>[0-9]{1,12});nonce="(?P<nonce>[A-Za-z0-9_-]{16,64})"'
    r';keyid="(?P<key_id>[A-Za-z0-9._:-]{1,240})";alg="(?P<algorithm>[a-z0-9-]{1,20})")'
)
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_SIGNATURE = re.compile(r"gate=:([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==):")


class Unsigned(ValueError):
    """The request is not signed as it should be; `code` says in one word why."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who a request says it comes from; nothing is true of it before `check`."""

    key_id: str
    algorithm: str
    created: int
    nonce: str
    signature: bytes
    signed: str  # the parameters, as they were sent: part of what is signed
    digest: str  # the field Content-Digest, as it was sent


def digest_of(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def base_of(method: str, path: str, digest: str, signed: str) -> bytes:
    """What the signature is made over."""
    return f'"@method": {method}\n"@path": {path}\n"content-digest": {digest}\n"@signature-params": {signed}'.encode()


def sign(
    method: str,
    path: str,
    body: bytes,
    *,
    key: Ed25519PrivateKey | bytes,
    key_id: str,
    created: int,
    nonce: str = "",
) -> dict[str, str]:
    """The three header fields. A key of bytes is that of a session."""
    algorithm = HMAC if isinstance(key, bytes) else ED25519
    nonce = nonce or secrets.token_urlsafe(18)
    signed = f'{COMPONENTS};created={created};nonce="{nonce}";keyid="{key_id}";alg="{algorithm}"'
    digest = digest_of(body)
    base = base_of(method, path, digest, signed)
    made = hmac.digest(key, base, "sha256") if isinstance(key, bytes) else key.sign(base)
    return {
        "Content-Digest": digest,
        "Signature-Input": f"gate={signed}",
        "Signature": f"gate=:{base64.b64encode(made).decode()}:",
    }


def claimed(headers: Mapping[str, str]) -> Claimed:
    """What the fields say (names in small letters), if they are written as they should be."""
    given, signature, digest = (headers.get(name, "") for name in ("signature-input", "signature", "content-digest"))
    if not given or not signature:
        raise Unsigned("not-signed")
    if len(given) > HEADER_AT_MOST or len(signature) > HEADER_AT_MOST:
        raise Unsigned("signature-unreadable")
    said, made = _INPUT.fullmatch(given), _SIGNATURE.fullmatch(signature)
    if said is None or made is None:
        raise Unsigned("signature-unreadable")
    if _DIGEST.fullmatch(digest) is None:
        raise Unsigned("digest-missing")
    try:
        raw = base64.b64decode(made[1], validate=True)
    except binascii.Error:
        raise Unsigned("signature-unreadable") from None
    algorithm = said["algorithm"]
    if LENGTHS.get(algorithm) != len(raw):
        raise Unsigned("signature-unreadable")
    return Claimed(said["key_id"], algorithm, int(said["created"]), said["nonce"], raw, said["signed"], digest)


def seconds_off(claim: Claimed, now: float) -> int:
    """How far the sender's clock is from ours (positive: it is fast); 0 while the difference does not matter."""
    off = claim.created - int(now)
    return off if abs(off) > CLOCKS_MAY_DIFFER else 0


def check(claim: Claimed, method: str, path: str, body: bytes, key: Verifies | bytes) -> None:
    """Raises Unsigned unless this very request was signed with this key."""
    if claim.algorithm != (HMAC if isinstance(key, bytes) else ED25519):
        raise Unsigned("algorithm-of-another-key")
    if not hmac.compare_digest(claim.digest, digest_of(body)):
        raise Unsigned("body-changed")
    base = base_of(method, path, claim.digest, claim.signed)
    if isinstance(key, bytes):
        if not hmac.compare_digest(hmac.digest(key, base, "sha256"), claim.signature):
            raise Unsigned("signature-wrong")
        return
    try:
        key.verify(claim.signature, base)
    except InvalidSignature:
        raise Unsigned("signature-wrong") from None
