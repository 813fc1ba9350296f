"""A form as its designer sees it: sections and fields as cards, one field as a page of choices. Pure: lists of dicts in and out.

Forms are written in several ways (words of an option in `labels`, columns by their names alone); what the designer touches it writes
in one way, what it does not know it leaves as it was.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from tongban.lib import unicode
from tongban.lib.bilingual import both, say
from tongban.lib.formschema import ACTION, FIELD_TYPES, RECKONED, Action, Field, FormError, action_renamed
from tongban.lib.problems import worded
from tongban.lib.rules import SCOPED, RuleError
from tongban.matters.editing import conditions, form_actions, formulas

MOST_FIELDS = 200
TYPES: dict[str, Any] = {
    "text": _("Text"),
    "number": _("Number"),
    "money": _("Amount of money"),
    "date": _("Date"),
    "boolean": _("Yes or no"),
    "choice": _("One of several answers"),
    "multi": _("Several answers"),
    "table": _("Repeated group"),
    "consent": _("Statement to agree to"),
    "address": _("Address"),
    "phone": _("Telephone number"),
    "person": _("Person (name and document)"),
    "id_number": _("Identity number"),
    "id_kind": _("Kind of identity document"),
    "uscc": _("Company code"),
    "company_name": _("Name of a company"),
    "scope_codes": _("Lines of business"),
    "bank_account": _("Bank account"),
    "division": _("Area"),
    "slot": _("Day and time"),
    "photo": _("Photograph"),
    "reference": _("Reference to something kept elsewhere"),
}
assert set(TYPES) == set(FIELD_TYPES)
CARDS = TYPES | {ACTION: _("Button that does something")}  # what may stand in a form; the last asks nothing
IN_TABLES = tuple(
    (name, label)
    for name, label in TYPES.items()
    if name not in ("table", "person", "photo", "multi", "scope_codes", "consent")
)
WITH_BOUNDS = {"number", "money", "date", "table"}
WITH_LENGTH = {"text", "address", "company_name", "reference"}
SECTIONS = {
    "who": both("谁来申请", "Who applies"),
    "need": both("申请内容", "What you apply for"),
    "result": both("结果与领取", "The result"),
    "statement": both("声明", "Statement"),
}


def ids(fields: Iterable[Mapping]) -> list[str]:
    return [str(one.get("id", "")) for one in fields]


def sections(fields: Iterable[Mapping]) -> list[dict[str, Any]]:
    """Fields that follow on each other in one section, as the form draws them."""
    found: list[dict[str, Any]] = []
    for number, one in enumerate(fields):
        name = one.get("section", "")
        if not found or found[-1]["id"] != name:
            found.append(
                {
                    "id": name,
                    "name": _words_of(one.get("section_name") or SECTIONS.get(name) or {}),
                    "fields": [],
                    "first": number,
                }
            )
        found[-1]["fields"].append(one)
    return found


def label_of(one: Mapping) -> dict[str, str]:
    label = one.get("label")
    if isinstance(label, Mapping):
        return dict(label)
    return both(str(one.get("zh") or one.get("en") or ""), str(one.get("en") or one.get("zh") or ""))


def _new_id(fields: Iterable[Mapping], wish: str = "question") -> str:
    taken = set(ids(fields))
    number = 1
    while (name := f"{wish}_{number}" if number > 1 or wish == "question" else wish) in taken:
        number += 1
    return name


# -- cards: add, copy, take away, another order

UNNAMED = both("新问题", "New question")
UNNAMED_BUTTON = both("新按钮", "New button")
UNNAMED_ANSWERS = both("第一项", "First answer"), both("第二项", "Second answer")
STILL_UNNAMED = {words for one in (UNNAMED, UNNAMED_BUTTON, *UNNAMED_ANSWERS) for words in one.values()}


def added(fields: list[dict], kind: str, after: str = "", *, name: str = "") -> tuple[list[dict], str]:
    """A new question of this kind after another one, or at the end of what is asked for; and its id."""
    fields = deepcopy(fields)
    kind = kind if kind in CARDS else "text"
    new = _new_id(fields)
    place = ids(fields).index(after) + 1 if after in ids(fields) else _end_of_questions(fields)
    like = fields[place - 1] if place else (fields[0] if fields else {})
    one: dict[str, Any] = {
        "id": new,
        "zh": name or UNNAMED["zh"],
        "en": name or UNNAMED["en"],
        "type": kind,
        "required": kind == "consent",
    }
    one |= {key: deepcopy(like[key]) for key in ("section", "section_name") if like.get(key)}
    if not one.get("section"):
        one |= {"section": "need", "section_name": SECTIONS["need"]}
    if kind == ACTION:
        one |= {
            "zh": name or UNNAMED_BUTTON["zh"],
            "en": name or UNNAMED_BUTTON["en"],
            "on": "press",
            "does": [{"do": "save"}],
        }
    if kind in ("choice", "multi"):
        one |= {
            "options": ["a", "b"],
            "labels": dict(zip("ab", map(dict, UNNAMED_ANSWERS), strict=True)),
        }
    if kind == "table":
        one |= {"columns": [{"id": "name", "zh": "名称", "en": "Name", "type": "text", "required": True}]}
    return [*fields[:place], one, *fields[place:]][:MOST_FIELDS], new


def _end_of_questions(fields: list[dict]) -> int:
    """Before the statement and how to get the result: new questions belong to what is asked for."""
    for number, one in enumerate(fields):
        if one.get("section") in ("result", "statement") or one.get("type") == "consent":
            return number
    return len(fields)


def doubled(fields: list[dict], name: str) -> tuple[list[dict], str]:
    fields = deepcopy(fields)
    if name not in ids(fields):
        return fields, ""
    place = ids(fields).index(name)
    new = _new_id(fields, f"{name}_copy")
    copy = deepcopy(fields[place]) | {"id": new}
    return [*fields[: place + 1], copy, *fields[place + 1 :]], new


def without(fields: list[dict], name: str) -> list[dict]:
    """Without this question. What depended on its answer is asked always again: nothing may depend on what nobody asks."""
    left = [deepcopy(one) for one in fields if one.get("id") != name]
    for one in left:
        if name in _asked_in(one.get("show_if")):
            one["show_if"] = None
    form_actions.without(left, name)
    return left


def _asked_in(show_if: Any) -> set[str]:
    if not show_if:
        return set()
    try:
        field = Field.from_data({"id": "x", "type": "text", "show_if": show_if})
    except (FormError, RuleError):
        return set()
    return {fact.removeprefix("form.") for fact in field.show_if_fields}


def moved(fields: list[dict], name: str, by: int = 0, *, to: int | None = None) -> list[dict]:
    """One place up or down, or to a place. A question that crosses into another section becomes part of it."""
    fields = deepcopy(fields)
    if name not in ids(fields):
        return fields
    at = ids(fields).index(name)
    one = fields.pop(at)
    neighbour = fields[at - 1] if by < 0 and at else fields[at] if by > 0 and at < len(fields) else None
    if by and neighbour is not None and neighbour.get("section") != one.get("section"):
        fields.insert(at, one)  # first over the line between two sections, in the same place
        _join(one, neighbour)
        return fields
    place = max(0, min(len(fields), at + by if to is None else to))
    fields.insert(place, one)
    if to is not None:
        beside = fields[place - 1] if place else fields[1] if len(fields) > 1 else one
        _join(one, beside)
    return fields


def _join(one: dict, other: Mapping) -> None:
    for key in ("section", "section_name"):
        if other.get(key):
            one[key] = deepcopy(other[key])
        else:
            one.pop(key, None)


def section_named(fields: list[dict], first: int, name: Mapping[str, str]) -> list[dict]:
    """Another heading over the section that begins at this place."""
    fields = deepcopy(fields)
    for section in sections(fields):
        if section["first"] == first and (name.get("zh") or name.get("en")):
            for one in section["fields"]:
                one["section_name"] = both(name.get("zh", ""), name.get("en", ""))
                one.setdefault("section", f"section-{first}")
    return fields


def section_begun(fields: list[dict], name: str) -> list[dict]:
    """A new section begins at this question: it and what follows it in its section."""
    fields = deepcopy(fields)
    if name not in ids(fields):
        return fields
    at = ids(fields).index(name)
    old = fields[at].get("section", "")
    taken, number = {one.get("section") for one in fields}, 2
    while (new := f"part-{number}") in taken:
        number += 1
    for one in fields[at:]:
        if one.get("section", "") != old:
            break
        one |= {"section": new, "section_name": both("新的一节", "New section")}
    return fields


# -- one field


def drawn(one: Mapping[str, Any], fields: list[dict]) -> dict[str, Any]:
    """One field as its editor shows it; columns and options always in words."""
    kind = one.get("type", "text")
    field = _readable({**one, "type": "text"} if kind == ACTION else one)
    facts = conditions.facts_of_form(before(fields, str(one.get("id"))))
    tree = conditions.tree_of(field.show_if if field else None)
    return {
        "id": one.get("id", ""),
        "type": kind,
        "label": _words_of(label_of(one)),
        "help": _words_of(one.get("help") or {}),
        "example": _words_of(one.get("example") or {}),
        "required": bool(one.get("required")),
        "readonly": bool(one.get("readonly")),
        "masked": bool(one.get("masked")),
        "sources": [part for part in str(one.get("prefill") or "").split("|") if part],
        "min": "" if one.get("min") is None else one["min"],
        "max": "" if one.get("max") is None else one["max"],
        "max_length": one.get("max_length") or "",
        "rows": one.get("rows") or 1,
        "options": [
            {"code": code, **_words_of(words)}
            for code, words in (field.choices if field and kind in ("choice", "multi") else ())
        ],
        "columns": [_column(column) for column in field.columns] if field else [],
        "action": form_actions.drawn(one, readable(fields)) if kind == ACTION else None,
        "with_options": kind in ("choice", "multi"),
        "code_list": one.get("code_list", "") if kind in ("choice", "multi") else "",
        "with_bounds": kind in WITH_BOUNDS,
        "with_length": kind in WITH_LENGTH,
        "with_lines": kind == "text",
        "with_columns": kind == "table",
        "with_formula": kind in RECKONED,
        "facts_all": conditions.facts_of_form([each for each in readable(fields) if each.id != one.get("id")]),
        "facts": facts,
        "tree": conditions.drawn(tree, facts, "c") if tree is not None else None,
        "asked": tree is not None and bool(tree["items"]),
        "logic": field.show_if if field else one.get("show_if"),
    }


def formula_of(one: Mapping[str, Any], fields: list[dict], tree: dict | None = None) -> dict[str, Any]:
    """What the page of a field shows of its formula: the choices (as just made, or as kept), and the sentence that it says."""
    form = readable(fields)
    name = str(one.get("id"))
    known = formulas.givens(form, name)
    facts = conditions.facts_of_form([each for each in form if each.id != name])
    tree = formulas.tree_of(one.get("formula"), known) if tree is None else tree
    return {
        "drawn": formulas.drawn(tree, known, facts) if tree is not None else None,
        "on": bool(one.get("formula") or (tree or {}).get("pick")),
        "said": formulas.spoken(one.get("formula"), form),
    }


def _words_of(words: Mapping[str, str]) -> dict[str, str]:
    return {"zh": words.get("zh", ""), "en": words.get("en", "")}


def _column(column: Field) -> dict[str, Any]:
    return {
        "id": column.id,
        **_words_of(column.label),
        "type": column.type,
        "required": column.required,
        "options": "\n".join(
            f"{code} = {words.get('zh', '')} = {words.get('en', '')}" for code, words in column.choices
        )
        if column.type == "choice"
        else "",
    }


def _readable(one: Mapping[str, Any]) -> Field | None:
    try:
        return Field.from_data(one)
    except (FormError, RuleError, ValueError, TypeError):
        return None


def before(fields: list[dict], name: str) -> Iterable[Field]:
    """The questions asked before this one, as far as they can be read."""
    found = []
    for one in fields:
        if one.get("id") == name:
            break
        if (field := _readable(one)) is not None:
            found.append(field)
    return found


class Misdrawn(ValueError):
    """What cannot be stored of one field, by the name of its input; `field` is what could be read."""

    def __init__(self, errors: dict[str, list], field: dict):
        super().__init__(", ".join(errors))
        self.errors, self.field = errors, field


def read(post: Any, fields: list[dict], name: str) -> tuple[list[dict], str]:
    """The form with one field as the page says it now, and the field's id, which may have been given anew."""
    old = next(one for one in fields if one.get("id") == name)
    errors: dict[str, list] = {}

    def text(key: str, longest: int = 500) -> str:
        said = str(post.get(key, "")).replace("\r\n", "\n").strip()
        try:
            return unicode.kept(said, lines=True)[:longest]
        except unicode.Unreadable as wrong:
            errors[key] = [wrong.sentence]
            return ""

    kind = text("type") if text("type") in CARDS else old.get("type", "text")
    label = both(text("label.zh"), text("label.en"))
    if not label["zh"] and not label["en"]:
        errors["label.zh"] = [_("Please write the question.")]
    one: dict[str, Any] = {key: deepcopy(value) for key, value in old.items() if key not in _EDITED}
    one |= {"type": kind, "required": "required" in post}
    one |= {"label": label} if "label" in old else {"zh": label["zh"], "en": label["en"]}
    for key in ("readonly", "masked"):
        if key in post:
            one[key] = True
    for key in ("help", "example"):
        words = both(text(f"{key}.zh"), text(f"{key}.en"))
        if words["zh"] or words["en"]:
            one[key] = words
    sources = [text(f"source.{number}") for number in range(3)]
    if found := list(dict.fromkeys(part for part in sources if re.fullmatch(r"[A-Za-z0-9_.-]{1,120}", part))):
        one["prefill"] = "|".join(found)
    if kind in WITH_BOUNDS:
        one |= _bounds(kind, text, errors)
    if kind in WITH_LENGTH and (longest := _whole(text("max_length"), errors, "max_length", 1, 5000)):
        one["max_length"] = longest
    if kind == "text" and (rows := _whole(text("rows"), errors, "rows", 1, 20)) and rows > 1:
        one["rows"] = rows
    if kind == ACTION:
        one.pop("required")
        if "act.on" in post:
            one |= form_actions.read(text, _numbers(post, form_actions.ROW), readable(fields))
        else:
            one |= {key: deepcopy(old[key]) for key in ("on", "of", "does") if key in old}
    if kind in ("choice", "multi"):
        one |= _shared_or_own(post, text, errors, old)
    if kind == "table":
        one |= _columns(post, text, errors, old)
    if post.get("when") == "if":
        facts = conditions.facts_of_form(before(fields, name))
        said = conditions.read(post, facts)
        errors |= said.errors
        if logic := conditions.short(conditions.logic_of(said.tree)):
            one["show_if"] = logic
    elif post.get("when") == "as-it-is" and old.get("show_if"):
        one["show_if"] = deepcopy(old["show_if"])
    if kind != ACTION:
        one |= _formula(post, fields, old, kind, name, errors)
    new = text("id", 60)
    if new and new != name:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", new) or new in ids(fields):
            errors["id"] = [
                _("Small letters, digits and _, beginning with a letter, and not used by another question.")
            ]
        else:
            one["id"] = new
    if not errors:
        try:
            Action.from_data(one) if kind == ACTION else Field.from_data(one)
        except (FormError, RuleError, ValueError, TypeError) as wrong:
            errors["label.zh"] = [str(wrong)]
    if errors:
        raise Misdrawn(errors, one)
    return _renamed([one if other is old else deepcopy(other) for other in fields], name, one["id"]), one["id"]


_EDITED = {
    "type", "zh", "en", "label", "help", "example", "required", "readonly", "masked", "prefill", "min", "max", "max_length", "rows",
    "options", "labels", "code_list", "columns", "column_types", "optional_columns", "show_if", "on", "of", "does",
}  # fmt: skip


def _formula(post: Any, fields: list[dict], old: Mapping, kind: str, name: str, errors: dict) -> dict[str, Any]:
    """The formula that fills the field, if one does; what a page says nothing about stays."""
    pick = post.get(f"{formulas.ROOT}.pick")
    if pick is None or pick == formulas.AS_IT_IS:
        return {"formula": deepcopy(old["formula"])} if old.get("formula") and kind in RECKONED else {}
    if not pick:
        return {}
    form = readable(fields)
    known = formulas.givens(form, name)
    said = formulas.read(post, known, conditions.facts_of_form([one for one in form if one.id != name]))
    wrong = dict(said.errors)
    if not wrong and (reason := formulas.why_not(said.tree, known, kind)) is not None:
        wrong[formulas.ROOT] = [reason]
    errors |= wrong
    if wrong:
        return {}
    logic = formulas.logic_of(said.tree, known)
    tried = [{**one, "formula": logic} if one.get("id") == name else one for one in fields]
    if way := formulas.circle(tried, name):
        errors[formulas.ROOT] = [
            worded(
                _("This goes in a circle: %(way)s. Each would wait for the other."),
                way=lazy(lambda: " → ".join(say(each) for each in way), str)(),
            )
        ]
    return {"formula": logic}


def readable(fields: Iterable[Mapping]) -> list[Field]:
    """The questions of a form as far as they can be read."""
    return [field for one in fields if (field := _readable(one)) is not None]


def _whole(said: str, errors: dict, name: str, least: int, most: int) -> int | None:
    if not said:
        return None
    if not said.isascii() or not said.isdigit() or not least <= int(said[:9]) <= most:
        errors[name] = [_("Please enter a whole number.")]
        return None
    return int(said)


def _bounds(kind: str, text: Callable[..., str], errors: dict) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in ("min", "max"):
        said = text(key)
        if not said:
            continue
        if kind == "date":
            if said != "today" and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", said):
                errors[key] = [_("Please choose a date, or write today.")]
            else:
                found[key] = said
        elif kind == "table":
            found[key] = _whole(said, errors, key, 0, 500)
        elif not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,4})?", said):
            errors[key] = [_("Please enter a number in digits, such as 120 or 85.5.")]
        else:
            found[key] = float(said) if "." in said else int(said)
    return found


def _numbers(post: Any, name: str) -> list[str]:
    order = str(post.get(f"{name}.order", "")).split(",")
    return [part for part in dict.fromkeys(order) if part.isascii() and part.isdigit() and len(part) < 4][:100]


def _shared_or_own(post: Any, text: Callable[..., str], errors: dict, old: Mapping) -> dict[str, Any]:
    """Answers of a shared list, or of its own; where it had a list until now, its own begin as two to be written."""
    if chosen := text("code_list", 60):
        return {"code_list": chosen}
    if old.get("code_list") and "options.order" not in post:
        return {
            "options": ["a", "b"],
            "labels": dict(zip("ab", map(dict, UNNAMED_ANSWERS), strict=True)),
        }
    return _options(post, text, errors, old)


def _options(post: Any, text: Callable[..., str], errors: dict, old: Mapping) -> dict[str, Any]:
    held = set(map(str, old.get("options") or ()))  # cases store them: they stay as they are, whatever is in them
    options: list[str] = []
    labels: dict[str, dict] = {}
    for number in _numbers(post, "options"):
        words = both(text(f"options.{number}.zh", 200), text(f"options.{number}.en", 200))
        code = text(f"options.{number}.code", 60)
        code = code if code in held else re.sub(r"[^A-Za-z0-9_.-]+", "_", code).strip("_")
        if not (words["zh"] or words["en"] or code):
            continue
        code = code or _code_of(words, options)
        if code in options:
            errors[f"options.{number}.code"] = [_("Two answers have one short name.")]
            continue
        options.append(code)
        labels[code] = words
    if not options:
        errors["options.0.zh"] = [_("Please write the answers to choose from.")]
    return {"options": options, "labels": labels}


def _code_of(words: Mapping[str, str], taken: list[str]) -> str:
    start = re.sub(r"[^a-z0-9]+", "_", words["en"].lower()).strip("_")[:40] or "answer"
    code, number = start, 2
    while code in taken:
        code, number = f"{start}_{number}", number + 1
    return code


def _columns(post: Any, text: Callable[..., str], errors: dict, old: Mapping) -> dict[str, Any]:
    columns: list[dict[str, Any]] = []
    known = dict(IN_TABLES)
    for number in _numbers(post, "columns"):
        words = both(text(f"columns.{number}.zh", 120), text(f"columns.{number}.en", 120))
        if not (words["zh"] or words["en"]):
            continue
        name = text(f"columns.{number}.id", 60)
        taken = {one["id"] for one in columns} | {"remove"}
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name) or name in taken:
            name = _code_of(words, sorted(taken)) if re.match(r"[a-z]", words["en"].lower()) else f"column_{number}"
        kind = text(f"columns.{number}.type")
        column: dict[str, Any] = {"id": name, **words, "type": kind if kind in known else "text"}
        column["required"] = f"columns.{number}.required" in post
        if column["type"] == "choice":
            column |= _listed(text(f"columns.{number}.options", 4000))
            if not column["options"]:
                errors[f"columns.{number}.options"] = [_("Please write the answers to choose from.")]
        columns.append(column)
    if not columns:
        errors["columns.0.zh"] = [_("A repeated group needs at least one column.")]
    return {"columns": columns}


def _listed(said: str) -> dict[str, Any]:
    """Answers of a column, one a line: short name = Chinese = English."""
    options: list[str] = []
    labels: dict[str, dict] = {}
    for line in said.splitlines():
        parts = [part.strip() for part in re.split(r"[=＝]", line)]
        if not any(parts):
            continue
        words = both(parts[1] if len(parts) > 1 else parts[0], parts[2] if len(parts) > 2 else parts[-1])
        code = re.sub(r"[^A-Za-z0-9_.-]+", "_", parts[0]).strip("_") or _code_of(words, options)
        if code not in options:
            options.append(code)
            labels[code] = words
    return {"options": options, "labels": labels}


def _renamed(fields: list[dict], old: str, new: str) -> list[dict]:
    """Conditions that spoke of a question go on speaking of it under its new name."""
    if old == new:
        return fields
    for one in fields:
        if one.get("type") == ACTION:
            one |= action_renamed(one, {old: new})
        if old in _asked_in(one.get("show_if")):
            one["show_if"] = _with_name(
                Field.from_data({"id": "x", "type": "text", "show_if": one["show_if"]}).show_if, old, new
            )
        if one.get("formula"):
            one["formula"] = _with_name(one["formula"], old, new)
    return fields


def _with_name(logic: Any, old: str, new: str) -> Any:
    if isinstance(logic, Mapping):
        if set(logic) == {"var"} and logic["var"] in (old, f"form.{old}"):
            return {"var": logic["var"].replace(old, new)}
        return {
            key: [_with_name(value[0], old, new), *value[1:]]
            if key in SCOPED and isinstance(value, list) and value
            else _with_name(value, old, new)
            for key, value in logic.items()
        }
    if isinstance(logic, list):
        return [_with_name(one, old, new) for one in logic]
    return logic


def rearranged(post: Any, name: str, act: str, number: str) -> Any:
    """A copy of what the page sent with one row of `options`, `columns` or `does` more, fewer or elsewhere."""
    post = post.copy()
    order = _numbers(post, name)
    if act == "add":
        order = [*order, str(max([int(one) for one in order], default=-1) + 1)]
    elif number in order:
        at = order.index(number)
        order.remove(number)
        if act in ("up", "down"):
            order.insert(max(0, min(len(order), at + (-1 if act == "up" else 1))), number)
    post[f"{name}.order"] = ",".join(order)
    return post
