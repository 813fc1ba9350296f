"""Before an officer acts on a case: may they? All reasons against it at once, read fresh from the database."""

from typing import Any

from django.db.models import BigIntegerField, DateField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import planning, rules
from tongban.cases.models import BundleMember, Case
from tongban.cases.states import (
    ACCEPT,
    APPROVE,
    EXTEND,
    IN_REVIEW,
    INSPECTION_DONE,
    NOT_ACCEPT,
    ORDER_INSPECTION,
    PUBLISH_NOTICE,
    REFUSE,
    REQUEST_CORRECTION,
    RESUME,
    REVOKE,
    START_REVIEW,
    SUSPEND,
    CaseState,
)
from tongban.departments.models import Certification, Officer
from tongban.lib.composed import composed
from tongban.lib.moves import Move
from tongban.lib.problems import NotAllowed, worded
from tongban.parties.queries import conflicts_of


def handler_of(officer: Officer) -> rules.Handler:
    """What the rules need to know of an officer today."""
    today = timezone.localdate()
    person = officer.account.person
    parties = conflicts_of(person) if person is not None else set()
    return rules.Handler(
        staff_no=officer.staff_no,
        department=officer.department.code,
        roles=frozenset(officer.roles),
        active=officer.active,
        parties=frozenset(parties),
        certified=frozenset(_certified(officer=officer.pk, today=today)),
    )


@composed(officer=BigIntegerField(), today=DateField())
def _certified(officer, today):
    rows = Certification.objects.filter(officer_id=officer, since__lte=today).exclude(until__lt=today)
    return rows.values_list("matter", flat=True)


def permit(officer: Officer, case: Case, step: Move) -> str:
    """The role in which this officer makes the move; raises NotAllowed with every reason against it."""
    handler = handler_of(officer)
    role = rules.role_for(handler, step) or next(iter(step.by))
    reasons = [*rules.reasons_against_handling(handler, case, role=role), *reasons_against_step(case, step)]
    if _signs(officer, case):
        reasons.append(_("Nobody handles an application that they sign themselves."))
    if reasons:
        raise NotAllowed("not-your-case", worded("%(reasons)s", reasons=_Joined(reasons)))
    return role


OF_DEPARTMENTS = {
    step.name
    for step in (
        START_REVIEW, ORDER_INSPECTION, INSPECTION_DONE, SUSPEND, RESUME, EXTEND, PUBLISH_NOTICE, APPROVE, REFUSE, REVOKE,
    )
}  # fmt: skip
AT_THE_FRONT_DESK = {step.name for step in (ACCEPT, REQUEST_CORRECTION, NOT_ACCEPT)}


ASK: Any = object()


def reasons_against_step(case: Case, step: Move, *, member: tuple[bool, str] | None = ASK) -> list:
    """What a bundle leaves to its members, and its members to the bundle. `member`: whether it must stay in it, and how the whole stands,
    where that was asked for many at once."""
    if planning.is_bundle(case):
        if step.name in OF_DEPARTMENTS:
            return [_("The departments decide the parts of a bundle; the whole follows them.")]
        return []
    if case.parent_id is None:
        return []
    if step.name in AT_THE_FRONT_DESK:
        row = member
        if member is ASK:
            row = BundleMember.objects.filter(case=case.pk).values_list("mandatory", "parent__state").first()
        if row is None or row[0]:
            return [_("This part belongs to a bundle and is accepted or corrected with the whole.")]
        if step.name == ACCEPT.name and row[1] not in IN_REVIEW:
            return [_("This part belongs to a bundle and is accepted or corrected with the whole.")]
    if step.name == START_REVIEW.name and case.state == CaseState.ACCEPTED:
        return [_("Its review begins by itself as soon as the parts it rests on are granted.")]
    return []


def permit_to_work(officer: Officer, case: Case) -> rules.Handler:
    """May this officer do anything with the case at all? Raises NotAllowed for readers, other departments and one's own case."""
    handler = handler_of(officer)
    if case.applicant_id in handler.parties or _signs(officer, case):
        raise NotAllowed("own-case", _("Nobody handles their own case."), status=403)
    in_reach = handler.roles & rules.HALL_ROLES or handler.department == case.department.code
    if not handler.active or not handler.roles - rules.READING_ROLES or not in_reach:
        raise NotAllowed("not-your-case", _("You may read this case, but not work on it."), status=403)
    return handler


def _signs(officer: Officer, case: Case) -> bool:
    """Is this officer one of those who sign beside the applicant?"""
    person = officer.account.person
    return person is not None and case.pk is not None and case.signers.filter(id_index=person.id_index).exists()


class _Joined:
    """Reasons said one after the other, in the language of whoever reads."""

    def __init__(self, reasons: list):
        self.reasons = reasons

    def __str__(self):
        return " ".join(str(reason) for reason in self.reasons)
