"""A guide to its translator and back: one XLIFF 2.0 file out, one in. Pure.

XLIFF and not the PO file of `tongban translations`: there each English sentence is its own key, for further languages of the whole
product; here one guide is put from Chinese into English or back while its author goes on writing, so each piece has its place, its
source as it was sent out, and its state, and what has become stale meanwhile is found.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as Xml

from django.utils.translation import gettext_lazy as _

from tongban.lib import unicode
from tongban.lib.problems import Invalid
from tongban.matters.editing.elements import NAMES

SPACE = "urn:oasis:names:tc:xliff:document:2.0"
CODES = {"zh": "zh-Hans", "en": "en"}
MOST_BYTES = 5_000_000
LONGEST = 8000
LEFT_OUT = {"rules", "rule_tests", "themes"}


@dataclass(frozen=True)
class Unit:
    """One piece of text and where it stands: `path` is a JSON pointer that begins with the element's name."""

    path: str
    words: Mapping[str, str]

    @property
    def id(self) -> str:
        return "u" + hashlib.sha256(self.path.encode()).hexdigest()[:12]


def units(elements: Mapping[str, Any], names: Iterable[str] = NAMES) -> list[Unit]:
    """Every bilingual piece of a guide (or of what else has these parts), each once, in the order of the editor."""
    return [
        Unit(path, leaf)
        for name in names
        if name not in LEFT_OUT
        for path, leaf in _leaves(elements.get(name), f"/{name}")
    ]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, dict]]:
    if isinstance(value, Mapping):
        said = isinstance(value.get("zh"), str) or isinstance(value.get("en"), str)
        if said:
            yield path, {"zh": str(value.get("zh") or ""), "en": str(value.get("en") or "")}
        for key, inner in value.items():
            if not (said and key == "name"):  # the name of a situation says the same again
                yield from _leaves(inner, f"{path}/{_escaped(key)}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}/{number}")


def _escaped(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def give(
    elements: Mapping[str, Any], *, source: str, target: str, original: str, names: Iterable[str] = NAMES
) -> bytes:
    """The file for the translator: every piece with what stands there in both languages."""
    Xml.register_namespace("", SPACE)
    root = Xml.Element(f"{{{SPACE}}}xliff", {"version": "2.0", "srcLang": CODES[source], "trgLang": CODES[target]})
    file = Xml.SubElement(root, f"{{{SPACE}}}file", {"id": "guide", "original": original})
    for unit in units(elements, names):
        if not unit.words[source]:
            continue
        node = Xml.SubElement(file, f"{{{SPACE}}}unit", {"id": unit.id, "name": unit.path})
        segment = Xml.SubElement(
            node, f"{{{SPACE}}}segment", {"state": "translated" if unit.words[target] else "initial"}
        )
        Xml.SubElement(segment, f"{{{SPACE}}}source").text = unit.words[source]
        Xml.SubElement(segment, f"{{{SPACE}}}target").text = unit.words[target]
    Xml.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="utf-8") + b"\n"


@dataclass
class Report:
    """What a file brought. `stale`: the source was changed here since it was sent out, so its translation was not taken."""

    changed: list[dict[str, str]] = field(default_factory=list)
    same: int = 0
    stale: list[dict[str, str]] = field(default_factory=list)
    gone: list[dict[str, str]] = field(default_factory=list)
    empty: int = 0
    left: list[dict[str, str]] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "changed": self.changed,
            "same": self.same,
            "stale": self.stale,
            "gone": self.gone,
            "empty": self.empty,
            "left": self.left,
        }


def take(
    elements: Mapping[str, Any], content: bytes, names: Iterable[str] = NAMES
) -> tuple[dict[str, Any], Report, str]:
    """The elements with the translations of the file in them, what was done with each piece, and the language it was put into."""
    target, rows = _read(content)
    source = "en" if target == "zh" else "zh"
    changed = {name: deepcopy(elements.get(name)) for name in names if name not in LEFT_OUT}
    here = {unit.path: unit for unit in units(elements, names)}
    by_source: dict[tuple[str, str], list[str]] = {}
    for unit in here.values():
        by_source.setdefault((unit.path.split("/")[1], unit.words[source]), []).append(unit.path)
    report = Report()
    brought: set[str] = set()
    for path, said, words in rows:
        element = path.split("/")[1] if path.startswith("/") else ""
        places = [path] if path in here and here[path].words[source] == said else by_source.get((element, said), [])
        if not places:
            row = {"path": path, "source": said, "target": words}
            if path in here:
                report.stale.append({**row, "now": here[path].words[source]})
            else:
                report.gone.append(row)
            continue
        for place in places:
            brought.add(place)
            if not words:
                report.empty += 1
            elif here[place].words[target] == words:
                report.same += 1
            else:
                _put(changed, place, target, words)
                report.changed.append(
                    {"path": place, "source": said, "before": here[place].words[target], "after": words}
                )
    report.left = [
        {"path": unit.path, "source": unit.words[source]}
        for unit in here.values()
        if unit.words[source] and not unit.words[target] and unit.path not in brought
    ]
    return {name: value for name, value in changed.items() if value != elements.get(name)}, report, target


def _put(elements: dict[str, Any], path: str, language: str, words: str) -> None:
    node: Any = elements
    for key in path.split("/")[1:]:
        key = key.replace("~1", "/").replace("~0", "~")
        node = node[int(key)] if isinstance(node, list) else node[key]
    node[language] = words
    if isinstance(node.get("name"), dict):
        node["name"][language] = words


def _read(content: bytes) -> tuple[str, list[tuple[str, str, str]]]:
    """(language put into, [(path, source, target)]); raises Invalid for what is no XLIFF 2.0 file of ours."""
    wrong = Invalid(
        "not-xliff",
        _("This is not a translation file (XLIFF 2.0 in UTF-8) of this product."),
        kept=_("Nothing was changed."),
        next_step=_("Take the file out again, and give it to the translator as it is."),
    )
    if len(content) > MOST_BYTES:
        raise wrong
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise wrong from None
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.IGNORECASE):  # no entities, so nothing that grows or reaches out
        raise wrong
    try:
        root = Xml.fromstring(text.encode())  # noqa: S314 - without a document type there are no entities
    except Xml.ParseError:
        raise wrong from None
    targets = {code: language for language, code in CODES.items()} | {
        "zh-CN": "zh",
        "zh": "zh",
        "en-GB": "en",
        "en-US": "en",
    }
    target = targets.get(root.get("trgLang", ""))
    if root.tag != f"{{{SPACE}}}xliff" or target is None:
        raise wrong
    rows = []
    for unit in root.iter(f"{{{SPACE}}}unit"):
        sources = [_text(one) for one in unit.iter(f"{{{SPACE}}}source")]
        targets_ = [_text(one) for one in unit.iter(f"{{{SPACE}}}target")]
        rows.append((unit.get("name", ""), "".join(sources), _kept("".join(targets_))))
    return target, rows


def _text(node: Xml.Element) -> str:
    return "".join(node.itertext())


def _kept(text: str) -> str:
    try:
        return unicode.kept(text, lines=True)[:LONGEST]
    except unicode.Unreadable:
        return ""
