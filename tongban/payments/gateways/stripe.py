"""A driver for payment services that speak as Stripe does: Checkout Sessions, form-encoded over HTTPS, notices signed t=,v1=.

Written from the public description of that interface and tested against a local server that speaks it; not yet tried against the
service itself (docs/operations.md says what to try first).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

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

VERSION = "2024-06-20"
CURRENCY = "cny"
LOCAL = ZoneInfo("Asia/Shanghai")
PAGES_AT_MOST = 200
KINDS = {"charge": "payment", "payment": "payment", "refund": "refund", "payment_refund": "refund"}


class StripeLike:
    name = "stripe"
    title = {"zh": "银行卡支付（Stripe）", "en": "Card (Stripe)"}
    simulated = False
    acknowledged = ("taken", "text/plain")

    def __init__(self, key: str = "", secret: str = "", url: str = ""):
        self.key = key or settings.STRIPE_KEY
        self.secret = secret or settings.STRIPE_WEBHOOK_SECRET
        self.url = (url or settings.STRIPE_URL).rstrip("/")

    def start(self, order: Order) -> Begun:
        said = self._ask(
            "POST",
            "/v1/checkout/sessions",
            {
                "mode": "payment",
                "client_reference_id": order.reference,
                "metadata[reference]": order.reference,
                "payment_intent_data[metadata][reference]": order.reference,
                "line_items[0][quantity]": "1",
                "line_items[0][price_data][currency]": CURRENCY,
                "line_items[0][price_data][unit_amount]": str(order.amount),
                "line_items[0][price_data][product_data][name]": order.title[:250],
                "success_url": order.back,
                "cancel_url": order.back,
                "expires_at": str(int(order.expires_at.timestamp())),
                "locale": "zh" if order.language == "zh" else "en",
            },
            once=f"start-{order.reference}",
        )
        return Begun(page=str(said.get("url") or ""), gateway_id=str(said["id"]))

    def status(self, reference: str, gateway_id: str = "") -> Answer:
        return _answer(self._session(reference, gateway_id))

    def close(self, reference: str, gateway_id: str = "") -> Answer:
        session = self._session(reference, gateway_id)
        if session.get("status") == "open":
            try:
                session = self._ask("POST", f"/v1/checkout/sessions/{quote(gateway_id, safe='')}/expire", {})
            except Refused:  # paid or ended in this very moment
                session = self._session(reference, gateway_id)
        return _answer(session)

    def refund(self, reference: str, money_id: str, *, refund: str, amount: int, reason: str) -> str:
        said = self._ask(
            "POST",
            "/v1/refunds",
            {"payment_intent": money_id, "amount": str(amount), "metadata[reference]": refund, "metadata[why]": reason},
            once=f"refund-{refund}",
        )
        if said.get("status") in {"failed", "canceled"}:
            raise Refused(str(said.get("failure_reason") or said["status"]))
        return str(said["id"])

    def statement(self, day: date) -> Sequence[Movement]:
        begins = datetime.combine(day, time(), tzinfo=LOCAL)
        asked = {
            "created[gte]": str(int(begins.timestamp())),
            "created[lt]": str(int((begins + timedelta(days=1)).timestamp())),
            "limit": "100",
            "expand[]": "data.source",
        }
        found: list[Movement] = []
        for _page in range(PAGES_AT_MOST):
            said = self._ask("GET", "/v1/balance_transactions", asked)
            for one in said["data"]:
                if one.get("type") in KINDS:
                    found.append(_movement(one))
            if not said.get("has_more") or not said["data"]:
                return found
            asked["starting_after"] = said["data"][-1]["id"]
        raise NoAnswer("the list of the day does not end")

    def read_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        signing.check(headers.get("stripe-signature", ""), body, self.secret, now)
        try:
            said = json.loads(body)
            thing, kind = said["data"]["object"], str(said["type"])
            if thing.get("object") != "checkout.session":
                return Notice(id=str(said["id"]), kind=kind)
            answer = _answer(thing)
            if kind == "checkout.session.async_payment_failed":
                answer = Answer(Standing.FAILED, gateway_id=answer.gateway_id)
            reference = str(thing.get("client_reference_id") or (thing.get("metadata") or {}).get("reference") or "")
            return Notice(id=str(said["id"]), kind=kind, reference=reference[:64], answer=answer)
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise Forged("signed, but not readable") from wrong

    def problems(self) -> list[str]:
        wrong = []
        if not self.key:
            wrong.append(_("TONGBAN_STRIPE_KEY is empty: nothing can be paid there."))
        if not self.secret:
            wrong.append(_("TONGBAN_STRIPE_WEBHOOK_SECRET is empty: no notice is believed."))
        return wrong

    def _session(self, reference: str, gateway_id: str) -> dict[str, Any]:
        if not gateway_id:  # its answer never came: nobody knows the page, so nobody can pay on it
            raise NotFound(reference)
        session = self._ask("GET", f"/v1/checkout/sessions/{quote(gateway_id, safe='')}")
        if session.get("client_reference_id") != reference:
            raise NotFound(reference)
        return session

    def _ask(self, method: str, path: str, asked: dict[str, str] | None = None, *, once: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Stripe-Version": VERSION, "Accept": "application/json"}
        url, body = self.url + path, None
        if method == "GET":
            url += f"?{urlencode(asked)}" if asked else ""
        else:
            body = urlencode(asked or {}).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if once:
            headers["Idempotency-Key"] = once
        said = calling.call(method, url, headers=headers, body=body)
        try:
            content = json.loads(said.body)
        except ValueError as wrong:
            raise NoAnswer("not readable") from wrong
        if not isinstance(content, dict):
            raise NoAnswer("not readable")
        if said.status < 300:
            return content
        error = content.get("error") or {}
        if said.status == 404:
            raise NotFound(str(error.get("code") or path))
        if said.status == 409:  # the same call is still being carried out
            raise NoAnswer("busy with the same call")
        raise Refused(f"{said.status} {error.get('code') or error.get('type') or ''}".strip())


def _answer(session: dict[str, Any]) -> Answer:
    """Their words in ours."""
    paid = session.get("payment_status") == "paid"
    standing = Standing.PAID if paid else Standing.CLOSED if session.get("status") == "expired" else Standing.OPEN
    ours = session.get("currency") == CURRENCY
    made = session.get("created")
    return Answer(
        standing,
        amount=int(session.get("amount_total") or 0) if paid and ours else 0,
        gateway_id=str(session.get("id") or ""),
        money_id=str(session.get("payment_intent") or ""),
        at=datetime.fromtimestamp(made, UTC) if isinstance(made, int) and not paid else None,
    )


def _movement(one: dict[str, Any]) -> Movement:
    source = one.get("source") or {}
    reference = (source.get("metadata") or {}).get("reference") if isinstance(source, dict) else ""
    return Movement(
        kind=KINDS[one["type"]],
        reference=str(reference or one["id"])[:100],
        amount=abs(int(one["amount"])),
        at=datetime.fromtimestamp(one["created"], UTC),
    )
