"""Audited reads: entries of the read log, each on disk (synchronous=FULL) before the page it belongs to may show anything.

    python bench/reads.py [reads]

Counted from several threads, as the pages of a web process write them: each waits until its own row is committed, and those who wait
share one commit. Peers of the same run on the same disk, through bare sqlite3: the same rows with a commit each, and in commits of 32.
Goal (docs/performance.md): 4,000 a second. Chaining follows in the worker; its pace is measured too, because it must keep up.
"""

import os
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path

from measuring import table

THREADS = (1, 8, 32, 64)
BATCH = 32


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="tongban-bench-") as folder:
        os.environ |= {"TONGBAN_VAR": f"{folder}/var", "DJANGO_SETTINGS_MODULE": "tongban.site.settings"}
        for name in ("DATABASE_URL", "TONGBAN_KEYS"):
            os.environ.pop(name, None)
        Path(folder, "var").mkdir()
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection

        from tongban.journal import services as journal
        from tongban.journal.models import ReadEntry
        from tongban.lib.encryption import create_keys

        create_keys(settings.TONGBAN_KEYS)
        call_command("migrate", interactive=False, verbosity=0)
        read(1)
        rows = [_audited(threads, count if threads > 1 else count // 8) for threads in THREADS]
        columns, values = _as_written(ReadEntry.objects.last())
        bare = sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None, timeout=60)
        bare.execute("PRAGMA synchronous = FULL")
        alone = _bare(bare, columns, values, count // 8, 1)
        together = _bare(bare, columns, values, count, BATCH)
        bare.close()
        best = max(row[2] for row in rows)
        table(
            "Audited reads on disk",
            ["threads", "reads", "a second", "to bare, a commit each", f"to bare, {BATCH} a commit"],
            [[t, n, f"{r:,.0f}", f"{r / alone:.2f}", f"{r / together:.2f}"] for t, n, r in rows],
            f"Bare inserts: {alone:,.0f} a second with a commit each, {together:,.0f} with {BATCH} a commit. "
            f"Wanted 4,000 a second: {'met' if best >= 4000 else 'NOT met'} (best {best:,.0f}).",
        )
        ReadEntry.objects.filter(code="bare").delete()
        waiting = ReadEntry.objects.filter(position__isnull=True).count()
        began = time.perf_counter()
        while journal.seal_chain() >= 2000:
            pass
        chained = time.perf_counter() - began
        began = time.perf_counter()
        assert journal.verify_log() is None
        walked = time.perf_counter() - began
        print(
            f"\nChained by the worker: {waiting / chained:,.0f} rows a second; walked by verify-log: {waiting / walked:,.0f}."
        )
        connection.close()


def read(number: int) -> None:
    from tongban.journal import services as journal
    from tongban.journal.actors import Actor

    journal.note_read(
        actor=Actor("officer", "dept_reviewer", 7, None, "PSB", "Somebody"),
        of_party=number,
        purpose="handling",
        fields=["form", "materials"],
        about=f"case:{number}",
    )


def _audited(threads: int, count: int) -> list:
    from django.db import connection

    share = count // threads
    ready = threading.Barrier(threads + 1)

    def pages(first: int) -> None:
        connection.ensure_connection()
        ready.wait()
        for number in range(first, first + share):
            read(number + 1)
        connection.close()

    hands = [threading.Thread(target=pages, args=(hand * share,)) for hand in range(threads)]
    for hand in hands:
        hand.start()
    ready.wait()
    began = time.perf_counter()
    for hand in hands:
        hand.join()
    return [threads, share * threads, share * threads / (time.perf_counter() - began)]


def _as_written(row) -> tuple[str, list]:
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    from django.db import connection

    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    values[[field.attname for field in fields].index("code")] = "bare"
    values[[field.attname for field in fields].index("position")] = None
    return ", ".join(f'"{field.column}"' for field in fields), values


def _bare(connection, columns: str, values: list, count: int, batch: int) -> float:
    marks = ", ".join("?" * len(values))
    statement = f"INSERT INTO journal_readentry ({columns}) VALUES ({marks})"
    began = time.perf_counter()
    for _commit in range(count // batch):
        connection.execute("BEGIN IMMEDIATE")
        for _row in range(batch):
            connection.execute(statement, values)
        connection.execute("COMMIT")
    return count // batch * batch / (time.perf_counter() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
