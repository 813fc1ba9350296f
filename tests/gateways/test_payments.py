"""One contract over every payment service: the twin, and both drivers against local servers that speak as the services do."""

import base64
import csv
import hashlib
import hmac
import io
import json
import threading
import zipfile
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.utils import timezone

from tongban.payments.gateways import Forged, NoAnswer, NotFound, Order, Refused, Standing, signing, simulated
from tongban.payments.gateways.alipay import FORM, LOCAL, AlipayLike
from tongban.payments.gateways.simulated import SimulatedGateway
from tongban.payments.gateways.stripe import StripeLike
from tongban.payments.models import TwinCharge

pytestmark = pytest.mark.django_db(transaction=True)


def order(reference="abcd2345efgh6789", amount=4000, **given) -> Order:
    now = timezone.now()
    fields = {
        "title": "示范费",
        "back": "http://testserver/my/payments/x/",
        "notices": "http://testserver/n",
        "expires_at": now + timedelta(minutes=40),
    }
    return Order(reference=reference, amount=amount, **(fields | given))


class Served:
    """A server of this machine that answers with `answer(method, path, body, headers)`."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            def _any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, content = answer(self.command, self.path, body, self.headers)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _any

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


# -- the three worlds: each can begin with a service, let its payer pay, and hear its notice


class Twin:
    broken = None

    def __init__(self, tmp_path):
        self.gateway = SimulatedGateway()

    def pay(self, reference):
        simulated.choose(TwinCharge.objects.get(reference=reference), "silent")

    def decline(self, reference):
        simulated.choose(TwinCharge.objects.get(reference=reference), "fail")

    def notice(self, reference, amount=None):
        row = TwinCharge.objects.get(reference=reference)
        content = {
            "id": f"twin-{row.pk}", "kind": "charge.paid", "reference": reference, "gateway_id": f"twin-{row.pk}",
            "standing": "paid", "amount": amount or row.amount, "at": int(timezone.now().timestamp()),
        }  # fmt: skip
        body = json.dumps(content).encode()
        return {simulated.HEADER: signing.sign(body, simulated.secret(), timezone.now())}, body

    def close(self):
        pass


class Stripe:
    """Speaks as the public description says: form fields in, JSON out, the same Idempotency-Key answers the same."""

    SECRET = "whsec_test"

    def __init__(self, tmp_path):
        self.sessions, self.refunds, self.answered = {}, {}, {}
        self.served = Served(self.answer)
        self.gateway = StripeLike(key="sk_test", secret=self.SECRET, url=self.served.url)

    def answer(self, method, path, body, headers):
        if headers["Authorization"] != "Bearer sk_test":
            return 401, b'{"error": {"type": "invalid_request_error"}}'
        once = headers.get("Idempotency-Key")
        if once in self.answered:
            return self.answered[once]
        status, content = self.said(method, urlsplit(path), dict(parse_qsl(body.decode())))
        made = status, json.dumps(content).encode()
        if once:
            self.answered[once] = made
        return made

    def said(self, method, where, asked):
        parts = where.path.split("/")[2:]
        if parts == ["checkout", "sessions"]:
            key = f"cs_{len(self.sessions) + 1}"
            self.sessions[key] = {
                "id": key, "object": "checkout.session", "url": f"https://checkout.example/{key}", "status": "open",
                "payment_status": "unpaid", "client_reference_id": asked["client_reference_id"], "currency": "cny",
                "amount_total": int(asked["line_items[0][price_data][unit_amount]"]), "payment_intent": None,
            }  # fmt: skip
            return 200, self.sessions[key]
        if parts[:2] == ["checkout", "sessions"]:
            session = self.sessions.get(parts[2])
            if session is None:
                return 404, {"error": {"code": "resource_missing"}}
            if parts[3:] == ["expire"]:
                if session["status"] != "open":
                    return 400, {"error": {"type": "invalid_request_error"}}
                session["status"] = "expired"
            return 200, session
        if parts == ["refunds"]:
            paid = next(
                (one for one in self.sessions.values() if one["payment_intent"] == asked["payment_intent"]), None
            )
            back = sum(one["amount"] for one in self.refunds.values())
            if paid is None or back + int(asked["amount"]) > paid["amount_total"]:
                return 400, {"error": {"code": "charge_already_refunded"}}
            key = f"re_{len(self.refunds) + 1}"
            self.refunds[key] = {
                "id": key,
                "amount": int(asked["amount"]),
                "status": "succeeded",
                "metadata": {"reference": asked["metadata[reference]"]},
            }
            return 200, self.refunds[key]
        assert parts == ["balance_transactions"] and method == "GET"
        now = int(timezone.now().timestamp())
        lines = [
            {"id": f"txn_{one['id']}", "type": "charge", "amount": one["amount_total"], "created": now, "source": {"metadata": {"reference": one["client_reference_id"]}}}
            for one in self.sessions.values() if one["payment_status"] == "paid"
        ]  # fmt: skip
        lines += [
            {"id": f"txn_{one['id']}", "type": "refund", "amount": -one["amount"], "created": now, "source": {"metadata": one["metadata"]}}
            for one in self.refunds.values()
        ]  # fmt: skip
        lines.append({"id": "txn_payout", "type": "payout", "amount": -1, "created": now, "source": "po_1"})
        after = parse_qs(where.query).get("starting_after", [""])[0]
        begin = next((place + 1 for place, one in enumerate(lines) if one["id"] == after), 0)
        return 200, {"data": lines[begin : begin + 1], "has_more": begin + 1 < len(lines)}

    def _of(self, reference):
        return next(one for one in self.sessions.values() if one["client_reference_id"] == reference)

    def pay(self, reference):
        self._of(reference).update(status="complete", payment_status="paid", payment_intent="pi_1")

    def notice(self, reference, amount=None):
        thing = {**self._of(reference), "status": "complete", "payment_status": "paid"}
        if amount:
            thing["amount_total"] = amount
        body = json.dumps({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": thing}}).encode()
        moment = int(timezone.now().timestamp())
        good = hmac.new(self.SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        return {"stripe-signature": f"t={moment},v1={'0' * 64},v1={good}"}, body

    def close(self):
        self.served.close()


class Alipay:
    """Speaks as the public description says: both sides sign with RSA2, the list of a day is a ZIP in GBK."""

    def __init__(self, tmp_path):
        self.ours, self.theirs = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _one in range(2))
        (tmp_path / "ours.pem").write_bytes(self.ours.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (tmp_path / "theirs.pem").write_bytes(
            self.theirs.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        self.trades, self.refunds = {}, {}
        self.served = Served(self.answer)
        self.gateway = AlipayLike(
            app="2021000",
            key=str(tmp_path / "ours.pem"),
            their_key=str(tmp_path / "theirs.pem"),
            url=f"{self.served.url}/gateway.do",
        )

    def sign(self, text):
        return base64.b64encode(self.theirs.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()

    def checked(self, asked):
        signature = base64.b64decode(asked.pop("sign"))
        text = "&".join(f"{name}={asked[name]}" for name in sorted(asked) if asked[name])
        self.ours.public_key().verify(signature, text.encode(), padding.PKCS1v15(), SHA256())
        return json.loads(asked["biz_content"])

    def answer(self, method, path, body, headers):
        if path == "/bill.zip":
            return 200, self.bill()
        asked = dict(parse_qsl(body.decode()))
        content = self.said(asked["method"], self.checked(asked))
        text = json.dumps(content, ensure_ascii=False)
        name = asked["method"].replace(".", "_") + "_response"
        return 200, f'{{"{name}":{text},"sign":"{self.sign(text)}"}}'.encode()

    def said(self, method, asked):
        if method.endswith("downloadurl.query"):
            return {"code": "10000", "bill_download_url": f"{self.served.url}/bill.zip"}
        trade = self.trades.get(asked["out_trade_no"])
        if trade is None:
            return {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}
        if method.endswith("close") and trade["trade_status"] == "WAIT_BUYER_PAY":
            trade["trade_status"] = "TRADE_CLOSED"
        if method.endswith("refund"):
            back = {key: value for key, value in self.refunds.items() if key != asked["out_request_no"]}
            if sum(back.values()) + float(asked["refund_amount"]) > float(trade["total_amount"]):
                return {"code": "40004", "sub_code": "ACQ.TRADE_HAS_FINISHED"}
            self.refunds[asked["out_request_no"]] = float(asked["refund_amount"])
        return {"code": "10000", **trade}

    def opened(self, page):
        """The payer opens the signed address: only now the trade is there."""
        content = self.checked(dict(parse_qsl(urlsplit(page).query)))
        self.trades[content["out_trade_no"]] = {
            "out_trade_no": content["out_trade_no"], "trade_no": "2026", "trade_status": "WAIT_BUYER_PAY", "total_amount": content["total_amount"],
        }  # fmt: skip

    def pay(self, reference):
        now = timezone.now().astimezone(LOCAL).strftime(FORM)
        self.trades[reference].update(trade_status="TRADE_SUCCESS", send_pay_date=now)

    def notice(self, reference, amount=None):
        said = {
            "notify_id": "n1", "notify_time": timezone.now().astimezone(LOCAL).strftime(FORM), "app_id": "2021000", "trade_no": "2026",
            "out_trade_no": reference, "trade_status": "TRADE_SUCCESS", "subject": "示范费",
            "total_amount": f"{amount / 100:.2f}" if amount else self.trades[reference]["total_amount"],
        }  # fmt: skip
        text = "&".join(f"{name}={said[name]}" for name in sorted(said))
        return {}, urlencode({**said, "sign": self.sign(text), "sign_type": "RSA2"}).encode()

    def bill(self):
        held, table = io.BytesIO(), io.StringIO()
        now = timezone.now().astimezone(LOCAL).strftime(FORM)
        table.write("#支付宝业务明细查询\n#起始日期\n")
        lines = csv.writer(table)
        lines.writerow(["支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额（元）", "退款批次号/请求号"])
        for key, one in self.trades.items():
            if one["trade_status"] == "TRADE_SUCCESS":
                lines.writerow([f"{one['trade_no']}\t", f"{key}\t", "交易", now, one["total_amount"], ""])
        for key, amount in self.refunds.items():
            lines.writerow(["2026\t", "x\t", "退款", now, f"-{amount:.2f}", key])
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("业务明细.csv", table.getvalue().encode("gb18030"))
            archive.writestr("业务明细(汇总).csv", "#".encode("gb18030"))
        return held.getvalue()

    def close(self):
        self.served.close()


@pytest.fixture(params=[Twin, Stripe, Alipay], ids=["simulated", "stripe", "alipay"])
def world(request, tmp_path):
    made = request.param(tmp_path)
    yield made
    made.close()


def begun(world, **given):
    wanted = order(**given)
    answer = world.gateway.start(wanted)
    if isinstance(world, Alipay):
        world.opened(answer.page)
    return wanted, answer


def test_begun_twice_is_one_payment(world):
    wanted, first = begun(world)

    again = world.gateway.start(wanted)

    assert first.page and again.gateway_id == first.gateway_id
    if not isinstance(world, Alipay):  # there the page is an address that carries the time it was signed
        assert again == first


def test_it_is_open_until_it_is_paid_and_then_says_how_much(world):
    wanted, first = begun(world)
    before = world.gateway.status(wanted.reference, first.gateway_id)

    world.pay(wanted.reference)
    after = world.gateway.status(wanted.reference, first.gateway_id)

    assert (before.standing, before.amount) == (Standing.OPEN, 0)
    assert (after.standing, after.amount, after.times) == (Standing.PAID, 4000, 1)


def test_what_was_closed_is_closed_and_what_was_paid_meanwhile_says_so(world):
    wanted, first = begun(world)
    assert world.gateway.close(wanted.reference, first.gateway_id).standing is Standing.CLOSED
    assert world.gateway.close(wanted.reference, first.gateway_id).standing is Standing.CLOSED

    other, second = begun(world, reference="zzzz2345zzzz6789")
    world.pay(other.reference)
    assert world.gateway.close(other.reference, second.gateway_id).standing is Standing.PAID


def test_nothing_is_known_of_what_never_began(world):
    with pytest.raises(NotFound):
        world.gateway.status("never-begun", "")


def test_money_goes_back_once_for_a_reference_and_never_more_than_was_paid(world):
    wanted, first = begun(world)
    world.pay(wanted.reference)
    money_id = world.gateway.status(wanted.reference, first.gateway_id).money_id

    def back(refund, amount):
        return world.gateway.refund(wanted.reference, money_id, refund=refund, amount=amount, reason="withdrawn")

    assert back("r1", 3000) == back("r1", 3000)
    with pytest.raises(Refused):
        back("r2", 2000)
    assert back("r3", 1000)


def test_the_list_of_the_day_has_every_movement_under_our_reference(world):
    wanted, first = begun(world)
    world.pay(wanted.reference)
    money_id = world.gateway.status(wanted.reference, first.gateway_id).money_id
    world.gateway.refund(wanted.reference, money_id, refund="r1", amount=1000, reason="mistake")

    moved = world.gateway.statement(timezone.localdate())

    assert sorted((one.kind, one.reference, one.amount) for one in moved) == [
        ("payment", wanted.reference, 4000),
        ("refund", "r1", 1000),
    ]


def test_a_notice_of_the_service_is_believed(world):
    wanted, _first = begun(world)

    headers, body = world.notice(wanted.reference)
    said = world.gateway.read_notice(headers, body, timezone.now())

    assert said.id and (said.reference, said.answer.standing, said.answer.amount) == (
        wanted.reference,
        Standing.PAID,
        4000,
    )


def test_a_notice_changed_in_any_place_is_not(world):
    """Every byte of the body and of the signature counts."""
    wanted, _first = begun(world)
    headers, body = world.notice(wanted.reference)
    believed = []
    for place in range(len(body)):
        altered = body[:place] + (b"7" if body[place : place + 1] != b"7" else b"8") + body[place + 1 :]
        try:
            said = world.gateway.read_notice(headers, altered, timezone.now())
        except Forged:
            continue
        believed.append((altered, said))
    for name, value in headers.items():
        for forged in ("", value[:-1], value.replace("v1=", "v0="), value.replace("t=", "t=1")):
            with pytest.raises(Forged):
                world.gateway.read_notice({name: forged}, body, timezone.now())

    assert believed == []


def test_an_old_notice_is_not_believed(world):
    wanted, _first = begun(world)
    headers, body = world.notice(wanted.reference)
    if not headers:
        pytest.skip("this service signs no time; the same notice takes effect once by its number")

    with pytest.raises(Forged):
        world.gateway.read_notice(headers, body, timezone.now() + timedelta(minutes=6))


@pytest.mark.parametrize("kind", [Stripe, Alipay], ids=["stripe", "alipay"])
def test_a_service_that_breaks_down_or_talks_nonsense_gave_no_answer(kind, tmp_path):
    world = kind(tmp_path)
    wanted, first = begun(world)
    answers = [(503, b"busy"), (200, b"<html>"), (200, b"[]"), (429, b"{}")]
    world.answer = None
    for answer in answers:
        server = Served(lambda *asked, answer=answer: answer)
        world.gateway.url = server.url
        with pytest.raises(NoAnswer):
            world.gateway.status(wanted.reference, first.gateway_id or "cs_1")
        server.close()
    with pytest.raises(NoAnswer):  # nobody is there any more
        world.gateway.status(wanted.reference, first.gateway_id or "cs_1")
    world.close()


def test_an_answer_that_is_not_signed_by_alipay_is_no_answer(tmp_path):
    world = Alipay(tmp_path)
    wanted, _first = begun(world)
    world.pay(wanted.reference)
    world.sign = lambda text: base64.b64encode(b"not theirs").decode()

    with pytest.raises(NoAnswer):
        world.gateway.status(wanted.reference)
    world.close()


def test_known_bad_cases_of_the_twin():
    with pytest.raises(NoAnswer):
        SimulatedGateway().start(order(amount=simulated.DOWN))
    with pytest.raises(Refused):
        SimulatedGateway().start(order(amount=simulated.NEVER))
