"""The public check of a licence or a letter: genuine or not first, then status, then the few facts anybody may see. No sign-in."""

import re

from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tongban.cases import letters
from tongban.channels.doorkeeper import for_anyone
from tongban.licences import services as licences

CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")  # whatever can stand in the address of the check


@require_GET
@for_anyone
def ask(request):
    """For whoever types the code instead of scanning it."""
    said = request.GET.get("token", "").strip()[:300]
    token = said.rstrip("/").rpartition("/")[2]
    if CODE.fullmatch(token):
        return redirect("exchange:verify", token=token)
    context = {"found": None, "asked": said, "unknown": bool(said)}
    return render(request, "exchange/verify.html", context, status=404 if said else 200)


@require_GET
@for_anyone
@never_cache
def verify(request, token):
    """What anybody who holds the code may know."""
    if (letter := letters.check(token)) is not None:
        return render(request, "exchange/letter.html", {"letter": letter})
    found = licences.verify(token, channel="page")
    context = {"found": found, "asked": token, "unknown": found is None}
    return render(request, "exchange/verify.html", context, status=200 if found else 404)
