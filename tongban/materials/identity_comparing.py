"""What the machine read on a photographed passport beside what its holder typed. It helps an officer and decides nothing. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from babel.core import get_global

from tongban.lib.names import comparable, latin_name

SURE = 0.85
NUMBERS = ("passport_no", "id_no", "permit_no", "cert_no")
GERMANY = {"D": "DE"}  # the one code of passports with a single letter
BRITISH = {"GBD", "GBN", "GBO", "GBP", "GBS"}


class Verdict(StrEnum):
    SAME = "same"
    DIFFERS = "differs"
    UNSURE = "unsure"  # read with doubt, or written in another script: for a person
    NOT_READ = "not_read"


@dataclass(frozen=True)
class Row:
    """`read` is empty when nothing was read; `box` is where it stands on the picture."""

    field: str
    typed: str
    read: str
    verdict: Verdict
    box: Sequence[float] | None = None


@dataclass(frozen=True)
class Compared:
    """`proved`: the check digits of the machine-readable lines agree; None where there are no such lines."""

    rows: tuple[Row, ...]
    proved: bool | None
    expires: date | None
    expired: bool

    @property
    def differs(self) -> bool:
        return any(row.verdict == Verdict.DIFFERS for row in self.rows)

    @property
    def all_same(self) -> bool:
        return all(row.verdict == Verdict.SAME for row in self.rows)


def compare(claim: Mapping[str, str], values: Mapping[str, Mapping[str, Any]], *, today: date) -> Compared:
    """Each detail that was typed beside what stands on the picture."""
    rows = [
        _row("name", claim, _first(values, ("name",)), _same_name),
        _row("id_no", claim, _first(values, NUMBERS), lambda read, typed: _plain(read) == _plain(typed)),
        _row("birth_date", claim, _first(values, ("birth_date",)), lambda read, typed: read == typed),
        _row("sex", claim, _first(values, ("sex",)), lambda read, typed: _letter(read) == _letter(typed)),
    ]
    if claim.get("nationality") and claim.get("id_kind", "passport") in {"passport", "foreign_permanent"}:
        rows.append(_row("nationality", claim, _first(values, ("nationality",)), lambda a, b: country(a) == country(b)))
    zone = values.get("mrz")
    expires = _day(str(_first(values, ("valid_to",)).get("value", "")))
    return Compared(
        tuple(rows),
        None if zone is None else "passport_no" in values and zone_is_proved(values),
        expires,
        expires is not None and expires < today,
    )


def zone_is_proved(values: Mapping[str, Mapping[str, Any]]) -> bool:
    """Values that stand where the lines stand were taken from them, which happens only when every check digit agrees."""
    zone, number = values.get("mrz"), values.get("passport_no")
    return bool(zone and number and zone.get("box") == number.get("box"))


def number_read(values: Mapping[str, Mapping[str, Any]]) -> str:
    """The number on the picture when its check digits prove it; else empty: nobody is found by a guess."""
    return str(values["passport_no"]["value"]) if zone_is_proved(values) else ""


def country(code: str) -> str:
    """The code with two letters, from either."""
    plain = _plain(code)
    if plain in GERMANY or plain in BRITISH:
        return GERMANY.get(plain, "GB")
    return (get_global("territory_aliases").get(plain) or [plain])[0] if len(plain) == 3 else plain


def _row(field: str, claim: Mapping[str, str], held: Mapping[str, Any], same) -> Row:
    typed, read = str(claim.get(field) or ""), str(held.get("value") or "")
    if not read:
        return Row(field, typed, "", Verdict.NOT_READ)
    if same(read, typed):
        verdict = Verdict.SAME
    elif float(held.get("confidence") or 0) < SURE or (field == "name" and not comparable(read, typed)):
        verdict = Verdict.UNSURE
    else:
        verdict = Verdict.DIFFERS
    return Row(field, typed, read, verdict, held.get("box"))


def _first(values: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> Mapping[str, Any]:
    return next((values[name] for name in names if values.get(name, {}).get("value")), {})


def _same_name(read: str, typed: str) -> bool:
    return comparable(read, typed) and (latin_name(read, typed) or latin_name(read, _spelled(typed)))


_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae", "ñ": "n", "ß": "ss"})


def _spelled(name: str) -> str:
    """As the machine-readable lines write letters they do not have (ICAO 9303)."""
    return unicodedata.normalize("NFC", name).casefold().translate(_SPELLED)


def _plain(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", str(text)).upper())


def _letter(sex: str) -> str:
    return {"女": "F", "男": "M"}.get(sex, sex[:1].upper())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
