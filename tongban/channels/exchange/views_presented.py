"""What a code of a holder opens: a licence shown from hand to hand, shared by link, or the state of a printed copy. No sign-in needed."""

import secrets

from django.conf import settings
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone
from tongban.journal.actors import Actor
from tongban.lib.problems import NotAllowed, Problem
from tongban.licences import presenting
from tongban.licences import services as licences
from tongban.licences.face_labels import label
from tongban.licences.models import LicenceOpening, LicencePresentation

CHECKER = "__Host-checker" if settings.HTTPS else "checker"
CHECKER_LASTS = 24 * 3600


def presented(request, token):
    """A code that was shown or printed opens at once. A share opens by a press: whoever previews a link has not looked."""
    row = presenting.found(token)
    if row is None:
        return _page(request, token, None, None, status=404)
    problem = presenting.why_not(row)
    if problem is not None or row.kind == LicencePresentation.Kind.SHARE:
        return _page(request, token, row, None, problem, status=problem.status if problem else 200)
    return _open(request, token, row)


@require_http_methods(["GET", "HEAD", "POST"])
@for_anyone
@never_cache
def open_shared(request, token):
    """The press: counted, written down for the holder, and shown once."""
    if request.method != "POST":
        return redirect("exchange:verify", token=token)
    row = presenting.found(token)
    if row is None:
        return _page(request, token, None, None, status=404)
    return _open(request, token, row)


def _open(request, token, row):
    opener, fresh = opener_of(request)
    try:
        opened, problem = presenting.open_it(row, opener=opener), None
    except NotAllowed as refused:
        opened, problem = None, refused
    response = _page(request, token, row, opened, problem, opener, status=problem.status if problem else 200)
    if fresh:
        response.set_cookie(CHECKER, fresh, max_age=CHECKER_LASTS, httponly=True, secure=settings.HTTPS, samesite="Lax")
    return response


def opener_of(request) -> tuple[presenting.Opener, str]:
    """An officer on duty, who is named to the holder; else this browser, told apart from others for a day by a number of its own."""
    officer = doorkeeper.officer(request)
    if officer is not None and doorkeeper.used_second_factor(request) and not doorkeeper.stood_still(request):
        actor = Actor(
            kind="officer", role=next(iter(officer.roles), ""), account=officer.account_id,
            department=officer.department.code, name=officer.staff_no,
        )  # fmt: skip
        by = LicenceOpening.By.OFFICER
        return presenting.Opener(by=by, key=f"officer:{officer.pk}", actor=actor, name=officer.staff_no), ""
    known = request.COOKIES.get(CHECKER, "")
    fresh = "" if 20 <= len(known) <= 60 else secrets.token_urlsafe(16)
    return presenting.Opener(
        by=LicenceOpening.By.ANYONE, key=f"browser:{fresh or known}", actor=licences.VERIFIER
    ), fresh


def _page(request, token, row, opened, problem: Problem | None = None, opener=None, *, status: int):
    kind = row.kind if row is not None else ""
    context = {
        "token": token,
        "row": row,
        "kind": kind,
        "licence": row.licence if row is not None else None,
        "opened": opened,
        "problem": problem,
        "by_officer": opener is not None and opener.by == LicenceOpening.By.OFFICER,
        "chosen": [label(row.licence.type.slug, name).text for name in row.fields] if kind == "share" else [],
    }
    return render(request, "exchange/presented.html", context, status=status)
