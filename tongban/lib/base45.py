"""Base45 (RFC 9285): bytes in the 45 characters a QR code packs closest. Strict: one spelling for one content, or ValueError."""

import sys
from array import array

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

_STRANGER = 255
_VALUES = bytes(ALPHABET.index(chr(code)) if chr(code) in ALPHABET else _STRANGER for code in range(256))
_PAIR = 45 * 45


def encode(content: bytes) -> str:
    words = array("H", content[: len(content) & ~1])
    if sys.byteorder == "little":
        words.byteswap()
    said = []
    for word in words:
        rest, low = divmod(word, 45)
        high, middle = divmod(rest, 45)
        said.append(ALPHABET[low] + ALPHABET[middle] + ALPHABET[high])
    if len(content) & 1:
        high, low = divmod(content[-1], 45)
        said.append(ALPHABET[low] + ALPHABET[high])
    return "".join(said)


def decode(text: str) -> bytes:
    """Three characters are two bytes, two at the end one byte; small letters and white space around are not of the alphabet."""
    try:
        values = text.encode("ascii").translate(_VALUES)
    except UnicodeEncodeError:
        raise ValueError("a character is not of base45") from None
    if _STRANGER in values:
        raise ValueError("a character is not of base45")
    whole, left = divmod(len(values), 3)
    if left == 1:
        raise ValueError("one character is left over")
    end = 3 * whole
    numbers = [
        low + 45 * middle + _PAIR * high
        for low, middle, high in zip(values[0:end:3], values[1:end:3], values[2:end:3], strict=True)
    ]
    try:
        words = array("H", numbers)
    except OverflowError:
        raise ValueError("three characters say more than two bytes hold") from None
    if sys.byteorder == "little":
        words.byteswap()
    if not left:
        return words.tobytes()
    last = values[end] + 45 * values[end + 1]
    if last > 255:
        raise ValueError("two characters say more than one byte holds")
    return words.tobytes() + bytes((last,))
