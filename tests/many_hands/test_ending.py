"""A business that is closed while others act on what it holds: it ends once, whole, and nothing is left behind."""

import pytest
from django.utils import timezone

from tests import make
from tests.cases.test_ending import TODAY, cafe, holding
from tests.many_hands.hands import problems, together
from tongban.cases.models import Case
from tongban.cases.services import ending
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event
from tongban.licences import industry, items, services
from tongban.licences.models import Licence
from tongban.notices.models import Message
from tongban.parties.models import Company

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_seal_keys"),
]


@pytest.fixture
def closing():
    owner = make.account()
    make.calendar()
    shop = cafe(owner)
    held = holding(shop)
    matter = make.matter("sole-prop-cancel", department=make.department("AMR"), objects_served=["sole_proprietor"])
    case = make.draft(matter, account_=owner, party=shop, answers={})
    return case, shop, held, owner


def closed(case: Case) -> int:
    row = Case.objects.select_related("matter", "version", "department", "applicant").get(pk=case.pk)
    return len(ending.end_business(row, now=timezone.now()))


def test_many_hands_that_close_one_business_close_it_once(closing):
    case, shop, _held, owner = closing

    answers = together(*[lambda: closed(case)] * 5)

    assert problems(answers) == []
    assert sorted(answers) == [0, 0, 0, 0, 5]
    assert Event.objects.filter(kind="CompanyClosed").count() == 1
    assert Message.objects.filter(account=owner, kind="business_ended").count() == 1


def test_a_department_that_suspends_a_permit_at_that_moment_leaves_nothing_behind(closing):
    case, shop, held, _owner = closing
    services.issue(
        "food-licence", holder=shop, face={}, decision="case:renewed", issued_on=TODAY, valid_from=TODAY, valid_to=None, actor=PLATFORM,
        previous=Licence.objects.get(pk=held["food-licence"].pk),
    )  # fmt: skip
    second = industry.refresh(held["whole"])
    assert second.edition == 2

    answers = together(
        lambda: closed(case),
        lambda: services.suspend(Licence.objects.get(pk=held["tobacco-licence"].pk), reason="x", actor=PLATFORM),
        lambda: industry.refresh(Licence.objects.get(pk=held["whole"].pk)),
    )

    assert len(problems(answers)) <= 1  # whoever came to a permit that had ended was told so
    newest = [
        items.editions(one)[0].state for one in (*(held[slug] for slug in held if slug != "whole"), held["whole"])
    ]
    assert newest == ["cancelled"] * 4
    assert Company.objects.get(pk=shop.pk).status == "closed"
    assert items.editions(held["whole"]).count() == 2
