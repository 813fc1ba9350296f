"""Pure judgement of inspections: what chance chose, what is wrong with a worker's test, until when a finding is put right."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.codes.models import VenueFinding
from tongban.codes.test_results import TestSeen

SAMPLE, SAMPLE_AT_MOST = 3, 20
CLOCKS_DIFFER = timedelta(minutes=5)
WAITED_AT_MOST = timedelta(hours=24)  # a phone that was longer without a line scans again
What = VenueFinding.What
DAYS: dict[str, int] = {What.TEST_POSITIVE: 1, What.NOT_ON_LIST: 3, What.TEST_OVERDUE: 3}  # working days
DAYS_ELSE = 7

REASONS: dict[str, Any] = {
    "positive": _("The last test was positive."),
    "result_unknown": _("The result of the last test is not known."),
    "never_tested": _("No test is known."),
    "test_too_old": _("The last test is older than the rule of this venue allows."),
    "sampled_later": _("The test is dated in the future."),
    "not_on_list": _("This person does not stand on the staff list."),
    "red": _("The code is red."),
    "yellow": _("The code is yellow."),
    "grey": _("It was not proved who this person is."),
    "pass_refused": _("The health pass is not valid."),
    "code_refused": _("The code was not accepted."),
}
LEADS_TO = {
    "positive": What.TEST_POSITIVE,
    "never_tested": What.TEST_OVERDUE,
    "test_too_old": What.TEST_OVERDUE,
    "not_on_list": What.NOT_ON_LIST,
}


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def chosen(seed: str, among: int) -> int:
    """Which of so many the seed chooses, counted from 0: the same for whoever asks again."""
    return _number(f"{seed}:venue") % among


def sampled(seed: str, workers: Iterable[int], size: int) -> list[int]:
    """So many of the workers, in the order in which the seed draws them."""
    return sorted(workers, key=lambda worker: (_number(f"{seed}:{worker}"), worker))[:size]


def reasons_against(
    test: TestSeen | None, *, hours: int | None, at: datetime, colour: str = "blue", on_list: bool = True
) -> list[str]:
    """Every reason why a worker should not be at work now. Without a rule nobody has to be tested; a positive test always counts."""
    reasons = []
    if test is not None and test.result == "positive":
        reasons.append("positive")
    if hours is not None:
        if test is None:
            reasons.append("never_tested")
        else:
            if test.result not in {"positive", "negative"}:
                reasons.append("result_unknown")
            if test.sampled_at > at + CLOCKS_DIFFER:
                reasons.append("sampled_later")
            elif at - test.sampled_at > timedelta(hours=hours):
                reasons.append("test_too_old")
    if colour in {"red", "yellow", "grey"}:
        reasons.append(colour)
    if not on_list:
        reasons.append("not_on_list")
    return reasons


def scanned_at(told: datetime | None, now: datetime) -> datetime:
    """When a phone says it scanned: taken if it can be so, else the moment at which it was sent."""
    if told is None or told > now + CLOCKS_DIFFER or told < now - WAITED_AT_MOST:
        return now
    return min(told, now)
