"""The order of calls and the estimate, as pure functions: for any queue, and with the figures of domain.md 5.4."""

from datetime import UTC, datetime, timedelta
from random import Random
from statistics import fmean

from hypothesis import given, settings
from hypothesis import strategies as st

from tongban.halls import queue_rules as rules
from tongban.halls.queue_rules import Coming, Desk, Estimate, Kind, Picture, Waiting

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


def picture(queue, windows=2, means=(8.0, 10.0, 10.0), **more):
    kinds = [Kind(code, WEIGHTS[code], GENERAL, mean, code == "Y") for code, mean in zip("APY", means, strict=True)]
    return Picture(queue, kinds, {"general": windows}, NOW, **more)


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


TEN_WAIT = [ticket(pk, "A", 5) for pk in range(10)]  # 80 minutes of one window, 40 of two


def test_who_is_expected_and_goes_first_lengthens_the_wait_and_is_not_counted_before_it():
    said = picture(TEN_WAIT, coming=Coming(pace={"P": 0.1, "A": 5.0})).estimate("A")

    # of weight three: whoever comes in the first two thirds of an hour; four of them, ten minutes each. Of its own weight nobody.
    assert (said.ahead, round(said.minutes, 3)) == (10, (80 + 4 * 10) / 2)


def test_nobody_is_expected_after_the_last_number_of_the_day():
    said = picture(TEN_WAIT, coming=Coming(pace={"P": 0.1}, until=15)).estimate("A")

    assert round(said.minutes, 3) == (80 + 1.5 * 10) / 2


def test_bookings_that_are_due_count_as_far_as_they_are_promised_to_go_first_and_as_they_arrive():
    due = [(5.0, 1.0), (12.0, 0.5), (300.0, 1.0)]

    said = picture(TEN_WAIT, coming=Coming(booked=due)).estimate("A")

    assert round(said.minutes, 3) == (80 + 1.5 * 10) / 2


def test_windows_of_their_own_take_those_who_go_first_as_far_as_they_suffice():
    kinds = [
        Kind("A", 1, GENERAL, 8.0),
        Kind("P", 3, frozenset({"priority", "general"}), 10.0),
    ]

    def minutes_with(**windows):
        seen = Picture(TEN_WAIT, kinds, {"general": 2, **windows}, NOW, Coming(pace={"P": 0.15}))
        return round(seen.estimate("A").minutes, 3)

    assert minutes_with() == 80.0  # eight of them in two thirds of it
    assert minutes_with(priority=1) == 40.0


def test_a_long_queue_at_other_windows_keeps_nobody_from_their_own():
    kinds = [Kind("A", 1, GENERAL, 8.0), Kind("P", 3, frozenset({"priority", "general"}), 10.0)]
    waited_long = [ticket(pk, "A", 90) for pk in range(60)]

    seen = Picture(waited_long, kinds, {"general": 2, "priority": 1}, NOW)

    assert (seen.estimate("P").ahead, seen.estimate("P").minutes) == (0, 0.0)
    assert Picture(waited_long, kinds, {"general": 2}, NOW).estimate("P").minutes > 40


def test_turns_that_took_no_time_keep_nobody_waiting():
    said = picture([ticket(1, "A", 5), ticket(2, "P", 9)], means=(0.0, 0.0, 0.0), busy={"general": 2}).estimate("A")

    assert (said.ahead, said.minutes) == (2, 0.0)


def test_where_somebody_stands_at_every_window_the_first_goes_after_half_a_turn():
    assert picture([], busy={"general": 2}).estimate("A").minutes == 8 / 2 / 2
    assert picture([], busy={"general": 1}).estimate("A").minutes == 0.0


def test_a_booking_waits_until_five_minutes_before_its_slot_and_ten_after_it_at_most():
    early, long_line = ticket(1, "Y", -30), [ticket(pk, "Y", 1) for pk in range(2, 40)]

    assert picture([early]).estimate("Y", early.place).minutes == 25
    assert picture([early, *long_line]).estimate("Y", early.place).minutes == 40


@given(queues, st.floats(0, 0.3), st.lists(st.tuples(st.floats(-10, 200), st.floats(0, 1)), max_size=5))
@settings(max_examples=150, deadline=None)
def test_whoever_else_is_expected_nobody_is_told_less(queue, pace, due):
    alone, with_them = (
        picture(queue, coming=coming).estimate("A") for coming in (Coming(), Coming(pace={"P": pace}, booked=due))
    )

    assert with_them.minutes >= alone.minutes - 0.001


def test_between_what_and_what_nine_of_ten_of_the_last_waited():
    usual = rules.spread([])
    exact = rules.spread([(20, 20)] * 20)
    too_short = rules.spread([(20, 30)] * 18 + [(20, 95), (20, 0)])

    assert usual == (0.85, 1.2)
    assert exact == (0.85, 1.2)  # never closer than usual: they stood in one line together
    assert too_short == (0.85, 1.4)  # one of twenty, far off on either side, is left out
    assert rules.spread([(20, 5)] * 20) == (0.4, 1.2)


def test_a_range_is_told_where_one_figure_would_promise_more_than_is_known():
    said = [Estimate(3, minutes, 2, rules.spread([])).told for minutes in (0.0, 4.0, 12.0, 20.0, 90.0)]

    assert said == ["0", "5", "15", "15–25", "75–110"]
    assert Estimate(3, 20.0, 2).told == "20"
    assert Estimate(3, None, 0, (0.5, 2.0)).told is None


def test_on_a_day_when_the_line_grows_the_estimate_is_right_and_without_those_to_come_it_is_too_short():
    """Three windows, six hours of visitors for four; of five one has priority. In memory, by the rule that calls."""
    chance = Random(3)
    kinds = [Kind("A", 1, GENERAL, 8.0), Kind("P", 3, GENERAL, 8.0)]
    arrivals = [
        (moment, "P" if number % 5 == 0 else "A")
        for number, moment in enumerate(sorted(chance.uniform(0, 360) for _number in range(230)))
    ]
    waiting, told, misses = [], {}, {"with": [], "without": []}
    free = [0.0] * 3
    while arrivals or waiting:
        at = min(free)
        while arrivals and (arrivals[0][0] <= at or not waiting):
            moment, code = arrivals.pop(0)
            came, then = ticket(len(told), code, -moment), NOW + minutes(moment)
            open_now = {"busy": {"general": sum(one > moment for one in free)}}
            pace = Coming(pace={"P": 46 / 360}, until=360 - moment)
            told[came.pk] = [
                Picture(waiting, kinds, {"general": 3}, then, coming, **open_now).estimate(code).minutes
                for coming in (pace, Coming())
            ]
            waiting.append(came)
            at = max(at, moment)
        called = rules.in_turn(waiting, Desk(1, "general"), NOW + minutes(at))[0]
        waiting.remove(called)
        waited = at + (NOW - called.moment).total_seconds() / 60
        if called.category == "A":
            misses["with"].append(told[called.pk][0] - waited)
            misses["without"].append(told[called.pk][1] - waited)
        free[free.index(min(free))] = at + chance.gammavariate(3, 8 / 3)

    assert len(misses["with"]) == 184
    assert abs(fmean(misses["with"])) < 6
    assert fmean(misses["without"]) < -15


def test_minutes_are_shown_rounded_up_to_five():
    assert [rules.rounded_up(one) for one in (0, 0.1, 5, 5.01, 14.9)] == [0, 5, 5, 10, 15]


def test_the_mean_fills_up_with_the_catalogue_until_twenty_were_served():
    assert rules.mean_minutes([], 8) == 8
    assert rules.mean_minutes([minutes(2)] * 10, 8) == 5
    assert rules.mean_minutes([minutes(2)] * 20 + [minutes(90)] * 5, 8) == 2
