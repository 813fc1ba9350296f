"""An officer asks for a licence, the person agrees on their phone, and the officer sees what was shown and what it is worth."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tests.exchange.test_credentials import HERE, Phone, offered, question_of, show
from tests.licences.test_credentials import issued
from tongban.journal.actors import PLATFORM
from tongban.journal.models import ReadEntry
from tongban.licences import credential_requests as requests
from tongban.licences import services
from tongban.licences.models import CredentialRequest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]

KIND = "?kind=residence-permit"


@pytest.fixture(autouse=True)
def here(settings):
    settings.PUBLIC_URL = HERE


@pytest.fixture
def officer(client):
    row = make.officer("window_officer", of=make.department("DSO"))
    doors.enter(client, row.account)
    return row


@pytest.fixture
def holder():
    return make.account(make.person(name="阿依古丽·买买提"), login="shows")


@pytest.fixture
def licence(holder):
    kind = make.licence_type("residence-permit", face_fields=["name", "id_no", "address", "photo"])
    return issued(kind, holder)


@pytest.fixture
def phone():
    return Phone(Client())


def ask(client, *fields, purpose="To see where you live"):
    return client.post(reverse("office:wallet_ask") + KIND, {"fields": list(fields), "purpose": purpose})


def words_of(client, row) -> str:
    return client.get(reverse("office:wallet_question", args=[row.pk])).content.decode()


def test_the_officer_chooses_asks_and_sees_exactly_what_was_asked_for(client, officer, licence, holder, phone):
    credential = phone.take(offered(licence, holder))
    choosing = client.get(reverse("office:wallet_ask") + KIND).content.decode()
    answer = ask(client, "face.name", "face.address", "valid_to")
    row = CredentialRequest.objects.get()
    waiting = words_of(client, row)
    show(phone.client, phone, question_of(phone.client, row), credential, True)

    shown = words_of(client, row)

    assert "face.id_no" in choosing and "face.photo" not in choosing
    assert answer["Location"] == reverse("office:wallet_question", args=[row.pk])
    assert "openid4vp" not in waiting and "<svg" in waiting and f"question:{row.pk}" in waiting
    assert "Genuine and valid" in shown and "阿依古丽·买买提" in shown and "Demo road" in shown
    assert "990000199001010015" not in shown  # the phone sent it, nobody had asked
    read = ReadEntry.objects.get(of_party=licence.holder_id, purpose="licence:wallet")
    assert (read.fields, read.about) == (["address", "name", "valid_to"], f"licence:{licence.pk}")


@pytest.mark.parametrize(("act", "words"), [("suspend", "suspended now"), ("revoke", "not valid")])
def test_what_happened_to_it_since_is_said_first(client, officer, licence, holder, phone, act, words):
    credential = phone.take(offered(licence, holder))
    getattr(services, act)(licence, reason="x", actor=PLATFORM)
    ask(client, "face.name")
    row = CredentialRequest.objects.get()

    show(phone.client, phone, question_of(phone.client, row), credential, True)

    assert words in words_of(client, row)


def test_a_copied_credential_is_refused_in_words_an_officer_understands(client, officer, licence, holder, phone):
    credential = phone.take(offered(licence, holder))
    ask(client, "face.name")
    row = CredentialRequest.objects.get()

    show(phone.client, Phone(phone.client), question_of(phone.client, row), credential, True)

    words = words_of(client, row)
    assert "Not accepted" in words and "not signed by the phone the licence belongs to" in words
    assert "阿依古丽" not in words


def test_a_holder_who_says_no_and_one_who_says_nothing(client, officer, licence, phone):
    ask(client, "face.name")
    ask(client, "face.name")
    declined, silent = CredentialRequest.objects.order_by("id")
    requests.answer(declined.key, {"error": "access_denied", "state": declined.key}, now=timezone.now())
    CredentialRequest.objects.filter(pk=silent.pk).update(expires_at=timezone.now())

    assert "did not agree" in words_of(client, declined)
    assert "No answer came" in words_of(client, silent)
    assert "no answer" in client.get(reverse("office:wallet_ask")).content.decode()


@pytest.mark.parametrize(
    ("fields", "purpose"), [((), "To see it"), (("face.photo", "nothing"), "To see it"), (("face.name",), " ")]
)
def test_nothing_is_asked_without_a_purpose_and_a_field(client, officer, licence, fields, purpose):
    answer = ask(client, *fields, purpose=purpose)

    assert answer.status_code == 422
    assert not CredentialRequest.objects.exists()


def test_a_question_belongs_to_whoever_asked_it(client, officer, licence):
    ask(client, "face.name")
    row = CredentialRequest.objects.get()
    other = make.officer("window_officer", of=make.department("DSO"))
    doors.enter(client, other.account)

    assert client.get(reverse("office:wallet_question", args=[row.pk])).status_code == 404
    assert client.get(reverse("office:wallet_ask")).context["lately"] == []
