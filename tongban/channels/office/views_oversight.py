"""For whoever supervises: looks without a case, questions about reads, alerts, and how often a law delays telling."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import queries as cases
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages import reads
from tongban.channels.pages.live import stand_before
from tongban.departments import queries as departments
from tongban.journal import queries as journal
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.oversight import queries, services
from tongban.oversight.law_codes import LAW_CODES, PURPOSES
from tongban.oversight.models import Look, ReadQuestion, Verdict

TABS = {
    "looks": _("Looks without a case"),
    "questions": _("Questions"),
    "alerts": _("Alerts"),
    "delayed": _("Told later"),
}


@require_GET
@for_officer("auditor", "coordinator")
def oversight(request, officer):
    return _page(request, officer, request.GET.get("tab", "looks"))


def _page(request, officer, tab, problem=None, tried=None):
    tab = tab if tab in TABS else "looks"
    stand_before(request, "oversight")
    waiting = queries.waiting()
    everything = request.GET.get("all") == "1"
    before = request.GET.get("before", "")
    key = int(before[:18]) if before.isdecimal() else None
    rows, older = _rows(tab, officer, not everything, key)
    typed = request.POST if tried is not None else {}
    context = {
        "officer": officer,
        "tab": tab,
        "tabs": [
            {"label": words, "href": f"?tab={name}", "current": name == tab, "count": waiting.get(name) or ""}
            for name, words in TABS.items()
        ],
        "rows": rows,
        "older": older,
        "all": everything,
        "verdicts": Verdict.choices,
        "problem": problem,
        "tried": tried,
        "typed": {name: typed.get(name, "") for name in ("opinion", "answer", "verdict")},
        "errors": [str(reason) for reasons in problem.errors.values() for reason in reasons] if problem else [],
    }
    return render(request, "office/oversight.html", context, status=problem.status if problem else 200)


def _rows(tab, officer, open_only, before):
    if tab == "delayed":
        offices = {one.code: one.shown_name for one in departments.departments()}
        counted = [
            {
                "law": LAW_CODES.get(one["law_code"]),
                "code": one["law_code"],
                "department": offices.get(one["department"], one["department"]),
                "number": one["number"],
            }
            for one in queries.delayed()
        ]
        return counted, None
    if tab == "alerts":
        return queries.alerts(open_only=open_only, before=before)
    if tab == "questions":
        found, older = queries.questions(open_only=open_only, before=before)
        entries = journal.entries([row.entry for row in found])
        lines = reads.lines([entries[row.entry] for row in found if row.entry in entries], named=True)
        by_entry = {line["entry"]: line for line in lines}
        return [{"row": row, "read": by_entry.get(row.entry)} for row in found], older
    looks, older = queries.looks(open_only=open_only, before=before)
    numbers = cases.numbers_of([row.about for row in looks])
    return [
        {
            "row": row,
            "purpose": PURPOSES.get(row.purpose, row.purpose),
            "number": numbers.get(row.about, ""),
            "law": say(LAW_CODES[row.law_code].name) if row.law_code in LAW_CODES else "",
            "own": row.officer_id == officer.pk,
        }
        for row in looks
    ], older


@require_POST
@for_officer("auditor", "coordinator")
def judge(request, officer, tab, pk):
    """A look is judged, a question answered, an alert marked as seen."""
    row = queries.one(tab, pk)
    if row is None:
        raise Http404
    try:
        if isinstance(row, Look):
            services.mark_seen(
                row,
                officer=officer,
                verdict=request.POST.get("verdict", ""),
                opinion=request.POST.get("opinion", ""),
            )
        elif isinstance(row, ReadQuestion):
            services.answer_read_question(
                row, officer=officer, verdict=request.POST.get("verdict", ""), answer=request.POST.get("answer", "")
            )
        else:
            services.mark_alert_seen(row, officer=officer)
    except Invalid as problem:
        return _page(request, officer, tab, problem, row.pk)
    return redirect(f"{reverse('office:oversight')}?tab={tab}")
