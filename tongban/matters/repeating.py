"""How often one may apply for a matter: what its guide says of it (`MatterVersion.only_one`), as a rule and in words. Pure.

{"rule": open, held, year or months; "months": N; "field": a field of the form, or "" for the applicant}
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.lib.bilingual import say
from tongban.matters.models import MatterVersion

OPEN, HELD, YEAR, MONTHS = "open", "held", "year", "months"
RULES = (
    (OPEN, gettext_lazy("One at a time")),
    (HELD, gettext_lazy("One, as long as what it grants is valid")),
    (YEAR, gettext_lazy("One in a calendar year")),
    (MONTHS, gettext_lazy("One within a number of months")),
)


@dataclass(frozen=True)
class OnlyOne:
    """`field`: counted by the value of this answer, whoever applies; empty for each applicant."""

    rule: str
    months: int = 0
    field: str = ""

    def since(self, today: date) -> date | None:
        """From which day on what was granted still counts; None where no day matters."""
        if self.rule == YEAR:
            return date(today.year, 1, 1)
        return _months_on(today, -self.months) if self.rule == MONTHS else None

    def again_from(self, sent: date) -> date | None:
        """From which day on one may apply again after an application that was sent on this day and granted."""
        if self.rule == YEAR:
            return date(sent.year + 1, 1, 1)
        return _months_on(sent, self.months) if self.rule == MONTHS else None


def _months_on(day: date, months: int) -> date:
    """The same day so many months on or back; where a month has no such day, its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def rule_of(version: MatterVersion) -> OnlyOne | None:
    return read(version.only_one)


def read(said: Mapping[str, Any] | None) -> OnlyOne | None:
    """What is written so that it means nothing counts for nothing: the editor says so before it is published."""
    said = said or {}
    rule, months = said.get("rule") or "", said.get("months") or 0
    if rule not in dict(RULES) or (rule == MONTHS and not (isinstance(months, int) and months > 0)):
        return None
    return OnlyOne(rule, months if rule == MONTHS else 0, said.get("field") or "")


def label_of(version: MatterVersion, field: str) -> str:
    """What the form calls this answer, in the language of the page."""
    found = next((one for one in version.form if one.get("id") == field), None)
    return say(found.get("label") or {"zh": found.get("zh", ""), "en": found.get("en", "")}) if found else field


def in_words(version: MatterVersion) -> str:
    """The sentence of the guide; empty when one may apply as often as one likes."""
    one = rule_of(version)
    if one is None:
        return ""
    if one.field:
        words = {
            OPEN: _("One application at a time for the same answer to “%(field)s”, whoever sends it."),
            HELD: _("One for the same answer to “%(field)s”, as long as what it grants is valid, whoever sends it."),
            YEAR: _("One in a calendar year for the same answer to “%(field)s”, whoever sends it."),
            MONTHS: _("One within %(months)s months for the same answer to “%(field)s”, whoever sends it."),
        }
    else:
        words = {
            OPEN: _("One application at a time for each applicant."),
            HELD: _("One for each applicant, as long as what it grants is valid."),
            YEAR: _("One for each applicant in a calendar year. A refused or withdrawn one does not count."),
            MONTHS: _("One for each applicant within %(months)s months. A refused or withdrawn one does not count."),
        }
    return words[one.rule] % {"months": one.months, "field": label_of(version, one.field)}
