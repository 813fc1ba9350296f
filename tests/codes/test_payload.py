"""The code itself: one spelling, nothing personal, and nothing that was changed is accepted."""

import dataclasses
import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tongban.codes import keys, payload
from tongban.codes.payload import Code, Kind, Refused, issue, judge
from tongban.lib import base45, cose

AT = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp())
ALPHABET = base45.ALPHABET


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    folder = tmp_path_factory.mktemp("codes")
    keys.current(folder, now=datetime.fromtimestamp(AT, UTC))
    return keys.ring(folder)


@pytest.fixture(scope="module")
def key(ring):
    return next(iter(ring.values()))


def reason(text: str, ring, at: float = AT) -> str:
    try:
        judge(text, ring, at)
    except Refused as refused:
        return refused.reason
    return ""


def mutants(text: str, chance: random.Random):
    """As a forger would: a letter, several, a piece cut, doubled or turned round, two codes spliced, other ends of the text."""
    body = text[4:]
    while True:
        place, length = chance.randrange(len(body)), chance.randrange(1, 12)
        way = chance.randrange(7)
        if way == 0:
            made = body[:place] + chance.choice(ALPHABET) + body[place + 1 :]
        elif way == 1:
            made = body[:place] + "".join(chance.choices(ALPHABET, k=length)) + body[place + length :]
        elif way == 2:
            made = body[:place] + body[place + length :]
        elif way == 3:
            made = body[:place] + body[place : place + length] + body[place:]
        elif way == 4:
            made = body[:place] + body[place : place + length][::-1] + body[place + length :]
        elif way == 5:
            said = bytearray(base45.decode(body))
            said[chance.randrange(len(said))] ^= 1 << chance.randrange(8)
            made = base45.encode(bytes(said))
        else:
            made = chance.choice([body + " ", " " + body, body.lower(), body + "00", body + body])
        if made != body:
            yield text[:4] + made


def test_of_ten_thousand_changed_codes_none_is_accepted(ring, key):
    chance = random.Random(5)
    codes = [issue(key, Kind.PERSON, card, issued_at=AT) for card in range(20)]
    changed = [next(mutants(chance.choice(codes), chance)) for _each in range(10_000)]

    accepted = [text for text in changed if text not in codes and not reason(text, ring)]

    assert accepted == []
    assert {reason(text, ring) for text in changed} <= {"unreadable", "unknown_key", "altered", "not_ours"}


def test_control_without_the_signature_a_changed_code_passes(key):
    deaf = dataclasses.replace(key)
    vars(deaf)["public_key"] = SimpleNamespace(verify=lambda *_given: None)
    said = bytearray(base45.decode(issue(key, Kind.PERSON, 1, issued_at=AT)[4:]))
    said[35] ^= 1

    assert reason("TB1:" + base45.encode(bytes(said)), {key.kid: deaf}) == ""


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(st.text(max_size=300), st.text(alphabet=ALPHABET, max_size=300).map("TB1:".__add__)))
def test_whatever_is_scanned_is_refused_with_a_reason(ring, text):
    assert reason(text, ring) in {"not_ours", "unreadable", "unknown_key", "altered"}


@settings(max_examples=200, deadline=None)
@given(content=st.binary(min_size=0, max_size=140))
def test_bytes_of_strangers_are_refused(ring, content):
    assert reason("TB1:" + base45.encode(content), ring) in {"unreadable", "unknown_key", "altered"}


def test_nothing_but_version_kind_alias_times_and_key_is_inside(ring, key):
    said = cose.read(base45.decode(issue(key, Kind.PERSON, 42, issued_at=AT)[4:]))
    inside = cbor2.loads(said.payload)

    assert {name: value for name, value in inside.items() if name != 7} == {4: AT + 60, 6: AT, -65537: [1, 1]}
    assert len(inside[7]) == 16
    cose.verify(said, Ed25519PublicKey.from_public_bytes(key.public))


def test_two_codes_of_one_card_have_nothing_in_common(key, ring):
    aliases = {judge(issue(key, Kind.PERSON, 42, issued_at=AT), ring, AT).alias for _each in range(200)}

    assert len(aliases) == 200
    assert len({alias[:2] for alias in aliases}) > 150
    assert {key.card_of(alias) for alias in aliases} == {42}


@pytest.mark.parametrize(
    ("kind", "more", "seconds", "said"),
    [
        (Kind.PERSON, {}, -16, "not_yet"),
        (Kind.PERSON, {}, -15, ""),
        (Kind.PERSON, {}, 90, ""),
        (Kind.PERSON, {}, 91, "expired"),
        (Kind.ANSWER, {"reader": 7}, 20, ""),
        (Kind.ANSWER, {"reader": 7}, 21, "expired"),
        (Kind.PAPER, {"expires_at": AT + 180 * 86400}, 180 * 86400, ""),
        (Kind.PAPER, {"expires_at": AT + 180 * 86400}, 180 * 86400 + 1, "expired"),
    ],
)
def test_each_kind_is_good_for_its_own_time(ring, key, kind, more, seconds, said):
    assert reason(issue(key, kind, 1, issued_at=AT, **more), ring, AT + seconds) == said


def test_a_code_that_would_live_longer_than_its_kind_is_a_misused_key(ring, key):
    assert reason(issue(key, Kind.PERSON, 1, issued_at=AT, expires_at=AT + 3600), ring) == "altered"


def test_a_code_reads_back_as_what_was_issued(ring, key):
    code = judge(issue(key, Kind.ANSWER, 9, issued_at=AT, reader=77), ring, AT)

    assert code == Code(Kind.ANSWER, code.alias, AT, AT + 20, key.kid, 77)


def test_a_withdrawn_key_signs_nothing_that_is_accepted(tmp_path):
    now = datetime.fromtimestamp(AT, UTC)
    old = keys.current(tmp_path, now=now)
    code = issue(old, Kind.PERSON, 1, issued_at=AT)

    keys.withdraw(tmp_path, old.key_id, now=now, why="stolen")
    new = keys.current(tmp_path, now=now)

    assert reason(code, keys.ring(tmp_path)) == "withdrawn_key"
    assert reason(issue(new, Kind.PERSON, 1, issued_at=AT), keys.ring(tmp_path)) == ""


def test_keys_overlap_end_and_are_destroyed_when_nothing_needs_them(tmp_path):
    now = datetime.fromtimestamp(AT, UTC)
    first = keys.current(tmp_path, now=now)
    later = now + keys.LIVES - keys.RENEWED_BEFORE_END
    second = keys.current(tmp_path, now=later)

    assert (second.kid != first.kid, first.not_after > later) == (True, True)
    assert keys.destroy_ended(tmp_path, now=now + keys.LIVES) == [first.key_id]
    held = keys.ring(tmp_path)[first.kid]
    assert (held.signing, held.opening is None) == (None, False)
    keys.destroy_ended(tmp_path, now=now + keys.LIVES + keys.PAPER_LIVES + timedelta(days=1))
    assert keys.ring(tmp_path)[first.kid].opening is None


def test_files_of_keys_are_for_their_owner_alone(tmp_path):
    keys.current(tmp_path, now=datetime.fromtimestamp(AT, UTC))
    assert keys.troubles(tmp_path, now=datetime.fromtimestamp(AT, UTC)) == []

    next(tmp_path.glob("*.key")).chmod(0o644)

    assert any("can be read by others" in said for said in keys.troubles(tmp_path, now=datetime.fromtimestamp(AT, UTC)))
    assert payload.LIVES == 60
