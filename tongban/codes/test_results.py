"""The latest test of a person, from wherever it is known: passes the person keeps, and the health department's register."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tongban.codes.models import KnownTest


@dataclass(frozen=True)
class TestSeen:
    """`result` is negative, positive or unknown; `source` is "pass" or "register"; `type` and `centre` may be empty."""

    __test__ = False

    type: str
    sampled_at: datetime
    result: str
    centre: str
    source: str


def latest_test(party_id: int, at: datetime) -> TestSeen | None:
    """The test sampled last before `at`, None when none is known. Nothing outside is asked: what is not known is not there."""
    return latest_tests([party_id], at).get(party_id)


def latest_tests(ids: Iterable[int], at: datetime) -> dict[int, TestSeen]:
    """{party id: its latest test}, in one query for as many as there are; persons without one are left out.

    Whoever shows it writes the look down: this is personal data. Of two tests of the same minute the positive one counts.
    """
    latest: dict[int, TestSeen] = {}
    for row in KnownTest.objects.filter(person__in=set(ids)).only("person", "source", "facts").order_by("id"):
        seen = TestSeen(
            type=row.facts["type"],
            sampled_at=datetime.fromisoformat(row.facts["sampled_at"]),
            result=row.facts["result"],
            centre=row.facts["centre"],
            source=row.source,
        )
        if seen.sampled_at <= at and (row.person_id not in latest or _later(seen, latest[row.person_id])):
            latest[row.person_id] = seen
    return latest


def _later(one: TestSeen, other: TestSeen) -> bool:
    return (one.sampled_at, one.result == "positive") > (other.sampled_at, other.result == "positive")
