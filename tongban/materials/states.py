"""A document may be changed until it is handed in with a case; from then on it is evidence and stays as it was."""

from tongban.lib.moves import move
from tongban.materials.models import Document

KEPT, HANDED_IN, REMOVED = Document.State.KEPT, Document.State.HANDED_IN, Document.State.REMOVED

KEEP = move("keep", set(), KEPT, by={"applicant"})
HAND_IN = move("hand in", {KEPT, HANDED_IN}, HANDED_IN, by={"applicant"})
REMOVE = move("remove", {KEPT}, REMOVED, by={"applicant"})

HELD = (KEPT, HANDED_IN)  # what its owner sees and what counts against the owner's room
