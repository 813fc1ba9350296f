"""Parts of the product, or all of it, running for a test in processes of their own."""

import contextlib
import ctypes
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds: float = 20.0, every: float = 0.02):
    """Wait for something to become true; answer what it became, or fail."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(every)
    raise AssertionError(f"still not so after {seconds} s")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    """Everything this process has started, and what that has started."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
    return found


def named(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


LIBC = ctypes.CDLL(None)


def _end_with_us() -> None:
    """A test run that is itself killed leaves no product behind."""
    LIBC.prctl(1, signal.SIGTERM, 0, 0, 0)


class Running:
    """A command of ours on a port of its own; ended, with everything it started, when the test leaves."""

    def __init__(
        self, command: list[str], port: int, environment: dict[str, str] | None = None, log: Path | None = None
    ):
        self.port = port
        self.log = log
        self._out = open(log, "wb") if log else subprocess.DEVNULL  # noqa: SIM115 - closed in __exit__
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=self._out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_us,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        everyone = descendants(self.process.pid)
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(25)
        for pid in [self.process.pid, *everyone]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        if self._out is not subprocess.DEVNULL:
            self._out.close()

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log else ""

    def ask(self, method: str, path: str, body=None, headers=None, timeout: float = 30.0):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            line.request(method, path, body=body, headers=headers or {})
            answer = line.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            line.close()

    def answers(self, path: str = "/", status: int = 200) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.said()}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", path, timeout=5)[0] == status
        return False


def python(*words: str) -> list[str]:
    return [sys.executable, *words]


def made_once(name: str, make) -> Path:
    """A folder that a whole run of tests makes once, whoever of its workers is the first to need it. `make(folder)` fills it."""
    shelf = Path(os.environ["TONGBAN_TEST_RUN"])
    with open(shelf / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made, raw = shelf / name, shelf / f"{name}.raw"
        if not made.exists():
            shutil.rmtree(raw, ignore_errors=True)
            raw.mkdir()
            make(raw)
            raw.rename(made)
    return made


def kept_tables() -> Path:
    """SQLite's empty tables as exactly these migrations make them, ours and those of the libraries. A hundred steps take half a minute:
    one process takes it, and everybody copies until a migration changes.
    """
    digest = hashlib.sha256()
    for path in [*sorted(ROOT.glob("tongban/*/migrations/*.py")), ROOT / "requirements/test.lock"]:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    folder = ROOT / ".pytest_cache" / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{digest.hexdigest()[:24]}.sqlite3"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with tempfile.TemporaryDirectory(prefix="tongban-tables-") as made:
                _prepare(Path(made), "")
                with contextlib.closing(sqlite3.connect(Path(made) / "tongban.sqlite3")) as line:
                    line.execute("PRAGMA journal_mode = DELETE")  # one file, whole in itself
                shutil.copyfile(Path(made) / "tongban.sqlite3", kept.with_suffix(".raw"))
            kept.with_suffix(".raw").rename(kept)
    return kept


def pattern_database(url: str) -> str:
    """The name of a PostgreSQL database with all tables that others are copied from; its server is thrown away after the run."""
    parts = urlsplit(url)
    host = dict(parse_qsl(parts.query)).get("host") or parts.hostname
    which = hashlib.sha256(f"{host}:{parts.port}".encode()).hexdigest()[:12]  # a test may have a server of its own

    def make(folder: Path) -> None:
        name = f"pattern_{uuid.uuid4().hex[:12]}"
        line = psycopg.connect(
            dbname="postgres", user=parts.username, password=parts.password, host=host, port=parts.port, autocommit=True
        )
        line.execute(f"CREATE DATABASE {name}")
        line.close()
        prepare(folder, urlunsplit(parts._replace(path=f"/{name}")))
        (folder / "database").write_text(name)

    return (made_once(f"pattern-{which}", make) / "database").read_text()


def prepare(var: Path, database: str = "") -> None:
    """What `tongban prepare` makes of nothing: keys, tables, static files; no district."""
    if not database:
        shutil.copyfile(kept_tables(), var / "tongban.sqlite3")
    _prepare(var, database)


def _prepare(var: Path, database: str) -> None:
    given = {name: value for name, value in os.environ.items() if not name.startswith("TONGBAN_")}
    given |= {"TONGBAN_VAR": str(var), "TONGBAN_DEMO": "0", "DATABASE_URL": database}
    given["DJANGO_SETTINGS_MODULE"] = "tongban.site.settings"
    subprocess.run(python("-m", "tongban", "prepare"), cwd=ROOT, env=given, check=True, stdout=subprocess.DEVNULL)
    if not database:
        with contextlib.closing(sqlite3.connect(var / "tongban.sqlite3")) as line:
            line.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def furnish(var: Path) -> None:
    """Prepared like any other, without the wait for its migrations: a copy of the one directory this run has prepared."""
    shutil.copytree(made_once("prepared", prepare), var, dirs_exist_ok=True)


def whole_product(var: Path, *, port: int | None = None, environment: dict[str, str] | None = None) -> Running:
    """web, worker and supervisor as `make run` starts them, on a scratch var directory (prepared before)."""
    port = port or free_port()
    var.mkdir(parents=True, exist_ok=True)
    surroundings = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "TONGBAN_VAR": str(var),
        "PYTHONUNBUFFERED": "1",
        **(environment or {}),
    }
    surroundings.setdefault("DJANGO_SETTINGS_MODULE", "tongban.site.settings")
    return Running(python("-m", "tongban", "run", "--prepare"), port, surroundings, log=var / "said.txt")


def health(running: Running) -> dict:
    return json.loads(running.ask("GET", "/healthz")[2])["parts"]
