"""Checking licences in the street: the page that works without a network, its service worker, and the page where a list is pasted."""

import hashlib
import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tongban.channels import doorkeeper, pages
from tongban.channels.doorkeeper import for_anyone
from tongban.channels.exchange import api_licences
from tongban.channels.pages.templatetags.portal_words import VERDICT_WORDS
from tongban.lib.bilingual import say
from tongban.lib.problems import TooMany
from tongban.licences import trust, verifying

HERE = Path(__file__).resolve().parent
STATIC = Path(pages.__file__).resolve().parent / "static"
SHELL = (
    "tongban/tongban.css", "tongban/tongban.js", "tongban/aloud.js", "tongban/favicon.svg", "tongban/verifier.js", "tongban/paper.js",
    "tongban/ed25519.js", "tongban/scan.js", "qr/decode.js", "qr/index.js",
)  # fmt: skip


# -- without a network


@require_GET
@for_anyone
@never_cache
def offline(request):
    """The verifier: signatures are checked in the browser, against the lists the root signed."""
    context = {"words": words(), "root": trust.root_jwk(), "address": str(settings.PUBLIC_URL).rstrip("/")}
    return render(request, "exchange/verify_offline.html", context)


def words() -> dict:
    """Everything the script says, in the language of the page."""
    return {
        "language": "zh-CN" if (get_language() or "zh").startswith("zh") else "en-GB",
        "signature": {
            "good": _("Signature: genuine"),
            "bad": _("Signature: does not hold"),
            "unreadable": _("This is not the code of a licence"),
        },
        "signed_by": _("Signed by %(issuer)s and not changed since."),
        "do_not_rely": _("Do not rely on this licence. Ask the issuer."),
        "ask_online": _("Ask online as soon as you have a network."),
        "not_a_code": _("Scan the code printed on the licence once more, or type what stands under it."),
        "states": {
            "valid": _("Status: valid"),
            "suspended": _("Status: suspended"),
            "not_valid": _("Status: not valid"),
            "unknown": _("Status: unknown"),
        },
        "reasons": {name: str(said) for name, said in VERDICT_WORDS.items()}
        | {
            "no_status": _("this device has no list of statuses yet"),
            "status_old": _("the list of statuses on this device is older than 24 hours"),
            "keys_old": _("the list of keys on this device is older than 24 hours"),
            "other_issuer": _("the key that signed it belongs to another authority or another type of licence"),
            "put_together": _("its address and its signature do not belong together"),
            "too_long": _("it is longer than any code of ours"),
            "not_a_licence_code": _("it is not one of ours"),
        },
        "as_of": _("Status as of %(age)s."),
        "by_paper": _("By the days printed on the licence itself."),
        "asked_now": _("just now"),
        "fields": {
            "type": _("Licence"),
            "number": _("Identifier"),
            "issuer": _("Issued by"),
            "from": _("Valid from"),
            "to": _("Valid until"),
            "endless": _("without end"),
            "key": _("Signed with"),
        },
        "demonstration": _("Demonstration: this is not a real official document."),
        "compare": _("Only a part is shown. Compare it with the licence you hold in your hand."),
        "online": _("Check it online"),
        "ready": _("Ready to check without a network. Keys and statuses as of %(age)s."),
        "not_ready": _("Not ready yet: open this page once with a network, so that the keys can be fetched."),
        "old": _("Keys and statuses are of %(age)s, older than 24 hours. Open this page with a network to fetch new ones."),
        "fetching": _("Fetching the newest keys and statuses."),
        "no_line": _("No network. What was fetched before is used."),
        "forged": _("The lists that arrived are not signed by the root this page knows. They were not used."),
        "no_crypto": _("This browser cannot check signatures. Use a newer browser, or check the licence online."),
        "no_picture": _("No code was found in this picture. Take it again, closer and without glare."),
    }  # fmt: skip


@require_GET
@for_anyone
def worker(request):
    """The verifier's own service worker: everything under /verify/ opens without a network."""
    response = HttpResponse(_worker(), content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _worker() -> str:
    return _written(tuple(static(name) for name in SHELL), reverse("exchange:verify_offline"))


@cache
def _written(files: tuple[str, ...], page: str) -> str:
    source = (HERE / "verifier_worker.js").read_text("utf-8")
    content = b"".join((STATIC / name).read_bytes() for name in SHELL if (STATIC / name).exists())
    version = hashlib.sha256((source + repr(files)).encode() + content).hexdigest()[:12]
    for name, value in {"__VERSION__": version, "__FILES__": json.dumps(files), "__PAGE__": page}.items():
        source = source.replace(name, value)
    return source


@require_GET
@for_anyone
def manifest(request):
    """So that a phone can put the verifier on its home screen, beside the app or without it."""
    page = reverse("exchange:verify_offline")
    said = {
        "id": page,
        "name": _("Tongban: check licences"),
        "short_name": _("Check licences"),
        "lang": get_language(),
        "start_url": page,
        "scope": "/verify/",
        "display": "standalone",
        "background_color": "#fbf8f1",
        "theme_color": "#fbf8f1",
        "icons": [
            {"src": static("app/icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
            {"src": static("app/icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
        ],
    }
    response = JsonResponse(said, content_type="application/manifest+json")
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


# -- many at once


@require_http_methods(["GET", "HEAD", "POST"])
@for_anyone
@never_cache
def many(request):
    """A list of codes or addresses, pasted. An officer who is signed in is named to the holders; anybody else is only counted."""
    officer = doorkeeper.officer(request) if request.user.is_authenticated else None
    checker = say(officer.department.name, "zh") if officer is not None else ""
    context = {"checker": checker, "said": "", "lines": [], "at_most": verifying.AT_MOST, "problem": ""}
    if request.method != "POST":
        return render(request, "exchange/verify_many.html", context)
    said = request.POST.get("list", "")[: verifying.AT_MOST * (verifying.LONGEST + 2)]
    asked = verifying.split(said)
    context["said"] = said
    if not asked or len(asked) > verifying.AT_MOST:
        context["problem"] = (
            _("Paste at least one code.")
            if not asked
            else _("These are %(many)s. Please paste at most %(most)s at once.")
            % {"many": len(asked), "most": verifying.AT_MOST}
        )
        return render(request, "exchange/verify_many.html", context, status=422)
    if not checker:
        try:
            api_licences.admit(request.META.get("REMOTE_ADDR", ""), len(asked))
        except TooMany as wait:
            context["problem"] = f"{wait.sentence} {wait.next_step}"
            response = render(request, "exchange/verify_many.html", context, status=429)
            response.headers["Retry-After"] = str(wait.retry_after)
            return response
    context["lines"] = verifying.verify_many(asked, channel="list", checker=checker)
    return render(request, "exchange/verify_many.html", context)
