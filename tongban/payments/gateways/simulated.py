"""The payment service that ships: it has books, a page to pay on, notices it signs, and bad days on request. No money moves.

Known bad cases: a charge of 9,999.98 yuan finds the service down, one of 9,999.99 is refused. On its page (channels/exchange) the payer chooses
what happens: paid, paid slowly, paid and never told, told twice, charged twice, declined, a forged notice, or the window is closed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from tongban.journal import services as journal
from tongban.lib.encryption import blind_index
from tongban.payments.gateways import calling, signing
from tongban.payments.gateways.base import (
    Answer,
    Begun,
    Forged,
    Movement,
    NoAnswer,
    NotFound,
    Notice,
    Order,
    Refused,
    Standing,
)
from tongban.payments.models import TwinCharge, TwinRefund

DOWN, NEVER = 999_998, 999_999
SLOWLY = timedelta(seconds=20)
LOCAL = ZoneInfo("Asia/Shanghai")
HEADER = "tongban-signature"


class SimulatedGateway:
    name = "simulated"
    title = {"zh": "模拟支付（不会扣款）", "en": "Simulated payment (no money moves)"}
    simulated = True
    acknowledged = ("taken", "text/plain")

    def start(self, order: Order) -> Begun:
        if order.amount == DOWN:
            raise NoAnswer("the simulated service is down")
        if order.amount == NEVER:
            raise Refused("the simulated service does not take this")
        row, _made = TwinCharge.objects.get_or_create(
            reference=order.reference,
            defaults={
                "title": order.title[:200],
                "amount": order.amount,
                "back": order.back[:500],
                "closes_at": order.expires_at,
            },
        )
        return Begun(page=f"/simulated-payment/{row.key}/", gateway_id=f"twin-{row.pk}")

    def status(self, reference: str, gateway_id: str = "") -> Answer:
        row = TwinCharge.objects.filter(reference=reference).first()
        if row is None:
            raise NotFound(reference)
        return _answer(row)

    def close(self, reference: str, gateway_id: str = "") -> Answer:
        TwinCharge.objects.filter(reference=reference, state__in=["open", "paying"]).update(state="closed")
        return self.status(reference)

    def refund(self, reference: str, money_id: str, *, refund: str, amount: int, reason: str) -> str:
        with transaction.atomic():
            charge = TwinCharge.objects.select_for_update().filter(reference=reference).first()
            if charge is None:
                raise NotFound(reference)
            row = charge.refunds.filter(reference=refund).first()
            if row is None:
                back = sum(charge.refunds.values_list("amount", flat=True))
                if charge.state != "paid" or back + amount > charge.amount * charge.times:
                    raise Refused("more than was paid")
                row = TwinRefund.objects.create(reference=refund, charge=charge, amount=amount, at=timezone.now())
        return f"twin-refund-{row.pk}"

    def statement(self, day: date) -> Sequence[Movement]:
        begins = datetime.combine(day, time(), tzinfo=LOCAL)
        within = (begins, begins + timedelta(days=1))
        paid = TwinCharge.objects.filter(paid_at__gte=within[0], paid_at__lt=within[1], state="paid")
        back = TwinRefund.objects.filter(at__gte=within[0], at__lt=within[1])
        return [
            *(
                Movement("payment", one.reference, one.amount * one.times, one.paid_at)
                for one in paid.order_by("pk")
                if one.paid_at
            ),
            *(Movement("refund", one.reference, one.amount, one.at) for one in back.order_by("pk")),
        ]

    def read_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        signing.check(headers.get(HEADER, ""), body, secret(), now)
        try:
            said = json.loads(body)
            answer = Answer(
                Standing(said["standing"]),
                amount=int(said["amount"]),
                gateway_id=str(said["gateway_id"]),
                at=datetime.fromtimestamp(int(said["at"]), UTC),
                times=int(said.get("times", 1)),
            )
            return Notice(
                id=str(said["id"])[:100],
                kind=str(said["kind"])[:40],
                reference=str(said["reference"])[:64],
                answer=answer,
            )
        except (ValueError, KeyError, TypeError, OverflowError, OSError) as wrong:
            raise Forged("signed, but not readable") from wrong

    def problems(self) -> list[str]:
        return []


def secret() -> str:
    """What the twin and we sign with: made from the keys of this installation, so that nobody else can."""
    return blind_index("notices", "payments.twin")


def _answer(row: TwinCharge) -> Answer:
    if row.state == "paying" and row.paid_at and row.paid_at <= timezone.now():
        _arrives(row)
    standing = {"open": Standing.OPEN, "paying": Standing.OPEN, "paid": Standing.PAID, "failed": Standing.FAILED}
    return Answer(
        standing.get(row.state, Standing.CLOSED),
        amount=row.amount if row.state == "paid" else 0,
        gateway_id=f"twin-{row.pk}",
        at=row.paid_at if row.state == "paid" else None,
        times=row.times,
    )


# -- what the payer does on the twin's own page

WAYS = ("pay", "slowly", "silent", "again", "twice", "fail", "forged")


def charge(key: str) -> TwinCharge | None:
    row = TwinCharge.objects.filter(key=key).first()
    if row is not None and row.state == "open" and row.closes_at <= timezone.now():
        TwinCharge.objects.filter(pk=row.pk, state="open").update(state="closed")
        row.state = "closed"
    return row


def choose(row: TwinCharge, way: str) -> bool:
    """What the payer chose on the page. False when the charge is not open any more: then nothing happens."""
    now = timezone.now()
    with transaction.atomic():
        mine = TwinCharge.objects.filter(pk=row.pk, state="open")
        if way == "forged":
            _tell(row, now, forged=True)
            return mine.exists()
        ways: dict[str, dict[str, Any]] = {
            "pay": {"state": "paid", "paid_at": now},
            "again": {"state": "paid", "paid_at": now},
            "silent": {"state": "paid", "paid_at": now},
            "twice": {"state": "paid", "paid_at": now, "times": 2},
            "slowly": {"state": "paying", "paid_at": now + SLOWLY},
            "fail": {"state": "failed"},
        }
        if not mine.update(**ways[way]):
            return False
        row.refresh_from_db()
        if way == "slowly":
            journal.enqueue("payments.twin.arrive", run_at=now + SLOWLY, charge=row.pk)
        elif way != "silent":
            _tell(row, now)
            if way == "again":
                _tell(row, now)
    return True


@journal.carrier("payments.twin.arrive")
def arrive(charge: int) -> None:
    """A slow payment comes through, unless the charge was closed meanwhile."""
    row = TwinCharge.objects.get(pk=charge)
    if row.state == "paying":
        _arrives(row)
        with transaction.atomic():
            _tell(row, timezone.now())


def _arrives(row: TwinCharge) -> None:
    if TwinCharge.objects.filter(pk=row.pk, state="paying").update(state="paid"):
        row.state = "paid"


def _tell(row: TwinCharge, now: datetime, *, forged: bool = False) -> None:
    """Write down a notice to be sent; the same payment has the same notice, however often it is sent."""
    standing = "paid" if forged else row.state
    content = {
        "id": f"twin-{row.pk}-{standing}" + ("-forged" if forged else ""),
        "kind": f"charge.{standing}",
        "reference": row.reference,
        "gateway_id": f"twin-{row.pk}",
        "standing": standing,
        "amount": row.amount,
        "at": int(now.timestamp()),
        "times": row.times,
    }
    number = _note(row, Told(standing, forged, now))
    journal.enqueue("payments.twin.tell", content=content, forged=forged, charge=row.pk, number=number)


@journal.carrier("payments.twin.tell")
def tell(content: dict, forged: bool, charge: int = 0, number: int = 0) -> None:
    """Send one notice to ourselves as a stranger would: over HTTP, signed (or, on request, signed with the wrong key)."""
    body = json.dumps(content, sort_keys=True).encode()
    now = timezone.now()
    key = "not the key" if forged else secret()
    status = post(body, {"Content-Type": "application/json", HEADER: signing.sign(body, key, now)})
    _answered(charge, number, status)
    if status >= 300 and not forged:
        raise NoAnswer(f"the notice was answered with {status}")


# -- what the twin remembers of its notices, for its own page: a day long, and the last few

REMEMBERED, SHOWN = 24 * 3600, 10


@dataclass(frozen=True)
class Told:
    """One notice: what it said, whether a stranger signed it, and the status the office answered with; None as long as it has not."""

    standing: str
    forged: bool
    at: datetime
    status: int | None = None

    @property
    def believed(self) -> bool:
        return self.status is not None and self.status < 300

    @property
    def refused(self) -> bool:
        return self.status is not None and 400 <= self.status < 500


def topic(charge: int) -> str:
    return f"twin-charge:{charge}"


def told(row: TwinCharge) -> list[Told]:
    """The notices of this charge, the latest first."""
    last = cache.get(_place(row.pk), 0)
    found = cache.get_many([_place(row.pk, number) for number in range(max(1, last - SHOWN + 1), last + 1)])
    return sorted(found.values(), key=lambda one: one.at, reverse=True)


def _place(charge: int, number: int = 0) -> str:
    return f"twin-told:{charge}:{number}"


def _note(row: TwinCharge, said: Told) -> int:
    cache.add(_place(row.pk), 0, REMEMBERED)
    number = cache.incr(_place(row.pk))
    cache.set(_place(row.pk, number), said, REMEMBERED)
    return number


def _answered(charge: int, number: int, status: int) -> None:
    said = cache.get(_place(charge, number))
    if said is not None:
        with transaction.atomic():
            cache.set(_place(charge, number), replace(said, status=status), REMEMBERED)
            journal.touch(topic(charge))


def post(body: bytes, headers: dict[str, str]) -> int:
    """Hand it to the web server of this installation; tests put their own client here."""
    host = settings.CONFIGURATION.host
    here = "127.0.0.1" if host in {"0.0.0.0", "::", "localhost"} else host  # noqa: S104
    address = f"http://{f'[{here}]' if ':' in here else here}:{settings.CONFIGURATION.port}/gateways/simulated/notices"
    headers = {**headers, "Host": urlsplit(settings.PUBLIC_URL).netloc, "Content-Length": str(len(body))}
    return calling.call("POST", address, headers=headers, body=body).status
