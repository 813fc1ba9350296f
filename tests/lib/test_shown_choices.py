"""`get_…_display()` says the same as Django's own way, in both languages, for every field with choices of the product."""

import pytest
from django.apps import apps
from django.db.models import Model
from django.utils import translation

from tongban.lib import shown_choices


def fields():
    return [
        (model, field)
        for model in apps.get_models()
        if model.__module__.startswith("tongban.")
        for field in model._meta.local_concrete_fields
        if field.choices
    ]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_choice_is_said_as_django_says_it(language):
    assert len(fields()) > 100
    with translation.override(language):
        for model, field in fields():
            own = getattr(model, f"get_{field.name}_display")
            for value in [*dict(field.flatchoices), "unheard-of", "", None]:
                row = model(**{field.attname: value})
                assert own(row) == Model._get_FIELD_display(row, field), (model, field.name, value)


def test_it_is_in_force_and_a_second_time_nothing_is_done():
    model, field = fields()[0]
    assert getattr(model, f"get_{field.name}_display").__module__ == shown_choices.__name__
    assert shown_choices.install(apps.get_models()) == 0
