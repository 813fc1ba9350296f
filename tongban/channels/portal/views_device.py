"""This is my own device: licences and drafts are kept on it, sealed, for times without a connection."""

from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from tongban.cases import queries as cases
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages.keeping import account_mark
from tongban.licences import queries as licences

LICENCES, DRAFTS = 20, 10  # each kept page is one that the device reads once more


@require_GET
@for_party
def device(request, party):
    """What keeping means, and the two buttons."""
    return render(request, "portal/device.html", {"party": party, "mark": account_mark(request.user)})


@require_GET
@for_party
def pages(request, party):
    """Which pages to keep. The pages themselves are asked for one by one, as if looked at, and written down as read."""
    in_force = licences.of(party).filter(state="valid").values_list("pk", flat=True)[:LICENCES]
    drafts = [case.ref for case in cases.drafts(party)[:DRAFTS]]
    paths = [
        reverse("portal:licences"),
        *(reverse("portal:licence", args=[pk]) for pk in in_force),
        reverse("portal:drafts"),
        *(reverse("portal:apply_form", args=[ref]) for ref in drafts),
        reverse("portal:space"),
        reverse("portal:home"),
    ]
    return JsonResponse({"account": account_mark(request.user), "pages": paths})
