"""The demonstration's health passes: a signer of its own, passes that really verify, one with a positive test."""

import pytest
from django.utils import timezone

from tests import make
from tongban.codes import queries_passes
from tongban.codes.models import KeptPass, TrustList
from tongban.codes.test_results import latest_tests
from tongban.site.demonstration import passes

pytestmark = pytest.mark.django_db


def test_people_of_the_demonstration_keep_passes_that_verify_and_one_is_positive():
    people = {login: make.account(make.person(login), login=login) for login in ("anna", "li-na", "wu-skill")}
    make.officer("health_officer")
    make.officer("health_approver")

    assert passes.hand_out(timezone.now()) == 4
    assert passes.hand_out(timezone.now()) == 0

    now = timezone.now()
    trust = queries_passes.trust()
    lights = {
        (row.person_id, row.facts["kind"]): queries_passes.judge(row.qr_text, at=now, trust=trust).light
        for row in KeptPass.objects.all()
    }
    ids = {login: account.person_id for login, account in people.items()}
    assert lights == {
        (ids["anna"], "t"): "green",
        (ids["anna"], "v"): "green",
        (ids["li-na"], "v"): "green",
        (ids["wu-skill"], "t"): "red",
    }
    row = TrustList.objects.get()
    assert (row.state, row.loaded_by_id == row.decided_by_id) == ("in_force", False)
    tests = latest_tests(ids.values(), now)
    assert {login: tests[pk].result for login, pk in ids.items() if pk in tests} == {
        "anna": "negative",
        "wu-skill": "positive",
    }


def test_without_two_officers_the_list_is_the_operators_own():
    make.account(make.person("anna"), login="anna")

    assert passes.hand_out(timezone.now()) == 2
    assert TrustList.objects.get().decided_by is None
