"""An officer helps somebody on the telephone or in the neighbourhood, with a code from the person's device."""

from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages import helping, preparing

BASE, NAMES = "office/frame.html", "office:helping"
HELPERS = ("helper", "window_officer")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer(*HELPERS)
def lobby(request, officer):
    return helping.lobby(request, base=BASE, names=NAMES, officer=officer)


def _step(view, *methods):
    opened = helping.at_work(view, base=BASE, names=NAMES)
    return require_http_methods(methods or ["GET", "HEAD", "POST"])(never_cache(for_officer(*HELPERS)(opened)))


def _leave(request, desk, case):
    return helping.leave(request, desk, case, names=NAMES)


helping_situation = _step(preparing.situation)
helping_form = _step(preparing.form)
helping_save = _step(preparing.autosave, "POST")
helping_materials = _step(preparing.materials, "GET", "HEAD")
helping_material = _step(preparing.material, "POST")
helping_check = _step(helping.check, "GET", "HEAD")
helping_leave = _step(_leave, "POST")
