import contextlib
import functools
import gc
import os
import re
import shutil
import sqlite3
import subprocess

import pytest
from django.core.cache import caches
from django.core.management.commands import flush
from django.db import connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tests.site.product import ROOT, kept_tables, pattern_database, python

os.environ.setdefault(
    "DJANGO_ALLOW_ASYNC_UNSAFE", "1"
)  # Playwright's synchronous face runs a loop in the test's thread


def pytest_configure(config):
    """While the workers of a run read the tests, one process makes the tables that they will copy."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        first = "pattern_database(os.environ['DATABASE_URL'])" if os.environ.get("DATABASE_URL") else "kept_tables()"
        making = f"import os; from tests.site.product import ROOT, kept_tables, pattern_database, python; {first}"
        config.tables_in_the_making = subprocess.Popen(python("-c", making), cwd=ROOT)


def pytest_collection_finish():
    """What is loaded by now stays to the end: the collector need not walk through it anew a thousand times."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 20, 20)


def pytest_unconfigure(config):
    if making := getattr(config, "tables_in_the_making", None):
        making.wait()


@pytest.fixture(autouse=True)
def fresh_surroundings():
    """No limit, no cached list and no language of the test before."""
    caches["process"].clear()
    with translation.override("zh-hans"):
        yield


@pytest.fixture(scope="session", autouse=True)
def what_is_asked_once_a_second_is_not_counted():
    """Where a test counts questions to the database: whether a second has passed since the last is no matter of the test."""
    from tongban.channels.portal import kept_pages
    from tongban.codes.services import scanning
    from tongban.departments import queries as departments
    from tongban.matters import code_lists

    modules = (kept_pages, scanning, departments, code_lists)
    usual = [module.LOOK_AGAIN_AFTER for module in modules]
    enter, leave = CaptureQueriesContext.__enter__, CaptureQueriesContext.__exit__

    def look_again_after(seconds):
        for module, value in zip(modules, seconds, strict=True):
            module.LOOK_AGAIN_AFTER = value

    def counting(self):
        look_again_after([float("inf")] * len(modules))
        return enter(self)

    def counted(self, *error):
        look_again_after(usual)
        return leave(self, *error)

    CaptureQueriesContext.__enter__, CaptureQueriesContext.__exit__ = counting, counted
    yield
    CaptureQueriesContext.__enter__, CaptureQueriesContext.__exit__ = enter, leave


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


@pytest.fixture
def own_seal_keys(tmp_path, monkeypatch):
    """Field keys are those of the run; the keys of seals are each test's own."""
    monkeypatch.setattr("tongban.licences.services.key_directory", lambda: tmp_path / "seals")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, request):
    """The empty tables are copied: from a file on SQLite, from a database beside it on PostgreSQL."""
    if connection.vendor != "sqlite":
        connection.settings_dict["TEST"]["TEMPLATE"] = pattern_database(os.environ["DATABASE_URL"])
        return
    create = connection.creation._create_test_db

    def create_from_kept(verbosity, autoclobber, keepdb=False):
        name = create(verbosity, autoclobber, keepdb)
        held = sqlite3.connect(name, uri=True)  # a database in memory lasts as long as somebody has it open
        request.addfinalizer(held.close)
        with contextlib.closing(sqlite3.connect(kept_tables())) as source:
            source.backup(held)
        return name

    connection.creation._create_test_db = create_from_kept


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    yield
    if connection.vendor == "sqlite":
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # a line left idle by a thread would hold the drop
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


STAY = {"django_content_type", "auth_permission"}  # the migrations fill them, nobody else: no need to fill them anew


@pytest.fixture(scope="session", autouse=True)
def tables_are_emptied_quickly():
    """Between two transactional tests; triggers and foreign keys, which would refuse, step aside for it."""
    operations = type(connection.ops)
    empty, fill = operations.execute_sql_flush, flush.emit_post_migrate_signal

    def without_guards(self, sql_list):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            guards = cursor.fetchall()
            for name, _sql in guards:
                cursor.execute(f"DROP TRIGGER {self.quote_name(name)}")
            try:
                empty(self, [sql for sql in sql_list if not STAY & set(re.findall(r'"(\w+)"', sql))])
            finally:
                for _name, sql in guards:
                    cursor.execute(sql)

    def only_what_was_written(self, sql_list):
        """TRUNCATE makes two new files for each of 150 tables and all their indexes; a test writes to some twenty."""
        tables = set(re.findall(r'"(\w+)"', " ".join(sql_list))) - STAY
        with transaction.atomic(), self.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"SELECT '{one}' WHERE EXISTS (SELECT FROM \"{one}\")" for one in tables))
            written = [one for (one,) in cursor.fetchall()]
            cursor.execute("SET LOCAL session_replication_role = replica")
            for one in written:
                cursor.execute(f'DELETE FROM "{one}"')

    operations.execute_sql_flush = without_guards if connection.vendor == "sqlite" else only_what_was_written
    flush.emit_post_migrate_signal = lambda *_, **__: None
    yield
    operations.execute_sql_flush, flush.emit_post_migrate_signal = empty, fill


@pytest.fixture(scope="session")
def chromium_path() -> str | None:
    """The system's Chromium, or None for Playwright's own."""
    for name in (
        os.environ.get("TONGBAN_CHROMIUM", ""),
        "chromium-headless-shell",
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


def pytest_ignore_collect(collection_path, config):
    """`-m postgres` does not read the files that have no such test."""
    if config.option.markexpr == "postgres" and collection_path.name.startswith("test_"):
        return True if "postgres" not in collection_path.read_text("utf-8") else None
    return None


# Files whose tests are long and share nothing: they begin first, each test for itself on whichever worker is free.
LONGEST = ("test_first_tables.py", "test_everybody.py", "test_complete.py")
# What starts the product for itself stays together on one worker: one house to build, and no kills beside a stop-watch.
TOGETHER = ("browser", "faults")


@functools.cache
def together(path: str) -> str | None:
    said = (ROOT / path).read_text("utf-8")
    return next((name for name in TOGETHER if f"pytest.mark.{name}" in said), None)


def share(nodeid: str) -> str:
    """Tests of one share run on one worker, one after the other: those of a file, so that what the file builds for all its tests is built once."""
    path = nodeid.split("::")[0]
    return nodeid if path.endswith(LONGEST) else together(path) or path


def pytest_xdist_make_scheduler(config, log):
    """In place of xdist's own `loadgroup`, which writes a group into a name that pytest 9.2 no longer reads: without a word, each test for itself."""
    from xdist.scheduler import LoadScopeScheduling

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = share
    config.option.loadscopereorder = False  # in the order in which they were sorted below
    return scheduler


def pytest_collection_modifyitems(items):
    """Long shares begin first, so that no worker is left alone with one of them at the end."""

    def place(item):
        path = item.path.relative_to(ROOT).as_posix()
        longer = together(path) is not None or path.startswith("tests/site/")  # among them the building of the district
        return (together(path) != "browser", item.path.name not in LONGEST, not longer)

    items.sort(key=place)
