"""What a gate needs to decide alone for a day: keys, withdrawn keys, lost papers as a set that cannot be read, the rule of its scene.

Pure: made by `services.bundling`, read by the reference gate and by partners. On a line it is a JWS (EdDSA) in its compact form, signed with a
key that the gate was given when it enrolled: whoever changes a bundle on its way changes nothing.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tongban.codes.at_gate import mark_of, paper_mark, reason_against_kind
from tongban.codes.keys import Key
from tongban.codes.payload import Code, Kind, Refused, judge
from tongban.lib.coded_set import CodedSet

VALID_FOR = timedelta(hours=24)
TYPE = "tongban-gate-bundle"
LARGEST = 32 * 1024 * 1024


class Unusable(Exception):
    """This bundle cannot be believed or is over; the message says why in one word."""


def seal(content: Mapping[str, Any], key: Ed25519PrivateKey) -> str:
    head = _b64(json.dumps({"alg": "EdDSA", "typ": TYPE}, separators=(",", ":")).encode())
    body = _b64(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())
    return f"{head}.{body}.{_b64(key.sign(f'{head}.{body}'.encode()))}"


def opened(text: str, key: Ed25519PublicKey) -> dict[str, Any]:
    """What it says, if it is signed with this key. Raises Unusable."""
    parts = text.strip().split(".")
    if len(parts) != 3 or len(text) > LARGEST:
        raise Unusable("unreadable")
    try:
        head = json.loads(_raw(parts[0]))
        signature = _raw(parts[2])
    except (ValueError, RecursionError):
        raise Unusable("unreadable") from None
    if head != {"alg": "EdDSA", "typ": TYPE}:
        raise Unusable("of another kind")
    try:
        key.verify(signature, f"{parts[0]}.{parts[1]}".encode())
    except InvalidSignature:
        raise Unusable("not signed by whom it should be") from None
    content: dict[str, Any] = json.loads(_raw(parts[1]))
    return content


@dataclass(frozen=True)
class Bundle:
    made_at: datetime
    valid_until: datetime
    reader: int
    name: str
    place: str
    sort: str
    asks: bool
    scene: str
    scene_name: dict[str, str]
    kinds: frozenset[int]
    alone: bool
    compares: bool
    keys: dict[bytes, Key]
    lost: CodedSet
    words: dict[str, dict[str, dict[str, str]]]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Bundle":
        try:
            if content["version"] != 1:
                raise Unusable("of a later version")
            reader, scene = content["reader"], content["scene"]
            keys = {
                bytes.fromhex(one["kid"]): Key(
                    kid=bytes.fromhex(one["kid"]),
                    not_before=_moment(one["not_before"]),
                    not_after=_moment(one["not_after"]),
                    public=_raw(one["x"]),
                    withdrawn_at=_moment(one["withdrawn_at"]) if one.get("withdrawn_at") else None,
                )
                for one in content["keys"]
            }
            return cls(
                made_at=_moment(content["made_at"]),
                valid_until=_moment(content["valid_until"]),
                reader=reader["id"],
                name=reader["name"],
                place=reader["place"],
                sort=reader["sort"],
                asks=reader["asks"],
                scene=scene["id"],
                scene_name=scene["name"],
                kinds=frozenset(scene["kinds"]),
                alone=scene["alone"],
                compares=scene["compares"],
                keys=keys,
                lost=CodedSet(_raw(content["lost"])),
                words=content["words"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise Unusable("unreadable") from wrong

    def age(self, now: datetime) -> timedelta:
        return now - self.made_at

    def over(self, now: datetime) -> bool:
        """Past its day, or from a day that has not come: then this clock, or that of the platform, is wrong."""
        return now > self.valid_until or now < self.made_at - timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Decision:
    let_in: bool
    reason: str = ""
    kind: str = ""
    mark: str | None = None


def decide(bundle: Bundle, text: str, now: datetime, seen: Mapping[str, Any] = {}) -> Decision:
    """Whether this gate lets somebody in, with what it knows. `seen`: marks that were used here."""
    if bundle.over(now):
        return Decision(False, "bundle_over")
    try:
        code = judge(text, bundle.keys, now.timestamp())
        if reason := reason_against_kind(code, reader=bundle.reader, sort=bundle.sort, asks=bundle.asks):
            raise Refused(reason)
        if code.kind is not Kind.ANSWER and int(code.kind) not in bundle.kinds:
            raise Refused("wrong_kind")
        if code.kind is Kind.PAPER and paper_mark(code.alias).encode() in bundle.lost:
            raise Refused("lost")
    except Refused as refused:
        return Decision(False, refused.reason)
    mark = mark_of(code, f"reader:{bundle.reader}")
    if mark is not None and mark in seen:
        return Decision(False, "used", mark=mark)
    if not bundle.alone:  # what this scene asks about the person only the platform can say
        return Decision(False, "ask_staff", mark=mark)
    return Decision(True, "", code.kind.name.lower(), mark)


def tag_of(content: Mapping[str, Any]) -> str:
    """The same for as long as nothing in it has changed but its minutes and the salt of its set."""
    steady = {name: value for name, value in content.items() if name not in {"made_at", "valid_until", "lost"}}
    return hashlib.sha256(json.dumps(steady, sort_keys=True).encode()).hexdigest()[:32]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.astimezone(UTC)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as wrong:
        raise ValueError("not base64url") from wrong


__all__ = ["Bundle", "Code", "Decision", "Unusable", "decide", "opened", "seal", "tag_of"]
