"""A bundle that runs: what its applicant says about single parts of it."""

from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from tongban.cases import services
from tongban.channels.doorkeeper import for_party
from tongban.channels.portal.own import own_case


@require_POST
@for_party
def choose(request, party, ref, slug):
    """An optional part was refused: go on without it, or wait for a new decision."""
    case = own_case(request, ref, sent=True)
    services.choose_about_part(case, slug, request.POST.get("choice", ""), account=request.user)
    return redirect(f"{reverse('portal:case', args=[case.ref])}#parts")


@require_POST
@for_party
def release(request, party, ref):
    """Have a finished result before the others."""
    member = own_case(request, ref, sent=True)
    services.release_early(member, account=request.user)
    return redirect("portal:case", ref=member.ref)
