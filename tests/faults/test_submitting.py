"""The product's own act under kill -9: people sign and send their applications, everything dies, and each has exactly one case."""

import http.client
import json
import os
import random
import secrets
import subprocess
import threading
import time
from urllib.parse import urlencode

import pytest

from tests.faults.harness import KILLS, kill_some, the_product
from tests.site.product import ROOT, python, until

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.timeout(3600)]


class Senders:
    """People who press "send" on their own draft, and press again until they are shown their case."""

    def __init__(self, running, drafts: list[dict], pause: float = 0.3):
        self.running = running
        self.pause = pause
        self.waiting = drafts[:]
        self.acknowledged: list[str] = []
        self.tries = 0
        self.strange: list[str] = []
        self.stop = threading.Event()
        self._threads = [threading.Thread(target=self._send_all, daemon=True) for _ in range(6)]

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(90)
            assert not thread.is_alive(), "somebody was never shown a case"

    def finish(self) -> None:
        """Until every draft is sent."""
        for thread in self._threads:
            thread.join(1800)
            assert not thread.is_alive(), "somebody was never shown a case"

    def _send_all(self) -> None:
        while self.waiting and not self.stop.is_set():
            draft = self.waiting.pop()
            key, token = secrets.token_hex(16), secrets.token_hex(16)
            body = urlencode({"sign": "1", "key": key, "csrfmiddlewaretoken": token})
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": f"session={draft['session']}; csrf={token}; language=en",
            }
            while True:
                self.tries += 1
                try:
                    status, answered, said = self.running.ask(
                        "POST", f"/apply/{draft['ref']}/submit", body, headers, timeout=20
                    )
                except (OSError, http.client.HTTPException):
                    time.sleep(0.05)
                    continue
                if status == 302 and answered.get("location", "").endswith("?sent=1"):
                    self.acknowledged.append(draft["ref"])
                    time.sleep(self.pause)  # so that the drafts outlast the kills
                    break
                if status != 503:
                    self.strange.append(f"{status} {answered.get('location')} {said[:2000]!r}")
                    break
                time.sleep(0.05)


def drafts(running, count: int, *, licence: bool = False) -> list[dict]:
    made = subprocess.run(
        python("-W", "ignore", "-m", "tests.faults.drafts", str(count), *(["licence"] if licence else [])),
        cwd=ROOT,
        env={**os.environ, **running.surroundings},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return json.loads(made.stdout)


def everything_sent(running) -> dict:
    """What stands in the database, once the worker has carried out all that waited."""

    def all_carried_on():
        status, _headers, said = running.ask("GET", "/faults/cases", timeout=60)
        found = json.loads(said) if status == 200 else {}
        return found if found and not found["jobs"].get("waiting") else None

    return until(all_carried_on, 420, every=0.5)


def test_each_application_that_was_confirmed_is_one_case_with_one_number_and_one_receipt(tmp_path):
    with the_product(tmp_path / "var", TONGBAN_HEARTBEAT_LIMIT="600") as running:
        senders = Senders(running, drafts(running, KILLS * 20))
        choice = random.Random(3)
        senders.begin()
        kills = 0
        while kills < KILLS and senders.waiting:
            time.sleep(choice.uniform(0.15, 0.9))
            kill_some(running, choice)
            kills += 1
            until(lambda: running.answers("/faults/look"), 60)
        until(
            lambda: len(senders.acknowledged) > KILLS, 120, every=0.2
        )  # a slow machine confirms fewer between two kills
        senders.end()
        found = everything_sent(running)

    print(f"\n{kills} kills: {len(senders.acknowledged)} applications confirmed in {senders.tries} tries")
    assert senders.strange == []
    assert kills == KILLS
    assert senders.tries > len(senders.acknowledged) > KILLS
    cases = found["cases"]
    assert set(senders.acknowledged) - set(cases) == set()
    assert {ref: case for ref, case in cases.items() if (case["submitted"], case["receipts"]) != (1, 1)} == {}
    assert len({case["number"] for case in cases.values()}) == len(cases)
    assert {case["state"] for case in cases.values()} == {"received"}
    assert (found["parked"], set(found["jobs"])) == ([], {"done"})
    assert found["chain"] == ""
