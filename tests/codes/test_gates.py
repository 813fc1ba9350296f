"""Gates ask over the interface: who may, what they hear, what comes twice, and what nobody gets through."""

import hmac
import json
import random
import time
from datetime import UTC, date, datetime, timedelta
from functools import partial

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.codes.gate_world import Gate, card_of, codes_of, scene, words
from tongban.channels.exchange import gates
from tongban.codes import keys, payload
from tongban.codes.models import CodeCheck, GateScan, Reader, SignedRequest
from tongban.codes.services import enrolling, holding, scanning, verifying
from tongban.codes.services.verifying import verify
from tongban.journal.actors import Actor
from tongban.lib import cose
from tongban.lib.rates import Rates
from tongban.parties.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture(autouse=True)
def own_keys(tmp_path, monkeypatch):
    for module in ("verifying", "holding"):
        monkeypatch.setattr(f"tongban.codes.services.{module}.key_directory", lambda: tmp_path / "codes")
    monkeypatch.setattr("tongban.codes.services.bundling.key_file", lambda: tmp_path / "gates.key")
    scanning.devices.forget()
    gates.pace.rates.clear()
    yield
    scanning.devices.forget()


def test_a_gate_hears_whether_the_code_is_good_and_the_holder_sees_that_it_asked(client):
    gate, card = Gate(), card_of()

    answer = gate.verify(client, codes_of(card)[0], scan="scan-0001")

    assert answer.status_code == 200
    body = answer.json()
    assert {name: body[name] for name in ("scan", "verdict", "reason", "kind", "again", "sentence")} == {
        "scan": "scan-0001", "verdict": "valid", "reason": "", "kind": "person", "again": False, "sentence": "",
    }  # fmt: skip
    assert list(body["fields"]) == ["alias"]
    check = CodeCheck.objects.get()
    assert (check.code, check.reader, check.good, check.fields) == (card, gate.reader, True, ["alias"])


def test_a_second_use_at_the_same_gate_is_refused_with_words_a_guard_understands(client):
    gate, other, code = Gate(), Gate(name="Gate 2"), codes_of(card_of())[0]

    answers = [gate.verify(client, code), gate.verify(client, code), other.verify(client, code)]

    assert words(answers) == [(200, "valid", ""), (200, "invalid", "used"), (200, "valid", "")]
    assert "screenshot" in answers[1].json()["sentence"] and answers[1].json()["fields"] == {}
    assert CodeCheck.objects.filter(good=False, reason="used").count() == 1


def test_a_gate_that_lost_the_line_asks_again_under_its_number_and_nobody_is_refused(client):
    gate, card = Gate(), card_of()
    code, another = codes_of(card, 2)

    first, again = gate.verify(client, code, scan="scan-0001"), gate.verify(client, code, scan="scan-0001")
    confused = gate.verify(client, another, scan="scan-0001")

    assert (first.json()["verdict"], again.json()["verdict"], again.json()["again"]) == ("valid", "valid", True)
    assert again.json()["fields"] == first.json()["fields"] != {}
    assert (confused.status_code, confused.json()["code"]) == (409, "number-of-another-scan")
    assert (CodeCheck.objects.count(), GateScan.objects.count()) == (1, 1)


def test_the_very_same_request_is_not_taken_in_twice(client):
    gate, code = Gate(), codes_of(card_of())[0]
    body = json.dumps({"scan": "scan-0001", "code": code}).encode()
    headers = gate.signed("/api/v1/codes/verify", body)

    answers = [
        client.post("/api/v1/codes/verify", body, content_type="application/json", headers=headers)
        for _time in range(2)
    ]

    assert words(answers) == [(200, "valid", ""), (401, "replayed", None)]
    assert answers[1]["Content-Type"] == "application/problem+json"


def test_a_clock_that_differs_is_told_by_how_much_and_what_time_it_is(client):
    gate, code = Gate(), codes_of(card_of())[0]

    slow = gate.verify(client, code, created=int(time.time()) - 200)
    fast = gate.verify(client, code, created=int(time.time()) + 200)

    assert [answer.status_code for answer in (slow, fast)] == [401, 401]
    assert "200 seconds slow" in slow.json()["title"] and "fast" in fast.json()["title"]
    assert slow["Date"].endswith("GMT") and slow.json()["code"] == "clock-differs"


def test_a_revoked_key_is_refused_at_once_and_a_suspended_reader_too(client):
    gate, other, card = Gate(), Gate(name="Gate 2"), card_of()
    officer = make.officer("coordinator")
    actor = scanning_actor(officer)
    assert gate.verify(client, codes_of(card)[0]).status_code == 200
    assert other.verify(client, codes_of(card)[0]).status_code == 200

    assert enrolling.revoke(gate.row, officer=officer, actor=actor, now=datetime.now(UTC)) is True
    assert enrolling.revoke(gate.row, officer=officer, actor=actor, now=datetime.now(UTC)) is False
    revoked = gate.verify(client, codes_of(card)[0])
    still = other.verify(client, codes_of(card)[0])
    Reader.objects.filter(pk=other.reader.pk).update(state=Reader.State.SUSPENDED)
    scanning.devices.forget()  # what ten seconds do
    suspended = other.verify(client, codes_of(card)[0])

    assert words([revoked, still, suspended]) == [
        (401, "device-key", None), (200, "valid", ""), (403, "reader-suspended", None),
    ]  # fmt: skip


def scanning_actor(officer):
    return Actor("officer", "coordinator", account=officer.account_id, department=officer.department.code)


def test_the_same_answers_as_a_desk_with_a_person_gets(client):
    """A few hundred codes of all kinds, judged for gates in batches and one by one for desks."""
    chance = random.Random(11)
    moment = datetime.now(UTC)
    of = scene(fields=("alias", "masked_name", "of_age", "colour"), sorts=("person", "paper"))
    readers = [
        Gate(of, name=name, sort=sort, asks=asks)
        for name, sort, asks in (
            ("a", "desk", False),
            ("b", "gate", False),
            ("c", "gate", True),
            ("d", "system", False),
        )
    ]
    people = [card_of() for _one in range(6)]
    people[1].state = "lost"
    people[1].save()
    Person.objects.filter(pk=people[2].party_id).update(died_on=date(2020, 1, 1))
    key = keys.current(verifying.key_directory(), now=moment)
    now = int(moment.timestamp())
    asked = []
    for _time in range(300):
        card, gate = chance.choice(people), chance.choice(readers)
        kind = chance.choice(list(payload.Kind))
        issued = now - chance.choice([0, 0, 0, 30, 89, 100, 300, -10, -100])
        bound = gate.reader.pk if chance.random() < 0.7 else 1
        reader = bound if kind in payload.BOUND else None
        text = payload.issue(key, kind, chance.choice([card.pk, card.pk, 10**9]), issued_at=issued, reader=reader)
        if chance.random() < 0.2:
            place = chance.randrange(len(text))
            text = text[:place] + chance.choice(payload.base45.ALPHABET) + text[place + 1 :]
        asked.append((gate, text))
        if chance.random() < 0.2:
            asked.append((gate, text))

    desks = [verify(text, reader=gate.reader, purpose="library", at=moment) for gate, text in asked]
    CodeCheck.objects.all().delete()
    scanning.devices.refresh()
    scans = [
        scanning.look_at(scanning.Scan(scanning.devices.get(gate.row.key_id), f"scan-{number:06}", text, moment))
        for number, (gate, text) in enumerate(asked)
    ]
    found = [answer for at in range(0, len(scans), 40) for answer in scanning.record_scans(scans[at : at + 40], moment)]

    assert [(one.verdict, one.reason, one.kind, one.fields) for one in found] == [
        (one.verdict, one.reason, one.kind, one.fields) for one in desks
    ]
    assert len({one.reason for one in found}) >= 12 and sum(one.verdict == "valid" for one in found) >= 10
    written = CodeCheck.objects.order_by("pk").values_list("good", "reason")
    assert sorted(written) == sorted((one.verdict == "valid", one.reason) for one in found)


def test_ten_thousand_altered_codes_and_none_is_accepted(client):
    chance = random.Random(13)
    gate, card = Gate(), card_of()
    moment = datetime.now(UTC)
    scanning.devices.refresh()
    device = scanning.devices.get(gate.row.key_id)
    codes = codes_of(card, 20)
    alphabet = payload.base45.ALPHABET + "abz\n\x00é中 "
    accepted = judged = 0
    batch = []
    for number in range(10_000):
        text = codes[number % 20]
        for _change in range(chance.choice([1, 1, 1, 2, 5])):
            place = chance.randrange(len(text) + 1)
            how = chance.randrange(4)
            if how == 0:
                text = text[:place] + chance.choice(alphabet) + text[place + 1 :]
            elif how == 1:
                text = text[:place] + text[place + 1 :]
            elif how == 2:
                text = text[:place] + chance.choice(alphabet) + text[place:]
            else:
                text = text[place:] + text[:place]
        if text in codes:
            continue
        judged += 1
        scan = scanning.look_at(scanning.Scan(device, f"scan-{number:06}", text, moment))
        accepted += not scan.reason
        if number % 100 == 0:
            batch.append(scan)
    assert accepted == 0 and judged > 9900
    assert {one.verdict for one in scanning.record_scans(batch, moment)} == {"invalid"}
    assert CodeCheck.objects.filter(good=True).count() == 0
    assert gate.verify(client, codes[0]).json()["verdict"] == "valid"  # the control: unaltered it is taken


def test_no_other_algorithm_and_no_hostile_cbor_gets_through(client):
    gate, card = Gate(), card_of()
    code = codes_of(card)[0]
    said = payload.base45.decode(code[4:])
    item = cbor2.loads(said).value
    protected, free, content, signature = item
    claims = cbor2.loads(content)
    key = keys.current(verifying.key_directory(), now=datetime.now(UTC))
    other = ec.generate_private_key(ec.SECP256R1())

    def tagged(*parts):
        return cbor2.dumps(cbor2.CBORTag(18, list(parts)))

    hostile = [
        tagged(cbor2.dumps({1: -7, 4: key.kid}), free, content, signature),  # ES256 with an Ed25519 signature
        tagged(cbor2.dumps({1: 5, 4: key.kid}), free, content, hmac.digest(key.public, content, "sha256")),  # a MAC
        tagged(b"", {1: -8, 4: key.kid}, content, signature),  # nothing protected
        tagged(protected, {4: b"\0\0\0\0"}, content, signature),  # a second key id outside the signature
        tagged(protected, free, content, b"\0" * 64),
        tagged(protected, free, content, b""),
        tagged(protected, free, cbor2.dumps({**claims, 4: claims[4] + 10**6}), signature),  # a later end
        tagged(protected, free, content + b"\0", signature),
        cbor2.dumps(item),  # the same without its tag
        cbor2.dumps(cbor2.CBORTag(61, cbor2.CBORTag(18, item))),
        b"\xd2\x9f" + b"".join(map(cbor2.dumps, item)) + b"\xff",  # of no length
        b"\x81" * 5000,  # deep
        b"\xd2\x84\x5b\xff\xff\xff\xff\xff\xff\xff\xff",  # longer than any memory
        b"\xa2\x01\x01\x01\x02" * 20,  # keys twice
        said + b"\0",
        cose.sign(content, private_key=other, kid=key.kid),
    ]
    answers = [gate.verify(client, "TB1:" + payload.base45.encode(one)) for one in hostile]

    assert {answer.status_code for answer in answers} <= {200, 422}
    assert {answer.json().get("verdict", "invalid") for answer in answers} == {"invalid"}
    assert gate.verify(client, code).json()["verdict"] == "valid"


WRONG_BODIES = [
    b"", b"{", b"[]", b"null", b'"x"', b"1e999", b"\xff\xfe", b"{}", b'{"scan":1,"code":"x"}', b'{"scan":"scan-0001"}',
    b'{"scan":"short","code":"x"}', b'{"scan":"scan-0001","code":""}', b'{"scan":"scan-0001","code":null}',
    b'{"scan":"scan-0001","code":"x","extra":1}', b'{"scan":"scan 0001","code":"x"}', b'{"scan":"scan-0001\\u0000","code":"x"}',
    b'{"scan":"scan-0001","code":["x"]}', b'{"scan":"scan-0001","code":"x","purpose":"hotel"}', b"[" * 8000,
    b'{"scan":"scan-0001","code":"' + b"A" * 2000 + b'"}', b'{"scan":"scan-0001","code":"' + b"A" * 9000 + b'"}',
]  # fmt: skip


@pytest.mark.parametrize("path", ["verify", "scans", "enrol", "key"])
def test_wrong_bodies_are_told_what_is_wrong_and_never_break_anything(client, path):
    gate = Gate()
    for body in [*WRONG_BODIES, b'{"scans":[]}', b'{"scans":[1]}', b'{"scans":[{"scan":"scan-0001"}]}']:
        answer = gate.post(client, f"/api/v1/codes/{path}", body)
        assert 400 <= answer.status_code < 500, (body, answer.content)
        assert answer["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code"} <= set(answer.json())
    assert CodeCheck.objects.count() == 0


def test_unsigned_and_wrongly_signed_requests_are_told_so_at_every_address(client):
    gate, stranger = Gate(), Ed25519PrivateKey.generate()
    for path, method in [
        ("verify", "POST"),
        ("scans", "POST"),
        ("question", "POST"),
        ("key", "POST"),
        ("bundle", "GET"),
    ]:
        address = f"/api/v1/codes/{path}"
        send = client.get if method == "GET" else partial(client.post, data=b"", content_type="application/json")
        unsigned = send(address)
        forged = send(address, headers=gate.signed(address, b"", method=method, key=stranger))
        unknown = send(address, headers=gate.signed(address, b"", method=method, key=stranger, key_id="d" + "0" * 26))
        assert [unsigned.status_code, forged.status_code, unknown.status_code] == [401, 401, 401], path
        assert [one.json()["code"] for one in (unsigned, forged, unknown)] == [
            "not-signed",
            "signature-wrong",
            "device-key",
        ]
    assert client.get("/api/v1/codes/verify").status_code == 405


def test_five_hundred_people_at_one_address_in_a_minute_all_pass(client):
    doors = [Gate(name=f"Gate {number}") for number in range(5)]
    cards = [card_of() for _one in range(100)]
    answers = [
        doors[number % 5].verify(client, code) for card in cards for number, code in enumerate(codes_of(card, 5))
    ]

    assert [answer.json()["verdict"] for answer in answers] == ["valid"] * 500


def test_one_reader_that_floods_is_slowed_alone(client, monkeypatch):
    from_here = Rates(a_second=0.001, at_once=20)
    monkeypatch.setattr("tongban.channels.exchange.gates.pace.rates", from_here)
    flood, quiet, card = Gate(), Gate(name="Gate 2"), card_of()

    flooded = [flood.verify(client, "TB1:NOTHING") for _time in range(40)]
    served = [quiet.verify(client, code) for code in codes_of(card, 10)]
    slowed = [one for one in flooded if one.status_code == 429]

    assert len(slowed) >= 10 and {one.status_code for one in flooded} == {200, 429}
    assert slowed[0].json()["code"] == "too-fast" and int(slowed[0]["Retry-After"]) >= 1
    assert [one.json()["verdict"] for one in served] == ["valid"] * 10


def test_a_strangers_garbage_does_not_use_up_what_a_gate_may_ask(client, monkeypatch):
    monkeypatch.setattr("tongban.channels.exchange.gates.pace.rates", Rates(a_second=0.001, at_once=3))
    gate, stranger = Gate(), Ed25519PrivateKey.generate()

    for _time in range(20):
        gate.post(client, "/api/v1/codes/verify", b"{}", key=stranger)

    assert gate.verify(client, codes_of(card_of())[0]).status_code == 200


def test_a_question_of_a_gate_is_answered_at_that_gate_alone_and_for_twenty_seconds(client):
    gate, other, card = Gate(asks=True), Gate(name="Gate 2", asks=True), card_of()
    asked = gate.post(client, "/api/v1/codes/question", b"").json()
    moment = datetime.now(UTC)
    reader, answer = holding.answer(card, asked["code"], moment)

    elsewhere = other.verify(client, answer.payload)
    plain = gate.verify(client, codes_of(card)[0])
    here = gate.verify(client, answer.payload)
    again = gate.verify(client, answer.payload)

    assert reader == gate.reader and asked["expires_at"] <= moment.timestamp() + 21
    assert words([elsewhere, plain, here, again]) == [
        (200, "invalid", "other_gate"), (200, "invalid", "answer_needed"), (200, "valid", ""), (200, "invalid", "used"),
    ]  # fmt: skip
    with pytest.raises(payload.Refused, match="expired"):
        holding.answer(card, asked["code"], moment + timedelta(seconds=22))


def test_what_is_handed_in_is_judged_for_its_own_time_and_bounded(client):
    gate, card = Gate(), card_of()
    now = int(time.time())
    early = codes_of(card, 1, at=now - 7200)[0]

    def one(**other):
        return {"scan": "scan-0001", "code": early, "at": now - 7190, "let_in": True, "reason": ""} | other

    def handed(*scans):
        return gate.post(client, "/api/v1/codes/scans", json.dumps({"scans": list(scans)}).encode())

    wrong = [
        handed(one(at=now + 300)), handed(one(at=now - 31 * 86400)), handed(one(reason="used")),
        handed(one(let_in=False)), handed(one(let_in=False, reason="because")), handed(one(at=True)), handed(*[one()] * 201),
    ]  # fmt: skip
    right = handed(one(), one(scan="scan-0002"), one(scan="scan-0003", let_in=False, reason="bundle_over"))
    late = handed(one(scan="scan-0004", at=now))

    assert [answer.status_code for answer in wrong] == [422] * 7
    assert [(each["verdict"], each["reason"]) for each in right.json()["scans"]] == [
        ("valid", ""), ("invalid", "used"), ("invalid", "used"),
    ]  # fmt: skip
    assert late.json()["scans"][0]["reason"] == "expired"
    assert CodeCheck.objects.get(good=True).fields == []  # whoever decided alone was told nothing


def test_what_has_served_its_time_is_forgotten(client):
    gate, card = Gate(), card_of()
    gate.verify(client, codes_of(card)[0])
    now = datetime.now(UTC)

    assert (scanning.forget_requests(now), scanning.forget_scans(now)) == (0, 0)
    assert scanning.forget_requests(now + timedelta(minutes=7)) == 1
    assert scanning.forget_scans(now + timedelta(days=31)) == 1
    assert SignedRequest.objects.count() == GateScan.objects.count() == 0


def test_as_many_questions_for_thirty_scans_as_for_three():
    gate = Gate(scene(fields=("alias", "masked_name", "colour", "test")))
    moment = datetime.now(UTC)
    scanning.devices.refresh()
    device = scanning.devices.get(gate.row.key_id)

    def asked(count):
        scans = [scanning.Scan(device, f"scan-{count}-{at:04}", codes_of(card_of())[0], moment) for at in range(count)]
        for at, scan in enumerate(scans):
            scan.request = count * 1000 + at
            scanning.look_at(scan)
        with CaptureQueriesContext(connection) as sent:
            answers = scanning.record_scans(scans, moment)
        assert {one.verdict for one in answers} == {"valid"}
        return len(sent)

    asked(1)
    assert asked(3) == asked(30) <= 16


# -- one holder, read faster than anybody walks


def read_everywhere(client, card, count) -> list[str]:
    """The same holder at gate after gate, with a code of its own each time."""
    gates_ = [Gate(name=f"Gate {number}") for number in range(count)]
    codes = codes_of(card, count)
    return [gate.verify(client, code).json()["reason"] for gate, code in zip(gates_, codes, strict=True)]


def test_a_holder_read_too_often_within_a_minute_is_refused_and_nobody_else_in_the_hall(client):
    card, other = card_of(), card_of()

    reasons = read_everywhere(client, card, verifying.READ_AT_MOST + 2)

    assert reasons == [""] * verifying.READ_AT_MOST + ["too_often"] * 2
    hall = Gate(name="Gate of a full hall")
    scanning.devices.forget()
    assert hall.verify(client, codes_of(card)[0]).json()["reason"] == "too_often"
    assert hall.verify(client, codes_of(other)[0]).json()["verdict"] == "valid"
    for person in [card_of() for _each in range(2 * verifying.READ_AT_MOST)]:  # many people at one reader are a hall
        assert hall.verify(client, codes_of(person)[0]).json()["verdict"] == "valid"


def test_without_the_limit_the_same_reads_are_answered(client, monkeypatch):
    monkeypatch.setattr(verifying, "READ_AT_MOST", 1000)

    assert read_everywhere(client, card_of(), 22) == [""] * 22


def test_a_minute_later_it_is_over_and_refusals_do_not_prolong_it(client):
    card = card_of()
    read_everywhere(client, card, verifying.READ_AT_MOST + 3)
    CodeCheck.objects.filter(good=True).update(at=datetime.now(UTC) - verifying.WITHIN)

    later = Gate(name="Gate later")
    scanning.devices.forget()
    assert later.verify(client, codes_of(card)[0]).json()["verdict"] == "valid"


def test_in_one_batch_and_at_a_desk_the_same_limit_holds(client):
    card, now = card_of(), datetime.now(UTC)
    gates_ = [Gate(name=f"Gate {number}") for number in range(verifying.READ_AT_MOST + 1)]
    scanning.devices.refresh()
    scans = [
        scanning.look_at(scanning.Scan(scanning.devices.get(gate.row.key_id), f"scan-{number:04}", code, now))
        for number, (gate, code) in enumerate(zip(gates_, codes_of(card, len(gates_)), strict=True))
    ]

    assert [one.reason for one in scanning.record_scans(scans, now)] == [""] * verifying.READ_AT_MOST + ["too_often"]
    desk = gates_[0].reader
    assert verify(codes_of(card)[0], reader=desk, purpose=desk.scene.slug, at=now).reason == "too_often"
