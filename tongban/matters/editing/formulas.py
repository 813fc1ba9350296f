"""Formulas built by choosing: a tree of functions and answers on one side, the rule language on the other; said as a sentence, tried out.

Pure. A page draws `drawn(...)`; it sends the tree back in plain names (`k.pick`, `k.0.pick`, `k.0.value`) and `read(...)` makes logic of it.
Logic that no choosing can say stays what it is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import Bilingual, both
from tongban.lib.formschema import RECKONED, TODAY, Field, Form, FormError
from tongban.lib.problems import worded
from tongban.lib.rules import RuleError
from tongban.matters.editing import conditions

ROOT = "k"
DEEPEST = 4
MOST = 12  # parts of one function
AS_IT_IS = "as-it-is"

KIND_OF_TYPE = {
    "number": "number",
    "money": "number",
    "date": "date",
    "slot": "date",
    "boolean": "yes",
    "consent": "yes",
}
KINDS = {"number": _("a number"), "date": _("a date"), "text": _("a text")}


@dataclass(frozen=True)
class Function:
    """`takes`: what each part must be, of a function over many the one kind of all; `gives`: what comes out ("same": as its parts)."""

    label: Any
    takes: tuple[str, ...]
    gives: str
    many: bool = False
    names: tuple[Any, ...] = ()


FUNCTIONS: dict[str, Function] = {
    "sum": Function(_("Sum"), ("number",), "number", many=True),
    "minus": Function(_("Difference: first less second"), ("number", "number"), "number", names=(_("What"), _("Less"))),
    "times": Function(_("Product"), ("number",), "number", many=True),
    "divide": Function(_("Quotient: first by second"), ("number", "number"), "number", names=(_("What"), _("Divided by"))),
    "smallest": Function(_("The smallest"), ("number",), "number", many=True),
    "largest": Function(_("The largest"), ("number",), "number", many=True),
    "average": Function(_("Average"), ("number",), "number", many=True),
    "count": Function(_("Number of rows"), ("rows",), "number", names=(_("Rows of"),)),
    "round": Function(_("Rounded"), ("number",), "number", names=(_("What"),)),
    "if": Function(_("If … then … else"), ("any", "any"), "same", names=(_("Comes out if so"), _("Comes out otherwise"))),
    "age": Function(_("Age today in years"), ("date",), "number", names=(_("Born on"),)),
    "between": Function(_("Time between two days"), ("date", "date"), "number", names=(_("From"), _("To"))),
    "later": Function(_("A day so much later"), ("date", "number"), "date", names=(_("Counted from"), _("How many"))),
    "join": Function(_("Texts joined"), ("any",), "text", many=True),
    "upper": Function(_("In capital letters"), ("text",), "text", names=(_("What"),)),
    "length": Function(_("Number of characters"), ("text",), "number", names=(_("What"),)),
}  # fmt: skip
ROUNDING = (("half", _("to the nearest, halves up")), ("up", _("always up")), ("down", _("always down")))
UNITS = (("day", _("days")), ("month", _("months")), ("year", _("years")))
_PLAIN = {"sum": "sum", "times": "*", "smallest": "smallest", "largest": "largest", "average": "average", "count": "count",
          "minus": "-", "divide": "/", "join": "cat", "upper": "upper", "length": "length"}  # fmt: skip
_BACK = {operator: name for name, operator in _PLAIN.items()}


# -- the answers that a formula can take


@dataclass(frozen=True)
class Given:
    """Something a formula can take: an answer, a column of a repeated group, two columns multiplied row by row, the rows."""

    key: str
    label: Bilingual
    kind: str
    logic: Any
    fact: str


def givens(fields: Iterable[Field], own: str = "") -> dict[str, Given]:
    """Everything that can be chosen, by what the page calls it: `a:area`, `c:rooms.area`, `p:rooms.length*width`, `r:rooms`."""
    found: dict[str, Given] = {}

    def put(key: str, label: Bilingual, kind: str, logic: Any, fact: str) -> None:
        found[key] = Given(key, label, kind, logic, fact)

    for one in fields:
        if one.id == own:
            continue
        if one.type == "table":
            put(f"r:{one.id}", dict(one.label), "rows", {"var": one.id}, one.id)
            numbers = [column for column in one.columns if KIND_OF_TYPE.get(column.type) == "number"]
            for column in numbers:
                label = both(f"{one.label['zh']}：{column.label['zh']}", f"{one.label['en']}: {column.label['en']}")
                put(f"c:{one.id}.{column.id}", label, "number", _over_rows(one.id, {"var": column.id}), one.id)
            for place, column in enumerate(numbers):
                for other in numbers[place + 1 :]:
                    words = [f"{column.label[lang]} × {other.label[lang]}" for lang in ("zh", "en")]
                    label = both(f"{one.label['zh']}：{words[0]}", f"{one.label['en']}: {words[1]}")
                    logic = _over_rows(one.id, {"*": [{"var": column.id}, {"var": other.id}]})
                    put(f"p:{one.id}.{column.id}*{other.id}", label, "number", logic, one.id)
        elif one.type not in ("person", "photo", "multi", "scope_codes"):
            put(f"a:{one.id}", dict(one.label), KIND_OF_TYPE.get(one.type, "text"), {"var": one.id}, one.id)
    return found


def _over_rows(table: str, each: Any) -> Any:
    return {"map": [{"var": table}, each]}


# -- logic to tree and back


class _Unsayable(Exception):
    pass


def tree_of(logic: Any, known: Mapping[str, Given]) -> dict | None:
    """The choices that make this logic; None when no choosing can say it."""
    if not logic:
        return {"pick": ""}
    try:
        return _tree(logic, {_key(one.logic): one for one in known.values()}, 0)
    except (_Unsayable, KeyError, TypeError, IndexError, ValueError):
        return None


def _key(logic: Any) -> str:
    return repr(logic)


def _tree(node: Any, known: Mapping[str, Given], depth: int) -> dict:
    if depth > DEEPEST:
        raise _Unsayable
    if isinstance(node, bool) or node is None:
        raise _Unsayable
    if isinstance(node, int | float):
        return {"pick": "number", "value": f"{node}"}
    if isinstance(node, str):
        return {"pick": "text", "value": node}
    if node == {"var": TODAY}:
        return {"pick": "today"}
    if _key(node) in known:
        return {"pick": known[_key(node)].key}
    ((operator, given),) = node.items()
    args = given if isinstance(given, list) else [given]
    if operator == "var":
        return {"pick": f"a:{args[0]}"}  # an answer that is asked no more: the page says so

    def parts(some: Iterable[Any]) -> list[dict]:
        return [_tree(one, known, depth + 1) for one in some]

    if operator == "round":
        return {"pick": "round", "args": parts(args[:1]), "digits": [*args[1:2], 0][0], "way": [*args[2:3], "half"][0]}
    if operator == "plusTime" and args[2] in dict(UNITS):
        return {"pick": "later", "args": parts(args[:2]), "unit": args[2]}
    if operator == "timeBetween":
        if args[1] == {"var": TODAY} and args[2] == "year":
            return {"pick": "age", "args": parts(args[:1])}
        return {"pick": "between", "args": parts(args[:2]), "unit": args[2]}
    if operator == "if" and len(args) == 3:
        tree = conditions.tree_of(args[0])
        if tree is None:
            raise _Unsayable
        return {"pick": "if", "if": tree, "args": parts(args[1:])}
    if operator not in _BACK:
        raise _Unsayable
    name = _BACK[operator]
    if not FUNCTIONS[name].many and len(args) != len(FUNCTIONS[name].takes):
        raise _Unsayable
    return {"pick": name, "args": parts(args)}


def logic_of(tree: Mapping, known: Mapping[str, Given]) -> Any:
    """The rule language of a tree that `read` found whole."""
    pick = tree.get("pick", "")
    if pick == "number":
        return _number(tree["value"])
    if pick == "text":
        return tree["value"]
    if pick == "today":
        return {"var": TODAY}
    if pick in known:
        return known[pick].logic
    if pick not in FUNCTIONS:
        return None
    args = [logic_of(one, known) for one in tree["args"] if one.get("pick")]
    if pick == "round":
        return {"round": [args[0], tree["digits"], tree["way"]]}
    if pick == "later":
        return {"plusTime": [*args, tree["unit"]]}
    if pick == "age":
        return {"timeBetween": [args[0], {"var": TODAY}, "year"]}
    if pick == "between":
        return {"timeBetween": [*args, tree["unit"]]}
    if pick == "if":
        return {"if": [conditions.short(conditions.logic_of(tree["if"])), *args]}
    return {_PLAIN[pick]: args}


def _number(said: Any) -> int | float:
    text = str(said)
    return float(text) if "." in text else int(text)


# -- the page


def drawn(tree: Mapping, known: Mapping[str, Given], facts: Mapping[str, conditions.Fact]) -> dict[str, Any]:
    """What a page draws of a formula: each part with its choices, its own parts below it."""
    return _drawn(tree, known, facts, ROOT, _("What fills it"), "any", 0)


def _drawn(tree: Mapping, known: Mapping, facts: Mapping, name: str, label: Any, wants: str, depth: int) -> dict:
    pick = tree.get("pick", "")
    function = FUNCTIONS.get(pick)
    one: dict[str, Any] = {
        "name": name, "label": label, "pick": pick, "depth": depth, "value": tree.get("value", ""),
        "groups": _choices(known, wants, depth), "function": function, "parts": [],
        "stranger": bool(pick) and pick not in known and pick not in FUNCTIONS and pick not in ("number", "text", "today"),
    }  # fmt: skip
    if function is None:
        return one
    args = list(tree.get("args") or [])
    if function.many:
        args = [*[each for each in args if each.get("pick")], {"pick": ""}][:MOST]
    else:
        args = [*args, *[{"pick": ""}] * len(function.takes)][: len(function.takes)]
    for number, each in enumerate(args):
        wanted = function.takes[0 if function.many else number]
        words = (
            (_("One more") if not each.get("pick") and number else _("What"))
            if function.many
            else function.names[number]
        )
        one["parts"].append(_drawn(each, known, facts, f"{name}.{number}", words, wanted, depth + 1))
    if pick == "round":
        one |= {"digits": tree.get("digits", 2), "ways": ROUNDING, "way": tree.get("way", "half")}
    if pick in ("between", "later"):
        one |= {"units": UNITS, "unit": tree.get("unit", "day")}
    if pick == "if":
        one["cond"] = conditions.drawn(tree.get("if") or {"join": "all", "items": []}, facts, _cond_name(name))
    return one


def _cond_name(name: str) -> str:
    return name.replace(".", "_") + "_c"


def _choices(known: Mapping[str, Given], wants: str, depth: int) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Everything that fits here, in groups."""
    fits = {"number": {"number"}, "date": {"date"}, "text": {"text"}, "rows": {"rows"}}.get(
        wants, {"number", "date", "text", "yes"}
    )
    answers = [(one.key, one.label) for one in known.values() if one.kind in fits]
    fixed: list[tuple[str, Any]] = []
    if "number" in fits:
        fixed.append(("number", _("a number")))
    if "text" in fits:
        fixed.append(("text", _("a text")))
    if "date" in fits:
        fixed.append(("today", _("today")))
    functions = [
        (name, one.label)
        for name, one in FUNCTIONS.items()
        if one.gives in fits or (one.gives == "same" and wants != "rows")
    ]
    groups = [(_("Reckoned"), functions)] if depth < DEEPEST - 1 else []
    rest = [(_("Answers"), answers), (_("Fixed"), fixed)]
    return [(label, many) for label, many in ([*groups, *rest] if depth == 0 else [*rest, *groups]) if many]


@dataclass
class Read:
    tree: dict
    errors: dict[str, list] = field(default_factory=dict)


def read(post: Any, known: Mapping[str, Given], facts: Mapping[str, conditions.Fact]) -> Read:
    """The formula as the page says it; what is missing in it is said beside its place."""
    errors: dict[str, list] = {}
    return Read(_read(post, known, facts, ROOT, errors, 0, "any"), errors)


def _read(post: Any, known: Mapping, facts: Mapping, name: str, errors: dict, depth: int, wants: str) -> dict:
    pick = str(post.get(f"{name}.pick", ""))[:200]
    tree: dict[str, Any] = {"pick": pick}
    if not pick:
        return tree
    if pick == "number":
        tree["value"] = str(post.get(f"{name}.value", "")).strip().replace(",", "")[:20]
        if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", tree["value"]):
            errors[name] = [_("Please enter a number in digits, such as 120 or 85.5.")]
    elif pick == "text":
        tree["value"] = str(post.get(f"{name}.value", ""))[:200]
        if not tree["value"]:
            errors[name] = [_("Please write the text.")]
    elif pick in FUNCTIONS and depth < DEEPEST:
        tree |= _read_function(post, known, facts, name, errors, depth, FUNCTIONS[pick])
    elif pick not in known and pick != "today":
        errors[name] = [_("This is not asked in the form any more. Please choose something else.")]
    gives = kind_of(tree, known)
    if wants not in ("any", "rows") and name not in errors and gives not in ("", wants):
        errors[name] = [worded(_("Here %(wanted)s is needed, and this is %(given)s."), wanted=KINDS[wants], given=KINDS.get(gives, _("something else")))]  # fmt: skip
    return tree


def _read_function(post: Any, known, facts, name: str, errors: dict, depth: int, function: Function) -> dict[str, Any]:
    wants = [function.takes[0]] * MOST if function.many else list(function.takes)
    parts = [
        _read(post, known, facts, f"{name}.{number}", errors, depth + 1, wanted) for number, wanted in enumerate(wants)
    ]
    found: dict[str, Any] = {"args": [one for one in parts if one["pick"]] if function.many else parts}
    if function.many and not found["args"]:
        errors[f"{name}.0"] = [_("Please choose what goes into it.")]
    for number, one in enumerate(parts if not function.many else ()):
        if not one["pick"]:
            errors[f"{name}.{number}"] = [_("Please choose what goes into it.")]
    pick = post.get(f"{name}.pick")
    if pick == "round":
        said = str(post.get(f"{name}.digits", "2"))
        way = post.get(f"{name}.way", "half")
        found |= {
            "digits": int(said) if said in "0123456" and said else 2,
            "way": way if way in dict(ROUNDING) else "half",
        }
    if pick in ("between", "later"):
        unit = post.get(f"{name}.unit", "day")
        found["unit"] = unit if unit in dict(UNITS) else "day"
    if pick == "if":
        asked = conditions.read(post, facts, _cond_name(name))
        found["if"] = asked.tree
        errors |= asked.errors
        if conditions.logic_of(asked.tree) == {}:
            errors[name] = [_("Please say the condition.")]
    return found


def changed(tree: dict, act: str, where: str) -> dict:
    """The formula after a button of one of its conditions: `k_0_c.1` is the second of the condition of its first part."""
    head = where.partition(".")[0]
    for name, one in _walk(tree, ROOT):
        if one.get("pick") == "if" and _cond_name(name) == head:
            one["if"] = conditions.changed(one.get("if") or {"join": "all", "items": []}, act, where)
    return tree


def _walk(tree: dict, name: str) -> Iterable[tuple[str, dict]]:
    yield name, tree
    for number, one in enumerate(tree.get("args") or ()):
        yield from _walk(one, f"{name}.{number}")


def kind_of(tree: Mapping, known: Mapping[str, Given]) -> str:
    """What comes out; empty where that cannot be told yet."""
    pick = tree.get("pick", "")
    if pick in ("number", "text"):
        return pick
    if pick == "today":
        return "date"
    if pick in known:
        return "text" if known[pick].kind == "yes" else known[pick].kind
    if pick not in FUNCTIONS:
        return ""
    gives = FUNCTIONS[pick].gives
    if gives != "same":
        return gives
    kinds = {kind_of(one, known) for one in tree.get("args") or ()} - {""}
    return kinds.pop() if len(kinds) == 1 else "" if not kinds else "mixed"


def why_not(tree: Mapping, known: Mapping[str, Given], kind: str) -> Any:
    """Why this formula cannot fill a field of this kind, in a sentence; None when it can."""
    if kind not in RECKONED:
        return _("Only a number, an amount, a date or a text is filled by a formula.")
    gives, wanted = kind_of(tree, known), {"number": "number", "money": "number", "date": "date"}.get(kind, "text")
    if gives == "mixed":
        return _("“Then” and “else” give different kinds of answers.")
    if wanted != "text" and gives and gives != wanted:
        return worded(_("The field is %(wanted)s, and the formula gives %(given)s."), wanted=KINDS[wanted], given=KINDS.get(gives, _("something else")))  # fmt: skip
    return None


def circle(fields: Iterable[Mapping], name: str) -> list[Bilingual]:
    """The questions that wait for each other through this one, in order; empty when there is no circle."""
    form: dict[str, Field] = {}
    for said in fields:
        try:
            one = Field.from_data(said)
            one.reckoned_from, one.show_if_fields  # noqa: B018  what cannot be read is left out
            form[one.id] = one
        except (FormError, RuleError, ValueError, TypeError):
            continue
    done: set[str] = set()

    def walk(at: str, way: list[str]) -> list[str]:
        if at in way:
            return [*way[way.index(at) :], at] if at == name else []
        if at in done or at not in form:
            return []
        one = form[at]
        for other in [*one.reckoned_from, *(fact.removeprefix("form.") for fact in one.show_if_fields)]:
            if found := walk(other, [*way, at]):
                return found
        done.add(at)
        return []

    return [dict(form[each].label) for each in walk(name, [])]


# -- said, and tried


def spoken(logic: Any, fields: Iterable[Field]) -> Bilingual | None:
    """A formula as one plain sentence in both languages; None when it cannot be said."""
    form = list(fields)
    known = givens(form)
    tree = tree_of(logic, known)
    if tree is None or not tree.get("pick"):
        return None
    facts = conditions.facts_of_form(form)
    try:
        zh, en = _say(tree, known, facts, 0)
    except _Unsayable:
        return None
    return both(zh + "。", en[:1].upper() + en[1:] + ".")


_SAID: dict[str, tuple[str, str]] = {
    "sum": ("{}之和", "the sum of {}"), "smallest": ("{}中最小的", "the smallest of {}"), "largest": ("{}中最大的", "the largest of {}"),
    "average": ("{}的平均值", "the average of {}"), "count": ("{}的行数", "the number of rows of {}"),
    "upper": ("{}（转为大写）", "{} in capital letters"), "length": ("{}的字数", "the number of characters of {}"),
    "age": ("自{}至今的周岁", "the age in years of somebody born on {}"),
}  # fmt: skip
_JOINED = {
    "times": (" × ", " × "),
    "minus": (" − ", " − "),
    "divide": (" ÷ ", " ÷ "),
    "join": (" 连接 ", " followed by "),
}
_UNIT = {"day": ("天", "days"), "month": ("个月", "months"), "year": ("年", "years")}
_WAY = {"half": ("四舍五入", "rounded"), "up": ("向上取", "rounded up"), "down": ("向下取", "rounded down")}


def _say(tree: Mapping, known: Mapping[str, Given], facts: Mapping, depth: int) -> tuple[str, str]:
    pick = tree["pick"]
    if pick == "number":
        return tree["value"], tree["value"]
    if pick == "text":
        return f"“{tree['value']}”", f"“{tree['value']}”"
    if pick == "today":
        return "今天", "today"
    if pick in known:
        label = known[pick].label
        zh, en = f"“{label['zh']}”", f"“{label['en']}”"
        return (f"各行{zh}", f"{en} of every row") if pick[:2] in ("c:", "p:") else (zh, en)
    if pick not in FUNCTIONS:
        raise _Unsayable
    said = [_say(one, known, facts, depth + 1) for one in tree["args"] if one.get("pick")]
    zhs, ens = [one for one, _other in said], [one for _other, one in said]
    if pick in _SAID:
        words = _SAID[pick]
        both_zh, both_en = words[0].format("、".join(zhs)), words[1].format(_listed(ens))
    elif pick in _JOINED:
        both_zh, both_en = _JOINED[pick][0].join(zhs), _JOINED[pick][1].join(ens)
    elif pick == "round":
        way, digits = _WAY[tree["way"]], tree["digits"]
        both_zh = f"{zhs[0]}，{way[0]}到{f'小数点后{digits}位' if digits else '整数'}"
        both_en = f"{ens[0]}, {way[1]} to {f'{digits} digits after the point' if digits else 'a whole number'}"
    elif pick == "later":
        unit = _UNIT[tree["unit"]]
        both_zh, both_en = f"{zhs[0]}之后{zhs[1]}{unit[0]}", f"{ens[1]} {unit[1]} after {ens[0]}"
    elif pick == "between":
        unit = _UNIT[tree["unit"]]
        both_zh, both_en = f"从{zhs[0]}到{zhs[1]}的整{unit[0]}数", f"the full {unit[1]} from {ens[0]} to {ens[1]}"
    else:
        asked = _as_it_is(conditions.spoken(conditions.logic_of(tree["if"]), facts) or both("……", "…"))
        both_zh = f"如果（{asked['zh'].rstrip('。')}），则为{zhs[0]}，否则为{zhs[1]}"
        both_en = f"if ({asked['en'].rstrip('.')}): {ens[0]}; else: {ens[1]}"
    return (f"（{both_zh}）", f"({both_en})") if depth and pick in (*_JOINED, "round", "if") else (both_zh, both_en)


def _as_it_is(said: Bilingual) -> Bilingual:
    """A condition tells what must be; in a formula it is what is."""
    zh = re.sub("：?(不?)应(?=为|小于|不|大于|早于|晚于|以|有|无|成立|在)", r"\1", said["zh"])
    en = re.sub(r":? must (not )?be\b", lambda found: " is not" if found[1] else " is", said["en"])
    return both(zh, en)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def examples(form: Form, name: str, post: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a trial asks for: every answer behind the formula, two rows of a repeated group, with what was typed for them."""
    found: list[dict[str, Any]] = []
    for each in form:
        if each.id == name or each.id not in form.with_what_they_take([name]) or each.formula is not None:
            continue
        rows = [None] if each.type != "table" else [0, 1]
        for row in rows:
            for cell in [each] if row is None else [one for one in each.columns if one.type in ("number", "money")]:
                key = TRY + (each.id if row is None else each.cell_name(row, cell))
                label = (
                    dict(each.label)
                    if row is None
                    else both(
                        f"{each.label['zh']} {row + 1}：{cell.label['zh']}",
                        f"{each.label['en']} {row + 1}: {cell.label['en']}",
                    )
                )
                options = [(code, words) for code, words in cell.choices] if cell.type == "choice" else []
                if cell.type == "boolean":
                    options = [("true", both("是", "yes")), ("false", both("否", "no"))]
                found.append(
                    {
                        "name": key,
                        "label": label,
                        "value": str(post.get(key, "")),
                        "options": options,
                        "type": cell.input_type,
                    }
                )
    return found


TRY = "try."


def tried(form: Form, name: str, post: Mapping[str, Any], today: date) -> tuple[Any, list]:
    """What comes out for these answers: (the result as it is stored or None, what is wrong with them in sentences)."""
    said = {key.removeprefix(TRY): value for key, value in post.items() if key.startswith(TRY)}
    judged = form.validate(said, partial=True, today=today)
    return judged.values.get(name), [str(sentence) for told in judged.errors.values() for sentence in told]
