import datetime

import pytest
from django.utils import timezone

from tests import make
from tests.halls import standing
from tongban.halls import hours
from tongban.halls.models import Appointment, Category, HallDay, HallMove, Shift
from tongban.halls.services import places
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 10, 12, 9, tzinfo=datetime.UTC)
NEW = {"on": "2026-10-20", "address_zh": "新路1号", "address_en": "1 New Road", "lat": "31.25", "lng": "121.5"}


@pytest.fixture(autouse=True)
def days(db):
    make.calendar()


@pytest.fixture
def keeper():
    return make.officer("supervisor")


@pytest.fixture
def hall():
    return standing.hall()


def category() -> Category:
    return Category.objects.get_or_create(
        code="A", defaults={"name": {"zh": "个人", "en": "Personal"}, "average_minutes": 8, "window_kinds": ["general"]}
    )[0]


def booked(hall, begins, *, party=None, place=0, state="confirmed", **given) -> Appointment:
    at = timezone.make_aware(datetime.datetime.fromisoformat(begins))
    return Appointment.objects.create(
        hall=hall, category=category(), begins_at=at, ends_at=at + datetime.timedelta(minutes=30), place=place, party=party,
        state=state, **given,
    )  # fmt: skip


def happened(name) -> list[dict]:
    return [row.payload for row in Event.objects.filter(kind=name).order_by("id")]


# -- days with other hours


def test_a_day_entered_goes_before_the_week_and_a_second_entry_takes_its_place(hall, keeper):
    said = {"day": "2026-10-14", "hours": "13:00-15:00，09:00-10:00", "reason_zh": "培训"}
    with pytest.raises(Invalid) as refused:
        places.enter_day(hall, said, officer=keeper, now=NOW)
    assert set(refused.value.errors) == {"hours"}

    places.enter_day(hall, said | {"hours": "09:00–10:00，13:00-15:00"}, officer=keeper, now=NOW)
    places.enter_day(hall, said | {"closed": "true"}, officer=keeper, now=NOW)

    assert HallDay.objects.get().hours == []
    assert hours.spans(hall, datetime.date(2026, 10, 14)) == []
    assert places.clear_day(hall, datetime.date(2026, 10, 14), officer=keeper)
    assert len(hours.spans(hall, datetime.date(2026, 10, 14))) == 1


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({}, {"day", "hours", "reason_zh"}),
        ({"day": "2026-10-11", "closed": "true", "reason_zh": "x"}, {"day"}),  # yesterday
        ({"day": "2029-01-01", "closed": "true", "reason_zh": "x"}, {"day"}),
        ({"day": "2026-10-14", "hours": "9-17", "reason_zh": "x"}, {"hours"}),
        ({"day": "2026-10-14", "hours": "09:00-12:00, 11:00-17:00", "reason_zh": "x"}, {"hours"}),
        ({"day": "2026-10-14", "closed": "true", "reason_zh": "  "}, {"reason_zh"}),
    ],
)
def test_a_day_that_cannot_be_is_refused_with_every_reason(hall, keeper, said, fields):
    with pytest.raises(Invalid) as refused:
        places.enter_day(hall, said, officer=keeper, now=NOW)

    assert set(refused.value.errors) == fields
    assert not HallDay.objects.exists()


def test_bookings_at_hours_that_are_closed_now_are_counted_and_cancelled_with_the_reason(hall, keeper):
    early = booked(hall, "2026-10-14 09:00", party=make.account().person)
    late = booked(hall, "2026-10-14 15:00", party=make.account().person, place=1)

    places.enter_day(hall, {"day": "2026-10-14", "hours": "13:00-17:00", "reason_zh": "停电"}, officer=keeper, now=NOW)
    assert happened("HallDayEntered")[0]["bookings"] == 1
    assert places.cancel_stranded(hall, datetime.date(2026, 10, 14), officer=keeper, now=NOW) == 1

    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.state, late.state) == ("cancelled", "confirmed")
    assert "停电" in Message.objects.get(party=early.party).body["zh"]
    assert places.cancel_stranded(hall, datetime.date(2026, 10, 14), officer=keeper, now=NOW) == 0


# -- a move of address


def test_a_move_carries_bookings_along_and_tells_each_holder_once(hall, keeper):
    before, after = make.account().person, make.account().person
    booked(hall, "2026-10-19 10:00", party=before)
    row = booked(hall, "2026-10-20 10:00", party=after)
    booked(hall, "2026-10-21 10:00", party=make.account().person, state="cancelled")
    move = places.plan_move(hall, NEW, officer=keeper, now=NOW)

    assert places.carry_moves(NOW) == 0
    assert places.carry_moves(NOW + datetime.timedelta(days=1)) == 0
    hall.refresh_from_db()
    assert hall.address != move.address
    said = Message.objects.get(kind="hall_moves")
    assert said.party.pk == after.pk
    assert "1 New Road" in said.body["en"]

    late = booked(hall, "2026-10-22 10:00", party=make.account().person)  # booked after the others were told
    assert places.carry_moves(NOW + datetime.timedelta(days=8)) == 1
    assert places.carry_moves(NOW + datetime.timedelta(days=9)) == 0

    hall.refresh_from_db()
    row.refresh_from_db()
    assert (hall.address, hall.lat, hall.lng) == (move.address, 31.25, 121.5)
    assert (row.state, row.hall) == ("confirmed", hall)
    told = Message.objects.filter(kind="hall_moves")
    assert sorted(told.values_list("party_id", flat=True)) == sorted([after.pk, late.party_id])
    assert happened("HallMoved") == [{"hall": hall.pk, "move": move.pk, "told": 1}]


def test_whoever_was_told_of_a_move_reads_when_it_is_dropped(hall, keeper):
    booked(hall, "2026-10-20 10:00", party=make.account().person)
    move = places.plan_move(hall, NEW, officer=keeper, now=NOW)
    places.carry_moves(NOW)

    places.drop_move(move, officer=keeper)

    assert sorted(Message.objects.values_list("kind", flat=True)) == ["hall_moves", "hall_stays"]
    assert not HallMove.objects.exists()
    with pytest.raises(NotAllowed):
        places.drop_move(move, officer=keeper)
    assert places.carry_moves(NOW + datetime.timedelta(days=30)) == 0


def test_a_second_move_waits_for_the_first_and_a_move_needs_a_day_an_address_and_a_place(hall, keeper):
    places.plan_move(hall, NEW, officer=keeper, now=NOW)

    with pytest.raises(NotAllowed):
        places.plan_move(hall, NEW | {"on": "2026-11-20"}, officer=keeper, now=NOW)
    with pytest.raises(Invalid) as refused:
        places.plan_move(standing.hall(), {"on": "2026-10-12", "lat": "nan", "lng": "200"}, officer=keeper, now=NOW)
    assert set(refused.value.errors) == {"on", "address_zh", "lat", "lng"}


# -- windows, shifts, machines


def test_windows_are_numbered_on_and_a_reserve_window_is_marked(hall, keeper):
    last = max(hall.windows.values_list("number", flat=True))

    made = places.add_windows(hall, "general", 2, officer=keeper)
    places.set_reserve(made[0], reserve=True, officer=keeper)
    places.set_reserve(made[0], reserve=True, officer=keeper)

    assert [one.number for one in made] == [last + 1, last + 2]
    assert list(hall.windows.filter(reserve=True)) == [made[0]]
    assert len(happened("WindowsChanged")) == 2
    with pytest.raises(Invalid):
        places.add_windows(hall, "nothing", 0, officer=keeper)


def test_a_shift_is_planned_for_a_weekday_or_a_day_and_never_with_more_windows_than_there_are(hall, keeper):
    said = {"kind": "general", "windows": "3", "begins": "09:00", "ends": "12:00", "weekday": "2"}

    row = places.plan_shift(hall, said, officer=keeper, now=NOW)
    one_day = places.plan_shift(hall, said | {"on": "2026-10-14"}, officer=keeper, now=NOW)
    assert (row.weekday, row.day, one_day.weekday) == (2, None, None)
    places.drop_shift(row, officer=keeper)
    places.drop_shift(row, officer=keeper)
    assert not Shift.objects.filter(pk=row.pk).exists()
    assert len(happened("ShiftsChanged")) == 3

    with pytest.raises(Invalid) as refused:
        places.plan_shift(hall, {"kind": "general", "windows": "4", "begins": "12:00", "ends": "09:00"}, officer=keeper)
    assert set(refused.value.errors) == {"windows", "begins", "weekday"}


def test_a_machine_is_said_to_be_broken_once_and_works_again(hall, keeper):
    machine = hall.machines.get(kind="kiosk")

    assert places.set_working(machine, working=False, officer=keeper)
    assert not places.set_working(machine, working=False, officer=keeper)
    assert places.set_working(machine, working=True, officer=keeper)

    assert [row["working"] for row in happened("MachineStateChanged")] == [False, True]


def test_the_page_of_a_hall_is_changed_and_only_what_changed_is_put_on_record(hall, keeper):
    said = {
        "workdays": "09:00-17:00", "saturday": "09:00-12:00", "sunday": "", "stop_minutes": "30", "phone": "021-0000",
        "notice_zh": "翻新", "notice_en": "Renewed",
    }  # fmt: skip

    places.change(hall, said, ["aed", "nonsense"], officer=keeper)
    assert (hall.hours["saturday"], hall.facilities, hall.notice) == (
        ["09:00-12:00"], ["aed"], {"zh": "翻新", "en": "Renewed"},
    )  # fmt: skip
    places.change(hall, said, ["aed"], officer=keeper)
    assert [row["fields"] for row in happened("HallChanged")] == [["hours", "phone", "notice", "facilities"]]

    with pytest.raises(Invalid) as refused:
        places.change(hall, {"workdays": "", "stop_minutes": "x"}, [], officer=keeper)
    assert "stop_minutes" in refused.value.errors


def test_whoever_keeps_no_hall_changes_nothing(hall):
    with pytest.raises(NotAllowed):
        places.set_working(hall.machines.first(), working=False, officer=make.officer("window_officer"))
    hall.machines.get(kind="kiosk", working=True)
