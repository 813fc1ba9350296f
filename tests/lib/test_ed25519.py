"""Both ways of checking a signature say the same about what honest people send; one of them refuses more of what the others send."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tongban.lib import ed25519

ORDER = 2**252 + 27742317777372353535851937790883648493
RFC_8032 = [  # section 7.1: tests 1 to 3
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
WAYS = {"libsodium": ed25519.VerifyKey, "openssl": Ed25519PublicKey.from_public_bytes}


def believed(way, raw: bytes, signature: bytes, data: bytes) -> bool:
    try:
        WAYS[way](raw).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def test_the_locked_requirements_bring_the_fast_one():
    assert isinstance(ed25519.verify_key(bytes.fromhex(RFC_8032[0][0])), ed25519.VerifyKey)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("key", "said", "signature"), RFC_8032)
def test_published_signatures_are_believed_and_no_altered_bit_is(way, key, said, signature):
    raw, data, made = bytes.fromhex(key), bytes.fromhex(said), bytes.fromhex(signature)

    assert believed(way, raw, made, data)
    assert not believed(way, raw, made, data + b"\x00")
    for bit in range(8 * len(made)):
        altered = bytearray(made)
        altered[bit // 8] ^= 1 << bit % 8
        assert not believed(way, raw, bytes(altered), data), bit


@pytest.mark.parametrize("way", WAYS)
def test_a_signature_has_one_spelling(way):
    key = Ed25519PrivateKey.generate()
    made = key.sign(b"said")
    again = (int.from_bytes(made[32:], "little") + ORDER).to_bytes(32, "little")

    assert not believed(way, key.public_key().public_bytes_raw(), made[:32] + again, b"said")
    for length in (0, 63, 65):
        assert not believed(way, key.public_key().public_bytes_raw(), (made + b"\x00")[:length], b"said")


def test_a_key_of_small_order_signs_nothing_for_anybody():
    neutral, nothing = (1).to_bytes(32, "little"), bytes(32)

    assert believed("openssl", neutral, neutral + nothing, b"whatever"), "what the stricter one is good for"
    assert not believed("libsodium", neutral, neutral + nothing, b"whatever")


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_key_is_not_taken_for_one(way):
    with pytest.raises(ValueError):
        WAYS[way](b"x" * 31)


def test_without_libsodium_openssl_checks(monkeypatch):
    monkeypatch.setattr(ed25519, "crypto_sign_open", None)
    key, said, signature = (bytes.fromhex(one) for one in RFC_8032[1])

    slow = ed25519.verify_key(key)

    assert isinstance(slow, Ed25519PublicKey)
    slow.verify(signature, said)
