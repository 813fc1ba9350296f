"""A hall that can be booked, on a Sunday evening: the whole week is released, and nobody has booked anything."""

from datetime import UTC, datetime, time, timedelta

from tests import make
from tests.halls import queue_world
from tongban.halls import queries_appointments as queries
from tongban.halls.models import Category, Hall, Shift, VisitKind
from tongban.halls.services import booking
from tongban.halls.services.booking import Holder, Wanted
from tongban.journal.actors import PLATFORM, Actor
from tongban.parties.models import Account

SUNDAY = datetime(2026, 11, 22, 13, 40, tzinfo=UTC)  # half past nine in the evening, in Shanghai
MONDAY_NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def hall(general=3, **given) -> Hall:
    """Comprehensive windows, open on working days; a seat for video."""
    row = queue_world.hall("general " * general, **({"virtual_seats": 2} | given))
    Category.objects.filter(code__in=("A", "B", "C", "D")).update(bookable=True)
    Category.objects.filter(code__in=("P", "Y", "X", "K")).update(bookable=False)
    for weekday in range(5):
        Shift.objects.create(hall=row, weekday=weekday, kind="general", begins=time(9), ends=time(17), windows=general)
    return row


def category(code="A") -> Category:
    return Category.objects.get(code=code)


def wanted(of: Hall, at: datetime = MONDAY_NINE, *, code="A", **given) -> Wanted:
    return Wanted(of, category(code), at, **({"kind": VisitKind.GENERAL} | given))


def who(account: Account | None = None, **given) -> Holder:
    account = account or make.account()
    return Holder(account.person, account, language="zh-hans", **given)


def actor_of(holder: Holder) -> Actor:
    if holder.account is None:
        return PLATFORM
    return Actor("applicant", "applicant", account=holder.account.pk, party=holder.party.pk)


def hold(of: Hall, at: datetime = MONDAY_NINE, holder: Holder | None = None, *, now=SUNDAY, **given):
    holder = holder or who()
    more = {key: given.pop(key) for key in ("officer", "channel", "moves") if key in given}
    return booking.hold(wanted(of, at, **given), holder, actor=actor_of(holder), now=now, **more)


def booked(of: Hall, at: datetime = MONDAY_NINE, holder: Holder | None = None, *, now=SUNDAY, **given):
    holder = holder or who()
    row = hold(of, at, holder, now=now, **given)
    return booking.confirm(row, actor=actor_of(holder), now=now)


def free(of: Hall, at: datetime = MONDAY_NINE, *, code="A", now=SUNDAY) -> int:
    for day in queries.book_days(of, category(code), "general", 1, now):
        for slot in day.slots:
            if slot.begins_at == at:
                return slot.free
    return 0
