"""What the worker does because time passes: silence counts as acceptance, corrections lapse, notices end, drafts run out, dates move."""

from collections.abc import Iterator
from datetime import date, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from tongban.cases import clocks, events
from tongban.cases.models import Case, Clock, PublicNotice
from tongban.cases.moving import changed
from tongban.cases.services import drafting, inspecting, intake, one_promise, publishing
from tongban.cases.states import ENDED, CaseState, ClockKind
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.problems import Problem
from tongban.notices import services as notices

log = structlog.get_logger("cases")

REMIND_AFTER_DAYS = (10, 25)  # of the 30 calendar days for a correction


def _over(kind: str, state: str):
    today = timezone.localdate()
    rows = Clock.objects.filter(kind=kind, stopped_on__isnull=True, due__lt=today, case__state=state)
    return [clock.case for clock in rows.select_related("case").order_by("due")[:500]]


def _each(cases, act) -> int:
    """One act a case; one that does not go holds up no other."""
    done = 0
    for case in cases:
        try:
            act(case, now=timezone.now())
            done += 1
        except Problem as problem:
            log.info("not done", case=case.pk, act=act.__name__, code=problem.code)
    return done


@journal.every("deem accepted", timedelta(minutes=10))
def deem_accepted_what_waited() -> int:
    return _each(_over(ClockKind.ACCEPTANCE, CaseState.RECEIVED), intake.deem_accepted)


@journal.every("lapse corrections", timedelta(minutes=30))
def lapse_what_was_not_corrected() -> int:
    return _each(_over(ClockKind.APPLICANT_CORRECTION, CaseState.CORRECTION_REQUESTED), intake.lapse)


@journal.every("remind of corrections", timedelta(hours=1))
def remind_of_corrections() -> int:
    """Two reminders, each once."""
    today, told = timezone.localdate(), 0
    rows = Clock.objects.filter(kind=ClockKind.APPLICANT_CORRECTION, stopped_on__isnull=True).select_related("case")
    for clock in rows.filter(started_on__lte=today - timedelta(days=REMIND_AFTER_DAYS[0])).order_by("due")[:500]:
        passed = (today - clock.started_on).days
        number = sum(passed >= days for days in REMIND_AFTER_DAYS)
        case = clock.case
        notices.tell(
            case.applicant,
            "correction_reminder",
            about=case.subject,
            link=f"/my/cases/{case.ref}/",
            params={"matter": case.version.name, "number": case.number, "due": clock.due.isoformat()},
            once=f"correction:{clock.pk}:{number}",
            needs_answer=True,
        )
        told += 1
    return told


@journal.every("end public notices", timedelta(minutes=30))
def end_public_notices() -> int:
    today = clocks.local_day(timezone.now())
    still_open = PublicNotice.objects.filter(case=OuterRef("pk"), over_at__isnull=True, until__gte=today)
    cases = Case.objects.filter(~Exists(still_open), state=CaseState.PUBLIC_NOTICE).order_by("id")[:500]
    return _each(cases, publishing.notice_over)


@journal.every("inspections on the list", timedelta(minutes=30))
def list_inspections() -> int:
    """Cases that wait for an inspection ordered before inspections had a table: each gets its own. Afterwards there are none."""
    waiting = Case.objects.filter(state=CaseState.SITE_INSPECTION).exclude(
        inspections__state__in=["ordered", "planned"]
    )
    rows = list(waiting.select_related("department", "version", "applicant")[:100])
    for case in rows:
        inspecting.platform_order(case, why="", kind="site", now=timezone.now())
    return len(rows)


@journal.every("drafts", timedelta(hours=1))
def look_after_drafts() -> int:
    now = timezone.now()
    for case in drafting.warn_of_expiry(now):
        assert case.expires_at is not None  # it was asked for by it
        notices.tell(
            case.applicant,
            "draft_expires",
            about=case.subject,
            link=f"/apply/{case.ref}/",
            params={"matter": case.version.name, "due": timezone.localtime(case.expires_at).date().isoformat()},
            once=f"draft:{case.pk}:{case.expires_at:%Y%m%d}:{(case.expires_at - now).days}",
        )
    return drafting.expire_drafts(now)


RECOUNT = "cases.recount"
TOGETHER = 200


@journal.carrier(RECOUNT)
def recount(after: int = 0, first: str = "", last: str = "") -> None:
    """Compute the running clocks of open cases again, 200 cases a transaction (one hand at a time may write on SQLite), and tell those whose date moved.

    `first` and `last` are the days between which the calendar changed: a clock that ended before or began after is not touched.
    A second time finds nothing that differs.
    """
    running = Clock.objects.filter(stopped_on__isnull=True, case_id__gt=after)
    if first:
        running = running.filter(due__gte=date.fromisoformat(first))
    if last:
        running = running.filter(started_on__lt=date.fromisoformat(last))
    ids = list(running.order_by("case_id").values_list("case_id", flat=True).distinct()[:TOGETHER])
    with transaction.atomic():
        moved = clocks.recount(ids)
        for whole in sorted({one.case.parent_id for one in moved if one.case.parent_id}):
            journal.enqueue(one_promise.FOLLOW_PARTS, case=whole)
        if moved:
            why = [(events.CaseDatesChanged(case=one.case.pk, why="calendar"), one.case.subject) for one in moved]
            journal.record_many(why, actor=PLATFORM)
            changed(*(one.case for one in moved))
            notices.tell_each([occasion for one in moved for occasion in _new_dates(one)])
        if len(ids) == TOGETHER:
            journal.enqueue(RECOUNT, after=ids[-1], first=first, last=last)


OWN_DAY_CHANGED: dict[str, str] = {
    ClockKind.APPLICANT_CORRECTION: "answer_day_changed",
    ClockKind.SUPPLY: "supply_day_changed",
    ClockKind.HEARING_REQUEST: "hearing_day_changed",
}


def _new_dates(moved: clocks.Moved) -> Iterator[notices.Occasion]:
    """Each date that somebody was told and that is another one now; of a bundle once, of the whole."""
    case = moved.case
    for kind, due in moved.own.items():
        yield _occasion(case, OWN_DAY_CHANGED[kind], due, needs_answer=True)
    if case.parent is not None and case.parent.state not in ENDED:
        return
    if moved.promise:
        yield _occasion(case, "dates_changed", case.promised_due)
    elif moved.law:
        yield _occasion(case, "legal_day_changed", case.statutory_due)


def _occasion(case: Case, kind: str, due: date | None, *, needs_answer: bool = False) -> notices.Occasion:
    return notices.Occasion(
        case.applicant_id,
        kind,
        about=case.subject,
        link=f"/my/cases/{case.ref}/",
        params={"matter": case.version.name, "number": case.number, "due": due.isoformat() if due else ""},
        once=f"{kind}:{case.pk}:{case.promised_due}:{case.statutory_due}:{due}",
        needs_answer=needs_answer,
    )
