"""Go on with another device: the code and the number on the first one, the draft and nothing else on the second.

The second device is not signed in. What it carries is a cookie that opens one draft; every page of it asks anew whether it still may.
"""

import secrets

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases.carrying_states import CarryingState
from tongban.cases.models import CarriedDraft
from tongban.cases.services import carrying
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import CARRIED, for_anyone, for_carried, for_party, for_signed_in
from tongban.channels.pages import preparing
from tongban.channels.pages.live import stand_before
from tongban.channels.pages.preparing import Desk
from tongban.channels.portal import sign_in
from tongban.channels.portal.views_applying import open_or_leave
from tongban.lib import qr
from tongban.lib.problems import Invalid

HELD = "carrying"
PURPOSE = "own application, second device"


# -- the device that shows the code


@require_GET
@never_cache
@for_party
@open_or_leave
def device(request, party, case):
    """The code, then the number of the device that brought it, then the device at work."""
    return _device_page(request, party, case)


def _device_page(request, party, case, *, problem=None):
    now = timezone.now()
    stand_before(request, case.subject)
    row = case.carried.exclude(state=CarryingState.ENDED).first()
    row = None if row is None or carrying.is_over(row, now) else row
    held = request.session.get(HELD) or {}
    here = row is not None and held.get("row") == row.pk
    code = held.get("code", "") if here and row.state == CarryingState.OFFERED else ""
    last = case.carried.filter(state=CarryingState.ENDED).order_by("-id").first() if row is None else None
    address = f"{settings.PUBLIC_URL}{reverse('portal:go_on')}"
    context = {
        "case": case,
        "version": case.version,
        "party": party,
        "row": row,
        "here": here,
        "code": code,
        "picture": qr.svg(f"{address}#{code}", title=_("Scan this with the other device")) if code else "",
        "address": address.partition("://")[2],
        "over": last.why if last is not None and last.pk == held.get("row") else "",
        "before": list(case.carried.filter(opened_at__isnull=False, state=CarryingState.ENDED).order_by("-id")[:10]),
        "problem": problem,
        "errors": problem.errors if problem else {},
    }
    return render(request, "portal/carried/device.html", context, status=422 if problem else 200)


@require_POST
@for_party
@open_or_leave
def code(request, party, case):
    """A new code; what was let in before is out."""
    secret = request.session.get(HELD, {}).get("secret") or secrets.token_urlsafe(24)
    row, shown = carrying.offer(case, account=request.user, session=secret)
    request.session[HELD] = {"row": row.pk, "code": shown, "secret": secret}
    return redirect("portal:apply_device", ref=case.ref)


@require_POST
@for_party
@open_or_leave
def confirm(request, party, case, pk):
    """The number on the new device, typed here."""
    row = get_object_or_404(case.carried, pk=pk)
    try:
        carrying.let_in(
            row,
            number=request.POST.get("number", ""),
            account=request.user,
            session=request.session.get(HELD, {}).get("secret", ""),
        )
    except Invalid as problem:
        return _device_page(request, party, case, problem=problem)
    messages.success(request, _("The device is let in. It can work in this application and nowhere else."))
    return redirect("portal:apply_device", ref=case.ref)


@require_POST
@for_party
@open_or_leave
def end(request, party, case, pk):
    """At once: from the next click on nothing opens there."""
    row = get_object_or_404(case.carried, pk=pk)
    carrying.end(row, why="here", actor=doorkeeper.actor_of(request))
    return redirect("portal:apply_device", ref=case.ref)


@require_POST
@for_signed_in
def end_from_account(request, account, pk):
    """The same from the list of devices, whatever became of the draft."""
    row = get_object_or_404(CarriedDraft.objects.filter(account=account).select_related("case"), pk=pk)
    carrying.end(row, why="here", actor=doorkeeper.actor_of(request))
    messages.success(request, _("That device is out."))
    return redirect("account_security")


# -- the other device


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_anyone
def go_on(request):
    """Where the QR leads: the code stands behind the # of the address, which no server sees; pressing the button uses it."""
    problem = None
    if request.method == "POST":
        try:
            device_words = sign_in.words_for(request.headers.get("user-agent", ""))
            _row, token = carrying.scan(request.POST.get("code", ""), device=device_words)
            response = redirect("portal:go_on_wait")
            response.set_cookie(
                CARRIED,
                token,
                max_age=int(carrying.LONGEST.total_seconds()),
                httponly=True,
                secure=settings.HTTPS,
                samesite="Lax",
            )
            return response
        except Invalid as refused:
            problem = refused
    context = {"problem": problem, "errors": problem.errors if problem else {}, "over": request.GET.get("over") == "1"}
    return render(request, "portal/carried/go_on.html", context, status=422 if problem else 200)


@require_GET
@never_cache
@for_anyone
def wait(request):
    """Whose application it is, as far as the person must know it, and the number to type where it began."""
    row = carrying.waiting_or_at_work(request.COOKIES.get(CARRIED, "")[:100])
    if row is None:
        return _forgotten(redirect(f"{reverse('portal:go_on')}?over=1"))
    elderly = row.state == CarryingState.OPEN and "edition" not in request.COOKIES and row.account.edition == "elderly"
    if elderly:
        request.COOKIES["edition"] = "elderly"
    context = {"row": row, "case": row.case, "version": row.case.version}
    response = render(request, "portal/carried/wait.html", context)
    if elderly:  # for these pages and until the browser is closed: a terminal belongs to everybody
        response.set_cookie(
            "edition", "elderly", path=reverse("portal:go_on"), secure=settings.HTTPS, httponly=True, samesite="Lax"
        )
    return response


def _forgotten(response):
    response.delete_cookie(CARRIED, samesite="Lax")
    return response


def _desk(row: CarriedDraft) -> Desk:
    def at(name: str, *args) -> str:
        return reverse(f"portal:go_on_{name}", args=args)

    return Desk(
        base="portal/carried/frame.html",
        at=at,
        purpose=PURPOSE,
        account=row.account,
        carried=row.pk,
        more={"row": row, "leave_at": at("leave")},
    )


def _step(view, *methods):
    def opened(request, row, *args, **kwargs):
        return view(request, _desk(row), row.case, *args, **kwargs)

    opened.__name__, opened.__doc__ = view.__name__, view.__doc__
    return require_http_methods(methods or ["GET", "HEAD", "POST"])(never_cache(for_carried(opened)))


def _check(request, desk, case):
    """All answers as they stand; signing is for the device where it began."""
    return preparing.check(request, desk, case, "portal/carried/check.html")


go_on_situation = _step(preparing.situation)
go_on_form = _step(preparing.form)
go_on_save = _step(preparing.autosave, "POST")
go_on_materials = _step(preparing.materials, "GET", "HEAD")
go_on_material = _step(preparing.material, "POST")
go_on_check = _step(_check, "GET", "HEAD")


@require_POST
@for_carried
def leave(request, row):
    """Done here: this device forgets it."""
    carrying.end(row, why="there", actor=doorkeeper.actor_of(request))
    return _forgotten(redirect(f"{reverse('portal:go_on')}?over=1"))
