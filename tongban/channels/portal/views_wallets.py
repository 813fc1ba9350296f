"""A licence in wallets of others: offered with a code and a number, taken along as a file, and each copy ended by its holder."""

from urllib.parse import quote

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages.live import stand_before
from tongban.channels.portal.own import own_licence
from tongban.lib import qr
from tongban.licences import credential_offers as offers
from tongban.licences import credentials, status_lists
from tongban.licences.models import Credential

PURPOSE = "own licences"


@require_GET
@never_cache
@for_party
def wallets(request, party, pk):
    """The open offer, and every copy there is with what it is worth now."""
    row = own_licence(request, pk)
    now = timezone.now()
    doorkeeper.reading(request, request.party, PURPOSE, ["credentials"], about=f"licence:{row.pk}")
    stand_before(request, credentials.topic_of(row.pk))
    offer = offers.open_offer(row, account=request.user, now=now)
    link = (
        f"openid-credential-offer://?credential_offer_uri={quote(offers.address_of(offer), safe='')}" if offer else ""
    )
    copies = list(credentials.of(row).select_related("licence__type")[:30])
    context = {
        "party": request.party,
        "licence": row,
        "may": not credentials.why_not(row, now=now),
        "offer": offer,
        "pin": f"{offer.pin[:3]} {offer.pin[3:]}" if offer else "",
        "link": link,
        "code": qr.svg(link, title=_("Scan this with the wallet app")) if offer else "",
        "copies": [
            {"row": one, "worth": worth}
            for one, worth in zip(copies, status_lists.worths(copies, today=timezone.localdate(now)), strict=True)
        ],
        "topic": credentials.topic_of(row.pk),
        "issuer": credentials.issuer_address().partition("://")[2],
    }
    return render(request, "portal/hold/wallets.html", context)


@require_POST
@for_party
def wallets_act(request, party, pk, act):
    """Offer it, take the offer back, take a file along, or end one copy."""
    row = own_licence(request, pk)
    now = timezone.now()
    if act == "offer":
        offers.offer(row, account=request.user, now=now)
    elif act == "take-back":
        offers.take_back(row, account=request.user, now=now)
    elif act == "file":
        return _file(request, row, now)
    elif act == "end":
        number = request.POST.get("copy", "")
        copy = get_object_or_404(Credential, pk=int(number[:18]) if number.isdecimal() else 0, licence=row)
        credentials.end(copy, account=request.user, actor=doorkeeper.actor_of(request), now=now)
    else:
        raise Http404
    return redirect("portal:licence_wallets", pk=row.pk)


def _file(request, row, now) -> HttpResponse:
    doorkeeper.reading(request, request.party, PURPOSE, list(row.face), about=f"licence:{row.pk}")
    made = credentials.make(
        row, form=Credential.Form.FILE, account=request.user, actor=doorkeeper.actor_of(request), now=now
    )
    response = HttpResponse(made.text, content_type="application/dc+sd-jwt")
    response.headers["Content-Disposition"] = f'attachment; filename="{row.type.slug}-{row.pk}.sd-jwt"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
