"""Why somebody needs one more application than a matter takes: read and answered in its department."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tongban.cases.models import OneMore
from tongban.cases.services import excepting
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.lib.problems import Invalid
from tongban.matters import repeating
from tongban.matters.models import MatterVersion

PURPOSE = "exception"


@require_GET
@for_officer("dept_reviewer", "dept_approver")
def one_more(request, officer):
    """What waits for an answer, the oldest first, each beside what this person applied for before."""
    return _page(request, officer)


@require_POST
@for_officer("dept_reviewer", "dept_approver")
def answer(request, officer, pk):
    row = get_object_or_404(OneMore.objects.select_related("matter", "party"), pk=pk)
    if row.matter.department_id != officer.department_id:
        raise Http404
    try:
        allowed = request.POST.get("answer") == "allow"
        excepting.answer_one_more(row, officer=officer, allowed=allowed, reason=request.POST.get("reason", ""))
    except Invalid as problem:
        return _page(request, officer, problem=problem, tried=pk)
    messages.success(
        request, _("Answered. The applicant is told.") if not allowed else _("Allowed once. The applicant is told.")
    )
    return redirect("office:one_more")


def _page(request, officer, *, problem=None, tried=None):
    rows = excepting.waiting_for(officer)
    versions = {
        one.matter_id: one
        for one in MatterVersion.objects.filter(
            matter__in=[row.matter_id for row in rows], state=MatterVersion.State.PUBLISHED
        ).only("matter", "name", "form", "only_one")
    }
    before = excepting.others_of(rows)
    shown = []
    for row in rows:
        version = versions.get(row.matter_id)
        doorkeeper.reading(
            request, row.party_id, PURPOSE, ["name", "words", "cases"], about=f"matter:{row.matter.slug}"
        )
        shown.append(
            {
                "row": row,
                "version": version,
                "rule": repeating.in_words(version) if version is not None else "",
                "cases": before[row.pk],
                "typed": request.POST.get("reason", "") if row.pk == tried else "",
                "errors": [one for several in problem.errors.values() for one in several] if row.pk == tried else [],
            }
        )
    context = {"officer": officer, "rows": shown, "problem": problem}
    return render(request, "office/one_more.html", context, status=problem.status if problem else 200)
