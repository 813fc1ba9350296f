import argparse

from django.core.management import execute_from_command_line


def arguments(parser):
    parser.add_argument("words", nargs=argparse.REMAINDER, help="a command of Django and its arguments")


def run(options) -> int:
    execute_from_command_line(["tongban manage", *options.words])
    return 0
