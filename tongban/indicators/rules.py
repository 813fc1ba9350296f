"""What the figures of a matter mean (after the public figures of districts: prefilled share over 70 %, first-time success over 90 %).

prefilled        answers taken unchanged from a register, a licence or one's own record / all questions answered (without promises)
first_time       cases never sent back before the decision / cases decided
avoided          documents of the guide, for the situation chosen, that nobody uploaded or brought / all of them that were required
nothing_brought  cases for which no document was uploaded or brought / cases sent
no_visit         cases sent online whose result was not fetched at a window / cases decided

What is counted at sending is counted at the first sending; a case counts once in each measure. Shares are of sums over a year.
"""

from dataclasses import dataclass
from math import floor

from tongban.cases import rules
from tongban.cases.models import Case, CaseMaterial
from tongban.indicators.models import Measure

ENOUGH = 10  # fewer cases than this say nothing about a matter
ENOUGH_FOR_GUIDE = 30
GOALS = {Measure.PREFILLED: 70, Measure.FIRST_TIME: 90}  # Baoshan, peers.md
BROUGHT = {CaseMaterial.How.UPLOAD, CaseMaterial.How.PAPER}
SENT_BACK = {"pre_review_return", "request_correction"}
FETCHED = {"pickup"}
AT_SENDING = {Measure.PREFILLED, Measure.AVOIDED, Measure.NOTHING_BROUGHT}
AT_DECISION = {Measure.FIRST_TIME, Measure.NO_VISIT}


def at_sending(case: Case, materials: list[CaseMaterial]) -> dict[Measure, tuple[int, int]]:
    """{measure: (part, whole)} of what can be told when a case is sent."""
    values = rules.plain_values(case.values)
    asked = [one for one in rules.form_of(case).visible(values) if one.type != "consent"]
    answered = [one.id for one in asked if values.get(one.id) not in (None, "", [], {})]
    held = case.values
    unchanged = [one for one in answered if _was_known(held[one]["source"]) and not held[one].get("changed")]
    required = [row for row in materials if row.required]
    brought = [row for row in materials if row.how in BROUGHT]
    avoided = [row for row in required if row.how not in BROUGHT and row.how != CaseMaterial.How.MISSING]
    return {
        Measure.PREFILLED: (len(unchanged), len(answered)),
        Measure.AVOIDED: (len(avoided), len(required)),
        Measure.NOTHING_BROUGHT: (0 if brought else 1, 1),
    }


def _was_known(source: str) -> bool:
    """By a register, a licence or one's own record. What was read from a paper that was brought was not known before."""
    return source != "applicant" and not source.startswith("paper:")


def at_decision(case: Case, moves: set[str]) -> dict[Measure, tuple[int, int]]:
    """{measure: (part, whole)} of what can be told when a case is decided; `moves`: those it went through."""
    came = case.channel == Case.Channel.WINDOW or case.delivery in FETCHED
    return {
        Measure.FIRST_TIME: (0 if moves & SENT_BACK else 1, 1),
        Measure.NO_VISIT: (0 if came else 1, 1),
    }


@dataclass(frozen=True)
class Share:
    """A figure with what it is made of; `percent` is rounded down, and None when there is not enough to say anything."""

    measure: str
    part: int
    whole: int
    cases: int

    @property
    def percent(self) -> int | None:
        return floor(100 * self.part / self.whole) if self.cases >= ENOUGH and self.whole else None

    @property
    def of_ten(self) -> int | None:
        """How many of ten, rounded down; for people, and only when many have tried."""
        return floor(10 * self.part / self.whole) if self.cases >= ENOUGH_FOR_GUIDE and self.whole else None

    @property
    def goal(self) -> int | None:
        return GOALS.get(Measure(self.measure))

    @property
    def reached(self) -> bool:
        return self.percent is not None and self.goal is not None and self.percent >= self.goal
