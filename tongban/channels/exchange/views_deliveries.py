"""Couriers and lockers knock here: notices they sign; and the pages of the simulated ones, on which somebody chooses what happens."""

from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tongban.cases import gateways
from tongban.cases.delivery_states import Parcel
from tongban.cases.gateways import simulated
from tongban.cases.services import delivering, packing
from tongban.channels.doorkeeper import for_anyone, for_gateways
from tongban.channels.pages.live import stand_before
from tongban.lib.problems import TooMany

LONGEST = 64 * 1024
TRIES, WITHIN = 10, 600
NOTES = {
    Parcel.COLLECTED: gettext_lazy("The courier has it."),
    Parcel.IN_TRANSIT: gettext_lazy("It passed the sorting centre."),
    Parcel.OUT: gettext_lazy("Somebody carries it to the address."),
    Parcel.FAILED: gettext_lazy("Nobody opened; it is tried again."),
    Parcel.DELIVERED: gettext_lazy("The person signed. This is the end of the parcel."),
    Parcel.RETURNED: gettext_lazy("It is back at the hall. This is the end of the parcel."),
}


@csrf_exempt
@require_POST
@for_gateways
@never_cache
def notices(request, carrier):
    """A notice: on disk when it is acknowledged, without any effect when it is not signed, twice or late."""
    service = gateways.carrier(carrier)
    if service is None:
        return HttpResponse("unknown\n", status=404, content_type="text/plain")
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
        return HttpResponse("too long\n", status=413, content_type="text/plain")
    headers = {name.lower(): value for name, value in request.headers.items()}
    if delivering.take_notice(service, headers, request.body) is None:
        return HttpResponse("not signed\n", status=400, content_type="text/plain")
    return HttpResponse("taken\n", content_type="text/plain")


@for_anyone
@never_cache
def simulated_courier(request, key):
    """The simulated courier's own page: whoever has the address chooses what happens to the parcel. Nothing is sent, and it says so."""
    parcel = simulated.parcel(key) if settings.DEMO else None
    if parcel is None:
        raise Http404
    if request.method == "POST":
        what = request.POST.get("what", "")
        if what == "forged":
            simulated.forge(parcel)
        elif what in simulated.STATIONS:
            simulated.happen(parcel, what, twice=request.POST.get("twice") == "1")
        return redirect("exchange:simulated_courier", key=key)
    topic = simulated.topic(parcel.pk)
    stand_before(request, topic)
    context = {
        "parcel": parcel,
        "ways": [(kind.value, kind.label, NOTES[kind]) for kind in Parcel],
        "told": [one | {"words": Parcel(one["words"]).label} for one in simulated.told(parcel)],
        "topics": topic,
    }
    return render(request, "exchange/simulated_courier.html", context)


@for_anyone
@never_cache
def simulated_locker(request, hall):
    """The simulated locker's front: type the pick-up code, and a door that is not there opens. So many tries in ten minutes."""
    if not settings.DEMO:
        raise Http404
    door, tried = "", request.method == "POST"
    if tried:
        name = f"locker:{hall}:{request.META.get('REMOTE_ADDR', '')}"
        cache.add(name, 0, WITHIN)
        try:
            taken = cache.incr(name)
        except ValueError:  # it ended this very moment
            taken = 1
        if taken > TRIES:
            raise TooMany(
                "too-many-tries", _("Too many codes were tried here."), next_step=_("Wait ten minutes, or go to the window."),
                retry_after=WITHIN,
            )  # fmt: skip
        door = simulated.open_door(hall, packing.bare(request.POST.get("code", "")))
        if door:
            cache.delete(name)
    context = {"hall": hall, "door": door, "tried": tried}
    return render(request, "exchange/simulated_locker.html", context, status=422 if tried and not door else 200)
