"""A guide robot is asked in words: it names the matter, who takes it here, the way, and gives a number."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import make
from tests.halls import queue_world as world
from tongban.channels.pages import hall_drawing
from tongban.halls import queries_robots, queries_tickets
from tongban.halls.models import Machine, Ticket
from tongban.halls.services import loading, tickets

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
AREAS = [
    {"id": "guide", "zh": "导办", "en": "Guide", "x": 0, "y": 50, "w": 100, "h": 50},
    {"id": "front", "zh": "受理", "en": "Windows", "x": 0, "y": 0, "w": 100, "h": 50},
]


@pytest.fixture
def hall(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: world.TEN)
    row = world.hall("general do_at_once issuing", areas=AREAS)
    for window in row.windows.all():
        row.windows.filter(pk=window.pk).update(x=window.number * 20, y=20)
    return row


@pytest.fixture
def robot(hall):
    return Machine.objects.create(hall=hall, kind="robot", number=1, name={"zh": "小普", "en": "Xiao Pu"}, area="guide")


@pytest.fixture
def permit():
    name = {"zh": "居住证签注", "en": "Residence permit endorsement"}
    return make.matter("residence-permit", name=name, objects_served=["person"])


def ask(client, robot, words, **more):
    return client.get(reverse("portal:robot", args=[robot.key]), {"q": words, **more}).content.decode()


@pytest.mark.parametrize("words", ["居住证", "residence permit"])
def test_in_chinese_or_english_the_robot_finds_matter_window_and_way(client, hall, robot, permit, words):
    shown = ask(client, robot, words)

    assert "Residence permit endorsement" in shown
    assert "The way to window 1" in shown
    assert 'class="tr-plan__way" d="M500.0 ' in shown


def test_it_gives_the_number_of_the_right_queue_and_knows_what_for(client, hall, robot, permit):
    answer = client.post(
        reverse("portal:robot_take", args=[robot.key]),
        {"for": "A", "matter": "residence-permit", "q": "permit", "to": "0"},
    )

    ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.category.code, ticket.matter.slug) == ("robot", "A", "residence-permit")
    assert ticket.label in client.get(answer.headers["Location"]).content.decode()


def test_a_matter_of_companies_goes_to_their_queue(client, hall, robot):
    make.matter("food", name={"zh": "食品经营许可", "en": "Food business licence"}, objects_served=["company"])

    assert [one.category.code for one in queries_robots.answers(hall, "food business", timezone.now(), "en")] == ["B"]


def test_whoever_comes_to_collect_is_sent_to_the_issuing_window(client, hall, robot, permit):
    assert "The way to window 3" in ask(client, robot, "取件")
    assert "The way to window 3" in ask(client, robot, "Collect my result")


def test_words_that_nobody_understands_lead_to_a_person(client, hall, robot, permit):
    shown = ask(client, robot, "qqzzxxvv")

    assert "I did not understand that" in shown


def test_after_hours_the_robot_says_when_numbers_are_given_again(client, hall, robot, permit, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: world.after(60 * 12))

    answer = client.post(reverse("portal:robot_take", args=[robot.key]), {"for": "A", "matter": "", "q": "", "to": "0"})

    assert answer.status_code == 409
    assert "closed now" in answer.content.decode()
    assert not Ticket.objects.exists()


def test_a_number_of_another_hall_is_not_shown(client, hall, robot, permit):
    other = world.hall("general")
    ticket = world_ticket(other)

    assert ticket.label not in ask(client, robot, "permit", ticket=ticket.key)


def world_ticket(hall):
    return tickets.issue(hall, "A", actor=tickets.VISITOR, channel="machine", at=timezone.now())


def test_the_way_leads_along_the_aisle_and_ends_at_the_window(hall, robot):
    window = hall.windows.get(number=3)
    points = queries_robots.way(hall, robot, window)

    assert points[0] == (50.0, 75.0)
    assert points[-1] == (60.0, 20.0)
    assert all(one[0] == other[0] or one[1] == other[1] for one, other in zip(points, points[1:], strict=False))


def test_a_key_of_a_screen_opens_no_robot(client, hall):
    screen = Machine.objects.create(hall=hall, kind="screen", number=1)

    assert client.get(reverse("portal:robot", args=[screen.key])).status_code == 404


def test_a_robot_of_another_maker_asks_and_takes_a_number_by_the_interface(client, hall, robot, permit):
    answer = client.get(f"/api/v1/robots/{robot.key}/answers", {"q": "residence permit"}).json()
    best = answer["answers"][0]
    assert answer["understood"]
    assert (best["matter"], best["queue"], best["target"]) == ("residence-permit", "A", 1)
    assert best["way"][-1] == [20.0, 20.0]
    assert (best["minutes_from"], best["minutes_until"]) == (None, None)

    wish = {"queue": best["queue"], "matter": best["matter"]}
    given = client.post(f"/api/v1/robots/{robot.key}/tickets", wish, content_type="application/json")
    ticket = Ticket.objects.get()
    assert given.json() == {"number": ticket.label, "queue": "A", "ahead": 0, "slip": f"/ticket/{ticket.key}/"}


@pytest.mark.parametrize(
    ("path", "status"),
    [("robots/guessed/answers?q=x", 404), ("robots/{key}/answers", 422), ("robots/{key}/answers?q=x", 200)],
)
def test_the_interface_answers_only_a_robots_key(client, hall, robot, path, status):
    assert client.get(f"/api/v1/{path.format(key=robot.key)}").status_code == status


def test_robots_of_a_file_stand_apart_and_ways_begin_where_the_plan_draws_them(client, hall, permit):
    row = {"self_service": {}, "windows": [], "robots": ["xiao-pu", "xiao-hui"]}
    one, other = (made for made in loading._machines(hall, row) if made.kind == "robot")
    assert abs(one.x - other.x) > 5
    one.save()

    shown = ask(client, one, "residence permit")
    plan = hall_drawing.floor_plan(hall, hall.windows.all(), [one])
    begins = re.search(r'tr-plan__begin" cx="([0-9.]+)" cy="([0-9.]+)"', shown)
    assert (float(begins.group(1)), float(begins.group(2))) == pytest.approx(
        (plan.things[0].x, plan.things[0].y), abs=0.2
    )


def test_the_way_leads_to_a_window_that_is_open_before_one_that_is_not(hall, robot, permit):
    known = queries_tickets.categories()
    category = next(one for one in known.values() if len(one.window_kinds) > 1)
    first, second = category.window_kinds[:2]
    hall.windows.all().delete()
    closed = hall.windows.create(number=1, kind=first, x=20, y=20)
    opened = hall.windows.create(number=2, kind=second, x=80, y=20)

    def target():
        board = queries_tickets.board(hall, timezone.now())
        return queries_robots._answer(hall, "", "", category, board, timezone.now()).target

    assert target() == closed  # where it is done usually
    world.sit_down(opened)
    assert target() == opened
