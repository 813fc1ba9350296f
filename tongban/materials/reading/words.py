"""Words as they are compared: one spelling of what people and machines write in several."""

import re
import unicodedata

_GAPS = re.compile(r"\s+")
_NOT_WORDS = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_ALIKE = str.maketrans(
    {
        "（": "(",
        "）": ")",
        "：": ":",
        "，": ",",
        "；": ";",
        "—": "-",
        "–": "-",
        "－": "-",
        "～": "~",
        "・": "·",
        "•": "·",
        "‧": "·",
        "∙": "·",
    }
)


def plain(text: str) -> str:
    """NFKC, ordinary punctuation, single spaces. Circle zero stays what it is."""
    kept = text.replace("〇", "\ue000")
    kept = unicodedata.normalize("NFKC", kept).replace("\ue000", "〇").translate(_ALIKE)
    return _GAPS.sub(" ", kept).strip()


def bare(text: str) -> str:
    """Letters, digits and characters alone, in lower case: for comparing titles."""
    return _NOT_WORDS.sub("", plain(text).lower())


def share(title: str, line: str) -> float:
    """How much of a line a title is: 1 when it is the whole line, 0 when it does not stand there. One misread letter in five is forgiven."""
    if not title or not line:
        return 0.0
    if title in line:
        return len(title) / len(line)
    if len(title) < 4 or abs(len(line) - len(title)) > max(2, len(title) // 5):
        return 0.0
    wrong = _distance(title, line, at_most=len(title) // 5 or (1 if len(title) >= 4 else 0))
    return 0.0 if wrong is None else max(0.0, 1 - wrong / len(title)) * 0.9


def _distance(one: str, other: str, *, at_most: int) -> int | None:
    """Letters to change, add or leave out; None when there are more."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        before, row[0] = row[0], place
        for at, beside in enumerate(other, start=1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (letter != beside))
        if min(row) > at_most:
            return None
    return row[-1] if row[-1] <= at_most else None
