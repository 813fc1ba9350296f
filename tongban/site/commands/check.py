"""Everything that is wrong, at once, in sentences. Rooms add theirs in `checks.py`: `problems() -> list[str]`."""

import importlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core import checks as django_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import translation

from tongban.journal.models import Event
from tongban.journal.services import content_of
from tongban.lib.encryption import Keyring, KeysMissing, Unreadable
from tongban.lib.fields import EncryptedField

GIGABYTE = 1024**3


def arguments(parser):
    parser.add_argument("--quiet", action="store_true", help="print nothing when all is well")


def run(options) -> int:
    found = list(problems())
    for sentence in found:
        print(f"- {sentence}")
    if found:
        print(f"{len(found)} to put right." if len(found) > 1 else "One to put right.")
    elif not options.quiet:
        print("All is well.")
    return 1 if found else 0


def problems() -> Iterator[str]:
    with translation.override(_language()):
        for look in (database, migrations, keys, files, configuration, django_says, static):
            yield from _safely(look)
        for room in settings.ROOMS:
            if find_spec(f"{room}.checks"):
                yield from _safely(importlib.import_module(f"{room}.checks").problems)


def before_start() -> int:
    """What must be right before anything is served: acknowledged means on disk, and sealed data can be opened."""
    with translation.override(_language()):
        found = [sentence for look in (database, migrations, keys) for sentence in _safely(look)]
    for sentence in found:
        print(f"- {sentence}")
    if found:
        print("Tongban does not start like this. Nothing was changed.")
    return 1 if found else 0


def _language() -> str:
    return "zh-hans" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("zh") else "en"


def _safely(look: Callable[[], Iterator[str] | list[str]]) -> list[str]:
    try:
        return [str(sentence) for sentence in look()]
    except Exception as error:
        return [f"{look.__module__}.{look.__qualname__} could not look: {type(error).__name__}: {error}"]


def database() -> Iterator[str]:
    try:
        connection.ensure_connection()
    except Exception as error:
        yield f"The database cannot be reached: {str(error).strip()}. Check DATABASE_URL and whether it is running."
        return
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            journal = cursor.execute("PRAGMA journal_mode").fetchone()[0]
            synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
        if journal.lower() != "wal":
            yield f"SQLite keeps its journal as {journal}, not as WAL: readers and writers would block each other."
        if synchronous < 2:
            yield "SQLite does not wait for the disk (synchronous is not FULL): a power cut would take back what people were told is done."
        if getattr(connection, "transaction_mode", None) != "IMMEDIATE":
            yield "SQLite transactions do not begin as IMMEDIATE: two people acting at once would get errors instead of waiting."
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            if cursor.fetchone()[0] == "off":
                yield "PostgreSQL does not wait for the disk (synchronous_commit is off): a power cut would take back what people were told is done."
            cursor.execute("SHOW fsync")
            if cursor.fetchone()[0] == "off":
                yield "PostgreSQL never writes through to the disk (fsync is off)."
            cursor.execute("SHOW server_encoding")
            if cursor.fetchone()[0] != "UTF8":
                yield "The PostgreSQL database is not in UTF-8: rare characters in names would be lost."


def migrations() -> Iterator[str]:
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield f"The database is {len(plan)} steps behind the program. Run: tongban prepare"


def keys() -> Iterator[str]:
    """The keys are there, and they are the ones that sealed what lies in the database."""
    try:
        ring = Keyring.load(settings.TONGBAN_KEYS)
    except KeysMissing as missing:
        yield str(missing)
        return
    trouble = next(_not_opened(ring), "")
    if trouble:
        yield (
            f"{trouble} The key files in TONGBAN_KEYS are not (all) those that sealed this data. Bring back the right ones from "
            "their backup; until then nothing is opened and nothing overwritten."
        )
    first = Event.objects.order_by("id").first()
    if first is not None and first.code != ring.blind_index(content_of(first), "journal.Event"):
        yield "index.key is another one than this data was made with: nobody would be found, and the log would look forged."


def _not_opened(ring: Keyring) -> Iterator[str]:
    """What of the sealed data these keys do not open: a look at the first and the last value of every sealed column."""
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if not isinstance(field, EncryptedField):
                continue
            table, name = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name(str(field.column))
            key = connection.ops.quote_name(str(model._meta.pk.column))
            for order in ("ASC", "DESC"):
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"SELECT {name} FROM {table} WHERE {name} LIKE 'e1.%%' ORDER BY {key} {order} LIMIT 1",  # noqa: S608
                        [],
                    )
                    row = cursor.fetchone()
                try:
                    ring.decrypt(row[0], field.context) if row else ""
                except Unreadable as trouble:
                    yield f"{model._meta.label}.{field.name}: {trouble}"


def files() -> Iterator[str]:
    folder = Path(settings.TONGBAN_KEYS)
    for path in [folder, *sorted(folder.glob("*"))]:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield f"{path} can be read by others on this machine. Run: chmod go-rwx {path}"
    var = Path(settings.TONGBAN_VAR)
    if not os.access(var, os.W_OK):
        yield f"{var} cannot be written to."
    if folder.is_relative_to(Path(settings.STATIC_ROOT)) or Path(settings.MEDIA_ROOT).is_relative_to(
        Path(settings.STATIC_ROOT)
    ):
        yield "Keys or documents lie inside the folder of static files, which everybody can read."
    disk = shutil.disk_usage(var)
    if disk.free < GIGABYTE or disk.free < disk.total * 0.05:
        yield f"Only {disk.free / GIGABYTE:.1f} GB are free on the disk that holds {var}."


def configuration() -> Iterator[str]:
    if settings.DEBUG:
        yield "TONGBAN_DEBUG is on: whoever meets an error sees the inside of the program."
    if settings.DEMO:
        return
    if not settings.HTTPS:
        yield "TONGBAN_PUBLIC_URL does not begin with https://: sign-ins and personal data would travel in the open."
    elif not settings.CONFIGURATION.trusted_proxies:
        yield "TONGBAN_TRUSTED_PROXIES is empty: the product cannot know that people come by HTTPS."
    if "filebased" in settings.EMAIL_BACKEND:
        yield "TONGBAN_SMTP_URL is empty: e-mail is written to a folder and reaches nobody."
    if settings.SMS_GATEWAY == "simulated":
        yield "TONGBAN_SMS is simulated: text messages reach nobody."


WITHOUT_HTTPS = {"security.W004", "security.W012", "security.W016"}  # said once, in our own sentence


def django_says() -> Iterator[str]:
    for message in django_checks.run_checks(include_deployment_checks=not settings.DEMO):
        if message.is_silenced() or (not settings.HTTPS and message.id in WITHOUT_HTTPS):
            continue
        if message.is_serious() or not settings.DEMO:
            yield f"{message.id}: {message.msg}"


def static() -> Iterator[str]:
    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        yield "Static files are not collected, so pages have no look. Run: tongban prepare"
