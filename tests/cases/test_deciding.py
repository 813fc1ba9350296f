import pytest

from tests import make
from tongban.cases import services
from tongban.journal import services as journal
from tongban.lib.problems import Invalid, NotAllowed

pytestmark = pytest.mark.django_db


def work():
    while journal.work_once():
        pass


def test_a_case_goes_from_draft_to_a_sealed_licence_by_two_officers():
    make.licence_type("residence-permit")
    matter = make.matter(result={"kind": "e_licence", "ref": "residence-permit"})
    case = make.submitted(matter)
    work()
    case.refresh_from_db()
    assert case.state == "received"

    case = services.accept(case, officer=make.officer("window_officer", of=make.department("DSO")))
    work()
    case.refresh_from_db()
    assert case.state == "under_review"
    case = services.conclude(case, officer=make.officer("dept_reviewer"), proposal="approve", opinion="in order")
    case = services.approve(case, officer=make.officer("dept_approver"))
    assert case.licence.state == "valid"
    work()

    case.refresh_from_db()
    assert (case.state, case.licence.sealed_at is not None) == ("ready", True)
    services.open_result(case, account=case.account)
    work()
    case.refresh_from_db()
    assert case.state == "closed"


def test_the_reviewer_does_not_decide():
    case = make.case("reviewed")

    with pytest.raises(NotAllowed):
        services.approve(case, officer=case.reviewer)


def test_a_refusal_needs_reason_and_ground():
    case = make.case("reviewed")

    with pytest.raises(Invalid) as refused:
        services.refuse(case, officer=make.officer("dept_approver"), reason=" ", ground="")

    assert set(refused.value.errors) == {"reason", "ground"}
