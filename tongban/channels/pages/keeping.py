"""The installed app: its manifest, its service worker, and which pages a device may keep for times without a connection.

Two headers tell the worker (service_worker.js): `Tongban-Account`, whose page this is, and `Tongban-Keep`, whether it may be kept:
`public` as it is, `own` sealed and only where its owner said that this device is theirs. See decision 0011.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tongban.channels.doorkeeper import for_anyone

HERE = Path(__file__).resolve().parent
FIND_AGAIN = {"portal:home", "portal:guide"}
OWN = {
    "portal:licences", "portal:licence", "portal:drafts", "portal:apply_form", "portal:space", "office:inspections",
    "office:inspection", "office:venue_visits", "office:venue_visit",
}  # fmt: skip
SHELL = [
    "tongban/tongban.css", "tongban/tongban.js", "tongban/app.js", "tongban/device.js", "tongban/aloud.js", "tongban/favicon.svg",
]  # fmt: skip


class Keeping:
    """Says on every page whose it is and whether a device may keep it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and match.view_name == "account_logout" and response.status_code == 302:
            response.headers["Clear-Site-Data"] = '"storage"'  # also where the worker did not hear of it
        page = response.status_code == 200 and response.get("Content-Type", "").startswith("text/html")
        if request.method != "GET" or not page:
            return response
        account = account_mark(request.user)
        response.headers["Tongban-Account"] = account
        name = match.view_name if match is not None else ""
        if name in FIND_AGAIN and account == "none":
            response.headers["Tongban-Keep"] = "public"
        elif name in OWN | FIND_AGAIN and account != "none":
            response.headers["Tongban-Keep"] = "own"
        return response


def account_mark(user) -> str:
    """The account as a device may know it: not its number, and the same at every sign-in."""
    if not user.is_authenticated:
        return "none"
    return salted_hmac("tongban.device", str(user.pk), algorithm="sha256").hexdigest()[:32]


# -- what makes it an app


@require_GET
@for_anyone
def manifest(request):
    """What a phone puts on its home screen."""
    said = {
        "id": "/",
        "name": _("Tongban: every official errand in one place"),
        "short_name": _("Tongban"),
        "lang": get_language(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fbf8f1",
        "theme_color": "#fbf8f1",
        "categories": ["government", "utilities"],
        "icons": [
            {"src": static("app/icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
            {"src": static("app/icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
            {"src": static("app/maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        ],
        "shortcuts": [
            {"name": words, "url": where, "icons": [{"src": static("app/icon-192.png"), "sizes": "192x192"}]}
            for words, where in (
                (_("My licences"), "/my/licences/"),
                (_("My cases"), "/my/cases/"),
                (_("Find a service"), "/search/"),
            )
        ],
    }
    response = JsonResponse(said, content_type="application/manifest+json")
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


@require_GET
@for_anyone
def service_worker(request):
    """The worker, with the names of the files it needs; any change of them makes a new version of it."""
    response = HttpResponse(_worker(), content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    return response


def _worker() -> str:
    return _written(tuple(static(name) for name in SHELL), reverse("account_logout"))


@cache
def _written(shell: tuple[str, ...], sign_out: str) -> str:
    device = (HERE / "static/tongban/device.js").read_text("utf-8").replace("export const ", "const ")
    worker = (HERE / "service_worker.js").read_text("utf-8")
    files = b"".join((HERE / "static" / name).read_bytes() for name in SHELL)
    version = hashlib.sha256((device + worker + repr(shell)).encode() + files).hexdigest()[:12]
    filled = {"__VERSION__": version, "__SHELL__": json.dumps(list(shell)), "__SIGN_OUT__": sign_out}
    for name, value in filled.items():
        worker = worker.replace(name, value)
    return f"{device}\n{worker}"


@never_cache
@require_GET
@for_anyone
def offline(request):
    """What is shown where nothing was kept: that there is no connection, and what can be read all the same."""
    return render(request, "pages/offline.html")
