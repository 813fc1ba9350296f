"""Where the time of a case went: counted from its steps and from desks, never from counters."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import BigIntegerField
from django.utils import timezone

from tongban.cases.clocks import local_day
from tongban.cases.models import Case, DeskTime
from tongban.cases.states import ENDED, CaseState
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.lib.composed import composed

S = CaseState

WHO_HAS_IT = {
    S.DRAFT: "nobody", S.SUBMITTED: "window", S.PRE_REVIEW: "window", S.PRE_REVIEW_RETURNED: "applicant",
    S.RECEIVED: "window", S.CORRECTION_REQUESTED: "applicant", S.ACCEPTED: "department", S.UNDER_REVIEW: "department",
    S.SITE_INSPECTION: "department", S.SUSPENDED: "not_counted", S.PUBLIC_NOTICE: "department", S.APPROVED: "issuing",
    S.ISSUING: "issuing", S.READY: "applicant",
}  # fmt: skip


@dataclass(frozen=True)
class Spent:
    """Working days with one place: window, department, issuing, applicant, or not_counted (a step the law leaves out)."""

    place: str
    working_days: int
    running: bool


def by_place(case: Case, *, now: datetime | None = None) -> list[Spent]:
    """In the order in which the places had it first. The day something arrives does not count, as in every clock.

    The parts add up to the working days from receipt to the end, because each stretch begins where the last one ended.
    """
    now = now or timezone.now()
    calendar = departments.calendar()
    days: dict[str, int] = {}
    running = WHO_HAS_IT.get(S(case.state), "nobody")
    steps = list(case.steps.order_by("id").values_list("at", "target"))
    ends = [*(local_day(at) for at, _target in steps[1:]), local_day(now)]
    start = case.received_on
    for (at, target), end in zip(steps, ends, strict=True):
        place = WHO_HAS_IT.get(S(target), "nobody")
        begin = (
            max(local_day(at), start) if start is not None and target in {S.SUBMITTED, S.RECEIVED} else local_day(at)
        )
        if place != "nobody" and target not in ENDED:
            days[place] = days.get(place, 0) + calendar.working_days_between(begin, end)
    return [Spent(place, count, place == running and case.state not in ENDED) for place, count in days.items()]


@dataclass(frozen=True)
class OnDesk:
    """One stay on an officer's desk: working days that count, from the day after it was taken."""

    officer: Officer
    since: datetime
    until: datetime | None
    working_days: int


def by_desk(case: Case, *, now: datetime | None = None) -> list[OnDesk]:
    """Every stay on a desk, oldest first."""
    now = now or timezone.now()
    calendar = departments.calendar()
    return [
        OnDesk(
            row.officer,
            row.since,
            row.until,
            calendar.working_days_between(local_day(row.since), local_day(row.until or now)),
        )
        for row in _stays(case=case.pk)
    ]


@composed(case=BigIntegerField())
def _stays(case):
    return DeskTime.objects.filter(case_id=case).select_related("officer").order_by("id")


def days_on_desk(officer: Officer, cases: list[int], *, today: date | None = None) -> dict[int, int]:
    """{case: working days it has lain on this officer's desk}, all stays together; of many cases in one question."""
    today = today or timezone.localdate()
    calendar, spent = departments.calendar(), dict.fromkeys(cases, 0)
    for case, since, until in DeskTime.objects.filter(officer=officer, case_id__in=cases).values_list(
        "case_id", "since", "until"
    ):
        spent[case] += calendar.working_days_between(local_day(since), local_day(until) if until else today)
    return spent
