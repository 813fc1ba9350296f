"""What is asked of halls as places: finding them, what is near, what one serves, who has one within a walk. Nothing here is about a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from tongban.halls import circle, hours
from tongban.halls.circle import Disc, Point, Reached
from tongban.halls.models import (
    Grid,
    Hall,
    HallDay,
    HallEmergency,
    HallLevel,
    HallMove,
    Machine,
    MachineKind,
    Window,
    WindowKind,
)
from tongban.lib.bilingual import say
from tongban.matters.models import MatterVersion
from tongban.places.models import Division

PAGE = 20
NEAR_AT_MOST = 60
WIDER = (2_000, 12_000, 80_000)  # metres: how far the nearest open hall is looked for, step by step
SERVES_CITY_WIDE = (HallLevel.CITY, HallLevel.DISTRICT, HallLevel.SUBDISTRICT, HallLevel.TOWN)
SHOWN = (
    "code", "level", "name", "address", "lat", "lng", "hours", "stop_minutes", "languages", "self_service",
    "virtual_seats", "active",
)  # fmt: skip


@dataclass(frozen=True)
class Near:
    hall: Hall
    metres: float

    @property
    def minutes(self) -> int:
        return circle.minutes(self.metres)


@dataclass(frozen=True)
class Found:
    """A point that words were taken for, and the name of the place that it is."""

    at: Point
    name: str


def hall(code: str) -> Hall | None:
    return Hall.objects.filter(code=code, active=True).select_related("division").first()


def halls(
    *, words: str = "", level: str = "", division: str = "", after: tuple[str, str] | None = None
) -> QuerySet[Hall]:
    """City first, villages last, within a level by code; narrowed by words of name and address, by level, by a district and what is below it."""
    found = Hall.objects.filter(active=True).order_by("level", "code").only(*SHOWN, "division__name")
    found = found.select_related("division")
    for word in words.split()[:6]:
        found = found.filter(
            Q(name__zh__icontains=word)
            | Q(name__en__icontains=word)
            | Q(address__zh__icontains=word)
            | Q(address__en__icontains=word)
        )
    if level:
        found = found.filter(level=level)
    if division:
        found = found.filter(division__code__startswith=division)
    if after:
        found = found.filter(Q(level__gt=after[0]) | Q(level=after[0], code__gt=after[1]))
    return found


def near(at: Point, radius: float = circle.REACH, *, limit: int = NEAR_AT_MOST) -> list[Near]:
    """Halls within so many metres, the nearest first: a range of the index, measured after."""
    return _measured(at, radius, _in(Hall.objects.filter(active=True), at, radius).only(*SHOWN))[:limit]


def _in(rows: QuerySet, at: Point, radius: float) -> QuerySet:
    edges = circle.box(at, radius)
    return rows.filter(lat__range=(edges.south, edges.north), lng__range=(edges.west, edges.east))


def _measured(at: Point, radius: float, rows: Iterable[Hall]) -> list[Near]:
    found = (Near(row, circle.metres(at, Point(row.lat, row.lng))) for row in rows)
    return sorted((one for one in found if one.metres <= radius), key=lambda one: (one.metres, one.hall.code))


def serving(version: MatterVersion, rows: QuerySet[Hall]) -> QuerySet[Hall]:
    """Of these, where the matter is done in person: as its guide names them; city-wide ones at every comprehensive window above the villages."""
    named = {place.get("hall") for place in version.places or [] if place.get("hall")}
    condition = Q(code__in=named)
    if version.city_wide:
        windows = Window.objects.filter(kind=WindowKind.GENERAL).values("hall")
        condition |= Q(level__in=SERVES_CITY_WIDE, pk__in=windows)
    return rows.filter(condition)


def nearest_open(at: Point, now: datetime, *, version: MatterVersion | None = None, limit: int = 3) -> list[Near]:
    """The nearest halls that are open now, for one matter or for any; none that its supervisor has stopped. At most three looks, each wider,
    whatever stands there."""
    stopped = HallEmergency.objects.filter(ended_at__isnull=True).values("hall")
    rows = Hall.objects.filter(active=True).exclude(pk__in=stopped).only(*SHOWN)
    if version is not None:
        rows = serving(version, rows)
    open_then: list[Near] = []
    for radius in WIDER:
        found = _measured(at, radius, _in(rows, at, radius))[: NEAR_AT_MOST * 4]
        openings = hours.Openings.now([one.hall for one in found], now)
        open_then = [one for one in found if openings.is_open(one.hall, now)][:limit]
        if open_then:
            break
    return open_then


def matters_of(hall: Hall, *, after: str = "", words: str = "", limit: int = PAGE) -> list[MatterVersion]:
    """What is done in person at this hall, by slug: named by the guide, or city-wide where there is a comprehensive window."""
    rows = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED, matter__slug__gt=after)
    general = hall.level in SERVES_CITY_WIDE and hall.windows.filter(kind=WindowKind.GENERAL).exists()
    here = Q(places__icontains=f'"{hall.code}"')
    if general:
        here |= Q(city_wide=True)
    for word in words.split()[:6]:
        rows = rows.filter(Q(name__zh__icontains=word) | Q(name__en__icontains=word))
    rows = rows.filter(here).select_related("matter").only("name", "matter__slug", "places", "city_wide")
    found: list[MatterVersion] = []
    for version in rows.order_by("matter__slug")[: limit * 2]:
        named = any(place.get("hall") == hall.code for place in version.places or [])
        if named or (general and version.city_wide):
            found.append(version)
    return found[:limit]


def published(slug: str) -> MatterVersion | None:
    rows = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED, matter__slug=slug)
    return rows.select_related("matter").only("name", "matter__slug", "places", "city_wide").first()


# -- one hall


def week(hall: Hall, first: date, days: int = 7) -> list[hours.OpenDay]:
    from_day = hours.Openings([hall], first, date.fromordinal(first.toordinal() + days - 1))
    return [from_day.day(hall, date.fromordinal(first.toordinal() + place)) for place in range(days)]


def exceptions(hall: Hall, today: date) -> list[HallDay]:
    return list(hall.days.filter(day__gte=today).order_by("day")[:60])


def coming_moves(hall: Hall) -> list[HallMove]:
    return list(hall.moves.filter(done_at__isnull=True).order_by("on")[:5])


def moved_by(hall: Hall, day: date) -> HallMove | None:
    """The move after which the hall is somewhere else on that day; None while it is where it is."""
    return hall.moves.filter(done_at__isnull=True, on__lte=day).order_by("-on").first()


def machines(hall: Hall) -> list[Machine]:
    return list(hall.machines.order_by("kind", "number"))


def windows(hall: Hall) -> list[Window]:
    return list(hall.windows.select_related("officer", "department").order_by("number"))


# -- points


def _points() -> list[tuple[str, Point, str]]:
    """Every name that stands for a point: divisions, grids, halls and what they are addressed as."""
    found = [
        (word, Point(row.lat or 0.0, row.lng or 0.0), say(row.name))
        for row in Division.objects.filter(active=True, lat__isnull=False).exclude(level__in=["province", "prefecture"])
        for word in _names(row.name)
    ]
    found += [(word, Point(row.lat, row.lng), say(row.name)) for row in Grid.objects.all() for word in _names(row.name)]
    for row in Hall.objects.filter(active=True).only("name", "address", "lat", "lng"):
        found += [(word, Point(row.lat, row.lng), say(row.name)) for word in _names(row.name)]
        found += [(word, Point(row.lat, row.lng), say(row.address)) for word in _names(row.address)]
    return found


def _names(name: dict) -> list[str]:
    return [word.casefold() for word in (name.get("zh"), name.get("en")) if word and len(word) > 1]


ENDINGS = (
    "新村街道",
    "街道",
    "镇",
    "区",
    " xincun subdistrict",
    " subdistrict",
    " town",
    " district",
)  # the longest first
CHINESE = 0x2E7F  # from here on two letters name a place


def _begins(typed: str, name: str) -> bool:
    """Half a name as people type it: three letters anywhere in it, or two Chinese ones at its beginning."""
    return typed in name if len(typed) > 2 else ord(typed[0]) > CHINESE and name.startswith(typed)


def locate(words: str) -> Found | None:
    """The place that typed words name, the longest name first: `曹杨新村街道枫桥路` is taken for 曹杨新村街道. None where no name is known."""
    typed = " ".join(words.casefold().split())
    if len(typed) < 2:
        return None
    best: tuple[int, Found] | None = None
    for name, at, shown in _points():
        shorter = next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)
        known = name if name in typed else shorter if len(shorter) > 1 and shorter in typed else ""
        if not known and _begins(typed, name):
            known = typed
        if known and (best is None or len(known) > best[0]):
            best = (len(known), Found(at, shown))
    return best[1] if best else None


def neighbourhoods(at: Point, radius: float) -> list[Division]:
    """Subdistricts and towns whose middle lies around a point, for the names on a map."""
    rows = Division.objects.filter(active=True, level__in=["subdistrict", "town"])
    return list(_in(rows, at, radius).only("code", "level", "name", "lat", "lng")[:20])


# -- coverage


@dataclass(frozen=True)
class Coverage:
    division: Division
    grids: list[tuple[Grid, Reached]]
    halls: list[Hall]
    machines: int
    people: int
    population: int

    @property
    def share(self) -> float | None:
        return circle.of_everybody(reached for _grid, reached in self.grids)

    @property
    def without_machine(self) -> list[Grid]:
        return [grid for grid, reached in self.grids if not reached.machine]


def districts() -> list[Division]:
    """Districts whose grids are known."""
    known = {code[:6] for code in Grid.objects.order_by().values_list("division__code", flat=True).distinct()}
    return list(Division.objects.filter(active=True, level="district", code__in=known).order_by("code"))


def coverage(division: Division) -> Coverage:
    """How much of a district lies within a quarter of an hour's walk of a hall; its neighbours' halls count as well."""
    grids = list(Grid.objects.filter(division__code__startswith=division.code).order_by("code"))
    discs = [Disc(grid.code, Point(grid.lat, grid.lng), grid.radius, grid.population) for grid in grids]
    around = _around(discs)
    rows = list(around.only(*SHOWN)) if around is not None else []
    kiosks = (
        Machine.objects.filter(hall__in=[row.pk for row in rows], kind=MachineKind.KIOSK, working=True)
        .values_list("hall_id", flat=True)
        .order_by()
        .distinct()
    )
    standing = set(kiosks)
    reached = circle.coverage(
        discs,
        [Point(row.lat, row.lng) for row in rows],
        [Point(row.lat, row.lng) for row in rows if row.pk in standing],
    )
    return Coverage(
        division,
        list(zip(grids, reached, strict=True)),
        rows,
        len(standing),
        sum(one.people for one in reached),
        sum(one.population for one in reached),
    )


def _around(discs: list[Disc]) -> QuerySet[Hall] | None:
    if not discs:
        return None
    edges = [circle.box(disc.at, disc.radius + circle.REACH) for disc in discs]
    return Hall.objects.filter(
        active=True,
        lat__range=(min(edge.south for edge in edges), max(edge.north for edge in edges)),
        lng__range=(min(edge.west for edge in edges), max(edge.east for edge in edges)),
    )
