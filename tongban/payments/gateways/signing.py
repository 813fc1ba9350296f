"""Signatures over notices: a keyed digest over time and body, as payment services do it (t=...,v1=...)."""

import hashlib
import hmac
import re
from datetime import datetime

from tongban.payments.gateways.base import Forged

MINUTES_OLD = 5


def sign(body: bytes, secret: str, at: datetime) -> str:
    moment = int(at.timestamp())
    return f"t={moment},v1={_digest(body, secret, moment)}"


def check(signature: str, body: bytes, secret: str, now: datetime) -> None:
    """Raises Forged unless one of the v1 signatures is ours and the time is within five minutes of now."""
    parts = [part.strip().partition("=")[::2] for part in signature.split(",")]
    moments = [value for name, value in parts if name == "t" and re.fullmatch(r"\d{1,12}", value)]
    if not secret or len(moments) != 1:
        raise Forged("no signature")
    moment = int(moments[0])
    good = _digest(body, secret, moment)
    given = [value for name, value in parts if name == "v1" and value.isascii()]
    if not any(hmac.compare_digest(good, value) for value in given):
        raise Forged("the signature is not right")
    if abs(now.timestamp() - moment) > MINUTES_OLD * 60:
        raise Forged("signed too long ago")


def _digest(body: bytes, secret: str, moment: int) -> str:
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
