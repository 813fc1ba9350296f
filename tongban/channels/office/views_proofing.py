"""Identities that no register answers for, first of all foreign passports: a person compares them within one working day."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages import countries
from tongban.departments import queries as departments
from tongban.parties import queries, services
from tongban.parties.models import Person

COMPARERS = ("window_officer", "coordinator")
ONE_WORKING_DAY = 1


@require_GET
@for_officer(*COMPARERS)
def proofings(request, officer):
    """Waiting ones, the oldest first; whose they are is seen only after opening one."""
    today, calendar = timezone.localdate(), departments.calendar()
    rows = []
    for row in queries.proofings_waiting()[:100]:
        due = calendar.due(timezone.localdate(row.at), ONE_WORKING_DAY).day
        rows.append({"row": row, "due": due, "late": due is not None and due < today})
    return render(request, "office/proofings.html", {"officer": officer, "rows": rows})


@require_GET
@never_cache
@for_officer(*COMPARERS)
def proofing(request, officer, pk):
    """One claim, to be laid beside the document."""
    row = get_object_or_404(queries.proofings_waiting(), pk=pk)
    doorkeeper.reading(request, 0, "identity check", ["name", "id_no", "birth_date", "mobile"], f"proofing:{row.pk}")
    claim = queries.claim_of(row)
    said = {
        **claim,
        "sex": dict(Person._meta.get_field("sex").flatchoices).get(claim.get("sex", ""), claim.get("sex", "")),
        "nationality": countries.name_of(claim.get("nationality", "")),
    }
    return render(request, "office/proofing.html", {"officer": officer, "row": row, "claim": said})


@require_POST
@for_officer(*COMPARERS)
def decide(request, officer, pk):
    row = get_object_or_404(queries.proofings_waiting(), pk=pk)
    if request.POST.get("proved") not in {"yes", "no"}:
        raise Http404
    services.decide_proofing(row, proved=request.POST["proved"] == "yes", actor=doorkeeper.actor_of(request))
    return redirect("identities:waiting")
