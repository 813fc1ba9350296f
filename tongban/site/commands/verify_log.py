"""`tongban verify-log`: walk both chains and name the first row that is not what was written.

The heads written down outside the database (var/anchors, or a copy kept elsewhere: `--against`) show whether the end was cut off;
rows too young for a head are named there one by one (var/anchors/young).
"""

import argparse
import sys
from pathlib import Path

from django.utils import timezone
from tqdm import tqdm

from tongban.journal import anchors, witness
from tongban.journal import services as journal
from tongban.journal.models import Event, ReadEntry


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument(
        "--against", type=Path, action="append", default=[], help="a copy of anchors kept elsewhere (file or folder)"
    )
    parser.add_argument("--head", action="store_true", help="only print the present heads, signed, to keep elsewhere")


def run(options: argparse.Namespace) -> int:
    """0 when every row is as it was written, 1 with the first bad row otherwise."""
    if options.head:
        for head in anchors.heads(timezone.now()):
            sys.stdout.write(head.line.decode())
        return 0
    witnessed = witness.read()
    known = list(anchors.read(journal.anchor_folder(), *options.against))
    rows = Event.objects.count() + ReadEntry.objects.count()
    with tqdm(total=rows, unit=" rows", disable=options.quiet or None, desc="Walking the log") as bar:
        broken = journal.verify_log(progress=lambda done: bar.update(done), anchored=known, witnessed=witnessed)
    if broken is None:
        sys.stdout.write(f"All {rows} rows are as they were written.\n")
        sys.stdout.write(
            f"The youngest {len(witnessed)} were compared one by one with what was named outside the database.\n"
        )
        last = max((anchor.at for anchor in known), default="")
        sys.stdout.write(
            f"Compared with {len(known)} heads written down outside the database, the last of {last}.\n"
            if known
            else "There is no head outside the database to compare with: rows cut off the end would be missed only by their count.\n"
        )
        return 0
    sys.stdout.write(f"{broken.table}, row {broken.row} (place {broken.position}): {broken.reason}\n")
    return 1
