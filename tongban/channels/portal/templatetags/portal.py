"""Words of the errand: what a field or a document is called."""

from django import template

from tongban.cases import rules
from tongban.lib.bilingual import say
from tongban.matters.models import MaterialType

register = template.Library()


@register.filter
def field_label(name: str, version) -> str:
    """The label of a form's field; of a row in a repeated group, the group's label."""
    asked = rules.form_of(version)
    head = str(name).split("-")[0]
    if head in asked:
        return say(asked[head].label)
    return str(name).removeprefix("material:")


@register.filter
def material_label(slug: str) -> str:
    kind = MaterialType.objects.filter(slug=slug).first()
    return kind.shown_name if kind else slug
