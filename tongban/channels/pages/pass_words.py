"""What a person at an entrance reads of a health pass: big plain words, in both languages at once, with what to do next."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language

from tongban.codes import hcert
from tongban.codes.pass_rules import BASIS, NOT_FOUND, PCR, POSITIVE, RAPID, PassRules

Said = dict[str, str]

HEADS: dict[str, Said] = {
    "green": {"zh": "可以通行", "en": "May pass"},
    "amber": {"zh": "凭证是真的，但不符合当前要求", "en": "Genuine, but not enough today"},
    "positive": {"zh": "检测结果为阳性，不可通行", "en": "Positive test: may not pass"},
    "invalid": {"zh": "凭证无效", "en": "Not valid"},
}
WHY: dict[str, Said] = {
    "prefix": {"zh": "这不是健康凭证的二维码。", "en": "This is not the code of a health pass."},
    "encoding": {"zh": "二维码内容不完整或有改动。", "en": "The code is incomplete or was altered."},
    "compression": {"zh": "二维码内容已损坏。", "en": "What the code holds is damaged."},
    "structure": {"zh": "二维码里的内容不是按标准写的凭证。", "en": "What the code holds is not a pass as the standard writes it."},
    "signature": {"zh": "签名不符：内容被改动过，或者是伪造的。", "en": "The signature does not hold: it was altered, or forged."},
    "unknown_key": {"zh": "签发机构不在本区信任的名单里。", "en": "Whoever signed it is not on this district's list."},
    "not_yet_valid": {"zh": "凭证还没有生效。", "en": "It is not valid yet."},
    "expired": {"zh": "凭证已经过期。", "en": "It has expired."},
    "key_usage": {"zh": "签发机构无权签发这一类凭证。", "en": "Whoever signed it may not sign this kind of pass."},
    "content": {"zh": "签名是真的，但内容缺项或有误。", "en": "The signature is genuine, but what it says is incomplete or wrong."},
    "positive": {"zh": "请按阳性人员接待流程处理，不要当众宣布。", "en": "Follow the procedure for a positive test; do not say it aloud."},
    "result_unknown": {"zh": "检测结果不是阴性也不是阳性。", "en": "The result is neither negative nor positive."},
    "sampled_later": {"zh": "采样时间在将来。", "en": "The time of sampling lies in the future."},
    "test_too_old": {"zh": "检测时间太久了。", "en": "The test is too old."},
    "doses_missing": {"zh": "接种还没有全部完成。", "en": "Not all doses were given yet."},
    "vaccinated_later": {"zh": "接种日期在将来。", "en": "The day of the dose lies in the future."},
    "vaccination_too_new": {"zh": "最后一针接种的时间还不够长。", "en": "The last dose was too short a time ago."},
    "vaccination_too_old": {"zh": "接种已超过规定期限。", "en": "The vaccination is too long ago."},
    "recovery_too_new": {"zh": "康复凭证还没有到起始日期。", "en": "It is too early after the illness."},
    "recovery_too_old": {"zh": "康复凭证已超过规定期限。", "en": "The illness is too long ago."},
}  # fmt: skip
NEXT: dict[str, Said] = {
    "green": {"zh": "请核对姓名和身份证件是否一致。", "en": "Compare the name with an identity document."},
    "amber": {"zh": "请看下面的规则，或请持证人出示另一份凭证。", "en": "Look at the rule below, or ask for another pass."},
    "again": {"zh": "请再扫一次；不行就请持证人打开原件或纸质凭证。", "en": "Scan it once more; else ask for the original or the paper."},
    "forged": {"zh": "不要采信。请持证人出示原件，有疑问请报告。", "en": "Do not rely on it. Ask for the original; report it if in doubt."},
    "other": {"zh": "请持证人出示另一份凭证。", "en": "Ask for another pass."},
    "positive": {"zh": "", "en": ""},
}  # fmt: skip
_NEXT_OF = {
    "prefix": "again", "encoding": "again", "compression": "again", "structure": "forged", "signature": "forged", "content": "other",
    "unknown_key": "other", "key_usage": "forged", "not_yet_valid": "other", "expired": "other",
}  # fmt: skip
KINDS: dict[str, Said] = {
    "v": {"zh": "接种凭证", "en": "Vaccination"},
    "t": {"zh": "检测凭证", "en": "Test"},
    "r": {"zh": "康复凭证", "en": "Recovery"},
}
TEST_TYPES: dict[str, Said] = {
    PCR: {"zh": "核酸检测", "en": "Laboratory test"},
    RAPID: {"zh": "快速抗原检测", "en": "Rapid test"},
}
RESULTS: dict[str, Said] = {
    NOT_FOUND: {"zh": "阴性", "en": "negative"},
    POSITIVE: {"zh": "阳性", "en": "positive"},
    "negative": {"zh": "阴性", "en": "negative"},
    "positive": {"zh": "阳性", "en": "positive"},
    "unknown": {"zh": "结果不明", "en": "unknown"},
}
RULE_NAMES: dict[str, Said] = {
    "laboratory_test_hours": {
        "zh": "核酸检测采样后不超过（小时）",
        "en": "Laboratory test, hours after sampling at most",
    },
    "travel_test_hours": {
        "zh": "跨省出行时，任何检测采样后不超过（小时）",
        "en": "For a journey to another province, any test, hours after sampling at most",
    },
    "rapid_test_hours": {"zh": "其他检测采样后不超过（小时）", "en": "Other tests, hours after sampling at most"},
    "vaccination_from_day": {
        "zh": "基础免疫最后一针后满（天）",
        "en": "After the last dose of a primary series, days at least",
    },
    "vaccination_until_day": {
        "zh": "基础免疫最后一针后不超过（天）",
        "en": "After the last dose of a primary series, days at most",
    },
    "recovery_from_day": {"zh": "首次阳性后满（天）", "en": "After the first positive test, days at least"},
    "recovery_until_day": {"zh": "首次阳性后不超过（天）", "en": "After the first positive test, days at most"},
}


def both(said: Said) -> Said:
    """{"first": in the language of the page, "second": in the other}: a guard and a visitor read the same answer."""
    zh = (get_language() or "").startswith("zh")
    return {
        "first": said["zh"] if zh else said["en"],
        "second": said["en"] if zh else said["zh"],
        "other": "en" if zh else "zh-Hans",
    }


def shown(answer: hcert.Answer, at: datetime) -> dict[str, Any]:
    """Everything the page of an answer draws."""
    head = answer.light if answer.valid and answer.light != "red" else "positive" if answer.valid else "invalid"
    following = head if answer.valid else _NEXT_OF[answer.reason or "content"]
    return {
        "tone": {"green": "good", "amber": "warn"}.get(head, "bad"),
        "light": answer.light,
        "head": both(HEADS[head]),
        "why": [both(WHY[one]) for one in answer.why],
        "next": both(NEXT[following]) if NEXT[following]["zh"] else None,
        "kind": KINDS.get(answer.kind or ""),
        "holder": answer.holder,
        "facts": facts(answer, at) if answer.holder else [],
        "at": at,
    }


def facts(answer: hcert.Answer, at: datetime) -> list[dict[str, Any]]:
    """[{label, value}]: values are bilingual, plain text or a moment."""
    rows: list[dict[str, Any]] = []
    entry = answer.entry
    if isinstance(entry, hcert.Test):
        rows += [
            {"label": {"zh": "检测结果", "en": "Result"}, "said": RESULTS.get(entry.result, RESULTS["unknown"])},
            {
                "label": {"zh": "检测方式", "en": "Kind of test"},
                "said": TEST_TYPES.get(entry.type, {"zh": entry.type, "en": entry.type}),
            },
            {
                "label": {"zh": "采样时间", "en": "Sampled"},
                "moment": timezone.localtime(entry.moment),
                "hours": _hours(entry.moment, at),
            },
        ]
        if entry.centre:
            rows.append({"label": {"zh": "检测机构", "en": "Centre"}, "text": entry.centre})
    elif isinstance(entry, hcert.Vaccination):
        doses = {"zh": f"第 {entry.dose} 针，共 {entry.of} 针", "en": f"dose {entry.dose} of {entry.of}"}
        rows.append({"label": {"zh": "接种", "en": "Doses"}, "said": doses})
        rows.append({"label": {"zh": "接种日期", "en": "Given on"}, "day": entry.last})
    elif isinstance(entry, hcert.Recovery):
        rows.append({"label": {"zh": "首次阳性", "en": "First positive test"}, "day": entry.positive[0]})
        rows.append({"label": {"zh": "凭证有效至", "en": "Recovery holds until"}, "day": entry.valid_until[0]})
    if answer.issuer:
        rows.append({"label": {"zh": "签发国家或地区", "en": "Issued in"}, "text": answer.issuer})
    if answer.ends:
        rows.append({"label": {"zh": "凭证到期", "en": "Pass ends"}, "moment": timezone.localtime(answer.ends)})
    return rows


def _hours(moment: datetime, at: datetime) -> int | None:
    hours = int((at - moment).total_seconds() // 3600)
    return hours if 0 <= hours < 24 * 30 else None


def rule(rules: PassRules) -> dict[str, Any]:
    return {
        "lines": [{"label": RULE_NAMES[name], "value": value} for name, value in rules.as_dict().items()],
        "basis": BASIS,
    }
