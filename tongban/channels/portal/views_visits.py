"""What inspections found at one's venue, until when it is put right, and the answer."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.codes import queries_venues, visit_queries
from tongban.codes.models import Venue
from tongban.codes.services import visiting
from tongban.lib.problems import Invalid, Problem


@never_cache
@require_GET
@for_party
def findings(request, party, pk):
    """The newest first: what is open has its last day and a field to answer in."""
    return _page(request, get_object_or_404(queries_venues.of_party(party), pk=pk))


def _page(request, venue: Venue, problem: Problem | None = None, at: int = 0):
    before = request.GET.get("before", "")
    rows, following = visit_queries.findings_of(
        venue, before=int(before[:18]) if before.isascii() and before.isdigit() else None
    )
    doorkeeper.reading(request, venue.party_id, "own venues", ["findings"], about=venue.subject)
    context = {
        "venue": venue,
        "rows": rows,
        "following": following,
        "today": timezone.localdate(),
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "at": at,
        "typed": request.POST.get("answer", "") if problem else "",
    }
    return render(request, "portal/venues/findings.html", context, status=problem.status if problem else 200)


@require_POST
@for_party
def answer(request, party, pk, finding):
    venue = get_object_or_404(queries_venues.of_party(party), pk=pk)
    row = visit_queries.finding_by_key(finding)
    if row is None or row.venue_id != venue.pk:
        raise Http404
    try:
        visiting.answer_finding(
            row, account=request.user, actor=doorkeeper.actor_of(request), text=request.POST.get("answer", "")
        )
    except Problem as problem:
        return _page(request, venue, problem, row.pk)
    return redirect("portal:venue_findings", pk=venue.pk)
