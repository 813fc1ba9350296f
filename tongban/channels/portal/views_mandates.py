"""Acting for others: who acts for me, for whom I act, my family; asking, giving, taking back, and everything that was done."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tongban.cases import queries as cases
from tongban.cases.told import DEEDS, OTHER
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages import scopes
from tongban.lib import qr
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.parties import families as family_acts
from tongban.parties import mandates as acts
from tongban.parties import queries, rules
from tongban.parties import services as parties
from tongban.parties.models import Kinship, Mandate, Membership
from tongban.parties.states import Act, MandateState
from tongban.registers import families as family_register

SHOWN_CODE = "mandate_code"
KINDS = [(kind.id, kind.label) for kind in rules.KINDS.values()]


@for_party
@never_cache
def mandates(request, party):
    """Everything about acting for each other, from the eyes of whoever stands here."""
    account, today = request.user, timezone.localdate()
    decides = queries.decides_for(account, party, today)
    given = queries.mandates_given(party) if decides else []
    held = queries.mandates_held(account.person)
    bonds = queries.bonds_of(account.person)
    clerks = [one for one in queries.memberships_of(account.person, today) if one.role == Membership.Role.CLERK]
    names = dict(_matter_names([*given, *held]))
    others = {row.agent_id for row in given if row.agent_id} | {row.principal_id for row in held}
    others |= {one for bond in bonds for one in (bond.person_id, bond.relative_id)}
    doorkeeper.reading_many(request, others - {account.person_id}, "mandates", ["name"], about=f"party:{party.pk}")
    context = {
        "party": party,
        "decides": decides,
        "asked": [_line(row, names) for row in given if row.state == MandateState.ASKED],
        "given": [_line(row, names) for row in given if row.state == MandateState.GRANTED],
        "over": [_line(row, names) for row in given if row.state not in {MandateState.ASKED, MandateState.GRANTED}][
            :10
        ],
        "held": [_line(row, names) for row in held if row.state in {MandateState.ASKED, MandateState.GRANTED}],
        "held_over": [_line(row, names) for row in held if row.state not in {MandateState.ASKED, MandateState.GRANTED}][
            :10
        ],
        "below": [_bond(row, today) for row in bonds if row.relative_id == account.person_id],
        "above": [_bond(row, today) for row in bonds if row.person_id == account.person_id],
        "clerk_of": [{"row": row, **rights_in_words(row.rights)} for row in clerks],
        "is_person": party.pk == account.person_id,
    }
    return render(request, "portal/mandates/list.html", context)


def _matter_names(rows) -> list[tuple[str, str]]:
    slugs = {slug for row in rows for slug in row.matters or ()}
    versions = scopes.MatterVersion.objects.filter(
        state=scopes.MatterVersion.State.PUBLISHED, matter__slug__in=slugs
    ).values_list("matter__slug", "name")
    return [(slug, say(name)) for slug, name in versions]


def _line(row: Mandate, names: dict[str, str]) -> dict:
    labels = dict(Act.choices)
    return {
        "row": row,
        "acts": [str(labels[act]) for act in row.acts if act in labels],
        "matters": None if row.matters is None else [names.get(slug, slug) for slug in row.matters],
    }


def rights_in_words(rights: dict | None) -> dict:
    labels = dict(Act.choices)
    if rights is None:
        return {"acts": [str(label) for label in labels.values()], "matters": None, "all": True}
    matters = rights.get("matters")
    return {
        "acts": [str(labels[act]) for act in rights.get("acts", ()) if act in labels],
        "matters": None if matters is None else scopes.names_of(matters),
        "all": False,
    }


def _bond(row: Kinship, today) -> dict:
    minor = row.kind == Kinship.Kind.CHILD and rules.is_minor(row.person.birth_date, today)
    return {
        "row": row,
        "in_force": row.state == "confirmed" and (minor or row.kind == Kinship.Kind.WARD),
        "until": rules.comes_of_age(row.person.birth_date) if row.kind == Kinship.Kind.CHILD else row.until,
    }


@for_party
@never_cache
def mandate(request, party, ref):
    """One mandate: what it allows, what was done under it, and its end."""
    row, side = _seen(request, ref)
    doorkeeper.reading(
        request, row.principal_id if side == "agent" else row.agent_id or row.principal_id, "mandates", ["name"],
        about=f"mandate:{row.ref}",
    )  # fmt: skip
    deeds, following = queries.deeds_for(row.principal, mandate=row, before=_number(request.GET.get("before")))
    context = {
        "party": party,
        "side": side,
        "deeds": _deeds(deeds),
        "next": following,
        "present": doorkeeper.level(request) >= rules.PRESENT,
        "may_pass_on": side == "agent" and _may_pass_on(row),
        "passed_on": row.passed_on.filter(state=MandateState.GRANTED).select_related("agent")
        if side == "agent"
        else [],
        "running": cases.of(row.principal).filter(account__person=row.agent_id).exclude(ended_at__isnull=False)[:10]
        if row.agent_id and side != "passed_on"
        else [],
        **_line(row, dict(_matter_names([row]))),
    }
    return render(request, "portal/mandates/one.html", context)


def _seen(request, ref: str) -> tuple[Mandate, str]:
    found = queries.mandate_seen_by(request.user, ref, timezone.localdate())
    if found is None:
        raise Http404
    return found


def _deeds(rows) -> list[dict]:
    subjects = {row.about.removeprefix("case:") for row in rows if row.about.startswith("case:")}
    known = cases.lines_of({int(key) for key in subjects if key.isdecimal()})
    names = dict(_names_of_matters({row.matter for row in rows}))
    return [
        {
            "row": row,
            "what": say(DEEDS.get(row.what, OTHER)),
            "case": known.get(row.about),
            "matter": names.get(row.matter, row.matter),
        }
        for row in rows
    ]


def _names_of_matters(slugs) -> list[tuple[str, str]]:
    versions = scopes.MatterVersion.objects.filter(
        state=scopes.MatterVersion.State.PUBLISHED, matter__slug__in=slugs
    ).values_list("matter__slug", "name")
    return [(slug, say(name)) for slug, name in versions]


@for_party
@never_cache
def deeds(request, party):
    """Everything that others did for the party, newest first."""
    rows, following = queries.deeds_for(party, before=_number(request.GET.get("before")))
    doorkeeper.reading(request, party, "own data", ["deeds"])
    return render(request, "portal/mandates/deeds.html", {"party": party, "deeds": _deeds(rows), "next": following})


# -- giving


@for_party(level=3)
@never_cache
def new(request, party):
    """Let somebody act for me or my company: who, what, until when; signed by having shown one's face just now."""
    errors: dict[str, list] = {}
    typed = scopes.nothing_typed(until=(timezone.localdate() + timedelta(days=365)).isoformat())
    if request.method == "POST":
        typed = scopes.typed(request.POST)
        try:
            row = acts.offer(
                party,
                id_kind=request.POST.get("id_kind", ""),
                id_no=request.POST.get("id_no", ""),
                name=request.POST.get("name", ""),
                scope=scopes.read(request.POST),
                account=request.user,
                level=doorkeeper.level(request),
            )
        except Invalid as wrong:
            errors = _plain(wrong)
        else:
            messages.success(
                request,
                _(
                    "It is in force. You are told of everything this person does for you, and can take it back at any moment."
                ),
            )
            return redirect("portal:mandate", ref=row.ref)
    return _scope_page(request, "portal/mandates/new.html", party, typed, errors)


def _scope_page(request, template, party, typed, errors, **more):
    context = {
        "party": party,
        "typed": typed,
        "errors": errors,
        "labels": _labels(),
        "kinds": KINDS,
        "acts": scopes.acts(),
        "themes": scopes.themes_with_matters(typed),
        "which": [("all", _("In everything")), ("some", _("Only in what I choose"))],
        "today": timezone.localdate().isoformat(),
        **more,
    }
    return render(request, template, context, status=422 if errors else 200)


def _labels() -> dict[str, str]:
    return {
        "name": _("Name"), "id_kind": _("Document"), "id_no": _("Number of the document"), "mobile": _("Mobile number"),
        "id_end": _("Last four of the number"), "acts": _("What may be done"), "matters": _("In which matters"),
        "since": pgettext("days", "From"), "until": _("Until"), "cases_at_most": _("How many applications at most"),
        "amount_at_most": _("How much one payment may be"), "code": _("Code"), "court": _("Court"), "judgment": _("Number of the judgment"),
    }  # fmt: skip


# -- asking


@for_party
@never_cache
def ask(request, party):
    """Ask somebody whether I may act for them: with the code they show me, or by what I know of them."""
    errors: dict[str, list] = {}
    code = request.GET.get("code", "")[:20]
    typed = scopes.nothing_typed(until=(timezone.localdate() + timedelta(days=90)).isoformat()) | {"code": code}
    if request.method == "POST":
        typed = scopes.typed(request.POST)
        try:
            if typed["code"].strip():
                acts.ask_with_code(typed["code"], account=request.user, scope=scopes.read(request.POST))
            else:
                acts.ask_by_details(
                    name=typed["name"],
                    mobile=typed["mobile"],
                    id_end=typed["id_end"],
                    account=request.user,
                    scope=scopes.read(request.POST),
                )
        except Invalid as wrong:
            errors = _plain(wrong)
        else:
            messages.success(
                request,
                _(
                    "If these details are right, the person has been asked and decides on their own account. You hear as soon as they agree."
                ),
            )
            return redirect("portal:mandates")
    return _scope_page(request, "portal/mandates/ask.html", party, typed, errors)


@for_party
@never_cache
def code(request, party):
    """A code for somebody beside me. It lets them ask, and nothing else; I still have to agree."""
    held = request.session.get(SHOWN_CODE) or {}
    if request.method == "POST":
        row, text = acts.show_code(party, account=request.user)
        request.session[SHOWN_CODE] = {"code": text, "until": row.until.isoformat(), "party": party.pk}
        return redirect("portal:mandate_code")
    until = datetime.fromisoformat(held["until"]) if held.get("party") == party.pk else None
    valid = until is not None and until > timezone.now()
    where = f"{settings.PUBLIC_URL}{reverse('portal:mandate_ask')}?code={held.get('code', '')}"
    context = {
        "party": party,
        "code": held.get("code", "") if valid else "",
        "until": until,
        "picture": qr.svg(where, title=_("Code to ask for a mandate")) if valid else "",
    }
    return render(request, "portal/mandates/code.html", context)


# -- answering and ending


@for_party(level=3)
@never_cache
def answer(request, party, ref):
    """Say yes, to all of it or to less, having shown one's face just now; or no."""
    row, side = _seen(request, ref)
    if side != "principal" or row.state != MandateState.ASKED:
        return redirect("portal:mandate", ref=ref)
    errors: dict[str, list] = {}
    typed = scopes.nothing_typed() | {
        "acts": row.acts, "until": row.until.isoformat(), "since": row.since.isoformat(),
        "which": "all" if row.matters is None else "some", "matters": row.matters or [],
        "cases_at_most": row.cases_at_most or "", "amount_at_most": row.amount_at_most or "",
    }  # fmt: skip
    if request.method == "POST":
        typed = scopes.typed(request.POST)
        try:
            acts.grant(row, account=request.user, level=doorkeeper.level(request), scope=scopes.read(request.POST))
        except Invalid as wrong:
            errors = _plain(wrong)
        else:
            messages.success(
                request,
                _(
                    "It is in force. You are told of everything this person does for you, and can take it back at any moment."
                ),
            )
            return redirect("portal:mandate", ref=ref)
    line = _line(row, dict(_matter_names([row])))
    return _scope_page(request, "portal/mandates/answer.html", party, typed, errors, asked_for=line, row=row)


@for_party(level=3)
@never_cache
def pass_on(request, party, ref):
    """Let one other person do what one may do, or less of it: only where the principal allowed that."""
    row, side = _seen(request, ref)
    if side != "agent" or not _may_pass_on(row):
        return redirect("portal:mandate", ref=ref)
    errors: dict[str, list] = {}
    typed = scopes.nothing_typed(until=row.until.isoformat(), acts_=tuple(row.acts)) | {
        "which": "all" if row.matters is None else "some", "matters": row.matters or [],
        "cases_at_most": row.cases_at_most or "", "amount_at_most": row.amount_at_most or "",
    }  # fmt: skip
    if request.method == "POST":
        typed = scopes.typed(request.POST)
        try:
            acts.pass_on(
                row,
                id_kind=request.POST.get("id_kind", ""),
                id_no=request.POST.get("id_no", ""),
                name=request.POST.get("name", ""),
                scope=scopes.read(request.POST),
                account=request.user,
                level=doorkeeper.level(request),
            )
        except Invalid as wrong:
            errors = _plain(wrong)
        else:
            messages.success(
                request, _("Passed on, and in force. %(name)s is told.") % {"name": row.principal.shown_name}
            )
            return redirect("portal:mandate", ref=ref)
    more = {"row": row, "acts": [one for one in scopes.acts() if one["value"] in row.acts]}
    if row.matters is not None:  # what one does not hold oneself is not offered
        held, offered = {*row.matters}, []
        for theme in scopes.themes_with_matters(typed):
            lines = [one for one in theme["matters"] if one[0] in held]
            held -= {one[0] for one in lines}
            if lines:
                offered.append({**theme, "slug": "", "matters": lines, "open": True})
        more |= {"themes": offered, "which": [("some", _("Only in what I choose"))]}
    return _scope_page(request, "portal/mandates/pass_on.html", party, typed, errors, **more)


def _may_pass_on(row: Mandate) -> bool:
    return row.state == MandateState.GRANTED and row.chains and row.under_id is None


@require_POST
@for_party
def leave(request, party, pk):
    """A clerk leaves a company, at once."""
    found = [one for one in queries.memberships_of(request.user.person, timezone.localdate()) if one.pk == pk]
    if not found:
        raise Http404
    parties.leave(found[0], account=request.user)
    messages.success(request, _("You do not act for this company any more. It is told."))
    return redirect("portal:mandates")


@require_POST
@for_party
def end(request, party, ref):
    """No, taken back, or given back: whichever of them this person can do. At once."""
    row, side = _seen(request, ref)
    if side == "agent":
        acts.give_back(row, account=request.user)
        messages.success(request, _("You do not act for this person any more."))
        return redirect("portal:mandates")
    if row.state == MandateState.ASKED:
        acts.decline(row, account=request.user)
        messages.success(request, _("You have declined. The person can do nothing for you."))
    else:
        acts.revoke(row, account=request.user)
        messages.success(
            request, _("Taken back, from this moment on. Drafts stay yours; what was sent goes on and belongs to you.")
        )
    return redirect("portal:mandate", ref=ref)


# -- family


@require_POST
@for_party
def find_children(request, party):
    """Ask the family register for my minor children."""
    found = family_register.find_children(request.user)
    if found:
        messages.success(
            request, _("The register names your children. You can act for each of them until they are 18.")
        )
    else:
        messages.info(
            request,
            _(
                "The family register names no minor child of yours. If that is wrong, please come to any window with the birth certificate."
            ),
        )
    return redirect("portal:mandates")


@for_party
@never_cache
def claim(request, party):
    """A court made me somebody's guardian: an officer checks the judgment."""
    errors: dict[str, list] = {}
    fields = ("id_kind", "id_no", "name", "court", "judgment")
    typed = dict.fromkeys(fields, "") | {"id_kind": "id-card"}
    if request.method == "POST":
        typed = {field: request.POST.get(field, "") for field in fields}
        try:
            family_acts.claim(
                request.user.person,
                id_kind=typed["id_kind"],
                id_no=typed["id_no"],
                name=typed["name"],
                court=typed["court"],
                judgment=typed["judgment"],
                account=request.user,
            )
        except Invalid as wrong:
            errors = _plain(wrong)
        else:
            messages.success(
                request,
                _(
                    "Thank you. Please show the judgment at any window; an officer checks it. Until then nothing is opened."
                ),
            )
            return redirect("portal:mandates")
    context = {"party": party, "typed": typed, "errors": errors, "labels": _labels(), "kinds": KINDS}
    return render(request, "portal/mandates/claim.html", context, status=422 if errors else 200)


@require_POST
@for_party
def end_bond(request, party, ref):
    """A ward objects; a guardian ends it."""
    row = queries.bond_by_ref(request.user.person, ref)
    if row is None:
        raise Http404
    if row.person_id == request.user.person_id:
        family_acts.object_to(row, account=request.user)
        messages.success(request, _("Your objection holds at once: until an officer has decided nobody acts for you."))
    else:
        family_acts.give_back(row, account=request.user)
        messages.success(request, _("You do not act for this person any more."))
    return redirect("portal:mandates")


def _plain(wrong: Invalid) -> dict[str, list]:
    return {field: [str(reason) for reason in reasons] for field, reasons in wrong.errors.items()}


def _number(text) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
