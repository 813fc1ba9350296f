"""`tongban backup --to FOLDER`: a copy of this moment, while people work."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from tongban.lib.encryption import KeysMissing
from tongban.site.safekeeping import copying


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER", help="the backup becomes FOLDER/tongban-TIME"
    )
    parser.add_argument(
        "--with-keys", action="store_true", help="put the keys in too: whoever has this backup can then read everything"
    )


def run(options: argparse.Namespace) -> int:
    """0 when the backup is written, forced to disk and read again."""
    try:
        with bar("Backing up", copying.size_now()) as shown:
            made = copying.back_up(
                options.to, with_keys=options.with_keys, progress=lambda done: shown.update(done) and None
            )
    except (copying.NotWhole, KeysMissing) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The backup cannot be written to {options.to}: {error.strerror}. No backup was made.\n")
        return 1
    sys.stdout.write(f"Backed up to {made}.\n")
    if options.with_keys:
        sys.stdout.write("The keys are in it: keep it where nobody else can read it.\n")
    else:
        sys.stdout.write(
            "The keys are not in it: keep var/keys in a place of their own. Without them it stays closed.\n"
        )
    return 0


def bar(what: str, size: int) -> tqdm:
    return tqdm(
        total=size, unit="B", unit_scale=True, desc=what, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False
    )
