"""What an operator should know about sign-ins, in sentences; `tongban check` prints them."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.translation import gettext as _

from tongban.parties.gateways.proofing import proofing_gateway


def problems(today=None) -> list[str]:
    found = []
    if settings.DEMO:
        found.append(
            _(
                "Demonstration mode is on: identities are proved by a simulated register, and the codes of demonstration "
                "officers are shown to everybody. Set TONGBAN_DEMO=0 for a real district."
            )
        )
    elif Authenticator.objects.filter(data__demonstration=True).exists():
        found.append(
            _(
                "There are officers of the demonstration in a real district: their second factor is no secret. "
                "Remove their accounts, or load a fresh database."
            )
        )
    if not settings.DEMO and proofing_gateway().name == "by_hand":
        found.append(
            _("No register of people is connected: every identity is compared by a person within one working day.")
        )
    if not settings.HTTPS:
        found.append(
            _("The public address is not https: passwords can be overheard, and passkeys work on this machine alone.")
        )
    return found
