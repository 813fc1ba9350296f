"""Pages for when something is not there, not allowed or not working. The last ones touch neither database nor session."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from html import escape

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, JsonResponse
from django.template import TemplateDoesNotExist, loader
from django.utils import translation
from django.utils.translation import gettext as _

from tongban.lib.problems import Problem

log = structlog.get_logger("tongban.errors")

NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
PERHAPS_NO_SPACE = (
    "disk i/o error",
    "unable to open database file",
)  # SQLite, when a file beside the database cannot grow
HARDLY_ANY = 256 * 1024
OUR_OWN_MISTAKES = (
    "no such table",
    "no such column",
    "syntax error",
    "has no column",
    "no such function",
    "datatype mismatch",
)
RETRY_AFTER = {503: 10, 504: 10, 507: 60}
CODES = {
    400: "not_understood",
    403: "not_allowed",
    404: "not_found",
    408: "too_slow",
    413: "too_large",
    500: "our_mistake",
    503: "unavailable",
    504: "not_in_time",
    507: "no_space",
}


def status_of(error: BaseException | None) -> int:
    """507 when there is no space, 503 when the database is away or too busy, 400 for characters no database keeps, 500 for our own
    mistakes."""
    status = 500
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        text = str(error).lower()
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            return 507
        if getattr(error, "sqlstate", None) == "53100" or (isinstance(error, DatabaseError) and "disk is full" in text):
            return 507
        if isinstance(error, DatabaseError) and any(words in text for words in PERHAPS_NO_SPACE) and _no_space():
            return 507
        if isinstance(error, DatabaseError) and ("malformed" in text or "not a database" in text):
            return 503  # the file is damaged: said as what it is, and found again by the next start
        if isinstance(error, ValueError | DatabaseError) and "nul (0x00)" in text:
            return 400
        if type(error) in {OperationalError, InterfaceError} and not any(words in text for words in OUR_OWN_MISTAKES):
            status = 503
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return status


def _no_space() -> bool:
    with contextlib.suppress(OSError):
        disk = os.statvfs(settings.CONFIGURATION.var)
        return disk.f_bavail * disk.f_frsize < HARDLY_ANY
    return False


def _kept(request) -> str:
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return _("Nothing was changed. Your drafts and applications are kept.")
    return _(
        "What you just sent was not taken in. Everything that was saved or confirmed before is kept. "
        "Go back and send it again: sending twice never makes two applications."
    )


def _sentences(status: int, request) -> dict[str, str]:
    table = {
        400: (
            _("This request cannot be understood"),
            _("Something in the address or in what was sent is not as it should be."),
            "",
            _("Go back and try again."),
        ),
        403: (
            _("This is not open to you"),
            _("Your sign-in does not reach this page."),
            "",
            _("Go back, or sign in with another account."),
        ),
        404: (
            _("Not found"),
            _("There is nothing at this address, or it is not yours to see."),
            "",
            _("Check the address, or begin at the home page."),
        ),
        408: (
            _("This took too long to arrive"),
            _("What was sent stopped arriving half way."),
            _kept(request),
            _("Check your connection and send it again."),
        ),
        413: (
            _("This is too large"),
            _("What was sent is larger than we can take in."),
            _kept(request),
            _("Send fewer or smaller files."),
        ),
        500: (
            _("Something went wrong on our side"),
            _("The mistake is ours and has been noted."),
            _kept(request),
            _("Please try again."),
        ),
        503: (
            _("We cannot work for a moment"),
            _("The service cannot reach its records just now."),
            _kept(request),
            _("Wait a few seconds, then try again."),
        ),
        504: (
            _("This takes too long"),
            _("We have not finished in time. What you sent may still be taken in."),
            _("Everything that was saved or confirmed before is kept."),
            _(
                "Look at your list first. If it is not there, send it again: sending twice never makes two applications."
            ),
        ),
        507: (
            _("We cannot store anything at the moment"),
            _("The service has no space left to store what was sent. Reading works as before."),
            _kept(request),
            _("Try again in a few minutes. The people who run the service have been told."),
        ),
    }
    title, what, kept, then = table[status]
    return {"title": title, "what": what, "kept": kept, "next_step": then}


def language_of(request) -> str:
    try:
        return translation.get_language_from_request(request)
    except Exception:  # a last resort has no errors of its own
        return "zh-hans"


def wants_data(request) -> bool:
    return request.path_info.startswith("/api/") or request.headers.get("accept", "").startswith("application/json")


PLAIN = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head><body><main><h1>{title}</h1><p>{what}</p><p>{kept}</p><p>{next_step}</p><p><a href="/">{home}</a></p>
<p><small>{reference}</small></p></main></body></html>"""


def page(
    request, status: int, *, whole_look: bool = False, words: Callable[[], dict[str, str]] | None = None
) -> HttpResponse:
    """A page (or a problem document for programs) that says what happened, what was kept and what to do next.

    `words` says it more exactly than the table does; it is called in the person's language.
    """
    language = language_of(request)
    reference = getattr(request, "request_id", "")
    with translation.override(language):
        sentences = {**_sentences(status, request), **(words() if words else {})}
        if wants_data(request):
            response: HttpResponse = JsonResponse(
                {
                    "type": "about:blank",
                    "title": sentences["title"],
                    "status": status,
                    "detail": " ".join(s for s in (sentences["what"], sentences["next_step"]) if s),
                    "code": CODES[status],
                    "kept": sentences["kept"],
                    "request": reference,
                },
                status=status,
                content_type="application/problem+json",
            )
        else:
            response = HttpResponse(_html(request, status, sentences, language, reference, whole_look), status=status)
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    if status in RETRY_AFTER:
        response.headers["Retry-After"] = str(RETRY_AFTER[status])
    return response


def _html(request, status, sentences, language, reference, whole_look) -> str:
    context = {**sentences, "status": status, "language": language, "REQUEST_ID": reference}
    try:
        return loader.get_template(f"{status}.html").render(context, request if whole_look else None)
    except TemplateDoesNotExist:
        pass
    except Exception:
        log.exception("the page for an error could not be drawn", status=status)
    return PLAIN.format(
        **{
            k: escape(str(v))
            for k, v in {**sentences, "language": language, "home": _("Home page"), "reference": reference}.items()
        }
    )


def not_understood(request, exception=None):
    return page(request, 400)


def not_allowed(request, exception=None):
    return page(request, 403, whole_look=True)


def not_found(request, exception=None):
    return page(request, 404, whole_look=True)


def broken(request):
    """Called by Django while it handles an exception that nothing else has dealt with."""
    error = sys.exc_info()[1]
    if isinstance(error, Problem):
        log.error("a problem reached nobody who shows it", code=error.code)
    return page(request, status_of(error))


def stale_form(request, reason=""):
    """The page was opened too long ago, in another sign-in, or came from somewhere else; or the browser keeps no cookies."""

    def words():
        return {
            "title": _("This page has become too old"),
            "what": _("It was opened before you signed in or out, or your browser does not keep our cookies."),
            "kept": _kept(request),
            "next_step": _("Open the page anew and send it once more."),
        }

    return page(request, 403, whole_look=True, words=words)
