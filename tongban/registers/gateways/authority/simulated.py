"""The twin of all registers of the demonstration district: what demo/registers.yaml says of demo/demo_actors.yaml.

Known bad cases, for everybody who wants to see them: a number whose last three digits before the check character are 999 gets
no answer, 998 is refused; everybody who is not a demonstration actor is not found.
"""

import copy
import datetime
import io
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from tongban.lib import yamls
from tongban.lib.encryption import blind_index
from tongban.registers.gateways.authority.base import Change, NoAnswer, NotFound, Refused, Subject
from tongban.registers.models import TwinChange

DEMO = Path(__file__).resolve().parents[4] / "demo"

SKIN = ["#c9a27e", "#b98d68", "#d6b08c", "#a97c58"]
CLOTH = ["#0f6b6b", "#39546e", "#7a4b3a", "#4d5a3c"]
RELATIVE = re.compile(r"^today([+-]\d+)?$")


class SimulatedAuthority:
    name = "simulated"

    def __init__(self, demo: Path = DEMO, failing: dict[str, type[Exception]] | None = None):
        self.demo = Path(demo)
        self.failing = dict(failing or {})

    def read(self, resource: str, subject: Subject, fields: list[str], reference: str) -> dict[str, Any]:
        held = self._held(resource, subject)
        changed = dict(self._changes(resource, subject).values_list("field", "after")) if fields else {}
        return {
            name: changed[name]["value"] if name in changed else _as_of_today(copy.deepcopy(held.get(name)))
            for name in fields
        }

    def correct(self, resource: str, subject: Subject, field: str, value: Any, *, reference: str, why: str) -> None:
        before = self.read(resource, subject, [field], reference)[field]
        with transaction.atomic():
            if not TwinChange.objects.filter(reference=reference).exists():
                TwinChange.objects.create(
                    resource=resource,
                    subject=_mark(subject),
                    field=field,
                    before={"value": before},
                    after={"value": value},
                    why=why,
                    reference=reference,
                )

    def history(self, resource: str, subject: Subject, field: str) -> list[Change]:
        self._held(resource, subject)
        return [
            Change(row.before["value"], row.after["value"], row.at, row.why)
            for row in self._changes(resource, subject).filter(field=field)
        ]

    def _changes(self, resource: str, subject: Subject):
        return TwinChange.objects.filter(resource=resource, subject=_mark(subject)).order_by("id")

    def _held(self, resource: str, subject: Subject) -> dict[str, Any]:
        if resource in self.failing:
            raise self.failing[resource](resource)
        if subject.number[-4:-1] == "999":
            raise NoAnswer("the register is being maintained")
        if subject.number[-4:-1] == "998":
            raise Refused("the register does not answer about this subject")
        held = holdings(self.demo).get((subject.kind, subject.number.upper()), {}).get(resource)
        if held is None:
            raise NotFound(resource)
        return held

    def picture(self, reference: str) -> bytes:
        drawn = re.fullmatch(r"photo-library:drawn-(\d{1,3})", reference)
        if drawn is None:
            raise NotFound(reference)
        return portrait(int(drawn[1]))

    def problems(self) -> list[str]:
        try:
            holdings(self.demo)
        except (OSError, KeyError, yaml.YAMLError) as wrong:
            return [f"demo/registers.yaml: {wrong}"]
        return []


@lru_cache(maxsize=4)
def holdings(demo: Path) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """{(kind, number): {resource: {field: value}}}, read once."""
    actors = yamls.read(demo / "demo_actors.yaml")
    written = yamls.read(demo / "registers.yaml")
    places = {one["code"]: one for one in yamls.read(demo / "divisions.yaml")["divisions"]}
    people = {one["id"]: one for one in actors["people"]}
    held: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for number, person in enumerate(actors["people"]):
        records = dict(written["people"].get(person["id"], {}))
        attributes = person["attributes"]
        if person["id_kind"] == "id-card":
            records["population-base"] = {
                "name": person["zh"],
                "id_no": person["id_no_demo"],
                "birth_date": person["birth_date"],
                "sex": person["sex"],
                "household_division": attributes["hukou_division"],
                "household_address": written_place(attributes["hukou_division"], places),
                "household_in_city": attributes["hukou_in_city"],
            }
            records["no-crime-check"] = {"clean": True}
            records["e-licence-store"] = {"licence": ["id-card"]}
        records["photo-library"] = {"photo": f"photo-library:drawn-{number}"}
        records["social-insurance"] = {
            "months_paid": attributes["insurance_months"],
            "status": "active" if attributes["employment"] == "employed" else "paused",
            **records.get("social-insurance", {}),
        }
        records.setdefault("area-control", {"sealed": False})
        held["person", person["id_no_demo"]] = records
    for company in actors["companies"]:
        records = dict(written["companies"].get(company["id"], {}))
        attributes = company["attributes"]
        representative = people[written["legal_representatives"][company["id"]]]
        records["company-status"] = {
            "uscc": company["uscc_demo"],
            "name": company["zh"],
            "status": "active",
            "legal_rep": representative["zh"],
            "scope": written["scopes"][attributes["industry"]],
        }
        records["tax-ledger"] = {
            "vat_credit": attributes["vat_credit_cny"],
            "tax_credit_class": attributes["tax_credit"],
            "fraud_36m": attributes["fraud_36m"],
            "arrears": 0,
            "kinds": "e-invoice quota",
            **records.get("tax-ledger", {}),
        }
        records["e-licence-store"] = {"licence": ["business-licence"]}
        records["credit-black"] = {"listed": attributes["on_credit_blacklist"], "since": None}
        records.setdefault("penalty-register", {"open_penalties": 0})
        records.setdefault("area-control", {"sealed": False})
        held["company", company["uscc_demo"]] = records
    return held


def _mark(subject: Subject) -> str:
    return blind_index(f"{subject.kind}:{subject.number.upper()}", "registers.twin")


def written_place(code: str, places: dict[str, dict]) -> str:
    """`310107005` as people write it: city, district, subdistrict."""
    names: list[str] = []
    while code:
        names.insert(0, places[code]["zh"])
        code = places[code]["parent"]
    return "".join(names)


def _as_of_today(value):
    """`today-200` in the file is a day that stays 200 days ago."""
    if isinstance(value, str) and (match := RELATIVE.match(value)):
        return (timezone.localdate() + datetime.timedelta(days=int(match[1] or 0))).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


@lru_cache(maxsize=32)
def portrait(number: int) -> bytes:
    """An identity photograph of nobody: a silhouette drawn by us, as PNG."""
    width, height, fine = 295, 413, 3
    image = Image.new("RGB", (width * fine, height * fine), "#e9eef2")
    draw = ImageDraw.Draw(image)

    def oval(left, top, right, bottom, colour):
        draw.ellipse([value * fine for value in (left, top, right, bottom)], fill=colour)

    cloth, skin = CLOTH[number % len(CLOTH)], SKIN[number // 2 % len(SKIN)]
    oval(22, 300, 273, 560, cloth)
    draw.rectangle([value * fine for value in (126, 236, 169, 318)], fill=skin)
    oval(112, 282, 183, 336, skin)
    oval(78, 74, 217, 268, "#3a2f2a")
    oval(88, 92, 207, 276, skin)
    draw.chord([value * fine for value in (82, 72, 213, 190)], 180, 360, fill="#3a2f2a")
    image = image.resize((width, height), Image.Resampling.LANCZOS).quantize(24)
    held = io.BytesIO()
    image.save(held, "PNG", optimize=True)
    return held.getvalue()
