"""A form of `lib.formschema` as the components of a page: which control, what stands in it, where it came from, what is wrong."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from tongban.lib.bilingual import say
from tongban.lib.formschema import Field, Form, no_longer

MANY = 7  # more answers than this are a list to open, not cards
SEARCHED = 15  # more answers of a shared list than this are found by typing

CONTROLS = {
    "address": "textarea",
    "boolean": "yes_no",
    "consent": "consent",
    "date": "date",
    "multi": "choices",
    "person": "person",
    "photo": "photo",
    "scope_codes": "lines",
    "table": "rows",
}


def controls(
    form: Form,
    values: Mapping,
    errors: Mapping,
    sources: Mapping,
    marked: Mapping,
    remarks: Mapping,
    divisions=(),
    *,
    own: bool = False,
    acts: Mapping | None = None,
    meant: Mapping | None = None,
) -> list[dict[str, Any]]:
    """One dict a visible field, in the order of the form. Only `own` pages hold a covered number in full, behind a touch.

    `meant`: what yes and no mean for the whole application, {field: {"hint", "options": what stands on the two cards}}.

    `acts`: where the form's actions may be used, {action: what it told}; what they changed is drawn anew (`stamp`).
    """
    whole = form if isinstance(form, Form) else form.form
    deciding = whole.with_what_they_take(name.removeprefix("form.") for field in whole for name in field.show_if_fields)
    if acts is not None:
        deciding |= {one.of for one in whole.actions_shown(values) if one.on == "change"}
    found = []
    section = ""
    for field in form.visible(values):
        found += _acts(whole, field, values, acts, ahead=True)
        one = _control(field, values.get(field.id), errors, sources, divisions, own=own)
        if field.formula is not None:
            one |= {"kind": "reckoned", "value": in_words(field, values.get(field.id)), "full": ""}
            one["takes"] = [(taken.id, say(taken.label)) for taken in whole.takes(field)]
        if one["kind"] == "yes_no" and field.id in (meant or {}):
            one |= {"kind": "choices", "value": truth(one["value"]), **(meant or {})[field.id]}
        one["decides"] = field.id in deciding
        one["finding"] = marked.get(field.id)
        one["remarks"] = remarks.get(field.id, ())
        one["section"] = say(field.extra.get("section_name") or field.section) if field.section != section else ""
        one["stamp"] = (acts or {}).get("stamps", {}).get(field.id, "")
        section = field.section
        found.append(one)
        found += _acts(whole, field, values, acts, ahead=False)
    return found


def _acts(whole: Form, field: Field, values: Mapping, acts: Mapping | None, *, ahead: bool) -> list[dict[str, Any]]:
    """The actions beside this question: a button, and what one did just now."""
    if acts is None or not whole.actions:
        return []
    told = acts.get("told", {})
    return [
        {
            "kind": "act", "name": f"act-{one.id}", "id": one.id, "label": say(one.own.label), "help": _help(one.own),
            "button": one.on == "press", "told": told.get(one.id), "stamp": " told" if one.id in told else "",
        }
        for one in whole.actions_shown(values)
        if one.beside == field.id and one.ahead == ahead and (one.on == "press" or one.id in told)
    ]  # fmt: skip


def truth(value: Any) -> str:
    """ "true", "false" or "" for whatever a form or a stored answer holds."""
    return "" if value in (None, "") else "true" if str(value).lower() in {"true", "1", "yes", "on"} else "false"


NOTHING_YET = "—"


def in_words(field: Field, value: Any) -> str:
    """A result as the page shows it; a dash while there is none."""
    shown = field.display(value)
    return _("%(amount)s yuan") % {"amount": shown} if shown and field.type == "money" else shown or NOTHING_YET


def results(form: Form, values: Mapping, left: Collection[str] = ()) -> dict[str, str]:
    """What formulas make of these answers, in words, for a page that shows them already."""
    shown = [one for one in form.visible(values) if one.id not in left] if form.reckoned_fields else []
    return {one.id: in_words(one, values.get(one.id)) for one in shown if one.formula is not None}


def _control(field: Field, value: Any, errors: Mapping, sources: Mapping, divisions, *, own: bool) -> dict[str, Any]:
    source = sources.get(field.id) or {}
    earlier = bool(source.get("earlier"))  # said beside the field in words of its own
    kind, options = CONTROLS.get(field.type, "text"), _options(field, divisions)
    if options and kind == "text":
        kind = "choices" if len(options) < MANY else "select"
    fixed = bool(field.readonly and source and not source.get("own"))
    covers = (fixed or field.masked) and bool(field.covered(value))
    full = field.display(value, masked=False) if own and covers else ""
    if fixed and kind in {"choices", "select", "yes_no", "person", "rows", "lines"}:
        kind, value = "shown", field.covered(value) or field.display(value)
    elif fixed and isinstance(value, bool):  # a register may answer yes or no where the form asks for a proof
        value = field.display(value)
    elif covers and isinstance(value, str):
        value = field.mask(value)
    shared = _shared(field, kind, value, errors, options) if field.code_list and kind in ("choices", "select") else {}
    return {
        "kind": kind,
        "name": field.html_name,
        "label": say(field.label),
        "help": _help(field),
        "hint": "",
        "value": "" if value is None else value,
        "full": full,
        "options": options,
        "required": field.required,
        "readonly": fixed,
        "type": field.input_type,
        "inputmode": field.input_mode,
        "autocomplete": field.autocomplete,
        "longest": field.longest,
        "min": "" if field.min is None else field.min,
        "max": "" if field.max is None else field.max,
        "multi": field.type == "multi",
        "money": field.type == "money",
        "errors": errors.get(field.id, ()),
        "source": "" if earlier else source.get("name", ""),
        "source_at": source.get("at", ""),
        "changed": source.get("changed", False),
        "wrong_href": source.get("wrong_href", ""),
        "disputed": source.get("disputed"),
        "earlier": source.get("at") if earlier else None,
        **_parts(field, value, errors),
        **shared,
    }


def _shared(field: Field, kind: str, value: Any, errors: Mapping, options: list) -> dict[str, Any]:
    """An answer from a list of many matters: one no longer offered stays in sight and says so; long lists are searched."""
    gone = field.withdrawn(value)
    offered = field.offered
    found: dict[str, Any] = {}
    if gone:
        words = _("%(answer)s (no longer offered: choose again)")
        options = [*options, *((code, words % {"answer": say(field.labels[code])}) for code in gone)]
        found["errors"] = errors.get(field.id) or [no_longer(field, code) for code in gone]
    if field.type == "multi":
        return {**found, "options": options}
    if len(offered.codes) > SEARCHED:
        shown = say(offered.labels[value]) if isinstance(value, str) and value in offered.labels else value or ""
        other = "en" if say({"zh": "zh", "en": "en"}) == "zh" else "zh"
        pairs = [(say(offered.labels[code]), offered.labels[code].get(other, "")) for code in offered.codes]
        return {**found, "kind": "pick", "value": shown, "options": pairs}
    heads: dict[str, list] = {}
    for code, words in options:
        heads.setdefault(offered.heads.get(code, ""), []).append((code, words))
    if set(heads) - {""}:
        groups = [(say(offered.labels[head]) if head else "", many) for head, many in heads.items()]
        return {**found, "kind": "select", "groups": groups}
    return {**found, "options": options}


def _help(field: Field) -> str:
    said = say(field.help) if field.help else ""
    example = say(field.extra.get("example"))
    return " ".join(
        part for part in (said, _("For example: %(example)s") % {"example": example} if example else "") if part
    )


def _options(field: Field, divisions) -> list[tuple[str, str]]:
    if field.type == "division":
        return list(divisions)
    return [(key, say(words)) for key, words in field.choices] if field.type != "scope_codes" else []


def _parts(field: Field, value: Any, errors: Mapping) -> dict[str, Any]:
    """What a person is asked in, and the columns and rows of a repeated group."""
    if field.type == "person":
        held = value if isinstance(value, Mapping) else {}
        parts = []
        for part in field.parts:
            said = held.get(part.id.rpartition("-")[2], "")
            parts.append({**_cell(part, part.html_name, said), "errors": errors.get(part.id, ())})
        return {"parts": parts}
    if field.type == "table":
        rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
        return {
            "rows": [
                [
                    {
                        **_cell(column, field.cell_name(number, column), row.get(column.id, "")),
                        "errors": errors.get(field.cell_name(number, column), ()),
                    }
                    for column in field.columns
                ]
                for number, row in enumerate(rows or [{}])
            ]
        }
    if field.type == "scope_codes":
        return {"value": "\n".join(map(str, value)) if isinstance(value, list) else value or "", "lines": _lines(value)}
    return {}


def _lines(value: Any) -> list[str]:
    """The lines of business already named, and three empty ones for more."""
    return [*(map(str, value) if isinstance(value, list) else ()), "", "", ""]


def _cell(field: Field, name: str, value: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": say(field.label),
        "value": "" if value is None else value,
        "type": field.input_type,
        "inputmode": field.input_mode,
        "options": [(key, say(words)) for key, words in field.choices],
        "longest": field.longest,
    }
