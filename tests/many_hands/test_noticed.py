"""What the machine noticed on a paper, with several people at it at the same moment."""

import pytest

from tests import make
from tests.cases import papers_read as papers
from tests.cases.papers_read import value
from tests.many_hands.hands import problems, together
from tongban.cases import services
from tongban.cases.models import Case, Step
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 5
EXPIRED = {"valid_to": value("2020-05-03"), "tenant": value("王演习")}


def fresh(case: Case) -> Case:
    return Case.objects.select_related("matter", "version", "department", "applicant", "account").get(pk=case.pk)


def test_officers_overruling_at_once_leave_one_reason():
    case = papers.draft()
    papers.read(case, values={"valid_to": value("2020-05-03")})
    papers.send(case)
    row, officers = case.machine_findings.get(), [make.officer("pre_reviewer") for _hand in range(HANDS)]
    seen = [fresh(case) for _officer in officers]

    answers = together(
        *(
            lambda who=who, one=one: services.overrule(one, row.pk, officer=who, reason=f"reason of {who.staff_no}")
            for who, one in zip(officers, seen, strict=True)
        )
    )

    row.refresh_from_db()
    assert [isinstance(one, NotAllowed) for one in problems(answers)] == [True] * (HANDS - 1)
    assert row.reason == f"reason of {row.overruled_by.staff_no}"
    assert Step.objects.filter(case=case, move="overrule_finding").count() == 1
    assert Event.objects.filter(kind="MachineFindingOverruled").count() == 1


def test_looking_over_at_once_notices_each_thing_once():
    case = papers.draft()
    papers.read(case, values=EXPIRED, tell=False)

    seen = [fresh(case) for _hand in range(HANDS)]
    answers = together(*(lambda one=one: services.look_over(one) for one in seen))

    assert problems(answers) == []
    assert sorted(papers.found(case)) == ["expired", "name_differs"]


def test_taking_a_value_at_once_writes_it_once():
    case = papers.draft()
    papers.read(case, values={"valid_to": value("2099-01-01"), "filing_no": value("ZL2025-0001")})
    seen = [fresh(case) for _hand in range(HANDS)]

    answers = together(
        *(lambda one=one: services.take_value(one, "addr-rent", "lease_no", account=one.account) for one in seen)
    )

    held = fresh(case)
    assert [one for one in problems(answers) if not isinstance(one, NotAllowed)] == []
    assert Event.objects.filter(kind="ValueTakenFromPaper", subject=case.subject).count() == 1
    assert (held.value("lease_no"), held.values["lease_no"]["source"]) == ("ZL2025-0001", "paper:addr-rent")
