"""Lists of certificates as authorities hand them out: JSON, PEM, DER or one base64 text a line. Pure; a file that is none of it is a ValueError."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any

LARGEST = 8 * 1024 * 1024
MOST = 5000
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_NAMES = ("rawData", "certificate", "x5c", "der")


def certificates(content: bytes) -> list[bytes]:
    """DER of every certificate in the file, each once, as they stand in it."""
    if len(content) > LARGEST:
        raise ValueError("the file is larger than any list of signers")
    if content.startswith(b"\x30\x82"):
        return [content]
    if blocks := _PEM.findall(content):
        return _distinct(_der(block.decode("latin-1")) for block in blocks)
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError("the file is neither text nor a certificate") from None
    if text[:1] in ("[", "{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("the file begins like JSON and is none") from None
        return _distinct(_der(one) for one in _in_json(found))
    return _distinct(_der(line) for line in text.split())


def _in_json(found: Any) -> Iterator[Any]:
    """A list of texts, of objects with a text, or of both; an object from key id to text; any of them under `trust` or `certificates`."""
    if isinstance(found, dict):
        for name in ("trust", "certificates"):
            if isinstance(found.get(name), list | dict):
                yield from _in_json(found[name])
                return
        named = [found[name] for name in _NAMES if name in found]
        yield from named[:1] or found.values()
        return
    for one in found:
        if isinstance(one, dict):
            one = next((one[name] for name in _NAMES if name in one), None)
        yield one[0] if isinstance(one, list) and one else one


def _der(text: Any) -> bytes:
    if not isinstance(text, str):
        raise ValueError("something in the list is not a text")
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("something in the list is not base64") from None
    if not der:
        raise ValueError("something in the list is empty")
    return der


def _distinct(found: Iterator[bytes]) -> list[bytes]:
    each = list(dict.fromkeys(found))
    if len(each) > MOST:
        raise ValueError(f"more than {MOST} certificates")
    return each
