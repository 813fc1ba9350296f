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
from tongban.halls.queue_rules import LAST_SERVED, Desk, Estimate, Kind, Picture, Waiting, mean_minutes
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
    return Counter(kind for kind, state in _window_states(hall=hall.pk) if state == WindowState.OPEN)


_LAST_SERVED = f"""SELECT * FROM (SELECT category_id, serving_at, ended_at FROM {Ticket._meta.db_table}
    WHERE hall_id = %s AND category_id = %s AND state = 'done' AND end_reason = '' AND serving_at IS NOT NULL
    ORDER BY ended_at DESC LIMIT {LAST_SERVED}) AS served"""  # noqa: S608 what the platform ended overnight says nothing of serving


def minutes_of(hall: Hall, known: dict[int, Category]) -> dict[str, float]:
    """Of each category: how long its last twenty were served here. One statement for all."""
    if not known:
        return {}
    last: dict[int, list[timedelta]] = {pk: [] for pk in known}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([_LAST_SERVED] * len(known)), [one for pk in known for one in (hall.pk, pk)])
        for category, began, ended in cursor.fetchall():
            last[category].append(ended - began)
    return {known[pk].code: mean_minutes(times, known[pk].average_minutes) for pk, times in last.items()}


def picture(hall: Hall, at: datetime, known: dict[int, Category] | None = None) -> Picture:
    known = known or categories()
    minutes = minutes_of(hall, known)
    kinds = [Kind(one.code, one.weight, frozenset(one.window_kinds), minutes[one.code]) for one in known.values()]
    return Picture(waiting(hall, timezone.localdate(at), known), kinds, open_windows(hall), at)


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
    minutes = minutes_of(hall, rivals | {pk: one for pk, one in known.items() if one.code in wanted})
    return Picture.for_newcomers(
        counted,
        moments,
        [
            Kind(one.code, one.weight, frozenset(one.window_kinds), minutes.get(one.code, one.average_minutes))
            for one in known.values()
        ],
        open_windows(hall),
        at,
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
