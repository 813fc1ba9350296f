"""Where a hall is kept: its page and week, days with other hours, a move, windows and shifts, machines; and halls from a file."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages import hall_drawing
from tongban.channels.pages.look import query_string
from tongban.departments.models import Officer
from tongban.halls import hours, queries_appointments, queries_supervisors
from tongban.halls import queries_places as queries
from tongban.halls.models import Hall, HallLevel, MachineKind, WindowKind
from tongban.halls.places_words import FACILITIES
from tongban.halls.services import importing, places, supervisors
from tongban.lib.problems import Invalid

PAGES = require_http_methods(["GET", "HEAD", "POST"])
LOOKS = (*places.KEEPERS, "auditor")
WEEKDAYS = [
    ("0", gettext_lazy("Monday")), ("1", gettext_lazy("Tuesday")), ("2", gettext_lazy("Wednesday")), ("3", gettext_lazy("Thursday")), ("4", gettext_lazy("Friday")),
    ("5", gettext_lazy("Saturday")), ("6", gettext_lazy("Sunday")),
]  # fmt: skip


@require_GET
@for_officer(*LOOKS)
def halls(request, officer):
    """Every hall, to be opened and kept."""
    words, level = request.GET.get("q", "")[:200].strip(), request.GET.get("level", "")
    level = level if level in HallLevel.values else ""
    before, _colon, code = request.GET.get("after", "").partition(":")
    after = (before, code[:60]) if before in HallLevel.values and code else None
    rows = list(queries.halls(words=words, level=level, after=after)[: queries.PAGE + 1])
    more = rows[queries.PAGE - 1] if len(rows) > queries.PAGE else None
    now = timezone.now()
    openings = hours.Openings.now(rows, now)
    context = {
        "officer": officer,
        "words": words,
        "level": level,
        "levels": HallLevel.choices,
        "rows": [(row, openings.is_open(row, now)) for row in rows[: queries.PAGE]],
        "next": query_string(request.GET, after=f"{more.level}:{more.code}") if more else "",
    }
    return render(request, "office/halls/list.html", context)


@PAGES
@for_officer(*LOOKS)
def hall(request, officer, code):
    """One hall as it is kept; one act at a time."""
    row = queries.hall(code)
    if row is None:
        raise Http404
    errors: dict[str, list] = {}
    act = request.POST.get("act", "")
    if request.method == "POST":
        try:
            _act(request, row, act, officer)
            part = ANCHORS.get(act, "top")
            return redirect(f"{request.path}?part={part}#{part}")
        except Invalid as invalid:
            errors = invalid.errors
    now = timezone.now()
    today = timezone.localdate(now)
    windows, machines = queries.windows(row), queries.machines(row)
    days = queries.exceptions(row, today)
    stranded = _stranded(row, today)
    context = {
        "officer": officer,
        "hall": row,
        "keeps": "coordinator" in officer.roles or queries_supervisors.supervises(officer, row),
        "names": "coordinator" in officer.roles,
        "supervisors": queries_supervisors.named(row),
        "may_be_named": queries_supervisors.may_be_named(row) if "coordinator" in officer.roles else [],
        "week": queries.week(row, today),
        "today": today,
        "days": [(one, ", ".join(one.hours), stranded.get(one.day, 0)) for one in days],
        "moves": queries.coming_moves(row),
        "windows": windows,
        "kinds": [(kind, label) for kind, label in WindowKind.choices if any(one.kind == kind for one in windows)],
        "all_kinds": WindowKind.choices,
        "machine_kinds": MachineKind.choices,
        "machines": machines,
        "broken": sum(not one.working for one in machines),
        "shifts": _shifts(row, today),
        "weekdays": WEEKDAYS,
        "plan": hall_drawing.floor_plan(row, windows, machines) if row.areas else None,
        "facilities": list(FACILITIES.items()),
        "chosen": request.POST.getlist("facilities") if errors and act == "change" else row.facilities or [],
        "typed": _as_typed(row) | (_said(request, PAGE_FIELDS) if errors and act == "change" else {}),
        "said": _said(request, SAID_FIELDS) if errors else dict.fromkeys(SAID_FIELDS, ""),
        "part": ANCHORS.get(act, "") if errors else request.GET.get("part", ""),
        "errors": errors,
        "labels": LABELS,
    }
    return render(request, "office/halls/hall.html", context, status=422 if errors else 200)


ANCHORS = {"day": "days", "clear": "days", "cancel": "days", "move": "move", "drop": "move", "windows": "windows",
           "supervisor": "supervisors", "drop_supervisor": "supervisors", "every_hall": "supervisors", "reserve": "windows", "shift": "shifts", "drop_shift": "shifts", "working": "machines", "machines": "machines"}  # fmt: skip
LABELS = {
    "workdays": gettext_lazy("Working days"), "saturday": gettext_lazy("Saturday"), "sunday": gettext_lazy("Sunday"), "stop_minutes": gettext_lazy("Last number"),
    "day": gettext_lazy("Day"), "hours": gettext_lazy("Hours"), "reason_zh": gettext_lazy("Reason"), "on": gettext_lazy("Day"), "address_zh": gettext_lazy("New address"),
    "lat": gettext_lazy("Latitude"), "lng": gettext_lazy("Longitude"), "kind": gettext_lazy("Kind"), "count": gettext_lazy("How many"), "windows": gettext_lazy("Windows"),
    "begins": gettext_lazy("From when"), "weekday": gettext_lazy("Day of the week"),
}  # fmt: skip


PAGE_FIELDS = (*hours.WEEK, "stop_minutes", "phone", "notice_zh", "notice_en")
SAID_FIELDS = ("day", "hours", "reason_zh", "reason_en", "on", "address_zh", "address_en", "lat", "lng")


def _said(request, fields) -> dict[str, str]:
    """What was typed, to be put right."""
    return {name: request.POST.get(name, "")[:500] for name in fields}


def _as_typed(row: Hall) -> dict[str, str]:
    week = {name: ", ".join(row.hours.get(name) or []) for name in hours.WEEK}
    notice = {"notice_zh": row.notice.get("zh", ""), "notice_en": row.notice.get("en", "")}
    return {**week, **notice, "stop_minutes": str(row.stop_minutes), "phone": row.phone}


def _stranded(row: Hall, today: date) -> dict[date, int]:
    """How many bookings of a day lie at hours at which the hall is closed now."""
    counted: dict[date, int] = {}
    for one in queries_appointments.outside_hours(row, today, today + timedelta(days=hours.LOOK_AHEAD)):
        day = timezone.localdate(one.begins_at)
        counted[day] = counted.get(day, 0) + 1
    return counted


def _shifts(row: Hall, today: date) -> list:
    rows = row.shifts.order_by("day", "weekday", "begins", "kind", "pk")
    return [one for one in rows if one.day is None or one.day >= today]


def _act(request, row: Hall, act: str, officer) -> None:
    said = request.POST
    if act == "change":
        places.change(row, said, said.getlist("facilities"), officer=officer)
        messages.success(request, _("Saved. The hall's page says so from now on."))
    elif act == "day":
        places.enter_day(row, said, officer=officer)
    elif act == "clear":
        places.clear_day(row, _given_day(said.get("day", "")), officer=officer)
    elif act == "cancel":
        count = places.cancel_stranded(row, _given_day(said.get("day", "")), officer=officer)
        said_so = ngettext(
            "%(n)s booking was cancelled and its holder told.",
            "%(n)s bookings were cancelled and their holders told.",
            count,
        )
        messages.success(request, said_so % {"n": count})
    elif act == "move":
        places.plan_move(row, said, officer=officer)
        messages.success(request, _("Planned. Whoever has a booking after that day is told within minutes."))
    elif act == "drop":
        places.drop_move(get_object_or_404(row.moves, pk=_number(said.get("pk"))), officer=officer)
    elif act == "windows":
        places.add_windows(row, said.get("kind", ""), _number(said.get("count")), officer=officer)
    elif act == "reserve":
        window = get_object_or_404(row.windows, pk=_number(said.get("pk")))
        places.set_reserve(window, reserve=said.get("reserve") == "true", officer=officer)
    elif act == "shift":
        places.plan_shift(row, said, officer=officer)
    elif act == "drop_shift":
        places.drop_shift(get_object_or_404(row.shifts, pk=_number(said.get("pk"))), officer=officer)
    elif act == "working":
        machine = get_object_or_404(row.machines, pk=_number(said.get("pk")))
        places.set_working(machine, working=said.get("working") == "true", officer=officer)
    elif act in ("supervisor", "drop_supervisor", "every_hall"):
        who = get_object_or_404(Officer, pk=_number(said.get("officer")))
        {
            "supervisor": supervisors.name_for,
            "drop_supervisor": supervisors.drop,
            "every_hall": supervisors.for_every_hall,
        }[act](row, who, by=officer)
    elif act == "machines":
        places.add_machines(row, said.get("kind", ""), _number(said.get("count")), officer=officer)
    else:
        raise Http404


def _number(text: str | None) -> int:
    return int(text[:18]) if text and text.isascii() and text.isdigit() else 0


def _given_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None


@PAGES
@for_officer("coordinator")
def halls_import(request, officer):
    """A city's halls from a file: first looked through, every line that does not fit named; taken only when all fit."""
    found, problem = None, None
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise Invalid("no-file", errors={"file": [_("Choose a file.")]}, kept=importing.KEPT)
            content, name = file.read(importing.LARGEST_FILE + 1), file.name or ""
            found = importing.read(content, name)
            if not found.wrong and request.POST.get("act") == "take":
                happened = importing.take(content, name, actor=places.acting(officer))
                messages.success(
                    request,
                    _("%(halls)s halls came in, %(made)s of them new.")
                    % {"halls": happened.halls, "made": happened.made},
                )
                return redirect("office:halls")
        except Invalid as invalid:
            problem = invalid
    context = {
        "officer": officer,
        "found": found,
        "shown": found.wrong[:200] if found else [],
        "problem": problem,
        "errors": problem.errors if problem else {},
        "labels": {"file": _("File")},
        "columns": importing.COLUMNS,
        "refused": bool(problem or (found and found.wrong)),
    }
    return render(request, "office/halls/import.html", context, status=422 if context["refused"] else 200)


@require_GET
@for_officer("coordinator")
def halls_columns(request, officer):
    """The head of an empty table."""
    answer = HttpResponse("\ufeff" + ",".join(importing.COLUMNS) + "\r\n", content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="halls.csv"'
    return answer
