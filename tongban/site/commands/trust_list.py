"""`tongban trust-list FILE --origin WORDS`: load certificates of signers as the next version of a list and put it in force; without a file, list them."""

import argparse
import sys
from pathlib import Path

from tongban.codes import queries_passes as passes
from tongban.codes.services import passes as acts
from tongban.lib.problems import Problem


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="JSON, PEM, DER, or base64 a line")
    parser.add_argument(
        "--name",
        default=passes.DEFAULT_LIST,
        help="the list; default: health-pass, which the district's own checks use",
    )
    parser.add_argument(
        "--origin",
        default="",
        metavar="WORDS",
        help="where the certificates come from; stands beside the list for ever",
    )
    parser.add_argument(
        "--only-load", action="store_true", help="do not put it in force: an officer with the right does that"
    )


def run(options: argparse.Namespace) -> int:
    if options.file is None:
        for row in passes.lists():
            sys.stdout.write(
                f"{row.name}\t{row.number}\t{row.state}\t{row.signers}\t{row.loaded_at:%Y-%m-%d %H:%M}\t{row.origin}\n"
            )
        return 0
    try:
        row = acts.load_signers(options.name, options.file.read_bytes(), origin=options.origin, officer=None)
        if not options.only_load:
            row = acts.trust_signers(row, officer=None)
    except OSError as wrong:
        sys.stderr.write(f"The file cannot be read: {wrong}\n")
        return 2
    except Problem as problem:
        reasons = [str(one) for each in getattr(problem, "errors", {}).values() for one in each]
        sys.stderr.write(" ".join(reasons or [str(problem)]) + "\n")
        return 1
    left = f", {row.left_out} left out whose keys sign no passes" if row.left_out else ""
    sys.stdout.write(f"{row.name} version {row.number}: {row.signers} signers{left}; {row.get_state_display()}\n")
    return 0
