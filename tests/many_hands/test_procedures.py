"""Corrections, hearings, opinions and reconsideration under many hands: each happens once, and nobody's word is lost."""

import pytest

from tests import make
from tests.cases import ways
from tests.many_hands.hands import problems, together
from tests.many_hands.test_cases import fresh
from tongban.cases import services
from tongban.cases.models import Appeal, Case, CorrectionRequest, Hearing
from tongban.cases.services import consulting
from tongban.lib.problems import NotAllowed

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WRONG = [{"field": "reason", "text": "too short"}]


def test_two_officers_asking_for_correction_at_once_ask_once():
    case = make.case("received")
    officers = [ways.hall("window_officer") for _number in range(2)]
    seen = [fresh(case), fresh(case)]

    answers = together(
        lambda: services.request_correction(seen[0], WRONG, officer=officers[0]),
        lambda: services.request_correction(seen[1], WRONG, officer=officers[1]),
    )

    case.refresh_from_db()
    late = problems(answers)
    assert len(late) == 1 and isinstance(late[0], NotAllowed)
    assert (case.corrections, CorrectionRequest.objects.count()) == (1, 1)
    assert case.documents.filter(kind="correction_notice").count() == 1


def test_an_answer_and_taking_the_request_back_at_once_leave_one_of_the_two():
    """Whichever comes first: either it was sent by the applicant, or it was taken back and what was sent before stands."""
    case = services.request_correction(make.case("received"), WRONG, officer=ways.hall("window_officer"))
    officer, point = ways.hall("window_officer"), case.findings.get().pk

    def answer():
        row = fresh(case)
        services.answer_finding(row, point, account=row.account)
        return services.correct(row, account=row.account, level=3)

    answers = together(answer, lambda: services.recall_correction(fresh(case), officer=officer, why="it was there"))

    row = Case.objects.get(pk=case.pk)
    request = CorrectionRequest.objects.get()
    assert row.state == "received"
    assert row.steps.filter(move="correct").count() == 1
    assert len(problems(answers)) == 1
    assert row.steps.get(move="correct").role == ("window_officer" if request.recalled_at else "applicant")
    assert row.clocks.filter(kind="acceptance", stopped_on=None).count() == 1


def test_a_hearing_asked_for_on_two_devices_and_declined_on_a_third_has_one_end():
    case = make.case("under_review")
    reviewer = ways.of_department("dept_reviewer", case)
    row = services.offer_hearing(case, officer=reviewer, reason="too near", ground="Art. 7")
    rows = [Hearing.objects.select_related("case").get(pk=row.pk) for _number in range(3)]

    together(
        lambda: services.ask_hearing(rows[0], account=case.account),
        lambda: services.ask_hearing(rows[1], account=case.account),
        lambda: services.decline_hearing(rows[2], account=case.account),
    )

    row.refresh_from_db()
    case.refresh_from_db()
    assert (row.state, case.state) in {("asked", "suspended"), ("not_asked", "under_review")}
    assert case.steps.filter(move="ask_hearing").count() + case.steps.filter(move="decline_hearing").count() == 1


def test_an_opinion_given_by_two_at_once_is_one():
    case = make.case("under_review")
    experts = [make.officer("dept_reviewer", of=make.department("FRB")) for _number in range(2)]
    row = consulting.ask_opinion(
        case, officer=ways.of_department("dept_reviewer", case), department=make.department("FRB"),
        question="Is it strong enough?", fields=[], materials=[],
    )  # fmt: skip

    answers = together(
        *(
            lambda who=who: services.give_opinion(row, officer=who, position="agrees", answer="it is strong enough")
            for who in experts
        )
    )

    assert len(problems(answers)) == 1
    assert case.steps.filter(move="give_opinion").count() == 1


def test_reconsideration_asked_for_many_times_at_once_is_one():
    case = ways.bring("refused")

    together(
        *(lambda: services.appeal(fresh(case), account=case.account, wish="it was measured wrongly") for _ in range(4))
    )

    assert Appeal.objects.count() == 1
    assert case.documents.filter(kind="appeal_receipt").count() == 1


def test_control_without_the_lock_two_requests_would_both_be_written(monkeypatch):
    """The same two officers, with the conditional move taken away: both ask, so it is the move that holds them apart."""
    case = make.case("received")
    officers = [ways.hall("window_officer") for _number in range(2)]
    seen = [fresh(case), fresh(case)]
    monkeypatch.setattr("tongban.cases.services.correcting.go", lambda *args, **kwargs: None)
    monkeypatch.setattr("tongban.cases.services.correcting.clocks.start", lambda *args, **kwargs: case.clocks.first())

    for row, officer in zip(seen, officers, strict=True):
        services.request_correction(row, WRONG, officer=officer)

    assert CorrectionRequest.objects.count() == 2
