"""How long a case lies on whose desk, as it is taken and laid down. Call inside the act's transaction."""

from datetime import datetime

from tongban.cases.models import Case, DeskTime, PassingOn
from tongban.cases.states import WITH_OFFICE, CaseState

AT_WORK = WITH_OFFICE - {CaseState.SUSPENDED, CaseState.PUBLIC_NOTICE}


def taken(case: Case, officer: int, now: datetime) -> None:
    """It lies with this officer (by key) from now on; with them already, nothing happens."""
    lying = DeskTime.objects.filter(case=case, until__isnull=True)
    if not lying.filter(officer=officer).exists():
        lying.update(until=now)
        _nothing_held_out(case, now)
        DeskTime.objects.create(case=case, officer_id=officer, since=now)


def laid_down(case: Case, now: datetime) -> None:
    DeskTime.objects.filter(case=case, until__isnull=True).update(until=now)
    _nothing_held_out(case, now)


def _nothing_held_out(case: Case, now: datetime) -> None:
    """What is no longer on the desk cannot be held out from it to a colleague."""
    held_out = PassingOn.objects.filter(case=case, state=PassingOn.State.OFFERED)
    held_out.update(state=PassingOn.State.OVER, ended_at=now)


def follow(case: Case, now: datetime) -> None:
    """After a move: while a case waits for the applicant, an excluded step or a notice, it spends no time on the desk it returns to."""
    if case.claimed_by_id is not None and case.state in AT_WORK:
        taken(case, case.claimed_by_id, now)
    else:
        laid_down(case, now)
