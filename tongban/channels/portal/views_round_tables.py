"""A round table as the visitor sees it: the shared screen by its link, and afterwards the letter and what is for them to do."""

from typing import Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party
from tongban.channels.pages import round_table_page
from tongban.halls import queries_round_tables as queries
from tongban.halls.models import RoundTable
from tongban.halls.round_table_states import TableState
from tongban.halls.services import round_tables as services
from tongban.lib import covered, identifiers
from tongban.parties.models import Party


@require_GET
@for_anyone
@never_cache
def round_table_screen(request, token):
    """For the display at the table or the visitor's own phone: nothing can be pressed here, and who they are is covered."""
    row = queries.by_token(token)
    if row is None:
        raise Http404
    if row.party_id is not None:
        doorkeeper.reading(request, row.party_id, "round table by its link", ["notes", "tasks"], about=row.subject)
    context = {
        "row": row,
        "name": _covered_name(row),
        "about": queries.covered(row.about, row),
        "result": queries.covered(row.result, row),
        "matters": round_table_page.matters(row.matters),
        "seats": list(row.seats.select_related("department")),
        "notes": [
            {"at": one.at, "words": queries.covered(one.words, row), "department": one.officer.department}
            for one in row.notes.filter(internal=False).select_related("officer__department")
        ],
        "tasks": [
            {"row": one, "words": queries.covered(one.words, row)} for one in row.tasks.select_related("department")
        ],
        "laid": [
            {"name": one.case.version.name, "number": covered.number(one.case.number), "case": one.case}
            for one in row.laid.select_related("case__version")
        ],
    }
    return render(request, "portal/round_tables/screen.html", context)


def _covered_name(row: RoundTable) -> str:
    name = row.party.name if row.party is not None else row.appointment.name if row.appointment is not None else ""
    return name if row.party is not None and row.party.kind == Party.Kind.COMPANY else identifiers.mask_name(name)


@require_GET
@for_party
@never_cache
def round_table(request, party, pk):
    """One's own: when and where, afterwards the letter, and what one has to do oneself."""
    row = get_object_or_404(queries.of(party), pk=pk)
    doorkeeper.reading(request, party, "own round table", ["notes", "tasks", "letter"], about=row.subject)
    tasks: list[dict[str, Any]] = [
        {"row": one, "words": queries.without_numbers(one.words)} for one in row.tasks.select_related("department")
    ]
    context: dict[str, Any] = {
        "row": row,
        "matters": round_table_page.matters(row.matters),
        "seats": list(row.seats.select_related("department")),
        "about": queries.without_numbers(row.about),
        "notes": [
            {"row": one, "words": queries.without_numbers(one.words)}
            for one in row.notes.filter(internal=False).select_related("officer__department")
        ],
        "yours": [one for one in tasks if one["row"].department_id is None],
        "theirs": [one for one in tasks if one["row"].department_id is not None],
        "laid": list(row.laid.select_related("case__version")),
        "over": row.state == TableState.ENDED,
        "today": timezone.localdate(),
    }
    return render(request, "portal/round_tables/one.html", context)


@require_POST
@for_party
def round_table_task(request, party, pk, task):
    """I have done it."""
    row = get_object_or_404(queries.of(party), pk=pk)
    found = get_object_or_404(row.tasks.select_related("table__party", "table__hall"), pk=task, department=None)
    services.finish_task(found, actor=doorkeeper.actor_of(request))
    messages.success(request, _("Marked as done. The officers see it, too."))
    return redirect(reverse("portal:round_table", args=[row.pk]) + "#yours")


@require_GET
@for_party
def round_table_letter(request, party, pk):
    row = get_object_or_404(queries.of(party), pk=pk)
    if row.state != TableState.ENDED:
        raise Http404
    doorkeeper.reading(request, party, "own round table", ["letter"], about=row.subject)
    return round_table_page.letter(row)
