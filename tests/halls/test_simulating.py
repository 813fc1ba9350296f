"""A simulated hall: more windows shorten waits, what differs is sure or is said not to be, and nobody is lost."""

from collections import Counter
from datetime import time

import pytest
from django.utils import timezone

from tests import make
from tests.halls import living
from tests.halls import queue_world as world
from tongban.halls import queries_figures, simulating
from tongban.halls.models import Shift
from tongban.halls.services import simulations
from tongban.halls.simulating import Demand, Plan, Queue, Staff
from tongban.journal.models import Job
from tongban.lib.problems import Invalid

QUEUES = {
    "A": Queue("A", 1, frozenset({"general"}), (4.0, 6.0, 8.0, 10.0, 12.0)),
    "P": Queue("P", 3, frozenset({"general", "priority"}), (8.0, 10.0, 12.0)),
}
BUSY = Demand(540, {"A": [10.0] * 16, "P": [1.0] * 16})
TIGHT = Plan((Staff("general", 540, 800, 6),))


def days(plan, count=8, *, lines=(), times=1.0, most=1.0):
    for seed in range(count):
        coming = simulating.visitors(BUSY, QUEUES, times=times, most=most, seed=seed)
        yield simulating.live_through(plan, QUEUES, coming, lines)


def compared(one, other, **given):
    return simulating.compare(*[[simulating.sample(day) for day in days(plan, **given)] for plan in (one, other)])


def test_two_more_windows_shorten_the_wait_and_the_interval_says_that_it_is_sure():
    found = compared(TIGHT, Plan((*TIGHT.staff, Staff("general", 600, 720, 2))))

    assert found["asked"]["mean"]["value"] < found["as_is"]["mean"]["value"]
    assert found["difference"]["value"] + found["difference"]["give"] < 0
    assert found["sure"]


def test_the_same_hall_twice_differs_by_nothing_and_is_not_called_sure():
    found = compared(TIGHT, TIGHT)

    assert found["difference"] == {"value": 0.0, "give": 0.0}
    assert not found["sure"]


def test_everybody_who_came_is_called_also_after_closing():
    for day in days(Plan((Staff("general", 540, 800, 4),)), 3):
        assert day.unserved == 0
        assert day.over > 0


def test_nobody_is_called_for_whom_no_window_stands():
    coming = simulating.visitors(BUSY, QUEUES, times=1, most=1, seed=1)
    day = simulating.live_through(Plan((Staff("issuing", 540, 800, 3),)), QUEUES, coming, ())

    assert day.unserved == day.visitors == len(coming)


def test_weights_call_priority_first():
    day = next(days(TIGHT, 1))

    assert day.by_category["P"] < day.by_category["A"]


def test_half_the_demand_is_some_of_the_same_visitors():
    whole = simulating.visitors(BUSY, QUEUES, times=1.0, most=1.0, seed=3)
    half = simulating.visitors(BUSY, QUEUES, times=0.5, most=1.0, seed=3)

    known = {(one.at, one.code, one.minutes) for one in whole}
    assert {(one.at, one.code, one.minutes) for one in half} <= known
    assert 0.35 * len(whole) < len(half) < 0.65 * len(whole)


def test_general_windows_wait_less_than_as_many_counters_of_single_departments():
    lines = simulating.shares(6)
    found = compared(Plan(TIGHT.staff, dedicated=9), Plan((Staff("general", 540, 800, 9),)), lines=lines)

    assert found["asked"]["mean"]["value"] < found["as_is"]["mean"]["value"]
    assert found["sure"]


@pytest.mark.parametrize(("counters", "lines"), [(83, 20), (20, 20), (7, 3)])
def test_counters_are_given_by_demand_and_one_at_least_to_each(counters, lines):
    given = simulating.allotted(counters, simulating.shares(lines))

    assert sum(given) == counters
    assert min(given) >= 1
    assert given == sorted(given, reverse=True)


def test_students_quantile_is_that_of_the_tables():
    for degrees, quantile in ((9, 2.262), (19, 2.093), (39, 2.023), (120, 1.980)):
        assert simulating.t95(degrees) == pytest.approx(quantile, abs=0.002)


def test_a_window_may_be_fewer_for_some_hours():
    cut = queries_figures._without((Staff("general", 540, 1020, 6),), "general", 600, 720, 2)

    assert cut == (Staff("general", 540, 600, 6), Staff("general", 600, 720, 4), Staff("general", 720, 1020, 6))


# -- asked by a supervisor, worked out by the worker


@pytest.fixture
def hall(db):
    row = world.hall("general general priority")
    for weekday in range(5):
        Shift.objects.create(hall=row, weekday=weekday, kind="general", begins=time(9), ends=time(12), windows=2)
    return row


def work_off():
    ran = 0
    while (job := Job.objects.filter(kind=simulations.RUN, state=Job.WAITING).first()) is not None:
        Job.objects.filter(pk=job.pk).delete()
        simulations.run(**job.payload)
        ran += 1
    return ran


def test_a_question_is_worked_out_in_slices_whose_progress_shows(hall):
    question = {"weekday": 0, "more": [{"kind": "general", "begins": 600, "ends": 720, "windows": 1}]}
    row = simulations.ask(hall, officer=make.officer("supervisor"), question=question, days=10)

    job = Job.objects.get(kind=simulations.RUN)
    simulations.run(**job.payload)
    row.refresh_from_db()
    assert row.done == 10
    assert row.ended_at is None

    work_off()
    row.refresh_from_db()
    assert row.ended_at is not None
    assert row.done == 20
    assert row.result["asked"]["mean"]["value"] < row.result["as_is"]["mean"]["value"]
    assert row.source["assumed"]  # nobody took a number here yet, and it is said


def test_the_past_is_read_once_for_a_question_and_anew_for_the_next(hall, monkeypatch):
    asked = []
    usual = queries_figures.usual
    monkeypatch.setattr(queries_figures, "usual", lambda *given: asked.append(given) or usual(*given))

    for _turn in range(2):
        run = simulations.ask(hall, officer=make.officer("supervisor"), question={"weekday": 2, "times": 1.1}, days=10)
        simulations.run(run.pk)
        simulations.run(run.pk, slice=1)
        run.refresh_from_db()
        assert (run.done, run.steps) == (20, 20)

    assert [weekday for _hall, weekday, _day in asked].count(2) == 2


def test_a_slice_that_comes_twice_counts_once(hall):
    row = simulations.ask(hall, officer=make.officer("supervisor"), question={"weekday": 0, "times": 1.2}, days=5)

    simulations.run(row.pk)
    first = row.__class__.objects.get(pk=row.pk).result
    simulations.run(row.pk)

    assert row.__class__.objects.get(pk=row.pk).result == first


@pytest.mark.parametrize(
    "question",
    [
        {"weekday": 0},
        {"weekday": 6, "times": 1.2},
        {"weekday": 0, "times": 9},
        {"weekday": 0, "dedicated": 3},
        {"weekday": 0, "more": [{"kind": "general", "begins": 720, "ends": 600, "windows": 1}]},
    ],
)
def test_what_cannot_be_simulated_is_said_with_a_sentence(hall, question):
    with pytest.raises(Invalid):
        simulations.ask(hall, officer=make.officer("supervisor"), question=question)
    assert not Job.objects.filter(kind=simulations.RUN).exists()


def test_a_usual_day_is_read_from_the_halls_own_tickets(hall):
    living.past(hall, weeks=3, a_day=30)
    known = queries_figures.usual(hall, 0, timezone.localdate(world.TEN))

    assert not known.assumed
    assert known.days == 3
    assert known.tickets == 90
    assert sum(sum(row) for row in known.demand.quarters.values()) == pytest.approx(30)
    assert Counter(known.queues["A"].minutes).most_common(1)[0][0] == pytest.approx(6)
