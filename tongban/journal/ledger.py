"""Rows of the read log from many pages in one commit: each page waits until its own row is on disk, and they wait together.

Without it every look costs a commit of its own, and commits are what a disk can do least of.
"""

import threading
from dataclasses import dataclass

from django.db import connection, transaction

from tongban.journal.models import ReadEntry


@dataclass(slots=True)
class _Waiting:
    row: ReadEntry
    written: bool = False
    trouble: Exception | None = None


class Ledger:
    """Whoever comes while another page writes waits, and the first of those who waited writes for all of them."""

    def __init__(self) -> None:
        self._coming = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[_Waiting] = []

    def keep(self, row: ReadEntry) -> None:
        """Return when the row is committed; raise what the database said when it is not, and then nothing may be shown."""
        mine = _Waiting(row)
        with self._coming:
            self._waiting.append(mine)
        with self._writing:
            if not mine.written and mine.trouble is None:
                with self._coming:
                    together, self._waiting = self._waiting, []
                _write(together)
        if mine.trouble is not None:
            raise mine.trouble


def _write(together: list[_Waiting]) -> None:
    try:
        with transaction.atomic():
            ReadEntry.objects.bulk_create([one.row for one in together])
    except Exception as trouble:
        if len(together) == 1:
            together[0].trouble = trouble
            return
        for one in together:  # one that cannot be written must not keep the others from being shown what is theirs
            one.row.pk = None
            _write([one])
        return
    for one in together:
        one.written = True


_ledger = Ledger()


def keep(row: ReadEntry) -> None:
    """With the act when there is a transaction, else together with what other pages write at this moment."""
    if connection.in_atomic_block:
        row.save(force_insert=True)
    else:
        _ledger.keep(row)
