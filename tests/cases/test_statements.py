"""How many statements the acts ask of the database that every case goes through: held at what they were brought to."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tongban.cases import services
from tongban.cases.services import following, issuing
from tongban.licences.models import Licence

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL is asked to hold rows, which SQLite is not"),
]

NOT_COUNTED = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
NOW_AND_THEN = "departments_calendaryear"  # once a second, however many acts there are


def statements(act) -> int:
    with CaptureQueriesContext(connection) as sent:
        act()
    return sum(
        not one["sql"].startswith(NOT_COUNTED) and NOW_AND_THEN not in one["sql"] for one in sent.captured_queries
    )


def test_a_single_case_asks_no_more_of_the_database_than_it_was_brought_to():
    matter = ways.matter_with_everything(pre_review=False)
    case = make.draft(matter)
    account = case.account
    window = ways.hall("window_officer")
    reviewer, approver = ways.of_department("dept_reviewer", case), ways.of_department("dept_approver", case)

    asked = {
        "submit": statements(lambda: services.submit(case, account=account, level=3, key=uuid.uuid4().hex)),
        "receive": statements(lambda: services.start_pre_review(case)),
        "accept": statements(lambda: services.accept(shop.fresh(case), officer=window)) - 1,
        "begin": statements(lambda: ways.intake.start_review(case.pk)),
        "conclude": statements(
            lambda: services.conclude(shop.fresh(case), officer=reviewer, proposal="approve", opinion="looked at")
        ) - 1,
        "approve": statements(lambda: services.approve(shop.fresh(case), officer=approver)) - 1,
    }  # fmt: skip

    assert all(asked[act] <= AT_MOST[act] for act in asked), str(asked)


AT_MOST = {"submit": 26, "receive": 9, "accept": 20, "begin": 5, "conclude": 6, "approve": 29}


def test_a_bundle_of_five_asks_no_more_and_its_members_are_moved_together():
    matter = shop.bundle(industry=True)
    account, window = make.account(), ways.hall("window_officer")
    case = shop.draft(matter, ("sign", "hygiene"), account=account)
    asked = {
        "submit": statements(lambda: services.submit(case, account=account, level=3, key=uuid.uuid4().hex)),
        "receive": statements(lambda: services.start_pre_review(case)),
        "accept": statements(lambda: services.accept(case, officer=window)),
        "begin": statements(lambda: following.go_on(case.pk)),
    }
    decided = 0
    for key in ("food", "fire", "drain", "sign", "hygiene"):
        member = shop.conclude(shop.of(case, key))
        officer = ways.of_department("dept_approver", member)
        decided += statements(lambda member=member, officer=officer: services.approve(member, officer=officer))
    asked["five decisions"] = decided
    Licence.objects.filter(sealed_at__isnull=True).update(sealed_at="2026-01-01T00:00:00Z")
    asked["results ready"] = sum(
        statements(lambda one=one: issuing.issue_by_platform(one.pk)) for one in [*case.members.all(), case]
    )
    asked["open and close"] = statements(
        lambda: (services.open_result(shop.fresh(case), account=account), issuing.close(case.pk))
    )

    assert shop.fresh(case).state == "closed"
    assert all(asked[act] <= BUNDLE_AT_MOST[act] for act in asked), str(asked)


BUNDLE_AT_MOST = {
    "submit": 27, "receive": 23, "accept": 34, "begin": 11, "five decisions": 200, "results ready": 100,
    "open and close": 34,
}  # fmt: skip
