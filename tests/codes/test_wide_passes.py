"""A wide set of passes, made from parts: every way issuers are allowed to write a right one, every part made wrong alone and two together.

Both doors are asked, `POST /api/v1/passes/verify` and `tongban verify-pass`, and answer the same words. Of a pass with two faults the one
that comes first on the way in is told: text, compression, structure, key, signature, times, usage. What is not under a good signature is not shown.
"""

import argparse
import base64
import io
import itertools
import json
import sys
import zlib
from datetime import timedelta
from types import SimpleNamespace

import cbor2
import pytest

from tests.codes import health_passes as make
from tests.codes.health_passes import AT, NEGATIVE, POSITIVE, USAGE
from tongban.codes import hcert
from tongban.lib import base45
from tongban.site.commands import verify_pass

pytestmark = pytest.mark.django_db

ES, PS = make.key(), make.key("rsa2048")
DER = {"ES256": make.trusted(), "PS256": make.certificate(PS)}
KEY = {"ES256": ES, "PS256": PS}
ALG = {"ES256": -7, "PS256": -37}
LATE, EARLY = AT + timedelta(days=1), AT - timedelta(days=1)


def packed(statement: bytes, *, level=9, bits=15) -> str:
    squeezer = zlib.compressobj(level, zlib.DEFLATED, bits)
    return "HC1:" + base45.encode(squeezer.compress(statement) + squeezer.flush())


def endless(value) -> bytes:
    """CBOR whose maps, lists and texts have no length in front (RFC 8949, 3.2): some issuers write so."""
    if isinstance(value, dict):
        return b"\xbf" + b"".join(endless(name) + endless(each) for name, each in value.items()) + b"\xff"
    if isinstance(value, list):
        return b"\x9f" + b"".join(map(endless, value)) + b"\xff"
    if isinstance(value, str) and len(value) > 1:
        return b"\x7f" + cbor2.dumps(value[:1]) + cbor2.dumps(value[1:]) + b"\xff"
    return cbor2.dumps(value)


def long_numbers(value) -> bytes:
    """CBOR whose numbers take more bytes than they need."""
    if isinstance(value, dict):
        return (
            b"\xb9"
            + len(value).to_bytes(2, "big")
            + b"".join(long_numbers(name) + long_numbers(each) for name, each in value.items())
        )
    if isinstance(value, int) and not isinstance(value, bool):
        return (b"\x1b" + value.to_bytes(8, "big")) if value >= 0 else (b"\x3b" + (-1 - value).to_bytes(8, "big"))
    if isinstance(value, list):
        return b"\x9a" + len(value).to_bytes(4, "big") + b"".join(map(long_numbers, value))
    return cbor2.dumps(value)


WRITTEN = {"short": cbor2.dumps, "endless": endless, "long numbers": long_numbers}
HEADERS = {
    "both signed": lambda alg, kid: ({1: alg, 4: kid}, {}),
    "key id beside": lambda alg, kid: ({1: alg}, {4: kid}),
    "both beside": lambda alg, kid: ({}, {1: alg, 4: kid}),
    "another key id beside the signed": lambda alg, kid: ({1: alg, 4: kid}, {4: b"somebody"}),
}
RIGHT = list(itertools.product("vtr", KEY, HEADERS, [(18,), (), (61, 18)], WRITTEN))


def right(kind, alg, header, tags, written, **changes) -> str:
    signed, beside = HEADERS[header](ALG[alg], hcert.kid_of(DER[alg]))
    payload = WRITTEN[written](make.claims(make.content(kind, [make.entry(kind, **changes)])))
    return packed(make.statement(payload, private_key=KEY[alg], protected=signed or b"", unprotected=beside, tags=tags))


@pytest.fixture
def doors(client, monkeypatch, tmp_path):
    """What both answer to one text; they must say the same."""

    def asking(text: str, *, at=AT, trust=(DER["ES256"], DER["PS256"])) -> dict:
        certificates = [base64.b64encode(der).decode() for der in trust]
        body = {"qr_text": text, "at": at.isoformat(), "trust": certificates}
        answered = client.post("/api/v1/passes/verify", json.dumps(body), content_type="application/json")
        assert answered.status_code == 200, answered.content
        (tmp_path / "trust.json").write_text(json.dumps(certificates))
        read = SimpleNamespace(buffer=io.BytesIO(text.encode()))
        monkeypatch.setattr(sys, "stdin", read)
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        given = argparse.ArgumentParser()
        verify_pass.arguments(given)
        code = verify_pass.run(given.parse_args(["--at", at.isoformat(), "--trust", str(tmp_path / "trust.json")]))
        typed = json.loads(sys.stdout.getvalue())
        monkeypatch.undo()
        assert typed == answered.json()
        assert code == (0 if typed["verdict"] == "valid" else 1)
        return typed

    return asking


def test_every_way_to_write_a_right_pass_is_right():
    trust = hcert.Trust.of(DER.values())
    wrong = [
        way
        for way in RIGHT
        if not (answer := hcert.verify(right(*way), at=AT, trust=trust)).valid or answer.kind != way[0]
    ]

    assert len(RIGHT) == 216
    assert wrong == []


@pytest.mark.parametrize("way", RIGHT[::11], ids=str)
def test_both_doors_say_so(doors, way):
    said = doors(right(*way))

    assert (said["verdict"], said["reason"], said["kind"]) == ("valid", None, way[0])
    assert said["holder"] == {"name": "Erika Mustermann", "dob": "1964-08-12"}
    assert (said["test"] is not None) == (way[0] == "t")


@pytest.mark.parametrize(("level", "bits"), [(0, 15), (1, 15), (6, 15), (9, 15), (9, 9), (9, 12)])
def test_however_it_was_compressed(doors, level, bits):
    assert doors(packed(make.statement(), level=level, bits=bits))["verdict"] == "valid"


def test_a_positive_test_is_never_green_however_it_is_written():
    trust = hcert.Trust.of(DER.values())
    ways = [way for way in RIGHT if way[0] == "t"]
    spellings = [
        {"tt": tt, "sc": sc}
        for tt in ("LP6464-4", "LP217198-3", "", "x")
        for sc in ("2026-11-20T11:59:00Z", "2026-11-20")
    ]
    lights = {
        hcert.verify(right(*way, tr=POSITIVE, **said), at=AT, trust=trust).light
        for way in ways[:24]
        for said in spellings
    }

    assert lights == {"red"}
    for result in (f" {POSITIVE}", f"{POSITIVE} ", f"\t{POSITIVE}\n"):
        assert hcert.verify(make.pass_of("t", tr=result), at=AT, trust=trust).light == "red"
    for unknown in ("detected", "POSITIVE", "26037300l", "２６０３７３００１", "0"):
        assert hcert.verify(make.pass_of("t", tr=unknown), at=AT, trust=trust).light != "green"
    assert hcert.verify(make.pass_of("t", tr=NEGATIVE), at=AT, trust=trust).light == "green"


def test_the_same_moment_in_every_zone_is_the_same_answer(doors):
    from datetime import timezone as zone

    edge = make.text(payload=make.claims(iat=AT, exp=AT + timedelta(seconds=1)))
    for hours in (-12, -5, 0, 8, 14):
        here = AT.astimezone(zone(timedelta(hours=hours)))
        assert doors(edge, at=here)["verdict"] == "valid"
        assert doors(edge, at=here - timedelta(seconds=1))["reason"] == "not_yet_valid"
        assert doors(edge, at=here + timedelta(seconds=1))["reason"] == "expired"


def spoilt_signature(four):
    return [*four[:3], four[3][:-1] + bytes([four[3][-1] ^ 1])]


FAULTS = {  # in the order in which they are met
    "prefix": lambda how: how | {"prefix": "HC3:"},
    "encoding": lambda how: how | {"letter": "~"},
    "compression": lambda how: how | {"pack": lambda content: zlib.compress(content)[:-1] + b"\0"},
    "structure": lambda how: how | {"tags": (98,)},
    "unknown_key": lambda how: how | {"kid": b"nobodys!"},
    "signature": lambda how: how | {"spoil": spoilt_signature},
    "not_yet_valid": lambda how: how | {"iat": LATE},
    "expired": lambda how: how | {"exp": EARLY},
    "key_usage": lambda how: how | {"der": make.certificate(usage=[USAGE["v"]])},
}
BEFORE = list(FAULTS)


def with_faults(*names) -> tuple[str, bytes]:
    how: dict = {}
    for name in names:
        how = FAULTS[name](how)
    der = how.get("der", DER["ES256"])
    payload = make.claims(
        make.content("t"), iat=how.get("iat", EARLY - timedelta(days=5)), exp=how.get("exp", AT + timedelta(days=30))
    )
    statement = make.statement(
        payload,
        protected={1: -7, 4: how.get("kid", hcert.kid_of(der))},
        tags=how.get("tags", (18,)),
        spoil=how.get("spoil"),
    )
    body = base45.encode(how.get("pack", zlib.compress)(statement))
    return how.get("prefix", "HC1:") + how.get("letter", "") + body[len(how.get("letter", "")) :], der


@pytest.mark.parametrize("fault", BEFORE)
def test_each_fault_alone_has_its_reason_at_both_doors(doors, fault):
    text, der = with_faults(fault)
    said = doors(text, trust=[der])

    assert (said["verdict"], said["reason"], said["light"]) == ("invalid", fault, "red")
    assert (said["holder"] is not None) == (fault in ("not_yet_valid", "expired", "key_usage"))


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(BEFORE, 2)))
def test_of_two_faults_the_first_on_the_way_in_is_told(first, second):
    text, der = with_faults(first, second)

    assert hcert.verify(text, at=AT, trust=hcert.Trust.of([der])).reason == first


def map_of(*pairs) -> bytes:
    """A map as it is written, keys twice if need be."""
    return bytes([0xA0 + len(pairs)]) + b"".join(cbor2.dumps(name) + cbor2.dumps(each) for name, each in pairs)


INSIDE = make.claims()
HOSTILE = {
    "an end twice": (lambda: make.text(payload=map_of(*INSIDE.items(), (4, 2**40))), "structure"),
    "a certificate twice": (lambda: make.text(payload=map_of(*INSIDE.items(), (-260, {1: make.content("v")}))), "structure"),
    "an algorithm twice in the header": (
        lambda: make.text(protected=map_of((1, -7), (4, hcert.kid_of(DER["ES256"])), (1, -37))),
        "structure",
    ),
    "an end as a number of a thousand digits": (lambda: make.text(payload=make.claims(**{"4": 10**1000})), "structure"),
    "an end without end": (lambda: make.text(payload=make.claims(**{"4": float("inf")})), "structure"),
    "an end far away": (lambda: make.text(payload=make.claims(**{"4": 10**18})), "structure"),
    "an issue date in words": (lambda: make.text(payload=make.claims(**{"6": "2026-11-19"})), "structure"),
    "nothing as an end": (lambda: make.text(payload=make.claims(**{"4": None})), "structure"),
    "the certificate as bytes": (lambda: make.text(payload=make.claims(**{"-260": {1: cbor2.dumps(make.content())}})), "structure"),
    "the certificate under another number": (lambda: make.text(payload=make.claims(**{"-260": {2: make.content()}})), "structure"),
    "the light certificate of one country": (
        lambda: make.text(payload=make.claims(**{"-260": ..., "-250": {1: make.content()}})),
        "structure",
    ),
    "the payload wrapped once more": (lambda: make.text(payload=cbor2.dumps(cbor2.dumps(INSIDE))), "structure"),
    "deeper than anything": (lambda: make.text(b"\x81" * 5000 + b"\x00"), "structure"),
    "a list longer than memory": (lambda: make.text(b"\x9b" + b"\xff" * 8), "structure"),
    "gzip": (lambda: "HC1:" + base45.encode(__import__("gzip").compress(make.statement())), "compression"),
    "compressed twice": (lambda: make.text(zlib.compress(make.statement())), "structure"),
    "two streams": (lambda: "HC1:" + base45.encode(zlib.compress(make.statement()) * 2), "compression"),
    "prefix twice": (lambda: "HC1:" + make.text(), "encoding"),
    "three letters too large": (lambda: make.text()[:-3] + ":::", "encoding"),
    "one letter more": (lambda: "HC1:" + (body := make.text()[4:])[: len(body) // 3 * 3] + "0", "encoding"),
    "a letter of full width": (lambda: make.text().replace("1", "１"), "prefix"),
    "RS256 where PS256 belongs": (
        lambda: make.text(private_key=PS, der=DER["PS256"], protected={1: -257, 4: hcert.kid_of(DER["PS256"])}),
        "signature",
    ),
    "ES384 by name": (lambda: make.text(protected={1: -35, 4: hcert.kid_of(DER["ES256"])}), "signature"),
    "EdDSA by name": (lambda: make.text(protected={1: -8, 4: hcert.kid_of(DER["ES256"])}), "signature"),
    "no algorithm at all by its name": (lambda: make.text(protected={1: "none", 4: hcert.kid_of(DER["ES256"])}), "signature"),
    "an algorithm that is yes": (lambda: make.text(protected={1: True, 4: hcert.kid_of(DER["ES256"])}), "signature"),
    "signed by RSA under the elliptic key's id": (
        lambda: make.text(private_key=PS, protected={1: -37, 4: hcert.kid_of(DER["ES256"])}),
        "signature",
    ),
    "signed by the elliptic key under RSA's id": (
        lambda: make.text(private_key=ES, protected={1: -7, 4: hcert.kid_of(DER["PS256"])}),
        "signature",
    ),
    "a signature in DER": (lambda: make.text(spoil=lambda four: [*four[:3], b"\x30\x44" + four[3]]), "signature"),
    "the signed algorithm right and another beside it": (
        lambda: make.text(protected={1: -37, 4: hcert.kid_of(DER["ES256"])}, unprotected={1: -7}),
        "signature",
    ),
    "a key id of sixteen bytes": (lambda: make.text(protected={1: -7, 4: hcert.kid_of(DER["ES256"]) * 2}), "unknown_key"),
    "a key id of no bytes": (lambda: make.text(protected={1: -7, 4: b""}), "unknown_key"),
    "a group of the next version": (lambda: make.text(payload=make.claims(make.content("x", [make.entry("t")]))), "content"),
    "a test that is a vaccination inside": (lambda: make.text(payload=make.claims(make.content("t", [make.entry("v")]))), "content"),
    "more doses than anybody has": (lambda: make.pass_of("v", dn=10**6), "content"),
    "a day that was never": (lambda: make.pass_of("t", sc="2026-02-30T10:00:00Z"), "content"),
    "a second that was never": (lambda: make.pass_of("t", sc="2026-11-20T10:00:61Z"), "content"),
    "a sampling at no time": (lambda: make.pass_of("t", sc=None), "content"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_wrong_in_a_clever_way_is_told_as_what_it_is(doors, case):
    made, reason = HOSTILE[case]
    said = doors(made())

    assert (said["verdict"], said["reason"], said["light"]) == ("invalid", reason, "red")
    assert (said["kind"], said["holder"], said["test"]) == (None, None, None)
