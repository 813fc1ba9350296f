"""Credentials that disclose field by field (SD-JWT, RFC 9901): made, taken apart, and rebuilt as what their issuer vouches for.

Nothing is decided by what a sender says about itself. A disclosure counts only if its digest stands exactly once where the issuer signed
it, each disclosure sent must be used, and none may say what was already said openly or name `_sd` or `...`. With key binding the holder
signs, for this verifier and this moment, a hash of exactly what was sent.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256, sha384, sha512
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from tongban.lib import jose
from tongban.lib.jose import Jws, Refused, Signer

TYPE, BINDING = "dc+sd-jwt", "kb+jwt"
HASHES: dict[str, Callable] = {"sha-256": sha256, "sha-384": sha384, "sha-512": sha512}
MOST = 500
"""More disclosures than this are not looked at."""
RESERVED = ("_sd", "...")
OPEN_ALWAYS = frozenset({"iss", "nbf", "exp", "iat", "cnf", "vct", "vct#integrity", "status", "_sd_alg"})
"""What a credential never hides: a verifier needs it before it knows anything else (SD-JWT VC, 2.2.2)."""


@dataclass(frozen=True)
class SdJwt:
    """Taken apart and not yet believed."""

    jws: Jws
    disclosures: tuple[str, ...]
    binding: str
    sent: str
    """What the holder's hash is made over: everything up to the last tilde."""

    def claims(self, *keys: ec.EllipticCurvePublicKey) -> dict[str, Any]:
        """What the issuer vouches for, as far as it was disclosed; Refused unless one of `keys` signed it and all of it fits together.

        Several where several have the same id: an id is a hint and proves nothing.
        """
        for key in keys[:-1]:
            with suppress(Refused):
                self.jws.check(key)
                return rebuilt(self.jws.payload, self.disclosures)
        if not keys:
            raise Refused("unknown_key")
        self.jws.check(keys[-1])
        return rebuilt(self.jws.payload, self.disclosures)

    def check_binding(
        self, *, audience: str, nonce: str, now: float, oldest: float = 300, ahead: float = 60
    ) -> ec.EllipticCurvePublicKey:
        """The holder of the key in `cnf` presents exactly this, to us, now. Call it after `claims`."""
        confirmed = self.jws.payload.get("cnf")
        if not self.binding or not isinstance(confirmed, Mapping):
            raise Refused("binding", "no proof of the holder's key")
        key = jose.key_of(confirmed.get("jwk"))
        try:
            proof = jose.read(self.binding, kind=BINDING)
            proof.check(key)
        except Refused as refused:
            raise Refused("binding", str(refused)) from refused
        said = proof.payload
        made = jose.number(said, "iat")
        if made is None or not now - oldest <= made <= now + ahead:
            raise Refused("binding", "not of this moment")
        if said.get("aud") != audience:
            raise Refused("binding", "for another verifier")
        if not isinstance(said.get("nonce"), str) or not hmac.compare_digest(said["nonce"].encode(), nonce.encode()):
            raise Refused("binding", "another nonce")
        hashed = _hash_of(self.jws.payload)(self.sent.encode()).digest()
        if not isinstance(said.get("sd_hash"), str) or not hmac.compare_digest(
            said["sd_hash"].encode(), jose.encode(hashed).encode()
        ):
            raise Refused("binding", "signed for other disclosures")
        return key


def read(text: str, *, kind: str | tuple[str, ...] = TYPE) -> SdJwt:
    """The compact form: the issuer's JWT, disclosures, and perhaps the holder's proof, between tildes."""
    if not isinstance(text, str) or len(text) > jose.LONGEST or not text.isascii():
        raise Refused("malformed", "too long, or not text")
    if "~" not in text:
        raise Refused("malformed", "no tilde")
    jwt, *disclosures, binding = text.split("~")
    if len(disclosures) > MOST:
        raise Refused("malformed", "too many disclosures")
    return SdJwt(jose.read(jwt, kind=kind), tuple(disclosures), binding, text[: len(text) - len(binding)])


def read_json(document: Any, *, kind: str | tuple[str, ...] = TYPE) -> SdJwt:
    """The flattened or general JSON form. Drafts before the RFC kept disclosures beside the signature and not in its header."""
    if not isinstance(document, Mapping) or not isinstance(document.get("payload"), str):
        raise Refused("malformed", "JSON form")
    signatures = document.get("signatures", [document])
    if not isinstance(signatures, list) or not signatures or not isinstance(signatures[0], Mapping):
        raise Refused("malformed", "signatures")
    if len(signatures) > 1:
        raise Refused("malformed", "one issuer signs")
    one = signatures[0]
    beside = one.get("header", one)
    if not isinstance(beside, Mapping):
        raise Refused("malformed", "header")
    disclosures, binding = beside.get("disclosures", []), beside.get("kb_jwt", "")
    fits = isinstance(disclosures, list) and all(isinstance(each, str) for each in [*disclosures, binding])
    if not fits or not all(isinstance(one.get(part), str) for part in ("protected", "signature")):
        raise Refused("malformed", "JSON form")
    jwt = f"{one['protected']}.{document['payload']}.{one['signature']}"
    return read("~".join([jwt, *disclosures, binding]), kind=kind)


def rebuilt(payload: Mapping[str, Any], disclosures: Sequence[str]) -> dict[str, Any]:
    """The payload with what was disclosed in its place, and no trace of what was not (RFC 9901, 7.1)."""
    hashed = _hash_of(payload)
    known: dict[str, list[Any]] = {}
    for one in disclosures:
        digest = jose.encode(hashed(one.encode()).digest())
        if digest in known:
            raise Refused("disclosures", "one twice")
        known[digest] = _opened(one)
    placing = _Placing(known)
    result = placing.of_object({name: value for name, value in payload.items() if name != "_sd_alg"})
    if placing.used != set(known):
        raise Refused("disclosures", "one that the issuer did not sign")
    return result


class _Placing:
    """One walk through a payload: each digest may be met once in all of it."""

    def __init__(self, known: Mapping[str, list[Any]]):
        self.known = known
        self.met: set[str] = set()
        self.used: set[str] = set()

    def of(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.of_object(value)
        return self.of_list(value) if isinstance(value, list) else value

    def of_object(self, value: dict[str, Any]) -> dict[str, Any]:
        digests = value.get("_sd", [])
        if not isinstance(digests, list):
            raise Refused("disclosures", "_sd is a list")
        if "..." in value:
            raise Refused("disclosures", "... stands in a list, alone")
        result = {name: self.of(inner) for name, inner in value.items() if name != "_sd"}
        for digest in digests:
            found = self._met(digest)
            if found is None:
                continue
            if len(found) != 3:
                raise Refused("disclosures", "an element of a list among names")
            _salt, name, inner = found
            if not isinstance(name, str) or name in RESERVED:
                raise Refused("disclosures", "a name that has another meaning")
            if name in result:
                raise Refused("disclosures", "a name that is there already")
            result[name] = self.of(inner)
        return result

    def of_list(self, values: list[Any]) -> list[Any]:
        result = []
        for value in values:
            if not isinstance(value, dict) or "..." not in value:
                result.append(self.of(value))
                continue
            if len(value) != 1:
                raise Refused("disclosures", "... stands alone")
            found = self._met(value["..."])
            if found is None:
                continue
            if len(found) != 2:
                raise Refused("disclosures", "a name in a list")
            result.append(self.of(found[1]))
        return result

    def _met(self, digest: Any) -> list[Any] | None:
        if not isinstance(digest, str):
            raise Refused("disclosures", "a digest is text")
        if digest in self.met:
            raise Refused("disclosures", "a digest twice")
        self.met.add(digest)
        if digest in self.known:
            self.used.add(digest)
        return self.known.get(digest)


def _opened(disclosure: str) -> list[Any]:
    found = jose.parse(jose.decode(disclosure))
    if not isinstance(found, list) or len(found) not in (2, 3) or not isinstance(found[0], str):
        raise Refused("disclosures", "salt, name and value")
    return found


def _hash_of(payload: Mapping[str, Any]) -> Callable:
    name = payload.get("_sd_alg", "sha-256")
    if not isinstance(name, str) or name not in HASHES:
        raise Refused("hash")
    return HASHES[name]


# -- making one


def issue(
    claims: Mapping[str, Any],
    *,
    hidden: Mapping[str, Any] | Iterable[str],
    header: Mapping[str, Any],
    signer: Signer,
    salt: Callable[[], str] = lambda: secrets.token_urlsafe(16),
) -> str:
    """The credential with all its disclosures. `hidden` names what a holder may keep to themselves: names, or {name: names within it}."""
    if shown := OPEN_ALWAYS & set(hidden):
        raise ValueError(f"never hidden: {sorted(shown)}")
    payload, disclosures = _hide(claims, hidden, salt)
    if disclosures:
        payload["_sd_alg"] = "sha-256"
    return "~".join([jose.sign({"typ": TYPE} | dict(header), payload, signer), *disclosures, ""])


def _hide(
    claims: Mapping[str, Any], hidden: Mapping[str, Any] | Iterable[str], salt: Callable[[], str]
) -> tuple[dict[str, Any], list[str]]:
    within: dict[str, Any] = dict(hidden) if isinstance(hidden, Mapping) else dict.fromkeys(hidden)
    result: dict[str, Any] = {}
    digests, disclosures = [], []
    for name, value in claims.items():
        if name in RESERVED:
            raise ValueError(f"{name!r} has a meaning of its own")
        if name not in within:
            result[name] = value
        elif within[name] is not None:
            result[name], inner = _hide(value, within[name], salt)
            disclosures += inner
        else:
            text = jose.encode(json.dumps([salt(), name, value], ensure_ascii=False, separators=(",", ":")).encode())
            disclosures.append(text)
            digests.append(jose.encode(sha256(text.encode()).digest()))
    if digests:
        result["_sd"] = sorted(digests)  # in an order that says nothing about which is which
    return result, disclosures
