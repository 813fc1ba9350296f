"""Before an officer touches money: may they? And who acts, as the journal knows them."""

from collections.abc import Collection

from tongban.departments.models import Officer
from tongban.journal.actors import Actor
from tongban.lib.problems import NotAllowed
from tongban.parties.queries import conflicts_of
from tongban.payments import rules
from tongban.payments.models import Bill


def permit(officer: Officer, bill: Bill, roles: Collection[str]) -> Actor:
    """The officer as an actor in the role that allows it; raises NotAllowed with the first reason against it."""
    person = officer.account.person
    parties = conflicts_of(person) if person is not None else set()
    cashier = rules.Cashier(
        pk=officer.pk,
        roles=frozenset(officer.roles),
        department=officer.department_id,
        parties=frozenset(parties),
        active=officer.active,
    )
    for reason in rules.reasons_against(cashier, roles, department=bill.department_id, payer=bill.payer_id):
        raise NotAllowed("not-your-bill", reason, status=403)
    role = rules.role_for(cashier, roles, department=bill.department_id) or next(iter(roles))
    return acting(officer, role)


def acting(officer: Officer, role: str) -> Actor:
    return Actor(
        kind="officer",
        role=role,
        account=officer.account_id,
        department=officer.department.code,
        name=officer.staff_no,
    )
