"""The search engine of the catalogue: plain records in, ranked hits out. It knows neither Django nor a database.

An `Index` is built once from all entries, never changed, and shared by all threads of a process; a new version of the
catalogue is a new index. A question goes through at most three readings, each only when the one before found nothing:
as it was typed (in Chinese, English, pinyin, initials or a code; wrong characters and slips of the keys put right, everyday
words turned into the catalogue's); in the texts of the guides too; and loosely, by whatever parts of it occur.
"""

import math
import re
import threading
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import tantivy
import yaml

from tongban.matters.spelling import (
    Sounds,
    Words,
    is_chinese,
    normal,
    normal_with_places,
    one_slip,
    runs,
    slips,
    syllables,
)

LONGEST_QUESTION = 120
MOST_WORDS = 12
PAGE = 20
FEW = 10  # fewer answers than this to a question of several parts, and those that come close follow them

# Which filters there are; a facet is counted for each value of the first four and for each way.
FILTERS = ("kind", "theme", "department", "object")
WAYS = ("online", "kiosk", "instant")


@dataclass(frozen=True, slots=True)
class Entry:
    """One matter or bundle as people look for it."""

    id: str
    zh: str
    kind: str = "matter"
    en: str = ""
    aliases: tuple[str, ...] = ()
    department: str = ""
    department_zh: str = ""
    department_en: str = ""
    themes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    online: bool = False
    kiosk: bool = False
    instant: bool = False
    popularity: int = 0
    code: str = ""
    text: str = ""

    def name(self, language: str = "zh") -> str:
        return self.en or self.zh if language.startswith("en") else self.zh or self.en


@dataclass(frozen=True, slots=True)
class Theme:
    id: str
    zh: str
    en: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """What brought a hit up: `found` is the part of it that answers `said`. Kinds: name, word (an everyday word for it),
    sound (pinyin or initials), spelling, code, guide (department, theme or the text of the guide)."""

    kind: str
    said: str
    found: str


@dataclass(frozen=True, slots=True)
class Hit:
    entry: Entry
    title: str
    spans: tuple[tuple[int, int], ...]
    """Places in `title` to be marked."""
    why: Why | None
    score: float

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The title in parts, each with whether it is marked: what a template writes without any safe string."""
        parts, at = [], 0
        for start, end in self.spans:
            parts += [(self.title[at:start], False), (self.title[start:end], True)]
            at = end
        return [part for part in (*parts, (self.title[at:], False)) if part[0]]


@dataclass(frozen=True, slots=True)
class Hits:
    items: list[Hit]
    total: int
    facets: dict[str, dict[str, int]]
    suggestion: str = ""
    """What was probably meant. The items answer it already."""
    close: bool = False
    """Nothing matched all of the question; these only come close."""
    sure: int = 0
    """So many of the first ones match all of it; those after them only come close."""
    without_filters: int = 0
    """When the filters leave nothing: how many there would be without them."""
    themes: list[Theme] = field(default_factory=list)
    """Where to look when nothing was found."""
    by_theme: list[tuple[Theme, list[Hit]]] = field(default_factory=list)
    """Without a question: what is asked for most, theme by theme."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    id: str
    kind: str
    title: str
    spans: tuple[tuple[int, int], ...]


# -- words that say nothing about what is looked for

_FILLERS = re.compile(
    "请问|怎么样|怎么办理|怎么办|怎么|如何|怎样|我想要|我想|我要|想要|需要什么材料|需要哪些材料|要什么材料|要哪些材料|什么材料|需要什么"
    "|哪里可以|在哪里|在哪儿|去哪里|去哪儿|哪里办|哪里|哪儿|可以|能不能|多少钱|要多久|多久|多长时间|办理流程|流程|手续"
    "|办理|一下|吗|呢|啊|吧"
)
_STOPWORDS = frozenset(
    re.findall(
        "[a-z]+",
        "a an the of for to in on at my me i we our your you is are be been do does did how what where when which who can "
        "could get getting got want need needs needed would like please and or with from about if it this that have has "
        "had make help service services matter procedure",
    )
)
_UNIT = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[a-z0-9]+")
_CODE = re.compile(r"[0-9A-Za-z-]{5,60}")

_stem_analyzer = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    .filter(tantivy.Filter.lowercase())
    .filter(tantivy.Filter.stemmer("english"))
    .build()
)
_LIKE_THE_OTHER = {"license": "licence", "licenses": "licence", "licences": "licence", "licensing": "licence"}


@cache
def _synonym_groups() -> list[dict[str, list[str]]]:
    return yaml.safe_load((Path(__file__).parent / "synonyms.yaml").read_text(encoding="utf-8"))


def stems(words: Iterable[str]) -> list[str]:
    joined = " ".join(_LIKE_THE_OTHER.get(word, word) for word in words)
    return _stem_analyzer.analyze(joined) if joined else []


def units(text: str) -> list[str]:
    """A normal text as what stands next to each other in it: single Chinese characters and whole Latin words."""
    made: list[str] = []
    for run in runs(text):
        made.extend(run) if is_chinese(run[0]) else made.append(run)
    return made


def _pairs(row: list[str]) -> list[str]:
    return [row[i] + row[i + 1] for i in range(len(row) - 1)]


def _sounds_of(row: list[str]) -> list[str]:
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


MUST, SHOULD = tantivy.Occur.Must, tantivy.Occur.Should


class Index:
    """All entries of one version of the catalogue, ready to be asked."""

    def __init__(self, entries: Iterable[Entry], themes: Iterable[Theme] = (), groups: list | None = None):
        self.entries = sorted(
            entries, key=lambda entry: (-entry.popularity, entry.kind != "bundle", entry.code, entry.id)
        )
        self.themes = {theme.id: theme for theme in themes}
        self.everyday = Everyday(_synonym_groups() if groups is None else groups)
        self._schema = self._make_schema()
        self._index = tantivy.Index(self._schema)
        self._fill()
        self._searcher = self._index.searcher()

    @classmethod
    def build(cls, entries: Iterable[Entry], themes: Iterable[Theme] = ()) -> "Index":
        return cls(entries, themes)

    # -- building

    @staticmethod
    def _make_schema() -> tantivy.Schema:
        schema = tantivy.SchemaBuilder()
        for name in ("uni", "bi", "py", "ini2", "ini3", "en"):  # the name itself
            schema.add_text_field(name, tokenizer_name="whitespace")
        for name in ("stem", "near_uni", "near_bi", "near_stem", "text_bi", "text_stem"):
            schema.add_text_field(name, tokenizer_name="whitespace")
        schema.add_text_field("whole", tokenizer_name="raw", index_option="basic")
        schema.add_text_field("facet", tokenizer_name="raw", index_option="basic", fast=True)
        schema.add_unsigned_field("n", indexed=True, fast=True)
        schema.add_float_field("weight", fast=True)
        return schema.build()

    def _fill(self) -> None:
        english: Counter[str] = Counter()
        chinese: list[str] = list(self.everyday.spoken)
        self._by_initial: dict[str, list[int]] = defaultdict(list)
        writer = self._index.writer(64_000_000, 1)
        for place, entry in enumerate(self.entries):
            document = tantivy.Document()
            document.add_unsigned("n", place)
            document.add_float("weight", 2 ** (1 + 0.06 * min(entry.popularity, 5)) - 2)
            name = units(normal(entry.zh))
            sounds = _sounds_of(name)
            initials = "".join(sound[0] for sound in sounds)
            chinese += [run for run in runs("".join(name)) if is_chinese(run[0])]
            if initials and len(self._by_initial[initials[0]]) < 50:
                self._by_initial[initials[0]].append(place)
            document.add_text("uni", " ".join(name))
            document.add_text("bi", " ".join(["^" + name[0], *_pairs(name)] if name else []))
            document.add_text("py", " ".join(sounds))
            document.add_text("ini2", " ".join(initials[i : i + 2] for i in range(len(initials) - 1)))
            document.add_text("ini3", " ".join(initials[i : i + 3] for i in range(len(initials) - 2)))
            latin = [unit for unit in [*units(normal(entry.en)), *name] if not is_chinese(unit[0])]
            english.update(latin)
            first = units(normal(entry.en))[:1]
            document.add_text("en", " ".join([*("^" + word for word in first), *latin]))
            document.add_text("stem", " ".join(stems(latin)))
            document.add_text("whole", "".join(name))
            if entry.en:
                document.add_text("whole", " ".join(units(normal(entry.en))))
            self._add_near(document, entry, english, chinese)
            for facet in self._facets_of(entry):
                document.add_text("facet", facet)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        for word in self.everyday.words:
            english[word] += 1
        self.words = Words(english)
        self._stems = set(stems(self.words.sorted))
        self.sounds = Sounds(chinese)
        self._codes = "\n".join(entry.code.lower() for entry in self.entries)
        starts, at = [], 0
        for entry in self.entries:
            starts.append(at)
            at += len(entry.code) + 1
        self._code_starts = starts

    def _add_near(self, document, entry: Entry, english: Counter[str], chinese: list[str]) -> None:
        themes = [self.themes[theme] for theme in entry.themes if theme in self.themes]
        near = [*entry.aliases, entry.department_zh, entry.department_en]
        near += [name for theme in themes for name in (theme.zh, theme.en)]
        for text in near:
            if not text:
                continue
            row = units(normal(text))
            latin = [unit for unit in row if not is_chinese(unit[0])]
            english.update(latin)
            document.add_text("near_stem", " ".join(stems(latin)))
            if len(row) != len(latin):
                chinese += [run for run in runs("".join(row)) if is_chinese(run[0])]
                document.add_text("near_uni", " ".join(row))
                document.add_text("near_bi", " ".join(_pairs(row)))
        if entry.text:
            row = units(normal(entry.text))
            document.add_text("text_bi", " ".join(_pairs(row)))
            document.add_text("text_stem", " ".join(stems(unit for unit in row if not is_chinese(unit[0]))))

    @staticmethod
    def _facets_of(entry: Entry) -> list[str]:
        made = [f"kind:{entry.kind}", f"department:{entry.department}"]
        made += [f"theme:{theme}" for theme in entry.themes]
        made += [f"object:{served}" for served in entry.objects]
        made += [f"way:{way}" for way in WAYS if getattr(entry, way)]
        return made

    # -- asking

    def search(
        self,
        q: str,
        filters: Mapping[str, Any] | None = None,
        lang: str = "zh",
        limit: int = PAGE,
        offset: int = 0,
    ) -> Hits:
        """Entries that answer a question, the best first; without a question the most popular ones."""
        narrowed = self._narrowed(filters)
        asked = normal(q[:LONGEST_QUESTION]).strip()
        if not runs(asked):
            return self._popular(narrowed, lang, limit, offset)
        plan, query, certain = self._read(asked)
        if query is None:
            return Hits([], 0, {}, themes=self._nearest_themes(asked))
        items, total, facets = self._run(query, narrowed, limit, offset)
        if plan.slipped and items:
            self._settle_slip(plan, self.entries[items[0][1]])
        hits = [self._hit(place, score, plan, lang) for score, place in items]
        suggestion = self._suggested(asked, plan, hits)
        if certain is query:
            sure = total
        else:
            sure = self._count(self._both(certain, narrowed)) if certain is not None else 0
        return Hits(
            hits,
            total,
            facets,
            suggestion=suggestion,
            close=certain is None,
            sure=sure,
            without_filters=self._count(query) if narrowed and not total else 0,
            themes=[] if total else self._nearest_themes(asked),
        )

    def suggest(self, prefix: str, lang: str = "zh", limit: int = 8) -> list[Suggestion]:
        """Names while somebody is typing, each once."""
        asked = normal(prefix[:LONGEST_QUESTION]).strip()
        if not runs(asked):
            return []
        plan, query, _ = self._read(asked)
        if query is None:
            return []
        found: dict[str, Suggestion] = {}
        for hit in self._searcher.search(query, limit * 3, count=False, weight_by_field="weight").hits:
            entry = self.entries[self._places([hit[1]])[0]]
            title = entry.name(lang)
            if title not in found:
                found[title] = Suggestion(entry.id, entry.kind, title, self._spans(title, plan))
                if len(found) == limit:
                    break
        return list(found.values())

    def _places(self, addresses: list) -> list[int]:
        return [int(n) for n in self._searcher.fast_field_values("n", addresses)] if addresses else []

    def _narrowed(self, filters: Mapping[str, Any] | None) -> list[tantivy.Query]:
        made = []
        for name, value in (filters or {}).items():
            if value in (None, "", False, ()) or value == []:
                continue
            if name in WAYS:
                terms = [f"way:{name}"]
            elif name in FILTERS:
                values = [value] if isinstance(value, str) else list(value)
                terms = [f"{name}:{one}" for one in values]
            else:
                raise KeyError(f"no such filter: {name}")
            made.append(
                tantivy.Query.const_score_query(tantivy.Query.term_set_query(self._schema, "facet", terms), 0.0)
            )
        return made

    @staticmethod
    def _both(query: tantivy.Query, narrowed: list[tantivy.Query]) -> tantivy.Query:
        return tantivy.Query.boolean_query([(MUST, query), *((MUST, one) for one in narrowed)]) if narrowed else query

    def _run(self, query, narrowed, limit: int, offset: int):
        query = self._both(query, narrowed)
        result = self._searcher.search(query, max(limit, 1), offset=offset, weight_by_field="weight")
        places = self._places([address for _, address in result.hits])
        items = [(score, place) for (score, _), place in zip(result.hits, places, strict=True)][:limit]
        facets: dict[str, dict[str, int]] = defaultdict(dict)
        if result.count:
            counted = self._searcher.aggregate(query, {"facets": {"terms": {"field": "facet", "size": 2000}}})
            for bucket in counted["facets"]["buckets"]:
                name, _, value = bucket["key"].partition(":")
                facets[name][value] = int(bucket["doc_count"])
        return items, result.count, dict(facets)

    def _popular(self, narrowed, lang: str, limit: int, offset: int) -> Hits:
        items, total, facets = self._run(tantivy.Query.all_query(), narrowed, limit, offset)
        hits = [self._plain_hit(place, lang) for _, place in items]
        by_theme = []
        if not narrowed and not offset:
            for theme in self.themes.values():
                places = [n for n, entry in enumerate(self.entries[:400]) if theme.id in entry.themes][:4]
                if places:
                    by_theme.append((theme, [self._plain_hit(place, lang) for place in places]))
        return Hits(hits, total, facets, by_theme=by_theme)

    def _plain_hit(self, place: int, lang: str) -> Hit:
        entry = self.entries[place]
        return Hit(entry, entry.name(lang), (), None, 0.0)

    # -- reading a question

    def _read(self, asked: str) -> tuple[Plan, tantivy.Query | None, tantivy.Query | None]:
        """How the question was understood, the query for it, and the part of that which answers all of the question."""
        by_code = self._by_code(asked)
        if by_code is not None:
            return Plan([Part(asked, why="code")]), by_code, by_code
        plan = self._plan(asked)
        for deep in (False, True):
            query = self._strict(plan, deep)
            count = self._count(query) if query is not None else 0
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

    def _count(self, query: tantivy.Query) -> int:
        return self._searcher.search(query, 1, count=True).count

    def _any(self, query: tantivy.Query) -> bool:
        return bool(self._searcher.search(query, 1, count=False).hits)

    def _by_code(self, asked: str) -> tantivy.Query | None:
        if not (_CODE.fullmatch(asked) and sum(map(str.isdigit, asked)) >= 4):
            return None
        places, at = [], self._codes.find(asked)
        while at >= 0 and len(places) < 500:
            place = bisect_left(self._code_starts, at + 1) - 1
            places.append(place)
            at = self._codes.find(asked, self._code_starts[place] + len(self.entries[place].code) + 1)
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

    def _in_row(self, name: str, row: list[str]) -> tantivy.Query:
        if len(row) == 1:
            return self._term(name, row[0])
        return tantivy.Query.phrase_query(self._schema, name, row)

    def _phrase(self, row: list[str] | str, near: bool = False) -> tantivy.Query:
        row = list(row)
        prefix = "near_" if near else ""
        return self._in_row(prefix + "bi", _pairs(row)) if len(row) > 1 else self._term(prefix + "uni", row[0])

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
            tantivy.Query.boost_query(self._term("bi", pair), 1.0) for pair in _pairs(row) if pair in self.sounds.pairs
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
                started = self._in_row("bi", ["^" + run[0], *_pairs(list(run))])
                plan.boosts.append(tantivy.Query.boost_query(started, 0.6))
        if self._any(near):
            part.ways.append((near, 0.8))
        if run in self.everyday.chinese:
            self._meaning(part, self.everyday.chinese[run], 1.5 if part.ways else 2.0)
        if not part.ways:
            return False
        if len(run) > 1:
            part.deep.append((self._in_row("text_bi", _pairs(list(run))), 0.3))
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
                pairs = [(MUST, self._term(prefix + "bi", pair)) for pair in _pairs(list(piece))]
                part.ways.append((tantivy.Query.boolean_query(pairs), 0.6 if far else 2.0))
        else:
            part.ways += [(named, 3.0), (near, 0.8)]
        if len(piece) > 1:
            part.deep.append((self._in_row("text_bi", _pairs(list(piece))), 0.3))

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
        tries = [tantivy.Query.phrase_query(self._schema, "uni", row, slop=2)]
        for at in range(len(row)):
            rest = [(place, unit) for place, unit in enumerate(row) if place != at]
            if len(rest) > 1 and (0 < at < len(row) - 1 or len(row) > 3):
                tries.append(tantivy.Query.phrase_query(self._schema, "uni", rest))
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
        kept = [word for word in words if word not in _STOPWORDS] or words
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
        found = []
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
        exact = word in self.words or (stems([word]) or [""])[0] in self._stems
        if exact:
            self._english_words(part, [word])
        if len(word) == 1 and last and word in self._by_initial:
            part.ways.append((tantivy.Query.term_set_query(self._schema, "n", self._by_initial[word]), 1.0))
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
            query = tantivy.Query.phrase_prefix_query(self._schema, "py", mixed)
        else:
            patterns = [unit if unit in self.sounds.syllables else unit + "[a-z]*" for unit in mixed]
            query = tantivy.Query.regex_phrase_query(self._schema, "py", patterns)
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

    # -- what is shown

    def _hit(self, place: int, score: float, plan: Plan, lang: str) -> Hit:
        entry = self.entries[place]
        title = entry.name(lang)
        return Hit(entry, title, self._spans(title, plan), self._why(entry, plan), score)

    def _spans(self, title: str, plan: Plan) -> tuple[tuple[int, int], ...]:
        shape = _shape(title)
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
                at = _find_row(shape.sounds, path)
                if at is not None:
                    marks.append((shape.at[at][0], shape.at[at + len(path) - 1][1]))
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

    def _why(self, entry: Entry, plan: Plan) -> Why | None:
        name = _shape(entry.zh)
        for part in plan.parts:
            if part.why == "code":
                return Why("code", part.said, entry.code)
            for piece, kind in part.chinese:
                if piece in name.text:
                    return Why(part.why if part.why != "name" else kind, part.said, piece)
            if part.english:
                english = _shape(entry.en)
                for row, stem in zip(english.row, english.stems, strict=True):
                    if stem in part.english:
                        return Why(part.why, part.said, row)
            for path in part.sounds:
                at = _find_row(name.sounds, path)
                if at is not None:
                    return Why(part.why, part.said, "".join(name.row[at : at + len(path)]))
        return Why("guide", plan.parts[0].said, "") if plan.parts else None

    def _suggested(self, asked: str, plan: Plan, hits: list[Hit]) -> str:
        """The question with what was put right in it. Pinyin is shown as the characters of the best hit."""
        if not plan.corrected:
            return ""
        said = asked
        for wrong, right in plan.corrected:
            if " " in right and hits:
                path = tuple(right.split())
                for hit in hits[:3]:
                    row = units(normal(hit.entry.zh))
                    at = _find_row(_sounds_of(row), path)
                    if at is not None:
                        right = "".join(row[at : at + len(path)])
                        break
            said = said.replace(wrong, right)
        return said if said != asked else ""

    def _settle_slip(self, plan: Plan, best: Entry) -> None:
        piece = _nearly_in(units(normal(best.zh)), plan.slipped)
        if piece != plan.slipped:
            plan.corrected.append((plan.slipped, piece))
            plan.parts.insert(0, Part(plan.slipped, chinese=[(piece, "name")], why="spelling"))

    def _nearest_themes(self, asked: str, most: int = 5) -> list[Theme]:
        characters = set(units(asked))
        found = set(stems(unit for unit in characters if not is_chinese(unit[0])))
        ranked = []
        for order, theme in enumerate(self.themes.values()):
            shared = len(characters & set(units(normal(theme.zh)))) + 2 * len(
                found & set(stems(units(normal(theme.en))))
            )
            ranked.append((-shared, order, theme))
        ranked.sort(key=lambda one: one[:2])
        return [theme for _, _, theme in ranked[:most]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """A title taken apart, so that what was found can be marked in it."""

    text: str
    places: list[int]
    row: list[str]
    at: list[tuple[int, int]]
    stems: list[str]
    sounds: list[str]


@lru_cache(maxsize=4096)
def _shape(title: str) -> _Shape:
    text, places = normal_with_places(title)
    row, at = [], []
    for found in _UNIT.finditer(text):
        row.append(found.group())
        at.append(found.span())
    stemmed = [(stems([unit]) or [unit])[0] if not is_chinese(unit) else "" for unit in row]
    return _Shape(text, places, row, at, stemmed, _sounds_of(row))


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


class Holder:
    """The index of this process. `version` is asked at every question and must be cheap; `load` only when it has changed.

    Whoever comes while somebody else is building gets the last index rather than waiting; only the very first waits.
    """

    def __init__(self, load: Callable[[], tuple[Iterable[Entry], Iterable[Theme]]], version: Callable[[], Hashable]):
        self._load = load
        self._ask_version = version
        self._lock = threading.Lock()
        self._held: tuple[Hashable, Index] | None = None

    def current(self) -> Index:
        held, wanted = self._held, self._ask_version()
        if held and held[0] == wanted:
            return held[1]
        if not self._lock.acquire(blocking=held is None):
            return held[1] if held else self.current()
        try:
            if self._held is None or self._held[0] != wanted:
                self._held = (wanted, Index.build(*self._load()))
            return self._held[1]
        finally:
            self._lock.release()

    def forget(self) -> None:
        self._held = None
