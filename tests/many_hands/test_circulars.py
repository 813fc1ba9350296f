"""Two workers at one message to many: everybody is told once, and a worker that dies in the middle leaves nothing half done."""

import datetime
from functools import partial

import pytest

from tests import make
from tests.many_hands.hands import problems, together
from tongban.cases import circulating as queries
from tongban.cases.models import Circular, CircularReceiver
from tongban.cases.services import circulating
from tongban.lib.problems import NotAllowed
from tongban.notices.models import Message

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

DAY = datetime.datetime(2026, 11, 18, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=8))).isoformat()
PEOPLE = 6


def sending() -> Circular:
    matter = make.matter()
    for _one in range(PEOPLE):
        make.case("received", matter)
    writer = make.officer("dept_approver")
    said = {
        "title_zh": "窗口调整", "title_en": "Windows move", "text_zh": "下周起在二楼办理。", "text_en": "On the second floor.",
        "kind": "official", "who": "open", "matter": matter.slug,
    }  # fmt: skip
    return circulating.submit(circulating.write(officer=writer, said=said), officer=writer)


def told() -> list[int]:
    return sorted(Message.objects.filter(about__startswith="circular:").values_list("account", flat=True))


def test_two_workers_at_the_same_message_tell_everybody_once(monkeypatch):
    monkeypatch.setattr(circulating, "BATCH", 2)
    row = sending()

    for _turn in range(PEOPLE):
        together(*[lambda: circulating.carry(row.pk, now=DAY)] * 3)

    row.refresh_from_db()
    assert (row.state, row.reached) == ("sent", PEOPLE)
    assert len(told()) == len(set(told())) == PEOPLE


def test_a_worker_that_dies_in_the_middle_of_a_slice_leaves_nothing_of_it(monkeypatch):
    row = sending()

    def dies(*_given, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(circulating.notices, "tell_many", dies)
        with pytest.raises(KeyboardInterrupt):
            circulating.carry(row.pk, now=DAY)
    assert (CircularReceiver.objects.count(), told()) == (0, [])

    circulating.carry(row.pk, now=DAY)

    row.refresh_from_db()
    assert (row.state, len(told())) == ("sent", PEOPLE)


def test_without_the_memory_of_whom_it_told_it_would_tell_them_again_and_the_database_refuses_it():
    """The control: the same slice once more, with nothing but the constraint between it and a second message."""
    row = sending()
    circulating.carry(row.pk, now=DAY)
    receiver = CircularReceiver.objects.first()

    with pytest.raises(Exception, match="(?i)unique"):
        CircularReceiver.objects.create(circular=row, party=receiver.party, because=receiver.because, how=receiver.how)

    Circular.objects.filter(pk=row.pk).update(state="sending", place=0)
    CircularReceiver.objects.all().delete()
    circulating.carry(row.pk, now=DAY)
    assert len(told()) == PEOPLE  # the messages have names of their own: nobody was told again


def a_draft() -> Circular:
    matter = make.matter()
    make.case("received", matter)
    said = {
        "title_zh": "窗口调整", "title_en": "Windows move", "text_zh": "下周起在二楼办理。", "text_en": "On the second floor.",
        "kind": "official", "who": "open", "matter": matter.slug,
    }  # fmt: skip
    return circulating.write(officer=make.officer("dept_approver"), said=said)


def changed_by_three(row: Circular) -> int:
    """How many of three colleagues who opened the same draft were told that their words stand."""
    typed, seen = queries.as_typed(row), queries.mark_of(row)
    hands = [make.officer("dept_approver") for _one in range(3)]

    def change(number: int):
        try:
            circulating.rewrite(
                Circular.objects.get(pk=row.pk),
                officer=hands[number],
                said=typed | {"text_en": f"Words of {number}."},
                seen=seen,
            )
        except NotAllowed:
            return False
        return True

    answers = together(*[partial(change, number) for number in range(3)])
    assert problems(answers) == []
    return answers.count(True)


def test_of_three_who_change_one_draft_at_once_one_does_and_the_others_are_told():
    assert changed_by_three(a_draft()) == 1


def test_control_without_what_was_seen_two_lose_their_words(monkeypatch):
    monkeypatch.setattr(queries, "mark_of", lambda row: "always the same")
    assert changed_by_three(a_draft()) == 3
