"""Who may rate what, and by when a bad rating has to be put right (demo/evaluation.yaml). Touches nothing."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.workdays import Calendar

CONTACT_DAYS, SIMPLE_DAYS, COMPLEX_DAYS = 1, 5, 15  # the Shanghai rule
REMIND_AFTER_DAYS = 3
LONGEST_TEXT = 2000


class Reason(models.TextChoices):
    ATTITUDE = "attitude", _("poor attitude")
    MANY_TRIPS = "many-trips", _("several trips")
    EXTRA_DOCS = "extra-docs", _("extra documents asked")
    LATE = "late", _("promised time missed")
    QUEUE = "queue", _("long wait")
    GUIDE_WRONG = "guide-wrong", _("guide differs from practice")
    SYSTEM = "system", _("system hard to use")
    UNCLEAR = "unclear", _("unclear explanation")


class Dimension(models.TextChoices):
    OVERALL = "overall", _("Overall")
    EFFICIENCY = "efficiency", _("Efficiency")
    GUIDE = "guide", _("Accuracy of the guide")
    CONVENIENCE = "convenience", _("Convenience")
    EASE = "ease", _("Ease of the platform")


REASONS_AGAINST = {
    "not_decided": _("This case can be rated once it is decided."),
    "not_yours": _("Only the applicant rates a case."),
    "own_service": _("Whoever handled a case does not rate it."),
    "rated": _("This case has been rated. A rating is given once and never changed."),
}


def reasons_against_rating(*, decided: bool, may_act: bool, handled_it: bool, rated: bool) -> list[str]:
    """Every reason why this account may not rate this case; keys of REASONS_AGAINST."""
    judged = [
        ("not_yours", not may_act),
        ("not_decided", not decided),
        ("own_service", handled_it),
        ("rated", rated),
    ]
    return [reason for reason, holds in judged if holds]


def wrong_answers(grade: int, reasons: Iterable[str], dimensions: dict, text: str) -> dict[str, list]:
    """{field: sentences} for what cannot be taken."""
    wrong: dict[str, list] = {}
    if grade not in range(1, 6):
        wrong["grade"] = [_("Choose one of the five grades.")]
    if not set(reasons) <= set(Reason.values):
        wrong["reasons"] = [_("Choose from the reasons listed.")]
    if not set(dimensions) <= set(Dimension.values) or not all(value in range(1, 6) for value in dimensions.values()):
        wrong["dimensions"] = [_("Choose one of the five grades.")]
    if len(text) > LONGEST_TEXT:
        wrong["text"] = [_("Write at most 2,000 characters.")]
    return wrong


@dataclass(frozen=True)
class FollowUpDates:
    contact: datetime.date
    simple: datetime.date
    complex: datetime.date
    provisional: bool


def follow_up_dates(rated_on: datetime.date, calendar: Calendar) -> FollowUpDates:
    dues = [calendar.due(rated_on, days) for days in (CONTACT_DAYS, SIMPLE_DAYS, COMPLEX_DAYS)]
    contact, simple, complex = (due.day for due in dues if due.day is not None)  # nothing pauses this clock
    return FollowUpDates(contact, simple, complex, any(due.provisional for due in dues))
