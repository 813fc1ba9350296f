"""Looking at somebody without a case: a reason first, then at once what was asked for. And a list taken along as a file."""

import csv
import io

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases import queries as cases
from tongban.cases.queries import Wanted
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.spreadsheets import HEADINGS, cells_of, safe_cell, workbook
from tongban.lib.bilingual import say
from tongban.lib.identifiers import mask_id
from tongban.lib.problems import Invalid
from tongban.licences import queries as licences
from tongban.oversight import law_codes, queries, rules, services
from tongban.oversight.models import Allowance
from tongban.parties import queries as parties
from tongban.parties.models import IdKind

ASKED = ("what", "number", "id_kind", "id_no", "purpose", "reason", "law_code", "days")
ROWS_AT_MOST = 5000
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer
def look(request, officer):
    """Find a case by its number or a person by the document, with purpose and reason; the same answer takes the same work."""
    if request.method != "POST":
        return _form(request, officer)
    said = {name: request.POST.get(name, "").strip() for name in ASKED}
    case = person = None
    if said["what"] == "person":
        person = parties.person_by_number(said["id_kind"], said["id_no"]) if said["id_kind"] in IdKind.values else None
        missing = "" if said["id_no"] else "id_no"
    else:
        number = "".join(said["number"].replace("-", " ").split())[:40]
        case = cases.sent_by_number(number)
        missing = "" if number else "number"
    if missing:
        return _form(request, officer, said, {missing: [_("Please fill this in.")]}, 422)
    if _is_oneself(officer, case.applicant_id if case else person.pk if person else None):
        case = person = None
    try:
        row = services.look(
            officer,
            role=request.role,
            party=case.applicant if case else person,
            about=case.subject if case else "",
            purpose=said["purpose"],
            reason=said["reason"],
            law_code=said["law_code"],
            days=int(said["days"]) if said["days"].isdecimal() else None,
        )
    except Invalid as problem:
        return _form(request, officer, said, problem.errors, problem.status)
    if case is not None:
        return redirect("office:case", ref=case.ref)
    if person is not None:
        return redirect("office:person", pk=row.pk)
    return _form(request, officer, said, {}, 404)


def _is_oneself(officer, party: int | None) -> bool:
    person = officer.account.person
    if party is None or person is None:
        return False
    return party in parties.conflicts_of(person)


def _form(request, officer, said=None, errors=None, status=200):
    said = said or {"what": request.GET.get("what", "case"), "number": request.GET.get("number", "")[:40]}
    laws = law_codes.open_to(officer.department.code, officer.roles)
    context = {
        "officer": officer,
        "said": {name: said.get(name, "") for name in ASKED},
        "purposes": [
            (key, words) for key, words in law_codes.PURPOSES.items() if laws or key not in law_codes.NEEDS_LAW
        ],
        "laws": [(law.code, f"{law.code} · {say(law.name)}") for law in laws],
        "kinds": IdKind.choices,
        "errors": errors or {},
        "nothing": status == 404,
    }
    response = render(request, "office/look.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


@require_GET
@for_officer
def person(request, officer, pk):
    """The person this officer gave a reason for: who it is, their cases and licences; each opens under the same reason."""
    row = queries.look_of(officer, pk)
    if row is None or row.party is None or row.about:
        raise Http404
    doorkeeper.looking(request, row)
    doorkeeper.reading(request, row.party, "look", ["name", "id_no", "cases", "licences"], about=f"look:{row.pk}")
    human = getattr(row.party, "person", None)
    context = {
        "officer": officer,
        "given": row,
        "party": row.party,
        "document": (human.get_id_kind_display(), mask_id(human.id_no)) if human else None,
        "rows": list(cases.of(row.party)[:50]),
        "licences": list(licences.of(row.party)[:50]),
    }
    return render(request, "office/person.html", context)


# -- a list taken along


@require_POST
@for_officer
def export(request, officer):
    """The queue as it was narrowed, as CSV or as a spreadsheet; written down with whose data it takes along before the first byte leaves."""
    tabs = cases.tabs_of(officer)
    tab = request.POST.get("tab") if request.POST.get("tab") in {*tabs, cases.ALL} else tabs[0]
    wanted = Wanted.read(request.POST)
    rows, _following = cases.queue_page(officer, tab, wanted=wanted, limit=ROWS_AT_MOST)
    services.note_export(
        officer, request.role, [row.applicant_id for row in rows], fields=["name", "case_line"], rows=len(rows)
    )
    kind = "xlsx" if request.POST.get("as") == "xlsx" else "csv"
    response = HttpResponse(workbook(rows) if kind == "xlsx" else _as_csv(rows), content_type=KINDS[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{tab}-{timezone.localdate():%Y%m%d}.{kind}"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _as_csv(rows) -> bytes:
    text = io.StringIO()
    sheet = csv.writer(text)
    sheet.writerow([say(heading) for heading, _width in HEADINGS])
    for row in rows:
        sheet.writerow([safe_cell(cell) for cell in cells_of(row)])
    return ("\ufeff" + text.getvalue()).encode()


# -- a second person


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer
def second_person(request, officer):
    """Ask for more than one person alone may; and for those who may allow it, what others ask."""
    if request.method != "POST":
        return _second(request, officer)
    number = request.POST.get("number", "").strip()
    try:
        services.ask_second_person(
            officer,
            kind=request.POST.get("kind", ""),
            number=int(number) if number.isdecimal() and len(number) < 9 else None,
            reason=request.POST.get("reason", ""),
        )
    except Invalid as problem:
        return _second(request, officer, problem)
    return redirect("office:second_person")


def _second(request, officer, problem=None, tried=None):
    said = request.POST if request.method == "POST" and tried is None else {}
    asked, _rest = queries.allowances()
    context = {
        "officer": officer,
        "own": queries.allowances_of(officer),
        "others": [
            row
            for row in asked
            if row.officer_id != officer.pk
            and rules.may_be_second_person(
                officer.roles, officer.department.code, for_department=row.officer.department.code
            )
        ],
        "may": bool(rules.SECOND_PERSON & set(officer.roles)),
        "kinds": Allowance.Kind.choices,
        "said": {name: said.get(name, request.GET.get(name, "")) for name in ("kind", "number", "reason")},
        "errors": problem.errors if problem is not None and tried is None else {},
        "problem": problem if tried is not None else None,
        "tried": tried,
        "hours": [(str(hours), str(hours)) for hours in (1, 2, 4, rules.ALLOWED_AT_MOST)],
        "people_limit": rules.PEOPLE_AN_HOUR,
        "rows_limit": rules.ROWS_ALONE,
    }
    return render(request, "office/second_person.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer("supervisor", "coordinator", "dept_approver")
def allow(request, officer, pk):
    """The second person's word."""
    row = queries.allowance(pk)
    if row is None or request.POST.get("word") not in {"yes", "no"}:
        raise Http404
    number, hours = request.POST.get("number", ""), request.POST.get("hours", "")
    try:
        services.decide_as_second_person(
            row,
            officer=officer,
            grant=request.POST["word"] == "yes",
            number=int(number) if number.isdecimal() and len(number) < 9 else None,
            hours=int(hours) if hours.isdecimal() and len(hours) < 3 else 1,
        )
    except Invalid as problem:
        return _second(request, officer, problem, row.pk)
    return redirect("office:second_person")
