"""Live events: one look at the counters for all open screens of this process, told to those whose topics have changed."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Protocol

import orjson
import structlog

log = structlog.get_logger("tongban.live")

KEEP_ALIVE = 15.0  # seconds that a line is silent at most
FELL_SILENT = 15.0
GATHER = 0.02  # seconds between two looks: the first change of a calm moment is told at once, what a busy one changes together
AT_ONCE = 500  # screens that are told before anybody else has a turn
LOOK_ANYWAY = 5.0  # seconds between looks where the database tells of changes by itself: nothing hangs on one lost word


BEGINS = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ],
}
ENDS = {"type": "http.response.body", "body": b"", "more_body": False}


def _part(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}


HELLO, STILL_THERE = _part(b"retry: 3000\n\n"), _part(b":\n\n")


@lru_cache(64)
def _words(news: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    """Composed once for all screens that hear the same."""
    lines = [b"event: topic\ndata: " + orjson.dumps({"topic": name, "version": version}) for name, version in news]
    return _part(b"\n\n".join(lines) + b"\n\n")


class _Rest:
    """An awaitable whose first step has been made."""

    __slots__ = ("_first", "_steps")

    def __init__(self, first, steps):
        self._first, self._steps = first, steps

    def __await__(self):
        yield self._first
        yield from self._steps


class Screen:
    """One open stream: what it watches, and what it has yet to be told because its line is full."""

    __slots__ = ("_end", "_late", "_news", "_send", "closed", "spoken", "topics")

    def __init__(self, topics: Iterable[str], send, end: Callable[[], Any]):
        self.topics = frozenset(topics)
        self._send = send
        self._end = end
        self._late: asyncio.Task | None = None
        self._news: dict[str, int] | None = None
        self.spoken = True
        self.closed = False

    def tell(self, news: dict[str, int]) -> None:
        if self._late is not None:
            self._news = (self._news or {}) | news
        else:
            self._say(_words(tuple(sorted(news.items()))))

    def keep_alive(self) -> None:
        if not self.spoken and self._late is None:
            self._say(STILL_THERE)
        self.spoken = False

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._end()

    def gone(self) -> None:
        if self._late is not None:
            self._late.cancel()

    def _say(self, message: dict[str, Any]) -> None:
        """A line takes words without waiting unless it is full: then a task waits for it, and no other screen does."""
        self.spoken = True
        steps = self._send(message).__await__()
        try:
            first = next(steps)
        except StopIteration:
            return
        except Exception as error:
            self._broken(error)
            return
        self._late = asyncio.ensure_future(self._wait(_Rest(first, steps)))

    async def _wait(self, rest: _Rest) -> None:
        try:
            await rest
            while self._news:
                news, self._news = self._news, None
                await self._send(_words(tuple(sorted(news.items()))))
        except Exception as error:
            self._broken(error)
        finally:
            self._late = None

    def _broken(self, error: Exception) -> None:
        """One line that breaks must not keep the others from hearing."""
        if not isinstance(error, OSError):
            log.error("a live screen could not be told", error=type(error).__name__)
        self.close()


class Listens(Protocol):
    """Somebody who hears what the database tells."""

    listening: bool

    def close(self) -> None: ...


class Live:
    """`versions(names)` answers the counters; it is called in a thread of its own, so a slow database holds up no page.

    `listener(stir)`, where the database can tell of changes (PostgreSQL), starts to listen, calls `stir` from its thread after each, and
    gives back what ends it. While it hears, `listening` is true and the counters are looked at when something changed; else every `poll` seconds.
    """

    def __init__(
        self,
        versions: Callable[[list[str]], dict[str, int]],
        *,
        poll: float,
        release: Callable[[], None] = lambda: None,
        listener: Callable[[Callable[[], None]], "Listens"] | None = None,
    ):
        self._listener = listener
        self._ear: Listens | None = None
        self._stirred = asyncio.Event()
        self._versions = versions
        self._release = release
        self._poll = poll
        self._screens: dict[str, set[Screen]] = {}
        self._known: dict[str, int] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live")
        self._tasks: list[asyncio.Task] = []
        self._lines: set[Screen] = set()
        self._over = False
        self._looked_at = time.monotonic()
        self._failed = ""

    @property
    def open(self) -> int:
        return len(self._lines)

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._listener is not None:

            def stir() -> None:
                loop.call_soon_threadsafe(self._stirred.set)

            self._ear = self._listener(stir)
        self._tasks = [loop.create_task(self._watch()), loop.create_task(self._keep_alive())]

    async def stop(self) -> None:
        """Every screen hears that it should come back; nothing stays behind."""
        self._over = True
        for screen in list(self._lines):
            screen.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._ear is not None:
            self._ear.close()
        self._thread.submit(self._release)
        self._thread.shutdown(wait=True)

    def state(self) -> str:
        """For /healthz: "" when well."""
        if self._failed:
            return self._failed
        silent = time.monotonic() - self._looked_at
        return f"has not looked for {int(silent)} seconds" if silent > FELL_SILENT + self._poll else ""

    async def _watch(self) -> None:
        while True:
            begun = time.monotonic()
            names = list(self._screens)
            if names:
                try:
                    await self._tell(
                        await asyncio.get_running_loop().run_in_executor(self._thread, self._versions, names)
                    )
                    self._failed = ""
                except Exception as error:
                    if not self._failed:
                        log.error("the counters behind the live screens cannot be read", error=type(error).__name__)
                    self._failed = f"not well: {type(error).__name__}"
                    self._thread.submit(self._release)
            else:
                self._failed = ""
            self._looked_at = time.monotonic()
            hears = self._ear is not None and self._ear.listening
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(self._poll, LOOK_ANYWAY) if hears else self._poll):
                    await self._stirred.wait()
            await asyncio.sleep(max(0.0, begun + GATHER - time.monotonic()))
            self._stirred.clear()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE / 2)
            for number, screen in enumerate(list(self._lines), 1):
                if screen in self._lines:
                    screen.keep_alive()
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def _tell(self, versions: dict[str, int]) -> None:
        changed = {
            name: version
            for name, version in versions.items()
            if self._known.get(name) != version and name in self._screens
        }
        self._known.update(changed)
        told: dict[Screen, dict[str, int]] = {}
        for name, version in changed.items():
            for screen in self._screens[name]:
                told.setdefault(screen, {})[name] = version
        for number, (screen, news) in enumerate(told.items(), 1):
            if screen in self._lines:
                screen.tell(news)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _come(self, screen: Screen) -> None:
        self._lines.add(screen)
        for name in screen.topics:
            self._screens.setdefault(name, set()).add(screen)
        news = {name: self._known[name] for name in screen.topics if name in self._known}
        if news:
            screen.tell(news)
        if len(news) < len(screen.topics):
            self._stirred.set()

    def _go(self, screen: Screen) -> None:
        self._lines.discard(screen)
        screen.gone()
        for name in screen.topics:
            others = self._screens[name]
            others.discard(screen)
            if not others:
                del self._screens[name]
                self._known.pop(name, None)

    async def stream(self, topics: list[str], receive, send) -> None:
        """Server-sent events until the screen goes away or the house closes. The first tells where each topic stands now.

        This task does nothing but wait for the screen to go; whoever has news speaks on its line."""
        me = asyncio.current_task()
        assert me is not None
        screen = Screen(topics, send, me.cancel)
        try:
            await send(BEGINS)
            await send(HELLO)
            if self._over:
                return await send(ENDS)
            self._come(screen)
            try:
                while (await receive())["type"] != "http.disconnect":
                    pass
            except asyncio.CancelledError:
                if not screen.closed:
                    raise
                me.uncancel()
                await send(ENDS)
            finally:
                self._go(screen)
        except OSError:
            pass  # the line is gone
