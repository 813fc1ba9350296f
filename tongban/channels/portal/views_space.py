"""One's own space, or that of a company one acts for: what needs one now, what is on its way, what one holds."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tongban.cases import packages, signing
from tongban.cases import queries as cases
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party, for_signed_in, safe_next
from tongban.channels.pages import scopes
from tongban.channels.pages.case_page import shown
from tongban.channels.portal.own import may_pay
from tongban.channels.portal.views_mandates import rights_in_words
from tongban.halls import queries_appointments as appointments
from tongban.lib.problems import Invalid
from tongban.licences import queries as licences
from tongban.notices import queries as notices
from tongban.parties import queries, rules, services
from tongban.parties.models import Membership, Party
from tongban.parties.states import Act
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
    latest = [shown(case) for case in seen(cases.of(party))[: FEW + len(waiting)] if case.pk not in waiting][:FEW]
    context = {
        "party": party,
        "is_company": party.kind == Party.Kind.COMPANY,
        "needing": needing,
        "to_fetch": _to_fetch(party, seen),
        "running": latest,
        "all_over": bool(latest) and all(line["over"] for line in latest),
        "drafts": seen(cases.drafts(party))[:FEW],
        "limited": limited,
        "to_sign": signing.waiting_for(account)[:FEW],
        "mandates_asked": queries.mandates_asked(party, account, timezone.localdate())[:FEW],
        "licences": [] if limited else licences.of(party).filter(state="valid")[:FEW],
        "owed": _owed(request, party, limited),
        "pays": not limited or any(Act.PAY in power.acts for power in held),
        "visits": [] if limited else appointments.to_come(party, timezone.now())[:FEW],
        "news": notices.inbox(account, limit=FEW)[0],
    }
    return render(request, "portal/space.html", context)


def _to_fetch(party: Party, seen) -> list:
    """Results on paper that wait at a hall or in a locker, as far as one sees their cases."""
    rows = list(packages.to_fetch(party, timezone.localdate())[:FEW])
    visible = {case.pk for case in seen(cases.of(party).filter(pk__in=[row.case_id for row in rows]))} if rows else ()
    return [row for row in rows if row.case_id in visible]


def _owed(request, party: Party, limited: bool) -> tuple[int, int]:
    """How many bills are open and their sum; within limits those alone that one may pay."""
    if not limited:
        return payments.owed_sum(party)
    totals = [bill.total for bill in payments.owed(party)[:100] if may_pay(request, bill)]
    return len(totals), sum(totals)


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
    errors: dict[str, list] = {}
    values = scopes.nothing_typed()
    if request.method == "POST":
        values = scopes.typed(request.POST)
        try:
            named = {field: values[field].strip() for field in ("id_kind", "id_no", "name")}
            services.name_member(company, **named, **_chosen(request.POST), actor=doorkeeper.actor_of(request))
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
        **_choices(values),
        "company": company,
        "members": [{"row": row, **rights_in_words(row.rights)} for row in rows],
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


@for_party
@never_cache
def rights(request, party, pk):
    """What a clerk may do: set by the legal representative, shown to the clerk, in force from the next click on."""
    company = _company(party)
    today = timezone.localdate()
    membership = get_object_or_404(queries.members_of(company, today), pk=pk, role=Membership.Role.CLERK)
    if not queries.may_name_members(request.user, company, today):
        raise Http404
    errors: dict[str, list] = {}
    held = membership.rights
    values = scopes.nothing_typed(until=membership.until.isoformat() if membership.until else "") | {
        "all": "false" if held else "true",
        "acts": held["acts"] if held else [act.value for act in Act],
        "matters": (held or {}).get("matters") or [],
        "which": "some" if held and held.get("matters") is not None else "all",
    }
    if request.method == "POST":
        values = scopes.typed(request.POST)
        try:
            services.set_rights(membership, **_chosen(request.POST), actor=doorkeeper.actor_of(request))
        except Invalid as wrong:
            errors = {field: [*map(str, why)] for field, why in wrong.errors.items()}
        else:
            messages.success(request, _("Saved. It holds from now on, and the clerk is told."))
            return redirect("portal:members")
    doorkeeper.reading(request, membership.person_id, "company members", ["name"], about=f"company:{company.pk}")
    context = {**_choices(values), "company": company, "one": membership, "values": values, "errors": errors}
    return render(request, "portal/space_rights.html", context, status=422 if errors else 200)


def _choices(typed: dict) -> dict:
    return {
        "acts": scopes.acts(),
        "themes": scopes.themes_with_matters(typed),
        "which": [("all", _("In everything")), ("some", _("Only in what I choose"))],
        "today": timezone.localdate().isoformat(),
    }


def _chosen(post) -> dict:
    """Rights and last day as the form says them; every act in every matter without an end is what a clerk had before there were rights."""
    if "which" not in post:
        return {"rights": None, "until": None}
    scope = scopes.read(post)
    everything = set(scope.acts) == set(Act.values) and scope.matters is None
    chosen = {"acts": list(scope.acts), "matters": None if scope.matters is None else list(scope.matters)}
    return {"rights": None if everything else chosen, "until": scope.until}


def _company(party):
    company = queries.company_of(party)
    if company is None:
        raise Http404
    return company
