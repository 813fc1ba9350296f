"""Money at the office: bills and what may be done with them, the registry of payments, second persons, the daily comparison."""

import csv
import io
from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import receipt_sheet
from tongban.cases import services as case_services
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.sight import seen
from tongban.channels.office.spreadsheets import safe_cell
from tongban.channels.office.views_case import refused
from tongban.lib import money
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.payments import queries, services
from tongban.payments.gateways import gateway as switched_on
from tongban.payments.gateways import gateways
from tongban.payments.models import Payment, Reduction, Refund, Statement, StatementLine
from tongban.payments.states import BOOKKEEPERS, CASHIERS, READERS, BillState, PaymentState

TOUCHING = ("coordinator", "dept_approver", "issuing_officer", "supervisor", "window_officer")
KEEPING = ("auditor", "coordinator", "issuing_officer", "supervisor")  # the accounts of the whole district
A_PAGE = 50
REFUND_SAID = {
    "approve": gettext_lazy(
        "Agreed. Paid online it goes back the way it came, paid at a window it is handed back there. The payer is told."
    ),
    "reject": gettext_lazy("Not refunded. The payer reads your reason."),
    "again": gettext_lazy("The refund is sent once more."),
    "hand-back": gettext_lazy("Handed back; the receipt is with the bill."),
}
REDUCTION_SAID = {
    "grant": gettext_lazy("Granted: the bill is smaller, or waived, and the payer is told."),
    "reject": gettext_lazy("Not granted. The bill stays as it was."),
}
PROPOSED = [one for one in Refund.Why.choices if one[0] != Refund.Why.SURPLUS]


@require_GET
@never_cache
@for_officer(*READERS)
def registry(request, officer):
    """Payments, the newest first; found by number of the bill, the case, or the reference. No names stand in the list."""
    asked = {name: request.GET.get(name, "").strip()[:40] for name in ("state", "gateway", "find")}
    before = request.GET.get("before", "")
    found = _day(request.GET.get("day", ""))
    rows, following = queries.registry(
        officer, state=asked["state"] if asked["state"] in PaymentState.values else "", gateway=asked["gateway"],
        day=found, find=asked["find"], before=int(before) if before.isdecimal() and len(before) < 18 else None, limit=A_PAGE,
    )  # fmt: skip
    context = {
        "officer": officer,
        "rows": rows,
        "next": following,
        "asked": {**asked, "day": found.isoformat() if found else ""},
        "states": PaymentState.choices,
        "ways": [("window", _("window")), *[(one.name, say(one.title)) for one in gateways()]],
        "bills": queries.found_bills(officer, asked["find"]) if asked["find"] and not before else [],
        "doubtful": queries.doubtful_payments(officer),
        "tabs": _tabs(officer, "payments"),
        "strange": queries.strange_notices() if set(officer.roles) & set(KEEPING) else [],
    }
    return render(request, "office/money/payments.html", context)


@require_GET
@never_cache
@for_officer(*READERS)
def payment(request, officer, ref):
    """One payment: its bills, what the gateway said and when, what went back."""
    row = get_object_or_404(queries.payments_seen_by(officer), ref=ref)
    doorkeeper.reading(request, row.payer_id, "accounts", ["payment"], about=row.subject)
    shares = queries.shares_of(row, officer)
    context = {
        "officer": officer,
        "payment": row,
        "shares": shares,
        "notices": list(queries.notices_of(row)[:50]),
        "tabs": _tabs(officer, "payments"),
    }
    return render(request, "office/money/payment.html", context)


@require_GET
@never_cache
@for_officer(*READERS)
def bill(request, officer, number):
    """One bill, and what this officer may do with it."""
    return _bill_page(request, officer, _seen(officer, number))


def _seen(officer, number):
    return get_object_or_404(queries.seen_by(officer), number=number)


def _bill_page(request, officer, row, problem: Problem | None = None, act: str = ""):
    doorkeeper.reading(request, row.payer_id, "accounts", ["name", "bill"], about=row.about)
    roles = set(officer.roles)
    share = row.shares.filter(running=True).select_related("payment").first()
    context = {
        "officer": officer,
        "bill": row,
        "lines": list(row.lines.all()),
        "reductions": list(row.reductions.select_related("proposed_by", "decided_by")),
        "running": share.payment if share else None,
        "payments": list(Payment.objects.filter(shares__bill=row).order_by("-pk")),
        "receipts": list(row.receipts.all()),
        "refunds": list(queries.refunds_of(row)),
        "open": row.state == BillState.OPEN,
        "may_take": bool(roles & set(CASHIERS)),
        "may_keep": bool(roles & set(BOOKKEEPERS)),
        "refundable": queries.can_be_refunded(row),
        "whys": PROPOSED,
        "methods": [one for one in Payment.Method.choices if one[0] != Payment.Method.ONLINE],
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "act": act,
        "typed": request.POST if problem else {},
        "done": request.GET.get("done", "") if request.method == "GET" else "",
        "tabs": _tabs(officer, ""),
    }
    return render(request, "office/money/bill.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(*TOUCHING)
def bill_act(request, officer, number, move):
    """Take the money, propose a reduction, or propose that money goes back."""
    row = _seen(officer, number)
    try:
        if move == "take":
            counted = request.POST.get("counted", "")
            services.take_at_window(
                [row], officer=officer, method=request.POST.get("method", ""),
                counted=int(counted) if counted.isdecimal() and len(counted) < 18 else None,
            )  # fmt: skip
        elif move == "reduce":
            amount = row.total if request.POST.get("all") == "1" else money.typed(request.POST.get("amount", ""))
            services.propose_reduction(
                row, officer=officer, amount=amount, reason=request.POST.get("reason", ""),
                ground=request.POST.get("ground", ""),
            )  # fmt: skip
        elif move == "refund":
            services.propose(
                row, officer=officer, amount=money.typed(request.POST.get("amount", "")),
                why=request.POST.get("why", ""), reason=request.POST.get("reason", ""),
            )  # fmt: skip
        else:
            raise Http404
    except (Invalid, NotAllowed) as problem:
        if problem.status == 403:
            raise
        return _bill_page(request, officer, _seen(officer, number), problem, move)
    return redirect(f"{reverse('office:bill', args=[number])}?done={move}")


@require_POST
@for_officer("issuing_officer")
def set_fee(request, officer, ref):
    """Where the matter alone cannot say how much: an officer does, and the bill is made."""
    row = seen(request, officer, ref)
    amount, ground = request.POST.get("amount", ""), request.POST.get("ground", "")
    try:
        made = case_services.set_fee(row, officer=officer, amount=amount, ground=ground)
    except (Invalid, NotAllowed) as problem:
        return refused(request, officer, ref, problem)
    return redirect("office:bill", number=made.number)


@require_GET
@never_cache
@for_officer(*READERS)
def second(request, officer):
    """What waits for a second person, bounced, or is to be handed back at a window."""
    return _second_page(request, officer)


def _second_page(request, officer, problem: Problem | None = None):
    context = {
        "officer": officer,
        "refunds": queries.waiting_refunds(officer),
        "reductions": queries.waiting_reductions(officer),
        "may_keep": bool(set(officer.roles) & set(BOOKKEEPERS)),
        "may_take": bool(set(officer.roles) & set(CASHIERS)),
        "problem": problem,
        "tabs": _tabs(officer, "second"),
    }
    return render(request, "office/money/second.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(*TOUCHING)
def refund_act(request, officer, pk, move):
    row = next((one for one in queries.waiting_refunds(officer) if one.pk == pk), None)
    if row is None:
        raise Http404
    acts = {
        "approve": lambda: services.approve(row, officer=officer),
        "reject": lambda: services.reject(row, officer=officer, answer=request.POST.get("answer", "")),
        "again": lambda: services.send_again(row, officer=officer),
        "hand-back": lambda: services.hand_back(row, officer=officer),
    }
    return _judged(request, officer, acts.get(move), REFUND_SAID.get(move, ""))


@require_POST
@for_officer(*TOUCHING)
def reduction_act(request, officer, pk, move):
    row = get_object_or_404(Reduction, pk=pk, bill__in=queries.seen_by(officer).values("pk"))
    acts = {
        "grant": lambda: services.grant_reduction(row, officer=officer),
        "reject": lambda: services.reject_reduction(row, officer=officer),
    }
    return _judged(request, officer, acts.get(move), REDUCTION_SAID.get(move, ""))


def _judged(request, officer, act, said):
    if act is None:
        raise Http404
    try:
        act()
    except (Invalid, NotAllowed) as problem:
        if problem.status == 403:
            raise
        return _second_page(request, officer, problem)
    messages.success(request, said)
    return redirect("office:money_second")


@never_cache
@for_officer(*KEEPING)
def days(request, officer):
    """The days compared so far; a day may be asked for again."""
    if request.method == "POST":
        found, service = _day(request.POST.get("day", "")), switched_on(request.POST.get("gateway", ""))
        if found is None or service is None or found > timezone.localdate():
            sentence = _("Choose a payment service and a day that has begun.")
            raise Invalid("day-unknown", sentence, errors={"day": [sentence]})
        services.reconcile(service.name, found)
        return redirect("office:money_day", gateway=service.name, day=found.isoformat())
    context = {
        "officer": officer,
        "rows": queries.recent_statements(60),
        "gateways": gateways(),
        "yesterday": (timezone.localdate() - timedelta(days=1)).isoformat(),
        "today": timezone.localdate().isoformat(),
        "tabs": _tabs(officer, "days"),
    }
    return render(request, "office/money/days.html", context)


@require_GET
@never_cache
@for_officer(*KEEPING)
def day(request, officer, gateway, day):
    """One day of one service: theirs beside ours, only the differences while there are any, and each department's part."""
    row = _statement(gateway, day)
    only = request.GET.get("all") != "1" and row.differences > 0
    lines = list(queries.statement_lines(row, only_differences=only)[:500])
    context = {
        "officer": officer,
        "row": row,
        "lines": lines,
        "only": only,
        "departments": queries.by_department(row),
        "went_back": queries.bills_of_refunds(
            [line.reference for line in lines if line.kind == StatementLine.Kind.REFUND]
        ),
        "ours": {one.ref for one in Payment.objects.filter(ref__in=[line.reference for line in lines]).only("ref")},
        "tabs": _tabs(officer, "days"),
    }
    return render(request, "office/money/day.html", context)


@require_POST
@for_officer(*KEEPING)
def clear(request, officer, pk):
    line = get_object_or_404(StatementLine.objects.select_related("statement"), pk=pk)
    services.clear(line, officer=officer, note=request.POST.get("note", ""))
    return redirect("office:money_day", gateway=line.statement.gateway, day=line.statement.day.isoformat())


@require_GET
@for_officer(*KEEPING)
def day_csv(request, officer, gateway, day):
    """The same as a table for the accounts. Nothing in it can be read as a formula."""
    row = _statement(gateway, day)
    held = io.StringIO()
    table = csv.writer(held)
    table.writerow(["gateway", "day", "kind", "reference", "theirs_yuan", "ours_yuan", "verdict", "note", "cleared_by"])
    for line in queries.statement_lines(row):
        cells = [
            row.gateway, row.day.isoformat(), line.kind, line.reference, _yuan(line.theirs), _yuan(line.ours),
            line.verdict, line.note, line.cleared_by.staff_no if line.cleared_by else "",
        ]  # fmt: skip
        table.writerow([safe_cell(cell) for cell in cells])
    response = HttpResponse("﻿" + held.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{row.gateway}-{row.day}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_GET
@for_officer(*READERS)
def receipt(request, officer, number):
    found = queries.receipt(number)
    if found is None or not queries.seen_by(officer).filter(pk=found.bill_id).exists():
        raise Http404
    doorkeeper.reading(request, found.bill.payer_id, "accounts", ["receipt"], about=found.bill.about)
    response = HttpResponse(receipt_sheet.draw(found), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


# --


def _tabs(officer, current: str) -> list[dict]:
    waiting = queries.waits_for_second(officer)
    tabs = [
        {"label": _("Payments"), "href": reverse("office:payments"), "current": current == "payments"},
        {
            "label": _("Second person"),
            "href": reverse("office:money_second"),
            "current": current == "second",
            "count": waiting or "",
        },
    ]
    if set(officer.roles) & set(KEEPING):
        tabs.append(
            {"label": _("Daily comparison"), "href": reverse("office:money_days"), "current": current == "days"}
        )
    return tabs


def _statement(gateway: str, text: str) -> Statement:
    found = _day(text)
    row = queries.statement(gateway, found) if found else None
    if row is None:
        raise Http404
    return row


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _yuan(fen: int | None) -> str:
    return "" if fen is None else str(money.in_yuan(fen))
