"""Many licences checked at once: tokens, addresses of the public check, or the signed codes of papers, in any mixture.

A code is judged by its own signature first; what it leads to is then asked of the register as everywhere. Who checked is written down
for the holder when the checker is registered; anonymous checks are only counted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from tongban.lib.problems import NotAllowed
from tongban.licences import keys, paper, presenting, services
from tongban.licences.models import Licence, LicenceOpening
from tongban.licences.services import Verification

AT_MOST = 100
LONGEST = paper.LONGEST
_TOKEN_AT_END = re.compile(r"(?:^|/)([A-Za-z0-9_-]{22})/?$")
_HOLDERS_CODE = re.compile(r"(?:^|/)([A-Za-z0-9_-]{31})/?$")


@dataclass(frozen=True)
class Checked:
    """`asked` as it was given. `trouble`: not_understood, not_found, why the signature of a code does not hold, or why a code of the
    holder does not open any more (code_expired, code_used_here, share_...); then no answer."""

    asked: str
    answer: Verification | None
    trouble: str = ""


def split(text: str) -> list[str]:
    """A list somebody pasted: one a line, or separated by spaces or commas."""
    return [one for one in re.split(r"[\s,，;；]+", text.strip()) if one]


def verify_many(
    said: Sequence[str], *, channel: str, checker: str = "", purpose: str = "", now: datetime | None = None
) -> list[Checked]:
    """In the order given. The same licence named twice is two checks."""
    now = now or timezone.now()
    trusted: dict[bytes, list[paper.TrustedKey]] | None = None
    answers = []
    for one in said:
        token = ""
        if paper.MARK in one:
            if trusted is None:
                trusted = paper.trusted(keys.all_public(services.key_directory()))
            try:
                frame = paper.split(one)
                signature, _key, code = paper.signature_of(
                    frame, trusted.get(frame.kid, ()), address=services.address()
                )
            except paper.NotOurs:
                answers.append(Checked(one, None, "not_understood"))
                continue
            if code is None:
                answers.append(Checked(one, None, signature))
                continue
            token = code.token or _token_of(code.number)
        elif checker and (shown := _HOLDERS_CODE.search(one[:LONGEST])) is not None and presenting.read_token(shown[1]):
            answers.append(_shown_to(checker, one, shown[1], now))
            continue
        elif (found := _TOKEN_AT_END.search(one[:LONGEST])) is not None:
            token = found[1]
        else:
            answers.append(Checked(one, None, "not_understood"))
            continue
        answer = services.verify(token, channel=channel, checker=checker, purpose=purpose, now=now) if token else None
        answers.append(Checked(one, answer, "" if answer is not None else "not_found"))
    return answers


def _shown_to(checker: str, asked: str, code: str, now: datetime) -> Checked:
    """A code that its holder shows or shared, read by a registered reader: named to the holder, and good once for this reader."""
    row = presenting.found(code)
    if row is None:
        return Checked(asked, None, "not_found")
    reader = LicenceOpening.By.READER
    opener = presenting.Opener(by=reader, key=f"reader:{checker}", actor=services.VERIFIER, name=checker)
    try:
        return Checked(asked, presenting.open_it(row, opener=opener, now=now).as_verification())
    except NotAllowed as refused:
        return Checked(asked, None, refused.code.replace("-", "_"))


def _token_of(number: str) -> str:
    """The code of a paper may be read without its address."""
    return Licence.objects.filter(identifier=number).values_list("token", flat=True).first() or ""
