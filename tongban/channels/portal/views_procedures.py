"""Beside an application: deciding on a promise, papers that follow, being heard, what staff changed, asking to look again."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tongban.cases import promising, services
from tongban.cases.models import Tolerance
from tongban.cases.procedure_states import APPEAL_WITHIN
from tongban.cases.services import reconsidering
from tongban.cases.states import EDITABLE
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages import beside_case
from tongban.channels.portal.own import own_case
from tongban.lib.problems import Invalid, NotAllowed
from tongban.materials import services as documents


@for_party
def promise(request, party, ref):
    """What the promise says, by when it is checked, and what happens if it is false; then choose one of the two ways."""
    case = own_case(request, ref)
    if case.state not in EDITABLE:
        return redirect("portal:case", ref=case.ref)
    problem = None
    if request.method == "POST":
        try:
            if "leave" in request.POST:
                services.leave_promise(case, account=request.user)
                messages.success(request, _("The ordinary way it is. Nothing you entered was lost."))
            else:
                services.choose_promise(case, account=request.user)
                messages.success(request, _("You go on a promise. You sign it with the application."))
            return redirect("portal:apply_check", ref=case.ref)
        except NotAllowed as found:
            problem = found
    doorkeeper.reading(request, request.party, "own application", ["form"], about=case.subject)
    context = {
        "case": case,
        "party": request.party,
        "version": case.version,
        "text": promising.text_of(case),
        "covers": beside_case.in_one_day(covers) if (covers := beside_case.covered(case))["names"] else "",
        "reasons": promising.reasons_against(case),
        "chosen": promising.promise_of(case),
        "within": promising.decided_within(case, committed=True),
        "days": promising.decided_within(case, committed=False),
        "problem": problem,
    }
    return render(request, "portal/apply/promise.html", context, status=problem.status if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_party
def supply(request, party, ref, pk):
    """Supply a paper that was allowed to follow."""
    case = own_case(request, ref, sent=True)
    row = get_object_or_404(Tolerance.objects.select_related("case", "material__type"), pk=pk, case=case)
    problem = None
    if request.method == "POST":
        try:
            files = request.FILES.getlist("file")
            if not files:
                raise Invalid("no_file", _("No file was chosen."), kept=_("Everything you sent before is kept."))
            document = documents.keep(files, owner=case.applicant, by=request.user, name=row.material.type.shown_name)
            services.supply(row, document, account=request.user)
            messages.success(request, _("The paper has come. Thank you: the case goes on."))
            return redirect("portal:case", ref=case.ref)
        except (Invalid, NotAllowed) as found:
            problem = found
            row.refresh_from_db()
    if row.settled in {"supplied", "waived"}:
        return redirect("portal:case", ref=case.ref)
    context = {"case": case, "party": request.party, "row": row, "problem": problem, "today": timezone.localdate()}
    return render(request, "portal/case/supply.html", context, status=problem.status if problem else 200)


@require_POST
@for_party(level=3)
def hearing(request, party, ref, pk):
    """Ask to be heard, or do without it and say in writing what there is to say."""
    case = own_case(request, ref, sent=True)
    row = get_object_or_404(case.hearings.select_related("case"), pk=pk)
    wish = request.POST.get("wish", "")
    if "decline" in request.POST:
        services.decline_hearing(row, account=request.user, wish=wish)
        messages.success(request, _("Kept. What you wrote goes to whoever decides."))
    else:
        services.ask_hearing(row, account=request.user, wish=wish)
        messages.success(request, _("You asked for a hearing. Day and place follow at least 7 days before."))
    return redirect("portal:case", ref=case.ref)


@require_POST
@for_party
def undo(request, party, ref, pk):
    """What staff changed is not right: it stands again as it was sent."""
    case = own_case(request, ref, sent=True)
    row = get_object_or_404(case.staff_changes.select_related("case"), pk=pk)
    services.undo_change(row, account=request.user, why=request.POST.get("why", ""))
    messages.success(request, _("It stands again as you sent it. The office is told."))
    return redirect("portal:case", ref=case.ref)


@require_http_methods(["GET", "HEAD", "POST"])
@for_party(level=3)
def appeal(request, party, ref):
    """Ask for reconsideration of the decision; what came of it."""
    case = own_case(request, ref, sent=True)
    row = case.appeals.select_related("anew").filter(decision=reconsidering.decision_of(case)).first()
    until = reconsidering.ask_until(case)
    if row is None and until is None:
        raise Http404
    problem = None
    if request.method == "POST":
        try:
            if "take-back" in request.POST and row is not None:
                services.take_back(row, account=request.user)
            else:
                services.appeal(case, account=request.user, wish=request.POST.get("wish", ""))
            return redirect(reverse("portal:case_appeal", args=[case.ref]))
        except (Invalid, NotAllowed) as found:
            problem = found
    doorkeeper.reading(request, request.party, "own application", ["decision"], about=case.subject)
    context = {
        "case": case,
        "party": request.party,
        "row": row,
        "until": until,
        "over": until is not None and timezone.localdate() > until,
        "court_until": reconsidering.sue_until(case, row),
        "days": APPEAL_WITHIN,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "wish": request.POST.get("wish", ""),
    }
    return render(request, "portal/case/appeal.html", context, status=problem.status if problem else 200)
