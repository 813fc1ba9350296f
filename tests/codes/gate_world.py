"""A gate for tests: a reader with a device key, people with codes, and requests signed as a gate signs them."""

import json
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests import make
from tongban.codes import payload
from tongban.codes.keys import current
from tongban.codes.models import DeviceKey, IdentityCode, Reader, Scene
from tongban.codes.services import enrolling, holding, verifying
from tongban.lib import signed_requests


def scene(slug="library", fields=("alias",), sorts=("person", "family", "company", "paper"), **given) -> Scene:
    words = {"zh": slug, "en": slug}
    found = Scene.objects.filter(slug=slug).first()
    return found or Scene.objects.create(
        slug=slug, name=words, purpose=words, basis=words, fields=list(fields), sorts=list(sorts), **given
    )


class Gate:
    """A device that stands somewhere and holds its key."""

    def __init__(self, of: Scene | None = None, *, reader: Reader | None = None, **given):
        self.reader = reader or Reader.objects.create(
            **{"name": "Gate 1", "place": "City library", "operator": "library", "scene": of or scene()} | given
        )
        self.private = Ed25519PrivateKey.generate()
        public = self.private.public_key().public_bytes_raw()
        self.row = DeviceKey.objects.create(
            reader=self.reader,
            key_id=enrolling.key_id_of(public),
            public_key=public.hex(),
            enrolled_at=datetime.now(UTC),
        )

    def signed(self, path: str, body: bytes, *, method="POST", created=None, nonce="", key=None, key_id="") -> dict:
        return signed_requests.sign(
            method,
            path,
            body,
            key=key or self.private,
            key_id=key_id or self.row.key_id,
            created=int(time.time()) if created is None else created,
            nonce=nonce,
        )

    def verify(self, client, code: str, *, scan="", headers=None, **how):
        body = json.dumps({"scan": scan or secrets.token_urlsafe(12), "code": code}).encode()
        return self.post(client, "/api/v1/codes/verify", body, headers=headers, **how)

    def post(self, client, path: str, body: bytes, *, headers=None, **how):
        given = self.signed(path, body, **how) | (headers or {})
        return client.post(path, body, content_type="application/json", headers=given)

    def get(self, client, path: str, *, headers=None, **how):
        return client.get(path, headers=self.signed(path, b"", method="GET", **how) | (headers or {}))


def card_of(account=None) -> IdentityCode:
    account = account or make.account()
    return holding.code_of(account, account.person, datetime.now(UTC))


def codes_of(card: IdentityCode, count: int = 1, at: float | None = None) -> list[str]:
    """Codes of this moment, as a phone would show them one after the other."""
    now = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    key = current(verifying.key_directory(), now=now)
    kind = holding.KINDS[IdentityCode.Sort(card.sort)]
    return [payload.issue(key, kind, card.pk, issued_at=int(now.timestamp())) for _one in range(count)]


def words(answers: Iterable) -> list[tuple]:
    return [
        (one.status_code, one.json().get("verdict", one.json().get("code")), one.json().get("reason"))
        for one in answers
    ]
