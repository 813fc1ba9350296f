"""A line that drops replies, cuts requests, resets and dawdles: people press again, and each has exactly one case."""

import json
import os
from collections import Counter

import pytest

from tests.faults.bad_line import BadLine
from tests.faults.harness import Callers, tally, the_product
from tests.faults.test_submitting import Senders, drafts, everything_sent

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.timeout(3600)]
SUBMISSIONS = int(os.environ.get("TONGBAN_LINES", "40"))


def test_over_a_bad_line_each_application_is_sent_once(tmp_path):
    with the_product(tmp_path / "var", TONGBAN_HEARTBEAT_LIMIT="600") as running, BadLine(running.port, 7) as line:
        senders = Senders(line, drafts(running, SUBMISSIONS), pause=0)
        senders.begin()
        senders.finish()
        found = everything_sent(running)

    print(f"\n{len(senders.acknowledged)} applications in {senders.tries} tries over a bad line: {dict(line.met)}")
    assert senders.strange == []
    assert len(senders.acknowledged) == SUBMISSIONS
    assert all(line.met[way] for way in ("reply dropped", "request cut", "reset before", "reset after", "slow"))
    assert senders.tries > SUBMISSIONS
    cases = found["cases"]
    assert set(senders.acknowledged) == set(cases)
    assert {ref: case for ref, case in cases.items() if (case["submitted"], case["receipts"]) != (1, 1)} == {}
    assert len({case["number"] for case in cases.values()}) == len(cases)
    assert found["chain"] == ""


def test_control_over_the_same_line_without_keys_things_are_done_twice(tmp_path):
    with the_product(tmp_path / "var", TONGBAN_HEARTBEAT_LIMIT="600") as running, BadLine(running.port, 8) as line:
        callers = Callers(line, with_keys=False)
        callers.begin(6)
        while callers.tries < 150:
            callers._stop.wait(0.1)
        callers.end()
        found = tally(running)

    doubled = {intent for intent, count in Counter(found["receipts"].values()).items() if count > 1}
    assert doubled != set(), json.dumps(line.met)
