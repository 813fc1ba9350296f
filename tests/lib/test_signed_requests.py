"""Signed requests: what is signed is what is checked, spelled in one way only."""

import base64
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tongban.lib import signed_requests
from tongban.lib.signed_requests import Unsigned, check, claimed, seconds_off, sign

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOW = 1_790_000_000
BODY = b'{"code":"TB1:ABC"}'


def signed(**other):
    about = {"key": KEY, "key_id": "k-1", "created": NOW, "nonce": "0123456789abcdef"} | other
    return {name.lower(): value for name, value in sign("POST", "/api/v1/codes/verify", BODY, **about).items()}


def judged(headers, *, method="POST", path="/api/v1/codes/verify", body=BODY, key=None) -> str:
    try:
        check(claimed(headers), method, path, body, key or KEY.public_key())
    except Unsigned as wrong:
        return wrong.code
    return ""


def test_what_was_signed_is_accepted_and_nothing_else():
    assert judged(signed()) == ""
    assert judged(signed(), method="PUT") == "signature-wrong"
    assert judged(signed(), path="/api/v1/codes/scans") == "signature-wrong"
    assert judged(signed(), body=BODY + b" ") == "body-changed"
    assert judged(signed(), key=Ed25519PrivateKey.generate().public_key()) == "signature-wrong"
    assert judged({}) == "not-signed"


def test_the_base_is_that_of_the_standard():
    """Checked by hand against section 2.5 of RFC 9421: one line a component, the parameters last, no newline at the end."""
    headers = signed()
    base = (
        f'"@method": POST\n"@path": /api/v1/codes/verify\n"content-digest": {headers["content-digest"]}\n'
        '"@signature-params": ("@method" "@path" "content-digest");created=1790000000;nonce="0123456789abcdef";keyid="k-1";alg="ed25519"'
    )

    KEY.public_key().verify(base64.b64decode(headers["signature"][6:-1]), base.encode())


def test_a_digest_of_another_body_is_not_enough_with_a_signature_over_the_first():
    headers = signed()
    headers["content-digest"] = signed_requests.digest_of(b"other")

    assert judged(headers, body=b"other") == "signature-wrong"


def test_the_sender_does_not_choose_how_it_is_checked():
    raw = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    forged = signed(key=raw)  # a MAC made with the public key, which everybody knows

    assert judged(forged) == "algorithm-of-another-key"
    assert judged(forged, key=raw) == ""  # the control: it is a right MAC
    assert judged(signed(), key=raw) == "algorithm-of-another-key"


@pytest.mark.parametrize(
    "change",
    [
        {
            "signature-input": 'gate=("@method" "@path");created=1790000000;nonce="0123456789abcdef";keyid="k-1";alg="ed25519"'
        },
        {"signature-input": 'gate=();created=1790000000;nonce="0123456789abcdef";keyid="k-1";alg="ed25519"'},
        {"signature-input": signed()["signature-input"].replace('alg="ed25519"', 'alg="none"')},
        {"signature-input": signed()["signature-input"].replace('alg="ed25519"', 'alg="hmac-sha256"')},
        {"signature-input": signed()["signature-input"] + "\n"},
        {"signature-input": signed()["signature-input"].replace("created=1790000000", "created=٣")},
        {"signature-input": signed()["signature-input"] + ", " + signed()["signature-input"]},
        {"signature": "gate=::"},
        {"signature": signed()["signature"] + "\n"},
        {"signature": "gate=:" + "A" * 5000 + ":"},
        {"content-digest": ""},
        {"content-digest": "sha-512=:AAAA:"},
    ],
)
def test_other_spellings_are_refused_before_any_key_is_used(change):
    assert judged(signed() | change) in {"signature-unreadable", "digest-missing"}


def test_no_altered_letter_of_any_field_is_accepted():
    chance, accepted = random.Random(5), 0
    for _time in range(1500):
        headers = signed()
        name = chance.choice(sorted(headers))
        value = headers[name]
        place = chance.randrange(len(value))
        letter = chance.choice('abcXYZ019=:;"()@ +/-')
        if letter == value[place]:
            continue
        accepted += judged(headers | {name: value[:place] + letter + value[place + 1 :]}) == ""

    assert accepted == 0


def test_a_clock_that_differs_is_told_by_how_much():
    assert seconds_off(claimed(signed()), NOW + 60) == 0
    assert seconds_off(claimed(signed()), NOW + 61) == -61
    assert seconds_off(claimed(signed()), NOW - 140) == 140
