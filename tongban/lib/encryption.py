"""Personal data at rest: AES-GCM with the key's id in the value, so keys can be renewed; and a blind index to find by.

A value reads `e1.<key id>.<base64url of nonce and ciphertext>`. The context (model and field) is authenticated with it, so a
value copied into another column does not open there. Keys are files outside the database: `field-<id>.key`, the last id in
order encrypts and all of them decrypt; `index.key` is for blind indexes and findable values (`d1.<base64url>`: the same text is the
same value) and is never renewed, or nobody is found again.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from django.conf import settings

PREFIX = "e1"
FINDABLE = "d1"
_NONCE = 12


class KeysMissing(Exception):
    """The keys that open personal data are not where the settings say."""


class Unreadable(Exception):
    """The value was changed, belongs elsewhere, or its key is gone."""


class Keyring:
    def __init__(self, field_keys: dict[str, bytes], index_key: bytes):
        if not field_keys:
            raise KeysMissing("There is no field key. Run the set-up, or bring back the key files from the backup.")
        self._opens = {key_id: AESGCM(key) for key_id, key in field_keys.items()}
        self._index_key = index_key
        self._findable = AESSIV(hmac.new(index_key, b"tongban findable", hashlib.sha512).digest())
        self.newest = max(field_keys)

    @classmethod
    def load(cls, folder: Path) -> "Keyring":
        folder = Path(folder)
        found = {path.stem.removeprefix("field-"): _read(path) for path in sorted(folder.glob("field-*.key"))}
        index = folder / "index.key"
        if not found or not index.is_file():
            missing = "field-*.key" if not found else "index.key"
            raise KeysMissing(
                f"{missing} is missing in the folder of keys (TONGBAN_KEYS). Run the set-up to create keys for a new "
                "installation; for an existing one bring the files back from the backup, or its personal data stays closed."
            )
        return cls(found, _read(index))

    def encrypt(self, text: str, context: str) -> bytes:
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._opens[self.newest].encrypt(
            nonce, text.encode("utf-8", "surrogatepass"), _bound(self.newest, context)
        )
        return b".".join((PREFIX.encode(), self.newest.encode(), base64.urlsafe_b64encode(sealed).rstrip(b"=")))

    def decrypt(self, value: bytes | str, context: str) -> str:
        return self.opened(*_parts(value), context)

    def opened(self, key_id: str, sealed: bytes, context: str) -> str:
        if key_id not in self._opens:
            raise Unreadable(f"The key {key_id} of this value is not in the folder of keys.")
        try:
            return (
                self._opens[key_id]
                .decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(key_id, context))
                .decode("utf-8", "surrogatepass")
            )
        except InvalidTag as wrong:
            raise Unreadable(f"This value was changed or does not belong to {context}.") from wrong

    def knows(self, value: bytes | str) -> bool:
        return self.has(_parts(value)[0])

    def has(self, key_id: str) -> bool:
        return key_id in self._opens

    def is_stale(self, value: bytes | str) -> bool:
        """Sealed with an older key than the newest: the rotation writes it anew."""
        return _parts(value)[0] != self.newest

    def seal_findable(self, text: str, context: str) -> str:
        """The same text in the same context gives the same value (AES-SIV), so a database can find it by its whole and not otherwise."""
        sealed = self._findable.encrypt(text.encode("utf-8", "surrogatepass"), [context.encode()])
        return f"{FINDABLE}.{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}"

    def open_findable(self, value: str, context: str) -> str:
        prefix, _, sealed = value.partition(".")
        try:
            if prefix != FINDABLE:
                raise Unreadable("This is not an encrypted value.")
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
            return self._findable.decrypt(raw, [context.encode()]).decode("utf-8", "surrogatepass")
        except (ValueError, binascii.Error) as wrong:
            raise Unreadable("This is not an encrypted value.") from wrong
        except InvalidTag as wrong:
            raise Unreadable(f"This value was changed or does not belong to {context}.") from wrong

    def blind_index(self, text: str, context: str) -> str:
        """The same text in the same context gives the same 64 hexadecimal digits; the caller brings it into one spelling."""
        return hmac.digest(self._index_key, f"{context}\0{text}".encode("utf-8", "surrogatepass"), "sha256").hex()


def encrypt(text: str, context: str) -> bytes:
    return keyring().encrypt(text, context)


def decrypt(value: bytes | str, context: str) -> str:
    ring = keyring()
    key_id, sealed = _parts(value)
    if not ring.has(key_id):
        ring = keyring(anew=True)  # another process may have added a key since we read the folder
    return ring.opened(key_id, sealed, context)


def blind_index(text: str, context: str) -> str:
    return keyring().blind_index(text, context)


def seal_findable(text: str, context: str) -> str:
    return keyring().seal_findable(text, context)


def open_findable(value: str, context: str) -> str:
    return keyring().open_findable(value, context)


_rings: dict[Path, Keyring] = {}
_looked: dict[Path, tuple[float, int]] = {}
_reading = Lock()
LOOK_AGAIN_AFTER = 1.0  # seconds: a key that another process has added is used at most this late


def keyring(*, anew: bool = False) -> Keyring:
    """The keyring of the folder that the settings name; read again when the folder has changed, so keys are renewed while we run."""
    folder = _folder(str(settings.TONGBAN_KEYS))
    ring = _rings.get(folder)
    now = time.monotonic()
    at, changed = _looked.get(folder, (0.0, 0))
    if ring is not None and not anew and now - at < LOOK_AGAIN_AFTER:
        return ring
    stamp = folder.stat().st_mtime_ns if folder.is_dir() else 0
    if ring is None or anew or stamp != changed:
        with _reading:
            try:
                ring = _rings[folder] = Keyring.load(folder)
            except KeysMissing:
                if ring is None:
                    raise  # who has the keys in hand goes on with them; the next start says what is missing
    _looked[folder] = (now, stamp)
    return ring


@lru_cache(maxsize=16)
def _folder(text: str) -> Path:
    """One and the same object: a path made anew is taken apart anew whenever it is looked up."""
    return Path(text)


def create_keys(folder: Path) -> list[Path]:
    """Make what is missing; keys that exist are never touched. Returns the files made.

    The index key is not made beside existing field keys: a new one would silently stop finding everybody already stored.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    has_field_key = any(folder.glob("field-*.key"))
    if has_field_key and not (folder / "index.key").exists():
        raise KeysMissing("index.key is missing beside existing field keys. Bring it back from the backup.")
    made = []
    if not has_field_key:
        if not (folder / "index.key").exists():
            made.append(_write(folder / "index.key"))
        made.append(add_key(folder))
    return made


def add_key(folder: Path) -> Path:
    """A new field key, which encrypts from now on; the older ones stay to open what they sealed."""
    moment = datetime.now(UTC).strftime("%Y%m%d%H%M%S%f")
    path = _write(Path(folder) / f"field-{moment}-{secrets.token_hex(2)}.key")
    _rings.pop(Path(folder), None)
    return path


def key_of(value: bytes | str) -> str:
    """The id of the key that sealed this value."""
    return _parts(value)[0]


def field_keys(folder: Path) -> list[str]:
    """The ids of the field keys that are there, the oldest first; the last one seals."""
    return sorted(path.stem.removeprefix("field-") for path in Path(folder).glob("field-*.key"))


def retire_key(folder: Path, key_id: str) -> Path:
    """Out of use, but not destroyed: older backups are sealed with it. The newest key is never retired."""
    folder = Path(folder)
    if key_id not in field_keys(folder) or key_id == field_keys(folder)[-1]:
        raise ValueError(key_id)
    aside = folder / "retired"
    aside.mkdir(exist_ok=True, mode=0o700)
    target = aside / f"field-{key_id}.key"
    (folder / f"field-{key_id}.key").rename(target)
    _rings.pop(folder, None)
    return target


def _bound(key_id: str, context: str) -> bytes:
    return f"tongban\0{PREFIX}\0{key_id}\0{context}".encode()


def _parts(value: bytes | str) -> tuple[str, bytes]:
    text = value if isinstance(value, str) else bytes(value).decode("ascii", "replace")
    prefix, _, rest = text.partition(".")
    key_id, _, sealed = rest.partition(".")
    if prefix != PREFIX or not key_id or not sealed:
        raise Unreadable("This is not an encrypted value.")
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as wrong:
        raise Unreadable("This is not an encrypted value.") from wrong
    if len(raw) <= _NONCE:
        raise Unreadable("This is not an encrypted value.")
    return key_id, raw


def _read(path: Path) -> bytes:
    try:
        key = base64.b64decode(path.read_text("ascii").strip(), validate=True)
    except (ValueError, OSError) as wrong:
        raise KeysMissing(f"{path.name} cannot be read as a key.") from wrong
    if len(key) != 32:
        raise KeysMissing(f"{path.name} does not hold a key of 32 bytes.")
    return key


def _write(path: Path) -> Path:
    """On disk before anything is sealed with it, and never over an existing file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(os.urandom(32)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return path
