"""What is asked about cases, each from somebody's eyes. Lists go by keyset: pass the last row's key to go on."""

from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from tongban.cases import clocks, rules
from tongban.cases.models import Case
from tongban.cases.permission import handler_of
from tongban.cases.states import (
    ENDED,
    IN_REVIEW,
    MOVES,
    WITH_APPLICANT,
    CaseState,
    ClockKind,
)
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.lib.moves import Move
from tongban.lib.workdays import light
from tongban.parties.models import Account, Party

PAGE = 25
TOGETHER = ("matter", "version", "department", "applicant")


def of(party: Party) -> QuerySet[Case]:
    """A party's own cases that were sent, newest first."""
    return Case.objects.filter(applicant=party).exclude(state=CaseState.DRAFT).select_related(*TOGETHER).order_by("-id")


def drafts(party: Party) -> QuerySet[Case]:
    """A party's drafts, the one worked on last first."""
    return (
        Case.objects.filter(applicant=party, state=CaseState.DRAFT)
        .select_related(*TOGETHER)
        .order_by("-saved_at", "-id")
    )


def own(party: Party) -> QuerySet[Case]:
    """Everything of a party, draft or sent: what an address with a `ref` is looked up in."""
    return Case.objects.filter(applicant=party).select_related(*TOGETHER, "licence", "licence__type", "account")


def needing(party: Party) -> QuerySet[Case]:
    """Cases that wait for the party itself."""
    return of(party).filter(state__in=WITH_APPLICANT | {CaseState.READY})


def page_of(rows: QuerySet[Case], *, before: int | None = None, limit: int = PAGE) -> tuple[list[Case], int | None]:
    """One page of a newest-first list, and where the next begins (None at the end)."""
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def by_number(number: str, query_code: str) -> Case | None:
    """A case for somebody who holds its number and query code; both must fit."""
    return (
        Case.objects.filter(number=number.replace(" ", ""), query_code=query_code.strip())
        .select_related(*TOGETHER)
        .first()
    )


# -- the office

TABS: dict[str, set[CaseState]] = {
    "pre_review": {CaseState.SUBMITTED, CaseState.PRE_REVIEW},
    "intake": {CaseState.RECEIVED},
    "review": {CaseState.ACCEPTED, CaseState.UNDER_REVIEW},
    "decision": {CaseState.UNDER_REVIEW},
    "inspection": {CaseState.SITE_INSPECTION},
    "waiting": {
        CaseState.CORRECTION_REQUESTED,
        CaseState.PRE_REVIEW_RETURNED,
        CaseState.SUSPENDED,
        CaseState.PUBLIC_NOTICE,
    },
    "issuing": {CaseState.APPROVED, CaseState.ISSUING, CaseState.READY},
    "done": set(ENDED) | {CaseState.DELIVERED},
}
TABS_OF_ROLE = {
    "pre_reviewer": ["pre_review"],
    "window_officer": ["intake", "waiting"],
    "dept_reviewer": ["review", "waiting"],
    "dept_approver": ["decision"],
    "inspector": ["inspection"],
    "issuing_officer": ["issuing"],
    "supervisor": ["pre_review", "intake", "waiting", "issuing"],
    "coordinator": list(TABS),
    "auditor": list(TABS),
}


def tabs_of(officer: Officer) -> list[str]:
    """The queues this officer works from, in the order a case passes them, and what is done."""
    held = {tab for role in officer.roles for tab in TABS_OF_ROLE.get(role, ())} | {"done"}
    return [tab for tab in TABS if tab in held]


def visible_to(officer: Officer) -> QuerySet[Case]:
    """What an officer may see at all: the hall's roles every sent case, others their department's; never their own."""
    rows = Case.objects.exclude(state=CaseState.DRAFT)
    handler = handler_of(officer)
    if not handler.roles & (rules.HALL_ROLES | rules.READING_ROLES):
        rows = rows.filter(department=officer.department)
    if handler.parties:
        rows = rows.exclude(applicant_id__in=handler.parties)
    return rows.select_related(*TOGETHER, "claimed_by", "reviewer", "approver", "licence")


def waiting_for(officer: Officer, tab: str, *, mine: bool = False) -> QuerySet[Case]:
    """One queue of an officer, what is due first first; a case without a due day stands last."""
    rows = visible_to(officer).filter(state__in=TABS[tab])
    if tab == "review":
        rows = rows.filter(Q(opinion="") | Q(reviewer__isnull=True))
    elif tab == "decision":
        rows = rows.exclude(opinion="").exclude(reviewer=officer)
    if mine:
        rows = rows.filter(claimed_by=officer)
    if tab == "done":
        return rows.order_by("-id")
    return rows.order_by(F("next_due").asc(nulls_last=True), "id")


@dataclass(frozen=True)
class QueueKey:
    """Where a page of a queue ended: the due day (far away when there is none) and the row."""

    due: date
    pk: int

    @classmethod
    def read(cls, text: str) -> "QueueKey | None":
        day, _, pk = (text or "").partition(".")
        try:
            return cls(date.fromisoformat(day), int(pk))
        except ValueError:
            return None

    def __str__(self):
        return f"{self.due.isoformat()}.{self.pk}"


def queue_page(rows: QuerySet[Case], after: QueueKey | None, limit: int = PAGE) -> tuple[list[Case], QueueKey | None]:
    """One page of a due-first queue after a key, and the key of its end (None at the last page)."""
    if after is not None:
        later = Q(next_due__gt=after.due) | Q(next_due=after.due, pk__gt=after.pk) | Q(next_due__isnull=True)
        rows = rows.filter(later if after.due != clocks.FAR_AWAY else Q(next_due__isnull=True, pk__gt=after.pk))
    page = list(rows[: limit + 1])
    if len(page) <= limit:
        return page, None
    last = page[limit - 1]
    return page[:limit], QueueKey(last.next_due or clocks.FAR_AWAY, last.pk)


def light_of(case: Case, today: date | None = None) -> str:
    """green, yellow, red or black (domain.md 5.1.6); grey when no clock of an office runs."""
    if (
        case.state in ENDED
        or case.next_due is None
        or case.state in WITH_APPLICANT
        or case.state == CaseState.SUSPENDED
    ):
        return "grey"
    today = today or timezone.localdate()
    in_review = case.state in IN_REVIEW
    started = (
        timezone.localtime(case.accepted_at).date() if in_review and case.accepted_at else case.received_on
    ) or today
    promised = case.promised_due if in_review else case.next_due
    return light(today, promised or case.next_due, case.statutory_due, started, departments.calendar())


def moves_for(officer: Officer, case: Case) -> list[Move]:
    """The moves this officer could make now, as far as state, role, department and certificate say."""
    handler = handler_of(officer)
    found = []
    for step in MOVES:
        role = rules.role_for(handler, step)
        if role and step.may_start_from(case.state) and not rules.reasons_against_handling(handler, case, role=role):
            found.append(step)
    return found


# -- one case


def timeline(case: Case) -> list:
    """What happened, oldest first."""
    return list(case.steps.select_related("officer", "officer__department"))


def running_clock(case: Case):
    """The clock that counts now: (clock, day it ends or None while it stands still)."""
    running = {clock.kind: clock for clock in case.clocks.all() if clock.stopped_on is None}
    for kind in clocks.SHOWN_FIRST:
        if kind in running:
            clock = running[kind]
            return clock, None if clock.due == clocks.FAR_AWAY else clock.due
    return None, None


def days_left(case: Case, today: date | None = None) -> int | None:
    """Working days left until the next due day; negative when it is over; None when nothing runs."""
    if case.next_due is None or case.next_due == clocks.FAR_AWAY:
        return None
    today = today or timezone.localdate()
    calendar = departments.calendar()
    if case.next_due >= today:
        return calendar.working_days_between(today, case.next_due)
    return -calendar.working_days_between(case.next_due, today)


def open_findings(case: Case) -> list:
    """The points of the last round that the applicant has not answered yet, and those answered since, in order."""
    last = case.findings.order_by("-round").values_list("round", flat=True).first()
    return list(case.findings.filter(round=last)) if last else []


def statutory_clock(case: Case):
    return case.clocks.filter(kind=ClockKind.DECISION_STATUTORY).first()


def of_account(account: Account) -> QuerySet[Case]:
    return Case.objects.filter(account=account)
