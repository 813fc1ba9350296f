"""Payment services knock here: notices they sign, and the page of the simulated one, where nobody pays anything."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tongban.channels.doorkeeper import for_anyone, for_gateways
from tongban.channels.pages.live import stand_before
from tongban.payments import services
from tongban.payments.gateways import NoAnswer, simulated
from tongban.payments.gateways import gateway as switched_on

LONGEST = 64 * 1024
WAYS = [
    ("pay", "check-circle", _("Pay"), _("The payment goes through and the office is told at once.")),
    ("slowly", "clock", _("Pay slowly"), _("It takes 20 seconds. You are back before the office knows.")),
    ("silent", "cloud-off", _("Pay, and tell nobody"), _("The notice never arrives. The office asks by itself after a while.")),
    ("again", "copy", _("Pay, and tell it twice"), _("The same notice is sent two times.")),
    ("twice", "layers", _("Charge twice by mistake"), _("The service charges the sum two times. What is too much goes back by itself.")),
    ("forged", "alert", _("Have somebody forge a notice"), _("A stranger says that this is paid, with a wrong signature. Nothing is paid.")),
    ("fail", "close-circle", _("Be declined"), _("The payment fails; nothing is charged.")),
]  # fmt: skip


@csrf_exempt
@require_POST
@for_gateways
@never_cache
def notices(request, gateway):
    """A notice: on disk when it is acknowledged, without any effect when it is not signed."""
    service = switched_on(gateway)
    if service is None:
        return HttpResponse("unknown\n", status=404, content_type="text/plain")
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
        return HttpResponse("too long\n", status=413, content_type="text/plain")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        taken = services.take_notice(service, headers, request.body)
    except NoAnswer:  # a key of ours cannot be read: it is sent again, and `tongban check` says what is wrong
        return HttpResponse("not now\n", status=503, content_type="text/plain")
    if taken is None:
        return HttpResponse("not signed\n", status=400, content_type="text/plain")
    body, kind = service.acknowledged
    return HttpResponse(body, content_type=kind)


@for_anyone
@never_cache
def simulated_payment(request, key):
    """The simulated service's own page: whoever has the address chooses what happens. No money moves, and the page says so."""
    charge = simulated.charge(key) if settings.DEMO else None
    if charge is None:
        raise Http404
    if request.method == "POST" and request.POST.get("way") in simulated.WAYS:
        way = request.POST["way"]
        done = simulated.choose(charge, way)
        if way == "forged" and done:
            return redirect("exchange:simulated_payment", key=key)
        if done:
            return redirect(_back(charge))
        charge.refresh_from_db()
    topic = simulated.topic(charge.pk)
    stand_before(request, topic)
    context = {
        "charge": charge,
        "ways": WAYS,
        "back": _back(charge),
        "open": charge.state == "open",
        "told": simulated.told(charge),
        "topics": topic,
    }
    return render(request, "exchange/simulated_payment.html", context)


def _back(charge) -> str:
    """The way back as a path: the payer may have come by another name of this machine."""
    return urlsplit(charge.back).path or "/"
