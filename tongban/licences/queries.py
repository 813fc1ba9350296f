"""What is asked about licences."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from tongban.licences.models import Licence, LicenceCall, LicenceType
from tongban.licences.states import LicenceState
from tongban.parties.models import Party


def in_force(holder: Party, type_slug: str, on: date) -> Licence | None:
    """The licence of that type the holder may use on that day; the newest when there are several."""
    if holder is None:
        return None
    return (
        Licence.objects.select_related("type", "issuer")
        .filter(holder_id=holder.pk, type__slug=type_slug, state=LicenceState.VALID, valid_from__lte=on)
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on))
        .order_by("-issued_on", "-id")
        .first()
    )


def latest(holder: Party, type_slug: str) -> Licence | None:
    """The last one of that type, in whatever state: to say that it was suspended or has expired rather than that there is none."""
    if holder is None:
        return None
    return (
        Licence.objects.select_related("type", "issuer")
        .filter(holder_id=holder.pk, type__slug=type_slug)
        .order_by("-issued_on", "-id")
        .first()
    )


def of(party: Party) -> QuerySet[Licence]:
    """Everything the party holds or held, newest first."""
    return Licence.objects.select_related("type", "issuer").filter(holder_id=party.pk).order_by("-id")


def face_value(holder: Party, type_slug: str, name: str, on: date) -> Any:
    """One value of the face of a licence in force, or None: what a form may be prefilled with."""
    licence = in_force(holder, type_slug, on)
    return licence.face.get(name) if licence is not None else None


def calls_of(licence: Licence) -> QuerySet[LicenceCall]:
    """For which cases the licence was used instead of paper, newest first."""
    return LicenceCall.objects.filter(licence=licence).order_by("-id")


@dataclass(frozen=True)
class Ending:
    """A licence in force that ends soon, for reminders and for the holder's list."""

    licence: Licence
    days_left: int


def ending(today: date, within_days: int) -> list[Ending]:
    """Licences in force that end within so many days, the soonest first."""
    last = today + timedelta(days=within_days)
    rows = Licence.objects.select_related("type", "holder").filter(
        state=LicenceState.VALID, valid_to__gte=today, valid_to__lte=last
    )
    return [Ending(row, (row.valid_to - today).days) for row in rows.order_by("valid_to", "id") if row.valid_to]


def types() -> QuerySet[LicenceType]:
    return LicenceType.objects.select_related("issuer").order_by("slug")
