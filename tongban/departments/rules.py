"""Who may handle which matter: certified only for what they may, in a role they hold, while on duty."""

import datetime
from collections.abc import Iterable

from tongban.departments.models import Certification, Officer

EVERY_MATTER = "*"


def is_certified(matter_slug: str, today: datetime.date, certifications: Iterable[Certification]) -> bool:
    return any(
        one.matter in (matter_slug, EVERY_MATTER) and one.since <= today and (one.until is None or today <= one.until)
        for one in certifications
    )


def reasons_against_handling(
    officer: Officer, matter_slug: str, *, role: str, today: datetime.date, certifications: Iterable[Certification]
) -> list[str]:
    """Every reason why this officer may not handle this matter in this role; none when they may."""
    reasons = []
    if not officer.active:
        reasons.append("not_on_duty")
    if role not in officer.roles:
        reasons.append("role_not_held")
    if not is_certified(matter_slug, today, certifications):
        reasons.append("not_certified")
    return reasons
