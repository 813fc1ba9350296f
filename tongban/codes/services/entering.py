"""Coming in at an entrance: one judgement, one count of ten minutes, one line on the guard's screen, and nobody's name.

Only under an emergency order with the server's diary is a visit written down besides, sealed to the health office (`day_keys`).
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import colours, day_keys, queries_venues, test_results
from tongban.codes.entry_rules import InForce, Verdict, judge
from tongban.codes.models import (
    CountedOnce,
    Entrance,
    EntranceCount,
    How,
    Outcome,
    Passage,
    Poster,
    SealedVisit,
    Venue,
)
from tongban.codes.venue_states import PosterState
from tongban.journal import services as journal
from tongban.lib.encryption import blind_index
from tongban.lib.problems import Invalid, NotAllowed

AGAIN_AFTER = timedelta(minutes=10)
SEEN_FOR = timedelta(minutes=30)
GUESTS_OF_ONE_ADDRESS = (
    60  # counted in ten minutes; more come in and are not counted: a whole hall may share an address
)
NAME_AT_MOST, PHONE_AT_MOST = 60, 40
COLUMNS = {Outcome.PASS: "passed", Outcome.WARN: "warned", Outcome.REFUSE: "refused"}


@dataclass(frozen=True)
class Visitor:
    """`party`: somebody whose identity was proved. Everybody else is a device, and has a name only where one is needed; `grey`: it is
    signed in, and nobody was proved yet."""

    party: int | None = None
    grey: bool = False
    device: str = ""
    address: str = ""
    name: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Entered:
    result: str
    reason: str
    at: datetime
    rule: InForce
    counted: bool
    kept: bool


def enter(poster: Poster, visitor: Visitor, *, now: datetime | None = None) -> Entered:
    """A visitor says “yes, this is where I am”."""
    now = now or timezone.now()
    venue = poster.entrance.venue
    rule = queries_venues.in_force_at(venue, now)
    how = How.OWN if visitor.party is not None else How.GUEST
    if visitor.party is None and rule.needs_name:
        _need_name(visitor)
    verdict = judge_visitor(rule, visitor.party, now, grey=visitor.grey)
    return _come(poster.entrance, verdict, rule, visitor, how, now, poster=poster)


def judge_visitor(rule: InForce, party: int | None, now: datetime, *, grey: bool = False) -> Verdict:
    if party is None or not rule.asks_colour:
        return judge(rule, known=party is not None, colour=colours.GREY if grey else colours.BLUE, at=now)
    test = test_results.latest_test(party, now) if rule.hours else None
    return judge(rule, known=True, colour=colours.colour_of(party, now), test=test, at=now)


def come_by_staff(entrance: Entrance, party: int, *, now: datetime | None = None) -> Entered:
    """The staff read somebody's identity code: judged as if they had scanned the poster themselves."""
    now = now or timezone.now()
    rule = queries_venues.in_force_at(entrance.venue, now)
    return _come(entrance, judge_visitor(rule, party, now), rule, Visitor(party=party), How.STAFF, now)


def write_down(
    entrance: Entrance, *, let_in: bool, name: str = "", phone: str = "", now: datetime | None = None
) -> Entered:
    """Somebody without a phone: the staff looked at what they brought and say how it went."""
    now = now or timezone.now()
    rule = queries_venues.in_force_at(entrance.venue, now)
    visitor = Visitor(device=secrets.token_hex(8), name=name.strip(), phone=phone.strip())
    if rule.needs_name and let_in:
        _need_name(visitor)
    verdict = Verdict(Outcome.PASS, "by_hand") if let_in else Verdict(Outcome.REFUSE, "by_hand")
    return _come(entrance, verdict, rule, visitor, How.MANUAL, now)


def went(venue: Venue, *, now: datetime | None = None) -> None:
    """The guard saw somebody leave: there is room for one more."""
    now = now or timezone.now()
    with transaction.atomic():
        entrance = venue.entrances.order_by("id").first()
        if entrance is not None:
            _count(entrance.pk, queries_venues.slot_of(now), "left", 1)
            journal.touch(venue.subject)


def _need_name(visitor: Visitor) -> None:
    errors = {}
    if not visitor.name or len(visitor.name) > NAME_AT_MOST:
        errors["name"] = [_("Please write your name, at most 60 characters.")]
    digits = sum(sign.isdigit() for sign in visitor.phone)
    if not 5 <= digits <= 20 or len(visitor.phone) > PHONE_AT_MOST:
        errors["phone"] = [_("Please write a telephone number under which you can be reached.")]
    if errors:
        raise Invalid("name-needed", errors=errors, kept=_("Nothing was written down yet."))


def _come(
    entrance: Entrance,
    verdict: Verdict,
    rule: InForce,
    visitor: Visitor,
    how: str,
    now: datetime,
    *,
    poster: Poster | None = None,
) -> Entered:
    venue = entrance.venue
    too_many = _too_many_guests(venue, visitor) if how == How.GUEST else False
    sealed = _sealed(venue, entrance, rule, visitor, how, now) if verdict.result == Outcome.PASS and rule.keeps_visits and not rule.asks_nothing else ""  # fmt: skip
    with transaction.atomic():
        if venue.turns_back and venue.capacity and verdict.result == Outcome.PASS:
            verdict = _room(venue, verdict, visitor, now)
        if poster is not None:
            _still_hangs(poster, now)
        elif not queries_venues.in_use(Venue.objects.only("state", "valid_until").get(pk=venue.pk), now):
            raise _dead()
        counted = not too_many and _count_once(venue, entrance, _mark(venue, visitor), verdict, now)
        if counted:
            Passage.objects.create(
                venue=venue.pk, entrance=entrance.pk, at=now, result=verdict.result, reason=verdict.reason, how=how
            )
        if sealed and counted and verdict.result == Outcome.PASS and rule.order:
            SealedVisit.objects.create(day=timezone.localdate(now), venue=venue.pk, order=rule.order, sealed=sealed)
        if counted:
            journal.touch(venue.subject)
    return Entered(
        verdict.result, verdict.reason, now, rule, counted, kept=bool(sealed) and verdict.result == Outcome.PASS
    )


def _still_hangs(poster: Poster, now: datetime) -> None:
    row = _poster_held(poster)
    with_code = row.entrance.control == Entrance.Control.CODE
    if row.state != PosterState.CURRENT or not with_code or not queries_venues.in_use(row.entrance.venue, now):
        raise _dead()


def _poster_held(poster: Poster) -> Poster:
    """Whoever replaces it waits until we are through, and who comes after sees that it is dead."""
    return (
        Poster.objects.select_for_update(of=("self",))
        .select_related("entrance__venue")
        .only("state", "entrance__control", "entrance__venue__state", "entrance__venue__valid_until")
        .get(pk=poster.pk)
    )


def _dead() -> NotAllowed:
    return NotAllowed(
        "code-replaced",
        _("This code is not in use any more."),
        kept=_("You were not counted and nothing was written down."),
        next_step=_("Ask the staff for the code that hangs there now, and tell them about this one."),
    )


def _room(venue: Venue, verdict: Verdict, visitor: Visitor, now: datetime) -> Verdict:
    """Is there room for one more?"""
    row = _held(venue)
    within = CountedOnce.objects.filter(mark=_mark(venue, visitor), result=Outcome.PASS, at__gt=now - AGAIN_AFTER)
    if within.exists() or queries_venues.inside(row, now) < (row.capacity or 0):
        return verdict
    return Verdict(Outcome.REFUSE, "full")


def _held(venue: Venue) -> Venue:
    """One after the other: the venue is held while somebody is counted in."""
    return Venue.objects.select_for_update().defer("manager_name", "manager_phone").get(pk=venue.pk)


def _mark(venue: Venue, visitor: Visitor) -> str:
    """A keyed name for this visitor at this place; it is deleted when its ten minutes are over."""
    who = f"p{visitor.party}" if visitor.party is not None else f"d{visitor.device}"
    return blind_index(f"{who}|{venue.pk}", "codes.counted")


def _too_many_guests(venue: Venue, visitor: Visitor) -> bool:
    if not visitor.address:
        return False
    name = f"guests:{venue.pk}:{blind_index(visitor.address, 'codes.guests')[:24]}"
    within = int(AGAIN_AFTER.total_seconds())
    if cache.add(name, 1, within):
        return False
    try:
        return cache.incr(name) > GUESTS_OF_ONE_ADDRESS
    except ValueError:  # it ended this very moment
        return False


def _count_once(venue: Venue, entrance: Entrance, mark: str, verdict: Verdict, now: datetime) -> bool:
    """Count this visitor unless counted here in the last ten minutes; who was turned back and is let in now counts as let in."""
    table, slot = CountedOnce._meta.db_table, queries_venues.slot_of(now)
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (mark, entrance_id, slot, result, at) VALUES (%s, %s, %s, %s, %s) "  # noqa: S608
            "ON CONFLICT (mark) DO UPDATE SET entrance_id = excluded.entrance_id, slot = excluded.slot, "
            f"result = excluded.result, at = excluded.at WHERE {table}.at <= %s",
            [mark, entrance.pk, adapt(slot), verdict.result, adapt(now), adapt(now - AGAIN_AFTER)],
        )
        first = cursor.rowcount == 1
    if not first:
        earlier = CountedOnce.objects.select_for_update().get(mark=mark)
        if earlier.result == Outcome.PASS or verdict.result != Outcome.PASS:
            return False
        EntranceCount.objects.filter(entrance=earlier.entrance, slot=earlier.slot).update(
            **{COLUMNS[Outcome(earlier.result)]: F(COLUMNS[Outcome(earlier.result)]) - 1}
        )
        CountedOnce.objects.filter(mark=mark).update(result=verdict.result, entrance=entrance.pk, slot=slot)
    _count(entrance.pk, slot, COLUMNS[Outcome(verdict.result)], 1)
    return True


def _count(entrance: int, slot: datetime, column: str, by: int) -> None:
    table = EntranceCount._meta.db_table
    values = {"passed": 0, "warned": 0, "refused": 0, "left": 0} | {column: by}
    quoted = {name: f'"{name}"' for name in values}  # left is a word of SQL
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (entrance_id, slot, {', '.join(quoted.values())}) VALUES (%s, %s, %s, %s, %s, %s) "  # noqa: S608
            f"ON CONFLICT (entrance_id, slot) DO UPDATE SET {quoted[column]} = {table}.{quoted[column]} + excluded.{quoted[column]}",
            [entrance, connection.ops.adapt_datetimefield_value(slot), *values.values()],
        )


def _sealed(venue: Venue, entrance: Entrance, rule: InForce, visitor: Visitor, how: str, now: datetime) -> str:
    """The visit as only the health office can read it; empty where no office has entered a key: then nothing is kept."""
    day = timezone.localdate(now)
    public = day_keys.public_of(day_keys.folder(), day)
    if public is None:
        return ""
    said = {"at": now.isoformat(timespec="seconds"), "entrance": entrance.pk, "how": how}
    if visitor.party is not None:
        said["party"] = visitor.party
    else:
        said |= {"name": visitor.name, "phone": visitor.phone}
    return day_keys.seal(public, json.dumps(said, ensure_ascii=False).encode(), f"{day}|{venue.pk}")


# -- what is forgotten


def forget(now: datetime | None = None) -> int:
    """Marks and lines of the guard's screen that have served their minutes."""
    now = now or timezone.now()
    gone, _rows = CountedOnce.objects.filter(at__lt=now - 2 * AGAIN_AFTER).delete()
    seen, _rows = Passage.objects.filter(at__lt=now - SEEN_FOR).delete()
    return gone + seen


@journal.every("forget who has just come in", timedelta(minutes=5))
def _forget() -> None:
    forget()
