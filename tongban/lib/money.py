"""Money is whole fen, everywhere: no amount is ever a fraction of the smallest coin, and none is a float."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from .problems import Invalid

FEN_PER_YUAN = 100
AT_MOST = 10**12  # ten thousand million yuan: a typing mistake above it, not a fee

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def of_yuan(value: Any) -> int:
    """Fen of an amount in yuan: 12, "12.50" or Decimal("12.5"). Raises ValueError for anything that is no amount of money."""
    try:
        amount = Decimal(str(value)) * FEN_PER_YUAN
        if not amount.is_finite() or amount != amount.to_integral_value():
            raise ValueError(f"{value} is not in whole fen")
    except InvalidOperation:
        raise ValueError(f"{value} is no amount") from None
    fen = int(amount)
    if not 0 <= fen <= AT_MOST:
        raise ValueError(f"{value} is out of range")
    return fen


def in_yuan(fen: int) -> Decimal:
    """1250 -> Decimal("12.50")."""
    return (Decimal(fen) / FEN_PER_YUAN).quantize(Decimal("0.01"))


def typed(text: str) -> int:
    """What somebody typed in yuan: "1,200", "12.5", "¥40", "４０元". Raises Invalid with the sentence for the field `amount`."""
    plain = text.strip().translate(str.maketrans("０１２３４５６７８９．，￥", "0123456789.,¥"))
    plain = re.sub(r"[¥,\s]|元$", "", plain)
    try:
        if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", plain):
            raise ValueError(plain)
        return of_yuan(plain)
    except ValueError:
        sentence = _("Write an amount in yuan, such as 40 or 12.50.")
        raise Invalid("amount-unreadable", sentence, errors={"amount": [sentence]}) from None


def capital(fen: int) -> str:
    """The amount as Chinese receipts spell it out, so that nobody adds a digit: 1250 -> 壹拾贰元伍角."""
    if fen < 0:
        return "负" + capital(-fen)
    yuan, rest = divmod(fen, FEN_PER_YUAN)
    jiao, last = divmod(rest, 10)
    said = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        said += f"{_DIGITS[jiao]}角"
    elif last and yuan:
        said += "零"
    if last:
        return said + f"{_DIGITS[last]}分"
    return (said or "零元") + ("" if jiao else "整")


def _whole(number: int) -> str:
    said, gap = "", False
    groups = []
    while number:
        number, four = divmod(number, 10_000)
        groups.append(four)
    for place in reversed(range(len(groups))):
        four = groups[place]
        if not four:
            gap = bool(said)
            continue
        if said and (gap or four < 1000):
            said += "零"
        said += _four(four) + _GROUPS[place]
        gap = False
    return said


def _four(number: int) -> str:
    said, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(said)
            continue
        said += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return said
