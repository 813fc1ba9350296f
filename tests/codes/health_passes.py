"""Signers and passes of our own for tests: everything a pass can say, right by default, each part to be made wrong."""

import zlib
from datetime import UTC, datetime, timedelta
from functools import cache

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from tongban.codes import hcert
from tongban.lib import base45

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
USAGE = {"t": "1.3.6.1.4.1.1847.2021.1.1", "v": "1.3.6.1.4.1.1847.2021.1.2", "r": "1.3.6.1.4.1.1847.2021.1.3"}
NEGATIVE, POSITIVE = "260415000", "260373001"


@cache
def key(name="one"):
    if name.startswith("rsa"):
        return rsa.generate_private_key(65537, int(name.removeprefix("rsa")))
    if name == "p384":
        return ec.generate_private_key(ec.SECP384R1())
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    private_key=None, *, begins=AT - timedelta(days=30), ends=AT + timedelta(days=300), usage=(), signed_by=None
) -> bytes:
    """The signer's certificate in DER; `signed_by` an RSA key makes what real issuers have: RSA over an elliptic key."""
    private_key = private_key or key()
    name = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "ZZ"), x509.NameAttribute(NameOID.COMMON_NAME, "Signer of tests")]
    )
    building = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    if usage:
        building = building.add_extension(
            x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in usage]), critical=False
        )
    return building.sign(signed_by or private_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@cache
def trusted() -> bytes:
    return certificate()


def entry(kind, **changes) -> dict:
    common = {"tg": "840539006", "co": "ZZ", "is": "Ministry of tests", "ci": "URN:UVCI:01:ZZ:1"}
    own = {
        "v": {"vp": "1119349007", "mp": "EU/1/20/1528", "ma": "ORG-1", "dn": 2, "sd": 2, "dt": "2026-08-01"},
        "t": {"tt": "LP6464-4", "sc": "2026-11-20T08:00:00Z", "tr": NEGATIVE, "tc": "Hall of tests"},
        "r": {"fr": "2026-09-01", "df": "2026-09-12", "du": "2027-02-28"},
    }[kind]
    whole = common | own | changes
    return {name: value for name, value in whole.items() if value is not ...}


def content(kind="t", entries=None, **changes) -> dict:
    """`...` takes a field away."""
    whole = {
        "ver": "1.3.0",
        "nam": {"fn": "Mustermann", "gn": "Erika", "fnt": "MUSTERMANN", "gnt": "ERIKA"},
        "dob": "1964-08-12",
        kind: entries if entries is not None else [entry(kind)],
    } | changes
    return {name: value for name, value in whole.items() if value is not ...}


def claims(inside=None, *, iat=AT - timedelta(days=1), exp=AT + timedelta(days=30), **changes) -> dict:
    whole = {1: "ZZ", 6: int(iat.timestamp()), 4: int(exp.timestamp()), -260: {1: inside or content()}}
    whole |= {int(name): value for name, value in changes.items()}
    return {name: value for name, value in whole.items() if value is not ...}


def statement(
    payload=None, *, der=None, private_key=None, protected=None, unprotected=None, tags=(18,), spoil=None, extra=b""
) -> bytes:
    private_key = private_key or key()
    if not isinstance(payload, bytes):
        payload = cbor2.dumps(payload if payload is not None else claims())
    alg = -37 if isinstance(private_key, rsa.RSAPrivateKey) else -7
    header = protected if protected is not None else {1: alg, 4: hcert.kid_of(der or trusted())}
    header = header if isinstance(header, bytes) else cbor2.dumps(header) if header else b""
    signed = cbor2.dumps(["Signature1", header, b"", payload])
    if isinstance(private_key, rsa.RSAPrivateKey):
        signature = private_key.sign(
            signed, padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32), hashes.SHA256()
        )
    else:
        size = (private_key.curve.key_size + 7) // 8
        pair = decode_dss_signature(private_key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = b"".join(number.to_bytes(size, "big") for number in pair)
    four = [header, unprotected or {}, payload, signature]
    four = spoil(four) if spoil else four
    for tag in reversed(tags):
        four = cbor2.CBORTag(tag, four)
    return cbor2.dumps(four) + extra


def text(packed: bytes | None = None, **made) -> str:
    return "HC1:" + base45.encode(zlib.compress(packed if packed is not None else statement(**made), 9))


def pass_of(
    kind="t", *, private_key=None, der=None, iat=AT - timedelta(days=1), exp=AT + timedelta(days=30), **changes
) -> str:
    """A pass of this kind, one entry, whose fields may be changed."""
    return text(
        payload=claims(content(kind, [entry(kind, **changes)]), iat=iat, exp=exp), private_key=private_key, der=der
    )


def verify(qr, *, at=AT, trust=None, **more) -> hcert.Answer:
    return hcert.verify(qr, at=at, trust=hcert.Trust.of(trust if trust is not None else [trusted()]), **more)
