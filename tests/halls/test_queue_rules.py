"""The order of calls and the estimate, as pure functions: for any queue, and with the figures of domain.md 5.4."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tongban.halls import queue_rules as rules
from tongban.halls.queue_rules import Desk, Kind, Picture, Waiting

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WEIGHTS = {"A": 1, "P": 3, "Y": 2}
GENERAL = frozenset({"general"})


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def ticket(pk, category="A", waited=0.0, **more) -> Waiting:
    fields = {"weight": WEIGHTS[category], "kinds": GENERAL, "booked": category == "Y"}
    return Waiting(pk, category, moment=NOW - minutes(waited), **(fields | more))


queues = st.lists(
    st.tuples(st.sampled_from("APY"), st.integers(-30, 120), st.booleans()), max_size=12
).map(lambda rows: [ticket(pk, code, waited, came_back=back) for pk, (code, waited, back) in enumerate(rows)])  # fmt: skip


@given(queues, st.integers(0, 6))
@settings(max_examples=150, deadline=None)
def test_whoever_is_called_is_the_head_of_their_queue(queue, turn):
    order = rules.in_turn(queue, Desk(1, "general", turn=minutes(turn)), NOW)

    for place, one in enumerate(order):
        assert not [other for other in order[place + 1 :] if other.category == one.category and other.place < one.place]


@given(queues)
@settings(max_examples=150, deadline=None)
def test_without_pressing_bookings_wait_times_weight_never_rises(queue):
    order = rules.in_turn([one for one in queue if not one.booked], Desk(1, "general"), NOW)

    scores = [one.score(NOW) for one in order]
    assert scores == sorted(scores, reverse=True)
    assert len(order) == sum(not one.booked for one in queue)  # nobody is left out


def test_ties_go_to_the_older():
    older, priority = ticket(2, "A", 30), ticket(1, "P", 10)

    assert rules.in_turn([priority, older], Desk(1, "general"), NOW)[0] == older


def test_a_ticket_of_weight_nought_is_called_by_nobody():
    assert rules.in_turn([ticket(1, weight=0)], Desk(1, "general"), NOW) == []


def test_of_many_bookings_the_first_goes_so_early_that_the_last_keeps_its_ten_minutes():
    booked = [ticket(pk, "Y", 4) for pk in range(4)]

    assert rules.must_be_called(booked[:1], minutes(1), NOW) == []
    assert (
        rules.must_be_called(booked, minutes(1), NOW) == booked
    )  # the fourth needs four turns, each up to three minutes


def picture(queue, windows=2, means=(8.0, 10.0, 10.0)):
    kinds = [Kind(code, WEIGHTS[code], GENERAL, mean) for code, mean in zip("APY", means, strict=True)]
    return Picture(queue, kinds, {"general": windows}, NOW)


def test_equal_and_heavier_queues_are_ahead_and_each_weighs_its_own_time():
    seen = picture([ticket(1, "A", 5), ticket(2, "P", 1), ticket(3, "P", 2)])

    said = seen.estimate("A")
    assert (said.ahead, said.minutes, said.shown) == (3, (8 + 10 + 10) / 2, 15)


def test_a_heavier_number_overtakes_who_came_just_before_and_not_who_has_waited_long():
    assert picture([ticket(pk, "A", 0.5) for pk in range(10)]).estimate("P").ahead == 0
    waited_long = picture([ticket(pk, "A", 60) for pk in range(10)]).estimate("P")
    assert waited_long.ahead == 8  # 3 x 30 minutes are 60 + 30: those whom two windows call in half an hour
    assert round(waited_long.minutes, 3) == 30
    assert picture([ticket(pk, "A", 60) for pk in range(4)]).estimate("P").ahead == 4


@given(queues, st.sampled_from("APY"))
@settings(max_examples=150, deadline=None)
def test_a_newcomer_needs_no_places_of_their_own_queue_to_hear_the_same(queue, code):
    full = picture(queue)
    counted = {one: len(line) for one, line in full.lines.items()}
    moments = {one: [place[0] for place in line] for one, line in full.lines.items() if one != code}

    light = Picture.for_newcomers(counted, moments, list(full.kinds.values()), full.open, NOW)

    assert light.estimate(code) == full.estimate(code)


@given(queues)
@settings(max_examples=100, deadline=None)
def test_whoever_stands_further_back_in_a_queue_has_no_fewer_ahead(queue):
    seen = picture(queue)

    line = sorted(one.place for one in queue if one.category == "A")
    ahead = [seen.estimate("A", place).minutes for place in line]
    assert ahead == sorted(ahead)


def test_minutes_are_shown_rounded_up_to_five():
    assert [rules.rounded_up(one) for one in (0, 0.1, 5, 5.01, 14.9)] == [0, 5, 5, 10, 15]


def test_the_mean_fills_up_with_the_catalogue_until_twenty_were_served():
    assert rules.mean_minutes([], 8) == 8
    assert rules.mean_minutes([minutes(2)] * 10, 8) == 5
    assert rules.mean_minutes([minutes(2)] * 20 + [minutes(90)] * 5, 8) == 2
