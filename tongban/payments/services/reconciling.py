"""Every day the gateway's list is laid beside ours: what agrees, what one of both has not, where the amounts differ."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.payments import events
from tongban.payments.gateways import NoAnswer, Refused, gateway, gateways
from tongban.payments.models import Payment, Refund, Statement, StatementLine
from tongban.payments.permission import acting
from tongban.payments.states import BOOKKEEPERS, PaymentState, RefundState

V = StatementLine.Verdict
FIRST_HOUR = 9  # the services have yesterday's list ready in the morning


def reconcile(name: str, day: date) -> Statement:
    """Ask for the list of that day and compare. Done again it is compared again; notes of officers stay."""
    service = gateway(name)
    statement, _made = Statement.objects.get_or_create(gateway=name, day=day)
    try:
        if service is None:
            raise NoAnswer(str(_("The payment service is switched off.")))
        movements = list(service.statement(day))
    except (NoAnswer, Refused) as silence:
        Statement.objects.filter(pk=statement.pk).update(problem=(str(silence) or type(silence).__name__)[:200])
        statement.refresh_from_db()
        return statement
    theirs: dict[tuple[str, str], int] = {}
    for one in movements:
        theirs[one.kind, one.reference] = theirs.get((one.kind, one.reference), 0) + one.amount
    with transaction.atomic():
        statement = Statement.objects.select_for_update().get(pk=statement.pk)  # compared by one hand at a time
        ours = _ours(name, day)
        before = {(line.kind, line.reference): line for line in statement.lines.all()}
        lines = []
        for key in sorted(theirs.keys() | ours.keys()):
            there, here = theirs.get(key), ours.get(key)
            verdict = (
                V.MISSING_HERE
                if here is None
                else V.MISSING_THERE
                if there is None
                else V.MATCHED
                if there == here
                else V.DIFFERS
            )
            old = before.get(key)
            same = old is not None and old.verdict == verdict and (old.theirs, old.ours) == (there, here)
            lines.append(
                StatementLine(
                    statement=statement, kind=key[0], reference=key[1], theirs=there, ours=here, verdict=verdict,
                    note=old.note if old and same else "", cleared_by_id=old.cleared_by_id if old and same else None,
                    cleared_at=old.cleared_at if old and same else None,
                )
            )  # fmt: skip
        # a line keeps its key: whoever has the page open and writes what was found still finds it
        gone = [line.pk for key, line in before.items() if key not in theirs and key not in ours]
        StatementLine.objects.filter(pk__in=gone).delete()
        StatementLine.objects.bulk_create(
            lines,
            update_conflicts=True,
            unique_fields=["statement", "kind", "reference"],
            update_fields=["theirs", "ours", "verdict", "note", "cleared_by", "cleared_at"],
        )
        statement.taken_at, statement.problem = timezone.now(), ""
        statement.differences = sum(1 for line in lines if line.verdict != V.MATCHED)
        statement.matched = len(lines) - statement.differences
        statement.paid = sum(amount for (kind, _ref), amount in theirs.items() if kind == "payment")
        statement.returned = sum(amount for (kind, _ref), amount in theirs.items() if kind == "refund")
        statement.save()
        journal.record(
            events.DayReconciled(statement=statement.pk, differences=statement.differences),
            subject=f"statement:{statement.pk}", actor=PLATFORM,
        )  # fmt: skip
    for key in theirs.keys() - ours.keys():
        _look_into(name, *key)
    return statement


def clear(line: StatementLine, *, officer: Officer, note: str) -> StatementLine:
    """An officer found out what a difference is. Of two who did at once the first one's note stands, and the other reads it."""
    if not set(officer.roles) & set(BOOKKEEPERS):
        raise NotAllowed("not-your-list", _("Your role does not allow this."), status=403)
    if not note.strip():
        raise Invalid("note-missing", _("Say what was found."), errors={"note": [_("Say what was found.")]})
    with transaction.atomic():
        still = StatementLine.objects.filter(pk=line.pk, cleared_at__isnull=True).exclude(verdict=V.MATCHED)
        if not still.update(note=note.strip()[:2000], cleared_by=officer, cleared_at=timezone.now()):
            raise NotAllowed(
                "noted-already",
                _("Somebody has noted this already, or it agrees by now."),
                kept=worded(_("What you wrote: %(note)s"), note=note.strip()),
                next_step=_("Reload the page to see what happened in the meantime."),
            )
        journal.record(
            events.DifferenceCleared(line=line.pk), subject=f"statement:{line.statement_id}",
            actor=acting(officer, next(role for role in BOOKKEEPERS if role in officer.roles)),
        )  # fmt: skip
    line.refresh_from_db()
    return line


@journal.carrier("payments.reconcile", outward=True)
def reconcile_day(gateway: str, day: str) -> None:
    reconcile(gateway, date.fromisoformat(day))


@journal.every("reconcile payments", timedelta(minutes=30))
def reconcile_yesterday(now: datetime | None = None) -> int:
    """Yesterday of each gateway, once a morning; a day without an answer again until it comes."""
    here = timezone.localtime(now or timezone.now())
    if here.hour < FIRST_HOUR:
        return 0
    day = here.date() - timedelta(days=1)
    asked = 0
    for service in gateways():
        if not Statement.objects.filter(gateway=service.name, day=day, taken_at__isnull=False).exists():
            with transaction.atomic():
                slot = f"{here:%Y%m%d%H}{here.minute // 30}"
                journal.enqueue(
                    "payments.reconcile",
                    once=f"reconcile:{service.name}:{slot}",
                    gateway=service.name,
                    day=day.isoformat(),
                )
            asked += 1
    return asked


# --


def _ours(name: str, day: date) -> dict[tuple[str, str], int]:
    paid = Payment.objects.filter(gateway=name, paid_on=day, state=PaymentState.CONFIRMED)
    back = Refund.objects.filter(share__payment__gateway=name, done_on=day, state=RefundState.DONE)
    again = Refund.objects.filter(share__payment__in=paid, why=Refund.Why.SURPLUS).select_related("share__payment")
    twice: dict[str, int] = {}  # what we know was charged more than once, and gave back
    for one in again:
        ref, once = one.share.payment.ref, 0 if one.share.settles else one.share.amount
        twice[ref] = twice.get(ref, 0) + one.amount - once
    return {
        **{("payment", ref): amount + twice.get(ref, 0) for ref, amount in paid.values_list("ref", "amount")},
        **{("refund", ref): amount for ref, amount in back.values_list("ref", "amount")},
    }


def _look_into(name: str, kind: str, reference: str) -> None:
    """They have money of a payment that we think runs or has ended: it is asked about at once."""
    row = Payment.objects.filter(gateway=name, ref=reference).exclude(state=PaymentState.CONFIRMED).first()
    if kind == "payment" and row is not None:
        with transaction.atomic():
            journal.enqueue("payments.ask_anyway", payment=row.pk)
