"""Two weeks of visitors of the demonstration's hall: true to form, once."""

from datetime import time, timedelta

import pytest
from django.utils import timezone

from tests import make
from tests.halls import queue_world as world
from tongban.halls import queries_figures
from tongban.halls.models import Machine, Shift, Ticket, TicketCall
from tongban.site.demonstration import living_hall

pytestmark = pytest.mark.django_db


def test_the_past_of_the_hall_is_one_that_its_windows_could_have_lived_through(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: world.TEN)
    monkeypatch.setattr(living_hall, "DAYS", 3)
    monkeypatch.setattr(living_hall, "A_DAY", {"A": 60, "P": 6, "D": 10})
    hall = world.hall("general general issuing", code=living_hall.HALL)
    make.officer("window_officer")
    screen = Machine.objects.create(hall=hall, kind="screen", number=1)
    for weekday in range(5):
        Shift.objects.create(hall=hall, weekday=weekday, kind="general", begins=time(9), ends=time(17), windows=2)

    made = living_hall.build(world.TEN)

    assert made > 60  # the weekend is closed, the Friday before is not
    served = list(Ticket.objects.filter(state="done").order_by("window", "serving_at"))
    assert TicketCall.objects.count() == len(served)
    for one, other in zip(served, served[1:], strict=False):
        assert one.waits_from <= one.first_called_at <= one.serving_at < one.ended_at
        if one.window_id == other.window_id:
            assert one.ended_at <= other.serving_at + timedelta(seconds=1)  # a window has one visitor
    found = queries_figures.report(
        hall, timezone.localdate(world.TEN) - timedelta(days=3), timezone.localdate(world.TEN)
    ).all
    assert found.waiting.mean is not None
    assert 50 < found.on_the_spot.percent < 95
    screen.refresh_from_db()
    assert screen.plays["lounge"]

    assert living_hall.build(world.TEN) == 0
