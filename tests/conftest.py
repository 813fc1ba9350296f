import contextlib
import hashlib
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import RequestFactory
from django.utils import translation

os.environ.setdefault(
    "DJANGO_ALLOW_ASYNC_UNSAFE", "1"
)  # Playwright's synchronous face runs a loop in the test's thread


@pytest.fixture(autouse=True)
def fresh_surroundings():
    """No limit, no cached list and no language of the test before."""
    caches["process"].clear()
    with translation.override("zh-hans"):
        yield


@pytest.fixture
def in_english(client, monkeypatch):
    """For tests that look for words: they stand in the code in English. The product itself starts in Chinese."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    begin = RequestFactory.__init__

    def asking_english(self, *words, headers=None, **more):
        begin(self, *words, headers={"accept-language": "en"} | (headers or {}), **more)

    monkeypatch.setattr(RequestFactory, "__init__", asking_english)
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, request):
    """SQLite's empty tables are made by the migrations once, and copied until a migration changes: eighty steps take 15 seconds."""
    if connection.vendor != "sqlite":
        return
    kept = _kept_tables()
    create = connection.creation._create_test_db

    def create_from_kept(verbosity, autoclobber, keepdb=False):
        name = create(verbosity, autoclobber, keepdb)
        if kept.exists():
            held = sqlite3.connect(name, uri=True)  # a database in memory lasts as long as somebody has it open
            request.addfinalizer(held.close)
            with contextlib.closing(sqlite3.connect(kept)) as source:
                source.backup(held)
        return name

    connection.creation._create_test_db = create_from_kept


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    if connection.vendor == "sqlite":
        if not (kept := _kept_tables()).exists():
            raw = kept.with_suffix(f".{os.getpid()}")
            with django_db_blocker.unblock(), contextlib.closing(sqlite3.connect(raw)) as target:
                connection.ensure_connection()
                connection.connection.backup(target)
            raw.rename(kept)
        yield
        return
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # a line left idle by a thread would hold the drop
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _kept_tables() -> Path:
    """Where the empty tables of exactly these migrations lie, ours and those of the libraries."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in [*sorted(root.glob("tongban/*/migrations/*.py")), root / "requirements/test.lock"]:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    folder = root / ".pytest_cache" / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{digest.hexdigest()[:24]}.sqlite3"


@pytest.fixture(scope="session", autouse=True)
def guards_step_aside_when_tests_empty_tables():
    """Triggers refuse to take ratings out, also when SQLite's tables are emptied between two transactional tests."""
    if connection.vendor != "sqlite":  # PostgreSQL truncates, which no row's trigger sees
        yield
        return
    operations = type(connection.ops)
    empty = operations.execute_sql_flush

    def without_guards(self, sql_list):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            guards = cursor.fetchall()
            for name, _sql in guards:
                cursor.execute(f"DROP TRIGGER {self.quote_name(name)}")
            try:
                empty(self, sql_list)
            finally:
                for _name, sql in guards:
                    cursor.execute(sql)

    operations.execute_sql_flush = without_guards
    yield
    operations.execute_sql_flush = empty


@pytest.fixture(scope="session")
def chromium_path() -> str | None:
    """The system's Chromium, or None for Playwright's own."""
    for name in (
        os.environ.get("TONGBAN_CHROMIUM", ""),
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ):
        if name and (path := shutil.which(name)):
            return path
    return None


@pytest.fixture(scope="module")
def chromium(chromium_path):
    """One browser for the tests of a file (Playwright keeps a loop running, which other files' tests must not find); each test opens its own context (`chromium.new_context(...)`)."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


def pytest_collection_modifyitems(items):
    """What starts the product for itself stays together on one worker: one district to build, and no kills beside a stop-watch."""
    for item in items:
        for name in ("browser", "faults"):
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.xdist_group(name))
