"""Model fields that are clear text in Python and sealed in the database."""

import json
from typing import Any

from django.core import checks
from django.core.exceptions import FieldError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from .encryption import decrypt, encrypt


class EncryptedField(models.TextField):
    """Text sealed with AES-GCM. Nothing can be asked of it but `isnull`; to find rows, keep a blind index beside it.

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
