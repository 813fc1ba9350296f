import argparse
import sys

from django.core.management import execute_from_command_line

from tongban.oversight.models import Alert
from tongban.oversight.services import raise_alert

OPENS_DATA = {"shell", "dbshell", "dumpdata"}


def arguments(parser):
    parser.add_argument("words", nargs=argparse.REMAINDER, help="a command of Django and its arguments")


def run(options) -> int:
    """Commands that show data by hand, past every page and its read log, raise an alert that supervision sees."""
    if options.words and options.words[0] in OPENS_DATA:
        try:
            raise_alert(Alert.Kind.BY_HAND, note=options.words[0])
        except Exception as trouble:  # an empty or broken database is what such a command may be needed for
            sys.stderr.write(f"That you open the data by hand could not be written down: {type(trouble).__name__}\n")
    execute_from_command_line(["tongban manage", *options.words])
    return 0
