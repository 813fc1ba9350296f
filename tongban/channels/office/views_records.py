"""Keeping and archive: what is due, lists for two people, their records, and holds on single cases."""

from datetime import date

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases.models import Case
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages.live import stand_before
from tongban.departments.models import Department
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.matters import retention
from tongban.matters.models import MatterVersion
from tongban.records import queries, rules, services
from tongban.records.models import Destruction, Hold


def _key(text: str) -> int | None:
    return int(text[:18]) if text.isascii() and text.isdigit() else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@require_GET
@for_officer(*rules.READS)
def records(request, officer):
    """What is due now and next month, and the lists."""
    return _overview(request, officer)


def _overview(request, officer, problem: Problem | None = None):
    today = timezone.localdate()
    next_month = retention.months_later(today, 1)
    stand_before(request, "records")
    rows = queries.lists_for(officer, _key(request.GET.get("before", "")))
    now = [one for one in queries.departments_with_due(today) if rules.may_see(officer, one[0].code)]
    found = queries.departments_with_due(next_month, since=today)
    coming = [one for one in found if rules.may_see(officer, one[0].code)]
    context = {
        "officer": officer,
        "now": now,
        "coming": coming,
        "today": today,
        "next_month": next_month,
        "lists": rows[: queries.SHOWN],
        "older": rows[queries.SHOWN - 1].pk if len(rows) > queries.SHOWN else None,
        "may_propose": bool(set(rules.PROPOSES) & set(officer.roles)),
        "problem": problem,
    }
    return render(request, "office/records.html", context, status=problem.status if problem else 200)


def _department(officer, code: str) -> Department:
    row = get_object_or_404(Department, code=code)
    if not rules.may_see(officer, row.code):
        raise Http404
    return row


@require_GET
@for_officer(*rules.READS)
def due(request, officer, code):
    """Whose time is over in one department: by index, page by page."""
    department = _department(officer, code)
    by, since = _day(request.GET.get("by", "")) or timezone.localdate(), _day(request.GET.get("from", ""))
    day, _dot, pk = request.GET.get("after", "").partition(".")
    key = _key(pk)
    after = (found, key) if (found := _day(day)) and key is not None else None
    rows = queries.due(department.code, by, after, since)
    shown = rows[: queries.SHOWN]
    context = {
        "officer": officer,
        "department": department,
        "may_hold": bool(set(rules.HOLDS) & set(officer.roles)),
        "by": by,
        "since": since,
        "rows": [{"row": one, "rule": retention.of_stored(one.rule)} for one in shown],
        "following": f"{shown[-1].until}.{shown[-1].pk}" if len(rows) > queries.SHOWN else "",
    }
    return render(request, "office/records_due.html", context)


@require_POST
@for_officer(*rules.PROPOSES)
def propose(request, officer, code):
    try:
        row = services.propose(_department(officer, code), officer=officer)
    except NotAllowed as problem:
        return _overview(request, officer, problem)
    return redirect("office:records_list", ref=row.ref)


def _list(officer, ref: str) -> Destruction:
    row = get_object_or_404(Destruction.objects.select_related("department", "proposed_by", "decided_by"), ref=ref)
    if not rules.may_see(officer, row.department.code):
        raise Http404
    return row


@require_GET
@for_officer(*rules.READS)
def one_list(request, officer, ref):
    """A list before it is confirmed, while it is carried out, and as a record afterwards."""
    return _one(request, officer, _list(officer, ref))


def _one(request, officer, row: Destruction, problem: Problem | None = None):
    cases = queries.listed(row, _key(request.GET.get("after", "")) or 0)
    lines = queries.lines_of(row)
    versions = MatterVersion.objects.filter(matter__slug__in={line.matter for line in lines}).order_by("number")
    names = dict(versions.values_list("matter__slug", "name"))
    errors = problem.errors if isinstance(problem, Invalid) else {}
    context = {
        "officer": officer,
        "row": row,
        "lines": [
            {"line": one, "rule": retention.of_stored(one.rule), "name": names.get(one.matter, {"zh": one.matter})}
            for one in lines
        ],
        "would": queries.would_go(row) if row.state == "proposed" else None,
        "given": queries.handed_over(row) if row.state in ("confirmed", "done") else [],
        "cases": cases[: queries.SHOWN],
        "following": cases[queries.SHOWN - 1].pk if len(cases) > queries.SHOWN else "",
        "own": row.proposed_by_id == officer.pk,
        "may_decide": bool(set(rules.CONFIRMS) & set(officer.roles))
        and rules.may_confirm(officer, row.department.code),
        "problem": None if errors else problem,
        "errors": errors,
        "typed": request.POST.get("why", ""),
    }
    return render(request, "office/records_list.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(*rules.CONFIRMS)
def decide(request, officer, ref):
    """A second person confirms the list, or drops it with a reason."""
    row = _list(officer, ref)
    try:
        if request.POST.get("word") == "yes":
            if request.POST.get("sure") is None:
                raise Invalid("not-sure", errors={"sure": [_("Please look at the list first, then tick this.")]})
            services.confirm(row, officer=officer)
        else:
            services.drop(row, officer=officer, why=request.POST.get("why", ""))
    except Problem as problem:
        return _one(request, officer, _list(officer, ref), problem)
    return redirect("office:records_list", ref=row.ref)


# -- holds


def _case(officer, ref: str) -> Case:
    row = get_object_or_404(Case.objects.select_related("version", "department"), ref=ref, number__isnull=False)
    if not rules.may_see(officer, row.department.code):
        raise Http404
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*rules.HOLDS)
def keeping(request, officer, ref):
    """Until when one case is kept and who holds it; a hold is placed here. Nothing here says whose it is."""
    case = _case(officer, ref)
    if request.method != "POST":
        return _keeping(request, officer, case)
    until = request.POST.get("until", "").strip()
    try:
        if until and _day(until) is None:
            raise Invalid("not-held", errors={"until": [_("Please give the day as year, month and day.")]})
        services.place_hold(
            case, officer=officer, why=request.POST.get("why", ""), words=request.POST.get("words", ""),
            until=_day(until),
        )  # fmt: skip
    except Invalid as problem:
        return _keeping(request, officer, case, problem)
    return redirect("office:keeping", ref=ref)


@require_POST
@for_officer(*rules.HOLDS)
def lift_hold(request, officer, ref, pk):
    case = _case(officer, ref)
    hold = get_object_or_404(Hold.objects.select_related("case__department"), pk=pk, case=case.parent_id or case.pk)
    try:
        services.lift_hold(hold, officer=officer, why=request.POST.get("why_lifted", ""))
    except Invalid as problem:
        return _keeping(request, officer, case, problem, tried=pk)
    return redirect("office:keeping", ref=ref)


def _keeping(request, officer, case, problem: Invalid | None = None, tried: int | None = None):
    context = {
        "officer": officer,
        "case": case,
        "holds": list(queries.holds(queries.family(case)).order_by("-id")),
        "kinds": [("", _("choose")), *Hold.Why.choices],
        "errors": problem.errors if problem else {},
        "typed": {name: request.POST.get(name, "") for name in ("why", "words", "until", "why_lifted")},
        "tried": tried,
    }
    return render(request, "office/keeping.html", context, status=problem.status if problem else 200)
