"""Judgement about what has served its time. Nothing here changes anything."""

import datetime
from collections.abc import Iterable

from django.utils import timezone

from tongban.cases.models import Case
from tongban.cases.states import CaseState
from tongban.departments.models import Officer
from tongban.matters import retention
from tongban.oversight.rules import may_be_second_person

OUTCOME_OF = {
    CaseState.CLOSED: "granted",
    CaseState.REFUSED: "refused",
    CaseState.NOT_ACCEPTED: "not_accepted",
    CaseState.WITHDRAWN: "withdrawn",
    CaseState.LAPSED: "lapsed",
    CaseState.TERMINATED: "lapsed",
    CaseState.REVOKED: "revoked",
}
PROPOSES = ("coordinator",)
CONFIRMS = ("coordinator", "supervisor", "dept_approver")
HOLDS = ("supervisor", "coordinator", "dept_approver")
READS = ("coordinator", "supervisor", "dept_approver", "auditor")
REASON_AT_LEAST = 10


def outcome_of(case: Case) -> str | None:
    """How it ended; None while it runs."""
    return OUTCOME_OF.get(case.state)  # type: ignore[call-overload]


def ended_on(case: Case) -> datetime.date:
    return timezone.localdate(case.ended_at or case.decided_at or case.updated_at)


def expected(case: Case, papers: Iterable[retention.PaperRule]) -> retention.Rule:
    """The rule of an application that ended, and of one that runs the rule it will have if it is granted; with the papers that lie in it."""
    return retention.lengthened(retention.rule_for(case.version, outcome_of(case) or "granted"), papers)


def may_confirm(officer: Officer, department: str) -> bool:
    """The four eyes of the house: hall supervisor and coordinator for everybody, an approver for the own department."""
    return may_be_second_person(officer.roles, department, for_department=department) and (
        bool({"supervisor", "coordinator"} & set(officer.roles)) or officer.department.code == department
    )


def may_see(officer: Officer, department: str) -> bool:
    everywhere = {"supervisor", "coordinator", "auditor"} & set(officer.roles)
    return bool(everywhere) or officer.department.code == department
