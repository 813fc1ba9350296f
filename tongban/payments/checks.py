"""What is wrong with the money, in sentences; `tongban check` prints them."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.payments.gateways import gateways
from tongban.payments.models import Payment, Refund, Statement


def problems() -> list[str]:
    found = [sentence for service in gateways() for sentence in service.problems()]
    if not gateways():
        found.append(_("No payment service is set up: fees can be paid at a window alone."))
    if lost := Payment.objects.filter(state="unknown", expires_at__lt=timezone.now() - timedelta(hours=1)).count():
        found.append(_("%(number)s payments have been out of sight for more than an hour.") % {"number": lost})
    if bounced := Refund.objects.filter(state="failed").count():
        found.append(_("%(number)s refunds could not be sent and wait for a person.") % {"number": bounced})
    if silent := Statement.objects.exclude(problem="").count():
        found.append(_("%(number)s daily statements of payment services have not come.") % {"number": silent})
    return found
