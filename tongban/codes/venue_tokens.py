"""What is printed on a poster: `<public address>/at/<token>`. Signed by us, and no address of anybody else can be in it.

The token is the poster's mark and a keyed code over it. The key lies outside the database, so a copy of the tables makes no poster, and
a forged one is found before anything is looked up. It is the index key, which is never renewed: posters hang for years.
"""

import base64
import hmac
import re
from urllib.parse import urlsplit

from tongban.lib.encryption import blind_index

PATH = "/at/"
_CONTEXT = "codes.poster"
_TOKEN = re.compile(r"([A-Za-z0-9_-]{12})([A-Za-z0-9_-]{22})")


def token_of(mark: str) -> str:
    code = bytes.fromhex(blind_index(f"1:{mark}", _CONTEXT))[:16]
    return mark + base64.urlsafe_b64encode(code).decode().rstrip("=")


def mark_in(token: str) -> str | None:
    """The mark of a poster we made; None for a token that was forged or altered."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    return found[1] if hmac.compare_digest(token_of(found[1]), token) else None


def address_of(mark: str, public_address: str) -> str:
    return f"{public_address.rstrip('/')}{PATH}{token_of(mark)}"


def token_in(text: str, public_address: str) -> str | None:
    """The token of an address that a scanner read, if the address is ours to the letter; else None: nothing foreign is opened."""
    text = text.strip()
    if len(text) > 300 or any(ord(sign) < 33 or ord(sign) > 126 or sign == "\\" for sign in text):
        return None
    try:
        read, ours = urlsplit(text), urlsplit(public_address)
        same = (read.scheme, read.hostname, read.port) == (ours.scheme, ours.hostname, ours.port)
    except ValueError:
        return None
    if (
        not same
        or read.username is not None
        or read.password is not None
        or read.query
        or not read.path.startswith(PATH)
    ):
        return None
    return read.path.removeprefix(PATH).rstrip("/") or None
