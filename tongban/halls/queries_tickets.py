"""What is asked of tickets: who waits in a hall, how long it takes, what a screen shows, and which ticket a slip is."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, CharField, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Certification, Officer
from tongban.halls import hours
from tongban.halls.models import Appointment, Category, Hall, HallEmergency, HallRules, Ticket, TicketCall, Window
from tongban.halls.queue_rules import (
    BETWEEN_CALLS,
    LAST_SERVED,
    NOBODY,
    Coming,
    Desk,
    Estimate,
    Kind,
    Picture,
    Waiting,
    mean_minutes,
    spread,
)
from tongban.halls.ticket_states import TicketState
from tongban.halls.window_states import WindowState
from tongban.lib.composed import composed
from tongban.lib.problems import NotAllowed, worded
from tongban.matters.models import Matter

APPOINTMENT, SELF_SERVICE, PRIORITY = "Y", "K", "P"
SHOWN_FOR = timedelta(minutes=3)
NO_RULES = {
    "per_person_per_day_per_category": 3,
    "per_phone_per_day": 5,
    "alert_minutes": 15,
    "offer_elsewhere_minutes": 25,
}

# the condition of the partial index stands in the statement word for word, and its first two columns are asked for: else SQLite would read
# all numbers that this hall ever gave
_WAITING = f"""SELECT t.id, t.category_id, t.waits_from, t.place_after, t.only_window_id, t.state, t.serving_at, t.requeues,
    a.category_id, m.slug, t.day
    FROM {Ticket._meta.db_table} t
    LEFT JOIN {Appointment._meta.db_table} a ON a.id = t.appointment_id LEFT JOIN {Matter._meta.db_table} m ON m.id = t.matter_id
    WHERE t.hall_id = %s AND t.category_id IN ({{}}) AND t.state IN ('waiting', 'requeued')"""  # noqa: S608
# how many stand in each queue, and since when: both answered by the same index; a number waits from some moment of its own day
_COUNTED = f"""SELECT category_id, COUNT(*) FROM {Ticket._meta.db_table}
    WHERE hall_id = %s AND category_id IN ({{}}) AND state IN ('waiting', 'requeued') AND waits_from >= %s GROUP BY category_id"""  # noqa: S608
_MOMENTS = f"""SELECT category_id, COALESCE(place_after, waits_from) FROM {Ticket._meta.db_table}
    WHERE hall_id = %s AND category_id IN ({{}}) AND state IN ('waiting', 'requeued') AND waits_from >= %s"""  # noqa: S608
_UNFINISHED = [
    f"SELECT hall_id, day FROM {Ticket._meta.db_table} WHERE state IN ({states})"  # noqa: S608
    for states in ("'waiting', 'requeued'", "'called', 'serving'")
]


def rules(hall: Hall) -> dict[str, Any]:
    """Limits of the queue: those of all halls, and over them what this hall has of its own."""
    return NO_RULES | _rules(hall, "queue")


def appointment_rules(hall: Hall) -> dict[str, Any]:
    return _rules(hall, "appointments")


def _rules(hall: Hall, about: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in sorted(_rule_rows(hall=hall.pk, about=about), key=lambda row: row.hall_id is not None):
        found |= row.values
    return found


@composed(hall=BigIntegerField(), about=CharField())
def _rule_rows(hall, about):
    return HallRules.objects.filter(Q(hall_id=hall) | Q(hall__isnull=True), about=about)


def has_stopped(hall: Hall) -> bool:
    """An emergency: nobody is called, no number is given."""
    return bool(_stopped(hall=hall.pk))


@composed(hall=BigIntegerField())
def _stopped(hall):
    return HallEmergency.objects.filter(hall_id=hall, ended_at__isnull=True).values_list("pk", flat=True)[:1]


def categories() -> dict[int, Category]:
    return {one.pk: one for one in _categories()}


@composed()
def _categories():
    return Category.objects.all()


def offered(hall: Hall, known: dict[int, Category] | None = None) -> list[Category]:
    """Categories for which somebody can be called here, and slips of the self-service area where there is one."""
    has = {kind for kind, _state in _window_states(hall=hall.pk)}
    kiosks = bool(hall.self_service.get("kiosks"))
    return [
        one
        for one in (known or categories()).values()
        if has & set(one.window_kinds) or (one.code == SELF_SERVICE and kiosks)
    ]


@composed(hall=BigIntegerField())
def _window_states(hall):
    return Window.objects.filter(hall_id=hall).order_by().values_list("kind", "state")


# -- the queue of a hall


def waiting(hall: Hall, day: date, known: dict[int, Category] | None = None) -> list[Waiting]:
    """Everybody who waits in this hall today, in no order."""
    known = known or categories()
    with connection.cursor() as cursor:
        cursor.execute(_WAITING.format(", ".join(["%s"] * len(known)) or "NULL"), [hall.pk, *known])
        return [_waiting(row[:-1], known) for row in cursor.fetchall() if row[-1] == day]


def _aware(moment: datetime | str) -> datetime:
    """SQLite keeps moments without their zone, which is UTC, and hands over as text what it has computed."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def unfinished() -> set[tuple[int, date]]:
    """Halls and days of which somebody still waits or stands at a window."""
    found: set[tuple[int, date]] = set()
    with connection.cursor() as cursor:
        for statement in _UNFINISHED:
            cursor.execute(statement)
            found.update(cursor.fetchall())
    return found


def _waiting(row: tuple, known: dict[int, Category]) -> Waiting:
    pk, category, waits_from, place_after, only_window, state, serving_at, requeues, booked_for, matter = row
    waits_from, place_after = _aware(waits_from), place_after and _aware(place_after)
    kind = known[category]
    booked = kind.code == APPOINTMENT
    called_by = known[booked_for] if booked and booked_for is not None else kind
    return Waiting(
        pk=pk,
        category=kind.code,
        weight=kind.weight,
        moment=place_after or waits_from,
        kinds=frozenset(called_by.window_kinds),
        came_back=requeues > 0,
        booked=booked and place_after is None,
        parked=state == TicketState.REQUEUED and serving_at is not None,
        only_window=only_window,
        matter=matter,
    )


def open_windows(hall: Hall) -> Counter[str]:
    """How many windows of each kind call people now."""
    return _windows(hall)[0]


# the condition of the partial index word for word, as above
_WINDOWS = f"""SELECT w.kind, EXISTS (SELECT 1 FROM {Ticket._meta.db_table} t WHERE t.window_id = w.id AND t.state IN ('called', 'serving'))
    FROM {Window._meta.db_table} w WHERE w.hall_id = %s AND w.state = 'open'"""  # noqa: S608


def _windows(hall: Hall) -> tuple[Counter[str], Counter[str]]:
    """How many windows of each kind call people now, and at how many of them somebody stands."""
    opened: Counter[str] = Counter()
    busy: Counter[str] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(_WINDOWS, [hall.pk])
        for kind, taken in cursor.fetchall():
            opened[kind] += 1
            busy[kind] += bool(taken)
    return opened, busy


_LAST_SERVED = f"""SELECT * FROM (SELECT category_id, called_at, calls, ended_at, waits_from, first_called_at, estimate_minutes
    FROM {Ticket._meta.db_table}
    WHERE hall_id = %s AND category_id = %s AND state = 'done' AND end_reason = '' AND serving_at IS NOT NULL
    ORDER BY ended_at DESC LIMIT {LAST_SERVED}) AS served"""  # noqa: S608 what the platform ended overnight says nothing of serving


@dataclass(frozen=True)
class Lately:
    """What the last twenty of each category say: how long one keeps a window, and between which shares of the estimate they waited."""

    minutes: dict[str, float]
    misses: dict[str, tuple[float, float]]


def lately(hall: Hall, known: dict[int, Category]) -> Lately:
    """One statement for all. A window is kept from the first call of the round: until somebody has stood up and walked, nobody else is
    served there."""
    last: dict[int, list[timedelta]] = {pk: [] for pk in known}
    said: dict[int, list[tuple[float, float]]] = {pk: [] for pk in known}
    if known:
        with connection.cursor() as cursor:
            cursor.execute(
                " UNION ALL ".join([_LAST_SERVED] * len(known)), [one for pk in known for one in (hall.pk, pk)]
            )
            for category, called, calls, ended, waits_from, first_called, estimate in cursor.fetchall():
                if called is not None:
                    last[category].append(ended - called + (calls - 1) * BETWEEN_CALLS)
                if estimate is not None and first_called is not None:
                    said[category].append((estimate, (first_called - waits_from).total_seconds() / 60))
    return Lately(
        {known[pk].code: mean_minutes(times, known[pk].average_minutes) for pk, times in last.items()},
        {known[pk].code: spread(pairs) for pk, pairs in said.items() if known[pk].code != APPOINTMENT},
    )


# who is not here yet

LATELY_GIVEN = 200
AT_LEAST = 30.0  # minutes: so long the first numbers of a morning are taken for
GRACE = timedelta(minutes=15)
COME = 0.9  # of those who booked, as long as today says nothing else; as good as ten bookings of today
_GIVEN = f"""SELECT category_id, COUNT(*), MIN(issued_at) FROM (SELECT category_id, issued_at FROM {Ticket._meta.db_table}
    WHERE hall_id = %s AND day = %s ORDER BY id DESC LIMIT {LATELY_GIVEN}) AS given GROUP BY category_id"""  # noqa: S608
_DUE = f"""SELECT category_id, begins_at, state, COUNT(*) FROM {Appointment._meta.db_table}
    WHERE hall_id = %s AND begins_at >= %s AND begins_at < %s AND state IN ('confirmed', 'checked_in', 'served', 'no_show')
    GROUP BY category_id, begins_at, state"""  # noqa: S608


def coming(hall: Hall, at: datetime, known: dict[int, Category]) -> tuple[Coming, frozenset[str]]:
    """Who is expected today: walk-ins as the last two hundred numbers came, bookings by their slots. With the kinds of windows that serve
    today's bookings."""
    morning = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    moment, ops = connection.ops.adapt_datetimefield_value, connection.ops
    with connection.cursor() as cursor:
        cursor.execute(_GIVEN, [hall.pk, ops.adapt_datefield_value(timezone.localdate(at))])
        given = [(known[category].code, many, _aware(first)) for category, many, first in cursor.fetchall()]
        cursor.execute(_DUE, [hall.pk, moment(morning), moment(morning + timedelta(days=1))])
        booked = [(category, _aware(begins), state, many) for category, begins, state, many in cursor.fetchall()]
    minutes = max(AT_LEAST, *((at - first).total_seconds() / 60 for _code, _many, first in given), 0.0)
    last = hours.tickets_until(hall, timezone.localdate(at)) if given else None
    over = [(state, many) for _category, begins, state, many in booked if begins < at - GRACE]
    came = sum(many for state, many in over if state in ("checked_in", "served"))
    share = (came + 10 * COME) / (sum(many for _state, many in over) + 10)
    due = [
        ((begins - at).total_seconds() / 60, many * share)
        for _category, begins, state, many in booked
        if state == "confirmed" and begins >= at - GRACE
    ]
    kinds = frozenset(kind for category, *_rest in booked for kind in known[category].window_kinds)
    return (
        Coming(
            {code: many / minutes for code, many, _first in given if code != APPOINTMENT},
            float("inf") if last is None else max(0.0, (last - at).total_seconds() / 60),
            due,
        ),
        kinds,
    )


def _kinds(known: dict[int, Category], minutes: dict[str, float], of_bookings: frozenset[str]) -> list[Kind]:
    """Categories as estimates see them. Bookings wait at the windows of what they were made for."""
    return [
        Kind(
            one.code,
            one.weight,
            (of_bookings if one.code == APPOINTMENT else None) or frozenset(one.window_kinds),
            minutes.get(one.code, one.average_minutes),
            one.code == APPOINTMENT,
        )
        for one in known.values()
    ]


def picture(hall: Hall, at: datetime, known: dict[int, Category] | None = None) -> Picture:
    known = known or categories()
    past = lately(hall, known)
    expected, of_bookings = coming(hall, at, known)
    opened, busy = _windows(hall)
    return Picture(
        waiting(hall, timezone.localdate(at), known),
        _kinds(known, past.minutes, of_bookings),
        opened,
        at,
        coming=expected,
        busy=busy,
        misses=past.misses,
    )


def picture_for_newcomers(hall: Hall, wanted: Collection[str], at: datetime, known: dict[int, Category]) -> Picture:
    """Enough of the hall to tell whoever takes a number of these categories how long it takes: nobody's row is read, however many wait."""
    morning = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    since = connection.ops.adapt_datetimefield_value(morning)
    counted: dict[str, int] = {}
    moments: dict[str, list[datetime]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(", ".join(["%s"] * len(known))), [hall.pk, *known, since])
        counted = {known[category].code: many for category, many in cursor.fetchall()}
        kinds = {kind for one in known.values() if one.code in wanted for kind in one.window_kinds}
        rivals = {
            pk: one
            for pk, one in known.items()
            if counted.get(one.code) and one.weight and kinds & set(one.window_kinds) and wanted != {one.code}
        }
        if rivals:
            cursor.execute(_MOMENTS.format(", ".join(["%s"] * len(rivals))), [hall.pk, *rivals, since])
            for category, moment in cursor.fetchall():
                moments.setdefault(known[category].code, []).append(_aware(moment))
    opened, busy = _windows(hall)
    expected, of_bookings = NOBODY, frozenset[str]()
    stands = {known[pk].code for pk in rivals} | set(wanted)
    if any(counted.get(code) for code in stands) or all(busy[kind] >= opened[kind] for kind in kinds):
        expected, of_bookings = coming(hall, at, known)
    heavier = {pk: one for pk, one in known.items() if one.weight > 1 and kinds & set(one.window_kinds)}
    past = lately(hall, rivals | heavier | {pk: one for pk, one in known.items() if one.code in wanted})
    return Picture.for_newcomers(
        counted,
        moments,
        _kinds(known, past.minutes, of_bookings),
        opened,
        at,
        coming=expected,
        busy=busy,
        misses=past.misses,
    )


def estimate(hall: Hall, category: Category, at: datetime) -> Estimate:
    """For somebody who would take a number of this category now."""
    return picture_for_newcomers(hall, {category.code}, at, categories()).estimate(category.code)


def place_of(ticket: Ticket) -> tuple[datetime, bool, int]:
    return (ticket.place_after or ticket.waits_from, ticket.requeues > 0, ticket.pk)


def standing(ticket: Ticket, at: datetime | None = None) -> Estimate:
    """How many are called before this ticket, and how long that takes."""
    at = at or timezone.now()
    if ticket.state not in (TicketState.WAITING, TicketState.REQUEUED):
        return Estimate(0, 0.0, 0)
    return picture(ticket.hall, at).estimate(ticket.category.code, place_of(ticket))


def ahead_of(ticket: Ticket, at: datetime | None = None) -> int:
    return standing(ticket, at).ahead


# -- a window that asks


def desk_of(window: Window, officer: Officer, seen: Picture, booked: bool) -> Desk:
    """`seen` tells how often a window that could take bookings comes free."""
    turn = timedelta()
    if booked and APPOINTMENT in seen.kinds and (windows := seen.windows_for(APPOINTMENT)):
        turn = timedelta(minutes=seen.kinds[APPOINTMENT].minutes / windows)
    return Desk(
        window.pk, window.kind, frozenset(_certified([officer.pk], timezone.localdate(seen.now))[officer.pk]), turn
    )


def orphans(hall: Hall, kind: str, matters: set[str], today: date) -> set[str]:
    """Of these matters those for which nobody at a window of this kind is certified."""
    sitting = list(
        Window.objects.filter(hall=hall, kind=kind, officer__isnull=False)
        .order_by()
        .values_list("officer_id", flat=True)
    )
    known = set().union(*_certified(sitting, today).values()) if sitting else set()
    return set() if "*" in known else matters - known


def _certified(officers: list[int], today: date) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {pk: set() for pk in officers}
    held = Certification.objects.filter(
        Q(until__isnull=True) | Q(until__gte=today), officer__in=officers, since__lte=today
    )
    for officer, matter in held.values_list("officer_id", "matter"):
        found[officer].add(matter)
    return found


# -- what screens show


@dataclass(frozen=True)
class CategoryNow:
    category: Category
    waiting: int
    estimate: Estimate

    @property
    def minutes(self) -> int | None:
        """Of a new ticket, rounded up to five; None: no window open."""
        return self.estimate.shown

    @property
    def told(self) -> str | None:
        return self.estimate.told


@dataclass(frozen=True)
class Board:
    """`calls`: the newest first, each ticket once, only those that stand; `windows`: with officer, by number."""

    hall: Hall
    at: datetime
    calls: list[TicketCall]
    categories: list[CategoryNow]
    windows: list[Window]

    @property
    def open_windows(self) -> list[Window]:
        return [one for one in self.windows if one.state == WindowState.OPEN]

    @property
    def waiting(self) -> int:
        return sum(one.waiting for one in self.categories)


def board(hall: Hall, at: datetime | None = None) -> Board:
    """A constant number of statements, however many wait."""
    at = at or timezone.now()
    known = categories()
    seen = picture(hall, at, known)
    windows = list(Window.objects.filter(hall=hall).order_by("number"))
    has = {one.kind for one in windows}
    rows = [
        CategoryNow(one, seen.waits(one.code), seen.estimate(one.code))
        for one in known.values()
        if one.weight and (has & set(one.window_kinds) or seen.waits(one.code))
    ]
    return Board(hall, at, calls(hall, at), rows, windows)


def calls(hall: Hall, at: datetime, limit: int = 12) -> list[TicketCall]:
    """Who is called now: an old call is never shown, nor one whose ticket was served, skipped or sent on meanwhile."""
    rows = (
        TicketCall.objects.filter(hall=hall, at__gte=at - SHOWN_FOR, ticket__state=TicketState.CALLED)
        .select_related("ticket", "window", "ticket__category")
        .order_by("-id")[: 4 * limit]
    )
    seen: set[int] = set()
    shown = []
    for row in rows:
        if row.ticket_id in seen or row.window_id != row.ticket.window_id:
            continue
        seen.add(row.ticket_id)
        shown.append(row)
    return shown[:limit]


# -- one ticket


def by_key(key: str) -> Ticket | None:
    """The ticket whose slip this is."""
    if not key or len(key) > 24:
        return None
    return whole().filter(key=key).first()


def whole() -> QuerySet[Ticket]:
    return Ticket.objects.select_related("hall", "category", "window", "matter", "appointment")


def presented(key: str, hall: Hall, at: datetime) -> Ticket:
    """A slip that is held out in this hall: its ticket, or a sentence why it is worth nothing here."""
    ticket = by_key(key)
    if ticket is None:
        raise NotAllowed(
            "no-such-ticket",
            _("This is no slip of a queue."),
            next_step=_("Please take a number at the ticket machine."),
            status=404,
        )
    if ticket.hall_id != hall.pk:
        raise NotAllowed(
            "ticket-of-another-hall",
            worded(_("This number belongs to another hall: %(hall)s."), hall=ticket.hall.shown_name),
            next_step=_("Please take a number here, or go to that hall."),
        )
    if ticket.day != timezone.localdate(at):
        raise NotAllowed(
            "ticket-of-another-day",
            _("This number is of another day. Numbers begin anew every morning."),
            next_step=_("Please take a new number."),
        )
    if ticket.state in (TicketState.DONE, TicketState.VOID):
        raise NotAllowed(
            "ticket-used",
            worded(
                _("Number %(number)s has been used or given back. A copy of its slip calls nobody."),
                number=ticket.label,
            ),
            next_step=_("Please take a new number."),
        )
    return ticket


def of_party(party: int, day: date) -> list[Ticket]:
    """The numbers of one person that still stand today."""
    return list(
        whole().filter(party=party, day=day).exclude(state__in=[TicketState.DONE, TicketState.VOID]).order_by("id")
    )


def at_window(window: Window) -> Ticket | None:
    """Who stands at this window or is called to it."""
    return whole().filter(window=window, state__in=[TicketState.CALLED, TicketState.SERVING]).first()


def after_closing(hall: Hall, at: datetime) -> bool:
    """The day's hours are over."""
    of_the_day = hours.spans(hall, timezone.localdate(at))
    return not of_the_day or at >= of_the_day[-1][1]
