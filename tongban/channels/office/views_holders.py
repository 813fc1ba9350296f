"""What holders let this office do: open a licence on their authority, and answer what they say is wrong on one."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.sight import seen
from tongban.departments.models import Officer
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.licences import authorising, correcting, reporting
from tongban.licences.face_labels import label
from tongban.licences.models import FaceReport, LicenceAuthority

OPENS = ("window_officer", "pre_reviewer", "dept_reviewer", "dept_approver", "inspector", "issuing_officer")
ANSWERS = ("dept_reviewer", "dept_approver")
A_PAGE = 30
SHOWN = 50


# -- on the holder's authority


@require_GET
@never_cache
@for_officer(*OPENS)
def let_in(request, officer):
    """By the code a holder gave, or everything that belongs to the applicant of one case. Nobody's name stands here by itself."""
    code = request.GET.get("code", "").strip()[:20]
    ref = request.GET.get("case", "").strip()[:40]
    today = timezone.localdate()
    rows: list[LicenceAuthority] = []
    case = None
    if code:
        rows = [one for one in [authorising.by_code(officer, code, today)] if one is not None]
    elif ref:
        case = seen(request, officer, ref)
        rows = list(authorising.of_holders(officer, [case.applicant_id], today)[:SHOWN])
    context = {
        "officer": officer,
        "code": code,
        "case": case,
        "rows": rows,
        "asked": bool(code or ref),
    }
    return render(request, "office/let_in.html", context, status=404 if code and not rows else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer(*OPENS)
def open_let_in(request, officer, pk):
    """The press that opens it: written down first, for the holder to see; then shown, once."""
    row = authorising.for_office(officer, timezone.localdate()).filter(pk=pk).first()
    if row is None:
        raise Http404
    if request.method != "POST":
        return redirect("office:let_in")
    ref = request.POST.get("case", "").strip()[:40]
    case = seen(request, officer, ref) if ref else None
    if case is not None and case.applicant_id != row.licence.holder_id:
        raise Http404
    if case is None and authorising.by_code(officer, request.POST.get("code", ""), timezone.localdate()) != row:
        raise NotAllowed(
            "no-authority",
            _("This licence opens by the code the holder gave you, or from a case of the holder."),
            kept=_("Nothing was opened."),
            status=403,
        )
    about = case.subject if case is not None else f"licence:{row.licence_id}"
    doorkeeper.reading(request, row.licence.holder_id, "licence:authority", row.fields, about=about)
    opened = authorising.open_at_office(row, officer=officer, for_case=(case.number or "") if case is not None else "")
    return render(request, "office/let_in_opened.html", {"officer": officer, "opened": opened, "case": case})


# -- “this is wrong”


@require_GET
@for_officer(*ANSWERS)
def reports(request, officer):
    """What holders of this department's licences say is wrong, the first due first."""
    over = request.GET.get("tab") == "over"
    after = request.GET.get("after", "")
    rows = reporting.answered_by(officer) if over else reporting.waiting_for(officer)
    if over and after.isdecimal():
        rows = rows.filter(pk__lt=int(after[:18]))
    found = list(rows.only(*_LISTED)[: A_PAGE + 1])
    context = {
        "officer": officer,
        "rows": [{"row": row, "label": _label(row), "late": row.due < timezone.localdate()} for row in found[:A_PAGE]],
        "over": over,
        "after": found[A_PAGE - 1].pk if over and len(found) > A_PAGE else None,
        "tabs": [
            {"label": _("To be answered"), "href": "?", "current": not over},
            {"label": _("Answered"), "href": "?tab=over", "current": over},
        ],
    }
    return render(request, "office/face_reports.html", context)


_LISTED = ("ref", "field", "state", "at", "due", "licence__identifier", "licence__type__slug", "licence__type__name", "licence__issuer", "licence__holder", "officer", "edition")  # fmt: skip


def _label(row: FaceReport) -> str:
    return say(label(row.licence.type.slug, row.field).text)


@require_GET
@never_cache
@for_officer(*ANSWERS)
def report(request, officer, ref):
    """What stands there, what the holder says, and the answer."""
    return _page(request, officer, _found(officer, ref))


def _found(officer: Officer, ref: str) -> FaceReport:
    row = reporting.by_ref(officer, ref)
    if row is None:
        raise Http404
    return row


def _page(request, officer: Officer, row: FaceReport, problem: Problem | None = None):
    doorkeeper.reading(request, row.licence.holder_id, "licence", [row.field], about=f"licence:{row.licence_id}")
    value = row.licence.face.get(row.field)
    typed = request.POST if problem else {}
    context = {
        "officer": officer,
        "row": row,
        "label": _label(row),
        "late": row.state == "open" and row.due < timezone.localdate(),
        "approves": "dept_approver" in officer.roles,
        "correctable": row.field in correcting.correctable(row.licence),
        "two_languages": isinstance(value, dict),
        "typed": {
            "answer": typed.get("answer", ""),
            "zh": typed.get("zh", row.says),
            "en": typed.get("en", value.get("en", "") if isinstance(value, dict) else ""),
        },
        "there": reporting.corrected_edition(row) if row.state == "open" else None,
        "problem": problem,
        "errors": {"answer": getattr(problem, "errors", {}).get("answer", []) if problem else []},
    }
    return render(request, "office/face_report.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(*ANSWERS)
def answer_report(request, officer, ref, move):
    """Correct it at once, say that it was put right, or say why it stays as it is."""
    row = _found(officer, ref)
    words = request.POST.get("answer", "")
    try:
        if move == "correct":
            zh, en = request.POST.get("zh", "").strip(), request.POST.get("en", "").strip()
            value = {"zh": zh, "en": en or zh} if isinstance(row.licence.face.get(row.field), dict) else zh
            reporting.correct(row, officer=officer, value=value, answer=words)
        elif move == "put-right":
            reporting.put_right(row, officer=officer, answer=words)
        elif move == "keep":
            reporting.keep(row, officer=officer, answer=words)
        else:
            raise Http404
    except (Invalid, NotAllowed) as problem:
        return _page(request, officer, _found(officer, ref), problem)
    return redirect("office:face_report", ref=ref)
