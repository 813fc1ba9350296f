"""One's own things by their address: whichever of one's spaces they belong to, and nobody else's.

A link from a message, or a second tab in which the other space was chosen meanwhile, leads to the right space instead of nowhere.
"""

from django.http import Http404
from django.shortcuts import get_object_or_404

from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.cases.states import CaseState
from tongban.channels import doorkeeper
from tongban.licences import queries as licences
from tongban.licences.models import Licence


def own_case(request, ref: str, *, sent: bool = False) -> Case:
    """The case with this ref, if one of one's spaces applied; `sent`: a draft is not there yet. Looking at it enters its space."""
    row = get_object_or_404(cases.own(*doorkeeper.spaces(request)), ref=ref)
    if sent and row.state == CaseState.DRAFT:
        raise Http404
    _stand_with(request, row.applicant_id)
    return row


def own_licence(request, pk: int) -> Licence:
    for party in doorkeeper.spaces(request):
        row = licences.of(party).filter(pk=pk).first()
        if row is not None:
            _stand_with(request, party.pk)
            return row
    raise Http404


def _stand_with(request, party_pk: int) -> None:
    """What is done now is done for this party; whoever only looks is in its space from here on."""
    party = next(one for one in doorkeeper.spaces(request) if one.pk == party_pk)
    if request.party.pk != party.pk and request.method in {"GET", "HEAD"}:
        doorkeeper.enter_space(request, party)
    request.party = party
