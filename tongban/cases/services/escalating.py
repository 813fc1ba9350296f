"""Limits that come near or pass are brought before somebody who must answer: first who works on it, then who leads, then the city's office."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events
from tongban.cases.models import Case, Clock, Escalation
from tongban.cases.moving import acting
from tongban.cases.states import CHARGED_TO, ClockKind
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.problems import Invalid, NotAllowed

Level = Escalation.Level
AT_ONCE = 500

WORKS_ON_IT = {
    ClockKind.PRE_REVIEW: "pre_reviewer",
    ClockKind.ACCEPTANCE: "window_officer",
    ClockKind.ISSUANCE: "issuing_officer",
}
LEADS = {"window": "supervisor", "issuing": "supervisor"}


def whom(clock: Clock, level: str) -> str:
    """The role before which a limit is brought: a near one before who works on it, a missed promise before who leads,
    a missed limit of the law before the coordinator."""
    if level == Level.BLACK:
        return "coordinator"
    if level == Level.RED:
        return LEADS.get(CHARGED_TO.get(clock.kind, ""), "dept_approver")
    return WORKS_ON_IT.get(ClockKind(clock.kind), "dept_reviewer")


def _wanting(level: str, today: date):
    """Running clocks whose light has this colour and that were not brought up for it; the applicant's own never are."""
    rows = Clock.objects.filter(stopped_on__isnull=True).exclude(
        kind__in=[kind for kind, who in CHARGED_TO.items() if who == "applicant"]
    )
    law = Q(kind=ClockKind.DECISION_STATUTORY)
    if level == Level.YELLOW:  # the law's own limit is brought up when it is missed; the promise warns earlier
        rows = rows.filter(warn_on__lte=today, due__gte=today).exclude(law)
    else:
        rows = rows.filter(law if level == Level.BLACK else ~law, due__lt=today)
    told = Escalation.objects.filter(clock=OuterRef("pk"), level=level)
    return (
        rows.filter(~Exists(told)).select_related("case", "case__department", "case__applicant").order_by("due", "id")
    )


@journal.every("escalate limits", timedelta(minutes=10))
def escalate() -> int:
    """Bring up what became yellow, red or black since. Each light once, however often this runs."""
    today, done = timezone.localdate(), 0
    _count_warnings()
    for level in (Level.BLACK, Level.RED, Level.YELLOW):
        for clock in _wanting(level, today)[:AT_ONCE]:
            done += _bring_up(clock, level)
    return done


def _count_warnings() -> None:
    """Clocks started before there were warnings get their day of warning."""
    rows = list(
        Clock.objects.filter(stopped_on__isnull=True, warn_on__isnull=True).exclude(due=clocks.FAR_AWAY)[:AT_ONCE]
    )
    for clock in rows:
        clock.warn_on = clocks.warn_day(clock, departments.calendar()) or clock.due
    Clock.objects.bulk_update(rows, ["warn_on"], batch_size=200)


def _bring_up(clock: Clock, level: str) -> int:
    with transaction.atomic():
        # before its clock, as every act on a case does: the row written below refers to the case, and would wait for whoever extends it
        Case.objects.select_for_update(no_key=True).only("pk").get(pk=clock.case_id)
        running = Clock.objects.select_for_update().filter(pk=clock.pk, stopped_on__isnull=True).first()
        if running is None or Escalation.objects.filter(clock=clock, level=level).exists():
            return 0
        if (running.due, running.warn_on) != (clock.due, clock.warn_on):
            return 0  # it moved since it was read: the next look judges
        case = clock.case
        Escalation.objects.create(
            case=case, clock=clock, level=level, department=case.department, role=whom(clock, level)
        )
        journal.record(events.LimitBroughtUp(case=case.pk, level=level), subject=case.subject, actor=PLATFORM)
        journal.touch(f"queue:{case.department.code}")
    return 1


def answer_escalation(escalation: Escalation, *, officer: Officer, answer: str) -> Escalation:
    """Say what happens now with a case whose limit was brought up. It is answered once, by the role it was brought before."""
    answer = answer.strip()
    if len(answer) < 4:
        raise Invalid(
            "answer-missing",
            _("Say in a sentence what happens now."),
            errors={"answer": [_("Write what happens now.")]},
        )
    if escalation.role not in officer.roles:
        raise NotAllowed("not-yours", _("This was brought before somebody else."), status=403)
    with transaction.atomic():
        done = Escalation.objects.filter(pk=escalation.pk, over_at__isnull=True).update(
            over_at=timezone.now(), seen_by=officer, answer=answer[:1000]
        )
        if not done:
            raise NotAllowed("answered-already", _("Somebody has answered this, or it was settled meanwhile."))
        case = Case.objects.select_related("department").get(pk=escalation.case_id)
        journal.record(
            events.LimitAnswered(case=case.pk, escalation=escalation.pk),
            subject=case.subject,
            actor=acting(officer, escalation.role),
        )
        journal.touch(f"queue:{case.department.code}")
    escalation.refresh_from_db()
    return escalation
