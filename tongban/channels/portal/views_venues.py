"""Of whoever runs a venue: entrances and posters, who works there, the guard's screen, people without a phone."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.portal.entering_words import ENTERED
from tongban.codes import posters, queries_venues, words_of_the_minute
from tongban.codes.models import Poster, Venue, VenueWorker
from tongban.codes.services import at_venues, entering, keeping_venues
from tongban.codes.venue_states import PosterState, WorkerState
from tongban.codes.wording import REASONS
from tongban.lib.problems import Invalid, NotAllowed

PAGES = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@for_party
def venues(request, party):
    """Venues one runs, and those at whose door one stands."""
    own = list(queries_venues.of_party(party)[:200])
    person = request.user.person_id
    guarded = [row for row in queries_venues.guarded_by(person) if row.party_id != party.pk] if person else []
    others = [one for one in doorkeeper.spaces(request) if one.pk != party.pk]
    counts = queries_venues.counts_of(others) if others else {}
    elsewhere = [(one, counts[one.pk]) for one in others if one.pk in counts]
    doorkeeper.reading(request, party, "own venues", ["venues"])
    context = {"party": party, "rows": own, "guarded": guarded, "elsewhere": elsewhere}
    return render(request, "portal/venues/mine.html", context)


def _own(request, pk: int) -> Venue:
    """A venue of the party one stands for without limits."""
    return get_object_or_404(queries_venues.of_party(request.party), pk=pk)


def _at_door(request, pk: int) -> Venue:
    """One's own venue, or one whose list says that one stands at its entrance."""
    row = queries_venues.of_party(request.party).filter(pk=pk).first()
    if row is None and request.user.person_id:
        row = queries_venues.guarded_by(request.user.person_id).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


@PAGES
@for_party
def venue(request, party, pk):
    """One venue: its entrances with their posters, its rule, its figures; one act at a time."""
    row = _own(request, pk)
    errors: dict = {}
    if request.method == "POST":
        try:
            _act(request, row)
            return redirect("portal:venue", pk=row.pk)
        except Invalid as invalid:
            errors = invalid.errors
            row.refresh_from_db()
    now = timezone.now()
    rule = queries_venues.in_force_at(row, now)
    doorkeeper.reading(request, row.party_id, "own venues", ["manager"], about=row.subject)
    hours = queries_venues.hours_of(row, now)
    most = max((count for _hour, count in hours), default=0)
    context = {
        "party": party,
        "venue": row,
        "entrances": [
            (one, [poster for poster in one.posters.all() if poster.state == PosterState.CURRENT])
            for one in row.entrances.prefetch_related("posters")
        ],
        "rule": rule,
        "figures": queries_venues.today_at(row, now),
        "inside": queries_venues.inside(row, now),
        "hours": [(hour, count, round(count * 10 / most) if most else 0) for hour, count in hours],
        "in_use": queries_venues.in_use(row, now),
        "errors": errors,
        "labels": {
            "capacity": _("How many people it holds"),
            "stay_minutes": _("How long people stay, in minutes"),
            "turns_back": _("When it is full"),
            "name": _("Name of the entrance"),
        },
        "fullness": [("false", _("let people in and show it to the guard")), ("true", _("ask people to wait"))],
    }
    return render(request, "portal/venues/one.html", context, status=422 if errors else 200)


def _act(request, row: Venue) -> None:
    said, actor, account = request.POST, doorkeeper.actor_of(request), request.user
    act = said.get("act", "")
    if act == "settle":
        keeping_venues.settle(
            row,
            capacity=said.get("capacity", ""),
            stay_minutes=said.get("stay_minutes", ""),
            turns_back=said.get("turns_back") == "true",
            phone=said.get("phone", ""),
            actor=actor,
        )
    elif act == "entrance":
        keeping_venues.add_entrance(
            row, zh=said.get("name", ""), en=said.get("name_en", ""), actor=actor, account=account
        )
    elif act in ("hang", "control"):
        entrance = get_object_or_404(row.entrances.select_related("venue"), pk=_number(said.get("entrance")))
        if act == "hang":
            keeping_venues.hang(entrance, place=said.get("place", ""), actor=actor, account=account)
        else:
            keeping_venues.control(entrance, said.get("control", ""), actor=actor)
    elif act in ("replace", "take_down"):
        poster = get_object_or_404(
            Poster.objects.select_related("entrance__venue").filter(entrance__venue=row),
            pk=_number(said.get("poster")),
        )
        if act == "replace":
            keeping_venues.replace(poster, actor=actor, account=account)
        else:
            keeping_venues.take_down(poster, actor=actor)
    elif act == "give_up":
        keeping_venues.give_up(row, actor=actor)
    else:
        raise Http404


def _number(text) -> int:
    return int(text[:18]) if text and text.isascii() and text.isdigit() else 0


@require_GET
@for_party
def poster(request, party, pk, poster):
    """The poster as a page to print."""
    row = _own(request, pk)
    found = Poster.objects.select_related("entrance__venue").filter(entrance__venue=row, pk=poster).first()
    if found is None or found.state != PosterState.CURRENT:
        raise Http404
    response = HttpResponse(posters.draw(found), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="venue-{row.code_no}-{found.pk}.pdf"'
    return response


# -- who works there


@PAGES
@for_party
def staff(request, party, pk):
    """The staff list: added by the manager, agreed to by each worker. Whose test is due is marked; results are not shown."""
    row = _own(request, pk)
    errors: dict = {}
    code, invited = "", None
    if request.method == "POST":
        actor = doorkeeper.actor_of(request)
        if request.POST.get("act") == "leave":
            worker = get_object_or_404(
                VenueWorker.objects.filter(venue=row).exclude(state=WorkerState.ENDED),
                pk=_number(request.POST.get("worker")),
            )
            keeping_venues.leave(worker, by_manager=True, actor=actor)
            return redirect("portal:venue_staff", pk=row.pk)
        try:
            invited, code = keeping_venues.invite(
                row,
                name=request.POST.get("name", ""),
                job=request.POST.get("job", ""),
                guard=request.POST.get("guard") == "true",
                account=request.user,
                actor=actor,
            )
        except Invalid as invalid:
            errors = invalid.errors
    now = timezone.now()
    rows = queries_venues.staff_list(row, now)
    people = [one.worker.person_id for one in rows if one.worker.person_id]
    doorkeeper.reading_many(request, people, "staff list", ["name", "whether a test is due"], row.subject)
    context = {
        "party": party,
        "venue": row,
        "rows": rows,
        "due": sum(one.due for one in rows),
        "hours": queries_venues.staff_hours(row, now),
        "code": code,
        "invited": invited,
        "errors": errors,
        "labels": {"name": _("Name")},
        "typed": {name: request.POST.get(name, "") if errors else "" for name in ("name", "job")},
    }
    return render(request, "portal/venues/staff.html", context, status=422 if errors else 200)


@PAGES
@for_party
def work(request, party):
    """Where I work, by my own yes; and the code of a manager who asks."""
    errors = {}
    if request.method == "POST":
        if request.POST.get("act") == "leave":
            row = get_object_or_404(
                VenueWorker.objects.filter(person=request.user.person_id, state=WorkerState.WORKS),
                pk=_number(request.POST.get("worker")),
            )
            keeping_venues.leave(row, by_manager=False, actor=doorkeeper.actor_of(request))
            return redirect("portal:work")
        at_venues.take_a_try(request.user.pk)
        if keeping_venues.invitation(request.POST.get("code", "")) is not None:
            return redirect("portal:work_agree", code="".join(request.POST["code"].split()))
        errors = {"code": [_("This code is not known, or it has ended. Ask for a new one.")]}
    mine = (
        VenueWorker.objects.filter(person=request.user.person_id, state=WorkerState.WORKS)
        .select_related("venue")
        .order_by("-id")
        if request.user.person_id
        else []
    )
    context = {
        "rows": mine,
        "errors": errors,
        "labels": {"code": pgettext("venue", "Code")},
        "typed": request.POST.get("code", ""),
    }
    return render(request, "portal/venues/work.html", context, status=422 if errors else 200)


@PAGES
@for_party
def work_agree(request, party, code):
    """What the manager asks, said plainly, before one agrees."""
    at_venues.take_a_try(request.user.pk)
    row = keeping_venues.invitation(code)
    if row is None:
        raise Http404
    if request.method == "POST":
        keeping_venues.agree(row, account=request.user, actor=doorkeeper.actor_of(request))
        return redirect("portal:work")
    return render(request, "portal/venues/agree.html", {"row": row, "venue": row.venue, "code": code})


# -- at the door


@PAGES
@for_party
def guard(request, party, pk):
    """What the guard sees: passes, warnings and refusals as they happen, the word of the minute, how full it is. No names."""
    row = _at_door(request, pk)
    if request.method == "POST":
        entering.went(row)
        return redirect("portal:venue_guard", pk=row.pk)
    return render(request, "portal/venues/guard.html", {"party": party, **guard_screen(row)})


def guard_screen(row: Venue) -> dict:
    now = timezone.now()
    word, colour = words_of_the_minute.of_minute(row.pk, now)
    inside = queries_venues.inside(row, now)
    return {
        "venue": row,
        "entrances": list(row.entrances.all()),
        "rule": queries_venues.in_force_at(row, now),
        "passages": [(one, door, ENTERED.get(one.reason, ENTERED["ok"])) for one, door in queries_venues.lately(row)],
        "figures": queries_venues.today_at(row, now),
        "inside": inside,
        "full": round(inside * 100 / row.capacity) if row.capacity else None,
        "word": word,
        "colour": colour,
        "now": now,
        "minutes": words_of_the_minute.ahead(row.pk, now, 60),
    }


@PAGES
@for_party
def register(request, party, pk, entrance):
    """Somebody without a phone: the staff look at what they brought and write down how it went."""
    row = _at_door(request, pk)
    at = get_object_or_404(row.entrances.select_related("venue"), pk=entrance)
    rule = queries_venues.in_force_at(row, timezone.now())
    errors: dict = {}
    done = None
    if request.method == "POST":
        try:
            done = entering.write_down(
                at,
                let_in=request.POST.get("let_in") == "true",
                name=request.POST.get("name", ""),
                phone=request.POST.get("phone", ""),
            )
        except Invalid as invalid:
            errors = invalid.errors
    context = {
        "venue": row,
        "entrance": at,
        "rule": rule,
        "errors": errors,
        "done": done,
        "labels": {"name": _("Name"), "phone": _("Telephone")},
        "typed": {name: request.POST.get(name, "") if errors else "" for name in ("name", "phone")},
    }
    return render(request, "portal/venues/register.html", context, status=422 if errors else 200)


@PAGES
@for_party
def scan_visitor(request, party, pk, entrance):
    """The staff scan somebody's identity code: they learn whether to let the person in, and nothing else."""
    row = _at_door(request, pk)
    at = get_object_or_404(row.entrances.select_related("venue"), pk=entrance)
    done, refused, problem = None, None, None
    if request.method == "POST":
        try:
            done, reason = at_venues.scan(at, request.POST.get("payload", "").strip(), by=request.user)
            refused = REASONS.get(reason) if done is None else None
        except NotAllowed as problem_:
            problem = problem_
    context = {
        "venue": row,
        "entrance": at,
        "done": done,
        "said": ENTERED.get(done.reason, ENTERED["ok"]) if done else None,
        "refused": refused,
        "problem": problem,
    }
    return render(request, "portal/venues/scan_visitor.html", context)
