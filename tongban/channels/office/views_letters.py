"""Letters at an officer's desk: made again where something in them was wrong, the first kept."""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from tongban.cases import services
from tongban.cases.models import CaseDocument
from tongban.cases.services import lettering
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.sight import seen
from tongban.lib.problems import Invalid


@for_officer(*lettering.REISSUED_BY)
def reissue(request, officer, ref, number):
    """What is put right, then the letter again. What was decided is not touched here."""
    row = seen(request, officer, ref)
    document = get_object_or_404(
        CaseDocument.objects.select_related("case__department", "case__version", "case__applicant"),
        case=row,
        number=number,
    )
    doorkeeper.reading(request, row.applicant_id, "handling", [document.kind], about=row.subject)
    errors: dict = {}
    if request.method == "POST":
        try:
            services.reissue(
                document,
                officer=officer,
                why=request.POST.get("why", ""),
                english={"why": request.POST.get("why_en", "")},
            )
            return redirect(f"{reverse('office:case', args=[ref])}#papers")
        except Invalid as problem:
            errors = problem.errors
    context = {
        "officer": officer,
        "case": row,
        "document": document,
        "entered": lettering.enter(document),
        "errors": {"why": errors.get("why", [])},
        "typed": {name: request.POST.get(name, "") for name in ("why", "why_en")},
        "may": lettering.may_reissue(officer, document),
    }
    return render(request, "office/reissue.html", context, status=422 if errors else 200)
