"""The light of a valid pass: green, amber, red. A rule of a district, published with its basis, changed by a setting.

A light judges what the pass says, never whether it is genuine: that is the verdict. Red stops: a positive test. Amber is genuine and
does not fulfil the rule today, so a person looks: too old, too young, not complete, a result nobody knows.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

Light = Literal["green", "amber", "red"]
Lit = tuple[Light, tuple[str, ...]]

POSITIVE, NOT_FOUND = "260373001", "260415000"  # SNOMED CT: detected, not detected
ENTRY, TRAVEL = "entry", "travel"
PURPOSES = (ENTRY, TRAVEL)  # what a pass is checked for; whatever else is said is judged as entry
PCR, RAPID = "LP6464-4", "LP217198-3"  # LOINC: nucleic acid amplification, rapid immunoassay

BASIS = {
    "zh": "核酸72小时、快速抗原24小时：欧盟理事会建议（EU）2022/107；接种满14天、基础免疫后270天：欧盟委员会授权条例（EU）2021/2288；"
    "康复证明有效期：条例（EU）2021/953附件（首次阳性后第11日至第180日）；跨省出行检测48小时：本区出行证明的办理条件。",
    "en": "72 hours for a laboratory test and 24 for a rapid one: Council Recommendation (EU) 2022/107. 14 days after the last dose and 270 days "
    "after a primary series: Delegated Regulation (EU) 2021/2288. From the 11th to the 180th day after a first positive test: "
    "annex of Regulation (EU) 2021/953. 48 hours for a journey to another province: the condition of this district's travel certificate.",
}


@dataclass(frozen=True)
class PassRules:
    """Hours and days, each of which a district may set otherwise (TONGBAN_PASS_RULES)."""

    laboratory_test_hours: int = 72
    travel_test_hours: int = 48
    rapid_test_hours: int = 24
    vaccination_from_day: int = 14
    vaccination_until_day: int = 270
    recovery_from_day: int = 11
    recovery_until_day: int = 180

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "PassRules":
        """From a setting; ValueError with the name that is wrong."""
        known = {one.name for one in fields(cls)}
        for name, value in given.items():
            if name not in known:
                raise ValueError(f"there is no rule {name}; there are {', '.join(sorted(known))}")
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 3650:
                raise ValueError(f"{name} is a whole number from 0 to 3650")
        return cls(**given)

    def for_purpose(self, purpose: str) -> "PassRules":
        """Who travels to another province needs a newer test: no older than the travel certificate of this district asks for."""
        if purpose != TRAVEL:
            return self
        most = self.travel_test_hours
        return replace(
            self,
            laboratory_test_hours=min(self.laboratory_test_hours, most),
            rapid_test_hours=min(self.rapid_test_hours, most),
        )

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def of_test(self, kind: str, result: str, sampled: datetime, *, at: datetime) -> Lit:
        if result == POSITIVE:
            return "red", ("positive",)
        if result != NOT_FOUND:
            return "amber", ("result_unknown",)
        if sampled > at:
            return "amber", ("sampled_later",)
        hours = (
            self.laboratory_test_hours if kind == PCR else self.rapid_test_hours
        )  # what is not known holds the shorter
        return ("green", ()) if at - sampled <= timedelta(hours=hours) else ("amber", ("test_too_old",))

    def of_vaccination(self, dose: int, series: int, first: date, last: date, *, at: datetime) -> Lit:
        """`first` and `last` are the same day unless only the month or the year was written: then it is counted to our caution."""
        today = at.date()
        if dose < series:
            return "amber", ("doses_missing",)
        if first > today:
            return "amber", ("vaccinated_later",)
        booster = dose > series or series > 2
        if not booster and (today - last).days < self.vaccination_from_day:
            return "amber", ("vaccination_too_new",)
        if not booster and (today - first).days > self.vaccination_until_day:
            return "amber", ("vaccination_too_old",)
        return "green", ()

    def of_recovery(
        self,
        positive: tuple[date, date],
        valid_from: tuple[date, date],
        valid_until: tuple[date, date],
        *,
        at: datetime,
    ) -> Lit:
        today = at.date()
        if today < valid_from[1] or (today - positive[1]).days < self.recovery_from_day:
            return "amber", ("recovery_too_new",)
        if today > valid_until[0] or (today - positive[0]).days > self.recovery_until_day:
            return "amber", ("recovery_too_old",)
        return "green", ()


DEFAULT = PassRules()
LIGHT_REASONS = (
    "positive", "result_unknown", "sampled_later", "test_too_old", "doses_missing", "vaccinated_later", "vaccination_too_new",
    "vaccination_too_old", "recovery_too_new", "recovery_too_old",
)  # fmt: skip
