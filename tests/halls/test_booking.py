"""Booking a time at a hall: held, confirmed, moved, cancelled, missed; who may, and what the next one is told."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from tests import make
from tests.halls import booking_world as world
from tests.halls.booking_world import MONDAY_NINE, SUNDAY, booked, free, hold, who
from tongban.halls import queries_appointments as queries
from tongban.halls.appointment_states import AppointmentState
from tongban.halls.models import Appointment, HallDay, Shift, SlotPlace, VisitKind
from tongban.halls.services import booking, tickets
from tongban.journal.actors import PLATFORM
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences.models import Licence
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db

TUESDAY_NINE = MONDAY_NINE + timedelta(days=1)


@pytest.fixture
def hall():
    return world.hall(general=1)  # two places of queue A in a slot


def told(holder) -> list[str]:
    return list(Message.objects.filter(party=holder.party).order_by("pk").values_list("kind", flat=True))


def test_a_time_is_held_for_five_minutes_and_confirmed(hall):
    grandchild = who()

    row = hold(hall, holder=grandchild)
    kept = (row.state, row.held_until - SUNDAY, free(hall))
    booking.confirm(row, actor=PLATFORM, now=SUNDAY)

    assert kept == ("held", timedelta(minutes=5), 1)
    assert Appointment.objects.get().state == AppointmentState.CONFIRMED
    assert told(grandchild) == ["appointment_booked"]


def test_older_people_have_half_an_hour_to_confirm(hall):
    grandmother = make.account(make.person(birth_date=date(1950, 5, 1)))

    assert hold(hall, holder=who(grandmother)).held_until - SUNDAY == timedelta(minutes=30)
    assert hold(hall, holder=who(elderly=True)).held_until - SUNDAY == timedelta(minutes=30)


def test_a_hold_that_nobody_confirms_is_free_again_and_can_be_taken_by_another(hall):
    row = hold(hall)
    hold(hall)

    lapsed = booking.lapse_holds(SUNDAY + timedelta(minutes=6))

    row.refresh_from_db()
    assert (lapsed, row.state, free(hall)) == (2, "lapsed", 2)
    with pytest.raises(NotAllowed, match="not kept any longer|没有继续保留"):
        booking.confirm(row, actor=PLATFORM, now=SUNDAY + timedelta(minutes=7))


def test_a_hold_over_its_time_is_still_theirs_as_long_as_nobody_took_it_back(hall):
    row = hold(hall)

    assert booking.confirm(row, actor=PLATFORM, now=SUNDAY + timedelta(minutes=6)).state == "confirmed"


def test_confirming_twice_is_confirming_once(hall):
    someone = who()
    row = booked(hall, holder=someone)

    booking.confirm(Appointment.objects.get(pk=row.pk), actor=PLATFORM, now=SUNDAY)

    assert told(someone) == ["appointment_booked"]


def test_whoever_comes_second_for_the_last_place_is_told_what_is_free_next(hall):
    booked(hall)
    booked(hall)

    with pytest.raises(booking.JustTaken) as taken:
        hold(hall)

    assert taken.value.code == "slot-taken"
    assert [slot.begins_at - MONDAY_NINE for slot in taken.value.free] == [
        timedelta(minutes=minutes) for minutes in (30, 60, 90)
    ]
    assert Appointment.objects.count() == 2


def test_whoever_sees_that_a_time_is_gone_holds_up_nobody_who_writes(hall, monkeypatch):
    booked(hall)
    booked(hall)
    turn = "refuse_by_record"  # the first act behind the row of the person, in the transaction
    monkeypatch.setattr(booking, turn, lambda *_given, **_named: pytest.fail("the loser waited for a turn to write"))

    with pytest.raises(booking.JustTaken):
        hold(hall)


def test_three_errands_take_three_places_and_reach_into_the_next_slot(hall):
    Shift.objects.filter(hall=hall).update(windows=4)  # four places of queue B in a slot
    matters = [make.matter() for _number in range(3)]

    row = booked(hall, code="B", matters=tuple(matters))

    assert (row.places, row.ends_at - row.begins_at) == (3, timedelta(hours=1))
    assert sorted(SlotPlace.objects.values_list("begins_at", "place")) == [
        (MONDAY_NINE, 0),
        (MONDAY_NINE, 1),
        (MONDAY_NINE + timedelta(minutes=30), 0),
    ]
    assert queries.matters_of(Appointment.objects.get()) == matters


def test_a_time_that_reaches_past_closing_is_not_offered(hall):
    Shift.objects.filter(hall=hall).update(windows=4)
    last = MONDAY_NINE + timedelta(hours=7, minutes=30)

    with pytest.raises(booking.JustTaken):
        hold(hall, last, code="B", matters=(make.matter(), make.matter(), make.matter()))


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (MONDAY_NINE + timedelta(minutes=10), "no-such-slot"),
        (MONDAY_NINE - timedelta(hours=2), "no-such-slot"),  # before opening
        (MONDAY_NINE + timedelta(days=5), "no-such-slot"),  # a Saturday
        (MONDAY_NINE - timedelta(days=3), "slot-too-soon"),  # last Friday
        (MONDAY_NINE + timedelta(days=7), "not-released"),
        (MONDAY_NINE + timedelta(days=400), "no-such-slot"),
    ],
)
def test_only_a_time_on_the_page_can_be_held(hall, at, code):
    with pytest.raises(NotAllowed) as refused:
        hold(hall, at)

    assert refused.value.code == code


def test_today_is_booked_until_two_hours_before(hall):
    at_half_past_nine = MONDAY_NINE + timedelta(minutes=30)

    with pytest.raises(NotAllowed) as refused:
        hold(hall, MONDAY_NINE + timedelta(hours=2), now=at_half_past_nine)

    assert refused.value.code == "slot-too-soon"
    assert hold(hall, MONDAY_NINE + timedelta(hours=3), now=at_half_past_nine).state == "held"


def test_a_day_the_hall_is_closed_has_no_times_and_what_was_booked_is_found(hall):
    row = booked(hall)
    HallDay.objects.create(hall=hall, day=date(2026, 11, 23), hours=[])

    days = queries.book_days(hall, world.category(), "general", 1, SUNDAY)

    assert [day.state for day in days[:3]] == ["closed", "closed", "open"]  # Sunday, Monday, Tuesday
    assert queries.outside_hours(hall, date(2026, 11, 22), date(2026, 11, 30)) == [row]


def test_people_who_were_not_proofed_book_nothing_by_themselves(hall):
    newcomer = make.account()
    newcomer.level = 1

    with pytest.raises(NotAllowed) as refused:
        hold(hall, holder=who(newcomer))

    assert refused.value.code == "booking-not-verified"
    assert not Appointment.objects.exists()


def test_one_time_a_day_and_one_for_a_matter(hall):
    someone, matter = who(), make.matter()
    booked(hall, holder=someone, matters=(matter,))

    with pytest.raises(NotAllowed) as same_day:
        hold(hall, MONDAY_NINE + timedelta(hours=1), someone)
    with pytest.raises(NotAllowed) as same_matter:
        hold(hall, TUESDAY_NINE, someone, matters=(matter,))

    assert (same_day.value.code, same_matter.value.code) == ("booking-one-a-day", "booking-matter-booked")
    assert hold(hall, TUESDAY_NINE, someone).state == "held"


def test_one_matter_is_not_booked_and_cancelled_all_day(hall):
    someone, matter = who(), make.matter()
    for _time in range(3):
        row = booked(hall, holder=someone, matters=(matter,))
        booking.cancel(row, actor=PLATFORM, now=SUNDAY)
        SlotPlace.objects.all().delete()

    with pytest.raises(NotAllowed) as refused:
        hold(hall, holder=someone, matters=(matter,))

    assert refused.value.code == "booking-matter-too-often"


# -- moving and cancelling


def test_to_move_is_to_confirm_another_time_and_the_one_before_goes_back(hall):
    someone = who()
    row = booked(hall, holder=someone)

    new = booking.move(row, TUESDAY_NINE, someone, actor=PLATFORM, now=SUNDAY)
    both = set(Appointment.objects.values_list("state", flat=True))
    booking.confirm(new, actor=PLATFORM, now=SUNDAY)

    row.refresh_from_db()
    assert both == {"confirmed", "held"}
    assert (row.state, row.end_reason, new.state) == ("cancelled", "moved", "confirmed")
    assert told(someone) == ["appointment_booked", "appointment_moved"]
    assert booking.record_of(someone, TUESDAY_NINE, SUNDAY, queries.rules_of(hall)).cancellations == []


def test_within_the_same_day_it_can_be_moved_too(hall):
    someone = who()
    row = booked(hall, holder=someone, matters=(make.matter(),))

    assert booking.move(row, MONDAY_NINE + timedelta(hours=2), someone, actor=PLATFORM, now=SUNDAY).state == "held"


def test_a_move_that_is_not_confirmed_leaves_what_was_booked(hall):
    someone = who()
    row = booked(hall, holder=someone)
    booking.move(row, TUESDAY_NINE, someone, actor=PLATFORM, now=SUNDAY)

    booking.lapse_holds(SUNDAY + timedelta(hours=1))

    row.refresh_from_db()
    assert row.state == "confirmed"


def test_it_is_cancelled_until_two_hours_before_and_the_place_rests(hall):
    row = booked(hall)

    booking.cancel(row, actor=PLATFORM, now=MONDAY_NINE - timedelta(hours=2))

    place = SlotPlace.objects.get()
    rested = place.rests_until - (MONDAY_NINE - timedelta(hours=2))
    assert (row.state, place.appointment) == ("cancelled", None)
    assert timedelta(minutes=5) <= rested <= timedelta(minutes=45)
    assert free(hall) == 1  # of two: nobody who watches for it gets it


def test_later_than_two_hours_before_one_rings_the_hall(hall):
    row = booked(hall)
    too_late = MONDAY_NINE - timedelta(minutes=119)

    with pytest.raises(NotAllowed) as refused:
        booking.cancel(row, actor=PLATFORM, now=too_late)
    with pytest.raises(NotAllowed):
        booking.move(row, TUESDAY_NINE, who(), actor=PLATFORM, now=too_late)
    row.refresh_from_db()
    kept = row.state
    booking.cancel(row, actor=PLATFORM, officer=make.officer("window_officer"), now=too_late)

    assert (refused.value.code, kept, row.state, row.end_reason) == (
        "too-late-to-change",
        "confirmed",
        "cancelled",
        "by_phone",
    )


def test_the_hall_cancels_with_a_reason_and_it_counts_for_nothing(hall):
    someone = who()
    row = booked(hall, holder=someone)

    with pytest.raises(Invalid):
        booking.cancel_by_hall(row, reason={"zh": "", "en": ""}, actor=PLATFORM, now=SUNDAY)
    booking.cancel_by_hall(row, reason={"zh": "停电", "en": "No power"}, actor=PLATFORM, now=SUNDAY)

    assert told(someone) == ["appointment_booked", "appointment_cancelled_by_hall"]
    assert "停电" in Message.objects.last().body["zh"]
    assert booking.record_of(someone, MONDAY_NINE, SUNDAY, queries.rules_of(hall)).cancellations == []


# -- who did not come


def missed(hall, holder, at):
    row = booked(hall, at, holder, now=at - timedelta(hours=20))
    booking.miss(row.ends_at)
    row.refresh_from_db()
    return row


def test_after_the_first_time_the_rule_is_explained_after_the_second_online_booking_is_closed(hall):
    someone = who()

    first = missed(hall, someone, MONDAY_NINE)
    second = missed(hall, someone, TUESDAY_NINE)
    with pytest.raises(NotAllowed) as refused:
        hold(hall, MONDAY_NINE + timedelta(days=3), someone, now=TUESDAY_NINE + timedelta(hours=3))

    assert (first.state, second.state, refused.value.code) == ("no_show", "no_show", "booking-blocked")
    assert [one for one in told(someone) if one != "appointment_booked"] == ["appointment_missed", "booking_closed"]


def test_the_block_ends_after_thirty_days(hall):
    someone = who()
    missed(hall, someone, MONDAY_NINE)
    missed(hall, someone, TUESDAY_NINE)
    january = datetime(2026, 12, 28, 1, 0, tzinfo=UTC)

    assert hold(hall, january + timedelta(days=1), someone, now=january).state == "held"


def test_five_cancellations_close_it_too(hall):
    someone = who()
    for number in range(5):
        row = booked(hall, MONDAY_NINE + timedelta(days=number), someone)
        booking.cancel(row, actor=PLATFORM, now=SUNDAY)

    with pytest.raises(NotAllowed) as refused:
        hold(hall, holder=someone)

    assert refused.value.code == "booking-blocked"


@pytest.mark.parametrize("why", ["older", "disabled"])
def test_older_people_and_people_with_a_disability_are_never_closed_out(hall, why):
    person = make.person(birth_date=date(1960, 1, 1) if why == "older" else date(1990, 1, 1))
    if why == "disabled":
        kind = make.licence_type("disability-cert")
        Licence.objects.create(
            type=kind,
            holder=person,
            state="valid",
            identifier="x",
            issuer=kind.issuer,
            issued_on=date(2020, 1, 1),
            valid_from=date(2020, 1, 1),
            face={},
        )
    someone = who(make.account(person))
    for number in range(2):
        missed(hall, someone, MONDAY_NINE + timedelta(days=number))

    assert hold(hall, MONDAY_NINE + timedelta(days=3), someone, now=TUESDAY_NINE + timedelta(hours=3)).state == "held"
    assert [one for one in told(someone) if one != "appointment_booked"] == ["appointment_missed_kindly"] * 2


def test_who_rings_is_booked_by_the_staff_and_no_block_holds(hall):
    officer = make.officer("window_officer")
    caller = booking.Holder(name="王阿姨", phone="13900000000")

    row = hold(hall, holder=caller, officer=officer, channel="phone", now=MONDAY_NINE - timedelta(minutes=5))
    booking.confirm(row, actor=PLATFORM, now=SUNDAY)

    assert (row.state, row.channel, row.name, row.phone, row.booked_by) == (
        "confirmed",
        "phone",
        "王阿姨",
        "13900000000",
        officer,
    )


def test_a_caller_without_a_number_is_not_written_down(hall):
    with pytest.raises(Invalid) as refused:
        hold(hall, holder=booking.Holder(name="", phone="12"), officer=make.officer("window_officer"))

    assert set(refused.value.errors) == {"name", "phone"}


def test_video_has_seats_of_its_own(hall):
    row = booked(hall, kind=VisitKind.VIDEO)

    assert row.place == 1000
    assert free(hall) == 2  # at the window nothing was taken
    hall.virtual_seats = 0
    with pytest.raises(Invalid):
        hold(hall, kind=VisitKind.VIDEO)


# -- the day before, and the day itself


def test_the_day_before_people_are_reminded_once_and_not_at_night(hall):
    someone = who()
    row = booked(hall, TUESDAY_NINE, someone)

    at_night = booking.remind(MONDAY_NINE - timedelta(hours=8))
    by_day = booking.remind(MONDAY_NINE + timedelta(hours=1))
    again = booking.remind(MONDAY_NINE + timedelta(hours=2))

    row.refresh_from_db()
    assert (at_night, by_day, again) == (0, 1, 0)
    assert told(someone) == ["appointment_booked", "appointment_reminder"]


def test_checked_in_it_has_its_number_and_is_not_missed(hall):
    at_ten = MONDAY_NINE + timedelta(hours=1)
    row = booked(hall, at_ten)

    ticket = tickets.check_in(row, actor=tickets.VISITOR, at=at_ten - timedelta(minutes=10))

    assert (ticket.label, ticket.waits_from, booking.miss(at_ten + timedelta(hours=3))) == ("Y001", at_ten, 0)


def test_the_book_of_a_hall_asks_the_same_number_of_questions_for_one_booking_and_for_many(
    hall, django_assert_max_num_queries
):
    for _number in range(2):
        booked(hall)
    Shift.objects.create(hall=hall, day=date(2026, 11, 24), kind="general", begins=time(9), ends=time(12), windows=4)

    with django_assert_max_num_queries(7):
        days = queries.book_days(hall, world.category(), "general", 1, SUNDAY)

    assert [(day.day.isoformat(), day.free) for day in days[1:3]] == [("2026-11-23", 30), ("2026-11-24", 54)]
    assert timezone.localtime(days[1].slots[0].begins_at).hour == 9
