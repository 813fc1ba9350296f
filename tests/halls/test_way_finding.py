"""The way on a floor plan goes around windows and through no area but the first and the last, whatever the plan."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tongban.halls.way_finding import crosses, way

ROOMS = [
    (x * 25.0, y * 50.0, x * 25.0 + 20, y * 50.0 + 40) for x in range(4) for y in range(2)
]  # aisles of five and ten


def legs(points):
    return list(zip(points, points[1:], strict=False))


def holds(box, spot):
    return box[0] <= spot[0] <= box[2] and box[1] <= spot[1] <= box[3]


def inside(box):
    """Somewhere in a box, in whole hundredths."""
    return st.tuples(st.integers(int(box[0]), int(box[2])), st.integers(int(box[1]), int(box[3]))).map(
        lambda spot: (float(spot[0]), float(spot[1]))
    )


places = st.sampled_from(range(len(ROOMS))).flatmap(lambda place: st.tuples(st.just(place), inside(ROOMS[place])))
windows = st.lists(st.sampled_from(ROOMS).flatmap(inside), max_size=8).map(
    lambda spots: [(x - 2, y - 2.5, x + 2, y + 2.5) for x, y in spots]
)


@given(places, places, windows)
@settings(max_examples=150, deadline=None)
def test_no_leg_crosses_a_window_or_an_area_that_is_not_its_own(begin, end, things):
    assume(not any(holds(box, begin[1]) or holds(box, end[1]) for box in things))

    points = way(begin[1], end[1], ROOMS, things)

    assert (points[0], points[-1]) == (begin[1], end[1])
    assume(len(points) != 2 or begin[1][0] == end[1][0] or begin[1][1] == end[1][1])  # all built up around it
    closed = things + [room for place, room in enumerate(ROOMS) if place not in (begin[0], end[0])]
    assert not [box for one, other in legs(points) for box in closed if crosses(one, other, box)]
    assert all(one[0] == other[0] or one[1] == other[1] for one, other in legs(points))


def test_a_row_of_windows_is_walked_around_and_not_through():
    row = [(x - 2.0, 17.5, x + 2.0, 22.5) for x in (20, 40, 60)]

    points = way((5.0, 20.0), (80.0, 20.0), [], row)

    assert points[0] == (5.0, 20.0) and points[-1] == (80.0, 20.0)
    assert len(points) == 4  # down, along, up
    assert not [box for one, other in legs(points) for box in row if crosses(one, other, box)]


def test_where_nothing_is_in_between_the_way_is_straight():
    assert way((10.0, 10.0), (10.0, 90.0), [], []) == [(10.0, 10.0), (10.0, 90.0)]


def test_where_everything_is_built_up_it_is_the_straight_way():
    around = [(40.0, 0.0, 60.0, 100.0)]

    assert way((10.0, 50.0), (90.0, 50.0), around, []) == [(10.0, 50.0), (90.0, 50.0)]
