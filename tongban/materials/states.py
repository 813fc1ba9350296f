"""A document may be changed until it is handed in with a case; from then on it is evidence and stays as it was."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class DocumentState(TextChoices):
    KEPT = "kept", _("kept")
    HANDED_IN = "handed_in", _("handed in")
    REMOVED = "removed", _("removed")


KEPT, HANDED_IN, REMOVED = DocumentState.KEPT, DocumentState.HANDED_IN, DocumentState.REMOVED

KEEP = move("keep", set(), KEPT, by={"applicant"})
HAND_IN = move("hand in", {KEPT, HANDED_IN}, HANDED_IN, by={"applicant"})
REMOVE = move("remove", {KEPT}, REMOVED, by={"applicant"})
MOVES = [KEEP, HAND_IN, REMOVE]

HELD = (KEPT, HANDED_IN)  # what its owner sees and what counts against the owner's room
