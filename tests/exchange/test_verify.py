"""The public check of a licence: signature first, then status, told apart, few fields, nobody signs in."""

import datetime
import re

import pytest
import time_machine
from django.utils import timezone

from tests import make
from tests.cases import ways
from tongban.journal.actors import PLATFORM
from tongban.licences import services as licences
from tongban.licences.models import Licence, LicenceCheck

pytestmark = pytest.mark.django_db

VERDICT = re.compile(r'data-verdict="(\w+)"')


@pytest.fixture
def licence(client) -> Licence:
    client.cookies["language"] = "en"
    return ways.bring("ready", account_=make.account(make.person(name="欧阳示范"))).licence


def look(client, licence):
    answer = client.get(f"/verify/{licence.token}")
    return answer, answer.context["found"]


def test_a_good_licence_has_both_verdicts_and_covers_its_holder(client, licence):
    answer, found = look(client, licence)

    words = answer.content.decode()
    assert (answer.status_code, found.signature, found.status) == (200, True, "valid")
    assert words.count('data-verdict="good"') == 2
    assert licence.identifier in words
    assert "欧阳示范" not in words and licence.holder.person.id_no not in words
    assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"]
    assert LicenceCheck.objects.filter(licence=licence, channel="page").count() == 1


@pytest.mark.parametrize(
    ("change", "status", "reason", "verdicts"),
    [
        (licences.suspend, "suspended", "", ["good", "warn"]),
        (licences.revoke, "not_valid", "revoked", ["good", "bad"]),
        (licences.cancel, "not_valid", "cancelled", ["good", "bad"]),
    ],
)
def test_the_signature_is_genuine_while_the_licence_does_not_hold(client, licence, change, status, reason, verdicts):
    change(licence, reason="looked into", actor=PLATFORM)

    answer, found = look(client, licence)

    assert (found.signature, found.status, found.reason) == (True, status, reason)
    assert VERDICT.findall(answer.content.decode()) == verdicts


def test_a_licence_that_ended_says_so_by_the_day(client, licence):
    with time_machine.travel(timezone.now() + datetime.timedelta(days=366), tick=False):
        answer, found = look(client, licence)

    assert (found.signature, found.status, found.reason) == (True, "not_valid", "expired")
    assert VERDICT.findall(answer.content.decode()) == ["good", "bad"]


def test_a_face_that_was_changed_in_the_database_is_found(client, licence):
    Licence.objects.filter(pk=licence.pk).update(face=licence.face | {"name": "somebody else"})

    answer, found = look(client, licence)

    assert (found.signature, found.status, found.face) == (False, "unknown", [])
    assert 'data-verdict="bad"' in answer.content.decode()


@pytest.mark.parametrize("token", ["abcdefabcdefabcdefabcd", "x", "-_-", "1" * 80])
def test_an_unknown_code_is_a_clear_no(client, token):
    answer = client.get(f"/verify/{token}")

    assert answer.status_code == 404
    assert 'data-verdict="bad"' in answer.content.decode()
    assert not LicenceCheck.objects.exists()


def test_a_code_is_typed_or_pasted_with_its_address(client, licence):
    for said in (licence.token, f"https://tongban.example/verify/{licence.token}", f"  {licence.token}/ "):
        assert client.get("/verify/", {"token": said})["Location"] == f"/verify/{licence.token}"


@pytest.mark.parametrize("said", ["not a code", "<script>alert(1)</script>", "../../etc", "a" * 3000])
def test_what_is_no_code_is_asked_for_again(client, said):
    answer = client.get("/verify/", {"token": said})

    assert answer.status_code in (302, 404)
    if answer.status_code == 404:
        assert "<script>alert" not in answer.content.decode()


def test_the_empty_page_says_what_to_do(client):
    answer = client.get("/verify/")

    assert answer.status_code == 200
    assert 'name="token"' in answer.content.decode()
