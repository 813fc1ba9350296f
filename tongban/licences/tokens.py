"""Signed statements about licences, and the tokens that open their public check.

A statement is a JWS in compact form (EdDSA over canonical JSON): it proves offline who issued a licence and what its limited
face says, and nothing about whether it is still in force. Status is asked separately, and only after the signature held.
"""

import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature

from tongban.lib.identifiers import mask_id, mask_name
from tongban.licences.face_labels import label
from tongban.licences.keys import PublicKey, SigningKey

TYPE = "tongban-licence+jws"
LONGEST = 16_000
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")

# What anybody who holds the paper may learn online. People's names are masked; a company's name and address are public anyway.
_PUBLIC_AS_IT_IS = {
    "operator", "company", "clinic", "venue", "legal_rep", "type", "scope", "activities", "industry", "category", "class",
    "level", "kind", "use", "valid_from", "valid_to", "term", "issued_on", "established_on", "first_issue", "registered_on",
    "effective_from", "conclusion", "merged_licences", "capacity", "rooms", "screens", "lifeguards", "inspection_valid_to",
    "uscc", "subjects", "subject", "term_from", "term_to",
}  # fmt: skip
_MASKED_NAMES = {"name", "holder", "spouse", "owner", "owners", "tenant", "payer", "newborn"}
_MASKED_NUMBERS = {
    "id_no", "licence_no", "cert_no", "filing_no", "reg_no", "file_no", "book_no", "card_no_masked", "passport_no_masked",
    "plate", "vin_masked", "code_no", "seal_no",
}  # fmt: skip
_PUBLIC_OF_COMPANIES = {"name", "owner", "payer", "address"}


@dataclass(frozen=True)
class Statement:
    """What was read from a statement. `genuine` is about the signature alone; `reason` is one word a page can translate."""

    genuine: bool
    reason: str  # ok | malformed | unknown_key | key_withdrawn | bad_signature | key_not_valid_then
    claims: Mapping[str, Any] = field(default_factory=dict)
    key: PublicKey | None = None


def new_token() -> str:
    """128 bits nobody can guess, as 22 characters for an address."""
    return secrets.token_urlsafe(16)


def looks_like_token(text: str) -> bool:
    """So that nonsense never reaches the database."""
    return _TOKEN.fullmatch(text) is not None


def sign(claims: Mapping[str, Any], key: SigningKey, *, now: datetime) -> str:
    """The statement; `iat` is added, so that the key can be judged by the moment of signing."""
    header = {"alg": "EdDSA", "kid": key.key_id, "typ": TYPE}
    body = dict(claims) | {"iat": int(now.timestamp())}
    signed = f"{_encode(canonical(header))}.{_encode(canonical(body))}"
    return f"{signed}.{_encode(key.sign_statement(signed.encode()))}"


def read(statement: str, find_key: Callable[[str], PublicKey | None]) -> Statement:
    """Check the signature and nothing else. Anything but exactly our own form is malformed: there are no second spellings."""
    parts = statement.split(".")
    if len(parts) != 3 or len(statement) > LONGEST:
        return Statement(False, "malformed")
    try:
        raw_header, raw_body, signature = (_decode(part) for part in parts)
        header, claims = json.loads(raw_header), json.loads(raw_body)
        ours = canonical(header) == raw_header and canonical(claims) == raw_body
    except (ValueError, NotBase64, RecursionError):
        return Statement(False, "malformed")
    if not ours or not isinstance(claims, dict) or not isinstance(header, dict) or set(header) != {"alg", "kid", "typ"}:
        return Statement(False, "malformed")
    if header["alg"] != "EdDSA" or header["typ"] != TYPE or not isinstance(claims.get("iat"), int):
        return Statement(False, "malformed")
    key = find_key(str(header["kid"]))
    if key is None:
        return Statement(False, "unknown_key")
    try:
        key.verify_statement(signature, f"{parts[0]}.{parts[1]}".encode())
    except InvalidSignature:
        return Statement(False, "bad_signature", key=key)
    if key.withdrawn_at is not None:
        return Statement(False, "key_withdrawn", claims, key)
    try:
        signed_at = datetime.fromtimestamp(claims["iat"], UTC)
    except (OverflowError, ValueError, OSError):
        return Statement(False, "malformed", key=key)
    if not key.was_in_use(signed_at):
        return Statement(False, "key_not_valid_then", claims, key)
    return Statement(True, "ok", claims, key)


def canonical(value: Any) -> bytes:
    """One spelling for one value: sorted keys, no spaces, UTF-8. Floats are refused, they have many spellings."""
    _refuse_floats(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def limited_face(
    type_id: str, holder_kind: str, face_fields: list[str], face: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What the public check shows: [{field, label, value}] in the order of the face, masked, and nothing else of it."""
    shown = []
    for name in face_fields:
        value = face.get(name)
        if value in (None, "", [], {}):
            continue
        public = name in _PUBLIC_AS_IT_IS or (holder_kind != "person" and name in _PUBLIC_OF_COMPANIES)
        if public:
            kept = plain(value)
        elif name in _MASKED_NAMES:
            kept = _masked(value, mask_name)
        elif name in _MASKED_NUMBERS:
            kept = _masked(value, mask_id)
        else:
            continue
        shown.append({"field": name, "label": label(type_id, name).text, "value": kept})
    return shown


def plain(value: Any) -> Any:
    """Dates as ISO text, whatever else is not JSON as text; so that a face can be stored, signed and compared."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int):
        return value
    return str(value)


def _masked(value: Any, mask: Callable[[Any], str]) -> Any:
    if isinstance(value, Mapping):
        return {str(key): mask(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, mask) for inner in value]
    return mask(value)


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError("a statement holds no fractions: write them as text")
    if isinstance(value, Mapping):
        for inner in value.values():
            _refuse_floats(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_floats(inner)


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(raw) != text:
        raise ValueError("another spelling of the same bytes")
    return raw
