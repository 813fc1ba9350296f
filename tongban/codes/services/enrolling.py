"""Devices of readers: a one-time code lets a device register a key of its own; keys are replaced by their devices and revoked by officers.

The private key is made on the device and never leaves it. `key_id` is a digest of the public key, so a device proves that it holds the
key it registers by signing the very request that registers it.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tongban.codes import events
from tongban.codes.models import DeviceKey, Enrolment, Reader
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib import unicode
from tongban.lib.encryption import blind_index
from tongban.lib.problems import Invalid, NotAllowed

OPEN_FOR = timedelta(minutes=30)
OLD_KEY_STAYS = timedelta(minutes=10)  # answers on their way still find the old key good
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is read for something else
LETTERS = 12  # of 30: 58 bits, for half an hour
DEVICES = "devices"  # the topic that every process looks at before it believes a key


def key_id_of(public: bytes) -> str:
    return "d" + hashlib.sha256(b"tongban device\0" + public).hexdigest()[:26]


def open_enrolment(reader: Reader, *, officer: Officer, actor: Actor, now: datetime) -> str:
    """The code to type into the device, told once; an earlier one of this reader is worth nothing any more."""
    code = "".join(secrets.choice(ALPHABET) for _letter in range(LETTERS))
    with transaction.atomic():
        reader = Reader.objects.select_for_update().get(pk=reader.pk)
        if reader.state != Reader.State.ACTIVE:
            raise NotAllowed("reader-suspended", _("This reader is suspended; its devices cannot be enrolled."))
        Enrolment.objects.filter(reader=reader, used_at__isnull=True).delete()
        Enrolment.objects.create(
            reader=reader, digest=_digest(code), made_by=officer, made_at=now, expires_at=now + OPEN_FOR
        )
        journal.record(events.EnrolmentOpened(reader=reader.pk), subject=f"reader:{reader.pk}", actor=actor)
    return "-".join(code[at : at + 4] for at in range(0, LETTERS, 4))


def enrol(code: str, *, public: bytes, device: str, now: datetime) -> DeviceKey:
    """Register the key of a device that knows a code and has signed its request with the key. The row decides who was first."""
    readable = code.upper().replace("-", "").replace(" ", "")
    if sentence := unicode.unreadable(device):
        raise Invalid("unreadable", sentence, errors={"device": [sentence]})
    with transaction.atomic():
        row = (
            Enrolment.objects.select_related("reader")
            .filter(digest=_digest(readable), used_at__isnull=True, expires_at__gt=now)
            .first()
        )
        taken = row and Enrolment.objects.filter(pk=row.pk, used_at__isnull=True).update(used_at=now)
        if row is None or not taken or row.reader.state != Reader.State.ACTIVE:
            raise NotAllowed(
                "enrolment-code",
                _("This code is not known, was used, or is older than 30 minutes."),
                next_step=_("Ask the office for a new one."),
                status=403,
            )
        if DeviceKey.objects.filter(key_id=key_id_of(public)).exists():
            raise NotAllowed("key-known", _("This key is registered already."), next_step=_("Make a new one."))
        key = DeviceKey.objects.create(
            reader=row.reader,
            key_id=key_id_of(public),
            public_key=public.hex(),
            device=device[:80],
            enrolled_at=now,
            enrolled_by_id=row.made_by_id,
        )
        _changed(events.DeviceEnrolled(key=key.pk), key, _device(key))
    return key


def replace(key: DeviceKey, *, public: bytes, proof: bytes, now: datetime) -> DeviceKey:
    """The device goes on with a new key. `proof` is the new key's signature over both, so nobody registers what another holds."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(proof, replacing(key.key_id, public))
    except (InvalidSignature, ValueError):
        raise Invalid("proof", _("The new key did not sign for itself."), errors={"proof": ["signature"]}) from None
    with transaction.atomic():
        if DeviceKey.objects.filter(key_id=key_id_of(public)).exists():
            raise NotAllowed("key-known", _("This key is registered already."), next_step=_("Make a new one."))
        ended = DeviceKey.objects.filter(pk=key.pk, state=DeviceKey.State.ACTIVE)
        if not ended.update(state=DeviceKey.State.REPLACED, ends_at=now + OLD_KEY_STAYS):
            raise NotAllowed("key-ended", _("This key is not in use any more."), status=401)
        made = DeviceKey.objects.create(
            reader_id=key.reader_id,
            key_id=key_id_of(public),
            public_key=public.hex(),
            device=key.device,
            enrolled_at=now,
            enrolled_by_id=key.enrolled_by_id,
        )
        _changed(events.DeviceKeyReplaced(key=key.pk, by=made.pk), key, _device(key))
    return made


def replacing(key_id: str, public: bytes) -> bytes:
    """What a new key signs when it takes the place of another."""
    return b"tongban replaces " + key_id.encode() + b" by " + public.hex().encode()


def revoke(key: DeviceKey, *, officer: Officer, actor: Actor, now: datetime) -> bool:
    """From this commit on no process takes anything of it in. False when it was revoked before."""
    with transaction.atomic():
        rows = DeviceKey.objects.filter(pk=key.pk).exclude(state=DeviceKey.State.REVOKED)
        if not rows.update(state=DeviceKey.State.REVOKED, revoked_at=now, revoked_by=officer):
            return False
        _changed(events.DeviceKeyRevoked(key=key.pk), key, actor)
    return True


def _changed(what, key: DeviceKey, actor: Actor) -> None:
    journal.record(what, subject=f"reader:{key.reader_id}", actor=actor)
    journal.touch(DEVICES)


def _device(key: DeviceKey) -> Actor:
    return Actor(kind="reader", role="reader")


def _digest(code: str) -> str:
    return blind_index(code, "codes.Enrolment")
