"""Every bundle and industry of the demonstration, under every combination of answers: one form, one set of papers, one order."""

import datetime
import random
from itertools import chain, combinations
from pathlib import Path

import pytest

from tongban.departments import services as departments
from tongban.lib import yamls
from tongban.lib.formschema import Form
from tongban.matters import bundling, services
from tongban.matters.bundling import Figures, Made
from tongban.matters.models import MaterialType, Matter, MatterVersion

DEMO = Path(__file__).parents[2] / "demo"
TODAY = datetime.date(2026, 6, 1)
RESTAURANT = ["shop-sign", "drainage-permit", "alcohol-retail", "hygiene-licence", "tobacco-retail"]


@pytest.fixture(scope="module")
def catalogue(django_db_setup, django_db_blocker):
    """Bundles, their members and what materials are called, as plain objects: {bundle: (version, versions, names)}."""
    with django_db_blocker.unblock():
        from django.db import transaction

        try:
            with transaction.atomic():
                _load()
                types = {
                    slug: {slug, licence, data} - {""}
                    for slug, licence, data in MaterialType.objects.values_list("slug", "licence_type", "resource")
                }
                members = {
                    one.matter.slug: one
                    for one in MatterVersion.objects.filter(matter__kind="matter").select_related("matter__department")
                }
                found = {
                    one.matter.slug: (one, {row["matter"]: members[row["matter"]] for row in one.members}, types)
                    for one in MatterVersion.objects.filter(matter__kind="bundle").select_related("matter__department")
                }
                raise _Enough
        except _Enough:
            return found


class _Enough(Exception):
    pass


def _load():
    departments.load_departments(yamls.read(DEMO / "departments.yaml")["departments"])
    services.load_demo(DEMO, today=TODAY)


def plan(catalogue, slug, chosen=()):
    version, versions, names = catalogue[slug]
    return bundling.planned(version, chosen, versions, names)


def every_answer(version, draw):
    """Every combination of optional members; where there are very many, the two ends and some in between."""
    optional = [row["matter"] for row in version.members if not row["required"]]
    if len(optional) > 7:
        return [(), tuple(optional), *(tuple(one for one in optional if draw.random() < 0.5) for _time in range(40))]
    return chain.from_iterable(combinations(optional, count) for count in range(len(optional) + 1))


def with_random_situations(version, versions, chosen, draw):
    """One situation of each member that has several, at random; sometimes none."""
    said = list(chosen)
    for slug, member in versions.items():
        ids = [one["id"] for one in member.situations]
        if ids and draw.random() < 0.8:
            said.append(f"{slug}:{draw.choice(ids)}")
    if draw.random() < 0.5:
        said.append("commitment")
    return said


def test_there_are_15_bundles_and_25_industries(catalogue):
    assert sum(slug.startswith("one-thing-") for slug in catalogue) == 15
    assert sum(bundling.is_industry(version) for version, _members, _names in catalogue.values()) == 25
    assert all(version.online for version, _members, _names in catalogue.values())


def test_under_every_combination_of_answers_nothing_is_asked_twice_and_nothing_needed_is_lost(catalogue):
    draw = random.Random(4)
    for slug, (version, versions, names) in catalogue.items():
        for optional in every_answer(version, draw):
            said = with_random_situations(version, versions, optional, draw)
            made = bundling.planned(version, said, versions, names)
            about = f"{slug} {said}"

            expected = {row["matter"] for row in version.members if row["required"]} | set(optional)
            assert {one.slug for one in made.members} == expected, about

            ids = [one["id"] for one in made.form]
            assert len(ids) == len(set(ids)), about
            asked = [(one["id"].split("__")[-1], one["zh"], one["type"]) for one in made.form if not one.get("options")]
            assert len(asked) == len(set(asked)), about
            for member in made.members:
                answered = made.answers_of(member.slug, {name: name for name in ids})
                left = set(made.later.get(member.slug, ()))
                assert set(answered) | left == {one["id"] for one in member.version.form}, f"{about}: {member.slug}"
                assert not set(answered) & left

            papers = [one.slug for one in made.requirements]
            assert len(papers) == len(set(papers)), about
            for member in made.members:
                wanted = {one.slug: one for one in bundling.requirements(member.version, member.situation)}
                brought = {one.slug for one in made.papers_of(member.slug)}
                given = {one.slug for one in made.made if member.slug in one.asked_by}
                assert brought | given == set(wanted), f"{about}: {member.slug}"
                assert not brought & given
                for paper in made.papers_of(member.slug):
                    assert paper.required >= wanted[paper.slug].required
                    assert paper.tolerant <= wanted[paper.slug].tolerant
                    strict = bundling.EXEMPTIONS.index
                    assert strict(paper.exempt) <= strict(wanted[paper.slug].exempt)

            place = {one.slug: number for number, one in enumerate(made.members)}
            for member in made.members:
                assert all(place[before] < place[member.slug] for before in member.after), about
                assert member.wave == max((made.member(one).wave + 1 for one in member.after), default=0)
            for paper in made.made:
                assert all(paper.by in made.member(one).after for one in paper.asked_by), about


def test_the_one_form_of_every_bundle_with_everything_chosen_can_be_filled_in(catalogue):
    for version, versions, names in catalogue.values():
        made = bundling.planned(version, versions, versions, names)
        form = Form.from_demo(made.form)
        known = {one.id for one in form.fields}
        for one in form.fields:
            assert set(one.show_if_fields) <= known
            assert one.type not in ("choice", "multi") or one.code_list or one.options


def test_the_demonstration_says_how_many_papers_each_bundle_saves_and_the_guides_agree(catalogue):
    rows = yamls.read(DEMO / "bundles.yaml")["bundles"]
    for row in rows:
        version, versions, names = catalogue[f"one-thing-{row['id']}"]
        lists = [[paper["material"] for paper in versions[one["matter"]].requirements] for one in version.members]
        assert (sum(map(len, lists)), len(set(chain(*lists)))) == (
            row["materials_separately"],
            row["materials_in_one_form"],
        )

        made = bundling.planned(version, versions, versions, names)

        left_out = sum(map(len, lists)) - made.separately.documents  # papers of situations that are not the applicant's
        still = {one.slug for one in made.requirements}
        of_members = {paper for one in made.members for paper in _slugs(one)}
        nobody_brings = {one.slug for one in made.made} - still
        assert left_out == sum(len(versions[one.slug].requirements) - len(_slugs(one)) for one in made.members)
        assert still == of_members - nobody_brings


def _slugs(member):
    return {one.slug for one in bundling.requirements(member.version, member.situation)}


@pytest.mark.parametrize(
    ("answer", "separately", "together"),
    [
        ("fire-check:commit", Figures(7, 33, 25, 0), Figures(1, 13, 7, 0)),
        ("fire-check:inspect", Figures(7, 32, 30, 0), Figures(1, 12, 7, 0)),
    ],
)
def test_a_restaurant_with_everything_brings_twelve_papers_or_thirteen_instead_of_more_than_thirty(
    catalogue, answer, separately, together
):
    made = plan(catalogue, "industry-restaurant", [*RESTAURANT, answer])

    assert (made.separately, made.together) == (separately, together)
    assert len({one.version.matter.department.code for one in made.members}) == 6
    assert made.unanswered == ()


def test_industries_agree_with_the_figures_of_the_demonstration(catalogue):
    for row in yamls.read(DEMO / "industries.yaml")["industries"]:
        version, versions, _names = catalogue[f"industry-{row['id']}"]
        made = plan(catalogue, f"industry-{row['id']}", versions)
        assert made.separately.days == row["separate_sum_of_promised_days"]
        assert max(one.promised_days for one in made.members) == row["longest_member_promised"]
        assert {one.slug for one in made.members} == {
            *row["merges_always"],
            *(one["matter"] for one in row["merges_when"]),
        }
        assert version.matter.department.code == row["lead_department"]


def test_the_promise_of_an_industry_holds_on_a_signed_promise_without_a_slower_item_else_the_longest_is_promised(
    catalogue,
):
    def promised(*chosen):
        made = plan(catalogue, "industry-bakery", chosen)
        return made.promised_days, made.by_commitment

    assert promised("commitment") == (3, True)
    assert promised() == (5, False)  # the food licence of five days decides
    assert promised("shop-sign", "commitment") == (3, True)
    assert promised("drainage-permit", "commitment") == (3, True)
    store = plan(catalogue, "industry-convenience-store", ["tobacco-retail", "commitment"])
    assert (store.promised_days, store.by_commitment) == (7, False)  # nobody may promise a tobacco licence away
    assert plan(catalogue, "industry-restaurant", RESTAURANT).promised_days == 7


def test_a_bundle_keeps_the_time_its_departments_agreed_on_though_a_member_alone_takes_longer(catalogue):
    made = plan(catalogue, "one-thing-foreigner-arrival")

    assert (made.promised_days, max(one.promised_days for one in made.members)) == (7, 10)


def test_what_one_member_makes_is_not_asked_for_another_but_is_when_only_the_other_is_chosen(catalogue):
    change, versions, names = catalogue["one-thing-company-change"]
    alone = [row for row in change.members if row["matter"] == "seal-filing"]
    only_seal = MatterVersion(matter=change.matter, name=change.name, members=[{**alone[0], "required": True}])

    both = plan(catalogue, "one-thing-company-change", ["seal-filing"])
    single = bundling.planned(only_seal, [], versions, names)

    assert Made("biz-licence", "company-change", ("seal-filing",)) in both.made
    assert [one.asked_by for one in both.requirements if one.slug == "biz-licence"] == [("company-change",)]
    assert both.member("seal-filing").after == ("company-change",)
    assert [one.asked_by for one in single.requirements if one.slug == "biz-licence"] == [("seal-filing",)]
    assert single.made == ()


def test_two_members_that_want_each_others_result_ask_for_the_paper_instead_of_waiting_for_ever(catalogue):
    version, versions, _names = catalogue["industry-gym"]
    circle = MatterVersion(
        matter=version.matter, name=version.name, promised_days=5,
        members=[{"matter": one, "required": True, "when": {}, "after": []} for one in ("a", "b")],
    )  # fmt: skip

    def member(slug, wants, gives):
        row = {"material": wants, "required": True, "exempt": "none"}
        return MatterVersion(
            matter=Matter(slug=slug), name={"zh": slug, "en": slug}, requirements=[row], result={"ref": gives}
        )

    made = bundling.planned(circle, [], {"a": member("a", "y", "x"), "b": member("b", "x", "y")}, {})

    assert [(one.slug, one.after) for one in made.members] == [("b", ()), ("a", ("b",))]
    assert [one.slug for one in made.requirements] == ["x"]
    assert made.made == (Made("y", "b", ("a",)),)


def test_a_circle_that_departments_wrote_themselves_does_not_stop_the_plan(catalogue):
    version = MatterVersion(
        matter=Matter(slug="circle"), name={"zh": "圈", "en": "Circle"},
        members=[
            {"matter": "a", "required": True, "when": {}, "after": ["b"]},
            {"matter": "b", "required": True, "when": {}, "after": ["a"]},
        ],
    )  # fmt: skip
    versions = {slug: MatterVersion(matter=Matter(slug=slug), name={"zh": slug, "en": slug}) for slug in "ab"}

    assert [(one.slug, one.after) for one in bundling.planned(version, [], versions, {}).members] == [
        ("a", ()),
        ("b", ()),
    ]


def test_members_wait_for_what_the_departments_said_they_wait_for(catalogue):
    said = yamls.read(DEMO / "bundles.yaml")["dependencies"]
    for row in said:
        made = plan(catalogue, f"one-thing-{row['bundle']}")
        assert row["after"] in made.member(row["matter"]).after, row


def test_a_founder_is_not_asked_for_the_number_of_a_company_that_does_not_exist_yet(catalogue):
    made = plan(catalogue, "one-thing-start-company", ["employment-filing"])

    ids = {one["id"] for one in made.form}
    assert not {"uscc", "company", "legal_rep"} & ids
    assert {"name", "id_no", "name_cn", "shareholders"} <= ids
    assert made.later["tax-registration"] == ("company", "uscc", "legal_rep")
    assert all(one.after == ("company-establish",) for one in made.members if one.slug != "company-establish")
    assert not [one["id"] for one in made.form if str(one.get("prefill", "")).startswith("company.")]


def test_an_employer_who_applies_for_a_foreigner_does_not_become_the_foreigner(catalogue):
    made = plan(catalogue, "one-thing-foreigner-arrival")

    fields = {one["id"]: one for one in made.form}
    assert fields["company"]["prefill"] == "company.name"
    assert (fields["name"]["prefill"], fields["name"]["readonly"]) == ("", False)
    assert fields["name"]["en"] == "Name (of the person concerned)"
    assert "truth" in fields
    assert set(fields["truth"]["asked_by"]) == {"foreigner-accommodation", "foreigner-work-permit"}


def test_questions_of_one_id_and_two_meanings_are_asked_apart_and_the_answers_find_their_way_back(catalogue):
    made = plan(catalogue, "one-thing-unemployment", ["offsite-medical-filing"])

    reasons = {one["id"]: one["zh"] for one in made.form if one["id"].endswith("reason")}
    assert reasons == {"reason": "终止原因", "offsite_medical_filing__reason": "备案原因"}
    values = {"reason": "dismissed", "offsite_medical_filing__reason": "family"}
    assert made.answers_of("unemployment-benefit", values) == {"reason": "dismissed"}
    assert made.answers_of("offsite-medical-filing", values) == {"reason": "family"}


def test_a_department_gets_only_what_its_part_needs(catalogue):
    made = plan(catalogue, "industry-restaurant", ["alcohol-retail"])

    values = {one["id"]: "x" for one in made.form}
    assert "suppliers" in made.answers_of("alcohol-retail", values)
    assert not {"suppliers", "activities", "manager"} & set(made.answers_of("fire-check", values))
    assert "sign-effect" not in {one.slug for one in made.papers_of("fire-check")}


def test_parents_say_once_how_the_baby_is_called_and_nobody_asks_for_a_certificate_that_is_only_being_made(catalogue):
    made = plan(catalogue, "one-thing-birth", ["maternity-benefit"])

    assert {"newborn", "birth_time"} <= set(made.answers_of("birth-certificate", {one["id"]: 1 for one in made.form}))
    assert made.later == {
        "hukou-birth": ("baby", "cert_no"),
        "maternity-benefit": ("birth_date", "hospital"),
        "resident-medical-enrol": ("insured",),
    }


def test_ways_of_delivery_are_those_that_every_member_offers(catalogue):
    made = plan(catalogue, "one-thing-birth")

    delivery = next(one for one in made.form if one["id"] == "delivery")
    assert delivery["options"] == ["e_licence", "pickup", "post"]
    assert set(delivery["labels"]) == set(delivery["options"])


def test_fees_are_shown_singly_and_as_a_sum(catalogue):
    house = plan(catalogue, "one-thing-house-transfer", ["fund-query"])
    foreigner = plan(catalogue, "one-thing-foreigner-arrival")

    assert [(one.slug, one.amount) for one in house.fees if one.charged] == [("estate-transfer", None)]
    assert (house.fee_total, house.fee_open) == (0, ("estate-transfer",))  # it follows from an answer
    told = house.with_fees_of({"certificates": 3, "fee_due": "100.00"})
    assert (told.fee_total, told.fee_open) == (100, ())
    assert (foreigner.fee_total, foreigner.fee_open) == (0, ("foreigner-residence-permit",))
    assert [case["amount"] for one in foreigner.fees for case in one.cases] == [400, 800, 1000]


def test_why_a_matter_applies_is_said_in_both_languages(catalogue):
    made = plan(catalogue, "industry-restaurant", ["alcohol-retail"])

    assert made.member("food-licence-new").why == {"zh": "“饭店”都要办理", "en": "Always part of “Restaurant”"}
    assert made.member("alcohol-retail").why == {
        "zh": "因为您的情况是：销售酒类",
        "en": "Because of your answer: sells alcohol",
    }
    for version, versions, names in catalogue.values():
        for one in bundling.planned(version, versions, versions, names).members:
            assert one.why["zh"] and one.why["en"]


def test_answers_nobody_asked_for_are_left_out_and_mandatory_matters_cannot_be_skipped(catalogue):
    made = plan(
        catalogue, "industry-restaurant", ["no-such", "fire-check:fly", "food-licence-new:canteen", "shop-sign"]
    )

    assert made.chosen == ("shop-sign",)
    assert [one.slug for one in made.members] == ["food-licence-new", "fire-check", "shop-sign"]
    assert made.member("food-licence-new").situation == ("catering",)
    assert [one.id for one in made.unanswered] == ["fire-check:"]


@pytest.mark.django_db
def test_a_plan_takes_two_queries(django_assert_num_queries):
    _load()
    version = bundling.published("industry-restaurant")

    with django_assert_num_queries(2):
        made = bundling.plan(version, RESTAURANT)
        assert {one.version.matter.department.code for one in made.members} == {"AMR", "FRB", "GRN", "WAT", "HC", "TOB"}


@pytest.mark.django_db
def test_a_running_plan_keeps_its_members_when_one_of_them_is_published_anew_and_new_plans_have_the_new_one():
    _load()
    before = bundling.published("industry-restaurant")
    food = MatterVersion.objects.get(matter__slug="food-licence-new", state="published")
    elements = {name: getattr(food, name) for name in services.ELEMENTS}

    services.publish("food-licence-new", {**elements, "promised_days": 2}, today=TODAY)

    now = bundling.published("industry-restaurant")
    assert (before.number, now.number) == (1, 2)
    assert bundling.plan(before).member("food-licence-new").version.number == 1
    assert bundling.plan(now).member("food-licence-new").version.promised_days == 2
    assert list(now.themes.all()) == list(before.themes.all())
    assert MatterVersion.objects.filter(matter__slug="industry-gym").count() == 2  # food is an optional member there
    assert MatterVersion.objects.filter(matter__slug="one-thing-birth").count() == 1
