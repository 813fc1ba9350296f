"""Fields of a scene that only a register knows. Asked before anything is written, because a register may take its time, and under a grant
of the scene's own, as for every other errand: the call stands in the read log and among the grants that anybody can look up.

Only where somebody waits for the answer (`verifying.verify`): gates that answer many at once are not given these fields.
"""

import base64
from collections.abc import Callable
from typing import Any

from tongban.codes.models import IdentityCode, Reader, Scene
from tongban.journal.actors import Actor
from tongban.parties.models import Party
from tongban.registers import services as registers

PURPOSE = "decision"
REGISTERS = {
    "portrait": ("photo-library", "photo"),
    "student": ("student-status", "enrolled"),
    "insured": ("social-insurance", "status"),
}


def errand(scene: str) -> str:
    """Under which name the grants of a scene stand."""
    return f"scene-{scene.replace('_', '-')}"


def grant(scene: Scene) -> int:
    """What the scene may ask, no more than its fields; called when it is put in force."""
    facts = [".".join(REGISTERS[name]) for name in scene.fields if name in REGISTERS and scene.in_force]
    return registers.load_grants(errand(scene.slug), facts=facts, ground=scene.basis)


def asked(card: IdentityCode, reader: Reader) -> dict[str, Any]:
    """{field: value} of those this scene gives and a register answered; a register that does not answer holds nobody up."""
    wanted = [name for name in REGISTERS if name in reader.scene.fields]
    if not wanted or card.party is None or card.party.kind != Party.Kind.PERSON:
        return {}
    actor = Actor("platform", "reader", name=f"{reader.operator}, {reader.place}")
    found: dict[str, Any] = {}
    for name in wanted:
        resource, field = REGISTERS[name]
        answer = registers.read(
            resource, of=card.party, matter=errand(reader.scene.slug), about=f"reader:{reader.ref}", purpose=PURPOSE,
            fields=[field], actor=actor,
        )  # fmt: skip
        if answer is not None and field in answer:
            value = SAYS[name](answer[field], card.party, actor)
            found |= {} if value is None else {name: value}
    return found


def _portrait(reference: Any, party: Party, actor: Actor) -> str | None:
    content = registers.picture(str(reference), of=party, actor=actor)
    kind = "png" if content and content.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}" if content else None


SAYS: dict[str, Callable[[Any, Party, Actor], Any]] = {
    "portrait": _portrait,
    "student": lambda value, _party, _actor: bool(value),
    "insured": lambda value, _party, _actor: value == "active",
}
