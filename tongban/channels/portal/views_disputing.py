"""“This is wrong”: saying so beside a prefilled value, following what becomes of it, and what is shared with whom for what."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tongban.cases import origins, services
from tongban.cases.states import EDITABLE
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party
from tongban.channels.portal.own import own_case
from tongban.channels.portal.register_words import column
from tongban.departments import queries as departments
from tongban.lib.bilingual import say
from tongban.lib.formschema import Form
from tongban.lib.problems import Invalid
from tongban.materials import services as documents
from tongban.matters.models import MatterVersion
from tongban.places import queries as places
from tongban.registers import disputing
from tongban.registers import queries as registers
from tongban.registers.states import WAITING

A_PAGE = 30
PURPOSES = {
    "prefill": gettext_lazy("to fill in a form for you"),
    "materials": gettext_lazy("so that you need not bring a paper"),
    "decision": gettext_lazy("to decide by rule"),
}


@for_party
@never_cache
def dispute_begin(request, party, ref, field):
    """What the register says, what is right, why; and whether to go on with one's own words."""
    case = own_case(request, ref)
    asked = _alone(case, field)
    origin = origins.origin_of(case, field)
    if asked is None or origin is None or origin.kind != "register":
        raise Http404
    one = asked[field]
    held = case.values[field]
    was = held.get("given", held["value"])
    errors: dict[str, list] = {}
    if request.method == "POST":
        try:
            row = _open(request, case, asked, field)
            if request.POST.get("go_on") and case.state in EDITABLE:
                messages.success(
                    request, _("It is sent to the office that keeps the register. You can go on with what you wrote.")
                )
                return redirect(f"{reverse('portal:apply_form', args=[case.ref])}?field={one.id}#id_{one.html_name}")
            return redirect("portal:dispute", ref=row.ref)
        except Invalid as wrong:
            errors = wrong.errors
    doorkeeper.reading(request, origins.concerned(case, origin), "own application", [field], about=case.subject)
    resource = origins.resource_of(origin)
    context = {
        "case": case,
        "form": asked,
        "field": one,
        "was": one.display(was, masked=False),
        "resource": resource,
        "keeper": _department(origin.provider or (resource.provider if resource else "")),
        "values": asked.validate(request.POST, partial=True).draft if request.method == "POST" else {},
        "typed": {"why": request.POST.get("why", ""), "go_on": request.POST.get("go_on", "")},
        "errors": errors,
        "labels": {field: say(one.label), "why": _("Why"), "paper": _("A paper that shows it")},
        "may_go_on": case.state in EDITABLE and origins.own_statement_allowed(case, field),
        "divisions": [(place.code, say(place.name)) for place in places.divisions()],
        "days": disputing.ANSWER_DAYS,
    }
    return render(request, "portal/data/dispute_begin.html", context, status=422 if errors else 200)


def _alone(case, field) -> Form | None:
    """The one question, as if nothing had been filled in."""
    asked = next((one for one in case.version.form if one["id"] == field), None)
    if asked is None or field not in case.values or asked.get("type") == "photo":
        return None
    plain = {"readonly": False, "required": True, "show_if": None, "masked": False, "prefill": "", "section": ""}
    return Form.from_demo([{**asked, **plain, "section_name": ""}])


def _open(request, case, asked, field):
    cleaned = asked.validate(request.POST, known={"division": set(places.divisions().values_list("code", flat=True))})
    if cleaned.errors:
        raise Invalid("dispute", errors=cleaned.errors)
    files = [file for file in request.FILES.getlist("paper") if file]
    paper = None
    if files:
        try:
            paper = documents.keep(files, owner=case.applicant, by=request.user, name=_("Shows what is right")).key
        except Invalid as refused:
            reasons = [reason for several in refused.errors.values() for reason in several] or [refused.sentence]
            raise Invalid("dispute", errors={"paper": reasons}) from refused
    try:
        return services.dispute(
            case,
            field,
            account=request.user,
            says=cleaned.values.get(field),
            why=request.POST.get("why", ""),
            paper=paper,
            go_on=bool(request.POST.get("go_on")),
        )
    except Invalid as wrong:
        errors = {field if name == "says" else name: reasons for name, reasons in wrong.errors.items()}
        raise Invalid("dispute", errors=errors) from wrong


def _department(code: str) -> str:
    found = departments.department(code)
    return found.shown_name if found else code


@for_party
@never_cache
def disputes(request, party):
    """Every value one said was wrong, newest first, and where it stands."""
    rows = registers.disputes_of(party)
    before = request.GET.get("before", "")
    if before.isdecimal():
        rows = rows.filter(pk__lt=int(before[:18]))
    page = list(rows[: A_PAGE + 1])
    context = {
        "party": party,
        "rows": [_line(row) for row in page[:A_PAGE]],
        "older": page[A_PAGE - 1].pk if len(page) > A_PAGE else None,
    }
    doorkeeper.reading(request, party, "own data", ["disputes"])
    return render(request, "portal/data/disputes.html", context)


def _line(row) -> dict:
    return {
        "row": row,
        "label": say(row.label) or row.field,
        "keeper": _department(row.provider),
        "running": row.state in WAITING,
        "was": _shown(row.was),
        "says": _shown(row.says),
    }


def _shown(value) -> str:
    if isinstance(value, list | tuple):
        return _(", ").join(_shown(one) for one in value)
    if isinstance(value, dict):
        return _(", ").join(_shown(one) for one in value.values() if one not in (None, ""))
    return "–" if value in (None, "") else str(value)


@for_party
@never_cache
def dispute(request, party, ref):
    """One dispute: what stood there, what one says is right, what was answered and how to go on from there."""
    row = _own_dispute(request, ref)
    doorkeeper.reading(request, row.of_party_id, "own data", [f"{row.resource.slug}.{row.field}"], about=row.subject)
    return render(request, "portal/data/dispute.html", {"party": request.party, **_line(row)})


@for_party
@require_POST
def dispute_withdraw(request, party, ref):
    """Take it back."""
    row = _own_dispute(request, ref)
    disputing.withdraw(row, account=request.user)
    return redirect("portal:dispute", ref=row.ref)


def _own_dispute(request, ref):
    for one in doorkeeper.spaces(request):
        row = registers.disputes_of(one).filter(ref=ref).first()
        if row is not None:
            request.party = one
            return row
    raise Http404


# -- what government asks whom for what


@for_anyone
def sharing(request):
    """Every register, or every matter: which fields are read for what, on which ground."""
    wanted = request.GET.get("matter", "")[:100]
    rows = registers.grants_of(wanted) if wanted else registers.grants()
    versions = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED).only(
        "name", "matter__slug", "matter__department__name"
    )
    names = {one.matter.slug: one for one in versions.select_related("matter", "matter__department")}
    by_register: dict[str, dict] = {}
    for grant in rows:
        version = names.get(grant.matter)
        if version is None:  # a matter that nobody can apply for reads nothing
            continue
        register = by_register.setdefault(
            grant.resource.slug,
            {"resource": grant.resource, "keeper": "", "lines": [], "share": grant.resource.get_share_display()},
        )
        register["lines"].append(
            {
                "grant": grant,
                "matter": say(version.name),
                "slug": grant.matter,
                "department": say(version.matter.department.name),
                "purpose": PURPOSES.get(grant.purpose, grant.purpose),
                "fields": [column(name) for name in grant.fields],
                "ground": say(grant.ground) if grant.ground else "",
            }
        )
    bodies = {one.code: one.shown_name for one in departments.departments()}
    for register in by_register.values():
        register["keeper"] = bodies.get(register["resource"].provider, register["resource"].provider)
    context = {
        "registers": list(by_register.values()),
        "matter": say(names[wanted].name) if wanted in names else "",
        "wanted": wanted,
    }
    return render(request, "portal/data/sharing.html", context)
