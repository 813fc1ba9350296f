"""Everyday words and the words of the catalogue; and how a text is taken apart for both."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import tantivy

from tongban.lib import yamls
from tongban.matters.spelling import is_chinese, normal, runs, syllables

_stem_analyzer = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    .filter(tantivy.Filter.lowercase())
    .filter(tantivy.Filter.stemmer("english"))
    .build()
)
_LIKE_THE_OTHER = {"license": "licence", "licenses": "licence", "licences": "licence", "licensing": "licence"}


@cache
def groups_of_words() -> list[dict[str, list[str]]]:
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


class Everyday:
    """The table of everyday words: longest first, in Chinese by characters, in English by stems."""

    def __init__(self, groups: list[dict[str, list[str]]]):
        self.chinese: dict[str, list[str]] = {}
        self.english: dict[tuple[str, ...], list[str]] = {}
        self._by_stems: dict[tuple[str, ...], list[str] | None] = {}
        self.words: dict[str, list[str]] = {}
        self.spoken: list[str] = []
        for group in groups:
            meant = [normal(phrase) for phrase in group["mean"]]
            self.spoken += [run for phrase in meant for run in runs(phrase) if is_chinese(run[0])]
            for said in map(normal, group["say"]):
                row = units(said)
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
