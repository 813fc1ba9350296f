"""Model fields that are clear text in Python and sealed in the database."""

import json
from typing import Any

from django.core import checks
from django.core.exceptions import EmptyResultSet, FieldError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import migrations, models
from django.db.models.lookups import Exact

from .encryption import FINDABLE, PREFIX, decrypt, encrypt, open_findable, seal_findable


class Empty(Exact):
    """Whether nothing was written: the one thing that a sealed field says without being opened."""

    lookup_name = "exact"

    def __init__(self, lhs, rhs):
        if rhs != "":
            raise FieldError(
                f"{lhs.output_field.name} is sealed and cannot be searched by exact. Ask its blind index instead."
            )
        super().__init__(lhs, rhs)


class EncryptedField(models.TextField):
    """Text sealed with AES-GCM. Nothing can be asked of it but `isnull` and whether it is empty; to find rows, keep a blind index beside it.

    Empty text is stored as it is. `context` binds the value to its place (by default `app.model.field`); give the old one
    when a field is renamed, or stored values no longer open.
    """

    description = "Text, sealed in the database"

    def __init__(self, *args, context: str | None = None, **kwargs):
        self.given_context = context
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        if self.given_context is not None:
            kwargs["context"] = self.given_context
        return name, path, args, kwargs

    @property
    def context(self) -> str:
        return self.given_context or f"{self.model._meta.label_lower}.{self.name}"

    def check(self, **kwargs):
        found = super().check(**kwargs)
        if self.unique or getattr(self, "db_index", False) or self.primary_key:
            found.append(
                checks.Error(
                    "A sealed field cannot be unique or indexed: the same text is stored differently each time.",
                    hint="Put the constraint on a blind index beside it.",
                    obj=self,
                    id="tongban.E001",
                )
            )
        return found

    def get_lookup(self, lookup_name):
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        if lookup_name == "exact":
            return Empty
        raise FieldError(f"{self.name} is sealed and cannot be searched by {lookup_name}. Ask its blind index instead.")

    def get_transform(self, lookup_name):
        raise FieldError(f"{self.name} is sealed and cannot be searched by {lookup_name}. Ask its blind index instead.")

    def get_db_prep_value(self, value, connection, prepared=False):
        if value is None:
            return None
        text = self.written(value)
        return encrypt(text, self.context).decode("ascii") if text else text

    def from_db_value(self, value, expression, connection):
        if value is None:
            return None
        if isinstance(value, memoryview):
            value = value.tobytes()
        return self.read(decrypt(value, self.context) if value else "")

    def written(self, value) -> str:
        return str(value)

    def read(self, text: str):
        return text


class Nobody(Empty):
    """Asked for a text, it finds no row: what it copies is asked elsewhere."""

    def __init__(self, lhs, rhs):
        self.wanted = rhs
        super().__init__(lhs, "" if isinstance(rhs, str) else rhs)  # another column is no text: refused there

    def as_sql(self, compiler, connection):
        if self.wanted:
            raise EmptyResultSet
        return super().as_sql(compiler, connection)


class CopiedField(EncryptedField):
    """A sealed copy of what a findable column elsewhere holds. A library that asks this one too is told of nobody."""

    def get_lookup(self, lookup_name: str):
        return Nobody if lookup_name in {"exact", "iexact"} else super().get_lookup(lookup_name)

    def deconstruct(self):
        name, _path, args, kwargs = super().deconstruct()
        return name, "tongban.lib.fields.EncryptedField", args, kwargs


class EncryptedJSONField(EncryptedField):
    """Anything JSON can hold, sealed as a whole. Dates and decimals come back as text."""

    description = "JSON, sealed in the database"

    _pyi_private_set_type: Any  # what django-stubs asks for: not text but anything
    _pyi_private_get_type: Any

    def written(self, value) -> str:
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))

    def read(self, text: str):
        return json.loads(text) if text else None

    def to_python(self, value):
        return value

    def get_prep_value(self, value):
        return value

    def value_to_string(self, obj):
        return self.written(self.value_from_object(obj))


class Findable:
    """What makes a field of short text sealed and findable: the same text is stored the same, so it may be unique and indexed.

    It can be asked for as a whole (`exact`, `in`; `iexact` asks for the small letters, which is how such text is kept) and not by a part.
    Who reads the database sees which rows hold the same text, and nothing else. Its key is the index key: it is not renewed.
    """

    ASKED_BY = frozenset({"exact", "in", "isnull"})
    model: type[models.Model]

    @property
    def context(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"  # type: ignore[attr-defined]

    def db_type(self, connection) -> str:
        return "text"

    def get_lookup(self, lookup_name: str):
        if lookup_name == "iexact":
            return Whole
        if lookup_name not in self.ASKED_BY:
            raise FieldError(f"{self.name} is sealed and can only be asked for as a whole, not by {lookup_name}.")  # type: ignore[attr-defined]
        return super().get_lookup(lookup_name)  # type: ignore[misc]

    def get_transform(self, lookup_name: str):
        raise FieldError(f"{self.name} is sealed and can only be asked for as a whole, not by {lookup_name}.")  # type: ignore[attr-defined]

    def get_db_prep_value(self, value, connection, prepared=False):
        text = self.get_prep_value(value)  # type: ignore[attr-defined]
        return seal_findable(text, self.context) if text else text

    def from_db_value(self, value, expression, connection):
        return open_findable(value, self.context) if value else value


class Whole(Exact):
    """Whatever the case it was typed in: such text is kept in small letters."""

    lookup_name = "iexact"

    def get_prep_lookup(self):
        return super().get_prep_lookup().lower()


class FindableField(Findable, models.CharField):
    description = "Short text, sealed in the database and found as a whole"


class FindableEmailField(Findable, models.EmailField):
    """For the address column of a library's table (see parties.apps): to migrations it stays what the library says it is."""

    def deconstruct(self):
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs


def make_findable(app: str, model: str, field: str):
    """The migration step that seals a column as `Findable` does; `as_text` comes before it."""
    context = f"{app}.{model.lower()}.{field}"

    def seal(apps, schema_editor):
        connection = schema_editor.connection
        table = apps.get_model(app, model)._meta.db_table
        with connection.cursor() as cursor:
            clear = f"SELECT id, {field} FROM {table} WHERE {field} <> '' AND {field} NOT LIKE %s"  # noqa: S608 - our own names
            cursor.execute(clear, [f"{FINDABLE}.%"])
            rows = cursor.fetchall()
            cursor.executemany(
                f"UPDATE {table} SET {field} = %s WHERE id = %s",  # noqa: S608 - our own names
                [(seal_findable(text, context), pk) for pk, text in rows],
            )

    return migrations.RunPython(seal, migrations.RunPython.noop)


def as_text(app: str, model: str, field: str):
    """The migration step that lets a column hold sealed text, which is longer than what it seals."""
    return migrations.RunPython(
        lambda apps, schema_editor: _widen(schema_editor, apps.get_model(app, model)._meta.db_table, field),
        migrations.RunPython.noop,
    )


def _widen(schema_editor, table: str, field: str) -> None:
    if schema_editor.connection.vendor == "postgresql":  # SQLite does not count letters
        schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {field} TYPE text")


def seal_what_was_written(app: str, model: str, *fields: str):
    """The migration step that seals what stood in these columns in the clear. Run again it finds nothing left to do; never undone."""

    def seal(apps, schema_editor):
        table = apps.get_model(app, model)._meta.db_table
        for field in fields:
            _seal_column(schema_editor.connection, table, field, f"{app}.{model.lower()}.{field}")

    return migrations.RunPython(seal, migrations.RunPython.noop)


def _seal_column(connection, table: str, column: str, context: str, batch: int = 2000) -> None:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, {column} FROM {table} WHERE id > %s AND {column} <> '' AND {column} NOT LIKE %s"  # noqa: S608 - our own names
                " ORDER BY id LIMIT %s",
                [last, f"{PREFIX}.%", batch],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            cursor.executemany(
                f"UPDATE {table} SET {column} = %s WHERE id = %s",  # noqa: S608 - our own names
                [(encrypt(text, context).decode("ascii"), pk) for pk, text in rows],
            )
            last = rows[-1][0]
