"""Writers take turns: one of each process stands before the database, and looks every other millisecond whether it is free.

SQLite lets one write at a time. Left to itself a writer that finds it busy sleeps, longer each time (1 to 100 ms), while those who come
later slip in: with twenty people sending at once some wait for seconds. A turn is an agreement, not a guard: SQLite still decides, so
whoever does not take a turn (a single statement outside a transaction, another program) is waited for as before.
"""

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections import defaultdict
from functools import lru_cache

from django.db import connection
from django.db.backends.sqlite3 import base

LOOK_EVERY = 0.002
LONG = 20_000  # letters: a statement of many rows is not kept
_doors: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def hold_open() -> sqlite3.Connection | None:
    """One line that does nothing and is never closed, for the whole life of a process; None where the database is no file of SQLite.

    When the last line to a file is closed, SQLite removes the files beside it, and makes them again for the next one: on a full disk
    it cannot, and then nobody can even read.
    """
    where = connection.settings_dict
    if connection.vendor != "sqlite" or connection.is_in_memory_db():  # type: ignore[attr-defined]
        return None
    line = sqlite3.connect(where["NAME"], timeout=float(where["OPTIONS"].get("timeout", 5.0)), check_same_thread=False)
    try:
        line.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except sqlite3.Error:  # whoever needs it says so
        line.close()
        return None
    return line


class Cursor(base.SQLiteCursorWrapper):
    """Django writes the marks of a statement anew each time it is sent; the same statement is sent thousands of times."""

    def convert_query(self, query, *, param_names=None):
        if param_names is not None or len(query) > LONG:
            return super().convert_query(query, param_names=param_names)
        return _marked(query)


@lru_cache(maxsize=1024)
def _marked(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction holds its turn until it is committed or rolled back; a process that dies gives its turn back by dying."""

    _door: "threading.Lock | None" = None
    _file: int | None = None

    def create_cursor(self, name=None):
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self):
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self):
        try:
            return super()._commit()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _rollback(self):
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self):
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _take_turn(self) -> None:
        """Waits as long as the connection would; then goes on without a turn, and SQLite says that it is locked."""
        if self._door is not None:
            return
        name = str(self.settings_dict["NAME"])
        if self.is_in_memory_db():
            return
        until = time.monotonic() + float(self.settings_dict["OPTIONS"].get("timeout", 5.0))
        door = _doors[name]
        if not door.acquire(timeout=max(0.0, until - time.monotonic())):
            return
        self._door = door
        with contextlib.suppress(OSError):  # a full or missing disk is SQLite's to tell
            self._file = os.open(f"{name}.turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            while not self._has_file(self._file) and time.monotonic() < until:
                time.sleep(LOOK_EVERY)

    @staticmethod
    def _has_file(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _end_turn(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
        door, self._door = self._door, None
        if door is not None:
            door.release()
