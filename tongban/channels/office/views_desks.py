"""The officer's own desk: views kept under a name, labels, notes among colleagues, cases handed on, who is there, single keys."""

from datetime import date
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases import desks, services
from tongban.cases import queries as cases
from tongban.cases.models import Case, Label, PassingOn, SavedView, StaffNote
from tongban.cases.moving import acting
from tongban.cases.narrowing import Wanted
from tongban.cases.queries import QueueKey
from tongban.cases.services.passing_on import LEADS, may_take_over
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.sight import seen
from tongban.channels.office.views_case import refused, show
from tongban.channels.office.views_queue import line, shown
from tongban.channels.pages.live import stand_before
from tongban.departments import absences
from tongban.departments import queries as departments
from tongban.departments.models import Absence, Officer
from tongban.halls import queries_figures as hall_figures
from tongban.halls import queries_round_tables as round_tables
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import queries as notices
from tongban.notices import services as notice_services


def _key(text: str) -> int:
    """A key out of a form; what is none leads nowhere."""
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def _case(ref: str, part: str = "") -> str:
    return reverse("office:case", args=[ref]) + part


# -- views


@require_POST
@for_officer
def view_save(request, officer):
    """Keep the queue as it is narrowed under a name; the same name again replaces it."""
    tab = request.POST.get("tab", "")
    asked = {"tab": tab if tab in {*cases.tabs_of(officer), cases.ALL} else cases.tabs_of(officer)[0]}
    asked |= Wanted.read(request.POST).as_query()
    name, shared, first = (
        request.POST.get("name", ""),
        request.POST.get("shared") == "1",
        request.POST.get("first") == "1",
    )
    try:
        view = services.save_view(officer, name=name, asked=asked, shared=shared, first=first)
    except Invalid as problem:
        return _view_form(request, officer, asked, {"name": name, "shared": shared, "first": first}, problem)
    return redirect(f"{reverse('office:queue')}?{urlencode({'view': view.pk} | view.asked)}")


def _view_form(request, officer, asked: dict, said: dict, problem: Invalid, view: SavedView | None = None):
    context = {"officer": officer, "asked": asked, "said": said, "problem": problem, "errors": problem.errors}
    back = f"{reverse('office:queue')}?{urlencode(asked)}"
    return render(request, "office/desks/view.html", context | {"view": view, "back": back}, status=problem.status)


@require_POST
@for_officer
def view_act(request, officer, pk, move):
    """Begin with a view, begin with the plain queue again, give one's own another name, or delete it."""
    view = desks.view_of(officer, pk)
    if view is None or move not in {"first", "plain", "rename", "delete"}:
        raise Http404
    if move == "delete":
        services.delete_view(officer, view)
        return redirect(f"{reverse('office:queue')}?{urlencode({'tab': view.asked.get('tab', '')})}")
    if move == "rename":
        said = {"name": request.POST.get("name", ""), "shared": request.POST.get("shared") == "1"}
        try:
            view = services.rename_view(officer, view, **said)
        except Invalid as problem:
            return _view_form(request, officer, {"view": view.pk} | view.asked, said, problem, view)
        return redirect(f"{reverse('office:queue')}?{urlencode({'view': view.pk} | view.asked)}")
    services.begin_with(officer, view if move == "first" else None)
    return redirect(f"{reverse('office:queue')}?{urlencode({'view': view.pk} | view.asked)}")


@require_POST
@for_officer
def keys(request, officer):
    """Single keys on or off."""
    services.use_keys(officer, request.POST.get("on") == "1")
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if here else "office:queue")


# -- labels


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer
def labels(request, officer):
    """The labels of one's department; leads make, rename and retire them."""
    problem = None
    if request.method == "POST":
        key = request.POST.get("label", "")
        label = get_object_or_404(Label, department=officer.department, pk=_key(key)) if key else None
        try:
            if request.POST.get("act") == "keep":
                services.keep_label(
                    officer, name=request.POST.get("name", ""), colour=request.POST.get("colour", ""), label=label
                )
            elif label is not None and request.POST.get("act") in {"retire", "back"}:
                services.retire_label(officer, label, back=request.POST["act"] == "back")
            else:
                raise Http404
            return redirect("office:labels")
        except Invalid as wrong:
            problem = wrong
    said = {name: request.POST.get(name, "") for name in ("name", "colour", "label")}
    errors = problem.errors if problem else {}
    rows = []
    for row in desks.labels_of(officer.department, retired=True):
        # what is wrong with a change stands beside the label it was meant for, with what was typed
        changed = problem is not None and said["label"] == str(row.pk)
        rows.append(
            {
                "label": row,
                "name": said["name"] if changed else row.name,
                "wrong": errors.get("name", []) if changed else [],
            }
        )
    context = {
        "officer": officer,
        "labels": rows,
        "colours": Label.Colour.choices,
        "may": bool(services.desks.LABEL_KEEPERS & set(officer.roles)),
        "problem": problem,
        "errors_new": [] if said["label"] else errors.get("name", []),
        "said": said,
    }
    return render(request, "office/desks/labels.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer
def case_label(request, officer, ref):
    """Put a label on, or take it off."""
    row = seen(request, officer, ref)
    label = get_object_or_404(Label, department=officer.department, pk=_key(request.POST.get("label", "")))
    try:
        if request.POST.get("act") == "off":
            services.take_off(row, label, officer=officer)
        else:
            services.put_on(row, label, officer=officer)
    except NotAllowed as problem:
        return refused(request, officer, ref, problem)
    return redirect(_case(ref, "#labels"))


# -- notes


@require_POST
@for_officer
def notes(request, officer, ref):
    """Write a note for colleagues."""
    row = seen(request, officer, ref)
    mention = Officer.objects.filter(pk=_key(request.POST.get("mention", "")), active=True).first()
    try:
        services.write_note(
            row, officer=officer, text=request.POST.get("note", ""), for_all=request.POST.get("for_all") == "1", mention=mention
        )  # fmt: skip
    except Invalid as problem:
        return show(request, officer, row, problem=problem)
    except NotAllowed as problem:
        return refused(request, officer, ref, problem)
    return redirect(_case(ref, "#notes"))


@require_POST
@for_officer
def note_act(request, officer, ref, pk, move):
    """Change one's note, pin one or take the pin out."""
    row = seen(request, officer, ref)
    note = get_object_or_404(services.notes_of(row, officer), pk=pk)
    note = StaffNote.objects.select_related("case", "case__department").get(pk=note.pk)
    try:
        if move == "change":
            services.change_note(note, officer=officer, text=request.POST.get("note", ""))
        elif move in {"pin", "unpin"}:
            services.pin_note(note, officer=officer, on=move == "pin")
        else:
            raise Http404
    except Invalid as problem:
        return show(request, officer, row, problem=problem)
    except NotAllowed as problem:
        return refused(request, officer, ref, problem)
    return redirect(_case(ref, f"#note-{note.pk}"))


# -- from desk to desk


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer
def hand_over(request, officer, ref):
    """Hold a case on one's own desk out to a colleague, with a word about it."""
    row = seen(request, officer, ref)
    problem = None
    if request.method == "POST":
        to = (
            Officer.objects.select_related("department")
            .filter(pk=_key(request.POST.get("to", "")), active=True)
            .first()
        )
        try:
            if to is None:
                to = officer  # nobody chosen is said like somebody who cannot
            services.pass_on(row, officer=officer, to=to, note=request.POST.get("note", ""))
            return redirect(_case(ref))
        except Invalid as wrong:
            problem = wrong
        except NotAllowed as wrong:
            return refused(request, officer, ref, wrong)
    elif row.claimed_by_id != officer.pk:
        return redirect(_case(ref))
    context = {
        "officer": officer,
        "case": row,
        "options": [(str(one.pk), f"{one.shown_name} · {one.staff_no}") for one in desks.could_take_over(officer)],
        "said": {name: request.POST.get(name, "") for name in ("to", "note")},
        "problem": problem,
        "errors": problem.errors if problem else {},
    }
    return render(request, "office/desks/hand_over.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer
def passing(request, officer, ref, move):
    """Take what is held out, give it back, keep it after all; or take over from somebody who is not there."""
    row = seen(request, officer, ref)
    try:
        if move in {"take-over", "to-pool"}:
            services.take_over_desk(row, officer=officer, to_pool=move == "to-pool")
            return redirect(request.POST.get("back") == "team" and reverse("office:team") or _case(ref))
        held = (
            PassingOn.objects.filter(case=row, state=PassingOn.State.OFFERED)
            .select_related("case__department", "giver")
            .first()
        )
        if held is None or move not in {"take", "back", "keep"}:
            raise NotAllowed("passing-over", services.passing_on.ANSWERED)
        if move == "take":
            services.take_passed(held, officer=officer)
        elif move == "back":
            services.give_back(held, officer=officer, answer=request.POST.get("answer", ""))
            return redirect("office:for_you")
        else:
            services.recall(held, officer=officer)
    except NotAllowed as problem:
        return refused(request, officer, ref, problem)
    return redirect(_case(ref))


@require_GET
@for_officer
def for_you(request, officer):
    """What colleagues want of this officer: cases held out, notes that name them; and what they held out themselves."""
    stand_before(request, f"desk:{officer.pk}")
    context = {
        "officer": officer,
        "held_out": list(desks.held_out_to(officer)[:50]),
        "mentions": list(desks.mentions_of(officer)[:50]),
        "mine": list(desks.held_out_by(officer)[:50]),
        "given_back": list(desks.given_back_to(officer)[:20]),
        "tables": list(round_tables.asked_of(officer)[:20]),
        "alarms": hall_figures.ringing_for(officer),
        "told": notices.told_at_desk(officer),
        "standing_in": [{"absence": row, "count": shown(count)} for row, count in desks.standing_in(officer)],
    }
    return render(request, "office/desks/for_you.html", context)


@require_POST
@for_officer
def told(request, officer, pk):
    """Seen; opened where that was pressed."""
    row = notices.message(officer.account, pk)
    if row is None or row.party_id is not None:
        raise Http404
    notice_services.mark_read(officer.account, row.pk)
    return redirect(row.link if request.POST.get("then") == "open" and row.link.startswith("/") else "office:for_you")


# -- who is there


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer
def team(request, officer):
    """The people of the department: what lies with each, who is away until when, and the desk of whoever is not there."""
    problem = None
    if request.method == "POST":
        try:
            _absence(request, officer)
            return redirect("office:team")
        except Invalid as wrong:
            problem = wrong
    today = timezone.localdate()
    people = desks.team(officer, today=today)
    lead = bool(LEADS & set(officer.roles))
    chosen = next((one for one in people if one.officer.pk == _key(request.GET.get("desk", ""))), None)
    after = QueueKey.read(request.GET.get("after", ""))
    lying, following = cases.desk(chosen.officer, after=after) if chosen else ([], None)
    context = {
        "officer": officer,
        "people": [{"who": one.officer, "count": shown(one.count), "away": one.away} for one in people],
        "absences": departments.absences(officer.department, today),
        "today": today,
        "lead": lead,
        "options": [(str(one.officer.pk), one.officer.shown_name) for one in people],
        "said": {name: request.POST.get(name, "") for name in ("who", "first_day", "last_day", "substitute")}
        | ({} if problem else {"who": str(officer.pk)}),
        "problem": problem,
        "errors": problem.errors if problem else {},
        "chosen": chosen,
        "rows": [line(row) for row in lying],
        "following": following,
        "begun": "after" in request.GET,
        "may_take_over": _may_take_over(officer, lying[0]) if lying else False,
    }  # fmt: skip
    return render(request, "office/desks/team.html", context, status=problem.status if problem else 200)


def _may_take_over(officer: Officer, row: Case) -> bool:
    return may_take_over(officer, Case.objects.select_related("claimed_by").get(pk=row.pk))


def _absence(request, officer: Officer) -> None:
    actor = acting(officer, request.role)
    if request.POST.get("act") == "strike":
        row = get_object_or_404(Absence.objects.select_related("officer"), pk=_key(request.POST.get("absence", "")))
        return absences.strike(officer, row, actor=actor)
    people = Officer.objects.filter(active=True)
    who = get_object_or_404(people, pk=_key(request.POST.get("who", "")))
    absences.enter(
        officer, who, first=_date(request.POST.get("first_day", "")), last=_date(request.POST.get("last_day", "")),
        substitute=people.filter(pk=_key(request.POST.get("substitute", ""))).first(), actor=actor,
    )  # fmt: skip
    return None
