"""The reference gate: reads codes as a scanner types them, asks the platform, and goes on alone for a day when there is none.

It needs neither Django nor a database; partners may take it as it is or read it as an example (docs/api.md). What it decides alone lies sealed
on its disk before anybody is told to pass, and is handed in once when the platform is back: a number of its own on each scan makes handing in
twice the same as once.
"""

import base64
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import secrets
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tongban.codes.bundle import Bundle, Decision, Unusable, decide, opened
from tongban.lib import signed_requests

VERIFY, SCANS, BUNDLE, ENROL = (f"/api/v1/codes/{name}" for name in ("verify", "scans", "bundle", "enrol"))
ASK_WALLET, WALLET_ANSWER = "/api/v1/wallet/ask", "/api/v1/wallet/answer"
PATIENCE = 2.0  # seconds that somebody before the gate waits for the platform
DOWN_FOR = 5.0  # seconds after a failure in which nobody waits again
BUNDLE_EVERY = timedelta(minutes=10)
REMEMBERED = timedelta(minutes=5)  # longer than any code is accepted
AT_ONCE = 200
OLDEST = timedelta(days=29)


class NoAnswer(Exception):
    """The platform cannot be reached, or does not work at the moment."""


class NotOurs(Exception):
    """The platform does not take this device any more; `code` says why."""

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code = code


# -- what lies on the disk


def write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all, for nobody else to read, and still there after a power cut."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    _steady(path.parent)


def _steady(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Queue:
    """Scans that were decided here, in files of sealed records. A record is on disk when `append` returns; one that was cut short by a crash
    was never acknowledged and is dropped. Whoever takes the files without the device's key reads nothing."""

    _LENGTH = struct.Struct(">I")

    def __init__(self, folder: Path, key: bytes):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._sealing = ChaCha20Poly1305(key)
        self._lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise RuntimeError("another gate is using this queue") from None
        names = self.names()
        self._number = int(names[-1].stem.removeprefix("queue-")) + 1 if names else 1
        self._open: int | None = None

    def close(self) -> None:
        self._end()
        os.close(self._lock)

    def names(self) -> list[Path]:
        return sorted(self.folder.glob("queue-*.sealed"))

    def append(self, record: dict[str, Any]) -> None:
        if self._open is None:
            path = self.folder / f"queue-{self._number:08}.sealed"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._open = os.open(path, flags, 0o600)
            _steady(self.folder)
        nonce = secrets.token_bytes(12)
        sealed = nonce + self._sealing.encrypt(nonce, json.dumps(record).encode(), f"queue-{self._number:08}".encode())
        os.write(self._open, self._LENGTH.pack(len(sealed)) + sealed)
        os.fsync(self._open)

    def _end(self) -> None:
        """What comes next goes into another file: this one can be handed in and taken away."""
        if self._open is not None:
            os.close(self._open)
            self._open = None
            self._number += 1

    def closed(self) -> list[Path]:
        self._end()
        return self.names()

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        data, at = path.read_bytes(), 0
        while at + self._LENGTH.size <= len(data):
            (length,) = self._LENGTH.unpack_from(data, at)
            sealed = data[at + self._LENGTH.size : at + self._LENGTH.size + length]
            if len(sealed) < length or length < 28:
                return  # cut short by a crash: nobody was told to pass on it
            try:
                yield json.loads(self._sealing.decrypt(sealed[:12], sealed[12:], path.stem.encode()))
            except InvalidTag:
                return
            at += self._LENGTH.size + length

    def forget(self, path: Path) -> None:
        path.unlink()
        _steady(self.folder)

    def waiting(self) -> int:
        return sum(1 for path in self.names() for _record in self.read(path))


# -- the platform


@dataclass
class Platform:
    """The line to the platform. Every request is signed anew; `offset` is how far this clock is from theirs, once they said so."""

    url: str
    key: Ed25519PrivateKey
    key_id: str
    patience: float = PATIENCE
    offset: float = 0.0
    _line: http.client.HTTPConnection | None = field(default=None, repr=False)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Raises NoAnswer where there is nobody, NotOurs where this device is not known any more."""
        for _again in range(3):
            status, given, content = self._send(method, path, body, headers)
            code = _code_of(content) if status >= 400 else ""
            if status == 401 and code == "clock-differs" and "date" in given:
                self.offset = parsedate_to_datetime(given["date"]).timestamp() - time.time()
                continue
            if status == 401 and code == "replayed":
                continue  # by chance: the next nonce is another
            if status == 429:
                time.sleep(min(2.0, float(given.get("retry-after", 1))))
                continue
            if status in (401, 403):
                raise NotOurs(code, content.decode("utf-8", "replace")[:500])
            if status >= 500 or status == 408:
                raise NoAnswer(f"{status}")
            return status, given, content
        raise NoAnswer("too fast")

    def now(self) -> float:
        return time.time() + self.offset

    def _send(self, method, path, body, headers) -> tuple[int, dict[str, str], bytes]:
        signed = signed_requests.sign(method, path, body, key=self.key, key_id=self.key_id, created=int(self.now()))
        if body:
            signed["Content-Type"] = "application/json"
        for fresh in (False, True):  # a line that was kept open may have been closed meanwhile
            try:
                line = self._connected()
                line.request(method, path, body or None, {**signed, **headers})
                answer = line.getresponse()
                content = answer.read(64 * 1024 * 1024)
                return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content
            except TimeoutError as wrong:
                self._hang_up()
                raise NoAnswer("no answer in time") from wrong
            except (OSError, http.client.HTTPException) as wrong:
                self._hang_up()
                if fresh:
                    raise NoAnswer(type(wrong).__name__) from wrong
        raise NoAnswer("unreachable")

    def _connected(self) -> http.client.HTTPConnection:
        if self._line is None:
            parts = urlsplit(self.url)
            if parts.scheme == "https":
                context = ssl.create_default_context()
                self._line = http.client.HTTPSConnection(parts.netloc, timeout=self.patience, context=context)
            else:
                self._line = http.client.HTTPConnection(parts.netloc, timeout=self.patience)
        return self._line

    def _hang_up(self) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.close()
        self._line = None


def _code_of(content: bytes) -> str:
    try:
        return str(json.loads(content).get("code", ""))
    except (ValueError, AttributeError):
        return ""


def device_key(folder: Path) -> Ed25519PrivateKey:
    """The key of this device: made here at first use, and never sent anywhere."""
    path = folder / "device.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, Ed25519PrivateKey.generate().private_bytes_raw().hex().encode())
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))


def queue_key(key: Ed25519PrivateKey) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"tongban gate queue").derive(key.private_bytes_raw())


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def enrol(folder: Path, url: str, code: str, device: str = "") -> dict[str, Any]:
    """Register this device's key with the code that the office has shown; what the platform answers is kept beside the key."""
    key = device_key(folder)
    public = key.public_key().public_bytes_raw()
    platform = Platform(url, key, key_id_of(public), patience=10)
    body = json.dumps({"code": code, "public_key": b64(public), "device": device}).encode()
    status, _headers, content = platform.ask("POST", ENROL, body)
    if status != 201:
        raise NotOurs(_code_of(content), content.decode("utf-8", "replace")[:500])
    told = json.loads(content)
    write_whole(folder / "gate.json", json.dumps({**told, "server": url}, indent=1).encode())
    return told


def key_id_of(public: bytes) -> str:
    """As the platform names keys (codes.services.enrolling)."""
    return "d" + hashlib.sha256(b"tongban device\0" + public).hexdigest()[:26]


# -- the gate


@dataclass(frozen=True)
class Shown:
    """What the gate shows for one code. `age`: of the bundle that decided, when the gate was alone."""

    let_in: bool
    reason: str
    kind: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    alone: bool = False
    age: timedelta | None = None
    words: dict[str, dict[str, str]] = field(default_factory=dict)


class Gate:
    def __init__(
        self,
        queue: Queue,
        bundle_file: Path,
        bundle_key: Ed25519PublicKey,
        platform: Platform | None = None,
        *,
        clock: Callable[[], float] | None = None,
    ):
        self.queue, self.platform = queue, platform
        self._bundle_file, self._bundle_key = bundle_file, bundle_key
        self._clock = clock or (platform.now if platform is not None else time.time)
        self._down_until = 0.0
        self._hand = threading.RLock()
        self._seen: dict[str, float] = {}
        self.bundle: Bundle | None = None
        self.tag = ""
        self.trouble = ""
        self._load()
        self._remember()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _load(self) -> None:
        try:
            content = opened(self._bundle_file.read_text(), self._bundle_key)
            self.bundle, self.tag, self.trouble = Bundle.of(content), str(content.get("tag", "")), ""
        except FileNotFoundError:
            self.bundle, self.trouble = None, "there is no bundle"
        except (Unusable, OSError, UnicodeDecodeError) as wrong:
            self.bundle, self.trouble = None, f"the bundle is {wrong}"

    def _remember(self) -> None:
        """Codes that were used here before a restart are still used."""
        since = (self.now() - REMEMBERED).timestamp()
        for path in self.queue.names():
            for record in self.queue.read(path):
                if record.get("mark") and record["let_in"] and record["at"] >= since:
                    self._seen[record["mark"]] = record["at"]

    # -- one code

    def check(self, text: str) -> Shown:
        """Whether somebody may pass. When this returns a decision of the gate's own, it lies on the disk."""
        number = secrets.token_urlsafe(12)
        with self._hand:
            if self.platform is not None and time.monotonic() >= self._down_until:
                try:
                    return self._asked(self.platform, number, text)
                except NoAnswer:
                    self._down_until = time.monotonic() + DOWN_FOR
                except NotOurs as wrong:
                    if wrong.code == "device-key":  # revoked: it decides nothing any more, not even alone
                        self._bundle_file.unlink(missing_ok=True)
                        self.bundle, self.trouble = None, "this device is not registered any more"
                    return Shown(False, wrong.code)
            return self._alone(number, text)

    def _asked(self, platform: Platform, number: str, text: str) -> Shown:
        body = json.dumps({"scan": number, "code": text[:1000]}).encode()
        status, _headers, content = platform.ask("POST", VERIFY, body)
        if status != 200:
            return Shown(False, _code_of(content) or "unreadable")
        told = json.loads(content)
        return Shown(
            told["verdict"] == "valid",
            told["reason"],
            told["kind"],
            told["fields"],
            words=self._words(told["reason"]),
        )

    def _alone(self, number: str, text: str) -> Shown:
        now = self.now()
        if self.bundle is None:
            return Shown(False, "no_bundle", alone=True)
        self._seen = {mark: at for mark, at in self._seen.items() if at >= (now - REMEMBERED).timestamp()}
        decided: Decision = decide(self.bundle, text, now, self._seen)
        if decided.let_in or decided.mark is not None:
            self.queue.append(
                {
                    "scan": number,
                    "code": text[:1000],
                    "at": int(now.timestamp()),
                    "let_in": decided.let_in,
                    "reason": decided.reason,
                    "mark": decided.mark,
                }
            )
        if decided.let_in and decided.mark is not None:
            self._seen[decided.mark] = now.timestamp()
        age = self.bundle.age(now)
        return Shown(
            decided.let_in, decided.reason, decided.kind, alone=True, age=age, words=self._words(decided.reason)
        )

    def _words(self, reason: str) -> dict[str, dict[str, str]]:
        return self.bundle.words.get(reason, {}) if self.bundle is not None and reason else {}

    # -- between two people

    def upkeep(self) -> None:
        """Fetch a new bundle and hand in what was decided alone. Raises NoAnswer or NotOurs."""
        if self.platform is None:
            return
        with self._hand:
            if self.bundle is None or self.bundle.age(self.now()) > BUNDLE_EVERY:
                self.fetch()
            self.hand_in()

    def fetch(self) -> bool:
        """Whether there was a new one."""
        if self.platform is None:
            return False
        headers = {"If-None-Match": f'"{self.tag}"'} if self.tag and self.bundle is not None else {}
        status, _given, content = self.platform.ask("GET", BUNDLE, b"", **headers)
        if status != 200:
            return False
        text = content.decode("ascii", "replace")
        Bundle.of(opened(text, self._bundle_key))  # nothing that cannot be used takes the place of what can
        write_whole(self._bundle_file, content)
        self._load()
        return True

    def hand_in(self) -> int:
        """Everything in closed files, oldest first; a file goes when the platform has said that all of it is written down."""
        handed = 0
        if self.platform is None:
            return handed
        for path in self.queue.closed():
            oldest = (self.now() - OLDEST).timestamp()
            records = [record for record in self.queue.read(path) if record["at"] >= oldest]
            for first in range(0, len(records), AT_ONCE):
                wanted = ("scan", "code", "at", "let_in", "reason")
                some = [{name: one[name] for name in wanted} for one in records[first : first + AT_ONCE]]
                status, _given, content = self.platform.ask("POST", SCANS, json.dumps({"scans": some}).encode())
                if status != 200:
                    raise NoAnswer(f"{status} {_code_of(content)}")
                handed += len(some)
            self.queue.forget(path)
        return handed
