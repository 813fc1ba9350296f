"""Two hands at the limit of people an hour: exactly one gets through; many pages writing at once lose no entry."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tongban.channels import doorkeeper
from tongban.journal import ledger
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.journal.models import ReadEntry
from tongban.oversight import rules, services

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 6


class Asked:
    """As much of a request as the door needs."""

    def __init__(self, officer):
        self.user, self.officer, self.role = officer.account, officer, "window_officer"


def at_the_limit():
    officer = make.officer("window_officer", of=make.department("DSO"))
    for number in range(rules.PEOPLE_AN_HOUR - 1):
        row = ReadEntry(
            at=timezone.now(), reader=officer.account_id, role="window_officer", department="DSO",
            of_party=1000 + number, purpose="handling", fields=["form"], about="case:0",
        )  # fmt: skip
        row.code = journal.code_of(row)
        row.save()
    return officer


def read(officer, party):
    return lambda: doorkeeper.reading(Asked(officer), party, "handling", ["form"], about=f"case:{party}")


def test_of_two_at_the_limit_exactly_one_gets_through():
    officer = at_the_limit()

    answers = together(*(read(officer, 5000 + number) for number in range(HANDS)))

    late = problems(answers)
    assert {type(problem) for problem in late} == {services.SecondPersonNeeded}
    assert len(late) == HANDS - 1
    assert ReadEntry.objects.filter(of_party__gte=5000).count() == 1


def test_control_without_the_lock_and_the_count_in_one_transaction_several_get_through(monkeypatch):
    officer = at_the_limit()
    counted = threading.Barrier(HANDS)

    def looks_first(who, party, now=None):
        people = ReadEntry.objects.filter(reader=who.account_id).values("of_party").distinct().count()
        assert people < rules.PEOPLE_AN_HOUR
        connection.commit() if not connection.in_atomic_block else None

    def outside(request, party):
        looks_first(request.officer, party)
        counted.wait(10)
        journal.note_read(
            actor=Actor("officer", "window_officer", officer.account_id, None, "DSO", ""), of_party=party,
            purpose="handling", fields=["form"], about="case:1",
        )  # fmt: skip

    together(*(lambda n=n: outside(Asked(officer), 5000 + n) for n in range(HANDS)))

    assert ReadEntry.objects.filter(of_party__gte=5000).count() == HANDS


def test_entries_of_many_pages_at_once_are_all_written_and_share_commits(monkeypatch):
    commits = []
    write = ledger._write
    monkeypatch.setattr(ledger, "_write", lambda rows: commits.append(len(rows)) or write(rows))
    actor = Actor("officer", "window_officer", 1, None, "DSO", "")

    def many(hand):
        def act():
            for number in range(20):
                journal.note_read(
                    actor=actor, of_party=hand * 100 + number, purpose="handling", fields=["form"], about="case:1"
                )

        return act

    answers = together(*(many(hand) for hand in range(1, HANDS + 1)))

    assert problems(answers) == []
    assert ReadEntry.objects.count() == HANDS * 20 == sum(commits)
    assert len(commits) < HANDS * 20


def test_an_entry_that_cannot_be_written_keeps_only_its_own_page_from_being_shown(monkeypatch):
    actor = Actor("officer", "window_officer", 1, None, "DSO", "")

    def write(party, about):
        return lambda: journal.note_read(actor=actor, of_party=party, purpose="x", fields=["form"], about=about)

    bad = lambda: journal.note_read(  # noqa: E731
        actor=actor, of_party=1, purpose="x", fields=["form"], about="case:1", hidden_until=timezone.now()
    )  # the constraint: a delayed entry names its law

    answers = together(bad, *(write(10 + number, "case:1") for number in range(5)))

    assert len(problems(answers)) == 1 and answers[0] in problems(answers)
    assert ReadEntry.objects.count() == 5
