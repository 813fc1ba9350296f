"""Health passes verified a second and core, against what the bare signature check costs in the same run.

    python bench/passes.py [--seconds S]

Whole check: base45, zlib, COSE, the key by its id, the signature, times, content, light; trust held open as in the product. The floor
is the same signatures with everything parsed before. Also through the interface (`POST /api/v1/passes/verify` by Django's own client, so
without a network), and refusing: a forged signature costs a whole check, rubbish costs less. Wanted: four tenths of the floor for ES256, 5,000 a second.
"""

import argparse
import base64
import json
import os
import sys
import time
import zlib
from collections.abc import Callable
from datetime import datetime
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from measuring import table  # noqa: E402

from tongban.codes import hcert  # noqa: E402
from tongban.lib import base45, cose  # noqa: E402

VECTORS = json.loads((ROOT / "tests/vectors/health-pass/cases.json").read_text("utf-8"))
BATCH = 20


def main(seconds: float) -> None:
    trust = hcert.Trust.of(base64.b64decode(der) for der in VECTORS["trust"].values())
    good = [
        (case["qr_text"], datetime.fromisoformat(case["clock"]))
        for case in VECTORS["cases"]
        if case["expect"] == "valid"
    ]
    algorithms = {"ES256": [], "PS256": []}
    for text, at in good:
        answer = hcert.verify(text, at=at, trust=trust)
        algorithms[answer.key.algorithm].append((text, at, answer.key))
    rows = []
    for name, passes in algorithms.items():
        floor = rate(seconds, [(cose.verify, (_statement(text), key.public_key)) for text, _at, key in passes])
        whole = rate(seconds, [(_whole, (text, at, trust)) for text, at, _key in passes])
        parsing = rate(seconds, [(hcert.unpack, (text,)) for text, _at, _key in passes])
        rows.append([f"{name}: signature alone", f"{floor:,.0f}", f"{1e6 / floor:.0f}", "1.00"])
        rows.append([f"{name}: whole check", f"{whole:,.0f}", f"{1e6 / whole:.0f}", f"{whole / floor:.2f}"])
        rows.append([f"{name}: reading alone", f"{parsing:,.0f}", f"{1e6 / parsing:.0f}", f"{parsing / floor:.2f}"])
    floor = rate(seconds, [(cose.verify, (_statement(t), k.public_key)) for t, _a, k in algorithms["ES256"]])
    forged = [(_forged(text), at) for text, at, _key in algorithms["ES256"]]
    refused = rate(seconds, [(_whole, (text, at, trust)) for text, at in forged])
    rubbish = rate(seconds, [(_whole, (text[:-1], at, trust)) for text, at, _key in algorithms["ES256"]])
    rows.append(["forged signature refused", f"{refused:,.0f}", f"{1e6 / refused:.0f}", f"{refused / floor:.2f}"])
    rows.append(["cut-off text refused", f"{rubbish:,.0f}", f"{1e6 / rubbish:.0f}", f"{rubbish / floor:.2f}"])
    over = rate(seconds, _interface(algorithms["ES256"]))
    rows.append(["through the interface (ES256)", f"{over:,.0f}", f"{1e6 / over:.0f}", f"{over / floor:.2f}"])
    table(
        f"Health passes, one core, load {os.getloadavg()[0]:.1f}",
        ["what", "a second", "CPU µs each", "of the ES256/PS256 floor"],
        rows,
        "Counted in CPU time of this process, so that what else runs here does not count.",
    )


def _statement(text: str) -> cose.Sign1:
    return cose.read(zlib.decompress(base45.decode(text[4:])))


def _whole(text: str, at: datetime, trust: hcert.Trust) -> None:
    hcert.verify(text, at=at, trust=trust)


def _forged(text: str) -> str:
    packed = bytearray(zlib.decompress(base45.decode(text[4:])))
    packed[-1] ^= 1
    forged = "HC1:" + base45.encode(zlib.compress(bytes(packed)))
    return forged


def _interface(passes: list) -> list:
    import django

    django.setup()
    from django.test.utils import setup_test_environment

    setup_test_environment()
    from django.test import Client

    client, signers = Client(), [base64.b64encode(_der(key)).decode() for _text, _at, key in passes]

    def ask(body: str) -> None:
        answer = client.post("/api/v1/passes/verify", body, content_type="application/json")
        assert answer.json()["verdict"] == "valid", answer.content

    bodies = [
        json.dumps({"qr_text": text, "at": at.isoformat(), "trust": [signer]})
        for (text, at, _key), signer in zip(passes, signers, strict=True)
    ]
    return [(ask, (body,)) for body in bodies]


def _der(key: hcert.SignerKey) -> bytes:
    return next(der for der in map(base64.b64decode, VECTORS["trust"].values()) if hcert.kid_of(der) == key.kid)


def rate(seconds: float, calls: list[tuple[Callable, tuple]]) -> float:
    """Calls a second of CPU, over all of them again and again."""
    turn = cycle(calls)
    for _each in calls:
        call, words = next(turn)
        call(*words)
    done, began, until = 0, time.process_time(), time.process_time() + seconds
    while time.process_time() < until:
        for _each in range(BATCH):
            call, words = next(turn)
            call(*words)
        done += BATCH
    return done / (time.process_time() - began)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    main(parser.parse_args().seconds)
