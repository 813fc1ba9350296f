"""An officer may supervise one hall and not another: pages, acts, alarms; and taking a hall away never gives all of them."""

import pytest
from django.test import Client
from django.utils import timezone

from tests import doors, make
from tests.halls import queue_world as world
from tongban.halls import queries_supervisors as supervisors_of
from tongban.halls.models import HallEmergency, HallSupervisor, Machine
from tongban.halls.services import places, simulations, supervising, supervisors, tickets
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def monday(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: world.TEN)


@pytest.fixture
def mine():
    return world.hall("general general")


@pytest.fixture
def theirs():
    return world.hall("general general")


@pytest.fixture
def coordinator():
    return make.officer("coordinator")


@pytest.fixture
def officer(mine, coordinator):
    """Supervisor of `mine` and of no other hall."""
    who = make.officer("supervisor", person=make.person())
    supervisors.name_for(mine, who, by=coordinator)
    return who


def test_whoever_is_named_for_no_hall_supervises_every_one(mine, theirs):
    who = make.officer("supervisor")

    assert [supervisors_of.supervises(who, hall) for hall in (mine, theirs)] == [True, True]


def test_whoever_is_named_for_one_hall_supervises_that_one_only(mine, theirs, officer):
    assert [supervisors_of.supervises(officer, hall) for hall in (mine, theirs)] == [True, False]


def test_taken_from_the_last_hall_nobody_supervises_all_of_them(mine, theirs, officer, coordinator):
    supervisors.drop(mine, officer, by=coordinator)

    assert [supervisors_of.supervises(officer, hall) for hall in (mine, theirs)] == [False, False]
    supervisors.for_every_hall(mine, officer, by=coordinator)
    assert [supervisors_of.supervises(officer, hall) for hall in (mine, theirs)] == [True, True]


def test_named_twice_is_named_once_and_it_is_on_record(mine, officer, coordinator):
    supervisors.name_for(mine, officer, by=coordinator)

    assert HallSupervisor.objects.count() == Event.objects.filter(kind="HallSupervisorNamed").count() == 1


@pytest.mark.parametrize("act", [supervisors.name_for, supervisors.drop, supervisors.for_every_hall])
def test_only_the_coordinating_office_names(mine, officer, act):
    with pytest.raises(NotAllowed):
        act(mine, make.officer("supervisor"), by=officer)


def test_only_a_supervisor_is_named(mine, coordinator):
    with pytest.raises(NotAllowed) as refused:
        supervisors.name_for(mine, make.officer("window_officer"), by=coordinator)
    assert refused.value.code == "not-a-supervisor"


def test_no_act_of_a_supervisor_reaches_another_hall(theirs, officer):
    window, _actor = world.sit_down(theirs.windows.first())
    free = make.officer("window_officer")
    screen = Machine.objects.create(hall=theirs, kind="screen", number=1)
    acts = [
        lambda: supervising.stop_hall(theirs, kind="fire", by=officer),
        lambda: supervising.go_on(theirs, by=officer),
        lambda: supervising.open_for(theirs.windows.last(), officer=free, by=officer),
        lambda: supervising.move_officer(window, theirs.windows.last(), by=officer),
        lambda: supervising.set_screen(screen, lounge=True, by=officer),
        lambda: supervising.set_names(theirs, shown=True, by=officer),
        lambda: places.set_working(screen, working=False, officer=officer),
        lambda: places.add_windows(theirs, "general", 1, officer=officer),
        lambda: simulations.ask(theirs, officer=officer, question={"weekday": 0}),
    ]

    for act in acts:
        with pytest.raises(NotAllowed) as refused:
            act()
        assert refused.value.code == "not-your-hall"
    screen.refresh_from_db()
    assert (screen.working, theirs.windows.count(), HallEmergency.objects.count()) == (True, 2, 0)


def test_and_in_their_own_hall_they_do(mine, officer):
    supervising.stop_hall(mine, kind="fire", by=officer)

    assert HallEmergency.objects.get().began_by == officer


def test_pages_of_another_hall_are_closed_to_them_and_their_own_opens_first(mine, theirs, officer):
    client = doors.enter(Client(), officer.account)

    for page in ("hall/", "hall/figures/", "hall/simulation/"):
        assert client.get(f"/office/{page}?hall={theirs.code}").status_code == 403
    assert (
        client.post(f"/office/hall/?hall={theirs.code}", {"act": "stop", "kind": "fire", "sure": "1"}).status_code
        == 403
    )
    assert client.post("/office/appointments/outside", {"hall": theirs.code, "reason": "burst pipe"}).status_code == 403
    assert client.post("/office/appointments/outside", {"hall": mine.code, "reason": "burst pipe"}).status_code == 302
    first = client.get("/office/hall/")
    assert (first.status_code, first.context["hall"]) == (200, mine)
    assert theirs.code not in first.content.decode()
    assert client.get(f"/office/halls/{theirs.code}/").content.decode().count('name="act"') == 0


def test_alarms_ring_for_the_supervisors_of_that_hall(mine, theirs, officer):
    other = make.officer("supervisor", person=make.person())
    for hall in (mine, theirs):
        world.sit_down(hall.windows.first())
        for _number in range(2):
            tickets.issue(hall, "A", actor=tickets.VISITOR, channel="machine")
        supervising.watch(hall, timezone.now())

    told = {
        one: Message.objects.filter(kind="hall_waits", party=one.account.person_id).count() for one in (officer, other)
    }
    assert (told[officer], told[other]) == (1, 2)


def test_the_coordinator_names_and_takes_away_on_the_halls_page(mine, coordinator):
    who = make.officer("supervisor")
    client = doors.enter(Client(), coordinator.account)

    client.post(f"/office/halls/{mine.code}/", {"act": "supervisor", "officer": who.pk})
    assert HallSupervisor.objects.get().officer == who
    assert who.staff_no in client.get(f"/office/halls/{mine.code}/").content.decode()
    client.post(f"/office/halls/{mine.code}/", {"act": "drop_supervisor", "officer": who.pk})
    assert HallSupervisor.objects.get().ended_at is not None


def test_a_supervisor_names_nobody_on_the_page(mine, officer):
    client = doors.enter(Client(), officer.account)

    page = client.get(f"/office/halls/{mine.code}/").content.decode()
    answer = client.post(f"/office/halls/{mine.code}/", {"act": "supervisor", "officer": officer.pk})

    assert 'value="supervisor"' not in page
    assert answer.status_code == 403
