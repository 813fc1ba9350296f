"""The law of the case: the 34 moves are made by the roles named in the table, from the states named there, and no other way."""

import re
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from tests import make
from tests.cases import ways
from tongban.cases import services
from tongban.cases.models import Case, Step
from tongban.cases.moving import go
from tongban.cases.queries import moves_for
from tongban.cases.services import intake, issuing, machine
from tongban.cases.states import CREATE, DELIVER, ENDED, MOVES, SHOWN_TO_APPLICANT, CaseState
from tongban.journal.actors import PLATFORM, Actor
from tongban.journal.models import Event
from tongban.lib import yamls
from tongban.lib.problems import NotAllowed

pytestmark = pytest.mark.django_db

LAW = yamls.read(Path(__file__).resolve().parents[2] / "demo/states.yaml")
NAMED = {step.name: step for step in MOVES}
ROLES = sorted({role for step in MOVES for role in step.by} | {"supervisor", "coordinator", "auditor", "nobody"})


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.replace("-", "_")).lower()


def test_the_table_is_the_one_of_the_demonstration_content():
    written = {snake(row["id"]): row for row in LAW["transitions"]}

    assert list(written) == list(NAMED)
    for name, row in written.items():
        step = NAMED[name]
        sources = row["from"] if isinstance(row["from"], list) else [row["from"]]
        by = row["by"] if isinstance(row["by"], list) else [row["by"]]
        assert step.target == row["to"], name
        if name not in {"create", "withdraw"}:
            assert set(step.sources) == set(sources), name
        assert set(step.by) == set(by), name


def test_there_are_22_states_and_each_has_words_for_the_applicant():
    assert {state.value for state in CaseState} == {row["id"] for row in LAW["states"]}
    assert set(SHOWN_TO_APPLICANT) == set(CaseState)


def test_nothing_starts_from_an_end_but_the_taking_back_of_a_decision():
    starting = {(source, step.name) for step in MOVES for source in step.sources if source in ENDED}

    assert starting == {("closed", "revoke")}


@pytest.mark.parametrize("name", [step.name for step in MOVES if step is not CREATE])
def test_a_move_is_made_by_the_roles_of_the_table_only(name):
    step, case = NAMED[name], make.draft()
    source = sorted(step.sources)[0]
    may = []

    for role in ROLES:
        case = ways.put(case, source)
        try:
            with transaction.atomic():
                go(case, step, actor=Actor(kind="officer", role=role), now=timezone.now(), **_kept(step))
                may.append(role)
                transaction.set_rollback(True)
        except NotAllowed as refused:
            assert refused.code == "not-your-move"
            assert Case.objects.get(pk=case.pk).state == source

    assert may == sorted(step.by)


@pytest.mark.parametrize("name", list(NAMED))
def test_a_move_starts_from_the_states_of_the_table_only(name):
    step, case = NAMED[name], make.draft()
    started = set()

    for state in CaseState:
        case = ways.put(case, state)
        try:
            with transaction.atomic():
                go(case, step, actor=Actor(kind="officer", role=step.by[0]), now=timezone.now(), **_kept(step))
                started.add(state.value)
                assert Case.objects.get(pk=case.pk).state == step.target
                assert Step.objects.filter(case=case).latest("id").move == step.name
                transaction.set_rollback(True)
        except NotAllowed:
            assert Case.objects.get(pk=case.pk).state == state

    assert started == set(step.sources)


def _kept(step) -> dict:
    """What the database wants of a row that goes there."""
    changes = {"number": "9" * 18}
    if step.target in ways.DECIDED:
        changes |= {"decision": ways.DECIDED[step.target], "decided_at": timezone.now()}
    return changes


def test_a_refused_move_names_who_did_what_and_when():
    case = make.case("received")
    seen_before = Case.objects.get(pk=case.pk)
    first, second = ways.hall("window_officer"), ways.hall("window_officer")
    services.accept(case, officer=first)

    with pytest.raises(NotAllowed) as refused:
        services.not_accept(seen_before, officer=second, reason="not ours", ground="Art. 32")

    sentence = str(refused.value)
    assert refused.value.code == "somebody-was-faster"
    assert first.shown_name in sentence
    assert Step.objects.latest("id").at.astimezone().strftime("%Y-%m-%d %H:%M") in sentence
    assert str(CaseState.ACCEPTED.label) in sentence


# -- acts of officers

OFFICERS_ACTS = {
    "hand_in": ("draft", "window_officer", lambda case, who: ways.taken_in(case, who)),
    "pre_review_start": ("submitted", "pre_reviewer", lambda case, who: services.start_pre_review(case, officer=who)),
    "pre_review_pass": ("pre_review", "pre_reviewer", lambda case, who: services.pass_pre_review(case, officer=who)),
    "pre_review_return": ("pre_review", "pre_reviewer", lambda case, who: services.return_from_pre_review(
        case, [{"field": "reason", "text": "too short"}], officer=who)),
    "accept": ("received", "window_officer", lambda case, who: services.accept(case, officer=who)),
    "request_correction": ("received", "window_officer", lambda case, who: services.request_correction(
        case, [{"field": "reason", "text": "too short"}], officer=who)),
    "not_accept": ("received", "window_officer", lambda case, who: services.not_accept(
        case, officer=who, reason="not ours", ground="Art. 32")),
    "start_review": ("accepted", "dept_reviewer", lambda case, who: services.start_review(case, officer=who)),
    "order_inspection": ("under_review", "dept_reviewer", lambda case, who: services.order_inspection(
        case, officer=who, why="kitchen")),
    "inspection_done": ("site_inspection", "inspector", lambda case, who: ways.inspect(case, who)),
    "suspend": ("under_review", "dept_reviewer", lambda case, who: services.suspend(
        case, officer=who, kind="hearing", planned_days=5, why="the neighbours are heard")),
    "resume": ("suspended", "dept_reviewer", lambda case, who: services.resume(case, officer=who, result="heard")),
    "extend": ("under_review", "dept_approver", lambda case, who: services.extend(
        case, officer=who, days=5, why="many questions")),
    "publish_notice": ("under_review", "dept_reviewer", lambda case, who: services.publish_notice(
        case, officer=who, text="for five days")),
    "approve": ("reviewed", "dept_approver", lambda case, who: services.approve(case, officer=who)),
    "refuse": ("reviewed", "dept_approver", lambda case, who: services.refuse(
        case, officer=who, reason="does not fit", ground="Art. 38")),
    "issue": ("approved", "issuing_officer", lambda case, who: services.issue(case, officer=who)),
    "result_ready": ("issuing", "issuing_officer", lambda case, who: services.result_ready(case, officer=who)),
    "deliver": ("ready", "issuing_officer", lambda case, who: services.hand_over(case, officer=who, how="identity")),
    "terminate": ("under_review", "dept_approver", lambda case, who: services.terminate(
        case, officer=who, reason="the shop is gone")),
    "revoke": ("closed", "dept_approver", lambda case, who: services.revoke(
        case, officer=who, reason="false", ground="Art. 69", heard=True)),
}  # fmt: skip
HALL = {"window_officer", "pre_reviewer", "issuing_officer"}
OTHER_ROLE = {"window_officer": "dept_approver", "pre_reviewer": "window_officer"}


def ready_for(name: str, **given) -> Case:
    state, _role, _act = OFFICERS_ACTS[name]
    without_licence = {"result": {}} if name in {"issue", "result_ready"} else {}
    matter = ways.matter_with_everything(**without_licence)
    if name == "result_ready":  # the platform would be faster: the case waits in issuing for its paper
        case = make.case("approved", matter, **given)
        with transaction.atomic():
            go(case, NAMED["issue"], actor=PLATFORM, now=timezone.now())
        return case
    return ways.bring(state, matter, **given)


def officer_for(name: str, case: Case, **given):
    role = OFFICERS_ACTS[name][1]
    return make.officer(role, **({"of": make.department("DSO") if role in HALL else case.department} | given))


@pytest.mark.parametrize("name", list(OFFICERS_ACTS))
def test_the_officer_of_the_table_makes_the_move(name):
    case = ready_for(name)
    who = officer_for(name, case)

    OFFICERS_ACTS[name][2](case, who)

    made = Step.objects.filter(case=case, move=name).get()
    assert (made.target, made.role, made.officer) == (NAMED[name].target, OFFICERS_ACTS[name][1], who)


def refused(name, case, who) -> None:
    state, history = Case.objects.get(pk=case.pk).state, Step.objects.filter(case=case).count()
    with pytest.raises(NotAllowed) as no:
        OFFICERS_ACTS[name][2](case, who)
    assert no.value.code == "not-your-case"
    assert Case.objects.get(pk=case.pk).state == state
    assert Step.objects.filter(case=case).count() == history


@pytest.mark.parametrize("name", list(OFFICERS_ACTS))
def test_nobody_makes_a_move_in_another_role_uncertified_off_duty_or_for_themselves(name):
    role = OFFICERS_ACTS[name][1]
    own = make.officer(role, of=make.department("DSO" if role in HALL else "PSB"), person=make.person())
    case = ready_for(name, account_=own.account)

    refused(name, case, officer_for(name, case, certified=()))
    refused(name, case, officer_for(name, case, certified=("another-matter",)))
    refused(name, case, make.officer(OTHER_ROLE.get(role, "window_officer"), of=case.department))
    refused(name, case, own)
    gone = officer_for(name, case)
    gone.active = False
    gone.save()
    refused(name, case, gone)
    if role not in HALL:
        refused(name, case, officer_for(name, case, of=make.department("OTHER")))


@pytest.mark.parametrize("name", list(OFFICERS_ACTS))
def test_the_officer_of_the_table_does_nothing_in_a_wrong_state(name):
    case = ready_for(name)
    who = officer_for(name, case)
    elsewhere = "withdrawn" if name != "hand_in" else "submitted"
    ways.put(case, elsewhere)
    history = Step.objects.filter(case=case).count()

    with pytest.raises(NotAllowed):
        OFFICERS_ACTS[name][2](case, who)

    assert Case.objects.get(pk=case.pk).state == elsewhere
    assert Step.objects.filter(case=case).count() == history


def test_whoever_works_for_the_applicants_company_does_not_handle_its_case():
    person = make.person()
    case = make.case("under_review")
    company = make.company(of=person, role="clerk")
    Case.objects.filter(pk=case.pk).update(applicant=company)
    case.refresh_from_db()

    with pytest.raises(NotAllowed) as no:
        services.conclude(
            case, officer=ways.of_department("dept_reviewer", case, person=person), proposal="approve", opinion="fine"
        )

    assert no.value.code == "not-your-case"
    assert services.conclude(
        case, officer=ways.of_department("dept_reviewer", case), proposal="approve", opinion="fine"
    ).reviewer_id


# -- moves of the platform and of the applicant


def test_a_matter_without_pre_review_is_received_straight_away():
    case = make.submitted(make.matter(pre_review=False))

    case = services.start_pre_review(case)

    assert [step.move for step in case.steps.all()] == ["submit", "skip_pre_review"]


def test_the_platform_carries_a_case_from_sending_to_the_end():
    case = ways.bring("closed")

    assert [step.move for step in case.steps.all()] == [
        "submit", "pre_review_start", "pre_review_pass", "accept", "start_review", "approve", "issue", "result_ready",
        "deliver", "close",
    ]  # fmt: skip


def test_every_move_of_the_platform_is_one_line_of_history_however_often_it_is_asked():
    case = ways.bring("closed")

    for again in (issuing.issue_by_platform, issuing.close, intake.start_review, machine.consider):
        again(case.pk)
    ways.work()

    assert case.steps.count() == 10


@pytest.mark.parametrize("state", sorted(NAMED["withdraw"].sources - {"draft"}))
def test_the_applicant_withdraws_at_any_time_before_a_decision(state):
    case = ways.bring(state)

    case = services.withdraw(case, account=case.account, reason="I moved")

    assert (case.state, case.ended_at is not None) == ("withdrawn", True)
    assert not case.clocks.filter(stopped_on__isnull=True).exists()
    assert case.documents.filter(kind="withdrawal_record").count() == 1


@pytest.mark.parametrize("state", ["approved", "ready", "closed", "refused", "withdrawn"])
def test_after_the_decision_nothing_is_withdrawn(state):
    case = ways.bring(state)

    with pytest.raises(NotAllowed):
        services.withdraw(case, account=case.account)

    assert Case.objects.get(pk=case.pk).state == state


def test_a_returned_case_is_sent_again_when_every_finding_is_answered():
    case = ways.bring("pre_review_returned")

    with pytest.raises(NotAllowed) as open_points:
        services.resubmit(case, account=case.account, level=3)
    services.save(case, {"reason": "work at the café, with contract"}, revision=case.revision, account=case.account)
    case = services.resubmit(case, account=case.account, level=3)

    assert open_points.value.code == "findings-open"
    assert case.state == "submitted"
    assert Event.objects.filter(kind="CaseSubmitted", subject=case.subject).count() == 2


def test_correction_is_asked_for_once():
    case = ways.bring("correction_requested")
    services.answer_finding(case, case.findings.get().pk, account=case.account)
    case = services.correct(case, account=case.account, level=3)

    with pytest.raises(NotAllowed) as twice:
        services.request_correction(
            case, [{"field": "reason", "text": "still too short"}], officer=ways.hall("window_officer")
        )

    assert (twice.value.code, case.state) == ("correction-once", "received")
    assert services.accept(case, officer=ways.hall("window_officer")).state == "accepted"


def test_findings_name_a_field_or_a_document_of_the_case():
    case = make.case("received")

    with pytest.raises(NotAllowed.__mro__[1]) as nothing:
        services.request_correction(
            case,
            [{"field": "no_such_field", "text": "wrong"}, {"field": "reason", "text": "  "}],
            officer=ways.hall("window_officer"),
        )

    assert nothing.value.code == "no-finding"
    assert Case.objects.get(pk=case.pk).state == "received"


def test_the_reviewer_does_not_decide_and_nobody_decides_without_a_review():
    case = make.case("under_review")
    both = ways.of_department("dept_reviewer", case)
    both.roles = ["dept_reviewer", "dept_approver"]
    both.save()

    with pytest.raises(NotAllowed) as early:
        services.approve(case, officer=both)
    case = services.conclude(case, officer=both, proposal="approve", opinion="in order")
    for decide in (
        lambda: services.approve(case, officer=both),
        lambda: services.refuse(case, officer=both, reason="no", ground="Art. 38"),
    ):
        with pytest.raises(NotAllowed) as same:
            decide()
        assert same.value.code == "four-eyes"

    assert early.value.code == "four-eyes"
    assert services.approve(case, officer=ways.of_department("dept_approver", case)).state == "approved"


def test_a_matter_without_inspection_or_notice_has_none():
    case = make.case("under_review", make.matter(site_inspection=False, public_notice=False))
    reviewer = ways.of_department("dept_reviewer", case)

    for act in (
        lambda: services.order_inspection(case, officer=reviewer, why="kitchen"),
        lambda: services.publish_notice(case, officer=reviewer, text="for five days"),
    ):
        with pytest.raises(NotAllowed):
            act()

    assert Case.objects.get(pk=case.pk).state == "under_review"


def test_nothing_is_made_before_the_fee_is_paid():
    case = make.case("approved", make.matter(fee={"charged": True, "amount": 10}))
    ways.work()
    officer = ways.hall("issuing_officer")

    with pytest.raises(NotAllowed) as due:
        services.issue(case, officer=officer)

    assert (due.value.code, Case.objects.get(pk=case.pk).state) == ("fee-due", "approved")
    assert services.issue(make.paid(case), officer=officer) and Case.objects.get(pk=case.pk).state == "ready"


def test_a_decision_is_taken_back_only_after_the_holder_was_heard_and_takes_the_licence_along():
    case = ways.bring("closed")
    approver = ways.of_department("dept_approver", case)

    with pytest.raises(NotAllowed):
        services.revoke(case, officer=approver, reason="false", ground="Art. 69", heard=False)
    assert Case.objects.get(pk=case.pk).state == "closed"
    services.revoke(case, officer=approver, reason="false", ground="Art. 69", heard=True)

    case.refresh_from_db()
    case.licence.refresh_from_db()
    assert (case.state, case.licence.state) == ("revoked", "revoked")


def test_opening_the_result_twice_delivers_it_once():
    case = ways.bring("ready")

    for _time in range(2):
        services.open_result(case, account=case.account)

    assert case.steps.filter(move=DELIVER.name).count() == 1
    assert case.documents.filter(kind="delivery_proof").count() == 1


def test_an_office_is_offered_exactly_the_moves_it_may_make():
    case = make.case("reviewed", ways.matter_with_everything())

    offered = {
        role: {step.name for step in moves_for(ways.of_department(role, case), case)}
        for role in ("dept_reviewer", "dept_approver", "inspector")
    }

    assert offered == {
        "dept_reviewer": {"order_inspection", "suspend", "publish_notice"},
        "dept_approver": {"extend", "approve", "refuse", "terminate"},
        "inspector": set(),
    }
