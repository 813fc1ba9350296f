"""One's own things by their address: whichever of one's spaces they belong to, and nobody else's.

A link from a message, or a second tab in which the other space was chosen meanwhile, leads to the right space instead of nowhere.
"""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from tongban.cases import queries as cases
from tongban.cases import standing
from tongban.cases.models import Case
from tongban.cases.states import CaseState
from tongban.channels import acting, doorkeeper
from tongban.licences import queries as licences
from tongban.licences.models import Licence
from tongban.parties import mandates
from tongban.parties.states import Act
from tongban.payments import queries as payments
from tongban.payments.models import Bill, Payment

UNNAMED = frozenset({"only as the party itself"})


def own_case(request, ref: str, *, sent: bool = False) -> Case:
    """The case with this ref, if one of one's spaces applied and one's power over it reaches the case; `sent`: a draft is not there
    yet. Looking at it enters its space. What one may not even see is not there; what one may see and not do says so."""
    row = cases.own_one(doorkeeper.all_spaces(request), ref)
    if row is None and (begun := cases.begun_by(request.user, ref)) is not None:  # they know that it is there
        raise mandates.power_is_over(request.user, begun.applicant_id, timezone.localdate())
    if row is None or sent and row.state == CaseState.DRAFT:
        raise Http404
    held = doorkeeper.powers_over(request, row.applicant_id)
    if not any(power.full for power in held):
        if not cases.within(cases.own(row.applicant), held, request.user).filter(pk=row.pk).exists():
            raise Http404
        needs = acting.NEEDS.get(request.resolver_match.view_name, UNNAMED)
        matter = standing.matter_of(row)
        if needs - acting.SEES and not any(power.allows(act, matter) for power in held for act in needs):
            raise mandates.no_power_for(held, next(iter(sorted(needs))))
    _stand_with(request, row.applicant_id)
    return row


def own_licence(request, pk: int) -> Licence:
    """A licence of one of one's spaces. Within limits: with the right to licences, or the result of a case one may receive."""
    for party in doorkeeper.all_spaces(request):
        row = licences.of(party).filter(pk=pk).first()
        if row is not None and may_hold(request, party, row):
            _stand_with(request, party.pk)
            return row
    raise Http404


def may_hold(request, party, row: Licence) -> bool:
    held = doorkeeper.powers_over(request, party)
    if any(power.full or Act.LICENCES in power.acts and power.matters is None for power in held):
        return True
    matters = {standing.matter_of(case) for case in row.cases.select_related("matter", "parent__matter")}
    return any(power.allows(act, matter) for power in held for act in (Act.RECEIVE, Act.LICENCES) for matter in matters)


def own_bill(request, number: str) -> Bill:
    """A bill of one of one's spaces; within limits one that a mandate to pay reaches."""
    row = get_object_or_404(payments.own(*doorkeeper.all_spaces(request)), number=number)
    if not may_pay(request, row):
        raise Http404
    _stand_with(request, row.payer_id)
    return row


def own_payment(request, ref: str) -> Payment:
    row = get_object_or_404(payments.own_payments(*doorkeeper.all_spaces(request)), ref=ref)
    if not all(may_pay(request, share.bill) for share in row.shares.prefetch_related("bill__lines")):
        raise Http404
    _stand_with(request, row.payer_id)
    return row


def may_pay(request, bill: Bill) -> bool:
    """Whoever acts for the payer without limits may, and whoever holds a mandate to pay in the matters of the bill."""
    held = doorkeeper.powers_over(request, bill.payer_id)
    matters = {line.matter for line in bill.lines.all()}
    return any(power.full or all(power.allows(Act.PAY, matter) for matter in matters) for power in held)


def _stand_with(request, party_pk: int) -> None:
    """What is done now is done for this party; whoever only looks is in its space from here on."""
    party = next(one for one in doorkeeper.all_spaces(request) if one.pk == party_pk)
    if request.party.pk != party.pk and request.method in {"GET", "HEAD"}:
        doorkeeper.enter_space(request, party)
    request.party = party
