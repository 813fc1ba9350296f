import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import doors, make
from tests.halls import standing
from tests.halls.test_importing import TABLE
from tongban.halls.models import Hall, HallDay, HallMove, Machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

MONDAY = "2026-10-12 09:00:00+08:00"


@pytest.fixture
def hall():
    make.calendar()
    return standing.hall("centre", en="Centre")


@pytest.fixture
def keeper(client):
    doors.enter(client, make.officer("supervisor").account)
    return client


def test_a_supervisor_finds_a_hall_and_keeps_it(keeper, hall):
    assert "Centre" in keeper.get("/office/halls/?q=centre").content.decode()

    page = keeper.get("/office/halls/centre/").content.decode()

    for words in (
        "Days with other hours",
        "Plan the move",
        "comprehensive window",
        "ticket machine 1",
        "Plan this shift",
    ):
        assert words in page, words


@time_machine.travel(MONDAY, tick=False)
def test_each_act_of_the_page_is_done_and_shown(keeper, hall):
    machine, window = hall.machines.get(kind="kiosk"), hall.windows.first()

    def press(**said):
        return keeper.post("/office/halls/centre/", said, follow=True).content.decode()

    assert "Training" in press(act="day", day="2026-10-14", closed="true", reason_en="Training")
    assert "Training" not in press(act="clear", day="2026-10-14")
    assert "out of order" in press(act="working", pk=machine.pk, working="false")
    assert "reserve" in press(act="reserve", pk=window.pk, reserve="true")
    assert "1 New Road" in press(act="move", on="2026-11-01", address_en="1 New Road", lat="31.2", lng="121.4")
    press(act="drop", pk=HallMove.objects.get().pk)
    press(act="windows", kind="issuing", count="2")
    press(act="shift", kind="issuing", windows="2", begins="09:00", ends="10:00", weekday="0")
    press(act="machines", kind="locker", count="1")
    assert "0 bookings were cancelled" in press(act="cancel", day="2026-10-14")
    press(act="change", workdays="08:00-18:00", stop_minutes="15", facilities=["aed"])

    hall.refresh_from_db()
    assert (hall.hours["workdays"], hall.stop_minutes, hall.facilities) == (["08:00-18:00"], 15, ["aed"])
    assert not HallDay.objects.exists()
    assert not HallMove.objects.exists()
    assert hall.windows.filter(kind="issuing").count() == 3
    shift = hall.shifts.get(ends="10:00")
    press(act="drop_shift", pk=shift.pk)
    assert not hall.shifts.filter(pk=shift.pk).exists()
    assert Machine.objects.filter(hall=hall, kind="locker").count() == 1


@time_machine.travel(MONDAY, tick=False)
def test_what_cannot_be_taken_comes_back_as_typed_with_the_reason_at_the_field(keeper, hall):
    answer = keeper.post(
        "/office/halls/centre/", {"act": "day", "day": "2026-10-14", "hours": "9-17", "reason_en": "<i>x"}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Write hours like 09:00-11:30" in page
    assert 'value="9-17"' in page
    assert "&lt;i&gt;x" in page


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"act": "burn"},
        {"act": "clear", "day": "x"},
        {"act": "working", "pk": "9" * 30},
        {"act": "drop", "pk": "-1"},
    ],
)
def test_an_act_that_there_is_not_is_not_found(keeper, hall, said):
    assert keeper.post("/office/halls/centre/", said).status_code == 404


def test_a_machine_of_another_hall_is_not_touched_from_here(keeper, hall):
    other = standing.hall().machines.get(kind="kiosk")

    answer = keeper.post("/office/halls/centre/", {"act": "working", "pk": other.pk, "working": "false"})

    assert answer.status_code == 404
    assert Machine.objects.get(pk=other.pk).working


def test_whoever_only_looks_changes_nothing(client, hall):
    doors.enter(client, make.officer("auditor").account)
    machine = hall.machines.get(kind="kiosk")

    assert "Plan the move" not in client.get("/office/halls/centre/").content.decode()
    answer = client.post("/office/halls/centre/", {"act": "working", "pk": machine.pk, "working": "false"})

    assert answer.status_code == 403
    assert Machine.objects.get(pk=machine.pk).working


def test_halls_come_in_from_a_file_after_it_was_looked_through(client):
    standing.division()
    doors.enter(client, make.officer("coordinator").account)

    def send(content, act):
        file = SimpleUploadedFile("halls.csv", content.encode())
        return client.post("/office/halls/import/", {"file": file, "act": act}, follow=True)

    assert "2 halls, nothing is wrong with them" in send(TABLE, "check").content.decode()
    assert not Hall.objects.exists()
    wrong = send(TABLE.replace("31.2,", "north,"), "take")
    assert (wrong.status_code, Hall.objects.exists()) == (422, False)
    assert "has to be a number" in wrong.content.decode()
    assert "2 halls came in, 2 of them new" in send(TABLE, "take").content.decode()
    assert client.post("/office/halls/import/", {"act": "take"}).status_code == 422
    assert client.get("/office/halls/import/columns.csv").content.decode("utf-8-sig").startswith("code,level")
