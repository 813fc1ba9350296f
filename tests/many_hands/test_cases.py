"""What several people do to one case at the same moment happens once, and the others are told by whom and when."""

import threading

import pytest
from django.db import transaction
from django.utils import timezone

from tests import make
from tests.cases import ways
from tests.many_hands.hands import problems, together
from tongban.cases import services
from tongban.cases.models import Case, CaseNumber, Step
from tongban.cases.services import intake
from tongban.cases.states import CaseState
from tongban.evaluations import services as evaluations
from tongban.evaluations.models import Rating
from tongban.journal.models import Event, IdempotencyKey
from tongban.lib.identifiers import check_case_number
from tongban.lib.problems import NotAllowed, Problem
from tongban.licences.models import Licence

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 6


def fresh(case: Case) -> Case:
    """As another page would have loaded it."""
    return Case.objects.select_related("matter", "version", "department", "applicant", "account").get(pk=case.pk)


# -- decisions


def test_two_officers_deciding_at_once_make_one_decision_and_the_other_is_told_who_and_when():
    case = ways.bring("reviewed")
    approvers = [ways.of_department("dept_approver", case) for _number in range(2)]
    seen = [fresh(case), fresh(case)]

    answers = together(
        lambda: services.approve(seen[0], officer=approvers[0]),
        lambda: services.refuse(seen[1], officer=approvers[1], reason="does not fit", ground="Art. 38"),
    )

    late = problems(answers)
    case.refresh_from_db()
    winner = approvers[answers.index(next(one for one in answers if not isinstance(one, Exception)))]
    assert len(late) == 1 and isinstance(late[0], NotAllowed)
    assert late[0].code == "somebody-was-faster"
    assert winner.shown_name in str(late[0])
    assert case.steps.last().at.astimezone().strftime("%Y-%m-%d %H:%M") in str(late[0])
    assert Event.objects.filter(kind="CaseDecided", subject=case.subject).count() == 1
    assert Licence.objects.filter(decision=case.subject).count() == (case.state == "approved")


def test_many_approvals_at_once_issue_one_licence():
    case = ways.bring("reviewed")
    approvers = [ways.of_department("dept_approver", case) for _number in range(HANDS)]
    seen = [fresh(case) for _approver in approvers]

    answers = together(
        *(lambda who=who, row=row: services.approve(row, officer=who) for who, row in zip(approvers, seen, strict=True))
    )

    assert len(problems(answers)) == HANDS - 1
    assert {type(problem) for problem in problems(answers)} == {NotAllowed}
    assert Licence.objects.filter(decision=case.subject).count() == 1
    assert Step.objects.filter(case=case, move="approve").count() == 1


def test_without_the_condition_in_the_update_both_officers_would_win():
    """The negative control: looking first and writing afterwards, as the law of moves does not."""
    case = ways.bring("reviewed")
    looked = threading.Barrier(2)

    def decide(state: str, decision: str) -> str:
        row = fresh(case)
        assert row.state == CaseState.UNDER_REVIEW
        looked.wait(10)  # both have looked
        with transaction.atomic():
            Case.objects.filter(pk=row.pk).update(state=state, decision=decision, decided_at=timezone.now())
            Step.objects.create(case=row, at=timezone.now(), move="x", source=row.state, target=state, role="x")
        return state

    answers = together(lambda: decide("approved", "granted"), lambda: decide("refused", "refused"))

    assert problems(answers) == []
    assert Step.objects.filter(case=case, move="x").count() == 2


def test_two_officers_claiming_at_once_put_it_on_one_desk():
    case = ways.bring("under_review")
    reviewers = [ways.of_department("dept_reviewer", case) for _number in range(2)]
    seen = [fresh(case), fresh(case)]

    answers = together(*(lambda n=n: services.claim(seen[n], officer=reviewers[n]) for n in range(2)))

    case.refresh_from_db()
    late = problems(answers)
    assert [problem.code for problem in late] == ["claimed"]
    assert case.claimed_by.shown_name in str(late[0])


def test_withdrawal_and_decision_at_once_leave_one_of_them():
    case = ways.bring("reviewed")
    seen, approver = [fresh(case), fresh(case)], ways.of_department("dept_approver", case)

    answers = together(
        lambda: services.withdraw(seen[0], account=seen[0].account),
        lambda: services.approve(seen[1], officer=approver),
    )

    case.refresh_from_db()
    assert len(problems(answers)) == 1
    assert case.steps.count() == 6
    assert Licence.objects.filter(decision=case.subject).exists() == (case.state == "approved")
    assert case.clocks.filter(kind="decision_promised", stopped_on__isnull=True).count() == 0


# -- sending


def test_many_clicks_on_one_draft_make_one_case_with_one_receipt():
    case = make.draft()
    seen = [fresh(case) for _click in range(HANDS)]

    answers = together(
        *(
            lambda row=row, key=key: services.submit(row, account=row.account, level=3, key=f"page-{key % 2}")
            for key, row in enumerate(seen)
        )
    )

    assert problems(answers) == []
    assert {answer.number for answer in answers} == {fresh(case).number}
    assert Event.objects.filter(kind="CaseSubmitted", subject=case.subject).count() == 1
    assert case.documents.filter(kind="submission_receipt").count() == 1
    assert case.clocks.count() == 1
    assert CaseNumber.objects.get().last == 1
    assert IdempotencyKey.objects.filter(scope="submit").count() in (1, 2)


def test_without_the_lock_many_clicks_would_take_many_numbers():
    """The negative control: each click looks whether it was sent, then takes a number."""
    case = make.draft()
    looked = threading.Barrier(HANDS)

    def click() -> str:
        assert fresh(case).state == CaseState.DRAFT
        looked.wait(10)
        with transaction.atomic():
            return intake.take_number(timezone.localdate())

    answers = together(*[click] * HANDS)

    assert len(set(answers)) == HANDS


def test_many_people_sending_at_once_get_different_numbers_without_a_gap():
    matter = make.matter()
    drafts = [make.draft(matter) for _person in range(HANDS)]
    seen = [fresh(case) for case in drafts]

    answers = together(*(lambda row=row: services.submit(row, account=row.account, level=3, key="one") for row in seen))

    numbers = sorted(answer.number for answer in answers)
    assert problems(answers) == []
    assert [int(number[12:17]) for number in numbers] == list(range(1, HANDS + 1))
    assert all(check_case_number(number).valid for number in numbers)


def test_a_number_is_not_lost_when_sending_fails():
    matter = make.matter()
    good, bad = make.draft(matter), make.draft(matter)
    numbers = []

    for case in (bad, good):
        try:
            with transaction.atomic():
                numbers.append(intake.take_number(timezone.localdate()))
                if case is bad:
                    raise Problem("stopped", "")
        except Problem:
            numbers.pop()

    assert CaseNumber.objects.get().last == 1
    assert len(numbers) == 1


def test_saving_on_two_devices_at_once_keeps_one_and_says_so_to_the_other():
    case = make.draft()
    seen = [fresh(case), fresh(case)]

    answers = together(
        *(
            lambda n=n: services.save(
                seen[n], {"reason": f"device {n}"}, revision=seen[n].revision, account=seen[n].account, saver=f"d{n}"
            )
            for n in range(2)
        )
    )

    late = problems(answers)
    assert [problem.code for problem in late] == ["changed-elsewhere"]
    assert fresh(case).value("reason") == f"device {1 - answers.index(late[0])}"


# -- afterwards


def test_rating_twice_at_once_counts_once():
    case = ways.bring("closed")
    ways.work()
    seen = [fresh(case) for _click in range(HANDS)]

    answers = together(
        *(
            lambda row=row, n=n: evaluations.rate(row, account=row.account, grade=5 - n % 2, key=f"page-{n}")
            for n, row in enumerate(seen)
        )
    )

    assert Rating.objects.filter(case=case).count() == 1
    assert len(problems(answers)) == HANDS - 1
    assert all(isinstance(problem, Problem) for problem in problems(answers))


def test_opening_the_result_many_times_at_once_delivers_it_once():
    case = ways.bring("ready")
    seen = [fresh(case) for _click in range(HANDS)]

    answers = together(*(lambda row=row: services.open_result(row, account=row.account) for row in seen))

    assert problems(answers) == []
    assert case.steps.filter(move="deliver").count() == 1


def test_two_workers_considering_one_case_do_each_step_once():
    case = make.submitted(make.matter(rules={"==": [1, 1]}, decided_by="rule"))

    answers = together(*[lambda: ways.machine.consider(case.pk)] * 3)

    moves = [step.move for step in case.steps.all()]
    assert all(
        isinstance(problem, NotAllowed) for problem in problems(answers)
    )  # the worker tries again and finds it done
    assert len(moves) == len(set(moves))
    ways.machine.consider(case.pk)
    assert fresh(case).state in {"approved", "under_review"}
    assert Event.objects.filter(kind="CaseDecided", subject=case.subject).count() <= 1
