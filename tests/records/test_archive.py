"""A package for the archive is whole or it is not: whatever byte is changed, taken away or put in, it is found and named."""

import argparse
import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import make
from tests.cases import ways
from tests.doors import enter
from tests.records import worlds
from tongban.cases.models import Case
from tongban.journal import services as journal
from tongban.journal.models import Job, ReadEntry
from tongban.licences import keys
from tongban.materials import store
from tongban.notices.models import Message
from tongban.records import bagging, handing_over, queries, taking_home
from tongban.records.gateways import NotTaken, archive
from tongban.records.gateways.folder import Folder
from tongban.rights import exporting
from tongban.rights.models import Export
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
    package = bagging.pack(
        payload, [("External-Identifier", "1")], key_id=key.key_id, certificate=key.public.statement_certificate,
        sign=key.sign_statement, now=NOW,
    )  # fmt: skip
    return b"".join(package.pieces())


def zipped(files: dict[str, bytes]) -> bytes:
    measured = {name: bagging._measured(content) for name, content in files.items()}
    return b"".join(bagging.Package(files, measured).pieces())


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
    return zipped(files)


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


def as_the_library_writes_it(package: bytes, how=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as held, zipfile.ZipFile(out, "w", how) as archive:
        for name in sorted(held.namelist()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr, entry.compress_type = 3, 0o600 << 16, how
            archive.writestr(entry, held.read(name))
    return out.getvalue()


def test_the_container_is_what_the_library_writes_so_older_packages_still_hold(key, roots):
    package = packed(key, **{"case.json": b"{}", "papers/1-01.png": b"p" * (bagging.PIECE * 2 + 7), "empty.txt": b""})
    assert as_the_library_writes_it(package) == package
    assert bagging.verify(io.BytesIO(package), roots).right
    assert (
        bagging.verify(as_the_library_writes_it(package, zipfile.ZIP_DEFLATED), roots).reason == "unreadable"
    )  # no bombs


def test_files_that_lie_in_another_order_are_another_container(key, roots):
    files = zipfile.ZipFile(io.BytesIO(packed(key)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files.namelist(), reverse=True):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), files.read(name))
    assert bagging.verify(out.getvalue(), roots).reason == "container"


def test_what_changes_while_it_is_packed_is_noticed(key):
    answers = iter([b"one", b"two"])
    package = bagging.pack(
        {"a.txt": lambda: next(answers)}, [], key_id=key.key_id, certificate=key.public.statement_certificate,
        sign=key.sign_statement, now=NOW,
    )  # fmt: skip
    with pytest.raises(ValueError, match="not what was measured"):
        list(package.pieces())


def test_what_is_put_aside_comes_back_and_lies_on_no_disk_in_clear(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    with store.Spool() as aside:
        fetch = [aside.keep(content) for content in (b"first" * 1000, b"", b"third")]
        assert [one() for one in reversed(fetch)] == [b"third", b"", b"first" * 1000]
        aside._file.seek(0)
        assert b"first" not in aside._file.read()
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]  # it has no name


@pytest.mark.parametrize("length", [0, 1, store.PIECE - 1, store.PIECE, store.PIECE + 1, 2 * store.PIECE])
def test_a_file_written_in_pieces_is_the_file_written_at_once(settings, tmp_path, length):
    settings.TONGBAN_VAR = tmp_path
    content = bytes(length)
    parts = [content[:3], b"", content[3:]]
    name = store.put_pieces(lambda: iter(parts), sha256=hashlib.sha256(content).hexdigest(), shelf="archive")
    assert name == store.name_of(content, "archive")
    assert store.get(name) == content == b"".join(store.pieces_of(name))
    assert store.put_pieces(lambda: iter(()), sha256=hashlib.sha256(content).hexdigest(), shelf="archive") == name


def test_pieces_that_are_something_else_get_no_name(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    with pytest.raises(ValueError, match="something else"):
        store.put_pieces(lambda: iter([b"x"]), sha256="0" * 64, shelf="archive")
    assert list(store.names()) == [] and not list(store.folder().rglob("*.part"))


def test_the_demonstration_archive_keeps_nothing_that_is_not_in_order(settings, tmp_path, key):
    settings.TONGBAN_VAR, settings.ARCHIVE_GATEWAY = tmp_path, "simulated"
    package = packed(key)  # sealed by a key of another root than this installation's

    class Given:
        sha256 = hashlib.sha256(package).hexdigest()

        def pieces(self):
            yield package

    with pytest.raises(NotTaken, match="unknown_root"):
        archive().take("one", Given())
    assert not [path for path in (tmp_path / "archive").rglob("*") if path.is_file()]


# -- what is in it, and who takes it


def test_a_package_holds_everything_and_no_open_door(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    case = worlds.ended(matter=ways.matter_with_everything())
    with handing_over.package(case, queries.family(case), now=datetime.now(UTC)) as made:
        package = b"".join(made.pieces())
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


# -- the same for whoever made the application


def test_an_applicant_takes_everything_home_in_a_file_that_can_be_judged(client, tmp_path, capsys):
    case = ways.bring("closed")
    enter(client, case.account)
    stranger = enter(Client(), make.account())

    there = client.get(f"/my/cases/{case.ref}/")
    before = client.get(f"/my/cases/{case.ref}/case.zip")
    for _press in range(2):
        client.post(f"/my/cases/{case.ref}/along/")
    waiting = client.get(f"/my/cases/{case.ref}/along/").content.decode()
    while journal.work_once():
        pass
    ready = client.get(f"/my/cases/{case.ref}/along/").content.decode()
    answer = client.get(f"/my/cases/{case.ref}/case.zip")
    content = b"".join(answer.streaming_content)
    kept = tmp_path / "case.zip"
    kept.write_bytes(content)
    worst = verify_archive.run(argparse.Namespace(files=[kept], roots=None, withdrawn=None))

    assert f"/my/cases/{case.ref}/along/" in there.content.decode()
    assert (before.status_code, before.url) == (302, f"/my/cases/{case.ref}/along/")
    assert "<progress" in waiting and "case.zip" not in waiting and f"/my/cases/{case.ref}/case.zip" in ready
    assert Export.objects.get().case == case  # pressed twice, packed once
    assert Message.objects.get(kind="copy_ready").link == f"/my/cases/{case.ref}/along/"
    assert worst == 0, capsys.readouterr().out
    with zipfile.ZipFile(kept) as held:
        names = {name for name in held.namelist() if name.startswith("data/")}
        about = json.loads(held.read("data/case.json"))
        read_me = held.read("data/README.txt").decode("utf-8-sig")
        pdfs = [held.read(name)[:5] for name in names if name.endswith(".pdf")]
    letters = {f"data/letters/{sheet.number}.pdf" for sheet in case.documents.all()}
    told = {"data/README.txt", "data/case.json"}
    assert {"data/form.pdf", "data/form.json", *letters} <= names and letters
    assert names - told == {one["name"] for one in about["files"]} and about["missing"] == []
    assert set(pdfs) == {b"%PDF-"} and case.number in read_me
    assert about["cases"][0]["happened"][-1]["state"] == "closed"
    assert "officer" not in json.dumps(about)
    assert stranger.get(f"/my/cases/{case.ref}/case.zip").status_code == 404
    assert stranger.post(f"/my/cases/{case.ref}/along/").status_code == 404
    assert ["everything"] in ReadEntry.objects.filter(about=case.subject).values_list("fields", flat=True)


def test_a_result_nobody_opened_yet_is_not_delivered_by_a_copy():
    case = ways.bring("ready")

    with zipfile.ZipFile(io.BytesIO(b"".join(taking_home.pieces(case, account=case.account)))) as held:
        ready = [name for name in held.namelist() if "licences/" in name]
    Case.objects.filter(pk=case.pk).update(state="delivered")
    case = Case.objects.get(pk=case.pk)
    with zipfile.ZipFile(io.BytesIO(b"".join(taking_home.pieces(case, account=case.account)))) as held:
        delivered = [name for name in held.namelist() if "licences/" in name]

    assert (ready, len(delivered)) == ([], 1)


def test_what_cannot_be_packed_is_said_and_packed_when_asked_again(client, monkeypatch):
    case = ways.bring("closed")
    enter(client, case.account)
    with monkeypatch.context() as broken:
        broken.setattr(taking_home.bagging, "pack", lambda *_what, **_how: 1 / 0)
        client.post(f"/my/cases/{case.ref}/along/")
        while journal.work_once():
            pass
    failed = client.get(f"/my/cases/{case.ref}/along/").content.decode()
    client.post(f"/my/cases/{case.ref}/along/")
    while journal.work_once():
        pass

    assert "Try again" in failed and 'role="alert"' in failed
    assert list(Export.objects.order_by("pk").values_list("state", flat=True)) == ["failed", "ready"]
    assert Message.objects.filter(kind__startswith="copy_").count() == 2


def test_a_package_nobody_makes_any_more_and_one_nobody_fetched_are_told():
    case = ways.bring("closed")
    row = taking_home.ask(case, account=case.account)
    Job.objects.filter(kind=taking_home.ERRAND).update(state=Job.PARKED)
    exporting.delete_old()
    again = taking_home.ask(case, account=case.account)
    while journal.work_once():
        pass
    soon = timezone.now() + timedelta(hours=20)
    Export.objects.filter(pk=again.pk).update(until=soon)

    told = [exporting.warn(), exporting.warn()]
    while journal.work_once():
        pass

    row.refresh_from_db()
    assert row.state == "failed"
    assert told == [1, 0]
    kinds = set(Message.objects.filter(kind__startswith="copy_").values_list("kind", flat=True))
    assert kinds == {"copy_failed", "copy_ready", "copy_ends"}
