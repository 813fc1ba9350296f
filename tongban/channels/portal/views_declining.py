"""Wanting no information: by the address in a letter, without signing in, or in one's own space. What is official always comes."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from tongban.channels.doorkeeper import for_anyone, for_signed_in
from tongban.notices import services
from tongban.notices.models import InformationDeclined

PAGE = "portal/hold/information.html"


@never_cache
@for_anyone
def by_letter(request, token):
    """One press, by whoever holds the letter; pressed by mistake it is taken back here, too."""
    account = services.account_of(token)
    if account is None:
        raise Http404
    if request.method == "POST":
        services.want_information(account, wanted=request.POST.get("wanted") == "yes")
        return redirect(request.path)
    return _page(request, account)


@never_cache
@for_signed_in
def own(request, account):
    if request.method == "POST":
        services.want_information(account, wanted=request.POST.get("wanted") == "yes")
        return redirect(request.path)
    return _page(request, account)


def _page(request, account):
    declined = InformationDeclined.objects.filter(account=account).exists()
    return render(request, PAGE, {"declined": declined})
