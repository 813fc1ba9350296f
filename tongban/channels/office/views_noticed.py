"""Officers and the machine's findings: setting one aside with a reason, and how often that happens."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import noticed, pre_review, services
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.sight import seen
from tongban.channels.office.views_case import refused, show
from tongban.lib.problems import Invalid, NotAllowed


@require_POST
@for_officer
def overrule(request, officer, ref, pk):
    """Set one finding aside, with the reason."""
    row = seen(request, officer, ref)
    doorkeeper.reading(request, row.applicant_id, "handling", ["materials"], about=row.subject)
    try:
        services.overrule(row, pk, officer=officer, reason=request.POST.get("reason", ""))
    except Invalid as problem:
        return show(request, officer, row, problem=problem, lost=[request.POST.get("reason", "")])
    except NotAllowed as problem:
        return refused(request, officer, ref, problem)
    return redirect(f"{reverse('office:case', args=[ref])}#noticed-{pk}")


@require_GET
@for_officer("auditor", "coordinator")
def figures(request, officer):
    """How often each comparison was overruled, taken into a notice or answered: nothing personal stands here."""
    rows = [{**one, "words": pre_review.shape_of(one["code"])} for one in noticed.how_often_overruled()]
    return render(request, "office/noticed_figures.html", {"officer": officer, "rows": rows})
