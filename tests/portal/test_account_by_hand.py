"""A foreign passport: handed in on the portal, compared in the office, good for everything afterwards."""

import pytest
from django.test import Client

from tests import doors, make
from tongban.journal.models import ReadEntry
from tongban.parties import services
from tongban.parties.models import Account

pytestmark = pytest.mark.django_db

ANNA = {
    "id_kind": "passport",
    "id_no": "X90000009",
    "name": "Anna Example",
    "mobile": "+79161234567",
    "birth_date": "1996-02-10",
    "sex": "F",
    "nationality": "RU",
}


def test_anna_hands_in_her_passport_and_an_officer_lets_her_in():
    make.calendar()
    account = services.register("anna", "creek-of-eighteen-bends")
    hers = doors.enter(Client(), account)
    hers.post("/account/identity/", ANNA)
    desk = doors.enter(Client(), make.officer("window_officer", of=make.department("GSO")).account)

    waiting = desk.get("/office/identities/").content.decode()
    assert "TWIN-REGI" in waiting and "Anna" not in waiting
    pk = account.proofings.get().pk
    assert "Anna Example" in desk.get(f"/office/identities/{pk}/").content.decode()
    assert ReadEntry.objects.values_list("purpose", "about", "department").get() == (
        "identity check",
        f"proofing:{pk}",
        "GSO",
    )
    assert hers.get("/my/cases/")["Location"].startswith("/account/identity/")
    desk.post(f"/office/identities/{pk}/decide", {"decision": "confirm", "seen": "1"})

    assert Account.objects.get(pk=account.pk).level == 2
    assert hers.get("/my/cases/").status_code == 200
    assert desk.get(f"/office/identities/{pk}/").status_code == 404


def test_only_those_who_compare_see_what_waits():
    services.prove(
        services.register("anna", "creek-of-eighteen-bends"), **{**ANNA, "birth_date": make.datetime.date(1996, 2, 10)}
    )
    reviewer = doors.enter(Client(), make.officer("dept_reviewer").account)

    assert reviewer.get("/office/identities/").status_code == 403
