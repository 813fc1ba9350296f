"""When the records are damaged nothing is served from them: one page says so to whoever calls, until somebody brings a backup back."""

import asyncio
import contextlib
import signal
import socket
import sqlite3
import sys
import time
from contextlib import closing
from html import escape
from pathlib import Path

import orjson
from django.conf import settings
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from tongban.site.safekeeping.copying import plain

DAMAGED = 3  # what `look` ends with
WHOLLY, QUICKLY = (
    2.0,
    20.0,
)  # seconds: a large file is looked at quickly (indexes left out), and wholly by `tongban verify-all`


def look() -> int:
    """DAMAGED, with sentences for whoever starts the product, when the database file is not what was written."""
    if connection.vendor != "sqlite":
        return 0
    database = Path(settings.DATABASES["default"]["NAME"])
    if not database.exists():
        return 0
    found = damage(database)
    if not found:
        return 0
    with translation.override("en"):
        sys.stdout.write(
            f"The database {database} is damaged: {found}.\n"
            "Nothing is read from it or written to it. Whoever calls is told, and that what was confirmed is kept.\n"
            "Do this: 1. stop this (Ctrl-C)  2. move the directory aside: mv var var-damaged  3. mkdir -p var && cp -a var-damaged/keys var/keys\n"
            "         4. tongban restore FOLDER/tongban-TIME (the last good one)  5. tongban prepare && tongban run\n"
            "What came after that backup may still be in var-damaged: keep it.\n"
        )
    return DAMAGED


def damage(database: Path) -> str:
    """The first thing that is wrong with a database file, or ""."""
    found = _asked(database, "integrity_check", WHOLLY)
    return (_asked(database, "quick_check", QUICKLY) if found is None else found) or _lists(database)


def _lists(database: Path) -> str:
    """The two tables that no index leads to, so that SQLite itself does not miss what was in them: migrations and counters of rows."""
    try:
        with closing(plain(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20))) as line:
            there = {name for (name,) in line.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "django_migrations" not in there:
                return ""
            (last,) = line.execute("SELECT max(id) FROM django_migrations").fetchone()
            if last is None:
                return "the list of migrations is empty"
            counted = line.execute("SELECT seq FROM sqlite_sequence WHERE name = 'django_migrations'").fetchone()
    except sqlite3.OperationalError as error:
        return "" if "locked" in str(error) else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if counted is not None and counted[0] >= last else "the counters of rows are not those of the rows"


def _asked(database: Path, pragma: str, seconds: float) -> str | None:
    """None when there was not time enough to say."""
    until = time.monotonic() + seconds
    try:
        with closing(plain(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20))) as line:
            line.set_progress_handler(lambda: int(time.monotonic() > until), 10_000)
            found = line.execute(f"PRAGMA {pragma}(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return None
        return "" if "locked" in str(error) else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else str(found).replace("\n", " ")


def serve(listener: socket.socket) -> None:
    """Answers every call with the same refusal until asked to stop. Needs nothing but this process."""
    asyncio.run(_serve(listener))


async def _serve(listener: socket.socket) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    server = await asyncio.start_server(_answer, sock=listener)
    async with server:
        await stop.wait()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
        asked = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        wants_data = b"application/json" in asked or asked.split(b" ", 2)[1].startswith((b"/api/", b"/healthz"))
        body, kind = (problem(), "application/problem+json") if wants_data else (page(), "text/html; charset=utf-8")
        head = (
            f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nRetry-After: 600\r\n"
            "Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\n"
            "Connection: close\r\n\r\n"
        )
        writer.write(head.encode() + (b"" if asked.startswith(b"HEAD ") else body))
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


def words() -> dict[str, str]:
    return {
        "title": _("The service is closed while its records are repaired"),
        "what": _("We found that our records were damaged, so we neither show them nor take anything in."),
        "kept": _("What was confirmed to you is in our backups. Nobody loses a date because of this."),
        "next_step": _("Please come back later, or ring %(phone)s.") % {"phone": settings.CONFIGURATION.help_phone},
    }


def page() -> bytes:
    parts = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said = {name: escape(text) for name, text in words().items()}
        parts.append(
            f'<section lang="{"zh-CN" if language == "zh-hans" else "en"}"><h1>{said["title"]}</h1>'
            f"<p>{said['what']}</p><p>{said['kept']}</p><p>{said['next_step']}</p></section>"
        )
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>503</title></head><body><main>{''.join(parts)}</main></body></html>"
    ).encode()


def problem() -> bytes:
    with translation.override("en"):
        said = words()
    return orjson.dumps(
        {
            "type": "about:blank",
            "title": said["title"],
            "status": 503,
            "code": "records_damaged",
            "detail": f"{said['what']} {said['next_step']}",
            "kept": said["kept"],
        }
    )
