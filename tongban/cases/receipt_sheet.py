"""A receipt as sealed PDF, drawn from what it says when somebody opens it."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone

from tongban.lib import money
from tongban.lib.bilingual import Bilingual, in_both
from tongban.licences import services as licences
from tongban.licences.rendering import Fact, Letter, Notice, Paragraph, Table
from tongban.payments.models import Receipt, Refund

TITLES: dict[str, Bilingual] = {
    Receipt.Kind.PAYMENT: {"zh": "电子缴费收据", "en": "Receipt of payment"},
    Receipt.Kind.REFUND: {"zh": "退款凭证", "en": "Receipt of refund"},
}
NO_MONEY = Notice(
    {"zh": "模拟收据", "en": "Simulated receipt"},
    {
        "zh": "本收据由演示环境生成，未发生任何资金往来，不得用于报销或入账。",
        "en": "Demonstration, no money moved. This is no proof of payment and cannot be used in any accounts.",
    },
)
DONE: dict[str, Bilingual] = {
    Receipt.Kind.PAYMENT: {"zh": "上列款项已收讫。", "en": "The sum above was received in full."},
    Receipt.Kind.REFUND: {"zh": "上列金额已按原路退还。", "en": "The amount above went back the way it came."},
}
AT_WINDOW: Bilingual = {"zh": "上列金额已在窗口退还。", "en": "The amount above was handed back at a window."}


def draw(receipt: Receipt) -> bytes:
    content = receipt.content
    payer = content["payer"]
    title = TITLES[receipt.kind]
    if content["simulated"]:
        title = {"zh": f"{title['zh']}（模拟）", "en": f"{title['en']} (simulated)"}
    shown = f"{money.in_yuan(receipt.amount):,.2f}"
    facts = [
        Fact({"zh": "事项", "en": "For"}, content["title"]),
        Fact({"zh": "缴费单号", "en": "Bill"}, content["bill"]),
        Fact({"zh": "方式", "en": "How"}, content["how"]),
        Fact({"zh": "流水号", "en": "Reference"}, content["reference"]),
        Fact({"zh": "时间", "en": "When"}, _moment(content["moment"])),
        Fact(
            {"zh": "金额", "en": "Amount"},
            {"zh": f"人民币{money.capital(receipt.amount)}　¥{shown}", "en": f"CNY {shown}"},
            important=True,
        ),
    ]
    if why := content.get("why"):
        facts.insert(-1, Fact({"zh": "退款原因", "en": "Why"}, in_both(Refund.Why(why).label)))
    lines = [
        [one["text"], one.get("basis") or "—", f"¥{money.in_yuan(one['amount']):,.2f}"] for one in content["lines"]
    ]
    if content.get("reduced"):
        lines.append([{"zh": "减免", "en": "Reduction"}, "—", f"−¥{money.in_yuan(content['reduced']):,.2f}"])
    head = ({"zh": "项目", "en": "Item"}, {"zh": "依据", "en": "Ground"}, {"zh": "金额", "en": "Amount"})
    return licences.sealed_letter(
        Letter(
            kind=f"{receipt.kind}-receipt",
            number=receipt.number or "",
            case_number=content.get("label") or "",
            issuer=content["department"],
            addressee=payer.get("zh") or payer.get("en") or "",
            addressed_as={"zh": "缴款人", "en": "Payer"},
            dated=timezone.localtime(receipt.made_at).date(),
            facts=facts,
            blocks=[
                Table(head, lines),
                Paragraph(AT_WINDOW if content.get("at_window") else DONE[receipt.kind]),
                *([NO_MONEY] if content["simulated"] else []),
            ],
            title=title,
            demo=settings.DEMO or content["simulated"],
        ),
        department=receipt.bill.department,
        now=receipt.made_at,
    )


def _moment(text: str) -> Bilingual:
    at = timezone.localtime(datetime.fromisoformat(text))
    return {"zh": f"{at:%Y}年{at.month}月{at.day}日 {at:%H:%M}", "en": f"{at.day} {at:%B %Y} {at:%H:%M}"}
