"""`tongban sessions end NAME | end --everybody`: whoever is signed in under this name, or everybody, is out at once.

For a stolen telephone, an account that somebody else uses, or the hour in which a fault is found. What was typed and saved stays.
"""

import argparse
import sys

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction

from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.parties import queries
from tongban.parties.events import SessionsEnded


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("act", choices=["end"])
    parser.add_argument("name", nargs="?", help="the sign-in name")
    parser.add_argument("--everybody", action="store_true", help="all accounts, officers too")


def run(options: argparse.Namespace) -> int:
    if bool(options.name) == options.everybody:
        sys.stderr.write("Say a sign-in name, or --everybody; not both. Nothing was ended.\n")
        return 2
    account = None
    if options.name:
        account = queries.account_by_login(options.name)
        if account is None:
            sys.stderr.write(f"There is no account {options.name!r}. Nothing was ended.\n")
            return 1
    ended = end(account.pk if account else None)
    sys.stdout.write(f"{ended} sessions ended.\n")
    return 0


def end(account: int | None) -> int:
    """Sessions are sealed, so those of one account are found by opening each."""
    rows = Session.objects.order_by("pk")
    if account is not None:
        mine = [row.pk for row in rows.iterator(chunk_size=500) if row.get_decoded().get(SESSION_KEY) == str(account)]
        rows = Session.objects.filter(pk__in=mine)
    with transaction.atomic():
        ended = rows.count()
        rows.delete()
        journal.record(SessionsEnded(account=account, sessions=ended), subject="installation", actor=PLATFORM)
    return ended
