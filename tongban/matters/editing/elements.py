"""Every element of a guide as its editor sees it: which part it stands in, what it is called, how it is written and read back.

Pure. A page draws `controls(...)`, sends plain names such as `fee.cases.0.name.zh`, and `read(...)` makes the stored value of it
again; what an editor does not show stays as it was. Saying nothing leaves nothing: empty words are {}, empty rows are dropped.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.lib import unicode
from tongban.lib.bilingual import both
from tongban.lib.problems import worded
from tongban.matters import fees, own_messages, promises, repeating
from tongban.matters.editing import conditions

ROWS_AT_MOST = 60
LONGEST = {"line": 200, "text": 4000, "plain": 200, "slug": 60}


@dataclass(frozen=True)
class Element:
    """`kind`: line and text (in both languages), words (several lines in both languages), plain, number, yes, choice, several,
    group (parts in `columns`), rows (repeated groups), condition (chosen of the facts in `options`). `options`: pairs, or the name of a list that the page knows. `longest`: where
    it is not what the kind has."""

    name: str
    kind: str
    label: Any
    help: Any = ""
    options: Any = ()
    columns: tuple["Element", ...] = ()
    key: tuple[str, ...] = ()
    blank: Any = ""
    whole: bool = True
    longest: int | None = None


TYPES = (
    ("permit", _("Licence or permit")),
    ("confirm", _("Confirmation")),
    ("benefit", _("Benefit")),
    ("reward", _("Reward")),
    ("public", _("Public service")),
    ("other", _("Other")),
)
TYPE_CODES = (("01", "01"), ("05", "05"), ("07", "07"), ("08", "08"), ("10", "10"), ("20", "20"))
OBJECTS = (
    ("person", _("Persons")),
    ("company", _("Companies")),
    ("sole_proprietor", _("Sole proprietors")),
    ("organisation", _("Organisations")),
)
LEVELS = (
    ("city", _("City")),
    ("district", _("District")),
    ("subdistrict", _("Subdistrict")),
    ("town", _("Town")),
    ("village", _("Neighbourhood or village")),
)
POWER = (
    ("own", _("a power of this level")),
    ("handed_down", _("handed down by a higher level")),
    ("entrusted", _("entrusted by another authority")),
)
BODIES = (
    ("legal_body", _("an authority by law")),
    ("authorised", _("an organisation authorised by a law or regulation")),
    ("entrusted", _("an organisation that an authority has entrusted")),
)
LOOKS = (("yes", _("needed")), ("no", _("not needed")))
HANDLING = (("instant", _("Decided at once")), ("promised", _("Decided within a promised time")))
UNITS = (("working_day", _("working days")), ("calendar_day", _("calendar days")))
CHANNELS = (
    ("online_pc", _("Online, computer")),
    ("online_mobile", _("Online, phone")),
    ("window", _("At a window")),
    ("kiosk", _("At a terminal")),
    ("virtual_window", _("At a virtual window")),
    ("post", _("By post")),
    ("phone", _("By telephone")),
)
DEPTHS = tuple((str(number), str(number)) for number in range(1, 8))
ACROSS = (("YRD", _("across the Yangtze River Delta")), ("national", _("anywhere in the country")))
EXEMPT = (
    ("none", _("The applicant hands it in")),
    ("licence", _("An electronic licence stands in for it")),
    ("data", _("Shared data stand in for it")),
    ("commitment", _("A signed statement stands in for it")),
    ("generated", _("The platform makes it from the form")),
)
WHO_DECIDES = (
    ("none", _("People decide")),
    ("rule", _("The machine decides when all rules hold, else people")),
    ("full", _("The machine decides")),
)
RESULTS = (
    ("e_licence", _("An electronic licence")),
    ("document", _("A document")),
    ("data_change", _("An entry in a register")),
    ("package", _("The results of several matters")),
)
EDITIONS = (
    ("standard", _("Standard")),
    ("elderly", _("Elderly edition")),
    ("international", _("International edition")),
)
STEPS = (
    ("apply", _("Application")),
    ("pre_review", _("Check before acceptance")),
    ("accept", _("Acceptance")),
    ("special", _("Special procedure")),
    ("inspection", _("Site inspection")),
    ("notice", pgettext_lazy("step", "Public notice")),
    ("decide", _("Review and decision")),
    ("issue", _("Issue and delivery")),
)
APPEALS = (("reconsideration", _("Administrative reconsideration")), ("litigation", _("Action before the court")))
CONTACTS = (("advice", _("Advice")), ("complaint", _("Complaints")))
OUTCOMES = (
    ("granted", _("Granted and closed")),
    ("refused", _("Refused")),
    ("not_accepted", _("Not accepted")),
    ("withdrawn", _("Withdrawn")),
    ("lapsed", _("Ended without a decision")),
    ("revoked", _("Decision revoked")),
)
THEN = (
    ("anonymise", _("made anonymous")),
    ("archive", _("handed over to the archive, then made anonymous here")),
    ("keep", _("kept permanently")),
)
LETTERS = (
    ("submission_receipt", _("Receipt of the application")),
    ("acceptance_notice", _("Notice of acceptance")),
    ("correction_notice", _("Correction notice")),
    ("non_acceptance", _("Decision not to accept")),
    ("supply_notice", _("Papers that may follow later")),
    ("inspection_notice", _("Inspection notice")),
    ("special_procedure_notice", _("Special procedure notice")),
    ("extension_notice", _("Extension notice")),
    ("decision", _("Decision to grant")),
    ("refusal", _("Decision to refuse")),
    ("collection_notice", _("Collection notice")),
)


def _e(name: str, kind: str, label, help="", **more) -> Element:
    return Element(name, kind, label, help, **more)


@dataclass(frozen=True)
class Part:
    """One page of the editor. `own`: it has a page of its own (the form's designer, the rules)."""

    slug: str
    label: Any
    icon: str
    elements: tuple[Element, ...] = ()
    own: bool = False
    bundles: bool | None = None
    help: Any = ""

    @property
    def names(self) -> tuple[str, ...]:
        return OWN.get(self.slug, tuple(one.name for one in self.elements))


OWN: dict[str, tuple[str, ...]] = {"form": ("form",), "rules": ("decided_by", "rules", "rule_tests")}

PARTS: tuple[Part, ...] = (
    Part(
        "identity", _("Name and authority"), "building",
        (
            _e("name", "line", _("Name of the matter"), _("What people call it. No office words.")),
            _e("themes", "several", _("Themes under which it is found"), options="themes"),
            _e("objects_served", "several", _("Who may apply"), options=OBJECTS),
            _e("type", "choice", _("Kind of matter"), options=TYPES),
            _e("type_code", "choice", _("Code of the kind"), options=TYPE_CODES),
            _e("level", "choice", _("Level that acts"), options=LEVELS),
            _e("power_source", "choice", _("Source of the power"), options=POWER, blank=_("not said")),
            _e("body_nature", "choice", _("Nature of the body"), options=BODIES, blank=_("not said")),
            _e("entrusted_to", "line", _("Entrusted to")),
            _e("joint_departments", "rows", _("Together with"), key=("code",), columns=(
                _e("code", "choice", _("Department"), options="departments", blank=_("choose")),
            )),
            _e("handling_office", "line", _("Office that deals with it")),
            _e("authority_split", "text", _("Who decides at which level")),
        ),
    ),
    Part(
        "conditions", _("Conditions and law"), "scale",
        (
            _e("conditions", "text", _("Conditions"), _("Who gets it, in short sentences.")),
            _e("quota", "text", _("Limit on numbers")),
            _e("bars", "text", _("Not possible when")),
            _e("only_one", "group", _("How often one may apply"), columns=(
                _e("rule", "choice", _("How many applications are taken"), options=repeating.RULES, blank=_("as many as are sent")),
                _e("months", "number", _("Number of months")),
                _e("field", "choice", _("Counted by"), _("By the applicant, or by an answer such as an address or a vehicle, whoever applies."),
                   options="form_fields", blank=_("the applicant")),
            )),
            _e("legal_basis", "words", _("What it rests on in law"), _("One law, article and sentence each.")),
            _e("rights", "text", _("Rights and duties")),
            _e("appeal", "rows", _("Ways to appeal"), key=("name", "kind"), columns=(
                _e("kind", "choice", _("Kind"), options=APPEALS, blank=_("choose")),
                _e("name", "line", pgettext_lazy("of a thing", "Name")),
                _e("limit", "line", _("Time limit")),
                _e("body", "line", _("Body")),
                _e("text", "text", _("How")),
            )),
            _e("note", "text", _("Note above the guide")),
        ),
    ),
    Part(
        "time", _("Time and ways"), "clock",
        (
            _e("handling_kind", "choice", _("How it is decided"), options=HANDLING),
            _e("statutory_days", "number", _("Days by law")),
            _e("promised_days", "number", _("Days promised"), _("0 when it is decided on the spot. Never more than the law gives.")),
            _e("time_unit", "choice", _("Counted in"), options=UNITS),
            _e("special_procedures", "rows", _("Steps with a time of their own"), key=("name",), columns=(
                _e("name", "line", pgettext_lazy("of a thing", "Name")),
                _e("limit", "line", pgettext_lazy("step", "How long")),
                _e("counted", "yes", _("counted in the promised time")),
            )),
            _e("visits", "number", _("Visits needed")),
            _e("visit_reason", "text", _("Why a visit is needed")),
            _e("online_depth", "choice", _("How far it goes online (1 to 7)"), options=DEPTHS),
            _e("channels", "several", _("Ways to apply"), options=CHANNELS),
            _e("appointment", "yes", _("By appointment too")),
            _e("express", "yes", _("Result by courier")),
            _e("city_wide", "yes", _("At any hall of the city")),
            _e("cross_region", "several", _("Across regions"), options=ACROSS),
        ),
    ),
    Part(
        "fee", _("Fee"), "yuan",
        (
            _e("fee", "group", _("Fee"), columns=(
                _e("charged", "yes", _("A fee is charged")),
                _e("amount", "number", _("Amount in yuan"), _("Leave it empty when it depends on the case.")),
                _e("cases", "rows", _("Amounts by case"), key=("name",), columns=(
                    _e("name", "line", _("When")),
                    _e("amount", "number", _("Amount in yuan")),
                )),
                _e("reckoned", "group", _("Reckoned from an answer of the form"), columns=(
                    _e("way", "choice", _("How"), options=fees.WAYS, blank=_("not reckoned: as said above")),
                    _e("field", "choice", _("From which answer"), options="fee_answers", blank=_("choose")),
                    _e("each", "number", _("Yuan for each")),
                    _e("free", "number", _("So many are free")),
                    _e("percent", "number", _("Percent")),
                    _e("steps", "rows", _("Steps or slices"), _("Leave the limit of the last one empty: it is for everything above."), key=("to", "amount", "percent"), columns=(
                        _e("to", "number", _("Up to")),
                        _e("amount", "number", _("Amount in yuan")),
                        _e("percent", "number", _("Percent")),
                    )),
                    _e("least", "number", _("At least, in yuan")),
                    _e("most", "number", _("At most, in yuan")),
                    _e("to", "choice", _("Rounded to"), options=fees.COINS, blank=_("fen (0.01 yuan)")),
                    _e("rounding", "choice", _("Rounded how"), options=fees.ROUNDING, blank=_("to the nearest, halves up")),
                )),
                _e("when", "choice", _("When it is billed"), options=fees.MOMENTS, blank=_("when it is granted")),
                _e("text", "line", _("In words"), _("Written by itself when you leave it empty.")),
            )),
        ),
    ),
    Part(
        "situations", _("Situations"), "layers",
        (
            _e("situations", "rows", _("Situations to choose from"),
               _("Without any, everybody is asked for the same documents. Time and inspection are said only where they differ from the matter, and never more days than the law gives."), key=("zh", "en"), columns=(
                _e("id", "slug", _("Short name for machines")),
                _e("zh", "plain", _("In Chinese")),
                _e("en", "plain", _("In English")),
                _e("adds", "several", _("Then these documents are needed too"), options="materials"),
                _e("removes", "several", _("Then these documents are not needed"), options="materials"),
                _e("handling_kind", "choice", _("How it is decided then"), options=HANDLING, blank=_("as the matter says")),
                _e("promised_days", "number", _("Days promised then")),
                _e("inspection", "choice", _("Site inspection then"), options=LOOKS, blank=_("as the matter says")),
            )),
        ),
        bundles=False,
    ),
    Part(
        "materials", _("Documents"), "document",
        (
            _e("requirements", "rows", _("Documents asked for"), key=("material",), columns=(
                _e("material", "choice", _("Which document"), options="materials", blank=_("choose")),
                _e("required", "yes", _("always needed")),
                _e("when", "line", _("When it is needed")),
                _e("exempt", "choice", _("What makes handing it in unnecessary"), options=EXEMPT),
                _e("originals", "number", _("Originals")),
                _e("copies", "number", _("Copies")),
                _e("electronic", "yes", _("an electronic copy will do")),
                _e("tolerant", "yes", _("may follow later")),
            )),
            _e("tolerant", "yes", _("May be accepted while a lesser document is missing")),
            _e("intermediary", "text", _("Paid service of a third party that is needed")),
        ),
        bundles=False,
    ),
    Part("form", _("Form"), "form", own=True, bundles=False),
    Part(
        "approvals", _("Steps and approvals"), "footsteps",
        (
            _e("steps", "rows", _("Steps in their order"), _("The order here is the order people see."), key=("name",), columns=(
                _e("id", "choice", _("Step"), options=STEPS, blank=_("other")),
                _e("name", "line", pgettext_lazy("of a thing", "Name")),
                _e("who", "line", _("Who does it")),
                _e("limit", "line", _("Within")),
            )),
            _e("cosigners", "rows", _("Who signs besides the applicant"), key=("from",), columns=(
                _e("from", "choice", _("Person named in the answer"), options="form_fields", blank=_("choose")),
                _e("role", "line", _("As what")),
            )),
            _e("pre_review", "yes", _("Checked online before acceptance")),
            _e("site_inspection", "yes", _("Needs a site inspection")),
            _e("inspection_points", "rows", _("What inspectors look at"), _("One point each. Left empty, the general list is used."),
               key=("zh", "en"), columns=(
                _e("id", "slug", _("Short name for machines")),
                _e("zh", "plain", _("In Chinese")),
                _e("en", "plain", _("In English")),
            )),
            _e("public_notice", "yes", _("Needs a public notice")),
            _e("notice_days", "number", _("Days of the public notice")),
            _e("notice_unit", "choice", _("The days of the notice are"), options=UNITS, blank=_("working days, where nothing is said")),
            _e("commitment", "yes", _("Can be granted on a signed promise"),
               _("Not where public safety, health or ecology are at stake.")),
        ),
    ),
    Part("rules", _("Decision rules"), "bolt", own=True, bundles=False),
    Part(
        "result", _("Result"), "seal",
        (
            _e("result", "group", _("What people receive"), columns=(
                _e("kind", "choice", _("Kind of result"), options=RESULTS, blank=_("choose")),
                _e("ref", "choice", _("Type of licence"), options="licence_types", blank=_("no licence"), whole=False),
                _e("name", "line", _("Name of the result")),
                _e("fields", "rows", _("What stands on the licence"), key=("face", "answer"), columns=(
                    _e("face", "choice", _("Field of the licence"), options="face_fields", blank=_("choose")),
                    _e("answer", "choice", _("comes from the answer"), options="form_fields", blank=_("choose")),
                )),
            )),
            _e("validity", "group", _("How long it is valid"), columns=(
                _e("years", "number", _("Years"), _("Leave it empty when it has no end.")),
                _e("hours", "number", _("Hours"), _("Counted from the day named in the form, where the kind of licence holds for hours.")),
                _e("text", "line", _("In words"), _("Written by itself when you leave it empty.")),
            )),
        ),
    ),
    Part(
        "letters", _("Letters"), "mail",
        (
            _e("letters", "group", _("In this matter's own words"), columns=(
                *(_e(kind, "text", label) for kind, label in LETTERS),
                _e("messages", "rows", _("Messages besides the letters"),
                   worded(_("Each goes out once when a case gets there, in the words of the version that the case carries. Blanks are filled by themselves: %(blanks)s."),
                          blanks=" ".join(own_messages.braced(own_messages.BLANKS.values()))),
                   key=("when", "text"), columns=(
                    _e("when", "choice", _("Sent when"), options=own_messages.MOMENTS, blank=_("choose")),
                    _e("to", "choice", _("To whom"), options=own_messages.TO, blank=_("the applicant")),
                    _e("text", "text", _("Message"), _("At most 500 characters, without any person's data: everybody gets the same."), longest=own_messages.LONGEST),
                    _e("if", "condition", _("On which answers"), options="form_facts"),
                )),
            )),
        ),
        help=_("Each letter says by itself what the law demands. What you write here is added to it. Messages go out by themselves."),
    ),
    Part(
        "keeping", _("How long it is kept"), "folder",
        (
            _e("retention", "rows", _("Other than usual for this kind of matter"),
               _("One line for each way an application can end. Left empty, the table of the installation holds."),
               key=("state",), columns=(
                _e("state", "choice", _("How it ended"), options=OUTCOMES, blank=_("choose")),
                _e("years", "number", _("Years")),
                _e("months", "number", _("Months")),
                _e("then", "choice", _("What happens then"), options=THEN, blank=_("choose")),
                _e("basis", "line", _("On which ground")),
            )),
        ),
        help=_("Applicants see it in the guide and on their application. Running applications keep the rule they were sent under."),
    ),
    Part(
        "members", _("Members"), "layers",
        (
            _e("members", "rows", _("Matters that belong together"), key=("matter",), columns=(
                _e("matter", "choice", _("Matter"), options="matters", blank=_("choose")),
                _e("required", "yes", _("always part of it")),
                _e("when", "line", _("Question that decides whether it applies")),
                _e("after", "several", _("only after"), options="matters_here"),
            )),
        ),
        bundles=True,
    ),
    Part(
        "help", _("Places and help"), "help",
        (
            _e("contacts", "rows", _("Contact and complaints"), key=("name", "phone"), columns=(
                _e("kind", "choice", _("Kind"), options=CONTACTS, blank=_("choose")),
                _e("name", "line", pgettext_lazy("of a thing", "Name")),
                _e("phone", "plain", _("Telephone")),
            )),
            _e("places", "rows", _("Places and hours"), key=("name",), columns=(
                _e("name", "line", pgettext_lazy("of a thing", "Name")),
                _e("address", "line", _("Address")),
                _e("hours", "line", _("Hours")),
                _e("ways", "several", _("What can be done there"), options=CHANNELS),
            )),
            _e("faqs", "rows", _("Questions and answers"), key=("question",), columns=(
                _e("question", "line", _("Question")),
                _e("answer", "text", _("Answer")),
            )),
            _e("editions", "several", _("Editions"), options=EDITIONS),
        ),
    ),
)  # fmt: skip

BY_SLUG = {part.slug: part for part in PARTS}
PART_OF = {name: part for part in PARTS for name in part.names}
NAMES = tuple(name for part in PARTS for name in part.names)
LABELS: dict[str, Any] = {one.name: one.label for part in PARTS for one in part.elements} | {
    "form": _("Form"),
    "decided_by": _("Who decides"),
    "rules": _("Decision rules"),
    "rule_tests": _("Test cases of the rules"),
}


def parts_of(kind: str) -> list[Part]:
    """The pages of a matter's editor, or of a bundle's."""
    return [part for part in PARTS if part.bundles is None or part.bundles is (kind == "bundle")]


# -- drawing


Options = Mapping[str, Iterable[tuple[str, Any]]]
TYPED = "typed"  # a condition as it is being put together, not yet logic


def controls(part: Part, values: Mapping[str, Any], options: Options, more: str = "") -> list[dict[str, Any]]:
    """What the page draws. `more` names rows that get an empty one at their end."""
    return [_control(one, one.name, values.get(one.name), options, more, depth=0) for one in part.elements]


def _control(one: Element, name: str, value: Any, options: Options, more: str, *, depth: int) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "kind": one.kind, "name": name, "label": one.label, "help": one.help, "blank": one.blank, "depth": depth,
        "longest": one.longest or LONGEST.get(one.kind, 200),
    }  # fmt: skip
    if one.kind in ("line", "text"):
        said = value if isinstance(value, Mapping) else {}
        drawn |= {"zh": said.get("zh", ""), "en": said.get("en", "")}
    elif one.kind == "words":
        pieces = [row for row in value or [] if isinstance(row, Mapping)]
        drawn["rows"] = _numbered(
            name,
            [{"zh": row.get("zh", ""), "en": row.get("en", "")} for row in [*pieces, *([{}] if more == name else [])]],
        )
        drawn["add"] = name
    elif one.kind in ("choice", "several"):
        chosen = [str(part) for part in value] if isinstance(value, list | tuple) else [str(value or "")]
        known = list(options.get(one.options, ())) if isinstance(one.options, str) else list(one.options)
        strangers = [code for code in chosen if code and code not in {key for key, _label in known}]
        drawn["options"] = [(key, label, key in chosen) for key, label in known]
        drawn["options"] += [(code, code, True) for code in strangers]
        drawn["many"] = len(drawn["options"]) > 9
        drawn["chosen"] = [label for _key, label, on in drawn["options"] if on]
    elif one.kind == "group":
        held = value if isinstance(value, Mapping) else {}
        drawn["columns"] = [
            _control(column, f"{name}.{column.name}", _column(one, held, column), options, more, depth=depth + 1)
            for column in one.columns
        ]
    elif one.kind == "rows":
        listed = _as_rows(name, value)
        drawn["rows"] = [
            {
                "number": number,
                "name": f"{name}.{number}",
                "first": number == 0,
                "last": number == len(listed) - 1,
                "title": _title(row),
                "columns": [
                    _control(
                        column, f"{name}.{number}.{column.name}", row.get(column.name), options, "", depth=depth + 1
                    )
                    for column in one.columns
                ],
            }
            for number, row in enumerate([*listed, *([{}] if more == name else [])])
        ]
        drawn["add"] = name
    elif one.kind == "condition":
        facts = dict(options.get(one.options, ()))
        typed = value.get(TYPED) if isinstance(value, Mapping) else None
        tree = typed if typed is not None else conditions.tree_of(value or None)
        drawn["asked"] = bool(value)
        drawn["facts"] = list(facts.values())
        drawn["group"] = conditions.drawn(tree, facts, f"{name}.c") if tree is not None else None
        drawn["said"] = conditions.spoken(value, facts) if typed is None else None
    elif one.kind == "yes":
        drawn["value"] = bool(value)
    else:
        drawn["value"] = "" if value is None else value
    return drawn


def _numbered(name: str, rows: list[dict]) -> list[dict]:
    return [
        {**row, "number": number, "name": f"{name}.{number}", "first": number == 0, "last": number == len(rows) - 1}
        for number, row in enumerate(rows)
    ]


def _column(one: Element, held: Mapping, column: Element) -> Any:
    return held.get(column.name)


def _as_rows(name: str, value: Any) -> list[dict]:
    if name == "result.fields" and isinstance(value, Mapping):
        return [{"face": face, "answer": answer} for face, answer in value.items()]
    return [dict(row) for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _title(row: Mapping) -> Mapping | str:
    for key in ("name", "question"):
        if isinstance(row.get(key), Mapping):
            return row[key]
    return both(row["zh"], row.get("en", "")) if isinstance(row.get("zh"), str) else ""


# -- reading back


class Misread(ValueError):
    """What cannot be stored, by the name of its input."""

    def __init__(self, errors: dict[str, list], found: dict[str, Any]):
        super().__init__(", ".join(errors))
        self.errors, self.found = errors, found


@dataclass
class _Reader:
    post: Any
    options: Options
    errors: dict[str, list] = field(default_factory=dict)
    turn: tuple[str, str] = ("", "")  # a button of a condition that was pressed

    def one(self, name: str) -> str:
        return str(self.post.get(name, "")).replace("\r\n", "\n").strip()

    def text(self, name: str, longest: int, *, lines: bool = False) -> str:
        said = self.one(name)
        try:
            said = unicode.kept(said, lines=lines)
        except unicode.Unreadable as wrong:
            self.errors.setdefault(name, []).append(wrong.sentence)
            return ""
        if len(said) > longest:
            self.errors.setdefault(name, []).append(
                worded(
                    _("Please shorten this: at most %(most)s characters, now there are %(now)s."),
                    most=longest,
                    now=len(said),
                )
            )
        return said[:longest]

    def bilingual(self, name: str, kind: str, longest: int | None = None) -> dict[str, str]:
        most = longest or LONGEST[kind]
        zh, en = (self.text(f"{name}.{lang}", most, lines=kind == "text") for lang in ("zh", "en"))
        return both(zh, en) if zh or en else {}

    def number(self, name: str) -> int | float | None:
        said = self.one(name).replace(",", "").replace("，", "")
        if not said:
            return None
        try:
            number = Decimal(said) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", said) else None
        except InvalidOperation:
            number = None
        if number is None:
            self.errors.setdefault(name, []).append(_("Please enter a number in digits, such as 120 or 85.5."))
            return None
        return int(number) if number == number.to_integral_value() else float(number)

    def read(self, one: Element, name: str, held: Any) -> Any:
        if one.kind in ("line", "text"):
            return self.bilingual(name, one.kind, one.longest)
        if one.kind == "words":
            rows = [self.bilingual(f"{name}.{number}", "text") for number in self.numbers(name)]
            return [row for row in rows if row]
        if one.kind == "number":
            return self.number(name)
        if one.kind == "condition":
            return self.condition(one, name, held)
        if one.kind == "yes":
            return self.one(name) in ("1", "on", "true")
        if one.kind == "choice":
            return self.chosen(one, name, held)
        if one.kind == "several":
            wanted = set(self.post.getlist(name)) if hasattr(self.post, "getlist") else set(self.post.get(name, ()))
            before = [part for part in held if part in wanted] if isinstance(held, list) else []
            known = [key for key, _label in self.known(one)]
            return before + [key for key in known if key in wanted and key not in before]
        if one.kind == "slug":
            said = re.sub(r"[^a-z0-9_-]+", "-", self.one(name).lower()).strip("-")[: LONGEST["slug"]]
            return said or (held if isinstance(held, str) else "")
        if one.kind == "group":
            held = dict(held) if isinstance(held, Mapping) else {}
            for column in one.columns:
                held[column.name] = self.read(column, f"{name}.{column.name}", held.get(column.name))
            return _SETTLE.get(name, _as_it_is)(held)
        if one.kind == "rows":
            return _SETTLE.get(name, _as_it_is)(self.rows(one, name, held))
        return self.text(name, LONGEST["plain"])

    def condition(self, one: Element, name: str, held: Any) -> Any:
        """The logic; while its conditions are being put together, the tree as it stands on the page."""
        facts = dict(self.options.get(one.options, ()))
        act, where = self.turn
        if where == f"{name}.c" or where.startswith(f"{name}.c."):
            tree = conditions.read(self.post, facts, f"{name}.c").tree
            return {TYPED: conditions.changed(tree, act, where.removeprefix(f"{name}."))}
        asked = self.one(f"{name}.asked")
        if asked == "as-it-is":
            return held
        if asked != "if":
            return None
        said = conditions.read(self.post, facts, f"{name}.c")
        self.errors.update(said.errors)
        if said.errors or self.turn[0]:
            return {TYPED: said.tree}
        return conditions.short(conditions.logic_of(said.tree))

    def known(self, one: Element) -> list[tuple[str, Any]]:
        return list(self.options.get(one.options, ())) if isinstance(one.options, str) else list(one.options)

    def chosen(self, one: Element, name: str, held: Any) -> Any:
        said = self.one(name)
        if said and said != str(held) and said not in {key for key, _label in self.known(one)}:
            self.errors.setdefault(name, []).append(_("Please choose one of the answers given."))
            return held
        return int(said) if isinstance(held, int) and not isinstance(held, bool) and said.isdigit() else said

    def numbers(self, name: str) -> list[int]:
        """Rows in the order of the page."""
        order = [part for part in self.one(f"{name}.order").split(",") if part.isascii() and part.isdigit()]
        return [int(part) for part in dict.fromkeys(order)][:ROWS_AT_MOST]

    def rows(self, one: Element, name: str, held: Any) -> list[dict]:
        before, found = _as_rows(name, held), []
        for number in self.numbers(name):
            old = dict(before[number]) if number < len(before) else {}
            row = {
                column.name: self.read(column, f"{name}.{number}.{column.name}", old.get(column.name))
                for column in one.columns
            }
            if self.turn[0] or any(row.get(key) for key in one.key):
                found.append({**old, **row})
        return found


def read(part: Part, post: Any, held: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The elements of a part as the page says them; raises Misread with a sentence beside each input that cannot be stored."""
    reader = _Reader(post, options)
    found = {one.name: reader.read(one, one.name, held.get(one.name)) for one in part.elements}
    if reader.errors:
        raise Misread(reader.errors, found)
    if part.slug == "time" and found["online_depth"]:
        found["online_depth"] = int(found["online_depth"])
    if part.slug == "identity":
        names = dict(options.get("department_names", ()))
        found["joint_departments"] = [
            {"code": row["code"], "name": names.get(row["code"], row.get("name", {}))}
            for row in found["joint_departments"]
        ]
    if part.slug == "fee":
        found["fee"] = fees.settled(found["fee"], held.get("form") or ())
    if part.slug == "members":
        found["members"] = _settled_members(found["members"], dict(options.get("matter_names", ())))
    return found


def as_typed(part: Part, post: Any, held: Mapping[str, Any], options: Options, turn: tuple[str, str]) -> dict[str, Any]:
    """The part as it stands on the page after a button of a condition; what is wrong in it is said when it is saved."""
    reader = _Reader(post, options, turn=turn)
    return {one.name: reader.read(one, one.name, held.get(one.name)) for one in part.elements}


# -- what follows by itself


def _as_it_is(value: Any) -> Any:
    return value


def _settled_fee(fee: dict) -> dict:
    amount, cases = fee.get("amount"), fee.get("cases") or []
    if not fee["charged"]:
        return {**fee, "amount": 0, "cases": [], "text": both("不收费", "Free of charge")}
    if (fee.get("reckoned") or {}).get("way"):
        return fee
    if (rule := fee.pop("rule", None)) is not None and fee.get("text") == rule:
        fee["text"] = {}
    was_written = fee.get("text") or {}
    if _FEE_WORDS.fullmatch(was_written.get("zh", "")) or was_written.get("zh") in ("", "不收费"):
        was_written = {}
    if cases:
        return {**fee, "amount": None, "text": was_written or both("按情形收费", "Charged by case")}
    if not amount:  # neither an amount nor a rule: the checks ask for one, so no words are made up here
        return {**fee, "amount": None, "text": was_written}
    return {**fee, "text": was_written or both(f"{amount}元", f"CNY {amount}")}


_FEE_WORDS = re.compile(r"[0-9.]+元")


def _settled_situations(rows: list[dict]) -> list[dict]:
    taken: set[str] = set()
    for row in rows:
        slug = row["id"] or "situation"
        number = 2
        while slug in taken:
            slug, number = f"{row['id'] or 'situation'}-{number}", number + 1
        taken.add(slug)
        row["id"], row["name"] = slug, both(row["zh"] or row["en"], row["en"] or row["zh"])
        row["zh"], row["en"] = row["name"]["zh"], row["name"]["en"]
        if row.get("handling_kind") == promises.INSTANT and not row.get("promised_days"):
            row["promised_days"] = None
        elif row.get("promised_days") is not None and not row.get("handling_kind"):
            row["handling_kind"] = promises.PROMISED if row["promised_days"] else promises.INSTANT
        for name in ("handling_kind", "promised_days", "inspection"):  # what it does not say, the matter says
            if row.get(name) in (None, ""):
                row.pop(name, None)
    return rows


def _settled_points(rows: list[dict]) -> list[dict]:
    taken: set[str] = set()
    for number, row in enumerate(rows, 1):
        slug = row["id"] if row["id"] and row["id"] not in taken else f"point-{number}"
        taken.add(slug)
        row |= {"id": slug, "zh": row["zh"] or row["en"], "en": row["en"] or row["zh"]}
    return rows


def _settled_requirements(rows: list[dict]) -> list[dict]:
    return [
        {**row, "originals": row["originals"] or 0, "copies": row["copies"] or 0, "exempt": row["exempt"] or "none"}
        for row in rows
    ]


def _settled_result(result: dict) -> dict:
    fields = {row["face"]: row["answer"] for row in result.get("fields") or [] if row["face"] and row["answer"]}
    settled = {**result, "fields": fields}
    if not fields:
        settled.pop("fields")
    return settled


def _settled_validity(validity: dict) -> dict:
    years, text = validity.get("years"), validity.get("text") or {}
    written = re.fullmatch(r"[0-9]+年|长期有效", text.get("zh", "")) or not text
    if years:
        words = both(f"{years}年", f"{years} year" if years == 1 else f"{years} years")
        return {"years": years, "text": words if written else text}
    if hours := validity.get("hours"):
        return {"hours": hours, "text": text or both(f"{hours}小时", f"{hours} hours")}
    return {"text": text} if text and not re.fullmatch(r"[0-9]+年", text.get("zh", "")) else {}


def _settled_only_one(said: dict) -> dict | None:
    if not said.get("rule"):
        return None
    months = said.get("months") if said["rule"] == repeating.MONTHS else None
    given = {"months": months, "field": said.get("field")}
    return {"rule": said["rule"], **{name: value for name, value in given.items() if value}}


def _settled_members(rows: list[dict], known: Mapping[str, Mapping]) -> list[dict]:
    """Each matter once, with its name; it can wait only for others of the list."""
    slugs = list(dict.fromkeys(row["matter"] for row in rows))
    settled = []
    for slug in slugs:
        row = next(one for one in rows if one["matter"] == slug)
        of = known.get(slug, {})
        settled.append(
            {
                **row,
                "name": of.get("name") or row.get("name") or both(slug, slug),
                "online": of.get("online", row.get("online", False)),
                "when": {} if row["required"] else row["when"],
                "after": [one for one in row["after"] if one in slugs and one != slug],
            }
        )
    return settled


def circle(members: Iterable[Mapping]) -> list[str]:
    """Members that wait for each other, in the order of waiting; empty when there is none."""
    after = {one["matter"]: list(one.get("after") or ()) for one in members}
    done: set[str] = set()

    def walk(slug: str, way: list[str]) -> list[str]:
        if slug in way:
            return way[way.index(slug) :]
        if slug in done or slug not in after:
            return []
        for other in after[slug]:
            if found := walk(other, [*way, slug]):
                return found
        done.add(slug)
        return []

    return next((found for slug in after if (found := walk(slug, []))), [])


def _settled_messages(rows: list[dict]) -> list[dict]:
    for row in rows:
        for name in ("to", "if"):
            if not row.get(name):
                row.pop(name, None)
    return rows


def _settled_letters(letters: dict) -> dict:
    return {kind: words for kind, words in letters.items() if words}


_SETTLE: dict[str, Callable[[Any], Any]] = {
    "fee": _settled_fee,
    "situations": _settled_situations,
    "inspection_points": _settled_points,
    "requirements": _settled_requirements,
    "result": _settled_result,
    "validity": _settled_validity,
    "only_one": _settled_only_one,
    "letters": _settled_letters,
    "letters.messages": _settled_messages,
}


# -- rows: more, fewer, another order


def rearranged(order: list[int], act: str, number: int) -> list[int]:
    """The rows of the page after a button: `up`, `down`, `remove` of the row with this number."""
    if number not in order:
        return order
    at, others = order.index(number), [one for one in order if one != number]
    if act == "remove":
        return others
    place = max(0, min(len(others), at + (-1 if act == "up" else 1)))
    return [*others[:place], number, *others[place:]]
