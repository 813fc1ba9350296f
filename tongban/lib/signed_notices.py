"""Signatures over notices that a service outside sends us: a keyed digest over time and body (t=...,v1=...)."""

import hashlib
import hmac
import re
from datetime import datetime

MINUTES_OLD = 5


def sign(body: bytes, secret: str, at: datetime) -> str:
    moment = int(at.timestamp())
    return f"t={moment},v1={_digest(body, secret, moment)}"


def trouble_with(signature: str, body: bytes, secret: str, now: datetime) -> str:
    """Why this was not sent by whoever holds the secret, or not now; empty when one of the v1 signatures is right and five minutes old
    at most."""
    parts = [part.strip().partition("=")[::2] for part in signature.split(",")]
    moments = [value for name, value in parts if name == "t" and re.fullmatch(r"\d{1,12}", value)]
    if not secret or len(moments) != 1:
        return "no signature"
    moment = int(moments[0])
    good = _digest(body, secret, moment)
    given = [value for name, value in parts if name == "v1" and value.isascii()]
    if not any(hmac.compare_digest(good, value) for value in given):
        return "the signature is not right"
    if abs(now.timestamp() - moment) > MINUTES_OLD * 60:
        return "signed too long ago"
    return ""


def _digest(body: bytes, secret: str, moment: int) -> str:
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
