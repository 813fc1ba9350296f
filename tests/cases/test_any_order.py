"""Whatever people do, in whatever order: a case never leaves the table of moves."""

import random
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests import make
from tests.cases import ways
from tests.cases.test_moves import OFFICERS_ACTS
from tongban.cases import services
from tongban.cases.models import Case
from tongban.cases.services import keeping_time
from tongban.cases.states import ENDED, MOVES, CaseState
from tongban.journal.models import Event
from tongban.lib.problems import Problem
from tongban.licences.models import Licence

pytestmark = pytest.mark.django_db

NAMED = {step.name: step for step in MOVES}
ROLES = {"window_officer", "pre_reviewer", "issuing_officer", "dept_reviewer", "dept_approver", "inspector"}


def everybody(case: Case) -> dict:
    hall = {"window_officer", "pre_reviewer", "issuing_officer"}
    return {
        role: [
            make.officer(role, of=make.department("DSO") if role in hall else case.department) for _number in range(2)
        ]
        for role in ROLES
    }


def applicants_acts(rng: random.Random) -> dict:
    def changed(case):
        return services.save(
            case, {"reason": f"reason {rng.random()}"}, revision=case.revision, account=case.account, saver="me"
        )

    def answered(case):
        for finding in case.findings.all():
            services.answer_finding(case, finding.pk, account=case.account)

    return {
        "submit": lambda case: services.submit(
            case, account=case.account, level=rng.choice([2, 3, 3]), key=uuid.uuid4().hex
        ),
        "save": changed,
        "answer": answered,
        "resubmit": lambda case: services.resubmit(case, account=case.account, level=3),
        "correct": lambda case: services.correct(case, account=case.account, level=3),
        "open": lambda case: services.open_result(case, account=case.account),
        "withdraw": lambda case: services.withdraw(case, account=case.account) if rng.random() < 0.08 else None,
        "ask a person": lambda case: services.ask_a_person(case, account=case.account),
    }


@pytest.mark.parametrize("seed", range(12))
def test_random_acts_never_leave_the_table_of_moves(seed):
    rng = random.Random(seed)
    clock = datetime(2025, 3, 3, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
    with time_machine.travel(clock, tick=False):
        case = make.draft(ways.matter_with_everything())
        officers, acts = everybody(case), applicants_acts(rng)
    done = 0

    for _turn in range(70):
        clock += timedelta(hours=rng.choice([0, 1, 5, 24, 24 * 7]))
        with time_machine.travel(clock, tick=False):
            row = Case.objects.select_related("matter", "version", "department", "applicant", "account").get(pk=case.pk)
            try:
                done += _one_act(rng, row, officers, acts) is not None
            except Problem:
                pass  # a sentence, and nothing changed
            if rng.random() < 0.4:
                ways.work()
        _stands_on_the_table(case.pk)

    assert done > 3


def _one_act(rng, row, officers, acts):
    kind = rng.random()
    if kind < 0.30:
        return rng.choice(list(acts.values()))(row)
    if kind < 0.38:
        rng.choice(
            [
                keeping_time.deem_accepted_what_waited,
                keeping_time.lapse_what_was_not_corrected,
                keeping_time.end_public_notices,
            ]
        )()
        return None
    if kind < 0.48:
        return services.conclude(
            row, officer=rng.choice(officers["dept_reviewer"]), proposal=rng.choice(["approve", "refuse"]), opinion="so"
        )
    fitting = [name for name in OFFICERS_ACTS if row.state in NAMED[name].sources]
    name = rng.choice(fitting if fitting and rng.random() < 0.8 else list(OFFICERS_ACTS))
    _state, role, act = OFFICERS_ACTS[name]
    if name in {"terminate", "not_accept", "refuse"} and rng.random() < 0.7:
        return None
    return act(row, rng.choice(officers[role if rng.random() < 0.9 else rng.choice(sorted(ROLES))]))


def _stands_on_the_table(pk: int) -> None:
    case = Case.objects.get(pk=pk)
    steps = list(case.steps.all())

    at = CaseState.DRAFT.value
    for step in steps:
        move = NAMED[step.move]
        assert (step.source, step.target, step.role in move.by) == (at, move.target, True), step
        assert at in move.sources
        at = step.target
    assert case.state == at
    assert (case.number is None) == (not [step for step in steps if step.move in {"submit", "hand_in"}])
    assert Event.objects.filter(kind="CaseDecided", subject=case.subject).count() <= 1
    assert Licence.objects.filter(decision=case.subject).count() <= 1
    assert case.corrections <= 1
    assert sum(step.move == "extend" for step in steps) <= 1
    running = list(case.clocks.filter(stopped_on__isnull=True).values_list("kind", flat=True))
    assert len(running) == len(set(running))
    if case.state in ENDED - {CaseState.CLOSED}:
        assert running == []
    if case.approver_id:
        assert case.approver_id != case.reviewer_id
