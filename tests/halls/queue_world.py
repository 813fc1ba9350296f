"""A small hall that is open, with windows and officers, on a Monday at ten."""

import itertools
from datetime import UTC, datetime, timedelta

from tests import make
from tongban.cases.moving import acting
from tongban.halls.models import Category, Hall, HallRules, Window
from tongban.halls.services import windows
from tongban.places.models import Division

TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, ten in Shanghai
CATEGORIES = [
    ("A", 1, 8, ["general"]),
    ("B", 1, 15, ["general", "do_at_once"]),
    ("C", 1, 18, ["specialised"]),
    ("D", 1, 3, ["issuing"]),
    ("P", 3, 10, ["priority", "general"]),
    ("Y", 2, 10, ["general", "priority"]),
    ("X", 2, 20, ["difficulties"]),
    ("K", 0, 5, []),
]
_numbers = itertools.count(1)


def after(minutes: float) -> datetime:
    return TEN + timedelta(minutes=minutes)


def hall(windows: str = "general general", **given) -> Hall:
    """With its windows, all closed. Categories and rules are those of the demonstration."""
    make.calendar()
    number = next(_numbers)
    division, _ = Division.objects.get_or_create(
        code="310107", defaults={"name": {"zh": "普陀区", "en": "Putuo"}, "level": "district"}
    )
    for position, (code, weight, minutes, kinds) in enumerate(CATEGORIES):
        Category.objects.get_or_create(
            code=code,
            defaults={
                "name": {"zh": f"{code}类", "en": f"Queue {code}"},
                "weight": weight,
                "average_minutes": minutes,
                "window_kinds": kinds,
                "position": position,
            },
        )
    limits = {"per_person_per_day_per_category": 3, "per_phone_per_day": 5}
    HallRules.objects.get_or_create(hall=None, about="queue", defaults={"values": limits})
    HallRules.objects.get_or_create(hall=None, about="appointments", defaults={"values": {"grace_minutes": 15}})
    fields = {
        "code": f"hall-{number}", "level": "district", "division": division, "name": {"zh": "示范大厅", "en": "Demo hall"},
        "address": {"zh": "示范路1号", "en": "1 Demo Road"}, "lat": 31.2, "lng": 121.4,
        "hours": {"workdays": ["09:00-17:00"], "saturday": None, "sunday": None},
    }  # fmt: skip
    row = Hall.objects.create(**(fields | given))
    Window.objects.bulk_create(
        Window(hall=row, number=place, kind=kind, area="front") for place, kind in enumerate(windows.split(), 1)
    )
    return row


def open_all(of: Hall, **officer) -> list[tuple[Window, object]]:
    """Every window with an officer of its own who is ready: (window, actor)."""
    return [sit_down(window, **officer) for window in Window.objects.filter(hall=of).order_by("number")]


def sit_down(window: Window, certified=("*",)) -> tuple[Window, object]:
    officer = make.officer("window_officer", certified=certified)
    actor = acting(officer, "window_officer")
    return windows.open_window(window, officer=officer, actor=actor, at=TEN), actor
