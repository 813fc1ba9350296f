"""On SQLite live screens are told when the number of its commits has changed."""

import sqlite3
import threading
import time

import pytest
from django.db import connection

from tongban.site.listening import GLANCE, Glancer


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A database of its own, as another process writes to it."""
    path = tmp_path / "a %20 name.sqlite3"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE topic (version INTEGER)")
    monkeypatch.setitem(connection.settings_dict, "NAME", path)
    yield writer
    writer.close()


def test_of_sqlite_every_commit_of_somebody_else_is_noticed_and_a_look_is_not(beside):
    words = threading.Semaphore(0)
    glancer = Glancer(words.release)
    try:
        assert words.acquire(timeout=5)  # whatever changed before somebody looked
        assert not words.acquire(timeout=5 * GLANCE)

        beside.execute("SELECT * FROM topic").fetchall()
        assert not words.acquire(timeout=5 * GLANCE)
        for _commit in range(3):
            beside.execute("INSERT INTO topic VALUES (1)")
            assert words.acquire(timeout=5)

        assert glancer.listening
    finally:
        glancer.close()
    assert not glancer._thread.is_alive()


def test_where_the_file_cannot_be_read_the_counters_are_looked_at_instead(tmp_path, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "NAME", tmp_path / "missing.sqlite3")
    glancer = Glancer(lambda: pytest.fail("nothing can have changed"))
    try:
        time.sleep(3 * GLANCE)
        assert not glancer.listening
    finally:
        glancer.close()
