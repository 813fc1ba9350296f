"""A day in a hall loses nobody. `bench/tickets.py` does the same with 2,000 visitors."""

import pytest

from tests.halls.hall_day import a_day
from tongban.halls.models import Ticket, TicketCall, Window

pytestmark = pytest.mark.django_db


def test_a_simulated_day_loses_nobody_and_jumps_nobody():
    day = a_day(60, "general general general priority issuing specialised")

    assert sum(day.ends.values()) == day.visitors == Ticket.objects.count()
    assert set(day.ends) <= {"done", "void"}  # everybody was served, or was told
    assert day.ends["done"] > 0.85 * day.visitors
    assert day.jumped == []
    assert not TicketCall.objects.exclude(out_of_turn="").exists()
    assert day.late and max(day.late) <= 10
    assert day.happened["skipped"] and day.happened["requeued"] and day.happened["parked"]
    assert set(Window.objects.values_list("state", flat=True)) == {"closed"}
