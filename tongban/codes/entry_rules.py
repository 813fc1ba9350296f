"""What is asked at an entrance, and the judgement over one visitor. Pure: facts in, one answer with its reason out."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tongban.codes.colours import BLUE, GREEN, GREY
from tongban.codes.models import EntryLevel, EntryRule, Outcome
from tongban.codes.test_results import TestSeen

STRICTNESS = {level: place for place, level in enumerate(EntryLevel.values)}
HOURS = {EntryLevel.TEST_72: 72, EntryLevel.TEST_48: 48}
ASKS_COLOUR = {EntryLevel.GREEN, EntryLevel.TEST_72, EntryLevel.TEST_48}
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class InForce:
    """The rule that holds at a venue now. `order`: the emergency order it rests on; `until`: its last moment or day."""

    level: str
    rule: EntryRule | None = None
    order: int | None = None
    until: date | datetime | None = None
    keeps_visits: bool = False  # under an order with the server's diary: sealed to the health office, 14 days

    @property
    def asks_nothing(self) -> bool:
        return self.level == EntryLevel.OFF

    @property
    def asks_colour(self) -> bool:
        return self.level in ASKS_COLOUR

    @property
    def hours(self) -> int | None:
        return HOURS.get(EntryLevel(self.level))

    @property
    def needs_name(self) -> bool:
        """Of whoever has no account: only where a visit is written down at all."""
        return self.keeps_visits and not self.asks_nothing

    @property
    def label(self) -> str:
        return str(EntryLevel(self.level).label)


@dataclass(frozen=True)
class Verdict:
    result: str
    reason: str


PASSES = Verdict(Outcome.PASS, "ok")


def judge(rule: InForce, *, known: bool, colour: str = BLUE, test: TestSeen | None = None, at: datetime) -> Verdict:
    """What the entrance says to one visitor. `known`: somebody whose identity was proved, so that colour and test can be known. An account
    that proved nobody yet is grey; without any account nothing is known at all."""
    if not rule.asks_colour:
        return PASSES
    if colour == GREY:
        return Verdict(Outcome.WARN, "grey")
    if not known:
        return Verdict(Outcome.WARN, "not_known")
    if colour not in (GREEN, BLUE):
        return Verdict(Outcome.REFUSE, colour)
    if rule.hours is None:
        return PASSES
    if test is None:
        return Verdict(Outcome.REFUSE, "no_test")
    if test.result == "positive":
        return Verdict(Outcome.REFUSE, "positive")
    if test.result != "negative":
        return Verdict(Outcome.WARN, "test_unknown")
    if test.sampled_at > at + CLOCKS_DIFFER:
        return Verdict(Outcome.WARN, "test_unknown")
    if at - test.sampled_at > timedelta(hours=rule.hours):
        return Verdict(Outcome.REFUSE, "test_old")
    return PASSES


def judge_shown(hours: int, *, valid: bool, test: TestSeen | None, at: datetime) -> Verdict:
    """A pass that a guest shows where a test is asked for. At best a warning that the guard settles: whose pass it is, only a document says."""
    if not valid:
        return Verdict(Outcome.WARN, "pass_invalid")
    if test is None:
        return Verdict(Outcome.WARN, "pass_no_test")
    if test.result == "positive":
        return Verdict(Outcome.REFUSE, "positive")
    if test.result != "negative" or test.sampled_at > at + CLOCKS_DIFFER:
        return Verdict(Outcome.WARN, "test_unknown")
    if at - test.sampled_at > timedelta(hours=hours):
        return Verdict(Outcome.REFUSE, "test_old")
    return Verdict(Outcome.WARN, "pass_shown")
