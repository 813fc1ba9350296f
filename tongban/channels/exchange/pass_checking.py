"""A health pass as it is handed to us: text or picture, a moment, whom to trust. What cannot be understood is a problem; what can is judged."""

import base64
import binascii
import io
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.channels.pages.pass_pictures import text_of_picture
from tongban.codes import hcert
from tongban.codes import queries_passes as passes
from tongban.codes.pass_rules import ENTRY, PURPOSES
from tongban.lib.problems import Invalid, worded

log = structlog.get_logger("tongban.passes")

MOST_CERTIFICATES = 1000
LONGEST_TEXT = 100_000


def moment(written: str | None) -> datetime:
    """ISO 8601 with its offset; without one it is UTC. Nothing written is now."""
    if not written:
        return timezone.now()
    try:
        at = datetime.fromisoformat(written.strip())
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        at.astimezone(UTC)  # the ends of the calendar have no other zone
    except (ValueError, OverflowError):
        raise Invalid(
            "not-understood", errors={"at": [_("Please give a time such as 2026-11-21T10:30:00+08:00.")]}
        ) from None
    return at


def trust(named: str | Sequence[str] | None) -> hcert.Trust:
    """Certificates in base64, or the name of a list of this district; nothing names its own list."""
    if named is None:
        return passes.trust()
    if isinstance(named, str):
        try:
            return passes.trust(named)
        except passes.UnknownList:
            sentence = worded(_("There is no list of trusted signers “%(name)s” in force."), name=named[:40])
            raise Invalid("no-such-list", errors={"trust": [sentence]}) from None
    try:
        return hcert.Trust.of(base64.b64decode("".join(one.split()), validate=True) for one in named)
    except (binascii.Error, ValueError):
        raise Invalid(
            "not-understood", errors={"trust": [_("Each certificate is X.509 in DER, written in base64.")]}
        ) from None


def text_of_base64(image: str) -> str:
    """The picture inside JSON; a data address is taken too."""
    if image.startswith("data:"):
        image = image.partition(",")[2]
    try:
        content = base64.b64decode("".join(image.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("not-understood", errors={"image": [_("The picture is not base64.")]}) from None
    return text_of_picture(io.BytesIO(content))


def purpose_of(said: str | None) -> str:
    """What it is checked for, as far as a rule knows it. Other words are judged as an entrance would, and are written down nowhere:
    they are a stranger's, and may name somebody."""
    word = (said or "").strip().casefold()
    return word if word in PURPOSES else ENTRY


def judge(text: str, *, at: datetime, trust: hcert.Trust, purpose: str = ENTRY) -> hcert.Answer:
    """Of each check the log says for what it was and how it went, and nothing of the pass."""
    answer = passes.judge(text, at=at, trust=trust, purpose=purpose)
    log.info(
        "a pass was checked",
        purpose=purpose,
        valid=answer.valid,
        reason=answer.reason,
        kind=answer.kind,
        light=answer.light,
    )
    return answer
