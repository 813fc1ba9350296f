"""Before an officer acts on a case: may they? All reasons against it at once, read fresh from the database."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import rules
from tongban.cases.models import Case
from tongban.departments.models import Certification, Officer
from tongban.lib.moves import Move
from tongban.lib.problems import NotAllowed, worded
from tongban.parties.models import Membership


def handler_of(officer: Officer) -> rules.Handler:
    """What the rules need to know of an officer today."""
    today = timezone.localdate()
    certified = Certification.objects.filter(officer=officer, since__lte=today).exclude(until__lt=today)
    parties = set()
    if officer.account.person_id:
        parties = {officer.account.person_id} | set(
            Membership.objects.filter(person_id=officer.account.person_id).values_list("company_id", flat=True)
        )
    return rules.Handler(
        staff_no=officer.staff_no,
        department=officer.department.code,
        roles=frozenset(officer.roles),
        active=officer.active,
        parties=frozenset(parties),
        certified=frozenset(certified.values_list("matter", flat=True)),
    )


def permit(officer: Officer, case: Case, step: Move) -> str:
    """The role in which this officer makes the move; raises NotAllowed with every reason against it."""
    handler = handler_of(officer)
    role = rules.role_for(handler, step) or next(iter(step.by))
    reasons = rules.reasons_against_handling(handler, case, role=role)
    if reasons:
        raise NotAllowed("not-your-case", worded("%(reasons)s", reasons=_Joined(reasons)))
    return role


def permit_to_work(officer: Officer, case: Case) -> rules.Handler:
    """May this officer do anything with the case at all? Raises NotAllowed for readers, other departments and one's own case."""
    handler = handler_of(officer)
    if case.applicant_id in handler.parties:
        raise NotAllowed("own-case", _("Nobody handles their own case."), status=403)
    in_reach = handler.roles & rules.HALL_ROLES or handler.department == case.department.code
    if not handler.active or not handler.roles - rules.READING_ROLES or not in_reach:
        raise NotAllowed("not-your-case", _("You may read this case, but not work on it."), status=403)
    return handler


class _Joined:
    """Reasons said one after the other, in the language of whoever reads."""

    def __init__(self, reasons: list):
        self.reasons = reasons

    def __str__(self):
        return " ".join(str(reason) for reason in self.reasons)
