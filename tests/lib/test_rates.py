"""How often somebody may do something."""

from tongban.lib.rates import Rates


def test_a_burst_is_taken_then_the_pace_counts_and_others_notice_nothing():
    rates = Rates(a_second=2, at_once=5)

    burst = [rates.take("one", 100.0) for _time in range(6)]

    assert burst == [0, 0, 0, 0, 0, 0.5]
    assert rates.take("other", 100.0) == 0
    assert rates.take("one", 100.5) == 0
    assert rates.take("one", 100.5) > 0
    assert [rates.take("one", 1000.0) for _time in range(6)].count(0) == 5


def test_a_clock_set_back_gives_nothing_away_and_takes_nothing():
    rates = Rates(a_second=1, at_once=1)

    assert rates.take("one", 100.0) == 0
    assert rates.take("one", 50.0) > 0
    assert rates.take("one", 101.0) == 0


def test_what_is_remembered_has_an_end():
    rates = Rates(a_second=1, at_once=1, most=10)
    for key in range(1000):
        rates.take(key, 100.0)

    assert len(rates._held) == 10
