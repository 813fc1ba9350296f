"""How long an application is kept once it has ended, by how it ended, and what happens then: a table by kind, and what a guide sets itself.

Pure but for `kinds_asked_by`. Dates are counted in whole months from the day it ended; the last day belongs to the time of keeping.
"""

import calendar
import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from tongban.lib import yamls
from tongban.lib.bilingual import Bilingual
from tongban.lib.problems import worded
from tongban.matters.editing.elements import OUTCOMES, THEN
from tongban.matters.models import MaterialType, MatterVersion

ANONYMISE, ARCHIVE, KEEP = "anonymise", "archive", "keep"
MONTHS_AT_MOST = 100 * 12
DECIDED = frozenset({"granted", "refused", "revoked"})


@dataclass(frozen=True)
class Rule:
    """`own`: the guide of the matter sets it itself. `paper`: the kind of document whose law keeps the application longer than that."""

    outcome: str
    months: int
    then: str
    basis: Bilingual
    own: bool = False
    paper: Bilingual | None = None

    def until(self, ended: datetime.date) -> datetime.date | None:
        """The last day on which it is kept; None is for ever."""
        return None if self.then == KEEP else months_later(ended, self.months)

    @property
    def label(self) -> Any:
        return dict(OUTCOMES)[self.outcome]

    @property
    def then_words(self) -> Any:
        return dict(THEN)[self.then]

    @property
    def period(self) -> Any:
        if self.then == KEEP:
            return _("permanently")
        years, months = divmod(self.months, 12)
        if not months:
            return worded(ngettext_lazy("%(number)s year", "%(number)s years", years), number=years)
        return worded(ngettext_lazy("%(number)s month", "%(number)s months", self.months), number=self.months)

    def stored(self) -> dict[str, Any]:
        paper = {"paper": dict(self.paper)} if self.paper else {}
        return {"outcome": self.outcome, "months": self.months, "then": self.then, "basis": dict(self.basis), **paper}


def of_stored(row: Mapping[str, Any]) -> Rule:
    return Rule(row["outcome"], int(row["months"]), row["then"], row["basis"], paper=row.get("paper"))


def months_later(day: datetime.date, months: int) -> datetime.date:
    """The same day some months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@lru_cache
def _table(path: str) -> dict[str, dict[str, Any]]:
    return yamls.read(Path(path))


def table() -> dict[str, dict[str, Any]]:
    return _table(str(settings.RETENTION or Path(__file__).parent / "retention.yaml"))


def rule_for(version: MatterVersion, outcome: str) -> Rule:
    """The guide's own line, else the line of the kind of matter, else the line for any kind; where none is, it is kept."""
    for row in version.retention or []:
        if row.get("state") == outcome and row.get("then") in dict(THEN):
            return Rule(outcome, _months(row), row["then"], row.get("basis") or {}, own=True)
    lines = table()
    row = (lines.get(version.type) or {}).get(outcome) or (lines.get("any") or {}).get(outcome)
    if row is None and outcome == "granted":
        row = (lines.get("other") or {}).get(outcome)
    if row is None:
        return Rule(outcome, MONTHS_AT_MOST, KEEP, {})
    return Rule(outcome, _months(row), row["then"], row.get("basis") or {})


@dataclass(frozen=True)
class PaperRule:
    """How long the law of a kind of document wants such a paper kept after the decision that rests on it (decision 36)."""

    name: Bilingual
    months: int
    basis: Bilingual

    @property
    def period(self) -> Any:
        return Rule("granted", self.months, ARCHIVE, self.basis).period


def of_kind(name: Bilingual, row: Mapping[str, Any] | None) -> PaperRule | None:
    """None where the kind has no time of its own."""
    years = row.get("years") if isinstance(row, Mapping) else None
    if row is None or not isinstance(years, int) or years < 1:
        return None
    return PaperRule(name, _months({"years": years}), row.get("basis") or {})


def lengthened(rule: Rule, papers: Iterable[PaperRule]) -> Rule:
    """The longest of what the papers serve wins. Nothing is shortened, and where nothing was decided no paper served anything."""
    longest = max(papers, key=lambda one: one.months, default=None)
    if longest is None or rule.then == KEEP or rule.outcome not in DECIDED or longest.months <= rule.months:
        return rule
    return replace(rule, months=longest.months, basis=longest.basis, own=False, paper=longest.name)


def kinds_asked_by(version: MatterVersion) -> list[PaperRule]:
    """The kinds this guide asks for that are kept longer than an application that was granted."""
    asked = {one["material"] for one in version.requirements or [] if one.get("material")}
    granted = rule_for(version, "granted")
    rows = MaterialType.objects.filter(slug__in=asked).exclude(retention={}).order_by("slug")
    found = [of_kind(one.name, one.retention) for one in rows]
    return [one for one in found if one is not None and granted.then != KEEP and one.months > granted.months]


def rules_of(version: MatterVersion) -> list[Rule]:
    return [rule_for(version, outcome) for outcome, _label in OUTCOMES]


def _months(row: Mapping[str, Any]) -> int:
    return min(int(row.get("years") or 0) * 12 + int(row.get("months") or 0), MONTHS_AT_MOST)


def troubles(rows: Any) -> list[Any]:
    """What is wrong with the lines a guide sets itself."""
    found: list[Any] = []
    seen: set[str] = set()
    for row in rows or []:
        outcome = row.get("state")
        if outcome in seen:
            found.append(_("How long it is kept: one line for each way it can end."))
        seen.add(outcome)
        if row.get("then") not in dict(THEN) or outcome not in dict(OUTCOMES):
            found.append(_("How long it is kept: choose how it ended, and what happens then."))
        elif row["then"] != KEEP and _months(row) < 1:
            found.append(_("How long it is kept: at least one month."))
        elif not (row.get("basis") or {}).get("zh"):
            found.append(_("How long it is kept: say on which ground."))
    return list(dict.fromkeys(found))
