"""How many bookings a hall takes, and from when (pure)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tongban.halls import capacity
from tongban.halls.capacity import Planned, Queue, Rules
from tongban.lib.workdays import Calendar, Year

SHANGHAI = ZoneInfo("Asia/Shanghai")
PERSONAL = Queue(1, 8, frozenset({"general"}))
BUSINESS = Queue(2, 15, frozenset({"general", "do_at_once"}))
RULES = Rules()


@pytest.fixture
def calendar():
    """Wednesday 25 November 2026 is a day off; Saturday 28 is worked."""
    return Calendar(
        {
            2026: Year(
                days_off=frozenset({date(2026, 11, 25)}),
                workdays=frozenset({date(2026, 11, 28)}),
                official=True,
                names={},
            )
        }
    )


@dataclass
class ShiftRow:
    kind: str
    windows: int
    weekday: int | None = None
    day: date | None = None
    begins: time = time(9)
    ends: time = time(17)


@pytest.mark.parametrize(
    ("windows", "average", "found"),
    [(16, 8, 36), (16, 15, 19), (5, 18, 5), (1, 8, 2), (1, 18, 1), (1, 60, 1), (0, 8, 0)],
)
def test_a_slot_has_sixty_of_a_hundred_of_its_window_time(windows, average, found):
    assert capacity.places(windows, 30, average) == found


def test_two_queues_of_the_same_windows_do_not_sell_the_same_minutes_twice():
    open_ = {"general": 10}

    alone = capacity.left(PERSONAL, [PERSONAL, BUSINESS], open_, {}, 30)
    beside = capacity.left(PERSONAL, [PERSONAL, BUSINESS], open_, {BUSINESS.key: 8}, 30)

    assert (alone, beside) == (22, 7)  # 180 minutes; 120 of them are booked by companies


def test_what_the_other_queue_has_windows_of_its_own_for_takes_nothing_away():
    open_ = {"general": 10, "do_at_once": 4}

    assert capacity.left(PERSONAL, [PERSONAL, BUSINESS], open_, {BUSINESS.key: 4}, 30) == 22


@pytest.mark.parametrize("seed", range(20))
def test_however_people_book_the_kept_share_of_every_window_stays_for_those_who_just_come(seed):
    chance = Random(seed)
    queues = [PERSONAL, BUSINESS, Queue(3, 10, frozenset({"general", "consultation"}))]
    open_ = {"general": chance.randint(1, 18), "do_at_once": chance.randint(0, 2), "consultation": chance.randint(0, 3)}
    taken = {queue.key: 0 for queue in queues}

    while free := [queue for queue in queues if capacity.left(queue, queues, open_, taken, 30)]:
        taken[chance.choice(free).key] += 1

    booked = sum(taken[queue.key] * queue.average_minutes for queue in queues)
    assert booked <= max(15, sum(open_.values()) * 30 * 0.6)


def test_a_shift_of_the_day_wins_over_that_of_its_weekday_kind_by_kind():
    day = date(2026, 11, 23)
    rows = [ShiftRow("general", 18, weekday=0), ShiftRow("issuing", 2, weekday=0), ShiftRow("general", 4, day=day)]

    found = capacity.windows_at(capacity.planned_on(day, rows), time(9), time(9, 30))

    assert found == {"issuing": 2, "general": 4}


def test_a_window_that_closes_in_the_middle_of_a_slot_has_no_place_in_it():
    shifts = [Planned("general", time(9), time(11, 45), 3)]

    assert capacity.windows_at(shifts, time(11), time(11, 30)) == {"general": 3}
    assert capacity.windows_at(shifts, time(11, 30), time(12)) == {}


def test_a_saturday_that_is_worked_has_the_shifts_of_a_working_day():
    rows = [ShiftRow("general", 18, weekday=0)]

    assert capacity.as_worked(date(2026, 11, 28), rows, like_weekday=0)[0].windows == 18
    assert capacity.as_worked(date(2026, 11, 28), rows) == []


def test_slots_stand_in_the_opening_hours_and_not_in_the_break():
    spans = [
        (datetime(2026, 11, 23, 9), datetime(2026, 11, 23, 11, 15)),
        (datetime(2026, 11, 23, 13, 30), datetime(2026, 11, 23, 14, 30)),
    ]

    assert [f"{at:%H:%M}" for at in capacity.starts(spans, 30)] == [
        "09:00",
        "09:30",
        "10:00",
        "10:30",
        "13:30",
        "14:00",
    ]


def test_a_long_visit_reaches_into_the_next_slot():
    assert capacity.units_in_slots(3, 30, 15) == [2, 1]
    assert capacity.units_in_slots(2, 30, 8) == [2]
    assert capacity.units_in_slots(1, 30, 45) == [1]


def test_five_working_days_ahead_skip_the_holiday_and_count_the_worked_saturday(calendar):
    assert capacity.last_day(date(2026, 11, 22), calendar, 5) == date(2026, 11, 28)  # a Sunday: 23, 24, 26, 27, 28
    assert capacity.last_day(date(2026, 11, 23), calendar, 5) == date(2026, 11, 30)


def test_every_day_is_released_on_the_first_day_on_which_it_may_be_booked(calendar):
    for number in range(1, 20):
        day = date(2026, 11, 22) + timedelta(days=number)
        first = capacity.released_on(day, calendar, 5)

        assert capacity.last_day(first, calendar, 5) >= day
        assert capacity.last_day(first - timedelta(days=1), calendar, 5) < day


def test_times_are_given_out_at_noon_and_everybody_may_book_after_the_lot(calendar):
    found = capacity.release(date(2026, 11, 30), calendar, RULES, SHANGHAI)

    assert found.at == datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)
    assert found.open_at - found.at == timedelta(minutes=10)
    assert found.drawing(found.at)
    assert not found.drawing(found.open_at)


def test_the_rules_are_those_of_the_file_with_words_of_our_own_where_it_says_nothing():
    read = Rules.read({"slot_minutes": 20, "book_ahead_working_days": 3, "provenance": "public"})

    assert (read.slot_minutes, read.ahead, read.hold_minutes) == (20, 3, 5)


# -- fairness: a thousand bots against two hundred people


@dataclass
class Wish:
    pk: int
    made_at: datetime
    drawn: float
    person: bool


def crowd(chance: Random, released: datetime) -> list[Wish]:
    """Bots are there in the first second; people come in the course of the morning. Everybody once: one wish of a proofed person."""
    return [
        Wish(number, released - timedelta(hours=12) + timedelta(milliseconds=number), chance.random(), person=False)
        for number in range(1000)
    ] + [
        Wish(1000 + number, released - timedelta(seconds=chance.uniform(1, 12 * 3600)), chance.random(), person=True)
        for number in range(200)
    ]


def share_of_people(order, places: int) -> float:
    """What people get, of what they would get if everybody had the same chance."""
    won = sum(wish.person for wish in order[:places])
    return won / (places * 200 / 1200)


def test_a_thousand_bots_leave_two_hundred_people_nine_tenths_of_their_fair_share():
    released = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)
    chance = Random(6)

    shares = [share_of_people(capacity.lot_order(crowd(chance, released), released), 300) for _day in range(40)]

    assert sum(shares) / len(shares) >= 0.9


def test_control_by_speed_alone_people_would_get_nothing():
    released = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)
    by_speed = sorted(crowd(Random(6), released), key=lambda wish: wish.made_at)

    assert share_of_people(by_speed, 300) < 0.2


def test_who_comes_after_the_release_stands_behind_the_lot_in_order():
    released = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)
    late = Wish(1, released + timedelta(seconds=2), 0.0, person=False)
    later = Wish(2, released + timedelta(seconds=9), 0.0, person=False)
    early = Wish(3, released - timedelta(seconds=1), 0.99, person=True)

    assert capacity.lot_order([later, late, early], released) == [early, late, later]
