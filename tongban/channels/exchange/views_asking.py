"""A registered reader asks a wallet for a licence: the question, and what came of it. Signed by its device, as everything of gates."""

import time
from datetime import UTC, datetime

from django.http import JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tongban.channels.doorkeeper import for_gateways
from tongban.channels.exchange import gates
from tongban.channels.exchange.views_data import said
from tongban.channels.exchange.views_gates import signed, spoken
from tongban.codes.services import asking_wallets, scanning
from tongban.lib.problems import Invalid, Problem
from tongban.licences import credential_requests as requests


@csrf_exempt
@said
@require_POST
@for_gateways
@spoken
def ask(request):
    """A link for the wallet, to be shown as a QR: good for one answer within five minutes."""
    now = time.time()
    device, body, number = signed(request, now)
    given = gates.read(body, {"fields": list}, optional=["fields"])
    fields = given.get("fields")
    if fields is not None and not all(isinstance(one, str) for one in fields):
        raise Invalid("not-understood", errors={"fields": [_("This has the wrong type.")]})
    scanning.take_in_once(number)
    row = asking_wallets.ask(device.reader, fields=fields, now=datetime.fromtimestamp(now, UTC))
    told = {
        "request": row.key,
        "link": requests.link_of(row),
        "expires_at": int(row.expires_at.timestamp()),
        "licence": row.kind.slug,
        "fields": row.fields,
        "purpose": row.purpose,
    }
    return JsonResponse(told, status=201, headers={"Cache-Control": "no-store"})


@csrf_exempt
@said
@require_POST
@for_gateways
@spoken
def answer(request):
    """What the wallet showed to this reader's question, for an hour after it did."""
    now = time.time()
    device, body, number = signed(request, now)
    given = gates.read(body, {"request": str})
    scanning.take_in_once(number)
    moment = datetime.fromtimestamp(now, UTC)
    row = asking_wallets.answer_of(device.reader, given["request"], moment)
    if row is None:
        raise Problem("no-such-question", _("This reader asked no such question, or too long ago."), status=404)
    told = {
        "request": row.key,
        "state": "over" if requests.is_over(row, now=moment) else row.state,
        "status": row.status,
        "reason": row.reason,
        "fields": row.shown,
    }
    return JsonResponse(told, headers={"Cache-Control": "no-store"})
