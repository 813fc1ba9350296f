"""The search engine of the catalogue: plain records in, ranked hits out. It knows neither Django nor a database.

An `Index` is built once from all entries, never changed, and shared by all threads of a process; a new version of the
catalogue is a new index. A question goes through at most three readings, each only when the one before found nothing:
as it was typed (in Chinese, English, pinyin, initials or a code; wrong characters and slips of the keys put right, everyday
words turned into the catalogue's); in the texts of the guides too; and loosely, by whatever parts of it occur.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tantivy

from tongban.lib.bilingual import both, say
from tongban.matters import marking
from tongban.matters.everyday import Everyday, groups_of_words, pairs_of, sounds_of, stems, units
from tongban.matters.marking import Why
from tongban.matters.reading import MUST, Plan, Reader, Vocabulary
from tongban.matters.spelling import Sounds, Words, is_chinese, normal, runs

LONGEST_QUESTION = 120
PAGE = 20

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
        return say(both(self.zh, self.en), language)


@dataclass(frozen=True, slots=True)
class Theme:
    id: str
    zh: str
    en: str = ""

    def name(self, language: str = "zh") -> str:
        return say(both(self.zh, self.en), language)


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


class Index:
    """All entries of one version of the catalogue, ready to be asked."""

    def __init__(self, entries: Iterable[Entry], themes: Iterable[Theme] = (), groups: list | None = None):
        self.entries = sorted(
            entries, key=lambda entry: (-entry.popularity, entry.kind != "bundle", entry.code, entry.id)
        )
        self.themes = {theme.id: theme for theme in themes}
        self._departments = {one.department: (one.department_zh, one.department_en) for one in self.entries}
        self._schema = self._make_schema()
        self._index = tantivy.Index(self._schema)
        vocabulary = self._fill(Everyday(groups_of_words() if groups is None else groups))
        self._searcher = self._index.searcher()
        self._reader = Reader(self._schema, self._searcher, vocabulary)

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

    def _fill(self, everyday: Everyday) -> Vocabulary:
        english: Counter[str] = Counter()
        chinese: list[str] = list(everyday.spoken)
        by_initial: dict[str, list[int]] = defaultdict(list)
        writer = self._index.writer(64_000_000, 1)
        for place, entry in enumerate(self.entries):
            document = tantivy.Document()
            document.add_unsigned("n", place)
            ahead = 0.06 * min(entry.popularity, 5) + 0.05 * (
                entry.kind == "bundle"
            )  # of equals, the whole before its parts
            document.add_float("weight", 2 ** (1 + ahead) - 2)
            self._add_name(document, entry, english, chinese)
            self._add_near(document, entry, english, chinese)
            for facet in self._facets_of(entry):
                document.add_text("facet", facet)
            writer.add_document(document)
            first = sounds_of(units(normal(entry.zh))[:1])
            if first and len(by_initial[first[0][0]]) < 50:
                by_initial[first[0][0]].append(place)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        for word in everyday.words:
            english[word] += 1
        words = Words(english)
        return Vocabulary(
            everyday=everyday,
            words=words,
            stems=set(stems(words.sorted)),
            sounds=Sounds(chinese),
            by_initial=by_initial,
            codes=[entry.code.lower() for entry in self.entries],
        )

    @staticmethod
    def _add_name(document, entry: Entry, english: Counter[str], chinese: list[str]) -> None:
        name, in_english = units(normal(entry.zh)), units(normal(entry.en))
        sounds = sounds_of(name)
        initials = "".join(sound[0] for sound in sounds)
        latin = [unit for unit in [*in_english, *name] if not is_chinese(unit[0])]
        chinese += [run for run in runs("".join(name)) if is_chinese(run[0])]
        english.update(latin)
        document.add_text("uni", " ".join(name))
        document.add_text("bi", " ".join([*("^" + unit for unit in name[:1]), *pairs_of(name)]))
        document.add_text("py", " ".join(sounds))
        document.add_text("ini2", " ".join(initials[i : i + 2] for i in range(len(initials) - 1)))
        document.add_text("ini3", " ".join(initials[i : i + 3] for i in range(len(initials) - 2)))
        document.add_text("en", " ".join([*("^" + word for word in in_english[:1]), *latin]))
        document.add_text("stem", " ".join(stems(latin)))
        document.add_text("whole", "".join(name))
        document.add_text("whole", " ".join(in_english))

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
                document.add_text("near_bi", " ".join(pairs_of(row)))
        if entry.text:
            row = units(normal(entry.text))
            document.add_text("text_bi", " ".join(pairs_of(row)))
            document.add_text("text_stem", " ".join(stems(unit for unit in row if not is_chinese(unit[0]))))

    @staticmethod
    def _facets_of(entry: Entry) -> list[str]:
        made = [f"kind:{entry.kind}", f"department:{entry.department}"]
        made += [f"theme:{theme}" for theme in entry.themes]
        made += [f"object:{served}" for served in entry.objects]
        # each once, however many kinds of companies a matter serves
        made += sorted({f"audience:{'person' if served == 'person' else 'company'}" for served in entry.objects})
        made += [f"way:{way}" for way in WAYS if getattr(entry, way)]
        return made

    # -- asking

    def department(self, code: str, language: str = "zh") -> str:
        zh, en = self._departments.get(code, (code, code))
        return say(both(zh, en), language)

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
        plan, query, certain = self._reader.read(asked)
        if query is None:
            return Hits([], 0, {}, themes=self._nearest_themes(asked))
        items, total, facets = self._run(query, narrowed, limit, offset)
        if plan.slipped and items:
            marking.settle_slip(plan, self.entries[items[0][1]].zh)
        hits = [self._hit(place, score, plan, lang) for score, place in items]
        suggestion = marking.suggestion(asked, plan, [hit.entry.zh for hit in hits])
        if certain is query:
            sure = total
        else:
            sure = self._reader.count(self._both(certain, narrowed)) if certain is not None else 0
        return Hits(
            hits,
            total,
            facets,
            suggestion=suggestion,
            close=certain is None,
            sure=sure,
            without_filters=self._reader.count(query) if narrowed and not total else 0,
            themes=[] if total else self._nearest_themes(asked),
        )

    def suggest(self, prefix: str, lang: str = "zh", limit: int = 8) -> list[Suggestion]:
        """Names while somebody is typing, each once."""
        asked = normal(prefix[:LONGEST_QUESTION]).strip()
        if not runs(asked):
            return []
        plan, query, _ = self._reader.read(asked)
        if query is None:
            return []
        found: dict[str, Suggestion] = {}
        for hit in self._searcher.search(query, limit * 3, count=False, weight_by_field="weight").hits:
            entry = self.entries[self._places([hit[1]])[0]]
            title = entry.name(lang)
            if title not in found:
                found[title] = Suggestion(entry.id, entry.kind, title, marking.spans(title, plan))
                if len(found) == limit:
                    break
        return list(found.values())

    def _places(self, addresses: list) -> list[int]:
        return [int(n or 0) for n in self._searcher.fast_field_values("n", addresses)] if addresses else []

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
        total: int = result.count  # type: ignore[attr-defined] # the stub forgets it
        if total:
            counted = self._searcher.aggregate(query, {"facets": {"terms": {"field": "facet", "size": 2000}}})
            for bucket in counted["facets"]["buckets"]:
                name, _, value = bucket["key"].partition(":")
                facets[name][value] = int(bucket["doc_count"])
        return items, total, dict(facets)

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

    def _hit(self, place: int, score: float, plan: Plan, lang: str) -> Hit:
        entry = self.entries[place]
        title = entry.name(lang)
        why = marking.why(entry.zh, entry.en, entry.code, plan)
        return Hit(entry, title, marking.spans(title, plan), why, score)

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
