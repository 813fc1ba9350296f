"""`tongban visits`: the health office's key, what was written down under an order, and what a backup does not take along."""

import argparse
import datetime

import pytest
from django.utils import timezone

from tests.codes import venues
from tongban.codes import day_keys
from tongban.codes.models import SealedVisit
from tongban.codes.services import entering
from tongban.codes.services.entering import Visitor
from tongban.site.commands import visits
from tongban.site.safekeeping import copying

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(day_keys, "folder", lambda: tmp_path / "day-keys")
    monkeypatch.setenv("TONGBAN_OFFICE_PASSWORD", "a password")
    return tmp_path


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    visits.arguments(parser)
    return visits.run(parser.parse_args([str(word) for word in words]))


def test_the_office_makes_its_key_reads_a_day_and_nobody_reads_without(folder, capsys, monkeypatch):
    row = venues.venue()
    venues.rule("register")
    order = venues.order(diary=True, colours=False)
    key, today = folder / "office.pem", timezone.localdate()

    assert run("key", key) == 0
    assert run("key", folder / "second.pem") == 1  # there is one
    entering.enter(venues.poster(row), Visitor(device="x", name="李外卖", phone="13812345678"))
    capsys.readouterr()
    assert run("read", key, "--day", today, "--order", order.ref) == 0
    assert "李外卖" in capsys.readouterr().out
    assert run("read", key, "--day", today, "--order", "none") == 1
    monkeypatch.setenv("TONGBAN_OFFICE_PASSWORD", "another")
    assert run("read", key, "--day", today, "--order", order.ref) == 1
    assert "李外卖" not in capsys.readouterr().out
    assert key.stat().st_mode & 0o077 == 0
    assert b"ENCRYPTED" in key.read_bytes()


def test_destroying_says_what_is_gone(folder, capsys):
    run("key", folder / "office.pem")
    old = timezone.localdate() - datetime.timedelta(days=20)
    day_keys.public_of(day_keys.folder(), old)
    capsys.readouterr()

    run("destroy")
    run("destroy")

    assert capsys.readouterr().out == f"{old}\nNo day is older than fourteen days.\n"
    assert SealedVisit.objects.count() == 0


def test_keys_of_days_lie_where_no_backup_looks(settings):
    """A backup takes the database, the documents, the anchors, and the keys if asked: `day-keys` is none of them."""
    taken = [settings.TONGBAN_KEYS, settings.MEDIA_ROOT, copying.anchor_folder()]

    for there in taken:
        assert not day_keys.folder().is_relative_to(there)
        assert not there.is_relative_to(day_keys.folder())
