"""Helping somebody with a code from their device: prepare, never sign. The same pages for a neighbour and for an officer."""

import hashlib
from functools import wraps

from django.core.cache import cache
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.cases import queries as cases
from tongban.cases import services
from tongban.cases.models import Hand
from tongban.channels import doorkeeper
from tongban.channels.pages import preparing, whereabouts
from tongban.channels.pages.preparing import Desk
from tongban.lib.problems import Invalid, TooMany

TRIES, WITHIN = 10, 3600


def lobby(request, *, base: str, names: str, **more):
    """Whom one helps now, and the field for a code. `names`: where the pages of this channel lie, e.g. `portal:helping`."""
    problem = None
    if request.method == "POST":
        try:
            _take_a_try(request.user.pk)
            hand = services.take(request.POST.get("code", ""), actor=doorkeeper.actor_of(request), account=request.user)
            doorkeeper.reading(request, hand.case.applicant_id, "help", ["name"], about=hand.case.subject)
            return redirect(f"{names}_form", ref=hand.case.ref)
        except Invalid as refused:
            problem = refused
    context = {
        "base": base,
        "problem": problem,
        "errors": problem.errors if problem else {},
        "hands": [
            {"hand": hand, "href": reverse(f"{names}_form", args=[hand.case.ref])}
            for hand in cases.helped_by(request.user)
        ],
        "visit": None,
        **more,
    }
    return render(request, "pages/helping/lobby.html", context, status=422 if problem else 200)


def _take_a_try(account: int) -> None:
    """A code of eight letters that holds ten minutes is not guessed, and nobody gets enough tries to begin."""
    slot = hashlib.sha256(f"{account}:{int(timezone.now().timestamp() // WITHIN)}".encode()).hexdigest()[:32]
    cache.add(f"help:{slot}", 0, WITHIN)
    if cache.incr(f"help:{slot}") > TRIES:
        raise TooMany(
            "too-many-tries",
            _("Too many codes were tried."),
            next_step=_("Wait an hour, and let the person read the code out slowly."),
            retry_after=WITHIN,
        )


def at_work(view, *, base: str, names: str):
    """One's own help that goes on at this moment; any other draft, or one's own a second after its end, is not there."""

    @wraps(view)
    def opened(request, standing, ref, *args, **kwargs):
        hand = cases.helped_by(request.user).filter(case__ref=ref).first()
        if hand is None:
            raise Http404
        more = {"officer": standing, "visit": None} if hasattr(request, "officer") else {}
        desk = _desk(hand, base, names, more)
        return view(request, desk, hand.case, *args, **kwargs)

    return opened


def _desk(hand: Hand, base: str, names: str, more: dict) -> Desk:
    def at(name: str, *args) -> str:
        return reverse(f"{names}_{name}", args=[hand.case.ref, *args])

    place = whereabouts.of(hand.case)
    labels = dict(preparing.STEPS)
    shown = {
        "hand": hand,
        "leave_at": at("leave"),
        "place": {"label": labels.get(place.step, ""), "at": place.at} if place else None,
        "outer": base,
        **more,
    }
    return Desk(base="pages/helping/frame.html", at=at, purpose="help", covered=True, more=shown)


def check(request, desk: Desk, case):
    """All answers, covered where they are the person's own; how the person goes on from here."""
    return preparing.check(request, desk, case, "pages/helping/check.html")


def leave(request, desk: Desk, case, *, names: str):
    """The helper ends it."""
    services.stop(desk.more["hand"], by="helper", actor=doorkeeper.actor_of(request))
    return redirect(names)
