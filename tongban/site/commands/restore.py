"""`tongban restore BACKUP`: into an empty installation. Afterwards `--release` lets messages to the outside go, or `--forget` drops them."""

import argparse
import sys
from pathlib import Path

from django.conf import settings

from tongban.journal import services as journal
from tongban.site import supervisor
from tongban.site.commands import verify_all
from tongban.site.commands.backup import bar
from tongban.site.safekeeping import copying, restoring


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backup", nargs="?", type=Path, help="a folder that `tongban backup` has written")
    after = parser.add_mutually_exclusive_group()
    after.add_argument("--release", action="store_true", help="after a restore: let the messages that were held go out")
    after.add_argument("--forget", action="store_true", help="after a restore: never send the messages that were held")


def run(options: argparse.Namespace) -> int:
    """0 when everything is back and is what was written."""
    if options.release or options.forget:
        return _released(forget=options.forget)
    if options.backup is None:
        sys.stderr.write("Which backup? tongban restore FOLDER/tongban-TIME\n")
        return 2
    pid_file = Path(settings.TONGBAN_VAR) / "run" / "tongban.pid"
    supervisor.hold(pid_file)
    try:
        manifest = restoring.look(options.backup)
        with bar("Restoring", 3 * manifest.size) as shown:
            found = restoring.bring_back(options.backup, manifest, progress=lambda done: shown.update(done))
    except copying.NotWhole as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    except OSError as error:
        sys.stderr.write(
            f"The backup could not be brought back: {error}. What is there is not whole: empty it and restore again.\n"
        )
        return 1
    finally:
        pid_file.unlink(missing_ok=True)
    sys.stdout.write(
        f"Restored as of {manifest.taken_at}, with {found['documents']} files of documents and licences.\n"
        "What came after that moment is not here. Numbers go on far behind the last ones; everybody signs in again.\n"
    )
    code = verify_all.look()
    sys.stdout.write(
        f"Messages to the outside are held: {found['held']} wait.\n"
        "Now: 1. tongban prepare  2. tongban run  3. look at the first page and at yours\n"
        "     4. tongban restore --release  (messages go out; those sent before carry the same id), or --forget  (never sent)\n"
    )
    return code


def _released(*, forget: bool) -> int:
    why = journal.outward_held()
    if not why:
        sys.stdout.write("Nothing is held: messages to the outside go out.\n")
        return 0
    count = journal.release_outward(forget=forget)
    sys.stdout.write(
        f"{count} messages are parked and will never be sent. New ones go out.\n"
        if forget
        else f"{count} messages go out now.\n"
    )
    return 0
