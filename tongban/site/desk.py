"""A desk answers one kind of request natively, beside Django: requests that come together share one commit, each answered after it.

Beside the loop a desk has one thread. While it writes for those who came before, the next ones are read and judged on the loop and gather;
then they are written together. Nobody waits for company that is not arriving already: one who comes alone is written alone. Who answers what stands in the channel
(`channels.exchange.gates`); here are lines, limits and time.
"""

import asyncio
import contextlib
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from tongban.lib.said import Said

log = structlog.get_logger("tongban.desk")

SAY_EVERY = 1.0  # seconds between two lines of the log: what was answered is counted, not listed
FELL_SILENT = 15.0
QUIET_TURNS = 4


class Counterpart(Protocol):
    """What a desk needs of a channel. `take` judges one request on the loop and must not touch the database: what it answers is either
    said at once (Said) or handed to `together`, in the desk's thread, which answers each in the order given."""

    path: str

    def take(self, headers: Mapping[str, str], body: bytes, now: float) -> object: ...
    def together(self, taken: Sequence, now: float) -> Sequence[Said]: ...
    def trouble(self, headers: Mapping[str, str], status: int) -> Said: ...


@dataclass(frozen=True)
class DeskLimits:
    body: int = 8 * 1024
    body_timeout: float = 5.0
    answer_timeout: float = 10.0
    waiting: int = 2000
    at_once: int = 128
    gathering: float = 0.02  # seconds at most for which who is arriving is waited for


class Unfit(Exception):
    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class _Waiting:
    taken: object
    headers: Mapping[str, str]
    answer: asyncio.Future = field(repr=False)
    until: float = 0.0


@dataclass(slots=True)
class _Arriving:
    """A body that is still coming in; who sends it stands in `task`."""

    task: asyncio.Task
    until: float
    over: bool = False
    late: bool = False


class Desk:
    def __init__(
        self,
        counterpart: Counterpart,
        *,
        limits: DeskLimits = DeskLimits(),
        release: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ):
        self.path = counterpart.path
        self.limits = limits
        self._counterpart = counterpart
        self._release = release
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="desk")
        self._line: list[_Waiting] = []
        self._writing: asyncio.Task | None = None
        self._since = 0.0
        self._counted: Counter[int] = Counter()
        self._slowest = 0.0
        self._largest = 0
        self._said_at = time.monotonic()
        self._promised: deque[_Waiting] = deque()  # whoever waits for an answer, the oldest first
        self._arriving: deque[_Arriving] = deque()
        self._watching: asyncio.TimerHandle | None = None
        self._watched: asyncio.AbstractEventLoop | None = None  # a timer of a loop that has ended watches nobody
        self._named, self._answered = secrets.token_hex(4), 0

    def state(self) -> str:
        """For /healthz: "" when well."""
        silent = time.monotonic() - self._since if self._writing is not None else 0.0
        if silent > FELL_SILENT:
            return f"has written nothing for {int(silent)} seconds while somebody waits"
        return f"{len(self._line)} wait" if len(self._line) >= self.limits.waiting else ""

    async def stop(self) -> None:
        """Who has come is answered; then the thread goes home."""
        while self._writing is not None:
            await asyncio.wait([self._writing])
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        self._say_what_was()
        self._thread.submit(self._release)
        self._thread.shutdown(wait=True)

    async def __call__(self, scope, receive, send) -> None:
        began = time.perf_counter()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            said = await self._answer(headers, receive)
        except Unfit as unfit:
            said = self._counterpart.trouble(headers, unfit.status)
        except ConnectionError:
            return
        except Exception:
            log.exception("the desk failed")
            said = self._counterpart.trouble(headers, 500)
        with contextlib.suppress(OSError):
            await send(
                {
                    "type": "http.response.start",
                    "status": said.status,
                    "headers": [
                        (b"content-length", str(len(said.body)).encode()),
                        (b"cache-control", b"no-store"),
                        (b"x-content-type-options", b"nosniff"),
                        (b"x-request-id", self._request_id()),
                        *said.headers,
                        *([(b"connection", b"close")] if said.status in (408, 413) else []),
                    ],
                }
            )
            await send({"type": "http.response.body", "body": said.body, "more_body": False})
        self._count(said.status, time.perf_counter() - began)

    async def _answer(self, headers: Mapping[str, str], receive) -> Said:
        body = await self._take_in(headers, receive)
        if len(self._line) >= self.limits.waiting:  # before anything is computed: a rush costs next to nothing
            raise Unfit(503)
        taken = self._counterpart.take(headers, body, self._clock())
        if isinstance(taken, Said):
            return taken
        loop = asyncio.get_running_loop()
        waiting = _Waiting(taken, headers, loop.create_future(), loop.time() + self.limits.answer_timeout)
        self._line.append(waiting)
        self._promised.append(waiting)
        if self._watching is None or self._watched is not loop:
            self._watch(loop)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await waiting.answer

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer for all who wait and all who send, instead of one each: whoever has waited too long is told so. What they asked for may
        still be written: who asks again with the same number hears what was."""
        self._watching = None
        now = loop.time()
        while self._arriving and (self._arriving[0].over or self._arriving[0].until <= now):
            arriving = self._arriving.popleft()
            if not arriving.over:
                arriving.late = True
                arriving.task.cancel()
        while self._promised and (self._promised[0].answer.done() or self._promised[0].until <= now):
            waiting = self._promised.popleft()
            if not waiting.answer.done():
                waiting.answer.set_exception(Unfit(504))
        if self._promised or self._arriving:
            often = min(self.limits.answer_timeout, self.limits.body_timeout) / 10
            self._watching, self._watched = loop.call_later(often, self._watch, loop), loop

    def _request_id(self) -> bytes:
        self._answered += 1
        return f"{self._named}{self._answered & 0xFFFFFFFF:08x}".encode()

    async def _take_in(self, headers: Mapping[str, str], receive) -> bytes:
        """The whole body, within its time."""
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self.limits.body:
            raise Unfit(413)
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is None:
            raise RuntimeError("a desk answers in tasks")
        arriving = _Arriving(task, loop.time() + self.limits.body_timeout)
        self._arriving.append(arriving)
        if self._watching is None or self._watched is not loop:
            self._watch(loop)
        body, more = b"", True
        try:
            while more and len(body) <= self.limits.body:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionError
                body += message.get("body", b"")
                more = message.get("more_body", False)
        except asyncio.CancelledError:
            if arriving.late and not task.uncancel():
                raise Unfit(408) from None
            raise
        finally:
            arriving.over = True
        if len(body) > self.limits.body:
            raise Unfit(413)
        return body

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._line:
                await self._gather(loop)
                together, self._line = self._line[: self.limits.at_once], self._line[self.limits.at_once :]
                self._largest = max(self._largest, len(together))
                self._since = time.monotonic()
                try:
                    answers: Sequence[Said] = await loop.run_in_executor(
                        self._thread, self._counterpart.together, [one.taken for one in together], self._clock()
                    )
                except Exception:
                    log.exception("what came together could not be answered", number=len(together))
                    answers = [self._counterpart.trouble(one.headers, 503) for one in together]
                for one, said in zip(together, answers, strict=True):
                    if not one.answer.done():
                        one.answer.set_result(said)
        finally:
            self._writing = None

    async def _gather(self, loop: asyncio.AbstractEventLoop) -> None:
        """While requests keep coming in at this very moment, they come along: a commit costs the same for one and for a hundred. Who is alone
        waits for four turns of the loop and no clock."""
        until, quiet = loop.time() + self.limits.gathering, 0
        while quiet < QUIET_TURNS and len(self._line) < self.limits.at_once and loop.time() < until:
            here = len(self._line)
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._line) == here else 0

    def _count(self, status: int, seconds: float) -> None:
        self._counted[status] += 1
        self._slowest = max(self._slowest, seconds)
        if time.monotonic() - self._said_at > SAY_EVERY:
            self._say_what_was()

    def _say_what_was(self) -> None:
        if self._counted:
            log.info(
                "answered at the desk",
                path=self.path,
                by_status={str(status): number for status, number in sorted(self._counted.items())},
                slowest_ms=round(self._slowest * 1000, 1),
                largest_batch=self._largest,
            )
        self._counted.clear()
        self._slowest, self._largest, self._said_at = 0.0, 0, time.monotonic()
