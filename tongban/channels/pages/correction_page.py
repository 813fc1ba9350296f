"""The form of a case given back, as its applicant has it before them: drawn for an officer who helps, numbers covered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tongban.cases import correction, rules
from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.channels.pages import beside_case, errand, preparing
from tongban.lib.formschema import Field, Form

TEMPLATE = "portal/apply/form.html"


@dataclass(frozen=True)
class Marked:
    """The questions that may be changed, drawn like a form."""

    form: Form
    names: frozenset[str]

    def __iter__(self) -> Iterator[Field]:
        return (one for one in self.form if one.id in self.names)

    def visible(self, values: Mapping) -> list[Field]:
        return [one for one in self.form.visible(values) if one.id in self.names]


def context(case: Case, *, base: str) -> dict[str, Any]:
    """What the page of the form says at this moment; nothing in it leads to what somebody else may not see."""
    whole = rules.form_of(case)
    limits = correction.changeable(case)
    found = cases.open_findings(case)
    done, total = correction.progress(case)
    names, labels = preparing.steps_of(case), dict(preparing.STEPS)
    at = names.index("form")
    return {
        "base": base,
        "case": case,
        "version": case.version,
        "party": case.applicant,
        "steps": [
            {"label": labels[name], "state": "current" if place == at else "done" if place < at else "todo", "href": ""}
            for place, name in enumerate(names)
        ],
        "findings": found,
        "points": {"done": done, "total": total, "only_marked": limits is not None},
        "form": whole if limits is None else Marked(whole, limits.fields),
        "values": {one.id: _covered(one, held.get("value")) for one in whole if (held := case.values.get(one.id))},
        "errors": {},
        "remarks": {},
        "meant": beside_case.meant(case),
        "sources": errand.sources(case),
        "marked": {one.field: one for one in found if one.field and not one.answered_at},
        "divisions": errand.divisions(),
        "current": "form",
        "tab": "",
        "conflict": None,
        "offers": [],
        "part": None,
        "known": 0,
        "asked": {},
        "hands": [],
        "carried": None,
        "on_list": None,
        "labels": {},
        "looked_at": True,
    }


def _covered(one: Field, value: Any) -> Any:
    if value in (None, "", []) or not one.personal:
        return value
    if one.type == "table" and isinstance(value, list):
        return [{c.id: _covered(c, line.get(c.id)) for c in one.columns} for line in value if isinstance(line, dict)]
    if one.type == "person" and isinstance(value, dict):
        return value | {"id_no": one.mask(value.get("id_no"))}
    return value if one.type == "photo" else one.display(value, masked=True)
