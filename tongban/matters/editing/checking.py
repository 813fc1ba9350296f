"""What an author is told before anybody else sees it: what is missing, what people will not understand, what can never be.

Pure. `stop` stands in the way of publishing, `look` asks for a second look. Each finding names its element and its part.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import Bilingual, say
from tongban.lib.formschema import ACTION, Field, Form, FormError
from tongban.lib.problems import worded
from tongban.lib.rules import RuleError, compile_rule
from tongban.matters import commitment, fees, own_messages, promises, repeating, retention
from tongban.matters.editing import conditions, designing, form_actions, formulas
from tongban.matters.editing.elements import LABELS, PART_OF, circle

LONGEST_ZH, LONGEST_EN = 60, 30  # characters and words of one sentence that are still read through

# words of offices that people do not use, with what to say instead
OFFICE_WORDS: dict[str, tuple[str, str]] = {
    "贵单位": ("zh", "您单位"),
    "予以": ("zh", "（直接写动词）"),
    "兹": ("zh", "（删去）"),
    "特此": ("zh", "（删去）"),
    "相关材料": ("zh", "写明是哪些材料"),
    "有关规定": ("zh", "写明是哪条规定"),
    "其他材料": ("zh", "写明是哪些材料"),
    "等材料": ("zh", "写明是哪些材料"),
    "法律法规规定的其他": ("zh", "写明是哪些"),
    "行政相对人": ("zh", "申请人"),
    "亦": ("zh", "也"),
    "鉴于": ("zh", "因为"),
    "hereby": ("en", "leave it out"),
    "herein": ("en", "here"),
    "aforementioned": ("en", "this, these"),
    "pursuant to": ("en", "under"),
    "in accordance with": ("en", "under"),
    "shall be deemed": ("en", "counts as"),
    "prior to": ("en", "before"),
    "in the event that": ("en", "if"),
    "other relevant": ("en", "say which"),
    "relevant documents": ("en", "say which documents"),
    "utilise": ("en", "use"),
    "commence": ("en", "begin"),
    "submit the application form": ("en", "apply"),
}
OPEN_LISTS = {
    "相关材料",
    "其他材料",
    "等材料",
    "有关规定",
    "法律法规规定的其他",
    "other relevant",
    "relevant documents",
}


@dataclass(frozen=True)
class Finding:
    """One thing an author should know. `sentence` is lazy and said in the reader's language."""

    code: str
    element: str
    sentence: Any
    stops: bool = False
    quote: str = ""

    @property
    def part(self) -> str:
        return PART_OF[self.element].slug if self.element in PART_OF else ""

    @property
    def label(self) -> Any:
        return LABELS.get(self.element, self.element)


def form_of(fields: Any) -> Form:
    """The form as far as it can be read; an unreadable one asks nothing (and `findings` says why)."""
    try:
        return Form.from_demo(fields or [])
    except (FormError, RuleError, ValueError, TypeError):
        return Form([])


def findings(
    elements: Mapping[str, Any],
    *,
    kind: str = "matter",
    base: Mapping[str, Any] | None = None,
    known: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Everything there is to say, what stops first, then by parts."""
    known = known or {}
    found: list[Finding] = []
    found += _complete(elements, kind)
    found += _times(elements)
    found += _documents(elements, known.get("materials"))
    found += _situations(elements, known.get("materials"))
    found += _form(elements)
    found += _lists(elements, known.get("code_lists"))
    found += _rules(elements, base)
    found += _promise(elements, known.get("at_stake", ()))
    found += _result(elements)
    found += _only_one(elements)
    found += [_stop("retention", "retention", sentence) for sentence in retention.troubles(elements.get("retention"))]
    found += [
        _stop("message", "letters", sentence, quote)
        for sentence, quote in own_messages.troubles(elements.get("letters"))
    ]
    found += _conditions_of_messages(elements)
    if kind == "bundle":
        found += _members(elements, known.get("matters"))
    found += _translated(elements)
    found += _plain(elements)
    places = {name: number for number, name in enumerate(PART_OF)}
    return sorted(dict.fromkeys(found), key=lambda one: (not one.stops, places.get(one.element, 99)))


def _stop(code: str, element: str, sentence: Any, quote: str = "") -> Finding:
    return Finding(code, element, sentence, True, quote)


def _look(code: str, element: str, sentence: Any, quote: str = "") -> Finding:
    return Finding(code, element, sentence, False, quote)


NEEDED = {
    "name": _("The matter has no name."),
    "objects_served": _("Nobody is named who may apply."),
    "themes": _("It stands under no theme, so nobody finds it by looking around."),
    "conditions": _("The conditions are missing."),
    "legal_basis": _("It is not said what it rests on in law."),
    "steps": _("The steps are missing."),
    "channels": _("There is no way to apply."),
    "contacts": _("It is not said whom to ask."),
    "appeal": _("It is not said how to appeal."),
    "result": _("It is not said what people receive."),
    "rights": _("Rights and duties are missing."),
}
NEEDED_OF_BUNDLES = ("name", "objects_served", "themes", "conditions", "members", "contacts", "appeal")


def _complete(elements: Mapping, kind: str) -> list[Finding]:
    found = []
    for name, sentence in NEEDED.items():
        if kind == "bundle" and name not in NEEDED_OF_BUNDLES:
            continue
        value = elements.get(name)
        empty = not value or (name == "result" and not value.get("kind"))
        if empty:
            found.append(
                _look("missing", name, sentence)
                if name in ("themes", "rights", "legal_basis")
                else _stop("missing", name, sentence)
            )
    if kind == "bundle" and not elements.get("members"):
        found.append(_stop("missing", "members", _("A bundle has no members.")))
    if kind != "bundle":
        online = {"online_pc", "online_mobile"} & set(elements.get("channels") or ())
        if online and not elements.get("form"):
            found.append(_stop("no-form", "form", _("It can be applied for online, but there is no form.")))
        if {"window", "kiosk"} & set(elements.get("channels") or ()) and not elements.get("places"):
            found.append(_look("no-place", "places", _("It can be done in person, but no place is named.")))
        if elements.get("visits") and not elements.get("visit_reason"):
            found.append(_stop("visit-reason", "visit_reason", _("People have to come, and it is not said why.")))
        fee = elements.get("fee") or {}
        if (
            fee.get("charged")
            and not fee.get("amount")
            and not fee.get("cases")
            and not (fee.get("text") or {}).get("zh")
        ):
            found.append(_stop("fee", "fee", _("A fee is charged, and neither an amount nor a rule is given.")))
        found += [_stop("fee", "fee", sentence) for sentence in fees.troubles(fee, elements.get("form") or ())]
        if not fee:
            found.append(_stop("fee", "fee", _("It is not said whether there is a fee.")))
    return found


def _times(elements: Mapping) -> list[Finding]:
    statutory, promised, kind = (
        elements.get("statutory_days"),
        elements.get("promised_days"),
        elements.get("handling_kind"),
    )
    found = []
    if promised is None and statutory is None:
        found.append(_stop("no-time", "promised_days", _("It is not said how long it takes.")))
    if statutory is not None and promised is not None and promised > statutory:
        found.append(
            _stop(
                "promise-over-law", "promised_days",
                worded(_("Promised are %(promised)s days, but the law gives only %(statutory)s."), promised=promised, statutory=statutory),
            )
        )  # fmt: skip
    if kind == "instant" and promised:
        found.append(_stop("not-instant", "promised_days", _("It is decided at once, so the promised days are 0.")))
    return found


def _documents(elements: Mapping, materials: Mapping[str, Any] | None) -> list[Finding]:
    found = []
    rows = elements.get("requirements") or []
    slugs = [row.get("material", "") for row in rows]
    for slug in sorted({one for one in slugs if slugs.count(one) > 1}):
        found.append(
            _stop("twice", "requirements", worded(_("“%(name)s” is asked for twice."), name=_name(slug, materials)))
        )
    by_situation = {slug for one in elements.get("situations") or () for slug in one.get("adds") or ()}
    for row in rows:
        slug, exempt = row.get("material", ""), row.get("exempt", "none")
        kind = (materials or {}).get(slug)
        name = _name(slug, materials)
        if materials is not None and kind is None:
            found.append(
                _stop("unknown-document", "requirements", worded(_("Nobody knows the document “%(name)s”."), name=name))
            )
            continue
        if not row.get("required") and not row.get("when") and slug not in by_situation:
            found.append(
                _look("when", "requirements", worded(_("It is not said when “%(name)s” is needed."), name=name))
            )
        if kind is None:
            continue
        if exempt == "licence" and not kind.licence_type:
            found.append(
                _stop(
                    "no-licence",
                    "requirements",
                    worded(_("No electronic licence stands in for “%(name)s”."), name=name),
                )
            )
        if exempt == "data" and not kind.resource:
            found.append(
                _stop("no-data", "requirements", worded(_("No shared data stand in for “%(name)s”."), name=name))
            )
        if exempt == "commitment" and not kind.commitment_ok:
            found.append(
                _stop(
                    "no-commitment",
                    "requirements",
                    worded(_("“%(name)s” must not be replaced by a promise."), name=name),
                )
            )
        if (
            row.get("required")
            and exempt == "none"
            and not row.get("electronic")
            and not row.get("originals")
            and not row.get("copies")
        ):
            found.append(
                _stop("nobody-can-supply", "requirements",
                      worded(_("Nobody can hand in “%(name)s”: neither on paper nor as a file."), name=name))
            )  # fmt: skip
        if kind.intermediary and not elements.get("intermediary"):
            found.append(
                _look("third-party", "intermediary",
                      worded(_("“%(name)s” comes from a paid service of a third party; the guide does not say so."), name=name))
            )  # fmt: skip
        if exempt == "none" and (kind.licence_type or kind.resource):
            found.append(
                _look("once-only", "requirements",
                      worded(_("“%(name)s” is asked for, though a licence or shared data could prove it."), name=name))
            )  # fmt: skip
    return found


def _name(slug: str, materials: Mapping[str, Any] | None) -> Any:
    kind = (materials or {}).get(slug)
    return kind.shown_name if kind is not None else slug


CHANGES = ("adds", "removes", "handling_kind", "promised_days", "inspection")


def _promise_of_one(one: Mapping, elements: Mapping, name: Any) -> list[Finding]:
    """What a situation promises for itself, beside what the law and the matter say."""
    kind, days, statutory = one.get("handling_kind"), one.get("promised_days"), elements.get("statutory_days")
    found = []
    if days is not None and not promises.is_days(days):
        return [
            _stop("not-days", "situations",
                  worded(_("The days of “%(name)s” must be a whole number of at most %(most)s."), name=name, most=promises.MOST_DAYS))
        ]  # fmt: skip
    if days is not None and statutory is not None and days > statutory:
        found.append(
            _stop("promise-over-law", "situations",
                  worded(_("“%(name)s” promises %(promised)s days, but the law gives only %(statutory)s."), name=name, promised=days, statutory=statutory))
        )  # fmt: skip
    if kind == "instant" and days:
        found.append(
            _stop("not-instant", "situations", worded(_("“%(name)s” is decided at once, so it promises no days."), name=name))
        )  # fmt: skip
    if kind == "promised" and not days and not elements.get("promised_days"):
        found.append(
            _stop("no-time", "situations", worded(_("“%(name)s” is decided within a promised time, and no days are said."), name=name))
        )  # fmt: skip
    if one.get("inspection") == "yes" and (kind or elements.get("handling_kind")) == "instant":
        found.append(
            _look("looked-at-at-once", "situations",
                  worded(_("In “%(name)s” somebody comes to look, and yet it is decided at once."), name=name))
        )  # fmt: skip
    return found


def _situations(elements: Mapping, materials: Mapping[str, Any] | None) -> list[Finding]:
    found = []
    asked = {row.get("material") for row in elements.get("requirements") or ()}
    deciding = _asked_in_form(elements)
    situations = elements.get("situations") or []
    for one in situations:
        name = one.get("name") or {"zh": one.get("zh", ""), "en": one.get("en", "")}
        if not any(one.get(key) for key in CHANGES) and one.get("id") not in deciding and len(situations) > 1:
            others = [other for other in situations if other is not one and any(other.get(key) for key in CHANGES)]
            if not others:
                found.append(
                    _look("changes-nothing", "situations", worded(_("“%(name)s” changes nothing."), name=_lazy(name)))
                )
        found += _promise_of_one(one, elements, _lazy(name))
        for slug in one.get("removes") or ():
            if slug not in asked:
                found.append(
                    _look("not-listed", "situations",
                          worded(_("“%(name)s” takes away “%(document)s”, which is not asked for."), name=_lazy(name), document=_name(slug, materials)))
                )  # fmt: skip
        for slug in one.get("adds") or ():
            if materials is not None and slug not in materials:
                found.append(
                    _stop(
                        "unknown-document", "situations", worded(_("Nobody knows the document “%(name)s”."), name=slug)
                    )
                )
    if len(situations) == 1:
        found.append(
            _look("one-situation", "situations", _("There is one situation only: nobody has anything to choose."))
        )
    return found


def _conditions_of_messages(elements: Mapping) -> list[Finding]:
    """A message that hangs on answers hangs on answers of this form, and some answers let it go out."""
    facts = conditions.facts_of_form(designing.readable(elements.get("form") or ()))
    found = []
    for one in own_messages.rows(elements.get("letters")):
        logic = one.get("if")
        if not logic:
            continue
        text = one.get("text")
        quote = str((text.get("zh") or text.get("en") or "") if isinstance(text, Mapping) else "")[:80]
        try:
            asked = compile_rule(logic).facts
        except RuleError as wrong:
            found.append(
                _stop(
                    "message",
                    "letters",
                    worded(_("The condition of a message cannot be read: %(why)s"), why=wrong.sentence),
                    quote,
                )
            )
            continue
        gone = [name for name in asked if name.removeprefix("form.") not in facts]
        if gone:
            found.append(
                _stop("message", "letters",
                      worded(_("The condition of a message asks for “%(names)s”, which the form does not."), names=", ".join(gone)[:200]), quote)
            )  # fmt: skip
        elif not conditions.can_hold(logic):
            found.append(_stop("message", "letters", _("No answers let this message go out."), quote))
    return found


def _asked_in_form(elements: Mapping) -> set[str]:
    said = str([field.get("show_if") for field in elements.get("form") or ()])
    return {one["id"] for one in elements.get("situations") or () if one.get("id") and one["id"] in said}


def _lists(elements: Mapping, there: Collection[str] | None) -> list[Finding]:
    """Questions whose answers come from a list that is not here, or that offers nothing today."""
    found = []
    if there is None:
        return []
    for one in elements.get("form") or []:
        key = one.get("code_list")
        if key and key not in there:
            found.append(
                _stop("unknown-list", "form", worded(_("There is no list of answers “%(name)s” here."), name=key))
            )
        elif key and not Field.from_data({"id": "x", "type": "choice", "code_list": key}).options:
            found.append(
                _stop("empty-list", "form", worded(_("The list of answers “%(name)s” offers nothing today."), name=key))
            )
    return found


def _formulas(fields: list) -> list[Finding]:
    """Formulas that cannot be reckoned: of what nobody asks, in a circle, or not understood."""
    found = []
    form = {one.id: one for one in designing.readable(fields)}
    for one in form.values():
        if one.formula is None:
            continue
        label = _lazy(one.label)
        try:
            gone = [name for name in one.reckoned_from if name not in form]
        except RuleError as wrong:
            sentence = worded(
                _("The formula of “%(field)s” is not understood: %(why)s"), field=label, why=wrong.sentence
            )
            found.append(_stop("formula", "form", sentence))
            continue
        for name in gone:
            sentence = _("“%(field)s” is filled by a formula of “%(name)s”, which is not asked in this form.")
            found.append(_stop("formula", "form", worded(sentence, field=label, name=name)))
        if way := formulas.circle(fields, one.id):
            sentence = _(
                "“%(field)s” is filled by a formula that goes in a circle: each of its answers waits for another."
            )
            found.append(_stop("formula", "form", worded(sentence, field=label), " → ".join(say(each) for each in way)))
    return found


def _form(elements: Mapping) -> list[Finding]:
    found: list[Finding] = []
    fields = elements.get("form") or []
    if not fields:
        return found
    if broken := _formulas(fields):
        return broken
    try:
        form = Form.from_demo(fields)
    except (FormError, RuleError, ValueError, TypeError) as wrong:
        return [_stop("form", "form", worded(_("The form cannot be drawn: %(why)s"), why=str(wrong)))]
    found += [_stop("action", "form", sentence) for sentence in form_actions.troubles(form)]
    facts = conditions.facts_of_form(form)
    places = {field.id: number for number, field in enumerate(form)}
    for field in form:
        label = _lazy(field.label)
        if designing.STILL_UNNAMED & {
            *field.label.values(),
            *(text for one in field.labels.values() for text in one.values()),
        }:
            found.append(
                _stop("unnamed", "form", worded(_("“%(field)s” still stands as it was added: say in both languages what is asked, and each answer."), field=label))
            )  # fmt: skip
        if field.show_if is not None:
            if not conditions.can_hold(field.show_if) or not _can_be_chosen(field.show_if, facts):
                found.append(
                    _stop(
                        "never-asked",
                        "form",
                        worded(_("“%(field)s” can never be asked: its condition cannot hold."), field=label),
                    )
                )
            if any(places.get(name.removeprefix("form."), -1) > places[field.id] for name in field.show_if_fields):
                found.append(
                    _look(
                        "asked-later",
                        "form",
                        worded(_("“%(field)s” depends on a question that comes after it."), field=label),
                    )
                )
        if field.readonly and field.required and not field.prefill:
            found.append(
                _stop(
                    "nobody-fills",
                    "form",
                    worded(_("“%(field)s” cannot be changed and comes from nowhere."), field=label),
                )
            )
        if field.min is not None and field.max is not None and _more(field.min, field.max):
            found.append(
                _stop("no-value", "form", worded(_("“%(field)s” has a least value above its greatest."), field=label))
            )
        if field.type in ("choice", "multi") and len(field.options) < 2 and field.type == "choice":
            found.append(_look("one-option", "form", worded(_("“%(field)s” has one answer only."), field=label)))
        if field.type in ("choice", "multi") and any(option not in field.labels for option in field.options):
            found.append(
                _look(
                    "option-words",
                    "form",
                    worded(_("An answer of “%(field)s” has no words in both languages."), field=label),
                )
            )
    if not any(field.type == "consent" and field.required for field in form):
        found.append(
            _stop("no-statement", "form", _("The form has no statement to agree to (a consent that is required)."))
        )
    return found


def _more(least: Any, most: Any) -> bool:
    try:
        return float(least) > float(most)
    except (TypeError, ValueError):
        return str(least) > str(most) and "today" not in (str(least), str(most))


def _can_be_chosen(logic: Any, facts: Mapping[str, conditions.Fact]) -> bool:
    """False when it waits for an answer that the question does not offer."""
    tree = conditions.tree_of(logic)
    if tree is None or tree["join"] != "all":
        return True
    for leaf in tree["items"]:
        fact = facts.get(leaf.get("fact", "").removeprefix("form.")) if "join" not in leaf else None
        if fact is None or fact.kind != "choice" or leaf.get("other"):
            continue
        offered = {key for key, _words in fact.options}
        wanted = set(leaf["value"]) if leaf["op"] == "in" else {leaf["value"]} if leaf["op"] == "==" else offered
        if not wanted & offered:
            return False
    return True


def _rules(elements: Mapping, base: Mapping | None) -> list[Finding]:
    if elements.get("decided_by", "none") == "none":
        return []
    logic = elements.get("rules")
    if not logic:
        return [_stop("no-rules", "rules", _("The machine is to decide, but there are no rules."))]
    try:
        rule = compile_rule(logic)
    except RuleError as wrong:
        return [_stop("rules", "rules", worded(_("The rules cannot be read: %(why)s"), why=wrong.sentence))]
    found = []
    facts = conditions.facts_of_rules(form_of(elements.get("form")))
    for name in rule.facts:
        if name not in facts and not name.startswith("licence."):
            found.append(
                _stop(
                    "unknown-fact",
                    "rules",
                    worded(_("Nobody can tell “%(fact)s”: it is neither asked nor known."), fact=name),
                )
            )
    if not conditions.can_hold(logic):
        found.append(
            _stop("never-holds", "rules", _("These rules can never hold: two conditions contradict each other."))
        )
    tests = elements.get("rule_tests") or []
    trial = conditions.run(logic, tests, facts)
    for one in trial.failed:
        found.append(
            _stop("test-fails", "rule_tests",
                  worded(_("The test case “%(name)s” comes out otherwise than expected."), name=one.name or one.id))
        )  # fmt: skip
    touched = base is None or base.get("rules") != logic or base.get("decided_by") != elements.get("decided_by")
    expected = {test.get("expected") for test in tests}
    if touched and not ("grant" in expected and expected - {"grant"}):
        found.append(
            _stop(
                "no-tests",
                "rule_tests",
                _("The rules changed: write at least one test case that is granted and one that is not."),
            )
        )
    elif tests and trial.seen < trial.of:
        found.append(
            _look("not-covered", "rule_tests",
                  worded(_("The test cases see %(seen)s of %(of)s outcomes of the conditions."), seen=trial.seen, of=trial.of))
        )  # fmt: skip
    elif not tests:
        found.append(_look("no-tests", "rule_tests", _("The rules have no test cases yet.")))
    return found


def _promise(elements: Mapping, at_stake: Iterable[str]) -> list[Finding]:
    """Notification and commitment is forbidden where public safety, health or ecology are directly at stake."""
    return [
        _stop("commitment", "commitment", commitment.WORDS[what]) for what in at_stake if elements.get("commitment")
    ]


def _result(elements: Mapping) -> list[Finding]:
    result = elements.get("result") or {}
    found = []
    if result.get("kind") == "e_licence" and not result.get("ref"):
        found.append(_stop("no-licence-type", "result", _("The result is a licence, but not which one.")))
    ids = {field.get("id") for field in elements.get("form") or () if field.get("type") != ACTION}
    for face, answer in (result.get("fields") or {}).items():
        if answer not in ids:
            found.append(
                _stop("no-answer", "result",
                      worded(_("The field %(face)s of the licence comes from a question that is not asked any more."), face=face))
            )  # fmt: skip
    return found


def _only_one(elements: Mapping) -> list[Finding]:
    said = elements.get("only_one") or {}
    found = []
    if said and repeating.read(said) is None:
        found.append(
            _stop("no-months", "only_one", _("One application within how many months? Write a number above nothing."))
        )
    if said.get("field") and said["field"] not in {
        field.get("id") for field in elements.get("form") or () if field.get("type") != ACTION
    }:
        found.append(
            _stop(
                "no-answer",
                "only_one",
                _("Applications are counted by the answer to a question that is not asked any more."),
            )
        )
    return found


def _members(elements: Mapping, published: Iterable[str] | None) -> list[Finding]:
    found = []
    members = elements.get("members") or []
    if way := circle(members):
        names = {one["matter"]: say(one.get("name") or one["matter"]) for one in members}
        found.append(
            _stop("circle", "members",
                  worded(_("These wait for each other, so none can begin: %(names)s."), names=" → ".join(names.get(one, one) for one in [*way, way[0]])))
        )  # fmt: skip
    for one in members:
        if not one.get("required") and not one.get("when"):
            found.append(
                _stop(
                    "no-question",
                    "members",
                    worded(_("“%(name)s” is optional, but no question decides about it."), name=_lazy(one.get("name"))),
                )
            )
        if published is not None and one["matter"] not in set(published):
            found.append(
                _stop("not-in-force", "members", worded(_("“%(name)s” is not in force."), name=_lazy(one.get("name"))))
            )
    return found


# -- words


def words_in(value: Any, path: str = "") -> Iterable[tuple[str, Bilingual]]:
    """Every piece of bilingual text in a value, with where it stands."""
    if isinstance(value, Mapping):
        zh, en = value.get("zh", ""), value.get("en", "")
        if value.keys() & {"zh", "en"} and isinstance(zh, str) and isinstance(en, str):
            yield path, {"zh": zh, "en": en}
        for key, inner in value.items():
            if key not in ("zh", "en"):
                yield from words_in(inner, f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from words_in(inner, f"{path}/{number}")


def _texts(value: Any) -> list[str]:
    return [text for _path, said in words_in(value) for text in said.values() if text]


def _translated(elements: Mapping) -> list[Finding]:
    found = []
    for name, value in elements.items():
        if name in ("rules", "rule_tests") or name not in PART_OF:
            continue
        for _path, said in words_in(value):
            if said["zh"] and not said["en"]:
                found.append(_stop("no-english", name, _("Something stands here in Chinese only."), said["zh"][:80]))
            elif said["en"] and not said["zh"]:
                found.append(_stop("no-chinese", name, _("Something stands here in English only."), said["en"][:80]))
    return found


WRITTEN = ("name", "conditions", "quota", "bars", "rights", "note", "visit_reason", "intermediary", "special_procedures", "fee",
           "situations", "requirements", "form", "steps", "result", "letters", "members", "faqs")  # fmt: skip


def _plain(elements: Mapping) -> list[Finding]:
    """Plain language: short sentences, no words of offices, no open lists."""
    found = []
    for name in WRITTEN:
        for _path, said in words_in(elements.get(name)):
            for language, text in said.items():
                found += [
                    _wordy(name, text, word)
                    for word, (of, _instead) in OFFICE_WORDS.items()
                    if of == language and _says(word, text, of)
                ]
                if long := _too_long(text, language):
                    found.append(
                        _look(
                            "long-sentence",
                            name,
                            _("This sentence is long: two short ones are understood better."),
                            long[:120],
                        )
                    )
    return found


def _says(word: str, text: str, language: str) -> bool:
    return word in text if language == "zh" else re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) is not None


def _wordy(name: str, text: str, word: str) -> Finding:
    instead = OFFICE_WORDS[word][1]
    if word in OPEN_LISTS:
        return _look(
            "open-list",
            name,
            worded(_("“%(word)s” leaves open what is meant: %(instead)s."), word=word, instead=instead),
            text[:120],
        )
    return _look(
        "office-word",
        name,
        worded(_("“%(word)s” is a word of offices. Rather: %(instead)s."), word=word, instead=instead),
        text[:120],
    )


def _too_long(text: str, language: str) -> str:
    if language == "zh":
        return next((one for one in re.split(r"[。；！？\n]", text) if len(one) > LONGEST_ZH), "")
    return next((one.strip() for one in re.split(r"[.;!?\n](?:\s|$)", text) if len(one.split()) > LONGEST_EN), "")


def _lazy(words: Any) -> Any:
    return _Said(words)


class _Said:
    """Bilingual content inside a sentence, said in the language of whoever reads."""

    def __init__(self, words: Any):
        self.words = words

    def __str__(self) -> str:
        return say(self.words) if isinstance(self.words, Mapping) else str(self.words or "")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Said) and self.words == other.words

    def __hash__(self) -> int:
        return hash(str(self.words))
