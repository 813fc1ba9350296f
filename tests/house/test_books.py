"""What is drawn from the code says what the code says; every field of every model has its row in the data map."""

import re
from pathlib import Path

import pytest
from django.apps import apps

from tongban.lib import yamls
from tongban.site.commands import books

ROOMS = [
    "journal",
    "places",
    "parties",
    "departments",
    "matters",
    "materials",
    "registers",
    "notices",
    "oversight",
    "licences",
    "payments",
    "cases",
    "codes",
    "halls",
    "evaluations",
    "indicators",
    "rights",
    "records",
]


@pytest.mark.parametrize("name", books.BOOKS)
def test_a_generated_book_is_not_stale(name):
    assert (books.DOCS / name).read_text("utf-8") == books.BOOKS[name](), "run `make books`"


def test_every_field_of_every_model_is_in_the_data_map():
    listed = yamls.read(Path("docs/data-map.yaml"))
    kept = {
        model._meta.label: {field.name for field in model._meta.concrete_fields}
        for room in ROOMS
        for model in apps.get_app_config(room).get_models()
    }

    assert {model: set(row["fields"]) for model, row in listed.items()} == kept
    for model, row in listed.items():
        assert all(row[what] for what in ("owner", "purpose", "basis", "retention")), model


def test_what_the_map_calls_sealed_is_sealed():
    from tongban.lib.fields import EncryptedField

    listed = yamls.read(Path("docs/data-map.yaml"))
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            for field in model._meta.concrete_fields:
                said = str(listed[model._meta.label]["fields"][field.name])
                if isinstance(field, EncryptedField):
                    assert said.startswith("sealed"), f"{model._meta.label}.{field.name}"


def test_every_setting_says_what_it_does():
    from tongban.site.configuration import Configuration

    assert [name for name, field in Configuration.model_fields.items() if not field.description] == []


def test_decision_records_are_numbered_without_gaps():
    numbers = sorted(int(p.name[:4]) for p in Path("docs/decisions").glob("[0-9]*.md"))

    assert numbers == list(range(1, len(numbers) + 1))
    assert all(re.match(r"\d{4}-[a-z0-9-]+\.md$", p.name) for p in Path("docs/decisions").glob("[0-9]*.md"))
