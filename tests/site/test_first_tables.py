"""The tables of an empty database are made at once: what comes out is what all the steps make one after the other, on both databases."""

import contextlib
import os
import re
import sqlite3
import subprocess
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.site.product import ROOT, python

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(1500)]


def in_house(var: Path, database: str, module: str, *words: str) -> None:
    given = {name: value for name, value in os.environ.items() if not name.startswith("TONGBAN_")}
    given |= {"TONGBAN_VAR": str(var), "TONGBAN_DEMO": "0", "DATABASE_URL": database}
    given["DJANGO_SETTINGS_MODULE"] = "tongban.site.settings"
    done = subprocess.run(python("-m", module, *words), cwd=ROOT, env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def house(folder: Path, *, step_by_step: bool):
    """A line to the database of a new installation."""
    folder.mkdir()
    url = os.environ.get("DATABASE_URL", "")
    if url:
        name = f"first_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(url, autocommit=True) as line:
            line.execute(f"CREATE DATABASE {name}")
        url = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    if step_by_step:
        in_house(folder, url, "tests.site.all_steps")
    in_house(folder, url, "tongban", "prepare")
    line = psycopg.connect(url) if url else sqlite3.connect(folder / "tongban.sqlite3")
    with contextlib.closing(line):
        yield line


def rows(line, question: str) -> list[tuple]:
    return line.execute(question).fetchall()


def told(line) -> dict:
    """Everything a database says about itself, beside the order in which a table happened to get its columns."""
    of_vendor = told_by_sqlite if isinstance(line, sqlite3.Connection) else told_by_postgresql
    return of_vendor(line) | {
        "steps gone": rows(line, "SELECT app, name FROM django_migrations ORDER BY id"),
        "models": sorted(rows(line, "SELECT app_label, model FROM django_content_type")),
        "permissions": sorted(
            rows(
                line,
                "SELECT app_label, model, codename, auth_permission.name FROM auth_permission"
                " JOIN django_content_type ON django_content_type.id = content_type_id",
            )
        ),
    }


def told_by_sqlite(line) -> dict:
    found = {}
    for kind, name, sql in rows(line, "SELECT type, name, sql FROM sqlite_master"):
        if kind != "table":
            found[kind, name] = re.sub(r"\s+", " ", sql or "made for a constraint") if kind == "trigger" else sql
            continue
        # SQLite keeps text of any length under any of these names
        columns = rows(
            line, f"SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo('{name}')"
        )
        found["columns", name] = sorted(
            (column, "TEXT" if kind.startswith("varchar") else kind, *rest) for column, kind, *rest in columns
        )
        keys = rows(line, f"PRAGMA foreign_key_list('{name}')")
        found["keys", name] = sorted(key[2:] for key in keys)
        found["indexes", name] = sorted(
            (unique, origin, part, [one[2:5] for one in rows(line, f"PRAGMA index_xinfo('{index}')") if one[5]])
            for _place, index, unique, origin, part in rows(line, f"PRAGMA index_list('{name}')")
        )
        found["constraints", name] = (
            sorted(re.sub(r"\s+", " ", one) for one in constraints(sql)),
            "AUTOINCREMENT" in sql,
            sql.count("DEFERRABLE INITIALLY DEFERRED"),
        )
    # what SQLite makes for UNIQUE is named by its place in the table; it is told above, without a name
    return {what: said for what, said in found.items() if what[0] != "index" or said is not None}


def constraints(sql: str) -> list[str]:
    """Each CONSTRAINT and CHECK of a table with its words, to the bracket that closes it."""
    found = []
    for start in re.finditer(r'(?:CONSTRAINT "\w+" )?(?:CHECK|UNIQUE) \(', sql):
        depth, end = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        found.append(sql[start.start() : end])
    return found


def told_by_postgresql(line) -> dict:
    found = {}
    for name, *said in rows(
        line,
        "SELECT table_name || '.' || column_name, data_type, character_maximum_length, numeric_precision, is_nullable,"
        " column_default, is_identity, identity_generation, collation_name FROM information_schema.columns WHERE table_schema = 'public'",
    ):
        found["column", name] = said
    for name, said in rows(line, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"):
        found["index", name] = without_casts(said)
    for table, name, said in rows(
        line,
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    ):
        found["constraint", table, name] = without_casts(said)
    for name, said in rows(line, "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"):
        found["trigger", name] = said
    for name, said in rows(
        line, "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ):
        found["function", name] = said
    return found


def without_casts(said: str) -> str:
    """PostgreSQL writes a condition with other casts and brackets around them once a column has been made wider, and an index keeps the name
    of an operator class that does the same."""
    said = said.replace("varchar_pattern_ops", "text_pattern_ops")
    said = re.sub(r"::(?:character varying|text)(?:\(\d+\))?(?:\[\])?", "", said)
    before = None
    while said != before:
        before, said = said, re.sub(r"\((\w+|'[^']*'|ARRAY\[[^]]*\])\)", r"\1", said)
    return said


def differences(one: dict, other: dict) -> dict:
    return {
        what: (one.get(what), other.get(what)) for what in one.keys() | other.keys() if one.get(what) != other.get(what)
    }


def test_tables_made_at_once_are_those_that_all_steps_make(tmp_path):
    with house(tmp_path / "steps", step_by_step=True) as steps, house(tmp_path / "once", step_by_step=False) as once:
        gone, made = told(steps), told(once)

    assert len(gone) > 600
    assert len([what for what in gone if what[0] == "trigger"]) == 2
    assert differences(gone, made) == {}


def test_control_one_column_guard_or_bound_less_is_found(tmp_path):
    with house(tmp_path / "one", step_by_step=False) as one:
        before = told(one)
        on_table = "" if isinstance(one, sqlite3.Connection) else " ON evaluations_rating"
        one.execute(f"DROP TRIGGER rating_is_never_changed{on_table}")
        one.execute("DROP INDEX one_holder_of_a_place")
        one.execute("ALTER TABLE cases_label DROP COLUMN colour")
        found = differences(before, told(one))

    assert {("trigger", "rating_is_never_changed"), ("index", "one_holder_of_a_place")} < set(found)
    assert [what for what in found if "cases_label" in what[1]]
