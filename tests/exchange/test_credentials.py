"""A licence goes into a wallet and is shown from it, by the addresses any wallet finds: OpenID4VCI, status lists, OpenID4VP."""

import json
from base64 import b64decode
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
import time_machine
from cryptography import x509
from django.utils import timezone

from tests import make
from tests.licences.test_credentials import issued
from tests.wallets import Wallet
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event
from tongban.lib import jose, sdjwt
from tongban.licences import credential_offers as offers
from tongban.licences import credential_requests as requests
from tongban.licences import credentials, services, status_lists
from tongban.licences.models import Credential, CredentialOffer, CredentialRequest, LicenceCheck
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

HERE = "http://testserver"
GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
STARTED = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def here(settings):
    settings.PUBLIC_URL = HERE
    with time_machine.travel(STARTED, tick=False) as clock:
        yield clock


@pytest.fixture
def account():
    return make.account(make.person(name="阿依古丽·买买提"), login="wallet-holder")


@pytest.fixture
def licence(account):
    return issued(make.licence_type("residence-permit", face_fields=["name", "id_no", "address"]), account)


@pytest.fixture
def officer():
    return make.officer("window_officer", of=make.department("DSO"))


def path_of(address: str) -> str:
    assert address.startswith(HERE), address
    return address.removeprefix(HERE)


class Phone(Wallet):
    """A wallet that knows nothing but what a code on a screen and the addresses behind it say."""

    def __init__(self, client):
        super().__init__()
        self.client = client

    def scan(self, address: str) -> dict:
        return self.client.get(path_of(address)).json()

    def access(self, offer: dict, pin: str):
        issuer = self.client.get(path_of(offer["credential_issuer"]) + "/.well-known/openid-credential-issuer").json()
        server = self.client.get(path_of(offer["credential_issuer"]) + "/.well-known/oauth-authorization-server").json()
        self.issuer = issuer
        code = offer["grants"][GRANT]["pre-authorized_code"]
        given = {"grant_type": GRANT, "pre-authorized_code": code, "tx_code": pin}
        return self.client.post(path_of(server["token_endpoint"]), given)

    def nonce(self) -> str:
        return self.client.post(path_of(self.issuer["nonce_endpoint"])).json()["c_nonce"]

    def ask(self, access: str, body: dict | None = None, kind="residence-permit"):
        nonce = self.nonce()
        proof = self.proof(audience=HERE, nonce=nonce, now=timezone.now().timestamp())
        asked = {"credential_configuration_id": kind, "proofs": {"jwt": [proof]}}
        return self.client.post(
            path_of(self.issuer["credential_endpoint"]),
            json.dumps(asked | (body or {})),
            content_type="application/json",
            headers={"authorization": f"Bearer {access}"},
        )

    def take(self, row: CredentialOffer) -> str:
        token = self.access(self.scan(offers.address_of(row)), row.pin)
        assert token.status_code == 200, token.content
        answer = self.ask(token.json()["access_token"])
        assert answer.status_code == 200, answer.content
        return answer.json()["credentials"][0]["credential"]


def offered(licence, account) -> CredentialOffer:
    return offers.offer(licence, account=account, now=timezone.now())


# -- into a wallet


def test_a_wallet_gets_a_licence_with_a_code_and_a_number_and_the_holder_is_told(client, licence, account):
    phone = Phone(client)

    credential = phone.take(offered(licence, account))

    described = phone.issuer["credential_configurations_supported"]["residence-permit"]
    read = sdjwt.read(credential)
    assert (described["format"], described["vct"]) == ("dc+sd-jwt", read.jws.payload["vct"])
    assert client.get(path_of(described["vct"])).json()["vct"] == described["vct"]
    known = client.get("/.well-known/jwt-vc-issuer").json()
    assert known["issuer"] == read.jws.payload["iss"] == phone.issuer["credential_issuer"]
    key = next(one for one in known["jwks"]["keys"] if one["kid"] == read.jws.kid)
    claims = read.claims(jose.key_of(key))
    assert (claims["face"]["name"], claims["cnf"]["jwk"]) == ("阿依古丽·买买提", phone.jwk)
    assert Credential.objects.get().form == "wallet"
    assert [row.kind for row in Message.objects.all()] == ["credential_issued"]
    assert Event.objects.filter(kind="CredentialIssued", subject=f"licence:{licence.pk}").count() == 1


def test_the_code_is_good_once_and_ten_minutes(client, licence, account, here):
    row, phone = offered(licence, account), Phone(client)
    offer = phone.scan(offers.address_of(row))

    first, second = (phone.access(offer, row.pin) for _turn in range(2))
    gone = client.get(path_of(offers.address_of(row)))
    late = offered(licence, account)
    offer = phone.scan(offers.address_of(late))
    here.shift(timedelta(minutes=10, seconds=1))
    too_late = phone.access(offer, late.pin)

    assert (first.status_code, first.json()["token_type"], first.json()["expires_in"]) == (200, "Bearer", 600)
    assert first["Cache-Control"] == "no-store"
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert gone.status_code == 404
    assert (too_late.status_code, too_late.json()["error"]) == (400, "invalid_grant")


def test_a_photograph_of_the_screen_is_not_enough_and_guessing_ends_the_offer(client, licence, account):
    row, thief = offered(licence, account), Phone(client)
    offer = thief.scan(offers.address_of(row))
    wrong = f"{(int(row.pin) + 1) % 10**6:06d}"

    guesses = [thief.access(offer, wrong).json()["error"] for _turn in range(5)]
    right_now = thief.access(offer, row.pin)

    assert guesses == ["invalid_grant"] * 5
    assert (right_now.status_code, right_now.json()["error"]) == (400, "invalid_grant")
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"pre-authorized_code": ""}, "invalid_request"),
        ({"pre-authorized_code": "nonsense"}, "invalid_grant"),
        ({"pre-authorized_code": "é'--"}, "invalid_grant"),
        ({"tx_code": ""}, "invalid_request"),
        ({"tx_code": "é"}, "invalid_grant"),
    ],
)
def test_the_token_endpoint_says_what_the_specification_says(client, licence, account, changed, error):
    row = offered(licence, account)
    code = Phone(client).scan(offers.address_of(row))["grants"][GRANT]["pre-authorized_code"]

    given = {"grant_type": GRANT, "pre-authorized_code": code, "tx_code": row.pin} | changed
    answer = client.post("/openid4vci/token", given)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def with_access(client, licence, account) -> tuple[Phone, str]:
    row, phone = offered(licence, account), Phone(client)
    return phone, phone.access(phone.scan(offers.address_of(row)), row.pin).json()["access_token"]


def test_the_credential_endpoint_says_what_the_specification_says(client, licence, account):
    phone, access = with_access(client, licence, account)
    other = Wallet()
    good = {"audience": HERE, "nonce": phone.nonce(), "now": timezone.now().timestamp()}
    proof = phone.proof(**good)
    header, payload, _signature = proof.split(".")
    unsigned = jose.packed({"alg": "none", "typ": offers.PROOF, "jwk": phone.jwk}) + f".{payload}."
    private = phone.proof(**good, jwk=phone.jwk | {"d": "AA"})

    def refused(**body) -> str:
        answer = phone.ask(access, body)
        assert answer.status_code == 400 and answer["Cache-Control"] == "no-store"
        return answer.json()["error"]

    said = {
        "another kind": refused(credential_configuration_id="id-card"),
        "no kind": refused(credential_configuration_id=None),
        "an identifier nobody gave": refused(credential_identifier="x"),
        "an encrypted answer": refused(credential_response_encryption={}),
        "no proof": refused(proofs={}),
        "two proofs": refused(proofs={"jwt": [proof, proof]}),
        "a proof of another sort": refused(proofs={"di_vp": [{}]}),
        "no signature": refused(proofs={"jwt": [unsigned]}),
        "another signature": refused(proofs={"jwt": [f"{header}.{payload}.{other.proof(**good).split('.')[2]}"]}),
        "a private key": refused(proofs={"jwt": [private]}),
        "for another issuer": refused(proofs={"jwt": [phone.proof(**good | {"audience": "https://x.example"})]}),
        "an hour old": refused(proofs={"jwt": [phone.proof(**good | {"now": good["now"] - 3600})]}),
        "from tomorrow": refused(proofs={"jwt": [phone.proof(**good | {"now": good["now"] + 86400})]}),
        "another typ": refused(proofs={"jwt": [phone.proof(**good, typ="JWT")]}),
        "a key id": refused(proofs={"jwt": [phone.proof(**good, kid="did:example:1")]}),
        "a nonce of its own": refused(proofs={"jwt": [phone.proof(**good | {"nonce": "mine"})]}),
        "a nonce changed": refused(proofs={"jwt": [phone.proof(**good | {"nonce": "x" + good["nonce"]})]}),
    }

    assert said == {
        "another kind": "unknown_credential_configuration",
        "no kind": "invalid_credential_request",
        "an identifier nobody gave": "unknown_credential_identifier",
        "an encrypted answer": "invalid_encryption_parameters",
        **dict.fromkeys(
            ["no proof", "two proofs", "a proof of another sort", "no signature", "another signature", "a private key",
             "for another issuer", "an hour old", "from tomorrow", "another typ", "a key id"], "invalid_proof",
        ),
        "a nonce of its own": "invalid_nonce",
        "a nonce changed": "invalid_nonce",
    }  # fmt: skip
    assert not Credential.objects.exists()
    assert phone.ask(access).status_code == 200  # nothing of all this used the access up


def test_a_nonce_is_good_for_five_minutes(client, licence, account, here):
    phone, access = with_access(client, licence, account)
    nonce = phone.nonce()
    here.shift(timedelta(minutes=5, seconds=1))

    proof = phone.proof(audience=HERE, nonce=nonce, now=timezone.now().timestamp())
    assert phone.ask(access, {"proofs": {"jwt": [proof]}}).json()["error"] == "invalid_nonce"


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer nonsense", "Basic eDp5", "Bearer é"])
def test_without_access_nothing_is_given(client, licence, header):
    answer = client.post(
        "/openid4vci/credential", "{}", content_type="application/json", headers={"authorization": header}
    )

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize("body", ["", "[", "[]", "null", '"x"', "\xff"])
def test_a_body_that_is_no_request_is_said_to_be_none(client, licence, account, body):
    _phone, access = with_access(client, licence, account)

    answer = client.post(
        "/openid4vci/credential", body, content_type="application/json", headers={"authorization": f"Bearer {access}"}
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_credential_request")


def test_an_answer_that_was_lost_is_given_again_to_the_same_key_and_to_no_other(client, licence, account):
    phone, access = with_access(client, licence, account)
    first, again = phone.ask(access), phone.ask(access)
    thief = Phone(client)
    thief.issuer = phone.issuer

    places = [sdjwt.read(one.json()["credentials"][0]["credential"]).jws.payload["status"] for one in (first, again)]
    stolen = thief.ask(access)

    assert places[0] == places[1]
    assert Credential.objects.count() == 1
    assert (stolen.status_code, stolen.json()["error"]) == (400, "credential_request_denied")


def test_a_licence_taken_away_between_code_and_credential_is_not_issued(client, licence, account):
    phone, access = with_access(client, licence, account)
    services.suspend(licence, reason="x", actor=PLATFORM)

    answer = phone.ask(access)

    assert (answer.status_code, answer.json()["error"]) == (400, "credential_request_denied")


def test_a_new_offer_ends_the_one_before(client, licence, account):
    first, second = offered(licence, account), offered(licence, account)

    assert client.get(path_of(offers.address_of(first))).status_code == 404
    assert client.get(path_of(offers.address_of(second))).status_code == 200
    assert offers.open_offer(licence, account=account, now=timezone.now()).pk == second.pk


def test_what_opens_an_offer_stands_nowhere_in_the_database(licence, account):
    row = offered(licence, account)
    code = offers.offered(row.key, now=timezone.now())["grants"][GRANT]["pre-authorized_code"]

    stored = " ".join(
        str(value) for value in CredentialOffer.objects.extra(select={"k": '"key"', "p": '"pin"'}).values_list("k", "p", "key_sha256", "code_sha256")[0]
    )  # fmt: skip
    assert not any(secret in stored for secret in (row.key, row.pin, code))


# -- what it is worth, for anybody


def test_a_status_list_is_the_same_small_file_for_everybody(client, licence, account):
    credential = Phone(client).take(offered(licence, account))
    place = sdjwt.read(credential).jws.payload["status"]["status_list"]

    answer = client.get(path_of(place["uri"]))
    unchanged = client.get(path_of(place["uri"]), headers={"if-none-match": answer["ETag"]})
    in_cbor = client.get(path_of(place["uri"]), headers={"accept": "application/statuslist+cwt"})

    assert answer["Content-Type"] == "application/statuslist+jwt"
    assert (answer["Cache-Control"], answer["Access-Control-Allow-Origin"]) == ("public, max-age=5", "*")
    assert not answer.cookies and len(answer.content) < 1500
    assert (unchanged.status_code, in_cbor["Content-Type"]) == (304, "application/statuslist+cwt")
    assert client.get("/status-lists/").json() == {"status_lists": [place["uri"]]}
    assert client.get("/status-lists/nothing-like-it").status_code == 404


def test_a_verifier_sees_a_change_in_the_list_and_the_key_of_the_list_is_published(client, licence, account, here):
    credential = Phone(client).take(offered(licence, account))
    place = sdjwt.read(credential).jws.payload["status"]["status_list"]

    def worth() -> int:
        token = jose.read(client.get(path_of(place["uri"])).content.decode(), kind="statuslist+jwt")
        keys = client.get("/.well-known/jwks.json").json()["keys"]
        token.check(jose.key_of(next(one for one in keys if one["kid"] == token.kid)))
        return status_lists.unpacked(token.payload["status_list"]).value(place["idx"])

    before = worth()
    services.suspend(licence, reason="x", actor=PLATFORM)
    here.shift(6)

    assert (before, worth()) == (status_lists.GOOD, status_lists.HELD)


# -- shown from a wallet


def asked(officer, kind, *fields) -> CredentialRequest:
    return requests.ask(kind, fields=fields, purpose="核对居住情况", officer=officer, now=timezone.now())


def question_of(client, row) -> dict:
    """As a wallet reads it: the certificate in the header signed it, and is the one the client calls itself."""
    answer = client.get(path_of(requests.request_address(row)))
    assert answer["Content-Type"] == "application/oauth-authz-req+jwt"
    read = jose.read(answer.content.decode(), kind="oauth-authz-req+jwt")
    leaf = b64decode(read.header["x5c"][0])
    read.check(x509.load_der_x509_certificate(leaf).public_key())
    assert read.payload["client_id"] == f"x509_hash:{jose.encode(sha256(leaf).digest())}"
    return read.payload


def show(client, phone, question, credential, wanted, **changed):
    presented = phone.present(
        credential, wanted, audience=changed.pop("audience", question["client_id"]),
        nonce=changed.pop("nonce", question["nonce"]), now=timezone.now().timestamp(),
    )  # fmt: skip
    form = {"vp_token": json.dumps({"licence": [presented]}), "state": question["state"]} | changed
    return client.post(path_of(question["response_uri"]), form)


def test_an_officer_asks_and_the_wallet_shows_exactly_that(client, licence, account, officer):
    phone = Phone(client)
    credential = phone.take(offered(licence, account))
    row = asked(officer, licence.type, "face.name", "valid_to", "face.nothing-like-it")
    question = question_of(client, row)

    (query,) = question["dcql_query"]["credentials"]
    answer = show(client, phone, question, credential, {"face": {"name": True, "id_no": True}, "valid_to": True})

    row.refresh_from_db()
    assert (query["format"], query["meta"]) == ("dc+sd-jwt", {"vct_values": [f"{HERE}/vct/residence-permit"]})
    assert query["claims"] == [{"path": ["face", "name"]}, {"path": ["valid_to"]}]
    assert (answer.status_code, answer.json()) == (200, {})
    assert (row.state, row.status, row.licence_id) == ("answered", "valid", licence.pk)
    assert row.shown == {"face.name": "阿依古丽·买买提", "valid_to": licence.valid_to.isoformat()}  # and no number
    check = LicenceCheck.objects.get()
    assert (check.channel, check.answer, check.checker, check.purpose) == ("wallet", "valid", "DSO局", "核对居住情况")
    assert Event.objects.filter(kind="CredentialShown").count() == 1


def test_what_is_shown_and_no_longer_valid_is_said_to_be_so(client, licence, account, officer):
    phone = Phone(client)
    credential = phone.take(offered(licence, account))
    services.revoke(licence, reason="x", actor=PLATFORM)
    row = asked(officer, licence.type, "face.name")

    show(client, phone, question_of(client, row), credential, True)

    row.refresh_from_db()
    assert (row.state, row.status, row.reason) == ("answered", "not_valid", "revoked")


def test_one_question_has_one_answer_and_five_minutes(client, licence, account, officer, here):
    phone = Phone(client)
    credential = phone.take(offered(licence, account))
    row = asked(officer, licence.type, "face.name")
    question = question_of(client, row)
    first, second = (show(client, phone, question, credential, True) for _turn in range(2))
    late = asked(officer, licence.type, "face.name")
    old = question_of(client, late)
    here.shift(timedelta(minutes=5, seconds=1))

    assert (first.status_code, second.status_code) == (200, 400)
    assert client.get(path_of(requests.request_address(row))).status_code == 404
    assert show(client, phone, old, credential, True).status_code == 400
    late.refresh_from_db()
    assert requests.is_over(late, now=timezone.now()) and late.shown == {}


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("for another question", "binding"),
        ("for another verifier", "binding"),
        ("with another phone's key", "binding"),
        ("without proof", "binding"),
        ("less than asked", "less_than_asked"),
        ("nonsense", "malformed"),
        ("two at once", "malformed"),
        ("under another name", "malformed"),
    ],
)
def test_what_is_not_to_be_believed_is_refused_and_the_officer_told_why(client, licence, account, officer, how, reason):
    phone, thief = Phone(client), Phone(client)
    credential = phone.take(offered(licence, account))
    row = asked(officer, licence.type, "face.name", "face.id_no")
    question = question_of(client, row)
    good = phone.present(
        credential, True, audience=question["client_id"], nonce=question["nonce"], now=timezone.now().timestamp()
    )

    answer = {
        "for another question": lambda: show(client, phone, question, credential, True, nonce="another"),
        "for another verifier": lambda: show(client, phone, question, credential, True, audience="https://x.example"),
        "with another phone's key": lambda: show(client, thief, question, credential, True),
        "without proof": lambda: show(
            client, phone, question, credential, True, vp_token=json.dumps({"licence": [credential]})
        ),
        "less than asked": lambda: show(client, phone, question, credential, {"face": {"name": True}}),
        "nonsense": lambda: show(client, phone, question, credential, True, vp_token="{"),
        "two at once": lambda: show(
            client, phone, question, credential, True, vp_token=json.dumps({"licence": [good, good]})
        ),
        "under another name": lambda: show(
            client, phone, question, credential, True, vp_token=json.dumps({"passport": [good]})
        ),
    }[how]()

    row.refresh_from_db()
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (row.state, row.reason, row.shown, row.licence) == ("refused", reason, {}, None)


def test_a_licence_of_another_kind_does_not_answer(client, licence, account, officer):
    phone = Phone(client)
    credential = phone.take(offered(licence, account))
    row = asked(officer, make.licence_type("id-card", face_fields=["name"]), "face.name")

    show(client, phone, question_of(client, row), credential, True)

    row.refresh_from_db()
    assert (row.state, row.reason) == ("refused", "another_licence")


def test_a_holder_may_say_no(client, licence, officer):
    row = asked(officer, licence.type, "face.name")
    question = question_of(client, row)

    answer = client.post(path_of(question["response_uri"]), {"error": "access_denied", "state": question["state"]})

    row.refresh_from_db()
    assert (answer.status_code, row.state) == (200, "declined")


def test_a_wrong_state_answers_no_question(client, licence, officer):
    row = asked(officer, licence.type, "face.name")
    question = question_of(client, row)

    answer = client.post(path_of(question["response_uri"]), {"error": "access_denied", "state": "another"})

    row.refresh_from_db()
    assert (answer.status_code, row.state) == (400, "asked")


def test_every_address_of_ours_stays_under_the_public_one(client, licence):
    """A wallet is led nowhere else, whatever Host a request names."""
    found = client.get("/.well-known/openid-credential-issuer", headers={"host": "localhost"}).content.decode()
    server = client.get("/.well-known/oauth-authorization-server").json()

    assert json.loads(found)["credential_issuer"] == HERE == server["issuer"]
    hosts = {urlsplit(one).netloc for one in found.split('"') if one.startswith("http")}
    assert hosts == {"testserver"}
    assert credentials.issuer_address() == HERE


ENDPOINTS = [
    ("GET", "/openid4vci/offers/abc"),
    ("POST", "/openid4vci/token"),
    ("POST", "/openid4vci/nonce"),
    ("POST", "/openid4vci/credential"),
    ("GET", "/openid4vp/requests/abc"),
    ("POST", "/openid4vp/answers/abc"),
]
FOREIGN = {"Origin": "https://wallet.example"}


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_wallet_that_is_a_page_may_ask_first_and_then_ask(client, method, path):
    asked_first = client.options(
        path,
        headers=FOREIGN | {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"},
    )
    then = client.generic(method, path, headers=FOREIGN)

    assert asked_first.status_code == 204
    assert asked_first.headers["Access-Control-Allow-Methods"] == method
    assert asked_first.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    for response in (asked_first, then):  # errors too: a wallet that cannot read them cannot say what is wrong
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert not response.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/account/sign-in/", "/my/licences/", "/verify/", "/api/v1/codes/verify"])
def test_no_other_address_lets_pages_of_others_read(client, path):
    for response in (client.options(path, headers=FOREIGN), client.get(path, headers=FOREIGN)):
        assert "Access-Control-Allow-Origin" not in response.headers


def test_a_whole_issuance_and_a_whole_presentation_can_be_read_by_a_page(client, licence, account, officer):
    client.defaults["HTTP_ORIGIN"] = "https://wallet.example"
    seen = []
    whole = client.request

    def watched(**asked):
        response = whole(**asked)
        seen.append((asked["PATH_INFO"], response.status_code, response.headers.get("Access-Control-Allow-Origin")))
        return response

    client.request = watched
    test_an_officer_asks_and_the_wallet_shows_exactly_that(client, licence, account, officer)

    wallets = [one for one in seen if one[0].startswith(("/openid4", "/.well-known/", "/status-lists/"))]
    assert len(wallets) >= 6
    assert {(status, allowed) for _path, status, allowed in wallets} == {(200, "*")}
