"""Drafts that were deleted: had back within a week, or gone at once."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tongban.cases.models import DeletedDraft
from tongban.cases.services import deleting
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party


def of(request, party) -> list[DeletedDraft]:
    """What whoever stands here may have back of this party."""
    return deleting.to_be_had_back(party, request.user, doorkeeper.powers_over(request, party))


def _row(request, ref: str) -> DeletedDraft:
    found = (row for party in doorkeeper.all_spaces(request) for row in of(request, party) if row.ref == ref)
    row = next(found, None)
    if row is None:
        raise Http404
    return row


@require_POST
@for_party
def take_back(request, party, ref):
    """As it was, among the drafts."""
    deleting.take_back(_row(request, ref), account=request.user)
    messages.success(request, _("Your draft is back. Everything you filled in is there."))
    return redirect("portal:drafts")


@require_POST
@for_party
def erase(request, party, ref):
    """For good."""
    row = _row(request, ref)
    deleting.erase(row, account=request.user, powers=doorkeeper.powers_over(request, row.applicant_id))
    messages.success(request, _("The draft was deleted for good."))
    return redirect("portal:drafts")
