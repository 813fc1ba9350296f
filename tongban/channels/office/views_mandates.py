"""Acting for others, at a window: a mandate on paper for whoever stands here, its end, a signature on paper; guardians and deaths."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tongban.cases import queries as cases
from tongban.cases import signing
from tongban.cases.models import Signer, Visit
from tongban.cases.services import cosigning
from tongban.cases.states import EDITABLE
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages import scopes
from tongban.channels.pages.signing_page import what_is_signed
from tongban.departments.models import Officer
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import families, mandates, queries, rules
from tongban.parties.models import IdKind, Mandate
from tongban.parties.states import Act, MandateState

KINDS = [(kind.id, kind.label) for kind in rules.KINDS.values()]


def _visit(officer: Officer) -> Visit | None:
    return cases.visit_of(officer)


@for_officer("window_officer")
@never_cache
def at_window(request, officer):
    """What the visitor has given, a form for one more, and what waits for their signature."""
    visit = _visit(officer)
    if visit is None:
        return redirect("office:window")
    errors: dict[str, list] = {}
    typed = scopes.nothing_typed(until=(timezone.localdate() + timedelta(days=365)).isoformat())
    if request.method == "POST":
        typed = scopes.typed(request.POST)
        given = {field: request.POST.get(field, "") for field in ("id_kind", "id_no", "name")}
        own = officer.account.person
        try:
            scope = scopes.read(request.POST)
            if "sheet" in request.POST:
                _index, _name, ready = mandates.to_be_signed(visit.person, **given, scope=scope, officer_person=own)
                return _sheet(request, officer, visit, ready, {})
            if "back" not in request.POST:
                mandates.write_down(
                    visit.person,
                    **given,
                    scope=scope,
                    paper_kept=request.POST.get("paper_kept", ""),
                    officer_person=own,
                    actor=doorkeeper.actor_of(request),
                )
        except Invalid as wrong:
            errors = _plain(wrong)
            if set(errors) == {"paper_kept"}:
                _index, _name, ready = mandates.to_be_signed(visit.person, **given, scope=scope, officer_person=own)
                return _sheet(request, officer, visit, ready, errors)
        if not errors and "back" not in request.POST:
            messages.success(request, _("Written down and in force. Both sides are told."))
            return redirect("office:window_mandates")
    doorkeeper.reading(request, visit.person_id, "window", ["mandates"], about=f"visit:{visit.ref}")
    labels = dict(Act.choices)
    context = {
        "officer": officer,
        "visit": visit,
        "rows": [
            {
                "row": row,
                "acts": [str(labels[act]) for act in row.acts],
                "matters": None if row.matters is None else scopes.names_of(row.matters),
            }
            for row in queries.mandates_given(visit.person)
            if row.state == MandateState.GRANTED
        ],
        "to_sign": _to_sign(visit),
        "typed": typed,
        "errors": errors,
        "kinds": KINDS,
        "acts": scopes.acts(),
        "themes": scopes.themes_with_matters(typed),
        "which": [("all", _("In everything")), ("some", _("Only in what I choose"))],
        "today": timezone.localdate().isoformat(),
    }
    return render(request, "office/window/mandates.html", context, status=422 if errors else 200)


def _sheet(request, officer: Officer, visit: Visit, scope: mandates.Scope, errors: dict):
    """The mandate in words, to be printed and signed by hand; what was typed goes along until it is."""
    doorkeeper.reading(request, visit.person_id, "window", ["mandates"], about=f"visit:{visit.ref}")
    labels = dict(Act.choices)
    left = {"csrfmiddlewaretoken", "sheet", "paper_kept"}
    context = {
        "officer": officer,
        "visit": visit,
        "scope": scope,
        "kind": dict(KINDS).get(request.POST["id_kind"], ""),
        "agent": {"name": request.POST["name"], "id_no": request.POST["id_no"]},
        "acts": [str(labels[Act(act)]) for act in scope.acts],
        "matters": None if scope.matters is None else scopes.names_of(scope.matters),
        "along": [(key, value) for key, values in request.POST.lists() if key not in left for value in values],
        "printed_at": timezone.now(),
        "errors": errors,
    }
    return render(request, "office/window/mandate_sheet.html", context, status=422 if errors else 200)


def _to_sign(visit: Visit) -> list[Signer]:
    rows = Signer.objects.filter(id_index=visit.person.id_index, state="asked", case__state__in=EDITABLE)
    found = rows.select_related("case", "case__version", "case__applicant", "case__department", "case__matter")
    return [row for row in found.order_by("-id")[:20] if signing.is_named(visit.person, row)]


@require_POST
@for_officer("window_officer")
def revoke_at_window(request, officer, ref):
    """The visitor takes back what they gave."""
    visit = _visit(officer)
    row = Mandate.objects.filter(ref=ref, principal=visit.person_id).first() if visit else None
    if row is None:
        raise Http404
    mandates.revoke_at_window(row, actor=doorkeeper.actor_of(request))
    messages.success(request, _("Taken back, from this moment on."))
    return redirect("office:window_mandates")


@for_officer("window_officer")
@never_cache
def sign_on_paper(request, officer, pk):
    """What the visitor is asked to sign, to read and to print; then that they signed it by hand, and where the paper lies."""
    visit = _visit(officer)
    row = next((one for one in _to_sign(visit) if one.pk == pk), None) if visit else None
    if row is None or visit is None:
        raise Http404
    errors: dict[str, list] = {}
    problem = None
    if request.method == "POST":
        try:
            cosigning.sign_on_paper(
                row, visit=visit, kept=request.POST.get("kept", ""), content=request.POST.get("content", "")
            )
        except Invalid as wrong:
            errors = _plain(wrong)
        except NotAllowed as changed:
            if changed.code != "changed-since-shown":
                raise
            problem = changed
        else:
            messages.success(request, _("Signed. The applicant hears of it."))
            return redirect("office:window_mandates")
    doorkeeper.reading(request, row.case.applicant_id, "cosign", ["form"], about=row.case.subject)
    context = what_is_signed(row) | {
        "officer": officer, "visit": visit, "errors": errors, "problem": problem, "printed_at": timezone.now(),
    }  # fmt: skip
    return render(request, "office/window/sign.html", context, status=409 if problem else 422 if errors else 200)


@for_officer("window_officer", "coordinator")
@never_cache
def bonds(request, officer):
    """Guardianships to check, and deaths to note: each with what was seen."""
    errors: dict[str, list] = {}
    about = request.POST.get("about", "")
    if request.method == "POST":
        try:
            done = _note_death(request, officer) if about == "death" else _decide(request, officer, about)
        except Invalid as wrong:
            errors = _plain(wrong)
        else:
            messages.success(request, done)
            return redirect("office:bonds")
    rows = queries.claims_waiting()
    for row in rows:
        doorkeeper.reading(request, row.person_id, "identity check", ["name"], about=f"bond:{row.ref}")
    context = {
        "officer": officer, "rows": rows, "errors": errors, "about": about, "kinds": IdKind.choices,
        "typed": {name: request.POST.get(name, "") for name in ("reason", "until", "id_kind", "id_no", "died_on")},
        "today": timezone.localdate().isoformat(),
    }  # fmt: skip
    return render(request, "office/bonds.html", context, status=422 if errors else 200)


def _decide(request, officer, ref: str) -> str:
    row = next((one for one in queries.claims_waiting(500) if one.ref == ref), None)
    if row is None:
        raise Http404
    confirmed = request.POST.get("confirmed") == "true"
    families.decide(
        row,
        confirmed=confirmed,
        actor=doorkeeper.actor_of(request),
        officer_person=officer.account.person,
        reason=request.POST.get("reason", ""),
        until=_day(request.POST.get("until", "")),
    )
    return _("Confirmed: the guardian may act from now on.") if confirmed else _("Not confirmed. Both are told.")


def _note_death(request, officer) -> str:
    person = queries.person_by_number(request.POST.get("id_kind", ""), request.POST.get("id_no", ""))
    day = _day(request.POST.get("died_on", ""))
    wrong: dict[str, list] = {}
    if person is None:
        wrong["id_no"] = [_("Nobody with this number is known here.")]
    if day is None:
        wrong["died_on"] = [_("Please enter the day as it stands in the death certificate.")]
    if request.POST.get("seen") != "true":
        wrong["seen"] = [_("Look at the death certificate, then tick this.")]
    if wrong or person is None or day is None:
        raise Invalid("death-incomplete", errors=wrong)
    doorkeeper.reading(request, person.pk, "identity check", ["name"], about=f"death:{person.pk}")
    families.note_death(person, on=day, actor=doorkeeper.actor_of(request), officer_person=officer.account.person)
    return _("Noted. Nobody acts for this person any more, and open applications go to people.")


def _plain(wrong: Invalid) -> dict[str, list]:
    return {field: [str(reason) for reason in reasons] for field, reasons in wrong.errors.items()}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
