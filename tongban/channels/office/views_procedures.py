"""What runs beside cases: opinions to give, promises to check, hearings, decisions looked at again; and papers that staff put in or take out."""

from datetime import date

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from tongban.cases import correction, inspections, promising, rules, services
from tongban.cases.models import Appeal, CaseMaterial, Consultation
from tongban.cases.services import consulting, hearing, reconsidering
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.sight import seen
from tongban.channels.office.views_round_tables import tasks_with_light
from tongban.departments import queries as departments
from tongban.lib.problems import Invalid, NotAllowed
from tongban.lib.workdays import light
from tongban.materials import queries as papers
from tongban.materials.models import Page

SHOWN = 100
FIELDS = ("position", "answer", "outcome", "reason", "court_on", "court_note")


@require_GET
@for_officer
def tasks(request, officer):
    """Each list as far as this officer's role goes, due first."""
    today, roles = timezone.localdate(), set(officer.roles)
    context = {"officer": officer, "today": today, "tasks": tasks_with_light(officer, today)}
    if roles & consulting.GIVING_ROLES:
        rows = list(consulting.waiting(officer)[:SHOWN])
        context["opinions"] = [{"row": row, "light": consulting.light_of(row, today)} for row in rows]
        context["given"] = consulting.asked_of(officer).filter(answered_at__isnull=False).order_by("-answered_at")[:10]
    if roles & promising.CHECKING_ROLES:
        context["promises"] = [
            {
                "row": row,
                "due": row.put_right_by or row.check_by,
                "light": _light(row.put_right_by or row.check_by, row.signed_at, today),
            }
            for row in promising.to_check(officer)[:SHOWN]
        ]
    if roles & {"dept_reviewer", "dept_approver"}:
        context["hearings"] = list(hearing.waiting(officer)[:SHOWN])
    if "dept_reviewer" in roles:
        context["objections"] = list(inspections.objections_to_answer(officer)[:SHOWN])
    if "coordinator" in roles:
        context["appeals"] = [
            {"row": row, "light": _light(row.due, row.asked_at, today), "mine": reconsidering.may_judge(officer, row)}
            for row in reconsidering.waiting(officer)[:SHOWN]
        ]
        context["judged"] = reconsidering.judged(officer)[:10]
    return render(request, "office/tasks.html", context)


def _light(due, since, today) -> str:
    return light(today, due, None, timezone.localtime(since).date() if since else today, departments.calendar())


def _typed(request, *names: str) -> dict[str, str]:
    """What was sent under these names, empty where nothing was."""
    return {name: request.POST.get(name, "") for name in names}


# -- the opinion of another department


def _asked(officer, pk: int) -> Consultation:
    """A question to this officer's department; for whoever asked it too. Anybody else is not told that it exists."""
    row = get_object_or_404(
        Consultation.objects.select_related(
            "case",
            "case__version",
            "case__matter",
            "case__department",
            "case__applicant",
            "officer",
            "department",
            "answered_by",
        ).filter(recalled_at__isnull=True),
        pk=pk,
    )
    if not consulting.may_give(officer, row):
        raise Http404
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer
def opinion(request, officer, pk):
    """The question, what was named with it, and nothing else of the case."""
    row = _asked(officer, pk)
    problem = None
    if request.method == "POST":
        try:
            services.give_opinion(
                row, officer=officer, position=request.POST.get("position", ""), answer=request.POST.get("answer", "")
            )
            return redirect(reverse("office:opinion", args=[pk]))
        except (Invalid, NotAllowed) as found:
            problem = found
            row.refresh_from_db()
    case = row.case
    values, wanted = rules.plain_values(case.values), set(row.fields)
    doorkeeper.reading(
        request, case.applicant_id, "handling", [*row.fields, *row.materials] or ["question"], about=case.subject
    )
    materials = case.materials.select_related("type", "document").prefetch_related("document__pages")
    context = {
        "officer": officer,
        "row": row,
        "light": consulting.light_of(row, timezone.localdate()),
        "answers": [
            {"label": one.label, "value": one.display(values.get(one.id))}
            for one in rules.form_of(case).visible(values)
            if one.id in wanted
        ],
        "materials": [one for one in materials if one.type.slug in set(row.materials)],
        "positions": list(Consultation._meta.get_field("position").choices or ()),
        "problem": problem,
        "errors": {**dict.fromkeys(FIELDS, ()), **(problem.errors if isinstance(problem, Invalid) else {})},
        "typed": _typed(request, "position", "answer"),
    }
    return render(request, "office/opinion.html", context, status=problem.status if problem else 200)


@require_GET
@for_officer
def opinion_page(request, officer, pk, page):
    """A page of a document that was named with the question."""
    row = _asked(officer, pk)
    shown = CaseMaterial.objects.filter(case=row.case, type__slug__in=row.materials, document__isnull=False)
    found = get_object_or_404(Page.objects.select_related("document"), pk=page, document__in=shown.values("document"))
    doorkeeper.reading(request, row.case.applicant_id, "handling", ["document"], about=row.case.subject)
    opened = papers.preview(found)
    response = HttpResponse(opened.content, content_type=opened.mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


# -- a decision looked at again


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer("coordinator")
def appeal(request, officer, pk):
    """What was decided and why, what the applicant wants; judged here by somebody who did not handle the case."""
    rows = Appeal.objects.select_related(
        "case",
        "case__version",
        "case__department",
        "case__applicant",
        "case__licence",
        "case__reviewer",
        "case__approver",
        "judged_by",
        "anew",
    )
    row = get_object_or_404(rows, pk=pk)
    problem = None
    if request.method == "POST":
        try:
            if "court_note" in request.POST:
                services.note_court(
                    row,
                    officer=officer,
                    day=_day(request.POST.get("court_on", "")),
                    text=request.POST.get("court_note", ""),
                )
            else:
                services.judge(
                    row, officer=officer, outcome=request.POST.get("outcome", ""), reason=request.POST.get("reason", "")
                )
            return redirect(reverse("office:appeal", args=[pk]))
        except (Invalid, NotAllowed) as found:
            problem = found
            row.refresh_from_db()
    doorkeeper.reading(request, row.case.applicant_id, "handling", ["decision"], about=row.case.subject)
    context = {
        "officer": officer,
        "row": row,
        "case": row.case,
        "light": _light(row.due, row.asked_at, timezone.localdate()),
        "mine": reconsidering.may_judge(officer, row),
        "sue_until": reconsidering.sue_until(row.case, row),
        "problem": problem,
        "errors": {**dict.fromkeys(FIELDS, ()), **(problem.errors if isinstance(problem, Invalid) else {})},
        "typed": _typed(request, "outcome", "reason", "court_on", "court_note"),
    }
    return render(request, "office/appeal.html", context, status=problem.status if problem else 200)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


# -- papers that staff put in or take out


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer
def staff_papers(request, officer, ref):
    """Before acceptance: a paper that came another way is put in, one that does not belong there is taken out; each with its reason."""
    row = seen(request, officer, ref)
    problem = None
    if request.method == "POST":
        slug, reason = request.POST.get("material", ""), request.POST.get("reason", "")
        try:
            if "take-out" in request.POST:
                services.remove_document(row, slug, officer=officer, reason=reason)
            else:
                services.add_document(row, slug, request.FILES.getlist("file"), officer=officer, reason=reason)
            return redirect(reverse("office:case", args=[ref]))
        except (Invalid, NotAllowed) as found:
            problem = found
            row.refresh_from_db()
    doorkeeper.reading(request, row.applicant_id, "handling", ["materials"], about=row.subject)
    context = {
        "officer": officer,
        "case": row,
        "open": row.state in correction.STAFF_MAY_CHANGE_IN,
        "materials": row.materials.select_related("type", "document"),
        "problem": problem,
        "errors": [str(one) for told in problem.errors.values() for one in told]
        if isinstance(problem, Invalid)
        else [],
        "typed": _typed(request, "material", "reason"),
    }
    return render(request, "office/staff_papers.html", context, status=problem.status if problem else 200)
