"""Sets that can be asked and not read."""

import random

import pytest

from tongban.lib.coded_set import CodedSet


def codes(count, seed):
    chance = random.Random(seed)
    return [chance.randbytes(16) for _one in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 3000])
def test_members_are_found_and_strangers_are_not(count):
    members, strangers = codes(count, 1), codes(3000, 2)

    read = CodedSet(CodedSet.of(members).data)

    assert all(member in read for member in members)
    assert sum(stranger in read for stranger in strangers) <= 1
    assert len(read.data) <= 12 + (count * 22 + 7) // 8 + 8


def test_a_member_cannot_be_read_out_of_it_and_two_sets_have_nothing_in_common():
    members = codes(50, 3)

    one, other = CodedSet.of(members), CodedSet.of(members)

    assert not any(member in one.data for member in members)
    assert one.data[12:] != other.data[12:]
    assert members[0] in one and members[0] in other


def test_what_is_cut_or_longer_than_it_says_is_refused_or_finds_nobody_new():
    whole = CodedSet.of(codes(200, 4)).data
    strangers = codes(300, 5)

    with pytest.raises(ValueError):
        CodedSet(whole[:40])
    with pytest.raises(ValueError):
        CodedSet(b"")
    with pytest.raises(ValueError):
        CodedSet(b"\xff" * 12 + whole[12:])
    for seed in range(200):
        hurt = bytearray(whole)
        hurt[random.Random(seed).randrange(12, len(hurt))] ^= 1 << (seed % 8)
        try:
            read = CodedSet(bytes(hurt))
        except ValueError:
            continue
        assert sum(stranger in read for stranger in strangers) <= 2
