"""People who asked to be rung up: the earliest promise first. Whose number it is is seen only when one is opened, and that is written down."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.lib.problems import Invalid
from tongban.notices import queries, services

WHO_RINGS = ("coordinator", "helper", "window_officer")


@require_GET
@for_officer(*WHO_RINGS)
def call_backs(request, officer):
    now = timezone.now()
    rows = [{"row": row, "late": row.due_at < now} for row in queries.call_backs(100)]
    return render(request, "office/call_backs.html", {"officer": officer, "rows": rows})


@never_cache
@for_officer(*WHO_RINGS)
def call_back(request, officer, pk):
    """One of them: ring, then say how it went."""
    row = queries.call_back(pk)
    if row is None:
        raise Http404
    errors: dict = {}
    if request.method == "POST":
        try:
            services.rang(
                row,
                officer=officer,
                actor=doorkeeper.actor_of(request),
                reached=request.POST.get("reached") == "yes",
                note=request.POST.get("note", ""),
            )
            return redirect("office:call_backs")
        except Invalid as invalid:
            errors = invalid.errors
    whose = row.account.person_id if row.account is not None else None
    doorkeeper.reading(request, whose or 0, "call back", ["name", "phone"], f"call-back:{row.pk}")
    context = {"officer": officer, "row": row, "errors": errors, "note": request.POST.get("note", "")}
    return render(request, "office/call_back.html", context, status=422 if errors else 200)
