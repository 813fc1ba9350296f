"""What is asked about licences."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import BigIntegerField, CharField, DateField, Q, QuerySet

from tongban.departments.models import Officer
from tongban.lib.composed import composed
from tongban.licences.models import Licence, LicenceCall, LicenceItem, LicenceType, Proceeding
from tongban.licences.proceeding_states import ProceedingState
from tongban.licences.states import LicenceState
from tongban.parties import queries as parties
from tongban.parties.models import Party


def in_force(holder: Party, type_slug: str, on: date) -> Licence | None:
    """The licence of that type the holder may use on that day; the newest when there are several."""
    if holder is None:
        return None
    return next(iter(_in_force(holder=holder.pk, kind=type_slug, on=on)), None)


@composed(holder=BigIntegerField(), kind=CharField(), on=DateField())
def _in_force(holder, kind, on):
    return (
        Licence.objects.select_related("type", "issuer")
        .filter(holder_id=holder, type__slug=kind, state=LicenceState.VALID, valid_from__lte=on)
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on))
        .order_by("-issued_on", "-id")[:1]
    )


def told_apart(holder: Party, kind: LicenceType, face: Mapping[str, Any], on: date) -> Licence | None:
    """Of a kind of which a holder may have several: the one in force whose face is about the same (shop, child, home), the newest first."""
    wanted = _about(kind, face)
    rows = Licence.objects.select_related("type", "issuer").filter(
        holder_id=holder.pk, type=kind, state=LicenceState.VALID, valid_from__lte=on
    )
    rows = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on)).order_by("-issued_on", "-id")
    return next((row for row in rows if _about(kind, row.face) == wanted), None)


def _about(kind: LicenceType, face: Mapping[str, Any]) -> list[str]:
    """Written with other spaces or in other letters it is still the same."""
    return ["".join(str(face.get(name) or "").split()).casefold() for name in kind.told_apart_by]


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
    return Licence.objects.select_related("type", "issuer").filter(holder__in=parties.identities(party)).order_by("-id")


def of_record(party: Party) -> QuerySet[Licence]:
    """The same under this one record alone."""
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


READS_ALL = {"coordinator", "auditor"}


def office_sees(officer: Officer) -> QuerySet[Licence]:
    """Licences of the officer's department, and industry licences that list a permit of it; the government service office sees all."""
    rows = Licence.objects.select_related("type", "issuer", "holder")
    if READS_ALL & set(officer.roles):
        return rows
    merged = LicenceItem.objects.filter(regulator_id=officer.department_id).values("whole")
    return rows.filter(Q(issuer_id=officer.department_id) | Q(pk__in=merged))


def found_for(officer: Officer, said: str) -> QuerySet[Licence]:
    """By its whole number, or every one of a company by its credit code."""
    said = said.strip()
    rows = office_sees(officer)
    if len(said) == 18 and "." not in said:
        return rows.filter(holder__company__uscc=said.upper()).order_by("-id")
    return rows.filter(identifier=said).order_by("-id")


def suspended_of(officer: Officer) -> QuerySet[Licence]:
    return office_sees(officer).filter(state=LicenceState.SUSPENDED).order_by("-id")


def proceedings_for(officer: Officer, *, running: bool) -> QuerySet[Proceeding]:
    """Of the officer's department: those in which the holder is heard, the first due first; or those that are over, newest first."""
    rows = Proceeding.objects.select_related(
        "licence__type", "licence__issuer", "item__regulator", "opened_by", "decided_by"
    )
    if not READS_ALL & set(officer.roles):
        own = officer.department_id
        rows = rows.filter(Q(item__isnull=True, licence__issuer_id=own) | Q(item__regulator_id=own))
    if running:
        return rows.filter(state=ProceedingState.OPEN).order_by("answer_until", "id")
    return rows.exclude(state=ProceedingState.OPEN).order_by("-id")


def proceedings_about(licence: Licence) -> QuerySet[Proceeding]:
    """All of one permit, in whatever edition it was then, newest first."""
    rows = Proceeding.objects.select_related("licence__issuer", "item__regulator", "opened_by", "decided_by")
    return rows.filter(licence__type_id=licence.type_id, licence__serial=licence.serial).order_by("-id")


def permits_of(holder: Party, today: date) -> list[Licence]:
    """What a business holds that ends or changes with it: every licence that is valid or suspended, the sealed whole last."""
    rows = (
        Licence.objects.select_related("type", "issuer", "holder")
        .filter(holder_id=holder.pk, state__in=[LicenceState.VALID, LicenceState.SUSPENDED])
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gte=today))
    )
    return sorted(rows, key=lambda row: (row.type.slug == "industry-licence", row.type.slug, row.pk))


def open_proceedings_of(holder: Party) -> QuerySet[Proceeding]:
    rows = Proceeding.objects.select_related("licence__type", "licence__issuer", "item__regulator")
    return rows.filter(licence__holder_id=holder.pk, state=ProceedingState.OPEN).order_by("id")


def lines_of(holder: Party) -> QuerySet[LicenceItem]:
    """Permits that are no e-licences, of the industry licences that hold: they end and change with the business too."""
    return (
        LicenceItem.objects.select_related("regulator", "whole")
        .filter(
            licence__isnull=True,
            state__in=[LicenceState.VALID, LicenceState.SUSPENDED],
            whole__holder_id=holder.pk,
            whole__state__in=[LicenceState.VALID, LicenceState.SUSPENDED, LicenceState.EXPIRED],
        )
        .order_by("whole", "order")
    )
