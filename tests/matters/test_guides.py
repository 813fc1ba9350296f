"""The whole catalogue of the demonstration becomes guides that say everything domain.md 3.3 asks for."""

import re
from pathlib import Path

import pytest

from tests.matters.shared_lists import lists_of_the_demonstration as lists_of_the_demonstration
from tongban.lib import yamls
from tongban.lib.formschema import Form
from tongban.lib.rules import compile_rule, facts_of
from tongban.matters import guides
from tongban.matters.fact_labels import FACT_LABELS

DEMO = Path(__file__).parents[2] / "demo"
CONTENT = guides.Content.read(DEMO)
MATTERS = {row["id"]: row for row in CONTENT.matters}
ONLINE = [slug for slug, row in MATTERS.items() if guides.is_online(row)]
HEADS = {
    "person": ["name", "id_no", "mobile", "address"],
    "company": ["company", "uscc", "legal_rep", "contact", "mobile"],
}


def bilingual_gaps(value, path=""):
    """Where a text is given in one language only, or is empty in one."""
    if isinstance(value, dict):
        text = {"zh", "en"} & set(value) and isinstance(value.get("zh", ""), str)
        if text and not (value.get("zh") and value.get("en")):
            yield path
        for key, one in value.items():
            yield from bilingual_gaps(one, f"{path}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from bilingual_gaps(one, f"{path}[{number}]")


def test_the_catalogue_has_119_matters_of_which_99_can_be_applied_for_online():
    assert (len(MATTERS), len(ONLINE), len(CONTENT.bundles), len(CONTENT.materials)) == (119, 99, 15, 65)


@pytest.mark.parametrize("slug", MATTERS)
def test_every_guide_is_whole_and_in_both_languages(slug):
    guide = guides.elements(MATTERS[slug], CONTENT)

    assert list(bilingual_gaps(guide)) == []
    for needed in (
        "name",
        "legal_basis",
        "conditions",
        "fee",
        "result",
        "steps",
        "contacts",
        "appeal",
        "rights",
        "faqs",
    ):
        assert guide[needed], needed
    assert [one["kind"] for one in guide["appeal"]] == ["reconsideration", "litigation"]
    assert [step["id"] for step in guide["steps"]][0] == "apply"
    assert "decide" in [step["id"] for step in guide["steps"]]
    assert bool(guide["places"]) == bool({"window", "kiosk", "virtual_window"} & set(guide["channels"]))
    assert bool(guide["visits"]) == bool(guide["visit_reason"])


@pytest.mark.parametrize("slug", ONLINE)
def test_every_online_matter_has_a_form_that_can_be_filled_in(slug):
    fields = guides.form_of(MATTERS[slug], CONTENT)
    form = Form.from_demo(fields)

    ids = [field.id for field in form]
    head = guides.head_of(MATTERS[slug], CONTENT)
    assert ids[: len(HEADS[head])] == HEADS[head]
    assert ids[-1] == "truth"
    assert "delivery" in ids
    assert len(ids) > len(HEADS[head]) + 3 or slug in {"medical-book"}
    for field in form:
        assert re.search(r"[一-鿿]", field.label["zh"])
        assert not re.search(r"[一-鿿]", field.label["en"])
        if field.options:
            assert set(field.options) <= set(field.labels)


@pytest.mark.parametrize("slug", MATTERS)
def test_every_prefill_names_a_source_that_exists(slug):
    catalogue = yamls.read(DEMO / "data_catalogue.yaml")["resources"]
    extra = yamls.read(DEMO / "registers.yaml")
    known = {one["id"]: {*one["fields"], *extra["more_fields"].get(one["id"], ())} for one in catalogue}
    known |= {one["id"]: set(one["fields"]) for one in extra["resources"]}
    known["user"] = {"name", "person", "id_no", "mobile", "address", "bank"}
    known["company"] = {"name", "uscc", "legal_rep", "address", "bank"}
    for one in guides.elements(MATTERS[slug], CONTENT)["form"]:
        for path in filter(None, (one.get("prefill") or "").split("|")):
            head, _, rest = path.partition(".")
            if head == "e-licence-store":
                kind, _, face = rest.partition(".")
                assert face in CONTENT.licence_types[kind]["face_fields"] or face in FORMS_ASK_TOO
            elif head != "ocr":
                assert rest in known[head], path


FORMS_ASK_TOO = {"licence_no"}  # demo/forms.yaml asks the hygiene licence for a number that its face does not show


@pytest.mark.parametrize("slug", [slug for slug in ONLINE if MATTERS[slug]["auto_approval"] != "none"])
def test_what_the_machine_decides_it_decides_by_rules_with_names(slug):
    guide = guides.elements(MATTERS[slug], CONTENT)

    assert guide["rules_version"] == guides.RULES_VERSION
    facts = facts_of(guide["rules"])
    assert facts and set(facts) <= set(FACT_LABELS)
    assert compile_rule(guide["rules"])({}).result is not True  # knowing nothing grants nothing


def test_the_eight_rule_sets_are_the_ones_written_down():
    assert len(CONTENT.auto_rules) == 10
    rule = compile_rule(guides.rules_of(MATTERS["residence-permit-endorse"], CONTENT))
    good = {"licence.residence-permit.state": "valid", "days_to_expiry": 20, "form.unchanged": True}

    assert rule(good).result is True
    assert rule(good | {"days_to_expiry": 31}).result is False
    assert rule(good | {"form.unchanged": False}).result is False
    assert rule({key: value for key, value in good.items() if key != "days_to_expiry"}).result is None


def test_where_people_decide_there_are_no_rules():
    for slug, row in MATTERS.items():
        guide = guides.elements(row, CONTENT)
        if guide["decided_by"] == "none":
            assert guide["rules"] == {}, slug


@pytest.mark.parametrize("row", CONTENT.bundles, ids=lambda row: row["id"])
def test_a_bundle_says_what_belongs_to_it_and_is_applied_for_as_one(row):
    guide = guides.bundle_elements(row, CONTENT)

    assert list(bilingual_gaps(guide)) == []
    assert [one["matter"] for one in guide["members"] if one["required"]] == row["members"]
    assert all(one["matter"] in MATTERS for one in guide["members"])
    assert guide["form"] == [] and {"online_pc", "online_mobile"} <= set(guide["channels"])
    optional = [one for one in guide["members"] if not one["required"]]
    assert all(one["question"]["en"].endswith("?") and one["question"]["zh"].endswith("？") for one in optional)


@pytest.mark.parametrize("row", CONTENT.industries, ids=lambda row: row["id"])
def test_an_industry_says_what_it_merges_and_gives_one_licence(row):
    guide = guides.industry_elements(row, CONTENT)

    assert list(bilingual_gaps(guide)) == []
    assert [one["matter"] for one in guide["members"] if one["required"]] == row["merges_always"]
    assert [one["matter"] for one in guide["members"] if not one["required"]] == [
        one["matter"] for one in row["merges_when"]
    ]
    assert (guide["result"]["ref"], guide["promised_days"]) == ("industry-licence", row["promised_working_days"])
    assert not guide["commitment"]  # each permit says it for itself
    asked = [one["question"]["en"] for one in guide["members"] if one.get("question")]
    asked += [one["ask"]["en"] for one in guide["members"] if one.get("ask")]
    assert len(set(asked)) == len(asked)


def test_the_questions_of_the_demonstration_are_asked():
    """Those that industries.yaml writes out; the size of a place decides how its fire safety is checked."""
    for slug in ("restaurant", "convenience-store"):
        row = next(row for row in CONTENT.industries if row["id"] == slug)
        members = guides.industry_elements(row, CONTENT)["members"]
        asked = {
            one[key][language] for one in members for key in ("question", "ask") if one.get(key) for language in ("zh",)
        }
        for question in row["guide_questions"]:
            assert question["zh"] in asked, question


def test_what_comes_after_what_is_said_in_the_bundle():
    row = next(row for row in CONTENT.bundles if row["id"] == "start-company")
    after = {one["matter"]: one["after"] for one in guides.bundle_elements(row, CONTENT)["members"]}

    assert after["company-establish"] == []
    assert after["seal-filing"] == ["company-establish"]


def test_the_days_of_a_notice_are_counted_as_the_guide_says_them():
    """“公示20日” are days; working days are said as “个工作日”."""
    said = CONTENT.inspections
    assert set(said["notice_unit"]) <= set(said["notice_days"])
    for row in CONTENT.matters:
        words = [one["limit"]["zh"] for one in guides.special_procedures(row, CONTENT) if "公示" in one["name"]["zh"]]
        if not words:
            continue
        found = guides.elements(row, CONTENT)
        assert words == [f"{found['notice_days']}日"], row["id"]
        assert found["notice_unit"] == "calendar_day", row["id"]
    assert said["notice_days"]["hightech-recognition"] and "hightech-recognition" not in said["notice_unit"]


def test_every_matter_with_an_inspection_says_in_both_languages_what_is_looked_at():
    said = CONTENT.inspections
    inspected = {row["id"] for row in CONTENT.matters if guides.comes_to_look(row)}
    announced = {row["id"] for row in CONTENT.matters if row["public_notice"]}

    assert set(said["points"]) == inspected
    assert set(said["notice_days"]) <= announced
    assert {point for points in said["points"].values() for point in points} <= set(said["words"])
    assert all(words["zh"] and words["en"] for words in said["words"].values())
    row = next(one for one in CONTENT.matters if one["id"] == "food-licence-new")
    assert guides.elements(row, CONTENT)["inspection_points"][0]["en"].startswith("The kitchen is as drawn")
