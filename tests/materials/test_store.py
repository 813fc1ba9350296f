import multiprocessing
import os
import random
import signal
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from tongban.lib import encryption
from tongban.materials import store

CONTENT = b"%PDF-1.7 the lease of Wang Lin " + bytes(range(256)) * 40

pytestmark = pytest.mark.usefixtures("own_store")


def file_of(name: str):
    return store._path(name)


def age(name: str, days: int) -> None:
    then = time.time() - days * 86400
    os.utime(file_of(name), (then, then))


@pytest.mark.parametrize("size", [0, 1, store.PIECE - 1, store.PIECE, store.PIECE + 1, 3 * store.PIECE])
def test_what_is_put_comes_back(size):
    content = random.Random(size).randbytes(size)

    assert store.get(store.put(content, shelf="uploads")) == content


def test_the_same_content_is_one_file_and_its_name_betrays_nothing(own_store):
    import hashlib

    first, second = store.put(CONTENT, shelf="uploads"), store.put(CONTENT, shelf="uploads")

    assert first == second
    assert len([path for path in own_store.rglob("*") if path.is_file() and path.name != ".lock"]) == 1
    assert hashlib.sha256(CONTENT).hexdigest() not in first
    assert store.put(CONTENT, shelf="licences") != first.replace("uploads", "licences")


def test_nothing_of_the_content_can_be_read_on_disk(own_store):
    store.put(CONTENT, shelf="uploads")

    everything = b"".join(path.read_bytes() for path in own_store.rglob("*") if path.is_file())

    assert b"Wang Lin" not in everything and b"%PDF" not in everything
    assert {path.stat().st_mode & 0o777 for path in own_store.rglob("*") if path.is_file()} == {0o600}


def test_two_hundred_flipped_bits_are_two_hundred_found():
    name = store.put(CONTENT, shelf="uploads")
    path, whole = file_of(name), file_of(name).read_bytes()
    chance, found = random.Random(20261121), 0
    for _try in range(200):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            store.get(name)
        except store.Damaged:
            found += 1
    path.write_bytes(whole)

    assert found == 200
    assert store.get(name) == CONTENT  # negative control: untouched, it opens


@pytest.mark.parametrize("cut", [0, 1, 20, 100, store.PIECE, -store.PIECE - 16, -16, -1])
def test_a_file_cut_short_is_found(cut):
    name = store.put(random.Random(1).randbytes(2 * store.PIECE + 100), shelf="uploads")
    whole = file_of(name).read_bytes()

    file_of(name).write_bytes(whole[:cut])

    with pytest.raises(store.Damaged):
        store.get(name)


def test_pieces_in_another_order_or_another_files_content_are_found():
    name = store.put(random.Random(1).randbytes(3 * store.PIECE), shelf="uploads")
    other = store.put(CONTENT, shelf="uploads")
    whole = file_of(name).read_bytes()
    head, step = len(whole) - 3 * (store.PIECE + store.TAG), store.PIECE + store.TAG
    pieces = [whole[head + i * step : head + (i + 1) * step] for i in range(3)]

    for forged in (
        whole[:head] + pieces[1] + pieces[0] + pieces[2],
        whole[:head] + pieces[0] + pieces[2],
        file_of(other).read_bytes(),
    ):
        file_of(name).write_bytes(forged)
        with pytest.raises(store.Damaged):
            store.get(name)


def test_a_row_with_another_digest_is_found():
    name = store.put(CONTENT, shelf="uploads")

    with pytest.raises(store.Damaged):
        store.get(name, sha256="0" * 64)


def test_a_file_that_is_gone_is_damaged_and_sending_it_again_repairs_it():
    name = store.put(CONTENT, shelf="uploads")
    file_of(name).unlink()
    with pytest.raises(store.Damaged):
        store.get(name)

    assert store.put(CONTENT, shelf="uploads") == name
    assert store.get(name) == CONTENT


def test_sending_again_repairs_a_flipped_file():
    name = store.put(CONTENT, shelf="uploads")
    broken = bytearray(file_of(name).read_bytes())
    broken[-1] ^= 1
    file_of(name).write_bytes(broken)

    store.put(CONTENT, shelf="uploads")

    assert store.get(name) == CONTENT


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "uploads-../../x", "uploads-" + "g" * 64, "UPLOADS-" + "a" * 64]
)
def test_only_names_of_the_store_lead_anywhere(name):
    with pytest.raises(store.Damaged):
        store.get(name)


def test_files_kept_under_an_older_key_open_after_a_new_one(settings, tmp_path):
    settings.TONGBAN_KEYS = tmp_path / "keys"
    encryption.create_keys(settings.TONGBAN_KEYS)
    before = store.put(CONTENT, shelf="uploads")
    encryption.add_key(settings.TONGBAN_KEYS)

    after = store.put(CONTENT + b"!", shelf="uploads")

    assert (store.get(before), store.get(after)) == (CONTENT, CONTENT + b"!")
    assert file_of(before).read_bytes().split(b".")[1] != file_of(after).read_bytes().split(b".")[1]


def test_cleaning_takes_only_old_files_that_nobody_names():
    wanted, orphan, young = (store.put(CONTENT + suffix, shelf="uploads") for suffix in (b"1", b"2", b"3"))
    elsewhere = store.put(CONTENT, shelf="licences")
    for name in (wanted, orphan, elsewhere):
        age(name, 3)
    left = file_of(wanted).with_name("half.part")
    left.write_bytes(b"half")
    os.utime(left, (0, 0))

    deleted = store.sweep("uploads", {wanted}, before=datetime.now(UTC) - timedelta(days=1))

    assert deleted == 2
    assert store.get(wanted) and store.get(young) and store.get(elsewhere)
    with pytest.raises(store.Damaged):
        store.get(orphan)


def test_nothing_is_swept_from_the_shelf_for_good():
    assert store.put(CONTENT).startswith("kept-")
    with pytest.raises(ValueError, match="nothing is swept"):
        store.sweep("kept", set(), before=datetime.now(UTC))


def test_a_file_that_is_wanted_again_is_young_again():
    name = store.put(CONTENT, shelf="uploads")
    age(name, 3)

    store.put(CONTENT, shelf="uploads")

    assert store.sweep("uploads", set(), before=datetime.now(UTC) - timedelta(days=1)) == 0


def test_many_hands_may_put_the_same_content():
    names, barrier = [], threading.Barrier(8)

    def put():
        barrier.wait()
        names.append(store.put(CONTENT * 20, shelf="uploads"))

    threads = [threading.Thread(target=put) for _hand in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(names) == 8 and len(set(names)) == 1
    assert store.get(names[0]) == CONTENT * 20
    assert not list(store.folder().rglob("*.part"))


def _put_for_ever(told):
    for number in range(1_000_000):
        told.send(store.put(os.urandom(300_000) + str(number).encode(), shelf="uploads"))


def test_a_writer_killed_midway_leaves_every_file_whole_or_absent():
    kept = 0
    for wait in (0.02, 0.05, 0.08, 0.11):
        heard, told = multiprocessing.get_context("fork").Pipe(duplex=False)
        writer = multiprocessing.get_context("fork").Process(target=_put_for_ever, args=(told,))
        writer.start()
        told.close()
        time.sleep(wait)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        names = []
        try:
            while heard.poll():
                names.append(heard.recv())
        except EOFError:
            pass
        heard.close()
        for name in names:
            assert len(store.get(name)) > 300_000
        kept += len(names)
    assert kept > 0
    for path in store.folder().glob("uploads/??/*"):
        if not path.name.endswith(".part"):
            assert store.get(f"uploads-{path.name}")


def test_when_the_disk_is_full_nothing_half_written_stays(monkeypatch):
    import errno

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(CONTENT, shelf="uploads")

    assert [path for path in store.folder().rglob("*") if path.is_file() and path.name != ".lock"] == []
