"""The law of a scene that the catalogue's editors write: one drafts, another puts it in force."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class SceneDraftState(models.TextChoices):
    DRAFT = "draft", _("being written")
    IN_CHECK = "in_check", _("being checked")
    IN_FORCE = "in_force", _("put in force")
    DISCARDED = "discarded", _("discarded")


S = SceneDraftState
EDITORS = ("content_editor", "catalogue_manager")

SUBMIT = move("submit", S.DRAFT, S.IN_CHECK, by=EDITORS, guard="nothing is wrong with it, and it changes something")
GIVE_BACK = move(
    "give_back", S.IN_CHECK, S.DRAFT, by=("catalogue_manager",), guard="somebody else than who wrote it; words say why"
)
PUT_IN_FORCE = move(
    "put_in_force", S.IN_CHECK, S.IN_FORCE, by=("catalogue_manager",), guard="somebody else than who wrote it"
)
DISCARD = move("discard", {S.DRAFT, S.IN_CHECK}, S.DISCARDED, by=EDITORS, guard="who wrote it, or a catalogue manager")

MOVES = [SUBMIT, GIVE_BACK, PUT_IN_FORCE, DISCARD]
