"""A city's halls from a file: YAML as demo/halls.yaml is written, or a table (CSV, XLSX). All of it comes in, or nothing does and every line says why.

The file is a stranger's: its size and its lines are limited, YAML is read without references, and nothing of it is believed before it was looked at.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tongban.halls import events
from tongban.halls.models import Grid, Hall, HallLevel, WindowKind
from tongban.halls.services.loading import load_halls
from tongban.halls.services.places import NOT_HOURS, read_hours
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib import sheets
from tongban.lib.problems import Invalid, worded
from tongban.places import queries as places

LARGEST_FILE = 4 * 1024 * 1024
MOST_HALLS = 5_000
MOST_ERRORS = 500
RESERVED = {"around", "coverage", "import"}
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
KEPT = _("No hall was changed.")
COLUMNS = (
    "code", "level", "division", "name_zh", "name_en", "address_zh", "address_en", "lat", "lng", "workdays", "saturday",
    "sunday", "stop_minutes", "windows", "kiosks", "open_24h", "virtual_seats", "languages",
)  # fmt: skip
NEEDED = {"code", "level", "division", "name_zh", "address_zh", "lat", "lng", "workdays"}
AREAS = [
    {"id": "guide", "zh": "咨询导办区", "en": "Guidance desk"},
    {"id": "front", "zh": "综合受理区", "en": "Comprehensive windows"},
    {"id": "wait", "zh": "等候区", "en": "Waiting area"},
    {"id": "self", "zh": "自助服务区", "en": "Self-service area"},
]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Wrong:
    """What is wrong in one line, and with which field."""

    line: int
    field: str
    sentence: Any


@dataclass(frozen=True)
class Read:
    """A file as it was read: rows as `load_halls` takes them, grids, and all that is wrong."""

    halls: list[dict[str, Any]]
    grids: list[dict[str, Any]]
    wrong: list[Wrong]


def read(content: bytes, name: str = "") -> Read:
    """Look at a file without changing anything. Raises Invalid where it is no such file at all."""
    if len(content) > LARGEST_FILE:
        raise _refused("too-large", worded(_("The file is larger than %(most)s MB."), most=LARGEST_FILE >> 20))
    halls, grids = _from_yaml(content) if name.lower().endswith((".yaml", ".yml")) else (_from_table(content), [])
    if not halls and not grids:
        raise _refused("empty", _("The file names no halls."))
    if len(halls) > MOST_HALLS or len(grids) > MOST_HALLS:
        raise _refused("too-many", worded(_("The file names more than %(most)s halls."), most=MOST_HALLS))
    known = {division.code: division.level for division in places.divisions()}
    wrong: list[Wrong] = []
    good = [_checked(_Line(line, row, wrong), known) for line, row in halls]
    _said_once([(line, str(row.get("id", ""))) for line, row in halls], wrong)
    areas = [_grid(_Line(line, row, wrong), known) for line, row in grids]
    _said_once([(line, str(row.get("id", ""))) for line, row in grids], wrong)
    wrong.sort(key=lambda one: one.line)
    return Read(good, areas, wrong[:MOST_ERRORS])


def take(content: bytes, name: str, *, actor: Actor = PLATFORM) -> events.HallsImported:
    """Bring the halls of a file in. Raises Invalid with what is wrong of each line, and then nothing was changed."""
    found = read(content, name)
    if found.wrong:
        lines = [
            worded(_("Line %(line)s, %(field)s: %(what)s"), line=one.line, field=one.field, what=one.sentence)
            for one in found.wrong
        ]
        raise Invalid(
            "halls-file",
            _("Some lines cannot be taken."),
            errors={"file": lines},
            kept=KEPT,
            next_step=_("Put them right and choose the file again."),
        )
    with transaction.atomic():
        before = Hall.objects.count()
        load_halls(found.halls)
        load_grids(found.grids)
        happened = events.HallsImported(halls=len(found.halls), made=Hall.objects.count() - before)
        journal.record(happened, subject="halls", actor=actor)
    return happened


@transaction.atomic
def load_grids(rows: Iterable[Mapping[str, Any]]) -> int:
    """Rows {id, zh, en, division, lat, lng, radius, population}; again and again the same."""
    divisions = {division.code: division for division in places.divisions()}
    made = [
        Grid(
            code=row["id"],
            division=divisions[row["division"]],
            name={"zh": row["zh"], "en": row.get("en") or row["zh"]},
            lat=row["lat"],
            lng=row["lng"],
            radius=row.get("radius", 900),
            population=row.get("population", 0),
        )
        for row in rows
    ]
    fields = ["division", "name", "lat", "lng", "radius", "population"]
    Grid.objects.bulk_create(made, update_conflicts=True, unique_fields=["code"], update_fields=fields, batch_size=500)
    return len(made)


def _refused(code: str, sentence: Any) -> Invalid:
    return Invalid(code, sentence, errors={"file": [sentence]}, kept=KEPT)


# -- reading


def _from_yaml(content: bytes) -> tuple[list[tuple[int, dict]], list[tuple[int, dict]]]:
    """Lists `halls` and `grids` with the line each entry begins on."""
    try:
        text = content.decode("utf-8-sig")
        node = yaml.compose(text, Loader=_LOADER)
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise _refused("not-yaml", worded(_("Line %(line)s cannot be read as YAML."), line=line)) from None
    found: dict[str, list[tuple[int, dict]]] = {"halls": [], "grids": []}
    if _repeats(node):
        raise _refused("references", _("References of YAML are not read here. Write every hall in full."))
    if not isinstance(node, yaml.MappingNode):
        raise _refused("not-yaml", _("The file holds no list `halls`."))
    for key, value in node.value:
        if key.value in found and isinstance(value, yaml.SequenceNode):
            for entry in value.value:
                try:
                    row = _LOADER("").construct_document(entry)
                except (yaml.YAMLError, ValueError, RecursionError):
                    row = None
                found[key.value].append((entry.start_mark.line + 1, row if isinstance(row, dict) else {}))
    return found["halls"], found["grids"]


def _repeats(node: yaml.Node | None) -> bool:
    """Is a part used again by a reference? A few of those can unfold to more than any machine holds."""
    seen: set[int] = set()
    left = [node]
    while left:
        one = left.pop()
        if id(one) in seen:
            return True
        seen.add(id(one))
        if isinstance(one, yaml.SequenceNode):
            left += one.value
        elif isinstance(one, yaml.MappingNode):
            left += [part for pair in one.value for part in pair]
    return False


def _from_table(content: bytes) -> list[tuple[int, dict]]:
    lines = sheets.read(content)
    head = [cell.strip().lower() for cell in lines[0].cells]
    if missing := sorted(NEEDED - set(head)):
        raise _refused("columns", worded(_("These columns are missing: %(names)s."), names=", ".join(missing)))
    rows = []
    for line in lines[1:]:
        said = dict(zip(head, line.cells, strict=False))
        rows.append((line.number, _as_row({name: str(said.get(name, "")).strip() for name in COLUMNS})))
    return rows


def _as_row(said: Mapping[str, str]) -> dict[str, Any]:
    """A line of a table in the words of the YAML."""
    windows = []
    for part in said["windows"].replace(";", " ").split():
        kind, _colon, count = part.partition(":")
        windows.append({"kind": kind, "count": count})
    return {
        "id": said["code"],
        "level": said["level"],
        "division": said["division"],
        "zh": said["name_zh"],
        "en": said["name_en"],
        "address": {"zh": said["address_zh"], "en": said["address_en"]},
        "lat": said["lat"],
        "lng": said["lng"],
        "hours": {
            "workdays": said["workdays"].replace(";", ","),
            "saturday": said["saturday"].replace(";", ","),
            "sunday": said["sunday"].replace(";", ","),
            "ticket_stop_minutes_before_close": said["stop_minutes"] or 30,
        },
        "windows": windows or [{"kind": "general", "count": 1}],
        "self_service": {"open_24h": said["open_24h"], "kiosks": said["kiosks"] or 0},
        "virtual_window_seats": said["virtual_seats"] or 0,
        "languages": said["languages"].replace(";", " ").split() or ["zh"],
    }


# -- judging


class _Line:
    """One entry of a file while it is judged: answers clean values and notes what is wrong with the others."""

    def __init__(self, line: int, row: dict[str, Any], wrong: list[Wrong]):
        self.line, self.row, self._wrong = line, row, wrong

    def refuse(self, field: str, sentence: Any) -> None:
        self._wrong.append(Wrong(self.line, field, sentence))

    def text(self, field: str, most: int, *, needed: bool = True, of: Mapping | None = None, named: str = "") -> str:
        value = (self.row if of is None else of).get(field)
        words = str(value).strip() if isinstance(value, str | int | float) else ""
        if needed and not words:
            self.refuse(named or field, _("is missing"))
        elif len(words) > most or any(letter < " " for letter in words):
            self.refuse(
                named or field, worded(_("is longer than %(most)s letters or holds signs that are none"), most=most)
            )
            words = words[:most]
        return words

    def number(
        self, field: str, least: float, most: float, *, of: Mapping | None = None, default: float | None = None
    ) -> float:
        value = (self.row if of is None else of).get(field, default)
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = float("nan")
        if isinstance(value, bool) or not least <= number <= most:
            self.refuse(field, worded(_("has to be a number from %(least)s to %(most)s"), least=least, most=most))
            return least
        return number

    def whole(self, field: str, least: int, most: int, *, of: Mapping | None = None, default: int | None = None) -> int:
        number = self.number(field, least, most, of=of, default=default)
        if number != int(number):
            self.refuse(field, _("has to be a whole number"))
        return int(number)

    def part(self, field: str) -> dict[str, Any]:
        value = self.row.get(field)
        if value is not None and not isinstance(value, dict):
            self.refuse(field, _("is not written as in the example"))
        return value if isinstance(value, dict) else {}

    def parts(self, field: str) -> list[dict[str, Any]]:
        value = self.row.get(field)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value) or len(value) > 60:
            if value is not None:
                self.refuse(field, _("is not written as in the example"))
            return []
        return value

    def code(self) -> str:
        code = self.text("id", 60)
        if code and (not CODE.fullmatch(code) or code in RESERVED):
            self.refuse("code", _("small letters, digits and hyphens, at most 60, and not a word of our addresses"))
        return code

    def division(self, known: Mapping[str, str]) -> str:
        code = self.text("division", 12)
        if code and code not in known:
            self.refuse("division", worded(_("no division has the code %(code)s"), code=code))
        return code

    def spans(self, of: Mapping[str, Any], field: str) -> list[str] | None:
        value = of.get(field)
        if value in (None, "", []):
            return None
        written = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        try:
            return read_hours(written) or None
        except ValueError:
            self.refuse(field, NOT_HOURS)
            return None

    def flag(self, of: Mapping[str, Any], field: str) -> bool:
        value = of.get(field, False)
        if isinstance(value, bool):
            return value
        words = str(value or "").strip().lower()
        if words not in {"", "0", "1", "no", "yes", "false", "true", "否", "是"}:
            self.refuse(field, _("has to be yes or no"))
        return words in {"1", "yes", "true", "是"}


def _checked(line: _Line, known: Mapping[str, str]) -> dict[str, Any]:
    level = line.text("level", 20)
    if level and level not in HallLevel.values:
        line.refuse("level", worded(_("has to be one of: %(names)s"), names=", ".join(HallLevel.values)))
    address, week, self_service = line.part("address"), line.part("hours"), line.part("self_service")
    zh = line.text("zh", 100)
    street = line.text("zh", 200, of=address, named="address")
    hours = {name: line.spans(week, name) for name in ("workdays", "saturday", "sunday")}
    stop = line.whole("ticket_stop_minutes_before_close", 0, 240, of=week, default=30)
    if not week.get("workdays"):
        line.refuse("workdays", _("is missing"))
    robots = line.row.get("robots") or []
    languages = line.row.get("languages") or ["zh"]
    if not isinstance(languages, list) or not all(isinstance(one, str) and 2 <= len(one) <= 10 for one in languages):
        line.refuse("languages", _("is not written as in the example"))
        languages = ["zh"]
    if not isinstance(robots, list) or not all(isinstance(one, str) and len(one) <= 40 for one in robots):
        line.refuse("robots", _("is not written as in the example"))
        robots = []
    return {
        "id": line.code(),
        "level": level,
        "division": line.division(known),
        "zh": zh,
        "en": line.text("en", 150, needed=False) or zh,
        "address": {"zh": street, "en": line.text("en", 250, needed=False, of=address, named="address") or street},
        "lat": line.number("lat", -90, 90),
        "lng": line.number("lng", -180, 180),
        "hours": {
            **hours,
            "lunch_service": str(week.get("lunch_service", ""))[:20],
            "ticket_stop_minutes_before_close": stop,
        },
        "windows": _windows(line),
        "areas": _areas(line),
        "self_service": {
            "open_24h": line.flag(self_service, "open_24h"),
            "kiosks": line.whole("kiosks", 0, 100, of=self_service, default=0),
        },
        "virtual_window_seats": line.whole("virtual_window_seats", 0, 100, default=0),
        "robots": robots[:10],
        "languages": languages[:20],
    }


def _windows(line: _Line) -> list[dict[str, Any]]:
    found = []
    for group in line.parts("windows"):
        kind = group.get("kind")
        if kind not in WindowKind.values:
            line.refuse("windows", worded(_("has to be one of: %(names)s"), names=", ".join(WindowKind.values)))
            continue
        found.append({"kind": kind, "count": line.whole("count", 0, 200, of=group)})
    return found


def _areas(line: _Line) -> list[dict[str, Any]]:
    found = []
    for area in line.parts("areas"):
        row: dict[str, Any] = {
            name: line.text(name, 60, of=area, needed=name != "en", named="areas") for name in ("id", "zh", "en")
        }
        row["en"] = row["en"] or row["zh"]
        if "x" in area:
            row |= {name: line.number(name, 0, 100, of=area) for name in ("x", "y", "w", "h")}
        found.append(row)
    return found or [dict(area) for area in AREAS]


def _grid(line: _Line, known: Mapping[str, str]) -> dict[str, Any]:
    zh = line.text("zh", 100)
    return {
        "id": line.code(),
        "division": line.division(known),
        "zh": zh,
        "en": line.text("en", 150, needed=False) or zh,
        "lat": line.number("lat", -90, 90),
        "lng": line.number("lng", -180, 180),
        "radius": line.whole("radius", 50, 50_000, default=900),
        "population": line.whole("population", 0, 5_000_000, default=0),
    }


def _said_once(codes: Iterable[tuple[int, str]], wrong: list[Wrong]) -> None:
    seen: dict[str, int] = {}
    for line, code in codes:
        if code and code in seen:
            sentence = worded(_("the same code stands in line %(line)s"), line=seen[code])
            wrong.append(Wrong(line, "code", sentence))
        seen.setdefault(code, line)
