"""Devices of a reader: a one-time code to enrol one, and one click that ends its key."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels.doorkeeper import actor_of, for_officer
from tongban.codes.models import Reader
from tongban.codes.services import enrolling
from tongban.codes.services.readers import REGISTRARS


def _context(officer, row: Reader, **more) -> dict:
    return {
        "officer": officer,
        "row": row,
        "keys": row.device_keys.order_by("-id"),
        "open": row.enrolments.filter(used_at__isnull=True, expires_at__gt=timezone.now()).first(),
        "may": bool(set(officer.roles) & set(REGISTRARS)),
        **more,
    }


def _named(ref: str) -> Reader:
    return get_object_or_404(Reader.objects.select_related("scene"), ref=ref)


@require_GET
@never_cache
@for_officer(*REGISTRARS, "auditor")
def devices(request, officer, ref):
    return render(request, "office/codes/devices.html", _context(officer, _named(ref)))


@require_POST
@never_cache
@for_officer(*REGISTRARS)
def device_act(request, officer, ref, act):
    """A new one-time code, or the end of a key."""
    row = _named(ref)
    if act == "enrol":
        code = enrolling.open_enrolment(row, officer=officer, actor=actor_of(request), now=timezone.now())
        return render(request, "office/codes/devices.html", _context(officer, row, code=code))
    if act != "revoke":
        raise Http404
    key = row.device_keys.filter(key_id=request.POST.get("key", "")[:40]).first()
    if key is None:
        raise Http404
    if enrolling.revoke(key, officer=officer, actor=actor_of(request), now=timezone.now()):
        messages.success(
            request,
            _("Revoked. The device gets no answer from this moment, and decides nothing alone once it has heard so."),
        )
    return redirect("office:code_devices", ref=row.ref)
