"""Figures of visits by domain.md 5.4: worked out by hand, and the worked examples of demo/metrics.yaml."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests import make
from tests.halls import living
from tests.halls import queue_world as world
from tongban.cases.states import CaseState
from tongban.halls import forecasting, queries_figures
from tongban.halls.models import Appointment, Category, Ticket, TicketCase
from tongban.halls.services import tickets
from tongban.halls.services.tickets import VISITOR
from tongban.halls.visit_figures import Visit, changed, figures, spread
from tongban.lib import yamls

NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
METRICS = {
    row["id"]: row["worked_example"] for row in yamls.read(Path(__file__).parents[2] / "demo/metrics.yaml")["metrics"]
}


def after(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def visit(waits=10.0, **given) -> Visit:
    """Called after so many minutes, there one minute later, done five minutes later."""
    fields = {
        "category": "A", "waits_from": NINE, "first_called_at": after(waits), "followed_at": after(waits), "serving_at": after(waits + 1),
        "ended_at": after(waits + 6), "done": True,
    }  # fmt: skip
    return Visit(**(fields | given))


def test_on_the_spot_is_the_share_of_the_worked_example():
    example = METRICS["on_spot_share"]
    spot, all_of_them = example["numerator"], example["denominator"]
    visits = [visit(on_the_spot=number < spot) for number in range(all_of_them)] + [
        visit(on_the_spot=None)
    ] * 20  # consultations count apart

    assert f"{figures(visits).on_the_spot.percent}%" == example["value"]


def test_waiting_has_fallen_by_as_much_as_in_the_worked_example():
    example = METRICS["wait_average"]
    base, now = (
        figures([visit(minutes)] * 3).waiting.mean for minutes in (example["base_minutes"], example["current_minutes"])
    )

    assert f"{changed(base, now)}%" == example["value"]


def test_counters_became_as_many_fewer_as_in_the_worked_example():
    example = METRICS["counter_reduction"]

    assert f"{changed(example['before'], example['now'])}%" == example["value"]


def test_mean_median_and_what_nine_of_ten_did_not_exceed():
    found = spread([1, 2, 3, 4, 5, 6, 7, 8, 9, 100])

    assert (found.mean, found.median, found.p90) == (14.5, 5.5, 9)
    assert spread([]).mean is None


def test_waiting_ends_at_the_first_call_also_for_whoever_was_skipped_and_came_back():
    came_back = visit(10, followed_at=after(40), serving_at=after(42), ended_at=after(50))

    assert came_back.waited == 10
    assert came_back.walked == 2  # from the call that was followed
    assert came_back.served == 8


def test_whoever_was_never_called_is_in_no_average_and_counted_apart():
    left = Visit("A", NINE, ended_at=after(90), gone=True)
    waiting = Visit("A", NINE)
    found = figures([visit(10), visit(20), left, waiting])

    assert found.waiting.mean == 15
    assert (found.left, found.still_waiting, found.tickets) == (1, 1, 4)


def test_the_error_of_an_estimate_has_a_sign_a_size_and_a_share_within_five_minutes():
    found = figures([visit(10, estimate_minutes=14), visit(20, estimate_minutes=10), visit(5)]).estimate

    assert (found.count, found.bias, found.size) == (2, -3, 7)
    assert found.within.percent == 50.0


def test_minutes_of_walking_run_from_the_call_that_was_followed_to_the_counter():
    """Capabilities 6.5 and issue 6, item 8; domain.md 5.4 ends waiting at the first call and begins serving at the arrival."""
    at_once = visit(10, serving_at=after(10.5))
    sent_on = visit(10, followed_at=after(60), serving_at=after(61.5), ended_at=after(70))
    nobody_came = visit(10, serving_at=None, ended_at=after(12), done=False, gone=True)
    never_called = Visit("A", NINE)
    found = figures([at_once, sent_on, nobody_came, never_called])

    assert [one.walked for one in (at_once, sent_on, nobody_came, never_called)] == [0.5, 1.5, None, None]
    assert (found.walking.count, found.walking.mean, found.walking.median, found.walking.p90) == (2, 1.0, 1.0, 1.5)
    assert found.waiting.mean == 10  # and none of it is counted as waiting


def test_a_clock_that_was_put_back_makes_no_negative_minutes():
    assert visit(-5).waited == 0


# -- from the tickets of a hall


@pytest.fixture
def hall(db, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: world.TEN)
    return world.hall()


def monday():
    return timezone.localdate(world.TEN) - timedelta(weeks=1)


def test_a_report_is_what_its_tickets_say(hall):
    living.past(hall, weeks=1, a_day=20)
    found = queries_figures.report(hall, monday(), monday())

    assert (found.all.tickets, found.all.waiting.mean, found.all.walking.mean, found.all.service.mean) == (20, 10, 1, 6)
    assert [(category.code, one.tickets) for category, one in found.by_category] == [("A", 20)]
    assert [day for day, _one in found.by_day] == [monday()]
    assert found.all.estimate.bias == 2


def test_walking_of_a_day_through_the_services_leaves_out_what_lies_between_two_rounds(hall):
    """One comes at the second call, one comes back after being skipped, one fetches something, one is sent on: each walks a minute."""
    hall = world.hall("general specialised")
    (window, actor), (other, specialist) = world.open_all(hall)

    def number(minute: float) -> Ticket:
        return tickets.issue(hall, "A", actor=VISITOR, channel="machine", at=world.after(minute))

    def served(at, by, minute: float) -> Ticket:
        called = tickets.call_next(at, actor=by, at=world.after(minute))
        return tickets.serve(called, actor=by, at=world.after(minute + 1))

    def over(ticket, by, minute: float) -> None:
        tickets.finish(ticket, actor=by, at=world.after(minute))

    second_call, skipped, parked, sent_on = (number(minute) for minute in range(4))
    tickets.call_next(window, actor=actor, at=world.after(4))
    tickets.call_again(second_call, actor=actor, at=world.after(4.5))
    over(tickets.serve(second_call, actor=actor, at=world.after(5)), actor, 6)
    tickets.call_next(window, actor=actor, at=world.after(6))
    for again in (6.5, 7.0):
        tickets.call_again(skipped, actor=actor, at=world.after(again))
    tickets.skip(skipped, actor=actor, at=world.after(8))
    tickets.park(served(window, actor, 8), actor=actor, minutes=5, at=world.after(12))
    tickets.transfer(served(window, actor, 12), category="C", actor=actor, at=world.after(15))
    over(served(other, specialist, 20), specialist, 30)
    tickets.back(parked, actor=VISITOR, at=world.after(14))
    over(served(window, actor, 30), actor, 32)
    tickets.requeue(skipped, actor=VISITOR, at=world.after(33))
    over(served(window, actor, 40), actor, 45)
    day = timezone.localdate(world.TEN)

    found = queries_figures.report(hall, day, day).all

    assert set(Ticket.objects.filter(hall=hall).values_list("state", flat=True)) == {"done"}
    assert (found.walking.count, found.walking.mean, found.walking.p90) == (4, 1.0, 1.0)
    assert found.waiting.mean == (4 + 5 + 6 + 9) / 4  # of each until the first call


def test_a_report_of_many_tickets_asks_no_more_than_one_of_few(hall, django_assert_num_queries):
    living.past(hall, weeks=1, a_day=2)
    with django_assert_num_queries(5):
        queries_figures.report(hall, monday(), monday())
    Ticket.objects.all().delete()
    living.past(hall, weeks=2, a_day=40)
    with django_assert_num_queries(5):
        queries_figures.report(hall, monday() - timedelta(days=14), monday())


@pytest.mark.parametrize(
    ("states", "percent"), [(["served", "served", "no_show", "cancelled"], 33.3), (["served"], 0.0), (["lapsed"], None)]
)
def test_no_shows_are_counted_among_appointments_that_were_due(hall, states, percent):
    category = Category.objects.get(code="A")
    for place, state in enumerate(states):
        Appointment.objects.create(
            hall=hall, category=category, begins_at=living.at(monday(), 0), ends_at=living.at(monday(), 30), place=place, state=state,
            phone_index="x",
        )  # fmt: skip

    assert queries_figures.report(hall, monday(), monday()).all.no_show.percent == percent


@pytest.mark.parametrize(
    ("tickets", "state", "share"),
    [(1, CaseState.CLOSED, 100.0), (2, CaseState.CLOSED, 0.0), (1, CaseState.UNDER_REVIEW, None)],
)
def test_one_visit_is_a_finished_case_for_which_nobody_came_again(hall, tickets, state, share):
    case = make.draft()
    type(case).objects.filter(pk=case.pk).update(state=state, number="310107261121000012", submitted_at=world.TEN)
    living.past(hall, weeks=1, a_day=3)
    for ticket in Ticket.objects.order_by("pk")[:tickets]:
        TicketCase.objects.create(ticket=ticket, case=case)

    assert queries_figures.report(hall, monday(), monday()).all.one_visit.percent == share


# -- the next two hours


LINE = forecasting.Line("A", 1, frozenset({"general"}), 10.0, waiting=12, longest=20.0)


def test_a_queue_that_nobody_joins_is_served_at_the_pace_of_the_open_windows():
    points = forecasting.ahead(NINE, [LINE], {"general": 2}, {})

    assert [round(point.waiting, 6) for point in points[:5]] == [
        9,
        6,
        3,
        0,
        0,
    ]  # two windows, ten minutes each: three a quarter
    assert points[0].minutes == pytest.approx(45)


def test_without_a_window_it_grows_by_whoever_comes():
    points = forecasting.ahead(NINE, [LINE], {}, {"A": [4.0, 4.0]})

    assert [round(point.waiting, 6) for point in points[:3]] == [16, 20, 20]


def test_a_busy_morning_makes_the_afternoon_busier_as_far_as_enough_was_seen():
    assert forecasting.factor(0, 0) == 1
    assert 1 < forecasting.factor(15, 10) < 1.5
    assert forecasting.factor(300, 200) == pytest.approx(320 / 220)


def test_the_forecast_of_a_monday_comes_from_past_mondays(hall):
    living.past(hall, weeks=3, a_day=40)
    world.sit_down(hall.windows.first())

    points, known = queries_figures.forecast(hall, world.TEN)

    assert known.days == 3
    assert len(points) == forecasting.AHEAD
    assert points[0].coming == pytest.approx(
        3 * forecasting.factor(0, 12), rel=0.15
    )  # one every five minutes, none seen yet today
