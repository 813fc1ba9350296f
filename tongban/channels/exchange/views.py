"""The public check of a licence: signature first, then status, then the few fields anybody may see. No sign-in."""

from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tongban.channels.doorkeeper import for_anyone
from tongban.licences import services as licences


@require_GET
@for_anyone
def ask(request):
    """For whoever types the code instead of scanning it."""
    token = request.GET.get("token", "").strip().rstrip("/").rpartition("/")[2]
    if token.replace("-", "").replace("_", "").isalnum():
        return redirect("exchange:verify", token=token)
    return render(request, "exchange/verify.html", {"asked": token})


@require_GET
@for_anyone
@never_cache
def verify(request, token):
    """What anybody who holds the code may know."""
    found = licences.verify(token, channel="page")
    context = {"found": found, "asked": token, "unknown": found is None}
    return render(request, "exchange/verify.html", context, status=200 if found else 404)
