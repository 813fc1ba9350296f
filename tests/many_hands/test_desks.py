"""A case goes from desk to desk under many hands: it lies on one at every moment, and whoever comes late is told."""

import pytest
from django.utils import timezone

from tests import make
from tests.cases import ways
from tests.many_hands.hands import problems, together
from tests.many_hands.test_cases import fresh
from tongban.cases import services
from tongban.cases.models import Case, DeskTime, PassingOn
from tongban.departments import absences
from tongban.journal.actors import PLATFORM
from tongban.lib.problems import NotAllowed

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def held_out():
    """(case, who has it, to whom it is held out, what was held out)"""
    case = make.case("under_review")
    giver, taker = (ways.of_department("dept_reviewer", case) for _number in range(2))
    case = services.claim(case, officer=giver)
    return case, giver, taker, services.pass_on(case, officer=giver, to=taker)


def with_case(row: PassingOn) -> PassingOn:
    return PassingOn.objects.select_related(
        "case__department", "case__matter", "case__applicant", "giver", "taker"
    ).get(pk=row.pk)


def lies_with(case: Case) -> list[int]:
    return list(DeskTime.objects.filter(case=case, until=None).values_list("officer", flat=True))


def test_taking_what_is_held_out_and_keeping_it_at_once_is_one_of_the_two():
    case, giver, taker, row = held_out()

    answers = together(
        lambda: services.take_passed(with_case(row), officer=taker),
        lambda: services.recall(with_case(row), officer=giver),
        lambda: services.give_back(with_case(row), officer=taker),
    )

    case, row = Case.objects.get(pk=case.pk), PassingOn.objects.get(pk=row.pk)
    late = problems(answers)
    assert len(late) == 2 and all(isinstance(one, NotAllowed) for one in late)
    assert case.claimed_by_id == (taker.pk if row.state == "taken" else giver.pk)
    assert lies_with(case) == [case.claimed_by_id]


@pytest.mark.parametrize("_round", range(4))
def test_claim_against_hand_over_leaves_the_case_on_exactly_one_desk(_round):
    """The giver puts it back, a third takes it from the pool, the taker takes what was held out: whatever comes first."""
    case, giver, taker, row = held_out()
    third = ways.of_department("dept_reviewer", case)

    answers = together(
        lambda: services.release(fresh(case), officer=giver),
        lambda: services.claim(fresh(case), officer=third),
        lambda: services.take_passed(with_case(row), officer=taker),
    )

    case, row = Case.objects.get(pk=case.pk), PassingOn.objects.get(pk=row.pk)
    assert all(isinstance(one, NotAllowed) for one in problems(answers))
    assert lies_with(case) == ([case.claimed_by_id] if case.claimed_by_id else [])
    assert (row.state == "taken") == (case.claimed_by_id == taker.pk)
    assert row.state in {"taken", "over"}


def test_two_who_take_over_from_somebody_absent_are_one():
    case, giver, taker, row = held_out()
    leads = [ways.of_department("dept_approver", case) for _number in range(2)]
    for lead in leads:
        lead.roles = [*lead.roles, "dept_reviewer"]
        lead.save()
    today = timezone.localdate()
    absences.enter(giver, giver, first=today, last=today, substitute=None, actor=PLATFORM)

    answers = together(*(lambda who=who: services.take_over_desk(fresh(case), officer=who) for who in leads))

    case.refresh_from_db()
    assert len(problems(answers)) == 1 and isinstance(problems(answers)[0], NotAllowed)
    assert case.claimed_by in leads and lies_with(case) == [case.claimed_by_id]
    assert PassingOn.objects.get().state == "over"


def test_control_without_the_row_that_decides_it_would_be_taken_and_kept(monkeypatch):
    """The same two words with the conditional update answered "yes" to everybody: both are believed."""
    case, giver, taker, row = held_out()
    seen = [with_case(row), with_case(row)]
    monkeypatch.setattr("tongban.cases.services.passing_on._end", lambda rows, state, now, **more: rows.count())

    services.recall(seen[0], officer=giver)
    services.take_passed(seen[1], officer=taker)

    case.refresh_from_db()
    assert case.claimed_by == taker  # although it was kept
