"""Visits under an emergency order: read by the health office with its own key, destroyed with the keys of their days."""

import csv
import io
import json
from datetime import date, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tongban.codes import day_keys, events
from tongban.codes.models import DivisionDay, EmergencyOrder, Entrance, EntranceCount, SealedVisit, Venue
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.parties.models import Party

OFFICE = Actor(kind="officer", role="health_officer", department="HC", name="health office")
AT_A_TIME = 2000
ROLLED_UP = "place: entrance counts"


def read(day: date, order: EmergencyOrder, key: X25519PrivateKey, *, venue: str = "") -> str:
    """The visits of one day under one order, as a table; every person in it sees that they were read. Raises NotReadable."""
    opened = day_keys.open_day(day_keys.folder(), day, key)
    rows = SealedVisit.objects.filter(day=day, order=order.pk).order_by("id")
    if venue:
        rows = rows.filter(venue__in=Venue.objects.filter(code_no=venue).values("pk"))
    sealed = list(rows)
    places = Venue.objects.in_bulk({row.venue for row in sealed})
    visits = [
        (places[row.venue], json.loads(day_keys.unseal(opened, row.sealed, f"{row.day}|{row.venue}"))) for row in sealed
    ]
    people = {said["party"] for _venue, said in visits if "party" in said}
    with transaction.atomic():
        journal.note_reads(
            actor=OFFICE, of_parties=people, purpose="contact tracing", fields=["visits"], about=order.subject
        )
        journal.record(
            events.VisitsRead(order=order.pk, day=day.isoformat(), visits=len(visits)),
            subject=order.subject,
            actor=OFFICE,
        )
    names = {party.pk: party for party in Party.objects.filter(pk__in=people).select_related("person")}
    table = io.StringIO()
    lines = csv.writer(table)
    lines.writerow(["at", "venue", "place", "how", "name", "phone"])
    for place, said in visits:
        party = names.get(said.get("party", 0))
        name = party.name if party else said.get("name", "")
        phone = party.person.mobile if party and hasattr(party, "person") else said.get("phone", "")
        lines.writerow([said["at"], place.code_no, place.name["zh"], said["how"], name, phone])
    return table.getvalue()


def destroy(now: datetime | None = None) -> list[date]:
    """Destroy the keys of days older than fourteen, then the rows that nobody can read any more."""
    first_kept = timezone.localdate(now or timezone.now()) - day_keys.KEPT
    gone = day_keys.destroy_before(day_keys.folder(), first_kept)
    if gone:
        with transaction.atomic():
            days = ", ".join(day.isoformat() for day in gone)
            journal.record(events.DayKeysDestroyed(days=days[:400]), subject="visits", actor=PLATFORM)
    while True:
        keys = list(SealedVisit.objects.filter(day__lt=first_kept).values_list("pk", flat=True)[:AT_A_TIME])
        if not keys:
            return gone
        SealedVisit.objects.filter(pk__in=keys).delete()


@journal.every("destroy the keys of days", timedelta(hours=1))
def _destroy() -> None:
    destroy()


def roll_up(now: datetime | None = None) -> int:
    """Sum counts of ended ten minutes into days of divisions, each row once: the place stands in the same transaction."""
    until = (now or timezone.now()) - timedelta(minutes=30)  # counts of a slot change for ten more minutes
    with transaction.atomic():
        last = datetime.fromtimestamp(journal.place_of(ROLLED_UP), tz=until.tzinfo)
        rows = list(EntranceCount.objects.filter(slot__gt=last, slot__lte=until).order_by("slot")[:AT_A_TIME])
        if len(rows) == AT_A_TIME:  # whole ten minutes or none of them
            rows = [row for row in rows if row.slot < rows[-1].slot] or list(
                EntranceCount.objects.filter(slot=rows[-1].slot)
            )
        kinds = {
            pk: (kind, division or "")
            for pk, kind, division in Entrance.objects.filter(pk__in={row.entrance for row in rows})
            .order_by()
            .values_list("pk", "venue__kind", "venue__division__code")
        }
        sums: dict[tuple[str, str, date], list[int]] = {}
        for row in rows:
            if row.entrance in kinds:
                kind, division = kinds[row.entrance]
                held = sums.setdefault((division, kind, timezone.localdate(row.slot)), [0, 0, 0])
                for place, figure in enumerate((row.passed, row.warned, row.refused)):
                    held[place] += figure
        newest = max((row.slot for row in rows), default=last)
        for (division, kind, day), (passed, warned, refused) in sums.items():
            of_day, _made = DivisionDay.objects.get_or_create(division=division, kind=kind, day=day)
            DivisionDay.objects.filter(pk=of_day.pk).update(
                passed=F("passed") + passed, warned=F("warned") + warned, refused=F("refused") + refused
            )
        if newest > last:
            journal.keep_place(ROLLED_UP, int(newest.timestamp()))
    return len(rows)


@journal.every("sum up what was counted at entrances", timedelta(minutes=10))
def _roll_up() -> None:
    while roll_up():
        pass
