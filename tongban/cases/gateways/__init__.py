"""Which courier and which locker this district has. The simulated ones are there in the demonstration alone.

Without a courier an officer writes down the number of the label; without a locker nobody is offered one.
"""

from django.conf import settings

from tongban.cases.gateways.base import Courier, Forged, Full, Locker, NoAnswer, ParcelOrder, Refused, Said
from tongban.cases.gateways.simulated import SimulatedCourier, SimulatedLocker

__all__ = [
    "Courier", "Forged", "Full", "Locker", "NoAnswer", "ParcelOrder", "Refused", "Said", "carrier", "courier", "locker",
]  # fmt: skip


def courier() -> Courier | None:
    return SimulatedCourier() if settings.DEMO else None


def locker() -> Locker | None:
    return SimulatedLocker() if settings.DEMO else None


def carrier(name: str) -> Courier | Locker | None:
    """Whoever sends notices under this name, if it is switched on."""
    return next((one for one in (courier(), locker()) if one is not None and one.name == name), None)
