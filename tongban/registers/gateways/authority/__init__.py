from django.conf import settings

from tongban.registers.gateways.authority.base import Authority, Change, NoAnswer, NotFound, Refused, Subject
from tongban.registers.gateways.authority.simulated import SimulatedAuthority
from tongban.registers.gateways.authority.unconnected import Unconnected

__all__ = ["Authority", "Change", "NoAnswer", "NotFound", "Refused", "Subject", "authority"]


def authority() -> Authority:
    """The twin in the demonstration; a district's own connection where there is one. Simulated data is never given as real."""
    return SimulatedAuthority() if settings.DEMO else Unconnected()
