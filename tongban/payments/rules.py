"""Pure questions about money: who may touch it, how much may still go back, when a gateway is asked again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

HALL_ROLES = {"window_officer", "issuing_officer", "coordinator", "supervisor"}  # for every department

PAY_WITHIN = timedelta(
    minutes=40
)  # payment services close a page themselves; the shortest any of ours allows is 30 minutes
FIRST_QUESTION = timedelta(seconds=45)  # a notice is usually here before
QUESTIONS = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 5, 10, 10, 10, 20, 30)]
LATER_QUESTIONS = timedelta(hours=1)
DUE_DAYS = 30
REMIND_BEFORE = timedelta(days=5)
FORGED_KEPT_A_DAY = 500  # so that nobody fills the disk with notices he made up


@dataclass(frozen=True)
class Cashier:
    """An officer as these rules see one."""

    pk: int
    roles: frozenset[str]
    department: int
    parties: frozenset[int]
    active: bool = True


def role_for(cashier: Cashier, roles: Collection[str], *, department: int) -> str | None:
    """The role in which this officer touches a bill of that department, if any."""
    near = [
        role for role in roles if role in cashier.roles and (role in HALL_ROLES or cashier.department == department)
    ]
    return near[0] if near else None


def reasons_against(cashier: Cashier, roles: Collection[str], *, department: int, payer: int) -> list[Any]:
    reasons = []
    if not cashier.active or role_for(cashier, roles, department=department) is None:
        reasons.append(_("Your role does not allow this for a bill of this department."))
    if payer in cashier.parties:
        reasons.append(_("Nobody handles their own money here."))
    return reasons


def question_after(asked: int) -> timedelta:
    """How long to wait before the gateway is asked again."""
    return QUESTIONS[asked] if asked < len(QUESTIONS) else LATER_QUESTIONS
