"""One case at an officer's desk: form and documents side by side, history, and the acts this officer may do now."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import queries as cases
from tongban.cases import rules, services
from tongban.cases.models import Case, CaseDocument, CaseMaterial
from tongban.cases.sheets import draw
from tongban.cases.states import EXCLUDED_STEPS
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.departments import queries as departments
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.materials import queries as papers
from tongban.materials.models import Page

STEP_WORDS = {
    "hearing": _("hearing"),
    "bidding": _("bidding"),
    "auction": _("auction"),
    "inspection_testing": _("inspection or testing"),
    "quarantine": _("quarantine"),
    "appraisal": _("appraisal"),
    "expert_review": _("expert review"),
}


def _text(request, name: str) -> str:
    return request.POST.get(name, "").strip()


def _whole(request, name: str) -> int:
    text = _text(request, name)
    return int(text) if text.isdigit() else 0


def _findings(request) -> list[dict]:
    """Everything marked on the page: `wrong-field-<id>` and `wrong-material-<slug>` with `text-...` and `page-...`."""
    found = []
    for name in request.POST:
        for kind in ("field", "material"):
            head = f"wrong-{kind}-"
            if name.startswith(head):
                what = name.removeprefix(head)
                page = _text(request, f"page-{kind}-{what}")
                found.append(
                    {
                        kind: what,
                        "text": _text(request, f"text-{kind}-{what}"),
                        "page": int(page) if page.isdigit() else None,
                    }
                )
    return found


ACTS = {
    "pre_review_start": lambda case, officer, request: services.start_pre_review(case, officer=officer),
    "pre_review_pass": lambda case, officer, request: services.pass_pre_review(case, officer=officer),
    "pre_review_return": lambda case, officer, request: services.return_from_pre_review(
        case, _findings(request), officer=officer
    ),
    "accept": lambda case, officer, request: services.accept(case, officer=officer),
    "request_correction": lambda case, officer, request: services.request_correction(
        case, _findings(request), officer=officer
    ),
    "not_accept": lambda case, officer, request: services.not_accept(
        case, officer=officer, reason=_text(request, "reason"), ground=_text(request, "ground")
    ),
    "start_review": lambda case, officer, request: services.start_review(case, officer=officer),
    "conclude": lambda case, officer, request: services.conclude(
        case, officer=officer, proposal=_text(request, "proposal"), opinion=_text(request, "opinion")
    ),
    "order_inspection": lambda case, officer, request: services.order_inspection(
        case, officer=officer, why=_text(request, "why")
    ),
    "inspection_done": lambda case, officer, request: services.inspection_done(
        case, officer=officer, second=_second(request, case), record=_text(request, "record"), place=_text(request, "place")
    ),
    "suspend": lambda case, officer, request: services.suspend(
        case, officer=officer, kind=_text(request, "kind"), planned_days=_whole(request, "planned_days"),
        why=_text(request, "why"),
    ),
    "resume": lambda case, officer, request: services.resume(case, officer=officer, result=_text(request, "result")),
    "extend": lambda case, officer, request: services.extend(
        case, officer=officer, days=_whole(request, "days"), why=_text(request, "why")
    ),
    "publish_notice": lambda case, officer, request: services.publish_notice(
        case, officer=officer, text=_text(request, "text")
    ),
    "approve": lambda case, officer, request: services.approve(case, officer=officer),
    "refuse": lambda case, officer, request: services.refuse(
        case, officer=officer, reason=_text(request, "reason"), ground=_text(request, "ground")
    ),
    "issue": lambda case, officer, request: services.issue(
        case, officer=officer, fee_paid=request.POST.get("fee_paid") == "1"
    ),
    "result_ready": lambda case, officer, request: services.result_ready(case, officer=officer),
    "deliver": lambda case, officer, request: services.hand_over(case, officer=officer, how=_text(request, "how")),
    "terminate": lambda case, officer, request: services.terminate(
        case, officer=officer, reason=_text(request, "reason")
    ),
    "revoke": lambda case, officer, request: services.revoke(
        case, officer=officer, reason=_text(request, "reason"), ground=_text(request, "ground"),
        heard=request.POST.get("heard") == "1",
    ),
}  # fmt: skip


def _second(request, case: Case):
    chosen = _text(request, "second")
    found = next((one for one in departments.officers(case.department, "inspector") if str(one.pk) == chosen), None)
    if found is None:
        raise Invalid("second-inspector", _("Choose the second inspector."), errors={"second": [_("Choose.")]})
    return found


@require_GET
@for_officer
def case(request, officer, ref):
    """Everything this officer needs to act, and nothing to search for."""
    return _page(request, officer, _seen(officer, ref))


def _seen(officer, ref) -> Case:
    return get_object_or_404(cases.visible_to(officer), ref=ref)


def _page(request, officer, row, *, problem=None, tried=""):
    doorkeeper.reading(request, row.applicant_id, "handling", ["form", "materials"], about=row.subject)
    asked = rules.form_of(row.version)
    values = rules.plain_values(row.values)
    moves = {step.name for step in cases.moves_for(officer, row)}
    if row.state == "under_review" and "suspend" in moves:  # the same role and certificate as a reviewer's other moves
        moves.add("conclude")
    if (
        row.state == "under_review"
        and "approve" in moves
        and (row.reviewer_id is None or row.reviewer_id == officer.pk)
    ):
        moves -= {"approve", "refuse"}
    clock, due = cases.running_clock(row)
    marked = {finding.field or finding.material: finding for finding in cases.open_findings(row)}
    context = {
        "officer": officer,
        "case": row,
        "light": cases.light_of(row),
        "left": cases.days_left(row),
        "clock": clock,
        "due": due,
        "clocks": row.clocks.all(),
        "moves": moves,
        "answers": [
            {
                "id": one.id,
                "label": one.label,
                "value": one.display(values.get(one.id)),
                "rows": one.display_rows(values.get(one.id)) if one.type == "table" else None,
                "columns": [say(column.label) for column in one.columns],
                "held": row.values.get(one.id),
                "marked": marked.get(one.id),
            }
            for one in asked.visible(values)
        ],
        "materials": [
            {"row": material, "pages": _pages(material), "marked": marked.get(material.type.slug)}
            for material in row.materials.select_related("type", "licence", "licence__type", "document")
        ],
        "timeline": cases.timeline(row),
        "papers": row.documents.order_by("-id"),
        "questions": row.questions.select_related("officer", "account"),
        "findings": row.findings.all(),
        "trace": row.rules_trace or None,
        "inspectors": [one for one in departments.officers(row.department, "inspector") if one.pk != officer.pk],
        "excluded": [(name, STEP_WORDS[name]) for name in EXCLUDED_STEPS],
        "problem": problem,
        "tried": tried,
        "typed": request.POST if problem else {},
    }
    return render(request, "office/case.html", context, status=problem.status if problem else 200)


def _pages(material: CaseMaterial) -> list[Page]:
    return list(material.document.pages.all()) if material.document else []


@require_POST
@for_officer
def claim(request, officer, ref):
    """Take it on one's own desk."""
    services.claim(_seen(officer, ref), officer=officer)
    return redirect("office:case", ref=ref)


@require_POST
@for_officer
def release(request, officer, ref):
    """Put it back."""
    services.release(_seen(officer, ref), officer=officer)
    return redirect("office:queue")


@require_POST
@for_officer
def act(request, officer, ref, move):
    """Do one act; what is missing is said on the same page, with everything typed kept."""
    row = _seen(officer, ref)
    if move not in ACTS:
        raise Http404
    try:
        ACTS[move](row, officer, request)
    except Invalid as problem:
        return _page(request, officer, row, problem=problem, tried=move)
    return redirect("office:case", ref=ref)


@require_POST
@for_officer
def answer(request, officer, ref):
    """Answer inside the case."""
    row = _seen(officer, ref)
    try:
        services.answer(row, officer=officer, text=request.POST.get("text", ""))
    except Invalid as problem:
        return _page(request, officer, row, problem=problem, tried="answer")
    return redirect("office:case", ref=ref)


@require_GET
@for_officer
def page(request, officer, ref, page):
    """A page of a document of this case, for looking at."""
    row = _seen(officer, ref)
    found = get_object_or_404(
        Page.objects.select_related("document").filter(document__case_materials__case=row).distinct(), pk=page
    )
    doorkeeper.reading(request, row.applicant_id, "handling", ["document"], about=row.subject)
    opened = papers.preview(found)
    response = HttpResponse(opened.content, content_type=opened.mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_GET
@for_officer
def paper(request, officer, ref, number):
    """A paper of the case as PDF."""
    row = _seen(officer, ref)
    document = get_object_or_404(CaseDocument, case=row, number=number)
    doorkeeper.reading(request, row.applicant_id, "handling", [document.kind], about=row.subject)
    response = HttpResponse(draw(document), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{document.number}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
