"""When the database has changed, so that live screens are told at once instead of at the next look: PostgreSQL says it (LISTEN/NOTIFY),
of SQLite a number is read that changes with every commit of anybody else."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from urllib.parse import quote

import psycopg
import structlog
from django.db import connection

from tongban.journal.services import TOPICS_CHANNEL

log = structlog.get_logger("tongban.live")

TURN = 1.0  # seconds between two looks whether it is time to go
AGAIN_AFTER = 1.0  # seconds before a lost line is taken up again
GLANCE = 0.01  # seconds between two looks at SQLite's number: a hundred a second are less than a thousandth of a core


class Listener:
    """One connection of its own for a process, outside the pool. A pooler that passes no words on (transaction pooling) leaves `listening`
    true and silent: the counters are then looked at every few seconds."""

    def __init__(self, stir: Callable[[], None]):
        self.listening = False
        self._stir = stir
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(TURN * 3)

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                self._while_connected()
            except psycopg.Error as error:
                if self.listening:
                    log.warning("the database tells no changes any more; looking instead", error=type(error).__name__)
                self.listening = False
                self._over.wait(AGAIN_AFTER)

    def _while_connected(self) -> None:
        about = {**connection.get_connection_params()}
        about.pop("pool", None)
        with psycopg.connect(**about, autocommit=True) as line:
            line.execute(f"LISTEN {TOPICS_CHANNEL}")
            self.listening = True
            self._heard()  # whatever was told before somebody listened
            while not self._over.is_set():
                for _word in line.notifies(timeout=TURN, stop_after=1):
                    self._heard()

    def _heard(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self._stir()


class Glancer:
    """The same for SQLite: `PRAGMA data_version` on a line of its own reads one number of the write-ahead log's index and holds nobody up."""

    def __init__(self, stir: Callable[[], None]):
        self.listening = False
        self._stir = stir
        self._over = threading.Event()
        self._path = str(connection.settings_dict["NAME"])
        self._thread = threading.Thread(target=self._watch, name="listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(TURN * 3)

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                self._while_connected()
            except sqlite3.Error as error:
                if self.listening:
                    log.warning("the database tells no changes any more; looking instead", error=type(error).__name__)
                self.listening = False
                self._over.wait(AGAIN_AFTER)

    def _while_connected(self) -> None:
        with contextlib.closing(sqlite3.connect(f"file:{quote(self._path)}?mode=ro", uri=True, timeout=1)) as line:
            seen = None
            while not self._over.wait(GLANCE):
                [version] = line.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    seen, self.listening = version, True
                    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                        self._stir()
