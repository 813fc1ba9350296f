"""What is asked about appointments: what is free, what somebody has, who comes to a hall on a day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from django.db.models import BigIntegerField, Count, DateField, DateTimeField, Q, QuerySet
from django.utils import timezone

from tongban.departments import queries as departments
from tongban.halls import capacity
from tongban.halls.appointment_states import AppointmentState, WishState
from tongban.halls.capacity import Queue, Release, Rules
from tongban.halls.hours import OpenDay, Openings
from tongban.halls.models import (
    Appointment,
    Category,
    EarlierWish,
    Hall,
    HallRules,
    Shift,
    SlotPlace,
    VisitKind,
)
from tongban.lib.composed import composed
from tongban.lib.encryption import blind_index
from tongban.lib.workdays import MAKE_UP_DAY
from tongban.matters.models import Matter
from tongban.parties.models import Party

OPEN = (AppointmentState.HELD, AppointmentState.CONFIRMED, AppointmentState.CHECKED_IN)
FAR = 14  # days that a list of halls looks ahead
STILL_WISHED = (WishState.WAITING, WishState.OFFERED)


def rules_of(hall: Hall | None) -> Rules:
    """The common rules, and over them those a hall has of its own."""
    rows = _rules_for(hall=hall.pk if hall else None)
    values: dict = {}
    for row in sorted(rows, key=lambda one: one.hall_id or 0):
        values |= row.values
    return Rules.read(values)


@composed(hall=BigIntegerField())
def _rules_for(hall):
    return HallRules.objects.filter(Q(hall__isnull=True) | Q(hall_id=hall), about="appointments")


@composed(hall=BigIntegerField(), first=DateField(), last=DateField())
def _shifts_of(hall, first, last):
    return Shift.objects.filter(Q(day__isnull=True) | Q(day__gte=first, day__lte=last), hall_id=hall)


@composed(hall=BigIntegerField(), category=BigIntegerField(), first=DateTimeField(), last=DateTimeField())
def places_between(hall, category, first, last):
    """Beginning and number of every place that somebody has in the slots from the first to the last."""
    rows = SlotPlace.objects.filter(hall_id=hall, category_id=category, begins_at__gte=first, begins_at__lte=last)
    return rows.order_by().values_list("begins_at", "place")


@composed()
def _bookable():
    return Category.objects.filter(bookable=True).order_by().values_list("pk", "average_minutes", "window_kinds")


@composed(hall=BigIntegerField(), since=DateTimeField(), until=DateTimeField())
def _taken_in(hall, since, until):
    return _counted(SlotPlace.objects.filter(hall_id=hall, begins_at__gte=since, begins_at__lt=until))


def _counted(rows: QuerySet) -> QuerySet:
    """Places that somebody has, at windows and at screens, by hall, queue and beginning."""
    return (
        rows.order_by()
        .values_list("hall_id", "category_id", "begins_at")
        .annotate(
            windows=Count("pk", filter=Q(place__lt=capacity.VIDEO_FROM)),
            seats=Count("pk", filter=Q(place__gte=capacity.VIDEO_FROM)),
        )
    )


@dataclass(frozen=True)
class Slot:
    begins_at: datetime
    ends_at: datetime
    free: int


@dataclass(frozen=True)
class BookDay:
    """A day as the booking page shows it: `state` open, drawing, before (its release is to come), closed."""

    day: date
    state: str
    slots: list[Slot]
    release: Release
    opening: OpenDay

    @property
    def free(self) -> int:
        return sum(slot.free for slot in self.slots)


class Books:
    """The book of a hall between two days. What it needs is fetched in a constant number of statements, for one hall or for many.
    `only`: the day of which somebody asks what is taken; the others are there for their hours."""

    def __init__(
        self,
        hall: Hall,
        first: date,
        last: date,
        rules: Rules | None = None,
        fetched: "Fetched | None" = None,
        *,
        only: date | None = None,
    ):
        fetched = fetched or Fetched([hall], first, last, only=only)
        self.hall, self.first, self.last = hall, first, last
        self.rules = rules or fetched.rules(hall)
        self.calendar, self.openings, self.queues = fetched.calendar, fetched.openings, fetched.queues
        self.shifts = fetched.shifts.get(hall.pk, [])
        self.taken = fetched.taken.setdefault(hall.pk, {})
        self._starts: dict[date, list[datetime]] = {}
        self._worked: dict[date, list[capacity.Planned]] = {}

    def release(self, day: date) -> Release:
        return capacity.release(day, self.calendar, self.rules, timezone.get_current_timezone())

    def open_windows(self, begins_at: datetime) -> dict[str, int]:
        local = timezone.localtime(begins_at)
        ends = (local + timedelta(minutes=self.rules.slot_minutes)).time()
        return {
            **capacity.windows_at(self._worked_on(local.date()), local.time(), ends),
            VisitKind.VIDEO.value: self.hall.virtual_seats,
        }

    def _worked_on(self, day: date) -> list[capacity.Planned]:
        found = self._worked.get(day)
        if found is None:
            made_up = self.openings.day(self.hall, day).kind.reason == MAKE_UP_DAY
            found = self._worked[day] = capacity.as_worked(day, self.shifts, like_weekday=0 if made_up else None)
        return found

    def left(self, key: int, begins_at: datetime) -> int:
        """Free places of a queue (`-category` for video) in the slot that begins then."""
        return capacity.left(
            self.queues[key],
            self.queues.values(),
            self.open_windows(begins_at),
            self.taken.get(begins_at, {}),
            self.rules.slot_minutes,
        )

    def starts(self, day: date) -> list[datetime]:
        found = self._starts.get(day)
        if found is None:
            found = self._starts[day] = capacity.starts(self.openings.spans(self.hall, day), self.rules.slot_minutes)
        return found

    def fits(self, key: int, begins_at: datetime, units: int) -> int:
        """How many visits of so many units could begin then: every slot they reach into is of this day and has room."""
        needed = capacity.units_in_slots(units, self.rules.slot_minutes, self.queues[key].average_minutes)
        of_the_day = self.starts(timezone.localdate(begins_at))
        step = timedelta(minutes=self.rules.slot_minutes)
        found = []
        for number, here in enumerate(needed):
            at = begins_at + number * step
            if at not in of_the_day:
                return 0
            found.append(self.left(key, at) // here)
        return min(found)

    def day(self, key: int, day: date, now: datetime, units: int = 1, *, earliest: datetime) -> BookDay:
        release, opening = self.release(day), self.openings.day(self.hall, day)
        step = timedelta(minutes=self.rules.slot_minutes)
        slots = [Slot(at, at + step, max(0, self.fits(key, at, units))) for at in self.starts(day) if at >= earliest]
        if not opening.spans:
            state = "closed"
        elif now < release.at:
            state = "before"
        else:
            state = "drawing" if release.drawing(now) else "open"
        return BookDay(day, state, slots, release, opening)


class Fetched:
    """Hours, shifts, queues, rules and what is taken, of many halls between two days."""

    def __init__(self, halls: Iterable[Hall], first: date, last: date, *, only: date | None = None):
        halls = list(halls)
        self._keys = keys = [hall.pk for hall in halls]
        one = keys[0] if len(keys) == 1 else None
        self.calendar = departments.calendar()
        self.openings = Openings(halls, first, last, self.calendar)
        self.shifts: dict[int, list[Shift]] = {}
        planned: Iterable[Shift]
        if one is not None:
            planned = _shifts_of(hall=one, first=first, last=last)
        else:
            planned = Shift.objects.filter(Q(day__isnull=True) | Q(day__gte=first, day__lte=last), hall__in=keys)
        for shift in planned:
            self.shifts.setdefault(shift.hall_id, []).append(shift)
        self.queues: dict[int, Queue] = {}
        for key, minutes, kinds in _bookable():
            self.queues[key] = Queue(key, minutes, frozenset(kinds))
            self.queues[-key] = Queue(-key, minutes, frozenset({VisitKind.VIDEO.value}))
        self.taken: dict[int, dict[datetime, dict[int, int]]] = {}
        since, until = midnight(only or first), midnight((only or last) + timedelta(days=1))
        counted: Iterable[tuple]
        if one is not None:
            counted = _taken_in(hall=one, since=since, until=until)
        else:
            counted = _counted(SlotPlace.objects.filter(hall__in=keys, begins_at__gte=since, begins_at__lt=until))
        for hall, category, at, windows, seats in counted:
            of_slot = self.taken.setdefault(hall, {}).setdefault(at, {})
            of_slot[category], of_slot[-category] = windows, seats

    @cached_property
    def _values(self) -> dict[int | None, dict]:
        rows = HallRules.objects.filter(Q(hall__isnull=True) | Q(hall__in=self._keys), about="appointments")
        return {row.hall_id: row.values for row in rows}

    def rules(self, hall: Hall) -> Rules:
        return Rules.read({**self._values.get(None, {}), **self._values.get(hall.pk, {})})


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def key_of(category: Category, kind: str) -> int:
    return -category.pk if kind == VisitKind.VIDEO else category.pk


def book_days(
    hall: Hall, category: Category, kind: str, units: int, now: datetime, *, by_staff: bool = False
) -> list[BookDay]:
    """The days that may be booked now, and the one whose release comes next; closed days only between them."""
    return list(_days(hall, category, kind, units, now, by_staff=by_staff))


def _days(
    hall: Hall, category: Category, kind: str, units: int, now: datetime, *, by_staff: bool = False
) -> Iterator[BookDay]:
    rules = rules_of(hall)
    today = timezone.localdate(now)
    last = capacity.last_day(today, departments.calendar(), rules.ahead)
    books = Books(hall, today, last, rules)
    earliest = now if by_staff else now + timedelta(minutes=rules.same_day_until)
    key = key_of(category, kind)
    for number in range((last - today).days + 1):
        yield books.day(key, today + timedelta(days=number), now, units, earliest=earliest)


def next_free(
    hall: Hall,
    category: Category,
    kind: str,
    units: int,
    now: datetime,
    *,
    after: datetime | None = None,
    many: int = 3,
) -> list[Slot]:
    """The next free slots of a hall: what somebody is told who came too late for one. First those after it, else the earliest."""
    earlier: list[Slot] = []
    later: list[Slot] = []
    for one in _days(hall, category, kind, units, now):
        for slot in one.slots if one.state == "open" else ():
            if slot.free:
                (later if after is None or slot.begins_at >= after else earlier).append(slot)
        if len(later) >= many:
            break
    return (later or earlier)[:many]


def first_free(halls: list[Hall], category: Category, kind: str, units: int, now: datetime) -> dict[int, Slot]:
    """The first free slot of each of these halls, by its key; a hall without one is not in it."""
    today = timezone.localdate(now)
    last = today + timedelta(days=FAR)
    fetched, found = Fetched(halls, today, last), {}
    for hall in halls:
        books = Books(hall, today, last, None, fetched)
        until = capacity.last_day(today, books.calendar, books.rules.ahead)
        earliest, key = now + timedelta(minutes=books.rules.same_day_until), key_of(category, kind)
        for number in range((min(until, last) - today).days + 1):
            day = books.day(key, today + timedelta(days=number), now, units, earliest=earliest)
            slot = next((one for one in day.slots if one.free), None) if day.state == "open" else None
            if slot is not None:
                found[hall.pk] = slot
                break
    return found


def serving(halls: QuerySet[Hall], category: Category, kind: str) -> QuerySet[Hall]:
    """Of these, the halls whose shifts have a window that calls this queue; for video, those with a seat."""
    if kind == VisitKind.VIDEO:
        return halls.filter(virtual_seats__gt=0)
    return halls.filter(pk__in=Shift.objects.filter(kind__in=category.window_kinds).values("hall"))


def bookable_categories() -> QuerySet[Category]:
    return Category.objects.filter(bookable=True)


# -- somebody's own


def of(party: Party) -> QuerySet[Appointment]:
    return Appointment.objects.filter(party=party).select_related("hall", "category", "matter", "party")


def to_come(party: Party, now: datetime) -> list[Appointment]:
    """Booked or held, not over yet; the next first."""
    rows = of(party).filter(state__in=OPEN, ends_at__gt=now).order_by("begins_at")
    return [row for row in rows if row.state != AppointmentState.HELD or (row.held_until and row.held_until > now)]


def over(party: Party, now: datetime, limit: int = 20) -> list[Appointment]:
    ended = Q(ends_at__lte=now) | ~Q(state__in=OPEN)
    return list(of(party).filter(ended).exclude(state=AppointmentState.LAPSED).order_by("-begins_at")[:limit])


def by_link(link: str) -> Appointment | None:
    return (
        Appointment.objects.select_related("hall", "category", "matter", "party").filter(link=link).first()
        if link
        else None
    )


def wishes_of(party: Party) -> list[EarlierWish]:
    rows = EarlierWish.objects.filter(party=party, state__in=STILL_WISHED)
    return list(rows.select_related("hall", "category", "offered", "appointment"))


def matters_of(row: Appointment) -> list[Matter]:
    """The matters of a visit, the first one first."""
    found = [row.matter] if row.matter is not None else []
    if row.more_matters:
        more = {one.slug: one for one in Matter.objects.filter(slug__in=row.more_matters)}
        found += [more[slug] for slug in row.more_matters if slug in more]
    return found


# -- of a hall


def of_a_day(hall: Hall, day: date) -> QuerySet[Appointment]:
    """Who comes on a day, by time; holds that nobody confirmed are not among them."""
    return (
        Appointment.objects.filter(
            hall=hall, begins_at__gte=midnight(day), begins_at__lt=midnight(day + timedelta(days=1))
        )
        .exclude(state__in=(AppointmentState.HELD, AppointmentState.LAPSED))
        .exclude(end_reason__in=("moved", "not_wanted", "let_go"))
        .select_related("hall", "category", "matter", "party")
        .order_by("begins_at", "category__position", "place", "pk")
    )


def outside_hours(hall: Hall, first: date, last: date) -> list[Appointment]:
    """Booked at a time at which the hall is not open after all: a day was closed, hours were shortened."""
    openings = Openings([hall], first, last)
    rows: Iterable[Appointment] = (
        Appointment.objects.filter(
            hall=hall,
            state=AppointmentState.CONFIRMED,
            begins_at__gte=midnight(first),
            begins_at__lt=midnight(last + timedelta(days=1)),
        )
        .select_related("hall", "category", "party")
        .order_by("begins_at", "pk")
    )
    return [
        row
        for row in rows
        if not any(
            begins <= row.begins_at and row.ends_at <= ends
            for begins, ends in openings.spans(hall, timezone.localdate(row.begins_at))
        )
    ]


# -- arriving with one's own phone

ARRIVES_FROM = timedelta(hours=1)


def arrival_code(hall: Hall, day: date) -> str:
    """Six figures that stand in this hall today and nowhere else: who types them is there, or was told by somebody who is."""
    return f"{int(blind_index(f'{hall.pk}:{day.isoformat()}', 'halls.arrival')[:12], 16) % 1_000_000:06d}"


def may_arrive(row: Appointment, now: datetime) -> bool:
    """From an hour before until its slot is over: earlier nobody would be called, later nobody waits for them."""
    return row.state == AppointmentState.CONFIRMED and row.begins_at - ARRIVES_FROM <= now < row.ends_at


def arriving(party: Party, hall: Hall, now: datetime) -> list[Appointment]:
    """What this person could say "I have arrived" for, at this hall, now."""
    rows = of(party).filter(hall=hall, state=AppointmentState.CONFIRMED, begins_at__lte=now + ARRIVES_FROM)
    return [row for row in rows.filter(ends_at__gt=now).order_by("begins_at")[:5] if may_arrive(row, now)]
