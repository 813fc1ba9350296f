"""`tongban translations export LANGUAGE --to FILE`, `tongban translations import LANGUAGE FILE [--check]`."""

import sys
from pathlib import Path

from django.conf import settings
from django.conf.locale import LANG_INFO

from tongban.lib.problems import Problem
from tongban.site import translating

SHOWN = 100


def arguments(parser):
    acts = parser.add_subparsers(dest="act", required=True, metavar="export|import")
    giving = acts.add_parser("export", help="write one PO file with everything to translate")
    giving.add_argument("language", help="a code such as fr, ja, ar")
    giving.add_argument("--to", type=Path, required=True, metavar="FILE")
    taking = acts.add_parser("import", help="check a translator's PO file and use it")
    taking.add_argument("language")
    taking.add_argument("file", type=Path)
    taking.add_argument("--check", action="store_true", help="only say what is right and wrong with it")


def run(options) -> int:
    if options.language not in LANG_INFO or options.language in ("zh-hans", "en"):
        sys.stderr.write(
            f"{options.language} is not a further language. Codes are those of Django, such as fr, ja, ar.\n"
        )
        return 2
    try:
        return _give(options) if options.act == "export" else _take(options)
    except Problem as problem:
        sys.stderr.write(f"{problem.sentence}\n")
        return 2
    except OSError as wrong:
        sys.stderr.write(f"{wrong.filename}: {wrong.strerror}\n")
        return 2


def _give(options) -> int:
    file = translating.give(options.language)
    options.to.write_bytes(file)
    sys.stdout.write(f"{options.to}: {file.count(b'msgid ') - 1} entries\n")
    return 0


def _take(options) -> int:
    """0 when it is in use, 1 when placeholders are wrong (nothing was changed)."""
    taken = translating.take(options.language, options.file.read_bytes(), only_check=options.check)
    for line in taken.wrong[:SHOWN]:
        sys.stdout.write(f"wrong  {line}\n")
    for line in taken.long[:SHOWN]:
        sys.stdout.write(f"long   {line!r}\n")
    sys.stdout.write(
        f"{taken.sentences} sentences and {taken.content} texts of the catalogue translated, {taken.missing} still in English, "
        f"{taken.unknown} not known here, {len(taken.wrong)} wrong.\n"
    )
    if taken.wrong:
        sys.stdout.write(
            "Nothing was changed: placeholders such as %(name)s must be in the translation as they are in the English.\n"
        )
        return 1
    if options.language not in dict(settings.LANGUAGES) and not options.check:
        sys.stdout.write(f"Set TONGBAN_LANGUAGES=zh-hans,en,{options.language} and restart to offer it.\n")
    return 0
