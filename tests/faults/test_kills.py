"""kill -9 of web and worker while people hand things in: what was acknowledged is there, once."""

import random
import time
from collections import Counter

import pytest

from tests.faults.harness import KILLS, Callers, kill_some, tally, the_product
from tests.site.product import until

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.timeout(3600)]


def _kill_while_people_hand_in(running, callers: Callers, kills: int, seed: int) -> list[float]:
    """Answers how long it took each time until the product was well again."""
    choice = random.Random(seed)
    recoveries = []
    callers.begin()
    for _ in range(kills):
        time.sleep(choice.uniform(0.15, 0.9))
        kill_some(running, choice)
        began = time.monotonic()
        until(lambda: running.answers("/faults/look"), 60)
        recoveries.append(time.monotonic() - began)
    callers.end()
    return recoveries


def test_what_was_acknowledged_is_there_once_however_often_everything_is_killed(tmp_path, record_property):
    with the_product(tmp_path / "var", TONGBAN_HEARTBEAT_LIMIT="600") as running:
        callers = Callers(running)
        recoveries = _kill_while_people_hand_in(running, callers, KILLS, seed=1)
        found = tally(running)

    for name, value in {
        "kills": KILLS,
        "acknowledged": len(callers.acknowledged),
        "tries": callers.tries,
        "median_recovery_s": round(sorted(recoveries)[len(recoveries) // 2], 2),
        "longest_recovery_s": round(max(recoveries), 2),
    }.items():
        record_property(name, value)
    print(
        f"\n{KILLS} kills: {len(callers.acknowledged)} acknowledged in {callers.tries} tries, well again after at most {max(recoveries):.2f} s"
    )
    assert callers.strange == []
    assert len(callers.acknowledged) > KILLS
    assert callers.tries > len(callers.acknowledged)  # otherwise no kill ever met anybody
    done = Counter(found["receipts"].values())
    assert {intent for intent, count in done.items() if count > 1} == set()
    assert set(callers.acknowledged) - set(done) == set()
    assert {intent: receipt for receipt, intent in found["receipts"].items()} == callers.acknowledged
    assert set(callers.acknowledged) - set(found["carried_on"]) == set()
    assert set(found["jobs"]) == {"done"}
    assert found["chain"] == ""


def test_without_keys_the_same_kills_do_things_twice(tmp_path):
    """The negative control: if this finds nothing doubled, the test above proves nothing."""
    with the_product(tmp_path / "var", TONGBAN_HEARTBEAT_LIMIT="600") as running:
        callers = Callers(running, with_keys=False)
        _kill_while_people_hand_in(running, callers, max(10, KILLS // 5), seed=2)
        found = tally(running)

    doubled = {intent for intent, count in Counter(found["receipts"].values()).items() if count > 1}
    assert doubled != set()
