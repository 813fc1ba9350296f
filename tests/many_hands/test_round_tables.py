"""Two officers at one round table at the same moment: no note is lost, none comes after the letter, no table stands twice at a place."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from tests import make
from tests.halls import queue_world
from tests.halls.test_round_tables import as_officer
from tests.many_hands.hands import problems, together
from tongban.halls.models import RoundTable, RoundTableNote
from tongban.halls.services import round_tables as services
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed

BEGINS = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def table():
    guide = make.officer("helper", of=make.department("DSO"))
    row = RoundTable.objects.create(
        hall=queue_world.hall(), party=make.person(), begins_at=BEGINS, ends_at=BEGINS + timedelta(minutes=30),
        room="1", about="x", led_by=guide, state="open",
    )  # fmt: skip
    row.seats.create(department=make.department("AMR"))
    return row, guide, make.officer("dept_reviewer", of=make.department("AMR"))


def write(row, officer, words, key=""):
    return services.note(row, words, internal=False, officer=officer, key=key, actor=as_officer(officer))


def finish(row, officer):
    return services.end(row, result="好", result_en="Good", officer=officer, actor=as_officer(officer))


def in_letter(row, words) -> bool:
    return words in str(RoundTable.objects.get(pk=row.pk).letter)


def test_two_who_write_at_once_keep_both_notes_and_one_who_presses_twice_has_one():
    row, guide, reviewer = table()

    answers = together(
        *(lambda n=n: write(row, guide, f"guide {n}") for n in range(3)),
        *(lambda n=n: write(row, reviewer, f"reviewer {n}") for n in range(3)),
        *(lambda: write(row, guide, "pressed twice", key="k") for _press in range(2)),
    )

    assert problems(answers) == []
    wanted = [*(f"{who} {n}" for who in ("guide", "reviewer") for n in range(3)), "pressed twice"]
    assert sorted(one.words for one in RoundTableNote.objects.filter(table=row)) == sorted(wanted)


@pytest.mark.parametrize("_round", range(5))
def test_a_note_that_was_taken_stands_in_the_letter_and_what_comes_after_it_is_refused(_round):
    row, guide, reviewer = table()

    answers = together(
        lambda: write(row, reviewer, "one-alpha"), lambda: finish(row, guide), lambda: write(row, reviewer, "two-beta")
    )

    for answer, words in ((answers[0], "one-alpha"), (answers[2], "two-beta")):
        taken = not isinstance(answer, Exception)
        assert taken or isinstance(answer, NotAllowed)
        assert in_letter(row, words) == taken
    assert not isinstance(answers[1], Exception)


def test_without_the_lock_a_note_that_was_taken_is_missing_in_the_letter(monkeypatch):
    """The control: who asks for the state without holding the row writes beside a letter that is being written."""
    row, guide, reviewer = table()
    real = services._letter

    def slowly(held, *given):
        said = real(held, *given)
        if transaction.get_connection().vendor != "sqlite":
            late = together(lambda: write(row, reviewer, "slipped in"))
            assert problems(late) == []
        return said

    monkeypatch.setattr(services, "_letter", slowly)
    monkeypatch.setattr(services, "_locked", lambda table: RoundTable.objects.select_related("hall", "party", "appointment__hall", "led_by__department").get(pk=table.pk))  # fmt: skip
    if transaction.get_connection().vendor == "sqlite":
        pytest.skip("SQLite lets one write at a time: nobody slips in")

    finish(row, guide)

    assert RoundTableNote.objects.filter(table=row).exists() and not in_letter(row, "slipped in")


def test_two_who_end_it_write_one_letter():
    row, guide, _reviewer = table()

    answers = together(lambda: finish(row, guide), lambda: finish(row, guide))

    assert [type(one) for one in problems(answers)] == [NotAllowed]
    assert RoundTable.objects.get(pk=row.pk).state == "ended"


def test_a_task_that_is_marked_twice_is_done_once():
    row, guide, reviewer = table()
    task = services.set_task(
        row, "Look", department=reviewer.department, due_on=date(2099, 1, 1), officer=guide, actor=as_officer(guide),
        today=date(2098, 12, 1),
    )  # fmt: skip

    together(*(lambda: services.finish_task(task, actor=as_officer(reviewer), officer=reviewer) for _press in range(3)))

    assert Event.objects.filter(kind="TableTaskDone", subject=row.subject).count() == 1
