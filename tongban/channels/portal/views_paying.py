"""What one owes, and paying it: one bill or several at once, a page that waits without fear, receipts and what came back."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import receipt_sheet
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages.live import stand_before
from tongban.channels.portal.own import may_pay, own_bill, own_payment
from tongban.payments import queries, services
from tongban.payments.gateways import gateway, gateways
from tongban.payments.models import Refund
from tongban.payments.states import RUNNING, BillState, PaymentState


@require_GET
@never_cache
@for_party
def bills(request, party):
    """What is to pay, the first due first; below it what is paid, with receipts."""
    before = request.GET.get("before", "")
    rows, following = queries.settled_bills(
        party, before=int(before) if before.isdecimal() and len(before) < 18 else None
    )
    owed = [] if before else [row for row in queries.owed(party)[:100] if may_pay(request, row)]
    doorkeeper.reading(request, party, "own bills", ["bills"], about=f"party:{party.pk}")
    free = [bill for bill in owed if not queries.is_being_paid(bill)]
    within = doorkeeper.within_limits(request, party)
    context = {
        "party": party,
        "owed": owed,
        "free": free,
        "sum": sum(bill.total for bill in free),
        "running": [] if before or within else queries.running_payments(party),
        "settled": [row for row in rows if not within or may_pay(request, row)],
        "next": following,
        "before": before,
        "gateways": gateways(),
        "topics": f"party:{party.pk}",
    }
    return render(request, "portal/pay/bills.html", context)


@require_GET
@never_cache
@for_party
def bill(request, party, number):
    """One bill: what for, on which ground, how much; its receipts, and what came back."""
    row = own_bill(request, number)
    stand_before(request, row.subject)
    row.refresh_from_db(fields=["state"])
    doorkeeper.reading(request, request.party, "own bills", ["bill"], about=row.about)
    share = row.shares.filter(running=True).select_related("payment").first()
    context = {
        "party": request.party,
        "bill": row,
        "lines": list(row.lines.all()),
        "reductions": list(row.reductions.filter(state="granted")),
        "running": share.payment if share else None,
        "receipts": list(row.receipts.all()),
        "refunds": list(queries.refunds_of(row)),
        "gateways": gateways(),
        "open": row.state == BillState.OPEN,
        "topics": row.subject,
    }
    return render(request, "portal/pay/bill.html", context)


@require_POST
@for_party
def pay(request, party):
    """Begin to pay what was ticked, and lead to the page where it is paid; pressed twice it is the same payment."""
    numbers = request.POST.getlist("bill")[:100]
    rows = list(queries.own(*doorkeeper.all_spaces(request)).filter(number__in=numbers).prefetch_related("lines"))
    if len(rows) != len(set(numbers)) or not all(may_pay(request, row) for row in rows):
        raise Http404
    payer = rows[0].payer if rows else party
    payment = services.start(rows, party=payer, account=request.user, by=request.POST.get("by", ""))
    return _to_the_page(payment)


def _to_the_page(payment):
    page = services.open_page(payment)
    # to another house only by a link: a form that leads there is stopped by the browser (form-action)
    return redirect(
        page if page.startswith("/") else "portal:payment", **({} if page.startswith("/") else {"ref": payment.ref})
    )


@require_GET
@never_cache
@for_party
def payment(request, party, ref):
    """How a payment stands: by itself when the page stays open, and at any later time."""
    row = own_payment(request, ref)
    stand_before(request, row.subject)
    row.refresh_from_db(fields=["state"])
    doorkeeper.reading(request, request.party, "own bills", ["payment"], about=row.subject)
    service = gateway(row.gateway)
    shares = queries.shares_of(row)
    context = {
        "party": request.party,
        "payment": row,
        "shares": shares,
        "surplus": any(refund.why == Refund.Why.SURPLUS for one in shares for refund in one.refunds.all()),
        "waiting": row.state in RUNNING,
        "unknown": row.state == PaymentState.UNKNOWN,
        "paid": row.state == PaymentState.CONFIRMED,
        "by": service.title if service else {"zh": row.gateway, "en": row.gateway},
        "topics": row.subject,
    }
    return render(request, "portal/pay/payment.html", context)


@require_POST
@for_party
def payment_act(request, party, ref, move):
    """Go on to the page, ask again, or stop."""
    row = own_payment(request, ref)
    if move == "go":
        return _to_the_page(row)
    if move == "ask":
        services.ask_soon(row)
        if row.state in RUNNING:
            messages.info(
                request, _("We have asked the payment service again. This page says what it answers by itself.")
            )
    elif move == "stop":
        services.stop(row, account=request.user)
    else:
        raise Http404
    return redirect("portal:payment", ref=ref)


@require_GET
@for_party
def receipt(request, party, number):
    """A receipt as PDF, sealed by the department that took the money."""
    found = queries.receipt(number, *doorkeeper.all_spaces(request))
    if found is None or not may_pay(request, found.bill):
        raise Http404
    doorkeeper.reading(request, found.bill.payer_id, "own bills", ["receipt"], about=found.bill.about)
    response = HttpResponse(receipt_sheet.draw(found), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
