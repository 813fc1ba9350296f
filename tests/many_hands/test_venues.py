"""Many come in at one moment: no more than the place holds, each counted once, and none by a code that was replaced meanwhile."""

import threading

import pytest
from django.db import connection

from tests.codes import venues
from tests.many_hands.hands import problems, together
from tongban.codes.models import EntranceCount, Poster
from tongban.codes.services import entering, keeping_venues
from tongban.codes.services.entering import Visitor
from tongban.journal.actors import Actor

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MANAGER = Actor("applicant", "applicant")


def passed() -> int:
    return sum(EntranceCount.objects.values_list("passed", flat=True))


def come(poster: Poster, who: int):
    return lambda: entering.enter(venues.read(poster), Visitor(party=who)).result


def test_of_many_at_the_door_of_a_place_that_holds_three_three_come_in():
    poster = venues.poster(venues.venue(capacity=3, turns_back=True))

    answers = together(*(come(poster, who) for who in range(8)))

    assert problems(answers) == []
    assert sorted(answers) == ["pass"] * 3 + ["refuse"] * 5
    assert passed() == 3


def test_one_person_on_many_devices_at_once_is_counted_once():
    poster = venues.poster(venues.venue())

    answers = together(*(come(poster, 7) for _device in range(8)))

    assert answers == ["pass"] * 8
    assert passed() == 1


def test_two_entrances_with_one_limit_hold_it_together():
    row = venues.venue(capacity=2, turns_back=True, entrances=("东门", "西门"))
    doors = [venues.read(poster) for poster in Poster.objects.filter(entrance__venue=row)]

    answers = together(*(come(doors[who % 2], who) for who in range(6)))

    assert (answers.count("pass"), passed()) == (2, 2)


def test_a_poster_is_replaced_while_many_scan_it_and_by_one_of_many():
    poster = venues.poster(venues.venue())

    replacing = [lambda: keeping_venues.replace(venues.read(poster), actor=MANAGER, account=None) for _hand in range(3)]
    answers = together(*(come(poster, who) for who in range(5)), *replacing)

    came, replaced = answers[:5], answers[5:]
    assert len(problems(replaced)) == 2
    assert Poster.objects.filter(state="current").count() == 1
    assert passed() == came.count("pass")  # who was not counted was told that the code is dead
    assert {one.code for one in problems(came)} <= {"code-replaced"}


def control(monkeypatch, name, before):
    """Two hands meet at this point, as they would without the lock."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    both, act = threading.Barrier(2), getattr(entering.queries_venues, name)

    def meeting(*given, **more):
        found = act(*given, **more)
        both.wait(20)
        return found

    monkeypatch.setattr(entering.queries_venues, name, meeting)
    monkeypatch.setattr(entering, "_held", before)


def test_control_without_holding_the_venue_more_come_in_than_it_holds(monkeypatch):
    poster = venues.poster(venues.venue(capacity=1, turns_back=True))
    control(monkeypatch, "inside", lambda venue: venue)

    answers = together(come(poster, 1), come(poster, 2))

    assert answers == ["pass", "pass"]
    assert passed() == 2


def test_control_without_holding_the_poster_somebody_comes_in_by_a_dead_code(monkeypatch):
    """The scan looks, the poster is replaced, the scan is counted: what the lock prevents."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    poster = venues.poster(venues.venue())
    looked, replaced = threading.Event(), threading.Event()
    count = entering._count_once

    def counting_late(*given):
        looked.set()
        assert replaced.wait(20)
        return count(*given)

    monkeypatch.setattr(
        entering, "_poster_held", lambda poster: Poster.objects.select_related("entrance__venue").get(pk=poster.pk)
    )
    monkeypatch.setattr(entering, "_count_once", counting_late)

    def replace():
        assert looked.wait(20)
        keeping_venues.replace(venues.read(poster), actor=MANAGER, account=None)
        replaced.set()

    answers = together(come(poster, 1), replace)

    assert problems(answers) == []
    assert passed() == 1
    assert Poster.objects.get(pk=poster.pk).state == "replaced"
