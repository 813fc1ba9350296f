"""Visits under an order: sealed so that the server cannot read them back, and unreadable for everybody once their day is destroyed."""

import datetime
import json
import re
import shutil
import stat

import pytest
from django.db import connection
from django.utils import timezone

from tests import make
from tests.codes import venues
from tongban.codes import day_keys
from tongban.codes.day_keys import NotReadable
from tongban.codes.models import Entrance, SealedVisit
from tongban.codes.services import diary, entering
from tongban.codes.services.entering import Visitor
from tongban.journal.models import Event, ReadEntry

TODAY = timezone.localdate()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    there = tmp_path / "day-keys"
    monkeypatch.setattr(day_keys, "folder", lambda: there)
    return there


@pytest.fixture
def office(folder):
    pem, public = day_keys.new_office_key(b"a password")
    day_keys.enter_office(folder, public)
    return day_keys.read_office_key(pem, b"a password")


@pytest.fixture
def under_order(db):
    venues.rule("register")
    return venues.order(diary=True, colours=False)


def visits(count, row):
    poster = venues.poster(row)
    for number in range(count):
        entering.enter(poster, Visitor(device=f"d{number}", name=f"访客{number}号", phone=f"138{number:08d}"))


def test_the_office_reads_a_day_with_its_key_and_nobody_without(folder, office):
    public = day_keys.public_of(folder, TODAY)
    sealed = day_keys.seal(public, "李外卖".encode(), "here")

    opened = day_keys.open_day(folder, TODAY, office)
    assert day_keys.unseal(opened, sealed, "here").decode() == "李外卖"
    for wrong in (sealed[:-8] + "AAAAAAA=", sealed.removeprefix("v1."), ""):
        with pytest.raises(NotReadable):
            day_keys.unseal(opened, wrong, "here")
    with pytest.raises(NotReadable):
        day_keys.unseal(opened, sealed, "elsewhere")
    stranger = day_keys.read_office_key(day_keys.new_office_key(None)[0], None)
    with pytest.raises(NotReadable):
        day_keys.open_day(folder, TODAY, stranger)


def test_a_day_has_one_key_and_its_files_are_the_servers_alone(folder, office):
    first = day_keys.public_of(folder, TODAY)

    assert day_keys.public_of(folder, TODAY) == first
    assert day_keys.public_of(folder, TODAY + datetime.timedelta(days=1)) != first
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_an_office_nothing_is_kept_and_nobody_is_held_up(folder, under_order):
    visits(2, venues.venue())

    assert SealedVisit.objects.count() == 0


def test_lengths_say_nothing(folder, office):
    public = day_keys.public_of(folder, TODAY)

    assert len({len(day_keys.seal(public, b"x" * length, "")) for length in (1, 40, 100)}) == 1


def test_without_an_order_nothing_is_written_down(folder, office, db):
    venues.rule("register")
    visits(3, venues.venue())

    assert SealedVisit.objects.count() == 0
    assert day_keys.days(folder) == []


@pytest.mark.django_db
def test_the_server_cannot_read_back_what_it_wrote(folder, office, under_order):
    """Everything this server has: database, its keys, the files of the days. Only the office's own file opens them."""
    visits(3, venues.venue())
    row = SealedVisit.objects.first()

    for path in folder.iterdir():
        content = path.read_bytes()
        assert b"PRIVATE" not in content
        if path.suffix == ".key":
            assert content.startswith(b"v1.")  # sealed to the office, not a key
    with pytest.raises(NotReadable):
        day_keys.unseal(
            day_keys.read_office_key(day_keys.new_office_key(None)[0], None), row.sealed, f"{row.day}|{row.venue}"
        )
    opened = day_keys.open_day(folder, row.day, office)
    assert json.loads(day_keys.unseal(opened, row.sealed, f"{row.day}|{row.venue}"))["name"].startswith("访客")


def test_the_health_office_reads_one_day_of_one_order_and_everybody_in_it_sees_that(folder, office, under_order):
    row = venues.venue()
    person = make.account(make.person("王访客")).person
    entering.enter(venues.poster(row), Visitor(party=person.pk))
    visits(1, row)

    table = diary.read(TODAY, under_order, office)

    assert "王访客" in table and "访客0号" in table and "13800000000" in table
    read = ReadEntry.objects.get(of_party=person.pk)
    assert (read.purpose, read.about, read.role) == ("contact tracing", under_order.subject, "health_officer")
    assert Event.objects.filter(kind="VisitsRead").count() == 1
    assert diary.read(TODAY, under_order, office, venue="none").count("\n") == 1


def test_after_fourteen_days_nobody_reads_anything_not_even_from_an_old_backup(folder, office, under_order, tmp_path):
    visits(5, venues.venue())
    old = TODAY - datetime.timedelta(days=15)
    SealedVisit.objects.update(day=old)
    for end in ("key", "pub"):
        (folder / f"{TODAY}.{end}").rename(folder / f"{old}.{end}")
    backup = list(
        SealedVisit.objects.values_list("sealed", "day", "venue")
    )  # the database of then: keys do not lie in it

    gone = diary.destroy()

    assert gone == [old]
    assert SealedVisit.objects.count() == 0
    assert day_keys.days(folder) == []
    with pytest.raises(NotReadable):
        diary.read(old, under_order, office)
    for sealed, day, venue in backup:
        with pytest.raises(NotReadable):
            day_keys.unseal(office, sealed, f"{day}|{venue}")
    assert Event.objects.get(kind="DayKeysDestroyed").payload == {"days": old.isoformat()}


def test_control_with_the_key_of_the_day_still_there_an_old_backup_is_read(folder, office, under_order, tmp_path):
    visits(1, venues.venue())
    row = SealedVisit.objects.get()
    shutil.copytree(folder, tmp_path / "kept")

    opened = day_keys.open_day(tmp_path / "kept", row.day, office)

    assert day_keys.unseal(opened, row.sealed, f"{row.day}|{row.venue}")


def test_days_of_the_last_two_weeks_stay(folder, office, db):
    for days in (0, 13, 14, 15, 20):
        day_keys.public_of(folder, TODAY - datetime.timedelta(days=days))

    diary.destroy()

    assert day_keys.days(folder) == [TODAY - datetime.timedelta(days=days) for days in (14, 13, 0)]


def test_of_five_thousand_planted_visits_names_and_numbers_none_stands_in_clear(folder, office, under_order):
    """One dump of every table, as whoever steals the database would have it."""
    row = venues.venue()
    entrance = Entrance.objects.select_related("venue__division").get()
    rule = entering.queries_venues.in_force_at(row, timezone.now())
    planted = [(f"种植{number:04d}某", f"1390000{number:04d}") for number in range(5000)]
    now = timezone.now()
    SealedVisit.objects.bulk_create(
        SealedVisit(
            day=TODAY, venue=row.pk, order=under_order.pk,
            sealed=entering._sealed(row, entrance, rule, Visitor(device="x", name=name, phone=phone), "guest", now),
        )
        for name, phone in planted
    )  # fmt: skip
    for name, phone in planted[:20]:
        entering.write_down(entrance, let_in=True, name=name, phone=phone)

    dump = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            dump += [repr(line) for line in cursor.fetchall()]
    dumped = "\n".join(dump) + "".join(path.read_text() for path in folder.iterdir())

    assert SealedVisit.objects.count() == 5020
    assert "v1." in dumped  # the dump holds them
    assert not re.findall(r"种植\d{4}某|1390000\d{4}|\\u79cd\\u690d", dumped)
    assert re.findall(r"种植\d{4}某|1390000\d{4}", repr(planted[:1]))  # control: it finds what stands in clear
