"""Many wallets at the same moment: no place of a status list twice, a code used once, one credential for one access, one answer."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests import make
from tests.licences.test_credentials import issued, put
from tests.many_hands.hands import problems, together
from tests.wallets import Wallet
from tongban.licences import credential_offers as offers
from tongban.licences import credential_requests as requests
from tongban.licences import credentials, status_lists
from tongban.licences.credential_offers import ProtocolError
from tongban.licences.models import Credential, CredentialOffer, CredentialRequest, StatusList

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_seal_keys"),
]

HERE = "http://testserver"
HANDS, PLACES = 8, 12
"""Eight hands draw among twelve places, each in the same order: they meet at every one of them."""


@pytest.fixture(autouse=True)
def here(settings):
    settings.PUBLIC_URL = HERE


@pytest.fixture
def account():
    return make.account(make.person(name="阿依古丽·买买提"), login="many-wallets")


@pytest.fixture
def licence(account):
    made = issued(make.licence_type("residence-permit", face_fields=["name"]), account)
    put(made, account, Wallet())  # list and key are there: what is raced for is the place
    return made


@pytest.fixture
def crowded(monkeypatch):
    """Everybody draws the same places in the same order, so that hands meet at each of them."""
    drawn: dict = {}

    def randbelow(_size: int) -> int:
        mine = threading.get_ident()
        drawn[mine] = drawn.get(mine, -1) + 1
        return drawn[mine] % PLACES

    monkeypatch.setattr(status_lists.secrets, "randbelow", randbelow)
    return drawn


def put_in(licence, account):
    return lambda: put(licence, account, Wallet(), now=timezone.now()).credential


def test_no_place_of_a_list_is_given_twice(licence, account, crowded):
    answers = together(*(put_in(licence, account) for _hand in range(HANDS)))

    assert problems(answers) == []
    rows = Credential.objects.filter(pk__in=[one.pk for one in answers])
    places = set(rows.values_list("status_list", "index"))
    assert len(places) == HANDS
    assert sum(crowded.values()) > 0  # they did meet, and drew again
    assert StatusList.objects.get().taken == HANDS + 1


def test_without_drawing_again_the_database_still_refuses_the_same_place(licence, account, monkeypatch):
    """The control: hands that insist on one place. One gets it, and nobody else has it as well."""
    monkeypatch.setattr(status_lists.secrets, "randbelow", lambda _size: 5)

    answers = together(*(put_in(licence, account) for _hand in range(3)))

    assert len(problems(answers)) == 2
    assert Credential.objects.filter(index=5).count() == 1


def test_without_the_constraint_two_hands_have_the_same_place(licence, account, monkeypatch):
    """The control of the control: take the constraint away, and places are given twice. Nothing before it keeps them apart."""
    monkeypatch.setattr(status_lists.secrets, "randbelow", lambda _size: 5)
    rule = next(one for one in Credential._meta.constraints if one.name == "place_in_a_status_list_is_given_once")
    with without(rule):
        answers = together(*(put_in(licence, account) for _hand in range(3)))

        assert problems(answers) == []
        assert Credential.objects.filter(index=5).count() == 3
        Credential.objects.all().delete()


@contextmanager
def without(rule):
    rules = Credential._meta.constraints
    Credential._meta.constraints = [one for one in rules if one is not rule]
    with connection.constraint_checks_disabled(), connection.schema_editor() as editor:
        editor.remove_constraint(Credential, rule)
    try:
        yield
    finally:
        Credential._meta.constraints = rules
        with connection.constraint_checks_disabled(), connection.schema_editor() as editor:
            editor.add_constraint(Credential, rule)


def redeemed(row):
    code = offers.offered(row.key, now=timezone.now())["grants"][offers.GRANT]["pre-authorized_code"]
    form = {"grant_type": offers.GRANT, "pre-authorized_code": code, "tx_code": row.pin}
    return lambda: offers.redeem(form, now=timezone.now())


def test_a_code_is_used_by_one_of_many(licence, account):
    row = offers.offer(licence, account=account, now=timezone.now())
    act = redeemed(row)

    answers = together(*[act] * 5)

    assert len([one for one in answers if isinstance(one, str)]) == 1
    assert all(isinstance(one, ProtocolError) and one.error == "invalid_grant" for one in problems(answers))


def test_of_many_guesses_at_once_only_five_are_looked_at(licence, account):
    row = offers.offer(licence, account=account, now=timezone.now())
    code = offers.offered(row.key, now=timezone.now())["grants"][offers.GRANT]["pre-authorized_code"]
    wrong = f"{(int(row.pin) + 1) % 10**6:06d}"
    form = {"grant_type": offers.GRANT, "pre-authorized_code": code, "tx_code": wrong}

    together(*[lambda: offers.redeem(form, now=timezone.now())] * 9)

    assert CredentialOffer.objects.get(pk=row.pk).tries == offers.TRIES
    with pytest.raises(ProtocolError):
        redeemed(row)()


def test_one_access_gives_one_credential_however_many_ask_at_once(licence, account):
    row = offers.offer(licence, account=account, now=timezone.now())
    access = redeemed(row)()
    before = Credential.objects.count()

    def asked():
        wallet, now = Wallet(), timezone.now()
        proof = wallet.proof(audience=HERE, nonce=offers.nonce(), now=now.timestamp())
        return offers.deliver(
            access, {"credential_configuration_id": "residence-permit", "proofs": {"jwt": [proof]}}, now=now
        )

    answers = together(*[asked] * 5)

    assert len([one for one in answers if isinstance(one, dict)]) == 1
    assert {one.error for one in problems(answers)} == {"credential_request_denied"}
    assert Credential.objects.count() == before + 1


def test_a_question_has_one_answer_however_many_arrive_at_once(licence, account):
    officer = make.officer("window_officer", of=make.department("DSO"))
    wallet, now = Wallet(), timezone.now()
    credential = put(licence, account, wallet, now=now).text
    row = requests.ask(licence.type, fields=["face.name"], purpose="To see it", officer=officer, now=now)
    signer = credentials.keys.find(credentials.services.key_directory(), row.key_id)
    presented = wallet.present(
        credential, True, audience=requests.client_of(signer), nonce=row.nonce, now=now.timestamp()
    )
    form = {"vp_token": '{"licence": ["' + presented + '"]}', "state": row.key}

    answers = together(*[lambda: requests.answer(row.key, form, now=now)] * 5)

    assert len(problems(answers)) == 4
    assert CredentialRequest.objects.get().state == "answered"
    assert licence.checks.filter(channel="wallet").count() == 1


def test_two_hands_that_sign_a_list_at_once_both_say_what_is_true(licence, account):
    row = Credential.objects.get()
    credentials.end(
        row, account=account, actor=credentials.Actor(kind="applicant", role="applicant"), now=timezone.now()
    )
    later = timezone.now() + timedelta(minutes=6)

    answers = together(
        *[lambda: status_lists.signed(row.status_list.key, now=later, today=timezone.localdate(later))] * 3
    )

    for one in answers:
        said = status_lists.jose.as_object(one.token.split(".")[1])["status_list"]
        assert status_lists.unpacked(said).value(row.index) == status_lists.INVALID
