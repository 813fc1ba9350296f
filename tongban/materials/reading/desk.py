"""The one place where pages are read: a child with walls, started for the first page, gone soon after the last.

Its memory grows with every page and comes back only when it ends: after so many pages another takes its place. A page that
breaks it, or that it does not finish in time, ends it, and `Broken` says why.
"""

import contextlib
import copy
import hashlib
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import structlog

log = structlog.get_logger("materials.reading")

CHILD = Path(__file__).with_name("child.py")
PIECE = 1 << 16
LINES_A_PAGE = 500  # a page of small print has 120
SURROUNDINGS = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Memory of one step is kept for the next; asking the system anew each time took a third of all time.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
}


@dataclass(frozen=True)
class Limits:
    memory: int = 2 << 30  # of addresses; what it really takes is about a third
    start_seconds: float = 60.0
    seconds: float = 90.0  # a page, on a machine that does other things as well
    cpu_seconds: int = 600  # in a child's whole life
    pages: int = 20
    idle_seconds: float = 10.0
    answer_bytes: int = 8 << 20


class Broken(Exception):
    """No answer to this page: the child died, hung, or could not read it."""


def installed() -> bool:
    """Whether this installation has what reading needs (requirements/reading.lock)."""
    return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime", "cv2"))


class Desk:
    """`read` answers for one page at a time; whoever comes meanwhile waits."""

    def __init__(self, limits: Limits | None = None):
        self.limits = limits or Limits()
        self._process: subprocess.Popen | None = None
        self._heard = bytearray()
        self._pages = 0
        self._one_at_a_time = threading.RLock()
        self._leaving: threading.Timer | None = None
        self._answers: dict[tuple, dict[str, Any]] | None = None
        self.held: frozenset[str] = frozenset()

    @contextlib.contextmanager
    def remembering(self) -> Iterator[None]:
        """While this lasts, a page that comes again byte for byte gets the answer it got the first time."""
        self._answers = {}
        try:
            yield
        finally:
            self._answers = None

    def read(self, content: bytes, *, mime: str, page: int = 0, turned: int = 0) -> dict[str, Any]:
        """{lines, quality, engine, peak, cpu} of a page of a safe copy. Raises Broken."""
        if (answers := self._answers) is None:
            return self._read(content, mime, page, turned)
        seen = (hashlib.sha256(content).digest(), mime, page, turned)
        if seen not in answers:
            answers[seen] = self._read(content, mime, page, turned)
        return copy.deepcopy(answers[seen])

    def _read(self, content: bytes, mime: str, page: int, turned: int) -> dict[str, Any]:
        order = json.dumps({"mime": mime, "page": page, "turned": turned, "length": len(content)}).encode() + b"\n"
        with self._one_at_a_time:
            self._stay()
            try:
                self._begin()
                self._say(order + content)
                answer = self._hear(self.limits.seconds)
            except (OSError, ValueError, Broken) as error:
                self.close()
                raise error if isinstance(error, Broken) else Broken(repr(error)) from error
            self._pages += 1
            if self._pages >= self.limits.pages or "failed" in answer:
                self.close()
            else:
                self._leave_later()
        if "failed" in answer:
            raise Broken(str(answer["failed"]))
        return checked(answer)

    @property
    def child(self) -> int | None:
        """The process id of the child, while there is one."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """Send the child away; its memory goes with it."""
        with self._one_at_a_time:
            self._stay()
            process, self._process = self._process, None
            self._heard.clear()
            if process is None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    cast(IO[bytes], pipe).close()
            process.wait()

    def _begin(self) -> None:
        if self._process is not None:
            return
        options = {"memory": self.limits.memory, "cpu_seconds": self.limits.cpu_seconds}
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(CHILD), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=SURROUNDINGS,
            start_new_session=True,
            bufsize=0,
        )
        self._pages = 0
        os.set_blocking(cast(IO[bytes], self._process.stdin).fileno(), False)
        ready = self._hear(self.limits.start_seconds)
        if not ready.get("ready"):
            raise Broken("the child did not begin as it should")
        self.held = frozenset(str(wall) for wall in ready.get("held", ()))
        log.info("reader_started", pid=self._process.pid, held=sorted(self.held))

    def _say(self, content: bytes) -> None:
        """Write without waiting for a child that no longer reads."""
        pipe = cast(IO[bytes], cast(subprocess.Popen, self._process).stdin).fileno()
        until, view = time.monotonic() + self.limits.seconds, memoryview(content)
        poll = select.poll()
        poll.register(pipe, select.POLLOUT)
        while view:
            left = until - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise Broken("the child does not listen")
            with contextlib.suppress(BlockingIOError):
                view = view[os.write(pipe, view[:PIECE]) :]

    def _hear(self, seconds: float) -> dict[str, Any]:
        pipe = cast(IO[bytes], cast(subprocess.Popen, self._process).stdout).fileno()
        until, poll = time.monotonic() + seconds, select.poll()
        poll.register(pipe, select.POLLIN | select.POLLHUP)
        while b"\n" not in self._heard:
            left = until - time.monotonic()
            if left <= 0:
                raise Broken("too slow")
            if not poll.poll(left * 1000):
                continue
            piece = os.read(pipe, PIECE)
            if not piece:
                raise Broken("the child died")
            self._heard += piece
            if len(self._heard) > self.limits.answer_bytes:
                raise Broken("too long an answer")
        line, _newline, rest = bytes(self._heard).partition(b"\n")
        self._heard = bytearray(rest)
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise Broken("no answer of ours")
        return answer

    def _leave_later(self) -> None:
        self._leaving = threading.Timer(self.limits.idle_seconds, self.close)
        self._leaving.daemon = True
        self._leaving.start()

    def _stay(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None


def checked(answer: dict) -> dict[str, Any]:
    """The child has read what a stranger sent: its answer is taken apart and put together from known shapes."""
    try:
        lines = [
            {
                "text": " ".join(str(line["text"]).replace("\0", "").split())[:500],
                "confidence": max(0.0, min(1.0, float(line["confidence"]))),
                "box": _box(line["box"]),
                "flat": _box(line["flat"]),
            }
            for line in answer["lines"][:LINES_A_PAGE]
        ]
        quality = {
            str(name)[:20]: measure
            for name, measure in answer["quality"].items()
            if measure is None or isinstance(measure, bool | int | float)
        }
        return {
            "lines": lines,
            "quality": quality,
            "engine": str(answer["engine"])[:40],
            "peak": int(answer.get("peak", 0)),
            "cpu": float(answer.get("cpu", 0)),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Broken(f"no answer of ours: {error!r}") from error


def _box(parts) -> list[float]:
    left, top, wide, tall = (float(part) for part in parts)
    return [left, top, wide, tall]


desk = Desk()
