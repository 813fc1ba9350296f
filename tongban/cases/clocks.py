"""Clocks of a case: started, paused, extended and stopped by moves; due dates computed from stored facts, never counted down.

Call inside the act's transaction, after the move: the case row is then ours.
"""

from datetime import date, datetime

from django.utils import timezone

from tongban.cases.models import Case, Clock
from tongban.cases.states import ClockKind
from tongban.departments import queries as departments
from tongban.lib.workdays import Calendar, Due

FAR_AWAY = date(9999, 12, 31)

SHOWN_FIRST = [
    ClockKind.PRE_REVIEW,
    ClockKind.ACCEPTANCE,
    ClockKind.APPLICANT_CORRECTION,
    ClockKind.SPECIAL_PROCEDURE,
    ClockKind.DECISION_PROMISED,
    ClockKind.ISSUANCE,
]


def local_day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def receipt_day(case: Case, moment: datetime) -> date:
    """The day from which clocks of something sent at this moment run (domain.md 5.1.3)."""
    at_counter = case.channel == Case.Channel.WINDOW
    return departments.calendar().receipt_day(timezone.localtime(moment), case.department.cutoff, at_counter=at_counter)


def due_of(clock: Clock, calendar: Calendar) -> Due:
    limit = clock.limit + clock.extended_by
    if clock.unit == "calendar_day":
        return calendar.due_in_days(clock.started_on, limit, clock.pauses_as_dates())
    return calendar.due_with_pauses(clock.started_on, limit, clock.pauses_as_dates())


def start(case: Case, kind: str, on: date, limit: int, unit: str = "working_day") -> Clock:
    clock = Clock(case=case, kind=kind, started_on=on, limit=limit, unit=unit)
    _count(clock)
    clock.save()
    return clock


def stop(case: Case, kind: str, on: date) -> None:
    for clock in case.clocks.filter(kind=kind, stopped_on__isnull=True):
        clock.stopped_on = on
        clock.kept = on <= clock.due
        clock.save(update_fields=["stopped_on", "kept"])


def stop_all(case: Case, on: date) -> None:
    for clock in case.clocks.filter(stopped_on__isnull=True):
        stop(case, clock.kind, on)


def pause_decision(case: Case, on: date) -> None:
    for clock in _decision_clocks(case):
        clock.pauses = [*clock.pauses, [on.isoformat(), None]]
        _count(clock)
        clock.save()


def resume_decision(case: Case, on: date) -> None:
    for clock in _decision_clocks(case):
        clock.pauses = [[begin, end or on.isoformat()] for begin, end in clock.pauses]
        _count(clock)
        clock.save()


def extend_decision(case: Case, days: int) -> None:
    for clock in _decision_clocks(case):
        clock.extended_by += days
        _count(clock)
        clock.save()


def show(case: Case) -> None:
    """Write on the case what its clocks say: promised and statutory date, whether provisional, what is due next."""
    clocks = {clock.kind: clock for clock in case.clocks.filter(stopped_on__isnull=True)}
    promised = clocks.get(ClockKind.DECISION_PROMISED)
    statutory = clocks.get(ClockKind.DECISION_STATUTORY)
    if promised is not None:
        case.promised_due = None if promised.due == FAR_AWAY else promised.due
    if statutory is not None:
        case.statutory_due = None if statutory.due == FAR_AWAY else statutory.due
    if promised is not None or statutory is not None:
        case.provisional = any(clock.provisional for clock in (promised, statutory) if clock is not None)
    first = next((clocks[kind] for kind in SHOWN_FIRST if kind in clocks), None)
    case.next_due = first.due if first is not None else None
    case.save(update_fields=["promised_due", "statutory_due", "provisional", "next_due", "updated_at"])


def expected(case: Case, *, sent: datetime, counted_from: date | None = None) -> dict:
    """What an applicant who sends at this moment may expect: {"received_on", "promised": Due|None, "statutory": Due|None}.

    Counted as if accepted on the day of receipt, which is what the guide promises for a complete application; or from `counted_from`.
    """
    received = counted_from or receipt_day(case, sent)
    calendar = departments.calendar()
    version = case.version
    due = calendar.due_in_days if version.time_unit == "calendar_day" else calendar.due
    return {
        "received_on": received,
        "promised": due(received, version.promised_days) if version.promised_days is not None else None,
        "statutory": due(received, version.statutory_days) if version.statutory_days else None,
    }


def recount(case: Case) -> bool:
    """Compute every running clock again (a calendar was published); True when a date that people were told has moved."""
    before = (case.promised_due, case.statutory_due)
    for clock in case.clocks.filter(stopped_on__isnull=True):
        _count(clock)
        clock.save()
    show(case)
    return (case.promised_due, case.statutory_due) != before


def _decision_clocks(case: Case) -> list[Clock]:
    kinds = [ClockKind.DECISION_PROMISED, ClockKind.DECISION_STATUTORY]
    return list(case.clocks.filter(kind__in=kinds, stopped_on__isnull=True))


def _count(clock: Clock) -> None:
    """While a pause is open nobody can know the day: it is far away, and shown as standing still."""
    due = due_of(clock, departments.calendar())
    clock.due = due.day or FAR_AWAY
    clock.provisional = due.provisional and due.day is not None
