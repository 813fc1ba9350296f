"""Public screens in a hall, opened by their key: called numbers, how long one waits, in an emergency what to do."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_GET

from tongban.channels.doorkeeper import for_anyone
from tongban.channels.portal import screen_words
from tongban.channels.portal.screen_words import both
from tongban.channels.portal.views_tickets import in_threes
from tongban.halls import queries_appointments as bookings
from tongban.halls import queries_places, queries_screens
from tongban.halls.models import Hall, Machine, MachineKind
from tongban.lib import qr


def _machine(key: str) -> Machine:
    found = queries_screens.machine(key, MachineKind.SCREEN)
    if found is None:
        raise Http404
    return found


def state(hall: Hall, *, names: bool = False) -> dict[str, Any]:
    """What `portal/screens/_state.html` draws."""
    screen = queries_screens.of_hall(hall, names=names)
    return {
        "screen": screen,
        "calls": [(call, screen_words.spoken(call.label, call.window)) for call in screen.calls],
        "arrival": in_threes(bookings.arrival_code(hall, timezone.localdate(screen.at))),
        "what_to_do": screen_words.what_to_do(screen.emergency.kind) if screen.emergency else None,
    }


@require_GET
@for_anyone
def screen(request, key):
    """The page of one screen. Its script fetches the state whole with every call and after every break of the line."""
    row = _machine(key)
    queries_screens.note_seen(row, timezone.now())
    address = settings.PUBLIC_URL.rstrip("/") + f"/halls/{row.hall.code}/"
    context = {
        "machine": row,
        "hall": row.hall,
        "address": address,
        "code": qr.svg(address, title=str(screen_words.SAID["phone"])),
        "lounge": bool(row.plays.get("lounge")),
        "pages": [
            {name: page.get(name) or {} for name in ("kind", "title", "text")} for page in row.plays.get("pages", ())
        ],
        "voice": {name: both(screen_words.SAID[name]) for name in ("voice_on", "voice_off")},
        "lost": both(screen_words.SAID["lost"]),
        **state(row.hall, names=True),
    }
    return _not_kept(render(request, "portal/screens/screen.html", context))


@require_GET
@for_anyone
def screen_now(request, key):
    """The state alone. A screen names the version that it was told of: who asks for the same within a second gets the same answer."""
    row = _machine(key)
    queries_screens.note_seen(row, timezone.now())
    answer = _not_kept(render(request, "portal/screens/_state.html", {"hall": row.hall, **state(row.hall, names=True)}))
    if request.GET.get("v", "").isdigit():
        request.META["tongban.ready"] = "portal:screen_now"
    return answer


@require_GET
@for_anyone
def hall_live(request, code):
    """The live numbers of a hall for a page at home: how long one waits, which windows are open, whom they call. No names."""
    found = queries_places.hall(code)
    if found is None:
        raise Http404
    return _not_kept(
        render(request, "portal/halls/_live.html", {"hall": found, "live": queries_screens.of_hall(found)})
    )


def _not_kept(answer: HttpResponse) -> HttpResponse:
    """A screen that goes back a page, or a proxy, must not show yesterday's call."""
    patch_cache_control(answer, no_store=True)
    return answer
