"""Promises and their check, papers that follow, hearings, opinions of others, decisions looked at again: who may, when, and what follows."""

import datetime

import pytest
from django.utils import timezone

from tests import make
from tests.cases import bundle_ways, ways
from tongban.cases import clocks, hearings, promising, queries, services
from tongban.cases.models import Appeal, BrokenPromise, Case, Consultation, Hearing, Promise, Tolerance
from tongban.cases.services import hearing, keeping_procedures, reconsidering, tolerating
from tongban.departments import queries as departments
from tongban.journal.actors import PLATFORM
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import services as licences
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db

HEARD = [{"name": {"zh": "听证", "en": "Hearing when neighbours object"}, "limit": {}, "counted": False}]


def promised(**elements) -> Case:
    """A draft on a promise."""
    case = make.draft(ways.matter_with_everything(commitment=True, **elements))
    services.choose_promise(case, account=case.account)
    return case


def granted_on_a_promise() -> Case:
    case = promised()
    case = services.submit(case, account=case.account, level=3, key="k")
    case = services.pass_pre_review(services.start_pre_review(case))
    case = services.accept(case, officer=ways.hall("window_officer"))
    reviewer = ways.of_department("dept_reviewer", case)
    case = services.start_review(case, officer=reviewer)
    case = services.conclude(case, officer=reviewer, proposal="approve", opinion="on the promise")
    case = services.approve(case, officer=ways.of_department("dept_approver", case))
    ways.work()
    case.refresh_from_db()
    services.open_result(case, account=case.account)
    ways.work()
    return Case.objects.get(pk=case.pk)


# -- promises


def test_a_promise_is_signed_as_shown_decided_within_a_day_and_checked_within_two_months():
    case = promised()
    case = services.submit(case, account=case.account, level=3, key="k")
    assert case.committed
    assert case.promise.text == promising.text_of(case)
    assert case.documents.filter(kind="promise", number__startswith=case.number).count() == 1

    case = services.pass_pre_review(services.start_pre_review(case))
    case = services.accept(case, officer=ways.hall("window_officer"))
    assert case.clocks.get(kind="decision_promised").limit == 1
    reviewer = ways.of_department("dept_reviewer", case)
    case = services.start_review(case, officer=reviewer)
    with pytest.raises(NotAllowed) as came_first:
        services.order_inspection(case, officer=reviewer, why="kitchen")
    assert came_first.value.code == "on-a-promise"

    case = granted_on_a_promise()
    assert case.promise.state == "to_check"
    check = case.clocks.get(kind="commitment_check")
    assert (check.due, check.stopped_on) == (case.promise.check_by, None)
    assert Message.objects.filter(kind="promise_to_check", party=case.applicant).exists()


def test_what_may_be_expected_before_acceptance_is_what_the_promise_says():
    """The day shown on the last page, on the receipt, and after acceptance is the same one."""
    case = promised(promised_days=12)
    now = timezone.make_aware(datetime.datetime(2025, 6, 9, 10))  # a Monday morning
    calendar = departments.calendar()
    within_a_day = calendar.due(now.date(), 1).day
    before = clocks.expected(case, sent=now)
    assert (before["days"], before["promised"].day) == (1, within_a_day)
    services.leave_promise(case, account=case.account, now=now)
    case.refresh_from_db()
    assert clocks.expected(case, sent=now)["promised"].day == calendar.due(now.date(), 12).day
    services.choose_promise(case, account=case.account, now=now)

    case = services.submit(case, account=case.account, level=3, key="k", now=now)
    assert case.promised_due == within_a_day
    receipt = case.documents.get(kind="submission_receipt")
    assert within_a_day.isoformat() in str(receipt.content)
    case = services.pass_pre_review(services.start_pre_review(case, now=now), now=now)
    assert case.promised_due == within_a_day
    case = services.accept(case, officer=ways.hall("window_officer"), now=now)
    assert case.promised_due == within_a_day


def test_a_promise_that_is_not_open_to_somebody_moves_no_day():
    case = promised(promised_days=12)
    assert clocks.expected(case, sent=timezone.now())["days"] == 1
    before = granted_on_a_promise()
    BrokenPromise.objects.create(party=case.applicant, promise=before.promise, reason="x")

    assert clocks.expected(case, sent=timezone.now())["days"] == 12


def test_of_a_bundle_on_a_promise_the_day_is_that_of_its_last_part():
    """One part rests on the promise, another waits for it, and one whose law does not allow it keeps the days of the whole."""
    on_one = {"commitment": True}
    shop = bundle_ways.bundle(after={"fire": ["food"]}, of={"food": on_one, "fire": on_one, "drain": {}})
    whole = bundle_ways.draft(shop)
    services.choose_promise(whole, account=whole.account)
    assert clocks.expected(whole, sent=timezone.now())["days"] == 7
    both = bundle_ways.bundle(
        mandatory=("food", "fire"), after={"fire": ["food"]}, of={"food": on_one, "fire": on_one}, prefix="b-",
        optional=(),
    )  # fmt: skip
    whole = bundle_ways.draft(both)
    assert clocks.expected(whole, sent=timezone.now())["days"] == 7
    services.choose_promise(whole, account=whole.account)
    assert clocks.expected(whole, sent=timezone.now())["days"] == 2


def test_the_ordinary_way_is_open_until_it_is_sent():
    case = promised()
    services.leave_promise(case, account=case.account)

    case = services.submit(case, account=case.account, level=3, key="k")

    assert not case.committed
    assert promising.promise_of(case) is None
    other = promised()
    assert services.submit(other, account=other.account, level=3, key="other").committed


@pytest.mark.parametrize(
    "elements",
    [
        {"commitment": False},
        {
            "commitment": True,
            "legal_basis": [{"zh": "危险化学品安全管理条例", "en": "Hazardous Chemicals Regulations"}],
        },
        {"commitment": True, "legal_basis": [{"zh": "中华人民共和国药品管理法", "en": "Drug Administration Law"}]},
        {"commitment": True, "legal_basis": [{"zh": "环境影响评价法", "en": "Environmental Impact Assessment Law"}]},
    ],
)
def test_nothing_is_promised_where_safety_health_or_ecology_are_at_stake_whatever_the_guide_says(elements):
    case = make.draft(make.matter(**elements))

    with pytest.raises(NotAllowed) as refused:
        services.choose_promise(case, account=case.account)

    assert refused.value.code == "commitment-forbidden"
    assert not Promise.objects.exists()


def test_a_check_that_finds_it_true_ends_it():
    case = granted_on_a_promise()

    services.check_promise(
        case, officer=ways.of_department("inspector", case), found="kept", seen="all as promised", place="at the shop"
    )

    assert Promise.objects.get().state == "kept"
    assert case.clocks.get(kind="commitment_check").stopped_on is not None
    with pytest.raises(NotAllowed):
        services.check_promise(
            case, officer=ways.of_department("inspector", case), found="kept", seen="once more", place="at the shop"
        )


@pytest.mark.parametrize("role", ["window_officer", "dept_approver", "issuing_officer", "auditor"])
def test_only_inspectors_and_reviewers_of_the_department_check(role):
    case = granted_on_a_promise()

    with pytest.raises(NotAllowed):
        services.check_promise(case, officer=ways.of_department(role, case), found="kept", seen="all fine", place="x")
    with pytest.raises(NotAllowed):
        services.check_promise(case, officer=ways.hall("inspector"), found="kept", seen="all fine", place="x")


def test_a_false_promise_is_heard_then_revoked_and_closes_this_way_for_the_person():
    case = granted_on_a_promise()
    inspector, approver = ways.of_department("inspector", case), ways.of_department("dept_approver", case)
    services.check_promise(
        case, officer=inspector, found="false", seen="there is no kitchen", place="at the shop", ground="Art. 69"
    )
    with pytest.raises(NotAllowed) as early:
        services.revoke(case, officer=approver, reason="false", ground="Art. 69", heard=True)
    assert early.value.code == "not-heard"

    row = Hearing.objects.get()
    hearing.run_out(row, now=timezone.now() + datetime.timedelta(days=10))
    case = services.revoke(case, officer=approver, reason="false", ground="Art. 69", heard=True)

    case.refresh_from_db()
    case.licence.refresh_from_db()
    assert (case.state, case.licence.state, case.promise.state) == ("revoked", "revoked", "broken")
    assert BrokenPromise.objects.get().party_id == case.applicant_id
    again = make.draft(ways.matter_with_everything(commitment=True), account_=case.account)
    with pytest.raises(NotAllowed):
        services.choose_promise(again, account=again.account)
    assert services.submit(again, account=again.account, level=3, key="z").state == "submitted"


@pytest.mark.parametrize(
    ("by", "stands"), [("correction", "revoked"), ("change", "revoked"), ("granted anew", "valid")]
)
def test_a_decision_is_revoked_also_where_its_licence_was_replaced_meanwhile(by, stands):
    """What a correction or a change made of it falls with it; the same granted anew stands on its own. A licence given up leaves nothing to revoke."""
    case = ways.bring("delivered", ways.matter_with_everything())
    first = case.licence
    last = licences.issue(
        first.type, holder=first.holder, face=first.face, decision=f"{by}:1", issued_on=first.issued_on,
        valid_from=first.valid_from, valid_to=first.valid_to, actor=PLATFORM, previous=first, issuer=first.issuer,
    )  # fmt: skip
    if by != "correction":
        other = make.case("received", case.matter if by == "granted anew" else make.matter())
        Case.objects.filter(pk=other.pk).update(licence=last)
    given_up = ways.bring("delivered", case.matter)
    licences.cancel(given_up.licence, reason="closed", actor=PLATFORM)
    approver = ways.of_department("dept_approver", case)

    for one in (case, given_up):
        services.revoke(one, officer=approver, reason="false", ground="Art. 69", heard=True)

    last.refresh_from_db()
    assert list(Case.objects.filter(pk__in=[case.pk, given_up.pk]).values_list("state", flat=True)) == ["revoked"] * 2
    assert (last.state, given_up.licence.state) == (stands, "cancelled")


def test_what_can_be_put_right_is_put_right_by_a_day_and_looked_at_again():
    case = granted_on_a_promise()
    inspector = ways.of_department("inspector", case)
    with pytest.raises(Invalid):
        services.check_promise(case, officer=inspector, found="put_right", seen="no list of prices", place="shop")

    row = services.check_promise(
        case, officer=inspector, found="put_right", seen="no list of prices", place="shop", put_right_days=5
    )
    assert (row.state, row.put_right_by is not None) == ("put_right", True)

    row = services.check_promise(case, officer=inspector, found="kept", seen="it hangs there now", place="shop")
    assert row.state == "kept"


def test_after_the_hearing_the_approver_may_leave_it_as_it_is():
    case = granted_on_a_promise()
    services.check_promise(
        case,
        officer=ways.of_department("inspector", case),
        found="false",
        seen="no kitchen",
        place="x",
        ground="Art. 69",
    )
    hearing.run_out(Hearing.objects.get(), now=timezone.now() + datetime.timedelta(days=10))

    row = services.true_after_all(
        case, officer=ways.of_department("dept_approver", case), why="it is on the first floor"
    )

    assert row.state == "kept"
    assert not BrokenPromise.objects.exists()


# -- papers that follow


def tolerated(days=3) -> Case:
    make.material_type("lease")
    matter = make.matter(requirements=[{"material": "lease", "required": True, "tolerant": True}])
    case = make.draft(matter)
    services.supply_later(case, "lease", account=case.account)
    case = services.submit(case, account=case.account, level=3, key="k")
    case = services.pass_pre_review(services.start_pre_review(case))
    return services.accept(case, officer=ways.hall("window_officer"), supply_days=days)


def reviewed(case: Case, proposal="approve") -> Case:
    reviewer = ways.of_department("dept_reviewer", case)
    case = services.start_review(case, officer=reviewer)
    return services.conclude(case, officer=reviewer, proposal=proposal, opinion="in order")


def test_what_may_follow_has_a_day_of_its_own_and_nothing_is_decided_before():
    case = reviewed(tolerated())
    row = Tolerance.objects.get()
    assert case.clocks.get(kind="supply").due == row.due
    assert list(queries.needing(case.applicant)) == [case]
    approver = ways.of_department("dept_approver", case)
    for act in (
        lambda: services.approve(case, officer=approver),
        lambda: services.refuse(case, officer=approver, reason="no", ground="Art. 38"),
    ):
        with pytest.raises(NotAllowed) as wait:
            act()
        assert wait.value.code == "paper-to-come"

    services.supply(row, make.document(case.applicant, by=case.account), account=case.account)

    assert case.clocks.get(kind="supply").stopped_on is not None
    assert not queries.needing(case.applicant)
    assert services.approve(case, officer=approver).state == "approved"


def test_what_did_not_come_is_told_and_may_be_refused_or_decided_without():
    case = reviewed(tolerated(), "refuse")
    row = Tolerance.objects.get()
    Tolerance.objects.update(due=timezone.localdate() - datetime.timedelta(days=1))

    assert keeping_procedures.end_waiting_for_papers() == 1
    assert keeping_procedures.end_waiting_for_papers() == 0

    ways.work()
    assert Message.objects.filter(kind="paper_not_supplied", party=case.applicant).exists()
    with pytest.raises(NotAllowed):
        services.approve(case, officer=ways.of_department("dept_approver", case))
    row.refresh_from_db()
    services.waive(row, officer=case.reviewer, why="known from another case")
    assert services.approve(case, officer=ways.of_department("dept_approver", case)).state == "approved"


def test_late_is_better_than_never_until_the_decision():
    case = reviewed(tolerated())
    row = Tolerance.objects.get()
    Tolerance.objects.update(due=timezone.localdate() - datetime.timedelta(days=1))
    keeping_procedures.end_waiting_for_papers()

    services.supply(row, make.document(case.applicant, by=case.account), account=case.account)

    row.refresh_from_db()
    assert row.settled == "supplied"
    with pytest.raises(NotAllowed):
        services.supply(row, make.document(case.applicant, by=case.account), account=case.account)


def test_what_is_needed_from_the_beginning_does_not_follow_later():
    make.material_type("lease")
    case = make.draft(make.matter(requirements=[{"material": "lease", "required": True}]))

    with pytest.raises(NotAllowed):
        services.supply_later(case, "lease", account=case.account)


def test_a_day_for_it_lies_before_the_decision():
    with pytest.raises(Invalid):
        tolerated(days=60)
    promised = make.case("under_review", make.matter(commitment=True))
    Case.objects.filter(pk=promised.pk).update(committed=True)
    assert tolerating.most_days(Case.objects.get(pk=promised.pk)) == 1  # decided within one working day


# -- hearings


def offered(case: Case | None = None) -> Hearing:
    case = case or make.case("under_review")
    return services.offer_hearing(
        case, officer=ways.of_department("dept_reviewer", case), reason="too near to a school", ground="Art. 7"
    )


def test_where_the_law_wants_it_nothing_is_refused_unheard():
    case = make.case("reviewed", make.matter(special_procedures=HEARD))
    approver = ways.of_department("dept_approver", case)
    with pytest.raises(NotAllowed) as refused:
        services.refuse(case, officer=approver, reason="no", ground="Art. 38")
    assert refused.value.code == "not-heard"

    row = offered(case)
    assert list(queries.needing(case.applicant)) == [case]
    services.decline_hearing(row, account=case.account, wish="I write instead")

    case.refresh_from_db()
    assert case.state == "under_review"
    assert services.refuse(case, officer=approver, reason="no", ground="Art. 38").state == "refused"
    assert "您有权要求听证；没有举行听证" in str(case.documents.get(kind="refusal").content)


def test_a_hearing_is_asked_for_invited_to_held_and_the_clock_stood_still_meanwhile():
    row = offered()
    case = row.case
    assert case.state == "suspended"
    services.ask_hearing(row, account=case.account, wish="I bring a plan")
    services.ask_hearing(row, account=case.account)
    case.refresh_from_db()
    assert case.clocks.get(kind="hearing_hold", stopped_on=None).due == row.hold_by
    officer = row.officer
    leader = ways.of_department("dept_approver", case)
    day = next(
        day
        for n in range(8, 20)
        if (day := timezone.localtime(timezone.now() + datetime.timedelta(days=n))).weekday() < 5
    )
    with pytest.raises(Invalid) as wrong:
        services.invite_to_hearing(row, officer=officer, meets_at=timezone.now() + datetime.timedelta(days=2), place="hall",
                                   leader=officer, participants="")  # fmt: skip
    assert set(wrong.value.errors) == {"meets_at", "leader", "participants"}
    row = services.invite_to_hearing(
        row, officer=officer, meets_at=day, place="Room 3", leader=leader, participants="neighbours"
    )
    with pytest.raises(Invalid) as unsaid:
        services.hold_hearing(row, officer=officer, came=None, record="they spoke at length", result="as_planned")
    assert set(unsaid.value.errors) == {"came"}  # nobody is absent because it was not said
    with pytest.raises(NotAllowed):
        services.hold_hearing(row, officer=officer, came=True, record="they spoke at length", result="as_planned")

    row = services.hold_hearing(
        row, officer=officer, came=True, record="they spoke at length", result="otherwise",
        now=day + datetime.timedelta(hours=2),
    )  # fmt: skip

    case.refresh_from_db()
    assert (row.state, case.state, case.opinion) == ("held", "under_review", "")
    assert {"hearing_notice", "hearing_invitation", "hearing_record"} <= set(
        case.documents.values_list("kind", flat=True)
    )
    assert not case.clocks.filter(kind__startswith="hearing", stopped_on=None).exists()


def test_a_hearing_nobody_asked_for_ends_by_itself_and_the_review_goes_on():
    row = offered()
    assert keeping_procedures.end_hearings_nobody_asked_for() == 0
    Hearing.objects.update(ask_by=timezone.localdate() - datetime.timedelta(days=1))

    assert keeping_procedures.end_hearings_nobody_asked_for() == 1

    assert Case.objects.get(pk=row.case_id).state == "under_review"
    row.refresh_from_db()
    with pytest.raises(NotAllowed):
        services.ask_hearing(row, account=row.case.account)


def test_while_somebody_waits_to_be_heard_the_clock_is_not_started_by_hand():
    row = offered()

    with pytest.raises(NotAllowed) as refused:
        services.resume(row.case, officer=row.officer, result="let us go on")

    assert refused.value.code == "hearing-runs"


def test_who_handled_the_case_does_not_lead_its_hearing():
    row = offered()

    assert row.officer not in hearings.who_may_lead(row.case)


# -- opinions


def opinion(case: Case, **given) -> Consultation:
    wanted = {
        "question": "Is the bridge strong enough?", "fields": ["reason", "nonsense"], "materials": [],
        "department": make.department("FRB"),
    }  # fmt: skip
    return services.ask_opinion(case, officer=ways.of_department("dept_reviewer", case), **(wanted | given))


def test_another_department_is_shown_only_what_is_named_and_answers_once():
    case = make.case("under_review")
    row = opinion(case)
    assert (row.fields, case.clocks.filter(kind="decision_promised", stopped_on=None).count()) == (["reason"], 1)
    with pytest.raises(NotAllowed):
        opinion(case)
    with pytest.raises(NotAllowed):
        services.give_opinion(
            row, officer=ways.of_department("dept_reviewer", case), position="agrees", answer="yes it is strong"
        )
    expert = make.officer("dept_reviewer", of=make.department("FRB"))

    services.give_opinion(row, officer=expert, position="agrees_if", answer="with a second exit")

    with pytest.raises(NotAllowed):
        services.give_opinion(row, officer=expert, position="objects", answer="after all not strong")
    row.refresh_from_db()
    assert (row.position, row.answered_by) == ("agrees_if", expert)
    assert Case.objects.get(pk=case.pk).state == "under_review"


def test_an_opinion_is_asked_of_another_department():
    case = make.case("under_review")

    with pytest.raises(Invalid):
        opinion(case, department=case.department)


# -- looked at again


def refused_case() -> Case:
    return ways.bring("refused")


def test_reconsideration_is_asked_within_sixty_days_and_once():
    case = refused_case()
    row = services.appeal(case, account=case.account, wish="the area was measured wrongly")
    assert services.appeal(case, account=case.account, wish="I ask once more for it").pk == row.pk
    late = refused_case()

    with pytest.raises(NotAllowed) as over:
        services.appeal(
            late, account=late.account, wish="the area was measured wrongly",
            now=timezone.now() + datetime.timedelta(days=75),
        )  # fmt: skip

    assert over.value.code == "too-late"


@pytest.mark.parametrize(
    ("decided", "ask", "sue"),
    [
        ("2025-06-09", "2025-08-08", "2025-12-09"),
        ("2025-06-03", "2025-08-04", "2025-12-03"),  # the sixtieth day is a Saturday
        ("2025-08-31", "2025-10-30", "2026-03-02"),  # February has no 31st, and its last day is a Saturday
    ],
)
def test_the_time_to_challenge_a_decision_ends_on_no_day_off(decided, ask, sue):
    case = refused_case()
    case.decided_at = datetime.datetime.fromisoformat(f"{decided}T10:00:00+08:00")

    until = reconsidering.ask_until(case), reconsidering.sue_until(case)

    assert until == (datetime.date.fromisoformat(ask), datetime.date.fromisoformat(sue))


@pytest.mark.parametrize("state", ["under_review", "withdrawn", "ready"])
def test_without_a_decision_that_stands_there_is_nothing_to_challenge(state):
    case = ways.bring(state)

    with pytest.raises(NotAllowed):
        services.appeal(case, account=case.account, wish="I do not like this at all")


def test_whoever_handled_the_case_does_not_judge_it_nor_does_its_department():
    case = refused_case()
    row = services.appeal(case, account=case.account, wish="the area was measured wrongly")
    for officer in (case.approver, case.reviewer, ways.of_department("dept_approver", case), ways.hall("supervisor")):
        with pytest.raises(NotAllowed):
            services.judge(row, officer=officer, outcome="upheld", reason="it is as it is")

    row = services.judge(row, officer=ways.hall("coordinator"), outcome="upheld", reason="it was measured twice")

    assert row.state == "upheld"
    ways.work()
    assert Message.objects.filter(kind="appeal_decided", party=case.applicant).exists()
    with pytest.raises(NotAllowed):
        services.judge(row, officer=ways.hall("coordinator"), outcome="changed", reason="after all it was wrong")


def test_a_refusal_that_was_wrong_is_decided_anew_in_a_case_of_its_own():
    case = refused_case()
    row = services.appeal(case, account=case.account, wish="the area was measured wrongly")

    row = services.judge(row, officer=ways.hall("coordinator"), outcome="changed", reason="it was measured wrongly")

    anew = row.anew
    assert (anew.state, anew.applicant_id, anew.value("reason")) == ("draft", case.applicant_id, case.value("reason"))
    assert services.submit(anew, account=anew.account, level=3, key="n").state == "submitted"
    assert Case.objects.get(pk=case.pk).state == "refused"


def test_a_grant_that_was_wrong_suspends_the_licence_and_its_department_revokes_it_after_a_hearing():
    case = ways.bring("closed")
    row = services.appeal(case, account=case.account, wish="the name on it is another one")

    services.judge(row, officer=ways.hall("coordinator"), outcome="changed", reason="granted beyond powers")

    case.refresh_from_db()
    case.licence.refresh_from_db()
    assert (case.licence.state, case.hearings.get().about) == ("suspended", "revocation")
    approver = ways.of_department("dept_approver", case)
    with pytest.raises(NotAllowed):
        services.revoke(case, officer=approver, reason="wrong", ground="Art. 69", heard=True)
    services.decline_hearing(case.hearings.get(), account=case.account)
    assert services.revoke(case, officer=approver, reason="wrong", ground="Art. 69", heard=True).state == "revoked"


def test_taken_back_it_is_over_and_the_way_to_court_stays():
    case = refused_case()
    row = services.appeal(case, account=case.account, wish="the area was measured wrongly")

    row = services.take_back(row, account=case.account)

    assert (row.state, Appeal.objects.count()) == ("withdrawn", 1)
    assert reconsidering.sue_until(case, row) > reconsidering.ask_until(case)
    row = services.note_court(row, officer=ways.hall("coordinator"), day=timezone.localdate(), text="file 12")
    assert row.court_on == timezone.localdate()


# -- limits


def test_joint_handling_is_extended_by_fifteen_days_others_by_ten():
    alone = make.case("under_review")
    joint = make.case(
        "under_review", make.matter(joint_departments=[{"code": "GRN", "name": {"zh": "绿化", "en": "Parks"}}])
    )
    with pytest.raises(Invalid):
        services.extend(alone, officer=ways.of_department("dept_approver", alone), days=11, why="much to read")

    assert (
        services.extend(
            joint, officer=ways.of_department("dept_approver", joint), days=15, why="two offices"
        ).extended_days
        == 15
    )
    with pytest.raises(Invalid):
        services.extend(joint, officer=ways.of_department("dept_approver", joint), days=16, why="two offices")


def test_a_step_over_its_planned_day_is_told_once():
    case = ways.bring("suspended")
    case.clocks.filter(kind="special_procedure").update(due=timezone.localdate() - datetime.timedelta(days=1))

    keeping_procedures.tell_of_steps_over_their_day()
    keeping_procedures.tell_of_steps_over_their_day()

    assert Message.objects.filter(kind="step_over_its_day", party=case.applicant).count() == 1
