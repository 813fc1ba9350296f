"""The papers a case produces: receipt, notices, decisions. What they say is kept as data in both languages; PDFs are drawn from it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db.models import BigIntegerField

from tongban.cases import planning
from tongban.cases.models import Case, CaseDocument
from tongban.journal import services as journal
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed
from tongban.lib.written import insert

TITLES: dict[str, Bilingual] = {
    "submission_receipt": {"zh": "申请提交回执", "en": "Receipt of your application"},
    "materials_receipt": {"zh": "收件凭证", "en": "Receipt of materials"},
    "pre_review_notice": {"zh": "预审意见告知书", "en": "Pre-review notice"},
    "acceptance_notice": {"zh": "受理通知书", "en": "Notice of acceptance"},
    "deemed_acceptance_notice": {"zh": "视为受理通知书", "en": "Notice of deemed acceptance"},
    "correction_notice": {"zh": "补正材料告知书", "en": "Correction notice"},
    "correction_recalled": {"zh": "收回补正要求告知书", "en": "Our request for correction is taken back"},
    "staff_change_notice": {"zh": "工作人员更正告知书", "en": "What staff put right in your application"},
    "promise": {"zh": "告知承诺书", "en": "Notification and promise"},
    "promise_check": {"zh": "承诺履行核查结果告知书", "en": "What the check of your promise found"},
    "put_right_order": {"zh": "责令改正通知书", "en": "Order to put right"},
    "supply_notice": {"zh": "容缺材料补交告知书", "en": "Papers that may follow later"},
    "supply_over_notice": {"zh": "容缺材料逾期未交告知书", "en": "A paper was not supplied in time"},
    "hearing_notice": {"zh": "听证权利告知书", "en": "Your right to be heard"},
    "hearing_invitation": {"zh": "听证通知书", "en": "Invitation to the hearing"},
    "hearing_record": {"zh": "听证笔录", "en": "Record of the hearing"},
    "appeal_receipt": {"zh": "行政复议申请收件回执", "en": "Receipt of your request for reconsideration"},
    "appeal_decision": {"zh": "行政复议决定书", "en": "Reconsideration decision"},
    "non_acceptance": {"zh": "不予受理决定书", "en": "Decision not to accept"},
    "lapse_notice": {"zh": "逾期未补正告知书", "en": "Notice of lapse"},
    "inspection_notice": {"zh": "现场核查通知书", "en": "Inspection notice"},
    "inspection_record": {"zh": "现场核查记录", "en": "Record of the inspection"},
    "special_procedure_notice": {"zh": "特别程序告知书", "en": "Special procedure notice"},
    "resumption_notice": {"zh": "恢复办理告知书", "en": "The time limit runs again"},
    "extension_notice": {"zh": "延期办理告知书", "en": "Extension notice"},
    "public_notice": {"zh": "公示", "en": "Public notice"},
    "decision": {"zh": "准予决定书", "en": "Decision to grant"},
    "refusal": {"zh": "不予决定书", "en": "Decision to refuse"},
    "bundle_decision": {"zh": "“一件事”联合办理决定书", "en": "Decision letter of the whole"},
    "withdrawal_record": {"zh": "撤回申请记录", "en": "Record of withdrawal"},
    "termination_notice": {"zh": "终止办理通知书", "en": "Termination notice"},
    "revocation": {"zh": "撤销决定书", "en": "Revocation decision"},
    "collection_notice": {"zh": "领取通知", "en": "Collection notice"},
    "delivery_proof": {"zh": "送达凭证", "en": "Proof of delivery"},
    "unclaimed_notice": {"zh": "逾期未领取告知书", "en": "Your result was not collected"},
}

APPEAL: list[Bilingual] = [
    {
        "zh": "如不服本决定，可自收到之日起60日内向本级人民政府申请行政复议，或者自收到之日起6个月内依法向人民法院提起行政诉讼。",
        "en": "You may ask the people's government of this district for administrative reconsideration within 60 days of "
        "receiving this decision, or bring an action before the people's court within 6 months.",
    }
]

# What an authority says to somebody: it takes a number in its department's series. Receipts, records and what the applicant signs do not.
IN_SERIES = frozenset(TITLES) - {
    "submission_receipt",
    "materials_receipt",
    "promise",
    "hearing_record",
    "appeal_receipt",
    "inspection_record",
    "withdrawal_record",
    "collection_notice",
    "delivery_proof",
}
# What is said of the whole of a bundle and binds its parts: every part has a copy of it.
COPIED_TO_MEMBERS = frozenset({"promise", "supply_notice", "supply_over_notice"})

ENTER = "cases.enter_letter"

STEPS: dict[str, Bilingual] = {
    "hearing": {"zh": "听证", "en": "a hearing"},
    "bidding": {"zh": "招标", "en": "bidding"},
    "auction": {"zh": "拍卖", "en": "an auction"},
    "inspection_testing": {"zh": "检验、检测", "en": "inspection or testing"},
    "quarantine": {"zh": "检疫", "en": "quarantine"},
    "appraisal": {"zh": "鉴定", "en": "an appraisal"},
    "expert_review": {"zh": "专家评审", "en": "a review by experts"},
}

PLAIN_ENDING: Bilingual = {
    "zh": "办理进度可凭办件编号和查询码随时查询。",
    "en": "You can follow the case at any time with its number and query code.",
}


def make(
    case: Case,
    kind: str,
    *,
    now: datetime,
    paragraphs: list[Bilingual],
    rows: Sequence[tuple[Bilingual, str | Bilingual]] = (),
    appeal: bool = False,
    before: dict | None = None,
) -> CaseDocument:
    """Write down a paper in the act's transaction. Its number is the case's number and a running one.

    `before`: the application as it stood, kept beside a notice that asks for changes.
    """
    count = len(_documents_of(case=case.pk)) + 1
    says_appeal = {"appeal": True} if appeal else {}
    whole = "-00" if planning.is_bundle(case) else ""  # "-01" is its first member
    document = CaseDocument(
        case=case,
        kind=kind,
        number=f"{case.number or case.ref}{whole}-{count:02d}",
        made_at=now,
        content={
            "title": TITLES[kind],
            "case_number": case.number,
            "query_code": case.query_code,
            "matter": case.version.name,
            "applicant": case.applicant.names,
            "department": case.department.name,
            "paragraphs": [*paragraphs, *_own_words(case, kind), *(APPEAL if appeal else [PLAIN_ENDING])],
            "rows": [[label, value] for label, value in rows],
            "made_at": now.isoformat(),
            **({"before": before} if before is not None else {}),
            **says_appeal,
        },
    )
    insert(document)
    if kind in IN_SERIES or kind in COPIED_TO_MEMBERS:
        # after the commit: an act on a bundle writes letters of many departments, and would hold their series in any order
        journal.enqueue(ENTER, once=f"enter:{document.pk}", document=document.pk)
    return document


@composed(case=BigIntegerField())
def _documents_of(case):
    return CaseDocument.objects.filter(case_id=case).values_list("pk", flat=True)


def _own_words(case: Case, kind: str) -> list[Bilingual]:
    """What the guide's editors added to this letter."""
    words = (case.version.letters or {}).get(kind)
    return [words] if words else []


def both(text: str, english: str = "") -> Bilingual:
    """What an officer wrote, for both languages of a letter; in a language it was not written in, that is said honestly."""
    text, english = text.strip(), english.strip()
    chinese = any("\u4e00" <= sign <= "\u9fff" for sign in text)
    if english and english != text:
        return {"zh": text, "en": english}
    if not text:
        return {"zh": text, "en": text}
    return (
        {"zh": text, "en": f"{text} (written in Chinese only)"}
        if chinese
        else {"zh": f"{text}（仅有外文）", "en": text}
    )


def reasons(reason: str, ground: str = "", english: Mapping[str, str] | None = None) -> list[Bilingual]:
    """The paragraphs that say why, and by which law."""
    english = english or {}
    why = both(reason, english.get("reason") or english.get("why") or "")
    said: list[Bilingual] = [{"zh": f"理由：{why['zh']}", "en": f"Reason: {why['en']}"}]
    if ground:
        law = both(ground, english.get("ground", ""))
        said.append({"zh": f"依据：{law['zh']}", "en": f"Ground: {law['en']}"})
    return said


def worded_reason(reason: str, english: Mapping[str, str] | None, key: str = "reason") -> dict[str, str]:
    """How a reason is kept on the case: as written, and in English where the officer wrote that too."""
    own = ((english or {}).get(key) or "").strip()
    return {"text": reason, "en": own} if own else {"text": reason}


def said_day(day: date | None, *, provisional: bool = False) -> Bilingual:
    if day is None:
        return {"zh": "待定", "en": "not yet known"}
    zh = f"{day.year}年{day.month}月{day.day}日"
    en = f"{day.day} {day:%B} {day.year}"
    if provisional:
        return {"zh": f"{zh}(暂定)", "en": f"{en} (provisional)"}
    return {"zh": zh, "en": en}
