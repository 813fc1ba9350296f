"""One act on many cases: choose and look over, ask a second person or begin, watch it being done, see what came of each."""

import uuid

from django.http import Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import desks, judging
from tongban.cases import queries as cases
from tongban.cases.batch_states import ALONE, AT_MOST, AT_ONCE, OVER, TRY_AGAIN, BatchState, ItemState
from tongban.cases.models import Batch, Case
from tongban.cases.queries import Wanted
from tongban.cases.services import batching, taking_along
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.batch_words import STATE_TONES, WORDS
from tongban.channels.office.spreadsheets import workbook
from tongban.channels.office.views_queue import line
from tongban.channels.pages.live import stand_before
from tongban.departments.models import Officer
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed

LISTED = 30


@require_GET
@for_officer
def batches(request, officer):
    """What waits for this officer's word, and their own lists."""
    before = request.GET.get("before", "")
    rows = list(batching.own(officer, before=int(before[:18]) if before.isdecimal() else None)[: LISTED + 1])
    context = {
        "officer": officer,
        "waiting": [_told(row) for row in batching.waiting_for_word(officer)[:LISTED]],
        "own": [_told(row) for row in rows[:LISTED]],
        "older": rows[LISTED - 1].pk if len(rows) > LISTED else None,
        "alone": ALONE,
    }
    return render(request, "office/batches/list.html", context)


def _told(row: Batch) -> dict:
    return {"row": row, "words": WORDS[row.act], "tone": STATE_TONES[row.state]}


# -- looking over


@require_POST
@for_officer
def look_over(request, officer):
    """Each chosen case and whether the act can be done with it now; nothing is done yet."""
    if request.POST.get("every") == "1":
        refs = _all_of(request, officer)
    else:
        refs = [text.partition(".")[0][:12] for text in request.POST.getlist("case")]
    return _preview(request, officer, refs)


def _all_of(request, officer) -> list[str]:
    """Everything that the queue's filter shows, up to what one list holds."""
    tabs = cases.tabs_of(officer)
    tab = request.POST.get("tab") if request.POST.get("tab") in {*tabs, cases.ALL} else tabs[0]
    wanted = Wanted.read(request.POST)
    rows, _following = cases.queue_page(officer, tab, wanted=wanted, limit=AT_MOST)
    return [row.ref for row in rows]


def _preview(request, officer, refs: list[str], problem: Invalid | NotAllowed | None = None):
    name = request.POST.get("act", "")
    act = batching.ACTS.get(name)
    refs = list(dict.fromkeys(refs))
    too_many, refs = len(refs) > AT_MOST, refs[:AT_MOST]
    if act is None or not refs:
        sentence = _("Tick at least one case.") if not refs else _("Choose what shall be done with them.")
        problem = problem or Invalid("not-chosen", sentence, kept=_("Nothing was done."))
    found = judging.chosen(officer, refs)
    judged = batching.look_over(officer, act, found) if act is not None else []
    able = [one for one in judged if not one.reasons]
    typed = request.POST
    context = {
        "officer": officer,
        "act": act,
        "name": name,
        "words": WORDS.get(name),
        "acts": [(one.name, WORDS[one.name].label) for one in batching.open_to(officer)],
        "chosen": found,
        "able": [line(one.case) | {"mark": one.mark} for one in able],
        "unable": [line(one.case) | {"why": one.why} for one in judged if one.reasons],
        "gone": len(refs) - len(found),
        "too_many": too_many,
        "most": AT_MOST,
        "alone": ALONE,
        "second": act is not None and batching.needs_second(officer, act, len(able)),
        "minutes": int(AT_ONCE.total_seconds() // 60),
        "key": typed.get("key") or uuid.uuid4().hex,
        "points": _points(typed),
        "askable": _askable(found) if act is not None and "points" in act.asks else [],
        "typed": {field: typed.get(field, "") for field in ("days", "why", "only_marked", "to", "note", "label")},
        "colleagues": _colleagues(officer) if act is not None and "to" in act.asks else [],
        "labels": [(str(one.pk), one.name) for one in desks.labels_of(officer.department)],
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
    }
    return render(request, "office/batches/look.html", context, status=problem.status if problem else 200)


def _colleagues(officer) -> list[tuple[str, str]]:
    return [(str(one.pk), one.shown_name) for one in desks.could_take_over(officer)]


def _askable(found: list[Case]) -> list[tuple[str, str]]:
    return [(f"{kind}:{name}", say(words)) for kind, name, words in batching.askable(found)]


def _points(typed) -> list[dict[str, str]]:
    """The rows of what is asked to be corrected, as typed; as many as can be asked."""
    numbers = range(1, batching.POINTS_AT_MOST + 1)
    rows = [{"what": typed.get(f"what-{n}", ""), "text": typed.get(f"text-{n}", "")} for n in numbers]
    filled = [row for row in rows if row["what"] or row["text"]]
    return filled + [{"what": "", "text": ""}] * (batching.POINTS_AT_MOST - len(filled))


def _given(typed) -> dict:
    """What the act asks, out of the form; the service judges it."""
    points = []
    for row in _points(typed):
        kind, _colon, name = row["what"].partition(":")
        points.append({kind: name, "text": row["text"]} if kind in {"field", "material"} else {"text": row["text"]})
    return {
        "points": points,
        "only_marked": typed.get("only_marked") == "1",
        "days": typed.get("days", ""),
        "why": typed.get("why", ""),
        "to": typed.get("to", ""),
        "note": typed.get("note", ""),
        "label": typed.get("label", ""),
    }


@require_POST
@for_officer
def begin(request, officer):
    """Begin it, or ask the second person; a case in the state in which it was shown."""
    chosen = [
        (ref[:12], mark[:60]) for ref, _dot, mark in (text.partition(".") for text in request.POST.getlist("case"))
    ]
    try:
        row = batching.begin(
            officer, request.POST.get("act", ""), chosen, _given(request.POST), key=request.POST.get("key", "")[:80]
        )
    except (Invalid, NotAllowed) as problem:
        if getattr(problem, "template", None):
            raise  # a page of its own: the second person for taking data along
        return _preview(request, officer, [ref for ref, _mark in chosen], problem)
    return redirect("office:batch", ref=row.ref)


# -- one list


@require_GET
@for_officer
def batch(request, officer, ref):
    """How far it is, what came of each case, and for the second person the list to look at."""
    return _show(request, officer, _seen(officer, ref))


def _seen(officer, ref: str) -> Batch:
    row = batching.seen_by(officer, ref)
    if row is None:
        raise Http404
    return row


def _show(request, officer, row: Batch, problem: Invalid | None = None):
    stand_before(request, f"batch:{row.ref}")
    row.refresh_from_db()
    act, counted = batching.ACTS[row.act], batching.counts(row)
    items = list(row.items.order_by("place"))
    by_pk = {case.pk: case for case in judging.lines(Case.objects.filter(pk__in=[item.case_id for item in items]))}
    shown = [{"item": item, **line(by_pk[item.case_id])} for item in items if item.case_id in by_pk]
    undo = act.back if row.state in OVER and counted["done"] and row.officer_id == officer.pk else ""
    now = timezone.now()
    context = {
        "officer": officer,
        "row": row,
        "words": WORDS[row.act],
        "tone": STATE_TONES[row.state],
        "own": row.officer_id == officer.pk,
        "running": row.state == BatchState.RUNNING,
        "asked": row.state == BatchState.ASKED,
        "over": row.state in OVER,
        "lapsed": row.state == BatchState.ASKED and row.lapses_at is not None and row.lapses_at <= now,
        "against": batching.may_confirm(officer, row) if row.state == BatchState.ASKED else [],
        "counted": counted,
        "reached": counted["done"] + counted["failed"],
        "to_do": row.number,
        "todo": [one for one in shown if one["item"].state in {ItemState.WAITING, ItemState.STOPPED}],
        "done": [one for one in shown if one["item"].state == ItemState.DONE],
        "failed": [one for one in shown if one["item"].state == ItemState.FAILED],
        "left_out": [one for one in shown if one["item"].state == ItemState.LEFT_OUT],
        "again": [one for one in shown if one["item"].state in TRY_AGAIN] if row.state in OVER else [],
        "as_asked": _as_typed(row),
        "undo": undo,
        "undo_words": WORDS[undo].label if undo else "",
        "given": _said(row),
        "files": row.until is not None and row.until > now and row.officer_id == officer.pk,
        "gone": act.reads and row.state in OVER and row.until is None and counted["done"],
        "size": sum(item.size for item in items),
        "problem": problem,
        "errors": problem.errors if problem else {},
        "why": request.POST.get("why", "") if problem else "",
    }
    return render(request, "office/batches/one.html", context, status=problem.status if problem else 200)


def _as_typed(row: Batch) -> list[tuple[str, str]]:
    """What was given with it as the fields of the preview, so that nobody types it again to try once more."""
    typed = [(name, str(row.given[name])) for name in ("days", "why", "to", "note", "label") if row.given.get(name)]
    typed += [("only_marked", "1")] if row.given.get("only_marked") else []
    for place, one in enumerate(row.given.get("points", ()), 1):
        what = f"field:{one['field']}" if one["field"] else f"material:{one['material']}"
        typed += [(f"what-{place}", what), (f"text-{place}", one["text"])]
    return typed


def _said(row: Batch) -> list[tuple[str, str]]:
    """What was given with it, for whoever confirms and for the record."""
    said = []
    if "days" in row.given:
        said.append((_("Working days"), str(row.given["days"])))
    if "to" in row.given:
        said += [(_("Colleague"), one.shown_name) for one in Officer.objects.filter(pk=row.given["to"])]
        said += [(_("Note"), row.given["note"])] if row.given.get("note") else []
    if "label" in row.given:
        said += [
            (_("Label"), one.name)
            for one in desks.labels_of(row.officer.department, retired=True)
            if one.pk == row.given["label"]
        ]
    if "why" in row.given:
        said.append((_("Reason"), row.given["why"]))
    if "points" in row.given:
        found = [item.case for item in row.items.select_related("case__version", "case__matter").order_by("place")[:20]]
        names = {(kind, name): say(words) for kind, name, words in batching.askable(found)}
        for one in row.given["points"]:
            key = ("field", one["field"]) if one["field"] else ("material", one["material"])
            said.append((names.get(key, key[1]), one["text"]))
        if row.given.get("only_marked"):
            said.append((_("Limit"), _("only what is listed can be changed")))
    return said


@require_POST
@for_officer
def act(request, officer, ref, move):
    """The second person's word, or an end to it."""
    row = _seen(officer, ref)
    try:
        if move == "confirm":
            batching.confirm(row, officer=officer)
        elif move == "refuse":
            batching.refuse(row, officer=officer, why=request.POST.get("why", ""))
        elif move == "stop":
            batching.stop(row, officer=officer)
        else:
            raise Http404
    except Invalid as problem:
        return _show(request, officer, row, problem)
    return redirect("office:batch", ref=row.ref)


@require_GET
@for_officer
def files(request, officer, ref):
    """The ZIP, put together while it goes out: one case in memory at a time."""
    row = _seen(officer, ref)
    now = timezone.now()
    parts = batching.fetched(row, officer=officer, now=now)
    keys = [item.case_id for item in parts]
    listed = {case.pk: case for case in judging.lines(Case.objects.filter(pk__in=keys))}
    left = row.items.exclude(state=ItemState.DONE).select_related("case").order_by("place")
    about = {
        "list": row.ref,
        "made_for": officer.staff_no,
        "confirmed_by": row.second.staff_no if row.second else None,
        "made_at": row.ended_at,
        "fetched_at": now,
        "cases": len(parts),
    }
    pieces = taking_along.stream(
        [item.file for item in parts],
        first={"cases.xlsx": workbook(listed[pk] for pk in keys if pk in listed)},
        about=about,
        left_out=[{"case": item.case.number, "why": item.why or item.get_state_display()} for item in left],
    )
    response = StreamingHttpResponse((piece for piece in pieces if piece), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{taking_along.named(row.ref, now)}"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
