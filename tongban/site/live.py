"""Live events: one look at the counters for all open screens of this process, told to those whose topics have changed."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import orjson
import structlog

log = structlog.get_logger("tongban.live")

KEEP_ALIVE = 15.0
FELL_SILENT = 15.0
GATHER = 0.02  # seconds: what a busy moment changes is told together
LOOK_ANYWAY = 5.0  # seconds between looks where the database tells of changes by itself: nothing hangs on one lost word


class Screen:
    """One open stream: what it watches and what it has yet to be told."""

    __slots__ = ("closed", "news", "topics", "wake")

    def __init__(self, topics: Iterable[str]):
        self.topics = frozenset(topics)
        self.news: dict[str, int] = {}
        self.wake = asyncio.Event()
        self.closed = False

    def tell(self, news: dict[str, int]) -> None:
        self.news.update(news)
        self.wake.set()

    def close(self) -> None:
        self.closed = True
        self.wake.set()


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
        self._task: asyncio.Task | None = None
        self._looked_at = time.monotonic()
        self._failed = ""
        self.open = 0

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._listener is not None:

            def stir() -> None:
                loop.call_soon_threadsafe(self._stirred.set)

            self._ear = self._listener(stir)
        self._task = loop.create_task(self._watch())

    async def stop(self) -> None:
        """Every screen hears that it should come back; nothing stays behind."""
        for screen in {screen for screens in self._screens.values() for screen in screens}:
            screen.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
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
            names = list(self._screens)
            if names:
                try:
                    self._tell(await asyncio.get_running_loop().run_in_executor(self._thread, self._versions, names))
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
                    await asyncio.sleep(GATHER)
            self._stirred.clear()

    def _tell(self, versions: dict[str, int]) -> None:
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
        for screen, news in told.items():
            screen.tell(news)

    def _come(self, screen: Screen) -> None:
        self.open += 1
        for name in screen.topics:
            self._screens.setdefault(name, set()).add(screen)
            if name in self._known:
                screen.tell({name: self._known[name]})
            else:
                self._stirred.set()

    def _go(self, screen: Screen) -> None:
        self.open -= 1
        for name in screen.topics:
            others = self._screens[name]
            others.discard(screen)
            if not others:
                del self._screens[name]
                self._known.pop(name, None)

    async def stream(self, topics: list[str], receive, send) -> None:
        """Server-sent events until the screen goes away or the house closes. The first tells where each topic stands now."""
        screen = Screen(topics)
        self._come(screen)
        gone = asyncio.ensure_future(_gone(receive, screen))  # without it every closed screen would stay for ever
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [
                        (b"content-type", b"text/event-stream; charset=utf-8"),
                        (b"cache-control", b"no-store"),
                        (b"x-accel-buffering", b"no"),
                        (b"x-content-type-options", b"nosniff"),
                    ],
                }
            )
            await _write(send, b"retry: 3000\n\n")
            while not screen.closed:
                try:
                    async with asyncio.timeout(KEEP_ALIVE):
                        await screen.wake.wait()
                except TimeoutError:
                    await _write(send, b":\n\n")
                    continue
                screen.wake.clear()
                news, screen.news = screen.news, {}
                if news:
                    lines = [
                        b"event: topic\ndata: " + orjson.dumps({"topic": name, "version": news[name]})
                        for name in sorted(news)
                    ]
                    await _write(send, b"\n\n".join(lines) + b"\n\n")
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            pass  # the line is gone
        finally:
            self._go(screen)
            gone.cancel()


async def _write(send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive, screen: Screen) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    screen.close()
