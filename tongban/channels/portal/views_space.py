"""One's own space, or that of a company one acts for: what needs one now, what is on its way, what one holds."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tongban.cases import queries as cases
from tongban.cases import signing
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party, for_signed_in, safe_next
from tongban.channels.pages.case_page import shown
from tongban.lib.problems import Invalid
from tongban.licences import queries as licences
from tongban.notices import queries as notices
from tongban.parties import queries, rules, services
from tongban.parties.models import Party
from tongban.payments import queries as payments

FEW = 3


@for_signed_in
@never_cache
def space(request, account):
    party = doorkeeper.standing_for(request)
    if party is None:
        return render(request, "portal/space_new.html", {"account": account})
    held = doorkeeper.powers_over(request, party)
    limited = doorkeeper.within_limits(request, party)

    def seen(rows):
        return cases.within(rows, held, account)

    needing = [shown(case) for case in seen(cases.needing(party))[:FEW]]
    waiting = {line["case"].pk for line in needing}
    context = {
        "party": party,
        "is_company": party.kind == Party.Kind.COMPANY,
        "needing": needing,
        "running": [shown(case) for case in seen(cases.of(party))[: FEW + len(waiting)] if case.pk not in waiting][:FEW],
        "drafts": seen(cases.drafts(party))[:FEW],
        "limited": limited,
        "to_sign": signing.waiting_for(account)[:FEW],
        "mandates_asked": queries.mandates_asked(party, account, timezone.localdate())[:FEW],
        "licences": [] if limited else licences.of(party).filter(state="valid")[:FEW],
        "owed": payments.owed_sum(party),
        "news": notices.inbox(account, limit=FEW)[0],
    }
    return render(request, "portal/space.html", context)


@for_signed_in
@require_POST
def switch(request, account, pk=None):
    """Act for oneself or for a company from here on. Somebody else's space is simply not there."""
    mine = {str(party.pk): party for party in doorkeeper.all_spaces(request)}
    wanted = str(pk or request.POST.get("space", ""))
    if wanted not in mine and wanted:
        raise Http404
    if wanted:
        doorkeeper.enter_space(request, mine[wanted])
    return redirect(safe_next(request, "/my/"))


@for_party
@never_cache
def members(request, party):
    """Who may act for the company; its legal representative names and dismisses."""
    company = _company(party)
    errors, values = {}, {}
    if request.method == "POST":
        values = {field: request.POST.get(field, "").strip() for field in ("id_kind", "id_no", "name")}
        try:
            services.name_member(company, **values, actor=doorkeeper.actor_of(request))
        except Invalid as wrong:
            errors = {field: [*map(str, why)] for field, why in wrong.errors.items()}
        else:
            messages.success(request, _("From now on this person may act for the company."))
            return redirect("portal:members")
    today = timezone.localdate()
    rows = list(queries.members_of(company, today))
    others = {row.person_id for row in rows} - {request.user.person_id}
    doorkeeper.reading_many(request, others, "company members", ["name"], about=f"company:{company.pk}")
    context = {
        "company": company,
        "members": rows,
        "may_name": queries.may_name_members(request.user, company, today),
        "kinds": [(kind.id, kind.label) for kind in rules.KINDS.values()],
        "errors": errors,
        "values": values,
    }
    return render(request, "portal/space_members.html", context, status=422 if errors else 200)


@for_party
@require_POST
def dismiss(request, party, pk):
    membership = get_object_or_404(queries.members_of(_company(party), timezone.localdate()), pk=pk)
    services.end_membership(membership, actor=doorkeeper.actor_of(request))
    messages.success(request, _("This person no longer acts for the company."))
    return redirect("portal:members")


def _company(party):
    company = queries.company_of(party)
    if company is None:
        raise Http404
    return company
