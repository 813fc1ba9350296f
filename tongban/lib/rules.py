"""One rule language: JsonLogic with CertLogic's operators for dates, compiled to closures and to Django's Q.

What a fact is not there for nobody can tell: a missing (or null) fact makes a condition unknown, and unknown is never true. `and`
with a false part is false whatever is unknown, `or` with a true part is true. Who wants to ask whether a fact is there says so:
`{"missing": [...]}`, or comparing it with a literal null. Values that cannot be compared are unknown too; nothing raises.

Logic may come from strangers: size, depth and work are limited before and while it runs.
"""

import hashlib
import json
import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Substr
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from .bilingual import Bilingual, say
from .problems import Invalid, worded

MAX_NODES = 2_000
MAX_DEPTH = 40
MAX_TEXT = 10_000
MAX_STEPS = 100_000
MAX_LENGTH = 20_000
BIGGEST = 10**18


class RuleError(Invalid):
    """The logic itself is wrong; `path` says where."""

    def __init__(self, sentence, path: str = ""):
        super().__init__("rule", sentence, errors={path or "/": [sentence]})
        self.path = path


class NotInSQL(RuleError):
    """This part of the logic cannot be asked of the database; evaluate it row by row."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        raise TypeError("a missing value is neither true nor false")


MISSING = _Missing()

Value = Any
Scope = tuple[Any, "_Budget"]
Closure = Callable[[Any, "_Budget"], Value]


class _Budget:
    """Steps of work that one evaluation may take: nested loops over long lists end here, not in the operator's memory."""

    __slots__ = ("left",)

    def __init__(self, steps: int):
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise RuleError(_("This rule takes too much work to evaluate."))


@dataclass(slots=True)  # not frozen: thousands are made for one decision
class Line:
    """One condition as it was judged. `path` is a JSON pointer into the logic; its words are made when somebody reads them."""

    path: str
    op: str
    left: Any
    right: Any
    result: bool | None
    words: Callable[["Line"], tuple[Bilingual, Bilingual]] = field(compare=False, repr=False)
    _made: tuple[Bilingual, Bilingual] | None = field(default=None, compare=False, repr=False)

    def _said(self) -> tuple[Bilingual, Bilingual]:
        if self._made is None:
            self._made = self.words(self)
        return self._made

    @property
    def text(self) -> Bilingual:
        """The condition and how it turned out, in both languages."""
        return self._said()[0]

    @property
    def asks(self) -> Bilingual:
        """Only what is asked, without how it turned out."""
        return self._said()[1]

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "op": self.op,
            "left": _jsonable(self.left),
            "right": _jsonable(self.right),
            "result": self.result,
            "text": self.text,
        }


@dataclass(frozen=True)
class Outcome:
    """`result` is True, False or None (nobody can tell); `value` what JsonLogic would answer; `missing` the absent facts."""

    result: bool | None
    trace: list[Line] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    value: Any = None

    @property
    def unmet(self) -> list[Line]:
        return [line for line in self.trace if line.result is False]

    @property
    def unknown(self) -> list[Line]:
        return [line for line in self.trace if line.result is None]


class Rule:
    def __init__(
        self,
        logic: Any,
        labels: Mapping[str, Mapping[str, str]] | None = None,
        value_labels: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None,
    ):
        _measure(logic)
        self.logic = logic
        self.labels = labels or {}
        self.value_labels = value_labels or {}
        self._value = _compile(logic, "")
        self._judge: _Judge | None = None  # made when reasons are first asked for
        self.facts = sorted(_facts(logic))

    @property
    def fingerprint(self) -> str:
        """Kept with a decision, so that everybody can tell later which rule it was."""
        said = json.dumps(self.logic, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def holds(self, data: Mapping[str, Any]) -> bool | None:
        """Only the answer, without reasons: for screening many."""
        return _truth(self._value(data, _Budget(MAX_STEPS)))

    def value(self, data: Any) -> Any:
        """What JsonLogic answers; None where nobody can tell."""
        return _jsonable(self._value(data, _Budget(MAX_STEPS)))

    def exact(self, data: Any) -> Any:
        """The same for reckoning on: decimals stay decimals, days moments, and None is what nobody can tell."""
        return _shown(self._value(data, _Budget(MAX_STEPS)))

    def __call__(self, data: Mapping[str, Any]) -> Outcome:
        budget = _Budget(MAX_STEPS)
        lines: list[Line] = []
        if self._judge is None:
            self._judge = _Teller(self).plan(self.logic, "", wanted=True)
        result = self._judge(data, budget, lines)
        flat = data.get if isinstance(data, Mapping) else lambda fact: None
        missing = [fact for fact in self.facts if flat(fact) is None and _look(data, fact) is MISSING]
        return Outcome(result, lines, missing, _jsonable(self._value(data, budget)))


def compile_rule(logic: Any, labels=None, value_labels=None) -> Rule:
    """Raises RuleError for logic that is not understood or too large.

    `labels` names facts, `{"age": {"zh": "年龄", "en": "age"}}`; `value_labels` the values of a fact,
    `{"housing": {"rent": {"zh": "租赁", "en": "rented"}}}`.
    """
    return Rule(logic, labels, value_labels)


def evaluate(logic: Any, data: Mapping[str, Any]) -> Outcome:
    return compile_rule(logic)(data)


# --- sugar ---


_OPERATORS = {"==", "!=", ">", ">=", "<", "<="}


def from_conditions(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """`{all: [{fact, op, value}, {any: [...]}]}` as the demonstration content writes it; a value `$form.name` is another fact."""
    return _from_condition(conditions, 0)


def _from_condition(said: Any, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise RuleError(_("This rule is nested too deeply."))
    if not isinstance(said, Mapping):
        raise RuleError(_("A condition is a group (all, any, none) or a fact, a comparison and a value."))
    for group, operator in (("all", "and"), ("any", "or")):
        if set(said) == {group} and isinstance(said[group], list) and said[group]:
            return {operator: [_from_condition(part, depth + 1) for part in said[group]]}
    if set(said) == {"none"} and isinstance(said["none"], list) and said["none"]:
        return {"!": [{"or": [_from_condition(part, depth + 1) for part in said["none"]]}]}
    fact = said.get("fact", said.get("field"))
    comparison = str(said.get("op"))
    if not isinstance(fact, str) or "value" not in said or set(said) - {"fact", "field", "op", "value"}:
        raise RuleError(_("A condition is a group (all, any, none) or a fact, a comparison and a value."))
    left, value = {"var": fact}, said["value"]
    right = {"var": value[1:]} if isinstance(value, str) and value.startswith("$") else value
    if comparison in _OPERATORS or comparison == "in":
        return {comparison: [left, right]}
    if comparison == "startswith" and isinstance(value, str):
        return {"==": [{"substr": [left, 0, len(value)]}, value]}
    raise RuleError(worded(_("The comparison “%(op)s” is not known."), op=comparison[:40]))


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<op>==|!=|>=|<=|>|<)
      | (?P<mark>[()\[\],])
      | (?P<name>[A-Za-z_$][\w.\-]*)
    )""",
    re.VERBOSE,
)


def from_sugar(text: str) -> Any:
    """`housing == "rent" and not (age < 18 or kind in ["a", "b"])` in short; `null` asks whether a fact is there."""
    if len(text) > MAX_TEXT:
        raise RuleError(_("This condition is too long."))
    tokens: list[tuple[str | None, str]] = []
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if not found:
            raise RuleError(
                worded(_("This condition cannot be read at “%(place)s”."), place=text[place : place + 20].strip())
            )
        kind = found.lastgroup or ""
        tokens.append((kind, found.group(kind)))
        place = found.end()
    reader = _Reader(tokens)
    logic = reader.either(0)
    reader.expect_end()
    return logic


class _Reader:
    def __init__(self, tokens: list[tuple[str | None, str]]):
        self.tokens = tokens
        self.place = 0

    def peek(self) -> tuple[str | None, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else (None, "")

    def take(self) -> tuple[str | None, str]:
        token = self.peek()
        self.place += 1
        return token

    def is_word(self, word: str) -> bool:
        return self.peek() == ("name", word)

    def wrong(self):
        seen = self.peek()[1] or "…"
        return RuleError(worded(_("This condition cannot be read at “%(place)s”."), place=seen[:20]))

    def expect(self, mark: str) -> None:
        if self.peek() != ("mark", mark):
            raise self.wrong()
        self.place += 1

    def expect_end(self) -> None:
        if self.place < len(self.tokens):
            raise self.wrong()

    def either(self, depth: int) -> Any:
        return self.joined("or", self.every, depth)

    def every(self, depth: int) -> Any:
        return self.joined("and", self.single, depth)

    def joined(self, word: str, part: Callable[[int], Any], depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise RuleError(_("This rule is nested too deeply."))
        parts = [part(depth + 1)]
        while self.is_word(word):
            self.take()
            parts.append(part(depth + 1))
        return parts[0] if len(parts) == 1 else {word: parts}

    def single(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise RuleError(_("This rule is nested too deeply."))
        if self.is_word("not"):
            self.take()
            return {"!": [self.single(depth + 1)]}
        if self.peek() == ("mark", "("):
            self.take()
            inner = self.either(depth + 1)
            self.expect(")")
            return inner
        left = self.operand()
        kind, said = self.peek()
        if kind == "op" or said in ("in", "startswith"):
            self.take()
            right = self.operand()
            if said == "startswith":
                if not isinstance(right, str):
                    raise self.wrong()
                return {"==": [{"substr": [left, 0, len(right)]}, right]}
            return {said: [left, right]}
        return left

    def operand(self) -> Any:
        kind, said = self.take()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", said[1:-1])
        if kind == "number":
            return float(said) if "." in said else int(said)
        if kind == "name" and said in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[said]
        if kind == "name" and said not in ("and", "or", "not", "in", "startswith"):
            return {"var": said.removeprefix("$")}
        if (kind, said) == ("mark", "["):
            items = []
            while self.peek() != ("mark", "]"):
                items.append(self.operand())
                if self.peek() == ("mark", ","):
                    self.take()
                elif self.peek() != ("mark", "]"):
                    raise self.wrong()
            self.take()
            return items
        self.place -= 1
        raise self.wrong()


# --- measuring what strangers send ---


def _measure(logic: Any) -> None:
    """Without recursion, so that a bomb of brackets is refused rather than run into the floor."""
    nodes, waiting = 0, [(logic, 0)]
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise RuleError(_("This rule has too many parts."))
        if depth > MAX_DEPTH:
            raise RuleError(_("This rule is nested too deeply."))
        if isinstance(node, Mapping):
            waiting.extend((part, depth + 1) for part in node.values())
            if any(not isinstance(key, str) for key in node):
                raise RuleError(_("This rule is not written as JSON."))
        elif isinstance(node, list | tuple):
            waiting.extend((part, depth + 1) for part in node)
        elif isinstance(node, str):
            if len(node) > MAX_TEXT:
                raise RuleError(_("A text in this rule is too long."))
        elif node is not None and not isinstance(node, bool | int | float | Decimal | date):
            raise RuleError(_("This rule is not written as JSON."))


SCOPED = {"map", "filter", "all", "none", "some", "reduce"}


def _facts(logic: Any) -> set[str]:
    """The facts a rule asks for, but not what is asked of the members of a list."""
    found: set[str] = set()
    if isinstance(logic, Mapping) and len(logic) == 1:
        operator, arguments = _operation(logic)
        if operator == "var":
            if arguments and isinstance(arguments[0], str | int) and arguments[0] != "":
                found.add(str(arguments[0]))
            return found
        if operator in SCOPED:
            arguments = arguments[:1] + arguments[2:]
        for part in arguments:
            found |= _facts(part)
    elif isinstance(logic, list | tuple):
        for part in logic:
            found |= _facts(part)
    return found


def facts_of(logic: Any) -> list[str]:
    _measure(logic)
    return sorted(_facts(logic))


def _operation(node: Mapping[str, Any]) -> tuple[str, list[Any]]:
    ((operator, arguments),) = node.items()
    return operator, list(arguments) if isinstance(arguments, list | tuple) else [arguments]


# --- values ---


def _look(data: Any, path: str) -> Value:
    """`a.b.c` in nested data or flat, whichever is there; null is the same as not there."""
    if isinstance(data, Mapping):
        here = data.get(path, MISSING)
        if here is not MISSING:
            return MISSING if here is None else here
    if path == "":
        return MISSING if data is None else data
    if "." not in path:
        return _member(data, path)
    names = path.split(".")
    if len(names) > MAX_DEPTH:
        return MISSING
    for cut in range(len(names) - 1, 0, -1):
        below = _member(data, ".".join(names[:cut]))
        if below is not MISSING:
            found = _look(below, ".".join(names[cut:]))
            if found is not MISSING:
                return found
    return MISSING


def _member(data: Any, name: str) -> Value:
    if isinstance(data, Mapping):
        found = data.get(name)
        return MISSING if found is None else found
    if isinstance(data, list | tuple) and name.isascii() and name.isdigit() and int(name[:9]) < len(data):
        found = data[int(name[:9])]
        return MISSING if found is None else found
    return MISSING


def _truth(value: Value) -> bool | None:
    if value is MISSING:
        return None
    if value is True or value is False:
        return value
    if isinstance(value, float | Decimal) and value != value:
        return None
    return bool(value)


_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\s*", re.ASCII)


def _number(value: Value) -> Any:
    """As a finite number, or MISSING."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else MISSING
    if isinstance(value, Decimal):
        return value if value.is_finite() else MISSING
    if isinstance(value, str) and len(value) <= 40 and _NUMBER.fullmatch(value):
        try:
            return Decimal(value.strip())
        except InvalidOperation:
            return MISSING
    return MISSING


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Decimals and floats meet as decimals, by what they show: 0.1 is 0.1."""
    if isinstance(left, Decimal) and isinstance(right, float):
        return left, Decimal(repr(right))
    if isinstance(left, float) and isinstance(right, Decimal):
        return Decimal(repr(left)), right
    return left, right


def _moment(value: Value) -> Any:
    """A date or time as an aware moment (days begin at midnight UTC, as CertLogic has it), or MISSING."""
    if isinstance(value, str):
        if not 10 <= len(value) <= 40:
            return MISSING
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return MISSING
    if isinstance(value, datetime):
        try:
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:
            return MISSING
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return MISSING


def _same(left: Value, right: Value, budget: _Budget, depth: int = 0) -> bool:
    """Strictly the same: no text is a number, no truth is a one."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float | Decimal) and isinstance(right, int | float | Decimal):
        one, other = _alike(left, right)
        return one == other
    if isinstance(left, date) or isinstance(right, date):
        one, other = _moment(left), _moment(right)
        return one is not MISSING and other is not MISSING and one == other
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        budget.spend(len(left))
        return (
            depth < 8
            and len(left) == len(right)
            and all(_same(one, other, budget, depth + 1) for one, other in zip(left, right, strict=True))
        )
    return type(left) is type(right) and isinstance(left, str) and left == right or (left is None and right is None)


def _equal(left: Value, right: Value, budget: _Budget) -> Value:
    """Softly equal as JsonLogic has it: "1" is 1. Unknown when one is missing."""
    if left is MISSING or right is MISSING:
        return MISSING
    if type(left) is type(right) and isinstance(left, str | bool | int):
        return left == right
    if isinstance(left, list | tuple | Mapping) or isinstance(right, list | tuple | Mapping):
        return _same(left, right, budget)
    if isinstance(left, date) or isinstance(right, date):
        return _same(left, right, budget)
    one, other = _number(left), _number(right)
    if one is not MISSING and other is not MISSING:
        one, other = _alike(one, other)
        return one == other
    return _same(left, right, budget)


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "before": lambda left, right: left < right,
    "not-after": lambda left, right: left <= right,
    "after": lambda left, right: left > right,
    "not-before": lambda left, right: left >= right,
}
_ON_DATES = {"before", "not-after", "after", "not-before"}


def _ordered(operator: str, left: Value, right: Value) -> Value:
    if left is MISSING or right is MISSING:
        return MISSING
    compare = _ORDER[operator]
    if operator in _ON_DATES or isinstance(left, date) or isinstance(right, date):
        one, other = _moment(left), _moment(right)
    elif isinstance(left, str) and isinstance(right, str):
        one, other = left, right
    else:
        one, other = _number(left), _number(right)
    if one is MISSING or other is MISSING:
        return MISSING
    one, other = _alike(one, other)
    return compare(one, other)


def _contains(needle: Value, heap: Value, budget: _Budget) -> Value:
    if needle is MISSING or heap is MISSING:
        return MISSING
    if isinstance(heap, str):
        return needle in heap if isinstance(needle, str) else MISSING
    if not isinstance(heap, list | tuple | set | frozenset):
        return MISSING
    budget.spend(len(heap))
    return any(_same(needle, straw, budget) for straw in heap)


def _plus_time(moment: Value, amount: Value, unit: Value) -> Value:
    start, many = _moment(moment), _number(amount)
    if start is MISSING or many is MISSING or many != int(many) or abs(many) > 10**7:
        return MISSING
    many = int(many)
    try:
        if unit in ("day", "hour", "minute"):
            return start + timedelta(**{f"{unit}s": many})
        months = start.year * 12 + start.month - 1 + many * (12 if unit == "year" else 1)
        year, month = divmod(months, 12)
        last = monthrange(year, month + 1)[1]  # 31 January and a month is the last of February
        return start.replace(year=year, month=month + 1, day=min(start.day, last))
    except (OverflowError, ValueError):
        return MISSING


def _arithmetic(operator: str, numbers: list[Any]) -> Value:
    if any(number is MISSING for number in numbers):
        return MISSING
    if any(isinstance(number, Decimal) for number in numbers):
        numbers = [Decimal(repr(number)) if isinstance(number, float) else number for number in numbers]
    try:
        total = _sum_up(operator, numbers)
    except (ArithmeticError, ValueError):
        return MISSING
    total = _number(total)
    return MISSING if total is MISSING or abs(total) > BIGGEST else total


def _sum_up(operator: str, numbers: list[Any]) -> Any:
    if operator in ("min", "max"):
        least = min if operator == "min" else max
        return least(numbers)
    if operator == "+":
        return sum(numbers)
    if operator == "-":
        return -numbers[0] if len(numbers) == 1 else numbers[0] - numbers[1]
    if operator == "/":
        return numbers[0] / numbers[1]
    if operator == "%":
        one, other = numbers[:2]
        if isinstance(one, Decimal) or isinstance(other, Decimal):
            return Decimal(one) % Decimal(other)
        rest = abs(one) % abs(other)  # the sign follows the dividend, as in JavaScript
        return -rest if one < 0 else rest
    product = numbers[0]
    for number in numbers[1:]:
        product = product * number
        if abs(product) > BIGGEST:
            raise OverflowError
    return product


def _flat(values: Iterable[Value]) -> list[Any]:
    """Everything that is there, lists opened: an empty answer or an empty cell of a row is left out."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, list | tuple):
            found += _flat(value)
        elif value is not MISSING and value is not None:
            found.append(value)
    return found


def _over(operator: str, values: Iterable[Value]) -> Value:
    """One figure of many. Of nothing at all nobody can tell a sum; a thing that is no number spoils it."""
    numbers = [_number(value) for value in _flat(values)]
    if not numbers or any(number is MISSING for number in numbers):
        return MISSING
    if operator in ("smallest", "largest"):
        return _arithmetic("min" if operator == "smallest" else "max", numbers)
    total = _arithmetic("+", numbers)
    if operator == "sum" or total is MISSING:
        return total
    return _arithmetic("/", [Decimal(repr(total)) if isinstance(total, float) else Decimal(total), len(numbers)])


ROUNDINGS = {"half": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}


def _rounded(value: Value, digits: int, way: str) -> Value:
    number = _number(value)
    if number is MISSING or abs(number) > BIGGEST:
        return MISSING
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    try:
        return exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUNDINGS[way])
    except InvalidOperation:
        return MISSING


def _time_between(start: Value, end: Value, unit: str) -> Value:
    """Whole days, months or years from one day to another, as birthdays count: who is born on 29 February has it on 1 March."""
    one, other = _moment(start), _moment(end)
    if one is MISSING or other is MISSING:
        return MISSING
    if unit == "day":
        return (other.date() - one.date()).days
    if one > other:
        back = _time_between(other, one, unit)
        return back if back is MISSING else -back
    months = (other.year - one.year) * 12 + other.month - one.month - (other.day < one.day)
    return months if unit == "month" else months // 12


def _text(value: Value) -> str:
    if value is True or value is False:
        return str(value).lower()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return ",".join(_text(part) for part in value[:100])
    return str(value)


# --- compiling to closures ---


def _compile(node: Any, path: str) -> Closure:
    if isinstance(node, Mapping):
        if len(node) != 1:
            raise RuleError(_("Each part of a rule is one operator with what it works on."), path)
        operator, arguments = _operation(node)
        make = _MAKERS.get(operator)
        if make is None:
            raise RuleError(worded(_("The operator “%(op)s” is not known."), op=operator[:40]), path)
        return make(operator, arguments, f"{path}/{operator}")
    if isinstance(node, list | tuple):
        parts = [_compile(part, f"{path}/{place}") for place, part in enumerate(node)]
        if not any(_is_live(part) for part in node):
            literals = [_shown(part({}, _Budget(MAX_STEPS))) for part in parts]
            return lambda data, budget: literals
        return lambda data, budget: [part(data, budget) for part in parts]
    literal = MISSING if node is None else node
    return lambda data, budget: literal


def _is_live(node: Any) -> bool:
    return isinstance(node, Mapping) or (isinstance(node, list | tuple) and any(map(_is_live, node)))


def _size(node: Any) -> int:
    """How many parts a node has: what one turn of a loop costs."""
    if isinstance(node, Mapping):
        return 1 + sum(map(_size, node.values()))
    return 1 + sum(map(_size, node)) if isinstance(node, list | tuple) else 1


def _parts(arguments: list[Any], path: str) -> list[Closure]:
    return [_compile(part, f"{path}/{place}") for place, part in enumerate(arguments)]


def _count(arguments: list[Any], least: int, most: int, path: str) -> None:
    if not least <= len(arguments) <= most:
        raise RuleError(worded(_("“%(op)s” has the wrong number of arguments."), op=path.rsplit("/", 1)[-1]), path)


def _make_var(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 0, 2, path)
    name = arguments[0] if arguments else ""
    default = _compile(arguments[1], f"{path}/1") if len(arguments) == 2 else None
    if isinstance(name, Mapping):
        naming = _compile(name, f"{path}/0")

        def named_by_data(data, budget):
            said = naming(data, budget)
            found = _look(data, _text(said)) if isinstance(said, str | int) else MISSING
            return default(data, budget) if found is MISSING and default else found

        return named_by_data
    fact = "" if name is None else _text(name)

    def var(data, budget):
        if type(data) is dict and fact:
            found = data.get(fact)
            if found is not None:
                return found
        found = _look(data, fact)
        return default(data, budget) if found is MISSING and default else found

    return var


def _make_equal(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 2, 2, path)
    strict, wanted = len(operator) == 3, operator.startswith("=")
    left, right = _parts(arguments, path)
    if None in arguments:  # a literal null asks whether the other is there
        other = right if arguments[0] is None else left
        return lambda data, budget: (other(data, budget) is MISSING) is wanted

    def equal(data, budget):
        one, other = left(data, budget), right(data, budget)
        if one is MISSING or other is MISSING:
            return MISSING
        return (_same if strict else _equal)(one, other, budget) is wanted

    return equal


def _make_order(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 2, 3, path)
    compare = _ORDER[operator]
    plain = operator not in _ON_DATES
    if len(arguments) == 3:
        parts = _parts(arguments, path)

        def between(data, budget):
            low, value, high = (part(data, budget) for part in parts)
            return _kleene_and((_ordered(operator, low, value), _ordered(operator, value, high)))

        return between
    left, right = _parts(arguments, path)

    def order(data, budget):
        one, other = left(data, budget), right(data, budget)
        if plain and type(one) is int and type(other) is int:
            return compare(one, other)
        return _ordered(operator, one, other)

    return order


def _kleene_and(values: Iterable[Value]) -> Value:
    unknown = False
    for value in values:
        truth = _truth(value)
        if truth is False:
            return False
        unknown = unknown or truth is None
    return MISSING if unknown else True


def _make_and(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 1, MAX_NODES, path)
    parts = _parts(arguments, path)
    stops_at = operator == "or"

    def joined(data, budget):
        unknown, value = False, MISSING
        for part in parts:
            value = part(data, budget)
            truth = _truth(value)
            if truth is stops_at:
                return value
            unknown = unknown or truth is None
        return MISSING if unknown else value

    return joined


def _make_not(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 1, 1, path)
    (part,) = _parts(arguments, path)
    positive = operator == "!!"

    def negated(data, budget):
        truth = _truth(part(data, budget))
        return MISSING if truth is None else truth is positive

    return negated


def _make_if(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 1, MAX_NODES, path)
    parts = _parts(arguments, path)

    def chosen(data, budget):
        for place in range(0, len(parts) - 1, 2):
            truth = _truth(parts[place](data, budget))
            if truth is None:
                return MISSING
            if truth:
                return parts[place + 1](data, budget)
        return parts[-1](data, budget) if len(parts) % 2 else MISSING

    return chosen


def _make_in(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 2, 2, path)
    left, right = _parts(arguments, path)
    return lambda data, budget: _contains(left(data, budget), right(data, budget), budget)


def _make_missing(operator: str, arguments: list[Any], path: str) -> Closure:
    parts = _parts(arguments, path)

    def absent(names, data):
        return [name for name in names if isinstance(name, str | int) and _look(data, _text(name)) is MISSING]

    if operator == "missing":

        def missing(data, budget):
            names: list[Any] = []
            for part in parts:
                value = part(data, budget)
                names.extend(value if isinstance(value, list) else [value])
            return absent(names, data)

        return missing

    _count(arguments, 2, 2, path)

    def missing_some(data, budget):
        least, names = parts[0](data, budget), parts[1](data, budget)
        least = _number(least)
        if least is MISSING or not isinstance(names, list):
            return MISSING
        gone = absent(names, data)
        return [] if len(names) - len(gone) >= least else gone

    return missing_some


def _make_arithmetic(operator: str, arguments: list[Any], path: str) -> Closure:
    least, most = {"-": (1, 2), "/": (2, 2), "%": (2, 2)}.get(operator, (1, MAX_NODES))
    _count(arguments, least, most, path)
    parts = _parts(arguments, path)
    return lambda data, budget: _arithmetic(operator, [_number(part(data, budget)) for part in parts])


def _make_cat(operator: str, arguments: list[Any], path: str) -> Closure:
    parts = _parts(arguments, path)

    def cat(data, budget):
        said = []
        for part in parts:
            value = part(data, budget)
            if value is MISSING:
                return MISSING
            said.append(_text(value))
        length = sum(map(len, said))
        budget.spend(length // 100)
        if length > MAX_LENGTH:
            raise RuleError(_("This rule takes too much work to evaluate."), path)
        return "".join(said)

    return cat


def _make_substr(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 2, 3, path)
    parts = _parts(arguments, path)

    def substr(data, budget):
        text, start, *length = (part(data, budget) for part in parts)
        start, length = _number(start), [_number(part) for part in length]
        if text is MISSING or start is MISSING or MISSING in length:
            return MISSING
        text, start = _text(text), int(start)
        rest = text[start:] if start >= 0 else text[max(len(text) + start, 0) :]
        return rest[: int(length[0])] if length else rest

    return substr


def _make_merge(operator: str, arguments: list[Any], path: str) -> Closure:
    parts = _parts(arguments, path)

    def merge(data, budget):
        merged: list[Any] = []
        for part in parts:
            value = part(data, budget)
            if value is MISSING:
                return MISSING
            merged.extend(value if isinstance(value, list | tuple) else [value])
            if len(merged) > MAX_LENGTH:
                raise RuleError(_("This rule takes too much work to evaluate."), path)
        budget.spend(len(merged))
        return merged

    return merge


def _make_loop(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 2, 2, path)
    members, each = _parts(arguments, path)
    work = _size(arguments[1])

    def loop(data, budget):
        listed = members(data, budget)
        if not isinstance(listed, list | tuple):
            return MISSING
        budget.spend(len(listed) * work)
        judged = [(member, each(None if member is MISSING else member, budget)) for member in listed]
        if operator == "map":
            return [_shown(value) for _member_, value in judged]
        truths = [_truth(value) for _member_, value in judged]
        if operator == "filter":
            return (
                MISSING
                if None in truths
                else [member for (member, _v), keep in zip(judged, truths, strict=True) if keep]
            )
        if operator == "all":
            return False if False in truths or not truths else MISSING if None in truths else True
        some = True if True in truths else MISSING if None in truths else False
        if operator == "some" or some is MISSING:
            return some
        return not some

    return loop


def _make_reduce(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 2, 3, path)
    members, each, *first = _parts(arguments, path)
    work = _size(arguments[1])

    def reduce(data, budget):
        listed = members(data, budget)
        if not isinstance(listed, list | tuple):
            return MISSING
        total = first[0](data, budget) if first else MISSING
        for member in listed:
            budget.spend(work)
            total = each({"current": _shown(member), "accumulator": _shown(total)}, budget)
        return total

    return reduce


def _make_plus_time(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 3, 3, path)
    unit = arguments[2]
    if unit not in ("minute", "hour", "day", "month", "year"):
        raise RuleError(_("Time is added in minutes, hours, days, months or years."), path)
    moment, amount, _unit = _parts(arguments, path)
    return lambda data, budget: _plus_time(moment(data, budget), amount(data, budget), unit)


def _make_over(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 1, MAX_NODES, path)
    parts = _parts(arguments, path)

    def over(data, budget):
        values = [part(data, budget) for part in parts]
        budget.spend(sum(len(value) for value in values if isinstance(value, list | tuple)))
        return _over(operator, values)

    return over


def _make_count(operator: str, arguments: list[Any], path: str) -> Closure:
    """How many are there: rows of a list, answers that were given. Of a list that is not there nobody can tell."""
    _count(arguments, 1, MAX_NODES, path)
    parts = _parts(arguments, path)

    def count(data, budget):
        values = [part(data, budget) for part in parts]
        budget.spend(sum(len(value) for value in values if isinstance(value, list | tuple)))
        return MISSING if all(value is MISSING for value in values) else len(_flat(values))

    return count


def _make_round(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 1, 3, path)
    digits: Any = arguments[1] if len(arguments) > 1 else 0
    way: Any = arguments[2] if len(arguments) > 2 else "half"
    if way not in tuple(ROUNDINGS) or isinstance(digits, bool) or not isinstance(digits, int) or not -6 <= digits <= 6:
        raise RuleError(_("Rounding names how many digits after the point (0 to 6), and half, up or down."), path)
    part = _compile(arguments[0], f"{path}/0")
    return lambda data, budget: _rounded(part(data, budget), digits, way)


def _make_of_text(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 1, 1, path)
    (part,) = _parts(arguments, path)
    act: Callable[[str], Any] = {"upper": str.upper, "lower": str.lower, "length": len}[operator]

    def of_text(data, budget):
        value = part(data, budget)
        return MISSING if value is MISSING or isinstance(value, list | tuple | Mapping) else act(_text(value))

    return of_text


def _make_time_between(operator: str, arguments: list[Any], path: str) -> Closure:
    _count(arguments, 3, 3, path)
    unit = arguments[2]
    if unit not in ("day", "month", "year"):
        raise RuleError(_("The time between two days is told in days, months or years."), path)
    start, end, _unit = _parts(arguments, path)
    return lambda data, budget: _time_between(start(data, budget), end(data, budget), unit)


_MAKERS: dict[str, Callable[[str, list[Any], str], Closure]] = {
    "var": _make_var,
    **dict.fromkeys(("==", "===", "!=", "!=="), _make_equal),
    **dict.fromkeys(_ORDER, _make_order),
    **dict.fromkeys(("and", "or"), _make_and),
    **dict.fromkeys(("!", "!!"), _make_not),
    **dict.fromkeys(("if", "?:"), _make_if),
    "in": _make_in,
    **dict.fromkeys(("missing", "missing_some"), _make_missing),
    **dict.fromkeys(("+", "-", "*", "/", "%", "min", "max"), _make_arithmetic),
    "cat": _make_cat,
    "substr": _make_substr,
    "merge": _make_merge,
    **dict.fromkeys(("map", "filter", "all", "none", "some"), _make_loop),
    "reduce": _make_reduce,
    "plusTime": _make_plus_time,
    **dict.fromkeys(("sum", "smallest", "largest", "average"), _make_over),
    "count": _make_count,
    "round": _make_round,
    **dict.fromkeys(("upper", "lower", "length"), _make_of_text),
    "timeBetween": _make_time_between,
}

OPERATORS = frozenset(_MAKERS)


_TO_LOOK_INTO = {type(MISSING), list}


def _shown(value: Value) -> Any:
    if value is MISSING:
        return None
    if isinstance(value, list):
        return [_shown(part) for part in value]
    return value


def _jsonable(value: Any) -> Any:
    value = _shown(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_jsonable(part) for part in list(value)[:100]]
    if isinstance(value, Mapping):
        return {str(key): _jsonable(part) for key, part in list(value.items())[:100]}
    return value


# --- telling why ---

_OPPOSITE = {
    "==": "!=",
    "===": "!==",
    "<": ">=",
    ">": "<=",
    "before": "not-before",
    "after": "not-after",
    "in": "not in",
    "begins": "not begins",
    "there": "gone",
    "true": "false",
    "between": "outside",
}
_OPPOSITE |= {value: key for key, value in _OPPOSITE.items()}

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "before": "after", "after": "before"}
_FLIPPED |= {"not-after": "not-before", "not-before": "not-after"}

_RELATION: dict[str, tuple[str, str]] = {
    "==": ("应为{}", "must be {}"),
    "===": ("应为{}", "must be {}"),
    "!=": ("不应为{}", "must not be {}"),
    "!==": ("不应为{}", "must not be {}"),
    "<": ("应小于{}", "must be less than {}"),
    "<=": ("应不大于{}", "must be at most {}"),
    ">": ("应大于{}", "must be more than {}"),
    ">=": ("应不小于{}", "must be at least {}"),
    "before": ("应早于{}", "must be before {}"),
    "not-after": ("应不晚于{}", "must not be after {}"),
    "after": ("应晚于{}", "must be after {}"),
    "not-before": ("应不早于{}", "must not be before {}"),
    "in": ("应为其中之一：{}", "must be one of: {}"),
    "not in": ("不应为其中之一：{}", "must be none of: {}"),
    "begins": ("应以“{}”开头", "must begin with “{}”"),
    "not begins": ("不应以“{}”开头", "must not begin with “{}”"),
    "there": ("应有数据", "must be known"),
    "gone": ("应无数据", "must not be on record"),
    "true": ("应成立", "must hold"),
    "false": ("不应成立", "must not hold"),
    "between": ("应在{}之间", "must lie between {}"),
    "outside": ("不应在{}之间", "must not lie between {}"),
}
_VERDICT = {
    True: ("符合。", "Met."),
    False: ("不符合。", "Not met."),
    None: ("缺少数据，暂无法判断。", "Cannot tell yet: data is missing."),
}


_Judge = Callable[[Any, "_Budget", list["Line"]], bool | None]


def _joined(parts: list[_Judge], *, every: bool) -> _Judge:
    """Asks all of them, also when one has decided already."""
    decides = not every

    def judge(data, budget, lines):
        found = [part(data, budget, lines) for part in parts]
        return decides if decides in found else None if None in found else every

    return judge


class _Teller:
    """Makes of a rule what judges each of its conditions (people are helped by knowing every reason, not the first).

    Everything that does not depend on data is settled once: places, which side is asked about, which way round it is said.
    """

    def __init__(self, rule: "Rule"):
        self.rule = rule

    def value(self, node: Any, path: str) -> Closure:
        if not isinstance(node, Mapping | list | tuple):
            plain = MISSING if node is None else node
            return lambda data, budget: plain
        return _compile(node, path)

    def plan(self, node: Any, path: str, *, wanted: bool) -> _Judge:
        """Judges `node`, turned round where it is not `wanted`; lines are said the way round that helps."""
        if isinstance(node, Mapping):
            operator, arguments = _operation(node)
            here = f"{path}/{operator}"
            if operator in ("and", "or"):
                parts = [self.plan(part, f"{here}/{place}", wanted=wanted) for place, part in enumerate(arguments)]
                return _joined(parts, every=(operator == "and") is wanted)
            if operator in ("!", "!!"):
                return self.plan(arguments[0], f"{here}/0", wanted=wanted is (operator == "!!"))
            if operator in ("if", "?:"):
                return self.branch(arguments, here, wanted=wanted)
            if operator in _ORDER or operator in ("==", "===", "!=", "!==", "in"):
                return self.comparison(node, operator, arguments, here, wanted=wanted)
            if operator == "missing":
                asked = self.value(node, path)
                return self.line(here, "gone", node, asked, None, asked, None, wanted=wanted, said_missing=True)
        asked = self.value(node, path)
        return self.line(path, "true", node, asked, None, asked, None, wanted=wanted)

    def branch(self, arguments: list[Any], here: str, *, wanted: bool) -> _Judge:
        ways = []
        for place in range(0, len(arguments) - 1, 2):
            ways.append(
                (
                    self.value(arguments[place], f"{here}/{place}"),
                    self.plan(arguments[place], f"{here}/{place}", wanted=True),
                    self.plan(arguments[place + 1], f"{here}/{place + 1}", wanted=wanted),
                )
            )
        last = len(arguments) - 1
        otherwise = self.plan(arguments[last], f"{here}/{last}", wanted=wanted) if len(arguments) % 2 else None

        def judge(data, budget, lines):
            for asked, told, then in ways:
                truth = _truth(asked(data, budget))
                if truth is None:
                    told(data, budget, lines)
                    return None
                if truth:
                    return then(data, budget, lines)
            return otherwise(data, budget, lines) if otherwise is not None else None

        return judge

    def comparison(self, node: Any, operator: str, arguments: list[Any], here: str, *, wanted: bool) -> _Judge:
        whole = self.value(node, here.rsplit("/", 1)[0])
        sides = [self.value(part, f"{here}/{place}") for place, part in enumerate(arguments)]
        if len(arguments) == 3:
            edges, (low, middle, high) = [arguments[0], arguments[2]], sides

            def both_edges(data, budget):
                return [low(data, budget), high(data, budget)]

            return self.line(here, "between", arguments[1], middle, edges, whole, both_edges, wanted=wanted)
        (left, right), (one, other) = arguments, sides
        if not _is_live(left) and _is_live(right) and operator != "in":
            left, right, one, other = right, left, other, one
            operator = _FLIPPED.get(operator, operator)
        if right is None and operator in ("==", "===", "!=", "!=="):
            operator = "gone" if operator.startswith("=") else "there"
            return self.line(here, operator, left, one, "", whole, None, wanted=wanted)
        if operator in ("==", "!=") and _begins(left, right):
            operator = "begins" if operator == "==" else "not begins"
            left = _operation(left)[1][0]
            one = self.value(left, here)
        return self.line(here, operator, left, one, right, whole, other, wanted=wanted)

    def line(
        self,
        path: str,
        operator: str,
        left: Any,
        one: Closure,
        right: Any,
        whole: Closure,
        other: Closure | None,
        *,
        wanted: bool,
        said_missing: bool = False,
    ) -> _Judge:
        """One condition: `one` is the value asked about, `other` what it is held against, `whole` whether it holds."""
        operator = operator if wanted else _OPPOSITE[operator]
        path = path or "/"
        constant = None
        if other is not None and right is not None and not _is_live(right) and not isinstance(right, list | tuple):
            constant, other = right, None

        def words(line: Line) -> tuple[Bilingual, Bilingual]:
            one = MISSING if line.left is None else line.left
            other = MISSING if line.right is None else line.right
            return self.words(operator, left, one, right, other, line.result)

        def judge(data, budget, lines):
            result = _truth(whole(data, budget))
            if not wanted and result is not None:
                result = not result
            value = MISSING if said_missing else one(data, budget)
            against = constant if other is None else other(data, budget)
            # type first: most values are plain, and a call for each would cost more than the comparison
            lines.append(
                Line(
                    path,
                    operator,
                    _shown(value) if type(value) in _TO_LOOK_INTO else value,
                    _shown(against) if type(against) in _TO_LOOK_INTO else against,
                    result,
                    words,
                )
            )
            return result

        return judge

    def words(self, operator, left, one, right, other, result: bool | None) -> tuple[Bilingual, Bilingual]:
        subject, fact = self.named(left), _fact_of(left)
        text, asks = {}, {}
        for place, language in enumerate(("zh", "en")):
            expected = self.expected(right, other, fact, language)
            relation = _RELATION[operator][place].format(expected)
            verdict = _VERDICT[result][place]
            actual = self.spoken(one, fact, language)
            name = say(subject, language)
            asks[language] = f"{name}：{relation}" if language == "zh" else f"{name}: {relation}"
            if operator in ("true", "false", "there", "gone") or result is None and one is MISSING:
                text[language] = (
                    f"{name}：{relation}。{verdict}" if language == "zh" else f"{name}: {relation}. {verdict}"
                )
            elif language == "zh":
                text[language] = f"{name}：{relation}；实际为{actual}。{verdict}"
            else:
                text[language] = f"{name}: {relation}; it is {actual}. {verdict}"
        return text, asks

    def named(self, node: Any) -> Mapping[str, str]:
        fact = _fact_of(node)
        if fact is not None:
            return self.rule.labels.get(fact) or {"zh": fact, "en": fact}
        if isinstance(node, Mapping):
            operator, arguments = _operation(node)
            if operator == "plusTime" and len(arguments) == 3:
                name = self.named(arguments[0])
                return {
                    "zh": f"{say(name, 'zh')}加{_text(arguments[1])}{_UNITS.get(arguments[2], ('', ''))[0]}",
                    "en": f"{say(name, 'en')} plus {_text(arguments[1])} {_UNITS.get(arguments[2], ('', ''))[1]}",
                }
            if operator in ("all", "some", "none", "filter", "map", "reduce", "substr", "missing"):
                names = sorted(_facts(node)) or [part for part in arguments if isinstance(part, str)] or [operator]
                known = [self.rule.labels.get(fact) or {"zh": fact, "en": fact} for fact in names]
                return {language: ", ".join(say(name, language) for name in known) for language in ("zh", "en")}
        said = json.dumps(node, ensure_ascii=False, default=str)[:80]
        return {"zh": said, "en": said}

    def expected(self, node: Any, value: Value, fact: str | None, language: str) -> str:
        if _is_live(node) and not isinstance(node, list | tuple):
            said = say(self.named(node), language)
            if value is MISSING:
                return said
            return (
                f"{said}({self.spoken(value, fact, language)})"
                if language == "zh"
                else f"{said} ({self.spoken(value, fact, language)})"
            )
        if isinstance(value, list | tuple):
            comma = "、" if language == "zh" else ", "
            return comma.join(self.spoken(part, fact, language) for part in value[:30])
        return self.spoken(value, fact, language)

    def spoken(self, value: Value, fact: str | None, language: str) -> str:
        chinese = language == "zh"
        if value is MISSING or value is None:
            return "无" if chinese else "unknown"
        known = self.rule.value_labels.get(fact or "", {})
        if isinstance(value, str) and value in known:
            return say(known[value], language)
        if isinstance(value, bool):
            return ("是" if value else "否") if chinese else ("yes" if value else "no")
        if isinstance(value, datetime):
            return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ", "minutes")
        if isinstance(value, list | tuple):
            return ("、" if chinese else ", ").join(self.spoken(part, fact, language) for part in value[:30])
        if isinstance(value, Mapping):
            return "…"
        return _text(value)[:80]


@dataclass(frozen=True)
class Said:
    """What a rule asks, in words, before anybody is judged by it: one condition, or several of which `all` or `any` must hold."""

    text: Bilingual = field(default_factory=dict)
    joined: str = ""
    parts: list["Said"] = field(default_factory=list)


def in_words(logic: Any, labels=None, value_labels=None) -> Said:
    """A published rule as people read it; conditions below "not" are said the other way round."""
    return _said(logic, compile_rule(logic, labels, value_labels), wanted=True)


def _said(node: Any, rule: Rule, *, wanted: bool) -> Said:
    if isinstance(node, Mapping):
        operator, arguments = _operation(node)
        if operator in ("and", "or"):
            every = (operator == "and") is wanted
            parts = [_said(part, rule, wanted=wanted) for part in arguments]
            return parts[0] if len(parts) == 1 else Said(joined="all" if every else "any", parts=parts)
        if operator in ("!", "!!"):
            return _said(arguments[0], rule, wanted=wanted is (operator == "!!"))
    lines: list[Line] = []
    _Teller(rule).plan(node, "", wanted=wanted)({}, _Budget(MAX_STEPS), lines)
    parts = [Said(line.asks) for line in lines]
    return parts[0] if len(parts) == 1 else Said(joined="all", parts=parts)


_UNITS = {
    "minute": ("分钟", "minutes"),
    "hour": ("小时", "hours"),
    "day": ("天", "days"),
    "month": ("个月", "months"),
    "year": ("年", "years"),
}


def _fact_of(node: Any) -> str | None:
    if isinstance(node, Mapping) and len(node) == 1:
        operator, arguments = _operation(node)
        if operator == "var" and arguments and isinstance(arguments[0], str):
            return arguments[0]
    return None


def _begins(node: Any, text: Any) -> bool:
    if not (isinstance(node, Mapping) and isinstance(text, str)):
        return False
    operator, arguments = _operation(node)
    return operator == "substr" and len(arguments) == 3 and arguments[1] == 0 and arguments[2] == len(text)


# --- asking the database ---

_LOOKUPS = {
    "<": "lt",
    "<=": "lte",
    ">": "gt",
    ">=": "gte",
    "before": "lt",
    "not-after": "lte",
    "after": "gt",
    "not-before": "gte",
}
_NEVER = Q(pk__in=[])


def to_q(logic: Any, fields: Mapping[str, str]) -> Q:
    """The rows for which the rule is true, as a Q; `fields` says where each fact stands (`{"size": "company__size"}`).

    Facts and the values they are compared with must be of one type. A bare fact is asked as a truth value. Raises NotInSQL for
    what a database is not asked: arithmetic, loops, texts within texts.
    """
    _measure(logic)
    _compile(logic, "")
    return _q(logic, fields, "", wanted=True)


def _q(node: Any, fields: Mapping[str, str], path: str, *, wanted: bool) -> Q:
    """The rows where `node` is surely `wanted`: what is unknown is in neither, so `~Q` alone will not do."""
    if isinstance(node, bool):
        return Q() if node is wanted else _NEVER
    if not isinstance(node, Mapping):
        raise _not_in_sql(path)
    operator, arguments = _operation(node)
    here = f"{path}/{operator}"
    if operator in ("and", "or"):
        parts = [_q(part, fields, f"{here}/{place}", wanted=wanted) for place, part in enumerate(arguments)]
        together = parts[0]
        for part in parts[1:]:
            if (operator == "and") is wanted:
                together = together & part
            else:
                together = _either(together, part)
        return together
    if operator in ("!", "!!"):
        return _q(arguments[0], fields, f"{here}/0", wanted=wanted is (operator == "!!"))
    if operator == "var":
        return Q(**{_column(node, fields, here): wanted})
    if operator == "in":
        return _q_in(arguments, fields, here, wanted=wanted)
    if operator in ("==", "===", "!=", "!=="):
        return _q_equal(operator, arguments, fields, here, wanted=wanted)
    if operator in _ORDER:
        return _q_order(operator, arguments, fields, here, wanted=wanted)
    raise _not_in_sql(here)


def _either(left: Q, right: Q) -> Q:
    """Q() means everything, but `Q() | x` is x in Django's algebra."""
    return Q() if not left or not right else left | right


def _q_in(arguments: list[Any], fields: Mapping[str, str], here: str, *, wanted: bool) -> Q:
    needle, heap = arguments
    if not isinstance(heap, list | tuple) or _is_live(list(heap)):
        raise _not_in_sql(here)
    column = _column(needle, fields, here)
    straws = [straw for straw in heap if straw is not None]
    found = Q(**{f"{column}__in": straws})
    return found if wanted else ~found & Q(**{f"{column}__isnull": False})


def _q_equal(operator: str, arguments: list[Any], fields: Mapping[str, str], here: str, *, wanted: bool) -> Q:
    wanted = wanted is operator.startswith("=")
    left, right = arguments if _is_live(arguments[0]) else reversed(arguments)
    if right is None:
        return Q(**{f"{_column(left, fields, here)}__isnull": wanted})
    if _begins(left, right):
        column = _column(_operation(left)[1][0], fields, here)
        found = Q(Exact(Substr(F(column), 1, len(right)), right)) if right else Q(**{f"{column}__isnull": False})
        return found if wanted else ~found & Q(**{f"{column}__isnull": False})
    column = _column(left, fields, here)
    there = Q(**{f"{column}__isnull": False})
    if _is_live(right):
        other = _column(right, fields, here)
        found = Q(**{column: F(other)})
        there &= Q(**{f"{other}__isnull": False})
        return found & there if wanted else ~found & there
    if isinstance(right, list | tuple):
        raise _not_in_sql(here)
    found = Q(**{column: right})
    return found if wanted else ~found & there


def _q_order(operator: str, arguments: list[Any], fields: Mapping[str, str], here: str, *, wanted: bool) -> Q:
    if len(arguments) == 3:
        low, value, high = arguments
        both = [{operator: [low, value]}, {operator: [value, high]}]
        return _q({"and": both}, fields, here, wanted=wanted)
    left, right = arguments
    if not _is_live(left):
        left, right, operator = right, left, _FLIPPED[operator]
    if not wanted:
        operator = _OPPOSITE[operator]
    column = _column(left, fields, here)
    if right is None:
        return _NEVER
    if _is_live(right):
        return Q(**{f"{column}__{_LOOKUPS[operator]}": F(_column(right, fields, here))})
    if isinstance(right, list | tuple):
        raise _not_in_sql(here)
    return Q(**{f"{column}__{_LOOKUPS[operator]}": right})


def _column(node: Any, fields: Mapping[str, str], here: str) -> str:
    fact = _fact_of(node)
    if fact is None or len(_operation(node)[1]) != 1:
        raise _not_in_sql(here)
    if fact not in fields:
        raise NotInSQL(worded(_("The fact “%(fact)s” is not kept in the database."), fact=fact[:80]), here)
    return fields[fact]


def _not_in_sql(here: str) -> NotInSQL:
    return NotInSQL(_("This part of the rule cannot be asked of the database."), here)
