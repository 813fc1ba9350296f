"""What somebody says of a passport is laid beside the document in words, by name of country and not by code."""

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests import doors
from tests.materials import papers
from tests.materials.conftest import picture
from tests.materials.test_identity_pictures import understood
from tests.office.desks import at_the_desk, officer_for
from tongban.journal.models import ReadEntry
from tongban.materials.models import IdentityPicture
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


PASSPORT = {
    "id_kind": "passport", "name": "Sofia García Ñuñez", "id_no": "XDA123456", "birth_date": "1991-04-05", "sex": "F",
    "nationality": "ES", "mobile": "13900001111",
}  # fmt: skip


@pytest.fixture
def own_store(settings, tmp_path):
    settings.TONGBAN_VAR, settings.READING = tmp_path, "off"


def photograph(colour=(200, 30, 30)):
    return SimpleUploadedFile("passport.jpg", picture(colour=colour), "image/jpeg")


def newcomer(login="sofia"):
    account = Account.objects.create_user(login, "a good pass phrase")
    client = doors.enter(Client(), account)
    assert client.post("/account/identity/", PASSPORT)["Location"].startswith("/account/identity/picture/")
    return account, client


@pytest.mark.usefixtures("in_english", "own_store")
def test_a_picture_is_sent_seen_by_officers_alone_and_asked_for_again_with_what_is_wrong():
    account, hers = newcomer()
    desk = at_the_desk(officer_for("window_officer"))
    assert "come to a window" in desk.get("/office/identities/").content.decode()
    assert hers.post("/account/identity/picture/", {}).status_code == 422

    assert hers.post("/account/identity/picture/", {"picture": photograph()}).status_code == 302

    row = Proofing.objects.get(account=account)
    assert hers.get("/account/identity/picture/shown")["Content-Type"] == "image/jpeg"
    answer = desk.get(f"/office/identities/{row.pk}/picture")
    assert answer["Content-Type"] == "image/jpeg" and "no-store" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]
    looks = ReadEntry.objects.filter(about=f"proofing:{row.pk}", role="window_officer")
    assert list(looks.values_list("purpose", "fields")) == [("identity check", ["document"])]
    assert doors.enter(Client(), make_stranger()).get("/account/identity/picture/shown").status_code == 404

    nothing_said = desk.post(f"/office/identities/{row.pk}/decide", {"decision": "again", "seen": row.revision})
    assert nothing_said.status_code == 422 and "Choose what is wrong" in nothing_said.content.decode()
    said = {"decision": "again", "seen": row.revision, "wrong": ["blurred"], "wrong_words": "Turn the lamp on."}
    desk.post(f"/office/identities/{row.pk}/decide", said)
    for address in ("/account/identity/", "/account/identity/picture/"):
        page = hers.get(address).content.decode()
        assert "blurred or too dark" in page and "Turn the lamp on." in page, address
    assert 'value="XDA123456"' in hers.get("/account/identity/?kind=passport").content.decode()

    hers.post("/account/identity/picture/", {"picture": photograph((1, 2, 3))})
    stale = desk.post(f"/office/identities/{row.pk}/decide", {"decision": "confirm", "seen": row.revision})
    assert stale.status_code == 409 and "just sent something new" in stale.content.decode()
    row.refresh_from_db()
    desk.post(f"/office/identities/{row.pk}/decide", {"decision": "confirm", "seen": row.revision})
    assert Account.objects.get(pk=account.pk).level == 2


@pytest.mark.usefixtures("in_english", "own_store")
def test_two_accounts_with_one_passport_are_seen_at_the_desk_and_told_to_neither():
    first, hers = newcomer()
    second, his = newcomer("other")
    for client in (hers, his):
        client.post("/account/identity/picture/", {"picture": photograph()})
    desk = at_the_desk(officer_for("window_officer"))
    row = Proofing.objects.get(account=second)

    values = understood(
        *papers.zone(
            "<", "ESP", "GARCIA NUNEZ", "SOFIA", "XDA123456", "ESP", date(1991, 5, 4), "F", date(2031, 4, 4), ""
        )
    )
    IdentityPicture.objects.filter(proofing=row).update(state="done", read_at=timezone.now(), values=values)
    read = his.get("/account/identity/picture/").content.decode()
    assert "Not everything is the same" in read and "4 May 1991" in read and "5 April 1991" in read
    page = desk.get(f"/office/identities/{row.pk}/").content.decode()
    assert "All check digits" in page and page.count("the same") >= 4 and "4 May 1991" in page
    assert re.search(r'value="birth_date"\s+checked', page)  # what differs is ticked already, for asking
    assert "The same number" in page and "The very same picture" in page
    unsaid = desk.post(f"/office/identities/{row.pk}/decide", {"decision": "refuse", "seen": row.revision})
    assert unsaid.status_code == 422 and "Choose why" in unsaid.content.decode()
    desk.post(f"/office/identities/{row.pk}/decide", {"decision": "refuse", "seen": row.revision, "ground": "window"})

    told = his.get("/account/identity/").content.decode()
    assert "come to any window" in told and "account" not in told[told.index("could not be") : told.index("</ul>")]
    for client in (hers, his):
        said = (
            client.get("/account/identity/").content.decode()
            + client.get("/account/identity/picture/").content.decode()
        )
        assert "same number" not in said and "same picture" not in said
    assert Account.objects.get(pk=second.pk).level == 1


def make_stranger():
    return Account.objects.create_user("stranger", "a good pass phrase")
