"""Figures of visits, as domain.md 5.4 and demo/metrics.yaml define them. Pure: from what is known of each ticket to mean, median and share.

Waiting begins when the number is issued, or for a booking at the later of slot start and check-in, and ends at the first call, also for
somebody who was skipped and came back. Whoever was never called is in no average and is counted apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from statistics import fmean, median

ESTIMATES_STEP = 5  # minutes: an estimate is shown rounded up to it, so an error below it is as good as shown


@dataclass(frozen=True, slots=True)
class Visit:
    """One ticket. `on_the_spot` and `one_visit` are None where the question does not arise (a consultation, a case still open)."""

    category: str
    waits_from: datetime
    first_called_at: datetime | None = None
    followed_at: datetime | None = None  # the first call of the round in which somebody came
    serving_at: datetime | None = None
    ended_at: datetime | None = None
    done: bool = False
    gone: bool = False  # void: gave the ticket back, came too late, or the hall closed
    estimate_minutes: int | None = None
    on_the_spot: bool | None = None
    one_visit: bool | None = None

    @property
    def waited(self) -> float | None:
        return _minutes(self.waits_from, self.first_called_at)

    @property
    def walked(self) -> float | None:
        """From the first call of the last round: whoever was skipped, sent on or parked was called anew, and waited in between."""
        return _minutes(self.followed_at or self.first_called_at, self.serving_at)

    @property
    def served(self) -> float | None:
        return _minutes(self.serving_at, self.ended_at) if self.done else None

    @property
    def estimate_off(self) -> float | None:
        """How much longer the estimate was than the wait; negative: the wait was longer."""
        waited = self.waited
        return None if waited is None or self.estimate_minutes is None else self.estimate_minutes - waited


@dataclass(frozen=True)
class Spread:
    """Of some minutes: how many, mean, median, and what nine of ten did not exceed."""

    count: int = 0
    mean: float | None = None
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class Share:
    numerator: int
    denominator: int

    @property
    def percent(self) -> float | None:
        return round(100 * self.numerator / self.denominator, 1) if self.denominator else None


@dataclass(frozen=True)
class EstimateError:
    """Of those who were called and had an estimate: mean difference (above nothing: promised too long), mean size of it, share within five minutes."""

    count: int
    bias: float | None
    size: float | None
    within: Share


@dataclass(frozen=True)
class Figures:
    tickets: int
    waiting: Spread
    walking: Spread
    service: Spread
    left: int  # never called, and no longer there
    still_waiting: int  # not called yet
    on_the_spot: Share
    one_visit: Share
    no_show: Share
    estimate: EstimateError


def spread(minutes: Iterable[float]) -> Spread:
    found = sorted(minutes)
    if not found:
        return Spread()
    return Spread(len(found), fmean(found), median(found), found[max(0, ceil(0.9 * len(found)) - 1)])


def figures(visits: Sequence[Visit], *, appointments: int = 0, no_shows: int = 0) -> Figures:
    """`appointments` are those whose slot is over, whether kept or not; `no_shows` those of them to which nobody came."""
    uncalled = [visit for visit in visits if visit.first_called_at is None]
    off = [error for visit in visits if (error := visit.estimate_off) is not None]
    return Figures(
        tickets=len(visits),
        waiting=spread(minutes for visit in visits if (minutes := visit.waited) is not None),
        walking=spread(minutes for visit in visits if (minutes := visit.walked) is not None),
        service=spread(minutes for visit in visits if (minutes := visit.served) is not None),
        left=sum(visit.gone for visit in uncalled),
        still_waiting=sum(not visit.gone for visit in uncalled),
        on_the_spot=_share(visit.on_the_spot for visit in visits),
        one_visit=_share(visit.one_visit for visit in visits),
        no_show=Share(no_shows, appointments),
        estimate=EstimateError(
            len(off),
            fmean(off) if off else None,
            fmean(map(abs, off)) if off else None,
            Share(sum(abs(error) <= ESTIMATES_STEP for error in off), len(off)),
        ),
    )


def changed(base: float, now: float) -> float | None:
    """By how many percent a figure differs from what it was: from 24 minutes to 16 is -33.3."""
    return round(100 * (now - base) / base, 1) if base else None


def _share(answers: Iterable[bool | None]) -> Share:
    known = [answer for answer in answers if answer is not None]
    return Share(sum(known), len(known))


def _minutes(begins: datetime | None, ends: datetime | None) -> float | None:
    if begins is None or ends is None:
        return None
    return max(0.0, (ends - begins).total_seconds() / 60)
