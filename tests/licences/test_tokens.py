import datetime
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.licences.samples import NOON
from tongban.licences import keys, tokens

CLAIMS = {
    "identifier": "1.2.156",
    "name": {"zh": "张·示范𠅤", "en": "Zhang"},
    "valid_to": None,
    "face": [{"field": "name"}],
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("seals")


@pytest.fixture(scope="module")
def key(directory):
    return keys.current(directory, "AMR", "food-licence", now=NOON)


def read(statement, directory):
    return tokens.read(statement, lambda key_id: keys.find(directory, key_id))


def test_what_was_signed_is_read_back_whole(key, directory):
    found = read(tokens.sign(CLAIMS, key, now=NOON), directory)

    assert found.genuine and found.reason == "ok"
    assert found.claims == CLAIMS | {"iat": int(NOON.timestamp())}
    assert found.key.key_id == key.key_id


def test_every_single_changed_character_is_found(key, directory):
    statement = tokens.sign(CLAIMS, key, now=NOON)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

    for place, sign in enumerate(statement):
        other = alphabet[(alphabet.index(sign) + 1) % len(alphabet)]
        assert not read(statement[:place] + other + statement[place + 1 :], directory).genuine, place


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "EdDSA", "crit": ["x"]},
        {"alg": "EdDSA", "jwk": {"kty": "OKP"}},
    ],
)
def test_a_header_that_asks_for_another_rule_is_malformed(key, directory, header):
    parts = tokens.sign(CLAIMS, key, now=NOON).split(".")
    forged = {"kid": key.key_id, "typ": tokens.TYPE} | header
    parts[0] = urlsafe_b64encode(tokens.canonical(forged)).rstrip(b"=").decode()
    signed = f"{parts[0]}.{parts[1]}"
    parts[2] = urlsafe_b64encode(key.sign_statement(signed.encode())).rstrip(b"=").decode()

    assert read(".".join(parts), directory).reason == "malformed"


def test_another_spelling_of_the_same_claims_is_malformed_even_when_signed(key, directory):
    parts = tokens.sign(CLAIMS, key, now=NOON).split(".")
    body = json.loads(urlsafe_b64decode(parts[1] + "=="))
    parts[1] = urlsafe_b64encode(json.dumps(body, indent=1).encode()).rstrip(b"=").decode()
    parts[2] = urlsafe_b64encode(key.sign_statement(f"{parts[0]}.{parts[1]}".encode())).rstrip(b"=").decode()

    assert read(".".join(parts), directory).reason == "malformed"


def test_a_key_we_do_not_know_is_unknown(key, directory, tmp_path):
    stranger = keys.current(tmp_path, "AMR", "food-licence", now=NOON)

    assert read(tokens.sign(CLAIMS, stranger, now=NOON), directory).reason == "unknown_key"


def test_a_stranger_signing_under_our_key_id_is_found(key, directory, tmp_path):
    stranger = keys.current(tmp_path, "AMR", "food-licence", now=NOON)
    ours, theirs = tokens.sign(CLAIMS, key, now=NOON), tokens.sign(CLAIMS, stranger, now=NOON)
    forged = ".".join([*ours.split(".")[:2], theirs.split(".")[2]])

    assert read(forged, directory).reason == "bad_signature"


def test_a_statement_signed_outside_the_life_of_its_key_is_found(key, directory):
    assert read(tokens.sign(CLAIMS, key, now=NOON + timedelta(days=91)), directory).reason == "key_not_valid_then"
    assert read(tokens.sign(CLAIMS, key, now=NOON - timedelta(days=1)), directory).reason == "key_not_valid_then"


def test_what_a_withdrawn_key_signed_is_not_genuine_any_more(tmp_path):
    lost = keys.current(tmp_path, "AMR", now=NOON)
    statement = tokens.sign(CLAIMS, lost, now=NOON)
    keys.withdraw(tmp_path, lost.key_id, now=NOON, why="lost")

    assert read(statement, tmp_path).reason == "key_withdrawn"


@pytest.mark.parametrize(
    "rubbish", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "€.€.€", "A" * 20_000, "e30.e30.e30", "bnVsbA.bnVsbA."]
)
def test_rubbish_is_malformed_and_breaks_nothing(directory, rubbish):
    assert read(rubbish, directory).reason == "malformed"


@given(st.text(max_size=80))
def test_no_text_whatever_is_genuine_or_breaks_the_reader(text):
    assert not tokens.read(text, lambda key_id: None).genuine


def test_tokens_are_unguessable_and_recognised_by_their_shape():
    made = {tokens.new_token() for _ in range(500)}

    assert len(made) == 500
    assert all(tokens.looks_like_token(token) for token in made)
    assert not any(
        tokens.looks_like_token(text)
        for text in ["", "x" * 21, "x" * 23, "x" * 21 + "/", "../../../../etc/passw", "é" * 22]
    )


def test_fractions_have_many_spellings_and_are_refused(key):
    with pytest.raises(ValueError, match="fractions"):
        tokens.sign({"area": 89.5}, key, now=NOON)


def test_the_public_check_shows_a_person_masked_and_little_else():
    fields = ["name", "id_no", "address", "birth_date", "class", "valid_to", "father"]
    face = {
        "name": "张示范", "id_no": "990000195503120031", "address": "十八湾路18弄", "birth_date": "1955-03-12",
        "class": "C1", "valid_to": datetime.date(2031, 1, 1), "father": "张父",
    }  # fmt: skip

    shown = tokens.limited_face("driving-licence", "person", fields, face)

    assert [(row["field"], row["value"]) for row in shown] == [
        ("name", "张**"),
        ("id_no", "9900**********0031"),
        ("class", "C1"),
        ("valid_to", "2031-01-01"),
    ]
    assert shown[2]["label"] == {"zh": "准驾车型", "en": "Vehicle class"}


def test_the_public_check_shows_a_company_by_its_name():
    shown = tokens.limited_face(
        "business-licence", "company", ["name", "uscc", "address"], {"name": "溪畔小馆", "uscc": "9X", "address": "路"}
    )

    assert [row["value"] for row in shown] == ["溪畔小馆", "9X", "路"]
