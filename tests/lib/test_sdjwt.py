"""Credentials that disclose field by field: the public vectors, another library both ways, and everything a forger might try."""

import hmac
import json
import random
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from tests.wallets import Wallet, selected
from tongban.lib import jose, sdjwt, yamls
from tongban.lib.jose import Refused

VECTORS = Path(__file__).parents[1] / "vectors" / "sd-jwt" / "examples"
SETTINGS = yamls.read(VECTORS / "settings.yml")
EXAMPLE = "example+sd-jwt"
CASES = sorted(path.name for path in VECTORS.iterdir() if path.is_dir())
HASHED_AS_JSON = {"json_serialization_flattened", "json_serialization_general"}
"""Their maker hashes the JSON text; RFC 9901 (8.1) hashes the compact form of what was sent, whichever form it is sent in."""
NOW = 1_795_219_200
ISSUER = ec.derive_private_key(0x5EED, ec.SECP256R1())
SIGNER = jose.raw_signer(ISSUER)
AUDIENCE = {"audience": "https://verifier.example", "nonce": "n-1"}


class Said(yaml.SafeLoader):
    """The vectors mark what is disclosed one by one; here only their plain part is read."""


Said.add_multi_constructor("!sd", lambda loader, _tag, node: getattr(loader, f"construct_{node.id}")(node))


def vector(case, name):
    path = VECTORS / case / name
    return read_vector(json.loads(json.loads(path.with_suffix(".json").read_text()))) if not path.exists() else sdjwt.read(
        path.read_text().strip(), kind=EXAMPLE
    )  # fmt: skip


def read_vector(document):
    return sdjwt.read_json(document, kind=EXAMPLE)


def issuer_key(case):
    own = yaml.load((VECTORS / case / "specification.yml").read_text(), Said).get("settings_override", {})
    keys = own.get("key_settings", SETTINGS["key_settings"])
    return jose.key_of({name: keys["issuer_keys"][0][name] for name in ("kty", "crv", "x", "y")})


def json_of(case, name):
    return json.loads((VECTORS / case / name).read_text())


def names_in(value) -> set:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return (set(value) if isinstance(value, dict) else set()).union(*(names_in(one) for one in inside))


# -- the public vectors


def test_all_the_vectors_are_here():
    assert len(CASES) == 15


@pytest.mark.parametrize("case", CASES)
def test_what_an_issuer_signed_is_read_and_rebuilt_exactly(case):
    issued = vector(case, "sd_jwt_issuance.txt")

    everything = issued.claims(issuer_key(case))

    assert issued.jws.payload == json_of(case, "sd_jwt_payload.json")
    told = json_of(case, "user_claims.json")
    assert {name: everything[name] for name in told} == told
    assert names_in(everything).isdisjoint({"_sd", "...", "_sd_alg"})


@pytest.mark.parametrize("case", CASES)
def test_a_presentation_shows_exactly_what_was_disclosed(case):
    presented = vector(case, "sd_jwt_presentation.txt")

    claims = presented.claims(issuer_key(case))

    assert claims == json_of(case, "verified_contents.json")
    assert bool(presented.binding) == (VECTORS / case / "kb_jwt_serialized.txt").exists()
    if presented.binding:
        said = json_of(case, "kb_jwt_payload.json")
        who = {"audience": SETTINGS["identifiers"]["verifier"], "nonce": str(SETTINGS["key_binding_nonce"])}
        with pytest.raises(Refused, match="another nonce"):
            presented.check_binding(**(who | {"nonce": "0987654321"}), now=said["iat"])
        if case in HASHED_AS_JSON:
            with pytest.raises(Refused, match="other disclosures"):
                presented.check_binding(**who, now=said["iat"])
        else:
            assert jose.jwk_of(presented.check_binding(**who, now=said["iat"])) == presented.jws.payload["cnf"]["jwk"]


@pytest.mark.parametrize("case", [one for one in CASES if (VECTORS / one / "sd_jwt_issuance.txt").exists()])
def test_choosing_from_what_was_issued_makes_the_same_presentation(case):
    issued = (VECTORS / case / "sd_jwt_issuance.txt").read_text().strip()
    presented = (VECTORS / case / "sd_jwt_presentation.txt").read_text().strip()
    wanted = yaml.load((VECTORS / case / "specification.yml").read_text(), Said)["holder_disclosed_claims"]

    chosen = selected(issued, wanted)

    ours, theirs = set(chosen.split("~")), set(presented.rpartition("~")[0].split("~"))
    assert ours - {""} == theirs


# -- with another library


CLAIMS = {
    "iss": "https://district.example",
    "vct": "https://district.example/vct/business-licence",
    "iat": NOW,
    "face": {
        "name": "示范餐饮有限公司",
        "scope": {"zh": "热食类食品", "en": "Hot food"},
        "screens": 3,
        "items": ["甲", "乙"],
    },
    "identifier": "1.2.156.3005.2",
}
HIDDEN = {"face": dict.fromkeys(("name", "scope", "screens", "items")), "identifier": None}


def issued(wallet=None, **more) -> str:
    claims = CLAIMS | ({"cnf": {"jwk": wallet.jwk}} if wallet else {}) | more
    return sdjwt.issue(claims, hidden=HIDDEN, header={"kid": "one"}, signer=SIGNER)


def foreign(key) -> JWK:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return JWK.from_pem(pem)


def test_another_library_verifies_what_we_issue_whole_and_presented():
    wallet = Wallet()
    credential = issued(wallet)
    public = JWK(**jose.jwk_of(ISSUER.public_key()))

    whole = SDJWTVerifier(credential, lambda *_given: public).get_verified_payload()
    holder = SDJWTHolder(credential)
    holder.create_presentation({"face": {"name": True}}, "n-1", "https://verifier.example", foreign(wallet.key))
    seen = SDJWTVerifier(
        holder.sd_jwt_presentation, lambda *_given: public, "https://verifier.example", "n-1"
    ).get_verified_payload()

    assert whole == CLAIMS | {"cnf": {"jwk": wallet.jwk}}
    assert seen["face"] == {"name": "示范餐饮有限公司"} and "identifier" not in seen
    ours = sdjwt.read(holder.sd_jwt_presentation)
    assert ours.claims(ISSUER.public_key()) == seen
    proof = jose.read(ours.binding, kind="kb+jwt")
    ours.check_binding(**AUDIENCE, now=proof.payload["iat"])


def test_we_verify_what_another_library_issues():
    claims = {SDObj("name"): "张示范", "iss": "x", "list": [SDObj("a"), "b"], SDObj("deep"): {SDObj("er"): None}}
    theirs = SDJWTIssuer(
        claims, foreign(ISSUER), add_decoy_claims=True, extra_header_parameters={"typ": sdjwt.TYPE}
    ).sd_jwt_issuance

    assert sdjwt.read(theirs).claims(ISSUER.public_key()) == {
        "name": "张示范",
        "iss": "x",
        "list": ["a", "b"],
        "deep": {"er": None},
    }


# -- our own


def test_nothing_hidden_stands_in_the_signed_part_and_each_issue_has_other_salts():
    first, second = issued(), issued()

    openly = json.dumps(sdjwt.read(first).jws.payload, ensure_ascii=False)
    assert not any(word in openly for word in ("示范", "3005", "Hot food", "screens"))
    assert set(first.split("~")[1:-1]).isdisjoint(second.split("~")[1:-1])
    assert sdjwt.read(first).claims(ISSUER.public_key()) == CLAIMS


def test_what_a_verifier_needs_first_is_never_hidden():
    with pytest.raises(ValueError, match="never hidden"):
        sdjwt.issue(CLAIMS, hidden=["vct"], header={}, signer=SIGNER)
    with pytest.raises(ValueError, match="meaning of its own"):
        sdjwt.issue({"_sd": 1}, hidden=[], header={}, signer=SIGNER)


@pytest.mark.parametrize(
    "changed",
    [
        {"audience": "https://other.example"},
        {"nonce": "n-2"},
        {"now": NOW + 301},
        {"now": NOW - 61},
    ],
)
def test_a_presentation_is_for_one_verifier_and_one_moment(changed):
    wallet = Wallet()
    presented = sdjwt.read(wallet.present(issued(wallet), True, **AUDIENCE, now=NOW))

    presented.check_binding(**AUDIENCE, now=NOW)
    with pytest.raises(Refused) as refused:
        presented.check_binding(**(AUDIENCE | {"now": NOW} | changed))
    assert refused.value.reason == "binding"


def test_the_holders_proof_covers_exactly_what_was_sent_and_is_made_with_their_key():
    wallet, thief = Wallet(), Wallet()
    credential = issued(wallet)
    little, all_of_it = selected(credential, {"face": {"name": True}}), selected(credential, True)
    for forged in (
        all_of_it + wallet.bound(little, **AUDIENCE, now=NOW),  # more than was signed for
        little + thief.bound(little, **AUDIENCE, now=NOW),  # a credential copied from another phone
        little,  # no proof at all
        little + wallet.bound(little, **AUDIENCE, now=NOW, sd_hash=3),
        little + wallet.proof(audience=AUDIENCE["audience"], nonce="n-1", now=NOW),  # a proof made for an issuer
    ):
        with pytest.raises(Refused):
            sdjwt.read(forged).check_binding(**AUDIENCE, now=NOW)

    bound = sdjwt.read(little + wallet.bound(little, **AUDIENCE, now=NOW)).check_binding(**AUDIENCE, now=NOW)
    assert jose.jwk_of(bound) == wallet.jwk


# -- forgers


def forged(payload, disclosures=()) -> sdjwt.SdJwt:
    """Signed by the issuer's key, so that only the structure can be wrong."""
    return sdjwt.read("~".join([jose.sign({"typ": sdjwt.TYPE}, payload, SIGNER), *disclosures, ""]))


def disclosure(*parts) -> tuple[str, str]:
    text = jose.packed(list(parts))
    return text, jose.encode(sha256(text.encode()).digest())


ONE, DIGEST = disclosure("salt", "name", "value")
IN_LIST, LIST_DIGEST = disclosure("salt", "element")
UNDER, UNDER_DIGEST = disclosure("salt", "_sd", ["x"])
DOTS, DOTS_DIGEST = disclosure("salt", "...", "x")
SALTLESS, SALTLESS_DIGEST = disclosure(7, "name", "value")
LONG, LONG_DIGEST = disclosure("a", "b", "c", "d")
AGAIN, AGAIN_DIGEST = disclosure("salt", "outer", {"_sd": [DIGEST]})

BROKEN = {
    "a disclosure nobody signed": ({"a": 1}, [ONE]),
    "a disclosure twice": ({"_sd": [DIGEST]}, [ONE, ONE]),
    "a digest twice in one object": ({"_sd": [DIGEST, DIGEST]}, [ONE]),
    "a digest twice, without its disclosure": ({"_sd": [DIGEST], "a": {"_sd": [DIGEST]}}, []),
    "a digest twice, once in a disclosure": ({"_sd": [DIGEST, AGAIN_DIGEST]}, [ONE, AGAIN]),
    "a name that is there already": ({"_sd": [DIGEST], "name": "true"}, [ONE]),
    "a disclosure named _sd": ({"_sd": [UNDER_DIGEST]}, [UNDER]),
    "a disclosure named ...": ({"_sd": [DOTS_DIGEST]}, [DOTS]),
    "an element among names": ({"_sd": [LIST_DIGEST]}, [IN_LIST]),
    "a name in a list": ({"a": [{"...": DIGEST}]}, [ONE]),
    "dots beside something": ({"a": [{"...": LIST_DIGEST, "b": 1}]}, [IN_LIST]),
    "dots outside a list": ({"a": {"...": LIST_DIGEST}}, [IN_LIST]),
    "_sd that is no list": ({"_sd": {"0": DIGEST}}, [ONE]),
    "a digest that is no text": ({"_sd": [1]}, []),
    "a salt that is no text": ({"_sd": [SALTLESS_DIGEST]}, [SALTLESS]),
    "four parts": ({"_sd": [LONG_DIGEST]}, [LONG]),
    "an unknown hash": ({"_sd": [DIGEST], "_sd_alg": "md5"}, [ONE]),
    "a hash that is no word": ({"_sd": [DIGEST], "_sd_alg": ["sha-256"]}, [ONE]),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_credential_that_does_not_fit_together_is_refused(what):
    with pytest.raises(Refused):
        forged(*BROKEN[what]).claims(ISSUER.public_key())


def test_a_digest_without_disclosure_and_one_inside_another_are_right():
    nested = forged(
        {"_sd": [AGAIN_DIGEST, "decoy"], "a": [{"...": LIST_DIGEST}, {"...": "decoy too"}]}, [ONE, AGAIN, IN_LIST]
    )

    assert nested.claims(ISSUER.public_key()) == {"outer": {"name": "value"}, "a": ["element"]}


def confused(header, payload, signature) -> str:
    signed = f"{jose.packed(header)}.{jose.packed(payload)}"
    return f"{signed}.{jose.encode(signature(signed.encode()))}"


def with_public_key_as_secret(signed: bytes) -> bytes:
    pem = ISSUER.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hmac.digest(pem, signed, "sha256")


def as_der(signed: bytes) -> bytes:
    return ISSUER.sign(signed, ec.ECDSA(hashes.SHA256()))


def pair(r: int, s: int):
    return lambda _signed: r.to_bytes(32) + s.to_bytes(32)


OTHER_CURVE = ec.derive_private_key(0x5EED, ec.SECP384R1())
CONFUSIONS = {
    "none": ({"alg": "none"}, lambda _signed: b""),
    "None": ({"alg": "None"}, lambda _signed: b""),
    "no algorithm": ({}, SIGNER),
    "none, with a good signature": ({"alg": "none"}, SIGNER),
    "the public key as a secret": ({"alg": "HS256"}, with_public_key_as_secret),
    "the public key as a secret, under ES256": ({"alg": "ES256"}, with_public_key_as_secret),
    "another algorithm, with a good signature": ({"alg": "ES384"}, SIGNER),
    "in lower case": ({"alg": "es256"}, SIGNER),
    "as a list": ({"alg": ["ES256"]}, SIGNER),
    "EdDSA": ({"alg": "EdDSA"}, ed25519.Ed25519PrivateKey.generate().sign),
    "the sender's own key in the header": (
        {"alg": "ES256", "jwk": jose.jwk_of(Wallet().key.public_key())},
        jose.raw_signer(ec.generate_private_key(ec.SECP256R1())),
    ),
    "DER": ({"alg": "ES256"}, as_der),
    "r is zero": ({"alg": "ES256"}, pair(0, 1)),
    "s is zero": ({"alg": "ES256"}, pair(1, 0)),
    "both are zero": ({"alg": "ES256"}, pair(0, 0)),
    "r is the order": ({"alg": "ES256"}, pair(jose.ORDER, 1)),
    "s is the order": ({"alg": "ES256"}, pair(1, jose.ORDER)),
    "both are one": ({"alg": "ES256"}, pair(1, 1)),
    "s above the order": (
        {"alg": "ES256"},
        lambda signed: SIGNER(signed)[:32] + (int.from_bytes(SIGNER(signed)[32:]) + 2**255 & (2**256 - 1)).to_bytes(32),
    ),
    "short": ({"alg": "ES256"}, lambda signed: SIGNER(signed)[:63]),
    "long": ({"alg": "ES256"}, lambda signed: SIGNER(signed) + b"\0"),
    "an extension nobody understands": ({"alg": "ES256", "crit": ["exp"], "exp": 1}, SIGNER),
    "a payload outside": ({"alg": "ES256", "b64": False}, SIGNER),
    "another type": ({"alg": "ES256", "typ": "kb+jwt"}, SIGNER),
    "no type": ({"alg": "ES256", "typ": None}, SIGNER),
    "a key id that is no text": ({"alg": "ES256", "kid": {"$ne": ""}}, SIGNER),
}


@pytest.mark.parametrize("what", CONFUSIONS)
def test_no_confusion_of_algorithms_keys_or_spellings_is_accepted(what):
    header, signature = CONFUSIONS[what]

    with pytest.raises(Refused):
        sdjwt.read(confused({"typ": sdjwt.TYPE} | header, CLAIMS, signature) + "~").claims(ISSUER.public_key())


def test_the_same_bytes_signed_rightly_are_accepted():
    """The control of the above: nothing but the algorithm and the signature was wrong there."""
    right = confused({"typ": sdjwt.TYPE, "alg": "ES256"}, CLAIMS, SIGNER)

    assert sdjwt.read(right + "~").claims(ISSUER.public_key()) == CLAIMS


def test_keys_of_another_curve_or_another_kind_do_not_check_anything():
    credential = sdjwt.read(issued())

    for key in (OTHER_CURVE.public_key(), ed25519.Ed25519PrivateKey.generate().public_key(), b"secret", None):
        with pytest.raises(Refused):
            credential.claims(key)
    with pytest.raises(Refused):
        credential.claims(Wallet().key.public_key())


def test_of_several_keys_with_the_same_id_each_is_tried_and_none_is_not_enough():
    credential, others = sdjwt.read(issued()), [Wallet().key.public_key() for _turn in range(2)]

    assert credential.claims(others[0], ISSUER.public_key(), others[1]) == CLAIMS
    assert credential.claims(*others, ISSUER.public_key()) == CLAIMS
    for keys in (others, []):
        with pytest.raises(Refused):
            credential.claims(*keys)


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        [],
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": 1, "y": 2},
        {"kty": "EC", "crv": "P-256", "x": jose.encode(bytes(32)), "y": jose.encode(bytes(32))},
        {"kty": "EC", "crv": "P-256", "x": jose.encode(b"\xff" * 32), "y": jose.encode(b"\xff" * 32)},
        jose.jwk_of(ISSUER.public_key()) | {"d": "AA"},
        jose.jwk_of(ISSUER.public_key()) | {"use": "enc"},
        jose.jwk_of(ISSUER.public_key()) | {"alg": "ES384"},
        jose.jwk_of(ISSUER.public_key()) | {"y": jose.jwk_of(ISSUER.public_key())["x"]},
    ],
)
def test_a_key_that_somebody_sends_is_a_public_point_of_the_curve_or_nothing(jwk):
    with pytest.raises(Refused):
        jose.key_of(jwk)


@pytest.mark.parametrize(
    "text",
    ["", "~", "~~~", "a.b.c~", "a.b~", None, 5, "é.é.é~", "." * 10 + "~", "a" * 300_000],
)
def test_what_is_no_credential_is_refused_and_nothing_else_happens(text):
    with pytest.raises(Refused):
        sdjwt.read(text)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b"[1]",
        b"{" * 2000,
        b'{"a":' + b"[" * 60 + b"]" * 60 + b"}",
        b'"x"',
        b"\xff",
        b'{"a":"\\ud800"}',
    ],
)
def test_a_payload_that_can_be_read_in_two_ways_is_refused(payload):
    header = jose.packed({"alg": "ES256", "typ": sdjwt.TYPE})
    signed = f"{header}.{jose.encode(payload)}"

    with pytest.raises(Refused):
        sdjwt.read(f"{signed}.{jose.encode(SIGNER(signed.encode()))}~")


def test_another_spelling_of_the_same_bytes_is_refused():
    jwt, *rest = issued().split("~")
    head, body, signature = jwt.split(".")
    last = {"A": "B", "Q": "R", "g": "h", "w": "x"}[signature[-1]]  # two bits that mean nothing

    for spelled in (
        f"{head}.{body}.{signature}==",
        f"{head}.{body}.{signature[:-1]}{last}",
        f"{head}.{body}\n.{signature}",
    ):
        with pytest.raises(Refused):
            sdjwt.read("~".join([spelled, *rest]))


HOLDER = Wallet()
WHOLE = HOLDER.present(
    sdjwt.issue(CLAIMS | {"cnf": {"jwk": HOLDER.jwk}}, hidden=HIDDEN, header={"kid": "one"}, signer=SIGNER),
    {"face": {"name": True, "screens": True}},
    **AUDIENCE,
    now=NOW,
)


def looked_at(text):
    """What a verifier comes to believe, or None."""
    try:
        presented = sdjwt.read(text)
        claims = presented.claims(ISSUER.public_key())
        presented.check_binding(**AUDIENCE, now=NOW)
    except Refused:
        return None
    return claims


def test_what_the_mutants_are_made_of_is_accepted():
    assert looked_at(WHOLE)["face"] == {"name": "示范餐饮有限公司", "screens": 3}


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.sampled_from("~.AZaz09-_=\0é "), st.sampled_from(["put", "replace", "cut"]))
def test_no_mutant_is_accepted(place, letter, how):
    mutant = WHOLE[:place] + ("" if how == "cut" else letter) + WHOLE[place + (how != "put") :]

    assert mutant == WHOLE or looked_at(mutant) is None


def test_ten_thousand_mutants_none_accepted():
    chance = random.Random(5)
    for _turn in range(10_000):
        place = chance.randrange(len(WHOLE))
        letter = chance.choice("~.ABCXYZabcxyz0189-_")
        mutant = WHOLE[:place] + letter + WHOLE[place + 1 :]
        assert mutant == WHOLE or looked_at(mutant) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.text(min_size=1, max_size=8).filter(lambda name: name not in {*sdjwt.RESERVED, *sdjwt.OPEN_ALWAYS})


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        names, st.text(max_size=9) | st.integers(-(2**53), 2**53) | st.lists(st.text(max_size=3)), max_size=6
    ),
    st.data(),
)
def test_whatever_is_hidden_comes_back_and_only_that_is_shown_which_was_chosen(claims, data):
    hidden = data.draw(st.lists(st.sampled_from(sorted(claims)), unique=True)) if claims else []
    shown = data.draw(st.lists(st.sampled_from(hidden), unique=True)) if hidden else []
    credential = sdjwt.issue(claims, hidden=hidden, header={}, signer=SIGNER)

    assert sdjwt.read(credential).claims(ISSUER.public_key()) == claims
    presented = sdjwt.read(selected(credential, dict.fromkeys(shown, True)))
    assert presented.claims(ISSUER.public_key()) == {
        name: value for name, value in claims.items() if name not in hidden or name in shown
    }


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["_sd", "...", "a", "_sd_alg"]), json_values, max_size=4),
    st.lists(st.text("~.abAB01_-é", max_size=12), max_size=3),
)
def test_whatever_a_signed_payload_holds_it_is_rebuilt_or_refused(payload, disclosures):
    try:
        sdjwt.rebuilt(payload, disclosures)
    except Refused:
        return
    assert not disclosures
