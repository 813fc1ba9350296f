"""What of a title answers a question: the places to be marked, and the reason in words."""

import re
from dataclasses import dataclass
from functools import lru_cache

from tongban.matters.everyday import sounds_of, stems, units
from tongban.matters.reading import Part, Plan
from tongban.matters.spelling import is_chinese, normal, normal_with_places, slips

_UNIT = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Why:
    """What brought a hit up: `found` is the part of it that answers `said`. Kinds: name, word (an everyday word for it),
    sound (pinyin or initials), spelling, code, guide (department, theme or the text of the guide)."""

    kind: str
    said: str
    found: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A title taken apart, so that what was found can be marked in it."""

    text: str
    places: list[int]
    row: list[str]
    at: list[tuple[int, int]]
    stems: list[str]
    sounds: list[str]


@lru_cache(maxsize=4096)
def shape_of(title: str) -> Shape:
    text, places = normal_with_places(title)
    row, at = [], []
    for found in _UNIT.finditer(text):
        row.append(found.group())
        at.append(found.span())
    stemmed = [(stems([unit]) or [unit])[0] if not is_chinese(unit) else "" for unit in row]
    return Shape(text, places, row, at, stemmed, sounds_of(row))


def _find_row(spoken: list[str], path: tuple[str, ...]) -> int | None:
    """Where the syllables, or beginnings of them, stand in a row."""
    for at in range(len(spoken) - len(path) + 1):
        if all(spoken[at + i].startswith(sound) for i, sound in enumerate(path)):
            return at
    return None


def _nearly_in(row: list[str], run: str) -> str:
    """The piece of a name that is one slip away from what was typed, else what was typed. Swapped neighbours first, then
    a character left out, a wrong one, one too many."""
    found = []
    for rank, length in ((1, len(run) + 1), (2, len(run)), (3, len(run) - 1)):
        for at in range(len(row) - length + 1):
            piece = "".join(row[at : at + length])
            anchored = piece[0] == run[0] or piece[-1] == run[-1] or length == len(run)
            if anchored and slips(piece, run, 1) == 1:
                found.append((0 if sorted(piece) == sorted(run) else rank, at, piece))
    return min(found)[2] if found else run


def spans(title: str, plan: Plan) -> tuple[tuple[int, int], ...]:
    shape = shape_of(title)
    text = shape.text
    marks: list[tuple[int, int]] = []
    for part in plan.parts:
        for piece, _ in part.chinese:
            at = text.find(piece)
            while at >= 0:
                marks.append((at, at + len(piece)))
                at = text.find(piece, at + len(piece))
        if part.english:
            for (start, end), stem in zip(shape.at, shape.stems, strict=True):
                if stem in part.english:
                    marks.append((start, end))
        for path in part.sounds:
            begin = _find_row(shape.sounds, path)
            if begin is not None:
                marks.append((shape.at[begin][0], shape.at[begin + len(path) - 1][1]))
    if not marks:
        return ()
    marks.sort()
    merged = [marks[0]]
    for start, end in marks[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple((shape.places[start], shape.places[end - 1] + 1) for start, end in merged)


def why(zh: str, en: str, code: str, plan: Plan) -> Why | None:
    name = shape_of(zh)
    for part in plan.parts:
        if part.why == "code":
            return Why("code", part.said, code)
        for piece, kind in part.chinese:
            if piece in name.text:
                return Why(part.why if part.why != "name" else kind, part.said, piece)
        if part.english:
            english = shape_of(en)
            for row, stem in zip(english.row, english.stems, strict=True):
                if stem in part.english:
                    return Why(part.why, part.said, row)
        for path in part.sounds:
            at = _find_row(name.sounds, path)
            if at is not None:
                return Why(part.why, part.said, "".join(name.row[at : at + len(path)]))
    return Why("guide", plan.parts[0].said, "") if plan.parts else None


def suggestion(asked: str, plan: Plan, names: list[str]) -> str:
    """The question with what was put right in it. Pinyin is shown as the characters of the best name."""
    if not plan.corrected:
        return ""
    said = asked
    for wrong, right in plan.corrected:
        if " " in right:
            path = tuple(right.split())
            for name in names[:3]:
                row = units(normal(name))
                at = _find_row(sounds_of(row), path)
                if at is not None:
                    right = "".join(row[at : at + len(path)])
                    break
        said = said.replace(wrong, right)
    return said if said != asked else ""


def settle_slip(plan: Plan, best: str) -> None:
    piece = _nearly_in(units(normal(best)), plan.slipped)
    if piece != plan.slipped:
        plan.corrected.append((plan.slipped, piece))
        plan.parts.insert(0, Part(plan.slipped, chinese=[(piece, "name")], why="spelling"))
