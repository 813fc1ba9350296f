"""May somebody book, move or cancel: pure. Facts are gathered by `services.booking`, the answer is every reason at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tongban.halls.capacity import Rules

SIXTY = 60
UNITS_AT_MOST = 6
HOLDS_A_DAY = 10  # of one person: whoever holds and lets go all day books for nobody


@dataclass(frozen=True)
class Record:
    """What is known of whoever wants to book. `verified`: their identity was proved; `by_staff`: somebody of the hall books for them."""

    verified: bool
    by_staff: bool = False
    spared: bool = False  # sixty or over, or disabled
    no_shows: Sequence[datetime] = ()
    cancellations: Sequence[datetime] = ()
    that_day: int = 0
    open_matters: frozenset[str] = frozenset()
    bookings_today: dict[str, int] = field(default_factory=dict)  # of each matter, made today
    holds_today: int = 0


def blocked_until(
    no_shows: Iterable[datetime], cancellations: Iterable[datetime], now: datetime, rules: Rules
) -> datetime | None:
    """Until when this person does not book online; None: they may. A block begins with the last of so many within thirty days."""
    ends: list[datetime] = []
    for happened, many in ((sorted(no_shows), rules.no_shows), (sorted(cancellations), rules.cancellations)):
        for first, last in zip(happened, happened[many - 1 :], strict=False):
            if last - first <= timedelta(days=rules.within_days):
                ends.append(last + timedelta(days=rules.blocked_days))
    until = max(ends, default=None)
    return until if until is not None and until > now else None


def reasons_against(record: Record, matters: Iterable[str], now: datetime, rules: Rules) -> list[str]:
    """not_verified, blocked, one_a_day, matter_booked, matter_too_often, held_too_often: all that hold, none where booking is free."""
    matters = list(matters)
    reasons = []
    if not record.by_staff:
        if not record.verified:
            reasons.append("not_verified")
        if not record.spared and blocked_until(record.no_shows, record.cancellations, now, rules):
            reasons.append("blocked")
        if record.holds_today >= HOLDS_A_DAY:
            reasons.append("held_too_often")
    if record.that_day >= rules.per_day:
        reasons.append("one_a_day")
    if record.open_matters.intersection(matters):
        reasons.append("matter_booked")
    if any(record.bookings_today.get(one, 0) >= rules.bookings_of_a_matter for one in matters):
        reasons.append("matter_too_often")
    return reasons


def too_late_to_change(begins_at: datetime, now: datetime, rules: Rules) -> bool:
    return now > begins_at - timedelta(minutes=rules.change_until)


def too_soon(begins_at: datetime, now: datetime, rules: Rules, *, by_staff: bool) -> bool:
    """Today's times are booked until two hours before; the staff books what has not begun."""
    return now >= begins_at if by_staff else now > begins_at - timedelta(minutes=rules.same_day_until)


def units(people: int, matters: int, *, round_table: bool) -> int:
    """Places a visit needs: one for each person and errand; a round table takes three times a consultation."""
    return max(1, people) * max(1, matters) * (3 if round_table else 1)
