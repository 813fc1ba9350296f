"""Figures of a hall between two days, from its tickets and appointments; and what its past says about a usual day."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Delivery
from tongban.cases.states import ENDED, CaseState
from tongban.departments.models import Officer
from tongban.halls import forecasting, hours, queries_supervisors, queries_tickets, simulating
from tongban.halls.appointment_states import AppointmentState
from tongban.halls.models import Appointment, Category, Hall, HallAlarm, Shift, Ticket, TicketCase, Window
from tongban.halls.models.tickets import WAITS
from tongban.halls.queue_rules import BETWEEN_CALLS
from tongban.halls.simulating import QUARTER, Demand, Queue, Staff
from tongban.halls.ticket_states import AT_TABLE, TicketState
from tongban.halls.visit_figures import Figures, Visit, figures
from tongban.halls.window_states import WindowState
from tongban.lib.problems import NotAllowed

LONGEST = 31  # days at once
PAST = timedelta(days=28)
SAMPLES = 400  # of service times a category
ENOUGH_DAYS, ENOUGH_TICKETS = 3, 60
AT_WORK = 0.8  # of what windows can take: how busy a hall is assumed to be whose tickets nobody knows yet
FINISHED = ENDED | {CaseState.DELIVERED}
COLUMNS = (
    "pk", "day", "category__code", "waits_from", "first_called_at", "followed_at", "serving_at", "ended_at", "state", "end_reason",
    "estimate_minutes", "on_the_spot", "case_id",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """Of a hall between two days: everything together, each queue, each day."""

    hall: Hall
    first: date
    last: date
    all: Figures
    by_category: list[tuple[Category, Figures]]
    by_day: list[tuple[date, Figures]]
    out_of_turn: int  # calls that were not the computed next one
    calls: int


def report(hall: Hall, first: date, last: date) -> Report:
    """A constant number of statements for up to a month."""
    last = min(last, first + timedelta(days=LONGEST - 1))
    found = _visits(hall, first, last)
    slots = _slots(hall, first, last)
    by_category, by_day = defaultdict(list), defaultdict(list)
    for day, visit in found:
        by_category[visit.category].append(visit)
        by_day[day].append(visit)
    calls = hall_calls(hall, first, last)
    return Report(
        hall, first, last,
        figures([visit for _day, visit in found], appointments=sum(slots.values()), no_shows=slots[AppointmentState.NO_SHOW]),
        [(one, figures(by_category[one.code])) for one in Category.objects.all() if by_category.get(one.code)],
        [(day, figures(visits)) for day, visits in sorted(by_day.items())],
        calls["out_of_turn"], calls["all"],
    )  # fmt: skip


def hall_calls(hall: Hall, first: date, last: date) -> Counter[str]:
    """First calls, and among them those out of turn with their reason (who was called before their time)."""
    rows = (
        Ticket.objects.filter(hall=hall, day__gte=first, day__lte=last)
        .order_by()
        .values_list("called__number", "called__out_of_turn")
    )
    found: Counter[str] = Counter()
    for number, reason in rows:
        if number == 1:
            found["all"] += 1
            found["out_of_turn"] += bool(reason)
    return found


def _visits(hall: Hall, first: date, last: date) -> list[tuple[date, Visit]]:
    tickets = Ticket.objects.filter(hall=hall, day__gte=first, day__lte=last)
    tickets = tickets.annotate(followed_at=Max("called__at", filter=Q(called__number=1)))
    rows = list(tickets.order_by("id").values_list(*COLUMNS))
    once = _one_visit(rows)
    return [
        (
            day,
            Visit(
                category=code,
                waits_from=waits_from,
                first_called_at=first_called,
                followed_at=followed,
                serving_at=serving,
                ended_at=ended,
                done=state == TicketState.DONE and not end_reason,
                gone=(state in (TicketState.VOID, TicketState.SKIPPED) and end_reason != AT_TABLE)
                or (state == TicketState.DONE and first_called is None),
                estimate_minutes=estimate,
                on_the_spot=on_the_spot,
                one_visit=once.get(pk),
            ),
        )
        for pk, day, code, waits_from, first_called, followed, serving, ended, state, end_reason, estimate, on_the_spot, _case in rows
    ]


def _one_visit(rows: Iterable[tuple]) -> dict[int, bool]:
    """For the first ticket of each finished case whether nobody had to come again, to collect the result neither."""
    days = {row[0]: row[1] for row in rows}
    worked = set(TicketCase.objects.filter(ticket__in=days).values_list("case_id", flat=True)) if days else set()
    cases = worked | {row[-1] for row in rows if row[-1]}
    if not cases:
        return {}
    tickets: dict[int, dict[int, date]] = defaultdict(dict)
    mine = Ticket.objects.filter(Q(case__in=cases) | Q(worked_on__case__in=cases), state=TicketState.DONE).order_by()
    for pk, day, own, beside in mine.values_list("pk", "day", "case_id", "worked_on__case_id"):
        for case in {own, beside} & cases:
            tickets[case][pk] = day
    states = dict(
        TicketCase.objects.filter(case__in=cases).order_by().values_list("case_id", "case__state").distinct()
    ) | dict(Ticket.objects.filter(case__in=cases).order_by().values_list("case_id", "case__state").distinct())
    collected = defaultdict(set)
    for case, at in Delivery.objects.filter(
        case__in=cases, state="handed_over", way__in=["pickup", "locker"]
    ).values_list("case_id", "ended_at"):
        if at is not None:
            collected[case].add(timezone.localdate(at))
    found: dict[int, bool] = {}
    for case, there in tickets.items():
        if states.get(case) not in FINISHED or not there:
            continue
        first = min(there)
        if first in days:
            alone = len(there) == 1 and collected[case] <= {there[first]}
            found[first] = found.get(first, True) and alone
    return found


def _slots(hall: Hall, first: date, last: date) -> Counter[str]:
    begins = timezone.make_aware(datetime.combine(first, time.min))
    ends = min(timezone.make_aware(datetime.combine(last, time.max)), timezone.now())
    due = ["confirmed", "checked_in", "served", "no_show"]
    rows = Appointment.objects.filter(hall=hall, begins_at__gte=begins, ends_at__lte=ends, state__in=due)
    return Counter(rows.order_by().values_list("state", flat=True))


# -- what the past says about a usual day


@dataclass(frozen=True)
class Usual:
    """A usual day of a hall. `days` and `tickets` say on how much it rests; `assumed`: on nothing but the catalogue's figures."""

    queues: Mapping[str, Queue]
    demand: Demand
    days: int
    tickets: int
    walk: float
    assumed: bool
    weekday: int | None


def usual(hall: Hall, weekday: int | None, before: date) -> Usual:
    """From the tickets of the four weeks before: of one weekday, or where there are too few of it, of all days that had any."""
    since = before - PAST
    rows = Ticket.objects.filter(hall=hall, day__gte=since, day__lt=before, category__weight__gt=0)
    if weekday is not None:
        rows = rows.filter(day__week_day=(weekday + 1) % 7 + 1)
    seen = list(
        rows.order_by().values_list(
            "day",
            "category__code",
            "waits_from",
            "called_at",
            "calls",
            "serving_at",
            "ended_at",
            "state",
            "end_reason",
            "matter__department_id",
        )
    )
    days = {row[0] for row in seen}
    categories = {one.code: one for one in Category.objects.filter(weight__gt=0)}
    if len(days) < ENOUGH_DAYS or len(seen) < ENOUGH_TICKETS:
        every_day = usual(hall, None, before) if weekday is not None else None
        return every_day if every_day and not every_day.assumed else _assumed(hall, weekday, categories, before)
    minutes: dict[str, list[float]] = defaultdict(list)
    walks: list[float] = []
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    departments: Counter[int] = Counter()
    for _day, code, waits_from, called, calls, serving, ended, state, end_reason, department in seen:
        local = timezone.localtime(waits_from)
        counts[code][(local.hour * 60 + local.minute) // QUARTER] += 1
        if state == TicketState.DONE and not end_reason and serving and ended:
            minutes[code].append(max(0.5, (ended - serving).total_seconds() / 60))
        if called and serving:
            walks.append(max(0.0, (serving - called + (calls - 1) * BETWEEN_CALLS).total_seconds() / 60))
        if department:
            departments[department] += 1
    opens = min(quarter for row in counts.values() for quarter in row)
    closes = max(quarter for row in counts.values() for quarter in row) + 1
    quarters = {
        code: [row[quarter] / len(days) for quarter in range(opens, closes)]
        for code, row in counts.items()
        if code in categories
    }
    return Usual(
        queues=_queues(categories, minutes),
        demand=Demand(opens * QUARTER, quarters, tuple(departments.values())),
        days=len(days),
        tickets=len(seen),
        walk=sum(walks) / len(walks) if walks else 0.5,
        assumed=False,
        weekday=weekday,
    )


def _queues(categories: Mapping[str, Category], minutes: Mapping[str, list[float]]) -> dict[str, Queue]:
    return {
        code: Queue(
            code,
            one.weight,
            frozenset(one.window_kinds),
            tuple(sorted(minutes[code][-SAMPLES:]))
            if len(minutes.get(code, ())) >= 10
            else _around(one.average_minutes),
        )
        for code, one in categories.items()
    }


def _around(average: float) -> tuple[float, ...]:
    """Service times where none were measured: from half the average to twice it, skewed as such times are."""
    return tuple(average * share for share in (0.45, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.45, 1.75))


def _assumed(hall: Hall, weekday: int | None, categories: Mapping[str, Category], day: date) -> Usual:
    """Nobody took numbers here yet: so many come as keep the planned windows busy at four fifths, with the humps of a morning and an afternoon."""
    plan = staff(hall, weekday if weekday is not None else 0)
    if not plan:
        return Usual(_queues(categories, {}), Demand(9 * 60, {}), 0, 0, 0.5, True, weekday)
    opens, closes = int(min(one.begins for one in plan)), int(max(one.ends for one in plan))
    slots = max(1, (closes - opens) // QUARTER)
    humps = [1.3 if 2 <= slot < 10 or slots * 0.6 <= slot < slots * 0.8 else 0.75 for slot in range(slots)]
    capacity: dict[str, float] = defaultdict(float)
    for shift in plan:
        capacity[shift.kind] += shift.windows * (shift.ends - shift.begins)
    quarters: dict[str, list[float]] = {}
    for kind, minutes in capacity.items():
        mine = [one for one in categories.values() if one.window_kinds and one.window_kinds[0] == kind]
        for one in mine:
            visitors = minutes * AT_WORK / len(mine) / one.average_minutes
            quarters[one.code] = [visitors * hump / sum(humps) for hump in humps]
    return Usual(_queues(categories, {}), Demand(opens, quarters), 0, 0, 0.5, True, weekday)


def staff(hall: Hall, weekday: int, day: date | None = None) -> tuple[Staff, ...]:
    """The planned windows of a weekday, or of one day that has shifts of its own."""
    rows = list(Shift.objects.filter(hall=hall, day=day)) if day is not None else []
    rows = rows or list(Shift.objects.filter(hall=hall, weekday=weekday))
    return tuple(Staff(row.kind, _minute(row.begins), _minute(row.ends), row.windows) for row in rows if row.windows)


def _minute(at: time) -> float:
    return at.hour * 60 + at.minute


# -- the next two hours


def forecast(hall: Hall, at: datetime) -> tuple[list[forecasting.Point], Usual]:
    """By quarters, from how the same weekday usually was, how today went so far and which windows are open."""
    local = timezone.localtime(at)
    today, day = local.date(), local.weekday()
    known = usual(hall, day, today)
    until = hours.tickets_until(hall, today)
    place = (local.hour * 60 + local.minute - known.demand.opens) // QUARTER
    last = (_minute(timezone.localtime(until).time()) - known.demand.opens) // QUARTER if until else -1
    expected = {
        code: [
            row[slot] if 0 <= slot < len(row) and slot <= last else 0.0
            for slot in range(place + 1, place + 1 + forecasting.AHEAD)
        ]
        for code, row in known.demand.quarters.items()
    }
    so_far = Ticket.objects.filter(hall=hall, day=today, category__weight__gt=0).count()
    was = sum(row[slot] for row in known.demand.quarters.values() for slot in range(min(max(place, 0), len(row))))
    times = 1.0 if known.assumed else forecasting.factor(so_far, was)
    seen = queries_tickets.picture(hall, at)
    lines = [
        forecasting.Line(
            code=kind.code,
            weight=kind.weight,
            kinds=kind.kinds,
            minutes=kind.minutes,
            waiting=seen.waits(kind.code),
            longest=max(0.0, (at - seen.lines[kind.code][0][0]).total_seconds() / 60)
            if seen.lines.get(kind.code)
            else 0.0,
        )
        for kind in seen.kinds.values()
        if kind.weight
    ]
    return forecasting.ahead(at, lines, seen.open, expected, times=times), known


# -- what a supervisor sees


def supervised() -> list[Hall]:
    """Halls with more than one window, the largest first: smaller ones need no supervisor."""
    rows = Hall.objects.filter(active=True).annotate(desks=Count("windows")).filter(desks__gt=1)
    return list(rows.order_by("-desks", "code")[:60])


def hall_of(officer: Officer, code: str = "") -> Hall:
    """The one looked at last; else where the officer sits; else where windows are open now; else the largest."""
    mine = Hall.objects.filter(code=code, active=True).first() if code else None
    mine = mine or Hall.objects.filter(windows__officer=officer).first()
    mine = mine or Hall.objects.filter(active=True, windows__officer__isnull=False).order_by("pk").first()
    found = mine or next(iter(supervised()), None)
    if found is None:
        raise NotAllowed(
            "no-hall", _("No hall has windows yet."), next_step=_("Halls are brought in under Halls."), status=404
        )
    return found


READY_WITHIN = timedelta(minutes=3)


@dataclass(frozen=True)
class Desk:
    """A window as the supervisor sees it. `shown`: open, paused, closed, or idle (open, and nobody pressed ready for three minutes)."""

    window: Window
    shown: str
    ticket: Ticket | None
    minutes: int

    @property
    def looks(self) -> str:
        return "paused" if self.shown == "idle" else self.shown


def desks(hall: Hall, at: datetime) -> list[Desk]:
    """All windows with who is there. Whoever has a visitor is at work, however long it takes."""
    there = {
        one.window_id: one
        for one in Ticket.objects.select_related("category").filter(
            hall=hall, day=timezone.localdate(at), state__in=[TicketState.CALLED, TicketState.SERVING]
        )
    }
    waiting = Ticket.objects.filter(WAITS, hall=hall, day=timezone.localdate(at)).exists()
    left = dict(
        Ticket.objects.filter(hall=hall, day=timezone.localdate(at), ended_at__isnull=False, window__isnull=False)
        .order_by()
        .values("window")
        .annotate(last=Max("ended_at"))
        .values_list("window", "last")
    )
    rows = []
    for window in Window.objects.select_related("officer").filter(hall=hall).order_by("number"):
        ticket = there.get(window.pk)
        since = max(one for one in (window.state_since, window.ready_at, left.get(window.pk)) if one is not None)
        idle = window.state == WindowState.OPEN and ticket is None and waiting and at - since >= READY_WITHIN
        begun = (ticket.serving_at or ticket.called_at or since) if ticket else since
        rows.append(
            Desk(window, "idle" if idle else window.state, ticket, max(0, int((at - begun).total_seconds() // 60)))
        )
    return rows


def alarms(hall: Hall) -> list[HallAlarm]:
    """What rings now, the worst first; of one queue only the highest threshold that it has passed."""
    return _worst(HallAlarm.objects.select_related("category").filter(hall=hall, ended_at__isnull=True))


def ringing_for(officer: Officer) -> list[HallAlarm]:
    """What rings now in the halls that this officer supervises."""
    if queries_supervisors.SUPERVISOR not in officer.roles:
        return []
    rows = HallAlarm.objects.select_related("category", "hall").filter(ended_at__isnull=True)
    mine = queries_supervisors.bound_to(officer)
    return _worst(rows if mine is None else rows.filter(hall__in=mine))


def _worst(rows: QuerySet[HallAlarm]) -> list[HallAlarm]:
    found: dict[tuple[int, int], HallAlarm] = {}
    for row in rows.order_by("-minutes", "id")[:200]:
        found.setdefault((row.hall_id, row.category_id), row)
    return list(found.values())


def offer_elsewhere(hall: Hall, category: Category, at: datetime, known: Any = None) -> bool:
    """Whether who takes a number of this queue now is told of quicker ways: a virtual window, a terminal, an appointment."""
    estimate = known or queries_tickets.estimate(hall, category, at)
    limit = queries_tickets.rules(hall)["offer_elsewhere_minutes"]
    return estimate.minutes is None or estimate.minutes > limit


def plan_of(
    simulated: Mapping[str, Any], base: tuple[Staff, ...], walk: float
) -> tuple[simulating.Plan, simulating.Plan]:
    """The two ways of running the hall that a question compares: as it is (or with counters of single departments), and as asked."""
    more = tuple(
        Staff(one["kind"], float(one["begins"]), float(one["ends"]), int(one["windows"]))
        for one in simulated.get("more", ())
        if one["windows"] > 0
    )
    fewer = [one for one in simulated.get("more", ()) if one["windows"] < 0]
    asked = base
    for one in fewer:
        asked = _without(asked, one["kind"], float(one["begins"]), float(one["ends"]), -int(one["windows"]))
    times = float(simulated.get("times", 1.0))
    dedicated, general = int(simulated.get("dedicated", 0)), int(simulated.get("general", 0))
    if general:
        asked = _with_general(asked, general)
    first = simulating.Plan(staff=base, times=times if dedicated else 1.0, dedicated=dedicated, walk=walk)
    return first, simulating.Plan(staff=asked + more, times=times, walk=walk)


def _with_general(base: tuple[Staff, ...], windows: int) -> tuple[Staff, ...]:
    own = [one for one in base if one.kind == simulating.GENERAL]
    others = tuple(one for one in base if one.kind != simulating.GENERAL)
    return others + tuple(Staff(one.kind, one.begins, one.ends, windows) for one in own)


def _without(base: tuple[Staff, ...], kind: str, begins: float, ends: float, windows: int) -> tuple[Staff, ...]:
    """Fewer windows of a kind for some hours: shifts are cut where the hours begin and end."""
    found: list[Staff] = []
    for one in base:
        if one.kind != kind or one.ends <= begins or one.begins >= ends:
            found.append(one)
            continue
        if one.begins < begins:
            found.append(Staff(kind, one.begins, begins, one.windows))
        left = max(0, one.windows - windows)
        if left:
            found.append(Staff(kind, max(one.begins, begins), min(one.ends, ends), left))
        if one.ends > ends:
            found.append(Staff(kind, ends, one.ends, one.windows))
    return tuple(found)
