"""`tongban catalogue import FILE [--department-map FILE]` and `tongban catalogue export FILE`."""

import os
import sys
from pathlib import Path

from django.utils import timezone, translation
from tqdm import tqdm

from tongban.lib.problems import Problem
from tongban.matters import catalogue_files, importing

SHOWN = 200


def arguments(parser):
    acts = parser.add_subparsers(dest="act", required=True, metavar="import|export")
    taking = acts.add_parser("import", help="take in rows of department, main_item, name, item_code, task_type")
    taking.add_argument("file", type=Path, help="JSON (a list of objects) or CSV (columns named in the first line)")
    taking.add_argument(
        "--department-map", type=Path, help="JSON object or two-column CSV: name in the file, code of our department"
    )
    giving = acts.add_parser("export", help="write what was taken in; read again, it is the same")
    giving.add_argument("file", type=Path, help="FILE.json or FILE.csv")


def run(options) -> int:
    with translation.override(_language()):
        try:
            return _take(options) if options.act == "import" else _give(options)
        except Problem as problem:
            sys.stderr.write(f"{problem}\n")
            return 2
        except OSError as wrong:
            sys.stderr.write(f"{options.file}: {wrong.strerror or wrong}\n")
            return 2


def _take(options) -> int:
    """0 when every row was taken, 1 when some were refused, 2 when the file could not be read at all."""
    mapped = catalogue_files.read_department_map(options.department_map) if options.department_map else {}
    total = sum(1 for _row in catalogue_files.read(options.file))
    with tqdm(total=total, unit=" rows", desc=options.file.name, mininterval=0.2) as bar:
        taken = importing.import_rows(
            catalogue_files.read(options.file),
            today=timezone.localdate(),
            department_map=mapped,
            progress=bar.update,
        )
    for row in taken.refused[:SHOWN]:
        print(f"line {row.line}: {row.reason}" + (f" ({row.said})" if row.said else ""))
    if len(taken.refused) > SHOWN:
        print(f"... and {len(taken.refused) - SHOWN} more.")
    if taken.departments:
        print(f"New departments: {', '.join(taken.departments)}")
    print(
        f"{taken.created} new, {taken.changed} changed, {taken.unchanged} as they were, {len(taken.refused)} not taken in."
    )
    return 1 if taken.refused else 0


def _give(options) -> int:
    if options.file.suffix.lower() not in (".json", ".csv"):
        sys.stderr.write("Name the file with .json or .csv at its end.\n")
        return 2
    rows = tqdm(importing.export_rows(), total=importing.count_taken(), unit=" rows", desc=options.file.name)
    count = catalogue_files.write(rows, options.file)
    print(f"{count} rows in {options.file}")
    return 0


def _language() -> str:
    return "zh-hans" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("zh") else "en"
