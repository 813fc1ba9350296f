"""What differs between two versions of a guide, element by element and field by field, in both languages. Pure."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import both, say
from tongban.matters.editing import checking, conditions
from tongban.matters.editing.elements import LABELS, NAMES, PARTS, WHO_DECIDES, Element

KEYS = ("id", "material", "matter", "code", "face", "kind")


@dataclass(frozen=True)
class Change:
    """One difference. `before` and `after` are {"zh", "en"} or plain; `kind`: added, removed, changed, moved."""

    where: tuple[Any, ...]
    kind: str
    before: Any = None
    after: Any = None

    @property
    def spoken(self) -> list[dict[str, Any]]:
        """Each language that differs, with what was taken out and put in marked."""
        before, after = _both(self.before), _both(self.after)
        if self.kind == "moved":
            return []
        found = []
        for language in ("zh", "en"):
            if before[language] != after[language]:
                found.append({"language": language, "pieces": pieces(before[language], after[language])})
        same = len(found) == 2 and found[0]["pieces"] == found[1]["pieces"]
        return found[:1] if same else found


@dataclass
class Difference:
    """All changes of one element."""

    name: str
    label: Any
    changes: list[Change] = field(default_factory=list)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Element by element in the order of the editor; only what differs."""
    found = []
    for name in NAMES:
        old, new = before.get(name), after.get(name)
        if _empty(old) and _empty(new) or old == new:
            continue
        if name == "rules":
            changes = _of_rules(old, new, before.get("form"), after.get("form"))
        elif name == "decided_by":
            changes = [Change((), "changed", _decider(old), _decider(new))]
        elif name == "rule_tests":
            changes = list(_changes(_tests_said(old, before), _tests_said(new, after), (), None))
        else:
            changes = list(_changes(old, new, (), _SPEC.get(name)))
        if changes:
            found.append(Difference(name, LABELS.get(name, name), changes))
    return found


def _of_rules(old: Any, new: Any, form_before: Any, form_after: Any) -> list[Change]:
    """Conditions as sentences: those that are new, those that are gone."""
    was, now = _sentences(old, form_before), _sentences(new, form_after)
    gone = [Change((), "removed", said, None) for said in was if said not in now]
    came = [Change((), "added", None, said) for said in now if said not in was]
    return gone + came or [Change((), "changed", _brief_logic(old), _brief_logic(new))]


def _sentences(logic: Any, form: Any) -> list[dict[str, str]]:
    said = conditions.in_sentences(logic, conditions.facts_of_rules(checking.form_of(form)))
    return said if said is not None else [_brief_logic(logic)]


def _brief_logic(logic: Any) -> dict[str, str]:
    text = json.dumps(logic, ensure_ascii=False)[:500]
    return both(text, text)


def _decider(value: Any) -> Any:
    return next((label for key, label in WHO_DECIDES if key == value), value)


def _tests_said(tests: Any, elements: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Test cases as people read them."""
    facts = conditions.facts_of_rules(checking.form_of(elements.get("form")))
    trial = {one.id: one for one in conditions.run(elements.get("rules"), tests or (), facts).tried}
    expected = dict(conditions.EXPECTED)
    found = []
    for one in tests or ():
        given = {
            say(facts[name].label) if name in facts else name: value for name, value in (one.get("facts") or {}).items()
        }
        found.append(
            {
                "id": one.get("id"),
                "name": conditions.name_of_test(one, trial.get(str(one.get("id")))),
                "facts": _listed(given),
                "expected": str(expected.get(str(one.get("expected")), "")),
            }
        )
    return found


def _listed(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {conditions.plain(value)}" for name, value in given.items())


_SPEC: dict[str, Element] = {one.name: one for part in PARTS for one in part.elements}


def _changes(old: Any, new: Any, where: tuple, spec: Element | None) -> Iterable[Change]:
    if old == new or (_empty(old) and _empty(new)):
        return
    if _rows(old) and _rows(new) and (old or new):
        yield from _of_rows(old or [], new or [], where, spec)
    elif (
        isinstance(old, Mapping)
        and isinstance(new, Mapping)
        and not (_words(old) and _words(new))
        and where.__len__() < 6
    ):
        for key in dict.fromkeys([*old, *new]):
            if key in ("zh", "en") and "name" in new:
                continue  # said by the name already
            if key == "show_if" or (
                spec is not None and (inner := _inner(spec, key)) is not None and inner.kind == "condition"
            ):
                yield from _of_condition(old.get(key), new.get(key), (*where, _label(spec, key)))
                continue
            yield from _changes(old.get(key), new.get(key), (*where, _label(spec, key)), _inner(spec, key))
    else:
        kind = "added" if _empty(old) else "removed" if _empty(new) else "changed"
        yield Change(where, kind, _shown(old, spec), _shown(new, spec))


def _of_condition(old: Any, new: Any, where: tuple) -> Iterable[Change]:
    if old != new:
        kind = "added" if not old else "removed" if not new else "changed"
        yield Change(where, kind, _condition(old), _condition(new))


def _condition(logic: Any) -> Any:
    if not logic:
        return None
    said = conditions.in_sentences(logic, {})
    return _joined(said) if said else str(logic)


def _of_rows(old: list, new: list, where: tuple, spec: Element | None) -> Iterable[Change]:
    held, now = _by_key(old, spec), _by_key(new, spec)
    for key, row in held.items():
        if key not in now:
            yield Change((*where, _title(row, key, spec)), "removed", _shown(row, spec), None)
    for key, row in now.items():
        if key not in held:
            yield Change((*where, _title(row, key, spec)), "added", None, _shown(row, spec))
        else:
            yield from _changes(held[key], row, (*where, _title(row, key, spec)), spec)
    stayed_before, stayed_after = [key for key in held if key in now], [key for key in now if key in held]
    if stayed_before != stayed_after:
        names = [_title(now[key], key, spec) for key in stayed_after]
        yield Change((*where, _("Order")), "moved", None, _joined(names))


def _by_key(rows: list, spec: Element | None = None) -> dict[Any, Any]:
    """Rows by what identifies them; where several have it, by their place too."""
    found: dict[Any, Any] = {}
    chosen = _chosen_by(spec)
    names = (*KEYS, chosen.name) if chosen else KEYS
    for number, row in enumerate(rows):
        key = next((str(row[name]) for name in names if isinstance(row, Mapping) and row.get(name)), "")
        key = key or str(_title(row, "")) or str(number)
        while key in found:
            key += "′"
        found[key] = row
    return found


def _rows(value: Any) -> bool:
    return value in (None, []) or (isinstance(value, list) and all(isinstance(one, Mapping) for one in value))


def _words(value: Any) -> bool:
    return isinstance(value, Mapping) and (not value or set(value) <= {"zh", "en"})


def _empty(value: Any) -> bool:
    return value in (None, "", [], {})


def _chosen_by(spec: Element | None) -> Element | None:
    """The column that tells rows apart, as the first of their key, and is chosen from words the editor knows."""
    if spec is None or not spec.key:
        return None
    column = _inner(spec, spec.key[0])
    return column if column is not None and isinstance(column.options, tuple) and column.options else None


def _title(row: Any, otherwise: str, spec: Element | None = None) -> Any:
    if isinstance(row, Mapping):
        chosen = _chosen_by(spec)
        if chosen is not None and row.get(chosen.name):
            return _in_words(row[chosen.name], chosen)
        for key in ("name", "label", "question"):
            if isinstance(row.get(key), Mapping):
                return _Spoken(row[key])
        if isinstance(row.get("zh"), str):
            return _Spoken(both(row["zh"], row.get("en", "")))
    return str(otherwise)


def _label(spec: Element | None, key: str) -> Any:
    inner = _inner(spec, key)
    return inner.label if inner is not None else WORDS.get(key, key)


def _inner(spec: Element | None, key: str) -> Element | None:
    return next((one for one in spec.columns if one.name == key), None) if spec is not None else None


WORDS: dict[str, Any] = {
    "label": _("Question"), "zh": _("In Chinese"), "en": _("In English"), "help": _("Help"), "required": _("Needed"),
    "type": _("Kind of answer"), "options": _("Answers"), "labels": _("Words of the answers"), "show_if": _("Asked only if"),
    "prefill": _("Filled in from"), "section": _("Section"), "section_name": _("Section"), "min": _("At least"), "max": _("At most"),
    "columns": _("Columns"), "facts": _("Facts"), "expected": _("Expected"), "readonly": _("Cannot be changed"), "masked": _("Covered"),
    "example": _("Example"), "max_length": _("Longest"),
}  # fmt: skip


def _shown(value: Any, spec: Element | None) -> Any:
    """Something to read: words as they are, codes in words where the editor knows them, the rest briefly."""
    if spec is not None and spec.kind == "condition":
        return _condition(value)
    if value is None or _words(value):
        return value
    if isinstance(value, bool):
        return both("是", "yes") if value else both("否", "no")
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        return _joined([_in_words(one, spec) for one in value])
    if isinstance(value, Mapping):
        if title := _title(value, ""):
            return title
        parts = [_named(spec, key, inner) for key, inner in value.items() if not _empty(inner)]
        said = _joined(parts)
        if all(one["zh"] == one["en"] for one in parts):  # only words of the editor, which are in the page's language
            one = said["zh" if _in_chinese() else "en"]
            return both(one, one)
        return said
    if isinstance(value, list):
        return _joined([_shown(one, spec) for one in value])
    return _in_words(value, spec)


def _named(spec: Element | None, key: str, value: Any) -> dict[str, str]:
    """One entry of a group or a row as people read it: its label and what it says, in words where the editor has them."""
    said = _both(_shown(value, _inner(spec, key)))
    colon = "：" if _in_chinese() else ": "
    return {language: f"{_label(spec, key)}{colon}{said[language]}" for language in ("zh", "en")}


def _in_chinese() -> bool:
    return (get_language() or "zh").startswith("zh")


def _in_words(value: Any, spec: Element | None) -> Any:
    if spec is not None and isinstance(spec.options, tuple):
        return next((label for key, label in spec.options if key == str(value)), value)
    return value


class _Spoken:
    """Bilingual words where a label may be lazy too: read in the language of the page, compared in both."""

    def __init__(self, words: Mapping[str, str]):
        self.words = words

    def __str__(self) -> str:
        return say(self.words)

    def __bool__(self) -> bool:
        return any(self.words.values())


def _joined(parts: list) -> dict[str, str]:
    return {
        language: "，".join(_both(one)[language] for one in parts)
        if language == "zh"
        else ", ".join(_both(one)[language] for one in parts)
        for language in ("zh", "en")
    }


def _both(value: Any) -> dict[str, str]:
    if isinstance(value, _Spoken):
        value = value.words
    if isinstance(value, Mapping):
        return {"zh": str(value.get("zh") or ""), "en": str(value.get("en") or "")}
    text = "" if value is None else str(value)
    return {"zh": text, "en": text}


def pieces(before: str, after: str) -> list[tuple[str, str]]:
    """The text with what was taken out and put in: [("same"|"out"|"in", text)]."""
    if not before or not after:
        return [(kind, text) for kind, text in (("out", before), ("in", after)) if text]
    parts = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    if len(before) * len(after) > 4_000_000 or matcher.ratio() < 0.4:
        return [("out", before), ("in", after)]
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            parts.append(("same", before[a:b]))
        else:
            parts += [(kind, text) for kind, text in (("out", before[a:b]), ("in", after[c:d])) if text]
    return parts
