"""Scenes and readers of identity codes, as an office finds them."""

from collections.abc import Mapping
from typing import Any

from tongban.codes.models import Reader, Scene
from tongban.codes.services import scenes
from tongban.licences import queries as licences


def load(content: Mapping[str, Any]) -> None:
    """Again and again the same: what editors put in force and what the office registered stays."""
    scenes.load(content["scenes"])
    if Reader.objects.exists():
        return
    known = {scene.slug: scene for scene in Scene.objects.all()}
    Reader.objects.bulk_create([_reader(row, known) for row in content["readers"]])


def _reader(row: Mapping[str, Any], known: Mapping[str, Scene]) -> Reader:
    """`wallet` is the one licence it may ask wallets for, and the most of it; a district without that licence has a reader that asks nothing."""
    given = {**row, "scene": known[row["scene"]]}
    asks = given.pop("wallet", None)
    kind = licences.types().filter(slug=asks["kind"]).first() if asks else None
    if asks and kind is not None:
        given |= {"wallet_kind": kind, "wallet_fields": list(asks["fields"])}
    return Reader(**given)
