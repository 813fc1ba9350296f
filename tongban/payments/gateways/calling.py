"""Calls to a payment service over HTTPS with the standard library: one host, no redirects, a limit on time and on size."""

import http.client
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from tongban.payments.gateways.base import NoAnswer

SECONDS = 10
LARGEST = 8 * 1024 * 1024


@dataclass(frozen=True)
class Said:
    status: int
    body: bytes


def call(method: str, url: str, *, headers: dict[str, str], body: bytes | None = None) -> Said:
    """The answer, whatever its status below 500. Raises NoAnswer when there is none, it is too long, or the service is down."""
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        where = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, where, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read(LARGEST + 1)
    except (OSError, http.client.HTTPException) as failure:
        raise NoAnswer(f"{parts.hostname}: {type(failure).__name__}") from failure
    finally:
        connection.close()
    if len(content) > LARGEST:
        raise NoAnswer(f"{parts.hostname}: the answer is too long")
    if answer.status >= 500 or answer.status == 429:
        raise NoAnswer(f"{parts.hostname}: {answer.status}")
    return Said(answer.status, content)
