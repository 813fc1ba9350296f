"""The supervisor's pages: a hall as it is now, what other windows would do, its figures."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tests.halls import living
from tests.halls import queue_world as world
from tests.halls.test_simulating import work_off
from tongban.halls.models import HallEmergency, Machine, Shift, SimulationRun
from tongban.halls.services import supervising, tickets
from tongban.journal.actors import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
VISITOR = Actor("applicant", "visitor")


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: world.TEN)


@pytest.fixture
def hall(now):
    row = world.hall(
        "general general priority",
        areas=[{"id": "front", "zh": "受理", "en": "Windows", "x": 0, "y": 0, "w": 100, "h": 100}],
    )
    for weekday in range(5):
        Shift.objects.create(hall=row, weekday=weekday, kind="general", begins="09:00", ends="12:00", windows=2)
    row.windows.update(x=20, y=20)
    return row


@pytest.fixture
def supervisor(client):
    row = make.officer("supervisor", person=make.person())
    doors.enter(client, row.account, second_factor=True)
    return row


def page(client, name="office:hall_now", **given):
    return client.get(reverse(name, kwargs=given)).content.decode()


def test_the_page_shows_queues_windows_forecast_and_alarms(client, hall, supervisor):
    window, _actor = world.sit_down(hall.windows.first())
    for _ in range(3):
        tickets.issue(hall, "A", actor=VISITOR, channel="machine", language="en", at=timezone.now())
    supervising.watch(hall, timezone.now())

    shown = page(client)

    assert "Queue A" in shown
    assert "up to 24 minutes" in shown
    assert window.officer.shown_name in shown
    assert 'data-state="open"' in shown
    assert "too few past tickets" in shown  # the forecast says on what it rests


def test_a_reserve_window_is_opened_for_somebody_who_sits_nowhere(client, hall, supervisor):
    free = make.officer("window_officer")

    client.post(reverse("office:hall_now"), {"act": "open", "window": "2", "officer": str(free.pk)})

    assert hall.windows.get(number=2).officer == free


def test_the_hall_is_not_stopped_by_a_slip_of_the_hand(client, hall, supervisor):
    world.open_all(hall)

    answer = client.post(reverse("office:hall_now"), {"act": "stop", "kind": "fire"})
    assert answer.status_code == 422
    assert not HallEmergency.objects.exists()

    client.post(reverse("office:hall_now"), {"act": "stop", "kind": "fire", "sure": "1"})
    assert set(hall.windows.values_list("state", flat=True)) == {"paused"}
    assert "The hall is stopped" in page(client)

    client.post(reverse("office:hall_now"), {"act": "go_on"})
    assert set(hall.windows.values_list("state", flat=True)) == {"open"}


def test_who_only_looks_is_shown_no_buttons_and_stops_nothing(client, hall):
    doors.enter(client, make.officer("auditor").account, second_factor=True)
    world.open_all(hall)

    assert "Stop the hall" not in page(client)
    answer = client.post(reverse("office:hall_now"), {"act": "stop", "kind": "fire", "sure": "1"})
    assert answer.status_code == 403
    assert not HallEmergency.objects.exists()


def test_a_screen_plays_pages_or_calls_only(client, hall, supervisor):
    screen = Machine.objects.create(
        hall=hall, kind="screen", number=1, plays={"pages": [{"title": {"zh": "标题", "en": "Title"}}]}
    )

    client.post(reverse("office:hall_now"), {"act": "lounge", "machine": screen.pk, "shown": "1"})

    screen.refresh_from_db()
    assert screen.plays["lounge"]
    assert screen.plays["pages"]
    assert "Title" in client.get(reverse("portal:screen", args=[screen.key])).content.decode()


def test_a_question_is_asked_worked_out_and_answered_in_one_sentence(client, hall, supervisor):
    asked = {"weekday": "0", "windows": "2", "kind": "general", "begins": "09:00", "ends": "12:00", "times": "100"}

    answer = client.post(reverse("office:simulation"), asked)
    run = SimulationRun.objects.get()
    assert answer.headers["Location"] == reverse("office:simulation_run", args=[run.pk])
    assert "0 of 80 days" in page(client, "office:simulation_run", pk=run.pk)

    work_off()
    shown = page(client, "office:simulation_run", pk=run.pk)
    assert "2 more windows (comprehensive window) from 09:00 to 12:00: the mean waiting time goes from" in shown
    assert "Nothing measured" in shown
    assert "2 more windows" in page(client, "office:simulation").lower()


@pytest.mark.parametrize(
    "given",
    [{"windows": "x"}, {"begins": "ten"}, {"windows": "0"}, {"times": "1000"}, {"merge": "1", "dedicated": "2"}],
)
def test_a_question_that_cannot_be_simulated_comes_back_with_what_was_typed(client, hall, supervisor, given):
    asked = {
        "weekday": "0",
        "windows": "2",
        "kind": "general",
        "begins": "09:00",
        "ends": "12:00",
        "times": "100",
        **given,
    }

    answer = client.post(reverse("office:simulation"), asked)

    assert answer.status_code == 422
    assert not SimulationRun.objects.exists()


def test_figures_of_past_days_are_those_of_their_tickets(client, hall, supervisor):
    living.past(hall, weeks=1, a_day=12)

    shown = client.get(reverse("office:hall_figures"), {"from": "2026-11-16", "until": "2026-11-16"}).content.decode()

    assert "10.0" in shown  # waited ten minutes each
    assert "median 10.0" in shown
    assert "Error of the estimate" in shown
