"""A set that can be asked and not read: Golomb-Rice coded remainders, about 22 bits a member, wrong once in a million.

Who holds it can ask whether something is in it, and cannot list what is. Each set has a salt of its own, so two sets cannot be laid side
by side either. A member is always found; a stranger is taken for one once in 2**20 times.
"""

import hashlib
import secrets
from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property

_LOW = 19  # bits kept as they are; the rest counts in ones
_SPREAD = 1 << 20
_HEAD = 4 + 8  # how many, and the salt
LARGEST = 64 * 1024 * 1024


class CodedSet:
    def __init__(self, data: bytes):
        """Raises ValueError for what is no such set."""
        if not _HEAD <= len(data) <= LARGEST:
            raise ValueError("not a coded set")
        self.data = bytes(data)
        self.count = int.from_bytes(data[:4], "big")
        self._salt = self.data[4:_HEAD]
        if self.count * _LOW > (len(data) - _HEAD) * 8:
            raise ValueError("a coded set cut short")
        _ = self._places  # a set that cannot be read is refused now and not at the gate

    @classmethod
    def of(cls, members: Iterable[bytes], *, salt: bytes = b"") -> "CodedSet":
        salt = salt or secrets.token_bytes(8)
        known = set(members)
        places = sorted({_place(one, salt, len(known)) for one in known})
        bits: list[str] = []
        before = 0
        for place in places:
            step, before = place - before, place
            bits.append("1" * (step >> _LOW) + "0" + format(step & ((1 << _LOW) - 1), f"0{_LOW}b"))
        text = "".join(bits)
        text += "0" * (-len(text) % 8)
        body = int(text, 2).to_bytes(len(text) // 8, "big") if text else b""
        # the spread follows from how many there were: places that fell together are counted too
        made = cls.__new__(cls)
        made.data = len(known).to_bytes(4, "big") + salt + body
        made.count, made._salt = len(known), salt
        made.__dict__["_places"] = places
        return made

    def __contains__(self, member: bytes) -> bool:
        if not self.count:
            return False
        wanted = _place(member, self._salt, self.count)
        at = bisect_left(self._places, wanted)
        return at < len(self._places) and self._places[at] == wanted

    @cached_property
    def _places(self) -> list[int]:
        body = self.data[_HEAD:]
        text = format(int.from_bytes(body, "big"), f"0{len(body) * 8}b") if body else ""
        found: list[int] = []
        at, place = 0, 0
        while len(found) < self.count:
            end = text.find("0", at)
            if end < 0 or end + 1 + _LOW > len(text):
                break
            place += ((end - at) << _LOW) + int(text[end + 1 : end + 1 + _LOW], 2)
            if place >= self.count * _SPREAD:
                raise ValueError("a coded set that was changed")
            found.append(place)
            at = end + 1 + _LOW
        return found


def _place(member: bytes, salt: bytes, count: int) -> int:
    number = int.from_bytes(hashlib.blake2b(member, digest_size=8, key=salt).digest(), "big")
    return (number * (count * _SPREAD)) >> 64
