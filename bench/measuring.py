"""What the measurements share: a district to measure, the product running on it, callers, and what a process used.

    python bench/measuring.py    prepares the district (each script does that by itself when it is missing)

The district is the demonstration's content and people without its cases. It is built once in the system's temporary directory and
copied for each measurement, so that none sees what another has left. Figures are CPU time wherever that can be had: neighbours on the
machine lengthen the time on the clock, not the work.
"""

import contextlib
import hashlib
import io
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

TICKS = os.sysconf("SC_CLK_TCK")


# -- the district


@contextlib.contextmanager
def a_district() -> Iterator[Path]:
    """A var directory of one's own with the district in it, gone afterwards. Django of this process is set up on it."""
    prepared = _prepared()
    with tempfile.TemporaryDirectory(prefix="tongban-bench-") as folder:
        var = Path(folder) / "var"
        shutil.copytree(prepared, var)
        os.environ |= {"TONGBAN_VAR": str(var), "DJANGO_SETTINGS_MODULE": "tongban.site.settings", "TONGBAN_DEMO": "1"}
        for name in ("DATABASE_URL", "TONGBAN_KEYS", "HOST", "PORT"):
            os.environ.pop(name, None)
        import django

        django.setup()
        yield var


def _prepared() -> Path:
    stamp = hashlib.sha256(time.strftime("%Y-%m-%d").encode())
    for path in sorted(
        [
            *ROOT.glob("demo/*.yaml"),
            *ROOT.glob("tongban/**/models.py"),
            *ROOT.glob("tongban/**/models/*.py"),
            *ROOT.glob("tongban/site/demonstration/*.py"),
        ]
    ):
        stamp.update(path.read_bytes())
    folder = Path(tempfile.gettempdir()) / f"tongban-district-{os.getuid()}-{stamp.hexdigest()[:12]}"
    if not folder.exists():
        print("Preparing the district ...", file=sys.stderr, flush=True)
        making = folder.with_name(f"{folder.name}.{os.getpid()}")
        environment = {
            **os.environ,
            "TONGBAN_VAR": str(making),
            "DJANGO_SETTINGS_MODULE": "tongban.site.settings",
            "TONGBAN_DEMO": "1",
        }
        environment.pop("DATABASE_URL", None)
        subprocess.run([sys.executable, __file__, "--make"], env=environment, check=True, stdout=subprocess.DEVNULL)
        making.rename(folder)
    return folder


def _make() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection, transaction
    from django.utils import timezone

    from tongban.registers.services import nobody_waits
    from tongban.site.commands import prepare
    from tongban.site.demonstration import district, papers, people

    if (ROOT / "node_modules").exists() and (ROOT / "var" / "assets").exists():
        shutil.copytree(ROOT / "var" / "assets", settings.TONGBAN_VAR / "assets", dirs_exist_ok=True)
    for do in (prepare.keys, prepare.database, prepare.static_files):
        if code := do():
            sys.exit(code)
    with nobody_waits(), transaction.atomic():
        district.content()
        made = people.populate(district.DEMO)
        papers.hand_out(made, timezone.localdate())
    from tongban.journal import services as journal

    while journal.work_once(limit=50):
        pass
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def signed_in(account) -> str:
    """The Cookie header of somebody who signed in with a password and, just now, a second factor and their face."""
    from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": time.time()},
        {"method": "mfa", "type": "totp", "at": time.time()},
    ]
    session["account_authentication_methods_user"] = str(account.pk)
    session["present_at"] = time.time()
    session.save()
    return f"session={session.session_key}; csrf={CSRF}"


CSRF = "benchbenchbenchbenchbenchbenchbe"


# -- pages in this process


class InProcess:
    """Django's WSGI handler with all of the product's middleware, asked without a network."""

    def __init__(self):
        import logging

        from django.core.wsgi import get_wsgi_application

        from tongban.site.supervisor import settle_memory

        self._pages = get_wsgi_application()
        settle_memory()  # as the supervisor does before the web processes begin
        logging.disable(logging.CRITICAL)  # written to standard error here; the product writes it to a file of its own

    def ask(self, path: str, cookie: str = "", **more: str) -> tuple[int, dict[str, str], bytes]:
        path, _mark, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "localhost",
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
            "HTTP_ACCEPT_ENCODING": "gzip", "HTTP_COOKIE": cookie, "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr, **more,
        }  # fmt: skip
        got: list = []
        response = self._pages(environ, lambda status, headers, exc=None: got.extend((int(status[:3]), dict(headers))))
        body = b"".join(response)
        response.close()
        return got[0], got[1], body

    def queries(self, path: str, cookie: str = "") -> list[str]:
        """The SQL a page needs, as it was sent."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as sent:
            self.ask(path, cookie)
        return [one["sql"] for one in sent.captured_queries]


class Replayed:
    """The least a page can cost here: its own SQL on a bare connection, every row fetched, and its own bytes handed out."""

    def __init__(self, database: Path, statements: list[str], body: bytes):
        self._line = sqlite3.connect(database, isolation_level=None, timeout=20)
        self._line.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        self._statements = [one for one in statements if one.lstrip()[:6].upper() in ("SELECT", "INSERT", "UPDATE")]
        self._body = body

    def __call__(self) -> bytes:
        for statement in self._statements:
            with contextlib.suppress(sqlite3.OperationalError, sqlite3.IntegrityError):
                self._line.execute(statement).fetchall()
        return bytes(bytearray(self._body))


def cpu_ms(act: Callable[[], object], seconds: float = 0.4) -> float:
    """CPU milliseconds of this thread that one call takes."""
    act()
    count, began = 0, time.thread_time()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        act()
        count += 1
    return (time.thread_time() - began) * 1000 / count


def interleaved(rounds: int, **acts: Callable[[], float]) -> dict[str, float]:
    """Each measured once a round, one after the other; the medians."""
    found: dict[str, list[float]] = {name: [] for name in acts}
    for _round in range(rounds):
        for name, act in acts.items():
            found[name].append(act())
    return {name: median(values) for name, values in found.items()}


def median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def share(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


# -- the whole product


@contextlib.contextmanager
def the_product(var: Path, **environment: str):
    """web, worker and supervisor as `make run` starts them, well and answering."""
    from tests.site.product import until, whole_product

    with whole_product(var, environment=environment) as running:
        until(lambda: running.answers("/healthz"), 60)
        yield running


def parts(running) -> dict[str, list[int]]:
    """The processes of a running product by what they are."""
    from tests.site.product import descendants, named

    found: dict[str, list[int]] = {"supervisor": [running.process.pid], "web": [], "worker": []}
    for pid in descendants(running.process.pid):
        found.setdefault(named(pid).removeprefix("tongban-").split("-")[0], []).append(pid)
    return found


def used(pids: list[int]) -> float:
    """CPU seconds that these processes, and what they have waited for, have used so far."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += sum(map(int, words[11:15]))
    return total / TICKS


def held(pid: int) -> tuple[float, float]:
    """Memory in MB: the fair share of what is shared with others (PSS), and all that is mapped (RSS)."""
    said = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return tuple(int(re.search(rf"^{name}:\s+(\d+)", said, re.M)[1]) / 1024 for name in ("Pss", "Rss"))  # type: ignore[return-value]


class Caller:
    """One person's line to the product, kept open: requests as bytes, so that asking costs next to nothing."""

    def __init__(self, port: int):
        self._port = port
        self._line: socket.socket | None = None

    def get(self, path: str, cookie: str = "", more: str = "") -> tuple[int, bytes]:
        return self._send(f"GET {path} HTTP/1.1\r\n{self._head(cookie)}{more}\r\n".encode())

    def post(self, path: str, form: bytes, cookie: str = "") -> tuple[int, bytes]:
        head = f"POST {path} HTTP/1.1\r\n{self._head(cookie)}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
        return self._send(head.encode() + form)

    def _head(self, cookie: str) -> str:
        return f"Host: 127.0.0.1:{self._port}\r\nAccept-Encoding: gzip\r\n" + (
            f"Cookie: {cookie}\r\n" if cookie else ""
        )

    def _send(self, request: bytes) -> tuple[int, bytes]:
        if self._line is None:
            self._line = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._line.sendall(request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _gap, body = got.partition(b"\r\n\r\n")
        status = int(head[9:12])
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if status == 304:
            return status, head
        if length is None:  # in pieces
            while not body.endswith(b"0\r\n\r\n"):
                body += self._more()
        else:
            while len(body) < int(length[1]):
                body += self._more()
        return status, head

    def _more(self) -> bytes:
        piece = self._line.recv(65536)
        if not piece:
            self._line = None
            raise ConnectionError("the product closed the line")
        return piece

    def close(self) -> None:
        if self._line is not None:
            self._line.close()


def together(count: int, act: Callable[[int], None]) -> float:
    """`count` people at once, each in a thread; how many seconds until the last was done. What goes wrong with one is raised."""
    wrong: list[BaseException] = []

    def one(number: int):
        try:
            act(number)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]
    return time.monotonic() - began


# -- tables


def table(title: str, heads: list[str], rows: list[list], note: str = "") -> None:
    shown = [[_shown(cell) for cell in row] for row in rows]
    widths = [max(len(str(line[at])) for line in [heads, *shown]) for at in range(len(heads))]
    print(f"\n{title}")
    for line in [heads, *shown]:
        print(
            "  "
            + "  ".join(
                str(cell).ljust(width) if not at else str(cell).rjust(width)
                for at, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
        )
    if note:
        print(f"  {note}")
    sys.stdout.flush()


def _shown(cell) -> str:
    if isinstance(cell, float):
        return (
            f"{cell:,.0f}"
            if abs(cell) >= 100
            else f"{cell:.1f}"
            if abs(cell) >= 10
            else f"{cell:.2f}"
            if abs(cell) >= 0.1
            else f"{cell:.3f}"
        )
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


if __name__ == "__main__":
    if "--make" in sys.argv:
        _make()
    else:
        print(_prepared())
