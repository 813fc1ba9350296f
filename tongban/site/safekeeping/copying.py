"""One folder that holds a past moment: the database as it stood, every document it names, and a manifest with their sums.

The heads of the chain are copied first, then the database in one read transaction (people go on writing), then the documents,
which are only ever added: whatever the database names is there. Sealed fields stay sealed; keys lie in it only if asked for.
Layout: `manifest.json`, `database.sqlite3` or `database/<table>.copy.gz`, `media/...`, `anchors/...`, perhaps `keys/...`.
"""

import gzip
import hashlib
import hmac
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from tongban.journal import anchors
from tongban.journal.services import anchor_folder
from tongban.lib.encryption import Keyring, blind_index

FORM = "tongban-backup-1"
PAGES_A_STEP = 500
PIECE = 1 << 20
# sign-ins end with a restore, what is remembered for a moment is forgotten: neither is worth stealing from a backup
NOT_KEPT = ("django_session", "usersessions_usersession", "site_cache")
NAMED = {"materials_page": ("file", "preview"), "licences_licence": ("pdf",)}

Progress = Callable[[int], None]


class NotWhole(Exception):
    """A sentence: what is wrong with a backup, or why one cannot be taken or brought back."""


@dataclass
class Manifest:
    taken_at: str
    database: str
    migrations: list[list[str]]
    field_keys: list[str]
    keys_inside: bool
    heads: list[dict]
    tables: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list] = field(default_factory=dict)
    form: str = FORM
    code: str = ""

    def signed(self) -> "Manifest":
        self.code = self._code()
        return self

    @property
    def genuine(self) -> bool:
        """Written with the index key of this installation, and unchanged since."""
        return hmac.compare_digest(self.code, self._code())

    def _code(self) -> str:
        content = {name: value for name, value in asdict(self).items() if name != "code"}
        return blind_index(orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode(), "site.backup")

    @property
    def size(self) -> int:
        return sum(size for _sha256, size in self.files.values())


def back_up(folder: Path, *, with_keys: bool = False, progress: Progress = lambda done: None) -> Path:
    """Write the backup to `folder/tongban-TIME` and read it again; nothing of that name exists before it is whole."""
    now = datetime.now(UTC)
    name = f"tongban-{now:%Y%m%dT%H%M%S}Z"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = folder / f".{name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    try:
        Keyring.load(settings.TONGBAN_KEYS)
        made = Manifest(
            taken_at=now.isoformat(timespec="seconds"),
            database=connection.vendor,
            migrations=sorted([app, step] for app, step in MigrationRecorder(connection).applied_migrations()),
            field_keys=field_keys(),
            keys_inside=with_keys,
            heads=[asdict(head) for head in anchors.heads(now)],
        )
        _tree(anchor_folder(), unfinished / "anchors", made, progress)
        if connection.vendor == "sqlite":
            named = _copy_sqlite(unfinished / "database.sqlite3", made, progress)
        else:
            named = _copy_postgresql(unfinished / "database", made, progress)
        _tree(Path(settings.MEDIA_ROOT), unfinished / "media", made, progress)
        if with_keys:
            _tree(Path(settings.TONGBAN_KEYS), unfinished / "keys", made, progress)
        missing = [one for one in sorted(named) if _kept_as(one) not in made.files]
        if missing:
            raise NotWhole(
                f"{len(missing)} documents that the database names are not in {settings.MEDIA_ROOT}, the first is {missing[0]}. "
                "No backup was made. Run: tongban verify-all"
            )
        (unfinished / "manifest.json").write_bytes(orjson.dumps(asdict(made.signed()), option=orjson.OPT_INDENT_2))
        os.sync()
        check_sums(unfinished, made, progress=progress)
        unfinished.rename(folder / name)
        os.sync()
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return folder / name


def size_now() -> int:
    """About how many bytes a backup reads and writes, for the progress bar."""
    files = sum(path.stat().st_size for path in _files(Path(settings.MEDIA_ROOT)))
    if connection.vendor == "sqlite":
        files += Path(settings.DATABASES["default"]["NAME"]).stat().st_size
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            files += cursor.fetchone()[0]
    return 2 * files


def read_manifest(backup: Path) -> Manifest:
    try:
        found = Manifest(**orjson.loads((backup / "manifest.json").read_bytes()))
    except FileNotFoundError:
        raise NotWhole(f"{backup} is not a backup of Tongban: there is no manifest.json in it.") from None
    except (OSError, orjson.JSONDecodeError, TypeError) as error:
        raise NotWhole(f"The manifest of {backup} cannot be read: {error}. Take another backup.") from None
    if found.form != FORM:
        raise NotWhole(f"{backup} is of another form ({found.form}); this program reads {FORM}.")
    return found


def check_sums(backup: Path, manifest: Manifest, *, progress: Progress = lambda done: None) -> None:
    """Every file of the manifest is there as it was written, and nothing else."""
    there = {path.relative_to(backup).as_posix() for path in _files(backup)} - {"manifest.json"}
    if there != set(manifest.files):
        first = sorted(there ^ set(manifest.files))[0]
        raise NotWhole(f"{backup} is not as it was written: {first} is missing or was added. Take another backup.")
    for name, (sha256, size) in manifest.files.items():
        sums, length = hashlib.sha256(), 0
        with open(backup / name, "rb") as file:
            while piece := file.read(PIECE):
                sums.update(piece)
                length += len(piece)
                progress(len(piece))
        if (sums.hexdigest(), length) != (sha256, size):
            raise NotWhole(f"{backup} is not as it was written: {name} was changed. Take another backup.")


def copy_file(source: Path, copy: Path, progress: Progress = lambda done: None) -> tuple[str, int]:
    copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sums, length = hashlib.sha256(), 0
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(source, "rb") as whole, os.fdopen(descriptor, "wb") as written:
        while piece := whole.read(PIECE):
            written.write(piece)
            sums.update(piece)
            length += len(piece)
            progress(len(piece))
    return sums.hexdigest(), length


def plain(line: sqlite3.Connection) -> sqlite3.Connection:
    """Constraints of the database use what Django brings with it."""
    line.create_function("REGEXP", 2, lambda pattern, text: text is None or re.search(pattern, str(text)) is not None)
    return line


def _files(folder: Path) -> Iterator[Path]:
    for place, _folders, names in os.walk(folder):
        for name in names:
            if not name.endswith(".part") and name != ".lock":  # half-written, and nobody's content
                yield Path(place) / name


def _tree(folder: Path, copy: Path, made: Manifest, progress: Progress) -> None:
    for path in sorted(_files(folder)):
        name = copy.name + "/" + path.relative_to(folder).as_posix()
        try:
            made.files[name] = list(copy_file(path, copy / path.relative_to(folder), progress))
        except FileNotFoundError:  # swept meanwhile: nobody names it any more
            continue


def _kept_as(name: str) -> str:
    shelf, _dash, digest = name.partition("-")
    return f"media/{shelf}/{digest[:2]}/{digest}"


def _copy_sqlite(copy: Path, made: Manifest, progress: Progress) -> set[str]:
    """The source connection stands in one read transaction, so that the copy is of one moment and never begins anew."""
    database = settings.DATABASES["default"]["NAME"]
    source = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60, isolation_level=None)
    target = plain(sqlite3.connect(copy, isolation_level=None))
    try:
        size = source.execute("PRAGMA page_size").fetchone()[0]
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        done = 0

        def told(_status: int, remaining: int, total: int) -> None:
            nonlocal done
            progress((total - remaining - done) * size)
            done = total - remaining

        source.backup(target, pages=PAGES_A_STEP, progress=told, sleep=0)
        source.execute("ROLLBACK")
        target.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        target.execute("PRAGMA secure_delete = ON")
        there = {name for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in NOT_KEPT:
            if table in there:
                target.execute(f'DELETE FROM "{table}"')  # noqa: S608 - our own names
        found = target.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise NotWhole(f"The database is damaged: {found}. No backup was made. Run: tongban verify-all")
        named = {
            name
            for table, columns in NAMED.items()
            for column in columns
            for (name,) in target.execute(f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" <> \'\'')  # noqa: S608
        }
    finally:
        source.close()
        target.close()
    made.files[copy.name] = [*_sum(copy)]
    return named


def _copy_postgresql(folder: Path, made: Manifest, progress: Progress) -> set[str]:
    """Every table by COPY in one transaction that sees one moment. Tables are made again by the migrations of that moment."""
    folder.mkdir(mode=0o700)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in tables():
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
                " AND table_name = %s ORDER BY ordinal_position",
                [table],
            )
            columns = [name for (name,) in cursor.fetchall()]
            made.tables[table] = columns
            path = folder / f"{table}.copy.gz"
            sentence = f"COPY {quoted(table)} ({', '.join(map(quoted, columns))}) TO STDOUT"
            with gzip.GzipFile(path, "wb", compresslevel=1, mtime=0) as file, cursor.copy(sentence) as rows:
                for piece in rows:
                    file.write(piece)
                    progress(len(piece))
            os.chmod(path, 0o600)
            made.files[f"database/{path.name}"] = [*_sum(path)]
        named = set()
        for table, names in NAMED.items():
            for column in names:
                cursor.execute(f"SELECT DISTINCT {quoted(column)} FROM {quoted(table)} WHERE {quoted(column)} <> ''")  # noqa: S608
                named |= {name for (name,) in cursor.fetchall()}
    return named


def tables() -> list[str]:
    """Every table of our own and of what we use that a backup keeps."""
    there = connection.introspection.table_names()
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    return sorted(name for name in there if name in known and name not in NOT_KEPT)


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _sum(path: Path) -> tuple[str, int]:
    sums = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            sums.update(piece)
    return sums.hexdigest(), path.stat().st_size


def field_keys() -> list[str]:
    return sorted(path.stem.removeprefix("field-") for path in Path(settings.TONGBAN_KEYS).glob("field-*.key"))
