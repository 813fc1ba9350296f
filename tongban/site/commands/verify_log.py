"""`tongban verify-log`: walk both chains and name the first row that is not what was written."""

import argparse
import sys

from tqdm import tqdm

from tongban.journal import services as journal
from tongban.journal.models import Event, ReadEntry


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options: argparse.Namespace) -> int:
    """0 when every row is as it was written, 1 with the first bad row otherwise."""
    rows = Event.objects.count() + ReadEntry.objects.count()
    with tqdm(total=rows, unit=" rows", disable=options.quiet or None, desc="Walking the log") as bar:
        broken = journal.verify_log(progress=lambda done: bar.update(done))
    if broken is None:
        sys.stdout.write(f"All {rows} rows are as they were written.\n")
        return 0
    sys.stdout.write(f"{broken.table}, row {broken.row} (place {broken.position}): {broken.reason}\n")
    return 1
