"""Which payment services this district has. Simulated money is never taken for real: the twin is there in the demonstration alone."""

from django.conf import settings

from tongban.payments.gateways.alipay import AlipayLike
from tongban.payments.gateways.base import (
    Answer,
    Begun,
    Forged,
    Gateway,
    Movement,
    NoAnswer,
    NotFound,
    Notice,
    Order,
    Refused,
    Standing,
)
from tongban.payments.gateways.simulated import SimulatedGateway
from tongban.payments.gateways.stripe import StripeLike

__all__ = [
    "Answer",
    "Begun",
    "Forged",
    "Gateway",
    "Movement",
    "NoAnswer",
    "NotFound",
    "Notice",
    "Order",
    "Refused",
    "Standing",
    "gateway",
    "gateways",
]

MADE = {"simulated": SimulatedGateway, "stripe": StripeLike, "alipay": AlipayLike}


def gateways() -> list[Gateway]:
    """Those that are switched on, in the order they are offered."""
    names = [name for name in settings.PAYMENT_GATEWAYS if name != "simulated" or settings.DEMO]
    return [MADE[name]() for name in names]


def gateway(name: str) -> Gateway | None:
    """One by its name, if it is switched on."""
    return next((one for one in gateways() if one.name == name), None)
