"""The lines for machines on passports and cards: mended where a check digit proves it, and nowhere else.

Cameras and readers confuse O with 0 and lose fillers. Where the standard allows digits alone or letters alone, a look-alike is put
right; in a number that may hold both, only when exactly one spelling agrees with its check digit.
"""

import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tongban.lib.identifiers import check_mrz, mrz_check_digit

_TO_DIGIT = {
    "O": "0",
    "Q": "0",
    "D": "0",
    "I": "1",
    "L": "1",
    "Z": "2",
    "S": "5",
    "G": "6",
    "B": "8",
    "T": "7",
    "A": "4",
}
_TO_LETTER = {"0": "O", "1": "I", "2": "Z", "5": "S", "6": "G", "8": "B", "4": "A"}
_EITHER = {"0": "O", "O": "0", "1": "I", "I": "1", "2": "Z", "Z": "2", "5": "S", "S": "5", "8": "B", "B": "8"}
_ONE_SPELLING = str.maketrans("OQDILZSBG", "000112586")
_FILLERS = str.maketrans({"«": "<", "‹": "<", "〈": "<", "《": "<", "く": "<", "＜": "<", "(": "<", "_": "<", "|": "I"})
MOST_DOUBTS = 5


@dataclass(frozen=True)
class Zone:
    """`proved` when every check digit agrees; `mended` places were not as the machine first read them; `printed` when the number
    stands on the page once more."""

    lines: tuple[str, ...]
    proved: bool
    facts: dict[str, Any] = field(default_factory=dict)
    mended: int = 0
    printed: bool = False


def looks_like_one(text: str) -> bool:
    line = cleaned(text)
    if not 24 <= len(line) <= 50 or not re.fullmatch(r"[A-Z0-9<]+", line):
        return False
    fillers, digits = line.count("<"), sum(letter.isdigit() for letter in line)
    return fillers >= 3 or (digits >= 12 and bool(re.search(r"[0-9]{6,7}[MFX<][0-9]{6,7}", line)))


def cleaned(text: str) -> str:
    return re.sub(r"\s+", "", text.translate(_FILLERS)).upper()


def read(texts: list[str], *, today: date) -> Zone | None:
    """The zone that these lines, from top to bottom, hold; None if there is none.

    The number is usually printed once more above the zone: where one spelling of it agrees with the check digit, it is that.
    """
    printed = {
        word for text in texts if not looks_like_one(text) for word in re.findall(r"[A-Z0-9]{5,9}", text.upper())
    }
    lines = [cleaned(text) for text in texts if looks_like_one(text)]
    best: Zone | None = None
    for count, width in ((2, 44), (3, 30), (2, 36)):
        for begin in range(len(lines) - count + 1):
            rows = lines[begin : begin + count]
            if not _may_begin(rows[0], count, width) or not all(abs(len(row) - width) <= 6 for row in rows):
                continue
            zone = _zone(rows, width, count, today, printed)
            if zone and (best is None or (zone.proved, -zone.mended) > (best.proved, -best.mended)):
                best = zone
    return best


def _may_begin(row: str, count: int, width: int) -> bool:
    return row[0] in ("ACI" if count == 3 else "PV" if width == 44 else "ACIPV")


def _zone(rows: list[str], width: int, count: int, today: date, printed: set[str]) -> Zone | None:
    best = None
    for fitted in itertools.product(*(_fitted(row, width) for row in rows)):
        lines = [_mended_card, _mended_two][count == 2](list(fitted), printed)
        checked = check_mrz("\n".join(lines), today=today)
        mended = sum(a != b for line, row in zip(lines, fitted, strict=True) for a, b in zip(line, row, strict=True))
        facts = dict(checked.facts or {})
        zone = Zone(tuple(lines), checked.valid, facts, mended, facts.get("number") in printed)
        if checked.valid:
            return zone
        best = best or zone
    return best


def _fitted(row: str, width: int) -> list[str]:
    """Rows of the right length: fillers are put in or taken out where the longest run of them stands, or at the end."""
    short = width - len(row)
    if short == 0:
        return [row]
    runs = sorted(re.finditer("<+", row), key=lambda run: (-(run.end() - run.start()), -run.start()))
    options = []
    for run in runs[:2]:
        length = run.end() - run.start() + short
        if length >= 1:
            options.append(row[: run.start()] + "<" * length + row[run.end() :])
    if short > 0:
        options.append(row + "<" * short)
    elif not row[width:].strip("<"):
        options.append(row[:width])
    return [option for option in dict.fromkeys(options) if len(option) == width]


def _digits(text: str) -> str:
    return "".join(_TO_DIGIT.get(letter, letter) for letter in text)


def _letters(text: str) -> str:
    return "".join(_TO_LETTER.get(letter, letter) for letter in text)


def _number(text: str, check: str, printed: Collection[str] = ()) -> str:
    """The one spelling that agrees with the check digit; as it stands when none does, or several do."""
    check = _digits(check)
    if not check.isdigit() or mrz_check_digit(text) == check:
        return text
    for word in printed:
        whole = word.ljust(len(text), "<")
        if whole.translate(_ONE_SPELLING) == text.translate(_ONE_SPELLING) and mrz_check_digit(whole) == check:
            return whole
    doubts = [place for place, letter in enumerate(text) if letter in _EITHER]
    if len(doubts) > MOST_DOUBTS:
        return text
    for changes in (1, 2):
        fits = {
            spelling
            for places in itertools.combinations(doubts, changes)
            if mrz_check_digit(spelling := _changed(text, places)) == check
        }
        if fits:
            return fits.pop() if len(fits) == 1 else text
    return text


def _changed(text: str, places: Collection[int]) -> str:
    return "".join(_EITHER[letter] if place in places else letter for place, letter in enumerate(text))


def _mended_two(rows: list[str], printed: Collection[str]) -> list[str]:
    first, second = rows
    width = len(second)
    first = first[0] + first[1] + _letters(first[2:])
    if width == 44:
        optional, tail = second[28:42], _digits_or_filler(second[42]) + _digits(second[43])
    else:
        optional, tail = second[28:35], _digits(second[35])
    second = (
        _number(second[:9], second[9], printed)
        + _check(second[9])
        + _letters(second[10:13])
        + _digits(second[13:20])
        + _sex(second[20])
        + _digits(second[21:28])
        + (_number(optional, second[42]) if width == 44 else optional)
        + tail
    )
    return [first, second]


def _mended_card(rows: list[str], printed: Collection[str]) -> list[str]:
    first, second, third = rows
    first = first[:2] + _letters(first[2:5]) + _number(first[5:14], first[14], printed) + _check(first[14]) + first[15:]
    second = (
        _digits(second[:7])
        + _sex(second[7])
        + _digits(second[8:15])
        + _letters(second[15:18])
        + second[18:29]
        + _digits(second[29])
    )
    return [first, second, _letters(third)]


def _check(letter: str) -> str:
    return letter if letter == "<" else _digits(letter)


def _digits_or_filler(letter: str) -> str:
    return letter if letter == "<" else _digits(letter)


def _sex(letter: str) -> str:
    return {"H": "M", "N": "M", "P": "F", "E": "F", "K": "<", "C": "<"}.get(letter, letter)
