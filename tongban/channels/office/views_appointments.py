"""Appointments of a hall and day for its staff: who comes, checked in, booked for callers. Names and numbers are seen one at a time, and written down."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.views_counter import HALL, SCENE
from tongban.channels.office.views_tablet import party_shown
from tongban.channels.pages.visit_purposes import PURPOSES, purpose_of
from tongban.codes.services import readers
from tongban.departments.models import Officer
from tongban.halls import booking_rules, queries_supervisors
from tongban.halls import queries_appointments as queries
from tongban.halls import queries_round_tables as round_tables
from tongban.halls.appointment_states import AppointmentState
from tongban.halls.models import Appointment, Category, Hall, VisitKind, Window
from tongban.halls.services import booking, supervisors, tickets
from tongban.halls.services.booking import PHONE, WINDOW, Holder, Wanted
from tongban.lib.bilingual import both
from tongban.lib.problems import Invalid, NotAllowed
from tongban.matters import queries as matters
from tongban.matters.models import MatterVersion

STAFF = ("window_officer", "issuing_officer", "helper", "supervisor", "coordinator")
BOOKS = ("window_officer", "helper", "supervisor", "coordinator")
LEADS = ("supervisor", "coordinator")
AHEAD = timedelta(days=14)
FOUND, MATTERS_AT_MOST = 6, 3


def _hall(request: HttpRequest, officer: Officer) -> Hall:
    """The hall asked for, else that of the window one sits at, else where one worked last at counter or tablet, else the first one of the district."""
    halls = Hall.objects.filter(active=True)
    said = request.GET.get("hall") or request.POST.get("hall", "")
    if said:
        return get_object_or_404(halls, code=said[:60])
    window = Window.objects.select_related("hall").filter(officer=officer).first()
    if window is not None:
        return window.hall
    last = halls.filter(code=request.session.get(HALL, "")).first()
    found = last or halls.filter(level="district").first() or halls.first()
    if found is None:
        raise Http404
    return found


def _day(text: str, today: date) -> date:
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return today
    return found if abs((found - today).days) <= 400 else today


@require_GET
@for_officer(*STAFF)
@never_cache
def appointments(request, officer):
    """A day of a hall by time: what is booked, who is here, who has not come."""
    if not Hall.objects.filter(active=True).exists():
        return render(request, "office/no_hall.html", {"officer": officer})
    hall, now = _hall(request, officer), timezone.now()
    today = timezone.localdate(now)
    day = _day(request.GET.get("day", ""), today)
    rows = list(queries.of_a_day(hall, day)[:500])
    outside = queries.outside_hours(hall, today, today + AHEAD)
    context = {
        "officer": officer,
        "hall": hall,
        "halls": [
            (one.code, one.shown_name) for one in Hall.objects.filter(active=True).only("code", "name", "level")[:60]
        ],
        "day": day,
        "today": today,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "rows": [
            {
                "row": row,
                "purpose": purpose_of(row.kind, row.category.code),
                "late": row.state == AppointmentState.CONFIRMED and row.begins_at < now,
            }
            for row in rows
        ],
        "figures": [
            {"label": _("Booked"), "value": sum(row.state == AppointmentState.CONFIRMED for row in rows)},
            {"label": _("Here"), "value": sum(row.state == AppointmentState.CHECKED_IN for row in rows)},
            {"label": _("Served"), "value": sum(row.state == AppointmentState.SERVED for row in rows)},
            {"label": _("Did not come"), "value": sum(row.state == AppointmentState.NO_SHOW for row in rows)},
        ],
        "outside": outside,
        "may_cancel": request.role in LEADS,
        "may_book": request.role in BOOKS,
    }
    return render(request, "office/appointments/day.html", context)


@for_officer(*STAFF)
@never_cache
def appointment(request, officer, pk):
    """One of them: checked in, cancelled for a caller, or by the hall with a reason."""
    row = get_object_or_404(
        Appointment.objects.select_related("hall", "category", "matter", "party", "booked_by"), pk=pk
    )
    problem: NotAllowed | Invalid | None = None
    if request.method == "POST":
        try:
            return _act(request, officer, row)
        except (NotAllowed, Invalid) as refused:
            problem = refused
            row.refresh_from_db()
    doorkeeper.reading(request, row.party_id or 0, "appointment at the hall", ["name", "phone"], row.subject)
    now = timezone.now()
    context = {
        "officer": officer,
        "row": row,
        "name": row.party.shown_name if row.party is not None else row.name,
        "purpose": purpose_of(row.kind, row.category.code),
        "matters": _versions([one.slug for one in queries.matters_of(row)]),
        "table": round_tables.of_appointment(row),
        "may_plan": row.kind == VisitKind.ROUND_TABLE
        and row.state in (AppointmentState.CONFIRMED, AppointmentState.CHECKED_IN)
        and request.role in BOOKS,
        "today": timezone.localdate(row.begins_at) == timezone.localdate(now),
        "confirmed": row.state == AppointmentState.CONFIRMED,
        "ticket": getattr(row, "ticket", None),
        "problem": problem,
        "may_book": request.role in BOOKS,
        "may_lead": request.role in LEADS,
        "may_check_in": request.role in ("window_officer", "helper"),
        "reason_zh": request.POST.get("reason_zh", ""),
        "reason_en": request.POST.get("reason_en", ""),
        "back": f"{reverse('office:appointments')}?{urlencode({'hall': row.hall.code, 'day': timezone.localdate(row.begins_at).isoformat()})}",
        "again": f"{reverse('office:appointment_new')}?{urlencode({'hall': row.hall.code, 'moves': str(row.pk)})}",
    }
    return render(request, "office/appointments/one.html", context, status=problem.status if problem else 200)


def _act(request: HttpRequest, officer: Officer, row: Appointment):
    act, actor = request.POST.get("act", ""), doorkeeper.actor_of(request)
    if act == "check_in" and request.role in ("window_officer", "helper"):  # type: ignore[attr-defined]
        ticket = tickets.check_in(row, actor=actor)
        messages.success(request, _("Checked in. The number is %(number)s.") % {"number": ticket.label})
    elif act == "cancel" and request.role in BOOKS:  # type: ignore[attr-defined]
        booking.cancel(row, actor=actor, officer=officer)
        messages.success(request, _("Cancelled. The holder was told."))
    elif act == "cancel_by_hall" and request.role in LEADS:  # type: ignore[attr-defined]
        booking.cancel_by_hall(row, reason=_reason(request), actor=actor)
        messages.success(request, _("Cancelled. The holder was told."))
    else:
        raise Http404
    return redirect("office:appointment", pk=row.pk)


def _reason(request: HttpRequest) -> dict[str, str]:
    zh, en = (request.POST.get(f"reason_{one}", "").strip()[:200] for one in ("zh", "en"))
    return both(zh or en, en or zh)


@require_POST
@for_officer(*LEADS)
def appointments_outside(request, officer):
    """A day was closed or shortened: whoever has a time then is told, one act each, and nobody is forgotten."""
    hall, now = _hall(request, officer), timezone.now()
    bound = queries_supervisors.bound_to(officer)
    if bound is not None and hall.pk not in bound:
        raise supervisors.refused()
    today, actor, reason = timezone.localdate(now), doorkeeper.actor_of(request), _reason(request)
    told = 0
    for row in queries.outside_hours(hall, today, today + AHEAD):
        try:
            booking.cancel_by_hall(row, reason=reason, actor=actor)
            told += 1
        except NotAllowed:
            continue  # cancelled or checked in meanwhile
    messages.success(request, _("%(number)s people were told.") % {"number": told})
    return redirect(f"{reverse('office:appointments')}?{urlencode({'hall': hall.code})}")


@for_officer(*BOOKS)
@never_cache
def appointment_new(request, officer):
    """For somebody who rings: what for and when on the left, who on the right; booked in one step. Or another time for a booked visit."""
    hall, now = _hall(request, officer), timezone.now()
    said = request.POST if request.method == "POST" else request.GET
    moves = _moved(said.get("moves", ""), hall)
    purpose = (
        purpose_of(moves.kind, moves.category.code)
        if moves
        else PURPOSES.get(said.get("what", ""), PURPOSES["personal"])
    )
    category = get_object_or_404(Category, code=purpose.category, bookable=True)
    people = min(6, int(said["people"])) if said.get("people", "").isascii() and said.get("people", "").isdigit() else 1
    people = moves.people if moves else max(1, people)
    versions = _versions([] if moves else said.getlist("matter"))
    found = tuple(queries.matters_of(moves)) if moves else tuple(one.matter for one in versions)
    problem: NotAllowed | Invalid | None = None
    if request.method == "POST":
        try:
            row = _book(
                request,
                officer,
                Wanted(hall, category, _moment(said.get("at", "")), purpose.kind, found, people),
                moves,
            )
            messages.success(request, _("Booked. Say the time again, and that a message was sent."))
            if row.kind == VisitKind.ROUND_TABLE and moves is None:
                return redirect("office:round_table_new", appointment=row.pk)
            return redirect("office:appointment", pk=row.pk)
        except (NotAllowed, Invalid) as refused:
            problem = refused
    if moves is not None:
        doorkeeper.reading(request, moves.party_id or 0, "appointment at the hall", ["name"], moves.subject)
    units = Wanted(hall, category, now, purpose.kind, found, people).units
    find = request.GET.get("find", "").strip()[:80]
    pairs = [("hall", hall.code), ("what", purpose.key), ("people", str(people))]
    pairs += [("matter", one.matter.slug) for one in versions]
    days = [
        day
        for day in queries.book_days(
            hall, category, purpose.kind, min(units, booking_rules.UNITS_AT_MOST), now, by_staff=True
        )
        if day.state == "open" and day.slots
    ]
    chosen = _day(said.get("day", ""), days[0].day) if days else None
    context: dict[str, Any] = {
        "officer": officer,
        "hall": hall,
        "halls": [
            (one.code, one.shown_name) for one in Hall.objects.filter(active=True).only("code", "name", "level")[:60]
        ],
        "purposes": [{"value": one.key, "label": one.label, "icon": one.icon} for one in PURPOSES.values()],
        "purpose": purpose,
        "chosen": [
            {"version": one, "without": _address(pair for pair in pairs if pair != ("matter", one.matter.slug))}
            for one in versions
        ],
        "may_add": len(versions) < MATTERS_AT_MOST,
        "find": find,
        "hits": [
            {"name": hit.title, "href": _address([*pairs, ("matter", hit.entry.id)])}
            for hit in _hits(find, {one.matter.slug for one in versions})
        ],
        "pairs": pairs,
        "slugs": [one.matter.slug for one in versions],
        "too_much": units > booking_rules.UNITS_AT_MOST,
        "people": people,
        "numbers": [(str(number), str(number)) for number in range(1, 7)],
        "moves": moves,
        "days": [(one.day.isoformat(), one) for one in days],
        "day": next((one for one in days if one.day == chosen), days[0] if days else None),
        "problem": problem,
        "errors": getattr(problem, "errors", {}),
        "reads": any(one.scene.slug == SCENE for one in readers.at_hand()),
        "name": request.POST.get("name", ""),
        "phone": request.POST.get("phone", ""),
        "language": request.POST.get("language", "zh-hans"),
        "languages": [("zh-hans", "中文"), ("en", "English")],
    }
    return render(request, "office/appointments/new.html", context, status=problem.status if problem else 200)


def _versions(slugs: list[str]) -> list[MatterVersion]:
    """The matters of the address, as they are published now; what is unknown is left out."""
    wanted = [slug for slug in dict.fromkeys(slugs) if 0 < len(slug) <= 100][:MATTERS_AT_MOST]
    found = MatterVersion.objects.select_related("matter__department").filter(
        matter__slug__in=wanted, state=MatterVersion.State.PUBLISHED
    )
    return sorted(found, key=lambda one: wanted.index(one.matter.slug))


def _hits(words: str, had: set[str]) -> list[Any]:
    if not words:
        return []
    found = matters.search(words, limit=FOUND + len(had), filters={"kind": "matter"}).items
    return [hit for hit in found if hit.entry.id not in had][:FOUND]


def _address(pairs: Iterable[tuple[str, str]]) -> str:
    return f"?{urlencode(list(pairs))}"


def _moved(text: str, hall: Hall) -> Appointment | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return get_object_or_404(
        Appointment.objects.select_related("hall", "category", "matter", "party"),
        pk=int(text[:18]),
        hall=hall,
        state=AppointmentState.CONFIRMED,
    )


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text[:40])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise NotAllowed("no-such-slot", _("Choose one of the times on the page."), kept=booking.NOTHING_BOOKED)
    return at


def _book(request: HttpRequest, officer: Officer, wanted: Wanted, moves: Appointment | None) -> Appointment:
    actor = doorkeeper.actor_of(request)
    if moves is not None:
        row = booking.move(moves, wanted.begins_at, booking.holder_of(moves), actor=actor, officer=officer)
        return booking.confirm(row, actor=actor)
    language = request.POST.get("language", "")
    language = language if language in ("zh-hans", "en") else "zh-hans"
    shown = party_shown(request)  # whoever stands here and shows a code has it among their own appointments
    caller = Holder(
        party=shown,
        name=request.POST.get("name", "")[:60] if shown is None else "",
        phone=request.POST.get("phone", "")[:40] if shown is None else "",
        language=language,
        elderly=True,
    )
    channel = WINDOW if shown is not None or request.POST.get("channel") == "window" else PHONE
    row = booking.hold(wanted, caller, actor=actor, officer=officer, channel=channel)
    return booking.confirm(row, actor=actor)
