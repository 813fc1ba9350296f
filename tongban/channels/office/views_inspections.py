"""Inspections on a phone: what is planned, the record that is written on the spot, also without a line, and two signatures."""

import json
from datetime import datetime
from uuid import uuid4

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import inspections, services
from tongban.cases.models import Inspection, PublicObjection
from tongban.cases.services.inspecting import PHOTOS_AT_MOST, lacking
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.sight import seen
from tongban.channels.office.views_case import refused, show
from tongban.channels.pages.keeping import account_mark
from tongban.channels.pages.live import stand_before
from tongban.departments import queries as departments
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.materials import queries as papers

WORKS = ("inspector", "dept_reviewer")


@require_GET
@for_officer(*WORKS)
def listed(request, officer):
    """My inspections, then what the department has to plan."""
    stand_before(request, f"queue:{officer.department.code}")
    context = {
        "officer": officer,
        "mine": inspections.of_inspector(officer),
        "to_plan": inspections.to_plan(officer),
        "mark": account_mark(request.user),
        "topics": f"queue:{officer.department.code}",
    }
    return render(request, "office/inspections/list.html", context)


@require_GET
@for_officer(*WORKS)
def to_keep(request, officer):
    """Which pages a phone takes along: the list, and each inspection this officer goes to."""
    paths = [
        reverse("office:inspections"),
        *(reverse("office:inspection", args=[row.ref]) for row in inspections.of_inspector(officer)[:10]),
    ]
    return JsonResponse({"account": account_mark(request.user), "pages": paths})


def _one(request, officer, ref: str) -> Inspection:
    row = inspections.by_ref(ref)
    if row is None:
        raise Http404
    named = officer.pk in {row.first_id, row.second_id}
    case = (
        row.case if named and row.case.department_id == officer.department_id else seen(request, officer, row.case.ref)
    )
    doorkeeper.reading(request, case.applicant_id, "handling", ["inspection"], about=case.subject)
    return row


@never_cache
@require_GET
@for_officer(*WORKS)
def inspection(request, officer, ref):
    """One inspection: what it is about, the plan, the record."""
    return _page(request, officer, _one(request, officer, ref))


def _page(request, officer, row, *, problem=None, plan=None, said=None, status=None):
    errors = problem.errors if isinstance(problem, Invalid) else {}
    answers = said["answers"] if said else row.answers
    there = row.signatures.filter(officer__isnull=True).first()
    inspector = "inspector" in officer.roles and officer.department_id == row.case.department_id
    over = row.state in {"done", "called_off"}
    context = {
        "officer": officer,
        "tab": request.POST.get("tab") or uuid4().hex[:16],
        "row": row,
        "case": row.case,
        "points": [
            {
                **point,
                "answer": (answers.get(point["id"]) or {}).get("answer", ""),
                "remark": (answers.get(point["id"]) or {}).get("remark", ""),
                "errors": errors.get(f"point-{point['id']}", []),
            }
            for point in row.points
        ],
        "record": said["record"] if said else row.record,
        "present": said["present"] if said else row.present,
        "finding": said["finding"] if said else row.finding,
        "there_way": said["there_way"] if said else there.way if there else "",
        "there": there,
        "findings": Inspection.Finding.choices,
        "photos": list(row.photos.select_related("officer")),
        "photos_at_most": PHOTOS_AT_MOST,
        "signed": list(row.signatures.filter(officer__isnull=False).select_related("officer")),
        "i_signed": row.signatures.filter(officer=officer).exists(),
        "writes": inspector
        and not over
        and (None in (row.first_id, row.second_id) or officer.pk in {row.first_id, row.second_id}),
        "may_plan": not over and officer.department_id == row.case.department_id,
        "inspectors": [(one.pk, one.shown_name) for one in departments.officers(row.case.department, "inspector")],
        "plan": plan
        or {
            "at": timezone.localtime(row.planned_for).strftime("%Y-%m-%dT%H:%M") if row.planned_for else "",
            "first": row.first_id or "",
            "second": row.second_id or "",
        },
        "problem": problem,
        "theirs": _what_differs(row, said) if said and getattr(problem, "code", "") == "changed-elsewhere" else [],
        "errors": errors,
        "over": over,
        "lacking": lacking(row) if not over else {},
    }
    return render(
        request, "office/inspections/one.html", context, status=status or (problem.status if problem else 200)
    )


def _what_differs(row, said) -> list[tuple]:
    """What another phone kept meanwhile, where it is not what this one says: so that whoever keeps theirs has seen both."""
    words = {"yes": _("Yes"), "no": _("No"), "none": _("Does not apply")}
    nothing = {"answer": "", "remark": ""}
    found: list[tuple] = []
    for number, point in enumerate(row.points, 1):
        there, here = (side.get(point["id"]) or nothing for side in (row.answers, said["answers"]))
        if (there["answer"], there["remark"]) != (here["answer"], here["remark"].strip()):
            told = " · ".join(str(one) for one in (words.get(there["answer"], ""), there["remark"]) if one)
            found.append((f"{number}. {say(point)}", told))
    for name, label, told in (
        ("record", _("What you saw"), row.record),
        ("finding", _("Finding"), row.get_finding_display()),
        ("present", _("Who was there"), row.present),
    ):
        if getattr(row, name) != said[name].strip():
            found.append((label, told))
    return found or [(_("Record"), _("the same words, kept later"))]


@require_POST
@for_officer(*WORKS)
def plan(request, officer, ref):
    """Day, hour and the two who go."""
    row = _one(request, officer, ref)
    wanted = {name: request.POST.get(name, "") for name in ("at", "first", "second")}
    known = {str(one.pk): one for one in departments.officers(row.case.department, "inspector")}
    try:
        services.plan_inspection(
            row, officer=officer, at=_moment(wanted["at"]), first=known.get(wanted["first"]),
            second=known.get(wanted["second"]),
        )  # fmt: skip
    except (Invalid, NotAllowed) as problem:
        return _page(request, officer, row, problem=problem, plan=wanted)
    return redirect("office:inspection", ref=ref)


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return timezone.make_aware(found) if found is not None and timezone.is_naive(found) else found


def _said(request, row) -> dict:
    """What the page shows, whoever sent it: a browser, or a phone that was without a line."""
    typed = request.POST

    def parsed(name):
        try:
            return json.loads(typed.get(name, "") or "null")
        except ValueError:
            return None

    position = parsed("position")
    numbers = (
        {
            name: float(position[name])
            for name in ("lat", "lng", "accuracy")
            if isinstance(position.get(name), (int, float))
        }
        if isinstance(position, dict)
        else {}
    )
    strokes = parsed("there_strokes")
    return {
        "answers": {
            point["id"]: {
                "answer": typed.get(f"point-{point['id']}", ""), "remark": typed.get(f"remark-{point['id']}", ""),
            }
            for point in row.points
        },
        "record": typed.get("record", ""),
        "present": typed.get("present", ""),
        "finding": typed.get("finding", ""),
        "position": numbers if len(numbers) == 3 else None,
        "there_way": typed.get("there_way", ""),
        "there_strokes": strokes if isinstance(strokes, list) else [],
    }  # fmt: skip


def _revision(request) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() else -1


@require_POST
@for_officer("inspector")
def save(request, officer, ref):
    """Keep the record while it is written: for the page by itself (JSON), or with the button."""
    row = _one(request, officer, ref)
    try:
        row = services.note_inspection(
            row,
            officer=officer,
            said=_said(request, row),
            revision=_revision(request),
            saver=request.POST.get("tab", ""),
        )
    except Problem as problem:
        if request.headers.get("X-Autosave"):
            return JsonResponse({"title": str(problem.sentence), "code": problem.code}, status=problem.status)
        return _page(request, officer, row, problem=problem, said=_said(request, row))
    if request.headers.get("X-Autosave"):
        return JsonResponse({"revision": row.revision, "saved_at": timezone.localtime(row.saved_at).strftime("%H:%M")})
    return redirect("office:inspection", ref=ref)


@require_POST
@for_officer("inspector")
def photo(request, officer, ref):
    """Keep photographs taken on the spot; each has the phone's own name, so that none is kept twice."""
    row = _one(request, officer, ref)
    files = request.FILES.getlist("photo")
    try:
        if not files:
            raise Invalid("photo-missing", _("Choose a photograph."), errors={"photo": [_("Choose a photograph.")]})
        for number, file in enumerate(files):
            key = request.POST.get("key") or f"{row.revision}-{officer.pk}-{timezone.now():%H%M%S%f}"
            services.add_photo(
                row,
                officer=officer,
                file=file,
                key=f"{key}-{number}" if number else key,
                point=request.POST.get("point", ""),
            )
    except Problem as problem:
        if request.headers.get("X-Autosave"):
            return JsonResponse({"title": str(problem.sentence), "code": problem.code}, status=problem.status)
        return _page(request, officer, row, problem=problem)
    if request.headers.get("X-Autosave"):
        return JsonResponse({"photos": row.photos.count()}, status=201)
    return redirect(f"{reverse('office:inspection', args=[ref])}#photos")


@require_GET
@for_officer(*WORKS)
def picture(request, officer, ref, pk):
    """One photograph, for looking at."""
    row = _one(request, officer, ref)
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
def sign(request, officer, ref):
    """Sign what the page shows. With the second signature the inspection is done."""
    row = _one(request, officer, ref)
    said = _said(request, row) if "revision" in request.POST else None
    try:
        if request.POST.get("sign") != "on":
            raise Invalid("not-signed", errors={"sign": [_("Tick that you saw it yourself and sign.")]})
        row = services.sign_inspection(
            row, officer=officer, said=said, revision=_revision(request), saver=request.POST.get("tab", "")
        )
    except Problem as problem:
        return _page(request, officer, row, problem=problem, said=said)
    return redirect("office:inspection", ref=ref)


@require_POST
@for_officer("dept_reviewer")
def answer_objection(request, officer, ref, pk):
    """Answer what somebody said against a public notice of this case."""
    row = seen(request, officer, ref)
    found = PublicObjection.objects.select_related("notice__case").filter(pk=pk, notice__case=row).first()
    if found is None:
        raise Http404
    doorkeeper.reading(request, found.party_id, "handling", ["objection"], about=row.subject)
    followed = {"yes": True, "no": False}.get(request.POST.get("followed", ""))
    try:
        services.answer_objection(found, officer=officer, answer=request.POST.get("answer", ""), followed=followed)
    except Invalid as problem:
        text = request.POST.get("answer", "")
        told = {"pk": pk, "text": text, "followed": followed, "errors": problem.errors}
        return show(request, officer, row, problem=problem, answering=told)
    except NotAllowed as problem:
        return refused(request, officer, ref, problem)
    return redirect(f"{reverse('office:case', args=[ref])}#objections")
