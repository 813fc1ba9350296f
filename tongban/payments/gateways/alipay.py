"""A driver for payment services that speak as Alipay's open platform does: parameters signed with RSA2 both ways, notices as forms.

Written from the public description of that interface and tested against a local server that speaks it; not yet tried against the
service itself (docs/operations.md says what to try first).
"""

import base64
import binascii
import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.lib import money
from tongban.payments.gateways import calling
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

LOCAL = ZoneInfo("Asia/Shanghai")
FORM = "%Y-%m-%d %H:%M:%S"
WORDS = {
    "WAIT_BUYER_PAY": Standing.OPEN,
    "TRADE_SUCCESS": Standing.PAID,
    "TRADE_FINISHED": Standing.PAID,
    "TRADE_CLOSED": Standing.CLOSED,
}
AGAIN = {"ACQ.SYSTEM_ERROR", "SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error"}
UNPACKED_AT_MOST = 64 * 1024 * 1024


class AlipayLike:
    name = "alipay"
    title = {"zh": "支付宝", "en": "Alipay"}
    simulated = False
    acknowledged = ("success", "text/plain")

    def __init__(self, app: str = "", key: str = "", their_key: str = "", url: str = ""):
        self.app = app or settings.ALIPAY_APP
        self.key_file = key or settings.ALIPAY_KEY
        self.their_key_file = their_key or settings.ALIPAY_PUBLIC_KEY
        self.url = url or settings.ALIPAY_URL

    def start(self, order: Order) -> Begun:
        """The page is an address that we sign: nothing is asked of the service until the payer opens it."""
        content = {
            "out_trade_no": order.reference,
            "total_amount": str(money.in_yuan(order.amount)),
            "subject": order.title[:120],
            "product_code": "FAST_INSTANT_TRADE_PAY",
            "time_expire": order.expires_at.astimezone(LOCAL).strftime(FORM),
        }
        asked = self._signed("alipay.trade.page.pay", content, return_url=order.back, notify_url=order.notices)
        return Begun(page=f"{self.url}?{urlencode(asked)}")

    def status(self, reference: str, gateway_id: str = "") -> Answer:
        return _answer(self._ask("alipay.trade.query", {"out_trade_no": reference}))

    def close(self, reference: str, gateway_id: str = "") -> Answer:
        before = self.status(reference)
        if before.standing is not Standing.OPEN:
            return before
        try:
            self._ask("alipay.trade.close", {"out_trade_no": reference})
        except Refused:  # paid or ended in this very moment
            pass
        return self.status(reference)

    def refund(self, reference: str, money_id: str, *, refund: str, amount: int, reason: str) -> str:
        content = {
            "out_trade_no": reference,
            "out_request_no": refund,
            "refund_amount": str(money.in_yuan(amount)),
            "refund_reason": reason,
        }
        said = self._ask("alipay.trade.refund", content)
        return str(said.get("trade_no") or refund)

    def statement(self, day: date) -> Sequence[Movement]:
        said = self._ask(
            "alipay.data.dataservice.bill.downloadurl.query", {"bill_type": "trade", "bill_date": day.isoformat()}
        )
        packed = calling.call("GET", str(said["bill_download_url"]), headers={}).body
        return _read_list(packed)

    def read_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=100)
        except ValueError as wrong:
            raise Forged("not readable") from wrong
        said = dict(pairs)
        if len(said) != len(pairs) or said.get("sign_type") != "RSA2":
            raise Forged("a name stands twice, or it is not signed with RSA2")
        if not self._theirs(_canonical(said, without={"sign", "sign_type"}), said.get("sign", "")):
            raise Forged("the signature is not right")
        if said.get("app_id") != self.app:
            raise Forged("for somebody else")
        try:
            answer = _answer(said)
            moment = datetime.strptime(said["notify_time"], FORM).replace(tzinfo=LOCAL)
        except (KeyError, ValueError, NoAnswer) as wrong:
            raise Forged("signed, but not readable") from wrong
        if moment > now and (moment - now).total_seconds() > 3600:
            raise Forged("from the future")
        kind = said.get("trade_status", "")
        return Notice(
            id=said.get("notify_id", "")[:100] or f"{said.get('trade_no', '')}-{kind}",
            kind=kind,
            # a full refund is told with the same kind of notice; what was paid stays paid
            reference="" if said.get("refund_fee") else said.get("out_trade_no", "")[:64],
            answer=answer,
        )

    def problems(self) -> list[str]:
        wrong = []
        if not self.app:
            wrong.append(_("TONGBAN_ALIPAY_APP is empty: nothing can be paid there."))
        for name, file in (("TONGBAN_ALIPAY_KEY", self.key_file), ("TONGBAN_ALIPAY_PUBLIC_KEY", self.their_key_file)):
            if not file or not Path(file).is_file():
                wrong.append(_("%(setting)s does not name a file.") % {"setting": name})
        return wrong

    def _ask(self, method: str, content: dict[str, str]) -> dict[str, Any]:
        body = urlencode(self._signed(method, content)).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        said = calling.call("POST", self.url, headers=headers, body=body)
        text = said.body.decode("utf-8", "replace")
        name = method.replace(".", "_") + "_response"
        plain = _as_sent(text, name)
        try:
            whole = json.loads(text)
            answer = whole[name]
        except (ValueError, KeyError, TypeError) as wrong:
            raise NoAnswer("not readable") from wrong
        if not self._theirs(plain, str(whole.get("sign", ""))):
            raise NoAnswer("the answer is not signed by the service")
        code, sub = str(answer.get("code")), str(answer.get("sub_code") or "")
        if code == "10000":
            return answer
        if sub in {"ACQ.TRADE_NOT_EXIST", "isv.bill-not-exist"} and "bill" not in method:
            raise NotFound(sub)
        if code in {"20000", "10003"} or sub in AGAIN or "bill" in method:
            raise NoAnswer(f"{code} {sub}")
        raise Refused(f"{code} {sub}")

    def _signed(self, method: str, content: dict[str, str], **more: str) -> dict[str, str]:
        asked = {
            "app_id": self.app,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": timezone.now().astimezone(LOCAL).strftime(FORM),
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            **more,
        }
        key = load_pem_private_key(_file(self.key_file), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise Refused("our key is not an RSA key")
        signature = key.sign(_canonical(asked).encode(), padding.PKCS1v15(), SHA256())
        return {**asked, "sign": base64.b64encode(signature).decode()}

    def _theirs(self, text: str, signature: str) -> bool:
        key = load_pem_public_key(_file(self.their_key_file))
        try:
            if not isinstance(key, rsa.RSAPublicKey):
                return False
            raw = base64.b64decode(signature, validate=True)
            if (
                base64.b64encode(raw).decode() != signature
            ):  # spare bits of the last letter would let it be written in several ways
                return False
            key.verify(raw, text.encode(), padding.PKCS1v15(), SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def _file(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as wrong:
        raise NoAnswer(f"a key cannot be read: {type(wrong).__name__}") from wrong


def _canonical(said: Mapping[str, str], without: Sequence[str] | set[str] = ("sign",)) -> str:
    """What is signed: names in order, empty values left out."""
    return "&".join(f"{name}={said[name]}" for name in sorted(said) if name not in without and said[name] != "")


def _as_sent(text: str, name: str) -> str:
    """The answer's text exactly as it was sent: that is what their signature is over."""
    start = text.find("{", text.find(f'"{name}"'))
    if start < 0:
        return ""
    try:
        _value, end = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return ""
    return text[start:end]


def _answer(said: Mapping[str, Any]) -> Answer:
    """Their words in ours."""
    standing = WORDS.get(str(said.get("trade_status")))
    if standing is None:
        raise NoAnswer(f"unknown word {said.get('trade_status')}")
    moment = said.get("send_pay_date") or said.get("gmt_payment")
    return Answer(
        standing,
        amount=money.of_yuan(said.get("total_amount") or 0) if standing is Standing.PAID else 0,
        gateway_id=str(said.get("trade_no") or ""),
        money_id=str(said.get("trade_no") or ""),
        at=datetime.strptime(str(moment), FORM).replace(tzinfo=LOCAL) if moment and standing is Standing.PAID else None,
    )


def _read_list(packed: bytes) -> list[Movement]:
    """Their day as it is downloaded: a ZIP with a table in GBK, lines of explanation beginning with #."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            tables = [one for one in archive.infolist() if _name(one).endswith(".csv") and "汇总" not in _name(one)]
            if len(tables) != 1 or tables[0].file_size > UNPACKED_AT_MOST:
                raise NoAnswer("the list of the day is not as expected")
            text = archive.read(tables[0]).decode("gb18030")
    except (zipfile.BadZipFile, UnicodeDecodeError) as wrong:
        raise NoAnswer("the list of the day is not readable") from wrong
    rows = csv.reader(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    table = [[cell.strip() for cell in row] for row in rows]
    head, found = table[0] if table else [], []
    try:
        for row in table[1:]:
            one = dict(zip(head, row, strict=False))
            back = one["业务类型"] == "退款"
            found.append(
                Movement(
                    kind="refund" if back else "payment",
                    reference=one.get("退款批次号/请求号", "") if back else one["商户订单号"],
                    amount=money.of_yuan(one["订单金额（元）"].lstrip("-")),
                    at=datetime.strptime(one["完成时间"], FORM).replace(tzinfo=LOCAL),
                )
            )
    except (KeyError, ValueError) as wrong:
        raise NoAnswer("the list of the day is not as expected") from wrong
    return found


def _name(one: zipfile.ZipInfo) -> str:
    """Names in their archives are GBK without saying so."""
    if one.flag_bits & 0x800:
        return one.filename
    return one.filename.encode("cp437", "replace").decode("gb18030", "replace")
