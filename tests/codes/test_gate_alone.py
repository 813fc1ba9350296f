"""The reference gate: asks while it can, goes on alone for a day, and tells everything once."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests import make
from tests.codes.gate_world import card_of, codes_of, scene
from tests.site.product import ROOT
from tongban.codes import bundle, keys, payload
from tongban.codes.models import CodeCheck, GateScan, IdentityCode, Reader
from tongban.codes.services import bundling, enrolling, scanning, verifying
from tongban.journal.actors import Actor
from tongban.site import gate as gates
from tongban.site.gate import Gate, NoAnswer, NotOurs, Platform, Queue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(tmp_path, monkeypatch):
    for module in ("verifying", "holding"):
        monkeypatch.setattr(f"tongban.codes.services.{module}.key_directory", lambda: tmp_path / "codes")
    monkeypatch.setattr("tongban.codes.services.bundling.key_file", lambda: tmp_path / "gates.key")
    scanning.devices.forget()
    yield
    scanning.devices.forget()


class Line(Platform):
    """A platform at the other end of Django's test client; `cut` and it does not answer, `deaf` and its answers are lost on the way."""

    client = None
    cut = deaf = False
    sent: list

    def _send(self, method, path, body, headers):
        if self.cut:
            raise NoAnswer("cut")
        signed = gates.signed_requests.sign(
            method, path, body, key=self.key, key_id=self.key_id, created=int(self.now())
        )
        signed |= headers
        if method == "GET":
            answer = self.client.get(path, headers=signed)
        else:
            answer = self.client.post(path, body, content_type="application/json", headers=signed)
        if self.deaf:
            raise NoAnswer("deaf")
        return answer.status_code, {name.lower(): value for name, value in answer.items()}, answer.content


@pytest.fixture
def line(client, tmp_path):
    """A gate that was enrolled as an installer does it, and the line it stands at."""
    reader = Reader.objects.create(name="Gate 1", place="City library", operator="library", scene=scene())
    officer = make.officer("coordinator")
    actor = Actor("officer", "coordinator", account=officer.account_id)
    code = enrolling.open_enrolment(reader, officer=officer, actor=actor, now=datetime.now(UTC))
    key = gates.device_key(tmp_path / "gate")
    made = Line("http://platform", key, gates.key_id_of(key.public_key().public_bytes_raw()))
    made.client = client
    body = json.dumps({"code": code.lower(), "public_key": gates.b64(key.public_key().public_bytes_raw())}).encode()
    status, _headers, content = made.ask("POST", gates.ENROL, body)
    made.told = json.loads(content)
    assert (status, made.told["purpose"], made.told["fields"]) == (201, "library", ["alias"])
    made.code = code
    made.reader = reader
    return made


class Hand:
    """The hand of a clock."""

    def __init__(self):
        self.at = time.time()

    def __call__(self):
        return self.at


def standing(line, tmp_path, clock=None) -> Gate:
    queue = Queue(tmp_path / "gate" / "queue", gates.queue_key(line.key))
    believed = gates.Ed25519PublicKey.from_public_bytes(gates.unb64(line.told["bundle_key"]))
    gate = Gate(queue, tmp_path / "gate" / "bundle.jws", believed, line, clock=clock)
    gate.upkeep()
    return gate


def shown(gate, *codes):
    return [(one.let_in, one.reason, one.alone) for one in map(gate.check, codes)]


def test_a_gate_goes_on_alone_says_how_old_its_bundle_is_and_hands_everything_in_once(line, tmp_path):
    gate = standing(line, tmp_path)
    first, second, third = (codes_of(card_of())[0] for _one in range(3))
    assert shown(gate, first) == [(True, "", False)]

    line.cut = True
    alone = shown(gate, second, third, second, second[:-1] + ("A" if second[-1] != "A" else "B"))
    waiting = gate.queue.waiting()
    line.cut, gate._down_until = False, 0.0
    gate.upkeep()
    gate.upkeep()

    assert alone == [(True, "", True), (True, "", True), (False, "used", True), (False, "altered", True)]
    assert gate.check(third).reason == "used"  # the platform knows by now
    assert waiting == 3 and gate.queue.waiting() == 0
    assert CodeCheck.objects.filter(good=True).count() == 3
    assert GateScan.objects.filter(let_in=True).count() == 2
    assert CodeCheck.objects.filter(good=True).values("mark").distinct().count() == 3


def test_handing_in_twice_changes_nothing_and_answers_the_same(line, tmp_path):
    gate = standing(line, tmp_path)
    line.cut = True
    codes = [codes_of(card_of())[0] for _one in range(5)]
    assert all(one[0] for one in shown(gate, *codes))

    line.cut, line.deaf = False, True  # it is written down, and the answer is lost
    with pytest.raises(NoAnswer):
        gate.hand_in()
    written = list(CodeCheck.objects.order_by("pk").values_list("pk", "mark", "at"))
    line.deaf = False
    gate.hand_in()

    assert len(written) == 5
    assert list(CodeCheck.objects.order_by("pk").values_list("pk", "mark", "at")) == written
    assert gate.queue.waiting() == 0


def test_an_answer_lost_on_the_way_is_decided_alone_and_still_counted_once(line, tmp_path):
    gate = standing(line, tmp_path)
    code = codes_of(card_of())[0]

    line.deaf = True
    decided = gate.check(code)
    line.deaf, gate._down_until = False, 0.0
    gate.upkeep()

    assert (decided.let_in, decided.alone) == (True, True)
    assert (CodeCheck.objects.count(), GateScan.objects.count()) == (1, 1)


def test_after_a_day_it_does_not_guess(line, tmp_path):
    clock = Hand()
    gate = standing(line, tmp_path, clock)
    card = card_of()
    line.cut = True

    clock.at += 23 * 3600
    near = gate.check(codes_of(card, at=clock.at)[0])
    clock.at += 2 * 3600
    over = gate.check(codes_of(card, at=clock.at)[0])

    assert (near.let_in, round(near.age.total_seconds() / 3600)) == (True, 23)
    assert (over.let_in, over.reason, round(over.age.total_seconds() / 3600)) == (False, "bundle_over", 25)
    assert "guess" in over.words["en"]["sentence"]


def test_a_clock_that_is_wrong_is_put_right_by_the_platform(line, tmp_path):
    gate = standing(line, tmp_path)
    line.offset = -5000.0

    assert gate.check(codes_of(card_of())[0]).let_in is True
    assert abs(line.offset) < 5


def test_what_only_the_platform_knows_is_left_to_people(line, tmp_path):
    line.reader.scene.compares = True
    line.reader.scene.save()
    scanning.devices.forget()
    gate = standing(line, tmp_path)
    line.cut = True

    assert shown(gate, codes_of(card_of())[0]) == [(False, "ask_staff", True)]
    assert gate.queue.waiting() == 1


def test_a_lost_paper_is_known_alone_and_nobody_can_list_the_lost_ones(line, tmp_path):
    card = IdentityCode.objects.create(
        sort="paper", party=make.person(), ends_at=datetime.now(UTC) + timedelta(days=170)
    )
    other = IdentityCode.objects.create(
        sort="paper", party=make.person(), ends_at=datetime.now(UTC) + timedelta(days=170)
    )
    papers = []
    for one in (card, other):
        key = keys.current(verifying.key_directory(), now=datetime.now(UTC))
        text = payload.issue(key, payload.Kind.PAPER, one.pk, issued_at=int(time.time()))
        code = payload.judge(text, keys.ring(verifying.key_directory()), time.time())
        IdentityCode.objects.filter(pk=one.pk).update(mark=verifying.paper_mark(code.alias))
        papers.append(text)
    IdentityCode.objects.filter(pk=card.pk).update(state="lost")
    gate = standing(line, tmp_path)
    line.cut = True

    assert shown(gate, *papers) == [(False, "lost", True), (True, "", True)]
    mark = IdentityCode.objects.get(pk=card.pk).mark
    assert mark not in (tmp_path / "gate" / "bundle.jws").read_text()


def test_codes_of_a_withdrawn_key_are_refused_alone_as_soon_as_a_bundle_says_so(line, tmp_path):
    code, later = codes_of(card_of(), 2)
    gate = standing(line, tmp_path)
    kid = payload.judge(code, keys.ring(verifying.key_directory()), time.time()).kid
    keys.withdraw(verifying.key_directory(), kid.hex(), now=datetime.now(UTC), why="stolen")
    assert gate.fetch() is True
    line.cut = True

    assert shown(gate, later) == [(False, "withdrawn_key", True)]


def test_a_revoked_device_decides_nothing_any_more_not_even_alone(line, tmp_path):
    gate = standing(line, tmp_path)
    code = codes_of(card_of())[0]
    officer = make.officer("coordinator")
    key = line.reader.device_keys.get()
    enrolling.revoke(key, officer=officer, actor=Actor("officer", "coordinator"), now=datetime.now(UTC))

    assert gate.check(code).reason == "device-key"
    line.cut = True
    assert shown(gate, code) == [(False, "no_bundle", True)]
    with pytest.raises((NotOurs, NoAnswer)):
        gate.upkeep()


def test_a_bundle_of_somebody_else_or_a_changed_one_is_not_taken(line, tmp_path):
    gate = standing(line, tmp_path)
    text = (tmp_path / "gate" / "bundle.jws").read_text()
    forger = Ed25519PrivateKey.generate()
    content = bundle.opened(text, bundling.bundle_key().public_key())

    for other in (bundle.seal(content, forger), text[:-20] + text[-20:].swapcase(), text.split(".")[0], "", "a.b.c"):
        with pytest.raises(bundle.Unusable):
            bundle.opened(other, bundling.bundle_key().public_key())
    (tmp_path / "gate" / "bundle.jws").write_text(bundle.seal(content, forger))
    gate._load()
    line.cut = True

    assert shown(gate, codes_of(card_of())[0]) == [(False, "no_bundle", True)]
    assert "not signed" in gate.trouble


def test_the_bundle_names_nobody_and_says_when_there_is_nothing_new(line, tmp_path, client):
    who = make.account(make.person(name="欧阳示范"))
    card_of(who)
    gate = standing(line, tmp_path)
    text = (tmp_path / "gate" / "bundle.jws").read_text()
    said = json.dumps(bundle.opened(text, bundling.bundle_key().public_key()), ensure_ascii=False)

    assert "欧阳示范" not in said and who.person.id_no not in said
    assert gate.fetch() is False


def test_an_enrolment_code_works_once_and_for_half_an_hour(line, client, tmp_path):
    def again(code, at):
        key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        return enrolling.enrol(code, public=key, device="", now=at)

    now = datetime.now(UTC)
    officer = make.officer("coordinator")
    fresh = enrolling.open_enrolment(line.reader, officer=officer, actor=Actor("officer", "coordinator"), now=now)

    for code, at in ((line.code, now), (fresh, now + timedelta(minutes=31)), ("AAAA-BBBB-CCCC", now), ("", now)):
        with pytest.raises(enrolling.NotAllowed) as refused:
            again(code, at)
        assert refused.value.code == "enrolment-code"
    assert again(fresh, now + timedelta(minutes=29)).reader == line.reader


def test_a_device_goes_on_with_a_new_key_that_has_signed_for_itself(line, client):
    new, thief = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = new.public_key().public_bytes_raw()

    def asked(signer):
        proof = signer.sign(enrolling.replacing(line.key_id, public))
        return line._send(
            "POST",
            "/api/v1/codes/key",
            json.dumps({"public_key": gates.b64(public), "proof": gates.b64(proof)}).encode(),
            {},
        )

    forged, right = asked(thief), asked(new)
    after = Line("http://platform", new, gates.key_id_of(public))
    after.client = client

    assert (forged[0], right[0]) == (422, 201)
    assert after.ask("GET", gates.BUNDLE)[0] == 200
    assert line.ask("GET", gates.BUNDLE)[0] == 200  # for ten minutes more
    line.reader.device_keys.filter(key_id=line.key_id).update(ends_at=datetime.now(UTC) - timedelta(seconds=1))
    scanning.devices.forget()
    with pytest.raises(NotOurs):
        line.ask("GET", gates.BUNDLE)


def test_killed_in_the_middle_it_has_lost_nothing_that_it_acknowledged(line, tmp_path):
    """A real process, killed without warning while codes come in; what it said “pass” to is handed in by the next."""
    standing(line, tmp_path).queue.close()
    folder = tmp_path / "gate"
    (folder / "gate.json").write_text(json.dumps({"bundle_key": line.told["bundle_key"], "server": ""}))
    codes = [codes_of(card_of())[0] for _one in range(30)]
    gate = subprocess.Popen(
        [sys.executable, "-m", "tongban", "gate", "--queue", str(folder), "--offline", "--json"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    gate.stdin.write("\n".join(codes) + "\n")
    gate.stdin.flush()
    passed = []
    for _line in range(12):
        passed.append(json.loads(gate.stdout.readline())["let_in"])
    os.kill(gate.pid, signal.SIGKILL)
    rest = [json.loads(one)["let_in"] for one in gate.communicate()[0].splitlines() if one.endswith("}")]

    again = standing(line, tmp_path)
    acknowledged = len(passed) + len(rest)

    assert all(passed + rest) and acknowledged >= 12
    written = set(CodeCheck.objects.filter(good=True).values_list("mark", flat=True))
    assert acknowledged <= len(written) <= acknowledged + 1  # one may have been on the disk and not yet said
    for code in codes[:acknowledged]:
        seen = payload.judge(code, keys.ring(verifying.key_directory()), time.time())
        assert verifying.mark_of(seen, f"reader:{line.reader.pk}") in written
    assert again.queue.waiting() == 0


def test_the_queue_reads_as_nothing_without_the_key_and_a_record_cut_short_is_dropped(tmp_path):
    queue = Queue(tmp_path, b"k" * 32)
    for number in range(3):
        queue.append({"scan": f"scan-{number}", "code": "TB1:PLANTED"})
    path = queue.names()[0]
    whole = path.read_bytes()

    assert b"PLANTED" not in whole and b"scan" not in whole
    path.write_bytes(whole[:-5])
    assert [one["scan"] for one in queue.read(path)] == ["scan-0", "scan-1"]
    with pytest.raises(RuntimeError):
        Queue(tmp_path, b"k" * 32)
    queue.close()
    other = Queue(tmp_path, b"x" * 32)
    assert list(other.read(path)) == []
    other.close()
