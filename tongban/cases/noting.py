"""A line of a case's history for what is no move: everybody sees what was done, by whom and when."""

from datetime import datetime

from tongban.cases.models import Case, Step
from tongban.cases.moving import changed
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.parties.models import Account


def note(
    case: Case,
    act: str,
    *,
    actor: Actor,
    what,
    now: datetime,
    officer: Officer | None = None,
    account: Account | None = None,
    reason: str = "",
) -> None:
    """Call inside the act's transaction, with the case locked. `act` has words in `portal_words.MOVE_WORDS`."""
    Step.objects.create(
        case=case, at=now, move=act, source=case.state, target=case.state, role=actor.role, officer=officer,
        account=account, reason=reason,
    )  # fmt: skip
    journal.record(what, subject=case.subject, actor=actor)
    changed(case)
