import base64
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.lib import encryption
from tongban.lib.encryption import Keyring, KeysMissing, Unreadable, add_key, blind_index, create_keys, decrypt, encrypt

WHERE = "parties.person.id_no"


@pytest.fixture
def keys(tmp_path, settings):
    settings.TONGBAN_KEYS = tmp_path / "keys"
    create_keys(settings.TONGBAN_KEYS)
    yield settings.TONGBAN_KEYS
    encryption._rings.pop(settings.TONGBAN_KEYS, None)


@given(st.text() | st.just("half \ud800 a character"))
def test_whatever_is_sealed_opens_again(text):
    ring = Keyring({"k1": b"a" * 32}, b"i" * 32)

    assert ring.decrypt(ring.encrypt(text, WHERE), WHERE) == text


def test_the_same_text_is_sealed_differently_each_time(keys):
    one, other = encrypt("990000199207080045", WHERE), encrypt("990000199207080045", WHERE)

    assert one != other
    assert b"990000" not in one
    assert decrypt(one, WHERE) == decrypt(other.decode(), WHERE) == "990000199207080045"


def test_a_value_copied_to_another_place_does_not_open(keys):
    sealed = encrypt("secret", WHERE)

    with pytest.raises(Unreadable):
        decrypt(sealed, "parties.person.mobile")


def test_any_changed_character_is_noticed(keys):
    sealed = encrypt("secret", WHERE).decode()
    prefix, key_id, body = sealed.split(".")
    raw = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))

    for place in range(len(raw)):
        changed = bytes(raw[:place]) + bytes([raw[place] ^ 1]) + bytes(raw[place + 1 :])
        with pytest.raises(Unreadable):
            decrypt(f"{prefix}.{key_id}.{base64.urlsafe_b64encode(changed).decode().rstrip('=')}", WHERE)


@pytest.mark.parametrize(
    "nonsense", ["", "plain", "e1..", "e1.k.", "e1.k.%%%", "e1.k.AAAA", "e2.k.AAAA", "e1.k.é", "e1.k." + "A" * 60]
)
def test_what_is_no_sealed_value_is_called_so(keys, nonsense):
    with pytest.raises(Unreadable):
        decrypt(nonsense, WHERE)


def test_a_new_key_seals_and_the_old_ones_still_open(keys):
    before = encrypt("secret", WHERE)

    add_key(keys)
    after = encrypt("secret", WHERE)

    ring = encryption.keyring()
    assert before.split(b".")[1] != after.split(b".")[1]
    assert (decrypt(before, WHERE), decrypt(after, WHERE)) == ("secret", "secret")
    assert (ring.is_stale(before), ring.is_stale(after)) == (True, False)


def test_a_key_added_by_another_process_is_found_without_a_restart(keys):
    encrypt("warm the ring", WHERE)
    mine = encryption._rings[keys]
    add_key(keys)
    sealed = Keyring.load(keys).encrypt("from the other process", WHERE)
    encryption._rings[keys] = mine

    assert decrypt(sealed, WHERE) == "from the other process"


def test_a_value_whose_key_is_gone_says_so(keys):
    sealed = Keyring({"lost": b"x" * 32}, b"i" * 32).encrypt("secret", WHERE)

    with pytest.raises(Unreadable, match="lost"):
        decrypt(sealed, WHERE)


def test_the_blind_index_finds_the_same_text_in_the_same_place_only(keys):
    index = blind_index("990000199207080045", WHERE)

    assert index == blind_index("990000199207080045", WHERE)
    assert len(index) == 64
    assert index != blind_index("990000199207080046", WHERE)
    assert index != blind_index("990000199207080045", "parties.person.mobile")


def test_the_blind_index_stays_when_field_keys_are_renewed(keys):
    before = blind_index("13800000000", WHERE)

    add_key(keys)

    assert blind_index("13800000000", WHERE) == before


def test_missing_keys_are_explained(tmp_path, settings):
    settings.TONGBAN_KEYS = tmp_path / "nothing"

    with pytest.raises(KeysMissing, match="backup"):
        encrypt("secret", WHERE)


def test_keys_are_made_once_and_for_the_owner_alone(tmp_path):
    made = create_keys(tmp_path / "keys")

    assert sorted(path.name.split("-")[0] for path in made) == ["field", "index.key"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in made)
    assert create_keys(tmp_path / "keys") == []


def test_a_lost_index_key_is_never_replaced_in_silence(tmp_path):
    create_keys(tmp_path)
    (tmp_path / "index.key").unlink()

    with pytest.raises(KeysMissing, match="index.key"):
        create_keys(tmp_path)
    with pytest.raises(KeysMissing, match="index.key"):
        Keyring.load(tmp_path)


@pytest.mark.parametrize("content", ["", "short", "AAAA", "é" * 40])
def test_a_spoilt_key_file_is_named(tmp_path, content):
    create_keys(tmp_path)
    (tmp_path / "index.key").write_text(content, "utf-8")

    with pytest.raises(KeysMissing, match="index.key"):
        Keyring.load(tmp_path)
