"""A holder puts a licence into a wallet of their choice, sees every copy there is, and ends one."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image, ImageDraw

from tests import eyes, make
from tests.exchange.test_credentials import HERE, Phone, path_of
from tests.licences.test_credentials import issued, put
from tests.wallets import Wallet
from tongban.journal.actors import PLATFORM
from tongban.journal.models import ReadEntry
from tongban.lib import sdjwt
from tongban.licences import services, status_lists
from tongban.licences.models import Credential, CredentialOffer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]


@pytest.fixture(autouse=True)
def here(settings):
    settings.PUBLIC_URL = HERE


@pytest.fixture
def holder(client):
    account = make.account(make.person(name="阿依古丽·买买提"), login="wallets")
    client.force_login(account)
    return account


@pytest.fixture
def licence(holder):
    return issued(make.licence_type("residence-permit", face_fields=["name", "id_no", "address"]), holder)


def page(client, licence) -> str:
    answer = client.get(f"/my/licences/{licence.pk}/wallets/")
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    return answer.content.decode()


def act(client, licence, what, **given):
    return client.post(f"/my/licences/{licence.pk}/wallets/{what}", given)


def read_by_a_camera(words: str) -> str:
    """The code as it stands on the page, drawn and read by another's reader."""
    svg = re.search(r'<svg[^>]*class="qr" viewBox="0 0 (\d+).*?<path fill="#000" d="([^"]*)"', words, re.S)
    size, scale = int(svg[1]), 6
    picture = Image.new("L", (size * scale, size * scale), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, wide in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg[2]):
        pen.rectangle(
            (int(x) * scale, int(y) * scale, (int(x) + int(wide)) * scale - 1, (int(y) + 1) * scale - 1), fill=0
        )
    (found,) = eyes.codes_in(picture)
    return found


def test_scanning_the_code_and_typing_the_number_brings_it_into_a_wallet(client, licence):
    assert "Offer it to a wallet" in page(client, licence)
    act(client, licence, "offer")
    words = page(client, licence)

    scanned = urlsplit(read_by_a_camera(words))
    phone = Phone(client)
    offer = phone.scan(parse_qs(scanned.query)["credential_offer_uri"][0])
    pin = re.search(r'id="pin">(\d{3} \d{3})<', words)[1].replace(" ", "")
    access = phone.access(offer, pin).json()["access_token"]
    answer = phone.ask(access)

    assert scanned.scheme == "openid-credential-offer"
    assert answer.status_code == 200
    after = page(client, licence)
    assert "In a wallet app" in after and "valid" in after and "End this copy" in after
    assert pin not in after  # the offer is used, and its number is gone
    assert ReadEntry.objects.filter(of_party=licence.holder_id, purpose="own licences").exists()


def test_a_copy_that_is_ended_is_worth_nothing_and_the_licence_stays(client, licence, holder):
    act(client, licence, "offer")
    credential = Phone(client).take(CredentialOffer.objects.get())
    place = sdjwt.read(credential).jws.payload["status"]["status_list"]

    ended = act(client, licence, "end", copy=Credential.objects.get().pk)

    assert ended.status_code == 302
    later = timezone.now() + timedelta(seconds=6)
    token = status_lists.signed(place["uri"].rpartition("/")[2], now=later, today=timezone.localdate(later)).token
    said = status_lists.unpacked(status_lists.jose.as_object(token.split(".")[1])["status_list"])
    assert said.value(place["idx"]) == status_lists.INVALID
    words = page(client, licence)
    assert "ended by you" in words and "End this copy" not in words
    licence.refresh_from_db()
    assert licence.state == "valid"


def test_an_offer_taken_back_is_gone(client, licence):
    act(client, licence, "offer")
    link = re.search(r"credential_offer_uri=([^&\"<]+)", page(client, licence))[1]
    address = unquote(link)
    assert client.get(path_of(address)).status_code == 200

    act(client, licence, "take-back")

    assert client.get(path_of(address)).status_code == 404
    assert "Offer it to a wallet" in page(client, licence)


def test_as_a_file_it_is_whole_and_the_next_file_ends_it(client, licence):
    first = act(client, licence, "file")
    act(client, licence, "file")

    assert first["Content-Type"] == "application/dc+sd-jwt" and "attachment" in first["Content-Disposition"]
    assert sdjwt.read(first.content.decode()).disclosures
    assert [bool(row.ended_at) for row in Credential.objects.order_by("id")] == [True, False]


def test_what_is_not_valid_is_not_offered(client, licence):
    services.suspend(licence, reason="x", actor=PLATFORM)

    assert "cannot be put into a wallet now" in page(client, licence)
    for what in ("offer", "file"):
        assert act(client, licence, what).status_code == 409
    assert act(client, licence, "nothing").status_code == 404
    assert not Credential.objects.exists()


def test_the_copies_of_somebody_else_are_not_there(client, licence):
    act(client, licence, "offer")
    Phone(client).take(CredentialOffer.objects.get())
    stranger = make.account(login="stranger-to-wallets")
    own = issued(licence.type, stranger, "case:9")
    client.force_login(stranger)

    assert client.get(f"/my/licences/{licence.pk}/wallets/").status_code == 404
    assert act(client, licence, "offer").status_code == 404
    assert act(client, own, "end", copy=Credential.objects.get().pk).status_code == 404
    assert act(client, own, "end", copy="x").status_code == 404
    assert Credential.objects.get().ended_at is None


def test_the_page_asks_the_same_of_the_database_with_one_copy_and_with_three(client, licence, holder):

    counts = []
    for _turn in range(3):
        put(licence, holder, Wallet(), now=timezone.now())
        page(client, licence)
        with CaptureQueriesContext(connection) as asked:
            page(client, licence)
        counts.append(len(asked))

    assert counts[0] == counts[2]
