"""What the worker does because time passes beside cases: hearings nobody asked for, papers that did not come, steps over their day."""

from datetime import timedelta

import structlog
from django.utils import timezone

from tongban.cases.models import Case, Clock, Hearing, Tolerance
from tongban.cases.procedure_states import HearingState
from tongban.cases.services import hearing, tolerating
from tongban.cases.states import IN_REVIEW, CaseState, ClockKind
from tongban.journal import services as journal
from tongban.lib.problems import Problem
from tongban.notices import services as notices

log = structlog.get_logger("cases")

REMIND_BEFORE = timedelta(days=2)


def _each(rows, act) -> int:
    """One act a row; one that does not go holds up no other."""
    done = 0
    for row in rows:
        try:
            act(row, now=timezone.now())
            done += 1
        except Problem as problem:
            log.info("not done", row=row.pk, act=act.__name__, code=problem.code)
    return done


@journal.every("end hearings nobody asked for", timedelta(minutes=30))
def end_hearings_nobody_asked_for() -> int:
    rows = Hearing.objects.filter(state=HearingState.OFFERED, ask_by__lt=timezone.localdate())
    return _each(rows.select_related("case").order_by("id")[:500], hearing.run_out)


@journal.every("papers that did not come", timedelta(minutes=30))
def end_waiting_for_papers() -> int:
    rows = Tolerance.objects.filter(settled="", due__lt=timezone.localdate(), case__state__in=IN_REVIEW)
    return _each(rows.select_related("case").order_by("due")[:500], tolerating.over)


@journal.every("remind of papers that may follow", timedelta(hours=1))
def remind_of_papers() -> int:
    """Once, two days before."""
    today = timezone.localdate()
    rows = Tolerance.objects.filter(
        settled="", due__gte=today, due__lte=today + REMIND_BEFORE, case__state__in=IN_REVIEW
    )
    found = list(
        rows.select_related("case", "case__version", "case__applicant", "material__type").order_by("due")[:500]
    )
    for row in found:
        case = row.case
        notices.tell(
            case.applicant,
            "supply_reminder",
            about=case.subject,
            link=f"/my/cases/{case.ref}/supply/{row.pk}/",
            params={**_params(case), "due": row.due.isoformat(), "paper": row.material.type.name},
            once=f"supply:{row.pk}",
            needs_answer=True,
        )
    return len(found)


@journal.every("excluded steps over their day", timedelta(hours=1))
def tell_of_steps_over_their_day() -> int:
    """A step that the law does not count takes longer than was planned: the applicant is told once; the clock still stands."""
    rows = Clock.objects.filter(
        kind=ClockKind.SPECIAL_PROCEDURE, stopped_on__isnull=True, due__lt=timezone.localdate(),
        case__state=CaseState.SUSPENDED,
    )  # fmt: skip
    found = list(rows.select_related("case", "case__version", "case__applicant").order_by("due")[:500])
    for clock in found:
        notices.tell(
            clock.case.applicant,
            "step_over_its_day",
            about=clock.case.subject,
            link=f"/my/cases/{clock.case.ref}/",
            params={**_params(clock.case), "due": clock.due.isoformat()},
            once=f"step-over:{clock.pk}",
        )
    return len(found)


def _params(case: Case) -> dict:
    return {"matter": case.version.name, "number": case.number or ""}
