from datetime import date

from django.db.models import Q, QuerySet

from tongban.cases.models import Case
from tongban.departments.models import Officer
from tongban.evaluations.models import FollowUp, Invitation, Rating, mark_of, mark_of_erased
from tongban.evaluations.states import CALL_BACK, CONTACT, RECTIFY, FollowUpState
from tongban.lib.moves import Move
from tongban.parties.models import Account, Party


def all_of_them() -> QuerySet[Rating]:
    return Rating.objects.order_by("pk")


def stands(pk: int) -> bool:
    """Are the words of this rating those that were given? Raises Unreadable when their seal does not open."""
    rating = Rating.objects.get(pk=pk)
    if not rating.text and rating.words == mark_of_erased(rating.case_id):
        return True
    return rating.words == mark_of(rating.case_id, rating.text)


def rating_of(case: Case) -> Rating | None:
    return Rating.objects.filter(case=case).first()


def invitations(account: Account) -> QuerySet[Invitation]:
    """Cases this account may still rate, the last one first."""
    open_ones = Invitation.objects.filter(account=account, case__rating__isnull=True)
    return open_ones.select_related("case", "case__version").order_by("-invited_at", "-pk")


def ratings_of(party: Party) -> QuerySet[Rating]:
    return Rating.objects.filter(case__applicant=party).select_related("case").order_by("-at", "-pk")


def follow_ups(officer: Officer, *, done: bool = False) -> QuerySet[FollowUp]:
    """Bad ratings an officer follows up: the service office and supervisors see all, others none. The oldest open one stands first."""
    if not {"coordinator", "supervisor", "auditor"} & set(officer.roles):
        return FollowUp.objects.none()
    ended = Q(state=FollowUpState.CLOSED)
    rows = FollowUp.objects.filter(ended if done else ~ended)
    rows = rows.select_related("rating", "rating__case", "rating__case__version", "rating__case__department", "officer")
    return rows.order_by("-closed_at", "-pk") if done else rows.order_by("contact_due", "pk")


def due_of(follow_up: FollowUp) -> date | None:
    """The day that counts next; None when there is nothing left to do."""
    if follow_up.state == FollowUpState.RECEIVED:
        return follow_up.contact_due
    if follow_up.state == FollowUpState.CONTACTED:
        return follow_up.complex_due if follow_up.complex else follow_up.simple_due
    return follow_up.complex_due if follow_up.state == FollowUpState.RECTIFIED else None


def is_late(follow_up: FollowUp, today: date) -> bool:
    due = due_of(follow_up)
    return due is not None and today > due


def moves_for(officer: Officer, follow_up: FollowUp) -> list[Move]:
    """What this officer could do with it now."""
    case = follow_up.rating.case
    if officer.pk in {case.claimed_by_id, case.reviewer_id, case.approver_id}:
        return []
    steps = (CONTACT, RECTIFY, CALL_BACK)
    return [s for s in steps if s.may_start_from(follow_up.state) and set(s.by) & set(officer.roles)]


def rater_name(rating: Rating) -> str:
    """The name for staff: only when the rater let it be seen."""
    return rating.case.applicant.shown_name if rating.named else ""
