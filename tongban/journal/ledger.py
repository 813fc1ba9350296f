"""Rows of the read log from many pages in one commit: each page waits until its own row is on disk, and they wait together.

Without it every look costs a commit of its own, and commits are what a disk can do least of.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from tongban.journal import witness
from tongban.journal.models import ReadEntry


def _closed() -> threading.Lock:
    gate = threading.Lock()
    gate.acquire()
    return gate


@dataclass(slots=True)
class _Waiting:
    row: ReadEntry
    gate: threading.Lock = field(
        default_factory=_closed
    )  # opened when the row is written, or when it is this page's turn
    written: bool = False
    trouble: Exception | None = None


class Ledger:
    """One page writes for all who came while the one before wrote; then the first of those who came meanwhile goes on."""

    def __init__(self) -> None:
        self._coming = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._busy = False

    def keep(self, row: ReadEntry) -> None:
        """Return when the row is committed; raise what the database said when it is not, and then nothing may be shown."""
        mine = _Waiting(row)
        with self._coming:
            self._waiting.append(mine)
            first, self._busy = not self._busy, True
        if not first:
            mine.gate.acquire()
        if not mine.written and mine.trouble is None:
            self._write_for_all()
        if mine.trouble is not None:
            raise mine.trouble

    def _write_for_all(self) -> None:
        with self._coming:
            together, self._waiting = self._waiting, []
        try:
            _write(together)
        finally:
            with self._coming:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            if following is not None:
                following.gate.release()
            for one in together:
                if (
                    not one.written and one.trouble is None
                ):  # this page was stopped in the middle: nobody waits for ever
                    one.trouble = RuntimeError("the read could not be written down")
                one.gate.release()


def _write(together: list[_Waiting]) -> None:
    try:
        with transaction.atomic():
            insert([one.row for one in together])
    except Exception as trouble:
        if len(together) == 1:
            together[0].trouble = trouble
            return
        for one in together:  # one that cannot be written must not keep the others from being shown what is theirs
            _write([one])
        return
    for one in together:
        one.written = True


_COLUMNS = [column for column in ReadEntry._meta.concrete_fields if not column.primary_key]
ROWS_A_STATEMENT = 64  # times the columns: fewer values than any of the databases takes at once


def insert(rows: Sequence[ReadEntry]) -> None:
    """Plain rows, without what an ORM does around them: this is done for every look there is. Only inside a transaction."""
    names = ", ".join(connection.ops.quote_name(str(column.column)) for column in _COLUMNS)
    marks = f"({', '.join(['%s'] * len(_COLUMNS))})"
    table = ReadEntry._meta.db_table
    with connection.cursor() as cursor:
        for first in range(0, len(rows), ROWS_A_STATEMENT):
            some = rows[first : first + ROWS_A_STATEMENT]
            values = [c.get_db_prep_save(getattr(row, c.attname), connection) for row in some for c in _COLUMNS]
            marks_of_all = ", ".join([marks] * len(some))
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES {marks_of_all} RETURNING id, code", values)  # noqa: S608
            witness.seen(table, cursor.fetchall())


_ledger = Ledger()


def keep(row: ReadEntry) -> None:
    """With the act when there is a transaction, else together with what other pages write at this moment."""
    if connection.in_atomic_block:
        insert([row])
    else:
        _ledger.keep(row)
