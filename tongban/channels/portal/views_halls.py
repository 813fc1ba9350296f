"""Halls for anybody: finding one, one hall, what a quarter of an hour's walk reaches, how much of a district lies within it."""

from collections.abc import Iterable
from datetime import timedelta

from django.http import Http404, HttpRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone
from tongban.channels.pages import hall_drawing
from tongban.channels.pages.look import query_string
from tongban.halls import circle, hours
from tongban.halls import queries_places as places
from tongban.halls.circle import Point
from tongban.halls.models import Hall, HallLevel, MachineKind
from tongban.halls.places_words import FACILITIES, LANGUAGES
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.places import queries as divisions
from tongban.places.models import Division

PAGES = require_http_methods(["GET", "HEAD", "POST"])
DAYS, MATTERS, TYPED_AT_MOST = 7, 12, 200


def _level(text: str) -> str:
    return text if text in HallLevel.values else ""


def _after(text: str) -> tuple[str, str] | None:
    level, _colon, code = text.partition(":")
    return (level, code[:60]) if level in HallLevel.values and code else None


def opening(openings: hours.Openings, hall: Hall, now) -> dict:
    """What a card says of a hall's hours: open until when, or closed until when."""
    day = openings.day(hall, timezone.localdate(now))
    return {
        "open": openings.is_open(hall, now),
        "until": openings.closes(hall, now),
        "next": openings.next_opening(hall, now),
        "today": day,
    }


def cards(found: Iterable[Hall], now, days: int = 10) -> list[dict]:
    found = list(found)
    openings = hours.Openings.now(found, now, days)
    return [{"hall": hall, **opening(openings, hall, now)} for hall in found]


@require_GET
@for_anyone
def halls(request):
    """Every hall, narrowed by words, level and district; twenty a page."""
    words, level = request.GET.get("q", "")[:TYPED_AT_MOST].strip(), _level(request.GET.get("level", ""))
    district = request.GET.get("district", "")[:12]
    district = district if district.isascii() and district.isdigit() else ""
    found = places.halls(words=words, level=level, division=district, after=_after(request.GET.get("after", "")))
    rows = list(found[: places.PAGE + 1])
    more = rows[places.PAGE - 1] if len(rows) > places.PAGE else None
    context = {
        "words": words,
        "level": level,
        "district": district,
        "levels": HallLevel.choices,
        "districts": [(row.code, say(row.name)) for row in divisions.divisions("district")],
        "rows": cards(rows[: places.PAGE], timezone.now()),
        "next": query_string(request.GET, after=f"{more.level}:{more.code}") if more else "",
        "narrowed": bool(words or level or district),
    }
    return render(request, "portal/halls/list.html", context)


@require_GET
@for_anyone
def hall(request, code):
    """One hall: open now, its week, where things stand, what is done there."""
    row = places.hall(code)
    if row is None:
        raise Http404
    now = timezone.now()
    today = timezone.localdate(now)
    openings = hours.Openings([row], today, today + timedelta(days=hours.LOOK_AHEAD - 1))
    windows, machines = places.windows(row), places.machines(row)
    words = request.GET.get("q", "")[:TYPED_AT_MOST].strip()
    versions = places.matters_of(row, words=words, after=request.GET.get("after", "")[:60], limit=MATTERS + 1)
    last = versions[MATTERS - 1].matter.slug if len(versions) > MATTERS else ""
    moves = places.coming_moves(row)
    context = {
        "hall": row,
        "now": opening(openings, row, now),
        "week": [openings.day(row, today + timedelta(days=place)) for place in range(DAYS)],
        "later": [
            one
            for one in (openings.day(row, today + timedelta(days=place)) for place in range(DAYS, hours.LOOK_AHEAD))
            if one.differs
        ],
        "tickets_until": hours.last_ticket(row, openings.spans(row, today)),
        "today": today,
        "moves": moves,
        "plan": hall_drawing.floor_plan(row, windows, machines) if row.areas else None,
        "kinds": _kinds(windows),
        "machines": _machines(machines),
        "computers": any(one.kind == MachineKind.COMPUTER for one in machines),
        "facilities": [FACILITIES[one] for one in row.facilities or [] if one in FACILITIES],
        "languages": [LANGUAGES.get(one, one) for one in row.languages],
        "words": words,
        "matters": versions[:MATTERS],
        "next": query_string(request.GET, after=last) + "#matters" if last else "",
    }
    return render(request, "portal/halls/hall.html", context)


def _kinds(windows) -> list[tuple[str, int]]:
    counted: dict[str, int] = {}
    for window in windows:
        words = str(window.get_kind_display())
        counted[words] = counted.get(words, 0) + 1
    return list(counted.items())


def _machines(machines) -> list[dict]:
    """Each kind that visitors use, how many stand there and how many of them work."""
    found: dict[str, dict] = {}
    for machine in machines:
        kind = MachineKind(machine.kind)
        if kind in (MachineKind.KIOSK, MachineKind.COMPUTER, MachineKind.LOCKER, MachineKind.ROBOT):
            row = found.setdefault(machine.kind, {"words": kind.label, "all": 0, "working": 0})
            row["all"] += 1
            row["working"] += machine.working
    return list(found.values())


# -- the circle


@PAGES
@for_anyone
def around(request):
    """What a walk of fifteen minutes reaches from one's own division, from a typed address, or from where the device is.

    Address and position come by POST: they are in no log and in no history, and are kept nowhere.
    """
    now = timezone.now()
    errors: dict[str, list] = {}
    at, taken_for, typed = None, "", ""
    slug = (request.POST.get("matter") or request.GET.get("matter", ""))[:60]
    if request.method == "POST":
        typed = request.POST.get("address", "")[:TYPED_AT_MOST].strip()
        try:
            at, taken_for = _asked_from(request, typed)
        except Invalid as invalid:
            errors = invalid.errors
    if at is None:
        at, taken_for = _from_division(request) or (None, "")
    version = places.published(slug) if slug else None
    context = {
        "typed": typed,
        "errors": errors,
        "labels": {"address": _("Address, street or neighbourhood")},
        "taken_for": taken_for,
        "version": version,
        "divisions": [(row.code, say(row.name)) for row in _neighbourhoods()],
        "division": request.GET.get("division", "")[:12],
        "minutes": circle.MINUTES,
        "asked": at is not None,
    }
    if at is not None:
        found = places.near(at)
        rows = cards([one.hall for one in found], now)
        opened = [row["hall"].pk for row in rows if row["open"]]
        near = places.nearest_open(at, now, version=version)
        context |= {
            "rows": _numbered(rows, found),
            "nearest": _numbered(cards([one.hall for one in near], now), near),
            "first": None
            if near
            else min((one for one in rows if one["next"]), key=lambda one: one["next"], default=None),
            "map": hall_drawing.of_the_circle(
                at,
                found,
                opened,
                _hrefs(one.hall for one in found),
                places.neighbourhoods(at, hall_drawing.ACROSS / 2),
            ),
        }
    return render(request, "portal/halls/circle.html", context, status=422 if errors else 200)


def _numbered(rows: list[dict], found: list[places.Near]) -> list[dict]:
    return [{**row, "near": one, "number": place} for place, (row, one) in enumerate(zip(rows, found, strict=True), 1)]


def _asked_from(request: HttpRequest, typed: str) -> tuple[Point, str]:
    lat, lng = request.POST.get("lat", "")[:24], request.POST.get("lng", "")[:24]
    if lat or lng:
        point = circle.read_point(lat, lng)
        if point is None:
            raise Invalid(
                "no-position", errors={"address": [_("Your device gave no position. Type an address instead.")]}
            )
        return point, _("where your device is")
    found = places.locate(typed)
    if found is None:
        sentence = _("We know no place by these words. Name the subdistrict or town, or a hall near you.")
        raise Invalid("unknown-address", errors={"address": [sentence]})
    return found.at, found.name


def _from_division(request: HttpRequest) -> tuple[Point, str] | None:
    """The division of the address line, else of whom one stands for."""
    code = request.GET.get("division", "")[:12]
    row: Division | None = None
    if code:
        row = divisions.division(code) if code.isascii() and code.isdigit() else None
    elif (party := doorkeeper.space(request)) is not None:
        row = party.division
    if row is None or row.lat is None or row.lng is None:
        return None
    return Point(row.lat, row.lng), say(row.name)


def _neighbourhoods() -> list[Division]:
    wanted = ("district", "subdistrict", "town", "village")
    return [row for row in divisions.divisions() if row.level in wanted and row.lat is not None]


def _hrefs(found: Iterable[Hall]) -> dict[int, str]:
    return {row.pk: reverse("portal:hall", args=[row.code]) for row in found}


@require_GET
@for_anyone
def coverage(request):
    """How many people of a district have a hall within fifteen minutes, grid by grid, and which grids have no working machine."""
    known = places.districts()
    code = request.GET.get("district", "")[:12]
    chosen = next((row for row in known if row.code == code), known[0] if known and not code else None)
    if code and chosen is None:
        raise Http404
    only = request.GET.get("only", "")
    only = only if only in ("terminal", "far") else ""
    context: dict = {"districts": known, "chosen": chosen}
    if chosen is not None:
        found = places.coverage(chosen)
        context |= {
            "found": found,
            "share": None if found.share is None else round(found.share * 100),
            "only": only,
            "rows": [
                {
                    "number": number,
                    "grid": grid,
                    "people": f"{grid.population:,}",
                    "share": round(reached.share * 100),
                    "machine": reached.machine,
                }
                for number, (grid, reached) in enumerate(found.grids, 1)  # as numbered on the map
                if only == "" or (only == "terminal" and not reached.machine) or (only == "far" and reached.share < 0.5)
            ],
            "map": hall_drawing.of_the_district(found.grids, found.halls, _hrefs(found.halls)),
        }
    return render(request, "portal/halls/coverage.html", context)
