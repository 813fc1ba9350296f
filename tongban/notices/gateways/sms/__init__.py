from django.conf import settings

from tongban.notices.gateways.sms.base import Refused, TextMessages
from tongban.notices.gateways.sms.simulated import SimulatedTextMessages

__all__ = ["Refused", "TextMessages", "text_messages"]


def text_messages() -> TextMessages | None:
    """The twin in the demonstration. Outside of it nothing is said to be sent that is not: no provider, no text messages."""
    return SimulatedTextMessages() if settings.DEMO else None
