"""Emergency orders as everybody may read them; a person's own status: why, until when, and the way to appeal."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party
from tongban.codes import bases, colours, order_queries
from tongban.codes.models import EmergencyOrder, EntryLevel, HealthStatus, VenueKind
from tongban.codes.services import status_appealing
from tongban.lib import covered
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, Problem
from tongban.parties.models import Party


def _shown(row: EmergencyOrder, at) -> dict:
    return {
        "row": row,
        "standing": order_queries.standing(row, at),
        "basis": bases.ORDER_BASES[row.basis],
        "measures": [say(bases.MEASURES[name]) for name in order_queries.measures_of(row)],
        "rules": [(VenueKind(kind).label, EntryLevel(level).label) for kind, level in row.entry_rules.items()],
    }


@require_GET
@for_anyone
def orders(request):
    """What is in force now, and what was. As a rule: nothing."""
    before = request.GET.get("before", "")
    at = timezone.now()
    now, past, following = order_queries.published(
        at, before=int(before[:18]) if before.isascii() and before.isdigit() else None
    )
    context = {
        "now": [_shown(row, at) for row in now],
        "past": [_shown(row, at) for row in past],
        "following": following,
        "first": not before,
        "days": bases.ORDER_DAYS_AT_MOST,
    }
    return render(request, "portal/orders/orders.html", context)


@require_GET
@for_anyone
def figures(request):
    """How many statuses were decided on which day and basis. Few are said as few."""
    context = {"rows": order_queries.figures(timezone.localdate()), "few": order_queries.FEW}
    return render(request, "portal/orders/figures.html", context)


@require_GET
@for_anyone
def order(request, ref):
    row = order_queries.order_by_ref(ref)
    if row is None or row.starts_at is None:  # what was only proposed is not published
        raise Http404
    return render(request, "portal/orders/order.html", _shown(row, timezone.now()))


def _whom(request) -> list[Party]:
    """Whose statuses one may see and appeal: one's own, and those of one's children and wards. Not those of a company's people."""
    return [one for one in doorkeeper.spaces(request) if one.kind == Party.Kind.PERSON]


def _own(request, pk) -> tuple[Party, HealthStatus]:
    """A decision about one of them; what is done here is done for that person."""
    for party in _whom(request):
        if (row := order_queries.status_of(party, pk)) is not None:
            request.party = party
            return party, row
    raise Http404


def _named(request, party: Party) -> dict:
    """Whose page it is: `name` only where it is not one's own."""
    own = party.pk == request.user.person_id
    return {"party": party, "own": own, "name": "" if own else covered.name(party.shown_name)}


def _told(row: HealthStatus, at) -> dict:
    return {
        "row": row,
        "holds": order_queries.holds(row, at),
        "colour": say(bases.COLOUR_WORDS[row.colour]),
        "basis": bases.STATUS_BASES[row.basis],
        "reason": row.line.proposal.reason,
        "evidence": row.line.evidence,
        "appeal": getattr(row, "appeal", None),
    }


@never_cache
@require_GET
@for_party
def statuses(request, party):
    """The status now, and what was decided: of whoever stands here, or of a child or ward named in the address."""
    at = timezone.now()
    wanted, possible = request.GET.get("of", ""), _whom(request)
    here = next((one for one in possible if str(one.pk) == (wanted or str(party.pk))), None)
    if here is None:
        if wanted:
            raise Http404
        here = possible[0]  # standing for a company, or for somebody by a mandate
    request.party = here
    rows = order_queries.statuses_of(here)
    doorkeeper.reading(request, here, "own data", ["health status"])
    context = {
        **_named(request, here),
        "others": [
            {"key": one.pk, "name": "" if one.pk == request.user.person_id else covered.name(one.shown_name)}
            for one in possible
            if one.pk != here.pk
        ],
        "colour": colours.colour_of(here.pk, at),
        "in_force": colours.order_in_force(at, measure=bases.HEALTH_COLOURS),
        "rows": [_told(row, at) for row in rows],
    }
    return render(request, "portal/orders/statuses.html", context)


@never_cache
@require_GET
@for_party
def status(request, party, pk):
    """One decision: why, by which evidence, until when, and the appeal."""
    return _page(request, *_own(request, pk))


def _page(request, party, row: HealthStatus, problem: Problem | None = None):
    doorkeeper.reading(request, party, "own data", ["health status"], about=row.subject)
    context = {
        **_told(row, timezone.now()),
        **_named(request, party),
        "within": status_appealing.ANSWER_WITHIN,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "text": request.POST.get("text", "") if problem else "",
    }
    return render(request, "portal/orders/status.html", context, status=problem.status if problem else 200)


@require_POST
@for_party
def appeal(request, party, pk):
    party, row = _own(request, pk)
    try:
        status_appealing.appeal(
            row, account=request.user, actor=doorkeeper.actor_of(request), text=request.POST.get("text", "")
        )
    except Problem as problem:
        return _page(request, party, row, problem)
    return redirect("portal:status", pk=pk)
