"""`tongban verify-all`: database, both chains, documents, licences, counters, orphans. Names each wrong thing; 0 only if there is none."""

import argparse
import sys

from tqdm import tqdm

from tongban.site.safekeeping import verifying


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", choices=[part.name for part in verifying.PARTS], help="look at one part alone")


def run(options: argparse.Namespace) -> int:
    return look(only=options.only)


def look(only: str | None = None) -> int:
    wrong = 0
    for part in verifying.PARTS:
        if only and part.name != only:
            continue
        found = []
        try:
            with tqdm(
                total=part.size(), desc=part.name, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False
            ) as bar:
                found = list(part.look(lambda done: bar.update(done)))
        except Exception as error:  # the database may be too damaged to be asked
            found = [f"The part {part.name} could not be looked at: {type(error).__name__}: {str(error).strip()}"]
        for sentence in found:
            sys.stdout.write(f"- {sentence}\n")
        if not found:
            sys.stdout.write(f"{part.name}: well\n")
        wrong += len(found)
    sys.stdout.write("Everything is what was written.\n" if not wrong else f"{wrong} things are wrong.\n")
    return 1 if wrong else 0
