"""Halls for tests: a small one made by the same loader that brings in a city's."""

import itertools

from tongban.halls.models import Hall
from tongban.halls.services import load_halls
from tongban.places.models import Division

_numbers = itertools.count(1)
PEOPLES_SQUARE = (31.2304, 121.4737)


def division(code="990101", level="district", **given) -> Division:
    defaults = {"level": level, "name": {"zh": f"示范{code}", "en": f"Demo {code}"}} | given
    return Division.objects.get_or_create(code=code, defaults=defaults)[0]


def row(code=None, **given) -> dict:
    """One hall as a file names it."""
    number = next(_numbers)
    return {
        "id": code or f"hall-{number}", "zh": f"示范大厅{number}", "en": f"Demo hall {number}", "level": "district",
        "division": "990101", "address": {"zh": f"示范路{number}号", "en": f"{number} Demo Road"},
        "lat": PEOPLES_SQUARE[0], "lng": PEOPLES_SQUARE[1],
        "hours": {"workdays": ["09:00-17:00"], "saturday": None, "sunday": None, "ticket_stop_minutes_before_close": 30},
        "windows": [{"kind": "general", "count": 3}, {"kind": "issuing", "count": 1}],
        "areas": [{"id": "front", "zh": "综合受理区", "en": "Comprehensive windows"},
                  {"id": "wait", "zh": "等候区", "en": "Waiting area"},
                  {"id": "self", "zh": "自助服务区", "en": "Self-service area"}],
        "self_service": {"open_24h": False, "kiosks": 1}, "languages": ["zh", "en"],
    } | given  # fmt: skip


def hall(code=None, **given) -> Hall:
    wanted = row(code, **given)
    division(wanted["division"])
    load_halls([wanted])
    return Hall.objects.get(code=wanted["id"])
