"""At which step somebody stands just now, for whoever helps them: kept a quarter of an hour, in no record."""

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from tongban.cases.models import Case
from tongban.journal import services as journal

REMEMBERED = 15 * 60  # seconds


@dataclass(frozen=True)
class Place:
    step: str
    at: datetime


def note(case: Case, step: str) -> None:
    """The applicant opened this step. Pages that show it hear of it."""
    before = of(case)
    cache.set(_key(case), Place(step, timezone.now()), REMEMBERED)
    if before is None or before.step != step:
        with transaction.atomic():
            journal.touch(case.subject)


def of(case: Case) -> Place | None:
    return cache.get(_key(case))


def _key(case: Case) -> str:
    return f"whereabouts:{case.pk}"
