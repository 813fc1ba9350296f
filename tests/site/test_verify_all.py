"""`tongban verify-all` names each thing that is not what was written, and nothing else."""

import datetime
import os
import random
import re
import time

import pytest
from django.utils import timezone

from tests import make
from tests.cases.ways import work
from tests.faults.test_rot import flip, photo
from tongban.cases.models import CaseNumber
from tongban.journal import services as journal
from tongban.journal.models import Event
from tongban.licences.models import Licence, LicenceSerial
from tongban.materials import services as materials
from tongban.materials import store
from tongban.materials.models import Page
from tongban.site.commands import verify_all
from tongban.site.safekeeping import restoring, verifying

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
CHOICE = random.Random(5)


@pytest.fixture
def house(settings, tmp_path, monkeypatch):
    settings.TONGBAN_VAR = tmp_path
    monkeypatch.setattr(
        verifying, "database", lambda progress: iter(())
    )  # the test's own database has a transaction open
    monkeypatch.setattr(verifying, "PARTS", [part for part in verifying.PARTS if part.name != "database"])
    make.licence_type("residence-permit")
    case = make.case("approved", make.matter(result={"kind": "e_licence", "ref": "residence-permit"}))
    materials.keep([photo(1)], owner=case.applicant, by=case.account)
    work()
    journal.seal_chain()
    return case


def wrong(capsys) -> tuple[int, list[str]]:
    code = verify_all.look()
    return code, re.findall(r"^- (.*)$", capsys.readouterr().out, re.M)


def test_what_is_as_it_was_written_has_nothing_wrong(house, capsys):
    assert wrong(capsys) == (0, [])


def test_a_changed_event_is_named(house, capsys):
    row = Event.objects.order_by("id")[2]
    Event.objects.filter(pk=row.pk).update(subject="case:999")

    code, said = wrong(capsys)

    assert (code, len(said)) == (1, 1)
    assert f"journal_event, row {row.pk}" in said[0] and "the content was changed" in said[0]


def test_a_damaged_document_is_named_and_its_sender_is_asked(house, capsys):
    page = Page.objects.get()
    flip(page.file, CHOICE)

    code, said = wrong(capsys)

    assert (code, len(said)) == (1, 1)
    assert f"Document {page.document_id}, page 1" in said[0]
    assert Event.objects.filter(kind="PageFoundDamaged").count() == 1


def test_a_licence_whose_row_was_changed_or_whose_file_is_gone_is_named(house, capsys):
    licence = Licence.objects.get()
    Licence.objects.update(valid_to=datetime.date(2099, 1, 1))
    store._path(licence.pdf).unlink()

    code, said = wrong(capsys)

    assert (code, len(said)) == (1, 2)
    assert said[0] == f"Licence {licence.identifier}: altered."
    assert "is damaged" in said[1]


def test_a_counter_behind_a_number_that_was_given_is_named(house, capsys):
    CaseNumber.objects.update(last=0)
    LicenceSerial.objects.update(last=0)

    code, said = wrong(capsys)

    assert (code, len(said)) == (1, 2)
    assert "the counter stands at 0, but 1 was given" in said[0]
    assert said[1].startswith("Licences residence-permit: the counter stands at 0")


def test_a_file_that_nobody_names_is_named_when_the_cleaning_should_have_taken_it(house, capsys):
    name = store.put(b"nobody's", shelf=materials.SHELF)
    assert wrong(capsys) == (0, [])  # an upload that is just happening
    long_ago = time.time() - 5 * 86400
    os.utime(store._path(name), (long_ago, long_ago))

    code, said = wrong(capsys)

    assert (code, len(said)) == (1, 1)
    assert "nobody names it" in said[0]


def test_after_a_restore_no_number_is_given_that_may_have_been_given_since_the_backup(house):
    today = timezone.localdate()
    before = CaseNumber.objects.get(day=today).last
    serial = LicenceSerial.objects.get().last
    yesterday = today - datetime.timedelta(days=1)

    restoring.jump_over(yesterday, today + datetime.timedelta(days=1))

    counted = dict(CaseNumber.objects.values_list("day", "last"))
    assert counted[today] == before + restoring.CASES_JUMPED
    assert counted[yesterday] == counted[today + datetime.timedelta(days=1)] == restoring.CASES_JUMPED
    assert LicenceSerial.objects.get().last == serial + restoring.LICENCES_JUMPED
