"""Public pages drawn once for everybody who sees them alike: kept in the process, compressed, answered with 304 where the browser has them.

Whoever carries a session gets a page of their own. A kept page belongs to one address, one version of the catalogue, one day, one
language and one look; publishing anything makes new ones. `Front` stands near the door, before sessions and all that is for people.
"""

import gzip
import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.urls import ResolverMatch
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import get_language_from_request

from tongban.channels.pages.look import Look
from tongban.journal.queries import topic_versions

OWN = (settings.SESSION_COOKIE_NAME, "messages")
LOOK_AGAIN_AFTER = 1.0  # seconds: a guide published through another process shows at most this late
MOST = 1_000  # about 10 MB in each web process
KEPT_FOR = 600.0  # seconds: what a page shows besides the catalogue (registers and their grounds) may change too
LONGEST_ADDRESS = 300
OF_THIS_ANSWER = {"content-length", "content-encoding", "x-request-id", "date"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A page as it went out, compressed, with its headers and the route it came by."""

    body: bytes
    tag: str
    headers: tuple[tuple[str, str], ...]
    match: ResolverMatch | None
    catalogue: tuple
    until: float


class Shelf:
    """The pages used last. Not the process cache: a thousand pages would push out what others keep there."""

    def __init__(self, most: int):
        self.most = most
        self._pages: OrderedDict[tuple, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple) -> Kept | None:
        with self._lock:
            page = self._pages.get(key)
            if page is None or page.until < time.monotonic():
                return None
            self._pages.move_to_end(key)
            return page

    def put(self, key: tuple, page: Kept) -> None:
        with self._lock:
            self._pages[key] = page
            self._pages.move_to_end(key)
            while len(self._pages) > self.most:
                self._pages.popitem(last=False)


pages = Shelf(MOST)
_seen = threading.local()


def for_strangers(*params: str) -> Callable:
    """Keep the pages of a view for people without a session; `params` are the parameters it reads."""

    def around(view):
        @wraps(view)
        def drawn(request, *args, **kwargs):
            shown = catalogue()  # asked before: what is published meanwhile makes another page
            response = view(request, *args, **kwargs)
            # the address stands in the page (where to return to), so whatever else hangs on to it makes a page of its own
            known = set(request.GET) <= set(params) and len(request.get_full_path()) <= LONGEST_ADDRESS
            response.keep_for = shown if known and response.status_code == 200 else None
            if not _is_stranger(request):
                response.headers.setdefault("Cache-Control", "private, no-cache")
            return response

        return drawn

    return around


class Front:
    """Answers with a kept page, or keeps the page that comes."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not _is_stranger(request):
            return self.get_response(request)
        key = _key(request)
        page = pages.get(key)
        if page is None or not _still_true(page):
            response = self.get_response(request)
            once = "'nonce-" in response.headers.get("Content-Security-Policy", "")
            if once or response.cookies or getattr(response, "keep_for", None) is None:
                return response
            page = _kept(request, response, response.keep_for)
            pages.put(key, page)
        request.resolver_match = page.match
        # The shell may answer the same question again for a moment, without asking us (tongban/site/shell.py).
        request.META["tongban.ready"] = page.match.view_name if page.match else ""
        return _answer(request, page)


def _still_true(page: Kept) -> bool:
    """While the database is away, what was true a moment ago is better than no guide at all."""
    try:
        return page.catalogue == catalogue()
    except DatabaseError:
        return True


def _is_stranger(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD") and not any(name in request.COOKIES for name in OWN)


def _key(request: HttpRequest) -> tuple:
    look = Look(request)
    host = request.META.get("HTTP_HOST", "")  # as it was sent: one that is not ours never gets as far as a kept page
    return (
        host,
        request.scheme,
        request.get_full_path(),
        get_language_from_request(request),
        look.scheme,
        look.edition,
    )


def _kept(request: HttpRequest, response: HttpResponse, catalogue: tuple) -> Kept:
    packed = response.headers.get("Content-Encoding") == "gzip"
    body = gzip.compress(gzip.decompress(response.content) if packed else response.content, 6, mtime=0)
    patch_vary_headers(response, ["Cookie", "Accept-Language", "Accept-Encoding"])
    # May be kept, but is asked for again each time: language and look are cookies, and publishing must show.
    response.headers["Cache-Control"] = "public, no-cache"
    headers = tuple((name, value) for name, value in response.items() if name.lower() not in OF_THIS_ANSWER)
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    return Kept(body, tag, headers, request.resolver_match, catalogue, time.monotonic() + KEPT_FOR)


def _answer(request: HttpRequest, page: Kept) -> HttpResponse:
    response: HttpResponse
    if page.tag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(page.body)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(gzip.decompress(page.body))
    for name, value in page.headers:
        response.headers[name] = value
    response.headers["ETag"] = page.tag
    if response.status_code == 200:
        response.headers["Content-Length"] = str(len(response.content))
    return response


def catalogue() -> tuple:
    """Which catalogue is shown today, asked at most once a second in each thread."""
    here = (connection.settings_dict["NAME"], caches["process"].get_or_set("pages", secrets.token_hex, None))
    held = getattr(_seen, "version", None)
    now = time.monotonic()
    if held is None or held[0] != here or now - held[1] > LOOK_AGAIN_AFTER:
        _seen.version = held = (here, now, topic_versions(["catalogue"])["catalogue"], timezone.localdate())
    return here, held[2], held[3]
