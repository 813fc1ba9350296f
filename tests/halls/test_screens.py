"""What stands on the screens of a hall: calls that stand, nobody's name unasked, never an old call."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import make
from tests.halls import queue_world as world
from tongban.halls import queries_screens
from tongban.halls.models import HallEmergency, HallRules, Machine
from tongban.halls.services import tickets
from tongban.journal.actors import Actor
from tongban.journal.models import ReadEntry

pytestmark = pytest.mark.django_db
VISITOR = Actor("applicant", "visitor")


@pytest.fixture
def now(monkeypatch):
    """Monday, ten; what asks for the time gets it."""
    stands = {"at": world.TEN}
    monkeypatch.setattr(timezone, "now", lambda: stands["at"])
    return stands


@pytest.fixture
def hall():
    return world.hall()


@pytest.fixture
def screen(hall):
    return Machine.objects.create(hall=hall, kind="screen", number=1)


def a_call(hall, *, party=None, language="zh-hans"):
    tickets.issue(hall, "A", actor=VISITOR, channel="machine", party=party, language=language, at=timezone.now())
    window, actor = world.sit_down(hall.windows.filter(state="closed").first())
    return tickets.call_next(window, actor=actor, at=timezone.now()), window, actor


def the_state(client, screen) -> str:
    return client.get(reverse("portal:screen_now", args=[screen.key])).content.decode()


def test_a_called_number_stands_on_the_screen_with_its_window_in_both_languages(client, hall, screen, now):
    ticket, window, _actor = a_call(hall)

    page = client.get(reverse("portal:screen", args=[screen.key])).content.decode()

    assert f'class="ts-call__number">{ticket.label}<' in page
    assert f"<b>{window.number}</b>" in page
    assert 'data-en="Number A 0 0 1, please go to window 1."' in page
    assert re.search(r'data-zh="[^"]*A 0 0 1[^"]*"', page)


def test_a_call_leaves_after_three_minutes_and_tells_the_display_when(client, hall, screen, now):
    ticket, _window, _actor = a_call(hall)
    assert 'data-left="180"' in the_state(client, screen)

    now["at"] += timedelta(minutes=2, seconds=50)
    assert 'data-left="10"' in the_state(client, screen)

    now["at"] += timedelta(seconds=11)
    assert ticket.label not in the_state(client, screen)


def test_whoever_came_to_the_window_is_not_called_any_more(client, hall, screen, now):
    ticket, _window, actor = a_call(hall)

    tickets.serve(ticket, actor=actor, at=timezone.now())

    assert ticket.label not in the_state(client, screen)


@pytest.mark.parametrize(("shows", "stands"), [(True, True), (False, False)])
def test_a_name_stands_there_only_masked_where_the_hall_shows_names_and_its_bearer_learns_of_it(
    client, hall, screen, now, shows, stands
):
    HallRules.objects.create(hall=hall, about="queue", values={queries_screens.NAMES: shows})
    who = make.person("张示范")
    a_call(hall, party=who.party)

    state = the_state(client, screen)
    the_state(client, screen)

    assert ("张**" in state) is stands
    assert "示范" not in re.sub(r"示范大厅", "", state)
    assert ReadEntry.objects.filter(of_party=who.pk, purpose="called on a screen").count() == int(stands)


def test_a_page_at_home_shows_no_name_even_where_the_hall_does(client, hall, now):
    HallRules.objects.create(hall=hall, about="queue", values={queries_screens.NAMES: True})
    ticket, _window, _actor = a_call(hall, party=make.person("张示范").party)

    page = client.get(reverse("portal:hall_live", args=[hall.code])).content.decode()

    assert ticket.label in page
    assert "张" not in page


def test_a_key_of_another_machine_and_a_guessed_one_open_no_screen(client, hall):
    robot = Machine.objects.create(hall=hall, kind="robot", number=1)

    assert client.get(reverse("portal:screen", args=[robot.key])).status_code == 404
    assert client.get(reverse("portal:screen_now", args=["guessed"])).status_code == 404


def test_no_proxy_and_no_browser_keeps_a_state(client, hall, screen, now):
    for name in ("portal:screen", "portal:screen_now"):
        assert "no-store" in client.get(reverse(name, args=[screen.key])).headers["Cache-Control"]


def test_in_an_emergency_a_screen_says_what_to_do_and_calls_nobody(client, hall, screen, now):
    ticket, _window, _actor = a_call(hall)
    HallEmergency.objects.create(hall=hall, kind="fire", began_by=make.officer("supervisor"))

    state = the_state(client, screen)

    assert "nearest exit" in state
    assert ticket.label not in state


def test_the_state_asks_as_much_of_the_database_for_many_waiting_as_for_one(client, hall, screen, now):
    a_call(hall)
    the_state(client, screen)
    with CaptureQueriesContext(connection) as one:
        the_state(client, screen)
    for _ in range(12):
        tickets.issue(hall, "A", actor=VISITOR, channel="machine", language="zh-hans", at=timezone.now())

    with CaptureQueriesContext(connection) as many:
        the_state(client, screen)

    assert len(many) <= len(one) + 1  # the calendar is looked at again each second
