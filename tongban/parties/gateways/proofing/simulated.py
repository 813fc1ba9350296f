"""The twin of the register of people. Deterministic; it knows the demonstration people and has its known bad cases.

number ends in 000                 the register refuses the question for good
number ends in 999                 the register does not answer
mobile ends in 0000                the details do not match
passports                          in no register here: a person compares them
somebody invented: identity cards 990000..., residence permits 819900... 829900... 839900..., travel permits H99... M99...
and (Taiwan) 99..., foreign permanent residents 990000... and FRA9900...: the register holds whatever name is given
faces: number ends in 997 or 86    too little alike; ends in 998    no living face seen
"""

import hashlib
import re
from datetime import date
from functools import cache
from pathlib import Path

from django.conf import settings

from tongban.lib import yamls
from tongban.lib.identifiers import mod_11_2
from tongban.parties import rules
from tongban.parties.gateways.proofing.base import Answer, Claim, Face, Match, Refused, Registered, Unanswered

INVENTED = {
    "id_card": r"990000.*",
    "hkmotw_residence": r"8[123]9900.*",
    "hkmo_permit": r"[HM]99.*",
    "taiwan_permit": r"99.*",
    "foreign_permanent": r"990000.*|[A-Z]{3}9900.*",
}
HOME = {"id_card": "CN", "taiwan_permit": "TW"}
TOO_LITTLE_ALIKE = ("997", "86")
NOT_ALIVE = ("998",)


@cache
def known_people() -> dict[tuple[str, str], Registered]:
    path = Path(getattr(settings, "DEMO_CONTENT", Path(__file__).resolve().parents[4] / "demo")) / "demo_actors.yaml"
    if not path.is_file():
        return {}
    content = yamls.read(path)
    return {
        (rules.kind(person["id_kind"]), person["id_no_demo"]): Registered(
            name=person["zh"],
            name_en=person["en"],
            birth_date=date.fromisoformat(person["birth_date"]),
            sex=person["sex"],
            nationality=person["attributes"]["nationality"],
        )
        for person in content["people"]
    }


def invented_number(seed: int) -> str:
    """An identity number nobody has, for newcomers to the demonstration; the known bad endings are left out."""
    for more in range(10):
        digits = f"9900001990{1 + seed // 999 % 12:02d}{1 + seed // 9 % 28:02d}{(seed * 7 + more * 2) % 999 + 1:03d}"
        number = digits + mod_11_2(digits)
        if not number.endswith((*TOO_LITTLE_ALIKE, *NOT_ALIVE, "000", "999")):
            return number
    return number


class Simulated:
    name = "simulated"

    def compare(self, claim: Claim) -> Answer:
        reference = _reference("register", claim)
        if claim.id_no.endswith("000"):
            raise Refused("the register never answers for this number")
        if claim.id_no.endswith("999"):
            raise Unanswered("the register does not answer")
        if claim.id_kind == "passport":
            return Answer(Match.BY_HAND, reference)
        if claim.mobile.endswith("0000"):
            return Answer(Match.NO, reference)
        known = known_people().get((claim.id_kind, claim.id_no)) or self._invented(claim)
        if known is None or not rules.same_name(claim.name, known.name, known.name_en):
            return Answer(Match.NO, reference)
        return Answer(Match.YES, reference, known)

    def look_at(self, claim: Claim, picture: bytes) -> Face:
        reference = _reference("face", claim)
        if claim.id_no.endswith("999"):
            raise Unanswered("the face service does not answer")
        score = 0.41 if claim.id_no.endswith(TOO_LITTLE_ALIKE) else 0.97
        return Face(score=score, alive=not claim.id_no.endswith(NOT_ALIVE), reference=reference)

    def _invented(self, claim: Claim) -> Registered | None:
        if not re.fullmatch(INVENTED.get(claim.id_kind, "(?!)"), claim.id_no):
            return None
        facts = rules.check_number(claim.id_kind, claim.id_no).facts
        born = facts.get("birth_date") or claim.birth_date
        if born is None or (claim.birth_date is not None and born != claim.birth_date):
            return None
        return Registered(
            name=claim.name,
            name_en="",
            birth_date=born,
            sex=facts.get("sex") or claim.sex or "F",
            nationality=facts.get("region") or _home(claim) or facts.get("nationality") or claim.nationality or "CN",
        )


def _home(claim: Claim) -> str:
    if claim.id_kind == "hkmotw_residence":
        return {"81": "HK", "82": "MO", "83": "TW"}[claim.id_no[:2]]
    return HOME.get(claim.id_kind, "")


def _reference(what: str, claim: Claim) -> str:
    digest = hashlib.sha256(f"{what}:{claim.id_kind}:{claim.id_no}".encode()).hexdigest()
    return f"TWIN-{what[:4].upper()}-{digest[:12]}"
