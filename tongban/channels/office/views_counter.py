"""The counter: the queue on the left, the visitor in the middle, the matter on the right, goodbye at the bottom.

What is done with an application is done on the pages of the window (views_window), of the case (views_case) and of handing over
(views_issuing): they come back here while a number is at the window. Everything that is pressed here carries a key, so that what a
desk without a line sends twice is done once; what is typed is kept in the browser until it is saved (counter.js).
"""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import permission, rules, services
from tongban.cases import queries as cases
from tongban.cases.models import Case, MachineFinding, Visit
from tongban.cases.papers import TITLES
from tongban.cases.services import tolerating
from tongban.cases.states import ENDED, CaseState
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office import acts, at_counter, noticed, views_window
from tongban.channels.office.sight import seen
from tongban.channels.pages.live import stand_before
from tongban.channels.pages.templatetags.tongban import day as day_words
from tongban.codes.models import IdentityCode
from tongban.codes.services import readers, verifying
from tongban.codes.wording import why
from tongban.departments.models import Officer
from tongban.evaluations.models import Rating
from tongban.halls import hours, queries_screens, queue_rules
from tongban.halls import queries_tickets as queue
from tongban.halls.models import DeskNote, Hall, Ticket, Window
from tongban.halls.services import desk, tickets, windows
from tongban.halls.ticket_states import TicketState
from tongban.halls.window_states import WindowState
from tongban.journal import services as journal
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.licences import authorising
from tongban.matters.models import MaterialType, MatterVersion
from tongban.parties import window as comparing
from tongban.parties.models import Party, Person

DESK = ("window_officer", "issuing_officer")
LOOKS = (*DESK, "supervisor")
NEXT_ONES, FEW = 8, 6
HALL = "counter_hall"
SCENE = "hall_identity"
BESIDE = ("accept", "request_correction", "not_accept")  # stand with their case: words and reasons belong to it
BOTTOM = ("accept", "request_correction", "not_accept", "approve", "refuse", "issue", "result_ready", "deliver")

SAID = {
    "again": gettext_lazy("Called again."),
    "skip": gettext_lazy("Skipped. The holder may come back once within thirty minutes."),
    "park": gettext_lazy("Parked. The number comes back to your window."),
    "transfer": gettext_lazy("Sent on. Number and time of issue stay."),
    "pause": gettext_lazy("Paused. Nobody is called to your window."),
    "resume": gettext_lazy("Your window is open again."),
    "close": gettext_lazy("Your window is closed."),
    "back": gettext_lazy("Back in the queue."),
}


# -- the desk


@require_GET
@never_cache
@for_officer(*LOOKS)
def counter(request, officer):
    """Where this officer sits; or the choice of a window."""
    window = at_counter.window_of(officer)
    if window is None:
        at_counter.remember(request, None, None)
        return _choose(request, officer)
    if part := request.headers.get("X-Live"):
        # one part alone: nobody's data is read again because somebody else took a number
        if part == "cases":
            return render(request, "office/counter/cases_only.html", _cases(request, officer, window))
        return render(request, "office/counter/queue_only.html", _queue(request, officer, window))
    return _desk(request, officer, window)


def _choose(request, officer, problem: Problem | None = None):
    """The halls of the city and the windows of one of them; a supervisor sees who sits where."""
    halls = list(Hall.objects.filter(active=True).only("code", "name", "level").order_by("level", "code")[:2000])
    code = request.GET.get("hall") or request.session.get(HALL, "")
    hall = next((one for one in halls if one.code == code), halls[0] if len(halls) == 1 else None)
    if hall is not None:
        hall = Hall.objects.get(pk=hall.pk)
        request.session[HALL] = hall.code
    rows = list(hall.windows.select_related("officer").order_by("number")) if hall is not None else []
    there = {
        one.window_id: one
        for one in Ticket.objects.filter(
            window__in=[row.pk for row in rows], state__in=[TicketState.CALLED, TicketState.SERVING]
        )
    }
    context = {
        "officer": officer,
        "hall": hall,
        "chosen": hall.code if hall is not None else "",
        "halls": [(one.code, one.shown_name) for one in halls],
        "rows": [{"window": row, "ticket": there.get(row.pk)} for row in rows],
        "sits": bool(set(DESK) & set(officer.roles)),
        "open_now": hours.is_open(hall, timezone.now()) if hall is not None else False,
        "problem": problem,
    }
    return render(request, "office/counter/choose.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(*DESK)
def sit_down(request, officer):
    """Open a window for oneself."""
    raw = request.POST.get("window", "")
    window = Window.objects.select_related("hall").filter(pk=int(raw[:9]) if raw.isdecimal() else 0).first()
    if window is None:
        return redirect("office:counter")
    try:
        windows.open_window(window, officer=officer, actor=doorkeeper.actor_of(request))
    except NotAllowed as problem:
        return _choose(request, officer, problem)
    request.session[HALL] = window.hall.code
    at_counter.remember(request, window, None)
    return redirect("office:counter")


def _queue(request, officer, window: Window) -> dict[str, Any]:
    """Left: who is next for this window, how many wait where, who was parked or skipped here."""
    now = timezone.now()
    board = queue.board(window.hall, now)
    known = queue.categories()
    today = timezone.localdate(now)
    waits = queue.waiting(window.hall, today, known)
    mine = queue.desk_of(window, officer, queue.picture(window.hall, now, known), any(one.booked for one in waits))
    order = queue_rules.in_turn(waits, mine, now)[:NEXT_ONES]
    parked = [one.pk for one in waits if one.parked and one.only_window == window.pk]
    rows = Ticket.objects.select_related("matter").in_bulk([one.pk for one in order] + parked)
    ticket = queue.at_window(window)
    _name_matters([*rows.values(), *([ticket] if ticket else [])])
    recent = now - timedelta(minutes=30)
    emergency = queries_screens.emergency(window.hall)
    stands = f"{window.pk}:{window.state}:{emergency is not None}"  # paused, moved or stopped by the supervisor
    return {
        "officer": officer,
        "window": window,
        "hall": window.hall,
        "board": board,
        "line": [rows[one.pk] for one in order if one.pk in rows],
        "parked": [rows[pk] for pk in parked if pk in rows],
        "skipped": list(
            Ticket.objects.filter(
                hall=window.hall, day=today, state=TicketState.SKIPPED, window=window, ended_at__gt=recent
            ).order_by("-id")[:FEW]
        ),
        "ticket": ticket,
        "key": uuid4().hex,
        "now": now,
        "emergency": emergency,
        "mark": f"{stands}:{ticket.pk}:{ticket.state}:{ticket.calls}" if ticket else stands,
    }


def _name_matters(rows: list[Ticket]) -> None:
    """What each number was taken for, in words; nothing where the visitor did not say."""
    wanted = {row.matter_id for row in rows if row.matter_id}
    names = dict(
        MatterVersion.objects.filter(matter__in=wanted, state=MatterVersion.State.PUBLISHED).values_list(
            "matter_id", "name"
        )
    )
    for row in rows:
        row.about = say(names.get(row.matter_id)) if row.matter_id in names else ""  # type: ignore[attr-defined]


def _desk(request, officer, window: Window, problem: Problem | None = None, act: str = ""):
    stand_before(request, window.hall.topic)
    context = _queue(request, officer, window)
    ticket: Ticket | None = context["ticket"]
    at_counter.remember(request, window, ticket)
    serving = ticket is not None and ticket.state == TicketState.SERVING
    visit = cases.visit_of(officer) if serving else None
    if visit is not None and ticket is not None and ticket.called_at and visit.begun_at < ticket.called_at:
        visit = None  # of somebody before; the next comparison ends it
    worked = _worked_on(ticket) if serving and ticket is not None else []
    here = request.POST.get("case", "") if problem is not None else ""
    context |= {
        "serving": serving,
        "visit": visit,
        "problem": problem,
        "act": act,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "typed": {name: request.POST.get(name, "") for name in ("id_kind", "id_no", "reason", "payload")},
        "kinds": views_window.IdKind.choices,
        "labels": views_window.labels(),
        "pauses": list(windows.PAUSE_REASONS.items()),
        "targets": _targets(window, context["board"]) if ticket is not None else [],
        "readers": [(one.ref, one.name) for one in readers.at_hand() if one.scene.slug == SCENE],
        "takes": set(officer.roles),
        **_worked(officer, worked, request.POST if here else {}, problem),
        **(_of_ticket(request, officer, ticket, visit) if serving and ticket is not None else {}),
        **_matter(request, officer, ticket if serving else None, visit),
    }
    return render(request, "office/counter/desk.html", context, status=problem.status if problem else 200)


def _cases(request, officer: Officer, window: Window) -> dict[str, Any]:
    """What became of the cases of this visit, for a page that stands open: decided by rule, for instance."""
    ticket = at_counter.served_by(officer)
    rows = _worked(officer, _worked_on(ticket) if ticket is not None else [], {}, None)
    return {"ticket": ticket, "key": uuid4().hex, "serving": ticket is not None, **rows}


def _worked(officer: Officer, worked: list[Case], typed, problem: Problem | None) -> dict[str, Any]:
    return {
        "worked": [_row(officer, one, typed, problem) for one in worked],
        "topics": " ".join(one.subject for one in worked),
    }


def _targets(window: Window, board: queue.Board) -> list[tuple[str, str]]:
    queues = [(f"queue:{one.category.code}", one.category.shown_name) for one in board.categories]
    others = [
        (f"window:{one.pk}", _("Window %(number)s") % {"number": one.number})
        for one in board.windows
        if one.state != WindowState.CLOSED and one.pk != window.pk
    ]
    return queues + others


def _worked_on(ticket: Ticket) -> list[Case]:
    keys = list(ticket.worked_on.order_by("-id").values_list("case_id", flat=True)[:FEW])
    found = Case.objects.select_related("version", "matter", "department", "applicant", "licence").in_bulk(keys)
    return [found[key] for key in keys if key in found]


def _row(officer: Officer, case: Case, typed, problem: Problem | None) -> dict[str, Any]:
    """A case of this visit: how it stands, what the machine noticed, and what this officer can do with it now.

    What was pressed for it last and not done stands open, with everything typed.
    """
    draft = case.state == CaseState.DRAFT
    can = {} if draft else {act.name: act for act in acts.open_to(officer, case) if act.name in BOTTOM}
    mine = typed if typed.get("case") == case.ref else {}
    return {
        "case": case,
        "draft": draft,
        "acts": [act for name, act in can.items() if name not in BESIDE],
        "beside": {name: {"act": can[name], "happens": can[name].happens(case, officer)} for name in BESIDE if name in can},
        "later": [one.type.shown_name for one in tolerating.later(case)] if "accept" in can else [],
        "marks": _marks(case) if "request_correction" in can else [],
        "said": {name: mine.get(name, "") for name in ("reason", "reason_en", "ground", "ground_en", "supply_days")},
        "errors": problem.errors if mine and isinstance(problem, Invalid) else {},
        "mark": cases.mark_of(case) if can else "",
        "findings": [
            noticed.words_for(case, one)
            for one in MachineFinding.objects.filter(case=case, state=MachineFinding.State.OPEN)[:FEW]
        ],
        "wanted": [
            row.type
            for row in case.materials.select_related("type").filter(required=True, how="missing")
        ] if draft else [],
        "papers": [] if draft else [(one.number, say(TITLES[one.kind])) for one in case.documents.order_by("-id")[:2] if one.kind in TITLES],
        "by_rule": case.version.decided_by in {MatterVersion.Decides.RULE, MatterVersion.Decides.FULL},
        "rated": case.decided_at is not None and Rating.objects.filter(case=case).exists(),
    }  # fmt: skip


def _marks(case: Case) -> list[tuple[str, str]]:
    """Everything that a request for correction can name: documents first, then the answers of the form."""
    papers = [(f"material-{row.type.slug}", row.type.shown_name) for row in case.materials.select_related("type")]
    shown = rules.form_of(case).visible(rules.plain_values(case.values))
    return papers + [(f"field-{one.id}", say(one.label)) for one in shown if one.type != "consent"]


def _of_ticket(request, officer, ticket: Ticket, visit: Visit | None) -> dict[str, Any]:
    """Centre: who it is. What is shown of a person is written down, with the number it was shown for."""
    known = Person.objects.filter(pk=ticket.party_id).first() if ticket.party_id else None
    note = DeskNote.objects.filter(ticket=ticket).first()
    found: dict[str, Any] = {
        "known": known,
        "note": {
            "words": note.words if note else "",
            "revision": note.revision if note else 0,
            "saved_at": note.saved_at if note else None,
        },
        "lately": timezone.now() - ticket.waits_from,
        "device": desk.device_of(ticket),
    }
    if visit is None:
        if known is not None:
            doorkeeper.reading(request, known.pk, "window", ["name", "id_no"], about=ticket.subject)
        return found
    drafts = views_window.drafts_of(request, visit)
    parties: list[Party] = views_window.parties_of(visit)
    for party in parties:
        doorkeeper.reading(request, party.pk, "window", ["cases"], about=ticket.subject)
    open_cases = [row for party in parties for row in cases.of(party).exclude(state__in=ENDED)[:FEW]]
    here = set(ticket.worked_on.values_list("case_id", flat=True))  # they stand on the right
    return found | {
        "drafts": [row for row in drafts if row.pk not in here][:FEW],
        "open_cases": [row for row in open_cases if row.pk not in here][:FEW],
        "let_in": list(authorising.of_holders(officer, parties, timezone.localdate())[:FEW]),
    }


def _matter(request, officer, ticket: Ticket | None, visit: Visit | None) -> dict[str, Any]:
    """Right: the guide, searched; the matter that was named when the number was taken, or that is looked at now."""
    q = request.GET.get("q", "").strip()[:100]
    slug = request.GET.get("matter", "").strip()[:100]
    if not slug and not q and ticket is not None and ticket.matter is not None:
        slug = ticket.matter.slug
    version = None
    if slug:
        version = (
            MatterVersion.objects.select_related("matter__department")
            .filter(matter__slug=slug, state=MatterVersion.State.PUBLISHED)
            .first()
        )
    why_not = ""
    if version is not None:
        certified = permission.handler_of(officer).certified
        if not version.form:
            why_not = _("There is no form here yet; the guide says who takes it in.")
        elif not {"*", slug} & certified:
            why_not = _("You are not certified for this matter. Send the person on to a window that is.")
    return {
        "q": q,
        "hits": views_window.hits(q, officer) if q else [],
        "version": version,
        "why_not": why_not,
        "requirements": needed(version) if version is not None and version.form else [],
    }


def needed(version: MatterVersion) -> list[str]:
    """What the guide asks for, in words; what the platform finds by itself is said as that."""
    wanted = rules.requirements(version, [])
    names = {one.slug: one.shown_name for one in MaterialType.objects.filter(slug__in=[row.slug for row in wanted])}
    return [
        names.get(row.slug, row.slug)
        if row.exempt in {"none", ""}
        else _("%(name)s (not needed on paper)") % {"name": names.get(row.slug, row.slug)}
        for row in wanted
        if row.required
    ]


# -- what is pressed


@require_POST
@for_officer(*DESK)
def act(request, officer, move):
    """One press. With the same key it is done once, however often a bad line sends it."""
    if move not in PRESSES:
        raise Http404
    window = at_counter.window_of(officer)
    if window is None:
        raise NotAllowed(
            "no-window",
            _("You do not sit at a window."),
            next_step=_("Choose a window first."),
        )
    key = request.POST.get("key", "")[:64] or uuid4().hex

    def do() -> str:
        return PRESSES[move](request, officer, window) or ""

    try:
        said, now = journal.once("counter", f"{officer.pk}:{move}:{key}", do)
    except (Invalid, NotAllowed) as problem:
        if doorkeeper.wants_data(request):
            raise
        return _desk(request, officer, window, problem, move)
    if said and (now or doorkeeper.wants_data(request)):  # the answer to the first may never have arrived
        messages.success(request, said)
    if doorkeeper.wants_data(request):
        return JsonResponse({"go": reverse("office:counter"), "said": said})
    return redirect("office:counter")


def _mine(request, window: Window) -> Ticket:
    """The number the officer saw on the page they pressed on; another one by now, and nothing is done to it."""
    ticket = queue.at_window(window)
    wanted = request.POST.get("ticket", "")
    if ticket is None or (wanted and wanted != str(ticket.pk)):
        raise NotAllowed(
            "another-number",
            _("This number is not at your window any more."),
            kept=_("Nothing was changed."),
            next_step=_("Look at your desk once more: it shows who is at your window."),
        )
    return ticket


def _left(officer: Officer) -> None:
    """Nothing of whoever stood here opens any more."""
    visit = cases.visit_of(officer)
    if visit is not None:
        services.end_visit(visit, officer=officer)


def _next(request, officer, window) -> str:
    _left(officer)
    ticket = tickets.call_next(window, actor=doorkeeper.actor_of(request))
    return (
        _("%(number)s is called to your window.") % {"number": ticket.label}
        if ticket is not None
        else _("Nobody waits whom this window can take.")
    )


def _call(request, officer, window) -> str:
    raw = request.POST.get("wanted", "")
    ticket = get_object_or_404(queue.whole(), pk=int(raw) if raw.isdecimal() else 0, hall=window.hall)
    _left(officer)
    tickets.call(ticket, window, reason=request.POST.get("reason", ""), actor=doorkeeper.actor_of(request))
    return _("%(number)s is called to your window.") % {"number": ticket.label}


def _finish(request, officer, window) -> str:
    done = desk.finish(_mine(request, window), actor=doorkeeper.actor_of(request))
    _left(officer)
    if done.on_the_spot is None:
        return _("%(number)s is finished.") % {"number": done.label}
    if done.on_the_spot:
        return _("%(number)s is finished: settled on the spot.") % {"number": done.label}
    return _("%(number)s is finished. What was handed in goes on in the department.") % {"number": done.label}


def _park(request, officer, window) -> str:
    minutes = request.POST.get("minutes", "")
    tickets.park(
        _mine(request, window),
        minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 4 else None,
        actor=doorkeeper.actor_of(request),
    )
    _left(officer)
    return str(SAID["park"])


def _transfer(request, officer, window) -> str:
    kind, _colon, target = request.POST.get("to", "").partition(":")
    to_window = None
    if kind == "window":
        to_window = Window.objects.filter(pk=int(target) if target.isdecimal() else 0, hall=window.hall).first()
    tickets.transfer(
        _mine(request, window),
        category=target if kind == "queue" else None,
        window=to_window,
        actor=doorkeeper.actor_of(request),
    )
    _left(officer)
    return str(SAID["transfer"])


def _brought_back(request, officer, window) -> str:
    """A parked person who is here again, or a skipped one who came after all."""
    raw = request.POST.get("wanted", "")
    ticket = get_object_or_404(queue.whole(), pk=int(raw) if raw.isdecimal() else 0, hall=window.hall)
    if ticket.state == TicketState.SKIPPED:
        tickets.requeue(ticket, actor=doorkeeper.actor_of(request))
    else:
        tickets.back(ticket, actor=doorkeeper.actor_of(request))
    return str(SAID["back"])


def _case_act(name: str):
    """The act of a case, done from beside it: what was shown there is what is decided."""

    def press(request, officer, window) -> str:
        ticket = _mine(request, window)
        row = seen(request, officer, request.POST.get("case", "")[:20])
        if not ticket.worked_on.filter(case=row).exists():
            raise NotAllowed("not-of-this-visit", _("This case was not worked on for this number."))
        with services.as_seen(row, request.POST.get("seen", "")) as standing:
            done = acts.ACTS[name].do(standing, officer, request.POST)
        said = [f"{row.number} · {say(row.version.name)}{_(': ')}{acts.ACTS[name].done}"]
        if name == "accept" and done.promised_due is not None:
            said.append(_("The decision is promised by %(day)s.") % {"day": day_words(done.promised_due)})
        return " ".join(said)

    return press


def _plain(name: str, do):
    def press(request, officer, window) -> str:
        do(request, window, doorkeeper.actor_of(request))
        return str(SAID.get(name, ""))

    return press


PRESSES = {
    "next": _next,
    "call": _call,
    "finish": _finish,
    "park": _park,
    "transfer": _transfer,
    "back": _brought_back,
    "again": _plain("again", lambda request, window, actor: tickets.call_again(_mine(request, window), actor=actor)),
    "serve": _plain("serve", lambda request, window, actor: tickets.serve(_mine(request, window), actor=actor)),
    "skip": _plain("skip", lambda request, window, actor: tickets.skip(_mine(request, window), actor=actor)),
    "pause": _plain(
        "pause",
        lambda request, window, actor: windows.pause_window(window, reason=request.POST.get("why", ""), actor=actor),
    ),
    "resume": _plain("resume", lambda request, window, actor: windows.resume_window(window, actor=actor)),
    "accept": _case_act("accept"),
    "not_accept": _case_act("not_accept"),
    "close": _plain("close", lambda request, window, actor: windows.close_window(window, actor=actor)),
}


# -- who it is


@require_POST
@never_cache
@for_officer("window_officer")
def visitor(request, officer):
    """By the identity code they show, by the person the number was taken for, or by their document; the officer compares in any case."""
    window = at_counter.window_of(officer)
    ticket = at_counter.served_by(officer)
    if window is None or ticket is None:
        return redirect("office:counter")
    try:
        if request.POST.get("agrees") not in views_window.TICKED:
            raise Invalid("no-consent", errors={"agrees": [_("Ask the person, then tick this.")]})
        if request.POST.get("compared") not in views_window.TICKED:
            raise Invalid("not-compared", errors={"compared": [_("Compare the person first, then tick this.")]})
        person, proof = _by_code(request) if request.POST.get("by") == "code" else _by_number(request, ticket)
        visit = services.begin_visit(person, officer=officer, id_kind=person.id_kind, proof=proof)
    except (Invalid, NotAllowed) as problem:
        return _desk(request, officer, window, problem, "visitor")
    doorkeeper.reading(request, person.pk, "identity check", ["name", "id_no"], about=f"visit:{visit.ref}")
    desk.meet(ticket, person, actor=doorkeeper.actor_of(request))
    return redirect("office:counter")


def _by_code(request) -> tuple[Person, str]:
    payload = request.POST.get("payload", "").strip()
    reader = next(
        (
            one
            for one in readers.at_hand()
            if one.scene.slug == SCENE and one.ref == request.POST.get("reader", one.ref)
        ),
        None,
    )
    if reader is None:
        raise NotAllowed(
            "no-reader",
            _("No reader for identity codes is registered for this hall."),
            next_step=_("Compare the document instead; the supervisor registers readers."),
        )
    if not payload:
        raise Invalid("no-code", errors={"payload": [_("Scan or type the code first.")]})
    verdict = verifying.verify(payload, reader=reader, purpose=SCENE, at=timezone.now(), by=request.user)
    if not verdict.good:
        reason = why(verdict.reason)
        raise Invalid("code-refused", errors={"payload": [reason.sentence]}, next_step=reason.next_step)
    person = Person.objects.filter(pk=verdict.party or 0).first()
    if person is None or verdict.kind not in {IdentityCode.Sort.PERSON, IdentityCode.Sort.PAPER}:
        raise Invalid(
            "not-a-persons-code", errors={"payload": [_("This is not the code of a person. Ask for their own code.")]}
        )
    return person, Visit.Proof.CODE


def _by_number(request, ticket: Ticket) -> tuple[Person, str]:
    """The person whose number it is, compared with the document that lies here."""
    person = Person.objects.filter(pk=ticket.party_id).first() if ticket.party_id else None
    if person is None:
        raise Invalid("nobody-known", errors={"by": [_("This number was taken by nobody who is known here.")]})
    known = comparing.identify(
        id_kind=person.id_kind, id_no=person.id_no, compared=True, actor=doorkeeper.actor_of(request)
    )
    return known.person, known.proof


@require_POST
@for_officer(*DESK)
def open_case(request, officer):
    """A case of whoever stands here, that was sent already: it belongs to this visit from now on."""
    if not request.POST.get("case"):
        return redirect("office:counter")
    row = seen(request, officer, request.POST["case"][:20])
    visit = cases.visit_of(officer)
    if visit is None or row.applicant_id not in {one.pk for one in views_window.parties_of(visit)}:
        raise NotAllowed("not-theirs", _("This case does not belong to the person at your window."), status=403)
    at_counter.worked_on(request, officer, row)
    return redirect("office:case", ref=row.ref)


# -- the note, and the rating


@require_POST
@for_officer(*DESK)
def note(request, officer, ticket):
    """Typed on the desk, saved by itself; sent later where the line was gone, even when the person has left meanwhile."""
    row = get_object_or_404(queue.whole(), pk=ticket)
    raw = request.POST.get("revision", "")
    kept = desk.write(
        row,
        request.POST.get("words", ""),
        officer=officer,
        revision=int(raw) if raw.isdecimal() and len(raw) < 9 else 0,
        actor=doorkeeper.actor_of(request),
    )
    if doorkeeper.wants_data(request) or request.headers.get("X-Autosave"):
        at = timezone.localtime(kept.saved_at).strftime("%H:%M")
        return JsonResponse({"saved_at": at, "revision": kept.revision})
    return redirect("office:counter")


@require_POST
@for_officer(*DESK)
def rate(request, officer):
    """The device beside the window shows the question; the phone is asked as well."""
    window = at_counter.window_of(officer)
    ticket = at_counter.served_by(officer)
    case = Case.objects.filter(ref=request.POST.get("case", "")[:20]).first()
    if window is None or ticket is None or case is None:
        return redirect("office:counter")
    try:
        asked = desk.ask_to_rate(ticket, case, actor=doorkeeper.actor_of(request))
    except NotAllowed as problem:
        return _desk(request, officer, window, problem, "rate")
    messages.success(
        request,
        _("The device at your window shows the question, and the phone was asked.")
        if asked is not None
        else _("There is no rating device at this window; the person was asked on the phone."),
    )
    return redirect("office:counter")
