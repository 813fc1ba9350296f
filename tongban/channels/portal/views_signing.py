"""Signing beside an applicant: what I am asked to sign, exactly as it lies there; and for applicants, who still has to sign."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tongban.cases import rules
from tongban.cases import signers as named
from tongban.cases import signing as cosigned
from tongban.cases.models import Signer
from tongban.cases.services import cosigning
from tongban.cases.states import EDITABLE
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages.signing_page import what_is_signed
from tongban.channels.portal.views_applying import open_or_leave, stepper
from tongban.lib.problems import Invalid, NotAllowed

HELD_CODES = "signer_codes"


# -- the signer's own side


@for_party
@never_cache
def signatures(request, party):
    """What waits for my signature, what I signed, and a field for a code."""
    errors: dict[str, list] = {}
    if request.method == "POST":
        try:
            row = cosigning.find(request.user, request.POST.get("code", ""))
        except Invalid as wrong:
            errors = {field: [str(reason) for reason in reasons] for field, reasons in wrong.errors.items()}
        else:
            return redirect("portal:signature", pk=row.pk)
    rows = cosigned.of(request.user)
    context = {
        "waiting": [row for row in rows if row.state == "asked" and row.case.state in EDITABLE],
        "done": [row for row in rows if row.state != "asked" or row.case.state not in EDITABLE],
        "errors": errors,
        "code": request.POST.get("code", request.GET.get("code", ""))[:20],
    }
    return render(request, "portal/signing/list.html", context, status=422 if errors else 200)


def _mine(request, pk: int) -> Signer:
    """Whoever is named, on the own account, whoever they stand for at the moment."""
    row = next((one for one in cosigned.of(request.user) if one.pk == pk), None)
    if row is None:
        raise Http404
    return row


@for_party
@never_cache
def signature(request, party, pk):
    """All of what is signed, and nothing that is not."""
    return _page(request, _mine(request, pk))


def _page(request, row: Signer, *, problem=None, errors=None, status=200):
    case = row.case
    doorkeeper.reading(request, case.applicant_id, "cosign", ["form"], about=case.subject)
    context = what_is_signed(row) | {
        "open": case.state in EDITABLE and row.state == "asked",
        "may_decline": case.state in EDITABLE and row.state in {"asked", "signed"},
        "present": doorkeeper.level(request) >= rules.SIGNING_LEVEL,
        "problem": problem,
        "errors": errors or {},
    }
    return render(request, "portal/signing/one.html", context, status=status)


@require_POST
@for_party(level=3)
def sign(request, party, pk):
    """Sign what was shown."""
    row = _mine(request, pk)
    if request.POST.get("sign") != "true":
        return _page(
            request, row, errors={"sign": [_("Please tick that you have looked at it and sign it.")]}, status=422
        )
    try:
        cosigning.sign(
            row, account=request.user, level=doorkeeper.level(request), content=request.POST.get("content", "")
        )
    except NotAllowed as problem:
        if problem.code != "changed-since-shown":
            raise
        return _page(request, _mine(request, pk), problem=problem, status=409)
    messages.success(request, _("Signed. The applicant hears of it. Until it is sent you can still decline."))
    return redirect("portal:signature", pk=pk)


@require_POST
@for_party
def decline(request, party, pk):
    row = _mine(request, pk)
    try:
        cosigning.decline(row, account=request.user, reason=request.POST.get("reason", ""))
    except Invalid as wrong:
        return _page(request, row, errors={f: [str(r) for r in rs] for f, rs in wrong.errors.items()}, status=422)
    messages.success(request, _("You have declined. The applicant hears why."))
    return redirect("portal:signatures")


# -- the applicant's side


@for_party
@never_cache
@open_or_leave
def signers(request, party, case):
    """Who must sign beside me, who has, and the codes to hand over; asking all of them is one button."""
    if not named.markers(case):
        return redirect("portal:apply_check", ref=case.ref)
    problem = None
    if request.method == "POST":
        try:
            asked = cosigning.invite(case, account=request.user)
        except NotAllowed as refused:
            problem = refused
        else:
            _keep(request, asked)
            return redirect("portal:apply_signers", ref=case.ref)
    codes = request.session.get(HELD_CODES) or {}
    rows = {row.id_index: row for row in case.signers.all()}
    lines = [
        {
            "named": one,
            "row": rows.get(one.id_index),
            "code": codes.get(str(rows[one.id_index].pk), "") if one.id_index in rows else "",
        }
        for one in named.expected(case)
    ]
    doorkeeper.reading(request, party, "own application", ["form"], about=case.subject)
    context = {
        "case": case,
        "version": case.version,
        "party": party,
        "current": "check",
        "base": "base_portal.html",
        "steps": stepper(case, "check"),
        "hands": [],
        "findings": [],
        "lines": lines,
        "to_ask": any(line["row"] is None for line in lines),
        "any_signed": any(line["row"] is not None and line["row"].state == "signed" for line in lines),
        "complete": bool(lines) and not named.lacking(case),
        "address": request.build_absolute_uri(reverse("portal:signatures")),
        "problem": problem,
    }
    return render(request, "portal/signing/signers.html", context, status=409 if problem else 200)


@require_POST
@for_party
@open_or_leave
def again(request, party, case, pk):
    """Ask once more, with a new code."""
    row = get_object_or_404(case.signers, pk=pk)
    _keep(request, [(row, cosigning.ask_again(row, account=request.user))])
    return redirect("portal:apply_signers", ref=case.ref)


def _keep(request, asked) -> None:
    """Codes stand on this device alone, as long as this session lasts; the database has only their keyed prints."""
    held = dict(request.session.get(HELD_CODES) or {})
    held |= {str(row.pk): code for row, code in asked}
    request.session[HELD_CODES] = dict(list(held.items())[-20:])
