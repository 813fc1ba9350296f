"""Signatures over notices, as payment services do it; what is wrong with one is said in our word."""

from datetime import datetime

from tongban.lib.signed_notices import sign, trouble_with
from tongban.payments.gateways.base import Forged

__all__ = ["check", "sign"]


def check(signature: str, body: bytes, secret: str, now: datetime) -> None:
    """Raises Forged unless one of the v1 signatures is ours and the time is within five minutes of now."""
    trouble = trouble_with(signature, body, secret, now)
    if trouble:
        raise Forged(trouble)
