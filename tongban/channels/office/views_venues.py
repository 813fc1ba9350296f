"""The office that issues venue codes: which there are, how they spread, what is asked at entrances, what people report."""

from datetime import timedelta

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages.live import stand_before
from tongban.codes import queries_venues, words_of_the_minute
from tongban.codes.models import EntryLevel, EntryRule, Venue, VenueKind, VenueReport
from tongban.codes.services import keeping_venues, publishing_rules
from tongban.codes.venue_states import PosterState, VenueReportState
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.places import queries as places

PAGES = require_http_methods(["GET", "HEAD", "POST"])
LOOKS = ("coordinator", "supervisor", "auditor")
PUBLISHES = publishing_rules.EDITORS
SPREAD_DAYS = 7
RULE_FIELDS = ("kind", "place", "level", "words_zh", "words_en", "basis", "first_day", "last_day", "staff_hours")


def _before(request) -> int | None:
    text = request.GET.get("before", "")
    return int(text[:18]) if text.isascii() and text.isdigit() else None


def _divisions() -> list[tuple[str, str]]:
    return [(one.code, say(one.name)) for one in places.divisions() if one.level not in ("province", "prefecture")]


def _page(rows, size: int) -> tuple[list, int | None]:
    found = list(rows)
    return found[:size], found[size - 1].pk if len(found) > size else None


@require_GET
@for_officer(*LOOKS)
def venues(request, officer):
    """Venue codes, the newest first, narrowed by division, kind and state; or the one whose number was typed."""
    division, kind, state = (request.GET.get(name, "")[:20] for name in ("division", "kind", "state"))
    number = request.GET.get("number", "").strip()
    if number and (found := queries_venues.by_code(number)) is not None:
        return redirect("office:venue", pk=found.pk)
    rows, following = _page(
        queries_venues.venues(
            division=division, kind=kind, state=state, before=_before(request), limit=queries_venues.PAGE + 1
        ),
        queries_venues.PAGE,
    )
    context = {
        "officer": officer,
        "rows": rows,
        "next": following,
        "divisions": _divisions(),
        "kinds": VenueKind.choices,
        "chosen": {"division": division, "kind": kind, "state": state},
        "number": number,
    }
    return render(request, "office/venues/list.html", context)


@PAGES
@for_officer(*LOOKS)
def venue(request, officer, pk):
    """One venue: where it is, its entrances, what is asked, what its guard sees; suspended and resumed here."""
    row = get_object_or_404(Venue.objects.select_related("division", "party", "case"), pk=pk)
    errors: dict = {}
    if request.method == "POST":
        try:
            act, reason = request.POST.get("act", ""), request.POST.get("reason", "")
            if act == "suspend":
                keeping_venues.suspend(row, officer=officer, reason=reason)
            elif act == "resume":
                keeping_venues.resume(row, officer=officer, reason=reason)
            else:
                raise Http404
            return redirect("office:venue", pk=row.pk)
        except Invalid as invalid:
            errors = invalid.errors
    doorkeeper.reading(request, row.party_id, "venue", ["manager"], about=row.subject)
    stand_before(request, row.subject)
    now = timezone.now()
    word, colour = words_of_the_minute.of_minute(row.pk, now)
    context = {
        "officer": officer,
        "venue": row,
        "entrances": [
            (one, sum(poster.state == PosterState.CURRENT for poster in one.posters.all()))
            for one in row.entrances.prefetch_related("posters")
        ],
        "rule": queries_venues.in_force_at(row, now),
        "figures": queries_venues.today_at(row, now),
        "inside": queries_venues.inside(row, now),
        "passages": queries_venues.lately(row),
        "word": word,
        "colour": colour,
        "reports": list(VenueReport.objects.filter(venue=row)[:10]),
        "may_act": bool(set(keeping_venues.OFFICERS) & set(officer.roles)),
        "errors": errors,
        "labels": {"reason": _("Reason")},
        "typed": request.POST.get("reason", "") if errors else "",
    }
    return render(request, "office/venues/one.html", context, status=422 if errors else 200)


@require_GET
@for_officer(*LOOKS)
def spread(request, officer):
    """How venue codes spread: venues and entries, division by division, from sums."""
    kind = request.GET.get("kind", "")[:20]
    rows = queries_venues.spread(kind=kind, since=timezone.now() - timedelta(days=SPREAD_DAYS))
    names = {one.code: say(one.name) for one in places.divisions()}
    most = max((row.venues for row in rows), default=0)
    context = {
        "officer": officer,
        "rows": [(names.get(row.division, _("not said")), row, most) for row in rows],
        "venues": sum(row.venues for row in rows),
        "passed": sum(row.passed for row in rows),
        "kind": kind,
        "kinds": VenueKind.choices,
        "days": SPREAD_DAYS,
    }
    return render(request, "office/venues/spread.html", context)


@PAGES
@for_officer(*PUBLISHES)
def rules(request, officer):
    """What is asked at entrances: published for a kind of venue or for one compound or other place, withdrawn."""
    errors: dict = {}
    if request.method == "POST":
        if request.POST.get("act") == "withdraw":
            pk = request.POST.get("rule", "")
            rule = get_object_or_404(EntryRule, pk=int(pk[:18]) if pk.isascii() and pk.isdigit() else 0)
            publishing_rules.withdraw(rule, officer=officer)
            return redirect("office:entry_rules")
        place, at = request.POST.get("place", "").strip(), None
        if place:
            at = queries_venues.by_code(place)
            if at is None:
                errors["place"] = [_("There is no venue with this number.")]
        if not errors:
            try:
                publishing_rules.publish(officer=officer, said=request.POST, venue=at)
                return redirect("office:entry_rules")
            except Invalid as invalid:
                errors = invalid.errors
    rows, following = _page(
        queries_venues.rules_published(before=_before(request), limit=queries_venues.PAGE + 1), queries_venues.PAGE
    )
    context = {
        "officer": officer,
        "rows": rows,
        "next": following,
        "today": timezone.localdate(),
        "kinds": VenueKind.choices,
        "levels": EntryLevel.choices,
        "errors": errors,
        "labels": {
            "kind": _("Kind of venue"),
            "place": _("Number of one place"),
            "level": _("What is asked"),
            "words_zh": _("What people have to do, in Chinese"),
            "words_en": _("What people have to do, in English"),
            "basis": _("Law or order it rests on"),
            "first_day": _("First day"),
            "last_day": _("Last day"),
            "staff_hours": _("Staff are tested every so many hours"),
        },
        "typed": {name: request.POST.get(name, "") if errors else "" for name in RULE_FIELDS},
    }
    return render(request, "office/venues/rules.html", context, status=422 if errors else 200)


@PAGES
@for_officer(*LOOKS)
def reports(request, officer):
    """What people report about posters: somebody goes and looks, and writes what was found."""
    errors: dict = {}
    wrong = None
    if request.method == "POST":
        pk = request.POST.get("report", "")
        row = get_object_or_404(VenueReport, pk=int(pk[:18]) if pk.isascii() and pk.isdigit() else 0)
        try:
            publishing_rules.close_report(row, officer=officer, found=request.POST.get("found", ""))
            return redirect("office:venue_reports")
        except Invalid as invalid:
            errors, wrong = invalid.errors, row.pk
    state = VenueReportState.CLOSED if request.GET.get("state") == "closed" else VenueReportState.OPEN
    rows, following = _page(
        queries_venues.reports(state=state, before=_before(request), limit=queries_venues.PAGE + 1), queries_venues.PAGE
    )
    named = [row.party_id for row in rows if row.party_id]
    doorkeeper.reading_many(request, named, "report", ["report"], "venue-reports")
    context = {
        "officer": officer,
        "rows": rows,
        "next": following,
        "state": state,
        "errors": errors,
        "wrong": wrong,
        "may_act": bool(set(keeping_venues.OFFICERS) & set(officer.roles)),
    }
    return render(request, "office/venues/reports.html", context, status=422 if errors else 200)
