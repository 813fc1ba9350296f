"""Bringing halls in from a file: the demonstration's fourteen, or a city's fifteen hundred. Again and again the same."""

from collections.abc import Iterable
from datetime import time
from math import ceil
from typing import Any

from django.db import transaction

from tongban.halls.models import Category, Hall, HallRules, Machine, MachineKind, Shift, Window, WindowKind
from tongban.places.models import Division

CALLED_BY = {
    "A": ["general"],
    "B": ["general", "do_at_once"],
    "C": ["specialised"],
    "D": ["issuing"],
    "E": ["consultation", "general"],
    "P": ["priority", "general"],
    "Y": ["general", "priority"],
    "X": ["difficulties"],
    "K": [],
}
AREA_OF = {"issuing": "issue", "consultation": "guide"}
RESERVE_FROM = 10  # a hall with so many comprehensive windows keeps the last two for busy hours
ROBOTS = {"xiao-pu": {"zh": "小普", "en": "Xiao Pu"}, "xiao-hui": {"zh": "小惠", "en": "Xiao Hui"}}


@transaction.atomic
def load(content: dict[str, Any]) -> int:
    """The content of demo/halls.yaml. Windows and machines that are there keep their state; answers how many halls it holds."""
    for position, row in enumerate(content["queue"]["categories"]):
        Category.objects.update_or_create(
            code=row["id"],
            defaults={
                "name": {"zh": row["zh"], "en": row["en"]},
                "weight": row["weight"],
                "average_minutes": row["avg_minutes"],
                "window_kinds": CALLED_BY[row["id"]],
                "bookable": row["id"] in {"A", "B", "C", "D", "E"},
                "position": position,
            },
        )
    queue = {**content["queue"]["limits"], "alert_minutes": 15, "offer_elsewhere_minutes": 25}
    for about, values in {"queue": queue, "appointments": content["appointments"]}.items():
        HallRules.objects.update_or_create(hall=None, about=about, defaults={"values": values})
    return load_halls({"rating_devices": True, **row} for row in content["halls"])


@transaction.atomic
def load_halls(rows: Iterable[dict[str, Any]]) -> int:
    """Many halls in a constant number of statements a thousand; a row without a known division is a ValueError that names it."""
    rows = list(rows)
    divisions = {division.code: division for division in Division.objects.all()}
    if unknown := sorted({row["division"] for row in rows} - divisions.keys()):
        raise ValueError(f"unknown divisions: {', '.join(unknown)}")
    Hall.objects.bulk_create(
        [
            Hall(
                code=row["id"],
                level=row["level"],
                division=divisions[row["division"]],
                name={"zh": row["zh"], "en": row["en"]},
                address=row["address"],
                lat=row["lat"],
                lng=row["lng"],
                hours=row["hours"],
                stop_minutes=row["hours"].get("ticket_stop_minutes_before_close", 30),
                areas=_laid_out(row["areas"]),
                languages=row.get("languages", ["zh"]),
                self_service=row.get("self_service", {}),
                virtual_seats=row.get("virtual_window_seats", 0),
            )
            for row in rows
        ],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=[
            "level",
            "division",
            "name",
            "address",
            "lat",
            "lng",
            "hours",
            "stop_minutes",
            "areas",
            "languages",
        ]
        + ["self_service", "virtual_seats"],
        batch_size=500,
    )
    halls = {hall.code: hall for hall in Hall.objects.filter(code__in=[row["id"] for row in rows])}
    windows, machines, shifts = [], [], []
    for row in rows:
        hall = halls[row["id"]]
        windows += _windows(hall, row["windows"])
        machines += _machines(hall, row)
        shifts += _shifts(hall, row)
    Window.objects.bulk_create(windows, ignore_conflicts=True, batch_size=500)
    Machine.objects.bulk_create(machines, ignore_conflicts=True, batch_size=500)
    for one in machines:
        if one.kind == MachineKind.ROBOT:  # older ones stood nowhere, so all on the same spot
            Machine.objects.filter(hall=one.hall, kind=one.kind, number=one.number, x=None).update(x=one.x, y=one.y)
    planned = set(Shift.objects.filter(hall__in=halls.values()).values_list("hall_id", flat=True).distinct())
    Shift.objects.bulk_create([shift for shift in shifts if shift.hall_id not in planned], batch_size=500)
    return len(rows)


def _laid_out(areas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where a file gives no places, areas stand in rows of three on the plan."""
    deep = 100 / max(1, ceil(len(areas) / 3))
    return [
        {"x": (place % 3) * 100 / 3, "y": (place // 3) * deep, "w": 100 / 3, "h": deep, **area}
        for place, area in enumerate(areas)
    ]


def _within(hall: Hall, area: str, place: int, of: int) -> tuple[float, float]:
    where = next((one for one in hall.areas if one["id"] == area), None) or {"x": 0, "y": 0, "w": 100, "h": 100}
    in_a_row = max(1, min(of, 6))
    rows = ceil(of / in_a_row)
    return (
        round(where["x"] + where["w"] * (place % in_a_row + 0.5) / in_a_row, 2),
        round(where["y"] + where["h"] * (place // in_a_row + 0.6) / (rows + 0.2), 2),
    )


def _windows(hall: Hall, groups: list[dict[str, Any]]) -> list[Window]:
    areas = {area["id"] for area in hall.areas}
    made: list[tuple[str, str, bool]] = []
    for group in groups:
        kind, count = group["kind"], group["count"]
        area = AREA_OF.get(kind, "front")
        area = area if area in areas else next(iter(one["id"] for one in hall.areas), "")
        spare = 2 if kind == WindowKind.GENERAL and count >= RESERVE_FROM else 0
        made += [(kind, area, place >= count - spare) for place in range(count)]
    windows = []
    for number, (kind, area, reserve) in enumerate(made, 1):
        of = [place for place, one in enumerate(made) if one[1] == area]
        x, y = _within(hall, area, of.index(number - 1), len(of))
        windows.append(Window(hall=hall, number=number, kind=kind, area=area, reserve=reserve, x=x, y=y))
    return windows


def _machines(hall: Hall, row: dict[str, Any]) -> list[Machine]:
    areas = {area["id"] for area in hall.areas}
    wanted = [
        (MachineKind.KIOSK, "self", row.get("self_service", {}).get("kiosks", 0)),
        (MachineKind.TICKETS, "wait", 1),
        (MachineKind.SCREEN, "wait", 2 if len(areas) > 2 else 1),
        (MachineKind.COMPUTER, "self-pc", 16 if "self-pc" in areas else 0),
    ]
    made = []
    for kind, area, count in wanted:
        area = area if area in areas else next(iter(one["id"] for one in hall.areas), "")
        for place in range(count):
            x, y = _within(hall, area, place, count)
            made.append(Machine(hall=hall, kind=kind, number=place + 1, area=area, x=x, y=y))
    if row.get("rating_devices"):
        made += _rating_devices(hall, row["windows"])
    robots = row.get("robots", [])
    for number, robot in enumerate(robots, 1):
        x, y = _at_the_foot(hall, "guide", number, len(robots))
        made.append(
            Machine(
                hall=hall,
                kind=MachineKind.ROBOT,
                number=number,
                name=ROBOTS.get(robot, {"zh": robot, "en": robot}),
                area="guide",
                x=x,
                y=y,
            )
        )
    return made


def _at_the_foot(hall: Hall, area: str, number: int, of: int) -> tuple[float, float]:
    """In front of the windows of an area, side by side."""
    where = next((one for one in hall.areas if one["id"] == area), None) or {"x": 0, "y": 0, "w": 100, "h": 100}
    return round(where["x"] + where["w"] * number / (of + 1), 2), round(where["y"] + where["h"] * 0.88, 2)


RATED_AT = {WindowKind.GENERAL, WindowKind.SPECIALISED, WindowKind.ISSUING, WindowKind.PRIORITY}


def _rating_devices(hall: Hall, groups: list[dict[str, Any]]) -> list[Machine]:
    """One beside each window that takes in or hands out; the device carries the number of its window."""
    return [
        Machine(
            hall=hall, kind=MachineKind.RATING, number=one.number, area=one.area
        )  # on the plan the window stands for it
        for one in _windows(hall, groups)
        if one.kind in RATED_AT
    ]


def _shifts(hall: Hall, row: dict[str, Any]) -> list[Shift]:
    made = []
    days = [*[(weekday, row["hours"].get("workdays")) for weekday in range(5)], (5, row["hours"].get("saturday"))]
    for weekday, spans in [*days, (6, row["hours"].get("sunday"))]:
        for span in spans or []:
            begins, ends = (time.fromisoformat(part) for part in span.split("-"))
            for group in row["windows"]:
                spare = 2 if group["kind"] == WindowKind.GENERAL and group["count"] >= RESERVE_FROM else 0
                made.append(
                    Shift(
                        hall=hall,
                        weekday=weekday,
                        kind=group["kind"],
                        begins=begins,
                        ends=ends,
                        windows=group["count"] - spare,
                    )
                )
    return made
