"""Asking whoever stands there to show a licence from their wallet (OpenID4VP 1.0): a code on the screen, an answer from the phone.

What is asked for is named field by field and signed by the department; the wallet shows it to its holder, who agrees or not. The answer
counts once, for this question, within five minutes, and only what was asked is kept of it, sealed, for thirty days.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department, Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib import jose, sdjwt
from tongban.lib.jose import Refused
from tongban.lib.problems import Invalid
from tongban.licences import credentials, keys, services
from tongban.licences.credential_models import CredentialRequest
from tongban.licences.credential_offers import ProtocolError
from tongban.licences.events import CredentialShown
from tongban.licences.models import LicenceCheck, LicenceType

State = CredentialRequest.State

LASTS = timedelta(minutes=5)
KEY = "verifier"
QUERY = "licence"
REQUEST_TYPE = "oauth-authz-req+jwt"
AUDIENCE = "https://self-issued.me/v2"


def may_be_asked(kind: LicenceType) -> list[dict[str, Any]]:
    """[{name, zh, en}] of what can be asked of a wallet; `name` is the path with dots."""
    return [one | {"name": ".".join(one["path"])} for one in credentials.claims_of(kind) if one["hidden"]]


def ask(
    kind: LicenceType, *, fields: Sequence[str], purpose: str, officer: Officer, now: datetime
) -> CredentialRequest:
    """A question to a wallet: for what purpose, and for which fields. It asks for no more than is ticked."""
    wanted = [one["name"] for one in may_be_asked(kind) if one["name"] in set(fields)]
    purpose, errors = purpose.strip(), {}
    if not wanted:
        errors["fields"] = [_("Choose at least one thing you need to see.")]
    if not 2 <= len(purpose) <= 120:
        errors["purpose"] = [_("Say in a few words what it is for; the holder reads it in the wallet's list of uses.")]
    if errors:
        raise Invalid("cannot-ask", errors=errors, kept=_("Nothing was asked."))
    return _ask(kind, wanted, purpose, officer.department, now, officer=officer)


def ask_for_reader(
    kind: LicenceType, *, fields: Sequence[str], purpose: str, reader: str, asker: str, now: datetime
) -> CredentialRequest:
    """The same for a registered reader (a shop, a hotel, a bank). What it may ask is the caller's to judge; the department that issues this
    licence signs the question, so a wallet sees that it is allowed."""
    wanted = [one["name"] for one in may_be_asked(kind) if one["name"] in set(fields)]
    return _ask(kind, wanted, purpose, kind.issuer, now, reader=reader, asker=asker)


def _ask(
    kind: LicenceType, fields: list[str], purpose: str, signs: Department, now: datetime, **by: Any
) -> CredentialRequest:
    return CredentialRequest.objects.create(
        **by,
        key=secrets.token_urlsafe(24),
        kind=kind,
        fields=fields,
        purpose=purpose,
        nonce=secrets.token_urlsafe(24),
        key_id=_key(signs, now).key_id,
        made_at=now,
        expires_at=now + LASTS,
    )


def asked_by_reader(reader: str) -> QuerySet[CredentialRequest]:
    return CredentialRequest.objects.select_related("kind").filter(reader=reader).exclude(reader="")


def link_of(row: CredentialRequest) -> str:
    """What the code on the screen says."""
    signer = keys.find(services.key_directory(), row.key_id)
    client = client_of(signer) if signer is not None else ""
    return "openid4vp://?" + urlencode({"client_id": client, "request_uri": request_address(row)})


def name_of_asker(row: CredentialRequest) -> str:
    """As the wallet names it to its holder, and as the holder's record of use does."""
    return services.issuer_name(row.officer.department, demo=settings.DEMO)["zh"] if row.officer else row.asker


def asked_by(officer: Officer) -> QuerySet[CredentialRequest]:
    return CredentialRequest.objects.select_related("kind", "licence__type").filter(officer=officer).order_by("-id")


def topic_of(row: CredentialRequest) -> str:
    """What the page of the question listens to."""
    return f"question:{row.pk}"


def is_over(row: CredentialRequest, *, now: datetime) -> bool:
    return row.state == State.ASKED and row.expires_at <= now


def request_address(row: CredentialRequest) -> str:
    return f"{credentials.issuer_address()}/openid4vp/requests/{row.key}"


def client_of(public: keys.PublicKey) -> str:
    """Who asks, by the certificate that comes with the question (`x509_hash`): the wallet knows that both are of one hand."""
    return f"x509_hash:{jose.encode(sha256(public.seal_certificate).digest())}"


def request_object(key: str, *, now: datetime) -> str | None:
    """The signed question the code on the screen leads to; None when it was answered, has run out, or never was."""
    row = _open(key, now)
    signer = keys.held(services.key_directory(), row.key_id, now=now) if row is not None else None
    if row is None or signer is None:
        return None
    claims = {
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "client_id": client_of(signer.public),
        "response_uri": f"{credentials.issuer_address()}/openid4vp/answers/{row.key}",
        "nonce": row.nonce,
        "state": row.key,
        "aud": AUDIENCE,
        "iat": int(now.timestamp()),
        "exp": int(row.expires_at.timestamp()),
        "dcql_query": {
            "credentials": [
                {
                    "id": QUERY,
                    "format": "dc+sd-jwt",
                    "meta": {"vct_values": [credentials.kind_address(row.kind.slug)]},
                    "claims": [{"path": name.split(".")} for name in row.fields],
                }
            ]
        },
        "client_metadata": {
            "client_name": name_of_asker(row),
            "vp_formats_supported": {
                "dc+sd-jwt": {"sd-jwt_alg_values": [jose.ALGORITHM], "kb-jwt_alg_values": [jose.ALGORITHM]}
            },
        },
    }
    header = {"typ": REQUEST_TYPE, "kid": signer.key_id, "x5c": [credentials.chain_of(signer.public)]}
    return jose.sign(header, claims, signer.sign_es256)


def answer(key: str, form: Mapping[str, str], *, now: datetime) -> None:
    """What the wallet sent. Believed or not, the question is closed with it; what was not believed is said to nobody but the officer."""
    row = _open(key, now)
    if row is None or form.get("state", row.key) != row.key:
        raise ProtocolError("invalid_request", "no such question is open")
    if form.get("error"):
        _close(row, State.DECLINED, now, reason="declined")
        return
    try:
        seen, shown = _shown(row, form.get("vp_token", ""), now)
    except Refused as refused:
        _close(row, State.REFUSED, now, reason=refused.reason)
        raise ProtocolError("invalid_request", str(refused)) from refused
    licence = seen.credential.licence
    checker = row.officer.department.name["zh"] if row.officer else row.asker
    with transaction.atomic():
        _close(row, State.ANSWERED, now, licence=licence, status=seen.status, reason=seen.reason, shown=shown)
        LicenceCheck.objects.create(
            licence=licence,
            at=now,
            channel="wallet",
            answer=(seen.reason or seen.status)[:20],
            checker=checker[:200],
            purpose=row.purpose[:80],
        )
        journal.record(
            CredentialShown(licence=licence.pk, request=row.pk),
            subject=f"licence:{licence.pk}",
            actor=Actor(kind="applicant", role="applicant", party=licence.holder_id),
        )


def _shown(row: CredentialRequest, token: str, now: datetime) -> tuple[credentials.Seen, dict[str, Any]]:
    """Exactly the fields that were asked for, out of one credential that its holder presents to this question."""
    answers = jose.parse(token)
    one = answers.get(QUERY) if isinstance(answers, dict) else None
    text = one[0] if isinstance(one, list) and len(one) == 1 else one
    if not isinstance(text, str) or set(answers) != {QUERY}:
        raise Refused("malformed", "vp_token")
    presented = sdjwt.read(text)
    signer = keys.find(services.key_directory(), row.key_id)
    if signer is None:
        raise Refused("unknown_key")
    seen = credentials.read(presented, now=now)
    presented.check_binding(audience=client_of(signer), nonce=row.nonce, now=now.timestamp())
    if seen.credential.licence.type_id != row.kind_id:
        raise Refused("another_licence")
    shown = {}
    for name in row.fields:
        found: Any = seen.claims
        for step in name.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if found is not None:
            shown[name] = found
    held = seen.credential.licence.face
    missing = [
        name for name in row.fields if name not in shown and (not name.startswith("face.") or held.get(name[5:]))
    ]
    if [name for name in missing if name != "valid_to"]:
        raise Refused("less_than_asked")
    return seen, shown


def _close(row: CredentialRequest, state: str, now: datetime, **more: Any) -> None:
    """The first answer closes the question; a second one finds it closed."""
    with transaction.atomic():
        closed = CredentialRequest.objects.filter(pk=row.pk, state=State.ASKED)
        if not closed.update(state=state, answered_at=now, **more):
            raise ProtocolError("invalid_request", "no such question is open")
        journal.touch(topic_of(row))


def _open(key: str, now: datetime) -> CredentialRequest | None:
    rows = CredentialRequest.objects.select_related("kind", "officer__department")
    return rows.filter(key=key, state=State.ASKED, expires_at__gt=now).first()


def _key(own: Department, now: datetime) -> keys.SigningKey:
    return keys.current(services.key_directory(), own.code, KEY, now=now, name=own.name.get("en", ""))
