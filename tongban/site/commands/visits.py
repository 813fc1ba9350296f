"""`tongban visits key|read|destroy`: what is written down at entrances under an emergency order, and only then.

`key` is done once, by the health office, on a machine of its own if it can: the private half stays with the office and never on this
server. `read` takes that half for as long as it runs and writes one day as a table; everybody in it sees that it was read.
"""

import argparse
import getpass
import os
import sys
from datetime import date
from pathlib import Path

from tongban.codes import day_keys
from tongban.codes.models import EmergencyOrder
from tongban.codes.services import diary

HELP = "the health office's key, what was written down under an order, and destroying it"


def arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    key = acts.add_parser("key", help="make the office's key; the private half goes to FILE, which leaves this machine")
    key.add_argument("file", type=Path, metavar="FILE")
    key.add_argument(
        "--again", action="store_true", help="replace the office's key; days sealed before keep the old one"
    )
    read = acts.add_parser("read", help="write the visits of one day under one order, with the office's key")
    read.add_argument("file", type=Path, metavar="FILE")
    read.add_argument("--day", type=date.fromisoformat, required=True)
    read.add_argument("--order", required=True, help="number of the emergency order")
    read.add_argument("--venue", default="", help="number of one venue")
    acts.add_parser("destroy", help="destroy the keys of days older than fourteen now (a duty of the worker besides)")


def run(options: argparse.Namespace) -> int:
    try:
        return {"key": _key, "read": _read, "destroy": _destroy}[options.act](options)
    except day_keys.NotReadable as why:
        sys.stderr.write(f"{why}\n")
        return 1


def _password() -> bytes | None:
    """From the terminal, or from the environment for whoever runs it by a program."""
    given = os.environ.get("TONGBAN_OFFICE_PASSWORD")
    return (getpass.getpass("Password of the office's key: ") if given is None else given).encode() or None


def _key(options: argparse.Namespace) -> int:
    folder = day_keys.folder()
    if day_keys.office(folder) is not None and not options.again:
        sys.stderr.write("The health office has a key already. --again replaces it.\n")
        return 1
    if options.file.exists():
        sys.stderr.write(f"{options.file} exists: it is not overwritten.\n")
        return 1
    pem, public = day_keys.new_office_key(_password())
    descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    day_keys.enter_office(folder, public)
    sys.stdout.write(
        f"{options.file}: hand it to the health office and take it off this machine. Without it nobody reads.\n"
    )
    return 0


def _read(options: argparse.Namespace) -> int:
    order = EmergencyOrder.objects.filter(ref=options.order).first()
    if order is None:
        sys.stderr.write(f"There is no emergency order {options.order}.\n")
        return 1
    key = day_keys.read_office_key(options.file.read_bytes(), _password())
    sys.stdout.write(diary.read(options.day, order, key, venue=options.venue))
    return 0


def _destroy(_options: argparse.Namespace) -> int:
    gone = diary.destroy()
    sys.stdout.write(
        ", ".join(day.isoformat() for day in gone) + "\n" if gone else "No day is older than fourteen days.\n"
    )
    return 0
