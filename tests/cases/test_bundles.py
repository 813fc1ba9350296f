"""One thing done as one: begun, sent, received, accepted, decided by its departments, followed by the whole, handed over together."""

import datetime

import pytest
from django.utils import timezone

from tests import make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tongban.cases import bundles, planning, queries, services
from tongban.cases.models import Case, CaseMaterial
from tongban.cases.services import following
from tongban.journal.models import Event
from tongban.lib.identifiers import check_case_number
from tongban.lib.problems import Invalid, NotAllowed
from tongban.matters.models import MatterVersion
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db


def test_a_shop_goes_from_draft_to_every_licence_and_one_letter():
    case = shop.submitted()
    assert case.number and case.members.count() == 0
    services.start_pre_review(case)

    members = list(case.members.order_by("number"))
    assert [one.number for one in members] == [f"{case.number}-{place:02d}" for place in range(1, 5)]
    assert all(check_case_number(one.number).valid for one in members)
    services.accept(shop.fresh(case), officer=ways.hall("window_officer"))
    ways.work()
    assert set(shop.states(case).values()) == {"under_review"}
    assert shop.fresh(case).state == "under_review"

    shop.grant(case, "food", "fire", "drain")
    assert shop.fresh(case).state == "under_review"
    shop.grant(case, "sign")
    whole = shop.fresh(case)
    assert (whole.state, whole.decision) == ("approved", "granted")
    ways.work()
    assert shop.fresh(case).state == "ready"
    services.open_result(shop.fresh(case), account=case.account)
    ways.work()
    assert shop.fresh(case).state == "closed"
    assert set(shop.states(case).values()) == {"closed"}
    assert case.documents.filter(kind="bundle_decision").count() == 1


# -- the draft


def test_what_two_ask_is_asked_once():
    case = shop.draft(chosen=("sign", "hygiene"))

    asked = [one["id"] for one in planning.form_of(case)]
    assert asked.count("premises") == 1
    assert {"kitchen", "exits", "sign_text", "waste", "cleaner"} <= set(asked)
