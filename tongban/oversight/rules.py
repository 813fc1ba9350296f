"""Judgement about looking at people: nothing here touches the database."""

from datetime import timedelta

PEOPLE_AN_HOUR = 50
ROWS_ALONE = 100
HOUR = timedelta(hours=1)
LOOK_LASTS = timedelta(minutes=30)
REASON_AT_LEAST = 10
ALLOWED_AT_MOST = 8  # hours
NUMBER_AT_MOST = 10_000
ANSWER_WITHIN = 5  # working days
EXPORTING = "export"

SUPERVISES = {"auditor", "coordinator"}  # sees looks and alerts, answers questions
SECOND_PERSON = {"supervisor", "coordinator", "dept_approver"}  # may allow an officer more than one alone may


def may_supervise(roles) -> bool:
    return bool(SUPERVISES & set(roles))


def may_be_second_person(roles, department: str, *, for_department: str) -> bool:
    """The hall's supervisor and the coordinator for everybody, an approver for the own department."""
    held = SECOND_PERSON & set(roles)
    return bool(held - {"dept_approver"}) or (bool(held) and department == for_department)
