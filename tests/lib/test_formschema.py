import json
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from django.http import QueryDict
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tongban.lib import yamls
from tongban.lib.formschema import FIELD_TYPES, Field, Form, FormError
from tongban.lib.identifiers import KINDS, mask_id
from tongban.lib.unicode import is_blank

ROOT = Path(__file__).parents[2]
DEMO = yamls.read(ROOT / "demo/forms.yaml")
FORMS = {form["matter"]: Form.from_demo(form["fields"]) for form in DEMO["forms"]}
NAUGHTY = json.loads((ROOT / "tests/vectors/blns/blns.json").read_text("utf-8"))
TODAY = date(2026, 11, 21)
ZHANG = "990000195503120031"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def ask(said: dict, raw, **how):
    """One field named f, judged alone."""
    return Form.from_demo([{"id": "f", "zh": "问", "en": "Answer", **said}]).validate(raw, today=TODAY, **how)


def told(cleaned) -> dict[str, list[str]]:
    return {name: [str(sentence) for sentence in sentences] for name, sentences in cleaned.errors.items()}


# --- the forms of the demonstration district ---


def test_all_sixteen_forms_and_every_type_are_read():
    assert len(FORMS) == 16
    assert set(DEMO["field_types"]) <= set(FIELD_TYPES)
    assert {one.type for form in FORMS.values() for one in form} <= set(FIELD_TYPES)


def test_every_option_and_column_is_said_in_both_languages():
    for form in FORMS.values():
        for one in form:
            for value, label in one.choices:
                assert label["zh"] and label["en"], (one.id, value)
                assert str(label["zh"]) != value, (one.id, value)
            for column in one.columns:
                assert column.label["zh"] != column.label["en"], (one.id, column.id)


RESIDENCE = {
    "mobile": "138 0000 0000",
    "address": "示范路1号",
    "arrival": "2025-03-01",
    "housing": "rent",
    "lease_no": "ZL-2025-1",
    "reason": "study",
    "photo": "photo-17",
    "delivery": "e_licence",
    "truth": "on",
}
KNOWN = {"name": "张示范", "id_no": ZHANG}


def test_a_whole_form_is_judged_and_stored_in_its_one_spelling():
    cleaned = FORMS["residence-permit-first"].validate(RESIDENCE, fixed=KNOWN, today=TODAY)

    assert told(cleaned) == {}
    assert cleaned.values == {**KNOWN, **RESIDENCE, "mobile": "13800000000", "truth": True}


def test_what_is_missing_is_said_field_by_field_in_the_order_of_the_form():
    cleaned = FORMS["residence-permit-first"].validate({}, today=TODAY)

    assert told(cleaned) == {
        "name": ["Please fill in: Name."],
        "id_no": ["Please fill in: ID number."],
        "mobile": ["Please fill in: Mobile."],
        "address": ["Please fill in: Present address."],
        "arrival": ["Please choose: Date of arrival."],
        "housing": ["Please choose: Kind of housing."],
        "reason": ["Please choose: Reason."],
        "photo": ["Please add: Photograph."],
        "delivery": ["Please choose: How to get the result."],
        "truth": ["Please tick “I state that this is true” if you agree. Without it we cannot go on."],
    }


def test_the_sentences_follow_the_language_of_whoever_reads_them_later():
    cleaned = FORMS["residence-permit-first"].validate({}, today=TODAY)

    with translation.override("zh-hans"):
        assert "现居住地址" in str(cleaned.errors["address"][0])


def test_a_hidden_answer_is_dropped_and_never_asked_for():
    form = Form.from_demo(
        [
            {"id": "housing", "type": "choice", "options": ["own", "rent"], "required": True},
            {"id": "lease", "type": "text", "required": True, "show_if": 'housing == "rent"'},
            {"id": "lease_end", "type": "date", "required": True, "show_if": 'lease == "A1"'},
        ]
    )

    hidden = form.validate({"housing": "own", "lease": "A1", "lease_end": "nonsense"})
    shown = form.validate({"housing": "rent", "lease": "A1"})

    assert (hidden.values, hidden.errors) == ({"housing": "own"}, {})
    assert list(shown.errors) == ["lease_end"]
    assert [one.id for one in form.visible({"housing": "own", "lease": "A1"})] == ["housing"]
    assert [one.id for one in form.visible({"housing": "rent", "lease": "A1"})] == ["housing", "lease", "lease_end"]


def test_conditions_that_chase_each_other_come_to_rest():
    form = Form.from_demo(
        [
            {"id": "a", "type": "text", "show_if": "b == null"},
            {"id": "b", "type": "text", "show_if": "a == null"},
        ]
    )

    assert form.visible({"a": "x", "b": "y"}) is not None


def test_a_register_s_value_wins_over_what_is_sent_for_a_read_only_field():
    cleaned = FORMS["residence-permit-first"].validate(
        {**RESIDENCE, "name": "王冒名", "id_no": "990000199207080045"}, fixed=KNOWN, today=TODAY
    )

    assert (cleaned.values["name"], cleaned.values["id_no"]) == ("张示范", ZHANG)


def test_a_read_only_field_that_no_register_fills_is_asked():
    cleaned = FORMS["residence-permit-first"].validate(
        {**RESIDENCE, "name": "Anna Example", "id_no": "X90000009"}, today=TODAY
    )

    assert told(cleaned) == {}
    assert (cleaned.values["name"], cleaned.values["id_no"]) == ("Anna Example", "X90000009")


def test_a_masked_value_sent_back_masked_is_the_value_kept():
    cleaned = ask({"type": "id_number", "masked": True}, {"f": mask_id(ZHANG)}, kept={"f": ZHANG})
    changed = ask({"type": "id_number", "masked": True}, {"f": "X90000009"}, kept={"f": ZHANG})

    assert cleaned.values == {"f": ZHANG}
    assert changed.values == {"f": "X90000009"}
    assert ask({"type": "id_number", "masked": True}, {"f": mask_id(ZHANG)}).errors


def test_a_draft_is_judged_but_nothing_is_missing_yet():
    cleaned = FORMS["company-establish"].validate(
        {
            "mobile": "12",
            "capital": "100",
            "truth": "",
            "director-name": "李示例",
            "shareholders-0-name": "张示范",
            "shareholders-0-id_kind": "id-card",
            "shareholders-0-id_no": "99000019550312003",
        },
        partial=True,
        today=TODAY,
    )

    assert list(cleaned.errors) == ["mobile", "shareholders-0-id_no"]
    assert cleaned.values == {"capital": 100, "director": {"name": "李示例"}}
    assert cleaned.draft == {
        **cleaned.values,
        "mobile": "12",
        "shareholders": [{"name": "张示范", "id_kind": "id-card", "id_no": "99000019550312003"}],
    }


def test_a_draft_kept_as_it_was_typed_is_judged_again_the_same_way():
    form = FORMS["company-establish"]
    first = form.validate({"mobile": "12", "capital": "100", "seal": "no", "director-name": "李示例"}, today=TODAY)

    again = form.validate(first.draft, today=TODAY)

    assert (again.values, told(again)) == (first.values, told(first))


def test_one_page_of_a_form_leaves_the_other_answers_alone():
    form = FORMS["residence-permit-first"]

    cleaned = form.validate(
        {"mobile": "13800000000"}, only=["mobile", "address"], kept={"housing": "rent"}, today=TODAY
    )

    assert list(cleaned.errors) == ["address"]
    assert cleaned.values == {"mobile": "13800000000", "housing": "rent"}


# --- types, one by one ---

LONG_LATIN = "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff de la Santísima Trinidad Ruiz y Picasso"


@pytest.mark.parametrize(
    ("said", "typed", "value"),
    [
        ({"type": "text"}, "  阿卜杜·买买提 ", "阿卜杜·买买提"),
        ({"type": "text"}, "𠅤㛃", "𠅤㛃"),
        ({"type": "text"}, "e\u0301te\u0301", "été"),
        ({"type": "text"}, LONG_LATIN, LONG_LATIN),
        ({"type": "text"}, 5, "5"),
        ({"type": "text", "rows": 4}, "one\r\ntwo", "one\ntwo"),
        ({"type": "company_name"}, "示范贸易有限公司", "示范贸易有限公司"),
        ({"type": "number"}, "1,000", 1000),
        ({"type": "number"}, "１２", 12),
        ({"type": "number"}, "85.5", 85.5),
        ({"type": "number"}, 7, 7),
        ({"type": "number", "min": 0}, "0", 0),
        ({"type": "money"}, "¥1,500", "1500.00"),
        ({"type": "money"}, "99.9元", "99.90"),
        ({"type": "money"}, 860000, "860000.00"),
        ({"type": "date"}, "2026-03-09", "2026-03-09"),
        ({"type": "date"}, "2026/3/9", "2026-03-09"),
        ({"type": "date"}, "2026年3月9日", "2026-03-09"),
        ({"type": "date"}, "20260309", "2026-03-09"),
        ({"type": "date"}, "２０２６．３．９", "2026-03-09"),
        ({"type": "date", "max": "today"}, "2026-11-21", "2026-11-21"),
        ({"type": "boolean"}, "no", False),
        ({"type": "boolean"}, True, True),
        ({"type": "consent"}, "on", True),
        ({"type": "choice", "options": ["a", "b c"]}, "b c", "b c"),
        ({"type": "multi", "options": ["a", "b"]}, ["b", "a", "b"], ["a", "b"]),
        ({"type": "scope_codes"}, "F5211,I6201;F5211\n 餐饮服务 ", ["F5211", "I6201", "餐饮服务"]),
        ({"type": "phone"}, "+86 138-0000-0000", "13800000000"),
        ({"type": "id_number"}, "99000019961120007x", "99000019961120007X"),
        ({"type": "uscc"}, "91990000999990001m", "91990000999990001M"),
        ({"type": "bank_account"}, "6222 0200 0000 0000", "6222020000000000"),
        ({"type": "division"}, "310107005", "310107005"),
        ({"type": "slot"}, "2026-11-23T09:30", "2026-11-23T09:30"),
        ({"type": "slot"}, "2026-11-23 09:30", "2026-11-23T09:30"),
        ({"type": "reference"}, True, True),
        ({"type": "reference"}, "passed", "passed"),
        ({"type": "photo"}, "photo-17", "photo-17"),
        ({"type": "address"}, "示范路1号", "示范路1号"),
    ],
)
def test_an_answer_is_stored_in_its_one_spelling(said, typed, value):
    cleaned = ask(said, {"f": typed})

    assert told(cleaned) == {}
    assert cleaned.values == {"f": value}
    assert type(cleaned.values["f"]) is type(value)
    assert ask(said, {"f": cleaned.values["f"]}).values == cleaned.values


@pytest.mark.parametrize(
    ("said", "typed", "sentence"),
    [
        ({"type": "text", "max_length": 3}, "abcd", "Please shorten this: at most 3 characters, now there are 4."),
        ({"type": "text"}, "a\nb", "Please write this on one line."),
        ({"type": "text"}, "a\x00b", "U+0000"),
        ({"type": "text"}, {"a": 1}, "cannot be read"),
        ({"type": "text"}, ["a"], "cannot be read"),
        ({"type": "text"}, True, "cannot be read"),
        ({"type": "company_name"}, "x", "whole name"),
        ({"type": "number"}, "twelve", "in digits"),
        ({"type": "number"}, "1e999", "in digits"),
        ({"type": "number"}, "NaN", "in digits"),
        ({"type": "number"}, True, "in digits"),
        ({"type": "number"}, "9" * 20, "too long"),
        ({"type": "number", "min": 1}, "0", "at least 1"),
        ({"type": "number", "max": 10}, "11", "at most 10"),
        ({"type": "money"}, "-5", "less than zero"),
        ({"type": "money"}, "1.234", "two digits"),
        ({"type": "money"}, "free", "in digits"),
        ({"type": "date"}, "2026-02-30", "a date that exists"),
        ({"type": "date"}, "09/03/2026", "a date that exists"),
        ({"type": "date"}, "0026-01-01", "year"),
        ({"type": "date", "max": "today"}, "2026-11-22", "up to 2026-11-21"),
        ({"type": "date", "min": "2026-01-01"}, "2025-12-31", "from 2026-01-01"),
        ({"type": "boolean"}, "perhaps", "yes or no"),
        ({"type": "choice", "options": ["a"]}, "b", "one of the answers"),
        ({"type": "multi", "options": ["a"]}, ["a", "b"], "from the answers"),
        ({"type": "phone"}, "12345", "11 digits"),
        ({"type": "id_number"}, "990000199207080046", "last character"),
        ({"type": "uscc"}, "91990000999990001N", "last character"),
        ({"type": "bank_account"}, "none", "8 to 30 digits"),
        ({"type": "division"}, "Shanghai", "from the list"),
        ({"type": "slot"}, "tomorrow", "a day and a time"),
        ({"type": "slot"}, "2026-13-45T09:30", "a day and a time"),
        ({"type": "slot"}, "2026-11-20T09:30", "has passed"),
        ({"type": "scope_codes"}, "x" * 61, "shorten"),
        ({"type": "person"}, "  x", "Please choose: Kind of document."),
        ({"type": "table", "columns": ["name"]}, "x", "row by row"),
    ],
)
def test_what_is_no_answer_is_said_in_a_sentence_that_helps(said, typed, sentence):
    cleaned = ask(said, {"f": typed})

    assert cleaned.values == {}
    assert sentence in str(cleaned.errors_of(Field.from_data({"id": "f", **said}))[0])
    assert cleaned.draft != {}


def test_yes_and_no_are_both_answers_to_a_required_question():
    assert ask({"type": "boolean", "required": True}, {"f": "no"}).ok
    assert not ask({"type": "boolean", "required": True}, {}).ok


def test_a_consent_must_be_given_where_it_is_required():
    assert not ask({"type": "consent", "required": True}, {"f": "no"}).ok
    assert ask({"type": "consent"}, {"f": "no"}).values == {"f": False}
    assert ask({"type": "consent", "required": True}, {"f": "no"}, partial=True).ok


def test_codes_that_exist_are_the_caller_s_to_say():
    known = {"division": {"310107", "310107005"}, "slot": set()}

    assert ask({"type": "division"}, {"f": "310107"}, known=known).ok
    assert not ask({"type": "division"}, {"f": "310114"}, known=known).ok
    assert "no longer free" in told(ask({"type": "slot"}, {"f": "2026-11-23T09:30"}, known=known))["f"][0]
    assert not ask({"type": "scope_codes"}, {"f": "Z9999"}, known={"f": {"F5211"}}).ok


def test_a_photograph_may_come_as_a_file_or_stay_the_one_before():
    said = {"type": "photo", "required": True}

    assert ask(said, {}, files={"f": b"jpeg"}).files == {"f": [b"jpeg"]}
    assert ask(said, {}, files={"f": b"jpeg"}).ok
    assert ask(said, {}, kept={"f": "photo-1"}).values == {"f": "photo-1"}
    assert not ask(said, {}).ok


def test_unusual_text_is_kept_and_remarked():
    cleaned = ask({"type": "text"}, {"f": "abc\u202edcba"})

    assert cleaned.values == {"f": "abc\u202edcba"}
    assert len(cleaned.remarks["f"]) == 1
    assert ask({"type": "id_number"}, {"f": ZHANG}).remarks["f"]


@pytest.mark.parametrize("blank", ["", "  ", "\u3000", "\u200b", None, [], {}, [""]])
def test_blank_is_no_answer(blank):
    assert ask({"type": "text"}, {"f": blank}).values == {}
    assert list(ask({"type": "text", "required": True}, {"f": blank}).errors) == ["f"]


# --- persons and tables ---

STAFF = {
    "type": "table",
    "required": True,
    "columns": ["name", "id_no", "health cert"],
    "column_types": {"id_no": "id_number"},
    "labels": {"name": {"zh": "姓名", "en": "Name"}},
}


def test_rows_come_from_a_page_cell_by_cell():
    raw = QueryDict(mutable=True)
    raw.update(
        {
            "f-0-name": "张示范",
            "f-0-id_no": ZHANG,
            "f-0-health_cert": "H1",
            "f-1-name": "",
            "f-1-id_no": "",
            "f-3-name": "李示例",
            "f-3-id_no": "990000199207080045",
            "f-3-health_cert": "H2",
            "f-4-name": "gone",
            "f-4-remove": "1",
            "f-x-name": "no row",
            "f-5-unknown": "no column",
        }
    )

    cleaned = ask(STAFF, raw)

    assert told(cleaned) == {}
    assert cleaned.values["f"] == [
        {"name": "张示范", "id_no": ZHANG, "health_cert": "H1"},
        {"name": "李示例", "id_no": "990000199207080045", "health_cert": "H2"},
    ]
    assert ask(STAFF, {"f": cleaned.values["f"]}).values == cleaned.values


def test_a_wrong_or_missing_cell_is_told_by_the_name_of_its_input():
    cleaned = ask(STAFF, {"f-0-name": "张示范", "f-0-id_no": "1", "f-2-name": "李示例", "f-2-id_no": ZHANG})

    assert list(cleaned.errors) == ["f-0-id_no", "f-0-health_cert", "f-1-health_cert"]
    assert told(cleaned)["f-1-health_cert"] == ["Please fill in: health cert."]


def test_a_required_table_needs_a_row():
    assert told(ask(STAFF, {"f-0-name": " "})) == {"f": ["Please enter at least one row: Answer."]}


def test_a_table_has_an_end():
    rows = [{"name": "x", "id_no": "X90000009", "health_cert": "1"}] * 501

    assert "at most 500 rows" in told(ask(STAFF, {"f": rows}))["f"][0]


def test_the_number_of_a_row_is_judged_by_the_kind_chosen_in_that_row():
    said = {
        "type": "table",
        "columns": ["id_kind", "id_no"],
        "column_types": {"id_kind": "id_kind", "id_no": "id_number"},
    }

    assert ask(said, {"f": [{"id_kind": "passport", "id_no": "X90000009"}]}).ok
    assert list(ask(said, {"f": [{"id_kind": "id-card", "id_no": "X90000009"}]}).errors) == ["f-0-id_no"]


def test_a_person_is_name_kind_and_number():
    whole = {"name": "李示例", "id_kind": "id-card", "id_no": "990000199207080045"}

    by_page = ask({"type": "person", "required": True}, {f"f-{key}": value for key, value in whole.items()})
    by_json = ask({"type": "person", "required": True}, {"f": whole})
    half = ask({"type": "person", "required": True}, {"f": "李示例"})

    assert by_page.values == by_json.values == {"f": whole}
    assert list(half.errors) == ["f-id_kind", "f-id_no"]
    assert half.draft == {"f": {"name": "李示例"}}
    assert list(ask({"type": "person", "required": True}, {}).errors) == ["f"]
    assert ask({"type": "person"}, {}).ok


def test_a_person_from_abroad_is_judged_by_passport():
    cleaned = ask({"type": "person"}, {"f": {"name": LONG_LATIN, "id_kind": "passport", "id_no": "x90000009"}})

    assert cleaned.values["f"]["id_no"] == "X90000009"


def test_several_choices_come_from_a_page_under_one_name():
    raw = QueryDict("f=drinks&f=hot+food&f=")

    assert ask({"type": "multi", "options": ["hot food", "drinks"]}, raw).values == {"f": ["hot food", "drinks"]}


# --- what renderers ask ---


def test_a_field_tells_its_names_and_kinds_of_input():
    form = FORMS["food-licence-new"]

    assert (form["mobile"].html_name, form["mobile"].html_id) == ("mobile", "field-mobile")
    assert (form["mobile"].input_type, form["mobile"].input_mode, form["mobile"].autocomplete) == ("tel", "tel", "tel")
    assert (form["area"].input_mode, form["area"].input_type) == ("decimal", "text")
    assert form["manager"].autocomplete == "off"
    assert [part.html_name for part in form["manager"].parts] == ["manager-name", "manager-id_kind", "manager-id_no"]
    assert form["staff"].cell_name(0, form["staff"].columns[2]) == "staff-0-health_cert"
    assert form["staff"].cell_name("__n__", "name") == "staff-__n__-name"
    assert FORMS["residence-permit-first"]["address"].sources == ["population-base.household_division", "user.address"]
    assert form["post_address"].show_if == {"==": [{"var": "delivery"}, "post"]}
    assert form["post_address"].show_if_fields == ["delivery"]
    assert [value for value, _label in form["manager"].parts[1].choices] == list(KINDS)


@pytest.mark.parametrize(
    ("said", "value", "shown"),
    [
        ({"type": "boolean"}, False, "No"),
        ({"type": "boolean"}, None, ""),
        ({"type": "choice", "options": ["a"], "labels": {"a": {"zh": "甲", "en": "Alpha"}}}, "a", "Alpha"),
        (
            {"type": "multi", "options": ["a", "b"], "labels": {"a": {"zh": "甲", "en": "Alpha"}}},
            ["a", "b"],
            "Alpha, b",
        ),
        ({"type": "money"}, "860000.00", "860,000.00"),
        ({"type": "id_number", "masked": True}, ZHANG, "9900**********0031"),
        ({"type": "phone", "masked": True}, "13800000000", "138****0000"),
        ({"type": "person"}, {"name": "李示例", "id_kind": "passport", "id_no": "X90000009"}, "李示例 X90000009"),
        ({"type": "person", "masked": True}, {"name": "李示例", "id_no": "X90000009"}, "李示例 X9*****09"),
        ({"type": "slot"}, "2026-11-23T09:30", "2026-11-23 09:30"),
        ({"type": "table", "columns": ["name", "n"]}, [{"name": "a", "n": "1"}, {"name": "b"}], "a, 1\nb, "),
        ({"type": "reference"}, True, "Yes"),
        ({"type": "number"}, 0, "0"),
    ],
)
def test_an_answer_is_shown_as_people_read_it(said, value, shown):
    assert Field.from_data({"id": "f", **said}).display(value) == shown


def test_a_masked_answer_is_shown_whole_only_when_asked():
    one = Field.from_data({"id": "f", "type": "id_number", "masked": True})

    assert one.display(ZHANG, masked=False) == ZHANG


@pytest.mark.parametrize(
    "fields",
    [
        [{"id": "A b", "type": "text"}],
        [{"id": "a", "type": "hologram"}],
        [{"id": "a", "type": "choice"}],
        [{"id": "a", "type": "table"}],
        [{"id": "a", "type": "table", "columns": [{"id": "p", "type": "person"}]}],
        [{"id": "a", "type": "table", "columns": ["x", "X"]}],
        [{"id": "a", "type": "table", "columns": ["remove"]}],
        [{"id": "a", "type": "text"}, {"id": "a", "type": "text"}],
        [{"id": "a", "type": "text", "show_if": 'b == "x"'}],
    ],
)
def test_a_form_written_wrongly_is_refused_with_the_field_named(fields):
    with pytest.raises(FormError, match="field"):
        Form.from_demo(fields)


def test_the_json_schema_says_what_may_be_stored():
    schema = FORMS["food-licence-new"].json_schema()

    json.dumps(schema)
    assert schema["required"] == [one.id for one in FORMS["food-licence-new"] if one.required]
    assert schema["properties"]["area"] == {"title": "Area (m2)", "type": "number", "minimum": 1}
    assert schema["properties"]["staff"]["items"]["required"] == ["name", "id_no", "health_cert"]
    assert schema["properties"]["delivery"]["enum"] == ["e_licence", "pickup", "locker", "post"]
    conditional = Form.from_demo(
        [{"id": "a", "type": "text"}, {"id": "b", "type": "text", "required": True, "show_if": 'a == "x"'}]
    ).json_schema()
    assert conditional["required"] == []
    assert conditional["allOf"] == [
        {"if": {"properties": {"a": {"const": "x"}}, "required": ["a"]}, "then": {"required": ["b"]}}
    ]


# --- hostile answers ---

SAMPLE = {
    one: {
        "id": "f",
        "type": one,
        **({"options": ["a"]} if one in ("choice", "multi") else {}),
        **({"columns": ["x"]} if one == "table" else {}),
    }
    for one in FIELD_TYPES
}


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_naughty_strings_are_stored_exactly_or_refused_in_words(kind):
    form = Form.from_demo([SAMPLE[kind]])
    for naughty in NAUGHTY:
        raw = {"f": naughty} if kind not in ("person", "table") else {"f-0-x": naughty, "f-name": naughty}

        cleaned = form.validate(raw, today=TODAY)

        for sentences in cleaned.errors.values():
            assert all(str(sentence) for sentence in sentences)
        json.dumps(cleaned.values).encode()
        if kind in ("text", "address", "reference", "photo"):
            exact = unicodedata.normalize("NFC", naughty.strip(" \t\u3000\u00a0"))
            if is_blank(naughty):
                assert cleaned.values == {}
            else:
                assert cleaned.errors or cleaned.values == {"f": exact}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(NAUGHTY),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "id_no", "id_kind", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FIELD_TYPES), JSON, st.booleans())
def test_any_json_is_an_answer_or_refused_and_never_raises(kind, value, partial):
    cleaned = Form.from_demo([SAMPLE[kind]]).validate({"f": value}, partial=partial, today=TODAY)

    for sentences in cleaned.errors.values():
        assert all(str(sentence) for sentence in sentences)
    if "f" in cleaned.values:
        again = Form.from_demo([SAMPLE[kind]]).validate({"f": cleaned.values["f"]}, partial=partial, today=TODAY)
        assert again.values == cleaned.values


# -- fields that a formula fills

RECKONED = [
    {"id": "rooms", "type": "table", "columns": [
        {"id": "area", "type": "number", "required": True}, {"id": "price", "type": "money"},
    ]},
    {"id": "born", "type": "date"},
    {"id": "name", "type": "text"},
    {"id": "area", "type": "number", "required": True, "max": 500, "formula": {"sum": [{"map": [{"var": "rooms"}, {"var": "area"}]}]}},
    {"id": "cost", "type": "money",
     "formula": {"sum": [{"map": [{"var": "rooms"}, {"*": [{"var": "area"}, {"var": "price"}]}]}]}},
    {"id": "mean", "type": "number", "formula": {"round": [{"/": [{"var": "area"}, {"count": [{"var": "rooms"}]}]}, 2]}},
    {"id": "age", "type": "number", "formula": {"timeBetween": [{"var": "born"}, {"var": "today"}, "year"]}},
    {"id": "until", "type": "date", "formula": {"plusTime": [{"var": "born"}, 1, "month"]}},
    {"id": "said", "type": "text",
     "formula": {"if": [{">": [{"var": "area"}, 50]}, {"cat": [{"upper": [{"var": "name"}]}, ": ", {"var": "area"}]}, "small"]}},
    {"id": "why", "type": "text", "show_if": "area > 50"},
]  # fmt: skip


def test_a_formula_fills_a_field_from_others_and_nothing_sent_for_it_counts():
    form, today = Form.from_demo(RECKONED), date(2026, 2, 28)
    typed = {
        "rooms-0-area": "0.1",
        "rooms-0-price": "3.05",
        "rooms-1-area": "0.2",
        "area": "999",
        "cost": "1",
        "born": "2008-02-29",
    }

    judged = form.validate(typed, kept={"age": 3}, today=today)
    assert judged.ok and {name: value for name, value in judged.values.items() if name not in ("rooms", "born")} == {
        "area": 0.3, "cost": "0.31", "mean": 0.15, "age": 17, "until": "2008-03-29", "said": "small",
    }  # fmt: skip
    grown = form.validate({"rooms": [{"area": 60.5}], "name": "li", "why": "guests"}, today=today).values
    assert (grown["said"], grown["why"], "cost" in grown, "age" in grown) == ("LI: 60.5", "guests", False, False)
    assert "why" not in form.validate({"rooms": [{"area": 6}], "why": "guests"}, today=today).values
    empty = form.validate({}, today=today)
    assert empty.values == {} and list(empty.errors) == ["area"] and form.validate({}, partial=True, today=today).ok
    assert list(form.validate({"rooms": [{"area": 501}]}, today=today).errors) == ["area"]
    assert "area" not in form.json_schema()["required"] and form.json_schema()["properties"]["area"]["readOnly"]


@pytest.mark.parametrize(
    "fields",
    [
        [{"id": "a", "type": "number", "formula": {"var": "gone"}}],
        [{"id": "a", "type": "photo", "formula": {"var": "b"}}, {"id": "b"}],
        [{"id": "a", "type": "number", "formula": {"var": "a"}}],
        [{"id": "a", "type": "number", "formula": {"var": "b"}}, {"id": "b", "type": "number", "formula": {"+": [{"var": "a"}, 1]}}],
        [{"id": "a", "type": "number", "formula": {"+": [{"var": "b"}, 1]}}, {"id": "b", "type": "number", "show_if": "a > 1"}],
    ],
)  # fmt: skip
def test_a_formula_of_what_is_not_asked_or_in_a_circle_makes_no_form(fields):
    with pytest.raises(FormError):
        Form.from_demo(fields)
