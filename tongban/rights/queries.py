from datetime import date

from django.db.models import Q, QuerySet

from tongban.cases.models import Case
from tongban.departments.models import Officer
from tongban.rights.models import Erasure, Review


def reviews_of(case: Case) -> QuerySet[Review]:
    return Review.objects.select_related("officer__department").filter(case=case).order_by("-id")


def reviews_for(officer: Officer, *, answered: bool = False, after: tuple[date, int] | None = None) -> QuerySet[Review]:
    """What people asked this officer's department to look at: the first due first; or what was answered, the last one first."""
    rows = Review.objects.select_related("case__version", "case__applicant", "case__department", "officer")
    if "coordinator" not in officer.roles:
        rows = rows.filter(department=officer.department.code)
    if answered:
        done = rows.exclude(state="open").order_by("-id")
        return done if after is None else done.filter(pk__lt=after[1])
    waiting = rows.filter(state="open").order_by("due", "id")
    return waiting if after is None else waiting.filter(Q(due__gt=after[0]) | Q(due=after[0], pk__gt=after[1]))


def erasures() -> QuerySet[Erasure]:
    return Erasure.objects.order_by("-at", "-id")
