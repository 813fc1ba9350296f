"""Fees that follow from answers of the form: so much a piece, by steps, by slices, a share of a sum, or what a formula of the form says.

Pure. A fee says it in a few words (`reckoned`), which become one rule of `lib.rules`; the amount is whole fen, rounded as the fee says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.lib import money
from tongban.lib.bilingual import Bilingual, both
from tongban.lib.formschema import exact
from tongban.lib.problems import worded
from tongban.lib.rules import RuleError, compile_rule

WAYS = (
    ("piece", _("so much for each")),
    ("steps", _("by steps: one amount up to each limit")),
    ("slices", _("by slices: a percentage of each slice of a sum")),
    ("share", _("a percentage of a sum")),
    ("answer", _("as an answer of the form says, which a formula may fill")),
)
COINS = (("fen", _("fen (0.01 yuan)")), ("jiao", _("jiao (0.1 yuan)")), ("yuan", _("whole yuan")))
ROUNDING = (("half", _("to the nearest, halves up")), ("up", _("always up")), ("down", _("always down")))
MOMENTS = (("approval", _("when it is granted")), ("acceptance", _("when it is accepted")))
DIGITS = {"fen": 2, "jiao": 1, "yuan": 0}
ROWS = "rows:"
_ROUND_SAID = {
    "half": ("四舍五入到", "rounded to the nearest "), "up": ("向上进到", "rounded up to "), "down": ("舍尾到", "rounded down to "),
}  # fmt: skip
_COIN_SAID = {"fen": ("分", "fen"), "jiao": ("角", "jiao"), "yuan": ("元", "whole yuan")}


@dataclass(frozen=True)
class Reckoning:
    """What a fee comes to with these answers: in fen, and how, in both languages. `amount` is None while an answer is missing."""

    amount: int | None
    text: Bilingual


def answers(form: Iterable[Mapping[str, Any]]) -> list[tuple[str, Bilingual]]:
    """What of a form a fee can be reckoned from: numbers, amounts, and how many rows a repeated group has."""
    found = []
    for one in form:
        words = one.get("label") or both(one.get("zh") or one.get("en", ""), one.get("en") or one.get("zh", ""))
        if one.get("type") in ("number", "money"):
            found.append((str(one["id"]), dict(words)))
        elif one.get("type") == "table":
            found.append((f"{ROWS}{one['id']}", both(f"“{words['zh']}”的行数", f"number of rows of “{words['en']}”")))
    return found


def asks(fee: Mapping[str, Any]) -> str:
    """The id of the answer that a fee is reckoned from; empty where it is not."""
    return str((fee.get("reckoned") or {}).get("field") or "").removeprefix(ROWS)


def logic_of(said: Mapping[str, Any]) -> Any:
    """The fee in yuan as one rule. An answer that is missing leaves it unknown."""
    field = str(said["field"])
    value: Any = {"count": [{"var": field.removeprefix(ROWS)}]} if field.startswith(ROWS) else {"var": field}
    way = said["way"]
    if way == "piece":
        counted = {"-": [value, said["free"]]} if said.get("free") else value
        made: Any = {"*": [{"max": [0, counted]}, _yuan(said["each"])]}
    elif way == "steps":
        parts: list[Any] = []
        last: Any = None
        for step in _steps(said):
            if step.get("to") is None:
                last = _yuan(step["amount"])
            else:
                parts += [{"<=": [value, step["to"]]}, _yuan(step["amount"])]
        made = {"if": [*parts, last]} if parts else {"if": [{"!=": [value, None]}, last, None]}
    elif way == "slices":
        made = {"+": [_slice(value, since, step) for since, step in _slices(said)]}
    elif way == "share":
        made = {"/": [{"*": [{"max": [0, value]}, _decimal(said["percent"])]}, 100]}
    else:
        made = {"max": [0, value]}
    if said.get("least") is not None:
        made = {"max": [made, _yuan(said["least"])]}
    if said.get("most") is not None:
        made = {"min": [made, _yuan(said["most"])]}
    return {"round": [made, DIGITS[said.get("to") or "fen"], said.get("rounding") or "half"]}


def _steps(said: Mapping) -> list[Mapping]:
    """The steps by their limits; the one without a limit is for everything above."""
    return sorted(said.get("steps") or (), key=lambda step: (step.get("to") is None, step.get("to") or 0))


def _slices(said: Mapping) -> list[tuple[Any, Mapping]]:
    rows = _steps(said)
    return list(zip([0, *[row.get("to") for row in rows]], rows, strict=False))


def _slice(value: Any, since: Any, step: Mapping) -> Any:
    top = value if step.get("to") is None else {"min": [value, step["to"]]}
    within = {"max": [0, {"-": [top, since]}]}
    return {"/": [{"*": [within, _decimal(step["percent"])]}, 100]}


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


_yuan = _decimal


def reckon(fee: Mapping[str, Any], values: Mapping[str, Any], form: Iterable[Mapping[str, Any]]) -> Reckoning:
    """The fee for these answers. Nobody can tell it while the answer is missing or above every step: then an officer sets it."""
    said = fee["reckoned"]
    try:
        found = compile_rule(logic_of(said)).exact(exact(values))
    except (RuleError, KeyError, TypeError, ArithmeticError, ValueError):
        found = None
    fen = int(found * money.FEN_PER_YUAN) if isinstance(found, Decimal) else None
    if fen is None or not 0 <= fen <= money.AT_MOST:
        return Reckoning(None, rule(said, form))
    return Reckoning(fen, _told(said, values, form, fen))


def rule(said: Mapping[str, Any], form: Iterable[Mapping[str, Any]]) -> Bilingual:
    """The rule of a fee in one sentence: "CNY 10 for each of “Copies”"."""
    label = _label(said, form)
    way, zh, en = said["way"], "", ""
    if way == "piece":
        zh = f"按{label['zh']}计收，每单位{_cny(said['each'])}元" + (
            f"（前{said['free']}个单位免收）" if said.get("free") else ""
        )
        en = f"CNY {_cny(said['each'])} for each of {label['en']}" + (
            f" (the first {said['free']} free)" if said.get("free") else ""
        )
    elif way == "steps":
        zh = f"按{label['zh']}：" + "，".join(
            f"{step['to']}以内{_cny(step['amount'])}元"
            if step.get("to") is not None
            else f"以上{_cny(step['amount'])}元"
            for step in _steps(said)
        )
        en = f"by {label['en']}: " + ", ".join(
            f"up to {step['to']} CNY {_cny(step['amount'])}"
            if step.get("to") is not None
            else f"above CNY {_cny(step['amount'])}"
            for step in _steps(said)
        )
    elif way == "slices":
        zh = f"按{label['zh']}分段：" + "，".join(
            f"{since or 0}至{step['to']}元的部分{step['percent']}%"
            if step.get("to") is not None
            else f"超过{since}元的部分{step['percent']}%"
            for since, step in _slices(said)
        )
        en = f"of {label['en']} in slices: " + ", ".join(
            f"{step['percent']}% from {since or 0} to {step['to']} yuan"
            if step.get("to") is not None
            else f"{step['percent']}% above {since} yuan"
            for since, step in _slices(said)
        )
    elif way == "share":
        zh, en = f"{label['zh']}的{said['percent']}%", f"{said['percent']}% of {label['en']}"
    else:
        zh, en = f"按{label['zh']}", f"as {label['en']}"
    if said.get("least") is not None:
        zh, en = f"{zh}，最低{_cny(said['least'])}元", f"{en}, at least CNY {_cny(said['least'])}"
    if said.get("most") is not None:
        zh, en = f"{zh}，最高{_cny(said['most'])}元", f"{en}, at most CNY {_cny(said['most'])}"
    if way in ("slices", "share", "answer") or (said.get("to") or "fen") != "fen":
        coin, way_said = _COIN_SAID[said.get("to") or "fen"], _ROUND_SAID[said.get("rounding") or "half"]
        zh, en = f"{zh}，{way_said[0]}{coin[0]}", f"{en}, {way_said[1]}{coin[1]}"
    return both(zh, en)


def _told(said: Mapping, values: Mapping, form: Iterable[Mapping], fen: int) -> Bilingual:
    """The rule and what was reckoned by it: "CNY 10 for each of “Copies”; 3: CNY 30"."""
    words, asked = rule(said, form), str(said["field"])
    value = values.get(asked.removeprefix(ROWS))
    given = len(value) if asked.startswith(ROWS) and isinstance(value, list) else value
    return both(
        f"{words['zh']}；按所填的{given}，计{_cny(money.in_yuan(fen))}元",
        f"{words['en']}; for the answer {given}: CNY {_cny(money.in_yuan(fen))}",
    )


def _label(said: Mapping, form: Iterable[Mapping]) -> Bilingual:
    words = dict(answers(form)).get(str(said.get("field")), both(str(said.get("field")), str(said.get("field"))))
    return words if str(said.get("field")).startswith(ROWS) else both(f"“{words['zh']}”", f"“{words['en']}”")


def _cny(amount: Any) -> str:
    number = _decimal(amount)
    return f"{number.quantize(Decimal('0.01')):f}" if number != number.to_integral_value() else f"{int(number)}"


# -- as its editor writes it


def settled(fee: dict[str, Any], form: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What an editor chose, without what says nothing; the words of the rule are written by themselves where nobody wrote others."""
    said = {name: value for name, value in (fee.get("reckoned") or {}).items() if value not in (None, "", [])}
    fee = {name: value for name, value in fee.items() if name != "reckoned" and not (name == "when" and not value)}
    if not fee.get("charged") or not said.get("way"):
        return fee
    before = {words for words in (fee.get("text") or {}).values() if words}
    said["steps"] = [{name: each for name, each in row.items() if each is not None} for row in said.get("steps", ())]
    if not said["steps"]:
        del said["steps"]
    fee |= {"amount": None, "cases": [], "reckoned": said}
    if not troubles(fee, form) and (not before or before & _WRITTEN_BY_ITSELF or fee.get("text") == fee.get("rule")):
        fee["text"] = fee["rule"] = rule(said, form)
    return fee


_WRITTEN_BY_ITSELF = {"不收费", "按规定计收", "按情形收费", "Free of charge", "Charged by the rules", "Charged by case"}


def troubles(fee: Mapping[str, Any], form: Iterable[Mapping[str, Any]]) -> list[Any]:
    """What is missing or wrong in a fee that is reckoned, in sentences."""
    said = fee.get("reckoned") or {}
    if not fee.get("charged") or not said:
        return []
    way, found = said.get("way"), []
    if not said.get("field"):
        found.append(_("The fee is reckoned from an answer, and it is not said from which."))
    elif str(said["field"]) not in dict(answers(form)):
        found.append(worded(_("The fee is reckoned from “%(name)s”, which the form does not ask."), name=asks(fee)))
    rows = said.get("steps") or []
    if way not in dict(WAYS):
        found.append(_("It is not said how the fee is reckoned."))
    if way == "piece" and said.get("each") is None:
        found.append(_("It is not said how much each costs."))
    if way == "share" and said.get("percent") is None:
        found.append(_("It is not said which percentage the fee is."))
    if way in ("steps", "slices"):
        part = "amount" if way == "steps" else "percent"
        limits = [row.get("to") for row in rows if row.get("to") is not None]
        if not rows or any(row.get(part) is None for row in rows):
            found.append(_("Each step needs its amount, each slice its percentage."))
        if len(set(limits)) < len(limits) or sum(row.get("to") is None for row in rows) > 1:
            found.append(_("Two steps have the same limit, or two have none."))
    if said.get("least") is not None and said.get("most") is not None and said["least"] > said["most"]:
        found.append(_("The smallest fee is above the largest."))
    return found
