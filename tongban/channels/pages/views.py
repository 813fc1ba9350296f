"""The preferences every page offers, and the page that shows the look itself."""

from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tongban.channels.doorkeeper import for_anyone, for_signed_in, safe_next, wants_data
from tongban.lib import qr
from tongban.parties import services as parties

from . import statements
from .choosing import remember
from .choosing import stay as more_time
from .look import EDITIONS, SCHEMES

HERE = Path(__file__).resolve().parent


# Without the token: a public page that carries one sets a cookie and can be kept for nobody. The worst a foreign page can do is turn on the light.
@for_anyone
@csrf_exempt
@require_POST
def look(request):
    """Light or dark colours, standard or elderly edition, kept for a year in this browser; the edition also for the account."""
    response = HttpResponseRedirect(safe_next(request))
    for name, allowed in (("scheme", SCHEMES), ("edition", EDITIONS)):
        if request.POST.get(name) in allowed:
            remember(response, request, name, request.POST[name])
    if request.POST.get("edition") in EDITIONS and request.user.is_authenticated:
        parties.choose_edition(request.user, request.POST["edition"])
    return response


@for_anyone
@csrf_exempt
@require_POST
def language(request):
    """The language of the pages, kept for a year in this browser."""
    response = HttpResponseRedirect(safe_next(request))
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES) and translation.check_for_language(chosen):
        remember(response, request, settings.LANGUAGE_COOKIE_NAME, chosen)
    return response


@for_signed_in
@require_POST
def stay(request, account):
    """More time, by one press."""
    more_time(request)
    if wants_data(request):
        return JsonResponse({"ends": request.session.get("_session_expiry")})
    return HttpResponseRedirect(safe_next(request))


@for_anyone
def accessibility(request):
    """What was tested and what is not good enough yet."""
    said = {"checks": statements.CHECKS.values(), "looked_at": statements.LOOKED_AT.values(), "gaps": statements.gaps()}
    return render(
        request,
        "pages/accessibility.html",
        {**said, "criteria": statements.criteria(), "looked_over_on": statements.LOOKED_OVER_ON},
    )


@for_anyone
def privacy(request):
    """What is kept about people, why, how long, and what they may ask for."""
    said = {"kept": statements.KEPT, "rights": statements.RIGHTS, "looked_over_on": statements.LOOKED_OVER_ON}
    return render(request, "pages/privacy.html", said)


def _names(folder: str) -> list[str]:
    return sorted(path.stem for path in (HERE / folder).glob("*.svg") if path.stem != "mark")


@for_anyone
def style(request):
    """Every component in every colour scheme and size. Only in the demonstration."""
    if not settings.DEMO:
        raise Http404
    return render(request, "pages/style.html", style_things())


def style_things() -> dict:
    return {
        "drawings": _names("drawings"),
        "icons": _names("icons"),
        "choices": [
            ("residence", _("Moving here"), 12),
            ("family", _("Family"), 9),
            ("work", _("Work"), 14),
            ("health", _("Health"), 8),
            ("home", _("Housing"), 7),
            ("shop", _("Opening a shop"), 25),
            ("car", _("Car and driving"), 6),
            ("retirement", _("Later life"), 11),
        ],
        "hot": [(_("Residence permit"), "#"), (_("Open a noodle shop"), "#"), (_("A child is born"), "#")],
        "steps": [
            {"label": _("Situation"), "state": "done", "href": "#"},
            {"label": _("Form"), "state": "done", "href": "#"},
            {"label": _("Materials"), "state": "current"},
            {"label": _("Check and sign"), "state": "todo"},
        ],
        "tabs": [
            {"label": _("Conditions"), "href": "#", "current": True},
            {"label": _("Materials"), "href": "#", "count": 4},
            {"label": _("Steps"), "href": "#"},
            {"label": _("Places"), "href": "#"},
            {"label": _("Questions"), "href": "#", "count": 6},
        ],
        "crumbs": [(_("Home"), "/"), (_("Moving here"), "#"), (_("Residence permit"), "")],
        "then": datetime(2026, 11, 21, 10, 2),  # noqa: DTZ001 - shown as it stands
        "today": date(2026, 11, 21),
        "housing": [
            {"value": "own", "label": _("My own flat"), "icon": "home", "hint": _("You or your family own it")},
            {"value": "rent", "label": _("Rented"), "icon": "key", "hint": _("You have a lease")},
            {
                "value": "dorm",
                "label": _("Dormitory"),
                "icon": "building",
                "hint": _("Your employer or school gave it"),
            },
        ],
        "columns": [
            {"id": "name", "label": _("Name")},
            {"id": "role", "label": _("Work")},
            {"id": "since", "label": _("Since"), "type": "date"},
        ],
        "rows": [
            {"name": "王小明", "role": "厨师", "since": "2026-03-01"},
            {"name": "Anna Berg", "role": "经理", "since": "2026-04-01"},
        ],
        "rows_of_cases": [
            ("99000026112100017", "王小明", _("Residence permit"), "green", _("3 days left")),
            ("99000026111900231", "曲溪面馆", _("Food business licence"), "yellow", _("Tomorrow")),
            ("99000026111700105", "Anna Berg", _("Work permit"), "red", _("Today")),
            ("99000026110900077", "李秀英", _("Elderly allowance"), "black", _("2 days over")),
        ],
        "looks": [
            ("teal", _("Residence permit"), "王小明", "990000 1998 0312 00**", "valid"),
            ("persimmon", _("Food business licence"), "曲溪面馆", "JY2 9900 0000 1234 5", "valid"),
            ("indigo", _("Driving licence"), "Anna Berg", "9900 0012 3456", "valid"),
            ("plum", _("Marriage certificate"), "李雷 · 韩梅梅", "J990000-2026-000123", "valid"),
            ("gold", _("Business licence"), "曲溪科技有限公司", "91990000MA1234567X", "valid"),
            ("slate", _("Shop sign permit"), "曲溪面馆", "990000-2025-77", "expired"),
        ],
        "errors": {"mobile": [_("A mobile number has eleven digits. Please check it.")]},
        "labels": {"mobile": _("Mobile")},
        "mobile_errors": [_("A mobile number has eleven digits. Please check it.")],
        "qr": qr.svg("https://tongban.example/verify/", title=_("Check this licence")) if hasattr(qr, "svg") else "",
    }
