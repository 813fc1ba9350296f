"""Two applications that look like one, side by side: the same one twice, or two."""

from dataclasses import replace

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tongban.cases import alike
from tongban.cases.models import Alike
from tongban.cases.services import comparing
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.sight import seen
from tongban.channels.pages import errand
from tongban.lib.problems import Invalid, NotAllowed


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer
def side_by_side(request, officer, ref, other):
    """Whoever may open both sees both; the earlier stands left. Opening the other one as no work of one's own needs a reason first."""
    rows = [seen(request, officer, one) for one in (ref, other)]
    if rows[0].pk == rows[1].pk:
        raise Http404
    earlier, later = alike.later_of(rows)
    problem = None
    if request.method == "POST":
        act = comparing.is_duplicate if request.POST.get("verdict") == "duplicate" else comparing.is_different
        try:
            judged = act(earlier, later, officer=officer, reason=request.POST.get("reason", ""))
            messages.success(
                request,
                _("Closed as a duplicate. The applicant has a letter, and keeps the earlier one.")
                if judged.duplicate
                else _("Remembered: these are two applications."),
            )
            return redirect("office:case", ref=ref)
        except (Invalid, NotAllowed) as refused:
            problem = refused
            earlier.refresh_from_db()
            later.refresh_from_db()
    for row in rows:
        doorkeeper.reading(request, row.applicant_id, "handling", ["form", "materials"], about=row.subject)
    why_not = comparing.why_not(earlier, later)
    context = {
        "officer": officer,
        "case": next(row for row in rows if row.ref == ref),
        "earlier": earlier,
        "later": later,
        "answers": [
            replace(one, left=errand.named(one.field, one.left), right=errand.named(one.field, one.right))
            for one in alike.beside(earlier, later)
        ],
        "papers": alike.papers_beside(earlier, later),
        "judged": Alike.objects.filter(earlier=earlier, later=later).select_related("officer").first(),
        "why_not": alike.WHY_NOT.get(why_not, ""),
        "may_close": not why_not and comparing.may_close(officer, later),
        "same_applicant": earlier.applicant_id == later.applicant_id,
        "problem": problem,
        "typed": request.POST.get("reason", "") if problem else "",
    }
    return render(request, "office/side_by_side.html", context, status=problem.status if problem else 200)
