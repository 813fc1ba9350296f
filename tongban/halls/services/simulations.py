"""Simulations that a supervisor asks for: worked out by the worker, a few days an errand, so that progress shows and a restart loses little."""

from datetime import date
from functools import lru_cache
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.moving import acting
from tongban.departments.models import Officer
from tongban.halls import events, queries_figures, simulating
from tongban.halls.models import Hall, SimulationRun, WindowKind
from tongban.halls.services.supervisors import must_supervise
from tongban.journal import services as journal
from tongban.lib.problems import Invalid, NotAllowed

log = structlog.get_logger("tongban.halls")

RUN = "halls.simulate"
SLICE = 5  # days an errand, of each side
DAYS = 40
DEPARTMENTS = 20  # that had counters of their own, where tickets do not tell
SEED = 20261122
MOST_WINDOWS = 120
ASKS = ("supervisor", "coordinator")


def ask(hall: Hall, *, officer: Officer, question: dict[str, Any], days: int = DAYS) -> SimulationRun:
    """`question`: weekday, times (of the demand), more [{kind, begins, ends, windows}] in minutes since midnight, windows below zero for
    fewer; dedicated and general: so many counters of single departments against so many comprehensive windows."""
    if not set(ASKS) & set(officer.roles):
        raise NotAllowed("not-the-supervisor", _("Only the supervisor of halls does this."), status=403)
    if "coordinator" not in officer.roles:
        must_supervise(officer, hall)
    clean = _understood(hall, question)
    with transaction.atomic():
        row = SimulationRun.objects.create(hall=hall, asked_by=officer, question=clean, days=days)
        role = next(role for role in ASKS if role in officer.roles)
        journal.record(events.SimulationAsked(simulation=row.pk), subject=hall.subject, actor=acting(officer, role))
        journal.enqueue(RUN, simulation=row.pk)
    return row


def _understood(hall: Hall, question: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, list] = {}
    weekday = int(question.get("weekday", 0))
    if not 0 <= weekday <= 6 or not queries_figures.staff(hall, weekday):
        errors["weekday"] = [_("No windows are planned on this day of the week.")]
    times = float(question.get("times", 1.0))
    if not 0.2 <= times <= 3:
        errors["times"] = [_("Demand is between 20 and 300 percent of the usual.")]
    more = []
    for one in question.get("more", ()):
        begins, ends, windows = float(one["begins"]), float(one["ends"]), int(one["windows"])
        if one["kind"] not in WindowKind.values:
            errors["kind"] = [_("Please choose a kind of window from the list.")]
        elif not 0 <= begins < ends <= 24 * 60:
            errors["ends"] = [_("The hours end after they begin.")]
        elif abs(windows) > MOST_WINDOWS:
            errors["windows"] = [_("That is more windows than a hall has.")]
        elif windows:
            more.append({"kind": one["kind"], "begins": begins, "ends": ends, "windows": windows})
    dedicated, general = int(question.get("dedicated") or 0), int(question.get("general") or 0)
    if dedicated and not DEPARTMENTS <= dedicated <= 2 * MOST_WINDOWS:
        errors["dedicated"] = [_("Between 20 and 240 counters: each of 20 departments has one at least.")]
    if general and not 1 <= general <= MOST_WINDOWS:
        errors["general"] = [_("That is more windows than a hall has.")]
    if not errors and not more and times == 1.0 and not dedicated and not general:
        errors["windows"] = [_("Nothing differs from how the hall is run. Change windows, hours or demand.")]
    if errors:
        raise Invalid("simulation", _("This cannot be simulated yet."), errors=errors)
    return {"weekday": weekday, "times": times, "more": more, "dedicated": dedicated, "general": general}


@lru_cache(maxsize=4)
def _usual(hall: int, weekday: int, day: date) -> queries_figures.Usual:
    """What is known of the days before does not change while one question is worked out, and reading thousands of tickets takes a second."""
    return queries_figures.usual(Hall.objects.get(pk=hall), weekday, day)


@journal.carrier(RUN, slow=True)
def run(simulation: int, slice: int = 0) -> None:
    """A slice of days, then the next errand. The same slice twice writes the same."""
    row = SimulationRun.objects.select_related("hall").filter(pk=simulation, ended_at__isnull=True).first()
    if row is None or len(row.samples.get("as_is", ())) != slice * SLICE:
        return
    if slice == 0:
        _usual.cache_clear()
    known = _usual(row.hall_id, row.question["weekday"], timezone.localdate(row.asked_at))
    base = queries_figures.staff(row.hall, row.question["weekday"])
    one, other = queries_figures.plan_of(row.question, base, known.walk)
    lines = simulating.shares(DEPARTMENTS, known.demand.lines)
    samples = {"as_is": list(row.samples.get("as_is", ())), "asked": list(row.samples.get("asked", ()))}
    most = max(one.times, other.times)
    for day in range(slice * SLICE, min((slice + 1) * SLICE, row.days)):
        for name, plan in (("as_is", one), ("asked", other)):
            coming = simulating.visitors(known.demand, known.queues, times=plan.times, most=most, seed=SEED + day)
            samples[name].append(simulating.sample(simulating.live_through(plan, known.queues, coming, lines)))
    done = len(samples["as_is"])
    with transaction.atomic():
        held = SimulationRun.objects.select_for_update().get(pk=row.pk)
        if held.done != slice * SLICE * 2:
            return  # somebody was faster
        held.samples, held.done = samples, done * 2
        held.source = {
            "days": known.days, "tickets": known.tickets, "assumed": known.assumed, "walk": round(known.walk, 2),
            "departments": len(known.demand.lines),
        }  # fmt: skip
        if done >= row.days:
            held.result = simulating.compare(samples["as_is"], samples["asked"])
            held.samples, held.ended_at = {}, timezone.now()
        else:
            journal.enqueue(RUN, simulation=row.pk, slice=slice + 1)
        held.save()
        journal.touch(held.topic)
