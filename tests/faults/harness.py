"""Real processes, real kills: the product on a scratch directory, callers who try again, and a hand with kill -9."""

import contextlib
import http.client
import json
import os
import random
import signal
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg

from tests.site.product import Running, descendants, furnish, named, pattern_database, until, whole_product

KILLS = int(os.environ.get("TONGBAN_KILLS", "10"))


@contextlib.contextmanager
def a_database():
    """DATABASE_URL for one test: a fresh database on the PostgreSQL of this run, or "" for a SQLite file."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        yield ""
        return
    name = f"faults_{uuid.uuid4().hex[:12]}"
    parts = urlsplit(url)
    host = dict(parse_qsl(parts.query)).get("host") or parts.hostname
    server = {
        "dbname": "postgres",
        "user": parts.username,
        "password": parts.password,
        "host": host,
        "port": parts.port,
    }

    def say(sentence: str) -> None:
        line = psycopg.connect(**server, autocommit=True)
        line.execute(sentence)
        line.close()

    say(f'CREATE DATABASE "{name}" TEMPLATE {pattern_database(url)}')
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        say(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def the_product(var: Path, **environment: str):
    """web, worker and supervisor under faults settings, well and answering."""
    with a_database() as url:
        surroundings = {
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "TONGBAN_DEMO": "0",
            "DATABASE_URL": url,
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            **environment,
        }
        surroundings.pop("TONGBAN_KEYS", None)
        if not url and not var.exists():
            furnish(var)
        with whole_product(var, environment=surroundings) as running:
            running.surroundings = {**surroundings, "TONGBAN_VAR": str(var)}
            until(lambda: running.answers("/healthz"), 60)
            yield running


def processes(running: Running) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"web": [], "worker": []}
    for pid in descendants(running.process.pid):
        kind = named(pid).removeprefix("tongban-").split("-")[0]
        if kind in found:
            found[kind].append(pid)
    return found


def kill_some(running: Running, choice: random.Random) -> str:
    """kill -9 for one web process, all of them, the worker, or everything that works."""
    there = processes(running)
    what = choice.choice(["a web process", "all web processes", "the worker", "everything", "everything"])
    victims = {
        "a web process": there["web"][:1],
        "all web processes": there["web"],
        "the worker": there["worker"],
        "everything": there["web"] + there["worker"],
    }[what]
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return what


@dataclass
class Callers:
    """People who hand something in and try again, with the same key, until they hold a receipt."""

    running: Running
    with_keys: bool = True
    pause: float = 0.0
    path: str = "/faults/hand-in"
    acknowledged: dict[str, str] = field(default_factory=dict)
    tries: int = 0
    strange: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self, count: int = 8) -> None:
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Whoever is trying goes on until they hold their receipt."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "somebody never got a receipt"

    def _call(self) -> None:
        while not self._stop.is_set():
            intent = uuid.uuid4().hex
            self.acknowledged[intent] = self._until_acknowledged(intent)
            if self.pause:
                time.sleep(self.pause)

    def _until_acknowledged(self, intent: str) -> str:
        body = urlencode({"intent": intent, "key": intent if self.with_keys else ""})
        while True:
            self.tries += 1
            try:
                status, _headers, said = self.running.ask(
                    "POST", self.path, body, {"Content-Type": "application/x-www-form-urlencoded"}, timeout=20
                )
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if status == 200:
                return json.loads(said)["receipt"]
            if status != 503:
                self.strange.append(f"{status} {said[:300]!r}")
            time.sleep(0.05)


def tally(running: Running) -> dict:
    """What was done, once the worker has carried out all that waited."""

    def done():
        try:
            status, _headers, said = running.ask("GET", "/faults/tally", timeout=60)
        except OSError:  # a web process is being started again: that is the supervisor's work, and is waited for
            return None
        found = json.loads(said) if status == 200 else {}
        return found if found and not found["jobs"].get("waiting") else None

    return until(done, 420, every=0.3)
