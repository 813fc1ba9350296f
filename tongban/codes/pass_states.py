"""The law of a list of trusted signers: loaded by one officer of the health department, put in force by another."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class ListState(models.TextChoices):
    LOADED = "loaded", _("waits for a second person")
    IN_FORCE = "in_force", _("in force")
    REPLACED = "replaced", _("replaced by a later version")
    DROPPED = "dropped", _("not put in force")


S = ListState

LOADS, DECIDES = ("health_officer", "health_approver"), ("health_approver",)

LOAD_SIGNERS = move("load_signers", (), S.LOADED, by=LOADS, guard="at least one certificate whose key signs passes")
TRUST_SIGNERS = move(
    "trust_signers", S.LOADED, S.IN_FORCE, by=(*DECIDES, "platform"),
    guard="somebody else than who loaded it; or the operator by `tongban trust-list`",
)  # fmt: skip
REPLACE_SIGNERS = move(
    "replace_signers", S.IN_FORCE, S.REPLACED, by=(*DECIDES, "platform"), guard="a later version is put in force"
)
DROP_SIGNERS = move("drop_signers", S.LOADED, S.DROPPED, by=LOADS, guard="reason written")

MOVES = [LOAD_SIGNERS, TRUST_SIGNERS, REPLACE_SIGNERS, DROP_SIGNERS]
