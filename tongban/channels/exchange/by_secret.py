"""`POST /api/v1/codes/verify` for readers that have a secret and no key of their own: {payload, reader, purpose, at} -> {verdict, reason, fields}.

    Authorization: Bearer <number of the reader>.<its secret>

One code a request, each in a transaction of its own: for a partner's system and a desk. Gates sign with their keys and are served in
common commits (`gates`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy

from tongban.codes.services import readers, verifying
from tongban.codes.wording import why
from tongban.lib.problems import Invalid, Problem

LONGEST = 4000
ANSWER_OF_NOBODY = Problem(
    "reader-unknown",
    gettext_lazy("This secret is of no reader."),
    next_step=gettext_lazy(
        "Send the number and the secret that the service office gave: Authorization: Bearer NUMBER.SECRET"
    ),
    status=401,
)


def wants(headers: Mapping[str, str]) -> bool:
    return headers.get("authorization", "").startswith("Bearer ") and "signature-input" not in headers


def answered(headers: Mapping[str, str], given: Mapping[str, Any], language: str) -> bytes:
    """The answer as JSON. Raises Problem: who may not ask is told so, whatever the code is."""
    ref, _dot, secret = headers["authorization"].removeprefix("Bearer ").strip()[:200].partition(".")
    reader = readers.by_credentials(ref, secret)
    if reader is None:
        raise ANSWER_OF_NOBODY
    errors: dict[str, list] = {}
    if given["reader"] != reader.ref:
        errors["reader"] = [gettext_lazy("The secret is of another reader.")]
    if len(given["payload"]) > LONGEST:
        errors["payload"] = [gettext_lazy("This is too long.")]
    at = _moment(given.get("at"), errors)
    if errors:
        raise Invalid("not-understood", errors=errors)
    verdict = verifying.verify(given["payload"], reader=reader, purpose=given["purpose"], at=timezone.now(), said_at=at)
    answer: dict[str, Any] = {"verdict": verdict.verdict, "reason": verdict.reason, "fields": verdict.fields}
    with translation.override(language):
        words = why(verdict.reason) if verdict.reason else None
        answer |= {"sentence": str(words.sentence) if words else "", "next_step": str(words.next_step) if words else ""}
    return orjson.dumps(answer)


def _moment(text: str | None, errors: dict[str, list]) -> datetime | None:
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.year < 2000:
        errors["at"] = [gettext_lazy("Please give a moment as 2026-11-21T10:02:00+08:00.")]
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
