"""Who proves identities. Only the demonstration has a twin: anywhere else it would believe whatever it is told."""

from django.conf import settings

from tongban.parties.gateways.proofing.base import Proofing
from tongban.parties.gateways.proofing.by_hand import ByHand
from tongban.parties.gateways.proofing.simulated import Simulated


def proofing_gateway() -> Proofing:
    return Simulated() if settings.DEMO else ByHand()


__all__ = ["proofing_gateway"]
