"""What a visit was: pure, from the cases that were worked on while the ticket was served (domain.md 5.4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Worked:
    """One case of the visit: when it was sent, decided, and ended without a decision."""

    sent_at: datetime | None
    decided_at: datetime | None
    ended_at: datetime | None = None


def on_the_spot(worked: Iterable[Worked], served_from: datetime, now: datetime) -> bool | None:
    """Does the person leave with the decision of everything they came for? None: there was nothing to decide.

    A draft that was only begun, what had been decided before the person came, and what ended without a decision ask for none.
    """
    asked = [
        one
        for one in worked
        if one.sent_at is not None
        and not (one.decided_at is not None and one.decided_at < served_from)
        and not (one.decided_at is None and one.ended_at is not None)
    ]
    if not asked:
        return None
    return all(one.decided_at is not None and one.decided_at <= now for one in asked)
