"""GovStack's building block for registration, its points about several registrations in one application (peers.md A.2)."""

import pytest

from tests import make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tongban.cases import bundles, planning, queries, services
from tongban.cases.models import CaseMaterial, Question
from tongban.lib.problems import Invalid, NotAllowed
from tongban.payments import queries as payments
from tongban.payments import services as till

pytestmark = pytest.mark.django_db


def attach(case, slug: str):
    return services.attach(
        shop.fresh(case), slug, make.document(case.account.person, by=case.account), account=case.account
    )


def test_04_what_applies_is_said_mandatory_parts_cannot_be_left_out_and_all_go_in_one_application():
    case = shop.draft(chosen=())

    assert {one.slug for one in planning.plan_of(case).members} == {"food", "fire", "drain"}
    assert all(one.mandatory and one.why["en"] for one in planning.plan_of(case).members)
    assert {one.id for one in planning.plan_of(case).questions} == {"sign", "hygiene"}
    case = services.choose_situation(case, ["sign"], account=case.account)
    assert {one.slug for one in planning.plan_of(case).members} == {"food", "fire", "drain", "sign"}
    with pytest.raises(Invalid):
        services.choose_situation(case, ["sign", "food"], account=case.account)  # not an answer: it always applies


def test_05_a_paper_that_two_want_is_asked_once_and_what_one_makes_never_but_when_only_the_other_is_chosen():
    make.material_type("lease")
    make.material_type("sign-paper", licence_type="sign-licence")
    lease = {"material": "lease", "required": True}
    made = {"material": "sign-paper", "required": True, "exempt": "licence"}
    matter = shop.bundle(
        mandatory=("food", "fire"), optional=("sign", "hygiene"),
        of={"food": {"requirements": [lease]}, "fire": {"requirements": [lease]}, "hygiene": {"requirements": [made]}},
    )  # fmt: skip

    both = shop.draft(matter, ("sign", "hygiene"))
    assert [row.type.slug for row in both.materials.select_related("type")] == ["lease"]
    only_second = shop.draft(matter, ("hygiene",))
    assert {row.type.slug for row in only_second.materials.select_related("type")} == {"lease", "sign-paper"}

    attach(both, "lease")
    both = services.submit(shop.fresh(both), account=both.account, level=3, key="one")
    services.start_pre_review(both)
    paper = shop.fresh(both).materials.get().document
    assert shop.of(both, "food").materials.get().document == shop.of(both, "fire").materials.get().document == paper


def test_07_fees_are_told_singly_and_as_a_sum_billed_for_each_part_and_the_whole_waits_for_them():
    fee = {"charged": True, "amount": 80, "basis": {"zh": "收费目录", "en": "list of fees"}}
    matter = shop.bundle(optional=("sign",), of={"food": {"fee": fee}, "sign": {"fee": {**fee, "amount": 20}}})
    case = shop.in_review(matter)
    plan = planning.plan_of(case)
    assert {one.slug: one.amount for one in plan.fees if one.charged} == {"food": 80, "sign": 20}
    assert plan.fee_total == 100

    shop.grant(case, "food", "fire", "drain", "sign")
    ways.work()

    bills = [payments.bill_for(shop.of(case, key).subject) for key in ("food", "sign")]
    assert [one.department.code for one in bills] == ["AMR", "GRN"]  # money is kept apart
    assert shop.fresh(case).state == "issuing" and shop.states(case)["food"] == "approved"
    desk = make.officer("window_officer", of=make.department("DSO"))
    issuing = ways.hall("issuing_officer")
    assert {one.matter.slug for one in queries.waiting_for(issuing, "issuing")} == {"shop", "food", "sign"}
    till.take_at_window(bills, officer=desk, method="card")  # in bulk
    ways.work()
    assert shop.fresh(case).state == "ready"


def test_09_status_says_who_has_it_now_and_when_it_ends_and_what_was_issued():
    case = shop.in_review()
    now = bundles.standing(case)

    assert [one["en"] for one in now.with_offices] == ["AMR Bureau", "FRB Bureau", "WAT Bureau", "GRN Bureau"]
    assert (now.members, now.open, case.promised_due is not None) == (4, 4, True)
    shop.grant(case, "food")
    then = bundles.standing(case)
    assert (then.granted, then.open) == (1, 3) and {"en": "AMR Bureau", "zh": "AMR局"} not in then.with_offices
    assert bundles.members_of(case)[0].case.licence.identifier


def test_10_what_was_sent_back_is_corrected_and_sent_again_and_each_part_has_its_conversation():
    case = shop.received()
    services.request_correction(case, [{"field": "exits", "text": "two"}], officer=ways.hall("window_officer"))
    case = shop.fresh(case)
    case = services.save(case, {"exits": 4}, revision=case.revision, account=case.account)
    services.correct(shop.fresh(case), account=case.account, level=3)
    services.accept(shop.fresh(case), officer=ways.hall("window_officer"))
    ways.work()

    fire = shop.of(case, "fire")
    services.ask(fire, account=case.account, text="When do you come?", key="one")
    services.answer(fire, officer=ways.of_department("dept_reviewer", fire), text="On Monday.")
    assert Question.objects.filter(case=fire).count() == 2 and not Question.objects.filter(case=case).exists()
    assert fire.value("exits") == 4


def test_11_parts_lie_in_a_common_queue_are_taken_off_it_and_only_by_their_own_office():
    case = shop.in_review()
    fire = shop.of(case, "fire")
    first, second = (ways.of_department("dept_reviewer", fire) for _number in range(2))

    services.claim(fire, officer=first)
    with pytest.raises(NotAllowed) as late:
        services.claim(shop.fresh(fire), officer=second)
    with pytest.raises(NotAllowed):
        services.claim(shop.of(case, "food"), officer=first)
    assert late.value.code == "claimed"


def test_12_a_department_sees_its_own_fields_and_papers_and_of_the_others_name_and_state():
    make.material_type("lease")
    make.material_type("plan")
    matter = shop.bundle(
        of={
            "food": {"requirements": [{"material": "lease", "required": True}]},
            "fire": {"requirements": [{"material": "plan", "required": True}]},
        }
    )
    case = shop.draft(matter)
    attach(case, "lease")
    attach(case, "plan")
    services.submit(shop.fresh(case), account=case.account, level=3, key="one")
    services.start_pre_review(case)
    services.accept(shop.fresh(case), officer=ways.hall("window_officer"))
    ways.work()
    fire = shop.of(case, "fire")
    reviewer = ways.of_department("dept_reviewer", fire)

    assert set(fire.values) == {"name", "premises", "delivery", "truth", "exits"}
    assert fire.values["name"]["source"] == "account"  # with where it came from
    assert [row.type.slug for row in fire.materials.select_related("type")] == ["plan"]
    assert list(queries.visible_to(reviewer)) == [fire]
    seen = bundles.siblings_of(fire)
    assert [(one.name["en"], one.state) for one in seen if not one.here] == [
        ("food matter", "under_review"), ("drain matter", "under_review"), ("sign matter", "under_review")
    ]  # fmt: skip
    assert not hasattr(seen[0], "values")
    with pytest.raises(NotAllowed):
        services.conclude(shop.of(case, "food"), officer=reviewer, proposal="approve", opinion="mine now")


def test_13_a_part_is_approved_refused_or_sent_back_with_what_is_wrong_marked():
    case = shop.received()

    services.request_correction(
        case,
        [{"field": "exits", "text": "which?"}, {"field": "premises", "text": "floor?"}],
        officer=ways.hall("window_officer"),
    )

    marked = {
        one.field: [each["en"] for each in bundles.names_of_members(shop.fresh(case), field=one.field)]
        for one in case.findings.all()
    }
    assert marked["exits"] == ["fire matter"]
    assert len(marked["premises"]) == 4
    with pytest.raises(Invalid):
        services.request_correction(shop.received(case.matter), [], officer=ways.hall("window_officer"))


def test_14_no_whole_is_handed_over_while_a_result_that_it_rests_on_is_missing():
    case = shop.in_review(shop.bundle(industry=True))
    shop.grant(case, "food", "fire", "drain", "sign")

    ways.issuing.issue_by_platform(case.pk)
    assert shop.fresh(case).state == "issuing"  # nothing is sealed yet
    with pytest.raises(NotAllowed):
        services.result_ready(shop.fresh(case))
    ways.work()
    assert shop.fresh(case).state == "ready"
    assert {one.case.licence.sealed_at is not None for one in bundles.members_of(case)} == {True}


def test_16_what_does_not_apply_is_passed_without_stopping_and_machine_and_people_decide_side_by_side():
    rule = {"decided_by": "rule", "rules": {"==": [1, 1]}}
    case = shop.accepted(shop.bundle(of={"food": rule, "hygiene": rule}), chosen=())
    ways.work()

    assert set(shop.states(case)) == {"food", "fire", "drain"}  # signs and hygiene were never asked for
    food = shop.of(case, "food")
    assert food.with_people or (food.decided_by_machine and food.state in {"approved", "issuing", "ready"})
    assert shop.states(case)["fire"] == "under_review"
    if food.with_people:  # five in a hundred are drawn for people
        shop.grant(case, "food")
    shop.grant(case, "fire", "drain")
    assert shop.fresh(case).state == "approved"


def test_a_paper_still_missing_where_it_is_needed_stops_acceptance():
    make.material_type("lease")
    case = shop.received(shop.bundle(of={"sign": {"requirements": [{"material": "lease", "required": False}]}}))
    CaseMaterial.objects.create(
        case=shop.of(case, "food"), type=make.material_type("lease"), how=CaseMaterial.How.MISSING, required=True
    )

    with pytest.raises(NotAllowed) as refused:
        services.accept(shop.fresh(case), officer=ways.hall("window_officer"))
    assert refused.value.code == "materials-missing"
