"""The supervisor's pages: a hall as it is now, what it will be, what other windows would do, and what its figures were."""

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages import hall_drawing
from tongban.channels.pages.live import stand_before
from tongban.departments.models import Officer
from tongban.halls import queries_figures, queries_places, queries_screens, queries_supervisors, queries_tickets
from tongban.halls.models import (
    EmergencyKind,
    Hall,
    HallEmergency,
    Machine,
    MachineKind,
    SimulationRun,
    Window,
    WindowKind,
)
from tongban.halls.services import simulations, supervising, windows
from tongban.halls.services.supervisors import refused
from tongban.halls.simulating import HALF_HOUR
from tongban.halls.window_states import WindowState
from tongban.lib.problems import Invalid

PAGES = require_http_methods(["GET", "HEAD", "POST"])
LOOKS = ("supervisor", "coordinator", "auditor")
CHOSEN = "hall"  # in the session
CHART_WIDE, CHART_HIGH, CHART_FOOT = 720, 240, 30
RUNS_SHOWN = 20
OFFERED = {
    "windows": "2", "kind": "general", "begins": "10:00", "ends": "12:00", "times": "100", "merge": "", "dedicated": "83", "general": "18",
}  # fmt: skip


def _hall(request) -> Hall:
    """The hall that was asked for, else the one looked at last, else where the officer sits, else the district's largest."""
    code = request.GET.get("hall", "")[:60]
    if code:
        found = queries_places.hall(code)
        if found is None:
            raise Http404
        if not _may_look(request.officer, found):
            raise refused()
        request.session[CHOSEN] = found.code
        return found
    found = queries_figures.hall_of(request.officer, request.session.get(CHOSEN, ""))
    if _may_look(request.officer, found):
        return found
    mine = queries_supervisors.bound_to(request.officer) or set()
    if (own := Hall.objects.filter(pk__in=mine, active=True).order_by("code").first()) is None:
        raise refused()
    return own


def _may_look(officer: Officer, row: Hall) -> bool:
    """Coordinators and auditors at every hall, supervisors at theirs: who sits where and whom they serve is seen here."""
    return bool({"coordinator", "auditor"} & set(officer.roles)) or queries_supervisors.supervises(officer, row)


def _without_halls(request, officer):
    """Where no hall is in the system yet, the page says so."""
    if queries_figures.supervised():
        return None
    return render(request, "office/no_hall.html", {"officer": officer})


def _halls(officer: Officer) -> list[tuple[str, str]]:
    mine = None if {"coordinator", "auditor"} & set(officer.roles) else queries_supervisors.bound_to(officer)
    if mine is not None:
        return [(one.code, one.shown_name) for one in Hall.objects.filter(pk__in=mine, active=True).order_by("code")]
    return [(one.code, one.shown_name) for one in queries_figures.supervised()]


@PAGES
@for_officer(*LOOKS)
def hall(request, officer):
    """Everything of a hall at a glance; one act at a time."""
    if (empty := _without_halls(request, officer)) is not None:
        return empty
    row = _hall(request)
    errors: dict[str, Any] = {}
    if request.method == "POST":
        try:
            done = _act(request, row, officer)
        except Invalid as invalid:
            errors = invalid.errors
        else:
            messages.success(request, done)
            # without what the address said of a place on the page: what was done is said at its top
            return redirect(f"{reverse('office:hall_now')}?hall={row.code}#")
    now = timezone.now()
    stand_before(request, row.topic)
    context = {
        "officer": officer,
        "hall": row,
        "halls": _halls(officer),
        "may_act": queries_supervisors.supervises(officer, row),
        "errors": errors,
        "kinds": EmergencyKind.choices,
        **_now(row, now),
    }
    if context["may_act"]:
        context |= {
            "free": supervising.free_officers(row),
            "closed": sorted(
                (one.window for one in context["desks"] if one.window.state == WindowState.CLOSED),
                key=lambda window: (not window.reserve, window.number),  # what is kept in reserve is offered first
            ),
            "occupied": [one for one in context["desks"] if one.window.officer_id and one.ticket is None],
            "screens": list(Machine.objects.filter(hall=row, kind=MachineKind.SCREEN)),
            "names": bool(queries_tickets.rules(row).get(queries_screens.NAMES)),
        }
    return render(request, "office/hall/now.html", context, status=422 if errors else 200)


def _now(row: Hall, now: datetime) -> dict[str, Any]:
    desks = queries_figures.desks(row, now)
    board = queries_tickets.board(row, now)
    rules = queries_tickets.rules(row)
    points, known = queries_figures.forecast(row, now)
    shown = [one.window for one in desks]
    for one in desks:
        one.window.state = one.looks  # on the plan a window that calls nobody looks paused
    plan = hall_drawing.floor_plan(row, shown, []) if row.areas else None
    states = {one.window.pk: one for one in desks}
    return {
        "board": board,
        "categories": [
            (
                one,
                "danger"
                if one.minutes is not None and one.estimate.minutes > rules["offer_elsewhere_minutes"]
                else "warning"
                if one.minutes is not None and one.estimate.minutes > rules["alert_minutes"]
                else "",
            )
            for one in board.categories
            if one.waiting or one.estimate.windows
        ],
        "desks": desks,
        "plan": plan,
        "states": states,
        "open": sum(one.shown == "open" for one in desks),
        "idle": sum(one.shown == "idle" for one in desks),
        "alarms": queries_figures.alarms(row),
        "emergency": queries_screens.emergency(row),
        "last_emergency": HallEmergency.objects.filter(hall=row, ended_at__isnull=False).first(),
        "forecast": _chart([(f"{timezone.localtime(point.at):%H:%M}", [point.waiting]) for point in points]),
        "points": points,
        "past": known,
    }


def _act(request, row: Hall, officer: Officer) -> str:
    act, given = request.POST.get("act", ""), request.POST
    if act == "stop":
        if not given.get("sure"):
            raise Invalid("sure", errors={"sure": [_("Tick the box: all windows of the hall stop at once.")]})
        supervising.stop_hall(row, kind=given.get("kind", ""), by=officer)
        return _("All windows are stopped. Screens say what to do.")
    if act == "go_on":
        supervising.go_on(row, by=officer)
        return _("The hall goes on.")
    if act == "open":
        window = _window(row, given.get("window", ""))
        supervising.open_for(window, officer=_officer(row, given.get("officer", "")), by=officer)
        return _("Window %(number)s is open.") % {"number": window.number}
    if act == "move":
        source, target = _window(row, given.get("source", "")), _window(row, given.get("target", ""))
        supervising.move_officer(source, target, by=officer)
        return _("Moved from window %(source)s to window %(target)s.") % {
            "source": source.number,
            "target": target.number,
        }
    if act == "close":
        window = _window(row, given.get("window", ""))
        windows.close_window(window, actor=supervising.as_supervisor(officer, row))
        return _("Window %(number)s is closed.") % {"number": window.number}
    if act == "names":
        supervising.set_names(row, shown=given.get("shown") == "1", by=officer)
        return _("Saved. Screens follow at once.")
    if act == "lounge":
        pk = given.get("machine", "")
        screen = get_object_or_404(
            Machine, hall=row, kind=MachineKind.SCREEN, pk=int(pk[:18]) if pk.isascii() and pk.isdigit() else 0
        )
        supervising.set_screen(screen, lounge=given.get("shown") == "1", by=officer)
        return _("Saved. Screens follow at once.")
    raise Http404


def _window(row: Hall, number: str) -> Window:
    if not (number.isascii() and number.isdigit()):
        raise Invalid("window", errors={"window": [_("Please choose a window.")]})
    return get_object_or_404(Window.objects.select_related("hall"), hall=row, number=int(number[:4]))


def _officer(row: Hall, pk: str) -> Officer:
    found = next((one for one in supervising.free_officers(row) if str(one.pk) == pk), None)
    if found is None:
        raise Invalid("officer", errors={"officer": [_("Please choose somebody who sits at no window.")]})
    return found


# -- figures


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


@require_GET
@for_officer(*LOOKS)
def figures(request, officer):
    """Waiting, walking, service, on the spot, one visit, no-show, error of estimates: of some days, each queue and each day."""
    if (empty := _without_halls(request, officer)) is not None:
        return empty
    row = _hall(request)
    today = timezone.localdate()
    last = min(_day(request.GET.get("until", ""), today), today)
    first = min(_day(request.GET.get("from", ""), last - timedelta(days=6)), last)
    found = queries_figures.report(row, first, last)
    goal = 15
    context = {
        "officer": officer,
        "hall": row,
        "halls": _halls(officer),
        "report": found,
        "goal": goal,
        "cut": (last - first).days >= queries_figures.LONGEST,
    }
    return render(request, "office/hall/figures.html", context)


# -- simulation


@PAGES
@for_officer(*LOOKS)
def simulation(request, officer):
    """What is asked, and what was asked before."""
    if (empty := _without_halls(request, officer)) is not None:
        return empty
    row = _hall(request)
    errors: dict[str, Any] = {}
    typed = request.POST
    today = timezone.localdate()
    if request.method == "POST":
        try:
            run = simulations.ask(row, officer=officer, question=_question(typed))
            return redirect("office:simulation_run", pk=run.pk)
        except Invalid as invalid:
            errors = invalid.errors
    known = queries_figures.usual(row, None, today)
    context = {
        "officer": officer,
        "hall": row,
        "halls": _halls(officer),
        "may_ask": bool(set(simulations.ASKS) & set(officer.roles)),
        "errors": errors,
        "typed": {
            name: typed.get(name, usual)[:20]
            for name, usual in (OFFERED | {"weekday": str(min(today.weekday(), 4))}).items()
        },
        "weekdays": _weekdays(),
        "window_kinds": [
            (value, label) for value, label in WindowKind.choices if value in {one.kind for one in row.windows.all()}
        ],
        "known": known,
        "runs": [(one, words_of(one)) for one in SimulationRun.objects.filter(hall=row)[:RUNS_SHOWN]],
    }
    return render(request, "office/hall/simulation.html", context, status=422 if errors else 200)


@require_GET
@for_officer(*LOOKS)
def simulation_run(request, officer, pk):
    """Both ways of running the hall side by side, once the worker is through; its progress until then."""
    run = get_object_or_404(SimulationRun.objects.select_related("hall", "asked_by"), pk=pk)
    if not _may_look(officer, run.hall):
        raise refused()
    stand_before(request, run.topic)
    run.refresh_from_db()
    result = run.result
    context = {
        "officer": officer,
        "run": run,
        "hall": run.hall,
        "halls": _halls(officer),
        "words": words_of(run),
        "total": run.steps,
        "sentence": _sentence(run) if result else "",
        "rows": _rows(result) if result else [],
        "chart": _both(result) if result else None,
        "categories": _by_category(result) if result else [],
    }
    return render(request, "office/hall/simulation_run.html", context)


def _question(typed) -> dict[str, Any]:
    def number(name: str, otherwise: int = 0) -> int:
        text = typed.get(name, "").strip().replace("−", "-")
        if not text:
            return otherwise
        try:
            return int(text[:6])
        except ValueError:
            raise Invalid(name, errors={name: [_("Please type a whole number.")]}) from None

    def minutes(name: str) -> int:
        hour, _sep, minute = typed.get(name, "").partition(":")
        if not (hour.isdigit() and minute[:2].isdigit()):
            raise Invalid(name, errors={name: [_("Please type a time like 10:00.")]})
        return int(hour[:2]) * 60 + int(minute[:2])

    question: dict[str, Any] = {"weekday": number("weekday"), "times": number("times", 100) / 100, "more": []}
    if count := number("windows"):
        question["more"].append(
            {"kind": typed.get("kind", ""), "begins": minutes("begins"), "ends": minutes("ends"), "windows": count}
        )
    if typed.get("merge"):
        question |= {"dedicated": number("dedicated"), "general": number("general")}
    return question


def _weekdays() -> list[tuple[str, str]]:
    return [
        ("0", _("Monday")), ("1", _("Tuesday")), ("2", _("Wednesday")), ("3", _("Thursday")), ("4", _("Friday")), ("5", _("Saturday")),
        ("6", _("Sunday")),
    ]  # fmt: skip


def _clock(minutes: float) -> str:
    return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}"


def words_of(run: SimulationRun) -> str:
    """What was asked, in words."""
    asked, said = run.question, []
    for one in asked.get("more", ()):
        kind = WindowKind(one["kind"]).label
        span = {
            "count": abs(one["windows"]),
            "kind": kind,
            "begins": _clock(one["begins"]),
            "ends": _clock(one["ends"]),
        }
        if one["windows"] > 0:
            said.append(
                ngettext(
                    "%(count)s more window (%(kind)s) from %(begins)s to %(ends)s",
                    "%(count)s more windows (%(kind)s) from %(begins)s to %(ends)s",
                    span["count"],
                )
                % span
            )
        else:
            said.append(
                ngettext(
                    "%(count)s window fewer (%(kind)s) from %(begins)s to %(ends)s",
                    "%(count)s windows fewer (%(kind)s) from %(begins)s to %(ends)s",
                    span["count"],
                )
                % span
            )
    if asked.get("dedicated"):
        said.append(
            _("%(general)s comprehensive windows instead of %(dedicated)s counters of single departments")
            % {"general": asked.get("general") or _("the planned"), "dedicated": asked["dedicated"]}
        )
    elif asked.get("general"):
        said.append(_("%(general)s comprehensive windows all day") % {"general": asked["general"]})
    if asked.get("times", 1.0) != 1.0:
        said.append(_("%(percent)s %% of the usual visitors") % {"percent": round(asked["times"] * 100)})
    return _(", ").join(said)


def _sentence(run: SimulationRun) -> str:
    """The answer in one line, with what it is worth."""
    result = run.result
    values = {
        "what": words_of(run),
        "before": _minutes(result["as_is"]["mean"]["value"]),
        "after": _minutes(result["asked"]["mean"]["value"]),
    }
    if result["sure"]:
        return _("%(what)s: the mean waiting time goes from %(before)s to %(after)s minutes.") % values
    return (
        _(
            "%(what)s: the mean waiting time is %(before)s minutes before and %(after)s after, and the difference may be chance."
        )
        % values
    )


def _minutes(value: float) -> str:
    return f"{value:.1f}"


def _rows(result: dict[str, Any]) -> list[dict[str, str]]:
    def minutes(one: dict[str, float]) -> str:
        return f"{one['value']:.1f} ± {one['give']:.1f}"

    def percent(one: dict[str, float]) -> str:
        return f"{one['value'] * 100:.0f} % ± {one['give'] * 100:.0f}"

    names = [
        ("mean", _("Mean waiting time, minutes"), minutes), ("p90", _("Nine of ten waited at most, minutes"), minutes),
        ("within", _("Called within 15 minutes"), percent), ("longest", _("Longest wait of a day, minutes"), minutes),
        ("busy", _("Share of time in which open windows had a visitor"), percent), ("over", _("Minutes after closing until the last had left"), minutes),
    ]  # fmt: skip
    rows = [
        {"label": label, "as_is": said(result["as_is"][name]), "asked": said(result["asked"][name])}
        for name, label, said in names
    ]
    for name, label in (("visitors", _("Visitors a day")), ("hours", _("Hours of open windows a day"))):
        rows.append({"label": label, "as_is": f"{result['as_is'][name]:.0f}", "asked": f"{result['asked'][name]:.0f}"})
    return rows


def _by_category(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    names = {one.code: one.shown_name for one in queries_tickets.categories().values()}
    one, other = result["as_is"]["by_category"], result["asked"]["by_category"]
    return [
        (
            f"{code} {names.get(code, '')}",
            _minutes(one[code]) if code in one else "–",
            _minutes(other[code]) if code in other else "–",
        )
        for code in sorted(set(one) | set(other))
    ]


def _both(result: dict[str, Any]) -> dict[str, Any] | None:
    one, other = result["as_is"]["by_half_hour"], result["asked"]["by_half_hour"]
    times = sorted({int(at) for at in one} | {int(at) for at in other})
    return _chart(
        [(_clock(at), [one.get(str(at), 0.0), other.get(str(at), 0.0)]) for at in times if at % HALF_HOUR == 0]
    )


def _chart(rows: list[tuple[str, list[float]]]) -> dict[str, Any] | None:
    """Bars for a template to draw: each row a group of as many bars as it has values."""
    if not rows:
        return None
    most = max(5.0, max(max(values) for _label, values in rows))
    step = CHART_WIDE / len(rows)
    wide = step * 0.72 / len(rows[0][1])
    bars, labels = [], []
    for place, (label, values) in enumerate(rows):
        for number, value in enumerate(values):
            high = value / most * (CHART_HIGH - CHART_FOOT - 24)
            x = place * step + step * 0.14 + number * wide
            bars.append({
                "x": round(x, 1), "y": round(CHART_HIGH - CHART_FOOT - high, 1), "w": round(wide * 0.92, 1), "h": round(max(high, 1.0), 1),
                "side": number, "value": f"{value:.0f}", "middle": round(x + wide * 0.46, 1), "over": round(CHART_HIGH - CHART_FOOT - high - 6, 1),
            })  # fmt: skip
        if len(rows) <= 10 or place % 2 == 0:
            labels.append({"x": round((place + 0.5) * step, 1), "words": label})
    return {"wide": CHART_WIDE, "high": CHART_HIGH, "base": CHART_HIGH - CHART_FOOT, "bars": bars, "labels": labels}
