"""What has served its time goes: by the periods of the data map, a little at a time, with a log that names nobody."""

import time
from datetime import timedelta

import structlog
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from tongban.journal import services as journal
from tongban.rights import holdings
from tongban.rights.models import Erasure

log = structlog.get_logger("rights")

AT_A_TIME = 1000
ROUNDS = 20
CLOCK_MAY_DIFFER = 300  # seconds

_began = (time.time(), time.monotonic())


def clock_jumped() -> float:
    """Seconds by which the clock on the wall moved differently from the one that cannot be set, since this process began."""
    return abs((time.time() - _began[0]) - (time.monotonic() - _began[1]))


@journal.every("erase what has expired", timedelta(hours=6))
def erase_expired(now=None) -> int:
    """Erase rows older than the data map allows. When the clock was moved nothing is erased: a wrong date would take what must stay."""
    if now is None and clock_jumped() > CLOCK_MAY_DIFFER:
        log.error("nothing is erased: the clock of this machine was moved", seconds=round(clock_jumped()))
        return 0
    now = now or timezone.now()
    return sum(_erase(label, row, now) for label, row in holdings.rows().items() if row.erase_days)


def _erase(label: str, row, now) -> int:
    model = apps.get_model(label)
    before = now - timedelta(days=row.erase_days)
    erased = 0
    for _round in range(ROUNDS):
        with transaction.atomic():
            due = list(
                model._default_manager.filter(**{f"{row.erase_from}__lt": before})
                .order_by("pk")
                .values_list("pk", flat=True)[:AT_A_TIME]
            )
            gone = model._default_manager.filter(pk__in=due).delete()[1].get(label, 0)
            if gone:
                Erasure.objects.create(table=label, rows=gone, why=Erasure.Why.RETENTION, before=before, at=now)
        erased += gone
        if len(due) < AT_A_TIME:
            break
    if erased:
        log.info("erased what has expired", table=label, rows=erased)
    return erased
