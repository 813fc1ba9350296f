import argparse
import json
import random

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.halls import standing
from tongban.halls import circle, queries_places
from tongban.halls.circle import Point
from tongban.halls.models import Grid, Hall, Machine, Shift, Window
from tongban.halls.services import importing
from tongban.journal.models import Event
from tongban.lib.problems import Invalid
from tongban.site.commands import halls as command

pytestmark = pytest.mark.django_db

TABLE = """code,level,division,name_zh,name_en,address_zh,lat,lng,workdays,saturday,windows,kiosks,open_24h,languages
east,district,990101,东区大厅,East hall,东路1号,31.2,121.4,09:00-17:00,09:00-12:00,general:8 issuing:1,2,yes,zh en
west,village,990101,西村站,,西村9号,31.3,121.3,"09:00-11:30, 13:30-17:00",,,,,
"""


@pytest.fixture(autouse=True)
def district(db):
    return standing.division()


def synthetic(count: int, seed: int = 7) -> list[dict]:
    """So many halls of a city, spread as people live: dense in the middle."""
    chance = random.Random(seed)
    made = []
    for place in range(count):
        level = "city" if place == 0 else "district" if place < 17 else "subdistrict" if place < 240 else "village"
        far, turned = chance.expovariate(1 / 0.15), chance.uniform(-3.1416, 3.1416)
        made.append(
            standing.row(
                f"synthetic-{place}",
                level=level,
                lat=min(32.0, max(30.5, 31.23 + far * chance.uniform(-1, 1))),
                lng=min(122.5, max(120.5, 121.47 + far * turned / 3)),
                windows=[{"kind": "general", "count": 8 if level != "village" else 1}],
            )  # fmt: skip
        )
    return made


def refused(content, name="x.csv") -> list[str]:
    with pytest.raises(Invalid) as problem:
        importing.take(content if isinstance(content, bytes) else content.encode(), name)
    return [str(one) for one in problem.value.errors["file"]]


def test_a_table_comes_in_and_the_second_time_changes_nothing():
    first = importing.take(TABLE.encode(), "halls.csv")
    second = importing.take(TABLE.encode("gb18030"), "halls.csv")

    assert (first.halls, first.made, second.made) == (2, 2, 0)
    east, west = Hall.objects.order_by("code")
    assert east.name == {"zh": "东区大厅", "en": "East hall"}
    assert west.name == {"zh": "西村站", "en": "西村站"}
    assert east.hours["saturday"] == ["09:00-12:00"]
    assert west.hours["workdays"] == ["09:00-11:30", "13:30-17:00"]
    assert (east.languages, east.self_service) == (["zh", "en"], {"open_24h": True, "kiosks": 2})
    assert (Window.objects.count(), Machine.objects.filter(kind="kiosk").count()) == (10, 2)
    assert [row.payload for row in Event.objects.filter(kind="HallsImported").order_by("id")] == [
        {"halls": 2, "made": 2}, {"halls": 2, "made": 0},
    ]  # fmt: skip


def test_every_line_that_cannot_be_taken_says_why_and_nothing_comes_in(in_english):
    lines = refused(
        TABLE
        + "EAST!,planet,1,,,,95,x,17:00-09:00,,general:many,-1,perhaps,\n"
        + "east,district,990101,再来,Again,东路2号,31.2,121.4,09:00-17:00,,tax:2,,,\n"
    )

    assert [line.split(":")[0] for line in lines] == [
        *["Line 4, level", "Line 4, zh", "Line 4, address", "Line 4, workdays", "Line 4, code", "Line 4, division"],
        *["Line 4, lat", "Line 4, lng", "Line 4, count", "Line 4, open_24h", "Line 4, kiosks"],
        *["Line 5, windows", "Line 5, code"],
    ]
    assert "the same code stands in line 2" in lines[-1]
    assert not Hall.objects.exists()


def test_yaml_as_the_demonstration_writes_it_comes_in_with_grids_and_names_lines(in_english):
    row = standing.row("yaml-hall")
    grid = {"id": "g1", "division": "990101", "zh": "一格", "en": "One", "lat": 31.2, "lng": 121.4, "population": 4000}

    importing.take(yaml.safe_dump({"halls": [row], "grids": [grid]}, allow_unicode=True).encode(), "a.yaml")
    assert Hall.objects.get().code == "yaml-hall"
    assert Grid.objects.get().population == 4000

    wrong = "halls:\n  - id: a\n  - just words\n  - {id: b, level: city, lat: .nan}\n"
    lines = refused(wrong, "a.yaml")
    assert {line.split(",")[0] for line in lines} == {"Line 2", "Line 3", "Line 4"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.yaml", b""),
        ("a.yaml", b"- 1"),
        ("a.yaml", b"halls: [}"),
        ("a.yaml", b"\xff\xfe\x00"),
        ("a.yaml", b"x: &a [1]\nhalls: [*a]"),
        ("a.yaml", b"halls: [!!python/object/apply:os.system [ls]]"),
        ("a.yaml", b"halls: &h [*h]"),
        ("a.yaml", b"[" * 5000),
        ("a.csv", b""),
        ("a.csv", b"code,level\na,b"),
        ("a.csv", b"%PDF-1.7"),
        ("a.csv", b"x" * (importing.LARGEST_FILE + 1)),
    ],
)
def test_what_is_no_such_file_is_refused_with_a_sentence(name, content):
    assert refused(content, name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.recursive(
                st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
                max_leaves=4,
            )
            for name in standing.row("x")
        },
    )
)
def test_whatever_stands_in_an_entry_it_is_judged_and_never_breaks(strange):
    entry = standing.row("sound") | strange
    content = yaml.safe_dump({"halls": [entry]}, allow_unicode=True).encode()

    found = importing.read(content, "a.yaml")

    assert found.halls or found.wrong


def test_fifteen_hundred_halls_come_in_with_few_statements_and_what_is_near_stays_one_question(
    django_assert_num_queries,
):
    rows = synthetic(1_500)
    content = json.dumps({"halls": rows}).encode()  # which is YAML, too

    with CaptureQueriesContext(connection) as asked:
        happened = importing.take(content, "city.yaml")

    assert (happened.halls, happened.made) == (1_500, 1_500)
    assert Shift.objects.values("hall").distinct().count() == 1_500
    assert len(asked) < 400  # a line at a time would be 20,000
    here = Point(31.23, 121.47)
    with django_assert_num_queries(1):
        found = queries_places.near(here, 2_000, limit=2_000)
    everywhere = [circle.metres(here, Point(hall.lat, hall.lng)) for hall in Hall.objects.all()]
    assert len(found) == sum(one <= 2_000 for one in everywhere) > 0
    assert [one.metres for one in found] == sorted(one for one in everywhere if one <= 2_000)


def test_the_command_brings_in_checks_and_says_what_is_wrong(tmp_path, capsys):
    file, broken = tmp_path / "halls.csv", tmp_path / "broken.csv"
    file.write_text(TABLE, "utf-8")
    broken.write_text(TABLE.replace("31.2,", "north,"), "utf-8")

    def run(*words):
        parser = argparse.ArgumentParser()
        command.arguments(parser)
        return command.run(parser.parse_args([str(word) for word in words]))

    assert run("--check", file) == 0
    assert not Hall.objects.exists()
    assert run(broken) == 1
    assert run(file) == 0
    assert run(tmp_path / "none.csv") == 2
    assert run() == 0
    assert run("--columns") == 0
    said = capsys.readouterr()
    assert "2 halls, 2 of them new" in said.out
    assert "lat" in said.err
