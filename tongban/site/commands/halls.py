"""`tongban halls FILE`: bring halls in from YAML or a table, all or none; without a file, say how many there are."""

import argparse
import sys
from pathlib import Path

from tongban.halls.models import Hall, HallLevel
from tongban.halls.services import importing
from tongban.lib.problems import Invalid


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="YAML as demo/halls.yaml is written, CSV or XLSX"
    )
    parser.add_argument("--check", action="store_true", help="only say what is wrong with the file")
    parser.add_argument("--columns", action="store_true", help="write the head of an empty CSV")


def run(options: argparse.Namespace) -> int:
    if options.columns:
        sys.stdout.write(",".join(importing.COLUMNS) + "\n")
        return 0
    if options.file is None:
        for level in HallLevel:
            sys.stdout.write(f"{level.value}\t{Hall.objects.filter(active=True, level=level).count()}\n")
        return 0
    try:
        content = options.file.read_bytes()
        if options.check:
            found = importing.read(content, options.file.name)
            for one in found.wrong:
                sys.stderr.write(f"line {one.line}, {one.field}: {one.sentence}\n")
            sys.stdout.write(f"{len(found.halls)} halls, {len(found.grids)} grids, {len(found.wrong)} faults\n")
            return 1 if found.wrong else 0
        happened = importing.take(content, options.file.name)
    except OSError as wrong:
        sys.stderr.write(f"The file cannot be read: {wrong}\n")
        return 2
    except Invalid as problem:
        for reason in problem.errors.get("file", [str(problem)]):
            sys.stderr.write(f"{reason}\n")
        sys.stderr.write(f"{problem.kept}\n")
        return 1
    sys.stdout.write(f"{happened.halls} halls, {happened.made} of them new\n")
    return 0
