import re
from pathlib import Path

import pytest

from tongban.cases.models import Circular
from tongban.notices import wording

ROOT = Path(__file__).parents[2] / "tongban"
PARAMS = {"matter": {"zh": "居住证签注", "en": "Residence permit endorsement"}, "number": "310107261121000012",
          "due": "2026-12-01", "explanation": "已更正", "paper": "lease.jpg", "page": 2,
          "value": {"zh": "单位", "en": "Employer"}, "register": {"zh": "用工备案", "en": "Employment filings"},
          "name": "李示例", "what": "填写", "role": "股东", "why": "比例不对", "industry": {"zh": "饭店", "en": "Restaurant"},
          "item": {"zh": "食品经营许可证", "en": "Food business licence"}, "licence": {"zh": "食品经营许可证", "en": "Food business licence"},
          "department": {"zh": "市场监督管理局", "en": "Market regulation"}, "aim": {"zh": "暂停", "en": "suspend"}, "count": 3,
          "hour": "10:00", "reason": "改期", "part": {"zh": "招牌", "en": "Sign"}, "amount": "12.00", "until": "2026-12-01",
          "own": "9900**********0045", "other": "E12*****8", "place": {"zh": "普陀大厅", "en": "Putuo hall"}, "door": "07",
          "tracking": "TB20260001", "letter": {"zh": "决定书", "en": "Decision"}, "text": {"zh": "正文", "en": "Words"},
          "title": {"zh": "标题", "en": "Title"}, "how": {"zh": "窗口", "en": "at the window"}, "decline": "", "address": "/unsubscribe/x", "day": "2026-12-01",
          "colour": {"zh": "黄色", "en": "yellow"}, "fields": {"zh": "地址", "en": "Address"}, "basis": {"zh": "医学观察决定", "en": "Medical observation was decided"}}  # fmt: skip


@pytest.mark.parametrize("kind", wording.WORDING)
def test_every_kind_is_said_in_both_languages_and_leaves_no_placeholder(kind):
    said = [wording.title(kind), wording.body(kind, PARAMS)]

    for text in said:
        assert set(text) == {"zh", "en"}
        assert all(text.values())
        assert "%" not in "".join(text.values())
    assert not re.search(r"[一-鿿]", wording.title(kind)["en"])


@pytest.mark.parametrize("kind", wording.WORDING)
def test_nothing_of_the_matter_leaves_the_house(kind):
    for language in ("zh", "en"):
        parts = wording.outside(
            kind, language, name="王演练", number="310107261121000012", address="http://x/my/cases/abc/"
        )
        assert PARAMS["matter"]["zh"] not in "".join(parts)
        assert "310107261121000012" in parts[1]
        assert len(parts[2]) <= 160


def test_a_date_is_written_as_the_language_writes_dates():
    body = wording.body("case_accepted", PARAMS)

    assert "2026年12月1日" in body["zh"]
    assert "1 December 2026" in body["en"]
    assert "日期待定" in wording.body("case_accepted", {**PARAMS, "due": ""})["zh"]


def test_everything_the_rooms_tell_has_words_and_nothing_stands_there_untold():
    code = "".join(path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py")) if path.name != "wording.py")
    told = set(re.findall(r'(?<!\w)_tell\(\s*[\w.]+,\s*"(\w+)"', code))
    told |= set(re.findall(r'notices\.tell\(\s*[\w.]+,\s*"(\w+)"', code))
    told |= set(re.findall(r' tell\([\w.]+, "(\w+)"', (ROOT / "notices/services.py").read_text("utf-8")))
    dates = set(re.findall(r'CaseDatesChanged\([^)]*why="(\w+)"\)', code)) - {"calendar"}
    told |= {f"case_{why}" for why in dates}

    assert told <= set(wording.WORDING)
    spoken = (
        set(re.findall(r'"([a-z_]+)"', code))
        | told
        | {"case_lapsed", "case_terminated", "case_revoked", "dispute_corrected", "dispute_upheld"}
        | {f"records_{state}" for state in ("joined", "parted")}  # parties.same_states
        | {f"circular_{kind}" for kind in Circular.Kind.values}
    )
    assert set(wording.WORDING) <= spoken
