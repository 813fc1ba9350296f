from datetime import date

from django.db.models import Q, QuerySet

from tongban.departments.models import Officer
from tongban.parties.models import Party
from tongban.registers.models import Call, Correction, Dispute, Grant, Resource
from tongban.registers.states import RUNNING, STEWARDS, WAITING, DisputeState


def resources() -> QuerySet[Resource]:
    return Resource.objects.all()


def grants_of(matter: str) -> QuerySet[Grant]:
    """What a matter may read, where and on which ground: the guide shows it."""
    return Grant.objects.select_related("resource").filter(matter=matter).order_by("resource__slug", "purpose")


def calls_of(party: Party) -> QuerySet[Call]:
    """Every reading about this party, newest first: the person's own page shows it."""
    return Call.objects.select_related("resource").filter(of_party=party).order_by("-id")


def calls_about(about: str) -> QuerySet[Call]:
    return Call.objects.select_related("resource").filter(about=about).order_by("-id")


def running_disputes(party: Party) -> QuerySet[Dispute]:
    return Dispute.objects.select_related("resource").filter(of_party=party, state__in=RUNNING)


def disputes_of(party: Party) -> QuerySet[Dispute]:
    """What this party said is wrong in a register, newest first."""
    return Dispute.objects.select_related("resource", "steward__department").filter(of_party=party).order_by("-id")


def corrections_of(party: Party) -> QuerySet[Correction]:
    return Correction.objects.select_related("resource", "dispute").filter(of_party=party).order_by("-id")


def steward_sees(officer: Officer) -> QuerySet[Dispute]:
    """Disputes about registers of the officer's department; the data centre's coordinator sees those of all."""
    rows = Dispute.objects.select_related("resource", "of_party", "steward", "account")
    if "coordinator" in officer.roles or "auditor" in officer.roles:
        return rows
    return rows.filter(provider=officer.department.code) if set(STEWARDS) & set(officer.roles) else rows.none()


def steward_queue(
    officer: Officer, *, answered: bool = False, after: tuple[date, int] | None = None
) -> QuerySet[Dispute]:
    """What waits for an answer, the first due first; or what was answered, the last one first. A page begins after (due, id)."""
    rows = steward_sees(officer)
    if answered:
        done = rows.exclude(state__in=RUNNING).order_by("-id")
        return done if after is None else done.filter(pk__lt=after[1])
    waiting = rows.filter(state__in=[*WAITING, DisputeState.CORRECTING]).order_by("due", "id")
    return waiting if after is None else waiting.filter(Q(due__gt=after[0]) | Q(due=after[0], pk__gt=after[1]))


def grants() -> QuerySet[Grant]:
    """Every grant there is: who reads what of which register, and why."""
    return Grant.objects.select_related("resource").order_by("resource__slug", "matter", "purpose")


def refused_calls() -> QuerySet[Call]:
    """Calls that no grant covered, newest first."""
    return Call.objects.select_related("resource").filter(outcome=Call.Outcome.REFUSED).order_by("-id")
