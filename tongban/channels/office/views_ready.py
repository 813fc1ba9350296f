"""Ready answers of each department: what its officers may answer with at a touch, kept by the coordinating office."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse

from tongban.cases import talking
from tongban.cases.services import ready_answers
from tongban.channels.doorkeeper import for_officer
from tongban.departments import queries as departments
from tongban.departments.models import Department
from tongban.lib.problems import Invalid, NotAllowed


@for_officer("coordinator")
def ready(request, officer):
    """One department at a time, with every answer to change, move up or take out, and one more to write."""
    offices = list(departments.departments())
    code = request.POST.get("of", request.GET.get("of", officer.department.code))
    office = next((one for one in offices if one.code == code), None)
    if office is None:
        raise Http404
    if request.method != "POST":
        return _page(request, officer, office, offices)
    said = request.POST
    try:
        _act(office, officer, said)
    except (Invalid, NotAllowed) as problem:
        if problem.status == 403:
            raise
        return _page(request, officer, office, offices, problem, said)
    return redirect(f"{reverse('office:ready')}?of={office.code}")


def _act(office: Department, officer, said) -> None:
    key = said.get("key", "")
    if said.get("act") == "out":
        ready_answers.take_out(office, officer=officer, key=key)
    elif said.get("act") == "up":
        ready_answers.move_up(office, officer=officer, key=key)
    else:
        ready_answers.put(
            office,
            officer=officer,
            key=key,
            zh=said.get("zh", ""),
            en=said.get("en", ""),
            waits=said.get("waits") == "1",
        )


def _page(request, officer, office: Department, offices, problem=None, said=None):
    said, errors = said or {}, problem.errors if isinstance(problem, Invalid) else {}
    rows = [
        {
            "ready": one,
            "typed": {
                "zh": said.get("zh", ""), "en": said.get("en", ""), "waits": said.get("waits") == "1",
            } if errors and said.get("key") == one.key else {**one.words, "waits": one.waits},
            "errors": errors if said.get("key") == one.key else {},
        }
        for one in talking.ready_of(office.pk)
    ]  # fmt: skip
    fresh = problem is not None and not any(row["errors"] for row in rows) and said.get("act") not in {"up", "out"}
    context = {
        "officer": officer,
        "office": office,
        "offices": offices,
        "rows": rows,
        "own": talking.has_own_ready(office.pk),
        "most": ready_answers.LONGEST,
        "problem": problem,
        "new": {
            "typed": {"zh": said.get("zh", ""), "en": said.get("en", ""), "waits": said.get("waits") == "1"} if fresh else {"zh": "", "en": "", "waits": False},
            "errors": errors if fresh else {},
        },
    }  # fmt: skip
    return render(request, "office/ready.html", context, status=problem.status if problem else 200)
