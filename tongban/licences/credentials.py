"""Licences as credentials (SD-JWT VC): the whole face, field by field, signed by the department's own key; into wallets or a file.

A credential lives a year at most and never longer than its licence; what it is worth in between its status list says. The copy itself is
not kept: the platform knows that there is one, for which key, and at which place of which list.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib import jose, sdjwt
from tongban.lib.problems import NotAllowed
from tongban.licences import items, keys, services, status_lists, tokens
from tongban.licences.credential_models import Credential, StatusList
from tongban.licences.events import CredentialEnded, CredentialIssued
from tongban.licences.face_labels import label
from tongban.licences.models import Licence, LicenceType
from tongban.licences.states import VALID
from tongban.parties.models import Account

LIVES = timedelta(days=365)
NOT_FOR_WALLETS = {"photo", "qr"}
"""A photograph is read from its register each time it is shown, never copied out of it; a code is another face of the same licence."""

BESIDE_THE_FACE: dict[str, tuple[str, str]] = {
    "identifier": ("证照标识", "Licence identifier"),
    "issued_on": ("签发日期", "Issued on"),
    "valid_from": ("有效期自", "Valid from"),
    "valid_to": ("有效期至", "Valid until"),
}
"""What every licence says beside its face, where its face does not say it; disclosed one by one like the face."""

OPENLY: dict[str, tuple[str, str]] = {"issuing_authority": ("签发机关", "Issuing authority")}
SIGNS_NO_CREDENTIALS = {"letters", "archive"}
KINDS = "/vct/"


def issuer_address() -> str:
    return str(settings.PUBLIC_URL).rstrip("/")


def kind_address(slug: str) -> str:
    """`vct`: what sort of credential this is; whoever opens it learns names and labels."""
    return f"{issuer_address()}{KINDS}{slug}"


# -- what kinds there are


def disclosed_fields(kind: LicenceType) -> list[str]:
    return [name for name in kind.face_fields if name not in NOT_FOR_WALLETS]


def claims_of(kind: LicenceType) -> list[dict[str, Any]]:
    """[{path, zh, en, hidden}] of everything a credential of this kind may say, in the order of the face."""
    face = [{"path": ["face", name], **label(kind.slug, name).text, "hidden": True} for name in disclosed_fields(kind)]
    beside = [
        {"path": [name], "zh": zh, "en": en, "hidden": True}
        for name, (zh, en) in BESIDE_THE_FACE.items()
        if name not in kind.face_fields
    ]
    openly = [{"path": [name], "zh": zh, "en": en, "hidden": False} for name, (zh, en) in OPENLY.items()]
    return [*face, *beside, *openly]


def type_metadata(kind: LicenceType) -> dict[str, Any]:
    """Names and labels in both languages, for wallets (draft-ietf-oauth-sd-jwt-vc, type metadata)."""
    return {
        "vct": kind_address(kind.slug),
        "name": kind.name["en"],
        "description": f"{kind.name['zh']} · {kind.name['en']}",
        "display": [
            {"locale": locale, "lang": locale, "name": kind.name[said], "description": kind.issuer.name[said]}
            for locale, said in (("zh-Hans", "zh"), ("en", "en"))
        ],
        "claims": [
            {
                "path": one["path"],
                "display": [
                    {"locale": locale, "lang": locale, "label": one[said]}
                    for locale, said in (("zh-Hans", "zh"), ("en", "en"))
                ],
                "sd": "always" if one["hidden"] else "never",
            }
            for one in claims_of(kind)
        ],
    }


# -- whose keys


def verifying_keys(now: datetime) -> list[keys.PublicKey]:
    """Keys of today and of any credential that has not run out yet. A withdrawn key is left out: nothing it signed is to be believed."""
    return [
        public
        for public in keys.all_public(services.key_directory())
        if public.withdrawn_at is None
        and public.licence_type not in SIGNS_NO_CREDENTIALS
        and public.not_after + LIVES >= now
    ]


def jwks(now: datetime) -> dict[str, Any]:
    return {
        "keys": [
            jose.jwk_of(public.seal_key) | {"kid": public.key_id, "alg": jose.ALGORITHM, "use": "sig"}
            for public in verifying_keys(now)
        ]
    }


# -- making one


@dataclass(frozen=True)
class Made:
    credential: Credential
    text: str


def why_not(licence: Licence, *, now: datetime) -> str:
    """Why no credential is made of this licence now, in one word, or ""."""
    status, reason = items.judge(licence.state, licence.valid_from, licence.valid_to, timezone.localdate(now))
    if status == VALID or reason == items.NOT_YET:
        return services.trouble_with(licence)
    return reason or status


def make(
    licence: Licence,
    *,
    form: Credential.Form,
    account: Account,
    actor: Actor,
    wallet_key: ec.EllipticCurvePublicKey | None = None,
    now: datetime,
) -> Made:
    """A new copy at a place of its own. A file stands alone: the file made before is ended by the next one."""
    if why_not(licence, now=now):
        raise NotAllowed(
            "licence-not-in-force",
            _("This electronic licence is not valid now, so no copy of it can be made for a wallet."),
            kept=_("Nothing was changed."),
        )
    key = _key(licence, now)  # before anything is locked: a new key writes files
    with transaction.atomic():
        if form == Credential.Form.FILE:
            for before in Credential.objects.filter(licence=licence, form=form, ended_at__isnull=True):
                end(before, account=account, actor=actor, now=now)
        row = status_lists.enter(
            licence.issuer,
            licence=licence,
            form=form,
            thumbprint=jose.thumbprint(wallet_key) if wallet_key is not None else "",
            key_id=key.key_id,
            issued_by=account,
            issued_at=now,
            expires_at=_ends(licence, now),
        )
        journal.record(
            CredentialIssued(licence=licence.pk, credential=row.pk), subject=f"licence:{licence.pk}", actor=actor
        )
        journal.touch(topic_of(licence.pk))
    return Made(row, text_of(row, licence, key, wallet_key))


def again(row: Credential, *, wallet_key: ec.EllipticCurvePublicKey, now: datetime) -> Made:
    """The same credential once more, for a wallet that did not hear the answer: same place, same key, same end."""
    licence = Licence.objects.select_related("type", "issuer", "holder").get(pk=row.licence_id)
    key = keys.held(services.key_directory(), row.key_id, now=now)
    if key is None:
        raise NotAllowed("key-withdrawn", _("The key of this copy is not used any more. Please make a new one."))
    return Made(row, text_of(row, licence, key, wallet_key))


def text_of(
    row: Credential, licence: Licence, key: keys.SigningKey, wallet_key: ec.EllipticCurvePublicKey | None
) -> str:
    kind = licence.type
    face = {
        name: tokens.plain(licence.face[name])
        for name in disclosed_fields(kind)
        if licence.face.get(name) not in (None, "", [], {})
    }
    claims: dict[str, Any] = {
        "iss": issuer_address(),
        "vct": kind_address(kind.slug),
        "iat": int(row.issued_at.timestamp()),
        "nbf": int(_begins(licence, row.issued_at).timestamp()),
        "exp": int(row.expires_at.timestamp()),
        "status": {"status_list": {"idx": row.index, "uri": status_lists.address(row.status_list.key)}},
        "issuing_authority": services.issuer_name(licence.issuer, demo=licence.demonstration),
        "demonstration": licence.demonstration,
        "face": face,
    }
    beside = {name: tokens.plain(getattr(licence, name)) for name in BESIDE_THE_FACE if name not in kind.face_fields}
    beside = {name: value for name, value in beside.items() if value is not None}
    claims |= beside
    if wallet_key is not None:
        claims["cnf"] = {"jwk": jose.jwk_of(wallet_key)}
    return sdjwt.issue(
        claims,
        hidden={"face": dict.fromkeys(face)} | dict.fromkeys(beside),
        header={"kid": key.key_id, "x5c": [chain_of(key.public)]},
        signer=key.sign_es256,
    )


def chain_of(public: keys.PublicKey) -> str:
    """The certificate as a header carries it; the root it leads to is what verifiers have (`tongban verify-licence --show-root`)."""
    return b64encode(public.seal_certificate).decode()


def _key(licence: Licence, now: datetime) -> keys.SigningKey:
    issuer = licence.issuer
    return keys.current(
        services.key_directory(), issuer.code, licence.type.slug, now=now, name=issuer.name.get("en", "")
    )


def _begins(licence: Licence, now: datetime) -> datetime:
    return max(timezone.make_aware(datetime.combine(licence.valid_from, time.min)), now - keys.CLOCKS_DIFFER)


def _ends(licence: Licence, now: datetime) -> datetime:
    """The last second of the licence's last day where it is, and a year at most."""
    if licence.valid_to is None:
        return now + LIVES
    midnight = timezone.make_aware(datetime.combine(licence.valid_to + timedelta(days=1), time.min))
    return min(midnight - timedelta(seconds=1), now + LIVES)


# -- ending one, and looking


def end(row: Credential, *, account: Account | None, actor: Actor, now: datetime) -> bool:
    """The holder wants this copy to be worth nothing. A second time changes nothing."""
    with transaction.atomic():
        won = Credential.objects.filter(pk=row.pk, ended_at__isnull=True).update(ended_at=now, ended_by=account)
        if won:
            journal.record(
                CredentialEnded(licence=row.licence_id, credential=row.pk),
                subject=f"licence:{row.licence_id}",
                actor=actor,
            )
            journal.touch(topic_of(row.licence_id))
    return bool(won)


def topic_of(licence: int) -> str:
    """What the page of its copies listens to."""
    return f"copies:{licence}"


def of(licence: Licence) -> QuerySet[Credential]:
    """Every copy of this licence, newest first."""
    return Credential.objects.filter(licence=licence).order_by("-id")


# -- reading one that somebody shows


@dataclass(frozen=True)
class Seen:
    """What a credential of ours says and what it is worth now."""

    credential: Credential
    claims: dict[str, Any]
    status: str
    reason: str


def read(presented: sdjwt.SdJwt, *, now: datetime) -> Seen:
    """Believe a credential of ours, or raise Refused with the reason. Whose it is, is proven apart from this (`check_binding`)."""
    said = presented.jws.payload
    public = keys.find(services.key_directory(), presented.jws.kid)
    if said.get("iss") != issuer_address() or public is None:
        raise jose.Refused("unknown_key")
    if public.withdrawn_at is not None:
        raise jose.Refused("key_withdrawn")
    claims = presented.claims(public.seal_key)
    made, begins, ends = (jose.number(said, name) for name in ("iat", "nbf", "exp"))
    if made is None or ends is None or not public.was_in_use(datetime.fromtimestamp(made, tz=public.not_before.tzinfo)):
        raise jose.Refused("key_not_valid_then")
    if ends < now.timestamp():
        raise jose.Refused("expired")
    if begins is not None and begins > now.timestamp() + keys.CLOCKS_DIFFER.total_seconds():
        raise jose.Refused("not_yet_valid")
    row = _row_of(said)
    licence = row.licence if row is not None else None
    if row is None or licence is None or claims.get("vct") != kind_address(licence.type.slug):
        raise jose.Refused("unknown")
    if (public.department, public.licence_type) != (licence.issuer.code, licence.type.slug):
        raise jose.Refused("unknown_key")  # every department speaks for its own licences only
    confirmed = said.get("cnf")
    bound = jose.thumbprint(jose.key_of(confirmed.get("jwk"))) if isinstance(confirmed, dict) else ""
    if bound != row.thumbprint:
        raise jose.Refused("unknown")
    status, reason = status_lists.worth(row, today=timezone.localdate(now))
    return Seen(row, claims, status, reason)


def _row_of(said: dict[str, Any]) -> Credential | None:
    status = said.get("status")
    place = status.get("status_list") if isinstance(status, dict) else None
    if not isinstance(place, dict) or not isinstance(place.get("idx"), int) or not isinstance(place.get("uri"), str):
        return None
    before = status_lists.address("")
    listed = StatusList.objects.filter(key=place["uri"].removeprefix(before)).first()
    if listed is None or not place["uri"].startswith(before):
        return None
    rows = Credential.objects.select_related("licence__type", "licence__issuer", "licence__holder")
    return rows.filter(status_list=listed, index=place["idx"]).first()
