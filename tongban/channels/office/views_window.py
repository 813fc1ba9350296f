"""Taking in at the window: a prepared draft of whoever stands here, received at once without pre-review."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tongban.cases import queries as cases
from tongban.cases import services
from tongban.cases.models import Case
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import queries as parties
from tongban.parties.models import IdKind


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer("window_officer")
def take_in(request, officer):
    """Find the draft by its code and the identity number of the person here; then receive it."""
    if request.method != "POST":
        return _page(request, officer)
    code, id_no = request.POST.get("code", "").strip().lower(), request.POST.get("id_no", "").strip()
    errors = {name: [_("Please fill this in.")] for name, text in (("code", code), ("id_no", id_no)) if not text}
    draft = cases.draft_of(code) if not errors else None
    if draft is not None and not _stands_for(request.POST.get("id_kind", ""), id_no, draft):
        draft = None
    if draft is None:
        errors = errors or {"code": [_("There is no draft with this code for this person.")]}
        return _page(request, officer, errors=errors, status=422)
    doorkeeper.reading(request, draft.applicant_id, "handling", ["form", "materials"], about=draft.subject)
    if request.POST.get("checked") != "1":
        return _page(request, officer, draft=draft)
    try:
        services.hand_in(draft, officer=officer)
    except Invalid as problem:
        return _page(request, officer, draft=draft, problem=problem, status=422)
    except NotAllowed as problem:
        return _page(request, officer, problem=problem, status=problem.status)
    return redirect(reverse("office:case", args=[draft.ref]))


def _stands_for(id_kind: str, id_no: str, draft: Case) -> bool:
    """Is this the applicant, or somebody who may act for the applicant today?"""
    person = parties.person_by_number(id_kind, id_no) if id_kind in IdKind.values else None
    if person is None:
        return False
    companies = {one.company_id for one in parties.memberships_of(person, timezone.localdate())}
    return draft.applicant_id in {person.pk, *companies}


def _page(request, officer, *, draft=None, errors=None, problem=None, status=200):
    context = {
        "officer": officer,
        "draft": draft,
        "code": request.POST.get("code", ""),
        "id_kind": request.POST.get("id_kind", IdKind.ID_CARD),
        "kinds": IdKind.choices,
        "id_no": request.POST.get("id_no", "") if draft is not None or errors else "",
        "errors": errors or {},
        "problem": problem,
        "materials": list(draft.materials.select_related("type")) if draft is not None else [],
    }
    response = render(request, "office/take_in.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
