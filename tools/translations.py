"""`collect`: brings every sentence marked for translation into tongban/locale. `compile`: makes what the program reads. `missing`: lists gaps.

With Babel alone: no gettext programs are needed. A sentence that is gone is kept at the end as obsolete; none is guessed (no fuzzy).
"""

import ast
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import (
    block_re,
    constant_re,
    endblock_re,
    inline_re,
    plural_re,
)

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tongban"
LOCALE = PACKAGE / "locale"
LANGUAGES = ["zh_Hans"]
SINGLE = {"_", "gettext", "gettext_lazy", "gettext_noop"}
PLURAL = {"ngettext", "ngettext_lazy"}
CONTEXT = {"pgettext", "pgettext_lazy"}
WRONG: list[str] = []


def _text(node) -> str | None:
    """A literal sentence, also one written in pieces."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def of_python(path: Path):
    """(line, message, context) of every gettext call; a message that is no plain string is reported."""
    source = path.read_text("utf-8")
    if "gettext" not in source:
        return  # every name that marks a sentence has this word in it, wherever it is imported from
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call | ast.ImportFrom)]
    renamed = {
        alias.asname or alias.name: alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name):
            called = renamed.get(function.id, "")
        elif (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id == "translation"
        ):
            called = function.attr
        else:
            continue
        count = 2 if called in PLURAL | CONTEXT else 1
        if called not in SINGLE | PLURAL | CONTEXT or len(node.args) < count:
            continue
        texts = [_text(argument) for argument in node.args[:count]]
        if None in texts:
            if not all(
                isinstance(argument, ast.Name | ast.Attribute | ast.Subscript) for argument in node.args[:count]
            ):
                WRONG.append(f"{path.relative_to(ROOT)}:{node.lineno}: not a plain sentence")
            continue
        if called in PLURAL:
            yield node.lineno, (texts[0], texts[1]), None
        elif called in CONTEXT:
            yield node.lineno, texts[1], texts[0]
        else:
            yield node.lineno, texts[0], None


def of_template(path: Path):
    """The same from a template, as Django itself reads it."""
    from django.template.base import Lexer, TokenType
    from django.utils.translation import trim_whitespace

    block, plural, trimmed, context = None, None, False, None
    for token in Lexer(path.read_text("utf-8")).tokenize():
        line = token.lineno
        if block is not None:
            into = block if plural is None else plural
            if token.token_type == TokenType.BLOCK and endblock_re.match(token.contents):
                tidy = trim_whitespace if trimmed else str
                single = tidy("".join(block))
                yield line, (single, tidy("".join(plural))) if plural is not None else single, context
                block, plural, context = None, None, None
            elif token.token_type == TokenType.BLOCK and plural_re.match(token.contents):
                plural = []
            elif token.token_type == TokenType.VAR:
                into.append(f"%({token.contents.strip()})s")
            elif token.token_type == TokenType.TEXT:
                into.append(token.contents.replace("%", "%%"))
            continue
        if token.token_type == TokenType.BLOCK:
            inline = inline_re.match(token.contents)
            if inline:
                yield line, _escaped(inline.group(1)), inline.group(3) and inline.group(3)[1:-1]
            elif found := block_re.match(token.contents):
                block, trimmed, context = (
                    [],
                    "trimmed" in token.split_contents(),
                    found.group(2) and found.group(2)[1:-1],
                )
            for message in constant_re.findall(token.contents):
                yield line, _escaped(message), None
        elif token.token_type == TokenType.VAR:
            for message in constant_re.findall(token.contents):
                yield line, _escaped(message), None


def _escaped(quoted: str) -> str:
    """Django doubles percent signs of sentences in tags before it looks them up."""
    return quoted[1:-1].replace("%", "%%")


def gathered() -> Catalog:
    catalog = Catalog(project="tongban", charset="utf-8")
    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" not in path.parts:
            _enter(catalog, path, of_python(path))
    for path in sorted([*PACKAGE.rglob("templates/**/*.html"), *PACKAGE.rglob("templates/**/*.txt")]):
        _enter(catalog, path, of_template(path))
    return catalog


def _enter(catalog: Catalog, path: Path, found) -> None:
    for line, message, context in found:
        if message and message != ("", ""):
            flags = (
                ["python-format"]
                if re.search(r"%\(\w+\)", "".join(message) if isinstance(message, tuple) else message)
                else []
            )
            catalog.add(message, locations=[(str(path.relative_to(ROOT)), line)], context=context, flags=flags)


def po_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def collect() -> int:
    new = gathered()
    for language in LANGUAGES:
        path = po_file(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalog = Catalog(locale=language, project="tongban", charset="utf-8")
        if path.exists():
            with path.open("rb") as file:
                catalog = read_po(file, locale=language)
        catalog.update(new, no_fuzzy_matching=True)
        catalog.fuzzy = False
        catalog.header_comment = (
            "# Sentences of Tongban. Collected by `make messages`; a test says when one is missing."
        )
        with path.open("wb") as file:
            write_po(file, catalog, width=0, sort_by_file=True, include_lineno=False, omit_header=False)
        empty = sum(1 for message in catalog if message.id and not _translated(message))
        print(f"{path.relative_to(ROOT)}: {len(catalog)} sentences, {empty} without translation")
    for sentence in WRONG:
        print(sentence)
    return 1 if WRONG else 0


def _translated(message) -> bool:
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def missing() -> int:
    count = 0
    for language in LANGUAGES:
        with po_file(language).open("rb") as file:
            known = read_po(file, locale=language)
        for message in gathered():
            entry = known.get(message.id, message.context) if message.id else None
            if message.id and (entry is None or not _translated(entry)):
                count += 1
                print(f"{language}: {message.locations[0][0]}:{message.locations[0][1]}: {message.id!r}")
    return 1 if count else 0


def compile_all() -> int:
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.parents[1].name)
        wrong = [f"{message.id!r}: {error}" for message in catalog for error in message.check(catalog)]
        if wrong:
            print("\n".join([f"{path.relative_to(ROOT)} has translations that do not fit their sentence:", *wrong]))
            return 1
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalog)
    return 0


if __name__ == "__main__":
    settings.configure()
    acts = {"collect": collect, "compile": compile_all, "missing": missing}
    if len(sys.argv) != 2 or sys.argv[1] not in acts:
        sys.exit("usage: translations.py collect|compile|missing")
    sys.exit(acts[sys.argv[1]]())
