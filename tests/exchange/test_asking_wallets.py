"""A shop, a hotel, a bank asks a wallet for a licence through its system: what it is registered for, no more, and nobody else hears the answer."""

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from sd_jwt.holder import SDJWTHolder

from tests import doors, make
from tests.codes.gate_world import Gate, scene
from tests.codes.test_gate_alone import Line
from tests.exchange import test_credentials as wallets
from tests.licences.test_credentials import issued
from tongban.channels.exchange import gates
from tongban.codes.models import Reader
from tongban.codes.services import asking_wallets, scanning
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences.models import CredentialRequest, LicenceCheck
from tongban.site.commands import gate as gate_command
from tongban.site.demonstration import codes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

ASK, ANSWER = "/api/v1/wallet/ask", "/api/v1/wallet/answer"
here = wallets.here


@pytest.fixture(autouse=True)
def fresh():
    scanning.devices.forget()
    gates.pace.rates.clear()


@pytest.fixture
def account():
    return make.account(make.person(name="阿依古丽·买买提"), login="wallet-holder")


@pytest.fixture
def licence(account):
    return issued(make.licence_type("residence-permit", face_fields=["name", "id_no", "address"]), account)


@pytest.fixture
def registrar():
    return make.officer("coordinator", of=make.department("DSO"))


@pytest.fixture
def hotel(here):
    return Gate(scene("hotel", fields=("masked_name",)), name="Desk", place="Front desk", operator="Creek Hotel")


def post(client, gate: Gate, path: str, body: dict, **how):
    here = timezone.now().timestamp()
    return gate.post(client, path, json.dumps(body).encode(), created=int(here), **how)


def registered(hotel, licence, registrar, *fields) -> Reader:
    row = asking_wallets.allow(hotel.reader, kind=licence.type.slug, fields=fields, officer=registrar)
    hotel.reader = row
    return row


def test_a_hotel_asks_for_what_it_is_registered_for_and_hears_what_the_wallet_showed(
    client, licence, account, registrar, hotel
):
    registered(hotel, licence, registrar, "face.name", "valid_to")
    phone = wallets.Phone(client)
    credential = phone.take(wallets.offered(licence, account))

    asked = post(client, hotel, ASK, {})
    row = CredentialRequest.objects.get()
    question = wallets.question_of(client, row)
    waiting = post(client, hotel, ANSWER, {"request": row.key}).json()
    wallets.show(client, phone, question, credential, {"face": {"name": True, "id_no": True}, "valid_to": True})
    heard = post(client, hotel, ANSWER, {"request": row.key})

    assert asked.status_code == 201, asked.content
    told = asked.json()
    assert (told["licence"], told["fields"], told["purpose"]) == (
        "residence-permit", row.fields, "hotel / hotel",
    )  # fmt: skip
    assert set(row.fields) == {"face.name", "valid_to"}
    assert told["link"].startswith("openid4vp://?client_id=x509_hash%3A")
    assert question["client_metadata"]["client_name"] == "Creek Hotel Front desk"
    assert waiting["state"] == "asked" and waiting["fields"] == {}
    assert heard.json() == {
        "request": row.key,
        "state": "answered",
        "status": "valid",
        "reason": "",
        "fields": {"face.name": "阿依古丽·买买提", "valid_to": licence.valid_to.isoformat()},  # and no number
    }
    assert heard.headers["Cache-Control"] == "no-store"
    check = LicenceCheck.objects.get()
    assert (check.channel, check.checker, check.purpose) == ("wallet", "Creek Hotel Front desk", "hotel / hotel")


class ForeignWallet(wallets.Phone):
    """Nothing of ours in it: keys and signatures by jwcrypto, the credential read, chosen from and bound by the sd-jwt library."""

    def __init__(self, client):
        super().__init__(client)
        self.key = JWK.generate(kty="EC", crv="P-256")

    def proof(self, *, audience, nonce, now=None, **_header):
        jws = JWS(json.dumps({"aud": audience, "nonce": nonce, "iat": int(now)}))
        public = self.key.export_public(as_dict=True)
        head = {
            "alg": "ES256",
            "typ": "openid4vci-proof+jwt",
            "jwk": {one: public[one] for one in ("kty", "crv", "x", "y")},
        }
        jws.add_signature(self.key, protected=json.dumps(head))
        return jws.serialize(compact=True)

    def question(self, link: str) -> dict:
        """From the code on the hotel's screen alone: fetched, and believed only with the certificate that the link names."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        answer = self.client.get(wallets.path_of(asked["request_uri"]))
        jws = JWS()
        jws.deserialize(answer.content.decode())
        leaf = base64.b64decode(jws.jose_header["x5c"][0])
        named = base64.urlsafe_b64encode(hashlib.sha256(leaf).digest()).rstrip(b"=").decode()
        assert asked["client_id"] == f"x509_hash:{named}"
        public = x509.load_der_x509_certificate(leaf).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        jws.verify(JWK.from_pem(pem))
        return json.loads(jws.payload)

    def shows(self, credential: str, question: dict, disclosed: dict, **other):
        holder = SDJWTHolder(credential)
        bound = {"nonce": question["nonce"], "aud": question["client_id"], "holder_key": self.key} | other
        holder.create_presentation(disclosed, **bound)
        form = {"vp_token": json.dumps({question["dcql_query"]["credentials"][0]["id"]: [holder.sd_jwt_presentation]})}
        return self.client.post(wallets.path_of(question["response_uri"]), form | {"state": question["state"]})


def test_a_wallet_made_of_other_libraries_answers_the_hotel(client, licence, account, registrar, hotel):
    registered(hotel, licence, registrar, "face.name", "valid_to")
    phone = ForeignWallet(client)
    credential = phone.take(wallets.offered(licence, account))

    def asked():
        told = post(client, hotel, ASK, {}).json()
        return told["request"], phone.question(told["link"])

    number, question = asked()
    answer = phone.shows(credential, question, {"face": {"name": True}, "valid_to": True})
    heard = post(client, hotel, ANSWER, {"request": number}).json()

    assert answer.status_code == 200
    assert (heard["state"], heard["status"]) == ("answered", "valid")
    assert heard["fields"] == {"face.name": "阿依古丽·买买提", "valid_to": licence.valid_to.isoformat()}

    for other in (
        {"nonce": "of-another-question"},
        {"aud": "x509_hash:of-another-verifier"},
        {"holder_key": JWK.generate(kty="EC", crv="P-256")},
    ):
        number, question = asked()
        refused = phone.shows(credential, question, {"face": {"name": True}, "valid_to": True}, **other)
        heard = post(client, hotel, ANSWER, {"request": number}).json()
        assert refused.status_code == 400, other
        assert heard["state"] != "answered" and heard["fields"] == {}, other


def test_less_may_be_asked_and_never_more(client, licence, registrar, hotel):
    registered(hotel, licence, registrar, "face.name", "valid_to")

    less = post(client, hotel, ASK, {"fields": ["valid_to"]})
    more = post(client, hotel, ASK, {"fields": ["valid_to", "face.id_no"]})
    none = post(client, hotel, ASK, {"fields": []})
    odd = post(client, hotel, ASK, {"fields": [7]})

    assert (less.status_code, less.json()["fields"]) == (201, ["valid_to"])
    assert (more.status_code, more.json()["code"]) == (403, "wallet-more-than-registered")
    assert (none.status_code, odd.status_code) == (403, 422)
    assert CredentialRequest.objects.count() == 1


def test_who_is_not_registered_suspended_or_unsigned_asks_nothing(client, licence, registrar, hotel):
    assert post(client, hotel, ASK, {}).json()["code"] == "wallet-not-registered"
    registered(hotel, licence, registrar, "valid_to")
    assert client.post(ASK, b"{}", content_type="application/json").status_code == 401
    asking_wallets.allow(hotel.reader, kind="", fields=(), officer=registrar)
    assert post(client, hotel, ASK, {}).json()["code"] == "wallet-not-registered"
    registered(hotel, licence, registrar, "valid_to")
    Reader.objects.filter(pk=hotel.reader.pk).update(state=Reader.State.SUSPENDED)
    wallets_gone = post(client, hotel, ASK, {})

    assert wallets_gone.status_code in {201, 403}  # known within ten seconds, as for codes
    asking_wallets.journal.touch(asking_wallets.DEVICES)
    assert post(client, hotel, ASK, {}).json()["code"] == "reader-suspended"


def test_the_same_request_again_asks_nothing_twice(client, licence, registrar, hotel):
    registered(hotel, licence, registrar, "valid_to")

    first = post(client, hotel, ASK, {}, nonce="n" * 20)
    again = post(client, hotel, ASK, {}, nonce="n" * 20)

    assert (first.status_code, again.status_code, again.json()["code"]) == (201, 401, "replayed")
    assert CredentialRequest.objects.count() == 1


def test_another_reader_hears_nothing_and_after_an_hour_nobody_does(client, licence, account, registrar, hotel, here):
    registered(hotel, licence, registrar, "face.name")
    bank = Gate(hotel.reader.scene, name="Counter", place="Branch", operator="Bank")
    phone = wallets.Phone(client)
    credential = phone.take(wallets.offered(licence, account))
    key = post(client, hotel, ASK, {}).json()["request"]
    wallets.show(client, phone, wallets.question_of(client, CredentialRequest.objects.get()), credential, True)

    assert post(client, bank, ANSWER, {"request": key}).status_code == 404
    assert post(client, hotel, ANSWER, {"request": "nothing"}).status_code == 404
    assert post(client, hotel, ANSWER, {"request": key}).status_code == 200
    here.shift(timedelta(hours=1, seconds=1))
    assert post(client, hotel, ANSWER, {"request": key}).json()["code"] == "no-such-question"


def test_a_question_nobody_answers_is_over_after_five_minutes(client, licence, registrar, hotel, here):
    registered(hotel, licence, registrar, "face.name")
    key = post(client, hotel, ASK, {}).json()["request"]

    here.shift(timedelta(minutes=5, seconds=1))

    assert post(client, hotel, ANSWER, {"request": key}).json()["state"] == "over"


def test_only_the_service_office_registers_and_never_a_whole_licence(licence, registrar, hotel):
    with pytest.raises(NotAllowed):
        asking_wallets.allow(
            hotel.reader, kind="residence-permit", fields=["valid_to"], officer=make.officer("window_officer")
        )
    with pytest.raises(Invalid):
        asking_wallets.allow(hotel.reader, kind="residence-permit", fields=["nothing"], officer=registrar)
    with pytest.raises(Invalid):
        asking_wallets.allow(hotel.reader, kind="no-such", fields=["valid_to"], officer=registrar)
    every = [one["name"] for one in asking_wallets.requests.may_be_asked(licence.type)]
    if len(every) > asking_wallets.FIELDS_AT_MOST:
        with pytest.raises(Invalid):
            asking_wallets.allow(hotel.reader, kind="residence-permit", fields=every, officer=registrar)


def test_it_is_registered_on_the_page_of_the_reader_and_ended_there(client, licence, registrar, hotel):
    doors.enter(client, registrar.account)
    page = reverse("office:code_reader", args=[hotel.reader.ref])
    act = reverse("office:code_reader_act", args=[hotel.reader.ref, "wallet"])

    assert b'name="fields"' not in client.get(page).content
    chosen = client.get(page, {"kind": "residence-permit"}).content.decode()
    assert 'value="face.name"' in chosen
    nothing = client.post(act, {"kind": "residence-permit"})
    assert nothing.status_code == 422
    client.post(act, {"kind": "residence-permit", "fields": ["face.name"]})
    hotel.reader.refresh_from_db()
    assert (hotel.reader.wallet_kind, hotel.reader.wallet_fields) == (licence.type, ["face.name"])
    client.post(act, {})
    hotel.reader.refresh_from_db()
    assert (hotel.reader.wallet_kind, hotel.reader.wallet_fields) == (None, [])
    assert Event.objects.filter(kind="ReaderChanged").count() == 2


def test_the_database_knows_no_question_of_nobody(licence):
    with pytest.raises(IntegrityError, match="wallet_is_asked_by_an_officer_or_a_reader"), transaction.atomic():
        CredentialRequest.objects.create(
            key="k", kind=licence.type, nonce="n", key_id="x", expires_at=timezone.now(), purpose="x"
        )


def test_the_reference_gate_asks_a_wallet_and_says_what_it_showed(client, licence, account, registrar, hotel, capsys):
    registered(hotel, licence, registrar, "face.name")
    phone = wallets.Phone(client)
    credential = phone.take(wallets.offered(licence, account))
    line = Line("http://platform", hotel.private, hotel.row.key_id)
    line.client = client

    def holder_scans(_seconds):
        question = wallets.question_of(client, CredentialRequest.objects.get())
        wallets.show(client, phone, question, credential, {"face": {"name": True}})

    code = gate_command._ask_wallet(line, as_json=False, sleep=holder_scans)
    said = capsys.readouterr().out

    assert code == 0
    assert "openid4vp://?client_id=" in said and "█" in said  # the code itself stands on the terminal
    assert said.endswith("状态 Status: valid\nface.name: 阿依古丽·买买提\n")
    asking_wallets.allow(hotel.reader, kind="", fields=(), officer=registrar)
    assert gate_command._ask_wallet(line, as_json=False, sleep=holder_scans) == 2
    assert gate_command._ask_wallet(None, as_json=False) == 2


def test_the_hotel_of_the_demonstration_may_ask_for_name_and_number_of_an_identity_card():
    demo = Path(__file__).parents[2] / "demo"
    make.licence_type("id-card", face_fields=["name", "id_no"])
    whole = yaml.safe_load((demo / "digital_codes.yaml").read_text("utf-8"))
    scenes = [one for one in whole["scenes"] if one["slug"] == "hotel"]
    codes.load({"scenes": scenes, "readers": [one for one in whole["readers"] if one["scene"] == "hotel"]})
    hotel = Reader.objects.get(scene__slug="hotel")

    assert hotel.wallet_kind.slug == "id-card"
    asked = asking_wallets.ask(hotel, fields=None, now=timezone.now())
    assert set(asked.fields) == {"face.name", "face.id_no"}
    assert [one["place"] for one in whole["readers"] if "wallet" in one] == [hotel.place]
