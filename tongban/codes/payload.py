"""The code itself: what a QR of ours says, and whether it may be believed. Pure: no database, no clock, no settings.

    TB1: + base45( COSE_Sign1, tag 18, EdDSA, key id in the protected header, over the CWT
        {4: ends, 6: made at, 7: alias, -65537: [version, kind]}            in a code that answers a gate: [version, kind, reader] )

120 bytes, a QR of version 8-M. Nothing personal is in it: the alias is 16 bytes that only the keeper of the key can open (keys.Key), drawn
anew for every code. There is exactly one spelling of a code, so it is read by position and compared byte by byte instead of being parsed:
whatever a general CBOR reader would forgive is refused here before the signature is looked at (foreign readers: tests/codes/test_payload).
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature

from tongban.codes.keys import PAPER_LIVES, Key, Ring
from tongban.lib import base45

PREFIX = "TB1:"
VERSION = 1
ALIAS = 16
LIVES = 60  # seconds that a code is shown
ACCEPTED_AFTER = (
    30  # seconds it is accepted after its minute: until the phone has drawn the next one and somebody has held it out
)
CLOCKS_DIFFER = 15  # seconds that a phone or a reader may be ahead of us
ANSWER_LIVES = 20  # seconds from the gate's question to the answer, and not one more
PAPER_SECONDS = int(PAPER_LIVES.total_seconds()) + 24 * 3600  # its last day counts to its end


class Kind(IntEnum):
    """A guest sees no more of it than this: whoever came with a passport carries the same code as everybody."""

    PERSON = 1
    FAMILY = 2
    COMPANY = 3
    PAPER = 4
    STAFF = 5
    TRIAL = 6  # opens nothing: the experience booth
    QUESTION = 7  # what a gate asks a phone
    ANSWER = 8  # what the phone answers it

    @property
    def lives(self) -> int:
        return {Kind.PAPER: PAPER_SECONDS, Kind.QUESTION: ANSWER_LIVES, Kind.ANSWER: ANSWER_LIVES}.get(self, LIVES)

    @property
    def accepted_after(self) -> int:
        return 0 if self in BOUND or self is Kind.PAPER else ACCEPTED_AFTER


BOUND = frozenset({Kind.QUESTION, Kind.ANSWER})  # they name a reader
LIVE = frozenset({Kind.PERSON, Kind.FAMILY, Kind.COMPANY, Kind.STAFF, Kind.TRIAL, Kind.ANSWER})


class Refused(Exception):
    """`reason` is one word of REASONS; the words for people stand in `wording`."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Code:
    kind: Kind
    alias: bytes
    issued_at: int
    expires_at: int
    kid: bytes
    reader: int | None = None


_TAGGED = b"\xd2\x84\x49\xa2\x01\x27\x04\x44"  # tag 18, a list of four; the first, 9 bytes: {1: -8 (EdDSA), 4: a key id of 4 bytes}
_UNSIGNED = b"\xa0\x58"
_SIGNATURE = b"\x58\x40"
_TO_SIGN = b"\x84\x6aSignature1" + _TAGGED[2:]
_ENDS, _MADE, _ALIAS = b"\xa4\x04\x1a", b"\x06\x1a", b"\x07\x50"
_OURS = b"\x3a\x00\x01\x00\x00\x82\x01"  # -65537: [1, kind]
_OURS_BOUND = b"\x3a\x00\x01\x00\x00\x83\x01"  # -65537: [1, kind, reader]
_NUMBER = 0x1A
_FREE = struct.Struct(">3sI2sI2s16s7sB")
_BOUND = struct.Struct(">3sI2sI2s16s7sBBI")
_WHOLE = {16 + shape.size + 65: shape for shape in (_FREE, _BOUND)}
LONGEST = 260  # characters


def issue(
    key: Key, kind: Kind, card: int, *, issued_at: int, expires_at: int | None = None, reader: int | None = None
) -> str:
    """A code of this card from this second. The alias is new each time."""
    ends = issued_at + kind.lives if expires_at is None else expires_at
    head = _ENDS, ends, _MADE, issued_at, _ALIAS, key.alias_of(card)
    if reader is None:
        content = _FREE.pack(*head, _OURS, kind)
    else:
        content = _BOUND.pack(*head, _OURS_BOUND, kind, _NUMBER, reader)
    signature = key.private_key.sign(_to_sign(key.kid, content))
    said = _TAGGED + key.kid + _UNSIGNED + bytes((len(content),)) + content + _SIGNATURE + signature
    return PREFIX + base45.encode(said)


def judge(text: str, keys: Ring, at: float) -> Code:
    """The code, when it is ours, unaltered, and good at this moment. Raises Refused with the first reason against it."""
    code, content, signature = _read(text)
    key = keys.get(code.kid)
    if key is None:
        raise Refused("unknown_key")
    try:
        key.public_key.verify(signature, _to_sign(code.kid, content))
    except InvalidSignature:
        raise Refused("altered") from None
    if key.withdrawn_at is not None:
        raise Refused("withdrawn_key")
    if not key.was_in_use(code.issued_at) or not 0 < code.expires_at - code.issued_at <= code.kind.lives:
        raise Refused("altered")  # signed by us, but nothing that we issue: a key is being misused
    if at < code.issued_at - CLOCKS_DIFFER:
        raise Refused("not_yet")
    if at > code.expires_at + code.kind.accepted_after:
        raise Refused("expired")
    return code


def _to_sign(kid: bytes, content: bytes) -> bytes:
    return _TO_SIGN + kid + b"\x40\x58" + bytes((len(content),)) + content


def _read(text: str) -> tuple[Code, bytes, bytes]:
    if not text.startswith(PREFIX):
        raise Refused("not_ours")
    if len(text) > LONGEST:
        raise Refused("unreadable")
    try:
        said = base45.decode(text[len(PREFIX) :])
    except ValueError:
        raise Refused("unreadable") from None
    shape = _WHOLE.get(len(said))
    if (
        shape is None
        or said[:8] != _TAGGED
        or said[12:14] != _UNSIGNED
        or said[14] != shape.size
        or said[-66:-64] != _SIGNATURE
    ):
        raise Refused("unreadable")
    content = said[15:-66]
    ends_, ends, made_, made, alias_, alias, ours, kind, *bound = shape.unpack(content)
    if (
        (ends_, made_, alias_) != (_ENDS, _MADE, _ALIAS)
        or ours != (_OURS_BOUND if bound else _OURS)
        or bound[:1] not in ([], [_NUMBER])
        or kind not in _KINDS
        or (_KINDS[kind] in BOUND) != bool(bound)
    ):
        raise Refused("unreadable")
    reader = bound[1] if bound else None
    return Code(_KINDS[kind], alias, made, ends, said[8:12], reader), content, said[-64:]


_KINDS = {int(kind): kind for kind in Kind}
