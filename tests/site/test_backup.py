"""Back up while people write, bring it back into an empty house: a past moment that is whole, and nothing said or numbered twice."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from tests.faults.harness import Callers, a_database, tally, the_product
from tests.site.product import ROOT, python, until, whole_product
from tongban.site.safekeeping import copying

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.timeout(240)]


def command(running, *words: str, var: Path | None = None, url: str | None = None) -> subprocess.CompletedProcess:
    surroundings = {**os.environ, **running.surroundings}
    if var is not None:
        surroundings |= {"TONGBAN_VAR": str(var), "DATABASE_URL": url or ""}
    return subprocess.run(
        python("-m", "tongban", *map(str, words)), cwd=ROOT, env=surroundings, capture_output=True, text=True
    )


def test_a_backup_taken_while_people_write_comes_back_whole_in_an_empty_house(tmp_path, record_property):
    var, store, elsewhere = tmp_path / "var", tmp_path / "store", tmp_path / "elsewhere"
    with the_product(var) as running, a_database() as another:
        callers = Callers(running, pause=0.05)
        callers.begin(4)
        threading.Event().wait(1.5)
        known_before = dict(callers.acknowledged)
        done = command(running, "backup", "--to", store)
        callers.end()
        assert (done.returncode, done.stderr) == (0, "")
        (backup,) = store.iterdir()
        assert_no_key_is_in(backup, var / "keys")

        again = command(running, "restore", backup)
        assert (again.returncode, "already running" in again.stderr) == (1, True)
        running.process.terminate()
        running.process.wait(25)
        again = command(running, "restore", backup)
        assert (again.returncode, "into an empty installation only" in again.stderr) == (1, True)

        without_keys = command(running, "restore", backup, var=elsewhere, url=another)
        assert (without_keys.returncode, "The keys are not in" in without_keys.stderr) == (1, True)
        shutil.copytree(var / "keys", elsewhere / "keys", dirs_exist_ok=True)
        restored = command(running, "restore", backup, var=elsewhere, url=another)
        assert restored.returncode == 0, restored.stdout + restored.stderr
        assert "Everything is what was written." in restored.stdout

        running.surroundings |= {"TONGBAN_VAR": str(elsewhere), "DATABASE_URL": another}
        with whole_product(elsewhere, environment=running.surroundings) as later:
            until(lambda: later.answers("/healthz"), 60)
            found = tally(later)

    print(
        f"\n{len(callers.acknowledged)} acts while backing up, {len(known_before)} before it, {len(found['receipts'])} in the backup"
    )
    assert known_before
    assert set(known_before) <= set(found["receipts"].values())
    assert len(found["receipts"]) == len(set(found["receipts"].values())) <= len(callers.acknowledged)
    assert {known_before[intent] for intent in known_before} <= set(found["receipts"])
    assert found["chain"] == ""


def assert_no_key_is_in(backup: Path, keys: Path) -> None:
    secrets = [path.read_bytes().strip() for path in keys.glob("*.key")]
    assert len(secrets) > 2
    for path in backup.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path


def a_small_backup(running, folder: Path) -> Path:
    media = Path(running.surroundings["TONGBAN_VAR"]) / "media" / "uploads" / "ab"
    media.mkdir(parents=True)
    (media / ("ab" + "0" * 62)).write_bytes(b"a document " * 1000)
    done = command(running, "backup", "--to", folder)
    assert done.returncode == 0, done.stderr
    return next(folder.iterdir())


def test_a_backup_that_is_not_as_it_was_written_is_refused_and_nothing_is_changed(tmp_path):
    """Every file of it in turn: one byte changed, cut short, missing, added; then the manifest itself, with sums that fit."""
    with the_product(tmp_path / "var") as running, a_database() as another:
        backup = a_small_backup(running, tmp_path / "store")
        elsewhere = tmp_path / "elsewhere"
        shutil.copytree(tmp_path / "var" / "keys", elsewhere / "keys")
        manifest = copying.read_manifest(backup)
        for number, (name, harm) in enumerate(
            [
                (name, HARMS[number % len(HARMS)])
                for number, name in enumerate(sorted(manifest.files)[:3] + sorted(manifest.files)[-3:])
            ]
        ):
            copy = tmp_path / f"harmed-{number}"
            shutil.copytree(backup, copy)
            harm(copy / name)
            with pytest.raises(copying.NotWhole, match="is not as it was written"):
                copying.check_sums(copy, manifest)

        forged = tmp_path / "forged"
        shutil.copytree(backup, forged)
        said = json.loads((forged / "manifest.json").read_text())
        said["taken_at"] = "2020-01-01T00:00:00+00:00"
        (forged / "manifest.json").write_text(json.dumps(said))
        refused = command(running, "restore", forged, var=elsewhere, url=another)
        assert (refused.returncode, "was changed since" in refused.stderr) == (1, True), refused.stderr
        if not another:
            with sqlite3.connect(elsewhere / "tongban.sqlite3") as line:  # opened to look, and empty
                assert line.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        assert not (elsewhere / "media" / "uploads").exists()


def changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def added(path: Path) -> None:
    path.with_name("one-more").write_bytes(b"?")


HARMS = [changed, cut, Path.unlink, added]


def test_a_backup_can_be_taken_with_its_keys_and_then_needs_nothing_else(tmp_path):
    with the_product(tmp_path / "var") as running, a_database() as another:
        done = command(running, "backup", "--to", tmp_path / "store", "--with-keys")
        assert "The keys are in it" in done.stdout, done.stderr
        (backup,) = (tmp_path / "store").iterdir()
        restored = command(running, "restore", backup, var=tmp_path / "elsewhere", url=another)
        assert restored.returncode == 0, restored.stdout + restored.stderr
        assert re.search(r"^Messages to the outside are held: 0 wait\.$", restored.stdout, re.M)
        released = command(running, "restore", "--release", var=tmp_path / "elsewhere", url=another)
        assert released.stdout == "0 messages go out now.\n"
