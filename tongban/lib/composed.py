"""Questions that are composed once: Django's ORM writes the SQL when it is asked for the first time, afterwards only values change.

    @composed(person=BigIntegerField(), today=DateField())
    def memberships(person, today):
        return Membership.objects.filter(person_id=person, since__lte=today).select_related("company").order_by("pk")

    memberships(person=3, today=today)    # a list of rows, asked of the database anew every time

Composing is most of what a small question costs (about 1 ms of 1.2), and pages of people who signed in ask a dozen small ones.
Arguments with a field are values: inside the function they stand for what comes later, so it may pass them on but not look at
them. Arguments without a field make another question each (few of them: the SQL of each is kept for as long as the process
lives). Nothing that was read is kept.

    @composed_of_several(BigIntegerField())
    def licences(keys):
        return Licence.objects.filter(pk__in=keys)

    licences([3, 5, 8])    # the same about several keys
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

import orjson
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import DateTimeField, Field, JSONField, Model, QuerySet, Value, prefetch_related_objects
from django.db.models.base import ModelState
from django.db.models.expressions import Col
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesListIterable, get_related_populators
from django.db.models.signals import post_init, pre_init

from tongban.lib import prepared

SHAPES: tuple[type, ...] = (ModelIterable, FlatValuesListIterable, ValuesListIterable)


class Later(Value):
    """Where a value comes in that is only known when the question is asked."""

    def __init__(self, name: str, field: Field):
        super().__init__(None, output_field=field)
        self.name = name

    def as_sql(self, compiler, connection):
        return "%s", [self]


class Composed:
    """One question in the SQL of one kind of database."""

    def __init__(self, rows: QuerySet):
        query, using = rows.query, rows.db
        connection = connections[using]
        compiler = query.get_compiler(connection=connection)
        self.sql, self.params = compiler.as_sql()
        self.using = using
        self.prepared = not query.is_sliced  # a page of a list: planned anew, it depends on whom it is asked for
        self.select = [expression for expression, _sql, _alias in compiler.select]
        self.extra = list(compiler.annotation_col_map.items()) if compiler.annotation_col_map else []
        self.prefetched = rows._prefetch_related_lookups  # type: ignore[attr-defined]
        self.shape = rows._iterable_class  # type: ignore[attr-defined]
        if rows._known_related_objects or self.shape not in SHAPES:  # type: ignore[attr-defined]
            raise TypeError("only rows of a model and lists of values are composed once")
        if compiler.has_extra_select or query.extra_select or query.combinator:
            raise TypeError("a question with columns of its own making is not composed once")
        self.model: type[Model] = rows.model
        if self.shape is ModelIterable:
            fields = compiler.klass_info["select_fields"]
            self.first, self.last = fields[0], fields[-1] + 1
            self.names = [one.target.attname for one in self.select[self.first : self.last]]  # type: ignore[attr-defined]
            populators = get_related_populators(compiler.klass_info, compiler.select, using)  # type: ignore[call-arg]
            self.made = _maker(self.model, self.names, using)
            self.related = [_related(populator) for populator in populators]
        self._converters = threading.local()

    def ask(self, given: dict[str, Any], connection: Any = None) -> list:
        connection = connection or connections[self.using]
        params = [
            one.output_field.get_db_prep_value(given[one.name], connection) if isinstance(one, Later) else one
            for one in self.params
        ]
        with prepared.cursor(connection) if self.prepared else connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            rows = cursor.fetchall()
        if rows and (converters := self._of(connection)):
            rows = [self._converted(row, converters, connection) for row in rows]
        if self.shape is FlatValuesListIterable:
            return [row[0] for row in rows]
        if self.shape is ValuesListIterable:
            return [tuple(row) for row in rows]
        found = [self._made(row) for row in rows]
        if found and self.prefetched:
            prefetch_related_objects(found, *self.prefetched)
        return found

    def _of(self, connection) -> list:
        """How values of each column are read; held by the thread whose connection it is."""
        held = getattr(self._converters, "held", None)
        if held is None or held[0] is not connection:
            found = [
                (place, ways, expression)
                for place, expression in enumerate(self.select)
                if (ways := _ways(expression, connection))
            ]
            self._converters.held = held = (connection, found)
        return held[1]

    @staticmethod
    def _converted(row, converters, connection) -> list:
        values = list(row)
        for place, ways, expression in converters:
            value = values[place]
            if value is None:  # no field reads what is not there as something else
                continue
            for way in ways:
                value = way(value, expression, connection)
            values[place] = value
        return values

    def _made(self, row) -> Model:
        one = self.made(row[self.first : self.last])
        for place in self.related:
            place(row, one)
        for name, number in self.extra:
            setattr(one, name, row[number])
        return one


def _maker(model: type[Model], names: list[str], using: str) -> Callable[[Sequence[Any]], Any]:
    """How a row becomes a model: as `from_db` does it, without asking of each field whether it was given."""
    ordinary = (
        model.__init__ is Model.__init__
        and model.from_db.__func__ is Model.from_db.__func__  # type: ignore[attr-defined]
        and not any(signal.has_listeners(model) for signal in (pre_init, post_init))
    )
    if not ordinary:
        return lambda values: model.from_db(using, names, values)

    def made(values):
        one = model.__new__(model)
        held = one.__dict__
        held["_state"] = state = ModelState()
        state.adding, state.db = False, using
        held.update(zip(names, values, strict=True))
        return one

    return made


def _related(populator: Any) -> Callable[[Sequence[Any], Any], None]:
    """What `select_related` brought along, set on the row it belongs to."""
    if populator.reorder_for_init is not None:
        return populator.populate
    first, last, key = populator.cols_start, populator.cols_end, populator.cols_start + populator.pk_idx
    made = _maker(populator.model_cls, populator.init_list, populator.db)
    deeper = [_related(one) for one in populator.related_populators]

    def populate(row, whose):
        one = None if row[key] is None else made(row[first:last])
        populator.local_setter(whose, one)
        if one is not None:
            for place in deeper:
                place(row, one)
            populator.remote_setter(one, whose)

    return populate


def _ways(expression: Any, connection) -> list[Callable[..., Any]]:
    """The converters of a column; plain JSON is read by the faster reader, and what is empty without one; SQLite's moments without detours."""
    field = expression.output_field
    if type(field) is JSONField and field.decoder is None and isinstance(expression, Col):
        return [_json]
    if connection.vendor == "sqlite" and type(field) is DateTimeField and settings.USE_TZ:
        return [_moment]
    return connection.ops.get_db_converters(expression) + expression.get_db_converters(connection)


def _json(value: Any, expression: Any, connection: Any) -> Any:
    if value is None:
        return None
    if value == "{}":
        return {}
    if value == "[]":
        return []
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:  # NaN, or a number only Python holds: read as Django reads it
        return JSONField().from_db_value(value, expression, connection)


def _moment(value: Any, expression: Any, connection: Any) -> Any:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return connection.ops.convert_datetimefield_value(value, expression, connection)
    return found if found.tzinfo else found.replace(tzinfo=connection.timezone)


SEVERAL = 26  # a page of a list, and one more


def composed_of_several(field: Field) -> Callable[[Callable[[list], QuerySet]], Callable[[Iterable], list[Any]]]:
    """A question about several keys, given as one list: composed once for each number of them, beyond `SEVERAL` as Django does it."""

    def around(question: Callable[[list], QuerySet]) -> Callable[[Iterable], list[Any]]:
        places = [f"key{place}" for place in range(SEVERAL)]

        @composed(**dict.fromkeys(places, field))
        def some(**keys):
            return question(list(keys.values()))

        @wraps(question)
        def asked(keys: Iterable) -> list[Any]:
            wanted = list(dict.fromkeys(keys))
            if not wanted:
                return []
            if len(wanted) > SEVERAL:
                return list(question(wanted))
            return some(**dict(zip(places, wanted, strict=False)))

        return asked

    return around


def composed(**values: Field) -> Callable[[Callable[..., QuerySet]], Callable[..., list[Any]]]:
    later = {name: Later(name, field) for name, field in values.items()}

    def around(question: Callable[..., QuerySet]) -> Callable[..., list[Any]]:
        known: dict[Hashable, Composed] = {}

        @wraps(question)
        def asked(**given: Any) -> list[Any]:
            connection = connections[DEFAULT_DB_ALIAS]
            shape = (
                connection.vendor,
                *[(name, None if name in later else value) for name, value in given.items()],
            )
            found = known.get(shape)
            if found is None:
                found = known[shape] = Composed(question(**{name: later.get(name, given[name]) for name in given}))
            return found.ask(given, connection if found.using == DEFAULT_DB_ALIAS else None)

        return asked

    return around
