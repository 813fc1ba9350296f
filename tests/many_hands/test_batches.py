"""Acts on many cases under many hands: one word of a second person counts, a case in two lists is done once, two workers share a list."""

import uuid

import pytest

from tests import make
from tests.cases import ways
from tests.cases.test_batches import alike, begin, outcome
from tests.many_hands.hands import problems, together
from tongban.cases.models import Batch, Case, Step
from tongban.cases.services import batching
from tongban.journal.models import Event, Job
from tongban.lib.problems import NotAllowed

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("in_english")]


def again(batch: Batch) -> Batch:
    return Batch.objects.select_related("officer__department").get(pk=batch.pk)


def test_two_second_persons_who_confirm_and_refuse_at_once_are_one_word():
    window = ways.hall("window_officer")
    batch = begin(window, "accept", alike(make.case("received"), 11))
    seconds = [ways.hall("supervisor"), ways.hall("coordinator"), ways.hall("supervisor"), ways.hall("coordinator")]
    rows = [again(batch) for _second in seconds]

    answers = together(
        *(
            lambda row=row, who=who: batching.confirm(row, officer=who)
            for row, who in zip(rows[:2], seconds, strict=False)
        ),
        *(
            lambda row=row, who=who: batching.refuse(row, officer=who, why="Look at each of them first.")
            for row, who in zip(rows[2:], seconds[2:], strict=False)
        ),
    )

    late = problems(answers)
    assert len(late) == 3 and all(isinstance(problem, NotAllowed) for problem in late)
    batch = again(batch)
    assert batch.second is not None
    assert Event.objects.filter(kind__in=["BatchBegun", "BatchRefused"], subject=batch.subject).count() == 1
    assert Job.objects.filter(kind=batching.RUN).count() == (1 if batch.state == "running" else 0)


def test_the_same_case_in_two_lists_run_at_once_is_done_once():
    officers = [ways.hall("window_officer") for _list in range(2)]
    cases = alike(make.case("received"), 4)
    lists = [begin(officer, "accept", cases) for officer in officers]

    assert problems(together(*(lambda pk=row.pk: batching.run(pk) for row in lists))) == []
    for row in lists:
        batching.run(row.pk)

    done = outcome(lists[0]) + outcome(lists[1])
    assert (done.count("done"), done.count("failed")) == (4, 4)
    assert Step.objects.filter(move="accept").count() == 4
    assert Event.objects.filter(kind="CaseDoneInBatch").count() == 4


def test_two_workers_on_one_list_do_each_case_once_and_end_it_once():
    batch = begin(ways.hall("window_officer"), "claim", alike(make.case("received"), 8))

    assert problems(together(*(lambda: batching.run(batch.pk) for _worker in range(3)))) == []
    batching.run(batch.pk)

    assert outcome(batch) == ["done"] * 8
    assert Event.objects.filter(kind="CaseClaimed").count() == 8
    assert Event.objects.filter(kind="BatchEnded").count() == 1
    assert again(batch).state == "done"


def test_stopping_while_it_runs_leaves_each_case_done_or_not_reached():
    window = ways.hall("window_officer")
    batch = begin(window, "accept", alike(make.case("received"), 8))
    seen = again(batch)

    together(lambda: batching.run(batch.pk), lambda: batching.stop(seen, officer=window))
    batching.run(batch.pk)

    states = outcome(batch)
    assert set(states) <= {"done", "stopped"}
    assert Step.objects.filter(move="accept").count() == states.count("done")
    assert again(batch).state in {"stopped", "done"}


def test_two_pages_of_one_officer_are_counted_together():
    window = ways.hall("window_officer")
    cases = alike(make.case("received"), 12)

    together(*(lambda part=part: begin(window, "claim", part, key=uuid.uuid4().hex) for part in (cases[:6], cases[6:])))

    assert sorted(Batch.objects.values_list("state", flat=True)) == ["asked", "running"]


def test_control_without_the_row_of_the_list_two_workers_would_do_it_twice(monkeypatch):
    """The same case twice, with the row's own word and the look at how it stood taken away: both put it on the desk."""
    window, case = ways.hall("window_officer"), make.case("received")
    batch = begin(window, "claim", [case])
    act = batching.ACTS["claim"]

    for _worker in range(2):
        batch.items.update(state="waiting")
        batching.carry_out(batch.items.get().pk)
    assert Event.objects.filter(kind="CaseClaimed").count() == 1  # the second hand found it on the desk

    monkeypatch.setitem(
        batching.ACTS, "claim",
        type(act)("claim", lambda row, officer, given: batching.reviewing.claim(row, officer=officer) and None),
    )  # fmt: skip
    for _worker in range(2):
        batch.items.update(state="waiting")
        batching.carry_out(batch.items.get().pk)

    assert Event.objects.filter(kind="CaseClaimed").count() == 3
    assert Case.objects.get(pk=case.pk).claimed_by == window
