"""Computers of a hall's self-service section: which hours are free, one for oneself, given back."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.halls import hours
from tongban.halls import queries_places as places
from tongban.halls.models import Hall
from tongban.halls.services import computers

PAGES = require_http_methods(["GET", "HEAD", "POST"])


@PAGES
@for_party
def hall_computers(request, party, code):
    """Hours of the coming days with what is free, the computers now, and one's own."""
    hall = places.hall(code)
    machines = computers.computers(hall) if hall is not None else []
    if hall is None or not machines:
        raise Http404
    if request.method == "POST":
        _act(request, party, hall)
        return redirect("portal:hall_computers", code=hall.code)
    now = timezone.now()
    today = timezone.localdate(now)
    days = [today + timedelta(days=place) for place in range(computers.DAYS_AHEAD)]
    openings = hours.Openings([hall], days[0], days[-1])
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    taken = computers.taken(machines, midnight, midnight + timedelta(days=len(days)))
    working = [one for one in machines if one.working]
    own = computers.of_party(party, hall, now)
    mine = {row.begins_at for row in own}
    busy_now = {machine for machine, begins in taken if begins <= now < begins + computers.HOUR}
    doorkeeper.reading(request, party, "own reservations", ["computer_hours"])
    context = {
        "hall": hall,
        "machines": [(one, one.pk in busy_now) for one in machines],
        "free_now": sum(one.pk not in busy_now for one in working),
        "own": own,
        "most": computers.A_DAY_AT_MOST,
        "days": [
            (day, [_hour(at, working, taken, mine) for at in _still(hall, openings.spans(hall, day), day, now)])
            for day in days
        ],
    }
    return render(request, "portal/halls/computers.html", context)


def _still(hall: Hall, spans: list[hours.Span], day, now) -> list:
    """Hours of a day that can still be had."""
    return [at for at in computers.hours_of_day(hall, day, spans) if now <= at + computers.HOUR - computers.WORTH_IT]


def _hour(at, working, taken, mine) -> dict:
    free = sum((one.pk, at) not in taken for one in working)
    return {"at": at, "ends": at + computers.HOUR, "free": free, "mine": at in mine}


def _act(request, party, hall: Hall) -> None:
    actor = doorkeeper.actor_of(request)
    if request.POST.get("act") == "give_back":
        number = request.POST.get("hour", "")[:18]
        rows = [row for row in computers.of_party(party, hall, timezone.now()) if str(row.pk) == number]
        if rows and computers.give_back(rows[0], actor=actor):
            messages.success(request, _("Given back. Somebody else can have it now."))
        return
    try:
        at = parse_datetime(request.POST.get("at", "")[:40])
    except ValueError:
        at = None
    if at is None or timezone.is_naive(at):
        raise Http404
    row = computers.reserve(hall, at, party=party, actor=actor)
    begins = timezone.localtime(row.begins_at)
    messages.success(
        request,
        _("Computer %(number)s is yours from %(hour)s for an hour.")
        % {"number": row.machine.number, "hour": f"{begins:%H:%M}"},
    )
