"""The life of an electronic licence (domain.md 3.7). Only the issuer moves it; holders and verifiers see it at once.

It begins valid, in the transaction of the decision: while its paper form is being made, the case says so (`issuing`).

An industry licence is made of permits that live lives of their own: what it is worth follows from them (`standing`, decision 0016).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class LicenceState(models.TextChoices):
    VALID = "valid", _("valid")
    SUSPENDED = "suspended", _("suspended")
    EXPIRED = "expired", _("expired")
    SUPERSEDED = "superseded", _("replaced by a newer one")
    REVOKED = "revoked", _("revoked")
    CANCELLED = "cancelled", _("cancelled")


S = LicenceState

SUSPEND = move("suspend", S.VALID, S.SUSPENDED)
RESUME = move("resume", S.SUSPENDED, S.VALID)
EXPIRE = move("expire", {S.VALID, S.SUSPENDED}, S.EXPIRED)
SUPERSEDE = move("supersede", {S.VALID, S.EXPIRED}, S.SUPERSEDED)
REVOKE = move("revoke", {S.VALID, S.SUSPENDED, S.EXPIRED}, S.REVOKED)
CANCEL = move("cancel", {S.VALID, S.SUSPENDED, S.EXPIRED}, S.CANCELLED)

MOVES = [SUSPEND, RESUME, EXPIRE, SUPERSEDE, REVOKE, CANCEL]
OVER = {S.EXPIRED, S.SUPERSEDED, S.REVOKED, S.CANCELLED}

NOT_VALID = OVER

# -- what a whole is worth that is made of parts

VALID, SUSPENDED, NOT_VALID_NOW, UNKNOWN = "valid", "suspended", "not_valid", "unknown"
ITEM_SUSPENDED, ITEM_ENDED, ITEM_GONE = "item_suspended", "item_ended", "item_gone"


@dataclass(frozen=True)
class Part:
    """One permit of an industry licence, as it stands now: `status` is valid, suspended or not_valid."""

    status: str
    mandatory: bool
    valid_to: date | None = None


def standing(status: str, reason: str, parts: Iterable[Part]) -> tuple[str, str]:
    """(status, reason) of the whole, out of what it is by itself and what its parts are. The worst that holds is said.

    Without a permit that must be there the whole is not valid; while one is suspended the whole is. What happens to one that may be
    left out leaves the whole valid and is said beside it.
    """
    parts = list(parts)
    if status in (NOT_VALID_NOW, UNKNOWN):
        return status, reason
    if any(part.mandatory and part.status == NOT_VALID_NOW for part in parts):
        return NOT_VALID_NOW, ITEM_GONE
    if status == SUSPENDED:
        return status, reason
    if any(part.mandatory and part.status == SUSPENDED for part in parts):
        return SUSPENDED, ITEM_SUSPENDED
    if any(part.status == SUSPENDED for part in parts):
        return status, ITEM_SUSPENDED
    if any(part.status == NOT_VALID_NOW for part in parts):
        return status, ITEM_ENDED
    return status, reason


def weakest(ends: Iterable[date | None]) -> date | None:
    """The day on which the first of several ends; None when none of them ever does."""
    known = [day for day in ends if day is not None]
    return min(known) if known else None
