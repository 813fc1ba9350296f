import datetime

import pytest

from tongban.departments import queries, rules, services
from tongban.departments.models import Certification, Department, Officer
from tongban.lib.problems import Invalid
from tongban.parties.models import Account

TODAY = datetime.date(2026, 6, 1)


def an_officer(roles=("dept_reviewer",), active=True) -> Officer:
    return Officer(staff_no="AMR-01", roles=list(roles), active=active)


def certified(matter, since="2026-01-01", until=None) -> Certification:
    return Certification(
        matter=matter,
        since=datetime.date.fromisoformat(since),
        until=datetime.date.fromisoformat(until) if until else None,
    )


@pytest.mark.parametrize(
    ("officer", "certifications", "reasons"),
    [
        (an_officer(), [certified("food-licence-new")], []),
        (an_officer(), [certified("*")], []),
        (an_officer(), [certified("hygiene-renew")], ["not_certified"]),
        (an_officer(), [certified("food-licence-new", since="2026-06-02")], ["not_certified"]),
        (an_officer(), [certified("food-licence-new", until="2026-05-31")], ["not_certified"]),
        (an_officer(), [certified("food-licence-new", until="2026-06-01")], []),
        (an_officer(roles=["window_officer"]), [certified("*")], ["role_not_held"]),
        (an_officer(roles=[], active=False), [], ["not_on_duty", "role_not_held", "not_certified"]),
    ],
)
def test_every_reason_against_an_officer_is_named(officer, certifications, reasons):
    found = rules.reasons_against_handling(
        officer, "food-licence-new", role="dept_reviewer", today=TODAY, certifications=certifications
    )

    assert found == reasons


@pytest.fixture
def department(db):
    return Department.objects.create(code="AMR", name={"zh": "局", "en": "Bureau"}, uscc="99990000000000002J")


def test_an_officer_is_found_by_the_account_and_nobody_else_is(department):
    account = Account.objects.create_user("amr-01")
    stranger = Account.objects.create_user("somebody")
    officer = services.appoint(
        account, department=department, staff_no="AMR-01", name={"zh": "陈", "en": "Chen"}, roles=["dept_reviewer"]
    )
    services.certify(officer, "food-licence-new", since=datetime.date(2026, 1, 1))
    services.certify(officer, "old", since=datetime.date(2020, 1, 1), until=datetime.date(2021, 1, 1))

    assert queries.officer_of(account) == officer
    assert queries.officer_of(stranger) is None
    assert queries.certifications(officer, TODAY) == {"food-licence-new"}
    assert queries.officers(department, "dept_reviewer") == [officer]
    assert queries.officers(department, "dept_approver") == []


def test_a_role_nobody_knows_is_refused(department):
    with pytest.raises(Invalid):
        services.appoint(
            Account.objects.create_user("x"), department=department, staff_no="X", name={}, roles=["emperor"]
        )


def test_a_certification_does_not_end_before_it_begins(department):
    officer = services.appoint(
        Account.objects.create_user("x"), department=department, staff_no="X", name={}, roles=["inspector"]
    )
    with pytest.raises(Invalid):
        services.certify(officer, "*", since=TODAY, until=TODAY - datetime.timedelta(days=1))
    assert not Certification.objects.exists()
