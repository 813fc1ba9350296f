"""Putting bad ratings right: who was contacted, what was done, the call back that ends it."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.evaluations import queries, services
from tongban.lib.problems import Invalid


@require_GET
@for_officer("coordinator", "supervisor")
def follow_ups(request, officer):
    """Open ones, the oldest first."""
    return _page(request, officer)


def _page(request, officer, problem=None, tried=None):
    """With a problem: said at the one it is about, with what was typed."""
    today = timezone.localdate()
    rows = [
        {
            "row": row,
            "due": queries.due_of(row),
            "late": queries.is_late(row, today),
            "moves": queries.moves_for(officer, row),
            "rater": queries.rater_name(row.rating),
            "typed": request.POST.get("note") or request.POST.get("explanation") or "" if row.pk == tried else "",
            "errors": [reason for reasons in problem.errors.values() for reason in reasons] if row.pk == tried else [],
        }
        for row in queries.follow_ups(officer)[:100]
    ]
    for one in rows:
        if one["rater"]:
            case = one["row"].rating.case
            doorkeeper.reading(request, case.applicant_id, "rating", ["name", "rating"], about=case.subject)
    context = {"officer": officer, "rows": rows, "problem": problem}
    return render(request, "office/follow_ups.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer("coordinator", "supervisor")
def act(request, officer, pk, move):
    """The next step of one."""
    row = get_object_or_404(queries.follow_ups(officer), pk=pk)
    try:
        if move == "contact":
            services.contact(row, officer=officer, note=request.POST.get("note", ""))
        elif move == "rectify":
            services.rectify(
                row,
                officer=officer,
                explanation=request.POST.get("explanation", ""),
                complex=request.POST.get("complex") == "1",
            )
        elif move == "call_back":
            services.call_back(row, officer=officer)
        else:
            raise Http404
    except Invalid as problem:
        return _page(request, officer, problem, row.pk)
    return redirect("office:follow_ups")
