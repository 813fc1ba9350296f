"""Checking Ed25519 signatures (RFC 8032) as fast as this machine can: with libsodium, which takes half the time of OpenSSL.

Gates make two such checks for everybody who passes, and nothing else they do costs as much. libsodium also refuses what OpenSSL lets through
and nobody honest sends: keys and points of small order, and spellings of a point that are not the one. Where it is not installed OpenSSL checks.
"""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

try:
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import BadSignatureError
except ImportError:  # pragma: no cover - the locked requirements bring it
    crypto_sign_open = None  # type: ignore[assignment]

SIGNATURE = 64
KEY = 32


class Verifies(Protocol):
    def verify(self, signature: bytes, data: bytes) -> None: ...


class VerifyKey:
    """The public half of a key. `verify` returns nothing, or raises InvalidSignature as `cryptography` does."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes):
        if len(raw) != KEY:
            raise ValueError("an Ed25519 key is 32 bytes")
        self.raw = bytes(raw)

    def verify(self, signature: bytes, data: bytes) -> None:
        if len(signature) != SIGNATURE:
            raise InvalidSignature
        try:
            crypto_sign_open(signature + data, self.raw)
        except BadSignatureError:
            raise InvalidSignature from None


def verify_key(raw: bytes) -> Verifies:
    """Raises ValueError when this is no key."""
    return VerifyKey(raw) if crypto_sign_open is not None else Ed25519PublicKey.from_public_bytes(raw)
