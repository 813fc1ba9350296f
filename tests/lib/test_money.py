from decimal import Decimal

import pytest

from tongban.lib import money
from tongban.lib.problems import Invalid


@pytest.mark.parametrize(
    ("yuan", "fen"), [(40, 4000), ("12.50", 1250), (Decimal("0.01"), 1), (0, 0), ("1200.5", 120050)]
)
def test_an_amount_is_whole_fen(yuan, fen):
    assert money.of_yuan(yuan) == fen
    assert money.in_yuan(fen) == Decimal(str(yuan))


@pytest.mark.parametrize("wrong", ["0.001", "-1", "a", "NaN", "Infinity", "99999999999999", None])
def test_what_is_no_amount_is_none(wrong):
    with pytest.raises(ValueError):
        money.of_yuan(wrong)


@pytest.mark.parametrize(
    ("text", "fen"), [("40", 4000), ("1,200", 120000), ("¥12.5", 1250), ("４０元", 4000), (" 0.05 ", 5)]
)
def test_people_type_amounts_as_they_do(text, fen):
    assert money.typed(text) == fen


@pytest.mark.parametrize("text", ["", "forty", "12.505", "-3", "1e5", "12.5.0", "1" * 30])
def test_what_cannot_be_read_gets_a_sentence(text):
    with pytest.raises(Invalid) as wrong:
        money.typed(text)
    assert wrong.value.code == "amount-unreadable"
    assert list(wrong.value.errors) == ["amount"]


@pytest.mark.parametrize(
    ("fen", "said"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角"),
        (105, "壹元零伍分"),
        (1250, "壹拾贰元伍角"),
        (4000, "肆拾元整"),
        (10000, "壹佰元整"),
        (100500, "壹仟零伍元整"),
        (1000100, "壹万零壹元整"),
        (10_001_000_00, "壹仟万壹仟元整"),
        (100_000_000_01, "壹亿元零壹分"),
        (-4000, "负肆拾元整"),
    ],
)
def test_receipts_spell_the_amount_out(fen, said):
    assert money.capital(fen) == said
