"""What is wrong with the registers, in sentences; `tongban check` prints them."""

from django.utils.translation import gettext as _

from tongban.registers.gateways.authority import authority
from tongban.registers.models import Grant


def problems() -> list[str]:
    found = list(authority().problems())
    for grant in Grant.objects.select_related("resource"):
        if stranger := sorted(set(grant.fields) - set(grant.resource.fields)):
            found.append(
                _("%(matter)s may read fields of %(resource)s that it does not have: %(fields)s.")
                % {"matter": grant.matter, "resource": grant.resource.slug, "fields": ", ".join(stranger)}
            )
    return found
