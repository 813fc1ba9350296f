"""Makers of venues, their entrances and rules."""

import datetime

from django.utils import timezone

from tests import make
from tongban.codes import queries_venues, venue_tokens
from tongban.codes.models import EmergencyOrder, EntryRule, Poster, Venue
from tongban.departments.models import Officer
from tongban.places.models import Division


def division(code="310107005", **given) -> Division:
    fields = {"level": "subdistrict", "name": {"zh": "示范街道", "en": "Demo Subdistrict"}}
    return Division.objects.get_or_create(code=code, defaults=fields | given)[0]


def venue(of=None, *, kind="wet market", entrances=("东门",), name="示范菜市场", **given) -> Venue:
    """A venue in use with one poster at each entrance."""
    row = Venue.objects.create(
        **(
            {
                "code_no": f"VC-{Venue.objects.count() + 1:06d}",
                "party": of or make.company(),
                "kind": kind,
                "name": {"zh": name, "en": "Demo Market"},
                "address": {"zh": "示范路1号", "en": "1 Demo Road"},
                "division": division(),
            }
            | given
        )
    )
    for one in entrances:
        row.entrances.create(name={"zh": one, "en": "East gate"}).posters.create()
    return row


def poster(of: Venue) -> Poster:
    return read(Poster.objects.filter(entrance__venue=of).order_by("id").first())


def read(row: Poster) -> Poster:
    """As a scan finds it."""
    found = queries_venues.poster_of(token(row))
    assert found is not None
    return found


def token(row: Poster) -> str:
    return venue_tokens.token_of(row.mark)


def rule(
    level="register", *, of: Venue | None = None, kind="wet market", by: Officer | None = None, **given
) -> EntryRule:
    today = timezone.localdate()
    fields = {
        "kind": "" if of else kind, "venue": of, "level": level, "words": {"zh": "请扫码", "en": "Please scan"},
        "basis": "示范办法", "first_day": today, "last_day": today + datetime.timedelta(days=7),
        "published_by": by or make.officer("coordinator"),
    }  # fmt: skip
    return EntryRule.objects.create(**(fields | given))


def order(*, area: Division | None = None, entry_rules=None, diary=False, colours=True, **given) -> EmergencyOrder:
    now = timezone.now()
    fields = {
        "basis": "law", "area": area or division("310107", level="district"), "title": {"zh": "应急令", "en": "Order"},
        "reason": {"zh": "示范", "en": "Demonstration"}, "health_colours": colours, "server_diary": diary,
        "entry_rules": entry_rules or {}, "state": "in_force", "proposed_by": make.officer("coordinator"),
        "decided_by": make.officer("coordinator"), "decided_at": now, "starts_at": now - datetime.timedelta(hours=1),
        "ends_at": now + datetime.timedelta(days=7),
    }  # fmt: skip
    return EmergencyOrder.objects.create(**(fields | given))
