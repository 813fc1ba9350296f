"""My data: everything held, in plain words, and what one may do about it: a copy, putting right, agreeing, objecting, closing."""

from urllib.parse import urlencode

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.cases.facts import FROM_REGISTERS
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party, for_signed_in, safe_next
from tongban.channels.portal.own import own_case
from tongban.channels.portal.register_words import column
from tongban.channels.portal.views_disputing import PURPOSES
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.matters.fact_labels import FACT_LABELS, VALUE_LABELS
from tongban.matters.models import MatterVersion
from tongban.notices import queries as notices
from tongban.notices import services as notice_services
from tongban.parties import queries as parties
from tongban.parties import services as party_services
from tongban.parties.models import Objection, Party
from tongban.registers import consenting
from tongban.registers import queries as registers
from tongban.registers.models import Consent, Resource
from tongban.rights import closing, exporting, holdings
from tongban.rights import queries as rights
from tongban.rights import services as review_services

WHERE = {
    "account": "/account/",
    "identity": "/account/",
    "cases": "/my/cases/",
    "documents": "/my/cases/",
    "licences": "/my/licences/",
    "registers": "/my/data/calls/",
    "messages": "/my/inbox/",
    "ratings": "/my/cases/",
    "reads": "/account/reads/",
    "sessions": "/account/security/",
}
CALLS_A_PAGE = 30
COPIES_SHOWN = 5


@require_GET
@for_signed_in
@never_cache
def my_data(request, account):
    """What is held, chapter by chapter, with purpose, ground and period; and the doors to everything one may do."""
    party = doorkeeper.space(request)
    company = party is not None and party.kind == Party.Kind.COMPANY
    mine = None if company else account
    chapters = [
        {"held": one, "where": WHERE.get(one.name, "")}
        for one in holdings.overview(account=mine, party=party)
        if one.count or not company
    ]
    if party is not None:
        doorkeeper.reading(request, party, "own data", ["overview"])
    context = {
        "party": party,
        "company": company,
        "chapters": chapters,
        "many": holdings.MANY,
        "exports": [one for one in exporting.exports_of(account) if one.party_id == (party.pk if party else None)][
            :COPIES_SHOWN
        ],
        "running": registers.running_disputes(party).count() if party else 0,
        "consents": consenting.in_force(party)[:50] if party else [],
        "objects": parties.objects_to(account, Objection.Processing.RATING_INVITATIONS),
        "preference": notices.preferences(account),
    }
    return render(request, "portal/data/my_data.html", context)


@for_party
@never_cache
def contact(request, party):
    """Address and account for payments: one's own, changed by oneself."""
    next_url = safe_next(request, "/my/data/")
    errors, values = {}, {"address": party.address, "bank_account": party.bank_account}
    if request.method == "POST":
        values = {name: request.POST.get(name, "") for name in values}
        try:
            party_services.change_contact(party, **values, actor=doorkeeper.actor_of(request))
        except Invalid as wrong:
            errors = wrong.errors
        else:
            messages.success(request, _("Saved. New forms use it from now on."))
            return redirect(next_url)
    else:
        doorkeeper.reading(request, party, "own data", ["address", "bank_account"])
    labels = {"address": _("Address"), "bank_account": _("Account for payments")}
    context = {"party": party, "values": values, "errors": errors, "labels": labels, "next": next_url}
    return render(request, "portal/data/contact.html", context, status=422 if errors else 200)


@require_GET
@for_party
@never_cache
def calls(request, party):
    """Every reading of a register about this party, newest first."""
    rows = registers.calls_of(party)
    before = request.GET.get("before", "")
    if before.isdecimal():
        rows = rows.filter(pk__lt=int(before[:18]))
    page = list(rows[: CALLS_A_PAGE + 1])
    shown = page[:CALLS_A_PAGE]
    versions = MatterVersion.objects.filter(
        matter__slug__in={one.matter for one in shown}, state=MatterVersion.State.PUBLISHED
    )
    names = {one.matter.slug: say(one.name) for one in versions.select_related("matter").only("name", "matter__slug")}
    context = {
        "party": party,
        "rows": [
            {
                "call": one,
                "matter": names.get(one.matter, one.matter),
                "purpose": PURPOSES.get(one.purpose, one.purpose),
                "fields": [column(name) for name in one.fields],
            }
            for one in shown
        ],
        "older": shown[-1].pk if len(page) > CALLS_A_PAGE else None,
    }
    doorkeeper.reading(request, party, "own data", ["calls"])
    return render(request, "portal/data/calls.html", context)


@require_POST
@for_party
def revoke(request, party, pk):
    """Take an agreement back."""
    row = get_object_or_404(Consent.objects.filter(of_party=party), pk=pk)
    consenting.revoke(row, account=request.user)
    messages.success(request, _("Taken back. From now on this register is not read for that."))
    return redirect("portal:my_data")


@require_POST
@for_signed_in
def object_to(request, account):
    """No invitations to rate, and nothing outside that needs no answer: or again, as one likes."""
    party_services.object_to(account, Objection.Processing.RATING_INVITATIONS, objects="rating" in request.POST)
    wish = notices.preferences(account)
    notice_services.set_preferences(
        account, email=wish.email, sms=wish.sms, only_when_needed="optional" in request.POST
    )
    messages.success(request, _("Your choice was saved."))
    return redirect("portal:my_data")


# -- the copy


@require_POST
@for_signed_in
def export(request, account):
    """Have a copy made of everything held about the space one stands in."""
    exporting.ask(account, doorkeeper.space(request))
    return redirect("/my/data/#copy")


@require_GET
@for_signed_in
@never_cache
def export_file(request, account, name):
    """The copy, for its asker alone, after showing again that it is them."""
    row = next((one for one in exporting.exports_of(account) if one.name == name), None)
    if row is None or (row.party_id and row.party_id not in {one.pk for one in doorkeeper.spaces(request)}):
        raise Http404
    try:
        raise_if_reauthentication_required(request, app="allauth.account")
    except (
        ReauthenticationRequired
    ):  # back to the page with the button: a download would leave them on the page that asked
        return redirect(
            f"{reverse('account_reauthenticate')}?{urlencode({'next': reverse('portal:my_data') + '#copy'})}"
        )
    response = HttpResponse(exporting.fetch(row, account=account), content_type="application/zip")
    day = timezone.localtime(row.ready_at).strftime("%Y-%m-%d")
    response.headers["Content-Disposition"] = f'attachment; filename="tongban-my-data-{day}.zip"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


# -- closing


@for_signed_in
@never_cache
def close(request, account):
    """What goes, what stays and until when; then, after showing again that it is oneself, the end of the account."""
    raise_if_reauthentication_required(request, app="allauth.account")
    reasons = closing.reasons_against(account)
    error = ""
    if request.method == "POST" and not reasons:
        if request.POST.get("sure") == "true":
            closing.close(account)
            logout(request)
            return redirect("portal:closed")
        error = _("Please tick that you want this.")
    context = {
        "account": account,
        "reasons": reasons,
        "stays": closing.what_stays(account),
        "alone": closing.left_alone(account),
        "errors": [error] if error else [],
    }
    return render(request, "portal/data/close.html", context, status=422 if error else 200)


@require_GET
@for_anyone
def closed(request):
    """Good-bye."""
    return render(request, "portal/data/closed.html")


# -- why the machine decided so


@for_party
@never_cache
def why(request, party, ref):
    """The rule, each fact with where it came from, the version; and a person who looks at it, if one asks."""
    case = own_case(request, ref, sent=True)
    trace = case.rules_trace or {}
    if not trace.get("lines"):
        raise Http404
    errors: dict = {}
    if request.method == "POST":
        try:
            review_services.ask_review(case, account=request.user, text=request.POST.get("text", ""))
            messages.success(request, _("A person of the department looks at it. You are told what they find."))
            return redirect("portal:case_why", ref=ref)
        except Invalid as wrong:
            errors = wrong.errors
    doorkeeper.reading(request, request.party, "own application", ["rules"], about=case.subject)
    reviews = list(rights.reviews_of(case))
    names = {
        one.slug: one.shown_name
        for one in Resource.objects.filter(slug__in={slug for slug, _field in FROM_REGISTERS.values()})
    }
    context = {
        "case": case,
        "party": request.party,
        "trace": trace,
        "facts": [
            {
                "label": say(FACT_LABELS.get(name) or name),
                "value": _fact(name, value),
                "source": _told_by(name, names),
            }
            for name, value in (trace.get("facts") or {}).items()
        ],
        "reviews": reviews,
        "open": next((one for one in reviews if one.state == "open"), None),
        "may_ask": case.decided_by_machine and not reviews,
        "errors": errors,
        "text": request.POST.get("text", ""),
        "days": review_services.LOOKED_AT_WITHIN,
    }
    return render(request, "portal/data/why.html", context, status=422 if errors else 200)


def _fact(name: str, value) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    known = VALUE_LABELS.get(name, {}).get(value) if isinstance(value, str) else None
    return say(known) if known else str(value)


def _told_by(name: str, names: dict[str, str]) -> str:
    if name in FROM_REGISTERS:
        resource, field = FROM_REGISTERS[name]
        return f"{names.get(resource, resource)}{_(': ')}{column(field)}"
    if name.startswith("form."):
        return _("your answer in the form")
    if name.startswith("licence.") or name == "days_to_expiry":
        return _("your licence")
    return _("your application")
