"""The life of an electronic licence (domain.md 3.7). Only the issuer moves it; holders and verifiers see it at once.

It begins valid, in the transaction of the decision: while its paper form is being made, the case says so (`issuing`).
"""

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
