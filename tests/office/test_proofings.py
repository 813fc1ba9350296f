"""What somebody says of a passport is laid beside the document in words, by name of country and not by code."""

import pytest
from django.test import Client

from tests import doors
from tests.office.desks import at_the_desk, officer_for
from tongban.parties.models import Account, Proofing

pytestmark = pytest.mark.django_db


def test_an_officer_compares_a_passport_in_words_and_decides():
    account = Account.objects.create_user("sofia", "a good pass phrase")
    doors.enter(Client(), account).post(
        "/account/identity/",
        {"id_kind": "passport", "name": "Sofia García Ñuñez", "id_no": "XDA123456", "birth_date": "1991-04-05", "sex": "F",
         "nationality": "ES", "mobile": "13900001111"},
    )  # fmt: skip
    row = Proofing.objects.get(account=account)
    desk = at_the_desk(officer_for("window_officer"))

    page = desk.get(f"/office/identities/{row.pk}/").content.decode()
    assert "西班牙" in page and "女" in page and ">ES<" not in page and ">F<" not in page
    desk.post(f"/office/identities/{row.pk}/decide", {"decision": "confirm", "seen": "1"})

    account.refresh_from_db()
    assert account.level == 2 and account.person.nationality == "ES"
