"""How a question is understood: its parts, and for each part every way in which an entry may answer it."""

import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import tantivy

from tongban.matters.everyday import Everyday, pairs_of, stems, telling, units
from tongban.matters.spelling import Sounds, Words, is_chinese, one_slip, runs

MOST_WORDS = 12
FEW = 10  # fewer answers than this to a question of several parts, and those that come close follow them

MUST, SHOULD = tantivy.Occur.Must, tantivy.Occur.Should

# -- words that say nothing about what is looked for

_FILLERS = re.compile(
    "请问|怎么样|怎么办理|怎么办|怎么|如何|怎样|我想要|我想|我要|想要|需要什么材料|需要哪些材料|要什么材料|要哪些材料|什么材料|需要什么"
    "|哪里可以|在哪里|在哪儿|去哪里|去哪儿|哪里办|哪里|哪儿|可以|能不能|多少钱|要多久|多久|多长时间|办理流程|流程|手续"
    "|办理|一下|吗|呢|啊|吧"
)
_CODE = re.compile(r"[0-9A-Za-z-]{5,60}")


# -- what a question is made of


@dataclass(slots=True)
class Part:
    """One part of a question, and all the ways in which an entry may answer it."""

    said: str
    ways: list[tuple[tantivy.Query, float]] = field(default_factory=list)
    deep: list[tuple[tantivy.Query, float]] = field(default_factory=list)
    chinese: list[tuple[str, str]] = field(default_factory=list)
    """Chinese pieces to be marked, each with the kind of reason it is."""
    english: set[str] = field(default_factory=set)
    sounds: list[tuple[str, ...]] = field(default_factory=list)
    must: bool = True
    why: str = "name"

    def query(self, deep: bool = False) -> tantivy.Query:
        ways = [*self.ways, *self.deep] if deep else self.ways
        boosted = [tantivy.Query.boost_query(query, boost) for query, boost in ways]
        return boosted[0] if len(boosted) == 1 else tantivy.Query.disjunction_max_query(boosted, 0.1)


@dataclass(slots=True)
class Plan:
    parts: list[Part] = field(default_factory=list)
    whole: list[tuple[tantivy.Query, float]] = field(default_factory=list)
    """Readings of the question as one thing: the name itself, pinyin typed with spaces, a phrase with one slip."""
    boosts: list[tantivy.Query] = field(default_factory=list)
    corrected: list[tuple[str, str]] = field(default_factory=list)
    slipped: str = ""
    """A Chinese run found only with one slip in it; the best hit says which."""


@dataclass
class Vocabulary:
    """What the entries of one catalogue are made of; filled while the index is."""

    everyday: Everyday
    words: Words
    stems: set[str]
    sounds: Sounds
    by_initial: dict[str, list[int]]
    """Places of entries whose name begins with a sound beginning so: for the very first key."""
    codes: list[str]

    def __post_init__(self):
        self.joined_codes = "\n".join(self.codes)
        self.code_starts, at = [], 0
        for code in self.codes:
            self.code_starts.append(at)
            at += len(code) + 1


class Reader:
    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher, vocabulary: Vocabulary):
        self._schema = schema
        self._searcher = searcher
        self._vocabulary = vocabulary
        self.everyday = vocabulary.everyday
        self.words = vocabulary.words
        self.sounds = vocabulary.sounds

    def read(self, asked: str) -> tuple[Plan, tantivy.Query | None, tantivy.Query | None]:
        """How the question was understood, the query for it, and the part of that which answers all of the question."""
        by_code = self._by_code(asked)
        if by_code is not None:
            return Plan([Part(asked, why="code")]), by_code, by_code
        plan = self._plan(asked)
        for deep in (False, True):
            query = self._strict(plan, deep)
            if query is None:
                continue
            count = self.count(query)
            if count >= FEW or (count and len(plan.parts) < 2):
                return plan, query, query
            if count:
                loose = self._loosely(plan, asked)
                if loose is None:
                    return plan, query, query
                behind = tantivy.Query.boost_query(loose, 0.005)
                return plan, tantivy.Query.boolean_query([(SHOULD, query), (SHOULD, behind)]), query
        loose = self._loosely(plan, asked)
        return plan, loose if loose is not None and self._any(loose) else None, None

    def count(self, query: tantivy.Query) -> int:
        return self._searcher.search(query, 1, count=True).count  # type: ignore[attr-defined] # the stub forgets it

    def _any(self, query: tantivy.Query) -> bool:
        return bool(self._searcher.search(query, 1, count=False).hits)

    def _by_code(self, asked: str) -> tantivy.Query | None:
        if not (_CODE.fullmatch(asked) and sum(map(str.isdigit, asked)) >= 4):
            return None
        known = self._vocabulary
        places: list[int] = []
        at = known.joined_codes.find(asked)
        while at >= 0 and len(places) < 500:
            place = bisect_left(known.code_starts, at + 1) - 1
            places.append(place)
            at = known.joined_codes.find(asked, known.code_starts[place] + len(known.codes[place]) + 1)
        return tantivy.Query.term_set_query(self._schema, "n", places) if places else None

    def _plan(self, asked: str) -> Plan:
        plan = Plan()
        whole = "".join(units(asked)) if any(map(is_chinese, asked)) else " ".join(units(asked))
        plan.boosts.append(tantivy.Query.boost_query(self._term("whole", whole), 8.0))
        latin: list[str] = []
        words = runs(asked)[:MOST_WORDS]
        for run in words:
            if is_chinese(run[0]):
                self._read_latin(plan, latin, last=False)
                latin = []
                self._read_chinese(plan, run)
            else:
                latin.append(run)
        self._read_latin(plan, latin, last=True)
        if not any(part.must for part in plan.parts):
            for part in plan.parts:
                part.must = bool(part.ways)
        return plan

    def _term(self, name: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, name, value)

    def _in_row(self, name: str, row: Sequence[str]) -> tantivy.Query:
        if len(row) == 1:
            return self._term(name, row[0])
        return tantivy.Query.phrase_query(self._schema, name, [*row])

    def _phrase(self, row: list[str] | str, near: bool = False) -> tantivy.Query:
        row = list(row)
        prefix = "near_" if near else ""
        return self._in_row(prefix + "bi", pairs_of(row)) if len(row) > 1 else self._term(prefix + "uni", row[0])

    def _all_of(self, phrase: str) -> tuple[tantivy.Query, tantivy.Query]:
        """A phrase of the table of everyday words, in names and in what stands near them; its space means "and"."""
        both = []
        for near in (False, True):
            queries = [self._phrase(units(part), near) for part in phrase.split()]
            both.append(queries[0] if len(queries) == 1 else tantivy.Query.boolean_query([(MUST, q) for q in queries]))
        return both[0], both[1]

    def _meaning(self, part: Part, meant: list[str], weight: float = 1.0) -> None:
        # the order of the table decides, how well a name fits only among equals
        for rank, phrase in enumerate(meant):
            named, near = self._all_of(phrase)
            part.ways.append((self._firmly(named, 28.0 * 0.8 ** min(rank, 5)), weight))
            part.ways.append((near, weight * 0.4))
            part.chinese += [(piece, "word") for piece in phrase.split()]

    @staticmethod
    def _firmly(query: tantivy.Query, score: float) -> tantivy.Query:
        """A score of its own for a kind of match; how rare and how short the name is only decides among equals."""
        certain = tantivy.Query.const_score_query(query, score)
        return tantivy.Query.boolean_query([(MUST, certain), (SHOULD, tantivy.Query.boost_query(query, 0.12))])

    def _strict(self, plan: Plan, deep: bool) -> tantivy.Query | None:
        musts = [part for part in plan.parts if part.must and (part.ways or (deep and part.deep))]
        clauses: list[tuple[Any, tantivy.Query]] = [(MUST, part.query(deep)) for part in musts]
        clauses += [(SHOULD, part.query(deep)) for part in plan.parts if not part.must and part.ways]
        unread = [part for part in plan.parts if part.must and not part.ways and not (deep and part.deep)]
        strict = None
        if musts and not unread:
            clauses += [(SHOULD, boost) for boost in plan.boosts]
            strict = tantivy.Query.boolean_query(clauses)
        if plan.whole:
            readings = [tantivy.Query.boost_query(query, boost) for query, boost in plan.whole]
            if strict is not None:
                readings.append(strict)
            strict = readings[0] if len(readings) == 1 else tantivy.Query.disjunction_max_query(readings, 0.3)
        return strict

    def _loosely(self, plan: Plan, asked: str) -> tantivy.Query | None:
        """Whatever answers one part of the question, or has two fifths of its pairs and characters."""
        parts = [part.query(deep=True) for part in plan.parts if (part.ways or part.deep) and len(part.said) > 1]
        row = units(asked)
        atoms = [
            tantivy.Query.boost_query(self._term("bi", pair), 1.0)
            for pair in pairs_of(row)
            if pair in self.sounds.pairs
        ]
        atoms += [
            tantivy.Query.boost_query(self._term("uni", unit), 0.3)
            for unit in dict.fromkeys(row)
            if is_chinese(unit) and unit in self.sounds.characters
        ]
        clauses = [(SHOULD, part) for part in parts]
        if atoms:
            clauses.append(
                (SHOULD, tantivy.Query.boolean_query([(SHOULD, one) for one in atoms], math.ceil(0.4 * len(atoms))))
            )
        return tantivy.Query.boolean_query(clauses) if clauses else None

    # -- Chinese

    def _read_chinese(self, plan: Plan, run: str) -> None:
        if self._chinese_as_it_stands(plan, run):
            return
        stripped = [piece for piece in _FILLERS.split(run) if piece]
        for piece in stripped or [run]:
            if len(stripped) == 1 and piece == run or not self._chinese_as_it_stands(plan, piece):
                self._chinese_in_pieces(plan, piece)

    def _chinese_as_it_stands(self, plan: Plan, run: str) -> bool:
        """The run occurs as it was typed: in a name, beside one, or as an everyday word."""
        part = Part(run)
        named, near = self._phrase(run), self._phrase(run, near=True)
        if self._any(named):
            part.ways.append((named, 3.0))
            part.chinese.append((run, "name"))
            if len(run) > 1:
                started = self._in_row("bi", ["^" + run[0], *pairs_of(list(run))])
                plan.boosts.append(tantivy.Query.boost_query(started, 0.6))
        if self._any(near):
            part.ways.append((near, 0.8))
        if run in self.everyday.chinese:
            self._meaning(part, self.everyday.chinese[run], 1.5 if part.ways else 2.0)
        if not part.ways:
            return False
        if len(run) > 1:
            part.deep.append((self._in_row("text_bi", pairs_of(list(run))), 0.3))
        plan.parts.append(part)
        return True

    def _chinese_in_pieces(self, plan: Plan, run: str) -> None:
        right = self._put_right(run)
        if right != run and self._chinese_as_it_stands(plan, right):
            plan.corrected.append((run, right))
            plan.parts[-1].said, plan.parts[-1].why = run, "spelling"
            return
        if self._with_one_slip(plan, run):
            right = run
        if right != run:
            plan.corrected.append((run, right))
        for piece, meant in self._everyday_pieces(right):
            if meant is not None:
                part = Part(piece)
                self._chinese_word(part, piece)
                self._meaning(part, meant)
                plan.parts.append(part)
            else:
                self._unknown_pieces(plan, piece)

    def _put_right(self, run: str) -> str:
        """Characters put right by their sound, each only where the three around it do occur together somewhere."""
        likely = self.sounds.right(run)
        if likely == run or self._any(self._phrase(likely)):
            return likely
        row = list(run)
        for at, (typed, meant) in enumerate(zip(run, likely, strict=True)):
            start = min(max(at - 1, 0), max(len(run) - 3, 0))
            if typed != meant and self._any(self._phrase(likely[start : start + 3])):
                row[at] = meant
        return "".join(row)

    def _everyday_pieces(self, run: str) -> list[tuple[str, list[str] | None]]:
        made: list[tuple[str, list[str] | None]] = []
        at = gap = 0
        table = self.everyday.chinese
        while at < len(run):
            for length in range(min(self.everyday.longest_chinese, len(run) - at), 1, -1):
                if run[at : at + length] in table:
                    if gap < at:
                        made.append((run[gap:at], None))
                    made.append((run[at : at + length], table[run[at : at + length]]))
                    at = gap = at + length
                    break
            else:
                at += 1
        if gap < len(run):
            made.append((run[gap:], None))
        return made

    def _chinese_word(self, part: Part, piece: str) -> None:
        part.chinese.append((piece, "name"))
        named, near = self._phrase(piece), self._phrase(piece, near=True)
        if len(piece) > 2 and not self._any(named):
            for far, prefix in ((False, ""), (True, "near_")):
                pairs = [(MUST, self._term(prefix + "bi", pair)) for pair in pairs_of(list(piece))]
                part.ways.append((tantivy.Query.boolean_query(pairs), 0.6 if far else 2.0))
        else:
            part.ways += [(named, 3.0), (near, 0.8)]
        if len(piece) > 1:
            part.deep.append((self._in_row("text_bi", pairs_of(list(piece))), 0.3))

    def _unknown_pieces(self, plan: Plan, run: str) -> None:
        """Cut where no two characters of the catalogue ever meet; a single character left over helps but is not asked for."""
        start = 0
        for at in range(1, len(run) + 1):
            if at < len(run) and self.sounds.known_pair(run[at - 1 : at + 1]):
                continue
            piece = run[start:at]
            start = at
            part = Part(piece)
            self._chinese_word(part, piece)
            part.must = len(piece) > 1
            plan.parts.append(part)

    def _with_one_slip(self, plan: Plan, run: str) -> bool:
        """A character too many, too few, wrong or in its neighbour's place."""
        if not 3 <= len(run) <= 10:
            return False
        row = list(run)
        tries = [tantivy.Query.phrase_query(self._schema, "uni", [*row], slop=2)]
        for at in range(len(row)):
            rest = [(place, unit) for place, unit in enumerate(row) if place != at]
            if len(rest) > 1 and (0 < at < len(row) - 1 or len(row) > 3):
                tries.append(tantivy.Query.phrase_query(self._schema, "uni", [*rest]))
                if 0 < at < len(row) - 1:
                    tries.append(tantivy.Query.phrase_query(self._schema, "uni", [unit for _, unit in rest]))
        slipped = tantivy.Query.disjunction_max_query(tries)
        if self._any(slipped):
            plan.whole.append((slipped, 2.0))
            plan.slipped = run
            return True
        return False

    # -- Latin letters: English, pinyin, initials

    def _read_latin(self, plan: Plan, words: list[str], last: bool) -> None:
        if not words:
            return
        if len(words) > 1 and all(word in self.sounds.syllables for word in words):
            spoken = self._in_row("py", words)
            if self._any(spoken):
                plan.parts.append(Part(" ".join(words), [(spoken, 3.0)], sounds=[tuple(words)], why="sound"))
                return
        kept = telling(words)
        at = 0
        while at < len(kept):
            for length in range(min(self.everyday.longest_english, len(kept) - at), 0, -1):
                meant = self.everyday.of(kept[at : at + length])
                if meant is not None:
                    part = Part(" ".join(kept[at : at + length]))
                    self._meaning(part, meant)
                    self._english_words(part, kept[at : at + length])
                    if length == 1 and last and at == len(kept) - 1:
                        self._begun_words(part, kept[at])
                    plan.parts.append(part)
                    at += length
                    break
            else:
                plan.parts.append(self._latin_word(plan, kept[at], last and at == len(kept) - 1))
                at += 1

    def _english_words(self, part: Part, words: list[str]) -> None:
        """All of these words, in the English name or near it."""
        found = stems(words)
        part.english.update(found)

        def together(name: str) -> tantivy.Query:
            terms = [self._term(name, stem) for stem in found]
            return terms[0] if len(terms) == 1 else tantivy.Query.boolean_query([(MUST, term) for term in terms])

        part.ways += [(self._firmly(together("stem"), 18.0), 1.0), (together("near_stem"), 0.6)]
        part.deep.append((together("text_stem"), 0.2))
        if len(words) == 1:
            part.ways.append((self._firmly(self._term("en", words[0]), 22.0), 1.0))
            part.ways.append((self._firmly(self._term("en", "^" + words[0]), 24.0), 1.0))

    def _begun_words(self, part: Part, word: str) -> bool:
        begin = bisect_left(self.words.sorted, word)
        found: list[str] = []
        while begin < len(self.words.sorted) and self.words.sorted[begin].startswith(word) and len(found) < 40:
            found.append(self.words.sorted[begin])
            begin += 1
        found = [one for one in sorted(found, key=lambda one: -self.words.counted[one]) if one != word][:8]
        for one in found:
            part.ways.append((self._firmly(self._term("en", one), 14.0), 1.0))
            part.ways.append((self._firmly(self._term("en", "^" + one), 20.0), 1.0))
            part.english.update(stems([one]))
        for one in found[:3]:
            self._meaning(part, self.everyday.words.get(one, []), 0.5)
        return bool(found)

    def _latin_word(self, plan: Plan, word: str, last: bool) -> Part:
        part = Part(word)
        exact = word in self.words or (stems([word]) or [""])[0] in self._vocabulary.stems
        if exact:
            self._english_words(part, [word])
        if len(word) == 1 and last and word in self._vocabulary.by_initial:
            part.ways.append((tantivy.Query.term_set_query(self._schema, "n", self._vocabulary.by_initial[word]), 1.0))
            part.sounds.append((word,))
            part.why = "sound"
            return part
        if (len(word) >= 4 or (last and len(word) >= 2)) and not (exact and not last):
            exact = self._begun_words(part, word) or exact
        if word.isalpha() and len(word) > 1 and (not exact or word not in self.words):
            self._by_sound(part, word)
        if not part.ways:
            self._respelt(plan, part, word)
        if not part.ways:
            part.deep.append((self._term("text_stem", (stems([word]) or [word])[0]), 0.3))
            known = any(self._any(query) for query, _ in part.deep)
            part.must = known or len(plan.parts) == 0
        return part

    def _by_sound(self, part: Part, word: str) -> None:
        for path in self.sounds.spelt(word):
            query = self._in_row("py", list(path))
            if self._any(query):
                part.ways.append((query, 2.5))
                part.sounds.append(path)
        if len(word) <= 16:
            name = "ini2" if len(word) == 2 else "ini3"
            size = 2 if len(word) == 2 else 3
            query = self._in_row(name, [word[i : i + size] for i in range(len(word) - size + 1)])
            if self._any(query):
                part.ways.append((query, 2.0))
                part.sounds.append(tuple(word))
        if part.sounds:
            part.why = "sound"
            return
        mixed = self.sounds.units(word)
        if not mixed or len(mixed) < 2 or len(mixed) > 12:
            return
        if all(unit in self.sounds.syllables for unit in mixed[:-1]):
            query = tantivy.Query.phrase_prefix_query(self._schema, "py", [*mixed])
        else:
            patterns = [unit if unit in self.sounds.syllables else unit + "[a-z]*" for unit in mixed]
            query = tantivy.Query.regex_phrase_query(self._schema, "py", [*patterns])
        if self._any(query):
            part.ways.append((query, 2.0))
            part.sounds.append(tuple(mixed))
            part.why = "sound"

    def _respelt(self, plan: Plan, part: Part, word: str) -> None:
        """No such word: the nearest English ones, and the likeliest pinyin with one or two slips."""
        nearest = self.words.nearest(word)
        for rank, one in enumerate(nearest):
            weight = 0.9**rank
            part.ways.append((self._firmly(self._term("en", one), 22.0), weight))
            part.ways.append((self._firmly(self._term("stem", stems([one])[0]), 18.0), weight))
            part.ways.append((self._term("near_stem", stems([one])[0]), 0.5 * weight))
            part.english.update(stems([one]))
            meant = self.everyday.of([one])
            if meant:
                self._meaning(part, meant, 0.8 * weight)
        if nearest:
            plan.corrected.append((word, nearest[0]))
            part.why = "spelling"
        if len(word) < 5 or (nearest and one_slip(word, nearest[0])):
            return
        for path in self.sounds.spelt(word, mistakes=1 if len(word) < 8 else 2, most_given=12):
            query = self._in_row("py", list(path))
            if len(part.sounds) < 3 and len(path) > 1 and self._any(query):
                part.ways.append((query, 2.0 * 0.8 ** len(part.sounds)))
                part.sounds.append(path)
                part.why = "spelling"
                if not nearest and not any(said == word for said, _ in plan.corrected):
                    plan.corrected.append((word, " ".join(path)))
