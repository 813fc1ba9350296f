"""Links that bring their language or edition along: `?lang=en`, `?edition=elderly`. What they say holds from that page on, as if chosen by hand."""

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tongban.channels.pages.look import EDITIONS
from tongban.lib.bilingual import short

A_YEAR = 365 * 24 * 3600
LONGEST_SESSION = timedelta(days=3)  # however often it is extended
IN_LINKS = ("lang", "edition")  # taken out of the addresses that the switches lead back to


class Chosen:
    """Stands before kept pages and everything that asks for language or edition; none of them reads anything but cookies."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        asked = _asked(request) if request.method in ("GET", "HEAD") and request.META.get("QUERY_STRING") else {}
        new = {name: value for name, value in asked.items() if request.COOKIES.get(name) != value}
        request.COOKIES.update(new)
        response = self.get_response(request)
        for name, value in new.items():
            remember(response, request, name, value)
        return response


def _asked(request: HttpRequest) -> dict[str, str]:
    found = {}
    language = short(request.GET.get("lang")) if request.GET.get("lang") else ""
    for code, _name in settings.LANGUAGES:
        if language and short(code) == language:
            found[settings.LANGUAGE_COOKIE_NAME] = code
    if request.GET.get("edition") in EDITIONS:
        found["edition"] = request.GET["edition"]
    return found


def remember(response: HttpResponse, request: HttpRequest, name: str, value: str) -> HttpResponse:
    """A preference, kept for a year in this browser."""
    response.set_cookie(name, value, max_age=A_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    return response


# -- a session ends at an hour that is known from the beginning, said long before, and moved by one press


def begin_session(request: HttpRequest) -> None:
    now = timezone.now()
    request.session["signed_in_at"] = now.isoformat()
    request.session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def stay(request: HttpRequest) -> None:
    """As long again from now, three days at most after the sign-in."""
    now = timezone.now()
    began = datetime.fromisoformat(request.session.get("signed_in_at") or now.isoformat())
    request.session.setdefault("signed_in_at", began.isoformat())
    request.session.set_expiry(
        max(min(now + timedelta(seconds=settings.SESSION_COOKIE_AGE), began + LONGEST_SESSION), now)
    )
