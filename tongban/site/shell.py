"""The shell around Django: live streams and desks are served here, every other request goes to Django's WSGI handler in a fixed pool of
threads.

One hop for a page. The shell owns what WSGI leaves open: how large and how slow a request may be, how long an answer may take, people
who go away, and an orderly end.
"""

import asyncio
import contextlib
import io
import ipaddress
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import structlog

from .desk import Desk

log = structlog.get_logger("tongban.shell")

IN_MEMORY = 512 * 1024
WHOLE = 1024 * 1024  # an answer from a file up to this size goes out in one piece
PIECE = 128 * 1024
DRAIN = 64 * 1024 * 1024
WATCHED = ("/healthz", "/metrics")
READY_FOR = 1.0  # seconds that a page for everybody is answered again without asking whether it is still true
READY_AT_MOST = 500
DECIDES = (b"host", b"cookie", b"accept-language", b"accept-encoding", b"if-none-match", b"x-forwarded-proto")


@dataclass(frozen=True)
class Limits:
    body: int = 40 * 1024 * 1024
    body_timeout: float = 60
    answer_timeout: float = 60
    waiting: int = 1000  # requests that wait for a thread before further ones are sent away
    threads: int = 8
    folder: Path | None = None
    trusted_proxies: tuple[str, ...] = ()


class Left(Exception):
    """The person has gone; there is nobody to answer."""


class Unfit(Exception):
    """A request we do not take in, with the status that says why."""

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


class _File:
    """What Django hands out from a file."""

    def __init__(self, file, _size=0):
        self.file = file

    def __iter__(self):
        return iter(lambda: self.file.read(PIECE), b"")

    def close(self):
        self.file.close()


@dataclass
class _Answer:
    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    def start(self, status: str, headers: list[tuple[str, str]], exc_info=None):
        self.status = int(status.split(" ", 1)[0])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    def head(self) -> dict:
        return {"type": "http.response.start", "status": self.status, "headers": self.headers}


@dataclass(slots=True)
class _Ready:
    """An answer that anybody who asks in the same words gets again, for a moment."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes
    route: str
    until: float
    times: int = 0


class ReadyAnswers:
    """Public pages that Django has just said are alike for everybody who asks so, answered without a thread.

    Django marks them (`tongban.ready` in the environ, with the route). The key is all that such a page depends on, as it was sent:
    address, host, cookies, languages. Whoever sends one other byte is a stranger here and gets a thread. Used on the loop only.
    """

    def __init__(self, most: int = READY_AT_MOST, lasts: float = READY_FOR):
        self._most = most
        self._lasts = lasts
        self._answers: dict[tuple, _Ready] = {}

    @staticmethod
    def key(scope) -> tuple | None:
        """None for what is never answered so."""
        if scope["method"] != "GET":
            return None
        client = (scope.get("client") or ("",))[0]
        sent = [(name, value) for name, value in scope["headers"] if name in DECIDES]
        ours = client if any(name == b"x-forwarded-proto" for name, _ in sent) else ""
        return (ours, scope["path"], scope["query_string"], *sent)

    def get(self, key: tuple | None) -> _Ready | None:
        ready = self._answers.get(key) if key is not None else None
        if ready is None:
            return None
        if ready.until < time.monotonic():
            self._forget(key)
            return None
        ready.times += 1
        return ready

    def put(self, key: tuple | None, answer: _Answer, content: bytes, route: str) -> None:
        if key is None or answer.status not in (200, 304):
            return
        while len(self._answers) >= self._most:
            self._forget(next(iter(self._answers)))
        headers = [one for one in answer.headers if one[0] != b"x-request-id"]
        self._answers[key] = _Ready(answer.status, headers, content, route, time.monotonic() + self._lasts)

    def _forget(self, key) -> None:
        ready = self._answers.pop(key)
        if ready.times:
            log.info("answered again", route=ready.route, status=ready.status, times=ready.times)


class Shell:
    """An ASGI application. `pages` is a WSGI application; `troubled(environ, status)` answers (status, headers, body) without it."""

    def __init__(
        self,
        pages: Callable,
        *,
        troubled: Callable[[dict, int], tuple[int, list[tuple[str, str]], bytes]],
        limits: Limits = Limits(),
        live=None,
        topics_of: Callable[[str], list[str]] | None = None,
        desks: Iterable[Desk] = (),
    ):
        self._pages = pages
        self._troubled = troubled
        self.limits = limits
        self.live = live
        self._topics_of = topics_of
        self._desks = {desk.path: desk for desk in desks}
        self.ready = ReadyAnswers()
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="page")
        self._watch = ThreadPoolExecutor(
            1, thread_name_prefix="watch"
        )  # so that a busy pool can still be asked how it is
        self._free = limits.threads
        self._queued = 0
        self._stuck = 0
        self._lock = threading.Lock()
        self.stopping = False
        self.running = 0
        self._proxies = frozenset(limits.trusted_proxies)

    # -- for /healthz

    def state(self) -> str:
        if self._stuck >= self.limits.threads:
            return "every thread is stuck in a page that does not end"
        if self._queued >= self.limits.waiting:
            return f"{self._queued} requests wait for a thread"
        return ""

    # -- before the first visitor

    def rehearse(self, *paths: str, afterwards: Callable[[], None]) -> None:
        """Begin to make these pages once, for nobody, in a thread of the pool: what is made at its first use (templates, the index
        of the search) is there when somebody comes. Nothing waits for it and nothing depends on it."""

        def make():
            for path in paths:
                self._make_for_nobody(path)
            afterwards()

        self._pool.submit(make)

    def _make_for_nobody(self, path: str) -> None:
        scope = {
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"accept-encoding", b"gzip")],
        }
        try:
            response = self._pages(self._environ(scope, io.BytesIO(), 0), _Answer().start)
            try:
                b"".join(response)
            finally:
                if hasattr(response, "close"):
                    response.close()
        except Exception:
            log.exception("a page could not be rehearsed", path=path)

    # -- ASGI

    async def __call__(self, scope, receive, send):
        kind = scope["type"]
        if kind == "http":
            self.running += 1
            try:
                if scope["path"] == "/live/events" and self.live is not None:
                    topics = await self._watched(scope, send)
                    scope.clear()  # a stream stays open for hours: what asked for it need not stay with it, nor with the server
                    if topics:
                        await self.live.stream(topics, receive, send)
                elif scope["path"] in self._desks and scope["method"] == "POST" and not self.stopping:
                    await self._desks[scope["path"]](scope, receive, send)
                else:
                    await self._page(scope, receive, send)
            finally:
                self.running -= 1
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif kind == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive, send):
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self.live is not None:
                    self.live.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def stop(self, patience: float = 10.0) -> None:
        """Live streams end at once, pages that have begun are finished, and then the threads go home."""
        if self.stopping:
            return
        self.stopping = True
        if self.live is not None:
            await self.live.stop()
        until = time.monotonic() + patience
        while self.running and time.monotonic() < until:
            await asyncio.sleep(0.02)
        for desk in self._desks.values():
            await desk.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._watch.shutdown(wait=False, cancel_futures=True)

    # -- live

    async def _watched(self, scope, send) -> list[str]:
        """What this stream may tell of; nothing where it was refused."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        try:
            allowed = self._topics_of(query.get("token", [""])[0]) if self._topics_of else []
        except Exception:  # whatever is wrong with a token, it opens nothing
            allowed = []
        asked = query.get("topic") or allowed
        if scope["method"] != "GET" or not allowed or not set(asked) <= set(allowed):
            await self._say(self._environ(scope, io.BytesIO(), 0), 403, send)
        elif self.stopping:
            await self._say(self._environ(scope, io.BytesIO(), 0), 503, send)
        else:
            return list(asked)
        return []

    # -- pages

    async def _page(self, scope, receive, send):
        key = self.ready.key(scope)
        ready = self.ready.get(key)
        if ready is not None and not self.stopping:
            with contextlib.suppress(OSError):
                number = (b"x-request-id", secrets.token_hex(6).encode())
                await send({"type": "http.response.start", "status": ready.status, "headers": [*ready.headers, number]})
                await send({"type": "http.response.body", "body": ready.content, "more_body": False})
            return
        body: tempfile.SpooledTemporaryFile | None = None
        try:
            try:
                body, size = await self._take_in(scope, receive)
            except Left:
                return
            except Unfit as unfit:
                await self._say(self._environ(scope, io.BytesIO(), 0), unfit.status, send)
                return
            environ = self._environ(scope, body, size)
            watched = scope["path"] in WATCHED
            if not watched and (self.stopping or self._queued >= self.limits.waiting):
                await self._say(environ, 503, send)
                return
            body = None  # the thread closes it
            await self._carry(environ, watched, receive, send, key)
        finally:
            if body is not None:
                body.close()

    async def _take_in(self, scope, receive):
        """The whole request, in memory or, when larger, on disk: a slow sender holds a few bytes here and no thread."""
        limit = self.limits.body
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        too_large = declared.isdigit() and int(declared) > limit
        body = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self.limits.folder) if self.limits.folder else None)  # noqa: SIM115 - closed by whoever reads it
        size = 0
        try:
            while True:
                try:
                    async with asyncio.timeout(self.limits.body_timeout):
                        message = await receive()
                except TimeoutError:
                    raise Unfit(408) from None
                if message["type"] == "http.disconnect":
                    raise Left
                piece = message.get("body", b"")
                size += len(piece)
                too_large = too_large or size > limit
                if too_large:
                    if size > limit + DRAIN:
                        raise Unfit(
                            413
                        )  # reading a little on lets the browser show our sentence instead of a broken line
                elif piece:
                    try:
                        body.write(piece)
                    except OSError:
                        log.error("no room for what somebody sends")
                        raise Unfit(507) from None
                if not message.get("more_body", False):
                    if too_large:
                        raise Unfit(413)
                    body.seek(0)
                    return body, size
        except BaseException:
            body.close()
            raise

    def _environ(self, scope, body, size: int) -> dict:
        client = (scope.get("client") or ("", 0))[0]
        scheme = "http"
        if client in self._proxies:
            client, scheme = self._behind_proxy(scope["headers"], client)
        server = scope.get("server") or ("localhost", 80)
        environ = {
            "REQUEST_METHOD": scope["method"],
            "SCRIPT_NAME": "",
            "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "SERVER_NAME": str(server[0]),
            "SERVER_PORT": str(server[1] or 80),
            "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
            "REMOTE_ADDR": client,
            "CONTENT_LENGTH": str(size),
            "HTTP_X_TONGBAN_SCHEME": scheme,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": _File,
        }
        for name, value in scope["headers"]:
            if b"_" in name:
                continue  # x_tongban_scheme would become the same key as x-tongban-scheme
            key = name.decode("latin-1").upper().replace("-", "_")
            if key in {
                "CONTENT_LENGTH",
                "X_TONGBAN_SCHEME",
                "X_FORWARDED_PROTO",
                "X_FORWARDED_FOR",
                "TRANSFER_ENCODING",
                "PROXY",
            }:
                continue
            key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
            text = value.decode("latin-1")
            if key in environ:
                text = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + text
            environ[key] = text
        return environ

    def _behind_proxy(self, headers, proxy: str) -> tuple[str, str]:
        """Who stands before the proxies we know: the nearest address that is not one of them."""
        forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        scheme = next((value.decode("latin-1") for name, value in headers if name == b"x-forwarded-proto"), "http")
        client = proxy
        for address in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            try:
                ipaddress.ip_address(address)
            except ValueError:
                break
            client = address
            if address not in self._proxies:
                break
        return client, "https" if scheme == "https" else "http"

    async def _carry(self, environ: dict, watched: bool, receive, send, key: tuple | None = None):
        """Into a thread and back. A page that is made whole comes back in one hop; one that streams hands its pieces over."""
        loop = asyncio.get_running_loop()
        line = _Line(loop, send, self.limits.answer_timeout)
        with self._lock:
            self._queued += 1
        work = loop.run_in_executor(self._watch if watched else self._pool, self._make, environ, line)
        done, _ = await asyncio.wait(
            {work, line.began}, timeout=self.limits.answer_timeout, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            # The thread cannot be stopped; whatever it does still counts, so the sentence says that we do not know.
            line.abandon()
            with self._lock:
                self._stuck += 1
            work.add_done_callback(self._unstick)
            log.error("a page took too long")
            await self._say(environ, 504, send)
            return
        if not work.done():
            gone = asyncio.ensure_future(line.watch(receive))
            try:
                await work
            except Exception:
                log.exception("a streamed answer broke off")
                raise  # the server cuts the line, so that nobody takes the half for the whole
            finally:
                gone.cancel()
            return
        try:
            made = work.result()
        except Exception:
            log.exception("the page's machinery failed")
            await self._say(environ, 500, send)
            return
        if made is None:
            return
        answer, content = made
        if "tongban.ready" in environ and isinstance(content, bytes):
            self.ready.put(key, answer, content, environ["tongban.ready"])
        if isinstance(content, _File):
            await self._hand_out(answer, content, receive, send)
        else:
            with contextlib.suppress(OSError):
                await send(answer.head())
                await send({"type": "http.response.body", "body": content, "more_body": False})

    async def _hand_out(self, answer: _Answer, file: "_File", receive, send) -> None:
        """A large file, piece by piece: a slow line holds no thread between two pieces."""
        loop = asyncio.get_running_loop()
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await send(answer.head())
            while not gone.done() and (piece := await loop.run_in_executor(self._pool, file.file.read, PIECE)):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            pass
        finally:
            gone.cancel()
            await loop.run_in_executor(self._pool, file.close)

    def _unstick(self, work: asyncio.Future) -> None:
        with self._lock:
            self._stuck -= 1
        if not work.cancelled() and work.exception():
            log.error("a page that took too long failed in the end", error=type(work.exception()).__name__)

    def _make(self, environ: dict, line: "_Line"):
        """In the thread. Answers a whole page, or a large file to hand out, or None when the page was streamed from here."""
        with self._lock:
            self._queued -= 1
        answer = _Answer()
        content: bytes | _File | None = None
        try:
            response = self._pages(environ, answer.start)
            try:
                length = next((int(value) for name, value in answer.headers if name == b"content-length"), WHOLE + 1)
                if isinstance(response, _File) and length > WHOLE:
                    content = response
                elif isinstance(response, _File) or not getattr(response, "streaming", False):
                    content = b"".join(response)
                else:
                    line.stream(answer, response)
            finally:
                if content is not response and hasattr(response, "close"):
                    response.close()
        finally:
            environ["wsgi.input"].close()
        return None if content is None else (answer, content)

    async def _say(self, environ: dict, status: int, send) -> None:
        """Our own sentence, when Django cannot be asked or did not answer."""
        status, headers, body = self._troubled(environ, status)
        head = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        if status in {408, 413}:
            head.append((b"connection", b"close"))
        with contextlib.suppress(OSError):
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": body, "more_body": False})


async def _until_gone(receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Line:
    """Carries the pieces of a streamed answer from its thread to the person, never faster than they take them."""

    def __init__(self, loop, send, patience: float):
        self._loop = loop
        self._send = send
        self._patience = patience
        self._over = False
        self.began: asyncio.Future = loop.create_future()

    def abandon(self) -> None:
        self._over = True
        self.began.cancel()

    async def watch(self, receive) -> None:
        await _until_gone(receive)
        self._over = True

    def stream(self, answer: _Answer, pieces) -> None:
        if self._over:
            return
        self._loop.call_soon_threadsafe(self._begin)
        self._hand_over(answer.head())
        for piece in pieces:
            if self._over:
                return
            if piece:
                self._hand_over({"type": "http.response.body", "body": bytes(piece), "more_body": True})
        self._hand_over({"type": "http.response.body", "body": b"", "more_body": False})

    def _begin(self) -> None:
        if not self.began.done():
            self.began.set_result(True)

    async def _one(self, message: dict) -> None:
        await self._send(message)

    def _hand_over(self, message: dict) -> None:
        sent = asyncio.run_coroutine_threadsafe(self._one(message), self._loop)
        try:
            sent.result(self._patience)
        except (OSError, TimeoutError):  # gone, or takes nothing any more
            sent.cancel()
            self._over = True
