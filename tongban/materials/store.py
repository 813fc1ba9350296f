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
import io
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from tongban.lib.encryption import Unreadable, blind_index, decrypt, encrypt, key_of

FORM = b"tongban-store-1\n"
PIECE = 1 << 20
TAG = 16
LONGEST_HEAD = 4096
UNFINISHED = ".part"
NAME = re.compile("[a-z]{1,15}-[0-9a-f]{64}")


class Damaged(Exception):
    """The file is gone, was changed, or does not hold what it was kept for. Only sending it again helps."""


def folder() -> Path:
    return Path(settings.TONGBAN_VAR) / "media"


def name_of(content: bytes, shelf: str) -> str:
    return _name_of_hash(hashlib.sha256(content).hexdigest(), shelf)


def _name_of_hash(sha256: str, shelf: str) -> str:
    return f"{shelf}-{blind_index(sha256, f'materials.store.{shelf}')}"


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
        _write(path, _sealed_pieces([content], name))
    return name


def put_pieces(pieces: Callable[[], Iterable[bytes]], *, sha256: str, shelf: str) -> str:
    """As `put`, for what is too large to be held: asked for its pieces until they are written. They must have this hash."""
    name = _name_of_hash(sha256, shelf)
    path = _path(name)
    with _as_one_of_many():
        if path.exists():
            with contextlib.suppress(Damaged, FileNotFoundError):
                for _piece in pieces_of(name):
                    pass
                os.utime(path)
                return name
        found = hashlib.sha256()

        def seen() -> Iterator[bytes]:
            for piece in pieces():
                found.update(piece)
                yield piece
            if found.hexdigest() != sha256:
                raise ValueError("these pieces are something else than was said")

        _write(path, _sealed_pieces(seen(), name))
    return name


def pieces_of(name: str) -> Iterator[bytes]:
    """What the file holds, piece by piece. Raises Damaged: believe nothing of it before the last piece has come."""
    found = hashlib.sha256()
    try:
        with _path(name).open("rb") as file:
            for piece in _opened_pieces(file, name):
                found.update(piece)
                yield piece
    except OSError as error:
        raise Damaged(f"{name}: {error}") from error
    if _name_of_hash(found.hexdigest(), name.partition("-")[0]) != name:
        raise Damaged(f"{name}: holds something else")


def get(name: str, *, sha256: str | None = None) -> bytes:
    """What the file holds, compared with its name (and with `sha256` where the row has one). Raises Damaged."""
    try:
        raw = _path(name).read_bytes()
    except OSError as error:
        raise Damaged(f"{name}: {error}") from error
    content = b"".join(_opened_pieces(io.BytesIO(raw), name))
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
        _write(_path(name), _sealed_pieces([get(name)], name))


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


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Everything or nothing: written aside, forced to disk, then given its name; the folder is forced to disk as well."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
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


def _sealed_pieces(content: Iterable[bytes], name: str) -> Iterator[bytes]:
    key = os.urandom(32)
    head = FORM + encrypt(base64.b64encode(key).decode(), _context(name)) + b"\n"
    cipher = AESGCM(key)
    yield head
    # The key is used for this file alone, so counting makes nonces that never repeat.
    for number, (piece, last) in enumerate(_cut(content)):
        yield cipher.encrypt(_nonce(number, last=last), piece, head)


def _cut(content: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The same bytes in pieces of one length, and which is the last one; of nothing one empty piece."""
    held = bytearray()
    for some in content:
        rest = memoryview(some)
        while len(held) + len(rest) > PIECE:
            room = PIECE - len(held)
            yield bytes(held) + bytes(rest[:room]), False
            held.clear()
            rest = rest[room:]
        held += rest
    yield bytes(held), True


def _opened_pieces(file: BinaryIO, name: str) -> Iterator[bytes]:
    form, sealed_key = file.read(len(FORM)), file.readline(LONGEST_HEAD)
    if form != FORM or not sealed_key.endswith(b"\n"):
        raise Damaged(f"{name}: not a file of this store")
    head = form + sealed_key
    try:
        cipher = AESGCM(base64.b64decode(decrypt(sealed_key[:-1], _context(name))))
        piece, number = file.read(PIECE + TAG), 0
        if not piece:
            raise Damaged(f"{name}: holds nothing")
        while piece:
            following = file.read(PIECE + TAG)
            yield cipher.decrypt(_nonce(number, last=not following), piece, head)
            piece, number = following, number + 1
    except (Unreadable, InvalidTag, ValueError) as error:
        raise Damaged(f"{name}: {error!r}") from error


class Spool:
    """Contents put aside for a moment: on disk without a name, under a key that only this process holds, so that neither a crash nor
    a thief of the disk finds them. Ends with its `with`."""

    def __enter__(self) -> "Spool":
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = tempfile.TemporaryFile(dir=folder())
        self._cipher, self._kept = AESGCM(os.urandom(32)), 0
        return self

    def __exit__(self, *_of_what) -> None:
        self._file.close()

    def keep(self, content: bytes) -> Callable[[], bytes]:
        """Put it aside; what is answered brings it back."""
        number, at = self._kept, self._file.seek(0, os.SEEK_END)
        sealed = self._cipher.encrypt(number.to_bytes(12, "big"), content, None)
        self._file.write(sealed)
        self._kept += 1
        return partial(self._read, number, at, len(sealed))

    def _read(self, number: int, at: int, length: int) -> bytes:
        self._file.seek(at)
        return self._cipher.decrypt(number.to_bytes(12, "big"), self._file.read(length), None)


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
