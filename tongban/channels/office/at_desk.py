"""What colleagues put beside a case: labels, notes, and from whose desk to whose it goes."""

from collections.abc import Collection
from typing import Any

from tongban.cases import desks, rules, services
from tongban.cases.models import Case
from tongban.cases.services.passing_on import may_take_over
from tongban.departments.models import Officer


def beside(request, officer: Officer, row: Case, there: Collection[str]) -> dict[str, Any]:
    """For the page of a case. Whoever opens it has seen the notes that name them."""
    works_here = bool(set(officer.roles) - rules.READING_ROLES) and getattr(request, "look", None) is None
    on = desks.labels_on([row.pk], officer).get(row.pk, [])
    notes = list(services.notes_of(row, officer)) if "staff_notes" in there else []
    if request.method == "GET" and any(one.officer_id == officer.pk for note in notes for one in note.mentions.all()):
        services.see_mentions(row, officer)
    passing = desks.passing_of(row) if row.claimed_by_id else None
    return {
        "works_here": works_here,
        "labels": on,
        "labels_open": [one for one in desks.labels_of(officer.department) if one not in on] if works_here else [],
        "notes": sorted(notes, key=lambda note: (note.pinned_at is None, -note.pk)),
        "note_typed": request.POST.get("note", "") if request.method == "POST" else "",
        "mentionable": [(str(one.pk), one.shown_name) for one in desks.could_be_named(officer, row)]
        if works_here
        else [],
        "passing": passing,
        "held_out_to_me": passing is not None and passing.taker_id == officer.pk,
        "take_over": works_here and may_take_over(officer, row),
    }
