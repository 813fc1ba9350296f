"""Booking a time at a hall, on a Sunday evening: by the pages, by the link, with and without an account."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from tests import make
from tests.doors import enter
from tests.halls import booking_world as world
from tests.halls.booking_world import MONDAY_NINE, SUNDAY
from tongban.channels.portal import views_booking
from tongban.halls.models import Appointment, EarlierWish, SlotPlace
from tongban.halls.services import booking, waiting_list
from tongban.journal.actors import PLATFORM
from tongban.journal.models import ReadEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english", "on_a_sunday_evening")]


@pytest.fixture
def on_a_sunday_evening(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: SUNDAY)


@pytest.fixture
def hall():
    return world.hall(general=1)


@pytest.fixture
def someone(client):
    account = make.account()
    enter(client, account)
    return account


def book_page(hall, **said):
    return (
        reverse("portal:hall_book", args=[hall.code]) + "?what=personal" + "".join(f"&{k}={v}" for k, v in said.items())
    )


def hold(client, hall, at=MONDAY_NINE, **said):
    return client.post(
        reverse("portal:hall_hold", args=[hall.code]), {"what": "personal", "at": at.isoformat(), **said}, follow=True
    )


def act(client, row, act):
    return client.post(reverse("portal:appointment", args=[row.pk]), {"act": act}, follow=True)


def test_from_the_guide_of_a_matter_to_a_booked_time(client, hall, someone):
    matter = make.matter()

    start = client.get(reverse("portal:book"), {"matter": matter.slug}).content.decode()
    where = client.get(
        reverse("portal:book"), {"matter": matter.slug, "what": "personal", "where": "1"}
    ).content.decode()
    when = client.get(book_page(hall, matter=matter.slug)).content.decode()
    held = hold(client, hall, matter=matter.slug)
    row = Appointment.objects.get()
    done = act(client, row, "confirm").content.decode()

    row.refresh_from_db()
    name = matter.versions.get().shown_name
    assert name in start and name in where and name in when
    assert "Mon 23 Nov 09:00" in where
    assert "Kept for you until 21:45" in held.content.decode()
    assert (row.state, row.matter, row.party_id) == ("confirmed", matter, someone.person_id)
    assert "Your time is booked." in done and "Into my calendar" in done


def test_in_the_elderly_edition_nobody_is_told_to_hurry(client, hall, someone):
    client.cookies["edition"] = "elderly"

    page = hold(client, hall).content.decode()

    assert "There is no hurry" in page and "Kept for you until" not in page
    assert Appointment.objects.get().held_until - SUNDAY == timedelta(minutes=30)


def test_anybody_looks_and_whoever_is_not_signed_in_comes_back_to_the_same_day(client, hall):
    page = client.get(book_page(hall, day="2026-11-24")).content.decode()
    refused = client.post(reverse("portal:hall_hold", args=[hall.code]), {"at": MONDAY_NINE.isoformat()})

    assert "Sign in and book" in page and "tb-hours__free" not in page
    assert "day%253D2026-11-24" in page or "day%3D2026-11-24" in page
    assert refused.status_code == 302
    assert not Appointment.objects.exists()


def test_whoever_lost_the_last_place_chooses_one_of_the_next_on_the_same_page(client, hall, someone):
    for _place in range(2):
        world.booked(hall)

    answer = hold(client, hall)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "This time was just taken by somebody else." in page and "Nothing was booked." in page
    assert [value[-14:-9] for value in re.findall(r'name="at" value="([^"]+)"', page)[:3]] == [
        "01:30",
        "02:00",
        "02:30",
    ]  # UTC, as machines write it


@pytest.mark.parametrize("at", ["", "nonsense", "2026-11-23T09:00", "9999-99-99T00:00+08:00", "x" * 5000])
def test_a_time_that_is_none_is_refused_with_a_sentence(client, hall, someone, at):
    answer = client.post(reverse("portal:hall_hold", args=[hall.code]), {"what": "personal", "at": at})

    assert answer.status_code == 409
    assert "This hall has no appointment at this time." in answer.content.decode()


def test_who_took_longer_has_the_time_all_the_same_as_long_as_nobody_wanted_it(client, hall, someone):
    hold(client, hall)
    first = Appointment.objects.get()
    booking.lapse_holds(SUNDAY + timedelta(minutes=6))

    page = act(client, first, "confirm").content.decode()

    assert "Your time is booked." in page
    assert sorted(Appointment.objects.values_list("state", flat=True)) == ["confirmed", "lapsed"]


def test_moved_by_the_page(client, hall, someone):
    hold(client, hall)
    row = Appointment.objects.get()
    act(client, row, "confirm")
    later = MONDAY_NINE + timedelta(hours=2)

    page = client.get(reverse("portal:appointment_move", args=[row.pk])).content.decode()
    client.post(reverse("portal:appointment_move", args=[row.pk]), {"at": later.isoformat()})
    new = Appointment.objects.get(moved_from=row)
    act(client, new, "confirm")

    row.refresh_from_db()
    new.refresh_from_db()
    assert "It stays yours until you confirm the new time." in page
    assert (row.state, new.state, new.begins_at) == ("cancelled", "confirmed", later)


def test_a_time_let_go_is_free_again_and_one_is_back_at_the_times(client, hall, someone):
    hold(client, hall)

    page = act(client, Appointment.objects.get(), "let_go")

    assert "Choose a time" in page.content.decode()
    assert not SlotPlace.objects.exists()


def test_the_list_of_ones_own_and_the_waiting_list(client, hall, someone):
    hold(client, hall)
    act(client, Appointment.objects.get(), "confirm")
    client.post(
        reverse("portal:hall_wish", args=[hall.code]),
        {"what": "personal", "from_day": "2026-11-23", "until_day": "2026-11-27"},
    )

    page = client.get(reverse("portal:appointments")).content.decode()
    client.post(reverse("portal:wish_end", args=[EarlierWish.objects.get().pk]))

    assert "Mon 23 Nov 09:00" in page and "On the waiting list" in page
    assert EarlierWish.objects.get().state == "ended"


def test_an_offer_is_taken_or_declined(client, hall, someone):
    rows = [world.booked(hall) for _number in range(2)]
    hold(client, hall, MONDAY_NINE + timedelta(days=2))
    act(client, Appointment.objects.first(), "confirm")
    client.post(
        reverse("portal:hall_wish", args=[hall.code]),
        {"what": "personal", "from_day": "2026-11-23", "until_day": "2026-11-23"},
    )
    booking.cancel(rows[0], actor=PLATFORM, now=SUNDAY)
    SlotPlace.objects.filter(appointment=None).update(rests_until=SUNDAY)
    assert waiting_list.offer_all(SUNDAY) == 1
    offered = EarlierWish.objects.get().offered

    page = client.get(reverse("portal:appointment", args=[offered.pk])).content.decode()
    act(client, offered, "decline")

    assert "A time is kept for you" in page and "No, thank you" in page
    assert EarlierWish.objects.get().state == "waiting"


def test_a_day_that_is_given_out_later_says_when_and_lets_one_take_part(client, hall, someone, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: MONDAY_NINE)

    page = client.get(book_page(hall, day="2026-11-30")).content.decode()

    assert "Given out by lot" in page and "Mon 23 Nov at 12:00" in page and "Take part in the lot" in page


# -- by the link


def test_by_the_link_it_is_seen_moved_and_cancelled_without_signing_in_and_names_nobody(client, hall):
    holder = world.who()
    row = world.booked(hall, holder=holder)
    address = reverse("portal:appointment_link", args=[row.link])

    page = client.get(address).content.decode()
    client.post(f"{address}move/", {"at": (MONDAY_NINE + timedelta(days=1)).isoformat()})
    new = Appointment.objects.get(moved_from=row)
    own = reverse("portal:appointment_link", args=[new.link])
    client.post(own, {"act": "confirm"})
    client.post(own, {"act": "cancel"})

    row.refresh_from_db()
    new.refresh_from_db()
    assert holder.party.name not in page
    assert (row.state, new.state, new.end_reason) == ("cancelled", "cancelled", "by_holder")
    assert ReadEntry.objects.filter(of_party=holder.party.pk, purpose="appointment by its link").exists()


def test_a_link_that_is_none_leads_nowhere(client, hall):
    world.booked(hall)

    assert client.get("/appointments/guessed/").status_code == 404
    assert client.get("/appointments/guessed/calendar.ics").status_code == 404


def test_what_is_somebody_elses_is_not_there(client, hall, someone):
    row = world.booked(hall)

    for name in ("appointment", "appointment_move", "appointment_calendar"):
        assert client.get(reverse(f"portal:{name}", args=[row.pk])).status_code == 404
    assert client.post(reverse("portal:appointment", args=[row.pk]), {"act": "cancel"}).status_code == 404


def test_the_calendar_file_keeps_its_number_when_the_time_is_moved(client, hall):
    holder = world.who()
    row = world.booked(hall, holder=holder)
    new = booking.move(row, MONDAY_NINE + timedelta(days=1), holder, actor=PLATFORM, now=SUNDAY)
    booking.confirm(new, actor=PLATFORM, now=SUNDAY)

    first = client.get(reverse("portal:appointment_link_calendar", args=[row.link])).content.decode()
    second = client.get(reverse("portal:appointment_link_calendar", args=[new.link])).content.decode()

    def line(text, name):
        return next(one for one in text.split("\r\n") if one.startswith(name))

    assert line(first, "UID") == line(second, "UID")
    assert "STATUS:CANCELLED" in first and "STATUS:CONFIRMED" in second
    assert line(second, "DTSTART") == "DTSTART:20261124T010000Z"


def test_the_list_of_halls_takes_the_same_number_of_questions_for_one_and_for_five(
    client, hall, django_assert_max_num_queries
):
    for _number in range(4):
        world.hall(general=2)

    with django_assert_max_num_queries(16):
        page = client.get(reverse("portal:book"), {"what": "personal", "where": "1"}).content.decode()

    assert page.count("First free time") == 5


def test_words_for_a_matter_find_matters_and_words_for_a_hall_find_halls(client, hall, someone, monkeypatch):
    asked = []
    monkeypatch.setattr(views_booking, "_found", lambda chosen, words: asked.append(words) or [])

    by_matter = client.get("/book/", {"find": "residence permit"}).content.decode()
    by_hall = client.get("/book/", {"q": "no hall is called so"}).content.decode()
    there = client.get("/book/", {"q": hall.name["en"]}).content.decode()

    assert asked == ["residence permit"]
    assert "Nothing is called that" in by_matter and f"/halls/{hall.code}/book/" not in by_matter
    assert f"/halls/{hall.code}/book/" not in by_hall
    assert f"/halls/{hall.code}/book/" in there
