"""What is wrong with telling people, in sentences; `tongban check` prints them."""

from django.utils.translation import gettext as _

from tongban.notices.gateways.mail import mail
from tongban.notices.gateways.sms import text_messages
from tongban.notices.models import Dispatch


def problems() -> list[str]:
    found = [_("The mail server cannot be used: %(reason)s") % {"reason": reason} for reason in mail().problems()]
    provider = text_messages()
    if provider is None:
        found.append(_("No provider of text messages is connected: nobody gets any."))
    else:
        found.extend(provider.problems())
    given_up = Dispatch.objects.filter(state=Dispatch.State.PARKED).count()
    if given_up:
        found.append(_("%(count)s messages could not be sent and were given up.") % {"count": given_up})
    return found
