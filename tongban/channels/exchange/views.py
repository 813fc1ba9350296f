"""The public check of a licence or a letter: genuine or not first, then status, then the few facts anybody may see. No sign-in."""

import re
from typing import Any

from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tongban.cases import letters
from tongban.channels.doorkeeper import for_anyone
from tongban.channels.exchange import views_presented
from tongban.halls import table_letters
from tongban.lib.problems import Invalid
from tongban.licences import by_number as checked_by_number
from tongban.licences import presenting
from tongban.licences import services as licences

CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")  # whatever can stand in the address of the check

NOTHING_TYPED: dict[str, Any] = {
    "typed": {"number": "", "word": ""}, "errors": {"number": [], "word": []}, "not_so": False,
}  # fmt: skip


@require_GET
@for_anyone
def ask(request):
    """For whoever types the code instead of scanning it."""
    said = request.GET.get("token", "").strip()[:300]
    token = said.partition("#")[0].rstrip("/").rpartition("/")[2]
    if CODE.fullmatch(token):
        return redirect("exchange:verify", token=token)
    context = {"found": None, "asked": said, "unknown": bool(said), **NOTHING_TYPED}
    return render(request, "exchange/verify.html", context, status=404 if said else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_anyone
@never_cache
def by_number(request):
    """For a paper whose code cannot be read: its number and a word on it."""
    if request.method != "POST":
        return redirect("exchange:verify_ask")
    typed = {name: request.POST.get(name, "")[:300] for name in ("number", "word")}
    try:
        found = checked_by_number.verify(typed["number"], typed["word"], address=request.META.get("REMOTE_ADDR", ""))
    except Invalid as wrong:
        again = NOTHING_TYPED | {"found": None, "asked": "", "unknown": False, "typed": typed}
        again |= {"errors": {name: wrong.errors.get(name, []) for name in typed}}
        return render(request, "exchange/verify.html", again, status=422)
    context = NOTHING_TYPED | {"found": found, "asked": "", "unknown": False, "typed": typed, "not_so": found is None}
    return render(request, "exchange/verify.html", context, status=200 if found else 404)


@require_GET
@for_anyone
@never_cache
def verify(request, token):
    """What anybody who holds the code may know."""
    if presenting.read_token(token) is not None:
        return views_presented.presented(request, token)
    if (letter := letters.check(token) or table_letters.check(token)) is not None:
        return render(request, "exchange/letter.html", {"letter": letter})
    found = licences.verify(token, channel="page")
    context = {"found": found, "asked": token, "unknown": found is None, **NOTHING_TYPED}
    return render(request, "exchange/verify.html", context, status=200 if found else 404)
