"""Checking licences by the open interface: many at once, and what a verifier without a network fetches."""

import math
import time
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.utils.translation import gettext_lazy as _
from ninja import Schema
from pydantic import ConfigDict, Field

from tongban.channels.exchange import gates
from tongban.channels.exchange.api import PREFIX, Strict, api
from tongban.channels.exchange.api import Checked as CheckedLicence
from tongban.codes.services import scanning
from tongban.lib.problems import TooMany
from tongban.lib.rates import Rates
from tongban.licences import trust, verifying

BATCH = f"{PREFIX}licences/verify"
# Anybody may check without saying who they are: a hall of people behind one address fits in it, a scraper does not.
rates = Rates(a_second=10, at_once=600)


def admit(address: str, many: int) -> None:
    """So many licences from one address without a name. Each web process counts for itself."""
    now = time.monotonic()
    waits = [rates.take(address, now) for _one in range(many)]
    if wait := max(waits, default=0):
        raise TooMany(
            "too-fast",
            _("From this address more licences were checked than anonymous callers may check."),
            next_step=_(
                "Wait a minute, or register your checking device: a registered caller is not limited by its address."
            ),
            retry_after=math.ceil(wait),
        )


class Batch(Schema):
    model_config = ConfigDict(extra="forbid")

    items: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=verifying.LONGEST)]],
        Field(min_length=1, max_length=verifying.AT_MOST),
    ] = Field(description="Tokens, addresses printed on licences, or the whole text of their codes (TB1:...)")
    purpose: Annotated[str, Field(max_length=80)] = Field(
        default="", description="What for: the holder reads it when the caller is registered"
    )


class BatchLine(Strict):
    index: int
    trouble: Literal[
        "", "not_understood", "not_found", "unknown_key", "bad_signature", "key_withdrawn", "key_not_valid_then",
        "other_issuer", "put_together", "code_expired", "code_used_here", "share_ended", "share_expired", "share_used_up",
    ] = Field(description="Why there is no answer: nothing such, or the signature of the code does not hold")  # fmt: skip
    answer: CheckedLicence | None


class BatchAnswer(Strict):
    checker: str = Field(description="Who the holders are told checked; empty for an anonymous caller")
    answers: list[BatchLine]


@api.post("/licences/verify", response=BatchAnswer, tags=["licences"])
def licence_verify_many(request, batch: Batch):
    """Up to 100 licences at once. Signed by an enrolled device (docs/api.md), the holders are told who checked; else it is only counted."""
    checker = _checker(request)
    if not checker:
        admit(request.META.get("REMOTE_ADDR", ""), len(batch.items))
    found = verifying.verify_many(
        batch.items, channel="batch", checker=checker, purpose=batch.purpose if checker else ""
    )
    return {
        "checker": checker,
        "answers": [{"index": at, "trouble": one.trouble, "answer": one.answer} for at, one in enumerate(found)],
    }


def _checker(request) -> str:
    """The registered reader whose device signed this request; "" when it is not signed at all. A wrong signature is refused."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if "signature" not in headers and "signature-input" not in headers:
        return ""
    now = datetime.now(UTC).timestamp()
    claim = gates.claim_of(headers, now)
    scanning.devices.refresh()
    device = gates.checked(scanning.devices.get(claim.key_id), claim, BATCH, request.body, now)
    return f"{device.reader.operator} {device.reader.name}".strip()


class SignedList(Strict):
    list_: str = Field(alias="list", description="Compact JWS, ES256, signed by the root")
    root: dict[str, Any] = Field(
        description="The public key of the root (JWK): hold fast to the one you were given first"
    )
    iat: int
    exp: int


@api.get("/trust-list", response=SignedList, by_alias=True, tags=["licences"])
def trust_list(request):
    """Every key that signs licences, old and new, and those withdrawn with the hour; valid for 24 hours."""
    return trust.trust_list()


@api.get("/licence-status", response=SignedList, by_alias=True, tags=["licences"])
def licence_status(request):
    """Licences that are not in force although their paper says nothing of it, under ids only their own codes lead to; valid for 24 hours."""
    return trust.status_list()
