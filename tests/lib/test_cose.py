"""COSE_Sign1: the key decides the algorithm, and what strangers send is a ValueError at most."""

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from tongban.lib import cose

ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
EC = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def packed(protected, unprotected, payload, key, *, protect=cbor2.dumps) -> list:
    """A statement as others write it, signed by hand over the structure of RFC 9052, chapter 4.4."""
    header = protect(protected)
    text = cbor2.dumps(["Signature1", header, b"", payload])
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(text, padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32), SHA256())
    else:
        signature = cose.read(cose.sign(payload, private_key=key, kid=b"k")).signature
    return [header, unprotected, payload, signature]


@pytest.mark.parametrize("key", [ED, EC], ids=["EdDSA", "ES256"])
def test_what_is_signed_is_read_and_verified(key):
    statement = cose.read(cose.sign(b"content", private_key=key, kid=b"12345678"))

    assert (statement.payload, statement.kid, statement.alg) == (
        b"content",
        b"12345678",
        cose.algorithm_of(key.public_key()),
    )
    cose.verify(statement, key.public_key())


def test_ps256_of_others_is_verified():
    statement = cose.read(cbor2.dumps(packed({1: cose.PS256, 4: b"k"}, {}, b"content", RSA)))

    cose.verify(statement, RSA.public_key())


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: cbor2.CBORTag(18, x), lambda x: cbor2.CBORTag(61, cbor2.CBORTag(18, x))]
)
def test_untagged_and_both_tags_are_read(wrap):
    four = cbor2.loads(cose.sign(b"content", private_key=EC, kid=b"k")).value

    cose.verify(cose.read(cbor2.dumps(wrap(four))), EC.public_key())


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x: cbor2.CBORTag(17, x),
        lambda x: cbor2.CBORTag(61, x),
        lambda x: cbor2.CBORTag(18, cbor2.CBORTag(18, x)),
        lambda x: cbor2.CBORTag(61, cbor2.CBORTag(61, cbor2.CBORTag(18, x))),
        lambda x: [*x, b""],
        lambda x: x[:3],
        lambda x: [x[0], [], x[2], x[3]],
        lambda x: [x[0], {2: [1]}, x[2], x[3]],
        lambda x: [x[0], x[1], None, x[3]],
        lambda x: [x[0], x[1], "content", x[3]],
        lambda x: [cbor2.loads(x[0]), x[1], x[2], x[3]],
        lambda x: [b"\x01", x[1], x[2], x[3]],
        lambda x: [x[0] + b"\x00", x[1], x[2], x[3]],
        lambda x: [cbor2.dumps({1: -7, 2: [99], 99: 1}), x[1], x[2], x[3]],
        lambda x: [cbor2.dumps({1: -7, 2: []}), x[1], x[2], x[3]],
        lambda x: [cbor2.dumps({2: [1]}), x[1], x[2], x[3]],
        lambda x: [b"\xa2\x01\x26\x01\x27", x[1], x[2], x[3]],  # the algorithm said twice
        lambda x: dict(enumerate(x)),
    ],
)
def test_whatever_is_not_one_statement_is_a_value_error(wrap):
    four = cbor2.loads(cose.sign(b"content", private_key=EC, kid=b"k")).value

    with pytest.raises(ValueError, match="."):
        cose.read(cbor2.dumps(wrap(four)))


def test_something_after_the_statement_is_a_value_error():
    with pytest.raises(ValueError, match="follows"):
        cose.read(cose.sign(b"content", private_key=EC, kid=b"k") + b"\x00")


@pytest.mark.parametrize(
    "hostile",
    [
        b"", b"\xff", b"\x81" * 100_000, b"\x9b" + b"\xff" * 8, b"\x5b\x7f" + b"\xff" * 7, b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xd8\x23\x61(", b"\xc4\x82\x1a\x7f\xff\xff\xff\x01", b"\x7a\x00\x00\x00\x02\xff\xfe", b"\x00" * (cose.LARGEST + 1),
    ],
)  # fmt: skip
def test_hostile_bytes_are_a_value_error_and_cost_nothing(hostile):
    with pytest.raises(ValueError, match="."):
        cose.read(hostile)


def test_tags_that_would_run_something_stay_tags():
    assert cose.plain(cbor2.dumps(cbor2.CBORTag(35, "(a+)+b"))) == cbor2.CBORTag(35, "(a+)+b")
    assert cose.plain(b"\xc4\x82\x1a\x7f\xff\xff\xff\x01") == cbor2.CBORTag(4, [2147483647, 1])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_statement_or_a_value_error(data):
    try:
        assert isinstance(cose.read(data), cose.Sign1)
    except ValueError:
        pass


@pytest.mark.parametrize("alg", [cose.EDDSA, cose.PS256, -257, 5, 0, None, "ES256", -7.0, True])
def test_an_algorithm_that_is_not_the_keys_is_a_wrong_signature(alg):
    statement = cose.read(cbor2.dumps(packed({1: alg, 4: b"k"}, {}, b"content", EC)))

    with pytest.raises(cose.InvalidSignature):
        cose.verify(statement, EC.public_key())


def test_keys_that_are_too_weak_or_of_another_curve_verify_nothing():
    weak, other = rsa.generate_private_key(65537, 1024), ec.derive_private_key(7, ec.SECP384R1())

    assert cose.algorithm_of(weak.public_key()) is None
    assert cose.algorithm_of(other.public_key()) is None
    for key in (weak, other):
        statement = cose.read(cose.sign(b"content", private_key=EC, kid=b"k"))
        with pytest.raises(cose.InvalidSignature):
            cose.verify(statement, key.public_key())


@given(st.data())
def test_no_changed_byte_of_a_signed_statement_is_accepted(data):
    key = data.draw(st.sampled_from([ED, EC]))
    good = cose.sign(b"content of a code", private_key=key, kid=b"12345678")
    place = data.draw(st.integers(0, len(good) - 1))
    bad = bytes([*good[:place], good[place] ^ data.draw(st.integers(1, 255)), *good[place + 1 :]])

    try:
        statement = cose.read(bad)
    except ValueError:
        return
    with pytest.raises(cose.InvalidSignature):
        cose.verify(statement, key.public_key())


def test_the_key_named_under_the_signature_comes_before_the_one_beside_it():
    header, _nothing, payload, signature = cbor2.loads(cose.sign(b"content", private_key=EC, kid=b"inside")).value

    assert cose.read(cbor2.dumps([header, {4: b"outside"}, payload, signature])).kid == b"inside"
    assert cose.read(cbor2.dumps([cbor2.dumps({1: -7}), {4: b"outside"}, payload, signature])).kid == b"outside"
    assert cose.read(cbor2.dumps([cbor2.dumps({1: -7}), {}, payload, signature])).kid is None
    assert cose.read(cbor2.dumps([cbor2.dumps({1: -7, 4: "text"}), {}, payload, signature])).kid is None
