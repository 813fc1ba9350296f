"""A draft of a guide, part by part: written, checked by the machine, compared, taken back, sent to a second person, published."""

import datetime
import re
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.views_catalogue import EDITORS, day_of, reasons_of, said
from tongban.lib.bilingual import both, say
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import queries as licences
from tongban.matters import fees, own_messages
from tongban.matters.editing import comparing, conditions, designing, drafting, elements, looking
from tongban.matters.models import MatterVersion
from tongban.notices import wording

State = MatterVersion.State


def own_draft(officer, pk) -> MatterVersion:
    version = looking.draft_of(officer, pk)
    if version is None:
        raise Http404
    return version


def lists_of(version: MatterVersion) -> dict[str, list]:
    """What can be chosen, with the licences that a floor above keeps."""
    found = looking.lists(version)
    types = licences.types()
    found["licence_types"] = [(one.slug, one.shown_name) for one in types]
    result = version.result or {}
    here = next((one for one in types if one.slug == result.get("ref")), None)
    if here is None and result.get("ref"):
        found["licence_types"].append((result["ref"], say(result.get("name") or {}) or result["ref"]))
    found["face_fields"] = [(name, name) for name in here.face_fields] if here else []
    return found


def frame(request, officer, version: MatterVersion, current: str = "") -> dict[str, Any]:
    """What every page of a draft shows: its parts with what is wrong in them, who else is here."""
    findings = drafting.findings_of(version)
    draft = version.draft
    changed = (
        {one.name for one in comparing.compare(drafting.elements_of(draft.base), drafting.elements_of(version))}
        if draft.base
        else set()
    )
    parts = []
    for part in elements.parts_of(version.matter.kind):
        here = [one for one in findings if one.part == part.slug]
        parts.append({
            "slug": part.slug, "label": part.label, "icon": part.icon, "current": part.slug == current,
            "stops": sum(one.stops for one in here), "looks": sum(not one.stops for one in here),
            "changed": bool(changed & set(part.names)),
            "href": reverse("office:guide_part", args=[version.pk, part.slug]) if not part.own else reverse(f"office:guide_{part.slug}", args=[version.pk]),
        })  # fmt: skip
    return {
        "officer": officer,
        "version": version,
        "matter": version.matter,
        "draft": draft,
        "parts": parts,
        "current": current,
        "findings": findings,
        "here": [one for one in findings if one.part == current],
        "stops": [one for one in findings if one.stops],
        "other": drafting.note_presence(version, officer=officer),
        "editable": version.state == State.DRAFT,
        "manager": "catalogue_manager" in officer.roles,
    }


@require_GET
@never_cache
@for_officer(*EDITORS)
def draft_version(request, officer, pk):
    """The draft as a whole: what is written, what is wrong, what is next."""
    return _whole(request, officer, own_draft(officer, pk))


def _whole(request, officer, version, problem=None):
    base = version.draft.base
    differences = comparing.compare(drafting.elements_of(base), drafting.elements_of(version)) if base else []
    in_force = version.matter.versions.filter(state=State.PUBLISHED).first()
    waiting = version.matter.versions.filter(state=State.SCHEDULED).exclude(pk=version.pk).first()
    context = {
        **frame(request, officer, version),
        "waiting": waiting if version.state in (State.DRAFT, State.IN_CHECK) else None,
        "differences": differences,
        "base": base,
        "overtaken": in_force
        if base
        and in_force
        and base.state == State.RETIRED
        and version.state in (State.DRAFT, State.IN_CHECK, State.SCHEDULED)
        else None,
        "in_force": in_force,
        "authored": officer.pk in drafting.authors_of(version.draft),
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "wrong": reasons_of(problem),
        "typed": request.POST,
        "today": timezone.localdate().isoformat(),
        "tomorrow": (timezone.localdate() + datetime.timedelta(days=1)).isoformat(),
    }
    return render(request, "office/catalogue/draft.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(*EDITORS)
def draft_act(request, officer, pk, act):
    """The next step of a draft as a whole."""
    version = own_draft(officer, pk)
    told = ""
    try:
        if act == "submit":
            drafting.submit(version, why=said(request, "why", 1000), officer=officer)
            told = _("Sent. Another catalogue manager checks it now.")
        elif act == "give-back":
            drafting.give_back(version, words=request.POST.get("words", ""), officer=officer)
            told = _("Given back. The author sees what you wrote.")
        elif act == "publish":
            on = timezone.localdate() if request.POST.get("when") == "today" else day_of(request.POST.get("on", ""))
            if on is None:
                raise Invalid("day", errors={"on": [_("Please choose a day.")]}, kept=_("Nothing was changed."))
            done = drafting.publish_checked(version, on=on, officer=officer)
            told = (
                _("In force. People find it from now on.")
                if done.state == State.PUBLISHED
                else _("Passed. It takes effect on its day at midnight.")
            )
        elif act == "call-back":
            drafting.call_back(version, officer=officer)
            told = _("Called back: it can be edited again.")
        elif act == "discard":
            drafting.discard(version, officer=officer)
            messages.success(request, _("The draft is discarded. Nothing changed for anybody."))
            return redirect("office:catalogue_matter", slug=version.matter.slug)
        else:
            raise Http404
    except (Invalid, NotAllowed) as problem:
        return _whole(request, officer, own_draft(officer, pk), problem)
    messages.success(request, told)
    return redirect("office:guide_version", pk=pk)


# -- one part


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer(*EDITORS)
def draft_part(request, officer, pk, part):
    """One part of the guide: everything about it on one page, saved while typing, or by its button."""
    version = own_draft(officer, pk)
    chosen = elements.BY_SLUG.get(part)
    if chosen is None or chosen.own or chosen not in elements.parts_of(version.matter.kind):
        raise Http404
    options = lists_of(version)
    held = drafting.elements_of(version)
    if request.method != "POST":
        return _part_page(request, officer, version, chosen, held, options)
    turn = _turned(request)
    if turn[0]:
        typed = elements.as_typed(chosen, request.POST, held, options, turn)
        return _part_page(request, officer, version, chosen, {**held, **typed}, options)
    post, act = _rearranged(request)
    try:
        values = elements.read(chosen, post, held, options)
    except elements.Misread as wrong:
        return _misread(request, officer, version, chosen, {**held, **wrong.found}, options, wrong.errors)
    try:
        draft = drafting.save(version, chosen.slug, values, seen=revision_of(request), officer=officer)
    except drafting.Together as met:
        return together(request, met) or _part_page(
            request, officer, own_draft(officer, pk), chosen, {**held, **values}, options, met=met
        )
    if autosaved(request):
        return saved(draft)
    if act[0] == "add":
        return redirect(f"{reverse('office:guide_part', args=[pk, part])}?more={act[1]}#{act[1]}-last")
    if act[0]:
        return redirect(f"{reverse('office:guide_part', args=[pk, part])}#{act[1]}")
    messages.success(request, _("Saved."))
    following = request.POST.get("then")
    return (
        redirect("office:guide_version", pk=pk)
        if following == "overview"
        else redirect("office:guide_part", pk=pk, part=part)
    )


def revision_of(request) -> int:
    said_ = request.POST.get("revision", "")
    return int(said_) if said_.isascii() and said_.isdigit() and len(said_) < 9 else 0


def autosaved(request) -> bool:
    return request.headers.get("x-autosave") == "1"


def saved(draft) -> JsonResponse:
    return JsonResponse({"saved_at": timezone.localtime(draft.saved_at).strftime("%H:%M"), "revision": draft.revision})


def together(request, met: drafting.Together) -> HttpResponse | None:
    """A page that saves by itself is told; one that was sent shows both."""
    if not autosaved(request):
        return None
    words = f"{met.sentence} {_('Press “Save” to see both.')}"
    return JsonResponse(
        {"title": words, "code": met.code, "status": 409}, status=409, content_type="application/problem+json"
    )


def _turned(request) -> tuple[str, str]:
    """A button of a condition, and the condition it belongs to; nothing is kept before it is saved."""
    act, _colon, where = request.POST.get("do", "").partition(":")
    if act == "redraw" or act in ("condition", "group") or (act in ("up", "down", "remove") and ".if.c." in where):
        return act, where[:100] or "-"
    return "", ""


def _rearranged(request) -> tuple[Any, tuple[str, str]]:
    """What the page sent, with its rows as the pressed button wants them."""
    post = request.POST.copy()
    act, _colon, rest = post.get("do", "").partition(":")
    name, _colon, number = rest.partition(":")
    if act in ("up", "down", "remove") and number.isascii() and number.isdigit():
        order = [
            int(one)
            for one in post.get(f"{name}.order", "").split(",")
            if one.isascii() and one.isdigit() and len(one) < 5
        ]
        post[f"{name}.order"] = ",".join(map(str, elements.rearranged(order, act, int(number))))
    return post, (act if act in ("up", "down", "remove", "add") else "", name[:60])


def _misread(request, officer, version, chosen, values, options, errors):
    if autosaved(request):
        first = next(iter(errors.values()))[0]
        return JsonResponse(
            {"title": str(first), "code": "misread", "status": 422}, status=422, content_type="application/problem+json"
        )
    return _part_page(request, officer, version, chosen, values, options, errors=errors)


def _part_page(request, officer, version, chosen, values, options, *, errors=None, met=None):
    more = request.GET.get("more", "")
    controls = elements.controls(chosen, values, options, more)
    _overlay(controls, request.POST, errors or {})
    tried = _answers_tried(request, version) if chosen.slug == "letters" else []
    context = {
        **frame(request, officer, version, chosen.slug),
        "part": chosen,
        "controls": controls,
        "more": more,
        "errors": errors or {},
        "labels": dict.fromkeys(errors or {}, chosen.label),
        "met": _met(met),
        "fee_tried": _fee_tried(request, version) if chosen.slug == "fee" else None,
        "messages_tried": _messages_tried(version, _made_up(tried)) if chosen.slug == "letters" else (),
        "answers_tried": tried,
    }
    return render(request, "office/catalogue/part.html", context, status=422 if errors else 409 if met else 200)


def _messages_tried(version, answers: dict[str, Any]) -> list[dict[str, Any]]:
    """Each message as it is kept now and as its reader would get it, of a case that is made up; `goes`: whether on these answers."""
    due = datetime.date(2026, 6, 1)
    blanks = {
        "matter": version.name,
        "number": dict.fromkeys(("zh", "en"), "000000260601000001"),
        "due": {language: wording.written_day(due, language) for language in ("zh", "en")},
    }
    facts = conditions.facts_of_form(designing.readable(version.form))
    found = []
    for when, label in own_messages.MOMENTS:
        for message in own_messages.at(version.letters, when):
            kind = "matter_message_staff" if own_messages.to_officers(message) else "matter_message"
            params = {
                "matter": version.name,
                "number": "000000260601000001",
                "department": version.matter.department.name,
                "text": own_messages.filled(message, blanks),
            }
            said = conditions.spoken(message.get("if"), facts)
            found.append(
                {
                    "when": label,
                    "staff": own_messages.to_officers(message),
                    "if": said,
                    "goes": own_messages.holds(message, answers) if said and answers else None,
                    "title": wording.title(kind),
                    "body": wording.body(kind, params),
                }
            )
    return found


TRY = "try."


def _answers_tried(request, version) -> list[dict[str, Any]]:
    """The answers on which messages hang, each with what was made up for it."""
    facts = conditions.facts_of_form(designing.readable(version.form))
    asked: dict[str, conditions.Fact] = {}
    for message in own_messages.rows(version.letters):
        for name in own_messages.asks(message):
            if name in facts:
                asked[name] = facts[name]
    yes_no = (("true", both("是", "yes")), ("false", both("否", "no")))
    return [
        {
            "name": f"{TRY}{name}",
            "label": fact.label,
            "options": fact.options or (yes_no if fact.kind == "yes" else ()),
            "value": request.GET.get(f"{TRY}{name}", "")[:200].strip(),
            "fact": fact,
        }
        for name, fact in asked.items()
    ]


def _made_up(asked: list[dict[str, Any]]) -> dict[str, Any]:
    """The made-up answers as a form would keep them; what is no number of a number is no answer."""
    found: dict[str, Any] = {}
    for one in asked:
        fact, said = one["fact"], one["value"]
        if not said:
            continue
        if fact.kind == "number":
            if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,4})?", said):
                found[fact.name] = float(said) if "." in said else int(said)
        else:
            found[fact.name] = said == "true" if fact.kind == "yes" else said
    return {**found, "form": dict(found)} if found else {}


def _fee_tried(request, version) -> dict[str, Any] | None:
    """A fee that follows from an answer, as it is kept now: its rule, and what it comes to for an answer that is made up."""
    fee = version.fee or {}
    if not fee.get("reckoned") or fees.troubles(fee, version.form):
        return None
    typed, asked = request.GET.get("answer", "")[:30].strip(), fees.asks(fee)
    labels = dict(fees.answers(version.form))
    tried = {
        "rule": fees.rule(fee["reckoned"], version.form),
        "label": labels[fee["reckoned"]["field"]],
        "typed": typed,
    }
    if not typed:
        return tried
    rows = fee["reckoned"]["field"].startswith(fees.ROWS)
    answer = [{"row": 1}] * min(int(typed), 500) if rows and typed.isascii() and typed.isdigit() else typed
    return tried | {"asked": True, "made": fees.reckon(fee, {asked: answer}, version.form)}


def _overlay(controls: list[dict], post, errors: dict) -> None:
    """What could not be stored stands where it was typed, with its reason."""
    for one in controls:
        for inner in (one.get("columns") or []), *[row.get("columns") or [] for row in one.get("rows") or []]:
            _overlay(inner, post, errors)
        wrong = [name for name in (one["name"], f"{one['name']}.zh", f"{one['name']}.en") if name in errors]
        one["errors"] = [reason for name in wrong for reason in errors[name]]
        for name in wrong:
            one["value" if name == one["name"] else name.rpartition(".")[2]] = post.get(name, "")


def _met(met: drafting.Together | None) -> dict | None:
    if met is None:
        return None
    pairs = comparing.compare(
        {name: both[0] for name, both in met.both.items()}, {name: both[1] for name, both in met.both.items()}
    )
    return {
        "sentence": met.sentence,
        "kept": met.kept,
        "next": met.next_step,
        "differences": pairs,
        "revision": met.version.draft.revision,
    }


# -- history, undo


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer(*EDITORS)
def draft_history(request, officer, pk):
    """Every save with what it changed; each can be taken back while nothing later changed the same."""
    version = own_draft(officer, pk)
    problem = None
    if request.method == "POST":
        number = request.POST.get("number", "")
        try:
            drafting.take_back(
                version,
                int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0,
                officer=officer,
            )
            messages.success(request, _("Taken back."))
            return redirect(doorkeeper.safe_next(request, reverse("office:guide_history", args=[pk])))
        except NotAllowed as refused:
            problem, version = refused, own_draft(officer, pk)
    before = request.GET.get("before", "")
    rows = looking.saves(
        version, before=int(before) if before.isascii() and before.isdigit() and len(before) < 9 else 0
    )
    current = drafting.elements_of(version)
    lines = [
        {
            "save": row,
            "part": elements.BY_SLUG[row.part].label if row.part in elements.BY_SLUG else row.part,
            "differences": comparing.compare(row.before, row.after),
            "undo_of": row.what.partition(":")[2] if row.what.startswith("undo:") else "",
            "possible": version.state == State.DRAFT
            and all(current.get(name) == value for name, value in row.after.items()),
        }
        for row in rows
    ]
    context = {
        **frame(request, officer, version),
        "lines": lines,
        "older": rows[-1].number if len(rows) == 50 else 0,
        "problem": problem,
    }
    return render(request, "office/catalogue/history.html", context, status=problem.status if problem else 200)


@require_GET
@never_cache
@for_officer(*EDITORS)
def draft_compare(request, officer, pk):
    """The draft beside the version it was taken from."""
    version = own_draft(officer, pk)
    base = version.draft.base
    context = {
        "officer": officer,
        "matter": version.matter,
        "before": base,
        "after": version,
        "differences": comparing.compare(drafting.elements_of(base) if base else {}, drafting.elements_of(version)),
    }
    return render(request, "office/catalogue/compare.html", context)
