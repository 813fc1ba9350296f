"""Everyday words and the words of the catalogue; and how a text is taken apart for both."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import tantivy

from tongban.lib import yamls
from tongban.matters.spelling import is_chinese, normal, runs, syllables

_stem_analyzer = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    .filter(tantivy.Filter.lowercase())
    .filter(tantivy.Filter.stemmer("english"))
    .build()
)
STOPWORDS = frozenset(
    re.findall(
        "[a-z]+",
        "a an the of for to in on at my me i we our your you is are be been do does did how what where when which who can "
        "could get getting got want need needs needed would like please and or with from about if it this that have has "
        "had make help service services matter procedure",
    )
)
_LIKE_THE_OTHER = {"license": "licence", "licenses": "licence", "licences": "licence", "licensing": "licence"}


@cache
def groups_of_words() -> list[dict[str, Any]]:
    return yamls.read(Path(__file__).parent / "synonyms.yaml")


def stems(words: Iterable[str]) -> list[str]:
    joined = " ".join(_LIKE_THE_OTHER.get(word, word) for word in words)
    return _stem_analyzer.analyze(joined) if joined else []


def units(text: str) -> list[str]:
    """A normal text as what stands next to each other in it: single Chinese characters and whole Latin words."""
    made: list[str] = []
    for run in runs(text):
        made.extend(run) if is_chinese(run[0]) else made.append(run)
    return made


def pairs_of(row: list[str]) -> list[str]:
    return [row[i] + row[i + 1] for i in range(len(row) - 1)]


def sounds_of(row: list[str]) -> list[str]:
    made: list[str] = []
    chinese = ""
    for unit in [*row, "."]:
        if is_chinese(unit[0]):
            chinese += unit
            continue
        if chinese:
            made.extend(syllables(chinese))
            chinese = ""
        made.append(unit)
    return made[:-1]


def telling(row: list[str]) -> list[str]:
    """The words that say something; all of them where none does. A question and the table lose the same ones."""
    return [word for word in row if word not in STOPWORDS] or row


# How people say that they open such a shop, and that they give it up.
_OPENS = (
    ("开{}", "开个{}", "开家{}", "开一家{}", "开一个{}", "办{}", "新开{}"),
    ("open {}", "start {}", "run {}", "set up {}"),
)
_CLOSES = ("关{}", "关掉{}", "{}关门", "{}关了", "{}不开了", "{}倒闭", "{}停业"), ("close {}", "closing {}", "shut {}")


def rows_of(groups: list[dict[str, Any]]) -> Iterator[tuple[list[str], list[str]]]:
    """The table with what it says of kinds of shops, opening one and giving one up, however it is said. What is written out comes
    last and wins."""
    closing = next((group["closes"] for group in groups if "closes" in group), None)
    for group in groups:
        if "opens" in group:
            first, *rest = group["mean"] if group["opens"] is True else group["opens"]
            yield (
                _said(_OPENS, group),
                [first, first, *rest],
            )  # the shop itself stands a step ahead of the permits in it
            if closing:
                yield _said(_CLOSES, group), closing
    for group in groups:
        yield group["say"], group["mean"]


def _said(patterns: tuple[tuple[str, ...], tuple[str, ...]], group: Mapping[str, Any]) -> list[str]:
    # "开药店" stands among the words of its own group too
    names = [name for name in group["say"] if not name.startswith(("开", "卖"))]
    return [pattern.format(name) for name in names for pattern in patterns[0 if is_chinese(normal(name)[0]) else 1]]


class Everyday:
    """The table of everyday words: longest first, in Chinese by characters, in English by stems."""

    def __init__(self, groups: list[dict[str, Any]]):
        self.chinese: dict[str, list[str]] = {}
        self.english: dict[tuple[str, ...], list[str]] = {}
        self._by_stems: dict[tuple[str, ...], list[str] | None] = {}
        self.words: dict[str, list[str]] = {}
        self.spoken: list[str] = []
        for says, means in rows_of(groups):
            meant = [normal(phrase) for phrase in means]
            self.spoken += [run for phrase in meant for run in runs(phrase) if is_chinese(run[0])]
            for said in map(normal, says):
                row = telling(units(said))
                if any(is_chinese(unit[0]) for unit in row):
                    self.chinese[said] = meant
                    self.spoken += [run for run in runs(said) if is_chinese(run[0])]
                else:
                    self.english[tuple(row)] = meant
                    root = tuple(stems(row))
                    # "resident" and "residence" have one stem and two meanings: such a stem says nothing
                    self._by_stems[root] = meant if self._by_stems.get(root, meant) is meant else None
                    for word in row:
                        self.words.setdefault(word, meant if len(row) == 1 else [])
        self.longest_chinese = max(map(len, self.chinese))
        self.longest_english = max(map(len, self.english))

    def of(self, words: list[str]) -> list[str] | None:
        """What these English words mean in the catalogue, in any of their forms."""
        return self.english.get(tuple(words)) or self._by_stems.get(tuple(stems(words)))
