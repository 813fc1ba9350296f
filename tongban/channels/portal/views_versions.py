"""The versions of a guide that were in force, for anybody to read; and what stands where a matter has ended."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tongban.channels.doorkeeper import for_anyone
from tongban.channels.portal.kept_pages import for_strangers
from tongban.matters.editing import looking


def ended(request, slug: str) -> HttpResponse:
    """Instead of the guide of a matter that has ended: since when, why, and where to go on. Unknown ones are not found."""
    found = looking.history(slug)
    retirement = getattr(found[0], "retirement", None) if found else None
    if found is None or retirement is None or retirement.done_at is None:
        raise Http404
    context = {
        "matter": found[0],
        "version": found[1][0],
        "retirement": retirement,
        "forward": looking.in_force(retirement.forward_to),
    }
    return render(request, "portal/find/ended.html", context, status=410)


@require_GET
@for_anyone
@for_strangers()
def versions(request, slug):
    """Which version held when, and what changed with it."""
    found = looking.history(slug)
    if found is None:
        raise Http404
    matter, rows = found
    context = {"matter": matter, "versions": rows, "name": rows[0].name, "coming": looking.coming(matter)}
    return render(request, "portal/find/versions.html", context)
