"""Whoever asks for somebody learns nothing from the work it took: known and unknown cost the same queries and the same hashes.

The same page and status are asked elsewhere (tests/hostile/test_hygiene.py). A clock would measure the machine; here the work itself is
written down: each query without its values, and each password hash.
"""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import doors, make
from tongban.cases import services as cases
from tongban.journal.actors import Actor
from tongban.parties import services
from tongban.parties.models import Account
from tongban.site.passwords import Argon2

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def hashes(monkeypatch, settings):
    """Every password hash made or compared, with the hasher of the product."""
    settings.PASSWORD_HASHERS = ["tongban.site.passwords.Argon2"]
    made = []
    for name in ("encode", "verify"):
        plain = getattr(Argon2, name)
        monkeypatch.setattr(Argon2, name, lambda self, *given, _plain=plain: made.append(1) or _plain(self, *given))
    return made


def shape(sql: str) -> str:
    """A query without what was asked for."""
    sql = re.sub(r"'(?:[^']|'')*'", "?", sql)
    return re.sub(r"\b\d+(\.\d+)?\b", "?", re.sub(r"SAVEPOINT \S+", "SAVEPOINT", sql))


def work_of(hashes: list, ask) -> tuple:
    """What it took: the queries in their order, and how many hashes; and how it was answered."""
    cache.clear()
    hashes.clear()
    with CaptureQueriesContext(connection) as found:
        answer = ask()
    return [shape(one["sql"]) for one in found], len(hashes), answer.status_code, answer.headers.get("Location")


def a_page(address: str, **posted):
    return lambda: Client().post(address, posted)


@pytest.fixture
def known(hashes):
    account = services.register("known", PASSWORD, email="known@example.org", email_confirmed=True)
    services.register("without-address", PASSWORD)
    services.register("passkey-only", None)
    closed = services.register("closed", PASSWORD, email="closed@example.org", email_confirmed=True)
    Account.objects.filter(pk=closed.pk).update(is_active=False)
    return account


NAMES = ("known", "without-address", "passkey-only", "closed")


@pytest.mark.parametrize("name", NAMES)
def test_signing_in_under_a_known_and_an_unknown_name_is_the_same_work(known, hashes, name):
    there = work_of(hashes, a_page("/account/sign-in/", login=name, password="not this one"))
    nobody = work_of(hashes, a_page("/account/sign-in/", login="nobody", password="not this one"))

    assert there == nobody
    assert there[1] == 1


@pytest.mark.parametrize("name", NAMES)
def test_asking_for_a_new_password_is_the_same_work(known, hashes, name):
    there = work_of(hashes, a_page("/account/forgotten/", email=name))
    nobody = work_of(hashes, a_page("/account/forgotten/", email="nobody"))

    assert there == nobody


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_code_for_a_new_password_is_the_same_work(known, hashes, name):
    def typed(login):
        client = Client()
        client.post("/account/forgotten/", {"email": login})
        return lambda: client.post("/account/forgotten/code/", {"code": "AAAA-AAAA"})

    there, nobody = (work_of(hashes, typed(login)) for login in (name, "nobody"))

    assert there == nobody


def test_opening_an_account_with_an_address_that_others_have_is_the_same_work(known, hashes):
    def open_as(login, email):
        return a_page(
            "/account/sign-up/", login=login, username=login, email=email, password1=PASSWORD, password2=PASSWORD
        )

    there = work_of(hashes, open_as("newcomer-a", "known@example.org"))
    nobody = work_of(hashes, open_as("newcomer-b", "fresh@example.org"))

    assert there == nobody
    assert Account.objects.filter(login__in=["newcomer-a", "newcomer-b"]).count() == 2
    assert EmailAddress.objects.filter(verified=True).count() == 2


def test_following_a_case_by_its_number_is_the_same_work(hashes):
    case = make.submitted()
    there = work_of(hashes, a_page("/track/", number=case.number, code="000000"))
    nobody = work_of(hashes, a_page("/track/", number="990000202603000000", code="000000"))

    assert there == nobody and there[2] == 404


def test_a_helpers_code_that_is_over_and_one_that_never_was_are_the_same_work(hashes):
    draft = make.draft()
    hand, code = cases.invite(draft, account=draft.account)
    cases.stop(hand, by="person", actor=Actor("applicant", "applicant", draft.account_id))
    client = doors.enter(Client(), make.account(), present=True)

    there, nobody = (
        work_of(hashes, lambda given=given: client.post("/my/helping/", {"code": given}))
        for given in (code, "zzzzzzzz")
    )

    assert there == nobody


@pytest.mark.parametrize("left_out", ["", "letter", "hash"])
def test_control_work_left_out_for_the_unknown_is_noticed(known, hashes, monkeypatch, left_out):
    """Leaving out the letter to nobody, or the hash for nobody, is what would tell them apart."""
    if left_out == "letter":
        monkeypatch.setattr("tongban.channels.portal.account_forms.post_code", lambda typed, code: None)
    if left_out == "hash":
        monkeypatch.setattr(Account, "set_password", lambda self, password: None)
    address, field = ("/account/sign-in/", "login") if left_out == "hash" else ("/account/forgotten/", "email")

    there = work_of(hashes, a_page(address, **{field: "known", "password": "not this one"}))
    nobody = work_of(hashes, a_page(address, **{field: "nobody", "password": "not this one"}))

    assert (there == nobody) is (left_out == "")
