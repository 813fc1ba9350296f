"""Checking a licence without its code: the number and a word that stands on the paper, together.

A number alone opens nothing: numbers follow each other, and a list of all businesses could be made of them. Whoever has the paper before
them has both. A number that is not there and a word that is wrong are answered alike, and whoever guesses is slowed down, by address and
by licence; whoever is right never waits for somebody who guesses.
"""

import math
import time
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.lib.problems import Invalid, TooMany
from tongban.lib.rates import Rates
from tongban.licences import services
from tongban.licences.models import Licence
from tongban.licences.services import Verification

WORDS_OF = (
    "name", "operator", "company", "clinic", "venue", "holder", "owner", "legal_rep", "licence_no", "cert_no", "plate", "uscc",
)  # fmt: skip
SHORTEST = 2
LONGEST = 200

asking = Rates(a_second=0.2, at_once=60)  # a hall behind one address, and no list of all companies
guessing = Rates(a_second=1 / 60, at_once=10)  # wrong words for one licence, from anywhere


def verify(identifier: str, word: str, *, address: str, now: datetime | None = None) -> Verification | None:
    """What the public check says, or None: there is no such licence, or this does not stand on it."""
    identifier, said = identifier.strip().upper(), _plain(word)
    errors: dict[str, list] = {}
    if not identifier or len(identifier) > 80:
        errors["number"] = [_("Please write the whole number as it is printed.")]
    if not SHORTEST <= len(said) <= LONGEST:
        errors["word"] = [_("Please write the name of the holder, or another word that stands on the paper in full.")]
    if errors:
        raise Invalid("by-number", errors=errors)
    _slow_down(asking, address)
    row = Licence.objects.select_related("type", "issuer", "holder").filter(identifier=identifier).first()
    if row is None:
        return None
    if said not in set(_words(row)):
        _slow_down(guessing, row.pk)
        return None
    return services.verify(row.token, channel="number", now=now)


def _words(row: Licence) -> Iterator[str]:
    yield _plain(row.holder.name)
    for name in WORDS_OF:
        for text in _texts(row.face.get(name)):
            yield _plain(text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif value:
        yield str(value)


def _plain(text: str) -> str:
    """Without spaces, in one width and one case: paper and keyboard differ in these."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _slow_down(rates: Rates, key: Any) -> None:
    if wait := rates.take(key, time.monotonic()):
        raise TooMany(
            "too-many-checks",
            _("Too many checks by number from here in a short time."),
            next_step=_("Scan the code on the licence instead: that is not limited this way. Or wait a minute."),
            retry_after=math.ceil(wait),
        )
