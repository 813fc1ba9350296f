"""Days and periods as papers write them, in Chinese and English."""

import re
from dataclasses import dataclass
from datetime import date

from tongban.materials.reading.words import plain

LONG_TERM = "long-term"

_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "○": 0,
    "O": 0,
    "o": 0,
    "两": 2,
}
_NUMERAL = "〇零○一二三四五六七八九"
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_FORMS = [
    re.compile(r"(?P<y>[12][0-9OoIl]{3})\s*年\s*(?P<m>[0-9OoIl]{1,2})\s*月\s*(?P<d>[0-9OoIl]{1,2})\s*[日号]?"),
    re.compile(rf"(?P<cy>[{_NUMERAL}Oo]{{4}})\s*年\s*(?P<cm>[{_NUMERAL}十]{{1,3}})\s*月\s*(?P<cd>[{_NUMERAL}十]{{1,3}})\s*日?"),
    re.compile(r"(?<![0-9])(?P<y>(?:19|20)[0-9]{2})\s?[-./]\s?(?P<m>[0-9]{1,2})\s?[-./]\s?(?P<d>[0-9]{1,2})(?![0-9])"),
    re.compile(rf"(?<![0-9])(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?\s*(?:of\s+)?(?P<w>{_MONTH})\.?\s*,?\s*(?P<y>(?:19|20)[0-9]{{2}})", re.I),
    re.compile(rf"(?P<w>{_MONTH})\.?\s*(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?\s*,?\s*(?P<y>(?:19|20)[0-9]{{2}})", re.I),
]  # fmt: skip
_TOGETHER = re.compile(r"(?<![0-9])(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})(?![0-9])")
_BETWEEN = re.compile(r"^\s*(?:日|起|止|\))*\s*(?:至|到|-|~|—|to|until|till|through|and)\s*(?:\()?\s*", re.I)
_LETTER_DIGITS = str.maketrans("OoIl", "0011")


@dataclass(frozen=True)
class Found:
    day: date
    start: int
    end: int


def days(text: str, *, together: bool = False) -> list[Found]:
    """Every day that stands in the text, from left to right; `together` also takes 20260503."""
    text = plain(text)
    found: list[Found] = []
    for form in [*_FORMS, _TOGETHER] if together else _FORMS:
        for hit in form.finditer(text):
            day = _day(hit.groupdict())
            if day and not any(hit.start() < other.end and other.start < hit.end() for other in found):
                found.append(Found(day, hit.start(), hit.end()))
    return sorted(found, key=lambda one: one.start)


def first(text: str, *, together: bool = True) -> date | None:
    found = days(text, together=together)
    return found[0].day if found else None


def period(text: str) -> tuple[date, date | None] | None:
    """From when until when; None for an end that never comes (长期)."""
    text = plain(text)
    found = days(text, together=True)
    for one, other in zip(found, found[1:], strict=False):
        if other.day >= one.day and _BETWEEN.fullmatch(text[one.end : other.start]):
            return one.day, other.day
    if found:
        rest = text[found[0].end :]
        joint = _BETWEEN.match(rest)
        if joint and is_long_term(rest[joint.end() :]):
            return found[0].day, None
    return None


def is_long_term(text: str) -> bool:
    return bool(re.search(r"长期|永久|无固定期限|long[- ]?term|permanent|indefinite", text, re.I))


def _day(parts: dict) -> date | None:
    try:
        if parts.get("cy"):
            return date(_year(parts["cy"]), _number(parts["cm"]), _number(parts["cd"]))
        month = _MONTHS[parts["w"].lower()] if parts.get("w") else _plain_number(parts["m"])
        return date(_plain_number(parts["y"]), month, _plain_number(parts["d"]))
    except (ValueError, KeyError):
        return None


def _plain_number(digits: str) -> int:
    return int(digits.translate(_LETTER_DIGITS))


def _year(text: str) -> int:
    return int("".join(str(_DIGITS[character]) for character in text))


def _number(text: str) -> int:
    """一 to 三十一, also 二〇 and 三一."""
    tens, ten, ones = text.partition("十")
    if not ten:
        return int("".join(str(_DIGITS[character]) for character in text))
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
