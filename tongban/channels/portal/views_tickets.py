"""Numbers: at the ticket machine, on a phone in the hall or signed in, and the slip that goes on by phone."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels.doorkeeper import for_anyone
from tongban.channels.pages.live import stand_before
from tongban.channels.portal import screen_words
from tongban.channels.portal.ticket_words import WORDS, filled
from tongban.codes.models import Reader
from tongban.codes.services import verifying
from tongban.halls import queries_appointments as bookings
from tongban.halls import queries_places as places
from tongban.halls import queries_screens
from tongban.halls import queries_tickets as queries
from tongban.halls.models import Appointment, Category, EmergencyKind, Hall, Machine, MachineKind, Ticket
from tongban.halls.services import tickets
from tongban.halls.services.tickets import VISITOR
from tongban.halls.ticket_states import TicketState
from tongban.lib import identifiers, qr
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.parties import queries as parties
from tongban.parties.models import Party

PAGES = require_http_methods(["GET", "HEAD", "POST"])
HERE, HERE_LASTS = "halls.here", timedelta(minutes=15)
SCENE = "hall_identity"


# -- the machine


def _machine(key: str) -> Machine:
    found = Machine.objects.select_related("hall").filter(key=key, kind=MachineKind.TICKETS).first()
    if found is None or not found.hall.active:
        raise Http404
    return found


@require_GET
@never_cache
@for_anyone
def machine(request, key):
    """What the machine shows to whoever comes next: the queues, then how one may be known."""
    return _page(request, _machine(key), request.GET.get("for", ""))


def _page(request, row: Machine, wanted: str, problem: Problem | None = None):
    now = timezone.now()
    hall = row.hall
    stand_before(request, hall.topic)
    board = queries.board(hall, now)
    chosen = next((one for one in queries.offered(hall) if one.code == wanted), None)
    known = {one.category.code: one for one in board.categories}
    stopped, refusal = queries_screens.emergency(hall), tickets.why_none(hall, now)
    context: dict[str, Any] = {
        "machine": row,
        "hall": hall,
        "words": WORDS,
        "chosen": chosen,
        "booked": wanted == queries.APPOINTMENT,
        "queues": [_queue(one, known.get(one.code)) for one in queries.offered(hall)],
        "stopped": stopped,
        "what_to_do": screen_words.what_to_do(stopped.kind) if stopped is not None else None,
        "gives": refusal is None or (stopped is None and chosen is not None and chosen.code == queries.SELF_SERVICE),
        "refusal": refusal,
        "long": _long(hall, known, wanted),
        "problem": problem,
        "here": qr.svg(here(hall), title=WORDS["phone_take"]["zh"]),
        "arrival": in_threes(bookings.arrival_code(hall, timezone.localdate(now))),
    }
    return render(request, "portal/tickets/machine.html", context, status=problem.status if problem else 200)


def in_threes(code: str) -> str:
    return f"{code[:3]} {code[3:]}"


def _queue(category: Category, now: queries.CategoryNow | None) -> dict[str, Any]:
    minutes = now.minutes if now is not None else 0
    if now is None or minutes == 0:
        told = WORDS["at_once"]
    else:
        told = WORDS["no_window"] if minutes is None else filled("about", now.told)
    return {
        "code": category.code,
        "name": WORDS["check_in"] if category.code == queries.APPOINTMENT else category.name,
        "waiting": now.waiting if now is not None else None,
        "told": told,
    }


def _long(hall: Hall, known: dict[str, queries.CategoryNow], wanted: str) -> bool:
    """So long that something else is offered."""
    limit = queries.rules(hall)["offer_elsewhere_minutes"]
    rows = [known[wanted]] if wanted in known else known.values()
    return any(row.minutes is not None and row.minutes > limit for row in rows)


def here(hall: Hall) -> str:
    """An address that only stands on the machine in the hall, and not for long: whoever has it is there."""
    token = signing.dumps(hall.pk, salt=HERE)
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('portal:hall_ticket', args=[hall.code])}?here={token}"


@require_POST
@never_cache
@for_anyone
def machine_take(request, key):
    """One press, one number. What cannot be is said on the machine itself, with the way on."""
    row = _machine(key)
    wanted = request.POST.get("for", "")
    try:
        if not row.working:
            raise NotAllowed("machine-broken", WORDS["broken"]["zh"], next_step=WORDS["broken"]["en"])
        ticket = _taken(request, row.hall, wanted)
    except Problem as problem:
        return _page(request, row, wanted, problem)
    return redirect("portal:machine_slip", key=row.key, ticket=ticket.key)


def _taken(request, hall: Hall, wanted: str) -> Ticket:
    now = timezone.now()
    party = _shown(request)
    phone = request.POST.get("phone", "").strip()
    common: dict[str, Any] = {
        "actor": VISITOR,
        "language": get_language() or "zh-hans",
        "elderly": request.POST.get("large") == "1",
        "at": now,
    }
    if wanted == queries.APPOINTMENT:
        return tickets.issue(
            hall, wanted, channel="appointment", appointment=_booking(hall, party, phone, now), **common
        )
    return tickets.issue(hall, wanted, channel="machine", party=party, phone=phone, **common)


def _shown(request) -> Party | None:
    """Whose identity code or card was shown. A card that nobody here has an account for is a visitor like any other."""
    payload = request.POST.get("payload", "").strip()
    if payload:
        return _by_code(payload)
    number = request.POST.get("id_no", "").strip()
    if not number:
        return None
    checked = identifiers.check_resident_id(number)
    if not checked.valid:
        raise Invalid("id-card", checked.reason, kept=_("No number was taken yet."))
    return parties.person_by_number("id_card", checked.value)


def _by_code(payload: str) -> Party | None:
    reader = Reader.objects.select_related("scene").filter(scene__slug=SCENE, state=Reader.State.ACTIVE).first()
    if reader is None:
        raise NotAllowed("no-reader", _("Codes cannot be read here now."), next_step=_("Take a number without it."))
    verdict = verifying.verify(payload, reader=reader, purpose=SCENE, at=timezone.now())
    if not verdict.good:
        raise NotAllowed(
            "code-not-valid",
            _("This code is not valid at the moment."),
            kept=_("No number was taken yet."),
            next_step=_("Open your code anew and hold it out again, or take a number without it."),
        )
    return Party.objects.filter(pk=verdict.party).first() if verdict.party is not None else None


def _booking(hall: Hall, party: Party | None, phone: str, now) -> Appointment:
    """The booking of today at this hall that whoever stands here has."""
    day = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Appointment.objects.select_related("hall", "category").filter(
        hall=hall, begins_at__gte=day, begins_at__lt=day + timedelta(days=1), state__in=["confirmed", "checked_in"]
    )
    found = None
    if party is not None:
        found = rows.filter(party=party).order_by("state", "begins_at").last()
    elif phone and (checked := identifiers.check_phone(phone)).valid:
        found = rows.filter(phone_index=tickets.phone_index(checked.value)).order_by("state", "begins_at").last()
    if found is None:
        raise NotAllowed(
            "no-booking",
            _("No booking for today was found at this hall."),
            kept=_("No number was taken yet."),
            next_step=_("Check what you typed, or take a number without a booking."),
        )
    return found


@require_GET
@never_cache
@for_anyone
def machine_slip(request, key, ticket):
    """The slip to print or to take along by phone; after half a minute the machine is free for the next visitor."""
    row = _machine(key)
    found = queries.by_key(ticket)
    if found is None or found.hall_id != row.hall_id or timezone.now() - found.issued_at > timedelta(minutes=5):
        return redirect("portal:machine", key=row.key)
    context = {"machine": row, "hall": row.hall, "words": WORDS, **_of(found)}
    return render(request, "portal/tickets/machine_slip.html", context)


# -- on the phone


@PAGES
@never_cache
@for_anyone
def hall_ticket(request, code):
    """A number on the phone: for whoever is signed in, or stands in the hall and has scanned the machine."""
    found = places.hall(code)
    if found is None:
        raise Http404
    now = timezone.now()
    token = request.POST.get("here") or request.GET.get("here", "")
    stands_here = is_here(token, found)
    account = request.user if request.user.is_authenticated and request.user.person_id else None
    problem: Problem | None = None
    if request.method == "POST":
        try:
            ticket = _on_phone(request, found, account, stands_here, now)
            return redirect("portal:ticket", key=ticket.key)
        except Problem as caught:
            problem = caught
    board = queries.board(found, now)
    mine = queries.of_party(account.person_id, timezone.localdate(now)) if account else []
    rows = [one for one in board.categories if one.category.code != queries.APPOINTMENT]
    context = {
        "hall": found,
        "rows": rows,
        "options": [_option(one) for one in rows],
        "may": account is not None or stands_here,
        "stale": bool(token) and not stands_here,
        "here": token if stands_here else "",
        "account": account,
        "arriving": bookings.arriving(account.person, found, now) if account and stands_here else [],
        "mine": [one for one in mine if one.hall_id == found.pk],
        "refusal": tickets.why_none(found, now),
        "long": any(
            one.minutes is not None and one.minutes > queries.rules(found)["offer_elsewhere_minutes"] for one in rows
        ),
        "problem": problem,
        "wrong": getattr(problem, "errors", {}),
        "errors": {"category": [], "phone": []} | getattr(problem, "errors", {}),
        "typed": {name: request.POST.get(name, "") for name in ("category", "phone")},
    }
    return render(request, "portal/tickets/take.html", context, status=problem.status if problem else 200)


def _option(row: queries.CategoryNow) -> dict[str, str]:
    return {
        "value": row.category.code,
        "label": f"{row.category.code} · {row.category.shown_name}",
        "hint": _waits(row),
    }


def _waits(row: queries.CategoryNow) -> str:
    if row.minutes is None:
        return _("%(count)s waiting, no window open now") % {"count": row.waiting}
    if row.minutes == 0:
        return _("nobody before you")
    return _("%(count)s waiting, about %(minutes)s minutes") % {"count": row.waiting, "minutes": row.told}


def is_here(token: str, hall: Hall) -> bool:
    try:
        return bool(token) and signing.loads(token, salt=HERE, max_age=HERE_LASTS) == hall.pk
    except signing.BadSignature:
        return False


def _on_phone(request, hall: Hall, account, is_here: bool, now) -> Ticket:
    if account is None and not is_here:
        raise NotAllowed(
            "not-here",
            _("A number by phone is for people who are signed in or stand in the hall."),
            next_step=_("Sign in, or scan the code on the ticket machine."),
        )
    phone = request.POST.get("phone", "").strip()
    if account is None and not phone:
        raise Invalid(
            "phone",
            errors={"phone": [_("Please type your mobile number: we send a text when it is nearly your turn.")]},
            kept=_("No number was taken yet."),
        )
    return tickets.issue(
        hall,
        request.POST.get("category", ""),
        actor=VISITOR,
        channel="phone",
        party=account.person if account is not None else None,
        phone=phone if account is None else "",
        language=get_language() or "zh-hans",
        at=now,
    )


@require_GET
@never_cache
@for_anyone
def ticket(request, key):
    """The slip: which number, how many before it, how long, and what can be done with it."""
    found = queries.by_key(key)
    if found is None:
        raise Http404
    stand_before(request, found.hall.topic)
    found.refresh_from_db(fields=["state", "window"])
    return render(request, "portal/tickets/slip.html", {"hall": found.hall, **_of(found)})


def _of(found: Ticket) -> dict[str, Any]:
    now = timezone.now()
    today = found.day == timezone.localdate(now)
    waiting = today and found.state in (TicketState.WAITING, TicketState.REQUEUED)
    standing = queries.standing(found, now) if waiting else None
    parked = waiting and found.state == TicketState.REQUEUED and found.serving_at is not None
    address = f"{settings.PUBLIC_URL.rstrip('/')}{reverse('portal:ticket', args=[found.key])}"
    stopped = queries_screens.emergency(found.hall) if waiting or found.state == TicketState.CALLED else None
    return {
        "stopped": stopped,
        "what_to_do": screen_words.WHAT_TO_DO[EmergencyKind(stopped.kind)] if stopped is not None else "",
        "ticket": found,
        "today": today,
        "waiting": waiting,
        "parked": parked and found.place_after is not None and found.place_after > now,
        "standing": standing,
        "turn": standing.ahead + 1 if standing else None,
        "ahead_words": filled("ahead", standing.ahead) if standing and standing.ahead else WORDS["next"],
        "about_words": filled("about", standing.told) if standing and standing.shown else None,
        "self_service": found.category.code == queries.SELF_SERVICE,
        "early": found.appointment is not None and found.waits_from > now,
        "may_return": found.state == TicketState.SKIPPED and today and found.requeues == 0,
        "may_leave": today and found.state in (TicketState.WAITING, TicketState.REQUEUED, TicketState.SKIPPED),
        "reason": tickets.LEAVE_REASONS.get(found.end_reason, ""),
        "code": qr.svg(address, title=found.label),
        "address": address,
    }


ACTS = {
    "give-back": lambda found: tickets.leave(found, reason=tickets.GIVEN_BACK, actor=VISITOR),
    "return": lambda found: tickets.requeue(found, actor=VISITOR),
    "back": lambda found: tickets.back(found, actor=VISITOR),
}


@require_POST
@never_cache
@for_anyone
def ticket_act(request, key, act):
    """Given back, waiting again after being skipped, back from fetching something."""
    found = queries.by_key(key)
    if found is None or act not in ACTS:
        raise Http404
    ACTS[act](found)
    return redirect("portal:ticket", key=key)
