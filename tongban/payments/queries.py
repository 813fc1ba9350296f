"""What is asked about money: is it settled, what does somebody owe, what did the day bring."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Prefetch, Q, QuerySet, Sum

from tongban.departments.models import Officer
from tongban.parties.models import Party
from tongban.payments import rules
from tongban.payments.models import (
    Bill,
    GatewayNotice,
    Payment,
    Receipt,
    Reduction,
    Refund,
    Share,
    Statement,
    StatementLine,
)
from tongban.payments.states import HOLDS_MONEY, READERS, RUNNING, SETTLED, BillState, ReductionState, RefundState

FOUND_AT_MOST = 500


def settled(about: str) -> bool:
    """Whether everything that was asked for this is paid or waived, and something was asked."""
    states = set(Bill.objects.filter(about=about).exclude(state=BillState.CANCELLED).values_list("state", flat=True))
    return bool(states) and states <= SETTLED


def of_subject(about: str) -> QuerySet[Bill]:
    """The bills for one thing, with their positions; cancelled ones too."""
    return Bill.objects.filter(about=about).select_related("department").prefetch_related("lines").order_by("pk")


def bill_for(about: str) -> Bill | None:
    """The bill of one thing that counts."""
    return of_subject(about).exclude(state=BillState.CANCELLED).first()


# -- from the payer's eyes


def own(*parties: Party) -> QuerySet[Bill]:
    return Bill.objects.filter(payer__in=parties).select_related("department", "payer")


def owed(party: Party) -> QuerySet[Bill]:
    """Open bills, the first due first, each with the payment that runs, if any (`running`)."""
    going = Share.objects.filter(running=True).select_related("payment")
    rows = own(party).filter(state=BillState.OPEN)
    return rows.prefetch_related(Prefetch("shares", queryset=going, to_attr="running"), "lines").order_by("due", "id")


def is_being_paid(bill: Bill) -> bool:
    """Of a bill that `owed` answered."""
    return bool(getattr(bill, "running", ()))


def owed_sum(party: Party) -> tuple[int, int]:
    """How many bills are open, and their sum."""
    rows = Bill.objects.filter(payer=party, state=BillState.OPEN).values_list("total", flat=True)[:500]
    return len(rows), sum(rows)


def settled_bills(party: Party, *, before: int | None = None, limit: int = 20) -> tuple[list[Bill], int | None]:
    """What was paid, waived or cancelled, the newest first, with receipts; and the key where the next page begins."""
    rows = own(party).exclude(state=BillState.OPEN)
    if before:
        rows = rows.filter(pk__lt=before)
    page = list(rows.prefetch_related("receipts", "lines").order_by("-pk")[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def own_payments(*parties: Party) -> QuerySet[Payment]:
    return Payment.objects.filter(payer__in=parties)


def running_payments(party: Party) -> list[Payment]:
    return list(Payment.objects.filter(payer=party, state__in=RUNNING).order_by("-pk")[:20])


def shares_of(payment: Payment, officer: Officer | None = None) -> list[Share]:
    """The bills in a payment; for an officer those he may look at."""
    rows = payment.shares.select_related("bill", "bill__department").prefetch_related("receipts", "refunds")
    if officer is not None:
        rows = rows.filter(bill__in=seen_by(officer).values("pk"))
    return list(rows.order_by("bill_id"))


def refunds_of(bill: Bill) -> QuerySet[Refund]:
    return Refund.objects.filter(share__bill=bill).select_related("share__payment", "proposed_by", "decided_by")


def receipt(number: str, *parties: Party) -> Receipt | None:
    rows = Receipt.objects.select_related("bill", "bill__department", "share__payment")
    if parties:
        rows = rows.filter(bill__payer__in=parties)
    return rows.filter(number=number).first()


# -- from an officer's eyes


def seen_by(officer: Officer) -> QuerySet[Bill]:
    """The bills this officer may look at: everybody's from the hall and for audit, else those of the own department."""
    rows = Bill.objects.select_related("payer", "department")
    roles = set(officer.roles) & set(READERS)
    if roles & (rules.HALL_ROLES | {"auditor"}):
        return rows
    return rows.filter(department=officer.department) if roles else rows.none()


def payments_seen_by(officer: Officer) -> QuerySet[Payment]:
    rows = Payment.objects.all()
    roles = set(officer.roles) & set(READERS)
    if roles & (rules.HALL_ROLES | {"auditor"}):
        return rows
    return rows.filter(shares__bill__department=officer.department).distinct() if roles else rows.none()


def registry(
    officer: Officer, *, state: str = "", gateway: str = "", day: date | None = None, find: str = "",
    before: int | None = None, limit: int = 50,
) -> tuple[list[Payment], int | None]:  # fmt: skip
    """Payments, the newest first, in pages, each with those of its bills this officer may look at; no names: those stand behind the bill."""
    rows = payments_seen_by(officer)
    if state:
        rows = rows.filter(state=state)
    if gateway:
        rows = rows.filter(gateway=gateway)
    if day:
        rows = rows.filter(paid_on=day)
    if find:  # what its bills say is asked before: "or" across tables would read every payment
        shares = Share.objects.filter(_of_bill(find, "bill__")).values_list("payment", flat=True)
        rows = rows.filter(Q(ref=find.lower()) | Q(gateway_id=find) | Q(pk__in=list(shares[:FOUND_AT_MOST])))
    if before:
        rows = rows.filter(pk__lt=before)
    bills = Share.objects.filter(bill__in=seen_by(officer).values("pk")).select_related("bill__department")
    bills = bills.order_by("bill_id")
    page = list(rows.prefetch_related(Prefetch("shares", queryset=bills)).order_by("-pk")[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def found_bills(officer: Officer, find: str) -> list[Bill]:
    """The bills with this number, or of the case with it: somebody comes to a window with a number before anything is paid."""
    return list(seen_by(officer).filter(_of_bill(find)).order_by("-pk")[:20])


def _of_bill(find: str, row: str = "") -> Q:
    """Its own number, or the number of the case it is about: each has its index."""
    return Q(**{f"{row}number": find.upper()}) | Q(**{f"{row}label": find})


def bills_of_refunds(references: Sequence[str]) -> dict[str, str]:
    """{reference of a refund: the number of its bill}."""
    rows = Refund.objects.filter(ref__in=references).values_list("ref", "share__bill__number")
    return {ref: number or "" for ref, number in rows}


def waiting_refunds(officer: Officer) -> list[Refund]:
    """What waits for a second person, for a person who looks at it, or for the window to hand back."""
    rows = Refund.objects.filter(state__in=[RefundState.PROPOSED, RefundState.FAILED, RefundState.SENT])
    rows = rows.filter(share__bill__in=seen_by(officer).values("pk"))
    rows = rows.exclude(state=RefundState.SENT, share__payment__method=Payment.Method.ONLINE)
    return list(rows.select_related("share__bill__department", "share__payment", "proposed_by").order_by("pk")[:200])


def waiting_reductions(officer: Officer) -> list[Reduction]:
    rows = Reduction.objects.filter(state=ReductionState.PROPOSED, bill__in=seen_by(officer).values("pk"))
    return list(rows.select_related("bill__department", "proposed_by").order_by("pk")[:200])


def waits_for_second(officer: Officer) -> int:
    return len(waiting_refunds(officer)) + len(waiting_reductions(officer))


def doubtful_payments(officer: Officer) -> list[Payment]:
    return list(payments_seen_by(officer).filter(state="unknown").order_by("-pk")[:20])


def notices_of(payment: Payment) -> QuerySet[GatewayNotice]:
    return payment.notices.order_by("-pk")


def strange_notices() -> list[GatewayNotice]:
    V = GatewayNotice.Verdict
    return list(GatewayNotice.objects.filter(verdict__in=[V.FORGED, V.UNKNOWN, V.DIFFERS]).order_by("-pk")[:20])


def statement(gateway: str, day: date) -> Statement | None:
    return Statement.objects.filter(gateway=gateway, day=day).first()


def recent_statements(limit: int = 14) -> Sequence[Statement]:
    return list(Statement.objects.order_by("-day", "gateway")[:limit])


def statement_lines(row: Statement, *, only_differences: bool = False) -> QuerySet[StatementLine]:
    rows = row.lines.select_related("cleared_by")
    return rows.exclude(verdict=StatementLine.Verdict.MATCHED) if only_differences else rows


def by_department(row: Statement) -> list[dict]:
    """The money of the day, kept apart by department: what was taken and what went back, in fen. What was charged more than once came
    in, too, or the department would seem to have given back its own."""
    paid = (
        Share.objects.filter(payment__gateway=row.gateway, payment__paid_on=row.day, payment__state="confirmed")
        .values("bill__department__code", "bill__department__name")
        .annotate(taken=Sum("amount"))
    )
    back = (
        Refund.objects.filter(share__payment__gateway=row.gateway, done_on=row.day, state=RefundState.DONE)
        .values("share__bill__department__code", "share__bill__department__name")
        .annotate(returned=Sum("amount"))
    )
    found: dict[str, dict] = {}
    for one in paid:
        code = one["bill__department__code"]
        found[code] = {"code": code, "name": one["bill__department__name"], "taken": one["taken"], "returned": 0}
    beyond = Refund.objects.filter(
        share__payment__gateway=row.gateway, share__payment__paid_on=row.day, share__payment__state="confirmed",
        why=Refund.Why.SURPLUS,
    )  # fmt: skip
    for again in beyond.select_related("share__bill__department"):
        once = 0 if again.share.settles else again.share.amount
        found[again.share.bill.department.code]["taken"] += again.amount - once
    for other in back:
        code = other["share__bill__department__code"]
        name = other["share__bill__department__name"]
        line = found.setdefault(code, {"code": code, "name": name, "taken": 0, "returned": 0})
        line["returned"] = other["returned"]
    return [found[code] for code in sorted(found)]


def can_be_refunded(bill: Bill) -> int:
    """How much of a bill may still be proposed to go back."""
    if bill.state not in HOLDS_MONEY:
        return 0
    going = refunds_of(bill).filter(state__in=[RefundState.PROPOSED, RefundState.SENT, RefundState.FAILED])
    return bill.total - bill.refunded - sum(going.exclude(why="surplus").values_list("amount", flat=True))
