"""The experience booth: every scene with a trial code of an invented person. Nothing is written, and no reader takes such a code."""

from datetime import datetime
from typing import Any

from tongban.codes import keys, payload
from tongban.codes.models import Scene
from tongban.codes.payload import Kind, Refused
from tongban.codes.scene_fields import pseudonym
from tongban.codes.services.holding import Shown
from tongban.codes.services.scenes import ALL_FIELDS
from tongban.codes.services.verifying import INVALID, VALID, Verdict, key_directory
from tongban.lib import covered

NAME = "林试用"
INVENTED: dict[str, Any] = {
    "name": NAME,
    "masked_name": covered.name(NAME),
    "masked_id": "990***********0017",
    "id_kind": "id_card",
    "of_age": True,
    "elderly": False,
    "student": True,
    "insured": True,
    "colour": "blue",
    "test": None,
    "company_name": "示范试用有限公司",
    "company_status": "active",
    "uscc": "99000000TRYTRYTRY0",
    "department": "示范区政务服务办",
    "staff_no": "T0000",
}


def scenes() -> list[Scene]:
    return list(Scene.objects.filter(in_force=True).order_by("slug"))


def code(at: datetime) -> Shown:
    key, now = keys.current(key_directory(), now=at), int(at.timestamp())
    return Shown(payload.issue(key, Kind.TRIAL, 0, issued_at=now), now, now + payload.LIVES)


def answer(text: str, scene: Scene, at: datetime) -> Verdict:
    """What a reader of this scene would be told of the invented person."""
    try:
        judged = payload.judge(text, keys.ring(key_directory()), at.timestamp())
    except Refused as refused:
        return Verdict(INVALID, refused.reason)
    if judged.kind is not Kind.TRIAL:
        return Verdict(INVALID, "not_trial")
    known = {**INVENTED, "alias": pseudonym(0, scene.slug, "trial")}
    fields = {name: known[name] for name in ALL_FIELDS if name in scene.fields and known.get(name) is not None}
    return Verdict(VALID, fields=fields, kind="trial")
