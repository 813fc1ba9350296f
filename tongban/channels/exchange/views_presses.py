"""`POST /api/v1/tickets` as Django serves it. The native desk stands in front of it (site.desk): the answers are the same."""

from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tongban.channels.doorkeeper import for_gateways
from tongban.channels.exchange import presses
from tongban.channels.exchange.views_data import said
from tongban.channels.exchange.views_gates import as_the_desk_says, spoken


@csrf_exempt
@said
@require_POST
@for_gateways
@spoken
def take(request):
    """One press, one number."""
    return as_the_desk_says(presses.PRESSING, request)
