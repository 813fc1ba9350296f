"""Which characters a font can draw.

A licence never shows an empty box instead of a character of somebody's name. Typst itself warns too late and only about whole
text runs, so we read the font's own character map (OpenType `cmap`, formats 4 and 12) before anything is set.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path
from struct import error as StructError
from struct import unpack_from

from tongban.lib.unicode import is_assigned

Ranges = tuple[tuple[int, int], ...]

# Without ink of their own but part of how letters join or which variant is meant; the shaper swallows them.
_SILENT = {0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


@lru_cache(maxsize=64)
def covered(font: Path, index: int = 0) -> Ranges:
    """Code point ranges, both ends included, that the font (or member `index` of a collection) maps to a real glyph."""
    try:
        return _read(font.read_bytes(), index)
    except (StructError, OSError, IndexError):  # a broken font on somebody's machine draws nothing
        return ()


def draws(ranges: Ranges, character: str) -> bool:
    """Whether a character of these ranges is drawn; by binary search, the tables are sorted."""
    point = ord(character)
    low, high = 0, len(ranges)
    while low < high:
        middle = (low + high) // 2
        first, last = ranges[middle]
        if point < first:
            high = middle
        elif point > last:
            low = middle + 1
        else:
            return True
    return False


def is_silent(character: str) -> bool:
    return ord(character) in _SILENT


def is_unprintable(character: str) -> bool:
    """Controls, private-use and unassigned characters, and marks that turn the reading direction of what follows.

    They are shown by number: a name that carries one must look as strange on paper as it is.
    """
    strange = unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} or not is_assigned(character)
    return strange and not is_silent(character)


def _read(data: bytes, index: int) -> Ranges:
    start = unpack_from(">I", data, 12 + 4 * index)[0] if data[:4] == b"ttcf" else 0
    table_count = unpack_from(">H", data, start + 4)[0]
    for number in range(table_count):
        tag, _, offset, _ = unpack_from(">4sIII", data, start + 12 + 16 * number)
        if tag == b"cmap":
            return _read_cmap(data, offset)
    return ()


def _read_cmap(data: bytes, base: int) -> Ranges:
    points: list[tuple[int, int]] = []
    for number in range(unpack_from(">H", data, base + 2)[0]):
        platform, encoding, offset = unpack_from(">HHI", data, base + 4 + 8 * number)
        if (platform, encoding) not in {(0, 3), (0, 4), (0, 6), (3, 1), (3, 10)}:
            continue
        kind = unpack_from(">H", data, base + offset)[0]
        if kind == 4:
            points += _format_4(data, base + offset)
        elif kind == 12:
            points += _format_12(data, base + offset)
    return _merge(points)


def _format_4(data: bytes, at: int) -> list[tuple[int, int]]:
    segments = unpack_from(">H", data, at + 6)[0] // 2
    ends = unpack_from(f">{segments}H", data, at + 14)
    starts = unpack_from(f">{segments}H", data, at + 16 + 2 * segments)
    deltas = unpack_from(f">{segments}H", data, at + 16 + 4 * segments)
    offsets_at = at + 16 + 6 * segments
    offsets = unpack_from(f">{segments}H", data, offsets_at)
    found: list[tuple[int, int]] = []
    for number, (first, last) in enumerate(zip(starts, ends, strict=True)):
        if first == 0xFFFF:
            continue
        if offsets[number] == 0:
            # A segment computed by difference: only the point that lands on glyph 0 is missing.
            hole = -deltas[number] & 0xFFFF
            found += [(first, last)] if not first <= hole <= last else [(first, hole - 1), (hole + 1, last)]
            continue
        for point in range(first, last + 1):
            glyph_at = offsets_at + 2 * number + offsets[number] + 2 * (point - first)
            if glyph_at + 2 <= len(data) and unpack_from(">H", data, glyph_at)[0]:
                found.append((point, point))
    return [(first, last) for first, last in found if first <= last]


def _format_12(data: bytes, at: int) -> list[tuple[int, int]]:
    found = []
    for number in range(unpack_from(">I", data, at + 12)[0]):
        first, last, glyph = unpack_from(">III", data, at + 16 + 12 * number)
        found.append((first + (glyph == 0), last))
    return [(first, last) for first, last in found if first <= last]


def _merge(points: list[tuple[int, int]]) -> Ranges:
    merged: list[list[int]] = []
    for first, last in sorted(points):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return tuple((first, last) for first, last in merged)
