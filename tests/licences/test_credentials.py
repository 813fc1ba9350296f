"""Licences as credentials: what is in one, who can verify it, what its status says, and what nobody may do with it."""

import datetime
import json
from datetime import timedelta
from pathlib import Path

import cbor2
import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from jwcrypto.jwk import JWKSet
from jwcrypto.jws import JWS
from sd_jwt.verifier import SDJWTVerifier

from tests import make
from tests.wallets import Wallet, selected
from tongban.journal.actors import PLATFORM, Actor
from tongban.journal.models import Event
from tongban.lib import cose, jose, sdjwt, yamls
from tongban.lib.jose import Refused
from tongban.lib.problems import NotAllowed
from tongban.licences import credentials, industry, items, keys, services, status_lists
from tongban.licences.face_labels import LABELS
from tongban.licences.models import Credential, Licence, LicenceType, StatusList

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

VECTORS = Path(__file__).parents[1] / "vectors" / "status-list" / "vectors.json"
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def at_that_time():
    """However late in a run: what is issued by the clock and what is asked at NOW are of the same minute."""
    with time_machine.travel(NOW, tick=True):
        yield


TODAY = timezone.localdate(NOW)
HERE = "http://testserver"
FORMS = Credential.Form


@pytest.fixture(autouse=True)
def here(settings):
    settings.PUBLIC_URL = HERE


@pytest.fixture
def account():
    return make.account(make.person(name="阿依古丽·买买提"))


@pytest.fixture
def licence(account) -> Licence:
    kind = make.licence_type("residence-permit", face_fields=["name", "id_no", "address", "status", "photo"])
    return issued(kind, account)


def issued(kind, account, decision="case:1", valid_to=TODAY + timedelta(days=300), **more) -> Licence:
    face = {"name": "阿依古丽·买买提", "id_no": "990000199001010015", "address": {"zh": "示范路", "en": "Demo road"}}
    return services.issue(
        kind.slug, holder=account.person, face=face | {"status": "在用", "photo": "police:1"}, decision=decision,
        issued_on=TODAY, valid_from=TODAY, valid_to=valid_to, actor=PLATFORM, **more,
    )  # fmt: skip


def put(licence, account, wallet=None, now=NOW) -> credentials.Made:
    return credentials.make(
        Licence.objects.get(pk=licence.pk),
        form=FORMS.WALLET if wallet else FORMS.FILE,
        account=account,
        actor=Actor(kind="applicant", role="applicant", account=account.pk),
        wallet_key=wallet.key.public_key() if wallet else None,
        now=now,
    )


def status_of(made, now=NOW) -> int:
    """As a stranger finds it: the address in the credential, the token behind it, the bits at its place."""
    place = sdjwt.read(made.text).jws.payload["status"]["status_list"]
    token = status_lists.signed(place["uri"].rpartition("/")[2], now=now, today=timezone.localdate(now)).token
    said = jose.read(token, kind="statuslist+jwt").payload
    assert said["sub"] == place["uri"] and said["exp"] - said["iat"] == 86_400
    return status_lists.unpacked(said["status_list"]).value(place["idx"])


# -- what is in one


def test_a_credential_says_the_whole_face_field_by_field_and_nothing_of_it_openly(licence, account):
    wallet = Wallet()

    made = put(licence, account, wallet)

    read = sdjwt.read(made.text)
    key = keys.find(services.key_directory(), read.jws.kid)
    assert (key.department, key.licence_type) == (licence.issuer.code, "residence-permit")
    assert key.not_after - key.not_before <= timedelta(days=90)
    claims = read.claims(key.seal_key)
    assert claims["face"] == {
        "name": "阿依古丽·买买提",
        "id_no": "990000199001010015",
        "address": {"zh": "示范路", "en": "Demo road"},
        "status": "在用",
    }
    assert (claims["iss"], claims["vct"]) == (HERE, f"{HERE}/vct/residence-permit")
    assert (claims["identifier"], claims["cnf"]) == (licence.identifier, {"jwk": wallet.jwk})
    openly = read.jws.payload
    assert set(openly) - {"_sd", "_sd_alg", "demonstration", "issuing_authority"} == {
        "iss", "vct", "iat", "nbf", "exp", "status", "cnf", "face",
    }  # fmt: skip
    assert set(openly["face"]) == {"_sd"}
    assert openly["exp"] == int(made.credential.expires_at.timestamp())
    assert timezone.localdate(made.credential.expires_at) == licence.valid_to


def test_a_licence_without_end_makes_a_credential_for_a_year(account):
    kind = make.licence_type("id-card", face_fields=["name"])

    made = put(issued(kind, account, valid_to=None), account)

    assert made.credential.expires_at == NOW + timedelta(days=365)
    assert "valid_to" not in sdjwt.read(made.text).claims(
        keys.find(services.key_directory(), made.credential.key_id).seal_key
    )


def test_other_libraries_verify_it_with_the_keys_we_publish(licence, account):
    wallet = Wallet()
    made = put(licence, account, wallet)
    published = JWKSet.from_json(json.dumps(credentials.jwks(NOW)))
    kid = sdjwt.read(made.text).jws.kid

    signature = JWS()
    signature.deserialize(made.text.split("~")[0], published.get_key(kid))
    presented = wallet.present(made.text, {"face": {"name": True}}, audience="https://bank.example", nonce="n")
    seen = SDJWTVerifier(
        presented, lambda *_asked: published.get_key(kid), "https://bank.example", "n"
    ).get_verified_payload()

    assert json.loads(signature.objects["payload"])["iss"] == HERE
    assert seen["face"] == {"name": "阿依古丽·买买提"}
    assert "identifier" not in seen


def test_each_copy_has_a_place_and_salts_of_its_own_so_that_two_verifiers_cannot_compare_them(licence, account):
    first, second = (put(licence, account, Wallet()) for _turn in range(2))

    places = [sdjwt.read(made.text).jws.payload["status"]["status_list"]["idx"] for made in (first, second)]
    assert places[0] != places[1]
    assert set(first.text.split("~")[1:-1]).isdisjoint(second.text.split("~")[1:-1])
    assert [event.kind for event in Event.objects.filter(subject=f"licence:{licence.pk}")].count(
        "CredentialIssued"
    ) == 2


def test_the_next_file_ends_the_one_before_and_wallets_stay(licence, account):
    in_wallet, first = put(licence, account, Wallet()), put(licence, account)

    put(licence, account)

    ended = Credential.objects.filter(ended_at__isnull=False)
    assert [row.pk for row in ended] == [first.credential.pk]
    assert status_of(in_wallet) == status_lists.GOOD


@pytest.mark.parametrize("act", ["suspend", "revoke", "cancel"])
def test_no_copy_is_made_of_what_does_not_hold(licence, account, act):
    getattr(services, act)(licence, reason="x", actor=PLATFORM)

    with pytest.raises(NotAllowed):
        put(licence, account)
    assert not Credential.objects.exists() and not StatusList.objects.exists()


def test_all_42_kinds_have_names_and_labels_in_both_languages():
    content = yamls.read(Path(__file__).parents[2] / "demo" / "licence_types.yaml")
    rows = content["licence_types"]

    assert len(rows) == 42
    for row in rows:
        kind = LicenceType(
            slug=row["id"], name={"zh": row["zh"], "en": row["en"]}, issuer=make.department(row["issuer"]),
            face_fields=row["face_fields"],
        )  # fmt: skip
        described = credentials.type_metadata(kind)
        assert described["vct"] == f"{HERE}/vct/{row['id']}"
        assert [one["name"] for one in described["display"]] == [row["zh"], row["en"]]
        fields = [one["path"][1] for one in described["claims"] if one["path"][0] == "face"]
        assert fields == [name for name in row["face_fields"] if name not in {"photo", "qr"}]
        for claim in described["claims"]:
            zh, en = (said["label"] for said in claim["display"])
            assert any("一" <= letter <= "鿿" for letter in zh) and en.isascii(), claim
            assert claim["path"][0] != "face" or claim["path"][1] in LABELS


# -- what it is worth


def test_the_vector_of_the_draft_is_read_place_by_place():
    (vector,) = json.loads(VECTORS.read_text())

    for said in (vector["json"], cbor2.loads(bytes.fromhex(vector["cbor_hex"]))):
        read = status_lists.unpacked(said)
        assert len(read.content) * 8 == vector["size"]
        there = {index for index in range(vector["size"]) if read.content[index // 8] and read.value(index)}
        assert there == {int(place) for place in vector["status"]}
    with pytest.raises(Refused):
        read.value(vector["size"])
    with pytest.raises(Refused):
        read.value(-1)


@pytest.mark.parametrize(
    "said",
    [
        None,
        {"bits": 3, "lst": "eNpjAAAAAQAB"},
        {"bits": True, "lst": "eNpjAAAAAQAB"},
        {"bits": 2},
        {"bits": 2, "lst": 7},
        {"bits": 2, "lst": "not zlib"},
        {"bits": 2, "lst": jose.encode(__import__("zlib").compress(bytes(2**23), 9))},
        {"bits": 2, "lst": jose.encode(__import__("zlib").compress(b"a")[:-2])},
        {"bits": 2, "lst": jose.encode(__import__("zlib").compress(b"a") + b"more")},
    ],
)
def test_a_list_that_is_none_or_fills_the_memory_is_refused(said):
    with pytest.raises(Refused):
        status_lists.unpacked(said)


def test_whatever_happens_to_a_licence_its_copies_say_within_seconds(licence, account):
    made = put(licence, account, Wallet())
    other = put(issued(licence.type, account, "case:2"), account, Wallet())
    assert (status_of(made), status_of(other)) == (status_lists.GOOD, status_lists.GOOD)

    services.suspend(licence, reason="x", actor=PLATFORM)
    held_back = status_of(made, NOW + timedelta(seconds=4))
    suspended = status_of(made, NOW + timedelta(seconds=6))
    services.resume(licence, reason="x", actor=PLATFORM)
    resumed = status_of(made, NOW + timedelta(seconds=12))
    services.revoke(licence, reason="x", actor=PLATFORM)
    revoked = status_of(made, NOW + timedelta(seconds=18))

    assert held_back == status_lists.GOOD  # what was looked at five seconds ago is not looked at again
    assert (suspended, resumed, revoked) == (status_lists.HELD, status_lists.GOOD, status_lists.INVALID)
    assert status_of(other, NOW + timedelta(seconds=24)) == status_lists.GOOD


def test_what_expired_overnight_was_superseded_or_ended_by_its_holder_is_invalid(account):
    kind = make.licence_type("residence-permit", face_fields=["name"])
    expiring, replaced, unwanted = (
        issued(kind, account, f"case:{number}", valid_to=TODAY + timedelta(days=days))
        for number, days in enumerate((1, 300, 300))
    )
    made = [put(one, account, Wallet()) for one in (expiring, replaced, unwanted)]
    assert [status_of(one) for one in made] == [0, 0, 0]

    issued(kind, account, "case:9", previous=replaced)
    actor = Actor(kind="applicant", role="applicant", account=account.pk)
    assert credentials.end(made[2].credential, account=account, actor=actor, now=NOW)
    assert not credentials.end(made[2].credential, account=account, actor=actor, now=NOW)

    tomorrow_night = NOW + timedelta(days=2)  # no duty ran: the calendar is enough
    assert [status_of(one, tomorrow_night) for one in made] == [1, 1, 1]


def test_an_industry_licence_is_worth_what_its_weakest_permit_is(account):
    holder = make.company()
    make.licence_type(items.INDUSTRY, issuer=make.department("AMR"), holder_kind="company", face_fields=["operator"])
    permits = {}
    for number, slug in enumerate(("food-licence", "tobacco-licence", "hygiene-licence")):
        kind = make.licence_type(slug, issuer=make.department(f"D{number}"), holder_kind="company")
        permits[slug] = services.issue(
            kind.slug, holder=holder, face={}, decision=f"case:{number}", issued_on=TODAY, valid_from=TODAY,
            valid_to=TODAY + timedelta(days=400 + number), actor=PLATFORM,
        )  # fmt: skip
    loose = industry.Permit(
        key="sign", name={"zh": "招牌", "en": "Sign"}, number="N1", regulator=make.department("D9"), issued_on=TODAY,
        valid_to=None, mandatory=True,
    )  # fmt: skip
    whole = industry.issue_industry(
        holder=holder, industry={"zh": "饭店", "en": "Restaurant"}, decision="case:9", actor=PLATFORM,
        permits=[industry.permit_of(one, key=slug, mandatory=slug == "food-licence") for slug, one in permits.items()]
        + [loose],
    )  # fmt: skip
    made = put(whole, account, Wallet())
    minutes = iter(range(1, 20))

    def now_worth() -> int:
        moment = NOW + timedelta(minutes=next(minutes))
        row = Credential.objects.select_related("licence__type").get(pk=made.credential.pk)
        one_by_one = status_lists.worth(row, today=TODAY)
        listed = status_of(made, moment)
        assert status_lists._value(*one_by_one) == listed  # asked alone and read from the list: one answer
        return listed

    assert now_worth() == status_lists.GOOD
    services.suspend(permits["tobacco-licence"], reason="x", actor=PLATFORM)
    assert now_worth() == status_lists.GOOD  # it may be left out
    services.suspend(permits["food-licence"], reason="x", actor=PLATFORM)
    assert now_worth() == status_lists.HELD
    services.resume(permits["food-licence"], reason="x", actor=PLATFORM)
    assert now_worth() == status_lists.GOOD
    industry.suspend_item(whole.items.get(key="sign"), reason="x", actor=PLATFORM)
    assert now_worth() == status_lists.HELD
    services.revoke(permits["food-licence"], reason="x", actor=PLATFORM)
    assert now_worth() == status_lists.INVALID


def test_a_withdrawn_key_takes_its_credentials_with_it_and_is_published_no_more(licence, account):
    made = put(licence, account, Wallet())
    kid = made.credential.key_id
    assert kid in {one["kid"] for one in credentials.jwks(NOW)["keys"]}

    keys.withdraw(services.key_directory(), kid, now=NOW, why="stolen")

    assert kid not in {one["kid"] for one in credentials.jwks(NOW)["keys"]}
    assert status_of(made, NOW + timedelta(seconds=6)) == status_lists.INVALID
    with pytest.raises(Refused, match="key_withdrawn"):
        credentials.read(sdjwt.read(made.text), now=NOW)
    with pytest.raises(NotAllowed):  # the licence itself is signed anew first
        put(licence, account, Wallet())
    signed_with_the_next = put(issued(licence.type, account, "case:2"), account, Wallet())
    assert credentials.read(sdjwt.read(signed_with_the_next.text), now=NOW).status == "valid"


def test_a_key_that_signed_a_list_and_is_withdrawn_signs_it_no_more(licence, account):
    made = put(licence, account, Wallet())
    listed = made.credential.status_list
    before = status_lists.signed(listed.key, now=NOW, today=TODAY).token

    keys.withdraw(services.key_directory(), StatusList.objects.get().key_id, now=NOW, why="stolen")
    after = status_lists.signed(listed.key, now=NOW + timedelta(seconds=6), today=TODAY).token

    assert jose.read(before, kind="statuslist+jwt").kid != jose.read(after, kind="statuslist+jwt").kid


def test_keys_are_published_as_long_as_anything_they_signed_can_hold(licence, account):
    put(licence, account, Wallet())
    kid = licence.key_id
    last = keys.find(services.key_directory(), kid).not_after

    assert kid in {one["kid"] for one in credentials.jwks(last + timedelta(days=364))["keys"]}
    assert kid not in {one["kid"] for one in credentials.jwks(last + timedelta(days=366))["keys"]}
    assert not any({"d", "k"} & set(one) for one in credentials.jwks(NOW)["keys"])


def test_a_list_is_signed_once_for_a_change_and_every_five_minutes(licence, account, monkeypatch):
    made = put(licence, account, Wallet())
    key = made.credential.status_list.key
    signatures = []
    sign = status_lists._sign
    monkeypatch.setattr(status_lists, "_sign", lambda *given: signatures.append(1) or sign(*given))

    for second in range(0, 300, 10):
        status_lists.signed(key, now=NOW + timedelta(seconds=second), today=TODAY)
    assert len(signatures) == 1
    services.suspend(licence, reason="x", actor=PLATFORM)
    for second in range(300, 590, 10):
        status_lists.signed(key, now=NOW + timedelta(seconds=second), today=TODAY)
    assert len(signatures) == 2


def test_what_a_list_asks_of_the_database_does_not_grow_with_it(account, django_assert_num_queries):
    kind = make.licence_type("residence-permit", face_fields=["name"])
    licences = [issued(kind, account, f"case:{number}") for number in range(4)]
    made = [put(one, account, Wallet()) for one in licences]
    listed = made[0].credential.status_list
    with django_assert_num_queries(1):
        status_lists.said_by(listed, today=TODAY)

    for one in licences:
        services.suspend(one, reason="x", actor=PLATFORM)

    with django_assert_num_queries(1):
        content = status_lists.said_by(listed, today=TODAY)
    assert [status_lists.value_at(content, one.credential.index) for one in made] == [2, 2, 2, 2]


def test_the_same_list_is_there_for_readers_of_cbor(licence, account):
    made = put(licence, account, Wallet())
    services.suspend(licence, reason="x", actor=PLATFORM)
    answer = status_lists.signed(made.credential.status_list.key, now=NOW, today=TODAY)

    statement = cose.read(status_lists.as_cwt(answer, now=NOW))
    kid = statement.kid.decode()
    cose.verify(statement, keys.find(services.key_directory(), kid).seal_key)
    claims = cbor2.loads(statement.payload)

    assert statement.header[16] == "application/statuslist+cwt"
    assert claims[2] == status_lists.address(made.credential.status_list.key)
    assert status_lists.unpacked(dict(claims[65533])).value(made.credential.index) == status_lists.HELD


def test_a_place_is_drawn_by_chance_and_a_full_list_is_followed_by_the_next(licence, account, monkeypatch):
    monkeypatch.setattr(status_lists, "FULL", 3)

    made = [put(licence, account, Wallet()).credential for _turn in range(7)]

    assert [row.status_list_id for row in made] == sorted(row.status_list_id for row in made)
    assert list(StatusList.objects.order_by("id").values_list("taken", flat=True)) == [3, 3, 1]
    assert [row.index for row in made] != sorted(row.index for row in made)


def test_a_place_that_is_taken_is_drawn_again_and_never_given_twice(licence, account, monkeypatch):
    drawn = iter([5, 5, 5, 6])
    monkeypatch.setattr(status_lists.secrets, "randbelow", lambda _size: next(drawn))

    first, second = (put(licence, account, Wallet()).credential for _turn in range(2))

    assert (first.index, second.index) == (5, 6)
    with pytest.raises(IntegrityError), transaction.atomic():
        Credential.objects.filter(pk=second.pk).update(index=5)


# -- who believes what


def read_again(text, now=NOW):
    return credentials.read(sdjwt.read(text), now=now)


def resigned(licence, account, *, key, **changed) -> str:
    """A credential that one of our own keys signed, though it says what it must not."""
    made = put(licence, account, Wallet())
    payload = dict(sdjwt.read(made.text).jws.payload) | changed
    return jose.sign({"typ": "dc+sd-jwt", "kid": key.key_id}, payload, key.sign_es256) + "~"


def test_what_we_issued_we_believe_and_nothing_is_believed_after_its_end(licence, account):
    made = put(licence, account, Wallet())

    seen = read_again(made.text)

    assert (seen.status, seen.credential.pk) == ("valid", made.credential.pk)
    with pytest.raises(Refused, match="expired"):
        read_again(made.text, made.credential.expires_at + timedelta(seconds=1))
    with pytest.raises(Refused, match="not_yet_valid"):
        read_again(made.text, NOW - timedelta(days=1))


def test_a_department_speaks_for_its_own_licences_only(licence, account):
    own = keys.current(services.key_directory(), licence.issuer.code, "residence-permit", now=NOW)
    other_kind = keys.current(services.key_directory(), licence.issuer.code, "id-card", now=NOW)
    other_department = keys.current(services.key_directory(), "AMR", "residence-permit", now=NOW)

    assert read_again(resigned(licence, account, key=own)).status == "valid"
    for key in (other_kind, other_department):
        with pytest.raises(Refused, match="unknown_key"):
            read_again(resigned(licence, account, key=key))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://elsewhere.example"}, "unknown_key"),
        ({"vct": f"{HERE}/vct/id-card"}, "unknown"),
        ({"status": {}}, "unknown"),
        ({"status": {"status_list": {"idx": 7, "uri": "https://elsewhere.example/status-lists/x"}}}, "unknown"),
        ({"status": {"status_list": {"idx": "7", "uri": f"{HERE}/status-lists/x"}}}, "unknown"),
        ({"cnf": {"jwk": Wallet().jwk}}, "unknown"),
        ({"cnf": None}, "unknown"),
        ({"exp": None}, "key_not_valid_then"),
        ({"iat": 0}, "key_not_valid_then"),
    ],
)
def test_even_our_own_signature_does_not_make_true_what_we_never_issued(licence, account, changed, reason):
    own = keys.current(services.key_directory(), licence.issuer.code, "residence-permit", now=NOW)

    with pytest.raises(Refused) as refused:
        read_again(resigned(licence, account, key=own, **changed))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "kid",
    ["../../secret", "seals/../root", "' OR 1=1 --", "PSB-residence-permit-20260101-00000000", "", "*", "a" * 300],
)
def test_a_key_id_is_looked_up_and_never_followed(licence, account, kid):
    head, *rest = put(licence, account, Wallet()).text.split("~")
    _old, payload, signature = head.split(".")
    header = jose.packed({"typ": "dc+sd-jwt", "alg": "ES256", "kid": kid})

    with pytest.raises(Refused, match="unknown_key"):
        read_again("~".join([f"{header}.{payload}.{signature}", *rest]))


def test_a_key_of_somebody_else_under_our_id_is_refused(licence, account):
    thief = Wallet()
    made = put(licence, account, Wallet())
    payload, kid = sdjwt.read(made.text).jws.payload, made.credential.key_id

    forged = jose.sign({"typ": "dc+sd-jwt", "kid": kid, "jwk": thief.jwk}, payload, thief.signer) + "~"
    with pytest.raises(Refused, match="signature"):
        read_again(forged)
    assert read_again(selected(made.text, {})).claims["face"] == {}


def test_the_certificate_in_the_header_leads_to_our_root_and_holds_the_key(licence, account):
    from base64 import b64decode

    from cryptography import x509

    made = put(licence, account, Wallet())
    (leaf,) = sdjwt.read(made.text).jws.header["x5c"]

    certificate = x509.load_der_x509_certificate(b64decode(leaf))
    root = x509.load_pem_x509_certificate(keys.root_pem(services.key_directory(), now=NOW))
    certificate.verify_directly_issued_by(root)
    sdjwt.read(made.text).claims(certificate.public_key())
    assert (
        datetime.timedelta() < certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=90)
    )
