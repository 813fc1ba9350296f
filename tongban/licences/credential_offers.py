"""Bringing a licence into a wallet of the holder's choice (OpenID4VCI 1.0, pre-authorised code).

The page shows a code to scan and, apart from it, a number of six digits; whoever photographs the screen has only one of them. The wallet
exchanges both for access, proves that it holds a key, and gets the credential bound to that key: each of these once, within ten minutes.
An answer that was lost on the way may be asked for again with the same key; it is the same credential.
"""

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django.core import signing
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from tongban.journal.actors import Actor
from tongban.lib import jose
from tongban.lib.jose import Refused
from tongban.lib.problems import NotAllowed, Problem
from tongban.licences import credentials, queries
from tongban.licences.credential_models import Credential, CredentialOffer
from tongban.licences.models import Licence, LicenceType
from tongban.notices import services as notices
from tongban.parties.models import Account

GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
PROOF = "openid4vci-proof+jwt"
LASTS = timedelta(minutes=10)
NONCE_LASTS = timedelta(minutes=5)
CLOCKS_DIFFER = 60
DIGITS, TRIES = 6, 5
_nonces = signing.TimestampSigner(salt="openid4vci.nonce")


class ProtocolError(Exception):
    """What the specification says to answer: `error` is one of its words, for the wallet's maker; nobody's data is in it."""

    def __init__(self, error: str, description: str = "", *, status: int = 400):
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


# -- the holder offers


def offer(licence: Licence, *, account: Account, now: datetime) -> CredentialOffer:
    """A new offer; one that is still open ends with it."""
    if credentials.why_not(licence, now=now):
        raise NotAllowed(
            "licence-not-in-force",
            _("This electronic licence is not valid now, so no copy of it can be made for a wallet."),
            kept=_("Nothing was changed."),
        )
    key = secrets.token_urlsafe(24)
    with transaction.atomic():
        CredentialOffer.objects.filter(
            licence=licence, made_by=account, used_at__isnull=True, ended_at__isnull=True
        ).update(ended_at=now)
        return CredentialOffer.objects.create(
            licence=licence,
            made_by=account,
            key=key,
            key_sha256=_digest(key),
            code_sha256=_digest(_code_of(key)),
            pin=f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}",
            made_at=now,
            expires_at=now + LASTS,
        )


def open_offer(licence: Licence, *, account: Account, now: datetime) -> CredentialOffer | None:
    """What this person may show their wallet now, or None."""
    return _open(now).filter(licence=licence, made_by=account).order_by("-id").first()


def take_back(licence: Licence, *, account: Account, now: datetime) -> None:
    _open(now).filter(licence=licence, made_by=account).update(ended_at=now)


def offered(key: str, *, now: datetime) -> dict[str, Any] | None:
    """What the code on the screen leads to. None when it was used, has run out, or never was."""
    row = _open(now).filter(key_sha256=_digest(key)).select_related("licence__type").first()
    if row is None:
        return None
    return {
        "credential_issuer": credentials.issuer_address(),
        "credential_configuration_ids": [row.licence.type.slug],
        "grants": {
            GRANT: {
                "pre-authorized_code": _code_of(key),
                "tx_code": {
                    "input_mode": "numeric",
                    "length": DIGITS,
                    "description": "页面上另外显示的六位数字 · The six digits shown apart on the page",
                },
            }
        },
    }


def address_of(row: CredentialOffer) -> str:
    return f"{credentials.issuer_address()}/openid4vci/offers/{row.key}"


# -- the wallet answers


def redeem(form: Mapping[str, str], *, now: datetime) -> str:
    """The access token for a code and its number. Six wrong numbers are one too many, whoever sends them."""
    if form.get("grant_type") != GRANT:
        raise ProtocolError("unsupported_grant_type" if form.get("grant_type") else "invalid_request")
    code, pin = form.get("pre-authorized_code", ""), form.get("tx_code", "")
    if not code:
        raise ProtocolError("invalid_request", "pre-authorized_code is missing")
    row = _open(now).filter(code_sha256=_digest(code)).first()
    if row is None:
        raise ProtocolError("invalid_grant", "unknown, used or too old")
    if not pin:
        raise ProtocolError("invalid_request", "tx_code is missing")
    if not _open(now).filter(pk=row.pk, tries__lt=TRIES).update(tries=F("tries") + 1):  # counted before it is compared
        raise ProtocolError("invalid_grant", "too many attempts")
    if not hmac.compare_digest(pin.encode("utf-8", "replace"), row.pin.encode()):
        raise ProtocolError("invalid_grant", "tx_code is wrong")
    token = secrets.token_urlsafe(32)
    won = _open(now).filter(pk=row.pk).update(used_at=now, access_sha256=_digest(token), access_until=now + LASTS)
    if not won:
        raise ProtocolError("invalid_grant", "unknown, used or too old")
    return token


def nonce() -> str:
    """Fresh for five minutes and nobody's in particular; what makes a proof count once is the access it comes with."""
    return _nonces.sign(secrets.token_urlsafe(12)).replace(":", ".")


def deliver(access: str, body: Any, *, now: datetime) -> dict[str, Any]:
    """The credential for whoever has access and proves that the key is theirs."""
    row = _with_access(access, now).select_related("licence__type").first() if access else None
    if row is None:
        raise ProtocolError("invalid_token", status=401)
    key = _proven(_asked(body, row.licence.type.slug), now)
    with transaction.atomic():
        # The row alone: what is joined to it would be as it was before the wait for the lock.
        row = _with_access(access, now).select_for_update().first()
        if row is None:
            raise ProtocolError("invalid_token", status=401)
        licence = Licence.objects.select_related("type", "issuer", "holder").get(pk=row.licence_id)
        try:
            made = _made(row, licence, key, now)
        except Problem as problem:
            raise ProtocolError("credential_request_denied", problem.code) from problem
        if row.credential_id is None:
            CredentialOffer.objects.filter(pk=row.pk).update(credential=made.credential)
            notices.tell(
                licence.holder,
                "credential_issued",
                about=f"licence:{licence.pk}",
                link=f"/my/licences/{licence.pk}/wallets/",
                params={"licence": licence.type.name},
                once=f"credential:{made.credential.pk}",
            )
    return {"credentials": [{"credential": made.text}]}


def _made(row: CredentialOffer, licence: Licence, key: ec.EllipticCurvePublicKey, now: datetime) -> credentials.Made:
    if row.credential is not None:
        if row.credential.thumbprint != jose.thumbprint(key) or row.credential.ended_at is not None:
            raise NotAllowed("already-issued", _("This code was used already."))
        return credentials.again(row.credential, wallet_key=key, now=now)
    actor = Actor(kind="applicant", role="applicant", account=row.made_by_id, party=licence.holder_id)
    return credentials.make(
        licence, form=Credential.Form.WALLET, account=row.made_by, actor=actor, wallet_key=key, now=now
    )


def _asked(body: Any, slug: str) -> str:
    """The proof that came with a request which asks for what was offered."""
    if not isinstance(body, dict):
        raise ProtocolError("invalid_credential_request")
    if "credential_identifier" in body:
        raise ProtocolError("unknown_credential_identifier")
    wanted = body.get("credential_configuration_id")
    if not isinstance(wanted, str):
        raise ProtocolError("invalid_credential_request", "credential_configuration_id is missing")
    if wanted != slug:
        raise ProtocolError("unknown_credential_configuration")
    if "credential_response_encryption" in body:
        raise ProtocolError("invalid_encryption_parameters", "answers are not encrypted again")
    proofs, single = body.get("proofs"), body.get("proof")
    given = proofs.get("jwt") if isinstance(proofs, dict) and set(proofs) == {"jwt"} else None
    if given is None and isinstance(single, dict) and single.get("proof_type") == "jwt":  # as in drafts before 15
        given = [single.get("jwt")]
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], str):
        raise ProtocolError("invalid_proof", "exactly one proof of type jwt")
    return given[0]


def _proven(text: str, now: datetime) -> ec.EllipticCurvePublicKey:
    """The wallet's key, in whose name the proof was signed: for us, with a nonce of ours, just now."""
    try:
        proof = jose.read(text, kind=PROOF)
        if {"kid", "x5c", "trust_chain"} & set(proof.header):
            raise Refused("key", "a key as jwk")
        key = jose.key_of(proof.header.get("jwk"))
        proof.check(key)
        made = jose.number(proof.payload, "iat")
    except Refused as refused:
        raise ProtocolError("invalid_proof", str(refused)) from refused
    audience = proof.payload.get("aud")
    if credentials.issuer_address() not in (audience if isinstance(audience, list) else [audience]):
        raise ProtocolError("invalid_proof", "aud is another issuer")
    moment = now.timestamp()
    if made is None or not moment - NONCE_LASTS.total_seconds() <= made <= moment + CLOCKS_DIFFER:
        raise ProtocolError("invalid_proof", "iat is not of this moment")
    said = proof.payload.get("nonce")
    try:
        _nonces.unsign(said.replace(".", ":") if isinstance(said, str) else "", max_age=NONCE_LASTS)
    except signing.BadSignature as wrong:
        raise ProtocolError("invalid_nonce") from wrong
    return key


def _open(now: datetime):
    return CredentialOffer.objects.filter(used_at__isnull=True, ended_at__isnull=True, expires_at__gt=now)


def _with_access(access: str, now: datetime):
    return CredentialOffer.objects.filter(access_sha256=_digest(access), ended_at__isnull=True, access_until__gt=now)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def _code_of(key: str) -> str:
    """Another secret than the one in the address, and one that follows from it: a dump of the table has neither."""
    return jose.encode(sha256(f"openid4vci code {key}".encode()).digest())


# -- metadata


def issuer_metadata() -> dict[str, Any]:
    """`/.well-known/openid-credential-issuer`: where to go, and every kind of licence with its names and labels."""
    here = credentials.issuer_address()
    kinds = list(queries.types())
    return {
        "credential_issuer": here,
        "credential_endpoint": f"{here}/openid4vci/credential",
        "nonce_endpoint": f"{here}/openid4vci/nonce",
        "display": [{"name": "通办", "locale": "zh-Hans"}, {"name": "Tongban", "locale": "en"}],
        "credential_configurations_supported": {kind.slug: _configuration(kind) for kind in kinds},
    }


def _configuration(kind: LicenceType) -> dict[str, Any]:
    described = credentials.type_metadata(kind)
    return {
        "format": "dc+sd-jwt",
        "vct": described["vct"],
        "cryptographic_binding_methods_supported": ["jwk"],
        "credential_signing_alg_values_supported": [jose.ALGORITHM],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": [jose.ALGORITHM]}},
        "credential_metadata": {
            "display": [{"name": one["name"], "locale": one["locale"]} for one in described["display"]],
            "claims": [
                {
                    "path": one["path"],
                    "display": [{"name": said["label"], "locale": said["locale"]} for said in one["display"]],
                }
                for one in described["claims"]
            ],
        },
    }


def server_metadata() -> dict[str, Any]:
    """`/.well-known/oauth-authorization-server` (RFC 8414): there is one way in, by a code from a licence's page."""
    here = credentials.issuer_address()
    return {
        "issuer": here,
        "token_endpoint": f"{here}/openid4vci/token",
        "grant_types_supported": [GRANT],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none"],
        "pre-authorized_grant_anonymous_access_supported": True,
    }
