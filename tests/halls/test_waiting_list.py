"""The waiting list: a lot for a day that is given out, and what others gave back."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from tests import make
from tests.halls import booking_world as world
from tests.halls.booking_world import MONDAY_NINE, SUNDAY, booked, free, who
from tongban.halls.models import Appointment, EarlierWish, Shift, SlotPlace
from tongban.halls.services import booking, waiting_list
from tongban.journal.actors import PLATFORM
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 11, 23)
NEXT_MONDAY = date(2026, 11, 30)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # next Monday is given out on this Monday at noon


@pytest.fixture
def hall():
    row = world.hall(general=1)
    Shift.objects.filter(hall=row).update(ends="10:00")  # two slots a day, two places each
    return row


def wish(hall, holder=None, *, from_day=MONDAY, until_day=MONDAY, now=SUNDAY, **given) -> EarlierWish:
    holder = holder or who()
    return waiting_list.wish(
        hall, world.category(), party=holder.party, account=holder.account, from_day=from_day, until_day=until_day,
        actor=PLATFORM, now=now, **given,
    )  # fmt: skip


def fill(hall, at=MONDAY_NINE) -> list[Appointment]:
    return [booked(hall, at + timedelta(minutes=30 * (number // 2))) for number in range(4)]


def test_a_time_given_back_rests_and_then_goes_to_the_list_and_not_to_the_page(hall):
    rows, someone = fill(hall), who()
    mine = wish(hall, someone)
    booking.cancel(rows[0], actor=PLATFORM, now=SUNDAY)

    at_once = waiting_list.offer_all(SUNDAY)
    later = waiting_list.offer_all(SUNDAY + timedelta(minutes=46))

    mine.refresh_from_db()
    assert (at_once, later, mine.state, free(hall)) == (0, 1, "offered", 0)
    assert (mine.offered.state, mine.offered.begins_at, mine.offered.party_id) == (
        "held",
        MONDAY_NINE,
        someone.party.pk,
    )
    assert Message.objects.filter(party=someone.party, kind="earlier_offered", needs_answer=True).exists()


def test_taking_it_gives_up_the_later_time(hall):
    rows, someone = fill(hall), who()
    friday = booked(hall, MONDAY_NINE + timedelta(days=4), someone)
    mine = wish(hall, someone, appointment=friday)
    booking.cancel(rows[0], actor=PLATFORM, now=SUNDAY)
    waiting_list.offer_all(SUNDAY + timedelta(minutes=46))
    mine.refresh_from_db()

    booking.confirm(mine.offered, actor=PLATFORM, now=SUNDAY + timedelta(minutes=50))

    mine.refresh_from_db()
    friday.refresh_from_db()
    assert (mine.state, mine.offered.state, friday.state, friday.end_reason) == (
        "taken",
        "confirmed",
        "cancelled",
        "moved",
    )


def test_a_time_that_is_not_earlier_is_not_offered(hall):
    rows, someone = fill(hall), who()
    booking.cancel(rows[3], actor=PLATFORM, now=SUNDAY)
    SlotPlace.objects.filter(appointment=None).delete()
    tuesday_first = booked(hall, MONDAY_NINE + timedelta(days=1), someone)
    wish(hall, someone, from_day=date(2026, 11, 25), until_day=date(2026, 11, 27), appointment=tuesday_first)

    assert waiting_list.offer_all(SUNDAY) == 0


def test_an_offer_that_is_not_answered_goes_to_the_next_and_after_three_the_wish_ends(hall):
    rows, first, second = fill(hall), who(), who()
    booking.cancel(rows[0], actor=PLATFORM, now=SUNDAY)
    one, two = wish(hall, first), wish(hall, second, now=SUNDAY + timedelta(seconds=1))
    at = SUNDAY + timedelta(minutes=46)
    waiting_list.offer_all(at)

    at += timedelta(minutes=121)
    booking.lapse_holds(at)
    waiting_list.offer_all(at)

    one.refresh_from_db()
    two.refresh_from_db()
    assert {one.state, two.state} == {"waiting", "offered"}
    assert {one.offers, two.offers} == {1}
    EarlierWish.objects.filter(state="waiting").update(offers=3)
    waiting_list.offer_all(at + timedelta(minutes=1))
    assert set(EarlierWish.objects.values_list("state", flat=True)) == {"offered", "ended"}
    assert Message.objects.filter(kind="earlier_none").count() == 1


def test_a_time_not_wanted_is_kept_for_the_list_and_the_wish_stays(hall):
    rows = fill(hall)
    mine = wish(hall)
    booking.cancel(rows[0], actor=PLATFORM, now=SUNDAY)
    waiting_list.offer_all(SUNDAY + timedelta(minutes=46))
    mine.refresh_from_db()

    waiting_list.decline(mine, actor=PLATFORM, now=SUNDAY + timedelta(minutes=50))

    assert (mine.state, mine.offered, free(hall)) == ("waiting", None, 0)  # kept from the page until the list was asked
    assert waiting_list.offer_all(SUNDAY + timedelta(minutes=51)) == 1


def test_without_anybody_waiting_a_rested_place_is_free_for_everybody(hall):
    booking.cancel(fill(hall)[0], actor=PLATFORM, now=SUNDAY)

    waiting_list.offer_all(SUNDAY + timedelta(minutes=46))

    assert free(hall) == 1


def test_one_wish_for_a_hall_and_only_for_days_to_come(hall):
    someone = who()
    wish(hall, someone)

    with pytest.raises(NotAllowed) as twice:
        wish(hall, someone)
    with pytest.raises(Invalid):
        wish(hall, until_day=MONDAY + timedelta(days=60))

    assert twice.value.code == "wished-already"


def test_a_wish_taken_back_gives_back_what_was_offered(hall):
    rows = fill(hall)
    mine = wish(hall)
    booking.cancel(rows[0], actor=PLATFORM, now=SUNDAY)
    waiting_list.offer_all(SUNDAY + timedelta(minutes=46))
    mine.refresh_from_db()

    waiting_list.end(mine, actor=PLATFORM, now=SUNDAY + timedelta(minutes=47))

    assert (mine.state, free(hall)) == ("ended", 1)


def test_a_day_over_ends_the_wish(hall):
    mine = wish(hall)

    waiting_list.offer_all(SUNDAY + timedelta(days=3))

    mine.refresh_from_db()
    assert mine.state == "ended"


# -- the lot


def test_nobody_books_a_day_before_it_is_given_out_nor_while_it_is_drawn(hall):
    at = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)

    for now in (NOON - timedelta(seconds=1), NOON, NOON + timedelta(minutes=9)):
        with pytest.raises(NotAllowed) as refused:
            world.hold(hall, at, now=now)
        assert refused.value.code == "not-released"
    assert world.hold(hall, at, now=NOON + timedelta(minutes=10)).state == "held"


def test_through_the_services_people_keep_their_share_of_a_day_that_bots_want(hall):
    """Fifty bots in the first second, ten people in the course of the morning, thirty places: who is served is the lot and nothing else."""
    Shift.objects.filter(hall=hall).update(windows=7)  # fifteen places in each of the two slots
    chance = Random(6)
    bots = [who() for _number in range(50)]
    people = [who() for _number in range(10)]
    won = 0
    for _lot in range(3):
        arrived = [(one, SUNDAY + timedelta(milliseconds=number)) for number, one in enumerate(bots)]
        arrived += [(one, SUNDAY + timedelta(hours=chance.uniform(1, 14))) for one in people]
        for one, at in arrived:
            wish(hall, one, from_day=NEXT_MONDAY, until_day=NEXT_MONDAY, now=at, chance=chance)
        by_lot = list(EarlierWish.objects.order_by("drawn").values_list("party_id", flat=True))

        assert waiting_list.offer_all(NOON) == 30
        served = set(Appointment.objects.filter(state="held").values_list("party_id", flat=True))
        assert served == set(by_lot[:30])
        won += len(served & {one.party.pk for one in people})
        EarlierWish.objects.all().delete()
        Appointment.objects.all().delete()

    fair = 3 * 30 * 10 / 60
    assert won >= 0.9 * fair


def test_control_in_the_order_in_which_they_came_people_get_nothing(hall, monkeypatch):
    monkeypatch.setattr(
        "tongban.halls.capacity.lot_order", lambda wishes, at: sorted(wishes, key=lambda one: one.made_at)
    )
    bots, people = [who() for _number in range(6)], [who() for _number in range(3)]
    for number, one in enumerate(bots + people):
        wish(hall, one, from_day=NEXT_MONDAY, until_day=NEXT_MONDAY, now=SUNDAY + timedelta(minutes=number))

    waiting_list.offer_all(NOON)

    served = set(Appointment.objects.filter(state="held").values_list("party_id", flat=True))
    assert served == {one.party.pk for one in bots[:4]}


def test_who_is_not_proofed_takes_no_part(hall):
    newcomer = make.account()
    newcomer.level = 1

    with pytest.raises(NotAllowed) as refused:
        wish(hall, who(newcomer))

    assert refused.value.code == "booking-not-verified"
