"""A package for the archive is whole or it is not: whatever byte is changed, taken away or put in, it is found and named."""

import argparse
import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest

from tests.cases import ways
from tests.records import worlds
from tongban.licences import keys
from tongban.records import bagging, handing_over, queries
from tongban.records.gateways import NotTaken, archive
from tongban.records.gateways.folder import Folder
from tongban.site.commands import verify_archive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
def key(tmp_path):
    return keys.current(tmp_path / "seals", "PSB", "archive", now=NOW, name="Demo")


@pytest.fixture
def roots(tmp_path, key):
    return [keys.root_pem(tmp_path / "seals", now=NOW)]


def packed(key, **files: bytes) -> bytes:
    payload = files or {"case.json": b'{"number": "1"}', "papers/1-01.png": b"picture" * 5}
    return bagging.pack(
        payload, [("External-Identifier", "1")], key_id=key.key_id, certificate=key.public.statement_certificate,
        sign=key.sign_statement, now=NOW,
    )  # fmt: skip


def test_a_package_is_a_bag_as_rfc_8493_wants_it(key, roots):
    package = packed(key)
    with zipfile.ZipFile(io.BytesIO(package)) as held:
        files = {name: held.read(name) for name in held.namelist()}

    assert files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert b"Payload-Oxum: 50.2\n" in files["bag-info.txt"]
    for listing in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        for line in files[listing].decode().splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256(files[name]).hexdigest() == digest
    assert bagging.verify(package, roots) == bagging.Verdict(
        True, "ok", key_id=key.key_id, sealed_at="2026-11-21T04:00:00+00:00", files=2
    )


def test_every_byte_counts(key, roots):
    """Each byte of the package, changed: names, contents, lengths, checksums, dates, directory, end."""
    package = packed(key)
    right = [
        at
        for at in range(len(package))
        if bagging.verify(package[:at] + bytes([package[at] ^ 1]) + package[at + 1 :], roots).right
    ]
    assert right == []
    assert bagging.verify(package, roots).right  # negative control: untouched it is right


@pytest.mark.parametrize("change", [lambda it: it + b"x", lambda it: b"x" + it, lambda it: it[:-1], lambda it: b""])
def test_more_or_less_is_found(key, roots, change):
    assert not bagging.verify(change(packed(key)), roots).right


def _with(package: bytes, **changes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as held:
        files = {name: held.read(name) for name in held.namelist()}
    for name, content in changes.items():
        if content is None:
            files.pop(name)
        else:
            files[name] = content
    return bagging._zipped(files)


@pytest.mark.parametrize(
    ("changes", "reason", "file"),
    [
        ({"data/case.json": b"{}"}, "altered", "data/case.json"),
        ({"data/case.json": None}, "missing", "data/case.json"),
        ({"data/more.txt": b"x"}, "not_listed", "data/more.txt"),
        ({"more.txt": b"x"}, "not_listed", "more.txt"),
        ({"bag-info.txt": b"x: y\n"}, "altered", "bag-info.txt"),
        ({"seal.json": None}, "no_seal", "seal.json"),
        ({"seal.json": b"{}"}, "bad_seal", "seal.json"),
        ({"tagmanifest-sha256.txt": b""}, "not_listed", "bag-info.txt"),
    ],
)
def test_the_first_bad_file_is_named(key, roots, changes, reason, file):
    verdict = bagging.verify(_with(packed(key), **changes), roots)
    assert (verdict.right, verdict.reason, verdict.file) == (False, reason, file)


def test_a_whole_new_package_of_a_stranger_is_not_believed(key, roots, tmp_path):
    stranger = keys.current(tmp_path / "other", "PSB", "archive", now=NOW)
    assert bagging.verify(packed(stranger), roots).reason == "unknown_root"
    # the stranger's content under our key's name and certificate
    ours = json.loads(zipfile.ZipFile(io.BytesIO(packed(key))).read("seal.json"))
    theirs = json.loads(zipfile.ZipFile(io.BytesIO(packed(stranger))).read("seal.json"))
    mixed = bagging._canonical({**theirs, "key_id": ours["key_id"], "certificate": ours["certificate"]})
    assert bagging.verify(_with(packed(stranger), **{"seal.json": mixed}), roots).reason == "bad_seal"


def test_a_withdrawn_key_is_not_believed(key, roots):
    assert bagging.verify(packed(key), roots, withdrawn={key.key_id}).reason == "key_withdrawn"


@pytest.mark.parametrize("name", ["../out", "a b", "/abs", "data/../../x"])
def test_no_name_leads_out_of_the_package(key, name):
    with pytest.raises(ValueError, match="not a name"):
        packed(key, **{name: b"x"})


def test_the_command_says_it_with_its_exit_code(key, roots, tmp_path, capsys):
    (tmp_path / "root.pem").write_bytes(roots[0])
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(packed(key))
    bad.write_bytes(_with(packed(key), **{"data/case.json": b"{}"}))

    def said(*files) -> tuple[int, str]:
        options = argparse.Namespace(files=list(files), roots=tmp_path / "root.pem", withdrawn=None)
        return verify_archive.run(options), capsys.readouterr().out

    assert said(good)[0] == 0
    code, words = said(good, bad)
    assert code == 1 and "data/case.json" in words
    assert said(tmp_path / "gone.zip")[0] == 2


# -- what is in it, and who takes it


def test_a_package_holds_everything_and_no_open_door(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    case = worlds.ended(matter=ways.matter_with_everything())
    package = handing_over.package(case, queries.family(case), now=datetime.now(UTC))
    with zipfile.ZipFile(io.BytesIO(package)) as held:
        names = held.namelist()
        told = json.loads(held.read("data/case.json"))
        form = json.loads(held.read("data/form.json"))

    assert {"data/case.json", "data/form.json", "data/form.pdf"} <= set(names)
    assert any(name.startswith("data/letters/") for name in names) and any("licences/" in name for name in names)
    one = told["cases"][0]
    assert one["matter"]["name"] == {"zh": "示范事项", "en": "Demo matter"}
    assert one["tables"]["cases.Step"] and one["events"] and form[1]["label"]["en"] == "Reason"
    assert case.ref not in json.dumps(told) and case.query_code not in json.dumps(one["case"])


def test_the_same_package_goes_again_until_there_is_a_receipt(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    settings.ARCHIVE_GATEWAY = f"folder:{tmp_path / 'inbox'}"
    case = worlds.ended(matter=ways.matter_with_everything())
    for _again in range(2):
        with pytest.raises(NotTaken):
            handing_over.hand_over(case)
    packages = list((tmp_path / "inbox").glob("*.zip"))
    assert len(packages) == 1

    content = packages[0].read_bytes()
    answer = {"number": "A-1", "sha256": "0" * 64, "at": "2026-11-21T10:00:00+08:00", "archive": "Demo archive"}
    receipt = packages[0].with_suffix(".receipt.json")
    receipt.write_text(json.dumps(answer))
    with pytest.raises(NotTaken, match="another hash"):  # a receipt for something else lets nothing go
        handing_over.hand_over(case)

    receipt.write_text(json.dumps({**answer, "sha256": hashlib.sha256(content).hexdigest()}))
    assert handing_over.hand_over(case).receipt == "A-1"


def test_without_an_archive_nothing_is_taken(settings):
    settings.ARCHIVE_GATEWAY = "none"
    assert archive() is None
    settings.ARCHIVE_GATEWAY = "folder:/somewhere"
    assert isinstance(archive(), Folder)
    settings.ARCHIVE_GATEWAY, settings.DEMO = "simulated", False
    assert archive() is None  # a real district does not hand over to a twin
