"""Booking a time at a hall: what for, where, when; held, confirmed, moved, cancelled; by the account or by the link of the appointment.

Nothing is kept before a time is held: the address of the page carries what was chosen, so that one can go back, pass it on, sign in on the way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party
from tongban.channels.pages.look import Look
from tongban.channels.pages.visit_purposes import PURPOSES, Purpose, purpose_of
from tongban.channels.portal import views_tickets
from tongban.channels.portal.views_halls import cards
from tongban.halls import booking_rules
from tongban.halls import queries_appointments as queries
from tongban.halls import queries_places as places
from tongban.halls import queries_round_tables as round_tables
from tongban.halls.appointment_states import AppointmentState, WishState
from tongban.halls.models import Appointment, Category, EarlierWish, Hall, RoundTable, Ticket
from tongban.halls.services import booking, tickets, waiting_list
from tongban.halls.services.booking import Holder, Wanted
from tongban.journal.actors import Actor
from tongban.lib import icalendar
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed, TooMany
from tongban.matters import queries as matters
from tongban.matters.models import MatterVersion
from tongban.parties.models import Party

PAGES = require_http_methods(["GET", "HEAD", "POST"])
HALLS, FOUND, MATTERS_AT_MOST, TYPED_AT_MOST, TRIES = 8, 6, 3, 80, 5
DAY_BEFORE, HOUR_BEFORE = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True)
class Chosen:
    """What the address says: what for, which matters, how many people. Anything unknown in it is left out."""

    purpose: Purpose
    versions: tuple[MatterVersion, ...]
    people: int

    @classmethod
    def read(cls, request: HttpRequest, *, given: Any = None) -> "Chosen":
        said = given if given is not None else request.GET
        slugs = [slug for slug in dict.fromkeys(said.getlist("matter")) if 0 < len(slug) <= 100][:MATTERS_AT_MOST]
        found = {
            one.matter.slug: one
            for one in MatterVersion.objects.select_related("matter").filter(
                matter__slug__in=slugs, state=MatterVersion.State.PUBLISHED
            )
        }
        people = said.get("people", "")
        party = doorkeeper.standing_for(request)
        usual = "business" if party is not None and party.kind == Party.Kind.COMPANY else "personal"
        return cls(
            PURPOSES.get(said.get("what", ""), PURPOSES[usual]),
            tuple(found[slug] for slug in slugs if slug in found),
            int(people) if people.isascii() and people.isdigit() and 1 <= int(people[:3]) <= 6 else 1,
        )

    @property
    def units(self) -> int:
        return booking_rules.units(self.people, len(self.versions), round_table=self.purpose.key == "round_table")

    def pairs(self, *, without: str = "", **more: Any) -> list[tuple[str, str]]:
        found = [("what", self.purpose.key)]
        found += [("matter", one.matter.slug) for one in self.versions if one.matter.slug != without]
        found += [("people", str(self.people))] if self.people > 1 else []
        return found + [(key, str(value)) for key, value in more.items() if value]

    def query(self, **more: Any) -> str:
        return f"?{urlencode(self.pairs(**more))}"

    def category(self) -> Category:
        return get_object_or_404(Category, code=self.purpose.category, bookable=True)

    def wanted(self, hall: Hall, at: datetime) -> Wanted:
        return Wanted(
            hall, self.category(), at, self.purpose.kind, tuple(one.matter for one in self.versions), self.people
        )


def steps(current: int, hrefs: Iterable[str] = ()) -> list[dict]:
    links = list(hrefs)
    labels = [pgettext("booking", "What for"), _("Where"), _("When"), _("Confirm")]
    return [
        {
            "label": label,
            "state": "done" if number < current else "current" if number == current else "todo",
            "href": links[number] if number < current and number < len(links) else "",
        }
        for number, label in enumerate(labels)
    ]


# -- what for, and where


@require_GET
@for_anyone
@never_cache
def book(request):
    """What for, with whom; then the halls that take it, each with its first free time."""
    chosen, now = Chosen.read(request), timezone.now()
    said, find = request.GET.get("q", "")[:TYPED_AT_MOST].strip(), request.GET.get("find", "")[:TYPED_AT_MOST].strip()
    context: dict[str, Any] = {
        "chosen": chosen,
        "purposes": _purposes(chosen),
        "matters": [{"version": one, "without": chosen.query(without=one.matter.slug)} for one in chosen.versions],
        "may_add": len(chosen.versions) < MATTERS_AT_MOST,
        "find": find,
        "found": _found(chosen, find) if find else [],
        "people": [(str(number), str(number)) for number in range(1, 7)],
        "too_much": chosen.units > booking_rules.UNITS_AT_MOST,
        "q": said,
    }
    if where := request.GET.get("where") or said:
        context["halls"] = _halls(chosen, said, now, doorkeeper.standing_for(request))
    context["where"] = bool(where)
    context["steps"] = steps(1 if where else 0, [f"{reverse('portal:book')}{chosen.query()}"])
    context["on"] = f"{chosen.query(where='1')}#where"
    context["pairs"] = [pair for pair in chosen.pairs() if pair[0] == "matter"]
    context["all_pairs"] = chosen.pairs()
    return render(request, "portal/booking/what.html", context)


def _purposes(chosen: Chosen) -> list[dict]:
    return [
        {
            "value": one.key,
            "label": one.label,
            "hint": one.hint,
            "icon": one.icon,
        }
        for one in PURPOSES.values()
    ]


def _found(chosen: Chosen, words: str) -> list[dict]:
    had = {one.matter.slug for one in chosen.versions}
    hits = matters.search(words, limit=FOUND + len(had), filters={"kind": "matter"}).items
    return [
        {"name": hit.title, "href": f"{chosen.query()}&{urlencode([('matter', hit.entry.id)])}"}
        for hit in hits
        if hit.entry.id not in had
    ][:FOUND]


def _halls(chosen: Chosen, words: str, now: datetime, party: Party | None) -> list[dict]:
    """Halls that take it; those the guide of the matter names come first, then those of one's own district. Each says when it has its first free time."""
    category = chosen.category()
    rows = queries.serving(places.halls(words=words), category, chosen.purpose.kind)
    named = [place.get("hall") for one in chosen.versions for place in one.places or [] if place.get("hall")]
    found = list(rows.filter(code__in=named)[:HALLS]) if named else []
    order = {"district": 0, "subdistrict": 1, "town": 1, "city": 2}
    rest = sorted(rows.exclude(code__in=named)[: HALLS * 5], key=lambda hall: (order.get(hall.level, 3), hall.code))
    if party is not None and party.division is not None:
        home = set(rows.filter(division__code__startswith=party.division.code[:6]).values_list("pk", flat=True))
        rest.sort(key=lambda hall: hall.pk not in home)
    found = (found + rest)[:HALLS]
    free = queries.first_free(found, category, chosen.purpose.kind, chosen.units, now)
    return [
        {
            **card,
            "slot": free.get(card["hall"].pk),
            "href": f"{reverse('portal:hall_book', args=[card['hall'].code])}{chosen.query()}",
        }
        for card in cards(found, now)
    ]


# -- when


@require_GET
@for_anyone
@never_cache
def hall_book(request, code):
    """The days and times of a hall; whoever is signed in holds one with a tap."""
    hall = _hall(code)
    chosen = Chosen.read(request)
    return _when(request, hall, chosen)


def _hall(code: str) -> Hall:
    hall = places.hall(code)
    if hall is None:
        raise Http404
    return hall


def _when(
    request: HttpRequest,
    hall: Hall,
    chosen: Chosen,
    *,
    problem: NotAllowed | Invalid | None = None,
    moves: Appointment | None = None,
    by_link: bool = False,
) -> HttpResponse:
    now = timezone.now()
    category = chosen.category()
    days = queries.book_days(hall, category, chosen.purpose.kind, min(chosen.units, booking_rules.UNITS_AT_MOST), now)
    day = _day(request.GET.get("day") or request.POST.get("day", ""), days)
    party = doorkeeper.standing_for(request)
    base = request.path if moves is not None else reverse("portal:hall_book", args=[hall.code])
    query = chosen.query()
    context = {
        "hall": hall,
        "chosen": chosen,
        "category": category,
        "days": [
            {
                "row": one,
                "href": f"{base}{'?' if moves else query + '&'}day={one.day.isoformat()}#times",
                "on": day is not None and one.day == day.day,
            }
            for one in days
            if one.state != "closed" and (one.slots or one.state != "open")
        ],
        "day": day,
        "parts": _parts(day, moves),
        "soonest": next((slot for one in days if one.state == "open" for slot in one.slots if slot.free), None),
        "moves_to": places.moved_by(hall, day.day) if day is not None else None,
        "problem": problem,
        "free": getattr(problem, "free", []),
        "hidden": chosen.pairs(),
        "hold": base if moves is not None else reverse("portal:hall_hold", args=[hall.code]),
        "moves": moves,
        "by_link": by_link,
        "sign_in": f"{reverse('account_login')}?{urlencode({'next': base + query + (f'&day={day.day.isoformat()}' if day else '')})}",
        "signed_in": request.user.is_authenticated or by_link,
        "wishes": queries.wishes_of(party) if party is not None and moves is None else [],
        "wish_until": days[-1].day if days else None,
        "today": timezone.localdate(now),
        "steps": steps(
            2, [f"{reverse('portal:book')}{query}", f"{reverse('portal:book')}{chosen.query(where='1')}#where"]
        )
        if moves is None
        else [],
    }
    status = 200 if problem is None else problem.status
    return render(request, "portal/booking/when.html", context, status=status)


def _day(said: str, days: list[queries.BookDay]) -> queries.BookDay | None:
    """The day asked for, else the first with a free time, else the first that is not closed."""
    try:
        wanted: date | None = date.fromisoformat(said)
    except ValueError:
        wanted = None
    here = [one for one in days if one.state != "closed"]
    return (
        next((one for one in here if one.day == wanted), None)
        or next((one for one in here if one.state == "open" and one.free), None)
        or next(iter(here), None)
    )


def _parts(day: queries.BookDay | None, moves: Appointment | None) -> list[tuple[Any, list]]:
    """Morning and afternoon, as people speak of a day."""
    if day is None or day.state != "open":
        return []
    parts: dict[str, list] = {_("Morning"): [], _("Afternoon"): []}
    morning, afternoon = parts
    for slot in day.slots:
        own = moves is not None and slot.begins_at == moves.begins_at
        parts[morning if timezone.localtime(slot.begins_at).hour < 12 else afternoon].append({"slot": slot, "own": own})
    return [(words, rows) for words, rows in parts.items() if rows]


@require_http_methods(["GET", "HEAD", "POST"])
@for_party
@never_cache
def hall_hold(request, party, code):
    """Keep the time that was tapped. Whoever comes here by the address alone is led to the times."""
    hall = _hall(code)
    if request.method != "POST":
        return redirect(f"{reverse('portal:hall_book', args=[hall.code])}?{request.GET.urlencode()}")
    chosen = Chosen.read(request, given=request.POST)
    try:
        row = booking.hold(
            chosen.wanted(hall, _moment(request.POST.get("at", ""))),
            Holder(party, request.user, language=get_language() or "zh-hans", elderly=Look(request).elderly),
            actor=doorkeeper.actor_of(request),
        )
    except (NotAllowed, Invalid) as problem:
        return _when(request, hall, chosen, problem=problem)
    return redirect("portal:appointment", pk=row.pk)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text[:40])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise NotAllowed(
            "no-such-slot",
            _("This hall has no appointment at this time."),
            kept=booking.NOTHING_BOOKED,
            next_step=_("Choose one of the times on the page."),
        )
    return at


@require_POST
@for_party
def hall_wish(request, party, code):
    """On the list: for a day that is given out later, or for whatever comes free."""
    hall = _hall(code)
    chosen = Chosen.read(request, given=request.POST)
    now = timezone.now()
    own = [row for row in queries.to_come(party, now) if row.hall_id == hall.pk]
    category = chosen.category()
    try:
        waiting_list.wish(
            hall,
            category,
            party=party,
            account=request.user,
            from_day=_date(request.POST.get("from_day", "")) or timezone.localdate(now),
            until_day=_date(request.POST.get("until_day", "")) or timezone.localdate(now),
            matter=chosen.versions[0].matter if chosen.versions else None,
            appointment=next((row for row in own if row.category_id == category.pk), None),
            actor=doorkeeper.actor_of(request),
            now=now,
        )
    except (NotAllowed, Invalid) as problem:
        return _when(request, hall, chosen, problem=problem)
    messages.success(request, _("You are on the list. We tell you when a time is kept for you."))
    return redirect("portal:appointments")


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


# -- one's own


@require_GET
@for_party
@never_cache
def appointments(request, party):
    """What one has booked, what one waits for, what is over."""
    now = timezone.now()
    coming = queries.to_come(party, now)
    doorkeeper.reading(request, party, "own appointments", ["appointments"])
    rules = queries.rules_of(None)
    record = booking.record_of(Holder(party, request.user), now, now, rules)
    until = booking_rules.blocked_until(record.no_shows, record.cancellations, now, rules)
    context = {
        "party": party,
        "coming": [_shown(row) for row in coming],
        "over": [_shown(row) for row in queries.over(party, now)],
        "wishes": queries.wishes_of(party),
        "tables": list(round_tables.of(party)[:20]),
        "blocked_until": until if not record.spared else None,
    }
    return render(request, "portal/booking/mine.html", context)


def _shown(row: Appointment) -> dict[str, Any]:
    return {
        "row": row,
        "purpose": purpose_of(row.kind, row.category.code),
        "state": _("moved to another time") if row.end_reason == "moved" else row.get_state_display(),
        "ticket": getattr(row, "ticket", None) if row.state == AppointmentState.CHECKED_IN else None,
    }


def _own(request: HttpRequest, pk: int) -> Appointment:
    return get_object_or_404(queries.of(request.party), pk=pk)  # type: ignore[attr-defined]


@PAGES
@for_party
@never_cache
def appointment(request, party, pk):
    """One appointment: to confirm, or to look at; moved or cancelled from here."""
    row = _own(request, pk)
    doorkeeper.reading(request, party, "own appointments", ["appointment"], about=row.subject)
    if request.method == "POST":
        return _act(request, row, doorkeeper.actor_of(request), reverse("portal:appointment", args=[row.pk]))
    return _one(request, row)


def _one(request: HttpRequest, row: Appointment, *, by_link: bool = False, problem: Any = None) -> HttpResponse:
    now = timezone.now()
    rules = queries.rules_of(row.hall)
    wish = EarlierWish.objects.filter(offered=row, state=WishState.OFFERED).first()
    held = row.state == AppointmentState.HELD
    lapsed = row.state == AppointmentState.LAPSED or (held and row.held_until is not None and row.held_until <= now)
    own = (
        reverse("portal:appointment_link", args=[row.link]) if by_link else reverse("portal:appointment", args=[row.pk])
    )
    context = {
        **_shown(row),
        "held": held,
        "lapsed": lapsed,
        "confirmed": row.state == AppointmentState.CONFIRMED,
        "may_change": row.state == AppointmentState.CONFIRMED
        and not booking_rules.too_late_to_change(row.begins_at, now, rules),
        "newer": _newer(row, by_link),
        "moves_to": places.moved_by(row.hall, timezone.localdate(row.begins_at)),
        "may_arrive": queries.may_arrive(row, now),
        "arrives_from": row.begins_at - queries.ARRIVES_FROM,
        "arrives_today": timezone.localdate(row.begins_at) == timezone.localdate(now) and row.begins_at > now,
        "errors": getattr(problem, "errors", {}),
        "change_until": row.begins_at - timedelta(minutes=rules.change_until),
        "versions": _versions(row),
        "wish": wish,
        "table": RoundTable.objects.filter(appointment=row).first(),
        "by_link": by_link,
        "problem": problem,
        "free": getattr(problem, "free", []),
        "own": own,
        "move": f"{own}move/",
        "calendar": f"{own}calendar.ics",
        "again": f"{reverse('portal:hall_book', args=[row.hall.code])}?{urlencode(_again(row))}",
        "link": f"{settings.PUBLIC_URL}{reverse('portal:appointment_link', args=[row.link])}",
        "steps": steps(3) if held and row.moved_from_id is None and wish is None else [],
    }
    return render(request, "portal/booking/one.html", context, status=getattr(problem, "status", 200))


def _newer(row: Appointment, by_link: bool) -> str:
    """Where the time is that this one was moved to."""
    if row.end_reason != "moved":
        return ""
    new = Appointment.objects.filter(moved_from=row).exclude(state__in=["held", "lapsed"]).order_by("-pk").first()
    if new is None:
        return ""
    return (
        reverse("portal:appointment_link", args=[new.link]) if by_link else reverse("portal:appointment", args=[new.pk])
    )


def _again(row: Appointment) -> list[tuple[str, str]]:
    return [
        ("what", purpose_of(row.kind, row.category.code).key),
        *(("matter", one.slug) for one in queries.matters_of(row)),
        ("people", str(row.people)),
    ]


def _versions(row: Appointment) -> list[MatterVersion]:
    slugs = [one.slug for one in queries.matters_of(row)]
    found = MatterVersion.objects.select_related("matter").filter(
        matter__slug__in=slugs, state=MatterVersion.State.PUBLISHED
    )
    return sorted(found, key=lambda one: slugs.index(one.matter.slug))


def _act(request: HttpRequest, row: Appointment, actor: Actor, back: str, *, by_link: bool = False) -> HttpResponse:
    act = request.POST.get("act", "")
    try:
        if act == "confirm":
            _confirm(request, row, actor)
            if row.state == AppointmentState.CONFIRMED:
                messages.success(request, _("Your time is booked."))
                back = back if by_link else reverse("portal:appointment", args=[row.pk])
        elif act == "cancel":
            booking.cancel(row, actor=actor)
            messages.success(request, _("Your appointment is cancelled. Thank you for telling us."))
        elif act == "arrive":
            ticket = _arrive(request, row)
            return redirect("portal:ticket", key=ticket.key)
        elif act == "let_go":
            booking.cancel(row, actor=actor)
            return redirect(f"{reverse('portal:hall_book', args=[row.hall.code])}?{urlencode(_again(row))}")
        elif act == "decline":
            wish = get_object_or_404(EarlierWish, offered=row, state=WishState.OFFERED)
            waiting_list.decline(wish, actor=actor)
            messages.success(request, _("Thank you. The next person is asked, and you stay on the list."))
            return redirect(reverse("portal:appointments")) if not by_link else redirect(back)
        else:
            raise Http404
    except (NotAllowed, Invalid, TooMany) as problem:
        row.refresh_from_db()
        return _one(request, row, by_link=by_link, problem=problem)
    return redirect(back)


def _arrive(request: HttpRequest, row: Appointment) -> Ticket:
    """Six figures are found by nobody who may try five times a day."""
    tried, here = (
        f"arrive:{row.pk}:{timezone.localdate()}",
        views_tickets.is_here(request.POST.get("here", ""), row.hall),
    )
    cache.add(tried, 0, int(DAY_BEFORE.total_seconds()))
    if not here and cache.get(tried, 0) >= TRIES:
        raise TooMany(
            "arrival-tried-often",
            _("Other figures than those of today were typed several times."),
            kept=_("The booking is kept as it is."),
            next_step=_("Please check in at the ticket machine with your document, or ask our staff."),
        )
    try:
        return tickets.arrive(
            row,
            code=request.POST.get("arrival", "")[:20],
            here=here,
            actor=tickets.VISITOR,
            elderly=Look(request).elderly,
        )
    except Invalid:
        cache.incr(tried)
        raise


def _confirm(request: HttpRequest, row: Appointment, actor: Actor) -> None:
    """Whoever needed longer than the time was kept has it all the same, as long as nobody else took it meanwhile."""
    try:
        booking.confirm(row, actor=actor)
    except NotAllowed as gone:
        if gone.code != "hold-over":
            raise
        account = request.user if request.user.is_authenticated else None
        again = booking.hold(
            Wanted(row.hall, row.category, row.begins_at, row.kind, tuple(queries.matters_of(row)), row.people),
            booking.holder_of(row, account=account, elderly=Look(request).elderly),
            actor=actor,
            channel=row.channel,
            moves=row.moved_from,
        )
        booking.confirm(again, actor=actor)
        row.pk, row.state, row.link = again.pk, again.state, again.link


@PAGES
@for_party
@never_cache
def appointment_move(request, party, pk):
    """Another time for the same visit. What is booked stays until the new time is confirmed."""
    row = _own(request, pk)
    doorkeeper.reading(request, party, "own appointments", ["appointment"], about=row.subject)
    return _move(request, row, doorkeeper.actor_of(request), account=request.user)


def _move(request: HttpRequest, row: Appointment, actor: Actor, *, account=None, by_link: bool = False) -> HttpResponse:
    chosen = Chosen(purpose_of(row.kind, row.category.code), tuple(_versions(row)), row.people)
    if row.state != AppointmentState.CONFIRMED:
        return _back(row, by_link)
    if request.method != "POST":
        return _when(request, row.hall, chosen, moves=row, by_link=by_link)
    try:
        new = booking.move(
            row,
            _moment(request.POST.get("at", "")),
            booking.holder_of(row, account=account, elderly=Look(request).elderly),
            actor=actor,
        )
    except (NotAllowed, Invalid) as problem:
        return _when(request, row.hall, chosen, problem=problem, moves=row, by_link=by_link)
    return _back(new, by_link)


def _back(row: Appointment, by_link: bool) -> HttpResponse:
    return redirect("portal:appointment_link", link=row.link) if by_link else redirect("portal:appointment", pk=row.pk)


@require_GET
@for_party
def appointment_calendar(request, party, pk):
    row = _own(request, pk)
    doorkeeper.reading(request, party, "own appointments", ["appointment"], about=row.subject)
    return _calendar(row)


def _calendar(row: Appointment) -> HttpResponse:
    if row.state in (AppointmentState.HELD, AppointmentState.LAPSED):
        raise Http404
    first, sequence = row, 0
    while first.moved_from is not None and sequence < 20:
        first, sequence = first.moved_from, sequence + 1
    moved = places.moved_by(row.hall, timezone.localdate(row.begins_at))
    address = say(moved.address) if moved is not None else row.hall.shown_address
    entry = icalendar.Entry(
        uid=f"appointment-{first.pk}@{settings.PUBLIC_URL.split('//')[-1].split(':')[0]}",
        begins=row.begins_at,
        ends=row.ends_at,
        title=_("Appointment: %(place)s") % {"place": row.hall.shown_name},
        made=row.made_at,
        place=f"{row.hall.shown_name}, {address}",
        about="\n".join(
            [*(one.shown_name for one in _versions(row)), _("Bring your document and check in when you arrive.")]
        ),
        address=f"{settings.PUBLIC_URL}{reverse('portal:appointment_link', args=[row.link])}",
        sequence=sequence + (row.state == AppointmentState.CANCELLED),
        cancelled=row.state == AppointmentState.CANCELLED,
        remind=(DAY_BEFORE, HOUR_BEFORE),
    )
    response = HttpResponse(icalendar.calendar(entry), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="appointment-{row.begins_at:%Y%m%d}.ics"'
    response.headers["Cache-Control"] = "no-store"
    return response


@require_POST
@for_party
def wish_end(request, party, pk):
    row = get_object_or_404(
        EarlierWish.objects.select_related("offered"), pk=pk, party=party, state__in=queries.STILL_WISHED
    )
    waiting_list.end(row, actor=doorkeeper.actor_of(request))
    messages.success(request, _("You are not on the list any more."))
    return redirect("portal:appointments")


# -- by its link, without an account


def _by_link(request: HttpRequest, link: str) -> tuple[Appointment, Actor]:
    """Whoever was sent the link may look at this appointment, move and cancel it. It names nobody."""
    row = queries.by_link(link)
    if row is None:
        raise Http404
    actor = Actor("applicant", "applicant", party=row.party_id)
    if row.party_id is not None:
        doorkeeper.reading(request, row.party_id, "appointment by its link", ["appointment"], about=row.subject)
    return row, actor


@PAGES
@for_anyone
@never_cache
def appointment_link(request, link):
    row, actor = _by_link(request, link)
    if request.method == "POST":
        return _act(request, row, actor, reverse("portal:appointment_link", args=[link]), by_link=True)
    return _one(request, row, by_link=True)


@PAGES
@for_anyone
@never_cache
def appointment_link_move(request, link):
    row, actor = _by_link(request, link)
    return _move(request, row, actor, by_link=True)


@require_GET
@for_anyone
def appointment_link_calendar(request, link):
    row, _actor = _by_link(request, link)
    return _calendar(row)
