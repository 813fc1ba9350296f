"""Keys of days: what is written down under an order is sealed so that only the health office can read it, and nobody after two weeks.

    visit --sealed to--> public key of its day            (in the database)
    private key of the day --sealed to--> the office      (a file here, outside the database and outside every backup)
    private key of the office                             (with the office: never on this server)

The server makes the pair of a day, seals the private half to the office at once and forgets it. Destroying the file of a day makes
everything of that day unreadable for everybody, the office and old backups included.
"""

import base64
import binascii
import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEPT = timedelta(days=14)
OFFICE = "office.pub"
PREFIX = "v1."
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_EPHEMERAL, _NONCE = 32, 12
_ROUND = 128  # lengths say nothing: what is sealed is filled up to a multiple of this


def folder() -> Path:
    """Beside the keys and not among them: a backup that takes the keys along does not take these."""
    return Path(str(settings.TONGBAN_VAR)) / "day-keys"


class NotReadable(Exception):
    """It was not sealed to this key, it was changed, or the key of its day was destroyed."""


def seal(public: bytes, content: bytes, bound_to: str) -> str:
    """To the holder of the private half and nobody else; `bound_to` is authenticated with it."""
    ephemeral, nonce = X25519PrivateKey.generate(), os.urandom(_NONCE)
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    mine = ephemeral.public_key().public_bytes_raw()
    filled = len(content).to_bytes(4, "big") + content
    filled += bytes(-len(filled) % _ROUND)
    sealed = AESGCM(_key(shared, mine, public)).encrypt(nonce, filled, bound_to.encode())
    return PREFIX + base64.urlsafe_b64encode(mine + nonce + sealed).decode()


def unseal(private: X25519PrivateKey, sealed: str, bound_to: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(sealed.removeprefix(PREFIX)) if sealed.startswith(PREFIX) else b""
        theirs, nonce, rest = raw[:_EPHEMERAL], raw[_EPHEMERAL : _EPHEMERAL + _NONCE], raw[_EPHEMERAL + _NONCE :]
        shared = private.exchange(X25519PublicKey.from_public_bytes(theirs))
        key = _key(shared, theirs, private.public_key().public_bytes_raw())
        filled = AESGCM(key).decrypt(nonce, rest, bound_to.encode())
    except (ValueError, InvalidTag, binascii.Error) as wrong:
        raise NotReadable("This cannot be read with this key.") from wrong
    return filled[4 : 4 + int.from_bytes(filled[:4], "big")]


def _key(shared: bytes, ephemeral: bytes, public: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"tongban day key" + ephemeral + public).derive(shared)


# -- the office's own key


def new_office_key(password: bytes | None) -> tuple[bytes, bytes]:
    """(private key as PEM for the office alone, public key for this server)."""
    key = X25519PrivateKey.generate()
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    return pem, key.public_key().public_bytes_raw()


def read_office_key(pem: bytes, password: bytes | None) -> X25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password)
    except (ValueError, TypeError) as wrong:
        raise NotReadable("The key file cannot be read, or its password is another one.") from wrong
    if not isinstance(key, X25519PrivateKey):
        raise NotReadable("This is not a key of the health office.")
    return key


def enter_office(into: Path, public: bytes) -> None:
    """From the next day's key on, days are sealed to this office."""
    with _alone(into):
        _write(into / OFFICE, base64.b64encode(public))


def office(folder: Path) -> bytes | None:
    return _public(folder / OFFICE)


# -- days


def public_of(folder: Path, day: date) -> bytes | None:
    """The public key of a day, made on first use; None where no office has entered its key, so that nothing can be kept."""
    return _public_of(folder, day.isoformat()) or _make(folder, day)


@lru_cache(maxsize=8)
def _known(path: Path, changed: int, inode: int) -> bytes:
    return base64.b64decode(path.read_bytes())


def _public(path: Path) -> bytes | None:
    try:
        state = path.stat()
        return _known(path, state.st_mtime_ns, state.st_ino)
    except FileNotFoundError:
        return None


def _public_of(folder: Path, day: str) -> bytes | None:
    return _public(folder / f"{day}.pub")


def _make(folder: Path, day: date) -> bytes | None:
    to = office(folder)
    if to is None:
        return None
    with _alone(folder):
        if (there := _public_of(folder, day.isoformat())) is not None:
            return there
        key = X25519PrivateKey.generate()
        wrapped = seal(to, key.private_bytes_raw(), day.isoformat())
        public = key.public_key().public_bytes_raw()
        _write(folder / f"{day}.key", wrapped.encode())  # first: a public key without it would seal to nobody
        _write(folder / f"{day}.pub", base64.b64encode(public))
    return public


def open_day(folder: Path, day: date, office_key: X25519PrivateKey) -> X25519PrivateKey:
    """The private key of a day, with the office's own. Raises NotReadable once it was destroyed."""
    try:
        wrapped = (folder / f"{day}.key").read_text()
    except FileNotFoundError:
        raise NotReadable(f"The key of {day} does not exist any more: nobody can read that day.") from None
    return X25519PrivateKey.from_private_bytes(unseal(office_key, wrapped, day.isoformat()))


def days(folder: Path) -> list[date]:
    names = {path.stem for path in folder.glob("*.key") if _DAY.fullmatch(path.stem)} if folder.is_dir() else set()
    return sorted(date.fromisoformat(name) for name in names)


def destroy_before(folder: Path, first_kept: date) -> list[date]:
    """Destroy the keys of all earlier days, for ever. Returns which."""
    gone = [day for day in days(folder) if day < first_kept]
    if not gone:
        return []
    with _alone(folder):
        for day in gone:
            for path in (folder / f"{day}.key", folder / f"{day}.pub"):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
        _settle(folder)
    return gone


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """What was renamed or removed in it is so after a power cut too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
