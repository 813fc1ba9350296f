"""What stands on pages about identity codes, for whoever shows one and for whoever reads it."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.codes.models import Scene
from tongban.codes.wording import FIELDS
from tongban.parties.models import Company, IdKind

COLOURS: dict[str, Promise] = {
    "blue": _("blue: identity only"),
    "green": _("green"),
    "yellow": _("yellow"),
    "red": _("red"),
    "grey": _("grey"),
}
RESULTS: dict[str, Promise] = {"negative": _("negative"), "positive": _("positive"), "unknown": _("not known yet")}
SAID: dict[str, dict[Any, Any]] = {
    "colour": COLOURS,
    "of_age": {True: _("yes"), False: _("no")},
    "elderly": {True: _("yes"), False: _("no")},
    "student": {True: _("yes"), False: _("no")},
    "insured": {True: _("yes"), False: _("no")},
    "id_kind": dict(IdKind.choices),
    "company_status": dict(Company.Status.choices),
}


def colour_word(colour: str) -> str:
    return str(COLOURS[colour])


def scene_names() -> dict[str, str]:
    """{slug: name in the reader's language}; also of scenes that are out of force, for what was read before."""
    return {scene.slug: scene.shown_name for scene in Scene.objects.only("slug", "name")}


def answer_lines(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """[{name, label, value}] of what a reader was given, in words."""
    return [{"name": name, "label": FIELDS[name], "value": _value(name, value)} for name, value in fields.items()]


def _value(name: str, value: Any) -> Any:
    if name == "test" and isinstance(value, dict):
        return {"result": RESULTS.get(value["result"], value["result"]), "at": value["sampled_at"]}
    return SAID.get(name, {}).get(value, value)
