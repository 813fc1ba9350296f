"""Public notices, read by anybody; objecting to one; and an inspection as its applicant meets it."""

from datetime import timedelta

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import inspections, services
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party
from tongban.channels.pages.case_page import TEMPLATE, context
from tongban.channels.portal.own import own_case
from tongban.lib.problems import Invalid, NotAllowed

READABLE_FOR = timedelta(days=366)


@require_GET
@for_anyone
def notices(request):
    """What is published now, the newest first."""
    before = request.GET.get("before", "")
    rows, following = inspections.notices_open(before=int(before) if before.isascii() and before.isdigit() else None)
    return render(request, "portal/notices/list.html", {"rows": rows, "following": following})


def _notice(ref: str):
    row = inspections.notice_by_ref(ref)
    if row is None or row.published_at < timezone.now() - READABLE_FOR:
        raise Http404
    return row


@require_GET
@for_anyone
def notice(request, ref):
    """One notice: what is about to be decided, until when one may object, and how."""
    return _page(request, _notice(ref))


def _page(request, row, *, problem=None, text=""):
    party = doorkeeper.standing_for(request) if request.user.is_authenticated else None
    own = inspections.objection_of(party, row) if party is not None else None
    context = {
        "row": row,
        "open": row.over_at is None and row.until >= timezone.localdate(),
        "party": party,
        "own": own,
        "text": text or (own.text if own is not None and own.taken_back_at is None else ""),
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
    }
    return render(request, "portal/notices/one.html", context, status=problem.status if problem else 200)


@require_POST
@for_party
def object_to(request, party, ref):
    """Say what speaks against it, or put other words in its place while the days run."""
    row = _notice(ref)
    text = request.POST.get("text", "")
    try:
        services.object_to(row, account=request.user, party=party, text=text)
    except (Invalid, NotAllowed) as problem:
        return _page(request, row, problem=problem, text=text)
    return redirect("portal:notice", ref=ref)


@require_POST
@for_party
def take_back(request, party, ref):
    """Take one's objection back."""
    row = _notice(ref)
    own = inspections.objection_of(party, row)
    if own is None:
        raise Http404
    try:
        services.take_objection_back(own, account=request.user)
    except NotAllowed as problem:
        return _page(request, row, problem=problem)
    return redirect("portal:notice", ref=ref)


@require_POST
@for_party
def wish(request, party, ref, inspection):
    """The applicant says when an inspection would suit better."""
    case = own_case(request, ref, sent=True)
    row = next((one for one in inspections.of_case(case) if one.ref == inspection), None)
    if row is None:
        raise Http404
    try:
        services.wish_other_time(row, account=request.user, text=request.POST.get("wish", ""))
    except Invalid as problem:
        doorkeeper.reading(request, request.party, "own application", ["form"], about=case.subject)
        shown = context(case, request.party, errors=problem.errors, text="")
        return render(request, TEMPLATE, shown, status=422)
    return redirect("portal:case", ref=ref)
