"""Round tables at the officers' side: planned for a booked visit, written at by several departments, ended with a letter."""

import secrets
from collections.abc import Callable
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages import round_table_page
from tongban.channels.pages.live import stand_before
from tongban.departments import queries as departments
from tongban.departments.models import Department, Officer
from tongban.halls import queries_round_tables as queries
from tongban.halls.models import Appointment, RoundTable, RoundTableTask, VisitKind
from tongban.halls.round_table_states import HOSTS, TableState
from tongban.halls.services import round_tables as services
from tongban.journal.actors import Actor
from tongban.lib import qr
from tongban.lib.problems import Invalid, NotAllowed
from tongban.lib.workdays import light

SIT = (*HOSTS, "dept_reviewer", "dept_approver", "inspector")
PURPOSE = "round table"


@require_GET
@for_officer(*SIT)
@never_cache
def round_tables(request, officer):
    """What comes, what one's department has to do after others, what is over. Nobody's name stands here."""
    now = timezone.now()
    today = timezone.localdate(now)
    context = {
        "officer": officer,
        "tables": list(queries.coming(officer, today)[:100]),
        "tasks": tasks_with_light(officer, today),
        "over": list(queries.over(officer, now)[:30]),
        "hosts": queries.hosts(officer),
        "today": today,
    }
    return render(request, "office/round_tables/list.html", context)


def tasks_with_light(officer: Officer, today: date) -> list[dict[str, Any]]:
    """What round tables gave to this officer's department, each with the colour of its day; also on the page of tasks beside cases."""
    calendar = departments.calendar()
    return [
        {"row": row, "light": light(today, row.due_on, None, timezone.localdate(row.at), calendar)}
        for row in queries.tasks_of(officer)[:100]
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*HOSTS)
@never_cache
def round_table_new(request, officer, appointment):
    """The table of a booked round table: the place in the hall, what about, who comes."""
    row = get_object_or_404(
        Appointment.objects.select_related("hall", "category", "matter__department", "party"),
        pk=appointment,
        kind=VisitKind.ROUND_TABLE,
    )
    planned = queries.of_appointment(row)
    if planned is not None:
        return redirect("office:round_table", pk=planned.pk)
    problem: NotAllowed | Invalid | None = None
    if request.method == "POST":
        try:
            made = services.plan(
                row,
                room=request.POST.get("room", ""),
                about=request.POST.get("about", ""),
                departments=_departments(request.POST.getlist("departments")),
                officer=officer,
                actor=doorkeeper.actor_of(request),
            )
            messages.success(request, _("The round table is planned. The departments were told."))
            return redirect("office:round_table", pk=made.pk)
        except (NotAllowed, Invalid) as refused:
            problem = refused
    doorkeeper.reading(request, row.party_id or 0, PURPOSE, ["name"], row.subject)
    own = [row.matter.department.code] if row.matter is not None else []
    context = {
        "officer": officer,
        "row": row,
        "name": row.party.shown_name if row.party is not None else row.name,
        "matters": round_table_page.matters([one.slug for one in services.appointments.matters_of(row)]),
        "departments": [(one.code, one.shown_name) for one in Department.objects.order_by("code")],
        "typed": {
            "room": request.POST.get("room", ""),
            "about": request.POST.get("about", ""),
            "departments": request.POST.getlist("departments") if request.method == "POST" else own,
        },
        "problem": problem,
        "errors": getattr(problem, "errors", {}),
    }
    return render(request, "office/round_tables/new.html", context, status=problem.status if problem else 200)


def _departments(codes: list[str]) -> list[Department]:
    return list(Department.objects.filter(code__in=[code[:20] for code in codes[:40]]))


def _seen(officer: Officer, pk: int) -> RoundTable:
    return get_object_or_404(queries.visible_to(officer), pk=pk)


@require_GET
@for_officer(*SIT)
@never_cache
def round_table(request, officer, pk):
    return _page(request, officer, _seen(officer, pk))


def _page(request: HttpRequest, officer: Officer, row: RoundTable, problem: Any = None, act: str = "") -> HttpResponse:
    doorkeeper.reading(request, row.party_id or 0, PURPOSE, ["name", "notes", "tasks", "applications"], row.subject)
    stand_before(request, row.topic)
    row.refresh_from_db(fields=["state"])
    seats = list(row.seats.select_related("department", "officer"))
    at_work = row.state in services.AT_WORK
    sits = queries.sits(officer, row)
    asked = {one.department_id for one in seats}
    address = settings.PUBLIC_URL.rstrip("/") + reverse("portal:round_table_screen", args=[queries.screen_token(row)])
    may_host = queries.hosts(officer)
    may_begin = may_host and row.state == TableState.PLANNED
    on_its_day = timezone.localdate(row.begins_at) == timezone.localdate()
    context = {
        "officer": officer,
        "row": row,
        "name": _name(row),
        "matters": round_table_page.matters(row.matters),
        "seats": seats,
        "mine": next((one for one in seats if one.department_id == officer.department_id), None),
        "notes": list(row.notes.select_related("officer__department")),
        "tasks": [
            {
                "row": one,
                "may_finish": one.done_at is None and _may_finish(officer, row, one),
                "light": "grey"
                if one.done_at
                else light(timezone.localdate(), one.due_on, None, timezone.localdate(one.at), departments.calendar()),
            }
            for one in row.tasks.select_related("department", "done_by")
        ],
        "laid": list(row.laid.select_related("case__version", "case__department")),
        "at_work": at_work,
        "sits": sits and at_work,
        "hosts": may_host,
        "may_open": may_begin and on_its_day,
        "to_come": may_begin and not on_its_day,
        "may_end": may_host and row.state == TableState.OPEN,
        "today": timezone.localdate(),
        "address": address if at_work else "",
        "code": qr.svg(address, title=_("The shared screen, for the phone of the visitor")) if at_work else "",
        "who": [("", _("The visitor")), *((one.department.code, one.department.shown_name) for one in seats)],
        "others": [(one.code, one.shown_name) for one in Department.objects.order_by("code") if one.pk not in asked],
        "key": request.POST.get("key") or secrets.token_urlsafe(12),
        "problem": problem,
        "act": act,
        "errors": getattr(problem, "errors", {}),
        "typed": request.POST if problem is not None else {},
    }
    return render(request, "office/round_tables/table.html", context, status=problem.status if problem else 200)


def _name(row: RoundTable) -> str:
    if row.party is not None:
        return row.party.shown_name
    return row.appointment.name if row.appointment is not None else ""


def _may_finish(officer: Officer, row: RoundTable, task: RoundTableTask) -> bool:
    """A department's task by its own officers; the visitor's, where they cannot, by the staff of the hall."""
    return task.department_id == officer.department_id if task.department_id else queries.hosts(officer)


@require_POST
@for_officer(*SIT)
@never_cache
def round_table_act(request, officer, pk, move):
    """One act of whoever sits here. What was typed stands in the form again when it could not be done."""
    row = _seen(officer, pk)
    act = ACTS.get(move)
    if act is None or not queries.sits(officer, row) or (move in OF_HOSTS and not queries.hosts(officer)):
        raise Http404
    try:
        act(request, officer, row, doorkeeper.actor_of(request))
    except (NotAllowed, Invalid) as problem:
        row = _seen(officer, pk)
        return _page(request, officer, row, problem, move)
    return redirect(f"{reverse('office:round_table', args=[row.pk])}{AFTER.get(move, '')}")


def _note(request: HttpRequest, officer: Officer, row: RoundTable, actor: Actor) -> None:
    said = request.POST
    services.note(
        row,
        said.get("words", ""),
        internal=said.get("internal") == "1",
        officer=officer,
        key=said.get("key", "")[:60],
        actor=actor,
    )


def _task(request: HttpRequest, officer: Officer, row: RoundTable, actor: Actor) -> None:
    said = request.POST
    code = said.get("who", "")[:20]
    services.set_task(
        row,
        said.get("task", ""),
        department=get_object_or_404(Department, code=code) if code else None,
        due_on=_day(said.get("due_on", "")),
        officer=officer,
        actor=actor,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _end(request: HttpRequest, officer: Officer, row: RoundTable, actor: Actor) -> None:
    services.end(
        row,
        result=request.POST.get("result", ""),
        result_en=request.POST.get("result_en", ""),
        officer=officer,
        actor=actor,
    )
    messages.success(request, _("The letter is written. The visitor has it in the inbox; you can print it, too."))


ACTS: dict[str, Callable[[HttpRequest, Officer, RoundTable, Actor], object]] = {
    "note": _note,
    "task": _task,
    "end": _end,
    "open": lambda _request, _officer, row, actor: services.open_table(row, actor=actor),
    "join": lambda _request, officer, row, actor: services.join(row, officer=officer, actor=actor),
    "renew": lambda _request, _officer, row, actor: services.renew_screen(row, actor=actor),
    "room": lambda request, _officer, row, actor: services.move_to(row, request.POST.get("room", ""), actor=actor),
    "lay": lambda request, officer, row, actor: services.lay(
        row, request.POST.get("number", ""), officer=officer, actor=actor
    ),
    "ask": lambda request, _officer, row, actor: services.ask(
        row, get_object_or_404(Department, code=request.POST.get("department", "")[:20]), actor=actor
    ),
    "let-off": lambda request, _officer, row, actor: services.let_off(
        row, get_object_or_404(Department, code=request.POST.get("department", "")[:20]), actor=actor
    ),
}
OF_HOSTS = {"open", "end", "renew", "room", "ask", "let-off"}
AFTER = {"note": "#notes", "task": "#tasks", "lay": "#laid", "ask": "#seats", "let-off": "#seats", "join": "#seats"}


@require_POST
@for_officer(*SIT)
def round_table_task_done(request, officer, pk, task):
    """Done: on the table's own page, or from the list of tasks."""
    row = _seen(officer, pk)
    found = get_object_or_404(row.tasks.select_related("table__party", "table__hall"), pk=task)
    if not _may_finish(officer, row, found):
        raise Http404
    services.finish_task(found, actor=doorkeeper.actor_of(request), officer=officer)
    messages.success(request, _("Marked as done."))
    return redirect(doorkeeper.safe_next(request, reverse("office:round_table", args=[row.pk]) + "#tasks"))


@require_GET
@for_officer(*SIT)
def round_table_letter(request, officer, pk):
    row = _seen(officer, pk)
    if row.state != TableState.ENDED:
        raise Http404
    doorkeeper.reading(request, row.party_id or 0, PURPOSE, ["letter"], row.subject)
    return round_table_page.letter(row)
