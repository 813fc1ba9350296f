"""Ways to pay with the twin, and to hear it, without a browser."""

import json

from django.utils import timezone

from tongban.journal import services as journal
from tongban.payments import services
from tongban.payments.gateways import signing, simulated
from tongban.payments.models import Bill, Payment, TwinCharge


def work() -> None:
    """What the worker would do now."""
    while journal.work_once():
        pass


def begun(*bills: Bill, account=None, **more) -> Payment:
    """A payment with its page open."""
    party = bills[0].payer
    account = account or party.person.account
    payment = services.start(bills, party=party, account=account, **more)
    services.open_page(payment)
    return payment


def charge(payment: Payment) -> TwinCharge:
    return TwinCharge.objects.get(reference=payment.ref)


def paid(payment: Payment, way: str = "silent") -> Payment:
    """The payer pays on the twin's page, and we ask."""
    simulated.choose(charge(payment), way)
    services.ask_soon(payment)
    work()
    return Payment.objects.get(pk=payment.pk)


def notice(payment: Payment, *, key: str | None = None, at=None, **changes) -> tuple[dict, bytes]:
    """Headers and body of a notice that says this is paid."""
    content = {
        "id": f"twin-{payment.pk}-paid", "kind": "charge.paid", "reference": payment.ref, "gateway_id": "twin-1",
        "standing": "paid", "amount": payment.amount, "at": int(timezone.now().timestamp()), "times": 1,
    } | changes  # fmt: skip
    body = json.dumps(content, sort_keys=True).encode()
    signature = signing.sign(body, key or simulated.secret(), at or timezone.now())
    return {simulated.HEADER: signature}, body


def heard(payment: Payment, **changes) -> None:
    headers, body = notice(payment, **changes)
    services.take_notice(simulated.SimulatedGateway(), headers, body)
    work()
