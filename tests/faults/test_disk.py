"""The disk: errors of writing and forcing, what a power cut would take, a file that is no longer what was written."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.faults.harness import tally, the_product
from tests.site.product import ROOT, free_port, furnish, python, until, whole_product
from tongban.site import refusal

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]
IN_ENGLISH = {"Accept-Language": "en", "Content-Type": "application/x-www-form-urlencoded"}
TRIES = int(os.environ.get("TONGBAN_IO_TRIES", "150"))
FLIPS = int(os.environ.get("TONGBAN_FLIPS", "60"))


@pytest.fixture(autouse=True)
def on_sqlite(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "")


@pytest.fixture(scope="module")
def shim(tmp_path_factory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("there is no C compiler here to make the shim that lets writes fail")
    made = tmp_path_factory.mktemp("shim") / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True, capture_output=True)
    return made


def hand_in(running, intent: str):
    return running.ask("POST", "/faults/hand-in", urlencode({"intent": intent, "key": intent}), IN_ENGLISH, timeout=60)


@contextmanager
def on_a_bad_disk(shim: Path, var: Path, folder: Path):
    share = folder / "share"
    share.write_text("0")
    preload = {"LD_PRELOAD": str(shim), "SHIM_ONLY": "tongban.sqlite3", "SHIM_FAIL": str(share)}
    with the_product(var, TONGBAN_HEARTBEAT_LIMIT="600", FAULTS_PAUSE="0", **preload) as running:
        yield running, share


def test_an_error_of_the_disk_is_not_acknowledged_and_what_was_acknowledged_is_there(shim, tmp_path):
    """One write or sync in thirty fails: each refusal in words, nothing lost, nothing there that was refused for good."""
    acknowledged, refused, strange = {}, 0, []
    with on_a_bad_disk(shim, tmp_path / "var", tmp_path) as (running, share):
        share.write_text("33")
        for number in range(TRIES):
            code, headers, said = hand_in(running, f"paper-{number}")
            if code == 200:
                acknowledged[f"paper-{number}"] = json.loads(said)["receipt"]
            elif code in (503, 507) and b"What you just sent was not taken in" in said:
                refused += 1
            else:
                strange.append((code, said[:300]))
        share.write_text("0")
        found = tally(running)
    there = {intent: receipt for receipt, intent in found["receipts"].items()}
    ghosts = set(there) - set(acknowledged)

    print(f"\n{TRIES} tries on a bad disk: {len(acknowledged)} acknowledged, {refused} refused in words, "
          f"{len(set(acknowledged) - set(there))} lost, {len(ghosts)} there though refused")  # fmt: skip
    assert strange == []
    assert refused > 0, "no write failed: the shim is not in the way"
    assert {intent: there.get(intent) for intent in acknowledged} == acknowledged
    # an error while forcing leaves open whether the commit is there: then sending again with the key gives the same receipt
    assert len(ghosts) <= refused
    assert found["chain"] == ""
    with closing(sqlite3.connect(tmp_path / "var" / "tongban.sqlite3")) as line:
        line.create_function("REGEXP", 2, lambda pattern, text: True)
        assert line.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_every_acknowledged_act_was_forced_to_disk_before_its_answer(shim, tmp_path):
    """Counted between the product and the disk, one act after the other."""
    count = tmp_path / "count"
    preload = {"LD_PRELOAD": str(shim), "SHIM_ONLY": "tongban.sqlite3", "SHIM_COUNT": str(count)}
    with the_product(tmp_path / "var", TONGBAN_HEARTBEAT_LIMIT="600", FAULTS_PAUSE="0", **preload) as running:
        until(lambda: count.exists())
        forced = []
        for number in range(25):
            before = count.stat().st_size
            assert hand_in(running, f"act-{number}")[0] == 200
            forced.append(count.stat().st_size - before)

    print(f"\n25 acts, {sum(forced)} times forced to disk, at least {min(forced)} each")
    assert min(forced) >= 1


@pytest.mark.parametrize("careless", ["NORMAL", "OFF"])
def test_the_product_does_not_start_when_a_power_cut_would_take_back_what_was_confirmed(tmp_path, careless):
    var = tmp_path / "var"
    furnish(var)
    surroundings = {**os.environ, "TONGBAN_VAR": str(var), "TONGBAN_DEMO": "0", "PYTHONPATH": str(ROOT), "PORT": str(free_port()),
                    "DJANGO_SETTINGS_MODULE": "tests.faults.settings", "FAULTS_SYNCHRONOUS": careless}  # fmt: skip

    started = subprocess.run(
        python("-m", "tongban", "run", "--prepare"),
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert started.returncode == 1
    assert "a power cut would take back what people were told is done" in started.stdout
    assert "Tongban does not start like this" in started.stdout


# -- a file that is no longer what was written


def harmed(database: Path, copy: Path, choice: random.Random) -> str:
    """One page of the file overwritten where the database keeps something; answers what was done."""
    shutil.copyfile(database, copy)
    content = bytearray(copy.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    size = 65536 if size == 1 else size
    page = choice.randrange(1, len(content) // size)
    begin = page * size
    how = choice.choice(["noise over the head of a page", "a page of zeros", "a page of another place"])
    if how == "noise over the head of a page":
        content[begin : begin + 64] = choice.randbytes(64)
    elif how == "a page of zeros":
        content[begin : begin + size] = bytes(size)
    else:
        other = choice.randrange(1, len(content) // size)
        content[begin : begin + size] = content[other * size : other * size + size]
    copy.write_bytes(content)
    return f"{how}, page {page}"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    var = tmp_path_factory.mktemp("prepared") / "var"
    furnish(var)
    return var


def everything_in(database: Path) -> list[str]:
    """Every row as SQL, and that every index leads to it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as line:
        line.create_function("REGEXP", 2, lambda pattern, text: True)
        assert line.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return list(line.iterdump())


def test_an_overwritten_page_of_the_database_is_found_at_the_start(prepared, tmp_path):
    """Whatever is not found has changed nothing: an empty page in the place of another empty page."""
    choice = random.Random(22)
    database = prepared / "tongban.sqlite3"
    assert refusal.damage(database) == ""  # control: a whole file is not refused
    whole, found, without_effect, missed = everything_in(database), 0, 0, []
    for _flip in range(FLIPS):
        copy = tmp_path / "harmed.sqlite3"
        what = harmed(database, copy, choice)
        if refusal.damage(copy):
            found += 1
        elif everything_in(copy) == whole:
            without_effect += 1
        else:
            missed.append(what)

    print(
        f"\n{FLIPS} pages overwritten: {found} found at the start, {without_effect} without effect, {len(missed)} missed"
    )
    assert found > FLIPS / 2
    assert missed == []


@pytest.mark.parametrize("table", ["django_migrations", "sqlite_sequence"])
def test_an_empty_page_where_a_table_without_index_was_is_found(prepared, tmp_path, table):
    """SQLite calls such a file whole: nothing else in it says how much there was."""
    copy = tmp_path / "harmed.sqlite3"
    shutil.copyfile(prepared / "tongban.sqlite3", copy)
    with closing(sqlite3.connect(copy)) as line:
        line.create_function("REGEXP", 2, lambda pattern, text: True)
        line.execute(f"DELETE FROM {table}")
        line.commit()
        assert line.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    assert refusal.damage(copy) != ""


def test_a_damaged_database_is_not_served_people_are_told_and_the_operator_is_told_what_to_do(prepared, tmp_path):
    var = tmp_path / "var"
    shutil.copytree(prepared, var)
    content = bytearray((var / "tongban.sqlite3").read_bytes())
    content[4096 * 3 : 4096 * 5] = bytes(4096 * 2)
    (var / "tongban.sqlite3").write_bytes(content)
    before = (var / "tongban.sqlite3").read_bytes()
    surroundings = {
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "TONGBAN_DEMO": "0",
        "DATABASE_URL": "",
        "PYTHONPATH": str(ROOT),
    }

    with whole_product(var, environment=surroundings) as running:
        until(lambda: running.answers("/", 503), 60)
        code, headers, page = running.ask("GET", "/my/cases/")
        assert (code, headers["Retry-After"]) == (503, "600")
        assert "What was confirmed to you is in our backups." in page.decode()
        assert running.ask("POST", "/faults/hand-in", "intent=x&key=x", IN_ENGLISH)[0] == 503
        said = json.loads(running.ask("GET", "/api/v1/matters/")[2])
        assert said["code"] == "records_damaged"
        assert running.ask("GET", "/healthz")[0] == 503
        told = running.said()
    assert "is damaged" in told and "tongban restore" in told
    assert (var / "tongban.sqlite3").read_bytes() == before
