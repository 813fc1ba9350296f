"""Rows that are written with SQL made once: what Django writes for the same row, without composing it again at each act.

    new(Model, ...)                   Model(...)
    insert(row)                       row.save(force_insert=True)
    insert_all(rows)                  Model.objects.bulk_create(rows)
    keep(row, "state", "opinion")     row.save(update_fields=["state", "opinion"])
    update(Model, wanted, changes)    Model._base_manager.filter(**wanted).update(**changes)

An act writes a dozen small rows, and composing one took five times as long as the database took to keep it. Values still go through
their fields (sealing, dates, JSON, `auto_now`). What these do not know goes Django's own way: expressions, tables with parents,
columns the database reckons. No signals are sent, and no model that has its own `save` may come here.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models
from django.db.models import Field, Model
from django.db.models.base import ModelState
from django.db.models.signals import post_init, post_save, pre_init, pre_save

from tongban.lib import prepared

Row = TypeVar("Row", bound=Model)

VALUES_AT_MOST = 900  # in one statement: SQLite may be built for 999

NOTHING = frozenset[type]()
_columns: dict[type[Model], list[Field]] = {}
_taken: dict[Hashable, list[tuple[Any, frozenset[type], frozenset[type]]]] = {}
_beginning: dict[type[Model], tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]] = {}
_sql: dict[Hashable, str] = {}


def new(model: type[Row], **given: Any) -> Row:
    """`model(**given)`, without asking every field each time what it begins with: for rows that every act writes."""
    found = _beginning.get(model)
    if found is None:
        if _of(model) is None or model.__init__ is not Model.__init__:
            return model(**given)
        fields: Any = model._meta.concrete_fields
        fresh = [one for one in fields if one.has_default() and callable(one.default)]
        found = _beginning[model] = (
            {one.attname: one.get_default() for one in fields if one not in fresh},
            [(one.attname, one.get_default) for one in fresh],
        )
    always, made = found
    one = model.__new__(model)
    held = one.__dict__
    held["_state"] = ModelState()
    held.update(always)
    for name, begins in made:
        held[name] = given[name] if name in given else begins()
    for name, value in given.items():
        if name in held:
            held[name] = value
        else:  # what it refers to, given as a row; a name nobody knows is refused there
            model._meta.get_field(name)
            setattr(one, name, value)
    return one


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
    connection = connections[DEFAULT_DB_ALIAS]
    taken = _as_taken(connection, type(row), names)
    values = [field.pre_save(row, add=False) for field, *_types in taken]
    if _of(type(row)) is None or any(hasattr(value, "resolve_expression") for value in values):
        row.save(update_fields=names)
        return
    with prepared.cursor(connection) as cursor:
        cursor.execute(
            _update_sql(
                connection, type(row), tuple(field.column for field, *_types in taken), ((str(meta.pk.column), None),)
            ),
            [*_kept(connection, taken, values), row.pk],
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
    connection = connections[DEFAULT_DB_ALIAS]
    taken = _as_taken(connection, model, tuple(changes))
    asked: Any = [(meta.get_field(name), value) for name, value in wanted.items()]
    shape = tuple((field.column, len(value) if isinstance(value, tuple) else None) for field, value in asked)
    params = _kept(connection, taken, changes.values())
    for field, value in asked:
        several = value if isinstance(value, tuple) else (value,)
        params += [field.get_db_prep_value(one, connection) for one in several]
    with prepared.cursor(connection) as cursor:
        cursor.execute(_update_sql(connection, model, tuple(field.column for field, *_types in taken), shape), params)
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
            or any(signal.has_listeners(model) for signal in (pre_init, post_init, pre_save, post_save))
            or any(one.generated or one.has_db_default() or hasattr(one, "get_placeholder") for one in fields)
        ):
            return None
        found = _columns[model] = [field for field in fields if field is not meta.auto_field]
    return found


def _insert(model: type[Model], columns: Sequence[Any], rows: list[Any], or_ignore: bool) -> None:
    meta, connection = model._meta, connections[DEFAULT_DB_ALIAS]
    given = meta.auto_field is not None
    if given and any(row.pk is not None for row in rows):
        raise ValueError("a row that has its key already is not a new one")
    params: list[Any] = []
    taken = _as_taken(connection, model, None)
    for row in rows:
        params += _kept(connection, taken, [field.pre_save(row, add=True) for field in columns])
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
    with prepared.cursor(connection) as cursor:
        cursor.execute(sql, params)
        if or_ignore:
            return
        keys = [key for (key,) in cursor.fetchall()]
    for row, key in zip(rows, keys, strict=True):
        if given:
            row.pk = key
        row._state.adding, row._state.db = False, connection.alias


def _as_taken(
    connection: Any, model: type[Model], names: tuple[str, ...] | None
) -> list[tuple[Any, frozenset[type], frozenset[type]]]:
    """Fields by name, or all that `_of` fills in, each with the types of value it takes as they are or as `_spelt` spells them."""
    shape = (connection.vendor, model, names)
    found = _taken.get(shape)
    if found is None:
        fields = (_of(model) or []) if names is None else [model._meta.get_field(name) for name in names]
        moments = connection.vendor == "sqlite" and connection.timezone is UTC
        found = _taken[shape] = [
            (field, _plain(connection.vendor, field), _SPELT.get(type(field), NOTHING) if moments else NOTHING)
            for field in fields
        ]
    return found


_SPELT: dict[type, frozenset[type]] = {
    models.DateTimeField: frozenset((datetime,)),
    models.DateField: frozenset((date,)),
    models.JSONField: frozenset((dict, list)),
}


def _spelt(value: Any) -> str | None:
    """What SQLite keeps of a moment, a day, and of JSON that holds nothing; None: the field itself has to say it."""
    if type(value) is datetime:
        return value.replace(tzinfo=None).isoformat(" ") if value.tzinfo is UTC else None
    if type(value) is date:
        return value.isoformat()
    return None if value else "{}" if type(value) is dict else "[]"


def _kept(
    connection: Any, taken: list[tuple[Any, frozenset[type], frozenset[type]]], values: Iterable[Any]
) -> list[Any]:
    """Values as the database takes them."""
    found = []
    for (field, plain, spelt), value in zip(taken, values, strict=True):
        kind = type(value)
        if kind in plain:
            found.append(value)
            continue
        if kind in spelt:
            text = _spelt(value)
            if text is not None:
                found.append(text)
                continue
        if hasattr(value, "resolve_expression"):
            raise TypeError(f"{field} is written as it is and not reckoned by the database")
        if field.remote_field and hasattr(value, "prepare_database_save"):
            value = value.prepare_database_save(field)
        found.append(field.get_db_prep_save(value, connection))
    return found


TEXTS = (models.CharField, models.TextField, models.SlugField)
NUMBERS = (
    models.AutoField, models.BigAutoField, models.IntegerField, models.BigIntegerField, models.SmallIntegerField,
    models.PositiveIntegerField, models.PositiveSmallIntegerField, models.PositiveBigIntegerField,
)  # fmt: skip


def _plain(vendor: str, field: Any) -> frozenset[type]:
    """Of which types a column takes a value as it is. Fields of our own (sealed ones) say themselves what is kept."""
    at, found = field, NOTHING
    while type(at) in (models.ForeignKey, models.OneToOneField):
        at = at.target_field
    if at is field and type(at) in TEXTS:
        found = frozenset((str, type(None)))
    elif type(at) is models.BooleanField:
        found = frozenset((bool, type(None)))
    elif vendor == "sqlite" and type(at) in NUMBERS:  # the driver of PostgreSQL is told how wide a number is
        found = frozenset((int, type(None)))
    elif type(at) in _SPELT:
        found = frozenset((type(None),))
    return found


def _update_sql(
    connection: Any, model: type[Model], columns: tuple[str, ...], wanted: tuple[tuple[str, int | None], ...]
) -> str:
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
