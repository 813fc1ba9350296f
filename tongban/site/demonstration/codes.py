"""Scenes and readers of identity codes, as an office finds them."""

from collections.abc import Mapping
from typing import Any

from tongban.codes.models import Reader, Scene
from tongban.codes.services import scenes


def load(content: Mapping[str, Any]) -> None:
    """Again and again the same: what editors put in force and what the office registered stays."""
    scenes.load(content["scenes"])
    if Reader.objects.exists():
        return
    known = {scene.slug: scene for scene in Scene.objects.all()}
    Reader.objects.bulk_create([Reader(**{**row, "scene": known[row["scene"]]}) for row in content["readers"]])
