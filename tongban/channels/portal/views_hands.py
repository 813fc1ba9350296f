"""Other hands: a code for somebody who helps, the code for a window, who works in it now, and the end of it at once."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases import queries as cases
from tongban.cases import services
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages import helping, preparing
from tongban.channels.pages.live import stand_before
from tongban.channels.portal.views_applying import open_or_leave
from tongban.lib import qr

BASE, NAMES = "base_portal.html", "portal:helping"
HELD = "help_code"


# -- the person's own side


@require_GET
@never_cache
@for_party
@open_or_leave
def hands(request, party, case):
    """How to get help: a window with the take-in code, or somebody with a code for an hour."""
    held = request.session.get(HELD) or {}
    stand_before(request, case.subject)
    invited = case.hands.filter(pk=held.get("hand"), taken_at__isnull=True, ended_at__isnull=True).first()
    valid = invited is not None and invited.code_until > timezone.now()
    where = f"{settings.PUBLIC_URL}{reverse('office:window')}?code={case.ref}"
    context = {
        "case": case,
        "version": case.version,
        "party": party,
        "code": qr.svg(where, title=_("Take-in code")) if case.number is None else "",
        "help_code": held.get("code", "") if valid else "",
        "invited": invited if valid else None,
        "at_work": list(cases.hands_at_work(case)),
        "before": list(cases.hands_of(case).filter(ended_at__isnull=False)[:20]),
    }
    return render(request, "portal/apply/hands.html", context)


@require_POST
@for_party
@open_or_leave
def invite(request, party, case):
    """A code for one helper. It stands on this device alone until somebody has used it."""
    hand, code = services.invite(case, account=request.user)
    request.session[HELD] = {"hand": hand.pk, "code": code}
    return redirect("portal:apply_hands", ref=case.ref)


@require_POST
@for_party
@open_or_leave
def ready(request, party, case):
    """My part is done: whoever signs is told."""
    name = case.applicant.shown_name
    if services.say_it_is_ready(case, account=request.user):
        messages.success(request, _("%(name)s is told that it waits for a signature.") % {"name": name})
    else:
        words = _(
            "%(name)s has no account here: at any window they sign with the identity document, and the draft is there."
        )
        messages.info(request, words % {"name": name})
    return redirect("portal:apply_check", ref=case.ref)


@require_POST
@for_party
@open_or_leave
def end(request, party, case, pk):
    """At once: from the next click on nothing opens for them."""
    hand = get_object_or_404(case.hands, pk=pk)
    services.stop(hand, by="person", actor=doorkeeper.actor_of(request))
    return redirect("portal:apply_hands", ref=case.ref)


# -- the helper's side


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_party
def lobby(request, party):
    return helping.lobby(request, base=BASE, names=NAMES)


def _step(view, *methods):
    opened = helping.at_work(view, base=BASE, names=NAMES)
    return require_http_methods(methods or ["GET", "HEAD", "POST"])(never_cache(for_party(opened)))


def _leave(request, desk, case):
    return helping.leave(request, desk, case, names=NAMES)


helping_situation = _step(preparing.situation)
helping_form = _step(preparing.form)
helping_save = _step(preparing.autosave, "POST")
helping_materials = _step(preparing.materials, "GET", "HEAD")
helping_material = _step(preparing.material, "POST")
helping_check = _step(helping.check, "GET", "HEAD")
helping_leave = _step(_leave, "POST")
