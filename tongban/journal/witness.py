"""Every row of the log is named outside the database as soon as it is committed, so that one taken out before it has its place in the
chain is missed too.

A line of `anchors/young/<database>-<minute>.lines` is the table, the number and the code of a row. It is written after the commit: what
stands there was in the database, whatever happened since. Lines are forgotten when a head outside the database covers their rows
(`settle`); rows that were gone by then are named in `anchors/missing-<database>.lines` for good.
"""

import hashlib
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from tongban.journal import anchors
from tongban.journal.models import Event, ReadEntry

TABLES: dict[str, Any] = {model._meta.db_table: model for model in (Event, ReadEntry)}
STAY = timedelta(minutes=2)  # no page is still writing into the file of a minute that has been over for so long
AT_A_TIME = 500


@dataclass(frozen=True)
class Seen:
    table: str
    row: int
    code: str

    @property
    def line(self) -> str:
        return f"{self.table} {self.row} {self.code}\n"


def folder() -> Path:
    return Path(settings.TONGBAN_VAR) / "anchors"


def seen(table: str, rows: Iterable[tuple[int, str]]) -> None:
    """Name these rows when the transaction that writes them is committed; never when it is not."""
    lines = "".join(Seen(table, row, code).line for row, code in rows).encode()
    # the act is done by then: a disk that takes no line is told in the log of the programme, not to whoever asked for a page
    transaction.on_commit(lambda: _write(lines), robust=True)


_writing = threading.Lock()
_open: dict[Path, int] = {}


def _write(lines: bytes) -> None:
    path = folder() / "young" / f"{_database()}-{time.strftime('%Y%m%dT%H%M', time.gmtime())}.lines"
    with _writing:
        descriptor = _open.get(path)
        if descriptor is None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            for old in _open.values():
                os.close(old)
            _open.clear()
            _open[path] = descriptor
        os.write(descriptor, lines)  # survives the death of this process; of the machine only once `steady` was here


def _database() -> str:
    """A mark for the database, because two of them may lie side by side under one roof, as those of the tests do."""
    return hashlib.sha256(Path(str(connection.settings_dict["NAME"])).name.encode()).hexdigest()[:8]


def _files() -> list[Path]:
    return sorted((folder() / "young").glob(f"{_database()}-*.lines"))


def _missing() -> Path:
    return folder() / f"missing-{_database()}.lines"


def steady() -> None:
    """Lines of the last minutes also survive a power cut from here on."""
    for path in _files()[-2:]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read() -> list[Seen]:
    """Every row named that no head has taken over. To be read before the rows are looked at: then all of them must be there."""
    return [one for path in (_missing(), *_files()) if path.exists() for one in _lines_of(path)]


def _lines_of(path: Path) -> Iterator[Seen]:
    """A line cut short by a power cut says nothing."""
    for line in path.read_bytes().split(b"\n"):
        words = line.decode("ascii", "replace").split(" ")
        if len(words) == 3 and words[0] in TABLES and words[1].isdecimal() and len(words[2]) == 64:
            yield Seen(words[0], int(words[1]), words[2])


def gone(rows: Iterable[Seen]) -> list[Seen]:
    """Those that are not in the database, or where another row stands now, first of each table first."""
    return [one for one, position in _looked_up(rows) if position is None]


def _looked_up(rows: Iterable[Seen]) -> Iterator[tuple[Seen, int | None]]:
    """Each with its place in the chain: 0 when it waits for one, None when it is gone."""
    ordered = sorted(set(rows), key=lambda one: (one.table, one.row))
    for table, model in TABLES.items():
        mine = [one for one in ordered if one.table == table]
        for first in range(0, len(mine), AT_A_TIME):
            some = mine[first : first + AT_A_TIME]
            there = {
                (row, code): position or 0
                for row, code, position in model.objects.filter(pk__in={one.row for one in some})
                .order_by()
                .values_list("pk", "code", "position")
            }
            for one in some:
                yield one, there.get((one.row, one.code))


def settle(now: datetime) -> list[Seen]:
    """Forget the lines of minutes whose rows stand under a head outside the database; answer the rows that were taken out before."""
    found: list[Seen] = []
    limit = time.strftime("%Y%m%dT%H%M", (now - STAY).utctimetuple())
    old = [path for path in _files() if path.stem.rpartition("-")[2] < limit]
    if not old:
        return found
    covered = {table: max(heads) for table, heads in anchors.by_table(anchors.latest(folder())).items()}
    for path in old:
        looked_up = list(_looked_up(_lines_of(path)))
        if any(at is not None and not 0 < at <= covered.get(one.table, 0) for one, at in looked_up):
            continue  # some still wait for their place
        missing = [one for one, at in looked_up if at is None]
        if missing:
            _keep(missing)
            found += missing
        path.unlink()
    return found


def _keep(rows: list[Seen]) -> None:
    descriptor = os.open(_missing(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write("".join(one.line for one in rows).encode())
        file.flush()
        os.fsync(file.fileno())
