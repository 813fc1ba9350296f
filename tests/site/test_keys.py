"""The key of personal data is renewed while the product runs; a key that is lost or another one stops the start, and nothing is overwritten."""

import argparse
import base64
import os
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection, connections
from django.utils import timezone

from tests import make
from tongban.cases.models import Case
from tongban.codes import keys as code_keys
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib import encryption
from tongban.materials import store
from tongban.parties.models import Person
from tongban.site.commands import check
from tongban.site.commands import keys as command

pytestmark = pytest.mark.django_db

ASK = SimpleNamespace(act="rotate", no_new_key=False, quiet=True)


@pytest.fixture(autouse=True)
def own_keys(tmp_path, settings, monkeypatch):
    settings.TONGBAN_KEYS = tmp_path / "keys"
    settings.TONGBAN_VAR = tmp_path
    monkeypatch.setattr(command, "OTHERS_HAVE_SEEN_IT_AFTER", 0)
    encryption.create_keys(tmp_path / "keys")
    return tmp_path / "keys"


def sealed(model=Person, column="id_no") -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {model._meta.db_table} ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def people(many=3) -> list[str]:
    return [make.person(f"人{number}").id_no for number in range(many)]


def test_everything_is_sealed_anew_and_reads_the_same(own_keys, capsys):
    numbers = people()
    case = make.draft(account_=make.account())
    content = os.urandom(3_000_000)
    name = store.put(content)
    old = encryption.field_keys(own_keys)[0]

    assert command.run(ASK) == 0

    newest = encryption.field_keys(own_keys)[-1]
    assert newest != old
    assert {encryption.key_of(value) for value in sealed()} == {newest}
    assert {encryption.key_of(value) for value in sealed(Case, '"values"')} == {newest}
    assert store.sealed_with(name) == newest
    assert {person.id_no for person in Person.objects.all()} >= set(numbers)
    assert Case.objects.get(pk=case.pk).values == case.values
    assert store.get(name) == content

    assert command.run(SimpleNamespace(act="retire", no_new_key=False, quiet=True)) == 0
    assert encryption.field_keys(own_keys) == [newest]
    assert (own_keys / "retired" / f"field-{old}.key").exists()
    assert {person.id_no for person in Person.objects.all()} >= set(numbers)


def test_a_key_that_still_opens_something_is_not_put_aside(own_keys, capsys):
    people()
    encryption.add_key(own_keys)

    assert command.run(SimpleNamespace(act="retire", no_new_key=False, quiet=True)) == 1
    assert len(encryption.field_keys(own_keys)) == 2
    assert "still opens" in capsys.readouterr().out


def test_a_rotation_that_was_stopped_goes_on_where_it_was(own_keys, monkeypatch, capsys):
    people(6)
    monkeypatch.setattr(command, "BATCH", 2)
    step, steps = command._seal_rows, []

    def dies(column, rows):
        if column.table == "parties_person":
            steps.append(len(rows))
            if len(steps) == 2:
                raise KeyboardInterrupt
        return step(column, rows)

    monkeypatch.setattr(command, "_seal_rows", dies)
    with pytest.raises(KeyboardInterrupt):
        command.run(ASK)
    newest = encryption.field_keys(own_keys)[-1]
    half = [encryption.key_of(value) == newest for value in sealed()]
    assert any(half) and not all(half)
    assert len({person.id_no for person in Person.objects.all()}) == 6  # both keys open meanwhile

    monkeypatch.setattr(command, "_seal_rows", step)
    assert command.run(SimpleNamespace(act="rotate", no_new_key=True, quiet=True)) == 0
    assert {encryption.key_of(value) for value in sealed()} == {newest}
    assert len(encryption.field_keys(own_keys)) == 2


def test_what_was_changed_meanwhile_is_not_overwritten(own_keys, monkeypatch):
    people(1)
    encryption.add_key(own_keys)
    column = next(one for one in command.columns() if str(one) == "parties_person.mobile")
    ((rows,)) = list(command._stale_rows(column, encryption.keyring(anew=True).newest))
    Person.objects.update(mobile="13899999999")  # somebody saved between reading and writing

    assert command._seal_rows(column, rows) == 0
    assert Person.objects.get().mobile == "13899999999"


def test_control_without_the_comparison_the_change_would_be_lost(own_keys, monkeypatch):
    people(1)
    encryption.add_key(own_keys)
    column = next(one for one in command.columns() if str(one) == "parties_person.mobile")
    ((rows,)) = list(command._stale_rows(column, encryption.keyring(anew=True).newest))
    Person.objects.update(mobile="13899999999")

    key, value = rows[0]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE parties_person SET mobile = %s WHERE party_id = %s", [value, key])

    assert Person.objects.get().mobile != "13899999999"


def test_another_process_seals_with_the_new_key_soon_after_it_lies_there(own_keys, monkeypatch):
    encryption.keyring()
    before = encryption.keyring().newest
    shutil.copy(encryption.add_key(own_keys), own_keys / "field-99999999-zzzz.key")  # added by somebody else's hand
    encryption._rings[Path(own_keys)] = encryption.Keyring.load(own_keys)
    (own_keys / "field-999999999-new.key").write_bytes(base64.b64encode(os.urandom(32)))
    monkeypatch.setattr(encryption, "LOOK_AGAIN_AFTER", 0.0)

    assert encryption.keyring().newest == "999999999-new" != before


@pytest.mark.django_db(transaction=True)
def test_people_go_on_writing_while_keys_are_renewed(own_keys):
    numbers = people(40)
    stop, trouble = threading.Event(), []

    def write():
        try:
            turn = 0
            while not stop.is_set():
                turn += 1
                row = Person.objects.get(pk=pks[turn % len(pks)])
                assert row.id_no in numbers
                row.mobile = f"139{turn:08d}"
                row.save(update_fields=["mobile"])
                stop.wait(0.005)
        except Exception as wrong:
            trouble.append(wrong)
        finally:
            connections.close_all()

    pks = list(Person.objects.values_list("pk", flat=True))
    hand = threading.Thread(target=write)
    hand.start()
    try:
        for _renewal in range(3):
            assert command.run(ASK) == 0
    finally:
        stop.set()
        hand.join(30)

    assert trouble == []
    assert {person.id_no for person in Person.objects.all()} == set(numbers)


# -- a key that is lost, or another one (F19)


def everything() -> list:
    return [sealed(), sealed(Case, '"values"'), sealed(Person, "mobile")]


def test_a_lost_key_stops_the_start_with_a_sentence_and_overwrites_nothing(own_keys, capsys):
    people()
    make.draft(account_=make.account())
    before = everything()
    lost = next(own_keys.glob("field-*.key"))
    lost.rename(own_keys.parent / "lost")

    assert check.before_start() == 1
    assert "field-*.key" in capsys.readouterr().out

    encryption.add_key(own_keys)  # somebody made a new one in good faith
    assert check.before_start() == 1
    said = capsys.readouterr().out
    assert "not (all) those that sealed this data" in said and "Bring back the right ones" in said
    assert command.run(SimpleNamespace(act="rotate", no_new_key=True, quiet=True)) in {0, 1}
    assert everything() == before


def test_another_key_under_the_same_name_stops_the_start(own_keys, capsys):
    people()
    before = everything()
    file = next(own_keys.glob("field-*.key"))
    file.chmod(0o600)
    file.write_bytes(base64.b64encode(os.urandom(32)))
    encryption._rings.clear()

    assert check.before_start() == 1
    assert "not (all) those that sealed this data" in capsys.readouterr().out
    assert everything() == before


def test_another_index_key_stops_the_start(own_keys, capsys):
    from tests.journal.test_chain import SomethingHappened

    journal.record(SomethingHappened(thing=1), subject="thing:1", actor=PLATFORM)
    assert check.before_start() == 0
    (own_keys / "index.key").write_bytes(base64.b64encode(os.urandom(32)))
    encryption._rings.clear()

    assert check.before_start() == 1
    assert "index.key is another one" in capsys.readouterr().out


def test_with_the_right_keys_it_starts(own_keys):
    people()

    assert check.before_start() == 0


def test_a_stolen_key_of_codes_is_withdrawn_by_command(capsys, own_keys):
    key = code_keys.current(own_keys / "codes", now=timezone.now())

    def said(*words: str) -> tuple[int, str]:
        parser = argparse.ArgumentParser()
        command.arguments(parser)
        return command.run(parser.parse_args(words)), capsys.readouterr().out

    assert said("codes")[1].startswith(f"{key.key_id}  ")
    assert said("codes", key.key_id)[0] == 2  # not without saying why
    assert said("codes", key.key_id, "--why", "stolen")[0] == 0
    assert f"{key.key_id}" in said("codes")[1] and "withdrawn: stolen" in said("codes")[1]
