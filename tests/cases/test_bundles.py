"""One thing done as one: begun, sent, received, accepted, decided by its departments, followed by the whole, handed over together."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tongban.cases import bundles, planning, queries, services
from tongban.cases.models import BundleMember
from tongban.cases.services import bundling, following
from tongban.evaluations.models import Invitation
from tongban.journal.models import Event
from tongban.lib.identifiers import check_case_number
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences.models import LicenceItem
from tongban.matters.models import MatterVersion
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db

PAPER = [{"material": "lease", "required": True}]


def window():
    return ways.hall("window_officer")


def test_a_shop_goes_from_draft_to_every_licence_and_one_letter():
    case = shop.submitted()
    assert case.number and case.members.count() == 0
    services.start_pre_review(case)

    members = list(case.members.order_by("number"))
    assert [one.number for one in members] == [f"{case.number}-{place:02d}" for place in range(1, 5)]
    assert all(check_case_number(one.number).valid for one in members)
    assert {one.query_code for one in members} == {case.query_code}
    services.accept(shop.fresh(case), officer=window())
    ways.work()
    assert set(shop.states(case).values()) == {"under_review"}
    assert shop.fresh(case).state == "under_review"

    shop.grant(case, "food", "fire", "drain")
    assert shop.fresh(case).state == "under_review"
    shop.grant(case, "sign")
    whole = shop.fresh(case)
    assert (whole.state, whole.decision) == ("approved", "granted")
    ways.work()
    assert shop.fresh(case).state == "ready"
    services.open_result(shop.fresh(case), account=case.account)
    ways.work()
    assert shop.fresh(case).state == "closed"
    assert set(shop.states(case).values()) == {"closed"}
    assert case.documents.filter(kind="bundle_decision").count() == 1


# -- the draft


def test_the_parent_draft_is_saved_and_planned_anew_and_keeps_what_was_typed():
    case = shop.draft(chosen=("sign",))
    assert "sign_text" in {one["id"] for one in planning.form_of(case)}

    case = services.choose_situation(case, ["hygiene"], account=case.account)
    assert "cleaner" in {one["id"] for one in planning.form_of(case)}
    assert "sign_text" not in {one["id"] for one in planning.form_of(case)}
    case = services.choose_situation(case, ["sign", "hygiene"], account=case.account)

    assert case.value("sign_text") == "面馆"
    assert case.value("premises") == "示范路1号"


def test_an_answer_nobody_asked_for_is_refused():
    case = shop.draft()

    with pytest.raises(Invalid):
        services.choose_situation(case, ["moon"], account=case.account)


def test_a_draft_keeps_the_versions_it_was_planned_with():
    case = shop.draft()
    food = MatterVersion.objects.get(matter__slug="food")
    MatterVersion.objects.filter(pk=food.pk).update(state="retired")
    food.pk, food.number, food.state, food.form = None, 2, "published", [*food.form, {"id": "new_one", "type": "text"}]
    food.save(force_insert=True)

    asked = {one["id"] for one in planning.form_of(shop.fresh(case))}
    assert "new_one" not in asked
    assert "new_one" in {one["id"] for one in planning.form_of(shop.draft(case.matter))}
    sent = services.submit(shop.fresh(case), account=case.account, level=3, key="one")
    services.start_pre_review(sent)
    assert shop.of(sent, "food").version.number == 1


def test_what_is_missing_of_any_part_stands_between_the_draft_and_sending():
    case = shop.draft(answers={name: said for name, said in shop.ANSWERS.items() if name != "exits"})

    with pytest.raises(Invalid) as refused:
        services.submit(case, account=case.account, level=3, key="one")

    assert "exits" in refused.value.errors


def test_a_second_sending_is_the_same_case():
    case = shop.draft()

    first = services.submit(case, account=case.account, level=3, key="one")
    second = services.submit(shop.fresh(case), account=case.account, level=3, key="two")

    assert first.pk == second.pk and Event.objects.filter(kind="CaseSubmitted").count() == 1


def test_a_bundle_whose_guide_is_not_online_cannot_be_begun():
    matter = shop.bundle(online_depth=1, channels=["window"])

    with pytest.raises(NotAllowed) as refused:
        shop.draft(matter)

    assert refused.value.code == "not-online"


# -- received


def test_the_receipt_lists_every_part_with_its_number():
    case = shop.submitted()

    said = case.documents.get(kind="submission_receipt").content["rows"]
    assert [f"{case.number}-{place:02d}" for place in range(1, 5)] == [
        value for _label, value in said if value.startswith(case.number)
    ]


def test_receiving_again_makes_no_second_member():
    case = shop.received()

    following.receive(shop.fresh(case), now=timezone.now())

    assert case.members.count() == 4 and BundleMember.objects.count() == 4


def test_a_member_has_its_history_its_department_and_its_event():
    case = shop.received()
    sign = shop.of(case, "sign")

    assert sign.department.code == "GRN"
    assert [step.move for step in sign.steps.all()] == ["submit", "skip_pre_review"]
    assert Event.objects.filter(kind="MemberReceived", subject=sign.subject).count() == 1


def test_at_a_window_the_whole_is_handed_in_at_once():
    officer = window()
    case = ways.taken_in(shop.draft(), officer)

    assert (case.state, case.members.count()) == ("received", 4)
    assert {one.prepared_by_id for one in case.members.all()} == {officer.pk}
    assert shop.of(case, "food").steps.get().move == "hand_in"


# -- one front desk


def test_accepting_the_whole_accepts_every_part_with_one_notice_and_its_own_limits():
    case = shop.accepted(shop.bundle(of={"food": {"statutory_days": 10}}))

    assert set(shop.states(case).values()) == {"accepted"}
    assert case.documents.filter(kind="acceptance_notice").count() == 1
    assert not any(one.documents.exists() for one in case.members.all())
    promised = {one.clocks.get(kind="decision_promised").due for one in case.members.all()}
    assert promised == {case.promised_due} and case.clocks.get(kind="decision_promised").limit == 7
    limits = {one.matter.slug: one.clocks.get(kind="decision_statutory").limit for one in case.members.all()}
    assert limits == {"food": 10, "fire": 20, "drain": 20, "sign": 20}
    assert case.statutory_due == shop.of(case, "food").statutory_due


def test_a_mandatory_part_is_not_accepted_corrected_or_refused_alone_at_the_desk():
    case = shop.received()
    food = shop.of(case, "food")

    for act in (
        lambda: services.accept(food, officer=window()),
        lambda: services.not_accept(food, officer=window(), reason="no", ground="Art. 32"),
        lambda: services.request_correction(food, [{"field": "kitchen", "text": "too small"}], officer=window()),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert queries.moves_for(window(), food) == []


def test_correction_of_the_whole_names_the_parts_and_reaches_them():
    case = shop.received()
    case = services.request_correction(
        case,
        [{"field": "exits", "text": "two are needed"}, {"field": "premises", "text": "which floor?"}],
        officer=window(),
    )
    told, *notice, what_next, _follow = case.documents.get(kind="correction_notice").content["paragraphs"]
    assert "at once" in told["en"] and "this application ends" in what_next["en"]
    assert "fire matter" in notice[0]["en"] and "food matter" not in notice[0]["en"]
    assert "food matter" in notice[1]["en"] and "sign matter" in notice[1]["en"]
    assert set(shop.states(case).values()) == {"correction_requested"}

    case = services.save(
        shop.fresh(case),
        {"exits": 3, "premises": "示范路1号2楼"},
        revision=shop.fresh(case).revision,
        account=case.account,
    )
    for finding in case.findings.filter(answered_at__isnull=True):
        services.answer_finding(case, finding.pk, account=case.account)
    case = services.correct(case, account=case.account, level=3)

    assert set(shop.states(case).values()) == {"received"}
    assert shop.of(case, "fire").value("exits") == 3
    assert {one.value("premises") for one in case.members.all()} == {"示范路1号2楼"}
    services.accept(shop.fresh(case), officer=window())
    assert set(shop.states(case).values()) == {"accepted"}


def test_a_whole_that_is_not_corrected_lapses_with_every_part():
    case = shop.received()
    services.request_correction(case, [{"field": "exits", "text": "?"}], officer=window())

    services.lapse(shop.fresh(case), now=timezone.now() + datetime.timedelta(days=40))

    assert set(shop.states(case).values()) == {"lapsed"}
    assert BundleMember.objects.count() == 4


def test_an_optional_part_is_corrected_alone_and_stops_nobody():
    make.material_type("lease")
    matter = shop.bundle(of={"sign": {"requirements": PAPER}})
    account = make.account()
    case = shop.draft(matter, account=account)
    services.attach(case, "lease", make.document(account.person, by=account), account=account)
    case = services.submit(shop.fresh(case), account=account, level=3, key="one")
    services.start_pre_review(case)
    sign = shop.of(case, "sign")
    services.request_correction(sign, [{"material": "lease", "text": "the first page is missing"}], officer=window())

    services.accept(shop.fresh(case), officer=window())
    ways.work()
    assert shop.states(case) == {
        "food": "under_review", "fire": "under_review", "drain": "under_review", "sign": "correction_requested"
    }  # fmt: skip
    assert case in queries.needing(account.person)
    desk = window()
    assert list(queries.waiting_for(desk, "waiting").values_list("pk", flat=True)) == [sign.pk]

    sign = shop.of(case, "sign")
    services.attach(sign, "lease", make.document(account.person, by=account), account=account)
    services.correct(shop.fresh(sign), account=account, level=3)
    assert list(queries.waiting_for(desk, "intake").values_list("pk", flat=True)) == [sign.pk]
    services.accept(shop.fresh(sign), officer=desk)
    ways.work()
    assert shop.states(case)["sign"] == "under_review"
    shop.grant(case, "food", "fire", "drain", "sign")
    assert shop.fresh(case).state == "approved"


def test_an_optional_part_that_is_not_accepted_is_left_out_and_the_rest_goes_on():
    case = shop.received()
    services.not_accept(shop.of(case, "sign"), officer=window(), reason="not needed here", ground="Art. 32")

    services.accept(shop.fresh(case), officer=window())
    following.go_on(case.pk)
    assert shop.part(case, "sign").case.state == "not_accepted"
    shop.grant(case, "food", "fire", "drain")

    whole = shop.fresh(case)
    letter = whole.documents.get(kind="bundle_decision").content
    assert whole.state == "approved" and shop.part(case, "sign").dropped
    assert any("not needed here" in one["en"] and "Art. 32" in one["en"] for one in letter["paragraphs"])
    assert any("reconsideration" in one["en"] for one in letter["paragraphs"])


def test_the_whole_not_accepted_is_every_part_not_accepted():
    case = shop.received()

    services.not_accept(case, officer=window(), reason="another district", ground="Art. 32")

    assert set(shop.states(case).values()) == {"not_accepted"}
    assert {one.reason["text"] for one in case.members.all()} == {"another district"}


def test_five_days_of_silence_accept_the_whole_and_its_parts():
    case = shop.received()

    services.deem_accepted(shop.fresh(case), now=timezone.now() + datetime.timedelta(days=20))

    assert set(shop.states(case).values()) == {"accepted"}


def test_the_machine_accepts_a_bundle_only_where_it_may_decide_every_part():
    rule = {"decided_by": "rule", "rules": {"==": [1, 1]}}
    all_rule = shop.submitted(shop.bundle(optional=(), of=dict.fromkeys(shop.MANDATORY, rule)), chosen=())
    one_by_people = shop.submitted(shop.bundle(optional=(), of={"food": rule}, prefix="p-"), chosen=())
    ways.work()

    assert shop.fresh(one_by_people).state == "received"
    assert shop.fresh(all_rule).state in {"ready", "under_review"}  # 5 % are drawn for people
    granted = [one for one in bundles.parts_of(all_rule) if one.granted]
    assert all(one.case.decided_by_machine for one in granted)
    assert shop.fresh(all_rule).state == "ready" or len(granted) < 3


# -- order


CHAIN = {"drain": ("food",), "sign": ("drain",)}


def test_a_part_begins_when_what_it_rests_on_is_granted():
    case = shop.in_review(shop.bundle(after=CHAIN))
    assert shop.states(case) == {
        "food": "under_review",
        "fire": "under_review",
        "drain": "accepted",
        "sign": "accepted",
    }
    assert not shop.of(case, "drain").clocks.filter(kind="decision_statutory").exists()
    with pytest.raises(NotAllowed):
        services.start_review(
            shop.of(case, "drain"), officer=ways.of_department("dept_reviewer", shop.of(case, "drain"))
        )

    shop.grant(case, "food")
    ways.work()

    assert shop.states(case)["drain"] == "under_review" and shop.states(case)["sign"] == "accepted"
    assert shop.of(case, "drain").clocks.get(kind="decision_statutory").stopped_on is None
    shop.grant(case, "drain", "fire")
    ways.work()
    shop.grant(case, "sign")
    assert shop.fresh(case).state == "approved"


def test_a_paper_that_one_part_makes_reaches_the_part_that_needs_it():
    make.material_type("food-paper", licence_type="food-licence")
    matter = shop.bundle(
        of={"drain": {"requirements": [{"material": "food-paper", "required": True, "exempt": "licence"}]}}
    )
    case = shop.draft(matter)
    assert not case.materials.filter(type__slug="food-paper").exists()

    case = services.submit(case, account=case.account, level=3, key="one")
    ways.work()
    services.accept(shop.fresh(case), officer=window())
    ways.work()
    assert shop.states(case)["drain"] == "accepted"
    shop.grant(case, "food")
    ways.work()

    row = shop.of(case, "drain").materials.get(type__slug="food-paper")
    assert (row.how, row.licence) == ("licence", shop.of(case, "food").licence)


def test_what_rests_on_a_refused_part_ends_with_a_reason_and_a_way_on():
    case = shop.in_review(shop.bundle(after=CHAIN))

    shop.refuse(case, "food")

    assert shop.states(case) == {"food": "refused", "fire": "under_review", "drain": "terminated", "sign": "terminated"}
    notice = shop.of(case, "drain").documents.get(kind="termination_notice").content["paragraphs"]
    assert "food matter" in notice[0]["en"] and "apply for this part alone" in notice[1]["en"]


# -- what becomes of the whole


def test_a_mandatory_part_refused_is_the_whole_refused_and_what_runs_goes_on_alone():
    case = shop.in_review()
    shop.grant(case, "food")

    shop.refuse(case, "fire")

    whole = shop.fresh(case)
    assert (whole.state, whole.decision) == ("refused", "refused")
    assert shop.states(case)["drain"] == "under_review"
    letter = whole.documents.get(kind="bundle_decision").content["paragraphs"]
    said = "\n".join(one["en"] for one in letter)
    assert "does not fit" in said and "Art. 38" in said and "reconsideration" in said
    assert shop.of(case, "food").licence.identifier in said and "goes on by itself" in said
    ways.work()
    food = services.open_result(shop.of(case, "food"), account=case.account)
    assert food.state == "delivered"
    shop.grant(case, "drain")
    assert whole.documents.filter(kind="bundle_decision").count() == 1
    services.withdraw(shop.of(case, "sign"), account=case.account)
    assert shop.states(case)["sign"] == "withdrawn"


def test_an_optional_part_refused_is_the_applicants_choice():
    case = shop.in_review()
    shop.refuse(case, "sign")
    shop.grant(case, "food", "fire", "drain")
    ways.work()

    assert shop.fresh(case).state == "under_review"
    assert case in queries.needing(case.account.person)
    assert case.clocks.get(kind="decision_promised").stopped_on is not None  # the departments are done
    asked = Message.objects.filter(about=case.subject, kind="bundle_choice")
    assert asked.exists()
    assert not Message.objects.filter(kind="case_refused").exists()
    with pytest.raises(Invalid):
        services.choose_about_part(case, "sign", "perhaps", account=case.account)

    services.choose_about_part(case, "sign", "drop", account=case.account)

    assert shop.fresh(case).state == "approved"
    services.choose_about_part(case, "sign", "drop", account=case.account)  # twice is once
    assert Event.objects.filter(kind="BundleMemberDropped").count() == 1


def test_who_waits_is_served_by_a_new_decision():
    case = shop.in_review(shop.bundle(industry=True))
    shop.refuse(case, "sign")
    shop.grant(case, "food", "fire", "drain")
    services.choose_about_part(case, "sign", "wait", account=case.account)
    assert shop.fresh(case).state == "under_review"

    anew = make.draft(
        shop.of(case, "sign").matter, account_=case.account, answers={**shop.ANSWERS, "sign_text": "小面馆"}
    )
    anew = services.submit(anew, account=case.account, level=3, key="anew")
    ways.work()
    services.accept(shop.fresh(anew), officer=window())
    ways.work()
    services.approve(shop.conclude(anew), officer=ways.of_department("dept_approver", anew))
    ways.work()

    whole = shop.fresh(case)
    assert whole.state == "ready" and shop.part(case, "sign").row.stood_in_id == anew.pk
    assert LicenceItem.objects.get(whole=whole.licence, key="sign").licence == shop.fresh(anew).licence


def test_what_nobody_chose_about_in_time_is_left_out():
    case = shop.in_review()
    shop.refuse(case, "sign")
    shop.grant(case, "food", "fire", "drain")
    assert bundling.drop_what_nobody_chose() == 0

    BundleMember.objects.filter(slug="sign").update(choose_by=timezone.localdate() - datetime.timedelta(days=1))

    assert bundling.drop_what_nobody_chose() == 1
    assert shop.fresh(case).state == "approved"
    ways.work()
    assert Message.objects.filter(about=case.subject, kind="bundle_dropped").exists()


def test_a_finished_part_is_had_early_only_when_its_applicant_wants_it():
    case = shop.in_review()
    shop.grant(case, "food")
    ways.work()
    food = shop.of(case, "food")
    assert food.state == "ready" and following.held_back(food)
    assert not Message.objects.filter(kind="result_ready").exists()
    with pytest.raises(NotAllowed):
        services.open_result(food, account=case.account)

    services.release_early(food, account=case.account)
    assert services.open_result(shop.fresh(food), account=case.account).state == "delivered"
    ways.work()

    shop.grant(case, "fire", "drain", "sign")
    ways.work()
    services.open_result(shop.fresh(case), account=case.account)
    ways.work()
    assert set(shop.states(case).values()) == {"closed"} and shop.fresh(case).state == "closed"


def test_the_letter_of_a_grant_names_every_part_its_office_and_its_licence():
    case = shop.in_review()
    shop.grant(case, "food", "fire", "drain", "sign")

    said = "\n".join(one["en"] for one in case.documents.get(kind="bundle_decision").content["paragraphs"])
    for one in case.members.all():
        assert one.number in said and one.department.name["en"] in said and one.licence.identifier in said


def test_the_industry_licence_lists_what_the_parts_granted():
    case = shop.in_review(shop.bundle(industry=True))
    shop.grant(case, "food", "fire", "drain", "sign")

    whole = shop.fresh(case)
    listed = {item.key: (item.regulator.code, item.mandatory) for item in whole.licence.items.all()}
    assert listed == {"food": ("AMR", True), "fire": ("FRB", True), "drain": ("WAT", True), "sign": ("GRN", False)}
    ways.work()
    assert shop.fresh(case).state == "ready" and shop.fresh(case).licence.sealed_at is not None


def test_withdrawing_the_whole_withdraws_what_is_not_decided():
    case = shop.in_review()
    shop.grant(case, "food")

    services.withdraw(shop.fresh(case), account=case.account)

    assert shop.states(case) == {"food": "approved", "fire": "withdrawn", "drain": "withdrawn", "sign": "withdrawn"}
    assert shop.of(case, "food").licence.state == "valid"
    assert not any(
        one.clocks.filter(stopped_on__isnull=True, kind="decision_promised").exists() for one in case.members.all()
    )


def test_one_optional_part_is_withdrawn_alone_a_mandatory_one_is_not():
    case = shop.in_review()

    with pytest.raises(NotAllowed) as refused:
        services.withdraw(shop.of(case, "food"), account=case.account)
    services.withdraw(shop.of(case, "sign"), account=case.account)

    assert refused.value.code == "part-of-the-whole"
    assert shop.part(case, "sign").dropped and shop.states(case)["food"] == "under_review"
    shop.grant(case, "food", "fire", "drain")
    assert shop.fresh(case).state == "approved"


def test_a_mandatory_part_terminated_ends_the_whole():
    case = shop.in_review()
    fire = shop.of(case, "fire")

    services.terminate(fire, officer=ways.of_department("dept_approver", fire), reason="the house burned down")

    assert shop.fresh(case).state == "terminated"


def test_a_part_revoked_afterwards_leaves_the_others_and_takes_its_licence():
    case = shop.in_review()
    shop.grant(case, "food", "fire", "drain", "sign")
    ways.work()
    services.open_result(shop.fresh(case), account=case.account)
    ways.work()
    sign = shop.of(case, "sign")

    services.revoke(
        sign, officer=ways.of_department("dept_approver", sign), reason="false", ground="Art. 69", heard=True
    )

    assert shop.of(case, "sign").licence.state == "revoked"
    assert shop.fresh(case).state == "closed" and shop.of(case, "food").licence.state == "valid"


def test_the_whole_closes_only_when_every_mandatory_part_is_over():
    case = shop.in_review()
    shop.grant(case, "food", "fire", "drain", "sign")
    ways.work()
    services.open_result(shop.fresh(case), account=case.account)
    ways.put(shop.of(case, "fire"), "issuing")

    ways.issuing.close(case.pk)
    assert shop.fresh(case).state == "delivered"
    ways.put(shop.of(case, "fire"), "closed")
    ways.issuing.close(case.pk)
    assert shop.fresh(case).state == "closed"


def test_the_whole_is_late_by_its_own_promise_and_by_any_limit_of_a_part():
    case = shop.in_review(shop.bundle(promised_days=30, of={"food": {"statutory_days": 3}}))
    today = timezone.localdate()
    assert not bundles.standing(case).late(case, today)

    assert bundles.standing(case).late(case, shop.of(case, "food").statutory_due + datetime.timedelta(days=1))
    assert case.statutory_due == shop.of(case, "food").statutory_due
    shop.grant(case, "food")
    case = shop.fresh(case)
    assert case.statutory_due > case.promised_due or not bundles.standing(case).late(case, today)
    assert bundles.standing(case).late(case, case.promised_due + datetime.timedelta(days=1))


def test_nobody_decides_the_whole_by_hand():
    case = shop.in_review()
    lead = ways.of_department("dept_reviewer", case)
    approver = ways.of_department("dept_approver", case)

    with pytest.raises(NotAllowed):
        services.conclude(shop.fresh(case), officer=lead, proposal="approve", opinion="all")
    for act in (services.approve, lambda row, officer: services.refuse(row, officer=officer, reason="x", ground="y")):
        with pytest.raises(NotAllowed):
            act(shop.fresh(case), officer=approver)


def test_one_errand_is_rated_once_and_told_once():
    case = shop.in_review()
    shop.grant(case, "food", "fire", "drain", "sign")
    ways.work()
    services.open_result(shop.fresh(case), account=case.account)
    ways.work()

    assert list(Invitation.objects.values_list("case", flat=True)) == [case.pk]
    told = list(Message.objects.values_list("kind", "about"))
    assert [about for kind, about in told if kind == "result_ready"] == [case.subject]
    assert len([kind for kind, _about in told if kind == "case_accepted"]) == 1


# -- who sees what


def test_the_applicants_lists_show_the_whole_and_not_its_parts():
    case = shop.in_review()

    assert list(queries.of(case.account.person)) == [case]
    assert queries.own(case.account.person).filter(parent=case).count() == 4  # found by their address


def test_queues_show_parts_to_their_departments_and_the_whole_to_the_front_desk():
    case = shop.received()
    desk = window()
    assert list(queries.waiting_for(desk, "intake")) == [case]
    services.accept(shop.fresh(case), officer=desk)
    ways.work()

    for key in ("food", "fire", "drain", "sign"):
        reviewer = ways.of_department("dept_reviewer", shop.of(case, key))
        page, _more = queries.queue_page(reviewer, "review")
        assert [one.pk for one in page] == [shop.of(case, key).pk]
        assert [one.pk for one in queries.visible_to(reviewer)] == [shop.of(case, key).pk]
        assert not queries.concerns(reviewer, shop.fresh(case))
    assert not queries.waiting_for(ways.of_department("dept_approver", case), "decision").exists()
    assert queries.visible_to(desk).filter(pk=case.pk).exists()


def test_held_results_are_not_on_the_window_before_the_others():
    case = shop.in_review()
    shop.grant(case, "food")
    ways.work()
    issuing = ways.hall("issuing_officer")
    assert list(queries.waiting_for(issuing, "issuing")) == []

    services.release_early(shop.of(case, "food"), account=case.account)
    assert list(queries.waiting_for(issuing, "issuing")) == [shop.of(case, "food")]
    services.hand_over(shop.of(case, "food"), officer=issuing, how="at the window")
    assert shop.states(case)["food"] == "delivered"


def test_how_twenty_bundles_stand_costs_two_questions():
    matter = shop.bundle()
    cases = [shop.in_review(matter) for _number in range(3)]
    shop.grant(cases[0], "food")

    def asked(count: int) -> int:
        with CaptureQueriesContext(connection) as sent:
            found = bundles.standing_of(cases[:count])
        assert found[cases[0].pk].granted == 1 and found[cases[0].pk].open == 3
        return len(sent)

    assert asked(1) == asked(3) == 2
    with CaptureQueriesContext(connection) as sent:
        assert len(bundles.parts_of(cases[0])) == 4
    assert len(sent) == 1


def test_pages_of_queues_with_parts_cost_the_same_for_one_and_for_many():
    matter = shop.bundle()
    desk = window()
    shop.received(matter)

    def asked() -> int:
        with CaptureQueriesContext(connection) as sent:
            for row in queries.queue_page(desk, "intake")[0]:
                str(row.matter.slug), str(row.department.name), row.applicant_id
        return len(sent)

    one = asked()
    for _number in range(3):
        shop.received(matter)
    assert asked() == one


def test_the_net_below_catches_a_bundle_that_nobody_moved_on():
    case = shop.in_review()
    shop.grant(case, "food", "fire", "drain")
    sign = shop.of(case, "sign")
    ways.put(sign, "approved")  # as if its department had decided without holding the whole
    type(case).objects.filter(pk=case.pk).update(updated_at=timezone.now() - datetime.timedelta(hours=2))

    assert bundling.follow_again() == 1
    assert shop.fresh(case).state == "approved"
    assert bundling.follow_again() == 0


def test_gone_is_gone_also_when_a_part_is_judged_twice():
    case = shop.in_review()
    shop.grant(case, "food", "fire", "drain", "sign")

    following.judge(shop.fresh(case), now=timezone.now())

    assert case.documents.filter(kind="bundle_decision").count() == 1
    assert Event.objects.filter(kind="CaseDecided", subject=case.subject).count() == 1


def test_what_the_licence_of_a_member_before_will_say_is_asked_of_nobody_and_is_there_when_the_next_begins():
    number = {
        "id": "food_no", "zh": "许可编号", "en": "Permit number", "type": "text", "required": True,
        "prefill": "e-licence-store.food-licence.valid_to",
    }  # fmt: skip
    form = [*shop.COMMON, shop.OWN["fire"], number]
    whole = shop.in_review(shop.bundle(after={"fire": ["food"]}, of={"fire": {"form": form}}))
    assert "food_no" not in {one["id"] for one in planning.plan_of(whole).form}
    assert "food_no" not in shop.of(whole, "fire").values

    food = shop.conclude(shop.of(whole, "food"))
    services.approve(food, officer=ways.of_department("dept_approver", food))
    following.go_on(whole.pk)

    fire = shop.of(whole, "fire")
    assert fire.state == "under_review"
    assert fire.values["food_no"]["value"] == shop.of(whole, "food").licence.face["valid_to"]
    assert fire.values["food_no"]["source"] == "licence:food-licence"
