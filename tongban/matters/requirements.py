"""Which materials a guide asks for, once it is known which of its situations is the applicant's. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from tongban.lib.bilingual import Bilingual
from tongban.matters.models import MatterVersion


@dataclass(frozen=True)
class Requirement:
    """One material of the guide, for the situation chosen. `exempt`: licence, data, commitment, generated or none. `when`: in whose case, as the guide says it."""

    slug: str
    required: bool
    exempt: str
    tolerant: bool = False
    when: Bilingual | None = None


def requirements(version: MatterVersion, situation: Collection[str]) -> list[Requirement]:
    """The materials that apply. Those another situation asks for are left out; those no situation names are offered freely."""
    chosen = {slug for s in version.situations if s["id"] in situation for slug in s.get("adds", ())}
    removed = {slug for s in version.situations if s["id"] in situation for slug in s.get("removes", ())}
    by_situation = {slug for s in version.situations for slug in s.get("adds", ())}
    wanted = []
    for row in version.requirements:
        slug = row["material"]
        if slug in removed or (slug in by_situation and slug not in chosen):
            continue
        wanted.append(
            Requirement(
                slug=slug,
                required=bool(row.get("required")) or slug in chosen,
                exempt=row.get("exempt") or "none",
                tolerant=bool(row.get("tolerant")),
                when=row.get("when") or None,
            )
        )
    known = {row.slug for row in wanted}
    wanted.extend(Requirement(slug=slug, required=True, exempt="none") for slug in sorted(chosen - known - removed))
    return wanted
