"""Files at rest: sealed, named by what they hold, whole or not at all, and checked at every reading.

A name is a shelf (each kind of file has its own, so that one room's cleaning never touches another's) and a keyed digest of
the content: the same content twice is one file, and a name betrays nothing. Each file has a key of its own, sealed with the house's keyring (`lib.encryption`), so renewing keys rewrites a line and not the file.
Layout: `tongban-store-1`, the sealed key, both on lines of their own, then pieces of at most 1 MiB, each with its place in
the file and whether it is the last one authenticated with it.
"""

import base64
import contextlib
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from tongban.lib.encryption import Unreadable, blind_index, decrypt, encrypt, key_of

FORM = b"tongban-store-1\n"
PIECE = 1 << 20
TAG = 16
UNFINISHED = ".part"
NAME = re.compile("[a-z]{1,15}-[0-9a-f]{64}")


class Damaged(Exception):
    """The file is gone, was changed, or does not hold what it was kept for. Only sending it again helps."""


def folder() -> Path:
    return Path(settings.TONGBAN_VAR) / "media"


def name_of(content: bytes, shelf: str) -> str:
    return f"{shelf}-{blind_index(hashlib.sha256(content).hexdigest(), f'materials.store.{shelf}')}"


def put(content: bytes, *, shelf: str = "kept") -> str:
    """On disk, whole, before this returns: call it before the row that names the file commits. Repairs a damaged file.

    Nothing is ever swept from the shelf `kept`.
    """
    name = name_of(content, shelf)
    path = _path(name)
    with _as_one_of_many():
        if path.exists():
            with contextlib.suppress(Damaged, FileNotFoundError):
                get(name)
                os.utime(path)  # the cleaning sees that it is wanted again
                return name
        _write(path, _sealed(content, name))
    return name


def get(name: str, *, sha256: str | None = None) -> bytes:
    """What the file holds, compared with its name (and with `sha256` where the row has one). Raises Damaged."""
    try:
        raw = _path(name).read_bytes()
    except OSError as error:
        raise Damaged(f"{name}: {error}") from error
    content = _opened(raw, name)
    if name_of(content, name.partition("-")[0]) != name:
        raise Damaged(f"{name}: holds something else")
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise Damaged(f"{name}: is not what the row says")
    return content


def names() -> Iterator[str]:
    """Every file that is kept, in the order of its name."""
    for path in sorted(folder().glob("*/??/*")):
        name = f"{path.parts[-3]}-{path.name}"
        if NAME.fullmatch(name):
            yield name


def sealed_with(name: str) -> str:
    """The id of the key that sealed this file's own key. Raises Damaged."""
    try:
        with _path(name).open("rb") as file:
            head = file.read(4096).split(b"\n", 2)
        return key_of(head[1])
    except (OSError, IndexError, Unreadable) as error:
        raise Damaged(f"{name}: {error}") from error


def seal_anew(name: str) -> None:
    """The same content under the newest key; whoever reads meanwhile reads the old file or the new one, whole."""
    with _as_one_of_many():
        _write(_path(name), _sealed(get(name), name))


def sweep(shelf: str, wanted: Collection[str], *, before: datetime) -> int:
    """Delete files that nobody names and nobody wrote since `before`; also what a crash left half-written. Returns how many."""
    if shelf == "kept":
        raise ValueError("nothing is swept from this shelf")
    deleted = 0
    for path in (folder() / shelf).glob("??/*"):
        if f"{shelf}-{path.name}" in wanted:
            continue
        with _alone(), contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before.timestamp():
                path.unlink()
                deleted += 1
    return deleted


def discard(name: str, *, before: datetime) -> bool:
    """Delete this one file, unless somebody wrote the same content since `before`. Whether a row names it the caller has looked."""
    with _alone(), contextlib.suppress(FileNotFoundError):
        path = _path(name)
        if path.stat().st_mtime < before.timestamp():
            path.unlink()
            return True
    return False


def _path(name: str) -> Path:
    shelf, _dash, digest = name.partition("-")
    if not NAME.fullmatch(name):
        raise Damaged("not a name of this store")
    return folder() / shelf / digest[:2] / digest


def _write(path: Path, content: bytes) -> None:
    """Everything or nothing: written aside, forced to disk, then given its name; the folder is forced to disk as well."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    for place in (path.parent, path.parent.parent, folder()):  # new folders are not on disk before theirs are
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sealed(content: bytes, name: str) -> bytes:
    key = os.urandom(32)
    head = FORM + encrypt(base64.b64encode(key).decode(), _context(name)) + b"\n"
    cipher, pieces = AESGCM(key), [content[at : at + PIECE] for at in range(0, len(content), PIECE)] or [b""]
    # The key is used for this file alone, so counting makes nonces that never repeat.
    return head + b"".join(
        cipher.encrypt(_nonce(number, last=number == len(pieces) - 1), piece, head)
        for number, piece in enumerate(pieces)
    )


def _opened(raw: bytes, name: str) -> bytes:
    form_ends = len(FORM)
    key_ends = raw.find(b"\n", form_ends) + 1
    if not raw.startswith(FORM) or not key_ends:
        raise Damaged(f"{name}: not a file of this store")
    head, body = raw[:key_ends], raw[key_ends:]
    try:
        cipher = AESGCM(base64.b64decode(decrypt(head[form_ends:-1], _context(name))))
        starts = range(0, len(body), PIECE + TAG)
        return b"".join(
            cipher.decrypt(_nonce(number, last=at == starts[-1]), body[at : at + PIECE + TAG], head)
            for number, at in enumerate(starts)
        )
    except (Unreadable, InvalidTag, ValueError) as error:
        raise Damaged(f"{name}: {error!r}") from error


def _context(name: str) -> str:
    return f"materials.store:{name}"


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


@contextlib.contextmanager
def _locked(how: int):
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder() / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _as_one_of_many():
    """Writers do not wait for each other, only for a deletion that is just happening."""
    return _locked(fcntl.LOCK_SH)


def _alone():
    return _locked(fcntl.LOCK_EX)
