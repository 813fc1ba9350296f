"""Clocks of a case: started, paused, extended and stopped by moves; due dates computed from stored facts, never counted down.

Call inside the act's transaction, after the move: the case row is then ours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Prefetch, Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from tongban.cases import planning, promising
from tongban.cases.models import Case, Clock, Escalation, Hearing, PublicNotice, Tolerance
from tongban.cases.procedure_states import HearingState
from tongban.cases.states import CHARGED_TO, CORRECTION_CALENDAR_DAYS, IN_REVIEW, WITH_APPLICANT, CaseState, ClockKind
from tongban.departments import queries as departments
from tongban.lib.composed import composed, composed_of_several
from tongban.lib.workdays import Calendar, Due
from tongban.lib.written import insert, insert_all, keep, update
from tongban.matters.models import MatterVersion

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


def receipt_day(case: Case, moment: datetime, *, at_counter: bool = False) -> date:
    """The day from which clocks of something sent at this moment run (domain.md 5.1.3): how this reached us counts, not how the case began."""
    return departments.calendar().receipt_day(timezone.localtime(moment), case.department.cutoff, at_counter=at_counter)


def day_of_act(case: Case, moment: datetime) -> date:
    """The day from which a clock runs that an act of the office starts: its day, whatever the hour, since the cut-off is for what is sent to us.
    Of what was sent at night or on a day off and is looked at before its day of receipt: that day.
    """
    day = local_day(moment)
    return max(day, case.received_on or day)


def due_of(clock: Clock, calendar: Calendar) -> Due:
    """When the limit ends. The applicant's own time never ends on a day off: the law gives them the next working day."""
    limit, pauses = clock.limit + clock.extended_by, clock.pauses_as_dates()
    if clock.unit == "working_day":
        return calendar.due_with_pauses(clock.started_on, limit, pauses)
    count = calendar.due_in_months if clock.unit == "month" else calendar.due_in_days
    due = count(clock.started_on, limit, pauses)
    return calendar.on_or_after(due) if CHARGED_TO.get(clock.kind) == "applicant" else due


def last_day_to_correct(asked_on: date) -> date:
    """Until when the applicant supplies what is asked for on this day."""
    clock = Clock(
        kind=ClockKind.APPLICANT_CORRECTION, started_on=asked_on, limit=CORRECTION_CALENDAR_DAYS, unit="calendar_day"
    )
    return due_of(clock, departments.calendar()).day or asked_on


def warn_day(clock: Clock, calendar: Calendar) -> date | None:
    """The first day on which the clock's light is yellow; None while it stands still."""
    limit, pauses = clock.limit + clock.extended_by, clock.pauses_as_dates()
    if clock.unit == "month":
        due = due_of(clock, calendar).day
        return due and clock.started_on + (due - clock.started_on) * 7 // 10
    return calendar.yellow_from(clock.started_on, limit, pauses, calendar_days=clock.unit == "calendar_day")


def running(case: Case) -> list[Clock]:
    """The clocks of the case that have not stopped, as the database has them."""
    return _running(case=case.pk)


@composed(case=BigIntegerField())
def _running(case):
    return Clock.objects.filter(case_id=case, stopped_on__isnull=True).order_by("pk")


def counted(case: Case, kind: str, on: date, limit: int, unit: str = "working_day") -> Clock:
    """A clock with its due date, for `start_all`."""
    clock = Clock(case=case, kind=kind, started_on=on, limit=limit, unit=unit)
    _count(clock)
    return clock


def start(case: Case, kind: str, on: date, limit: int, unit: str = "working_day") -> Clock:
    clock = counted(case, kind, on, limit, unit)
    insert(clock)
    return clock


def start_all(clocks: list[Clock]) -> None:
    """Several at once, of one case or of the members of a bundle."""
    insert_all(clocks)


def stop(case: Case, kind: str, on: date) -> list[Clock]:
    """Stop the clock of this kind, where one runs; answers those that go on running."""
    there = running(case)
    _stop([clock for clock in there if clock.kind == kind], on)
    return [clock for clock in there if clock.kind != kind]


def stop_all(case: Case, on: date) -> None:
    _stop(running(case), on)


def _stop(which: list[Clock], on: date) -> None:
    for kept in (True, False):
        keys = [clock.pk for clock in which if (on <= clock.due) is kept]
        if keys:
            update(Clock, {"id": tuple(keys)}, {"stopped_on": on, "kept": kept})
    told = [clock.pk for clock in which if on >= (clock.warn_on or on)]  # earlier nobody can have been told
    if told:
        Escalation.objects.filter(clock__in=told, over_at__isnull=True).update(over_at=timezone.now())


def pause_decision(case: Case, on: date) -> None:
    _pause(_decision_clocks(case), on)


def resume_decision(case: Case, on: date) -> None:
    _resume(_decision_clocks(case), on)


def wait_for_payment(case: Case, on: date) -> None:
    """The days to issue in stand still while the applicant's fee is open; called again nothing changes."""
    _pause([clock for clock in _issuance_clock(case) if not _stands_still(clock)], on)


def waiting_for_payment(case: Case) -> list[Clock]:
    """The clock of issuing, where it stands still."""
    return [clock for clock in _issuance_clock(case) if _stands_still(clock)]


def paid(waiting: list[Clock], on: date) -> None:
    _resume(waiting, on)


def _issuance_clock(case: Case) -> list[Clock]:
    return [clock for clock in running(case) if clock.kind == ClockKind.ISSUANCE]


def _stands_still(clock: Clock) -> bool:
    return any(end is None for _begin, end in clock.pauses)


def _pause(which: list[Clock], on: date) -> None:
    were = _warned(which, on)
    for clock in which:
        clock.pauses = [*clock.pauses, [on.isoformat(), None]]
        _count(clock)
        clock.save()
    _take_back_warnings(were, on)


def _warned(which: Iterable[Clock], on: date) -> list[Clock]:
    """Of these clocks, before they are counted anew, those about which somebody can have been told."""
    return [clock for clock in which if (clock.warn_on or on) <= on]


def _take_back_warnings(which: list[Clock], on: date) -> None:
    """A limit that moved away is brought before nobody any more; should it come near again it is brought up again. What was answered stays."""
    levels = Escalation.Level
    far = [clock.pk for clock in which if clock.warn_on is None or clock.warn_on > on]
    kept = [clock.pk for clock in which if clock.due >= on]
    if far or kept:
        untrue = Q(clock__in=far, level=levels.YELLOW) | Q(clock__in=kept, level__in=[levels.RED, levels.BLACK])
        Escalation.objects.filter(untrue, over_at__isnull=True).delete()


def _resume(which: list[Clock], on: date) -> None:
    for clock in which:
        clock.pauses = [[begin, end or on.isoformat()] for begin, end in clock.pauses]
        _count(clock)
        clock.save()


def extend_decision(case: Case, days: int, on: date) -> None:
    which = _decision_clocks(case)
    were = _warned(which, on)
    for clock in which:
        clock.extended_by += days
        _count(clock)
        clock.save()
    _take_back_warnings(were, on)


def ends(clock: Clock, pauses: list, longer: int) -> tuple[date, int]:
    """When the clock would end with these pauses and this longer time, and the days left of one that stands still: to be compared."""
    due = due_of(_as_if(clock, pauses, longer), departments.calendar())
    return due.day or FAR_AWAY, due.left


def days_beyond(clock: Clock, day: date) -> int:
    """How many days longer than its own time the clock must be to end on that day; 0 where it is there by then."""
    own, _left = ends(clock, [], 0)
    if clock.unit == "working_day":
        return departments.calendar().working_days_between(own, day)
    return max((day - own).days, 0)


def set_beside(clock: Clock, pauses: list, longer: int) -> None:
    """Let the clock have these pauses and this longer time: those of another that it goes with."""
    today = local_day(timezone.now())
    were = _warned([clock], today)
    clock.pauses, clock.extended_by = pauses, longer
    _count(clock)
    clock.save()
    _take_back_warnings(were, today)


SHOWN = ("promised_due", "statutory_due", "provisional", "next_due", "warn_on")


def show(case: Case, there: list[Clock] | None = None) -> None:
    """Write on the case what its clocks say: promised and statutory date, whether provisional, what is due next.

    `there` are its running clocks, where the act has just read or made all of them.
    """
    say(case, running(case) if there is None else there)
    keep(case, *SHOWN, "updated_at")


@composed_of_several(BigIntegerField())
def _running_of(cases):
    return Clock.objects.filter(case__id__in=cases, stopped_on__isnull=True).order_by("pk")


def show_members(members: list[Case]) -> None:
    """The same for members of a bundle: those that say the same are written together."""
    clocks = _running_of([case.pk for case in members])
    for case in members:
        say(case, [clock for clock in clocks if clock.case_id == case.pk])
    _keep_alike(members, SHOWN, updated_at=timezone.now())


def _keep_alike(rows: Sequence[Case | Clock], names: tuple[str, ...], **besides: Any) -> None:
    """Write these fields of rows of one table: those that say the same in one statement."""
    alike: dict[tuple, list[int]] = {}
    for row in rows:
        alike.setdefault(tuple(getattr(row, name) for name in names), []).append(row.pk)
    for said, keys in alike.items():
        model, what = type(rows[0]), dict(zip(names, said, strict=True)) | besides
        if update(model, {"id": tuple(keys)}, what) is None:
            model._base_manager.filter(pk__in=keys).update(**what)


def say(case: Case, which: list[Clock]) -> None:
    """What these running clocks say, on the case in memory: whoever calls this writes `SHOWN`."""
    clocks = {clock.kind: clock for clock in which}
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
    case.warn_on = first.warn_on if first is not None else None


def expected(case: Case, *, sent: datetime, counted_from: date | None = None) -> dict:
    """What an applicant who sends at this moment may expect: {"received_on", "days", "promised": Due|None, "statutory": Due|None}.

    Counted as if accepted on the day of receipt, which is what the guide promises for a complete application; or from `counted_from`. On a
    promise that is signed, or chosen and signed with it, it is decided that much earlier.
    """
    at_counter = case.channel == Case.Channel.WINDOW and case.state == CaseState.DRAFT
    return expected_from(case, counted_from or receipt_day(case, sent, at_counter=at_counter))


def expected_from(case: Case, received: date) -> dict:
    calendar = departments.calendar()
    version, promised = case.version, promising.decided_within(case, committed=promising.will_rest_on_one(case))
    statutory = None if planning.is_bundle(case) else version.statutory_days
    due = calendar.due_in_days if version.time_unit == "calendar_day" else calendar.due
    return {
        "received_on": received,
        "days": promised,
        "promised": due(received, promised) if promised is not None else None,
        "statutory": due(received, statutory) if statutory else None,
    }


def forecast(case: Case, *, now: datetime) -> dict:
    """What becomes of the promise if whoever is waited for acts now, and if they act on their last day.

    {"who": "applicant"|"office", "now": Due|None, "by": last day|None, "then": Due|None}; empty when nobody is waited for.
    A correction lets acceptance begin anew, so the promise runs from the answer; after an excluded step the days left run on.
    """
    if case.state in WITH_APPLICANT:
        mine = case.clocks.filter(kind=ClockKind.APPLICANT_CORRECTION, stopped_on__isnull=True).first()
        last = mine.due if mine is not None else None
        return {
            "who": "applicant",
            "now": expected(case, sent=now)["promised"],
            "by": last,
            "then": expected(case, sent=now, counted_from=last)["promised"] if last else None,
        }
    if case.state in {CaseState.SUSPENDED, CaseState.PUBLIC_NOTICE}:
        return _forecast_of([case], local_day(now))
    return {}


def forecast_together(parts: list[Case], *, now: datetime) -> dict:
    """The same for the whole of a bundle, of its parts: it is promised with the last of them. One that waits goes with the one before it."""
    return _forecast_of([one for one in parts if one.state != CaseState.ACCEPTED], local_day(now))


def _forecast_of(cases: list[Case], today: date) -> dict:
    """Of cases whose time stands still or runs; {} where none of them stands still."""
    promises = list(
        Clock.objects.filter(case__in=cases, kind=ClockKind.DECISION_PROMISED, stopped_on__isnull=True).order_by("pk")
    )
    if not any(_stands_still(clock) for clock in promises):
        return {}
    planned = planned_ends(cases)
    ends = {key: max(day, today) for key, day in planned.items()}
    noticed = {one.pk for one in cases if one.state == CaseState.PUBLIC_NOTICE}  # goes on the day after its last one
    known = all(clock.case_id in ends for clock in promises if _stands_still(clock))
    at_once = [_resumed(clock, today) for clock in promises]
    if _day_or_far(max(at_once, key=_day_or_far)) < today:
        return {}  # the promise was missed before: no answer makes it another day
    as_planned = [
        _resumed(clock, ends.get(clock.case_id, today) + timedelta(days=clock.case_id in noticed)) for clock in promises
    ]
    return {
        "who": "office",
        "now": max(at_once, key=_day_or_far),
        "by": max(ends.values()) if known else None,
        "then": max(as_planned, key=_day_or_far) if known else None,
    }


def that_stand_still(cases: list[Case]) -> set[int]:
    """Which of these, in review and without a promised day, have a promise that stands still. Nothing is asked where all have their day."""
    asked = [case.pk for case in cases if case.promised_due is None and case.state in IN_REVIEW]
    if not asked:
        return set()
    promises = Clock.objects.filter(case__in=asked, kind=ClockKind.DECISION_PROMISED, stopped_on__isnull=True)
    return set(promises.filter(due=FAR_AWAY).values_list("case", flat=True))


def planned_ends(cases: list[Case]) -> dict[int, date]:
    """{case: the last day planned for what it stands still for}: an excluded step, or its public notice."""
    steps = Clock.objects.filter(case__in=cases, kind=ClockKind.SPECIAL_PROCEDURE, stopped_on__isnull=True)
    notices = PublicNotice.objects.filter(case__in=cases, over_at__isnull=True, case__state=CaseState.PUBLIC_NOTICE)
    return dict(notices.values_list("case", "until")) | dict(steps.values_list("case", "due"))


def _day_or_far(due: Due) -> date:
    return due.day or FAR_AWAY


def _resumed(clock: Clock, on: date) -> Due:
    """The clock as if it went on from this day. Nothing is saved."""
    closed = [[begin, end or max(on.isoformat(), begin)] for begin, end in clock.pauses]
    return due_of(_as_if(clock, closed, clock.extended_by), departments.calendar())


def _as_if(clock: Clock, pauses: list, longer: int) -> Clock:
    return Clock(
        kind=clock.kind,
        started_on=clock.started_on,
        limit=clock.limit,
        unit=clock.unit,
        extended_by=longer,
        pauses=pauses,
    )


@dataclass(frozen=True)
class Moved:
    """What became another date for a case: the promise, the limit of the law, or a last day of the applicant's own, by the kind of its clock."""

    case: Case
    promise: bool
    law: bool
    own: dict[str, date]


def recount(cases: list[int]) -> list[Moved]:
    """Compute every running clock of these cases again (a calendar was published); the cases whose told dates moved.

    Call inside a transaction: the cases are held, of which only what is told was read. Only what came out differently is written.
    """
    held = {
        case.pk: case
        for case in Case.objects.select_for_update(of=("self",))
        .only("ref", "number", "state", *SHOWN, "updated_at", "version", "department", "applicant", "parent")
        .filter(pk__in=cases)
        .order_by("pk")
    }
    prefetch_related_objects(
        list(held.values()),
        Prefetch("version", MatterVersion.objects.only("name")),
        "department",
        "applicant",
        Prefetch("parent", Case.objects.only("state")),
    )
    calendar, different = departments.calendar(), []
    own: dict[int, dict[str, date]] = {}
    running_of: dict[int, list[Clock]] = {}
    today = local_day(timezone.now())
    warned: list[Clock] = []
    counted: dict[tuple, tuple] = {}
    for clock in Clock.objects.filter(case_id__in=held, stopped_on__isnull=True):
        running_of.setdefault(clock.case_id, []).append(clock)
        facts = (
            clock.started_on,
            clock.limit + clock.extended_by,
            clock.unit,
            str(clock.pauses),
            CHARGED_TO.get(clock.kind),
        )
        if facts not in counted:
            counted[facts] = _result(clock, calendar)
        if counted[facts] != (clock.due, clock.warn_on, clock.provisional):
            warned += _warned([clock], today)
            if clock.kind in ANSWERED_BY_APPLICANT and counted[facts][0] != clock.due:
                own.setdefault(clock.case_id, {})[clock.kind] = counted[facts][0]
            clock.due, clock.warn_on, clock.provisional = counted[facts]
            different.append(clock)
    _keep_alike(different, ("due", "warn_on", "provisional"))
    _keep_beside(different)
    _let_notices_run([case.pk for case in held.values() if case.state == CaseState.PUBLIC_NOTICE], calendar)
    _take_back_warnings(warned, today)
    moved, others = [], [held[pk] for pk in sorted({clock.case_id for clock in different})]
    for case in others:
        before, pk = (case.promised_due, case.statutory_due), case.pk
        say(case, running_of[pk])
        promise, law = case.promised_due != before[0], case.statutory_due != before[1]
        if promise or law or pk in own:
            moved.append(Moved(case, promise, law, own.get(pk, {})))
    _keep_alike(others, SHOWN, updated_at=timezone.now())
    return moved


ANSWERED_BY_APPLICANT = {ClockKind.APPLICANT_CORRECTION, ClockKind.SUPPLY, ClockKind.HEARING_REQUEST}
DAY_BESIDE: dict[str, tuple[QuerySet, str]] = {
    ClockKind.SUPPLY: (Tolerance.objects.filter(settled=""), "due"),
    ClockKind.HEARING_REQUEST: (Hearing.objects.filter(state=HearingState.OFFERED), "ask_by"),
    ClockKind.HEARING_HOLD: (Hearing.objects.filter(state__in=[HearingState.ASKED, HearingState.INVITED]), "hold_by"),
}


def _keep_beside(which: list[Clock]) -> None:
    """A paper that may follow and a hearing say their day themselves: it is the day of their clock."""
    alike: dict[tuple[str, date], list[int]] = {}
    for clock in which:
        if clock.kind in DAY_BESIDE:
            alike.setdefault((clock.kind, clock.due), []).append(clock.case_id)
    for (kind, day), cases in alike.items():
        rows, name = DAY_BESIDE[kind]
        rows.filter(case__in=cases).update(**{name: day})


def notice_until(published_on: date, days: int, unit: str | None, calendar: Calendar) -> date:
    """The last day for objections to a public notice.

    Counted in days it never ends on a day off: it is the time of whoever objects, who has the next working day too (Civil Code, art. 203).
    """
    if unit == MatterVersion.Unit.CALENDAR_DAY:
        return calendar.on_or_after(calendar.due_in_days(published_on, days)).day or published_on
    return calendar.due(published_on, days).day or published_on


def _let_notices_run(cases: list[int], calendar: Calendar) -> None:
    """A notice never ends before the day it was published with; it ends later where a day of it turned out to be off."""
    for row in PublicNotice.objects.filter(case__in=cases, over_at__isnull=True) if cases else ():
        until = notice_until(local_day(row.published_at), row.days, row.unit, calendar)
        if until > row.until:
            PublicNotice.objects.filter(pk=row.pk).update(until=until)


@dataclass(frozen=True)
class WouldMove:
    clock: Clock
    to: date


def would_move(day: date, calendar: Calendar, at_most: int) -> tuple[list[WouldMove], bool]:
    """Which limits of the departments would end on another day if this day were as in `calendar`, the nearest first; False when not all were counted.

    Nothing is written. The same rows are asked as `recount` is given by the change of one day.
    """
    rows = Clock.objects.filter(stopped_on__isnull=True, due__gte=day, started_on__lt=day).exclude(due=FAR_AWAY)
    rows = rows.select_related("case__version", "case__department").order_by("due", "case", "pk")
    found = list(rows[: at_most + 1])
    ends = [(clock, _result(clock, calendar)[0]) for clock in found[:at_most]]
    return [WouldMove(clock, to) for clock, to in ends if to != clock.due], len(found) <= at_most


def _decision_clocks(case: Case) -> list[Clock]:
    kinds = [ClockKind.DECISION_PROMISED, ClockKind.DECISION_STATUTORY]
    return list(case.clocks.filter(kind__in=kinds, stopped_on__isnull=True))


def _count(clock: Clock) -> None:
    """While a pause is open nobody can know the day: it is far away, and shown as standing still."""
    clock.due, clock.warn_on, clock.provisional = _result(clock, departments.calendar())


def _result(clock: Clock, calendar: Calendar) -> tuple[date, date | None, bool]:
    due = due_of(clock, calendar)
    return due.day or FAR_AWAY, warn_day(clock, calendar), due.provisional and due.day is not None
