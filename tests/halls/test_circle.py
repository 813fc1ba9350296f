import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.halls import circle
from tongban.halls.circle import Disc, Point

SQUARE = Point(31.2304, 121.4737)
latitudes, longitudes = st.floats(-80, 80), st.floats(-179, 179)


def north_of(point, metres):
    return Point(point.lat + metres / circle.METRES_A_DEGREE, point.lng)


def test_a_quarter_of_an_hour_reaches_865_metres_as_the_crow_flies():
    assert round(circle.REACH) == 865
    assert circle.minutes(circle.REACH) == 15
    assert circle.minutes(circle.REACH + 1) == 16
    assert circle.minutes(0) == 1


def test_known_distances_are_measured():
    assert circle.metres(Point(0, 0), Point(0, 1)) == pytest.approx(111_195, abs=1)
    assert circle.metres(SQUARE, Point(39.9042, 116.4074)) == pytest.approx(1_067_000, rel=0.005)  # to Beijing
    assert circle.metres(SQUARE, SQUARE) == 0
    assert circle.metres(Point(0, 0), Point(0, 180)) == pytest.approx(math.pi * circle.EARTH)


@given(latitudes, longitudes, st.floats(1, 50_000), st.floats(0, 2 * math.pi))
def test_what_lies_within_the_radius_lies_in_the_box(lat, lng, radius, turned):
    here = Point(lat, lng)
    far = radius / circle.METRES_A_DEGREE * 0.999
    there = Point(lat + far * math.sin(turned), lng + far * math.cos(turned) / math.cos(math.radians(lat)))
    if circle.metres(here, there) > radius or abs(there.lng) > 180:
        return

    found = circle.box(here, radius)

    assert found.south <= there.lat <= found.north
    assert found.west <= there.lng <= found.east


def test_at_the_pole_the_box_goes_all_round():
    assert circle.box(Point(90, 0), 1000)[2:] == (-180, 180)


def test_points_of_a_grid_lie_in_it_and_half_of_them_in_its_inner_half():
    disc = Disc("g", SQUARE, 1000, 0)

    far = [circle.metres(SQUARE, point) for point in circle.scattered(disc)]

    assert max(far) <= 1001
    assert sum(one <= 1000 / math.sqrt(2) for one in far) == circle.SAMPLES / 2


def test_a_grid_is_covered_as_far_as_a_hall_is_within_the_walk():
    here = Disc("here", SQUARE, 500, 1000)
    wide = Disc("wide", SQUARE, 2000, 1000)
    far = Disc("far", north_of(SQUARE, 10_000), 500, 2000)

    found = {one.code: one for one in circle.coverage([here, wide, far], [SQUARE], [])}

    assert (found["here"].share, found["here"].people) == (1.0, 1000)
    assert found["wide"].share == pytest.approx((circle.REACH / 2000) ** 2, abs=0.02)
    assert (found["far"].share, found["far"].people) == (0.0, 0)
    assert circle.of_everybody(found.values()) == pytest.approx((1000 + found["wide"].people) / 4000)


def test_a_machine_counts_for_the_grid_it_stands_in():
    grids = [Disc("a", SQUARE, 500, 1), Disc("b", north_of(SQUARE, 1500), 500, 1)]

    found = circle.coverage(grids, [], [north_of(SQUARE, 400)])

    assert [one.machine for one in found] == [True, False]


def test_where_nobody_is_counted_no_share_is_said():
    assert circle.of_everybody([]) is None
    assert circle.of_everybody(circle.coverage([Disc("a", SQUARE, 500, 0)], [SQUARE], [])) is None


@pytest.mark.parametrize("wrong", [("", ""), ("x", "1"), ("91", "0"), ("0", "181"), ("nan", "0"), ("inf", "0")])
def test_a_position_that_is_none_is_not_taken(wrong):
    assert circle.read_point(*wrong) is None


def test_a_position_is_read():
    assert circle.read_point("31.2304", "121.4737") == SQUARE
