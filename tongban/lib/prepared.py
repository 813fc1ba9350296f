"""Statements that are planned once a connection: on PostgreSQL, planning the one that holds a case (six tables, 110 columns) took five
times as long as answering it.

For SQL that was made once (`composed`, `written`): the driver prepares it when a connection says it for the third time and lets go of
what was not said for longest. Nothing that was read is kept. Everything else goes as Django sends it; SQLite keeps its statements
itself. Behind a pooler that gives each transaction another connection nothing may be prepared: `?prepared=no` in the address of the database.
"""

import functools
import itertools
import re
from typing import Any

AFTER = 2  # times: what a connection says once or twice is not worth the way to prepare it
KEPT = 300  # by each connection; the driver's own 100 are fewer than the acts of one case say
ALLOWED = "PREPARED"  # in the settings of a database


def cursor(connection: Any) -> Any:
    """As `connection.cursor()`, for SQL that was made once."""
    if connection.vendor != "postgresql" or not connection.settings_dict.get(ALLOWED):
        return connection.cursor()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return connection._prepare_cursor(_kind()(connection.connection))


@functools.cache
def _kind() -> Any:
    """Made when first wanted: with SQLite the driver of PostgreSQL is not even loaded."""
    from psycopg import ClientCursor, RawCursor  # noqa: PLC0415

    class Said:
        """What a log of statements shows: with its values."""

        def __init__(self, *given):
            self.given = given

        @property
        def query(self) -> bytes:
            line, sql, params = self.given
            return ClientCursor(line).mogrify(sql, params).encode()

    class Prepared(RawCursor):
        def execute(self, sql, params=()):  # type: ignore[override]  # as Django calls it
            line = self.connection
            if line.prepared_max != KEPT:
                line.prepared_max = KEPT
            line.prepare_threshold = AFTER  # for this one: else it would remember what Django sends, values and all
            try:
                return super().execute(numbered(sql), params)
            finally:
                line.prepare_threshold = None
                self._query = Said(line, sql, params)  # type: ignore[assignment]

    return Prepared


@functools.cache
def numbered(sql: str) -> bytes:
    """`%s` as PostgreSQL counts them: the driver would take the words apart anew each time they are long."""
    places = itertools.count(1)
    return re.sub("%[s%]", lambda mark: "%" if mark[0] == "%%" else f"${next(places)}", sql).encode()
