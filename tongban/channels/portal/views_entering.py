"""At an entrance: the code of a poster, opened by any camera; what one sees of the place, the pass, and the red page."""

import json
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone
from tongban.channels.portal.entering_words import ENTERED, RED, REPORTED_AS
from tongban.codes import queries_venues, venue_tokens, words_of_the_minute
from tongban.codes.entry_rules import HOURS
from tongban.codes.models import Entrance, EntryLevel, Outcome, VenueKind, VenueReport
from tongban.codes.services import entering, publishing_rules
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.parties.models import Account
from tongban.parties.rules import VERIFIED
from tongban.places import queries as places

PREFIX = "__Host-" if settings.HTTPS else ""
DEVICE, PASS = f"{PREFIX}guest", f"{PREFIX}pass"
DEVICE_LIVES = 12 * 3600
PASS_LIVES = timedelta(minutes=10)
SALT_DEVICE, SALT_PASS = "tongban.guest", "tongban.pass"
STANDS_FOR = {Outcome.PASS: "good", Outcome.WARN: "warn", Outcome.REFUSE: "bad"}
FIELDS = ("name", "phone")


@require_GET
@never_cache
@for_anyone
def at(request, token):
    """Where somebody stands: place and address first, and the question whether that is so."""
    poster = queries_venues.poster_of(token)
    if poster is None or not queries_venues.hangs(poster):
        return _red(request, _why(poster), token=token if poster else "")
    return _place(request, token, poster)


def _why(poster) -> str:
    if poster is None:
        return "forged"
    if not queries_venues.in_use(poster.entrance.venue, timezone.now()):
        return "suspended"
    return "device" if poster.entrance.control == Entrance.Control.DEVICE else "replaced"


def _place(request, token, poster, errors=None):
    now = timezone.now()
    venue = poster.entrance.venue
    rule = queries_venues.in_force_at(venue, now)
    party = _proved(request)
    context = {
        "token": token,
        "venue": venue,
        "entrance": poster.entrance,
        "rule": rule,
        "words": say(rule.rule.words) if rule.rule and rule.rule.words else "",
        "signed_in": party is not None,
        "name_needed": rule.needs_name and party is None,
        "compound": venue.kind == VenueKind.COMPOUND,
        "errors": errors or {},
        "labels": {"name": _("Your name"), "phone": _("Telephone")},
        "typed": {name: request.POST.get(name, "") for name in FIELDS},
    }
    response = render(request, "portal/venues/at.html", context, status=422 if errors else 200)
    if not _device(request):
        _keep(response, DEVICE, signing.dumps(get_random_string(16), salt=SALT_DEVICE), DEVICE_LIVES)
    return response


@require_POST
@never_cache
@for_anyone
def enter(request, token):
    """“Yes, I am here”: judged by the rule in force, counted once in ten minutes, and the pass is shown."""
    poster = queries_venues.poster_of(token)
    if poster is None or not queries_venues.hangs(poster):
        return _red(request, _why(poster), token=token if poster else "")
    party = _proved(request)
    visitor = entering.Visitor(
        party=party,
        grey=party is None and request.user.is_authenticated,
        device=_device(request) or request.META.get("REMOTE_ADDR", ""),
        address=request.META.get("REMOTE_ADDR", ""),
        name=request.POST.get("name", "").strip(),
        phone=request.POST.get("phone", "").strip(),
    )
    try:
        entered = entering.enter(poster, visitor)
    except Invalid as invalid:
        return _place(request, token, poster, invalid.errors)
    if party is not None and entered.rule.asks_colour:
        # without the place: where somebody was is written nowhere on this server
        doorkeeper.reading(request, party, "own entry", ["colour", "test"])
    response = redirect("portal:entered")
    held = {
        "e": poster.entrance_id,
        "r": entered.result,
        "y": entered.reason,
        "t": int(entered.at.timestamp()),
        "l": entered.rule.level,
        "k": entered.kept,
    }
    _keep(response, PASS, signing.dumps(held, salt=SALT_PASS, compress=True), int(PASS_LIVES.total_seconds()))
    return response


@require_GET
@never_cache
@for_anyone
def pass_(request):
    """The pass: it moves, it has the word of the minute that the guard sees too, and it is of this phone alone."""
    held, entrance = held_pass(request)
    if held is None or entrance is None:
        return render(request, "portal/venues/no_pass.html", status=410)
    return render(request, "portal/venues/pass.html", pass_page(held, entrance))


def held_pass(request) -> tuple[dict | None, Entrance | None]:
    """What this phone was told at an entrance within the last ten minutes."""
    try:
        held = signing.loads(request.COOKIES.get(PASS, ""), salt=SALT_PASS, max_age=PASS_LIVES)
        return held, Entrance.objects.select_related("venue").get(pk=held["e"])
    except (signing.BadSignature, Entrance.DoesNotExist, KeyError):
        return None, None


def keep_pass(response, held: dict) -> None:
    """For the rest of its ten minutes: what is added to it does not make it live longer."""
    left = held["t"] + int(PASS_LIVES.total_seconds()) - int(timezone.now().timestamp())
    _keep(response, PASS, signing.dumps(held, salt=SALT_PASS, compress=True), max(left, 1))


def asks_for_a_test(held: dict) -> bool:
    """A guest at a place where a test is asked for may show a pass; whom we know has it on the account."""
    return held["l"] in HOURS and (held["y"] in {"not_known", "grey"} or held["y"].startswith("pass_") or "p" in held)


WAYS_ON = {"yellow": "why", "red": "why", "grey": "prove"}


def pass_page(held: dict, entrance: Entrance, errors: list | None = None) -> dict:
    """Everything the page of a pass draws."""
    now = timezone.now()
    entered_at = datetime.fromtimestamp(held["t"], tz=UTC)
    said = ENTERED.get(held["y"], ENTERED["ok"])
    good = held["r"] == Outcome.PASS
    shown = held["y"] == "pass_shown"  # good, once the guard has compared the name
    word, colour = words_of_the_minute.of_minute(entrance.venue_id, now)
    return {
        "said": said,
        "good": good,
        "live": good or shown,
        "shown": {"name": held["p"]["n"], "hours": int(now.timestamp() - held["p"]["s"]) // 3600} if shown else None,
        "may_show": asks_for_a_test(held) and not good,
        "errors": errors or [],
        "way_on": WAYS_ON.get(held["y"], ""),
        "verdict": STANDS_FOR[Outcome(held["r"])],
        "icon": {"good": "check-circle", "warn": "help", "bad": "close-circle"}[STANDS_FOR[Outcome(held["r"])]],
        "venue": entrance.venue,
        "entrance": entrance,
        "at": entered_at,
        "ends": entered_at + PASS_LIVES,
        "now": now,
        "word": word,
        "colour": colour,
        "kept": held["k"],
        "level": EntryLevel(held["l"]).label,
        "minutes": words_of_the_minute.ahead(entrance.venue_id, now, _minutes_left(now, entered_at)) if good or shown else "{}",
        "diary": json.dumps(
            {"at": held["t"], "venue": entrance.venue.code_no, "name": entrance.venue.name,
             "address": entrance.venue.address, "entrance": entrance.name}, ensure_ascii=False,
        ) if good else "",
    }  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_anyone
def report(request):
    """A poster that is not what it should be. Without a name, unless one wishes."""
    given = request.POST if request.method == "POST" else request.GET
    token = given.get("token", "")[:80]
    poster = queries_venues.poster_of(token) if token else None
    why = given.get("why", "")
    account = request.user if request.user.is_authenticated else None
    errors = {}
    if request.method == "POST":
        named = account is not None and request.POST.get("named") == "true" and account.person_id
        try:
            publishing_rules.report(
                what=request.POST.get("what") or REPORTED_AS.get(why, "other"),
                place=request.POST.get("place", ""),
                text=request.POST.get("text", ""),
                contact=request.POST.get("contact", ""),
                entrance=poster.entrance if poster else None,
                party=account.person if named and account is not None else None,
                actor=doorkeeper.actor_of(request),
            )
            return render(request, "portal/venues/reported.html")
        except Invalid as invalid:
            errors = invalid.errors
    context = {
        "why": why if why in RED else "",
        "token": token,
        "poster": poster,
        "what": REPORTED_AS.get(why, "other"),
        "kinds": VenueReport.What.choices,
        "errors": errors,
        "labels": {"place": _("Where it hangs")},
        "typed": {name: request.POST.get(name, "") for name in ("place", "text", "contact")},
        "account": account,
    }
    return render(request, "portal/venues/report.html", context, status=422 if errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_anyone
def scan(request):
    """Our own scanner: it opens what is ours and nothing else; every other address ends at the red page, unopened."""
    if request.method != "POST":
        return render(request, "portal/venues/scan.html", {"problem": ""})
    text = request.POST.get("payload", "").strip()
    token = venue_tokens.token_in(text, settings.PUBLIC_URL)
    if token is not None:
        # the red page, too, is ours: a forged token is found there
        return redirect("portal:at", token) if len(token) <= 80 and "/" not in token else _red(request, "forged")
    ours = settings.PUBLIC_URL.rstrip("/") + "/verify/"
    if text.startswith(ours) and all(sign.isalnum() or sign in "-_" for sign in text[len(ours) :].rstrip("/")):
        return redirect(text[len(settings.PUBLIC_URL.rstrip("/")) :])
    if not text:
        return render(request, "portal/venues/scan.html", {"problem": "empty"}, status=422)
    if text.startswith("TB1:"):
        return render(request, "portal/venues/scan.html", {"problem": "identity"}, status=422)
    return _red(request, "foreign")


def _red(request, why: str, *, token: str = ""):
    context = {"why": why, "said": RED[why], "token": token}
    return render(request, "portal/venues/red.html", context, status=404 if why in ("forged", "foreign") else 410)


@require_GET
@never_cache
@for_anyone
def wrong_place(request, token):
    """“No, I am somewhere else”: a code that was moved is as bad as a forged one."""
    if queries_venues.poster_of(token) is None:
        return _red(request, "forged")
    return _red(request, "wrong_place", token=token)


@require_GET
@for_anyone
def diary(request):
    """Where I was: kept by this phone and nowhere else. The page itself knows nothing."""
    return render(request, "portal/venues/diary.html")


# -- compounds: what is in force where one lives


@require_GET
@for_anyone
def compounds(request):
    """Choose a compound and see what holds there now."""
    division = request.GET.get("division", "")[:12]
    after = request.GET.get("after", "")
    rows = list(
        queries_venues.compounds(
            division=division,
            after=int(after[:18]) if after.isascii() and after.isdigit() else None,
            limit=queries_venues.PAGE + 1,
        )
    )
    context = {
        "rows": rows[: queries_venues.PAGE],
        "next": rows[queries_venues.PAGE - 1].pk if len(rows) > queries_venues.PAGE else None,
        "division": division,
        "divisions": [
            (one.code, say(one.name)) for one in places.divisions() if one.level in ("subdistrict", "town", "village")
        ],
    }
    return render(request, "portal/venues/compounds.html", context)


@require_GET
@for_anyone
def compound(request, code):
    """What is in force in one compound, from when until when, and what begins later."""
    venue = queries_venues.by_code(code)
    if venue is None or venue.kind != VenueKind.COMPOUND:
        raise Http404
    now = timezone.now()
    context = {
        "venue": venue,
        "rule": queries_venues.in_force_at(venue, now),
        "rules": queries_venues.published_for(venue, now),
        "today": timezone.localdate(now),
        "entrances": list(venue.entrances.all()),
    }
    return render(request, "portal/venues/compound.html", context)


# -- shared


def _minutes_left(now: datetime, entered_at: datetime) -> int:
    """Words are given for as long as the pass lives, so that it goes on where the line is bad."""
    return max(int((entered_at + PASS_LIVES - now).total_seconds() // 60) + 1, 1)


def _proved(request) -> int | None:
    """The person whose identity was proved and who is signed in here; everybody else is a guest."""
    account = request.user
    if isinstance(account, Account) and account.person_id and account.level >= VERIFIED:
        return account.person_id
    return None


def _device(request) -> str:
    try:
        return signing.loads(request.COOKIES.get(DEVICE, ""), salt=SALT_DEVICE, max_age=DEVICE_LIVES)
    except signing.BadSignature:
        return ""


def _keep(response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, httponly=True, secure=settings.HTTPS, samesite="Lax", path="/")
