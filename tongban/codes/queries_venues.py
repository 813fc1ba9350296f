"""Questions about venues, their entrances and who works there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from tongban.codes import day_keys, venue_tokens
from tongban.codes.colours import covers, orders_in_force
from tongban.codes.entry_rules import STRICTNESS, InForce
from tongban.codes.models import (
    DivisionDay,
    EmergencyOrder,
    Entrance,
    EntranceCount,
    EntryLevel,
    EntryRule,
    Passage,
    Poster,
    Venue,
    VenueKind,
    VenueReport,
    VenueTally,
    VenueWorker,
)
from tongban.codes.test_results import latest_tests
from tongban.codes.venue_states import PosterState, VenueReportState, VenueState, WorkerState
from tongban.parties.models import Party

SLOT = timedelta(minutes=10)
PAGE = 30


def slot_of(at: datetime) -> datetime:
    """The ten minutes that a moment belongs to."""
    return at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0)


# -- posters


def poster_of(token: str) -> Poster | None:
    """The poster a token was printed on, whatever became of it; None for a token we did not make."""
    mark = venue_tokens.mark_in(token)
    if mark is None:
        return None
    return Poster.objects.select_related("entrance__venue__division", "entrance__venue").filter(mark=mark).first()


def hangs(poster: Poster) -> bool:
    """Whether this code may be used now: it hangs there, the venue is in use, the entrance works with a code."""
    entrance = poster.entrance
    return (
        poster.state == PosterState.CURRENT
        and entrance.control == Entrance.Control.CODE
        and in_use(entrance.venue, timezone.now())
    )


def in_use(venue: Venue, at: datetime) -> bool:
    today = timezone.localdate(at)
    return venue.state == VenueState.ACTIVE and (venue.valid_until is None or venue.valid_until >= today)


# -- rules


def in_force_at(venue: Venue, at: datetime) -> InForce:
    """What is asked there now: the stricter of what was published for the place (else for its kind) and of an order in force."""
    today = timezone.localdate(at)
    rules = list(
        EntryRule.objects.filter(
            Q(venue=venue) | Q(kind=venue.kind), withdrawn_at__isnull=True, first_day__lte=today, last_day__gte=today
        ).order_by("-id")
    )
    own = [rule for rule in rules if rule.venue_id == venue.pk]
    rule = next(iter(own or rules), None)
    orders = _orders_at(venue, at)
    diary, colours, entry = (
        next((order for order in orders if getattr(order, measure)), None)
        for measure in ("server_diary", "health_colours", "entry_rules")
    )
    level, order, until = EntryLevel.OFF.value, None, None
    if rule is not None:
        level, until = rule.level, rule.last_day
    if entry is not None:
        asked = entry.entry_rules.get(venue.kind, EntryLevel.OFF.value)
        if STRICTNESS.get(asked, 0) > STRICTNESS[level]:
            level, order, until, rule = asked, entry.pk, entry.ends_at, None
    if STRICTNESS[level] > STRICTNESS[EntryLevel.REGISTER] and colours is None:
        level = EntryLevel.REGISTER.value  # without an order nobody has a colour that could be asked for
    if level != EntryLevel.OFF and diary is not None:
        order = order or diary.pk
    return InForce(level, rule=rule, order=order, until=until, keeps_visits=diary is not None and _office_reads())


def _office_reads() -> bool:
    """Where no health office has entered its key nothing can be sealed to it: then nothing is kept, and nobody is asked for a name."""
    return day_keys.office(day_keys.folder()) is not None


def _orders_at(venue: Venue, at: datetime) -> list[EmergencyOrder]:
    """Orders that hold there, the newest first; a venue that named no division lies somewhere in the city."""
    code = venue.division.code if venue.division else None
    return [order for order in orders_in_force(at) if code is None or covers(order, code)]


def published_for(venue: Venue, at: datetime) -> list[EntryRule]:
    """What holds or will hold in one place, in the order of its first day."""
    today = timezone.localdate(at)
    return list(
        EntryRule.objects.filter(venue=venue, withdrawn_at__isnull=True, last_day__gte=today).order_by(
            "first_day", "id"
        )
    )


def rules_published(*, before: int | None = None, limit: int = PAGE) -> QuerySet[EntryRule]:
    rows = EntryRule.objects.select_related("venue").order_by("-id")
    return (rows.filter(pk__lt=before) if before else rows)[:limit]


def order_allows(level: str, at: datetime) -> bool:
    """A rule that asks for a colour is published only while an order with health colours is in force."""
    return STRICTNESS[level] <= STRICTNESS[EntryLevel.REGISTER] or any(o.health_colours for o in orders_in_force(at))


# -- compounds


def compounds(*, division: str = "", after: int | None = None, limit: int = PAGE) -> QuerySet[Venue]:
    rows = Venue.objects.filter(kind=VenueKind.COMPOUND, state=VenueState.ACTIVE).select_related("division")
    if division:
        rows = rows.filter(division__code=division)
    return (rows.filter(pk__lt=after) if after else rows).order_by("-id")[:limit]


# -- of the manager


def of_party(party: Party | int) -> QuerySet[Venue]:
    return Venue.objects.filter(party=party).select_related("division").order_by("-id")


def counts_of(parties: Iterable[Party]) -> dict[int, int]:
    """How many venues each of them has; who has none is not there."""
    rows = Venue.objects.filter(party__in=[one.pk for one in parties]).values("party").annotate(many=Count("id"))
    return {row["party"]: row["many"] for row in rows}


def guarded_by(person: int) -> QuerySet[Venue]:
    """Venues whose staff list says that this person stands at their entrance."""
    return Venue.objects.filter(
        workers__person=person, workers__guard=True, workers__state=WorkerState.WORKS
    ).select_related("division")


def staff_of(venue: Venue) -> QuerySet[VenueWorker]:
    """Who works there and has agreed to stand on the list: what an inspector draws from."""
    return VenueWorker.objects.filter(venue=venue, state=WorkerState.WORKS).select_related("person").order_by("id")


@dataclass(frozen=True)
class OnList:
    worker: VenueWorker
    due: bool  # a test is due; what the last one said is nobody's business here


def staff_hours(venue: Venue, at: datetime) -> int | None:
    """How old a worker's test may be there, or None where nobody has to be tested."""
    today = timezone.localdate(at)
    rules = list(
        EntryRule.objects.filter(
            Q(venue=venue) | Q(kind=venue.kind),
            withdrawn_at__isnull=True,
            staff_hours__isnull=False,
            first_day__lte=today,
            last_day__gte=today,
        ).order_by(F("venue").desc(nulls_last=True), "-id")[:1]
    )
    return rules[0].staff_hours if rules else None


def overdue(workers: Iterable[VenueWorker], hours: int | None, at: datetime) -> set[int]:
    """Keys of those whose test is due, in a constant number of queries."""
    if hours is None:
        return set()
    there = [worker for worker in workers if worker.person_id is not None]
    tests = latest_tests([worker.person_id for worker in there if worker.person_id], at)
    limit = at - timedelta(hours=hours)
    return {
        worker.pk for worker in there if (test := tests.get(worker.person_id or 0)) is None or test.sampled_at < limit
    }


def staff_list(venue: Venue, at: datetime) -> list[OnList]:
    rows = list(
        VenueWorker.objects.filter(venue=venue).exclude(state=WorkerState.ENDED).select_related("person").order_by("id")
    )
    due = overdue(rows, staff_hours(venue, at), at)
    return [OnList(row, row.pk in due) for row in rows]


# -- figures


@dataclass(frozen=True)
class Figures:
    passed: int
    warned: int
    refused: int


def _keys(venue: Venue) -> QuerySet:
    return Entrance.objects.filter(venue=venue).order_by().values("pk")


def today_at(venue: Venue, at: datetime) -> Figures:
    start = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    found = EntranceCount.objects.filter(entrance__in=_keys(venue), slot__gte=start).aggregate(
        passed=Sum("passed"), warned=Sum("warned"), refused=Sum("refused")
    )
    return Figures(*(found[name] or 0 for name in ("passed", "warned", "refused")))


def inside(venue: Venue, at: datetime) -> int:
    """About how many are inside: who came in within the usual stay, less whom the guard saw leave."""
    since = slot_of(at - timedelta(minutes=venue.stay_minutes))
    found = EntranceCount.objects.filter(entrance__in=_keys(venue), slot__gte=since).aggregate(
        came=Sum("passed"), went=Sum("left")
    )
    return max((found["came"] or 0) - (found["went"] or 0), 0)


def hours_of(venue: Venue, at: datetime) -> list[tuple[datetime, int]]:
    """Entries of the last twelve hours, hour by hour."""
    start = timezone.localtime(at).replace(minute=0, second=0, microsecond=0) - timedelta(hours=11)
    hours = {start + timedelta(hours=step): 0 for step in range(12)}
    rows = EntranceCount.objects.filter(entrance__in=_keys(venue), slot__gte=start).values_list("slot", "passed")
    for slot, passed in rows:
        hour = timezone.localtime(slot).replace(minute=0)
        if hour in hours:
            hours[hour] += passed
    return list(hours.items())


def lately(venue: Venue, limit: int = 20) -> list[tuple[Passage, str]]:
    """The last ones, each with the name of its entrance."""
    names = {one.pk: one.shown_name for one in venue.entrances.all()}
    rows = Passage.objects.filter(venue=venue.pk).order_by("-id")[:limit]
    return [(row, names.get(row.entrance, "")) for row in rows]


# -- of the office


def venues(
    *, division: str = "", kind: str = "", state: str = "", before: int | None = None, limit: int = PAGE
) -> QuerySet[Venue]:
    rows = Venue.objects.select_related("division").defer("manager_name", "manager_phone")
    if division:
        rows = rows.filter(division__code=division)
    if kind:
        rows = rows.filter(kind=kind)
    if state == VenueState.SUSPENDED:
        rows = rows.filter(state=VenueState.SUSPENDED)
    return (rows.filter(pk__lt=before) if before else rows).order_by("-id")[:limit]


def by_code(text: str) -> Venue | None:
    return Venue.objects.filter(code_no=text.strip()[:40]).first()


@dataclass(frozen=True)
class Spread:
    division: str
    venues: int
    passed: int
    refused: int


def spread(*, kind: str = "", since: datetime) -> list[Spread]:
    """Division by division: venues with codes, and entries since that day. From sums, whatever the number of venues."""
    tallies, days = VenueTally.objects.all(), DivisionDay.objects.filter(day__gte=timezone.localdate(since))
    if kind:
        tallies, days = tallies.filter(kind=kind), days.filter(kind=kind)
    there = dict(tallies.order_by().values_list("division").annotate(n=Sum("venues")))
    entries = {
        division: (passed, refused)
        for division, passed, refused in days.order_by()
        .values_list("division")
        .annotate(p=Sum("passed"), r=Sum("refused"))
    }
    names = sorted(there.keys() | entries.keys())
    return [Spread(name, there.get(name) or 0, *entries.get(name, (0, 0))) for name in names]


def reports(
    *, state: str = VenueReportState.OPEN, before: int | None = None, limit: int = PAGE
) -> QuerySet[VenueReport]:
    rows = VenueReport.objects.filter(state=state).select_related("venue", "entrance")
    return (rows.filter(pk__lt=before) if before else rows).order_by("-id")[:limit]
