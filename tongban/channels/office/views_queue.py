"""The officer's queues: what is due first stands first; tabs by what the officer may do."""

from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.cases.queries import QueueKey
from tongban.channels.doorkeeper import for_officer

TAB_WORDS = {
    "pre_review": _("Pre-review"),
    "intake": _("Acceptance"),
    "review": _("Review"),
    "decision": _("Decision"),
    "inspection": _("Inspections"),
    "waiting": _("Waiting for others"),
    "issuing": _("Issuing"),
    "done": _("Done"),
}


@require_GET
@for_officer
def queue(request, officer):
    """One queue, a page of it; the officer's own desk with `mine`."""
    tabs = cases.tabs_of(officer)
    tab = request.GET.get("tab") if request.GET.get("tab") in tabs else tabs[0]
    mine = request.GET.get("mine") == "1"
    rows = cases.waiting_for(officer, tab, mine=mine)
    if tab == "done":
        page, following = cases.page_of(rows, before=_number(request.GET.get("after")))
    else:
        page, following = cases.queue_page(rows, QueueKey.read(request.GET.get("after", "")))
    context = {
        "officer": officer,
        "tab": tab,
        "mine": mine,
        "tabs": [{"label": TAB_WORDS[name], "href": f"?tab={name}", "current": name == tab} for name in tabs],
        "rows": [line(case) for case in page],
        "next": following,
        "topic": f"queue:{officer.department.code}",
    }
    return render(request, "office/queue.html", context)


def line(case: Case) -> dict:
    return {"case": case, "light": cases.light_of(case), "left": cases.days_left(case)}


@require_GET
@for_officer
def find(request, officer):
    """A case by its number, as far as the officer may see it."""
    number = "".join(request.GET.get("number", "").split())
    case = cases.visible_to(officer).filter(number=number).first() if number else None
    if case is not None:
        return redirect("office:case", ref=case.ref)
    return render(request, "office/find.html", {"officer": officer, "number": number}, status=404 if number else 200)


def _number(text) -> int | None:
    return int(text) if text and text.isdigit() else None
