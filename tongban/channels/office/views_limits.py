"""Limits that came near or passed, until somebody says what happens; and the working calendar on which they all rest."""

from collections import Counter
from datetime import date

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases import clocks, services, time_spent
from tongban.cases import queries as cases
from tongban.cases.models import Escalation
from tongban.cases.states import ClockKind
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.views_queue import topics
from tongban.departments import calendars
from tongban.departments.services import put_right_a_day
from tongban.journal.actors import Actor
from tongban.lib.problems import Invalid, NotAllowed

LOOKED_AT, SHOWN = 500, 20  # limits of a preview: counted, and named one by one
TOLD = {ClockKind.DECISION_PROMISED, ClockKind.DECISION_STATUTORY, ClockKind.APPLICANT_CORRECTION}


@require_GET
@for_officer
def limits(request, officer):
    """What was brought before this officer and has no answer yet, the oldest first."""
    return _list(request, officer)


def _list(request, officer, problem=None, tried=None):
    after, today = request.GET.get("after", ""), timezone.localdate()
    rows, following = cases.brought_up(officer, after=int(after) if after.isascii() and after.isdigit() else 0)
    context = {
        "officer": officer,
        "rows": [
            {
                "row": row,
                "case": row.case,
                "person": row.case.applicant.kind == "person",
                "left": cases.days_left(row.case, until=row.clock.due) or (None if row.clock.due < today else 0),
                "typed": request.POST.get("answer", "") if row.pk == tried else "",
                "errors": problem.errors.get("answer", []) if row.pk == tried and isinstance(problem, Invalid) else [],
            }
            for row in rows
        ],
        "following": following,
        "problem": problem,
        "topics": topics([officer.department]),
    }
    return render(request, "office/limits.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer
def answer_limit(request, officer, pk):
    """Say what happens now."""
    row = get_object_or_404(Escalation.objects.select_related("case", "clock"), pk=pk)
    if not cases.is_brought_before(officer, row):
        raise Http404
    try:
        services.answer_escalation(row, officer=officer, answer=request.POST.get("answer", ""))
    except (Invalid, NotAllowed) as problem:
        return _list(request, officer, problem, tried=pk)
    return redirect("office:limits")


@require_http_methods(["GET", "POST"])
@for_officer("coordinator", "auditor", "supervisor")
def calendar(request, officer, year=None):
    """One year of working days. The coordinator puts a day right: first shown what moves, then done."""
    today = timezone.localdate()
    year = year or today.year
    if not 1990 <= year <= 2200:
        raise Http404
    problem, preview = None, None
    if request.method == "POST":
        if "coordinator" not in officer.roles:
            raise NotAllowed("not-yours", _("Only the coordinator puts the calendar right."), status=403)
        try:
            wanted = calendars.wanted(
                request.POST.get("day", ""), request.POST.get("kind", ""), request.POST.get("name", "")
            )
            if request.POST.get("sure") != "1":
                preview = _preview(wanted)
            else:
                put_right_a_day(
                    wanted,
                    source=request.POST.get("source", ""),
                    actor=Actor(
                        kind="officer", role="coordinator", account=officer.account_id,
                        department=officer.department.code, name=officer.staff_no,
                    ),
                )  # fmt: skip
                return redirect(f"{request.path}?done={wanted.day.isoformat()}")
        except (Invalid, NotAllowed) as found:
            problem = found
    shown = calendars.year(year)
    context = {
        "officer": officer,
        "year": year,
        "months": shown.months,
        "official": shown.official,
        "source": shown.source,
        "known": shown.known,
        "today": today,
        "done": _day(request.GET.get("done", "")),
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "typed": {name: request.POST.get(name, "") for name in ("day", "kind", "name", "source")},
        "preview": preview,
        "many": LOOKED_AT,
        "may": "coordinator" in officer.roles,
        "kinds": calendars.KINDS,
    }
    return render(request, "office/calendar.html", context, status=problem.status if problem else 200)


def _preview(wanted: calendars.Wanted) -> dict:
    """What the change would do, before anybody does it: limit by limit, and how many in which department. Nobody's name is read for it."""
    moves, all_of_them = clocks.would_move(wanted.day, calendars.as_if(wanted), LOOKED_AT)
    kinds = dict(calendars.KINDS)
    return {
        "wanted": wanted,
        "becomes": kinds[wanted.kind],
        "moves": moves[:SHOWN],
        "more": max(len(moves) - SHOWN, 0),
        "number": len(moves),
        "all_of_them": all_of_them,
        "departments": Counter(one.clock.case.department for one in moves).most_common(),
        "told": len({one.clock.case.parent_id or one.clock.case_id for one in moves if one.clock.kind in TOLD}),
        "passed": wanted.day < timezone.localdate(),
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def spent_on(row, *, told: bool) -> dict:
    """What a case's page says of time: with whom it was, on whose desk, and what was said about its limits."""
    return {
        "spent": time_spent.by_place(row),
        "desks": time_spent.by_desk(row),
        "limits": list(row.escalations.select_related("clock", "seen_by").order_by("-id")) if told else [],
    }
