from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tongban.matters import fees

FORM = [
    {"id": "copies", "type": "number", "zh": "份数", "en": "Copies"},
    {"id": "worth", "type": "money", "zh": "申报金额", "en": "Declared sum"},
    {"id": "rooms", "type": "table", "zh": "房间", "en": "Rooms", "columns": ["Name"]},
    {"id": "why", "type": "text", "zh": "用途", "en": "Purpose"},
]


def fee(**said) -> dict:
    return {"charged": True, "amount": None, "reckoned": said}


def fen(said: dict, **values) -> int | None:
    return fees.reckon(said, values, FORM).amount


def test_a_fee_follows_from_an_answer_to_the_fen():
    piece = fee(way="piece", field="copies", each=10)
    assert [fen(piece, copies=n) for n in (0, 1, 3)] == [0, 1000, 3000]
    assert fen(fee(way="piece", field="copies", each=2.5, free=2), copies=5) == 750
    assert fen(fee(way="piece", field="copies", each=10, free=2), copies=1) == 0
    assert fen(fee(way="piece", field="rows:rooms", each=4), rooms=[{"name": "a"}, {"name": "b"}]) == 800
    steps = fee(way="steps", field="copies", steps=[{"to": 50, "amount": 20}, {"to": 100, "amount": 40.5}])
    assert [fen(steps, copies=n) for n in (50, 50.01, 100, 101)] == [2000, 4050, 4050, None]
    open_ended = fee(way="steps", field="copies", steps=[{"amount": 80}, {"to": 50, "amount": 20}])
    assert [fen(open_ended, copies=n) for n in (50, 51)] == [2000, 8000]
    slices = fee(way="slices", field="worth", steps=[{"to": 10000, "percent": 1}, {"percent": 0.5}])
    assert [fen(slices, worth=sum_) for sum_ in ("10000.00", "10001.00", "30000.00")] == [10000, 10001, 20000]
    share = fee(way="share", field="worth", percent=0.1, least=5, most=100)
    assert [fen(share, worth=sum_) for sum_ in ("100.00", "12345.00", "999999.00")] == [500, 1235, 10000]
    assert fen(fee(way="share", field="worth", percent=0.1, to="jiao", rounding="up"), worth="12345.00") == 1240
    assert fen(fee(way="answer", field="worth", to="yuan", rounding="down"), worth="12.99") == 1200
    for said in (piece, steps, open_ended, slices, share):
        assert fen(said) is None  # nobody can tell it before it is answered
        assert fen(said, copies="no number", worth="none") is None

    told = fees.reckon(piece, {"copies": 3}, FORM).text
    assert told == {
        "zh": "按“份数”计收，每单位10元；按所填的3，计30元",
        "en": "CNY 10 for each of “Copies”; for the answer 3: CNY 30",
    }


WAYS = {"half": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}


@settings(deadline=None)
@given(
    some.decimals(0, 10**9, places=2), some.decimals(0, 100, places=2), some.sampled_from(["fen", "jiao", "yuan"]),
    some.sampled_from(list(WAYS)),
)  # fmt: skip
def test_no_fen_is_lost_or_found_by_any_share_of_any_sum(worth, percent, coin, way):
    said = fee(way="share", field="worth", percent=float(percent), to=coin, rounding=way)
    wanted = (worth * percent / 100).quantize(Decimal(1).scaleb(-fees.DIGITS[coin]), rounding=WAYS[way])

    assert fen(said, worth=str(worth)) == int(wanted * 100)


@pytest.mark.parametrize(
    "said",
    [
        {"way": "piece", "each": 10},
        {"way": "piece", "field": "why", "each": 10},
        {"way": "piece", "field": "copies"},
        {"way": "share", "field": "worth"},
        {"way": "steps", "field": "copies", "steps": [{"to": 5}]},
        {"way": "steps", "field": "copies", "steps": [{"amount": 1}, {"amount": 2}]},
        {"way": "piece", "field": "gone", "each": 1, "least": 3, "most": 2},
    ],
)
def test_a_fee_that_cannot_be_reckoned_is_told_to_its_editor(said):
    assert fees.troubles(fee(**said), FORM)
    assert not fees.troubles(fee(way="piece", field="copies", each=10), FORM)
