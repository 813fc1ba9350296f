"""A further language: one file to a translator, one file back.

The file is a PO file, which every translator's tool opens. It holds the sentences of the pages and, with the context `content`, what the
catalogue says (names of matters, materials, questions of forms...), each once, in English with the Chinese beside it. What comes back is
kept in `locale/` of the var directory: one complete .mo for the pages, and `content.json` for what the catalogue says.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po
from django.apps import apps
from django.conf import settings
from django.db.models import JSONField

from tongban.lib import bilingual
from tongban.lib.fields import EncryptedField
from tongban.lib.problems import Invalid
from tongban.notices.wording import WORDING

PACKAGE = Path(__file__).resolve().parents[1]
CONTENT = "content"
ROOMS = ("places", "departments", "matters", "registers", "licences")  # what offices publish; nothing about people
HELD = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")
MUCH_LONGER, SHORT = 3.0, 20  # a translation this many times as long as the English will not fit its place


@dataclass
class Taken:
    """What a translator's file brought."""

    sentences: int = 0
    content: int = 0
    missing: int = 0
    unknown: int = 0
    long: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def folder(language: str) -> Path:
    return Path(settings.TONGBAN_VAR) / "locale" / language.replace("-", "_")


# -- giving


def give(language: str) -> bytes:
    """Everything to translate, with what is translated already."""
    known_sentences, known_content = _known(language)
    catalog = Catalog(locale=language.replace("-", "_"), project="tongban", charset="utf-8")
    for message in _sentences():
        catalog.add(
            message.id,
            known_sentences.get(_first(message.id), ""),
            flags=message.flags,
            auto_comments=[f"中文: {_first(message.string)}"],
            locations=[(where, 1) for where, _line in message.locations[:1]],
        )
    for english, (chinese, where) in sorted(content().items()):
        catalog.add(
            english,
            known_content.get(english, ""),
            context=CONTENT,
            flags=["python-format"] if HELD.search(english) else [],
            auto_comments=[f"中文: {chinese}"] if chinese else [],
            locations=[(where, 1)],
        )
    out = BytesIO()
    write_po(out, catalog, width=0, include_lineno=False)
    return out.getvalue()


def _sentences() -> Iterator[Message]:
    with (PACKAGE / "locale/zh_Hans/LC_MESSAGES/django.po").open("rb") as file:
        yield from (message for message in read_po(file, locale="zh_Hans") if message.id)


def content() -> dict[str, tuple[str, str]]:
    """What the catalogue and the notices say: {English: (Chinese, where)}, each once."""
    found: dict[str, tuple[str, str]] = {}
    for kind, words in WORDING.items():
        for text in (words.title, words.body):
            found.setdefault(text["en"], (text["zh"], f"notices/{kind}"))
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            names = [
                one.name
                for one in model._meta.concrete_fields
                if isinstance(one, JSONField) and not isinstance(one, EncryptedField)
            ]
            for row in model._base_manager.values_list(*names).iterator() if names else ():
                for name, value in zip(names, row, strict=True):
                    for said in _bilingual(value):
                        found.setdefault(said["en"], (said.get("zh", ""), f"{model._meta.label_lower}.{name}"))
    return found


def _bilingual(value: Any) -> Iterator[Mapping[str, str]]:
    if isinstance(value, Mapping):
        if isinstance(value.get("en"), str) and isinstance(value.get("zh"), str) and value["en"].strip():
            yield value
        for inner in value.values():
            yield from _bilingual(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _bilingual(inner)


# -- taking


def take(language: str, file: bytes, *, only_check: bool = False) -> Taken:
    """Check a translator's file; kept only if every placeholder is where it was. What has no translation stays English."""
    try:
        catalog = read_po(BytesIO(file), locale=language.replace("-", "_"), abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as wrong:
        raise Invalid("not-a-po-file", f"This is not a PO file in UTF-8: {wrong}") from None
    said = {message.id: message for message in _sentences()}
    offered = content()
    taken = Taken()
    sentences: dict[Any, Any] = {}
    learned: dict[str, str] = {}
    for message in catalog:
        if not message.id:
            continue
        text = message.string
        english = _first(message.id)
        if message.context == CONTENT:
            known = english in offered
        else:
            known = any(_first(one) == english for one in (message.id,) if one in said)
        if not known:
            taken.unknown += 1
            continue
        if not all(_forms(text)):
            taken.missing += 1
            continue
        if fault := _fault(message.id, text):
            taken.wrong.append(f"{english!r}: {fault}")
            continue
        if len(_first(text)) > SHORT + MUCH_LONGER * len(english):
            taken.long.append(english)
        if message.context == CONTENT:
            learned[english] = _first(text)
            taken.content += 1
        else:
            sentences[message.id] = text
            taken.sentences += 1
    in_the_file = {message.id for message in catalog}
    taken.missing += len([one for one in said if one not in in_the_file])
    taken.missing += len([one for one in offered if catalog.get(one, CONTENT) is None])
    if not taken.wrong and not only_check:
        _keep(language, file, sentences, learned)
    return taken


def _fault(source: Any, text: Any) -> str:
    for english, translated in zip(_forms(source)[-1:] * len(_forms(text)), _forms(text), strict=True):
        wanted, there = sorted(HELD.findall(english)), sorted(HELD.findall(translated))
        plain = len(_forms(source)) > 1 and set(there) <= set(wanted)  # "one letter" need not repeat the number
        if wanted != there and not plain:
            return f"placeholders are {', '.join(there) or 'gone'}, should be {', '.join(wanted)}"
        if ("<" in translated) != ("<" in english):
            return "there is markup that is not in the English"
    return ""


def _keep(language: str, file: bytes, sentences: Mapping, learned: Mapping[str, str]) -> None:
    where = folder(language)
    messages = where / "LC_MESSAGES"
    messages.mkdir(parents=True, exist_ok=True)
    (messages / "django.po").write_bytes(file)
    (where / "content.json").write_text(json.dumps(learned, ensure_ascii=False, indent=0, sort_keys=True), "utf-8")
    _complete(language, sentences)
    bilingual.learn(language, learned)


def _complete(language: str, sentences: Mapping) -> None:
    """Every sentence, the untranslated ones in English: else Django would say them in its default language, Chinese."""
    catalog = Catalog(locale=language.replace("-", "_"), charset="utf-8")
    for message in _sentences():
        text = sentences.get(message.id)
        if text is None:
            english = _forms(message.id)
            text = (
                tuple((english[0], *english[1:] * catalog.num_plurals)[: catalog.num_plurals])
                if len(english) > 1
                else english[0]
            )
        catalog.add(message.id, text, context=message.context)
    with (folder(language) / "LC_MESSAGES" / "django.mo").open("wb") as file:
        write_mo(file, catalog)


def complete_all() -> None:
    """After an upgrade: the files that translators sent, laid over the sentences of this version."""
    for language in _taught():
        try:
            _complete(language, _translated(language))
        except (OSError, PoFileError):
            continue


# -- knowing


def learn_all() -> None:
    """At the start of every process: what translators said of the catalogue."""
    for language in _taught():
        path = folder(language) / "content.json"
        if path.exists():
            bilingual.learn(language, json.loads(path.read_text("utf-8")))


def _taught() -> Iterable[str]:
    return [code for code, _name in settings.LANGUAGES if bilingual.short(code) not in bilingual.SPOKEN]


def _translated(language: str) -> dict:
    path = folder(language) / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalog = read_po(file, locale=language.replace("-", "_"))
    return {
        one.id: one.string
        for one in catalog
        if one.id and one.context != CONTENT and all(_forms(one.string)) and not _fault(one.id, one.string)
    }


def _known(language: str) -> tuple[dict[str, Any], dict[str, str]]:
    path = folder(language) / "content.json"
    learned = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {_first(one): text for one, text in _translated(language).items()}, learned


def _forms(said: Any) -> list[str]:
    return list(said) if isinstance(said, tuple | list) else [said or ""]


def _first(said: Any) -> str:
    return _forms(said)[0]
