"""Rows that are written with SQL made once: what Django writes for the same row, without composing it again at each act.

    insert(row)                       row.save(force_insert=True)
    insert_all(rows)                  Model.objects.bulk_create(rows)
    keep(row, "state", "opinion")     row.save(update_fields=["state", "opinion"])
    update(Model, wanted, changes)    Model._base_manager.filter(**wanted).update(**changes)

An act writes a dozen small rows, and composing one took five times as long as the database took to keep it. Values still go through
their fields (sealing, dates, JSON, `auto_now`). What these do not know goes Django's own way: expressions, tables with parents,
columns the database reckons. No signals are sent, and no model that has its own `save` may come here.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Field, Model
from django.db.models.signals import post_save, pre_save

VALUES_AT_MOST = 900  # in one statement: SQLite may be built for 999

_columns: dict[type[Model], list[Field]] = {}
_sql: dict[Hashable, str] = {}


def insert(row: Any) -> None:
    insert_all([row])


def insert_all(rows: Iterable[Any], *, or_ignore: bool = False) -> None:
    """Write new rows of one table, in order; they have their keys afterwards (not with `or_ignore`, where a row may be there already)."""
    new = list(rows)
    if not new:
        return
    model = type(new[0])
    columns = _of(model)
    if columns is None:
        model._base_manager.bulk_create(new, ignore_conflicts=or_ignore)
        return
    at_once = max(1, VALUES_AT_MOST // len(columns))
    for begin in range(0, len(new), at_once):
        _insert(model, columns, new[begin : begin + at_once], or_ignore)


def keep(row: Any, *names: str) -> None:
    """Write these fields of a row that stands."""
    meta = type(row)._meta
    fields: Any = [meta.get_field(name) for name in names]
    values = [field.pre_save(row, add=False) for field in fields]
    if _of(type(row)) is None or any(hasattr(value, "resolve_expression") for value in values):
        row.save(update_fields=names)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _update_sql(type(row), tuple(field.column for field in fields), ((str(meta.pk.column), None),)),
            [*_kept(fields, values), row.pk],
        )
        if cursor.rowcount != 1:
            raise DatabaseError(f"{row!r} is not there any more: nothing was written")


def update(model: type[Model], wanted: dict[str, Any], changes: dict[str, Any]) -> int | None:
    """Change rows by the values of their columns (a value, or several in a tuple); how many, or None where only Django can write it."""
    meta = model._meta
    if _of(model) is None or any(hasattr(value, "resolve_expression") for value in changes.values()):
        return None
    if any(isinstance(value, tuple) and not 0 < len(value) <= VALUES_AT_MOST for value in wanted.values()):
        return None
    fields: Any = [meta.get_field(name) for name in changes]
    asked: Any = [(meta.get_field(name), value) for name, value in wanted.items()]
    shape = tuple((field.column, len(value) if isinstance(value, tuple) else None) for field, value in asked)
    params = _kept(fields, changes.values())
    for field, value in asked:
        several = value if isinstance(value, tuple) else (value,)
        params += [field.get_db_prep_value(one, connection) for one in several]
    with connection.cursor() as cursor:
        cursor.execute(_update_sql(model, tuple(field.column for field in fields), shape), params)
        return cursor.rowcount


# --


def _of(model: type[Model]) -> list[Field] | None:
    """The columns to fill in, without the key the database gives; None where a table is not as simple as that."""
    found = _columns.get(model)
    if found is None:
        meta = model._meta
        fields: Any = meta.concrete_fields
        if (
            meta.parents
            or model.save is not Model.save
            or any(signal.has_listeners(model) for signal in (pre_save, post_save))
            or any(one.generated or one.has_db_default() or hasattr(one, "get_placeholder") for one in fields)
        ):
            return None
        found = _columns[model] = [field for field in fields if field is not meta.auto_field]
    return found


def _insert(model: type[Model], columns: Sequence[Any], rows: list[Any], or_ignore: bool) -> None:
    meta = model._meta
    given = meta.auto_field is not None
    if given and any(row.pk is not None for row in rows):
        raise ValueError("a row that has its key already is not a new one")
    params: list[Any] = []
    for row in rows:
        params += _kept(columns, [field.pre_save(row, add=True) for field in columns])
    shape = (connection.vendor, model, len(rows), or_ignore)
    sql = _sql.get(shape)
    if sql is None:
        quote = connection.ops.quote_name
        names = ", ".join(quote(field.column) for field in columns)
        marks = f"({', '.join(['%s'] * len(columns))})"
        tail = " ON CONFLICT DO NOTHING" if or_ignore else f" RETURNING {quote(str(meta.pk.column))}"
        sql = _sql[shape] = (
            f"INSERT INTO {quote(meta.db_table)} ({names}) VALUES {', '.join([marks] * len(rows))}{tail}"  # noqa: S608
        )
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        if or_ignore:
            return
        keys = [key for (key,) in cursor.fetchall()]
    for row, key in zip(rows, keys, strict=True):
        if given:
            row.pk = key
        row._state.adding, row._state.db = False, connection.alias


def _kept(fields: Iterable[Any], values: Iterable[Any]) -> list[Any]:
    """Values as the database takes them."""
    found = []
    for field, value in zip(fields, values, strict=True):
        if hasattr(value, "resolve_expression"):
            raise TypeError(f"{field} is written as it is and not reckoned by the database")
        if field.remote_field and hasattr(value, "prepare_database_save"):
            value = value.prepare_database_save(field)
        found.append(field.get_db_prep_save(value, connection))
    return found


def _update_sql(model: type[Model], columns: tuple[str, ...], wanted: tuple[tuple[str, int | None], ...]) -> str:
    shape = (connection.vendor, model, columns, wanted)
    sql = _sql.get(shape)
    if sql is None:
        quote = connection.ops.quote_name
        changes = ", ".join(f"{quote(column)} = %s" for column in columns)
        where = " AND ".join(
            f"{quote(column)} = %s" if several is None else f"{quote(column)} IN ({', '.join(['%s'] * several)})"
            for column, several in wanted
        )
        sql = _sql[shape] = f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE {where}"  # noqa: S608
    return sql
