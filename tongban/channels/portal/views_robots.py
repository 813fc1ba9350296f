"""The page of a guide robot: one asks in words and gets the matter, the window, the way on the floor plan and a number."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels.doorkeeper import for_anyone
from tongban.channels.pages import hall_drawing
from tongban.halls import queries_places, queries_robots, queries_screens, queries_tickets
from tongban.halls.models import Machine, MachineKind
from tongban.halls.queries_robots import Answer
from tongban.halls.services import tickets
from tongban.lib import qr
from tongban.lib.problems import Problem


def _robot(key: str) -> Machine:
    found = queries_screens.machine(key, MachineKind.ROBOT)
    if found is None:
        raise Http404
    return found


@require_GET
@never_cache
@for_anyone
def robot(request, key):
    """Asked in `q`; `to` is the answer whose way is shown."""
    return _page(request, _robot(key))


def _page(request, row: Machine, problem: Problem | None = None):
    now = timezone.now()
    queries_screens.note_seen(row, now)
    words = request.GET.get("q", "")[:200]
    found = queries_robots.answers(row.hall, words, now, get_language()) if words.strip() else []
    person = queries_robots.somebody(row.hall, now) if words.strip() and not found else None
    rows = found or ([person] if person else [])
    wanted = request.GET.get("to", "0")
    chosen = (
        rows[int(wanted)]
        if wanted.isdigit() and len(wanted) < 3 and int(wanted) < len(rows)
        else next(iter(rows), None)
    )
    ticket = queries_tickets.by_key(request.GET.get("ticket", "")[:24])
    if ticket is not None and ticket.hall_id != row.hall_id:
        ticket = None
    context: dict[str, Any] = {
        "robot": row,
        "hall": row.hall,
        "words": words,
        "answers": list(enumerate(rows)),
        "understood": bool(found),
        "chosen": chosen,
        "place": rows.index(chosen) if chosen in rows else 0,
        "ticket": ticket,
        "code": qr.svg(_slip(ticket.key), title=_("Your number on your phone")) if ticket else "",
        "problem": problem,
        "examples": [_("Residence permit"), _("Open a restaurant"), _("Social insurance card"), _("Collect my result")],
        **_drawn(row, chosen),
    }
    return render(request, "portal/robots/robot.html", context, status=problem.status if problem else 200)


def _slip(key: str) -> str:
    return settings.PUBLIC_URL.rstrip("/") + reverse("portal:ticket", args=[key])


def _drawn(row: Machine, chosen: Answer | None) -> dict[str, Any]:
    if not row.hall.areas:
        return {"plan": None, "way": ""}
    plan = hall_drawing.floor_plan(row.hall, queries_places.windows(row.hall), [row])
    target = chosen.target if chosen else None
    drawn = [(desk.number, (desk.x * 100 / plan.wide, desk.y * 100 / plan.high)) for desk in plan.desks]
    half = (hall_drawing.DESK_WIDE * 50 / plan.wide, hall_drawing.DESK_HIGH * 50 / plan.high)
    here = next(((one.x * 100 / plan.wide, one.y * 100 / plan.high) for one in plan.things), None)
    points = queries_robots.way(row.hall, row, target, windows=drawn, half=half, begin=here)
    spots = [(round(x * plan.wide / 100, 1), round(y * plan.high / 100, 1)) for x, y in points]
    return {
        "plan": plan,
        "way": "M" + "L".join(f"{x} {y}" for x, y in spots) if spots else "",
        "begin": spots[0] if spots else None,
        "end": spots[-1] if spots else None,
    }


@require_POST
@never_cache
@for_anyone
def robot_take(request, key):
    """A number for the queue that the robot named. What cannot be is said here, with the way on."""
    row = _robot(key)
    try:
        slug = request.POST.get("matter", "")[:100]
        version = queries_places.published(slug) if slug else None
        ticket = tickets.issue(
            row.hall,
            request.POST.get("for", "")[:2],
            actor=tickets.VISITOR,
            channel="robot",
            matter=version.matter if version else None,
            language=get_language() or "zh-hans",
            at=timezone.now(),
        )
    except Problem as problem:
        return _page(request, row, problem)
    asked = {"ticket": ticket.key, "q": request.POST.get("q", "")[:200], "to": request.POST.get("to", "0")[:2]}
    return redirect(f"{reverse('portal:robot', args=[row.key])}?{urlencode(asked)}")
