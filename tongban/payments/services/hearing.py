"""Notices from gateways: kept as they came, acknowledged when they are on disk, carried out once by the worker."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.payments import events, rules
from tongban.payments.gateways import Forged, Gateway, Standing, gateway
from tongban.payments.models import GatewayNotice, Payment
from tongban.payments.services.paying import hear

log = structlog.get_logger("payments")

KEPT = 64 * 1024
V = GatewayNotice.Verdict


def take_notice(
    service: Gateway, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None
) -> GatewayNotice | None:
    """Keep a notice and its errand in one transaction; when this returns it is on disk and may be acknowledged.

    Not signed: kept as proof (up to a number a day), without any effect, and None is answered.
    """
    now = now or timezone.now()
    text = body[:KEPT].decode("utf-8", "replace").replace("\x00", "�")
    try:
        said = service.read_notice(headers, body, now)
    except Forged as why:
        log.warning("notice not signed", gateway=service.name, why=str(why))
        _keep_forged(service, text, now)
        return None
    with transaction.atomic():
        row, made = GatewayNotice.objects.get_or_create(
            gateway=service.name, notice_id=said.id[:100], signed=True,
            defaults={"kind": said.kind[:40], "content": text, "verdict": V.WAITING, "came_at": now},
        )  # fmt: skip
        if not made:
            GatewayNotice.objects.filter(pk=row.pk).update(times=F("times") + 1)
            return row
        if said.answer is None or not said.reference:
            GatewayNotice.objects.filter(pk=row.pk).update(verdict=V.NOTHING_NEW, done_at=now)
            return row
        journal.enqueue("payments.notice", once=f"notice:{row.pk}", notice=row.pk, headers=_kept(headers))
    return row


@journal.carrier("payments.notice")
def carry_out(notice: int, headers: dict) -> None:
    """What a signed notice says takes effect. Read again from what was kept: killed in between, it is simply done again."""
    row = GatewayNotice.objects.get(pk=notice)
    service = gateway(row.gateway)
    if row.verdict != V.WAITING or service is None:
        return
    said = service.read_notice(headers, row.content.encode(), row.came_at)
    payment = Payment.objects.filter(ref=said.reference, gateway=row.gateway).first()
    with transaction.atomic():
        if payment is None or said.answer is None:
            verdict = V.UNKNOWN
        elif said.answer.amount != payment.amount and (said.answer.amount or said.answer.standing is Standing.PAID):
            hear(payment, said.answer)
            verdict = V.DIFFERS
        else:
            verdict = V.TAKEN if hear(payment, said.answer) else V.NOTHING_NEW
        GatewayNotice.objects.filter(pk=row.pk, verdict=V.WAITING).update(
            verdict=verdict, payment=payment, done_at=timezone.now()
        )
        if verdict in {V.UNKNOWN, V.DIFFERS}:
            journal.record(
                events.NoticeRefused(gateway=row.gateway, verdict=verdict), subject=f"notice:{row.pk}", actor=PLATFORM
            )


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers a signature may stand in; nothing else of them is kept."""
    return {name: value[:2000] for name, value in headers.items() if "signature" in name}


def _keep_forged(service: Gateway, text: str, now: datetime) -> None:
    today = GatewayNotice.objects.filter(gateway=service.name, signed=False, came_at__gt=now - timedelta(days=1))
    with transaction.atomic():
        if today.count() >= rules.FORGED_KEPT_A_DAY:
            last = today.order_by("-id").first()
            GatewayNotice.objects.filter(pk=last.pk).update(times=F("times") + 1)
            return
        row = GatewayNotice.objects.create(
            gateway=service.name, content=text[:4000], signed=False, verdict=V.FORGED, came_at=now, done_at=now
        )
        journal.record(
            events.NoticeRefused(gateway=service.name, verdict=V.FORGED), subject=f"notice:{row.pk}", actor=PLATFORM
        )
