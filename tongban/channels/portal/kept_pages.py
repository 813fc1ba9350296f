"""Public pages drawn once for everybody who sees them alike: kept in the process, compressed, answered with 304 where the browser has them.

Whoever carries a session gets a page of their own. A kept page belongs to one version of the catalogue, one day, one language
and one look; publishing anything makes new ones.
"""

import gzip
import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.http import HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import get_language

from tongban.channels.pages.look import Look
from tongban.journal.queries import topic_versions

OWN = (settings.SESSION_COOKIE_NAME, "messages")
LOOK_AGAIN_AFTER = 1.0  # seconds: a guide published through another process shows at most this late
MOST = 1_000  # about 10 MB in each web process
KEPT_FOR = 600.0  # seconds: what a page shows besides the catalogue (registers and their grounds) may change too
LONGEST_QUERY = 200


class Shelf:
    """The pages used last. Not the process cache: a thousand pages would push out what others keep there."""

    def __init__(self, most: int):
        self.most = most
        self._pages: OrderedDict[tuple, tuple[bytes, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple) -> bytes | None:
        with self._lock:
            page, until = self._pages.get(key, (None, 0.0))
            if page is None or until < time.monotonic():
                return None
            self._pages.move_to_end(key)
            return page

    def put(self, key: tuple, page: bytes) -> None:
        with self._lock:
            self._pages[key] = page, time.monotonic() + KEPT_FOR
            self._pages.move_to_end(key)
            while len(self._pages) > self.most:
                self._pages.popitem(last=False)


pages = Shelf(MOST)
_seen = threading.local()


def for_strangers(*params: str) -> Callable:
    """Keep the pages of a view for people without a session; `params` are the parameters it reads."""

    def around(view):
        @wraps(view)
        def kept(request, *args, **kwargs):
            own = any(name in request.COOKIES for name in OWN)
            # the address stands in the page (where to return to): what somebody hung on to it is not for the next visitor
            if own or request.method not in ("GET", "HEAD") or not set(request.GET) <= set(params):
                response = view(request, *args, **kwargs)
                response.headers.setdefault("Cache-Control", "private, no-cache")
                return response
            asked = tuple((name, tuple(request.GET.getlist(name))) for name in params if name in request.GET)
            look = Look(request)
            key = (request.path, asked, get_language(), look.scheme, look.edition, request.get_host(), _catalogue())
            page = pages.get(key)
            if page is None:
                response = view(request, *args, **kwargs)
                if response.status_code != 200 or response.cookies:
                    return response
                page = gzip.compress(response.content, 6, mtime=0)
                if len(repr(asked)) <= LONGEST_QUERY:
                    pages.put(key, page)
            return _answer(request, page)

        return kept

    return around


def _answer(request, page: bytes) -> HttpResponse:
    tag = f'W/"{hashlib.sha256(page).hexdigest()[:20]}"'
    response: HttpResponse
    if tag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(page)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(gzip.decompress(page))
    response.headers["ETag"] = tag
    # May be kept, but is asked for again each time: language and look are cookies, and publishing must show.
    response.headers["Cache-Control"] = "public, no-cache"
    patch_vary_headers(response, ["Cookie", "Accept-Language", "Accept-Encoding"])
    return response


def _catalogue() -> tuple:
    """Which catalogue is shown today, asked at most once a second in each thread."""
    here = (connection.settings_dict["NAME"], caches["process"].get_or_set("pages", secrets.token_hex, None))
    held = getattr(_seen, "version", None)
    now = time.monotonic()
    if held is None or held[0] != here or now - held[1] > LOOK_AGAIN_AFTER:
        _seen.version = held = (here, now, topic_versions(["catalogue"])["catalogue"])
    return here, held[2], timezone.localdate()
