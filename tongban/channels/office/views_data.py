"""For stewards of registers: values people say are wrong, and who may read what. For heads: what the figures of a matter say."""

from datetime import date

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.departments import queries as departments
from tongban.indicators import queries as indicators
from tongban.indicators.models import Measure
from tongban.indicators.rules import ENOUGH, Share
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.materials import queries as papers
from tongban.materials.models import Page
from tongban.matters.models import MatterVersion
from tongban.registers import disputing
from tongban.registers import queries as registers
from tongban.registers.states import WAITING
from tongban.rights import queries as rights
from tongban.rights import services as review_services

STEWARDS = ("dept_reviewer", "dept_approver", "coordinator")
HEADS = ("dept_approver", "coordinator", "supervisor", "auditor")
A_PAGE = 30


@require_GET
@for_officer(*STEWARDS)
def disputes(request, officer):
    """What waits for an answer, the first due first. What it says is seen only after opening one."""
    answered = request.GET.get("tab") == "answered"
    page = list(
        registers.steward_queue(officer, answered=answered, after=_after(request.GET.get("after", "")))[: A_PAGE + 1]
    )
    today = timezone.localdate()
    bodies = {one.code: one.shown_name for one in departments.departments()}
    last = page[A_PAGE - 1] if len(page) > A_PAGE else None
    context = {
        "officer": officer,
        "answered": answered,
        "rows": [
            {
                "row": row,
                "label": say(row.label) or row.field,
                "late": row.state in WAITING and row.due < today,
                "keeper": bodies.get(row.provider, row.provider),
            }
            for row in page[:A_PAGE]
        ],
        "after": f"{last.due.isoformat()}_{last.pk}" if last else "",
        "topics": f"disputes:{officer.department.code}",
        "tabs": [
            {"label": _("To answer"), "href": "?", "current": not answered},
            {"label": _("Answered"), "href": "?tab=answered", "current": answered},
        ],
    }
    return render(request, "office/disputes.html", context)


def _after(text: str) -> tuple[date, int] | None:
    day, _line, number = text.partition("_")
    try:
        return date.fromisoformat(day), int(number[:18])
    except ValueError:
        return None


@require_GET
@never_cache
@for_officer(*STEWARDS)
def dispute(request, officer, ref):
    """Claim and register side by side, with the paper, and the two answers."""
    return _page(request, officer, _seen(officer, ref))


def _seen(officer, ref):
    return get_object_or_404(registers.steward_sees(officer), ref=ref)


def _page(request, officer, row, problem=None):
    doorkeeper.reading(request, row.of_party_id, "dispute", [f"{row.resource.slug}.{row.field}"], about=row.subject)
    pages = list(Page.objects.select_related("document").filter(document__key=row.paper)) if row.paper else []
    found = MatterVersion.objects.filter(matter__slug=row.matter, state=MatterVersion.State.PUBLISHED).first()
    body = departments.department(row.provider)
    context = {
        "officer": officer,
        "row": row,
        "label": say(row.label) or row.field,
        "was": _plain(row.was),
        "says": _plain(row.says),
        "pages": pages,
        "matter": say(found.name) if found else "",
        "keeper": body.shown_name if body else row.provider,
        "late": row.state in WAITING and row.due < timezone.localdate(),
        "waiting": row.state in WAITING,
        "history": registers.corrections_of(row.of_party).filter(resource=row.resource, field=row.field),
        "problem": problem,
        "typed": request.POST.get("answer", ""),
    }
    return render(request, "office/dispute.html", context, status=problem.status if problem else 200)


def _plain(value) -> str:
    if isinstance(value, list | tuple):
        return _(", ").join(_plain(one) for one in value)
    if isinstance(value, dict):
        return _(", ").join(_plain(one) for one in value.values() if one not in (None, ""))
    return "–" if value in (None, "") else str(value)


@require_POST
@for_officer(*STEWARDS)
def dispute_act(request, officer, ref, move):
    """Take it, or answer it: the register is corrected, or it is not and the reason is given."""
    row = _seen(officer, ref)
    answer = request.POST.get("answer", "")
    try:
        if move == "take":
            disputing.take(row, officer=officer)
        elif move == "correct":
            disputing.correct(row, officer=officer, answer=answer)
        elif move == "uphold":
            disputing.uphold(row, officer=officer, answer=answer)
        else:
            raise Http404
    except Invalid as problem:
        return _page(request, officer, _seen(officer, ref), problem)
    return redirect("office:dispute", ref=ref)


@require_GET
@for_officer(*STEWARDS)
def dispute_paper(request, officer, ref, page):
    """A page of what the person enclosed."""
    row = _seen(officer, ref)
    found = (
        Page.objects.select_related("document").filter(pk=page, document__key=row.paper).first() if row.paper else None
    )
    if found is None:
        raise Http404
    doorkeeper.reading(request, row.of_party_id, "dispute", ["document"], about=row.subject)
    opened = papers.preview(found)
    response = HttpResponse(opened.content, content_type=opened.mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_GET
@for_officer("coordinator", "dept_approver", "auditor")
def grants(request, officer):
    """Which matter reads which columns of which register for what; and calls that nothing allowed."""
    everything = bool({"coordinator", "auditor"} & set(officer.roles))
    code = officer.department.code
    versions = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED).select_related("matter__department")
    names = {one.matter.slug: one for one in versions.only("name", "matter__slug", "matter__department__code")}
    rows = []
    for grant in registers.grants():
        version = names.get(grant.matter)
        if version is not None and (everything or code in {grant.resource.provider, version.matter.department.code}):
            rows.append({"grant": grant, "matter": say(version.name), "department": version.matter.department.code})
    refused = registers.refused_calls() if everything else registers.refused_calls().filter(resource__provider=code)
    context = {"officer": officer, "rows": rows, "refused": refused[:A_PAGE]}
    return render(request, "office/grants.html", context)


# -- a person looks at what a machine decided


@require_GET
@for_officer(*STEWARDS)
def reviews(request, officer):
    """What people asked this department to look at, the first due first."""
    return _reviews(request, officer)


def _reviews(request, officer, problem=None, tried=None):
    answered = request.GET.get("tab") == "answered"
    page = list(
        rights.reviews_for(officer, answered=answered, after=_after(request.GET.get("after", "")))[: A_PAGE + 1]
    )
    today = timezone.localdate()
    for row in page[:A_PAGE]:
        doorkeeper.reading(request, row.case.applicant_id, "handling", ["review"], about=row.case.subject)
    last = page[A_PAGE - 1] if len(page) > A_PAGE else None
    context = {
        "officer": officer,
        "answered": answered,
        "rows": [
            {
                "row": row,
                "late": row.state == "open" and row.due < today,
                "typed": request.POST.get("answer", "") if row.pk == tried else "",
                "errors": problem.errors.get("answer", []) if problem is not None and row.pk == tried else [],
            }
            for row in page[:A_PAGE]
        ],
        "after": f"{last.due.isoformat()}_{last.pk}" if last else "",
        "problem": problem,
        "tabs": [
            {"label": _("To answer"), "href": "?", "current": not answered},
            {"label": _("Answered"), "href": "?tab=answered", "current": answered},
        ],
    }
    return render(request, "office/reviews.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(*STEWARDS)
def review_act(request, officer, pk, move):
    """The decision stands, or it is put right; either way the person reads why."""
    row = get_object_or_404(rights.reviews_for(officer), pk=pk)
    if move not in {"stands", "put_right"}:
        raise Http404
    act = review_services.stands if move == "stands" else review_services.put_right
    try:
        act(row, officer=officer, answer=request.POST.get("answer", ""))
    except Invalid as problem:
        return _reviews(request, officer, problem, row.pk)
    return redirect("office:reviews")


# -- figures


@require_GET
@for_officer(*HEADS)
def figures(request, officer):
    """Each matter of a department with its shares of the last year: what of what, and where to look when a goal is missed."""
    everywhere = bool({"coordinator", "auditor", "supervisor"} & set(officer.roles))
    bodies = list(departments.departments()) if everywhere else [officer.department]
    code = request.GET.get("department", "") if everywhere else officer.department.code
    here = next((one for one in bodies if one.code == code), None) or _busiest(bodies, officer)
    found = indicators.figures(here.code, today=timezone.localdate())
    versions = MatterVersion.objects.filter(matter__slug__in=found, state=MatterVersion.State.PUBLISHED)
    names = {one.matter.slug: say(one.name) for one in versions.select_related("matter").only("name", "matter__slug")}
    nothing = {measure: Share(measure, 0, 0, 0) for measure in Measure.values}
    busiest = sorted(found.items(), key=lambda held: -max(share.cases for share in held[1].values()))
    rows = [
        {"slug": slug, "name": names.get(slug, slug), "shares": [{**nothing, **shares}[m] for m in Measure.values]}
        for slug, shares in busiest
    ]
    context = {
        "officer": officer,
        "departments": [(one.code, one.shown_name) for one in bodies] if everywhere else [],
        "here": here,
        "measures": [
            {"name": name, "label": label, "words": MEASURES[Measure(name)]} for name, label in Measure.choices
        ],
        "rows": rows,
        "whole": [_of_all(m, [shares[m] for shares in found.values() if m in shares]) for m in Measure.values],
        "enough": ENOUGH,
    }
    return render(request, "office/figures.html", context)


def _of_all(measure: str, shares: list[Share]) -> Share:
    """The same figure over all matters of the department."""
    return Share(
        measure, sum(one.part for one in shares), sum(one.whole for one in shares), sum(one.cases for one in shares)
    )


def _busiest(bodies, officer):
    """Whoever sees every department begins with one that has figures."""
    counted = indicators.first_counted()
    return next((one for one in bodies if one.code == counted), officer.department)


MEASURES = {
    Measure.PREFILLED: gettext_lazy(
        "Answers taken unchanged from a register, a licence or the own record, of all questions answered."
    ),
    Measure.FIRST_TIME: gettext_lazy("Cases never sent back before the decision, of all decided."),
    Measure.AVOIDED: gettext_lazy(
        "Documents of the guide that nobody had to upload or bring, of all that were required."
    ),
    Measure.NOTHING_BROUGHT: gettext_lazy("Cases for which no document was uploaded or brought, of all sent."),
    Measure.NO_VISIT: gettext_lazy("Cases sent online whose result was not fetched at a window, of all decided."),
}


@require_GET
@for_officer(*HEADS)
def figure(request, officer, slug, measure):
    """The cases that fell short in one measure, newest first."""
    if measure not in Measure.values:
        raise Http404
    version = get_object_or_404(
        MatterVersion.objects.select_related("matter__department").filter(state=MatterVersion.State.PUBLISHED),
        matter__slug=slug,
    )
    everywhere = bool({"coordinator", "auditor", "supervisor"} & set(officer.roles))
    if not everywhere and version.matter.department_id != officer.department_id:
        raise Http404
    before = request.GET.get("before", "")
    page = list(
        indicators.fell_short(slug, measure, before=int(before[:18]) if before.isdecimal() else None)[: A_PAGE + 1]
    )
    context = {
        "officer": officer,
        "matter": say(version.name),
        "department": version.matter.department.code,
        "label": dict(Measure.choices)[measure],
        "words": MEASURES[Measure(measure)],
        "share": indicators.of_matter(slug, today=timezone.localdate())[measure],
        "rows": page[:A_PAGE],
        "older": page[A_PAGE - 1].pk if len(page) > A_PAGE else None,
        "enough": ENOUGH,
    }
    return render(request, "office/figure.html", context)
