"""What belongs to a case, found from the tables themselves: a table that somebody adds is seen by itself."""

from django.apps import apps
from django.db import models

from tongban.cases.models import Case
from tongban.materials.models import Document


def paper_fields() -> list[tuple[type[models.Model], str]]:
    """Every field that names a document, apart from what belongs to the document itself."""
    return [
        (model, one.name)
        for model in apps.get_models()
        for one in model._meta.concrete_fields
        if isinstance(one, models.ForeignKey) and one.related_model is Document and model._meta.app_label != "materials"
    ]


def path_to_case(model: type[models.Model], depth: int = 3) -> list[str]:
    """By which ways of fields a row belongs to a case: `case`, or `inspection__case`."""
    found = []
    for one in model._meta.concrete_fields:
        if not isinstance(one, models.ForeignKey) or one.related_model is None:
            continue
        if one.related_model is Case:
            found.append(one.name)
        elif (
            depth > 1
            and one.related_model is not model
            and one.related_model._meta.app_label in ("cases", "evaluations")
        ):
            found += [f"{one.name}__{way}" for way in path_to_case(one.related_model, depth - 1)]
    return found


def papers_of(ids: list[int]) -> set[int]:
    found: set[int] = set()
    for model, name in paper_fields():
        for way in path_to_case(model):
            rows = model._default_manager.filter(**{f"{way}__in": ids}).exclude(**{name: None})
            found |= set(rows.values_list(name, flat=True))
    return found
