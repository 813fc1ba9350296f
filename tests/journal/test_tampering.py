"""A thousand ways to change the log behind its back, and each is found at its row: with the heads kept outside, also a tail cut off,
and with the rows named there as they were committed, also the last one of all.
"""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.journal.test_chain import SomethingHappened
from tongban.journal import anchors, witness
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.journal.models import Event, ReadEntry, Topic

pytestmark = pytest.mark.django_db

ROWS, YOUNG = 16, 6
TAMPERINGS = 1000
OFFICER = Actor("officer", "dept_reviewer", 7, None, "PSB", "somebody")


def one_of_each(number):
    with transaction.atomic():
        journal.record(SomethingHappened(thing=number), subject=f"thing:{number}", actor=OFFICER)
        journal.note_read(
            actor=OFFICER, of_party=number + 1, purpose="handling", fields=["name"], about=f"case:{number}",
            law_code="CPL-54" if number % 3 == 0 else "",
            hidden_until=timezone.now() + timedelta(days=9) if number % 3 == 0 else None,
        )  # fmt: skip


@pytest.fixture
def written(settings, tmp_path, django_capture_on_commit_callbacks):
    """A chain with two heads outside, and some rows behind the last one that have neither a place nor a head yet."""
    settings.TONGBAN_VAR = tmp_path
    folder = journal.anchor_folder()
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(ROWS + YOUNG):
            one_of_each(number)
            if number in (7, 15):
                journal.seal_chain()
                anchors.write(folder, timezone.now())
    return folder


def rows(model):
    """Those that have their place."""
    return list(model.objects.filter(position__isnull=False).order_by("position"))


def young(model):
    """Those that wait for theirs."""
    return list(model.objects.filter(position__isnull=True).order_by("pk"))


FIELDS = {
    Event: ("kind", "subject", "actor_kind", "actor", "role", "department", "payload", "at", "code", "chain", "once"),
    ReadEntry: (
        "reader", "reader_name", "role", "department", "of_party", "about", "purpose", "fields", "at", "code", "chain",
        "law_code", "hidden_until", "once",
    ),
}  # fmt: skip


def other(value, chance):
    if isinstance(value, datetime):
        return value + timedelta(microseconds=chance.randint(1, 999))
    if isinstance(value, int):
        return value + chance.randint(1, 9)
    if isinstance(value, list):
        return [*value, "id_no"]
    if isinstance(value, dict):
        return {**value, "thing": chance.randint(1000, 9999)}
    return f"{value}x"[-20:] if value else "x"


def edit(model, chance):
    row = chance.choice(rows(model))
    name = chance.choice(FIELDS[model])
    value = getattr(row, name)
    new = other(value, chance) if value is not None else datetime(2031, 1, 1, tzinfo=UTC)
    if name == "hidden_until" and value is None:
        model.objects.filter(pk=row.pk).update(hidden_until=new, law_code="X")
    elif name == "law_code" and value and chance.random() < 0.5:
        model.objects.filter(pk=row.pk).update(law_code="", hidden_until=None)
    else:
        model.objects.filter(pk=row.pk).update(**{name: new})
    return row.pk


def delete(model, chance):
    row = chance.choice(rows(model)[:-1])
    model.objects.filter(pk=row.pk).delete()
    return next(r.pk for r in rows(model) if r.position > row.position)


def close_the_gap(model, chance):
    """Taken out, and those behind it moved up."""
    row = chance.choice(rows(model)[:-1])
    behind = [r for r in rows(model) if r.position > row.position]
    model.objects.filter(pk=row.pk).delete()
    for late in behind:
        model.objects.filter(pk=late.pk).update(position=late.position - 1)
    return behind[0].pk


def copy(model, chance):
    row = chance.choice(rows(model))
    row.pk, row.position, row.chain = None, None, ""
    row.save(force_insert=True)
    return row.pk


def invent(model, chance):
    row = chance.choice(rows(model))
    row.pk, row.position, row.chain, row.role = None, None, "", "auditor"
    row.save(force_insert=True)
    return row.pk


def swap(model, chance):
    first, second = sorted(chance.sample(rows(model), 2), key=lambda r: r.position)
    names = tuple(n for n in FIELDS[model] if n != "chain")
    mine, theirs = ({n: getattr(r, n) for n in names} for r in (first, second))
    model.objects.filter(pk=first.pk).update(**theirs)
    model.objects.filter(pk=second.pk).update(**mine)
    return first.pk


def cut(model, chance):
    """The end is cut off, and the count inside the database is put right by whoever does it."""
    keep = chance.randint(0, ROWS - 1)
    model.objects.filter(position__gt=keep).delete()
    Topic.objects.filter(name__startswith="chain:").delete()
    return 0


def take_a_young_one(model, chance):
    row = chance.choice(young(model))
    model.objects.filter(pk=row.pk).delete()
    return row.pk


def cut_the_youngest(model, chance):
    """The last rows of all, gone before the worker has seen them; then it comes, and finds a whole chain."""
    last = young(model)[-chance.randint(1, YOUNG) :]
    model.objects.filter(pk__in=[row.pk for row in last]).delete()
    if chance.random() < 0.5:
        journal.seal_chain()
        journal.note_chain_length()
    return last[0].pk


def edit_a_young_one(model, chance):
    row = chance.choice(young(model))
    model.objects.filter(pk=row.pk).update(role="somebody")
    return row.pk


def put_another_in_its_place(model, chance):
    """One young row says what another said, word by word and with its genuine code; that other one is gone."""
    here, there = chance.sample(young(model), 2)
    model.objects.filter(pk__in=[here.pk, there.pk]).delete()
    first = min(here.pk, there.pk)
    here.pk = there.pk
    here.save(force_insert=True)
    return first


WAYS = (
    edit, edit, delete, close_the_gap, copy, invent, swap, cut,
    take_a_young_one, cut_the_youngest, edit_a_young_one, put_another_in_its_place,
)  # fmt: skip


def undone(act):
    point = transaction.savepoint()
    with connection.constraint_checks_disabled():
        try:
            return act()
        finally:
            transaction.savepoint_rollback(point)


def test_a_thousand_random_tamperings_are_found_each_at_its_row(written):
    known, named = list(anchors.read(written)), witness.read()
    assert len(named) == 2 * (ROWS + YOUNG)
    assert journal.verify_log(anchored=known, witnessed=named) is None
    chance = random.Random(20261121)
    missed = []
    for number, (way, model) in zip(range(TAMPERINGS), itertools.cycle(itertools.product(WAYS, (Event, ReadEntry)))):

        def tamper(way=way, model=model):
            bad = way(model, chance)
            return bad, journal.verify_log(anchored=known, witnessed=named)

        bad, found = undone(tamper)
        if found is None or found.table != model._meta.db_table or found.row != bad:
            missed.append((number, way.__name__, model.__name__, bad, found))

    assert missed == []
    assert journal.verify_log(anchored=known, witnessed=named) is None


def test_two_rows_of_old_that_say_the_same_are_no_copy_and_one_put_in_today_is():
    old = Event(at=timezone.now(), kind="X", subject="x:1", actor_kind="platform", role="platform")
    old.code = journal.code_of(old)
    for _twice in range(2):
        old.pk = None
        old.save(force_insert=True)
    journal.seal_chain()
    assert journal.verify_log() is None

    with transaction.atomic():
        journal.record(SomethingHappened(thing=1), subject="thing:1", actor=OFFICER)
    old.pk = None
    old.save(force_insert=True)
    assert (journal.verify_log().row, journal.verify_log().reason) == (old.pk, "a copy of another row was put in")
    journal.seal_chain()  # also when the worker has given it a place meanwhile
    assert journal.verify_log().row == old.pk


def test_control_without_heads_outside_a_tail_cut_off_is_missed(written):
    def tamper():
        cut(ReadEntry, random.Random(1))
        return journal.verify_log()

    assert undone(tamper) is None


@pytest.mark.parametrize("way", [take_a_young_one, cut_the_youngest, put_another_in_its_place])
def test_control_without_the_names_outside_the_youngest_rows_are_missed(written, way):
    def tamper():
        way(ReadEntry, random.Random(2))
        return journal.verify_log(anchored=anchors.read(written))

    assert undone(tamper) is None


def test_control_without_the_code_of_a_row_an_edit_is_missed(written, monkeypatch):
    monkeypatch.setattr(journal, "code_of", lambda row: row.code)

    def tamper():
        ReadEntry.objects.filter(pk=rows(ReadEntry)[3].pk).update(of_party=999)
        return journal.verify_log()

    assert undone(tamper) is None


def test_a_head_that_was_changed_is_named(written):
    file = next(written.glob("*.jsonl"))
    file.write_bytes(file.read_bytes().replace(b'"position":16', b'"position":12'))

    assert journal.verify_log(anchored=anchors.read(written)).reason == "an anchor outside the database was changed"


def test_a_last_line_cut_by_a_power_cut_says_nothing(written):
    file = next(written.glob("*.jsonl"))
    file.write_bytes(file.read_bytes() + b'{"at":"2026-11-')

    assert journal.verify_log(anchored=anchors.read(written)) is None


def test_heads_are_added_only_when_the_chain_has_grown(written):
    before = next(written.glob("*.jsonl")).read_bytes()
    assert anchors.write(written, timezone.now()) == 0
    journal.note_read(actor=OFFICER, of_party=1, purpose="handling", fields=["name"], about="case:1")
    journal.seal_chain()

    assert anchors.write(written, timezone.now()) == 2  # the young ones of both tables have got their places too
    assert next(written.glob("*.jsonl")).read_bytes().startswith(before)


def test_the_command_names_the_row_and_says_what_it_was_compared_with(written, capsys):
    from types import SimpleNamespace

    from tongban.site.commands import verify_log

    options = SimpleNamespace(quiet=True, against=[], head=False)
    assert verify_log.run(options) == 0
    said = capsys.readouterr().out
    assert "Compared with 4 heads" in said and f"The youngest {2 * (ROWS + YOUNG)} were compared" in said

    row = rows(ReadEntry)[5]
    ReadEntry.objects.filter(pk=row.pk).update(of_party=999)
    assert verify_log.run(options) == 1
    assert f"row {row.pk} (place 6): the content was changed" in capsys.readouterr().out


def test_the_command_names_the_very_last_row_too(written, capsys):
    from types import SimpleNamespace

    from tongban.site.commands import verify_log

    last = young(ReadEntry)[-1]
    ReadEntry.objects.filter(pk=last.pk).delete()

    assert verify_log.run(SimpleNamespace(quiet=True, against=[], head=False)) == 1
    assert f"journal_readentry, row {last.pk} (place None): the row was taken out" in capsys.readouterr().out


LATER = timedelta(minutes=5)


def settled(written):
    """The worker comes: places, heads, and then the names are no longer needed."""
    journal.seal_chain()
    anchors.write(written, timezone.now())
    return journal.miss_rows(timezone.now() + LATER)


def test_names_are_forgotten_once_a_head_covers_their_rows_and_not_before(written):
    assert journal.miss_rows(timezone.now() + LATER) == 0
    assert len(witness.read()) == 2 * (ROWS + YOUNG)  # some rows have no place yet
    journal.seal_chain()
    assert journal.miss_rows(timezone.now() + LATER) == 0
    assert len(witness.read()) == 2 * (ROWS + YOUNG)  # and now no head

    assert settled(written) == 0
    assert witness.read() == []


def test_a_row_taken_out_before_the_worker_came_is_told_and_stays_missing_for_good(written):
    lost = young(ReadEntry)[2]
    ReadEntry.objects.filter(pk=lost.pk).delete()

    assert settled(written) == 1

    assert [(one.table, one.row) for one in witness.read()] == [("journal_readentry", lost.pk)]
    told = Event.objects.get(kind="LogRowsMissing")
    assert told.payload == {"table": "journal_readentry", "rows": [lost.pk]}
    assert journal.verify_log(anchored=anchors.read(written), witnessed=witness.read()).row == lost.pk


def test_what_was_rolled_back_is_not_named(settings, tmp_path, django_capture_on_commit_callbacks):
    settings.TONGBAN_VAR = tmp_path
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            one_of_each(1)
            raise ZeroDivisionError
        one_of_each(2)

    assert {(one.table, one.row) for one in witness.read()} == {
        ("journal_event", Event.objects.get().pk),
        ("journal_readentry", ReadEntry.objects.get().pk),
    }


def test_a_line_that_a_power_cut_left_in_half_says_nothing(written):
    file = next((written / "young").glob("*.lines"))
    file.write_bytes(file.read_bytes() + b"journal_event 99 abc" + b"\0" * 40)

    assert journal.verify_log(anchored=anchors.read(written), witnessed=witness.read()) is None


def test_a_disk_that_takes_no_line_does_not_undo_what_is_committed(
    settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.TONGBAN_VAR = tmp_path
    (tmp_path / "anchors").write_text("in the way")

    with django_capture_on_commit_callbacks(execute=True):
        one_of_each(1)

    assert ReadEntry.objects.count() == 1


def test_an_alert_calls_the_auditor_when_rows_were_taken_out(written):
    from tongban.oversight.models import Alert

    lost = young(Event)[0]
    Event.objects.filter(pk=lost.pk).delete()
    settled(written)
    while journal.work_once():
        pass

    assert Alert.objects.get(kind="log_missing").note == f"journal_event: {lost.pk}"
