"""No register is connected: every document is compared by a person within one working day, every face at a window."""

import hashlib

from tongban.parties.gateways.proofing.base import Answer, Claim, Face, Match


class ByHand:
    name = "by_hand"

    def compare(self, claim: Claim) -> Answer:
        digest = hashlib.sha256(f"{claim.id_kind}:{claim.id_no}".encode()).hexdigest()
        return Answer(Match.BY_HAND, f"HAND-{digest[:12]}")

    def look_at(self, claim: Claim, picture: bytes) -> Face:
        return Face(score=0.0, alive=False, reference="")
