"""Inspections of venues on a phone: the draw, the scans, what was found; also without a line. Whoever supervises sees every draw."""

import json
from datetime import datetime
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages.keeping import account_mark
from tongban.codes import colours, visit_queries, visit_rules
from tongban.codes.models import VenueFinding, VenueKind, VenueVisit, WorkerCheck
from tongban.codes.services import visiting
from tongban.codes.wording import why as why_refused
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, Problem
from tongban.materials import queries as papers
from tongban.places import queries as places

PURPOSE = "inspection"
SEES = ("inspector", "supervisor", "coordinator")
AREAS = ("city", "district", "subdistrict", "town")
LEADS = {"supervisor", "coordinator"}


def _key(text: str) -> int | None:
    return int(text[:18]) if text.isascii() and text.isdigit() else None


# -- the list and the draw


@never_cache
@require_GET
@for_officer(*SEES)
def listed(request, officer):
    return _list(request, officer)


def _list(request, officer, problem: Problem | None = None):
    leads = bool(LEADS & set(officer.roles))
    before = _key(request.GET.get("before", ""))
    rows, following = (visit_queries.of_department if leads else visit_queries.of_inspector)(officer, before=before)
    typed = request.POST if problem else {}
    open_ = next((row for row in rows if row.state == "drawn" and row.inspector_id == officer.pk), None)
    context = {
        "officer": officer,
        "rows": rows,
        "following": following,
        "leads": leads,
        "inspects": "inspector" in officer.roles,
        "open": open_,
        "answered": visit_queries.answered(None if leads else officer),
        "escalated": visit_queries.escalated() if leads else [],
        "figures": visit_queries.figures(timezone.now()) if leads else None,
        "areas": [(one.code, say(one.name)) for one in places.divisions() if one.level in AREAS],
        "kinds": VenueKind.choices,
        "typed": {name: typed.get(name, "") for name in ("area", "kind", "why_again")} | {"size": typed.get("size", visit_rules.SAMPLE)},
        "most": visit_rules.SAMPLE_AT_MOST,
        "mark": account_mark(request.user),
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
    }  # fmt: skip
    return render(request, "office/visits/list.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer("inspector")
def draw(request, officer):
    """Let chance choose. Drawing again before it is done needs a reason."""
    typed = request.POST
    try:
        row = visiting.draw(
            officer=officer,
            area=places.division(typed.get("area", "")[:12]),
            kind=typed.get("kind", ""),
            size=_key(typed.get("size", "")) or 0,
            why_again=typed.get("why_again", ""),
        )
    except Problem as problem:
        return _list(request, officer, problem)
    return redirect("office:venue_visit", ref=row.ref)


@require_GET
@for_officer("inspector")
def to_keep(request, officer):
    """Which pages a phone takes along: the list, and what this inspector has drawn and not done."""
    rows, _following = visit_queries.of_inspector(officer)
    paths = [reverse("office:venue_visit", args=[row.ref]) for row in rows if row.state == "drawn"]
    return JsonResponse({"account": account_mark(request.user), "pages": [reverse("office:venue_visits"), *paths]})


# -- one inspection


def _one(officer, ref: str, *, own: bool = False) -> VenueVisit:
    row = visit_queries.visit_by_ref(ref)
    mine = row is not None and row.inspector_id == officer.pk
    if row is None or not (mine or (not own and LEADS & set(officer.roles))):
        raise Http404
    return row


def _shown(check: WorkerCheck) -> dict:
    """One scan in words: who, the test with its time and result, and every reason."""
    seen = check.seen
    test = seen.get("test")
    refused = seen.get("refused", "")
    return {
        "check": check,
        "name": seen.get("name") or (check.worker.name if check.worker else ""),
        "test": test and {**test, "at": parse_datetime(test["sampled_at"]), "words": _result(test["result"])},
        "reasons": [visit_rules.REASONS[reason] for reason in seen["reasons"]],
        "refused": why_refused(refused).sentence if refused and check.how == "code" else refused,
        "colour": seen.get("colour", ""),
    }  # fmt: skip


def _result(code: str) -> str:
    return {"negative": _("negative"), "positive": _("positive")}.get(code, _("not known"))


@never_cache
@require_GET
@for_officer(*SEES)
def visit(request, officer, ref):
    return _page(request, officer, _one(officer, ref))


def _page(request, officer, row: VenueVisit, *, problem: Problem | None = None, said: dict | None = None, found=None):
    sample, checks = visit_queries.sample_of(row), visit_queries.checks_of(row)
    done = {check.worker_id for check in checks if check.worker_id}
    people = {worker.person_id for worker in sample} | {check.person_id for check in checks}
    doorkeeper.reading_many(request, sorted(one for one in people if one), PURPOSE, ["name", "test"], about=row.subject)
    errors = problem.errors if isinstance(problem, Invalid) else {}
    found = found if found is not None else {}
    stands = {one.what: one for one in row.findings.all()}
    context = {
        "officer": officer,
        "row": row,
        "venue": row.venue,
        "tab": request.POST.get("tab") or uuid4().hex[:16],
        "writes": row.state == "drawn" and row.inspector_id == officer.pk,
        "sample": [{"worker": worker, "done": worker.pk in done} for worker in sample],
        "checks": [_shown(check) for check in checks],
        "order": colours.order_in_force(timezone.now(), row.venue.division, measure="health_colours"),
        "whats": [
            {"value": value, "label": label, "chosen": value in found, "words": found.get(value, "")}
            for value, label in VenueFinding.What.choices
            if value not in {"test_positive", "test_overdue", "not_on_list"}
        ],
        "findings": list(stands.values()),
        "photos": list(row.photos.all()),
        "said": said or {"note": row.note, "place": row.place, "why_fewer": row.why_fewer},
        "problem": problem,
        "errors": errors,
    }
    return render(request, "office/visits/one.html", context, status=problem.status if problem else 200)


def _moment(text) -> datetime | None:
    try:
        found = parse_datetime(str(text)[:40])
    except ValueError:
        return None
    return timezone.make_aware(found) if found is not None and timezone.is_naive(found) else found


def _parsed(text: str):
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None


def _said(request) -> dict:
    """What the page shows, whoever sent it: a browser, or a phone that was without a line."""
    typed = request.POST
    position, scans = _parsed(typed.get("position", "")), _parsed(typed.get("scans", ""))
    numbers = (
        {
            name: float(position[name])
            for name in ("lat", "lng", "accuracy")
            if isinstance(position.get(name), (int, float))
        }
        if isinstance(position, dict)
        else {}
    )
    return {
        "note": typed.get("note", ""),
        "place": typed.get("place", ""),
        "why_fewer": typed.get("why_fewer", ""),
        "position": numbers if len(numbers) == 3 else None,
        "scans": [
            {"key": str(one.get("key", ""))[:40], "text": str(one.get("text", ""))[:4000], "at": _moment(one.get("at"))}
            for one in (scans if isinstance(scans, list) else [])
            if isinstance(one, dict) and one.get("key") and one.get("text")
        ],
    }


def _found(request) -> dict[str, str]:
    return {
        what: request.POST.get(f"words-{what}", "")
        for what in request.POST.getlist("found")
    }  # fmt: skip


def _refused(problem: Problem) -> JsonResponse:
    return JsonResponse({"title": str(problem), "code": problem.code}, status=problem.status)


@require_POST
@for_officer("inspector")
def save(request, officer, ref):
    """Keep the record while it is written, by itself (JSON) or with the button; scans that waited come with it."""
    row = _one(officer, ref, own=True)
    quiet = bool(request.headers.get("X-Autosave"))
    try:
        row = visiting.note_visit(
            row, officer=officer, said=_said(request), revision=_key(request.POST.get("revision", "")) or 0,
            saver=request.POST.get("tab", ""),
        )  # fmt: skip
    except Problem as problem:
        return (
            _refused(problem)
            if quiet
            else _page(request, officer, row, problem=problem, said=_said(request), found=_found(request))
        )
    if quiet:
        return JsonResponse({"revision": row.revision, "saved_at": timezone.localtime(row.saved_at).strftime("%H:%M")})
    return redirect("office:venue_visit", ref=ref)


@require_POST
@for_officer("inspector")
def check(request, officer, ref):
    """One scan: what the inspector sees is written down first."""
    row = _one(officer, ref, own=True)
    quiet = bool(request.headers.get("X-Autosave"))
    try:
        made = visiting.check_worker(
            row, officer=officer, text=request.POST.get("payload", "")[:4000], key=request.POST.get("key") or uuid4().hex,
            told=_moment(request.POST.get("at", "")),
        )  # fmt: skip
    except Problem as problem:
        return _refused(problem) if quiet else _page(request, officer, row, problem=problem)
    if quiet:
        if made.person_id:
            doorkeeper.reading(request, made.person_id, PURPOSE, ["name", "test"], about=row.subject)
        words = render_to_string("office/visits/check.html", {"one": _shown(made)}, request)
        return JsonResponse({"key": made.key, "fine": made.fine, "html": words}, status=201)
    return redirect(f"{reverse('office:venue_visit', args=[ref])}#scans")


@require_POST
@for_officer("inspector")
def photo(request, officer, ref):
    """Photographs, each under the phone's own name."""
    row = _one(officer, ref, own=True)
    quiet = bool(request.headers.get("X-Autosave"))
    files = request.FILES.getlist("photo")
    try:
        if not files:
            raise Invalid("photo-missing", errors={"photo": [_("Choose a photograph.")]})
        for number, file in enumerate(files):
            key = request.POST.get("key") or uuid4().hex
            visiting.add_visit_photo(row, officer=officer, file=file, key=f"{key}-{number}" if number else key)
    except Problem as problem:
        return _refused(problem) if quiet else _page(request, officer, row, problem=problem)
    if quiet:
        return JsonResponse({"photos": row.photos.count()}, status=201)
    return redirect(f"{reverse('office:venue_visit', args=[ref])}#photos")


@require_GET
@for_officer(*SEES)
def picture(request, officer, ref, pk):
    """One photograph, for looking at."""
    row = _one(officer, ref)
    found = row.photos.select_related("document").filter(pk=pk).first()
    page = found.document.pages.order_by("order").first() if found is not None else None
    if page is None:
        raise Http404
    opened = papers.preview(page)
    response = HttpResponse(opened.content, content_type=opened.mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@for_officer("inspector")
def submit(request, officer, ref):
    """The record is done: the venue is told."""
    row = _one(officer, ref, own=True)
    try:
        if request.POST.get("sign") != "on":
            raise Invalid("not-signed", errors={"sign": [_("Tick that you saw it yourself.")]})
        row = visiting.finish_visit(
            row, officer=officer, found=_found(request), said=_said(request),
            revision=_key(request.POST.get("revision", "")) or 0, saver=request.POST.get("tab", ""),
        )  # fmt: skip
    except Problem as problem:
        return _page(request, officer, row, problem=problem, said=_said(request), found=_found(request))
    messages.success(request, _("Done. The venue sees what was found, and until when."))
    return redirect("office:venue_visit", ref=ref)


# -- findings


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*SEES)
def finding(request, officer, pk):
    """What was found, what the venue says, and whether that is enough."""
    row, problem = visit_queries.finding_by_key(pk), None
    if row is None or not (row.visit.inspector_id == officer.pk or LEADS & set(officer.roles)):
        raise Http404
    if request.method == "POST":
        try:
            if request.POST.get("act") == "close":
                visiting.close_finding(row, officer=officer)
                messages.success(request, _("Closed. The venue is told."))
            elif request.POST.get("act") == "back":
                visiting.give_back_finding(row, officer=officer, why=request.POST.get("why", ""))
                messages.success(request, _("Given back. The venue has its days once more."))
            else:
                raise Http404
        except Problem as refused:
            problem = refused
        else:
            return redirect("office:venue_visits")
    doorkeeper.reading(request, row.venue.party_id, PURPOSE, ["finding"], about=row.visit.subject)
    context = {
        "officer": officer,
        "row": row,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "why": request.POST.get("why", "") if problem else "",
    }
    return render(request, "office/visits/finding.html", context, status=problem.status if problem else 200)
