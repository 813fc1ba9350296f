"""What editors work with, without a database: conditions by choosing, forms as cards, what the author is told, what differs."""

from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matters import editors
from tests.matters.shared_lists import lists_of_the_demonstration as lists_of_the_demonstration
from tongban.lib.formschema import FIELD_TYPES, Form
from tongban.lib.problems import Invalid
from tongban.matters import guides
from tongban.matters.editing import checking, comparing, conditions, designing, elements, translating

DEMO = Path(__file__).parents[2] / "demo"
RENT = {"==": [{"var": "housing"}, "rent"]}
FORM = [
    {"id": "housing", "zh": "居住方式", "en": "Housing", "type": "choice", "options": ["own", "rent"],
     "labels": {"own": {"zh": "自有", "en": "own"}, "rent": {"zh": "租赁", "en": "rented"}}, "section": "need"},
    {"id": "months", "zh": "月数", "en": "Months", "type": "number", "section": "need"},
    {"id": "lease", "zh": "租约", "en": "Lease", "type": "text", "show_if": RENT, "section": "need"},
    {"id": "truth", "zh": "承诺", "en": "I state", "type": "consent", "required": True, "section": "statement"},
]  # fmt: skip
FACTS = conditions.facts_of_form(Form.from_demo(FORM))


@pytest.fixture(scope="module")
def content():
    return guides.Content.read(DEMO)


def posted(**names) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in names.items():
        data.setlist(name.replace("__", "."), value if isinstance(value, list) else [value])
    return data


# -- conditions


def test_every_rule_of_the_demonstration_can_be_built_by_choosing_and_means_the_same_after(content):
    rules = [made for row in content.matters if (made := guides.elements(row, content)["rules"])]

    assert len(rules) > 50
    assert [conditions.logic_of(conditions.tree_of(logic)) for logic in rules] == rules


leaf = st.one_of(
    st.builds(lambda op, value: {"fact": "months", "op": op, "value": value}, st.sampled_from([">=", "<", "==", "!=", ">", "<="]), st.integers(-5, 5)),
    st.builds(lambda op, value: {"fact": "housing", "op": op, "value": value}, st.sampled_from(["==", "!="]), st.sampled_from(["own", "rent"])),
    st.builds(lambda op, value: {"fact": "housing", "op": op, "value": value}, st.sampled_from(["in", "not in"]), st.lists(st.sampled_from(["own", "rent"]), min_size=1, unique=True)),
    st.builds(lambda op: {"fact": "months", "op": op, "value": None}, st.sampled_from(["there", "gone"])),
)  # fmt: skip
tree = st.recursive(
    leaf, lambda inner: st.builds(lambda join, items: {"join": join, "items": items}, st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3)), max_leaves=6
)  # fmt: skip


def judged(logic, facts):
    return conditions.Rule(logic).holds(facts)


@settings(max_examples=150, deadline=None)
@given(tree, st.one_of(st.none(), st.integers(-6, 6)), st.one_of(st.none(), st.sampled_from(["own", "rent"])))
def test_what_is_chosen_becomes_logic_and_the_same_choice_again(made, months, housing):
    made = made if "join" in made else {"join": "all", "items": [made]}
    logic = conditions.logic_of(made)
    facts = {name: value for name, value in (("months", months), ("housing", housing)) if value is not None}
    again = conditions.tree_of(logic)

    if again is not None:  # deeper than pages draw
        assert judged(conditions.logic_of(again), facts) == judged(logic, facts)
    if judged(logic, facts) is True:
        assert conditions.can_hold(logic)


@pytest.mark.parametrize(
    "logic",
    [
        {"and": [{">=": [{"var": "months"}, 6]}, {"<": [{"var": "months"}, 3]}]},
        {"and": [{"==": [{"var": "housing"}, "own"]}, RENT]},
        {"and": [{"in": [{"var": "housing"}, ["own"]]}, {"!": [{"in": [{"var": "housing"}, ["own", "rent"]]}]}]},
        {"and": [{">": [{"var": "months"}, 3]}, {"<=": [{"var": "months"}, 3]}]},
        {"or": [{"and": [RENT, {"!=": [{"var": "housing"}, "rent"]}]}]},
        {"and": [{"==": [{"var": "months"}, None]}, {">": [{"var": "months"}, 1]}]},
    ],
)
def test_what_contradicts_itself_is_found(logic):
    assert not conditions.can_hold(logic)
    assert conditions.can_hold({"or": [logic, {">=": [{"var": "months"}, 0]}]})


def test_the_page_reads_back_what_it_drew_and_buttons_change_the_tree():
    page = posted(
        c__join="any", c__order="1,0", **{"c.0.fact": "months", "c.0.op": ">=", "c.0.value": "6"},
        **{"c.1.join": "all", "c.1.order": "0", "c.1.0.fact": "housing", "c.1.0.op": "in", "c.1.0.value": ["own", "rent"]},
    )  # fmt: skip
    said = conditions.read(page, FACTS)

    assert said.errors == {}
    assert conditions.logic_of(said.tree) == {
        "or": [{"and": [{"in": [{"var": "housing"}, ["own", "rent"]]}]}, {">=": [{"var": "months"}, 6]}]
    }
    assert conditions.changed(deepcopy(said.tree), "up", "c.1")["items"][0]["fact"] == "months"
    assert len(conditions.changed(deepcopy(said.tree), "remove", "c.0")["items"]) == 1
    assert conditions.changed(deepcopy(said.tree), "remove", "c.9.9") == said.tree
    assert set(
        conditions.read(posted(c__order="0", **{"c.0.fact": "months", "c.0.op": ">", "c.0.value": "six"}), FACTS).errors
    ) == {"c.0.value"}


def test_suggested_test_cases_see_every_condition_from_both_sides(content):
    for row in content.matters:
        made = guides.elements(row, content)
        if not made["rules"]:
            continue
        facts = conditions.facts_of_rules(Form.from_demo(made["form"]))
        trial = conditions.run(made["rules"], conditions.suggested(made["rules"], facts), facts)
        assert trial.failed == [], row["id"]
        if row["id"] != "nurse-change":  # compares two answers with each other
            assert trial.seen == trial.of, row["id"]


def test_a_test_case_that_comes_out_otherwise_is_told():
    facts = {**FACTS}
    tests = [
        {"id": "t1", "facts": {"months": 7}, "expected": "grant"},
        {"id": "t2", "facts": {"months": 7}, "expected": "not_met"},
    ]

    trial = conditions.run({">=": [{"var": "months"}, 6]}, tests, facts)

    assert [(one.id, one.passed) for one in trial.tried] == [("t1", True), ("t2", False)]
    assert (trial.seen, trial.of) == (1, 2)


# -- the designer


def test_every_kind_of_answer_can_be_added_and_drawn():
    fields = FORM
    for kind in FIELD_TYPES:
        fields, new = designing.added(fields, kind)
        Form.from_demo(fields)
        assert designing.drawn(next(one for one in fields if one["id"] == new), fields)["type"] == kind
    assert fields[-1]["id"] == "truth"
    assert len(set(designing.ids(fields))) == len(fields)


def test_a_question_is_copied_moved_and_deleted_and_nothing_depends_on_what_nobody_asks():
    fields, copy = designing.doubled(FORM, "lease")
    assert designing.ids(fields) == ["housing", "months", "lease", copy, "truth"]
    assert designing.ids(designing.moved(fields, "months", -1)) == ["months", "housing", "lease", copy, "truth"]
    assert designing.ids(designing.moved(fields, "truth", to=0))[0] == "truth"

    left = designing.without(fields, "housing")

    assert [one.get("show_if") for one in left] == [None, None, None, None]
    Form.from_demo(left)


def test_moving_over_the_line_of_a_section_joins_it_first():
    fields = designing.moved(FORM, "lease", 1)

    assert designing.ids(fields) == designing.ids(FORM)
    assert fields[2]["section"] == "statement"


def test_one_question_is_read_back_as_it_stands_for_every_field_of_the_demonstration(content):
    """Opening a question and saving it changes nothing that people or machines see."""
    seen = 0
    for row in content.matters:
        fields = guides.elements(row, content)["form"]
        for one in fields:
            drawn = designing.drawn(one, fields)
            if drawn["tree"] is None:
                continue
            again, _name = designing.read(page_of(drawn), fields, one["id"])
            if drawn["action"]:
                assert designing.form_actions.spoken(again[fields.index(one)], []) == designing.form_actions.spoken(
                    one, []
                )
                continue
            before, after = Form.from_demo(fields)[one["id"]], Form.from_demo(again)[one["id"]]
            assert after == before or _as_drawn(after) == _as_drawn(before), (row["id"], one["id"])
            seen += 1
    assert seen > 500


def _as_drawn(field):
    columns = [(one.id, one.type, dict(one.label), one.required, one.options) for one in field.columns]
    labels = {key: dict(words) for key, words in field.choices} if field.type in ("choice", "multi") else {}
    return (field.id, field.type, dict(field.label), field.required, field.readonly, field.masked, field.sources, field.show_if,
            field.min, field.max, field.max_length, field.options, labels, columns, field.section)  # fmt: skip


def page_of(drawn: dict) -> QueryDict:
    """What a browser would send of the open question."""
    page = posted(
        type=drawn["type"], id=drawn["id"], code_list=drawn["code_list"], when="if" if drawn["asked"] else "always"
    )
    for name in ("label", "help", "example"):
        for language in ("zh", "en"):
            page[f"{name}.{language}"] = drawn[name].get(language, "")
    for name in ("required", "readonly", "masked"):
        if drawn[name]:
            page[name] = "1"
    for name in ("min", "max", "max_length", "rows"):
        page[name] = str(drawn[name])
    for number, source in enumerate(drawn["sources"]):
        page[f"source.{number}"] = source
    for name in ("options", "columns"):
        page[f"{name}.order"] = ",".join(str(number) for number, _one in enumerate(drawn[name]))
        for number, one in enumerate(drawn[name]):
            for key, value in one.items():
                if value is not False:
                    page[f"{name}.{number}.{key}"] = str(value)
    if drawn["asked"]:
        _write_group(page, drawn["tree"])
    return page


def _write_group(page: QueryDict, group: dict) -> None:
    page[f"{group['name']}.join"] = group["join"]
    page[f"{group['name']}.order"] = ",".join(str(item["number"]) for item in group["items"])
    for item in group["items"]:
        if "group" in item:
            _write_group(page, item["group"])
            continue
        page[f"{item['name']}.fact"], page[f"{item['name']}.op"] = item["fact"], item["op"]
        page.setlist(f"{item['name']}.value", item["held"])


def test_a_new_name_goes_into_the_conditions_that_speak_of_it():
    drawn = designing.drawn(FORM[0], FORM)
    page = page_of(drawn)
    page["id"] = "home"

    fields, name = designing.read(page, FORM, "housing")

    assert name == "home" and fields[2]["show_if"] == {"==": [{"var": "home"}, "rent"]}
    page["id"] = "months"
    with pytest.raises(designing.Misdrawn):
        designing.read(page, FORM, "housing")


# -- parts: what is drawn is read back


def test_every_part_of_every_guide_of_the_demonstration_is_read_back_as_it_is(content):
    lists = {
        "materials": [(row["id"], row["id"]) for row in content.materials],
        "themes": [(row["id"], row["id"]) for row in content.themes],
        "departments": [(code, code) for code in content.departments],
        "department_names": [(code, guides.named(row)) for code, row in content.departments.items()],
        "licence_types": [(slug, slug) for slug in content.licence_types],
        "matters": [(row["id"], row["id"]) for row in content.matters],
        "matters_here": [(row["id"], row["id"]) for row in content.matters],
        "matter_names": [
            (row["id"], {"name": guides.named(row), "online": guides.is_online(row)}) for row in content.matters
        ],
    }
    for row in content.matters:
        made = guides.elements(row, content) | {"themes": row["themes"]}
        for part in elements.PARTS:
            if part.own or part.bundles:
                continue
            page = posted()
            _write(page, elements.controls(part, made, lists))
            for name, value in elements.read(part, page, made, lists).items():
                assert value == made.get(name) or (not value and not made.get(name)), (row["id"], name)


def _write(page: QueryDict, controls: list[dict]) -> None:
    for one in controls:
        name, kind = one["name"], one["kind"]
        if kind in ("line", "text"):
            page[f"{name}.zh"], page[f"{name}.en"] = one["zh"], one["en"]
        elif kind in ("words", "rows"):
            page[f"{name}.order"] = ",".join(str(row["number"]) for row in one["rows"])
            for row in one["rows"]:
                if kind == "rows":
                    _write(page, row["columns"])
                else:
                    page[f"{row['name']}.zh"], page[f"{row['name']}.en"] = row["zh"], row["en"]
        elif kind in ("choice", "several"):
            page.setlist(name, [key for key, _label, on in one["options"] if on] or [""] * (kind == "choice"))
        elif kind == "group":
            _write(page, one["columns"])
        elif kind == "condition":
            page[f"{name}.asked"] = "if" if one["asked"] else ""
        elif kind == "yes":
            if one["value"]:
                page[name] = "1"
        else:
            page[name] = str(one["value"])


def test_members_that_wait_for_each_other_are_a_circle():
    rows = [
        {"matter": "a", "after": ["c"]},
        {"matter": "b", "after": ["a"]},
        {"matter": "c", "after": ["b"]},
        {"matter": "d", "after": []},
    ]

    assert set(elements.circle(rows)) == {"a", "b", "c"}
    assert elements.circle([*rows[1:], {"matter": "a", "after": []}]) == []


# -- what the author is told


def told(**changes) -> set[str]:
    made = {
        "name": editors.BOTH, "objects_served": ["person"], "themes": ["x"], "conditions": editors.BOTH, "legal_basis": [editors.BOTH],
        "steps": [{"name": editors.BOTH}], "channels": ["online_pc"], "contacts": [{"name": editors.BOTH}], "appeal": [{"name": editors.BOTH}],
        "result": {"kind": "document", "name": editors.BOTH}, "rights": editors.BOTH, "form": FORM, "promised_days": 5, "statutory_days": 20,
        "fee": {"charged": False, "amount": 0}, "requirements": [], "situations": [], "decided_by": "none", "handling_kind": "promised",
    }  # fmt: skip
    return {
        one.code
        for one in checking.findings(made | changes, known={"materials": KINDS, "at_stake": changes.pop("stakes", ())})
    }


def kind_of(**given):
    fields = {"licence_type": "", "resource": "", "commitment_ok": False, "intermediary": False, "shown_name": "Paper"}
    return SimpleNamespace(**(fields | given))


KINDS = {"lease": kind_of(), "id": kind_of(licence_type="id-card", resource="population")}


def test_a_complete_guide_in_plain_words_has_nothing_to_be_told():
    assert told() == set()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"conditions": {}}, "missing"),
        ({"conditions": {"zh": "只有中文", "en": ""}}, "no-english"),
        ({"conditions": {"zh": "", "en": "Only English"}}, "no-chinese"),
        ({"conditions": {"zh": "请提交相关材料", "en": "x"}}, "open-list"),
        ({"conditions": {"zh": "说明", "en": "You shall hereby apply"}}, "office-word"),
        ({"conditions": {"zh": "长" * 70, "en": "x"}}, "long-sentence"),
        ({"promised_days": 30}, "promise-over-law"),
        ({"handling_kind": "instant"}, "not-instant"),
        ({"promised_days": None, "statutory_days": None}, "no-time"),
        ({"form": []}, "no-form"),
        ({"visits": 1}, "visit-reason"),
        ({"fee": {"charged": True, "amount": None}}, "fee"),
        ({"requirements": [{"material": "nobody-knows", "required": True}]}, "unknown-document"),
        ({"requirements": [{"material": "lease", "required": True, "exempt": "none", "electronic": False, "originals": 0, "copies": 0}]}, "nobody-can-supply"),
        ({"requirements": [{"material": "lease", "required": True, "exempt": "licence", "electronic": True}]}, "no-licence"),
        ({"requirements": [{"material": "lease", "required": True, "exempt": "data", "electronic": True}]}, "no-data"),
        ({"requirements": [{"material": "lease", "required": True, "exempt": "commitment", "electronic": True}]}, "no-commitment"),
        ({"requirements": [{"material": "id", "required": True, "exempt": "none", "electronic": True}]}, "once-only"),
        ({"requirements": [{"material": "lease", "required": False, "exempt": "none", "electronic": True}]}, "when"),
        ({"situations": [{"id": "a", "zh": "甲", "en": "A"}, {"id": "b", "zh": "乙", "en": "B"}]}, "changes-nothing"),
        ({"situations": [{"id": "a", "zh": "甲", "en": "A", "promised_days": 30}]}, "promise-over-law"),
        ({"situations": [{"id": "a", "zh": "甲", "en": "A", "promised_days": 2.5}]}, "not-days"),
        ({"situations": [{"id": "a", "zh": "甲", "en": "A", "handling_kind": "instant", "promised_days": 3}]}, "not-instant"),
        ({"promised_days": 0, "situations": [{"id": "a", "zh": "甲", "en": "A", "handling_kind": "promised"}]}, "no-time"),
        ({"situations": [{"id": "a", "zh": "甲", "en": "A", "handling_kind": "instant", "inspection": "yes"}]}, "looked-at-at-once"),
        ({"form": [*FORM[:3], {**FORM[3], "required": False}]}, "no-statement"),
        ({"form": [FORM[0], {**FORM[2], "show_if": {"==": [{"var": "housing"}, "castle"]}}, FORM[3]]}, "never-asked"),
        ({"form": [{**FORM[2]}, FORM[0], FORM[3]]}, "asked-later"),
        ({"form": [{**FORM[1], "readonly": True, "required": True}, FORM[3]]}, "nobody-fills"),
        ({"form": [{**FORM[1], "min": 5, "max": 2}, FORM[3]]}, "no-value"),
        ({"form": designing.added(FORM, "choice")[0]}, "unnamed"),
        ({"form": [{"id": "x", "type": "castle"}]}, "form"),
        ({"decided_by": "rule"}, "no-rules"),
        ({"decided_by": "rule", "rules": {"castle": [1]}}, "rules"),
        ({"decided_by": "rule", "rules": {"and": [{">": [{"var": "age"}, 5]}, {"<": [{"var": "age"}, 5]}]}}, "never-holds"),
        ({"decided_by": "rule", "rules": {">": [{"var": "castles"}, 5]}}, "unknown-fact"),
        ({"decided_by": "rule", "rules": {">": [{"var": "age"}, 5]}}, "no-tests"),
        ({"decided_by": "rule", "rules": {">": [{"var": "age"}, 5]}, "rule_tests": [{"id": "t", "facts": {"age": 1}, "expected": "grant"}]}, "test-fails"),
        ({"commitment": True, "stakes": ["safety"]}, "commitment"),
        ({"result": {"kind": "e_licence", "ref": ""}}, "no-licence-type"),
        ({"result": {"kind": "e_licence", "ref": "x", "fields": {"name": "gone"}}}, "no-answer"),
    ],
)  # fmt: skip
def test_the_author_is_told(changes, code):
    assert code in told(**changes)


# -- what differs


def test_differences_are_said_field_by_field_in_both_languages_and_the_same_says_nothing(content):
    before = guides.elements(content.matters[0], content)
    after = deepcopy(before)
    assert comparing.compare(before, after) == []
    after["conditions"] = {"zh": before["conditions"]["zh"] + "。新", "en": before["conditions"]["en"]}
    after["situations"] = after["situations"][1:]
    after["steps"] = after["steps"][::-1]
    after["rules"] = {"and": [*after["rules"]["and"], {">=": [{"var": "age"}, 16]}]}

    found = {
        one.name: [(change.kind, [str(step) for step in change.where]) for change in one.changes]
        for one in comparing.compare(before, after)
    }

    assert set(found) == {"conditions", "situations", "rules", "steps"}
    assert found["situations"][0][0] == "removed" and [kind for kind, _where in found["steps"]] == ["moved"]
    assert found["rules"] == [("added", [])]
    (change,) = next(one for one in comparing.compare(before, after) if one.name == "conditions").changes
    assert [said["language"] for said in change.spoken] == ["zh"]
    assert ("in", "。新") in change.spoken[0]["pieces"]


# -- the translator


def test_a_guide_goes_to_its_translator_and_comes_back_the_same(content):
    made = guides.elements(content.matters[0], content)

    for source, target in (("zh", "en"), ("en", "zh")):
        file = translating.give(made, source=source, target=target, original="x#1")
        changes, report, into = translating.take(made, file)
        assert (changes, report.changed, report.stale, report.gone, into) == ({}, [], [], [], target)
        assert report.same > 100


def test_what_was_translated_is_taken_and_what_was_changed_meanwhile_is_stale():
    made = {"conditions": {"zh": "条件", "en": ""}, "note": {"zh": "注意", "en": "Note"}, "form": deepcopy(FORM)}
    file = translating.give(made, source="zh", target="en", original="x").decode()
    file = file.replace("<target />", "<target>Conditions</target>").replace(
        "<target>Lease</target>", "<target>Rental contract</target>"
    )
    made["note"]["zh"] = "请注意"
    made["form"] = [made["form"][1], made["form"][0], *made["form"][2:]]  # moved meanwhile: found by what it says

    changes, report, _into = translating.take(made, file.encode())

    assert changes["conditions"] == {"zh": "条件", "en": "Conditions"}
    assert changes["form"][2]["en"] == "Rental contract" and changes["form"][0]["en"] == "Months"
    assert [row["source"] for row in report.stale] == ["注意"]
    assert set(report.as_data()) == {"changed", "same", "stale", "gone", "empty", "left"}


@pytest.mark.parametrize(
    "file",
    [b"", b"<a/>", b"\xff\xfe<\x00", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', b"{}", b"<xliff version='1.2'/>", b"x" * 6_000_000],
)  # fmt: skip
def test_what_is_no_translation_is_refused_in_words(file):
    with pytest.raises(Invalid):
        translating.take({"name": editors.BOTH}, file)


def test_groups_and_rows_are_compared_in_the_editors_own_words(in_english):
    rule = [{"state": "granted", "years": 12, "then": "anonymise", "basis": {"zh": "办法", "en": "Rules"}}]
    longer = [{**rule[0], "years": 30, "then": "archive"}]

    limit, added = comparing.compare({}, {"only_one": {"rule": "open"}, "retention": rule})
    (changed,) = comparing.compare({"retention": rule}, {"retention": longer})

    assert limit.changes[0].spoken[0]["pieces"] == [("in", "How many applications are taken: One at a time")]
    row = added.changes[0]
    assert str(row.where[0]) == "Granted and closed"
    assert row.spoken[-1]["pieces"] == [
        ("in", "How it ended: Granted and closed, Years: 12, What happens then: made anonymous, On which ground: Rules")
    ]
    assert [str(one.where[-1]) for one in changed.changes] == ["Years", "What happens then"]
    assert str(changed.changes[1].after).startswith("handed over to the archive")
