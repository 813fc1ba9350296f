"""Codes on paper for the tests: keys of two departments, and what may have happened to a code on its way."""

import datetime
import random

from tests.licences.samples import IDENTIFIER
from tongban.licences import keys, paper

NOW = datetime.datetime(2026, 11, 21, 4, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
ADDRESS = "https://tongban.example"
TOKEN = "3vQp7mZkT0eLw2sYxR8bNg"
FACE = [
    {"field": "operator", "value": {"zh": "示范区溪畔小馆餐饮有限公司", "en": "Creekside Bistro Catering Co., Ltd."}},
    {"field": "uscc", "value": "99990000MA1ABCDE1X"},
]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def code(directory, *, issuer="AMR", kind="food-licence", now=NOW, key=None, **changes) -> str:
    given = {
        "address": ADDRESS, "token": TOKEN, "issuer": issuer, "kind": kind, "identifier": IDENTIFIER, "face": FACE,
        "valid_from": NOW.date(), "valid_to": NOW.date() + 365 * DAY, "demonstration": True, "now": now,
    }  # fmt: skip
    return paper.make(key or keys.current(directory, issuer, kind, now=now), **(given | changes))


def trust_of(directory, now=NOW) -> paper.Trust:
    return paper.trust_of(paper.trust_list(keys.all_public(directory), address=ADDRESS, now=now, names={}))


def statuses(*entries, now=NOW) -> paper.Statuses:
    return paper.statuses_of(paper.status_list(entries, now=now))


def mutants(good: list[str], many: int, seed: int = 7) -> list[str]:
    """Codes with something changed, left out, put in, swapped or taken from another: none of them is one of `good`."""
    draw, found = random.Random(seed), []
    bare = {one.partition("#")[2] for one in good}
    while len(found) < many:
        text = draw.choice(good)
        at, way = draw.randrange(len(text)), draw.randrange(7)
        if way == 0:
            mutant = text[:at] + draw.choice(LETTERS + ".:/#%+= ") + text[at + 1 :]
        elif way == 1:
            mutant = text[:at] + text[at + 1 + draw.randrange(4) :]
        elif way == 2:
            mutant = text[:at] + draw.choice(LETTERS) * (1 + draw.randrange(3)) + text[at:]
        elif way == 3:
            other = draw.choice(good)
            mutant = text[:at] + other[at:]
        elif way == 4:
            to = draw.randrange(len(text))
            letters = list(text)
            letters[at], letters[to] = letters[to], letters[at]
            mutant = "".join(letters)
        else:  # one bit of the statement itself
            front, _, body = text.rpartition(":")
            raw = bytearray(paper._decode(body))
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
            mutant = f"{front}:{paper._encode(bytes(raw))}"
        if mutant.strip() not in good and mutant.strip() not in bare:
            found.append(mutant)
    return found
