"""A backup comes back into an empty installation; what must not happen a second time is held or jumped over.

Messages to the outside wait until somebody says go. Running numbers and row numbers go on far behind those of the backup, because
people hold papers with numbers that were given after it. Whoever was signed in signs in again.
"""

import contextlib
import gzip
import os
import shutil
import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tongban.cases.models import CaseNumber
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Job
from tongban.lib.encryption import KeysMissing, keyring
from tongban.licences.models import LicenceSerial
from tongban.site.safekeeping.copying import (
    NOT_KEPT,
    Manifest,
    NotWhole,
    Progress,
    check_sums,
    copy_file,
    field_keys,
    quoted,
    read_manifest,
    tables,
)

ROWS_JUMPED = 1_000_000
LICENCES_JUMPED = 100_000
CASES_JUMPED = 10_000  # of the 99,999 numbers a division has for a day
PIECE = 1 << 20


def look(backup: Path) -> Manifest:
    """The manifest, when this backup may come back here at all. Nothing is changed."""
    manifest = read_manifest(backup)
    if manifest.database != connection.vendor:
        raise NotWhole(
            f"This backup was taken from {manifest.database}, and this installation is on {connection.vendor}. "
            "Set DATABASE_URL to the same kind of database. Nothing was changed."
        )
    if why := _not_empty():
        raise NotWhole(
            f"{why} A backup comes back into an empty installation only: set TONGBAN_VAR to a new directory"
            f"{' and DATABASE_URL to a new database' if connection.vendor != 'sqlite' else ''}, or move what is there aside. "
            "Nothing was changed."
        )
    known = {tuple(one) for one in manifest.migrations}
    unknown = sorted(known - set(MigrationExecutor(None).loader.disk_migrations))
    if unknown:
        raise NotWhole(
            f"This backup was written by a newer program: it knows {'.'.join(unknown[0])}. Install that program first. Nothing was changed."
        )
    return manifest


def bring_back(backup: Path, manifest: Manifest, *, progress: Progress = lambda done: None) -> dict[str, int]:
    """Everything as it was at `taken_at`, and held: {"held": errands that wait for a word, "documents": files}."""
    check_sums(backup, manifest, progress=progress)
    _keys(backup, manifest)
    var = Path(settings.TONGBAN_VAR)
    for name in ("media", "anchors"):
        _tree(backup, manifest, name, var / f"{name}.restoring", progress)
    if connection.vendor == "sqlite":
        _bring_sqlite(backup / "database.sqlite3", progress)
    else:
        _bring_postgresql(backup / "database", manifest, progress)
    for name in ("media", "anchors"):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(var / name)
        with contextlib.suppress(FileNotFoundError):
            (var / f"{name}.restoring").rename(var / name)
    _jump_rows()  # before anything is written: rows that came by COPY have moved no counter
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    held = settle(backup.name, manifest)
    os.sync()
    return {"held": held, "documents": sum(name.startswith("media/") for name in manifest.files)}


def settle(name: str, manifest: Manifest, *, now: datetime | None = None) -> int:
    """After the rows are back: nothing goes out, no number comes twice. Returns how many errands to the outside wait."""
    now = now or timezone.now()
    taken = datetime.fromisoformat(manifest.taken_at)
    there = set(connection.introspection.table_names())
    with transaction.atomic():
        with connection.cursor() as cursor:
            for table in NOT_KEPT:
                if table in there:
                    cursor.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608 - our own names
        journal.hold_outward(f"{name}, taken {manifest.taken_at}")
        Job.objects.filter(state=Job.WAITING).update(leased_until=None, lease="")
        jump_over(timezone.localdate(taken), timezone.localdate(now))
        journal.record(
            journal.InstallationRestored(backup=name, taken_at=manifest.taken_at),
            subject="installation",
            actor=PLATFORM,
        )
        return Job.objects.filter(state=Job.WAITING, kind__in=journal.OUTWARD).count()


def jump_over(taken: date, today: date) -> None:
    """Numbers that may have been given after the backup are never given again, also on days the backup has not seen."""
    LicenceSerial.objects.update(last=models.F("last") + LICENCES_JUMPED)
    for division in {*CaseNumber.objects.values_list("division", flat=True).distinct(), settings.TONGBAN_DISTRICT[:6]}:
        day = taken
        while day <= today:
            row, _made = CaseNumber.objects.get_or_create(division=division, day=day)
            CaseNumber.objects.filter(pk=row.pk).update(last=models.F("last") + CASES_JUMPED)
            day += timedelta(days=1)


def _jump_rows() -> None:
    """The database counts rows on far behind: `case:17` of a link or a log line never means somebody else's case."""
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            pk = model._meta.pk
            if not isinstance(pk, models.AutoField | models.BigAutoField) or model._meta.proxy:
                continue
            table, column = model._meta.db_table, str(pk.column)
            if connection.vendor == "sqlite":
                cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [ROWS_JUMPED, table])
            else:
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence(%s, %s), coalesce(max({quoted(column)}), 0) + %s) FROM {quoted(table)}",  # noqa: S608
                    [quoted(table), column, ROWS_JUMPED if isinstance(pk, models.BigAutoField) else 1_000],
                )


def _not_empty() -> str:
    media = Path(settings.MEDIA_ROOT)
    if any(path.is_file() and path.name != ".lock" for path in media.glob("**/*")):
        return f"There are documents in {media}."
    try:
        found = (
            apps.get_model("parties", "Party").objects.exists() or apps.get_model("journal", "Event").objects.exists()
        )
    except Exception:  # no table yet
        return ""
    return "There is data in the database." if found else ""


def _keys(backup: Path, manifest: Manifest) -> None:
    folder = Path(settings.TONGBAN_KEYS)
    if not field_keys() and not (folder / "index.key").exists() and manifest.keys_inside:
        for name in manifest.files:
            if name.startswith("keys/"):
                target = folder / name.removeprefix("keys/")
                target.unlink(missing_ok=True)  # a secret that this command itself has just made
                copy_file(backup / name, target)
    try:
        keyring(anew=True)
    except KeysMissing:
        raise NotWhole(
            f"The keys are not in {folder}, and without them this backup stays closed. Bring the key files there from their own "
            "place, then restore again. Nothing was changed."
        ) from None
    missing = sorted(set(manifest.field_keys) - set(field_keys()))
    if missing:
        raise NotWhole(
            f"The key field-{missing[0]}.key is not in {folder}: what it sealed would stay closed. Bring it there, then restore "
            "again. Nothing was changed."
        )
    if not manifest.genuine:
        raise NotWhole(
            "The manifest was not written with the keys of this installation, or was changed since. If the keys are the right ones, "
            "take another backup. Nothing was changed."
        )


def _tree(backup: Path, manifest: Manifest, name: str, target: Path, progress: Progress) -> None:
    shutil.rmtree(target, ignore_errors=True)
    for path in manifest.files:
        if path.startswith(f"{name}/"):
            copy_file(backup / path, target / path.removeprefix(f"{name}/"), progress)


def _bring_sqlite(copy: Path, progress: Progress) -> None:
    connection.close()
    database = Path(settings.DATABASES["default"]["NAME"])
    beside = database.with_name(f"{database.name}.restoring")
    beside.unlink(missing_ok=True)
    copy_file(copy, beside, progress)
    for end in ("-wal", "-shm"):  # of an empty database that was opened
        database.with_name(database.name + end).unlink(missing_ok=True)
    beside.replace(database)
    with contextlib.closing(sqlite3.connect(database)) as line:
        line.execute("PRAGMA journal_mode = WAL")


def _bring_postgresql(folder: Path, manifest: Manifest, progress: Progress) -> None:
    """Tables as the migrations of that moment make them, rows by COPY; constraints are checked at the commit."""
    executor = MigrationExecutor(connection)
    applied = set(executor.loader.applied_migrations)
    wanted = {(app, step) for app, step in manifest.migrations}
    if applied - wanted:
        raise NotWhole(
            "The tables in this database are newer than the backup. Give it an empty database. Nothing was changed."
        )
    graph = executor.loader.graph
    ends = [
        one
        for one in sorted(wanted)
        if not any(child.key in wanted and child.key[0] == one[0] for child in graph.node_map[one].children)
    ]
    executor.migrate(ends)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(map(quoted, tables()))} CASCADE")
        for table, columns in manifest.tables.items():
            sentence = f"COPY {quoted(table)} ({', '.join(map(quoted, columns))}) FROM STDIN"
            with gzip.open(folder / f"{table}.copy.gz") as file, cursor.copy(sentence) as rows:
                while piece := file.read(PIECE):
                    rows.write(piece)
                    progress(len(piece))
