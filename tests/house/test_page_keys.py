"""The key of a page in an address is typed by anybody: what is no number leads to the first page and never to a fault."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import doors, make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NO_NUMBERS = ["²", "①", "٣", "-1", "9" * 5000, "x"]
OF_THE_APPLICANT = {"cases": "before", "bills": "before", "inbox": "after", "disputes": "before"}
OF_THE_OFFICE = {"batches": "before", "payments": "before", "oversight": "before"}


@pytest.mark.parametrize("said", NO_NUMBERS)
def test_what_is_no_number_leads_to_a_page(said):
    at_home = doors.enter(Client(), make.account())
    at_work = doors.enter(Client(), make.officer("coordinator").account)

    answers = [at_home.get(reverse(f"portal:{name}"), {key: said}) for name, key in OF_THE_APPLICANT.items()]
    answers += [at_work.get(reverse(f"office:{name}"), {key: said}) for name, key in OF_THE_OFFICE.items()]

    assert [answer.status_code for answer in answers] == [200] * 7
