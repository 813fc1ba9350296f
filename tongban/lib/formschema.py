"""Forms as data: what is asked, when it is asked, what counts as an answer, and the sentence for what does not.

Answers come from a page (all text, tables as `staff-0-name`) or as JSON; what is stored is always the same plain JSON. Keys of
errors are the names of the inputs, so a page can put each sentence where it belongs.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from . import unicode
from .bilingual import Bilingual, say
from .identifiers import (
    KINDS,
    Checked,
    check_any_person_number,
    check_bank_account,
    check_person_number,
    check_phone,
    check_uscc,
    mask_id,
    mask_name,
    mask_phone,
    plain,
)
from .problems import worded
from .rules import Rule, RuleError, compile_rule, from_sugar

MAX_ROWS = 500
MAX_ITEMS = 200

FIELD_TYPES = (
    "text",
    "number",
    "money",
    "date",
    "boolean",
    "choice",
    "multi",
    "address",
    "phone",
    "id_number",
    "uscc",
    "person",
    "company_name",
    "scope_codes",
    "table",
    "photo",
    "bank_account",
    "reference",
    "slot",
    "division",
    "consent",
    "id_kind",
)

ACTION = "action"  # an entry of a form that asks nothing: at an event it does something
EVENTS = ("press", "change", "open")
DOES = ("fill", "set", "go", "save", "pdf")
SETTABLE = ("text", "number", "money", "date", "boolean", "choice")  # what an action may set to a fixed value

RECKONED = ("number", "money", "date", "text")  # what a formula may fill
TODAY = "today"  # what a formula calls the day on which it is reckoned

LENGTHS = {"text": 200, "address": 300, "company_name": 120, "reference": 200, "photo": 200}
PERSON_NAME = 120

_said = lazy(say, str)


class FormError(ValueError):
    """The form itself is written wrongly; says which field and what."""


class _Wrong(Exception):
    def __init__(self, sentence, at: str = ""):
        super().__init__()
        self.sentence = sentence
        self.at = at


_ABSENT = object()


PERSONAL = frozenset({"id_number", "person", "phone", "bank_account", "photo"})


@dataclass(frozen=True)
class Cleaned:
    """`values` are fit to store; `typed` is what the person gave, to show again beside `errors`; `remarks` refuse nothing."""

    values: dict[str, Any]
    errors: dict[str, list]
    remarks: dict[str, list] = field(default_factory=dict)
    typed: dict[str, Any] = field(default_factory=dict)
    files: dict[str, list] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def draft(self) -> dict[str, Any]:
        """What to keep so that nothing typed is lost: the values, and what was typed where it is not yet right."""
        wrong = {name.split("-")[0] for name in self.errors}
        return {**self.values, **{name: said for name, said in self.typed.items() if name in wrong}}

    def errors_of(self, one: "Field") -> list:
        return [
            sentence
            for name, sentences in self.errors.items()
            if name == one.id or name.startswith(f"{one.id}-")
            for sentence in sentences
        ]


# -- answers out of a list that many forms share: a room above keeps them, and is asked when they are looked at


@dataclass(frozen=True)
class Offer:
    """What a shared list offers at a time: `codes` may be chosen, `labels` also say what was offered once; `heads` names the entry above."""

    codes: tuple[str, ...] = ()
    labels: Mapping[str, Bilingual] = field(default_factory=dict)
    heads: Mapping[str, str] = field(default_factory=dict)


_offered: Callable[[str, datetime | None], Offer] = lambda key, at: Offer()  # noqa: E731


def lists_come_from(ask: Callable[[str, datetime | None], Offer]) -> None:
    """Who knows shared lists: asked with the list's key and, for what was sent already, the moment of sending."""
    global _offered
    _offered = ask


@dataclass(frozen=True)
class _Codes(Sequence):
    key: str
    at: datetime | None

    def __getitem__(self, place):
        return _offered(self.key, self.at).codes[place]

    def __len__(self) -> int:
        return len(_offered(self.key, self.at).codes)

    def __iter__(self) -> Iterator[str]:
        return iter(_offered(self.key, self.at).codes)

    def __contains__(self, code: object) -> bool:
        return code in _offered(self.key, self.at).codes


@dataclass(frozen=True)
class _Labels(Mapping):
    key: str
    at: datetime | None

    def __getitem__(self, code: str) -> Bilingual:
        return _offered(self.key, self.at).labels[code]

    def __len__(self) -> int:
        return len(_offered(self.key, self.at).labels)

    def __iter__(self) -> Iterator[str]:
        return iter(_offered(self.key, self.at).labels)


@dataclass(frozen=True)
class Field:
    id: str
    type: str
    label: Bilingual
    required: bool = False
    readonly: bool = False
    masked: bool = False
    prefill: str = ""
    show_if: Any = None
    min: Any = None
    max: Any = None
    max_length: int | None = None
    options: Sequence[str] = ()
    labels: Mapping[str, Bilingual] = field(default_factory=dict)
    code_list: str = ""
    at: datetime | None = None
    columns: tuple["Field", ...] = ()
    rows: int = 1
    help: Bilingual | None = None
    section: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    formula: Any = None

    @classmethod
    def from_data(cls, said: Mapping[str, Any], at: datetime | None = None) -> "Field":
        """One field as demo/forms.yaml writes it; keys not known here are kept in `extra`. `at`: when the answers were sent."""
        said = dict(said)
        name = str(said.pop("id", ""))
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
            raise FormError(f"field {name!r}: an id is small letters, digits and _")
        kind = said.pop("type", "text")
        if kind not in FIELD_TYPES:
            raise FormError(f"field {name}: the type {kind!r} is not known")
        zh, en = said.pop("zh", ""), said.pop("en", "")
        label = said.pop("label", None) or {"zh": zh or en or name, "en": en or zh or name}
        labels: Mapping[str, Bilingual] = {
            str(key): dict(words) for key, words in (said.pop("labels", None) or {}).items()
        }
        options: Sequence[str] = tuple(map(str, said.pop("options", None) or ()))
        code_list = str(said.pop("code_list", "") or "")
        if code_list and (kind not in ("choice", "multi") or options):
            raise FormError(f"field {name}: a shared list is for a choice without options of its own")
        if kind in ("choice", "multi") and not options and not code_list:
            raise FormError(f"field {name}: a {kind} needs options")
        if code_list:
            options, labels = _Codes(code_list, at), _Labels(code_list, at)
        columns = _columns_from(name, said, labels) if kind == "table" else ()
        show_if = said.pop("show_if", None)
        formula = said.pop("formula", None) or None
        if formula is not None and kind not in RECKONED:
            raise FormError(f"field {name}: a {kind} is not filled by a formula")
        return cls(
            id=name,
            type=kind,
            label=dict(label),
            required=bool(said.pop("required", False)),
            readonly=bool(said.pop("readonly", False)),
            masked=bool(said.pop("masked", False)),
            prefill=str(said.pop("prefill", "") or ""),
            show_if=from_sugar(show_if) if isinstance(show_if, str) and show_if.strip() else show_if or None,
            min=said.pop("min", None),
            max=said.pop("max", None),
            max_length=said.pop("max_length", None),
            options=options,
            labels=labels,
            code_list=code_list,
            at=at,
            columns=columns,
            rows=int(said.pop("rows", 1)),
            help=said.pop("help", None),
            section=str(said.pop("section", "")),
            formula=formula,
            extra=said,
        )

    # --- what a renderer asks ---

    @property
    def html_name(self) -> str:
        return self.id

    @property
    def html_id(self) -> str:
        return f"field-{self.id}"

    def cell_name(self, row: int | str, column: "Field | str") -> str:
        """The input of one cell; the row may be a placeholder such as __n__ for script to fill."""
        return f"{self.id}-{row}-{column.id if isinstance(column, Field) else column}"

    def part_name(self, part: str) -> str:
        return f"{self.id}-{part}"

    @property
    def parts(self) -> tuple["Field", ...]:
        """A person is asked as name, kind of document and number."""
        if self.type != "person":
            return ()
        return tuple(replace(part, id=self.part_name(part.id), required=self.required) for part in PERSON_PARTS)

    @property
    def choices(self) -> list[tuple[str, Bilingual]]:
        if self.type == "id_kind":
            return [(kind.id, {"zh": kind.label, "en": kind.label}) for kind in KINDS.values()]
        labels = self.offered.labels if self.code_list else self.labels
        return [(option, labels.get(option) or {"zh": option, "en": option}) for option in self.options]

    @property
    def offered(self) -> Offer:
        """What its shared list offers; asked once where many entries are looked at."""
        return _offered(self.code_list, self.at) if self.code_list else Offer()

    def withdrawn(self, value: Any) -> list[str]:
        """Answers of a shared list that were offered when they were given and are no longer."""
        if not self.code_list:
            return []
        many = value if isinstance(value, list) else [value]
        return [one for one in many if isinstance(one, str) and one not in self.options and one in self.labels]

    @property
    def input_type(self) -> str:
        return {"phone": "tel", "date": "date", "slot": "datetime-local", "photo": "file"}.get(self.type, "text")

    @property
    def input_mode(self) -> str:
        modes = {
            "phone": "tel",
            "bank_account": "numeric",
            "money": "decimal",
            "number": "decimal",
            "division": "numeric",
        }
        return modes.get(self.type, "")

    @property
    def autocomplete(self) -> str:
        """Only for what browsers know of the person in front of them."""
        if self.type in ("id_number", "bank_account", "person"):
            return "off"
        by_id = {"name": "name", "mobile": "tel", "address": "street-address", "post_address": "street-address"}
        by_id |= {"company": "organization", "email": "email", "contact": "name"}
        return by_id.get(self.id, "")

    @property
    def longest(self) -> int:
        return self.max_length or LENGTHS.get(self.type, 200)

    @property
    def sources(self) -> list[str]:
        """Where a value may be prefilled from, best first."""
        return [source.strip() for source in self.prefill.split("|") if source.strip()]

    @cached_property
    def _shown_when(self) -> Rule | None:
        return None if self.show_if is None else compile_rule(self.show_if)

    @property
    def show_if_fields(self) -> list[str]:
        return [] if self._shown_when is None else self._shown_when.facts

    def is_shown(self, values: Mapping[str, Any]) -> bool:
        return self._shown_when is None or self._shown_when.holds(values) is True

    # --- filled by a formula of other answers ---

    @cached_property
    def _formula(self) -> Rule | None:
        return None if self.formula is None else compile_rule(self.formula)

    @property
    def reckoned_from(self) -> list[str]:
        """The ids of the answers that its formula takes, each once."""
        if self._formula is None:
            return []
        names = [fact.removeprefix("form.").split(".")[0] for fact in self._formula.facts]
        return [name for name in dict.fromkeys(names) if name != TODAY]

    def reckon(self, values: Mapping[str, Any], today: date) -> Any:
        """The result as it is stored; None where an answer it needs is not there, or is none it can reckon with."""
        if self._formula is None:
            return None
        try:
            return _as_stored(self, self._formula.exact({**exact(values), TODAY: today.isoformat()}))
        except RuleError:
            return None

    def mask(self, value: Any) -> str:
        if self.type == "phone":
            return mask_phone(value)
        return mask_name(value) if self.id in ("name", "contact") else mask_id(value)

    def display(self, value: Any, language: str | None = None, *, masked: bool | None = None) -> str:
        """The answer as people read it; masked where the form says so, unless told otherwise."""
        if value is None or value == "" or value == []:
            return ""
        hide = self.masked if masked is None else masked
        if self.type in ("boolean", "consent"):
            return str(_("Yes") if value is True else _("No"))
        if self.type == "choice":
            return say(self.labels.get(str(value)) or str(value), language)
        if self.type == "id_kind":
            return str(KINDS[value].label) if value in KINDS else str(value)
        if self.type in ("multi", "scope_codes") and isinstance(value, list):
            return str(_(", ")).join(say(self.labels.get(str(part)) or str(part), language) for part in value)
        if self.type == "person" and isinstance(value, Mapping):
            number = str(value.get("id_no", ""))
            shown = [str(value.get("name", "")), mask_id(number) if hide else number]
            return " ".join(part for part in shown if part)
        if self.type == "table" and isinstance(value, list):
            return "\n".join(str(_(", ")).join(cells) for cells in self.display_rows(value, language, masked=masked))
        if self.type == "money":
            amount = _decimal(value)
            return f"{amount:,.2f}" if amount is not None else str(value)
        if self.type == "photo":
            return str(_("A photograph is here."))
        if self.type == "slot":
            return str(value).replace("T", " ")
        if isinstance(value, bool):
            return str(_("Yes") if value else _("No"))
        return self.mask(value) if hide else str(value)

    @property
    def personal(self) -> bool:
        """What is covered until somebody asks for it: numbers of people, telephones, accounts, faces; a table with such a column too."""
        return self.masked or self.type in PERSONAL or any(column.personal for column in self.columns)

    def covered(self, value: Any) -> str:
        """The answer with its numbers covered; empty where there is nothing to cover."""
        if not self.personal or self.type == "photo":
            return ""
        part = self.display(value, masked=True)
        return part if part != self.display(value, masked=False) else ""

    def display_rows(self, value: Any, language: str | None = None, *, masked: bool | None = None) -> list[list[str]]:
        """A table's cells in the order of its columns; numbers of people stay covered in it unless `masked` is False."""
        rows = value if isinstance(value, list) else []
        hide = [False if masked is False else True if column.personal else None for column in self.columns]
        return [
            [
                column.display(row.get(column.id), language, masked=way)
                for column, way in zip(self.columns, hide, strict=True)
            ]
            for row in rows
            if isinstance(row, Mapping)
        ]

    # --- what a page or a machine sent ---

    def read(self, raw: Mapping[str, Any]) -> Any:
        """This field's part of what was sent, as it was typed; nothing at all is None."""
        found = _found(self, raw)
        return None if found is _ABSENT else found

    def clean(self, value: Any, asked: "Asked") -> Any:
        return _CLEANERS[self.type](self, value, asked)


def no_longer(one: Field, code: str):
    return worded(_("“%(answer)s” is no longer offered. Please choose again."), answer=_said(one.labels[code]))


def _code_of(one: Field, text: str) -> str:
    """The code of what was chosen, or typed from a long list in either language."""
    if not one.code_list or text in one.options:
        return text
    wanted = unicodedata.normalize("NFKC", text).strip().casefold()
    labels = one.offered.labels
    found = [code for code in labels if wanted in {words.casefold() for words in labels[code].values()}]
    return next((code for code in found if code in one.options), found[0] if found else text)


def _columns_from(name: str, said: dict[str, Any], labels: Mapping[str, Bilingual]) -> tuple[Field, ...]:
    types = said.pop("column_types", None) or {}
    optional = set(said.pop("optional_columns", None) or ())
    columns = []
    for column in said.pop("columns", None) or ():
        if isinstance(column, Mapping):
            if column.get("code_list"):
                raise FormError(f"field {name}: a column has answers of its own, no shared list")
            columns.append(Field.from_data(column))
            continue
        words = labels.get(column) or {"zh": column, "en": column}
        slug = re.sub(r"\W+", "_", column.lower()).strip("_")
        made = {"id": slug, "type": types.get(column, "text"), "label": words, "required": column not in optional}
        columns.append(Field.from_data(made))
    if not columns:
        raise FormError(f"field {name}: a table needs columns")
    if any(column.type in ("table", "person", "photo", "multi", "scope_codes") for column in columns):
        raise FormError(f"field {name}: a column holds one value, not several")
    if len({column.id for column in columns}) < len(columns) or any(column.id == "remove" for column in columns):
        raise FormError(f"field {name}: two columns have one name, or one is called remove")
    return tuple(columns)


PERSON_PARTS = (
    Field("name", "text", {"zh": "姓名", "en": "Name"}, max_length=PERSON_NAME),
    Field("id_kind", "id_kind", {"zh": "证件类型", "en": "Kind of document"}),
    Field("id_no", "id_number", {"zh": "证件号码", "en": "Document number"}),
)


@dataclass(frozen=True)
class Asked:
    """What a single answer is judged with."""

    today: date
    known: Mapping[str, Collection[str]]
    remark: Callable[[str, Any], None]
    name: str
    partial: bool = False
    row: Mapping[str, Any] = field(default_factory=dict)

    def codes(self, one: "Field") -> Collection[str] | None:
        """What may be chosen; None when nobody has said."""
        if one.options:
            return one.options
        return self.known.get(one.id, self.known.get(one.type))


@dataclass(frozen=True)
class Action:
    """What a form does when a button is pressed, an answer changes or the form is opened.

    It stands among the questions, behind the one it is `beside` or `ahead` of it, and is none of them: it has no answer. Steps that
    name a question which is not asked do nothing; publishing refuses them.
    """

    own: Field  # its id, words, section and condition
    on: str
    of: str = ""
    does: tuple[Mapping[str, Any], ...] = ()
    beside: str = ""
    ahead: bool = False

    @classmethod
    def from_data(cls, said: Mapping[str, Any]) -> "Action":
        said = dict(said)
        on, of, does = str(said.pop("on", "press")), str(said.pop("of", "") or ""), said.pop("does", None) or ()
        own = Field.from_data({**said, "type": "text"})
        if on not in EVENTS:
            raise FormError(f"action {own.id}: the event {on!r} is not known")
        if not isinstance(does, list | tuple) or any(
            not isinstance(one, Mapping) or one.get("do") not in DOES for one in does
        ):
            raise FormError(f"action {own.id}: it does something that is not known")
        return cls(own, on, of, tuple(does))

    def placed(self, behind: Field | None, ahead: Field | None) -> "Action":
        """Between these two questions; with the one whose section it has."""
        if ahead is not None and (behind is None or behind.section != self.own.section == ahead.section):
            return replace(self, beside=ahead.id, ahead=True)
        return replace(self, beside=behind.id if behind is not None else "")

    @property
    def id(self) -> str:
        return self.own.id

    @property
    def fills(self) -> list[str]:
        """The questions it fills from where they are prefilled."""
        names = [str(name) for one in self.does if one["do"] == "fill" for name in one.get("fields") or ()]
        return list(dict.fromkeys(names))

    @property
    def sets(self) -> dict[str, Any]:
        return {str(one.get("field")): one.get("value") for one in self.does if one["do"] == "set"}

    @property
    def goes_to(self) -> str:
        return next((str(one.get("to") or "") for one in self.does if one["do"] == "go"), "")

    def also(self, what: str) -> bool:
        return any(one["do"] == what for one in self.does)


def action_renamed(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """An action that speaks of these questions by their other names."""
    does = []
    for step in one.get("does") or ():
        step = dict(step)
        for key in ("field", "to"):
            if key in step:
                step[key] = names.get(step[key], step[key])
        if "fields" in step:
            step["fields"] = [names.get(each, each) for each in step["fields"]]
        does.append(step)
    return {**one, "of": names.get(one.get("of", ""), one.get("of", "")), "does": does}


class Form:
    def __init__(self, fields: Iterable[Field], actions: Iterable[Action] = ()):
        self.fields = tuple(fields)
        self.actions = tuple(actions)
        self._by_id = {one.id: one for one in self.fields}
        if len(self._by_id) < len(self.fields):
            raise FormError("two fields have one id")
        for action in self.actions:
            if action.id in self._by_id or sum(1 for one in self.actions if one.id == action.id) > 1:
                raise FormError("two fields have one id")
            for fact in action.own.show_if_fields:
                if fact.removeprefix("form.") not in self._by_id:
                    raise FormError(f"action {action.id}: it is shown depending on {fact}, which is not asked")
        for one in self.fields:
            for fact in one.show_if_fields:
                if fact.removeprefix("form.") not in self._by_id:
                    raise FormError(f"field {one.id}: it is shown depending on {fact}, which is not asked")
            for name in one.reckoned_from:
                if name not in self._by_id and "asked_by" not in one.extra:  # a bundle may leave a question out
                    raise FormError(f"field {one.id}: it is reckoned from {name}, which is not asked")
        self.reckoned_fields = tuple(one for one in self.fields if one.formula is not None)
        if circle := self._circle():
            raise FormError(f"field {circle[0]}: the formulas go in a circle: {' → '.join(circle)}")

    @classmethod
    def from_demo(cls, fields: Iterable[Mapping[str, Any]], at: datetime | None = None) -> "Form":
        said = list(fields)
        asked = {place: Field.from_data(one, at) for place, one in enumerate(said) if one.get("type") != ACTION}
        actions = []
        for place, one in enumerate(said):
            if place not in asked:
                behind = next((asked[there] for there in range(place - 1, -1, -1) if there in asked), None)
                ahead = next((asked[there] for there in range(place + 1, len(said)) if there in asked), None)
                actions.append(Action.from_data(one).placed(behind, ahead))
        return cls(asked.values(), actions)

    def __iter__(self):
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __contains__(self, name: str) -> bool:
        return name in self._by_id

    def __getitem__(self, name: str) -> Field:
        return self._by_id[name]

    def _circle(self) -> list[str]:
        """Formulas that wait for each other, by what they take or by when something is asked; empty when there are none."""
        done: set[str] = set()

        def walk(name: str, way: list[str]) -> list[str]:
            if name in way:
                return [*way[way.index(name) :], name]
            if name in done or name not in self._by_id:
                return []
            one = self._by_id[name]
            for other in [*one.reckoned_from, *(fact.removeprefix("form.") for fact in one.show_if_fields)]:
                found = walk(other, [*way, name])
                if any(self._by_id[each].formula is not None for each in found):
                    return found
            done.add(name)
            return []

        return next((found for one in self.reckoned_fields if (found := walk(one.id, []))), [])

    @cached_property
    def _in_turn(self) -> list[Field]:
        """Formulas after those whose results they take."""
        order: list[str] = []

        def put(name: str) -> None:
            one = self._by_id.get(name)
            if one is None or one.formula is None or name in order:
                return
            for other in one.reckoned_from:
                put(other)
            order.append(name)

        for one in self.reckoned_fields:
            put(one.id)
        return [self._by_id[name] for name in order]

    def reckoned(self, values: Mapping[str, Any], today: date) -> dict[str, Any]:
        """These answers with every formula's result as it is now; what cannot be told, or is not asked, has none."""
        own = {one.id for one in self.reckoned_fields}
        plain = {name: value for name, value in values.items() if name not in own}
        if not own:
            return plain
        results: dict[str, Any] = {}
        for _turn in range(len(own) + 1):
            shown = {one.id for one in self.visible({**plain, **results})}
            seen = {name: value for name, value in plain.items() if name in shown}
            now: dict[str, Any] = {}
            for one in self._in_turn:
                found = one.reckon({**seen, **now}, today) if one.id in shown else None
                if found is not None:
                    now[one.id] = found
            if now == results:
                break
            results = now
        return {**plain, **results}

    def visible(self, values: Mapping[str, Any]) -> list[Field]:
        """The fields that are asked given these answers; what hangs on a hidden answer is hidden too."""
        shown = {one.id for one in self.fields if one.show_if is None}
        for _turn in range(len(self.fields) + 1):
            seen = {name: values[name] for name in shown if name in values}
            seen["form"] = dict(seen)
            now = {one.id for one in self.fields if one.is_shown(seen)}
            if now == shown:
                break
            shown = now
        return [one for one in self.fields if one.id in shown]

    def actions_shown(self, values: Mapping[str, Any]) -> list[Action]:
        """The actions whose condition holds given these answers, where the question is asked behind which they stand."""
        shown = {one.id for one in self.visible(values)}
        seen: dict[str, Any] = {name: value for name, value in values.items() if name in shown}
        seen["form"] = dict(seen)
        return [one for one in self.actions if one.own.is_shown(seen)]

    def fixed_value(self, name: str, said: Any) -> Any:
        """A fixed value as the answer of this question is stored; raises FormError with the sentence that refuses it."""
        one = self._by_id.get(name)
        if one is None or one.type not in SETTABLE or one.readonly or one.formula is not None:
            raise FormError(_("This question cannot be set."))
        asked = Asked(today=timezone.localdate(), known={}, remark=lambda at, sentence: None, name=name)
        try:
            if _is_empty(said):
                raise _Wrong(_missing(one))
            return one.clean(said, asked)
        except _Wrong as wrong:
            raise FormError(wrong.sentence) from None

    def with_what_changes(self, before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
        """{question: (action, value)} that actions set because answers are others than `before`; each action acts once."""
        now, found, done = dict(values), dict[str, tuple[str, Any]](), set[str]()
        changed = {one.id for one in self.fields if _answer_or_none(before, one.id) != _answer_or_none(now, one.id)}
        while True:
            due = [
                one
                for one in self.actions_shown(now)
                if one.on == "change" and one.of in changed and one.id not in done
            ]
            if not due:
                return found
            for action in due:
                done.add(action.id)
                for name, said in action.sets.items():
                    try:
                        value = self.fixed_value(name, said)
                    except FormError:
                        continue
                    if now.get(name) != value:
                        now[name], found[name] = value, (action.id, value)
                        changed.add(name)

    def validate(
        self,
        raw: Mapping[str, Any],
        files: Mapping[str, Any] | None = None,
        *,
        kept: Mapping[str, Any] | None = None,
        fixed: Mapping[str, Any] | None = None,
        only: Iterable[str] | None = None,
        partial: bool = False,
        known: Mapping[str, Collection[str]] | None = None,
        today: date | None = None,
    ) -> Cleaned:
        """Judge the answers of a page (`request.POST`) or of JSON.

        `kept`   answers stored before: they stand for fields outside `only`, for a masked value sent back masked, and for
                 a photograph not sent again.
        `fixed`  values of registers; they win over what is sent for read-only fields, and are not judged.
        `only`   the ids of the fields on this page.
        `partial` a draft: nothing is missing yet, but what is there is judged.
        `known`  the codes that exist, by type or field id: `{"division": {...}}`.
        """
        kept, fixed, files = kept or {}, fixed or {}, files or {}
        asked_now = None if only is None else set(only)
        values: dict[str, Any] = {}
        errors: dict[str, list] = {}
        remarks: dict[str, list] = {}
        typed: dict[str, Any] = {}
        sent: dict[str, list] = {}

        for one in self.fields:
            if one.formula is not None:  # whatever is sent for it: the result is reckoned below
                continue
            if one.readonly and _is_answer(fixed.get(one.id)):
                values[one.id] = typed[one.id] = fixed[one.id]
                continue
            if asked_now is not None and one.id not in asked_now:
                if _is_answer(kept.get(one.id)):
                    values[one.id] = kept[one.id]
                continue
            found = _found(one, raw)
            uploaded = _files_of(files, one) if one.type in ("photo", "reference") else []
            if uploaded:
                sent[one.id] = uploaded
            if found is _ABSENT or _is_empty(found):
                if one.type == "photo" and _is_answer(kept.get(one.id)):
                    values[one.id] = kept[one.id]
                continue
            typed[one.id] = found
            if one.masked and _is_answer(kept.get(one.id)) and found == one.mask(kept[one.id]):
                values[one.id] = kept[one.id]
                continue
            asked = Asked(
                today=today or timezone.localdate(),
                known=known or {},
                remark=lambda at, sentence: remarks.setdefault(at, []).append(sentence),
                name=one.id,
                partial=partial,
            )
            problems: list[_Wrong] = []
            try:
                value = _clean(one, found, asked, problems)
            except _Wrong as wrong:
                problems.append(wrong)
                value = None
            for problem in problems:
                errors.setdefault(problem.at or one.id, []).append(problem.sentence)
            if not problems and _is_answer(value):
                values[one.id] = value

        today = today or timezone.localdate()
        values = self.reckoned(values, today)
        for one in self.reckoned_fields:
            if one.id in values and (sentence := _out_of_bounds(one, values[one.id], today)) is not None:
                errors.setdefault(one.id, []).append(sentence)
        visible = {one.id for one in self.visible(values)}
        values = {name: value for name, value in values.items() if name in visible}
        errors = {name: told for name, told in errors.items() if name.split("-")[0] in visible}
        remarks = {name: told for name, told in remarks.items() if name.split("-")[0] in visible}
        sent = {name: many for name, many in sent.items() if name in visible}
        if not partial:
            refused_already = {name.split("-")[0] for name in errors}
            for one in self.fields:
                here = one.id in visible and (asked_now is None or one.id in asked_now)
                if one.required and here and one.id not in refused_already | set(values) | set(sent):
                    errors[one.id] = [_missing(one) if one.formula is None else self._not_yet(one)]
        order = {one.id: place for place, one in enumerate(self.fields)}
        errors = dict(sorted(errors.items(), key=lambda entry: order[entry[0].split("-")[0]]))
        return Cleaned(values, errors, remarks, typed, sent)

    def takes(self, one: Field) -> list[Field]:
        """The questions whose answers this field is reckoned from."""
        return [self._by_id[name] for name in one.reckoned_from if name in self._by_id]

    def with_what_they_take(self, names: Iterable[str]) -> set[str]:
        """These fields and, of those that formulas fill, every answer behind them: to change a result is to change these."""
        found, waiting = set(), list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._by_id[name].reckoned_from if name in self._by_id else []
        return found

    def _not_yet(self, one: Field):
        names = lazy(lambda: str(_(", ")).join(say(each.label) for each in self.takes(one)), str)()
        return worded(
            _("“%(field)s” cannot be reckoned yet. Please answer: %(names)s."), field=_said(one.label), names=names
        )

    def json_schema(self, language: str = "en") -> dict[str, Any]:
        """JSON Schema 2020-12 of the stored answers."""
        conditions = []
        for one in self.fields:
            if one.show_if is None or not one.required or one.formula is not None:
                continue
            condition = _schema_condition(one.show_if)
            if condition is not None:
                conditions.append({"if": condition, "then": {"required": [one.id]}})
        schema: dict[str, Any] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {one.id: _schema_of(one, language) for one in self.fields},
            "required": [one.id for one in self.fields if one.required and one.show_if is None and one.formula is None],
            "additionalProperties": False,
        }
        if conditions:
            schema["allOf"] = conditions
        return schema


# --- reckoning ---

MOST_DIGITS = 6  # after the point, of a number that a formula makes


def exact(value: Any) -> Any:
    """Numbers as decimals, so that 0.1 and 0.2 make 0.3."""
    if isinstance(value, Mapping):
        return {key: exact(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [exact(part) for part in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return Decimal(repr(value))


def _as_stored(one: Field, result: Any) -> Any:
    """A result as an answer of this kind is kept; money to the whole fen, halves up."""
    if result is None or isinstance(result, list | Mapping):
        return None
    if one.type == "date":
        day = result.date() if isinstance(result, datetime) else result
        if isinstance(day, str):
            try:
                day = date.fromisoformat(day[:10])
            except ValueError:
                return None
        return day.isoformat() if isinstance(day, date) else None
    if one.type == "text":
        if isinstance(result, datetime):
            result = result.date().isoformat()
        if isinstance(result, Decimal | float):
            result = f"{_decimal(result) or 0:f}"
        return str(result)[: one.longest] or None
    number = _decimal(result)
    if number is None or not number.is_finite() or abs(number) >= (10**13 if one.type == "money" else 10**15):
        return None
    if one.type == "money":
        return str(number.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
    number = number.quantize(Decimal(1).scaleb(-MOST_DIGITS), rounding=ROUND_HALF_UP)
    return int(number) if number == number.to_integral_value() else float(number)


def _out_of_bounds(one: Field, value: Any, today: date) -> Any:
    """What is wrong with a result, in words; None when nothing is."""
    try:
        if one.type in ("number", "money"):
            number = Decimal(str(value))
            if one.type == "money" and number < 0:
                raise _Wrong(_("This comes out below zero. Please check the answers it is reckoned from."))
            if one.min is not None and number < Decimal(str(one.min)):
                raise _Wrong(worded(_("This comes out as %(value)s and must be at least %(least)s. Please check the answers it is reckoned from."), value=one.display(value), least=one.min))  # fmt: skip
            if one.max is not None and number > Decimal(str(one.max)):
                raise _Wrong(worded(_("This comes out as %(value)s and must be at most %(most)s. Please check the answers it is reckoned from."), value=one.display(value), most=one.max))  # fmt: skip
        elif one.type == "date":
            least, most = _edge(one.min, today), _edge(one.max, today)
            if (least is not None and value < least.isoformat()) or (most is not None and value > most.isoformat()):
                raise _Wrong(worded(_("This comes out as %(value)s, which is not possible here. Please check the answers it is reckoned from."), value=value))  # fmt: skip
    except _Wrong as wrong:
        return wrong.sentence
    return None


# --- reading ---


def _found(one: Field, raw: Mapping[str, Any]) -> Any:
    """JSON gives a field whole; a page gives the parts of persons and tables one by one."""
    if one.type == "table":
        whole = raw.get(one.id)
        if whole is None:
            return _found_rows(one, raw)
        return list(whole) if isinstance(whole, list | tuple) else [whole]
    if one.type == "person":
        whole = raw.get(one.id)
        if isinstance(whole, Mapping):
            return dict(whole)
        parts = {part.id: raw.get(one.part_name(part.id)) for part in PERSON_PARTS}
        if all(part is None for part in parts.values()):
            return _ABSENT if whole is None else {"name": whole}
        return {name: part for name, part in parts.items() if part is not None}
    if one.type in ("multi", "scope_codes"):
        if hasattr(raw, "getlist"):
            many = [value for value in raw.getlist(one.id) if value != ""]
            return many if many else _ABSENT
        value = raw.get(one.id, _ABSENT)
        if value is _ABSENT or value is None:
            return _ABSENT
        return list(value) if isinstance(value, list | tuple) else [value]
    value = raw.get(one.id, _ABSENT)
    return _ABSENT if value is None else value


def _found_rows(one: Field, raw: Mapping[str, Any]) -> Any:
    columns = {column.id for column in one.columns}
    pattern = re.compile(rf"{re.escape(one.id)}-([0-9]{{1,5}})-([a-z0-9_]+)")
    rows: dict[int, dict[str, Any]] = {}
    removed = set()
    for name in raw:
        found = pattern.fullmatch(name) if isinstance(name, str) else None
        if not found:
            continue
        number, column = int(found.group(1)), found.group(2)
        if column == "remove":
            removed.add(number)
        elif column in columns:
            rows.setdefault(number, {})[column] = raw.get(name)
    if not rows:
        return _ABSENT
    return [row for number, row in sorted(rows.items()) if number not in removed and not _is_empty(row)]


def _files_of(files: Mapping[str, Any], one: Field) -> list:
    if hasattr(files, "getlist"):
        return list(files.getlist(one.id))
    value = files.get(one.id)
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _is_empty(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return unicode.is_blank(value)
    if isinstance(value, Mapping):
        return all(_is_empty(part) for part in value.values())
    if isinstance(value, list | tuple):
        return all(_is_empty(part) for part in value)
    return False


def _answer_or_none(values: Mapping[str, Any], name: str) -> Any:
    return values[name] if _is_answer(values.get(name)) else None


def _is_answer(value: Any) -> bool:
    return not (value is None or value == "" or value == [] or value == {})


# --- judging ---


def _clean(one: Field, value: Any, asked: Asked, problems: list[_Wrong]) -> Any:
    if one.type == "table":
        return _clean_table(one, value, asked, problems)
    if one.type == "person":
        return _clean_person(one, value, asked, problems)
    return one.clean(value, asked)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise _Wrong(_("This answer cannot be read. Please enter it as text."))


def _line(value: Any, longest: int, asked: Asked, *, lines: bool = False) -> str:
    try:
        text = unicode.kept(_string(value), lines=lines)
    except unicode.Unreadable as wrong:
        raise _Wrong(wrong.sentence) from wrong
    if len(text) > longest:
        raise _Wrong(
            worded(
                _("Please shorten this: at most %(most)s characters, now there are %(now)s."),
                most=longest,
                now=len(text),
            )
        )
    for remark in unicode.remarks(text):
        asked.remark(asked.name, remark)
    return text


def _clean_text(one: Field, value: Any, asked: Asked) -> str:
    text = _line(value, one.longest, asked, lines=one.rows > 1)
    if one.type == "company_name" and len(text) < 2:
        raise _Wrong(_("Please enter the whole name of the company."))
    return text


def _clean_number(one: Field, value: Any, asked: Asked) -> int | float:
    number = _decimal(value)
    if number is None:
        raise _Wrong(_("Please enter a number in digits, such as 120 or 85.5."))
    if len(number.as_tuple().digits) > 15 or abs(number) >= 10**15:
        raise _Wrong(_("This number is too long. Please compare it."))
    _within(one, number)
    return int(number) if number == number.to_integral_value() else float(number)


def _clean_money(one: Field, value: Any, asked: Asked) -> str:
    number = _decimal(re.sub(r"^[¥￥]|[元圆]$", "", value.strip()) if isinstance(value, str) else value)
    if number is None:
        raise _Wrong(_("Please enter an amount in digits, such as 1500 or 99.90."))
    if number < 0:
        raise _Wrong(_("An amount cannot be less than zero."))
    if number >= 10**13:
        raise _Wrong(_("This number is too long. Please compare it."))
    cents = number.quantize(Decimal("0.01"))
    if cents != number:
        raise _Wrong(_("An amount has at most two digits after the point."))
    _within(one, number)
    return str(cents)


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    text = unicodedata.normalize("NFKC", str(value)).strip()
    text = re.sub(r"(?<=[0-9])[, ](?=[0-9]{3}(?![0-9]))", "", text)
    if len(text) > 40 or not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?", text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _within(one: Field, number: Decimal) -> None:
    if one.min is not None and number < Decimal(str(one.min)):
        raise _Wrong(worded(_("Please enter a number of at least %(least)s."), least=one.min))
    if one.max is not None and number > Decimal(str(one.max)):
        raise _Wrong(worded(_("Please enter a number of at most %(most)s."), most=one.max))


_DATE = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?|([0-9]{4})([0-9]{2})([0-9]{2})")


def _clean_date(one: Field, value: Any, asked: Asked) -> str:
    if isinstance(value, datetime):
        value = value.date()
    text = unicodedata.normalize("NFKC", _string(value)).strip()
    text = re.sub(r"T00:00(:00(\.0+)?)?(Z|[+-]00:?00)?$", "", text)
    found = _DATE.fullmatch(text)
    parts = [int(part) for part in found.groups() if part] if found else []
    try:
        day = date(*parts)
    except (TypeError, ValueError):
        raise _Wrong(_("Please enter a date that exists, such as 2026-03-09 (year, month, day).")) from None
    if not 1850 <= day.year <= 2200:
        raise _Wrong(_("Please check the year of this date."))
    least, most = _edge(one.min, asked.today), _edge(one.max, asked.today)
    if least is not None and day < least:
        raise _Wrong(worded(_("Please choose a date from %(day)s on."), day=least.isoformat()))
    if most is not None and day > most:
        raise _Wrong(worded(_("Please choose a date up to %(day)s."), day=most.isoformat()))
    return day.isoformat()


def _edge(said: Any, today: date) -> date | None:
    if said is None or isinstance(said, date):
        return said
    return today if said == "today" else date.fromisoformat(str(said))


_YES = {"true", "yes", "on", "1", "y", "是"}
_NO = {"false", "no", "off", "0", "n", "否"}


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = _string(value).strip().lower()
    return True if text in _YES else False if text in _NO else None


def _clean_boolean(one: Field, value: Any, asked: Asked) -> bool:
    truth = _truth(value)
    if truth is None:
        raise _Wrong(_("Please answer yes or no."))
    return truth


def _clean_consent(one: Field, value: Any, asked: Asked) -> bool:
    if _truth(value) is not True:
        if one.required and not asked.partial:
            raise _Wrong(_missing(one))
        return False
    return True


def _clean_choice(one: Field, value: Any, asked: Asked) -> str:
    text = _code_of(one, _string(value))
    if text not in one.options:
        if one.withdrawn(text):
            raise _Wrong(no_longer(one, text))
        if one.code_list:
            raise _Wrong(worded(_("“%(item)s” is not in the list. Please choose from the list."), item=text[:60]))
        raise _Wrong(_("Please choose one of the answers given."))
    return text


def _clean_id_kind(one: Field, value: Any, asked: Asked) -> str:
    text = _string(value)
    if text not in KINDS:
        raise _Wrong(_("Please choose the kind of document."))
    return text


def _clean_multi(one: Field, value: Any, asked: Asked) -> list[str]:
    chosen = [_string(part) for part in (value if isinstance(value, list) else [value])[:MAX_ITEMS]]
    if gone := one.withdrawn(chosen):
        raise _Wrong(no_longer(one, gone[0]))
    if any(part not in one.options for part in chosen):
        raise _Wrong(_("Please choose from the answers given."))
    return [option for option in one.options if option in chosen]


def _clean_scope(one: Field, value: Any, asked: Asked) -> list[str]:
    """Codes of the classification, or words; one a line or divided by commas."""
    said = [_string(part) for part in (value if isinstance(value, list) else [value])[:MAX_ITEMS]]
    items: list[str] = []
    for part in said:
        for piece in re.split(r"[,;、,;\n\r]+", part):
            item = _line(piece, 60, asked)
            if item and item not in items:
                items.append(item)
    if len(items) > MAX_ITEMS:
        raise _Wrong(worded(_("Please name at most %(most)s lines of business."), most=MAX_ITEMS))
    codes = asked.codes(one)
    unknown = [item for item in items if codes is not None and item not in codes]
    if unknown:
        raise _Wrong(worded(_("“%(item)s” is not in the list. Please choose from the list."), item=unknown[0]))
    return items


def _number_of(checked: Checked, asked: Asked) -> str:
    if not checked.valid:
        raise _Wrong(checked.reason)
    for remark in checked.remarks:
        asked.remark(asked.name, remark)
    return checked.value


def _clean_id_number(one: Field, value: Any, asked: Asked) -> str:
    kind = asked.row.get("id_kind")
    text = _string(value)
    return _number_of(check_person_number(kind, text) if kind in KINDS else check_any_person_number(text), asked)


def _clean_division(one: Field, value: Any, asked: Asked) -> str:
    code = plain(_string(value))
    codes = asked.codes(one)
    if not re.fullmatch(r"[0-9]{6}([0-9]{3}([0-9]{3})?)?", code) or (codes is not None and code not in codes):
        raise _Wrong(_("Please choose an area from the list."))
    return code


def _clean_slot(one: Field, value: Any, asked: Asked) -> str:
    if isinstance(value, datetime):
        value = value.isoformat()
    text = _string(value).strip().replace(" ", "T", 1)
    codes = asked.codes(one)
    if codes is not None:
        if text not in codes:
            raise _Wrong(_("This time is no longer free. Please choose another one."))
        return text
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:00)?", text):
        raise _Wrong(_("Please choose a day and a time."))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Wrong(_("Please choose a day and a time.")) from None
    if moment.date() < asked.today:
        raise _Wrong(_("This time has passed. Please choose another one."))
    return moment.isoformat(timespec="minutes")


def _clean_reference(one: Field, value: Any, asked: Asked) -> Any:
    """The id of something kept elsewhere (a photograph, a register entry), or the plain word a register gave."""
    if isinstance(value, bool):
        return value
    return _line(value, one.longest, asked)


def _clean_person(one: Field, value: Any, asked: Asked, problems: list[_Wrong]) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _Wrong(_missing(one))
    return _clean_parts(one.id, PERSON_PARTS, value, asked, problems)


def _clean_table(one: Field, value: Any, asked: Asked, problems: list[_Wrong]) -> list[dict[str, Any]]:
    rows = value if isinstance(value, list) else [value]
    rows = [row for row in rows if not _is_empty(row)]
    most = min(int(one.max), MAX_ROWS) if one.max is not None else MAX_ROWS
    if len(rows) > most:
        raise _Wrong(worded(_("Please enter at most %(most)s rows."), most=most))
    if one.min is not None and len(rows) < int(one.min) and not asked.partial:
        raise _Wrong(worded(_("Please enter at least %(least)s rows."), least=one.min))
    cleaned = []
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise _Wrong(_("This answer cannot be read. Please enter it row by row."))
        cleaned.append(_clean_parts(f"{one.id}-{number}", one.columns, row, asked, problems))
    return [row for row in cleaned if row]


def _clean_parts(
    prefix: str, parts: Iterable[Field], row: Mapping[str, Any], asked: Asked, problems: list[_Wrong]
) -> dict[str, Any]:
    """The parts of a person, or the cells of a row; persons are asked for whole."""
    cleaned: dict[str, Any] = {}
    for part in parts:
        name, found = f"{prefix}-{part.id}", row.get(part.id)
        if _is_empty(found):
            if (part.required or part in PERSON_PARTS) and not asked.partial:
                problems.append(_Wrong(_missing(part), name))
            continue
        try:
            value = part.clean(found, replace(asked, name=name, row=cleaned))
        except _Wrong as wrong:
            problems.append(_Wrong(wrong.sentence, name))
            continue
        if _is_answer(value):
            cleaned[part.id] = value
    return cleaned


def _missing(one: Field):
    name = _said(one.label)
    if one.type == "consent":
        return worded(_("Please tick “%(field)s” if you agree. Without it we cannot go on."), field=name)
    if one.type in ("choice", "multi", "boolean", "id_kind", "division", "slot", "date"):
        return worded(_("Please choose: %(field)s."), field=name)
    if one.type == "photo":
        return worded(_("Please add: %(field)s."), field=name)
    if one.type == "table":
        return worded(_("Please enter at least one row: %(field)s."), field=name)
    return worded(_("Please fill in: %(field)s."), field=name)


def _checked(check: Callable[[Any], Checked]) -> Callable[[Field, Any, Asked], str]:
    return lambda one, value, asked: _number_of(check(_string(value)), asked)


_CLEANERS: dict[str, Callable[[Field, Any, Asked], Any]] = {
    "text": _clean_text,
    "address": _clean_text,
    "company_name": _clean_text,
    "number": _clean_number,
    "money": _clean_money,
    "date": _clean_date,
    "boolean": _clean_boolean,
    "consent": _clean_consent,
    "choice": _clean_choice,
    "multi": _clean_multi,
    "scope_codes": _clean_scope,
    "id_kind": _clean_id_kind,
    "id_number": _clean_id_number,
    "phone": _checked(check_phone),
    "uscc": _checked(check_uscc),
    "bank_account": _checked(check_bank_account),
    "division": _clean_division,
    "slot": _clean_slot,
    "photo": _clean_reference,
    "reference": _clean_reference,
}


# --- JSON Schema ---


def _schema_of(one: Field, language: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": say(one.label, language)}
    if one.readonly or one.formula is not None:
        schema["readOnly"] = True
    if one.type == "number":
        schema["type"] = "number"
        schema |= {key: edge for key, edge in (("minimum", one.min), ("maximum", one.max)) if edge is not None}
    elif one.type == "money":
        schema |= {"type": "string", "pattern": r"^[0-9]{1,13}\.[0-9]{2}$"}
    elif one.type in ("boolean", "consent"):
        schema["type"] = "boolean"
        if one.type == "consent" and one.required:
            schema["const"] = True
    elif one.type == "choice":
        schema |= {"type": "string", "enum": list(one.options)}
    elif one.type == "id_kind":
        schema |= {"type": "string", "enum": list(KINDS)}
    elif one.type == "multi":
        schema |= {"type": "array", "items": {"enum": list(one.options)}, "uniqueItems": True}
        schema |= {"minItems": 1} if one.required else {}
    elif one.type == "scope_codes":
        schema |= {"type": "array", "items": {"type": "string", "maxLength": 60}, "maxItems": MAX_ITEMS}
    elif one.type == "person":
        schema |= _schema_of_parts(PERSON_PARTS, [part.id for part in PERSON_PARTS], language)
    elif one.type == "table":
        needed = [column.id for column in one.columns if column.required]
        schema |= {"type": "array", "items": _schema_of_parts(one.columns, needed, language), "maxItems": MAX_ROWS}
        schema |= {"minItems": 1} if one.required else {}
    elif one.type == "date":
        schema |= {"type": "string", "format": "date"}
    elif one.type == "slot":
        schema |= {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$"}
    elif one.type == "division":
        schema |= {"type": "string", "pattern": r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$"}
    elif one.type == "uscc":
        schema |= {"type": "string", "pattern": r"^[0-9A-Z]{18}$"}
    elif one.type == "reference":
        schema |= {"type": ["string", "boolean"]}
    else:
        schema |= {"type": "string", "maxLength": one.longest}
    return schema


def _schema_of_parts(parts: Iterable[Field], required: list[str], language: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {part.id: _schema_of(part, language) for part in parts},
        "required": required,
        "additionalProperties": False,
    }


def _schema_condition(logic: Any) -> dict[str, Any] | None:
    """`housing == "rent"` can be said in JSON Schema; longer conditions are judged by `validate` alone."""
    if isinstance(logic, Mapping) and len(logic) == 1:
        ((operator, arguments),) = logic.items()
        if operator == "==" and isinstance(arguments[0], Mapping) and not isinstance(arguments[1], Mapping | list):
            name = arguments[0].get("var")
            if isinstance(name, str):
                return {"properties": {name: {"const": arguments[1]}}, "required": [name]}
    return None
