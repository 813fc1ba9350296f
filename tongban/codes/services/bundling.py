"""Bundles for gates: what a reader may decide alone for a day. Nothing in it names a person, and lost papers cannot be listed from it."""

import base64
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import translation

from tongban.codes import bundle, keys, wording
from tongban.codes.colours import order_in_force
from tongban.codes.models import DeviceKey, IdentityCode, Reader
from tongban.codes.services import verifying
from tongban.codes.services.scanning import Device
from tongban.lib.coded_set import CodedSet

HEALTH = {"colour", "test"}


def key_file() -> Path:
    return Path(str(settings.TONGBAN_KEYS)) / "gates.key"


def bundle_key() -> Ed25519PrivateKey:
    """The key that gates were given to know bundles by; made at first use. Whoever loses it enrols every gate again."""
    path = key_file()
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    except FileNotFoundError:
        pass
    made = Ed25519PrivateKey.generate()
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(made.private_bytes_raw().hex())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(aside, path)  # another process may have been faster: its key holds
    except FileExistsError:
        return bundle_key()
    finally:
        aside.unlink()
    return made


def public_half() -> str:
    return base64.urlsafe_b64encode(bundle_key().public_key().public_bytes_raw()).rstrip(b"=").decode()


def bundle_for(device: Device, now: datetime) -> tuple[str, str]:
    """(the signed bundle, its tag). The tag stays while nothing but minutes have changed: a gate that asks again and again is told that
    there is nothing new, and still gets a whole day each hour."""
    content = content_for(device.reader, now)
    lost = _lost(now)
    content["tag"] = bundle.tag_of({**content, "papers": lost, "hour": int(now.timestamp()) // 3600})
    content["lost"] = base64.urlsafe_b64encode(CodedSet.of(one.encode() for one in lost).data).rstrip(b"=").decode()
    DeviceKey.objects.filter(pk=device.pk).update(bundle_at=now)
    return bundle.seal(content, bundle_key()), content["tag"]


def content_for(reader: Reader, now: datetime) -> dict[str, Any]:
    keys.current(verifying.key_directory(), now=now)  # whatever will sign from now on stands in the list
    scene = reader.scene
    wanted = set(scene.fields)
    health = bool(wanted & HEALTH) and order_in_force(now, measure="health_colours") is not None
    return {
        "version": 1,
        "made_at": now.isoformat(timespec="seconds"),
        "valid_until": (now + bundle.VALID_FOR).isoformat(timespec="seconds"),
        "reader": {
            "id": reader.pk,
            "name": reader.name,
            "place": reader.place,
            "sort": str(reader.sort),
            "asks": reader.asks,
        },
        "scene": {
            "id": scene.slug,
            "name": scene.name,
            "kinds": sorted(int(kind) for kind, sort in verifying.SORTS.items() if sort in scene.sorts),
            "alone": scene.in_force and not scene.compares and not health,
            "compares": scene.compares,
        },
        "keys": [
            {
                "kid": key.key_id,
                "alg": "EdDSA",
                "x": base64.urlsafe_b64encode(key.public).rstrip(b"=").decode(),
                "not_before": key.not_before.isoformat(),
                "not_after": key.not_after.isoformat(),
                "withdrawn_at": key.withdrawn_at.isoformat() if key.withdrawn_at else None,
            }
            for key in keys.all_public(verifying.key_directory())
            if key.not_after + keys.PAPER_LIVES >= now
        ],
        "words": _words(),
    }


def _lost(now: datetime) -> list[str]:
    """Marks of papers that are worth nothing any more though their 180 days are not over."""
    papers = IdentityCode.objects.filter(sort=IdentityCode.Sort.PAPER, ends_at__gt=now)
    return sorted(papers.exclude(state=IdentityCode.State.GOOD).exclude(mark="").values_list("mark", flat=True))


def _words() -> dict[str, dict[str, dict[str, str]]]:
    """What a guard reads aloud, in both languages: the gate has no dictionary of its own."""
    said: dict[str, dict[str, dict[str, str]]] = {reason: {} for reason in wording.REASONS}
    for tongue, language in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(language):
            for reason, words in wording.REASONS.items():
                said[reason][tongue] = {"sentence": str(words.sentence), "next_step": str(words.next_step)}
    return said
