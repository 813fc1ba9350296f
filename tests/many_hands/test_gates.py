"""Gates at the same moment in several processes: one code passes one reader once, a queue handed in twice at once is written once."""

import secrets
from datetime import UTC, datetime

import pytest

from tests.codes.gate_world import Gate, card_of, codes_of
from tests.many_hands.hands import problems, together
from tongban.codes.models import CodeCheck, GateScan, SignedRequest
from tongban.codes.services import scanning
from tongban.codes.services.scanning import Scan, look_at, record_scans

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def own_keys(tmp_path, monkeypatch):
    for module in ("verifying", "holding"):
        monkeypatch.setattr(f"tongban.codes.services.{module}.key_directory", lambda: tmp_path / "codes")
    scanning.devices.forget()
    yield
    scanning.devices.forget()


def of(gate: Gate, code: str, number: str = "", **given) -> Scan:
    scanning.devices.refresh()
    device = scanning.devices.get(gate.row.key_id)
    return look_at(Scan(device, number or secrets.token_urlsafe(12), code, datetime.now(UTC), **given))


def test_one_code_at_one_reader_in_eight_hands_passes_once():
    gate, other = Gate(), Gate(name="Gate 2")
    codes = codes_of(card_of(), 5)
    batches = [[of(gate, code) for code in codes] + [of(other, codes[0])] for _hand in range(8)]

    answers = together(*(lambda batch=batch: record_scans(batch, datetime.now(UTC)) for batch in batches))

    assert problems(answers) == []
    for place in range(5):
        found = sorted((batch[place].verdict, batch[place].reason) for batch in answers)
        assert found == [("invalid", "used")] * 7 + [("valid", "")]
    assert sum(batch[5].verdict == "valid" for batch in answers) == 1
    assert CodeCheck.objects.filter(good=True).count() == 6
    assert CodeCheck.objects.filter(good=False, reason="used").count() == 42


def test_batches_in_opposite_order_do_not_wait_for_each_other_for_ever():
    gate = Gate()
    codes = codes_of(card_of(), 12)
    batches = [[of(gate, code) for code in (codes if hand % 2 else codes[::-1])] for hand in range(6)]

    answers = together(*(lambda batch=batch: record_scans(batch, datetime.now(UTC)) for batch in batches))

    assert problems(answers) == []
    assert CodeCheck.objects.filter(good=True).count() == 12


def test_a_queue_handed_in_by_several_hands_at_once_is_written_once():
    gate = Gate()
    codes = codes_of(card_of(), 10)

    def queue():
        scans = [of(gate, code, f"scan-{number:06}", let_in=True) for number, code in enumerate(codes)]
        return lambda: record_scans(scans, datetime.now(UTC))

    answers = together(*(queue() for _hand in range(4)))

    assert problems(answers) == []
    for place in range(10):
        assert {batch[place].verdict for batch in answers} == {"valid"}
        assert sorted(batch[place].again for batch in answers) == [False, True, True, True]
    assert (CodeCheck.objects.count(), GateScan.objects.count()) == (10, 10)


def test_the_same_signed_request_in_several_hands_is_taken_in_once():
    gate, code = Gate(), codes_of(card_of())[0]
    request = scanning.request_number(gate.row.key_id, "nonce-nonce-nonce", int(datetime.now(UTC).timestamp()))
    scans = [of(gate, code, "scan-000001", request=request) for _hand in range(6)]

    answers = together(*(lambda scan=scan: record_scans([scan], datetime.now(UTC)) for scan in scans))

    assert problems(answers) == []
    told = [answer[0].problem.code if answer[0].problem else answer[0].verdict for answer in answers]
    assert sorted(told) == ["replayed"] * 5 + ["valid"]
    assert SignedRequest.objects.count() == CodeCheck.objects.count() == 1
