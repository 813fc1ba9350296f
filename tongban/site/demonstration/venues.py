"""Venues with codes at their entrances, a week of what was counted there, staff lists, rules and one report, by the acts of the product."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from tongban.codes import queries_venues
from tongban.codes.models import EntranceCount, EntryRule, Venue, VenueReport, VenueTally
from tongban.codes.services import diary, keeping_venues
from tongban.departments.models import Officer
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib import yamls
from tongban.parties.models import Account, Company
from tongban.places import queries as places

DAYS = 7
MADE = timedelta(days=40)
# how the hours of a day fill, from six in the morning
HOURS = (2, 5, 9, 8, 6, 8, 9, 6, 4, 4, 6, 9, 8, 5, 3)


@transaction.atomic
def build(demo: Path, now: datetime) -> None:
    """Twice changes nothing."""
    if Venue.objects.exists():
        return
    content = yamls.read(demo / "venues.yaml")
    actors = yamls.read(demo / "demo_actors.yaml")
    numbers = {row["id"]: row["uscc_demo"] for row in actors["companies"]}
    companies = {one.uscc: one for one in Company.objects.filter(uscc__in=numbers.values())}
    made: dict[str, Venue] = {}
    for row in content["venues"]:
        company = companies.get(numbers[row["of"]])
        if company is not None:
            made[row["code_no"]] = _venue(row, company, now)
    editor = next((one for one in Officer.objects.order_by("pk") if "coordinator" in one.roles and one.active), None)
    if editor is None:
        return
    for row in content["rules"]:
        _rule(row, made, editor, now)
    for row in content["venues"]:
        if row["code_no"] in made and row.get("suspended"):
            keeping_venues.suspend(made[row["code_no"]], officer=editor, reason=row["suspended"], now=now - MADE / 2)
    for row in content["reports"]:
        if row["at"] in made:
            at = made[row["at"]].entrances.order_by("pk").first()
            VenueReport.objects.create(
                venue=made[row["at"]], entrance=at, what=row["what"], text=row["text"], at=now - timedelta(hours=20)
            )
    while diary.roll_up(now):
        pass


def _venue(row: dict[str, Any], company: Company, now: datetime) -> Venue:
    """As a granted application makes one, forty days ago."""
    manager = company.legal_representative
    venue = Venue.objects.create(
        code_no=row["code_no"],
        party=company,
        kind=row["kind"],
        name={"zh": row["zh"], "en": row["en"]},
        address=row["address"],
        division=places.division(row["division"]),
        capacity=row.get("capacity"),
        turns_back=row.get("turns_back", False),
        stay_minutes=row["stay"],
        manager_name=manager.name if manager else "",
        manager_phone=manager.mobile if manager else "",
        valid_until=timezone.localdate(now) + timedelta(days=325),
        created_at=now - MADE,
        state_since=now - MADE,
    )
    tally, _made = VenueTally.objects.get_or_create(
        division=venue.division.code if venue.division else "", kind=venue.kind
    )
    VenueTally.objects.filter(pk=tally.pk).update(venues=tally.venues + 1)
    for door in row["entrances"]:
        entrance = venue.entrances.create(
            name={"zh": door["zh"], "en": door["en"]}, control=door.get("control", "code")
        )
        if entrance.control == "code":
            for place in door.get("posters", [""]):
                entrance.posters.create(place=place, made_at=now - MADE)
    _count(venue, row["entries"], now)
    account = Account.objects.filter(person=manager).first() if manager else None
    for worker in row.get("workers", ()) if account else ():
        person = Account.objects.filter(login=worker["login"], person__isnull=False).first()
        if person is None or account is None:
            continue
        actor = Actor("applicant", "applicant", person.pk)
        asked, _code = keeping_venues.invite(
            venue,
            name=person.person.name if person.person else "",
            job=worker["job"],
            guard=worker.get("guard", False),
            account=account,
            actor=PLATFORM,
            now=now - timedelta(days=9),
        )
        keeping_venues.agree(asked, account=person, actor=actor, now=now - timedelta(days=8))
    return venue


def _count(venue: Venue, entries: int, now: datetime) -> None:
    """A week of tens of minutes, more of them at noon and after work; the same every time."""
    chance = random.Random(venue.code_no)  # noqa: S311 - figures of a demonstration
    doors = list(venue.entrances.filter(control="code").order_by("pk"))
    if not entries or not doors:
        return
    start = timezone.localtime(now).replace(hour=6, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    rows = []
    for day in range(DAYS):
        for hour, weight in enumerate(HOURS):
            for ten in range(6):
                slot = start + timedelta(days=day, hours=hour, minutes=10 * ten)
                if slot >= queries_venues.slot_of(now):
                    break
                passed = chance.randrange(1 + round(2 * entries * weight / sum(HOURS) / 6))
                if passed:
                    rows.append(EntranceCount(entrance=chance.choice(doors).pk, slot=slot, passed=passed))
    EntranceCount.objects.bulk_create(rows)


def _rule(row: dict[str, Any], made: dict[str, Venue], officer: Officer, now: datetime) -> None:
    venue = made.get(row.get("of", ""))
    if "of" in row and venue is None:
        return
    today = timezone.localdate(now)
    EntryRule.objects.create(
        kind=row.get("kind", ""),
        venue=venue,
        level=row["level"],
        words={"zh": row["zh"], "en": row["en"]},
        basis=row["basis"],
        staff_hours=row.get("staff_hours"),
        first_day=today + timedelta(days=row["from"]),
        last_day=today + timedelta(days=row["to"]),
        published_by=officer,
        published_at=now + timedelta(days=min(row["from"], -5)),
    )
