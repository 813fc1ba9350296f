"""Keys that sign codes, and the keys that open the aliases in them. Files outside the database and its backups, mode 0600.

A key lives at most 90 days and a new one takes over while the old one still has a month, so both are known everywhere before the old
one ends. What it signed stays verifiable until that ends by itself (a paper code after 180 days), so `destroy_ended` takes the private
half at the end of the key and the alias key only when no paper can be left. A stolen key is withdrawn: all it ever signed is refused.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tongban.lib import ed25519

LIVES = timedelta(days=90)
RENEWED_BEFORE_END = timedelta(days=30)
ANNOUNCED_FOR = timedelta(hours=25)  # before it signs: gates that are alone know the keys of a bundle of yesterday
PAPER_LIVES = timedelta(days=180)
CLOCKS_DIFFER = timedelta(minutes=1)
LOOK_AGAIN_AFTER = 1.0  # seconds: a key that another process has made or withdrawn is known at most this late
KID = 4  # bytes


class KeyTrouble(Exception):
    """A key cannot be made or found; the message says which and what to do."""


@dataclass(frozen=True)
class Key:
    """One key as this process knows it. The private halves are never shown in a repr, a log or a traceback."""

    kid: bytes
    not_before: datetime
    not_after: datetime
    public: bytes
    withdrawn_at: datetime | None = None
    withdrawn_why: str = ""
    signing: bytes | None = field(default=None, repr=False)
    opening: bytes | None = field(default=None, repr=False)

    @property
    def key_id(self) -> str:
        return self.kid.hex()

    @cached_property
    def public_key(self) -> ed25519.Verifies:
        return ed25519.verify_key(self.public)

    @cached_property
    def private_key(self) -> Ed25519PrivateKey:
        if self.signing is None:
            raise KeyTrouble(f"{self.key_id} cannot sign any more.")
        return Ed25519PrivateKey.from_private_bytes(self.signing)

    @cached_property
    def span(self) -> tuple[float, float]:
        return self.not_before.timestamp(), self.not_after.timestamp()

    def was_in_use(self, second: float) -> bool:
        begins, ends = self.span
        return begins <= second <= ends

    # An alias is one block of AES: the number of the card, and as many random bytes. Without the key two aliases of one card
    # have nothing in common; with it the card is found without asking the database. The signature says that nobody changed it.

    def alias_of(self, card: int) -> bytes:
        sealing = self._cipher.encryptor()
        return sealing.update(card.to_bytes(8, "big") + secrets.token_bytes(8)) + sealing.finalize()

    def card_of(self, alias: bytes) -> int:
        return self.cards_of([alias])[0]

    def cards_of(self, aliases: Sequence[bytes]) -> list[int]:
        """Of many at once: beginning to open costs as much as opening fifty."""
        opening = self._cipher.decryptor()
        plain = opening.update(b"".join(aliases)) + opening.finalize()
        return [int.from_bytes(plain[at : at + 8], "big") for at in range(0, len(plain), 16)]

    @cached_property
    def _cipher(self) -> Cipher:
        if self.opening is None:
            raise KeyTrouble(f"{self.key_id} cannot open aliases any more.")
        return Cipher(algorithms.AES(self.opening), modes.ECB())  # noqa: S305 - a single block, half of it random


Ring = Mapping[bytes, Key]


def current(directory: Path, *, now: datetime) -> Key:
    """The key to sign with now. Its successor is made a day before it is needed, so that every gate has heard of it; where there is none
    (at first use, or after a withdrawal) one is made and signs at once. Safe for several processes."""
    keys = ring(directory)
    if (found := _usable(keys, now)) is not None and _usable(keys, now + ANNOUNCED_FOR) is not None:
        return found
    with _alone(directory):
        keys = ring(directory, anew=True)
        found = _usable(keys, now)
        if found is None or _usable(keys, now + ANNOUNCED_FOR) is None:
            made = _make(directory, now)
        return found or made


def create(directory: Path, *, now: datetime) -> Key:
    """A new key, whatever there is already: it signs as soon as it has been announced for a day, or no other can."""
    with _alone(directory):
        return _make(directory, now)


def withdraw(directory: Path, key_id: str, *, now: datetime, why: str) -> Key:
    """Nothing it signed is accepted any more; its private half is destroyed. A second time changes nothing."""
    with _alone(directory):
        key = next((one for one in ring(directory, anew=True).values() if one.key_id == key_id), None)
        if key is None:
            raise KeyTrouble(f"There is no key {key_id!r} in {directory.name}.")
        (directory / f"{key_id}.key").unlink(missing_ok=True)
        if key.withdrawn_at is None:
            card = json.loads((directory / f"{key_id}.json").read_text())
            card |= {"withdrawn_at": now.astimezone(UTC).isoformat(), "withdrawn_why": why}
            _write(directory / f"{key_id}.json", json.dumps(card, indent=1).encode(), replace=True)
        return ring(directory, anew=True)[key.kid]


def destroy_ended(directory: Path, *, now: datetime) -> list[str]:
    """Private halves of keys whose time is over, and the alias keys that no living paper needs. Returns the ids of keys touched."""
    gone = []
    with _alone(directory):
        for key in ring(directory, anew=True).values():
            if key.signing is not None and key.not_after < now:
                (directory / f"{key.key_id}.key").unlink(missing_ok=True)
                gone.append(key.key_id)
            if key.opening is not None and key.not_after + PAPER_LIVES + CLOCKS_DIFFER < now:
                (directory / f"{key.key_id}.alias").unlink(missing_ok=True)
                gone.append(key.key_id)
        ring(directory, anew=True)
    return list(dict.fromkeys(gone))


def all_public(directory: Path) -> list[Key]:
    """Every key there ever was, oldest first: for trust lists and offline bundles."""
    return sorted(ring(directory).values(), key=lambda key: (key.not_before, key.kid))


_rings: dict[Path, tuple[float, int, dict[bytes, Key]]] = {}
_reading = Lock()


def ring(directory: Path, *, anew: bool = False) -> dict[bytes, Key]:
    """All keys by their ids, kept in memory and read again when the folder has changed."""
    held = _rings.get(directory)
    tick = time.monotonic()
    if held is not None and not anew and tick - held[0] < LOOK_AGAIN_AFTER:
        return held[2]
    stamp = directory.stat().st_mtime_ns if directory.is_dir() else 0
    if held is None or anew or held[1] != stamp:
        with _reading:
            keys = {key.kid: key for key in map(_read, sorted(directory.glob("*.json")))} if stamp else {}
            _rings[directory] = (tick, stamp, keys)
            return keys
    _rings[directory] = (tick, stamp, held[2])
    return held[2]


def changed(directory: Path) -> bool:
    """Whether keys were made or withdrawn since the ring in memory was read."""
    held = _rings.get(directory)
    return held is None or (directory.stat().st_mtime_ns if directory.is_dir() else 0) != held[1]


def troubles(directory: Path, *, now: datetime) -> list[str]:
    """Everything wrong with the key files, for `tongban check`."""
    if not directory.is_dir():
        return []
    found = [
        f"{path.name} can be read by others: chmod go-rwx it."
        for path in sorted([directory, *directory.iterdir()])
        if path.stat().st_mode & 0o077
    ]
    try:
        for key in ring(directory, anew=True).values():
            if key.not_after - key.not_before > LIVES:
                found.append(f"Code key {key.key_id} lives longer than {LIVES.days} days.")
            if key.not_after < now and key.signing is not None:
                found.append(f"Code key {key.key_id} has ended but its private half still lies here.")
    except (ValueError, KeyError) as error:
        found.append(f"A code key cannot be read: {error}")
    return found


def _usable(keys: Ring, now: datetime) -> Key | None:
    usable = [
        key
        for key in keys.values()
        if key.signing is not None
        and key.opening is not None
        and key.withdrawn_at is None
        and key.not_before <= now <= key.not_after - RENEWED_BEFORE_END
    ]
    announced = [key for key in usable if key.not_before + ANNOUNCED_FOR <= now]
    return max(announced or usable, key=lambda key: (key.not_after, key.kid), default=None)


def _make(directory: Path, now: datetime) -> Key:
    begins = now.astimezone(UTC).replace(microsecond=0) - CLOCKS_DIFFER
    kid, private = secrets.token_bytes(KID), Ed25519PrivateKey.generate()
    card = {
        "kid": kid.hex(),
        "not_before": begins.isoformat(),
        "not_after": (begins + LIVES).isoformat(),
        "public": private.public_key().public_bytes_raw().hex(),
    }
    _write(directory / f"{kid.hex()}.alias", secrets.token_hex(32).encode())
    _write(directory / f"{kid.hex()}.key", private.private_bytes_raw().hex().encode())
    _write(directory / f"{kid.hex()}.json", json.dumps(card, indent=1).encode())
    return ring(directory, anew=True)[kid]


def _read(path: Path) -> Key:
    card = json.loads(path.read_text())
    withdrawn = card.get("withdrawn_at")
    return Key(
        kid=bytes.fromhex(card["kid"]),
        not_before=datetime.fromisoformat(card["not_before"]),
        not_after=datetime.fromisoformat(card["not_after"]),
        public=bytes.fromhex(card["public"]),
        withdrawn_at=datetime.fromisoformat(withdrawn) if withdrawn else None,
        withdrawn_why=card.get("withdrawn_why", ""),
        signing=_half(path.with_suffix(".key")),
        opening=_half(path.with_suffix(".alias")),
    )


def _half(path: Path) -> bytes | None:
    try:
        return bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Whole or not at all, and never readable by others for even a moment."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if replace:
        aside.replace(path)
    else:
        os.link(aside, path)  # fails when the name is taken: a key is never overwritten
        aside.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One process at a time makes or withdraws keys."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
