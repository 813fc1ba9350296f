"""Beside the applicant: the page they see next to the officer's list, what they say on the telephone, the paper they send by post."""

import re
from datetime import date

from csp.decorators import csp_replace
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods

from tongban.cases import queries as cases
from tongban.cases import rules, services
from tongban.cases.models import Case, PhoneNote
from tongban.cases.states import EDITABLE, WITH_APPLICANT, CaseState
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.views_case import seen
from tongban.channels.pages import case_page, correction_page, errand, preparing, whereabouts
from tongban.lib.problems import Invalid, NotAllowed
from tongban.materials import services as documents

THEIRS = "office/beside/theirs.html"
LINK, CONTROL = (
    re.compile(r'(<a\b[^>]*?)\shref="[^"]*"'),
    re.compile(r"<(button|input|select|textarea)\b(?![^>]*\bdisabled\b)"),
)


@require_GET
@never_cache
@for_officer
def beside(request, officer, ref):
    """The applicant's page on one side, the officer's list on the other: both speak of the same thing."""
    row = seen(request, officer, ref)
    doorkeeper.reading(request, row.applicant_id, "beside you", ["form", "materials"], about=row.subject)
    place = whereabouts.of(row)
    context = {
        "officer": officer,
        "case": row,
        "findings": cases.open_findings(row),
        "place": {"label": dict(preparing.STEPS).get(place.step, ""), "at": place.at} if place else None,
        "editable": row.state in EDITABLE,
        "with_them": row.state in WITH_APPLICANT,
        "page": "" if _at_their_form(request, row) else "case",
        "language": row.account.language if row.account else "zh-hans",
        **preparing.standing(row, covered=True),
    }
    return render(request, "office/beside/beside.html", context)


@require_GET
@never_cache
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": ["'self'"]})
@for_officer
def theirs(request, officer, ref):
    """The same page that the applicant has, in their language, to look at: no link leads on and no button does anything."""
    row = seen(request, officer, ref)
    doorkeeper.reading(request, row.applicant_id, "beside you", ["form"], about=row.subject)
    with translation.override(row.account.language if row.account else "zh-hans"):
        if _at_their_form(request, row):
            template, said = correction_page.TEMPLATE, correction_page.context(row, base=THEIRS)
        else:
            template, said = case_page.TEMPLATE, case_page.context(row, row.applicant, base=THEIRS)
        response = render(request, template, {**said, "officer": officer})
    still = LINK.sub(r"\1", response.content.decode())
    response.content = CONTROL.sub(r"<\1 disabled", still).encode()
    return response


def _at_their_form(request, row: Case) -> bool:
    """Given back for correction they have the form before them, unless the officer wants to see the page of the case."""
    return row.state in WITH_APPLICANT and request.GET.get("page") != "case"


# -- the telephone


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer
def call(request, officer, ref):
    """Write down what was said on the telephone; the applicant reads it too."""
    row = seen(request, officer, ref)
    problem = None
    if request.method == "POST":
        try:
            services.note_call(
                row, officer=officer,
                **{name: request.POST.get(name, "") for name in ("caller", "name", "text", "next_step")},
            )  # fmt: skip
            return redirect(f"{reverse('office:case', args=[ref])}#calls")
        except (Invalid, NotAllowed) as refused:
            problem = refused
    doorkeeper.reading(request, row.applicant_id, "handling", ["case"], about=row.subject)
    context = {
        "officer": officer,
        "case": row,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "typed": {name: request.POST.get(name, "") for name in ("caller", "name", "text", "next_step")},
        "callers": PhoneNote.Caller.choices,
        "labels": {"caller": _("Who called"), "text": _("What was said"), "next_step": _("What follows")},
    }
    return render(request, "office/beside/call.html", context, status=problem.status if problem else 200)


# -- the post


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer("window_officer")
def paper(request, officer, ref):
    """Paper that came by post for this case: answers to a correction notice are typed in here, anything else is laid into the case."""
    row = seen(request, officer, ref)
    problem = None
    if request.method == "POST":
        try:
            _registered(request, officer, row)
            return redirect(f"{reverse('office:case', args=[ref])}#calls")
        except (Invalid, NotAllowed) as refused:
            problem = refused
            row = seen(request, officer, ref)
    doorkeeper.reading(request, row.applicant_id, "post", ["form", "materials"], about=row.subject)
    asked = rules.form_of(row)
    findings = cases.open_findings(row) if row.state == CaseState.CORRECTION_REQUESTED else []
    marked = [one.field for one in findings if one.field and one.field in asked]
    context = {
        "officer": officer,
        "case": row,
        "correcting": row.state == CaseState.CORRECTION_REQUESTED,
        "findings": findings,
        "fields": _Only(asked, marked),
        "values": rules.plain_values(row.values),
        "papers": [one for one in findings if one.material],
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "field_errors": {
            name: reasons for name, reasons in (problem.errors if isinstance(problem, Invalid) else {}).items()
            if name.split("-")[0] in marked
        },
        "typed": {name: request.POST.get(name, "") for name in ("received_on", "kept_at", "note")},
        "today": timezone.localdate().isoformat(),
        "divisions": errand.divisions(),
        "labels": {
            "received_on": _("Arrived on"), "kept_at": _("Where the original lies"),
            **errand.labels_of(asked, problem.errors if isinstance(problem, Invalid) else {}),
        },
    }  # fmt: skip
    return render(request, "office/beside/post.html", context, status=problem.status if problem else 200)


class _Only:
    """The questions a notice asks about, and no others."""

    def __init__(self, asked, names):
        self.asked, self.names, self.form = asked, set(names), getattr(asked, "form", asked)

    def __iter__(self):
        return iter(one for one in self.asked if one.id in self.names)

    def visible(self, values):
        return [one for one in self.asked.visible(values) if one.id in self.names]


def _registered(request, officer, row: Case) -> None:
    received_on = _day(request.POST.get("received_on", ""))
    kept_at, note = request.POST.get("kept_at", ""), request.POST.get("note", "")
    if row.state != CaseState.CORRECTION_REQUESTED:
        document = None
        if files := request.FILES.getlist("file"):
            document = documents.keep(files, owner=row.applicant, by=request.user, name=_("By post"))
        services.register_paper(
            row, officer=officer, received_on=received_on, kept_at=kept_at, note=note, document=document
        )
        return
    services.may_register(row, officer=officer, received_on=received_on, kept_at=kept_at)
    findings = cases.open_findings(row)
    asked = rules.form_of(row)
    others = [one.id for one in asked if one.id not in {finding.field for finding in findings}]
    _cleaned, answers = errand.answers_typed(request, row, asked, leave=others)
    if answers:
        services.save(row, answers, revision=row.revision, account=request.user, step="form")
    for finding in findings:
        files = request.FILES.getlist(f"file-{finding.material}") if finding.material else []
        material = row.materials.select_related("type", "document").filter(type__slug=finding.material).first()
        if files and material is not None:
            errand.add_pages(row, material, files, request.user, seen_by=officer)
        if request.POST.get(f"answered-{finding.pk}") == "1":
            services.answer_finding(row, finding.pk, account=request.user)
    services.correct_by_post(row, officer=officer, received_on=received_on, kept_at=kept_at, note=note)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
