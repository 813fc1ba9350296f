"""Conditions built by choosing: a tree of groups and comparisons on one side, JsonLogic on the other; their tests and what they cover.

Pure. A page draws `drawn(...)`; it sends the tree back in plain names (`c.0.fact`, `c.0.op`, `c.0.value`) and `read(...)` makes
JsonLogic of it. Logic that no choosing can say stays what it is: the page shows it as text for experts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import Bilingual, both
from tongban.lib.formschema import Field, Form
from tongban.lib.rules import Rule, RuleError, Said, compile_rule, from_sugar, in_words
from tongban.matters.fact_labels import FACT_LABELS, VALUE_LABELS

DEEPEST = 3
ITEMS_AT_MOST = 40
WAYS_AT_MOST = 256

OPS: dict[str, Any] = {
    "==": _("is"),
    "!=": _("is not"),
    ">=": _("is at least"),
    ">": _("is more than"),
    "<=": _("is at most"),
    "<": _("is less than"),
    "in": _("is one of"),
    "not in": _("is none of"),
    "begins": _("begins with"),
    "there": _("is known"),
    "gone": _("is not known"),
}
OPS_OF = {
    "yes": ("==", "there", "gone"),
    "choice": ("==", "!=", "in", "not in", "there", "gone"),
    "number": ("==", "!=", ">=", ">", "<=", "<", "there", "gone"),
    "text": ("==", "!=", "in", "not in", "begins", "there", "gone"),
}
JOINS = (("all", _("all of these hold")), ("any", _("at least one of these holds")), ("none", _("none of these holds")))

_YES = {
    "materials.complete", "commitment.signed", "employment.active", "student.enrolled", "housing.proved",
    "staff.any_red_or_yellow", "staff.any_positive", "area.sealed", "hukou_in_city", "bank.verified", "tax.cleared", "tax.fraud_36m",
    "ocr.employer_letter.seal_present", "form.unchanged", "form.exam",
}  # fmt: skip
_TEXT = {
    "quarantine.from",
    "quarantine.to",
    "form.from",
    "form.to",
    "form.name",
    "ocr.employer_letter.name",
    "tax.credit_class",
}


@dataclass(frozen=True)
class Fact:
    """Something a condition can ask about. `kind` says which comparisons fit it: yes, number, choice or text."""

    name: str
    label: Bilingual
    kind: str
    options: tuple[tuple[str, Bilingual], ...] = ()


def _kind_of_field(kind: str) -> str:
    return {"boolean": "yes", "consent": "yes", "number": "number", "money": "number", "choice": "choice"}.get(
        kind, "text"
    )


def facts_of_form(form: Iterable[Field], *, prefix: str = "", before: str = "") -> dict[str, Fact]:
    """The answers of a form that hold one value; only those asked before a field, when it is named."""
    found = {}
    for one in form:
        if one.id == before:
            break
        if one.type in ("table", "person", "photo", "multi", "scope_codes"):
            continue
        name = f"{prefix}{one.id}"
        options = tuple((key, dict(words)) for key, words in one.choices) if one.type == "choice" else ()
        found[name] = Fact(name, dict(one.label), _kind_of_field(one.type), options)
    return found


def facts_of_rules(form: Form) -> dict[str, Fact]:
    """Everything that rules of a matter can ask: what registers and the case itself know, and the answers of its form."""
    found = {}
    for name, label in FACT_LABELS.items():
        kind = "yes" if name in _YES else "choice" if name in VALUE_LABELS else "text" if name in _TEXT else "number"
        options = tuple(VALUE_LABELS[name].items()) if name in VALUE_LABELS else ()
        found[name] = Fact(name, label, kind, options)
    return found | {name: fact for name, fact in facts_of_form(form, prefix="form.").items() if name not in found}


def labels_of(facts: Mapping[str, Fact]) -> tuple[dict, dict]:
    """As `lib.rules` wants them: names of facts, and of their values."""
    return (
        {name: fact.label for name, fact in facts.items()},
        {name: dict(fact.options) for name, fact in facts.items() if fact.options},
    )


# -- the tree


def tree_of(logic: Any) -> dict | None:
    """The groups and comparisons of JsonLogic; None when it says what no choosing can say."""
    if logic in (None, {}, []):
        return {"join": "all", "items": []}
    try:
        found = _tree(logic, 0)
    except _Unsayable:
        return None
    return found if "join" in found else {"join": "all", "items": [found]}


class _Unsayable(Exception):
    pass


def _tree(node: Any, depth: int) -> dict:
    if not isinstance(node, Mapping) or len(node) != 1 or depth > DEEPEST:
        raise _Unsayable
    ((operator, given),) = node.items()
    arguments = given if isinstance(given, list) else [given]
    if operator in ("and", "or"):
        return {"join": "all" if operator == "and" else "any", "items": [_tree(part, depth + 1) for part in arguments]}
    if operator == "!" and len(arguments) == 1 and isinstance(arguments[0], Mapping):
        inner = arguments[0]
        if set(inner) == {"or"}:
            return {"join": "none", "items": [_tree(part, depth + 1) for part in inner["or"]]}
        if set(inner) == {"in"}:
            return {**_leaf("in", inner["in"]), "op": "not in"}
        if set(inner) == {"var"}:
            return {"fact": _name(inner), "op": "==", "value": False}
        return {"join": "none", "items": [_tree(inner, depth + 1)]}
    if operator == "var":
        return {"fact": _name(node), "op": "==", "value": True}
    return _leaf(operator, arguments)


def _name(node: Any) -> str:
    if not isinstance(node, Mapping) or set(node) != {"var"}:
        raise _Unsayable
    name = node["var"][0] if isinstance(node["var"], list) and node["var"] else node["var"]
    if not isinstance(name, str) or not name:
        raise _Unsayable
    return name


def _leaf(operator: str, arguments: list) -> dict:
    if len(arguments) != 2 or operator not in ("==", "!=", ">", ">=", "<", "<=", "in"):
        raise _Unsayable
    left, right = arguments
    if isinstance(left, Mapping) and set(left) == {"substr"} and operator == "==" and isinstance(right, str):
        inner = left["substr"]
        if len(inner) == 3 and inner[1] == 0 and inner[2] == len(right):
            return {"fact": _name(inner[0]), "op": "begins", "value": right}
        raise _Unsayable
    fact = _name(left)
    if right is None and operator in ("==", "!="):
        return {"fact": fact, "op": "gone" if operator == "==" else "there", "value": None}
    if isinstance(right, Mapping):
        return {"fact": fact, "op": operator, "value": None, "other": _name(right)}
    if operator == "in" and not (isinstance(right, list) and all(isinstance(one, str | int | float) for one in right)):
        raise _Unsayable
    if operator != "in" and isinstance(right, list):
        raise _Unsayable
    return {"fact": fact, "op": operator, "value": right}


def logic_of(tree: Mapping) -> Any:
    """JsonLogic of a tree; {} of one that asks nothing."""
    if "join" not in tree:
        return _logic_of_leaf(tree)
    parts = [made for one in tree["items"] if (made := logic_of(one)) != {}]
    if not parts:
        return {}
    if tree["join"] == "none":
        return {"!": [{"or": parts}]}
    return {"and" if tree["join"] == "all" else "or": parts}


def short(logic: Any) -> Any:
    """A group of one condition is that condition: what a form says of when it asks."""
    if isinstance(logic, Mapping) and len(logic) == 1:
        ((operator, parts),) = logic.items()
        if operator in ("and", "or") and len(parts) == 1:
            return short(parts[0])
    return logic or None


def _logic_of_leaf(leaf: Mapping) -> Any:
    if not leaf.get("fact"):
        return {}
    left, value = {"var": leaf["fact"]}, leaf.get("value")
    op = leaf["op"]
    if op in ("there", "gone"):
        return {"!=" if op == "there" else "==": [left, None]}
    if op == "begins":
        return {"==": [{"substr": [left, 0, len(str(value))]}, str(value)]}
    right = {"var": leaf["other"]} if leaf.get("other") else value
    if op == "not in":
        return {"!": [{"in": [left, right]}]}
    return {op: [left, right]}


# -- the page


def drawn(tree: Mapping, facts: Mapping[str, Fact], name: str = "c", *, depth: int = 0) -> dict:
    """What a page draws of a group, with the groups inside it."""
    items = []
    for number, one in enumerate(tree["items"]):
        here = f"{name}.{number}"
        if "join" in one:
            items.append({"group": drawn(one, facts, here, depth=depth + 1), "name": here, "number": number})
            continue
        fact = facts.get(one.get("fact", ""))
        kind = fact.kind if fact else "text"
        value = one.get("value")
        said = ", ".join(map(plain, value)) if isinstance(value, list) else "" if value is None else plain(value)
        held = [plain(part) for part in value] if isinstance(value, list) else [said]
        ops = OPS_OF[kind] if not one.get("op") or one["op"] in OPS_OF[kind] else (one["op"], *OPS_OF[kind])
        items.append({
            "name": here, "number": number, "fact": one.get("fact", ""), "known": fact is not None, "kind": kind,
            "op": one.get("op", "=="), "ops": [(op, OPS[op]) for op in ops], "value": said, "held": held,
            "options": fact.options if fact else (), "other": one.get("other", ""),
            "silent": one.get("op") in ("there", "gone"), "many": one.get("op") in ("in", "not in"),
        })  # fmt: skip
    return {
        "name": name,
        "join": tree["join"],
        "joins": JOINS,
        "items": items,
        "depth": depth,
        "may_nest": depth + 1 < DEEPEST,
    }


def plain(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


@dataclass
class Read:
    tree: dict
    errors: dict[str, list] = field(default_factory=dict)


def read(post: Any, facts: Mapping[str, Fact], name: str = "c") -> Read:
    """The tree as the page says it. A condition whose fact was just chosen has no value yet: it stays, and says so."""
    errors: dict[str, list] = {}
    return Read(_read_group(post, facts, name, errors, 0), errors)


def _read_group(post: Any, facts: Mapping[str, Fact], name: str, errors: dict, depth: int) -> dict:
    join = post.get(f"{name}.join", "all")
    items: list[dict] = []
    order = [
        part
        for part in str(post.get(f"{name}.order", "")).split(",")
        if part.isascii() and part.isdigit() and len(part) < 4
    ]
    for number in list(dict.fromkeys(order))[:ITEMS_AT_MOST]:
        here = f"{name}.{number}"
        if f"{here}.join" in post:
            if depth + 1 < DEEPEST:
                items.append(_read_group(post, facts, here, errors, depth + 1))
            continue
        fact = facts.get(str(post.get(f"{here}.fact", "")))
        if fact is None:
            if post.get(f"{here}.fact"):
                errors[f"{here}.fact"] = [_("Nothing of this name can be asked.")]
            items.append({"fact": str(post.get(f"{here}.fact", ""))[:100], "op": "==", "value": None})
            continue
        op = post.get(f"{here}.op", "")
        op = op if op in OPS_OF[fact.kind] else OPS_OF[fact.kind][0]
        leaf = {"fact": fact.name, "op": op, "value": None}
        other = str(post.get(f"{here}.other", ""))
        if other in facts and op in ("==", "!=", ">=", ">", "<=", "<"):
            leaf["other"] = other
        elif op not in ("there", "gone"):
            leaf["value"] = _value(post, here, fact, op, errors)
        items.append(leaf)
    return {"join": join if join in dict(JOINS) else "all", "items": items}


def _value(post: Any, here: str, fact: Fact, op: str, errors: dict) -> Any:
    said = [
        part.strip()[:200]
        for part in (post.getlist(f"{here}.value") if hasattr(post, "getlist") else [post.get(f"{here}.value", "")])
    ]
    text = said[0] if said else ""
    if fact.kind == "yes":
        return text != "false"
    if op in ("in", "not in"):
        if len(said) == 1 and not fact.options:
            said = re.split(r"[,，、;；]+", text)
        found = [part.strip() for part in said if part.strip()]
        if not found:
            errors[f"{here}.value"] = [_("Please choose or write at least one value.")]
        return found
    if not text:
        errors[f"{here}.value"] = [_("Please say which value.")]
        return None
    if fact.kind == "number":
        if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,4})?", text):
            errors[f"{here}.value"] = [_("Please enter a number in digits, such as 120 or 85.5.")]
            return None
        return float(text) if "." in text else int(text)
    return text


def changed(tree: dict, act: str, where: str) -> dict:
    """The tree after a button: `condition` and `group` add to a group; `up`, `down`, `remove` of one item."""
    path = [int(part) for part in where.split(".")[1:] if part.isascii() and part.isdigit()]
    if act in ("condition", "group"):
        group = _at(tree, path)
        new = {"fact": "", "op": "==", "value": None} if act == "condition" else {"join": "any", "items": []}
        if (
            group is not None
            and len(group["items"]) < ITEMS_AT_MOST
            and (act == "condition" or len(path) + 1 < DEEPEST)
        ):
            group["items"].append(new)
        return tree
    group = _at(tree, path[:-1]) if path else None
    if group is None or path[-1] >= len(group["items"]):
        return tree
    one = group["items"].pop(path[-1])
    if act in ("up", "down"):
        group["items"].insert(max(0, min(len(group["items"]), path[-1] + (-1 if act == "up" else 1))), one)
    return tree


def _at(tree: dict, path: list[int]) -> dict | None:
    for number in path:
        if "join" not in tree or number >= len(tree["items"]):
            return None
        tree = tree["items"][number]
    return tree if "join" in tree else None


def spoken(logic: Any, facts: Mapping[str, Fact]) -> Bilingual | None:
    """A condition as one sentence in both languages; None when it cannot be read."""
    if not logic:
        return None
    try:
        return _sentence(in_words(logic, *labels_of(facts)))
    except RuleError:
        return None


def in_sentences(logic: Any, facts: Mapping[str, Fact]) -> list[Bilingual] | None:
    """The conditions of a rule, one sentence each; None when it cannot be read."""
    if not logic:
        return []
    try:
        said = in_words(from_sugar(logic) if isinstance(logic, str) else logic, *labels_of(facts))
    except RuleError:
        return None
    return [_sentence(one) for one in said.parts] if said.joined == "all" else [_sentence(said)]


def _sentence(said: Said) -> Bilingual:
    if not said.parts:
        return said.text or both("", "")
    parts = [_sentence(one) for one in said.parts]
    zh, en = ("；且", "; and ") if said.joined == "all" else ("；或", "; or ")
    return both(zh.join(one["zh"] for one in parts), en.join(one["en"] for one in parts))


# -- can it hold at all?


def can_hold(logic: Any) -> bool:
    """False only when no facts whatever make it true; what cannot be looked through counts as possible."""
    tree = tree_of(logic)
    if tree is None:
        return True
    ways = _ways(tree, wanted=True)
    return ways is None or any(_fits(way) for way in ways)


def _ways(tree: Mapping, *, wanted: bool) -> list[list[tuple[str, str, Any]]] | None:
    """Every way to make it come out as wanted, each a list of comparisons; None when there are too many."""
    if "join" not in tree:
        if not tree.get("fact") or tree.get("other"):
            return [[]]
        op = tree["op"] if wanted else _OPPOSITE[tree["op"]]
        return [[(tree["fact"], op, tree.get("value"))]]
    every = (tree["join"] == "all") is wanted if tree["join"] != "none" else wanted
    inner = wanted if tree["join"] != "none" else not wanted
    parts = [_ways(one, wanted=inner) for one in tree["items"]]
    if any(part is None for part in parts):
        return None
    if not parts:
        return [[]]
    if not every:
        return [way for part in parts for way in part or ()]
    total = 1
    for part in parts:
        total *= len(part or ())
    if total > WAYS_AT_MOST:
        return None
    return [[one for way in chosen for one in way] for chosen in product(*[part or [] for part in parts])]


_OPPOSITE = {
    "==": "!=", "!=": "==", ">=": "<", "<": ">=", ">": "<=", "<=": ">", "in": "not in", "not in": "in",
    "begins": "not begins", "there": "gone", "gone": "there",
}  # fmt: skip


def _fits(way: list[tuple[str, str, Any]]) -> bool:
    by_fact: dict[str, list[tuple[str, Any]]] = {}
    for fact, op, value in way:
        by_fact.setdefault(fact, []).append((op, value))
    return all(_possible(said) for said in by_fact.values())


def _possible(said: list[tuple[str, Any]]) -> bool:
    ops = {op for op, _value_ in said}
    if "gone" in ops and len(ops) > 1:
        return False
    allowed: set | None = None
    for op, value in said:
        if op in ("==", "in"):
            here = set(map(plain, value)) if op == "in" else {plain(value)}
            allowed = here if allowed is None else allowed & here
    forbidden = {plain(value) for op, value in said if op == "!="}
    forbidden |= {plain(one) for op, value in said if op == "not in" for one in value or ()}
    numbers = [(op, float(value)) for op, value in said if op in _ORDER and isinstance(value, int | float)]
    if allowed is not None:
        left = {one for one in allowed - forbidden if all(_in_order(one, op, edge) for op, edge in numbers)}
        begins = [str(value) for op, value in said if op == "begins"]
        return any(all(one.startswith(start) for start in begins) for one in left)
    low = max((edge for op, edge in numbers if op in (">", ">=")), default=float("-inf"))
    high = min((edge for op, edge in numbers if op in ("<", "<=")), default=float("inf"))
    strict = any(op in ("<", ">") for op, edge in numbers if edge in (low, high))
    return low < high or (low == high and not strict)


_ORDER = {">", ">=", "<", "<="}


def _in_order(text: str, op: str, edge: float) -> bool:
    try:
        number = float(text)
    except ValueError:
        return True
    return {">": number > edge, ">=": number >= edge, "<": number < edge, "<=": number <= edge}[op]


# -- test cases

EXPECTED = (
    ("grant", _("the machine grants")),
    ("not_met", _("a condition does not hold: people decide")),
    ("unknown", _("a fact is not known: people decide")),
)
_TOLD = {True: "grant", False: "not_met", None: "unknown"}


@dataclass(frozen=True)
class Tried:
    """How one test case came out."""

    id: str
    name: str
    expected: str
    got: str
    facts: Mapping[str, Any]
    lines: tuple

    @property
    def passed(self) -> bool:
        return self.expected == self.got


@dataclass(frozen=True)
class Covered:
    """Which outcomes of one condition the test cases have seen."""

    text: Bilingual
    met: bool
    unmet: bool


@dataclass(frozen=True)
class Trial:
    """All test cases of a rule, run."""

    tried: tuple[Tried, ...] = ()
    covered: tuple[Covered, ...] = ()
    broken: str = ""

    @property
    def failed(self) -> list[Tried]:
        return [one for one in self.tried if not one.passed]

    @property
    def seen(self) -> int:
        return sum(one.met + one.unmet for one in self.covered)

    @property
    def of(self) -> int:
        return 2 * len(self.covered)


def run(logic: Any, tests: Iterable[Mapping[str, Any]], facts: Mapping[str, Fact]) -> Trial:
    """Run every test case, and say which conditions came out both ways in them."""
    if not logic:
        return Trial()
    try:
        rule = compile_rule(logic, *labels_of(facts))
        tried = tuple(_try(rule, test) for test in tests)
        asked = rule({}).trace
    except RuleError as wrong:
        return Trial(broken=str(wrong.sentence))
    outcomes: dict[str, set] = {line.path: set() for line in asked}
    for one in tried:
        for line in one.lines:
            outcomes.setdefault(line.path, set()).add(line.result)
    covered = tuple(Covered(line.asks, True in outcomes[line.path], False in outcomes[line.path]) for line in asked)
    return Trial(tried, covered)


def _try(rule: Rule, test: Mapping[str, Any]) -> Tried:
    outcome = rule(dict(test.get("facts") or {}))
    return Tried(
        str(test.get("id", "")), str(test.get("name", "")), str(test.get("expected", "grant")), _TOLD[outcome.result],
        test.get("facts") or {}, tuple(outcome.trace),
    )  # fmt: skip


def suggested(logic: Any, facts: Mapping[str, Fact]) -> list[dict]:
    """Test cases that see every condition from both sides: all met, then each of them alone not met, then one fact unknown."""
    tree = tree_of(logic)
    if tree is None or not tree["items"]:
        return []
    good = _make(tree, wanted=True, facts=facts)
    tests: list[dict[str, Any]] = [{"name": "", "facts": good, "expected": "grant"}]
    for one in tree["items"] if tree["join"] == "all" else []:
        bad = _make(one, wanted=False, facts=facts)
        tests.append({"name": "", "facts": {**good, **bad}, "expected": "not_met"})
    for one in tree["items"] if tree["join"] == "all" else []:
        if one.get("join") == "any":
            none = _make(one, wanted=False, facts=facts)
            tests += [
                {"name": "", "facts": {**good, **none, **_make(part, wanted=True, facts=facts)}, "expected": "grant"}
                for part in one["items"]
            ]
    if good:
        first = next(iter(good))
        tests.append(
            {"name": "", "facts": {name: value for name, value in good.items() if name != first}, "expected": "unknown"}
        )
    rule = compile_rule(logic)
    kept = []
    for number, test in enumerate(tests, 1):
        got = _TOLD[rule(test["facts"]).result]
        kept.append({**test, "id": f"t{number}", "expected": got})
    return kept


def _make(tree: Mapping, *, wanted: bool, facts: Mapping[str, Fact]) -> dict[str, Any]:
    """Facts that make it come out as wanted, where that can be told from the comparisons alone."""
    ways = _ways(tree, wanted=wanted) or [[]]
    way = next((one for one in ways if _fits(one)), ways[0])
    found: dict[str, Any] = {}
    for name, op, value in way:
        if op == "gone":
            found.pop(name, None)
        else:
            found[name] = _example(facts.get(name), op, value)
    for leaf in _leaves(tree):
        if other := leaf.get("other"):
            op = leaf["op"] if wanted else _OPPOSITE[leaf["op"]]
            kind = facts[leaf["fact"]].kind if leaf["fact"] in facts else "text"
            low, high = (1, 2) if kind == "number" else ("a", "b")
            found[leaf["fact"]] = high if op in (">", "!=") else low
            found[other] = high if op == "<" else low
    return found


def _leaves(tree: Mapping) -> list[Mapping]:
    return [leaf for one in tree["items"] for leaf in _leaves(one)] if "join" in tree else [tree]


def _example(fact: Fact | None, op: str, value: Any) -> Any:
    others = [key for key, _words in fact.options] if fact else []
    if op in ("==", ">=", "<=", "begins"):
        return value
    if op in (">", "<") and isinstance(value, int | float):
        return round(value + (1 if op == ">" else -1), 6)
    if op == "in":
        return value[0] if value else None
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if op == "there":
        return {"yes": True, "number": 1}.get(fact.kind if fact else "text", others[0] if others else "x")
    taken = set(value) if isinstance(value, list) else {value}
    return next((one for one in others if one not in taken), "other")


def name_of_test(test: Mapping[str, Any], trial: Tried | None) -> Bilingual:
    """What a test case is called: as its author says, else by what does not hold in it."""
    if test.get("name"):
        return both(str(test["name"]), str(test["name"]))
    if trial is None or trial.got == "grant":
        return both("符合条件", "Everything needed holds")
    wanted = False if trial.got == "not_met" else None
    missed = sorted((line for line in trial.lines if line.result is wanted), key=lambda line: line.path.count("/"))
    if not missed:
        return both("不符合条件", "Something does not hold")
    asks = missed[0].asks
    return (
        both(f"不符合：{asks['zh']}", f"Not met: {asks['en']}")
        if wanted is False
        else both(f"未知：{asks['zh']}", f"Not known: {asks['en']}")
    )
