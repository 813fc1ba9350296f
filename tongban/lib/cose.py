"""COSE_Sign1 (RFC 9052): statements small enough for a QR code, signed. What strangers send can only be a ValueError.

The key decides the algorithm, never the statement: an `alg` that does not fit the key is a wrong signature.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

__all__ = ["EDDSA", "ES256", "PS256", "InvalidSignature", "Sign1", "algorithm_of", "plain", "read", "sign", "verify"]

ALG, CRIT, KID = 1, 2, 4
EDDSA, ES256, PS256 = -8, -7, -37
SIGN1, CWT = 18, 61

LARGEST = 256 * 1024  # no statement that fits a code comes near it
DEEPEST = 32
_UNDERSTOOD = (ALG, CRIT, KID)
_RSA_BITS = range(2048, 8193)  # below is weak, above makes a door out of one check

_EC = ec.ECDSA(SHA256())
_PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def _uninterpreted(number: int) -> Callable[[Any, bool], cbor2.CBORTag]:
    return lambda value, _immutable: cbor2.CBORTag(number, value)


# What the library would make of these tags (patterns, messages, numbers of a million digits, values that hold themselves)
# has no place in a statement; they stay tags, and whoever expects one looks inside.
_TAGS = {
    number: _uninterpreted(number)
    for number in (
        0,
        1,
        2,
        3,
        4,
        5,
        25,
        28,
        29,
        30,
        35,
        36,
        37,
        43,
        52,
        54,
        100,
        256,
        258,
        260,
        261,
        1004,
        43000,
        55799,
    )
}


@dataclass(frozen=True)
class Sign1:
    """A statement as it was read, its signature not yet looked at. `protected` is what was signed, byte for byte."""

    protected: bytes
    header: dict
    unprotected: dict
    payload: bytes
    signature: bytes

    @property
    def alg(self) -> Any:
        """As signed; named only outside the signature it can make us refuse, never take another algorithm."""
        return self.header.get(ALG, self.unprotected.get(ALG))

    @property
    def kid(self) -> bytes | None:
        kid = self.header.get(KID, self.unprotected.get(KID))
        return kid if isinstance(kid, bytes) else None

    @property
    def to_be_signed(self) -> bytes:
        return cbor2.dumps(["Signature1", self.protected, b"", self.payload])


def plain(data: bytes) -> Any:
    """One CBOR item and nothing after it: maps, lists, strings, numbers; tags are left as tags."""
    if len(data) > LARGEST:
        raise ValueError("larger than any statement")
    source = io.BytesIO(data)
    decoder = cbor2.CBORDecoder(source, semantic_decoders=_TAGS, max_depth=DEEPEST, allow_duplicate_keys=False)
    try:
        item = decoder.decode()
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as wrong:
        raise ValueError("not CBOR") from wrong
    if source.tell() != len(data):
        raise ValueError("something follows the statement")
    return item


def read(data: bytes) -> Sign1:
    """Untagged, as COSE_Sign1 (18) and as CWT around it (61 of 18)."""
    item = plain(data)
    if isinstance(item, cbor2.CBORTag) and item.tag == CWT:
        item = item.value
        if not isinstance(item, cbor2.CBORTag):
            raise ValueError("a CWT holds a tagged statement")
    if isinstance(item, cbor2.CBORTag):
        if item.tag != SIGN1:
            raise ValueError("not a COSE_Sign1")
        item = item.value
    if not isinstance(item, list | tuple) or len(item) != 4:
        raise ValueError("not a COSE_Sign1")
    protected, unprotected, payload, signature = item
    if not isinstance(unprotected, Mapping) or not all(
        isinstance(part, bytes) for part in (protected, payload, signature)
    ):
        raise ValueError("not a COSE_Sign1")
    header = plain(protected) if protected else {}
    if not isinstance(header, Mapping):
        raise ValueError("the protected header is no map")
    if CRIT in unprotected:
        raise ValueError("what is critical must be signed")
    if CRIT in header:
        critical = header[CRIT]
        if not isinstance(critical, list | tuple) or not critical:
            raise ValueError("the list of critical headers is wrong")
        if any(label not in _UNDERSTOOD or label not in header for label in critical):
            raise ValueError("a critical header is not understood")
    return Sign1(b"" if not header else protected, dict(header), dict(unprotected), payload, signature)


def sign(payload: bytes, *, private_key: PrivateKey, kid: bytes) -> bytes:
    """Ed25519 signs as EdDSA, P-256 as ES256; tagged 18, `alg` and `kid` protected."""
    alg = EDDSA if isinstance(private_key, ed25519.Ed25519PrivateKey) else ES256
    protected = cbor2.dumps({ALG: alg, KID: kid})
    text = cbor2.dumps(["Signature1", protected, b"", payload])
    if isinstance(private_key, ed25519.Ed25519PrivateKey):
        signature = private_key.sign(text)
    elif isinstance(private_key.curve, ec.SECP256R1):
        first, second = decode_dss_signature(private_key.sign(text, _EC))
        signature = first.to_bytes(32, "big") + second.to_bytes(32, "big")
    else:
        raise ValueError("only Ed25519 and P-256 sign")
    return cbor2.dumps(cbor2.CBORTag(SIGN1, [protected, {}, payload, signature]))


def verify(statement: Sign1, public_key: Any) -> None:
    """Nothing when the signature holds, InvalidSignature for everything else: also an `alg` that is not the key's."""
    if statement.alg.__class__ is not int or statement.alg != algorithm_of(public_key):
        raise InvalidSignature("alg does not fit the key")
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        public_key.verify(statement.signature, statement.to_be_signed)
    elif isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(statement.signature, statement.to_be_signed, _PSS, SHA256())
    else:
        signature = statement.signature
        if len(signature) != 64:
            raise InvalidSignature("ES256 is 64 bytes")
        pair = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        public_key.verify(encode_dss_signature(*pair), statement.to_be_signed, _EC)


def algorithm_of(public_key: Any) -> int | None:
    """The only algorithm this key verifies with; None for a key that is not used here."""
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return EDDSA
    if isinstance(public_key, ec.EllipticCurvePublicKey) and isinstance(public_key.curve, ec.SECP256R1):
        return ES256
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size in _RSA_BITS:
        return PS256
    return None
