"""Licences that end are named to their holders 60, 30 and 7 days before, once each, with the way to renew them where there is one.

The reminder row and the message stand in one transaction: killed anywhere, the duty goes on where it was and nobody hears twice. A slice
at a time, so that ten million holders do not wait behind each other and the worker does other things between.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from tongban.journal import services as journal
from tongban.licences.models import Licence, LicenceReminder
from tongban.licences.states import LicenceState
from tongban.matters.models import MatterVersion
from tongban.notices import services as notices

BANDS = ((60, 30), (30, 7), (7, -1))  # so many days before, as long as it is more than the next; the last day counts
SLICE = 200
INDUSTRY = "industry-licence"  # it ends with its weakest permit, and that one has its own reminder


@journal.every("remind of licences that end", timedelta(minutes=10))
def remind_some() -> int:
    return remind(timezone.localdate())


def remind(today: date, *, limit: int = SLICE) -> int:
    """One slice. Whoever was not reached in time (the worker stood still) hears the nearest reminder and not three at once."""
    told = 0
    for days, after in BANDS:
        rows = list(_due(today, days, after)[: limit - told])
        renewing = renewals({row.type.slug for row in rows})
        for row in rows:
            told += _tell(row, days, today, renewable=row.type.slug in renewing)
        if told >= limit:
            break
    return told


def _due(today: date, days: int, after: int) -> QuerySet[Licence]:
    """In force, ending in so many days or fewer, and not yet told: by the index of ends. A later one of the same kind makes it idle."""
    told = LicenceReminder.objects.filter(licence=OuterRef("pk"), days=days)
    later = Licence.objects.filter(
        holder=OuterRef("holder"), type=OuterRef("type"), state=LicenceState.VALID, valid_to__gt=OuterRef("valid_to")
    )
    return (
        Licence.objects.select_related("type", "issuer", "holder")
        .defer("face", "statement")
        .filter(
            state=LicenceState.VALID,
            valid_to__gt=today + timedelta(days=after),
            valid_to__lte=today + timedelta(days=days),
        )
        .exclude(type__slug=INDUSTRY)
        .exclude(Exists(told))
        .exclude(Exists(later))
        .order_by("valid_to", "id")
    )


def _tell(row: Licence, days: int, today: date, *, renewable: bool) -> int:
    assert row.valid_to is not None
    try:
        with transaction.atomic():
            LicenceReminder.objects.create(licence=row, days=days)
            notices.tell(
                row.holder, "licence_ends", about=f"licence:{row.pk}", link=f"/my/licences/{row.pk}/#renew",
                params={"licence": row.type.name, "due": row.valid_to.isoformat(), "count": (row.valid_to - today).days},
                once=f"ends:{row.pk}:{days}", needs_answer=renewable,
            )  # fmt: skip
    except IntegrityError:  # another worker was here
        return 0
    return 1


def renewals(kinds: Iterable[str]) -> dict[str, MatterVersion]:
    """{kind of licence: the published matter that renews it}, in one question."""
    rows = MatterVersion.objects.select_related("matter").filter(
        state=MatterVersion.State.PUBLISHED, result__kind="e_licence", result__ref__in=list(kinds)
    )
    found: dict[str, MatterVersion] = {}
    for row in rows.only("name", "result", "state", "matter__slug").order_by("matter__slug"):
        if row.matter.slug.endswith(("-renew", "-endorse")):
            found.setdefault(row.result["ref"], row)
    return found
