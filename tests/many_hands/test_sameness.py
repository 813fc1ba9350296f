"""Two pairs of records joined at the same moment, with one record in both: all three are one person, whoever was first."""

import datetime
import threading

import pytest
from django.db import connection

from tests import make
from tests.many_hands.hands import problems, together
from tongban.journal.actors import Actor
from tongban.parties import queries as parties
from tongban.parties import sameness
from tongban.parties.models import Person, Sameness

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def officer_of(role):
    row = make.officer(role, of=make.department("DSO"))
    return {"actor": Actor("officer", role, row.account_id), "account": row.account}


def proposed() -> tuple[list[Person], list[Sameness]]:
    """Three records and two pairs of them, each proposed as one person."""
    people = [make.person(birth_date=datetime.date(1984, 5, 17)) for _number in range(3)]
    rows = [
        Sameness.objects.create(one=one, other=other, by_name=True)
        for one, other in zip(people, people[1:], strict=False)
    ]
    first = officer_of("coordinator")
    for row in rows:
        sameness.propose(row, leading=row.other_id, reason="Both seen.", **first)
    return people, rows


def joined_at_once(rows: list[Sameness]) -> list[Exception]:
    second = officer_of("supervisor")
    return problems(together(*(lambda row=row: sameness.join(row, **second) for row in rows)))


def are_one(people: list[Person]) -> bool:
    everybody = {person.pk for person in people}
    return all(set(parties.identities(person.pk)) == everybody for person in people)


def test_of_two_joinings_at_once_neither_undoes_the_other():
    for _turn in range(3):
        people, rows = proposed()

        assert joined_at_once(rows) == []
        assert are_one(people)


def test_control_without_looking_again_one_joining_undoes_the_other_on_postgresql(monkeypatch):
    """Each knows who belongs to its two before the other has committed, and does not ask again."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    people, rows = proposed()
    both_have_looked = threading.Barrier(2)

    def held_as_seen_first(row):
        keys = [row.one_id, row.other_id]
        both_have_looked.wait(20)
        found = Person.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))
        return [one.pk for one in found]

    monkeypatch.setattr(sameness, "_hold_all", held_as_seen_first)

    assert joined_at_once(rows) == []
    assert not are_one(people)
